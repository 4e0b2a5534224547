"""What is known of a document besides its text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tasks.aliases import Aliases
from tasks.told import Told

_NOTHING = Told()
_NO_ALIASES = Aliases()


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a document besides its text.

    `source_id` and `language` are what its format proves, None where it proves none; `told` is taken where the document
    does not tell its own. `time_zone` is that of its format, else of the source it was fetched from, else empty.
    """

    source_id: str | None
    language: str | None
    time_zone: str
    parser: str
    dump_sha256: str
    rendition_sha256: str
    run_id: str
    ingested_at: dt.datetime
    told: Told = _NOTHING
    aliases: Aliases = _NO_ALIASES

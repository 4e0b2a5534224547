"""The schemas of who speaks: the table of speakers, and what it is folded from."""

from __future__ import annotations

import pyarrow as pa

from storage.columns import STRINGS, column, schema_of

_ROLES = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [
                pa.field("role", pa.string(), nullable=False),
                pa.field("first_date", pa.date32(), nullable=False),
                pa.field("last_date", pa.date32(), nullable=False),
                pa.field("turn_count", pa.int64(), nullable=False),
            ]
        ),
        nullable=False,
    )
)
_SPOKEN = (
    column("source_ids", STRINGS, "sources that the person speaks in, in order of the alphabet"),
    column("languages", STRINGS, "languages of those documents, BCP 47, in order of the alphabet"),
    column("document_count", pa.int64(), "documents that the person speaks in"),
    column("turn_count", pa.int64(), "turns of the person"),
    column("word_count", pa.int64(), "words of those turns"),
    column("first_date", pa.date32(), "date of the first of those documents"),
    column("last_date", pa.date32(), "date of the last"),
)

SPEAKERS = schema_of(
    "speakers",
    "One row a person who speaks, in the whole lake; people without a proven identity have none.",
    column("speaker_id", pa.string(), "the person; key of `turns.speaker_id`"),
    column("name", pa.string(), "full name, as printed most often; of two the first in the alphabet"),
    column("aliases", STRINGS, "other names that turns of the person print, most often first"),
    column("roles", _ROLES, "roles that labels print: first and last date of the documents, turns; by first date"),
    *_SPOKEN,
)

APPEARANCES = schema_of(
    "appearances",
    "One row a person and partition: what `speakers` is folded from.",
    column("speaker_id", pa.string(), "the person"),
    column(
        "names",
        pa.list_(
            pa.field(
                "element",
                pa.struct(
                    [
                        pa.field("name", pa.string(), nullable=False),
                        pa.field("turn_count", pa.int64(), nullable=False),
                    ]
                ),
                nullable=False,
            )
        ),
        "names as turns of the partition print them, with their turns, in order of the alphabet",
    ),
    column("roles", _ROLES, "roles that labels print: first and last date of the documents, turns; in order"),
    *_SPOKEN,
)

"""What must be true of `photos`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from expectations.arrays import true
from expectations.common import belonging
from expectations.facts import MANY_PAGES_SHARE, Batch, Facts, belonging_facts, pages_alike
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    WARNING,
    Rule,
    absent,
    at_most_chars,
    between,
    matching,
    not_matching,
    one_of,
)
from expectations.texts import Texts

RULES: tuple[Rule, ...] = (
    *belonging("photos"),
    Rule(
        "photos.row.shows_something",
        ("caption", "credit", "album_size"),
        CRITICAL,
        one_of("is_bare", [False]),
        "The row has neither a caption nor a credit nor an album size, so it tells nothing: a fault of the parser.",
        CONTRACT,
        shown=("caption", "credit", "album_size"),
    ),
    Rule(
        "photos.caption.present",
        ("caption",),
        CRITICAL,
        matching("caption", r"\S"),
        "The caption is blank: where there is none it must be null.",
        CONTRACT,
    ),
    Rule(
        "photos.caption.long",
        ("caption",),
        WARNING,
        at_most_chars("caption", 600),
        "The caption is unusually long: a paragraph may have been taken for it.",
        HEALTHY + ": captions have up to 310 characters; about twice that is granted",
    ),
    Rule(
        "photos.caption.credit_mark",
        ("caption",),
        WARNING,
        not_matching("caption", r"Photo:|Photo by |Фото:"),
        "The credit still stands in the caption, where nobody who looks for a photographer finds it.",
        "contract: photos.caption",
    ),
    Rule(
        "photos.caption.on_many_pages",
        ("caption",),
        WARNING,
        absent("pages_alike"),
        "The very same caption stands on many pages of the batch: a sidebar or a banner was taken for one.",
        HEALTHY + ": one caption is on 9 of them, and all others on 6 or fewer",
    ),
    Rule(
        "photos.credit.present",
        ("credit",),
        CRITICAL,
        matching("credit", r"\S"),
        "The credit is blank: where there is none it must be null.",
        CONTRACT,
    ),
    Rule(
        "photos.credit.long",
        ("credit",),
        WARNING,
        at_most_chars("credit", 150),
        "The credit is unusually long: the paragraph after it may have been taken for it.",
        "a photographer and an agency; the longest met has 45 characters",
    ),
    Rule(
        "photos.album_size.plausible",
        ("album_size",),
        CRITICAL,
        between("album_size", least=1, most=1000),
        "No slider holds so many photos: another number was read as the counter.",
        "the largest album met has 35 photos; a day may well bring some hundreds",
    ),
)


def facts(batch: Batch) -> Facts:
    """What the rules of `photos` judge besides its own columns."""
    table = batch.tables["photos"]
    blank = [Texts.of(table[column]).is_blank for column in ("caption", "credit")]
    bare = np.logical_and.reduce([*blank, true(table["album_size"].is_null())])
    return {
        **belonging_facts(batch, "photos"),
        "is_bare": pa.array(bare),
        "pages_alike": pages_alike(batch, "photos", "caption", np.full(table.num_rows, MANY_PAGES_SHARE)),
    }

"""Which part of a dump leads to which column, as data.

The input side of column lineage is the raw store, `_raw`: the dataset of all dumps. Its fields are the kinds of block
that a parser finds in a dump (named as in `tasks/formats/blocks.py`; a test compares), and `bytes` and `uri` for the
dump as a whole. The output side are the columns of `storage/schemas.py`, all of them, those of the run aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# The fields of a dump that are no block kind.
DUMP_FIELDS: Mapping[str, str] = {
    "bytes": "the dump as it came in",
    "uri": "where the dump came from: path, member of an archive, or address",
}

# Columns that come from the run and not from any input.
RUN_COLUMNS = frozenset({"run_id", "ingested_at"})

# Text that is a paragraph, and all that a document says, page furniture aside.
BODY = "speech lead heading note quote elision"
SAID = (
    "title summary head date named_date doubtful_date time place caption credit speaker_label label_note turn_mark"
    f" {BODY} tag published_at"
)
_DOCUMENT_ID = "hash title published_at date named_date; choose bytes"  # by the format: source and language
# told by the format or the document; else by its record, its address or an option
_SOURCE_ID, _LANGUAGE = "choose bytes; read source uri", "choose bytes; read language uri"
_EVENT_DATE = "read date published_at named_date uri"
_SPAN = {"byte_start": "locate bytes", "byte_end": "locate bytes"}
_EXTRA = {"document_id": _DOCUMENT_ID, "source_id": _SOURCE_ID, "event_date": _EVENT_DATE, **_SPAN}


@dataclass(frozen=True, slots=True)
class How:
    """One way from an input field to a column, in the words of the OpenLineage column lineage facet."""

    type: str
    subtype: str
    description: str
    masking: bool = False


HOW: Mapping[str, How] = {
    "fold": How("DIRECT", "TRANSFORMATION", "text of the span, white space folded"),
    "read": How("DIRECT", "TRANSFORMATION", "text of the span, read as a value"),
    "locate": How("DIRECT", "TRANSFORMATION", "byte offset in the rendition"),
    "count": How("DIRECT", "AGGREGATION", "counted"),
    "hash": How("DIRECT", "TRANSFORMATION", "SHA-256", masking=True),
    "choose": How("INDIRECT", "CONDITIONAL", "decides the value"),
    "order": How("INDIRECT", "WINDOW", "position in the document"),
    "sort": How("INDIRECT", "SORT", "order of the rows in a file"),
    "hold": How("INDIRECT", "FILTER", "documents that break a critical rule are held in quarantine"),
}

# What bears on the rows of every table as a whole.
WHOLE_TABLE = "sort date title; hold bytes"

# table -> column -> `how field field …; how field …`
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "documents": {
        "document_id": _DOCUMENT_ID,
        "source_id": _SOURCE_ID,
        "language": _LANGUAGE,
        "title": "fold title head; read front_title uri",
        "summary": "fold summary",
        "kind": "choose speaker_label sections",
        "event_date": _EVENT_DATE,
        "event_time": "read time",
        "place": "fold place",
        "sections": "read sections",
        "published_at": "read published_at uri",
        "url": "fold page_address; read uri",
        "event_id": "read page_address uri",
        "turn_count": "count speaker_label",
        "speaker_count": "count speaker_label",
        "paragraph_count": f"count {BODY}",
        "word_count": f"count {BODY}",
        "is_excerpt": "choose elision",
        "recognised_share": "count bytes unrecognised",
        "dump_sha256": "hash bytes",
        "rendition_sha256": "hash bytes",
        "content_sha256": f"hash {SAID}",
        **_SPAN,
        "parser": "choose bytes",
        "inferred": "choose uri title date published_at page_address source language",
    },
    "turns": {
        "turn_id": f"{_DOCUMENT_ID}; order speaker_label",
        "document_id": _DOCUMENT_ID,
        "turn_index": "order speaker_label",
        "speaker_label": "fold speaker_label",
        "speaker_name": "read speaker_label",
        "speaker_role": "read speaker_label",
        "speaker_kind": "choose speaker_label",
        "speaker_id": "read speaker_label tag",
        "speaker_id_evidence": "choose speaker_label tag",
        "text": "fold speech; choose speaker_label",
        "paragraph_count": "count speech",
        "word_count": "count speech",
        "source_id": _SOURCE_ID,
        "language": _LANGUAGE,
        "event_date": _EVENT_DATE,
        **_SPAN,
    },
    "paragraphs": {
        "paragraph_id": f"{_DOCUMENT_ID}; order {BODY}",
        "document_id": _DOCUMENT_ID,
        "paragraph_index": f"order {BODY}",
        "turn_id": f"{_DOCUMENT_ID}; order speaker_label",
        "turn_index": "order speaker_label",
        "kind": f"choose {BODY}",
        "text": f"fold {BODY}",
        "source_id": _SOURCE_ID,
        "language": _LANGUAGE,
        "event_date": _EVENT_DATE,
        "start_ms": "read cue_time",
        "end_ms": "read cue_time",
        **_SPAN,
    },
    "tags": {"tag_index": "order tag", "facet": "read tag_facet", "value": "fold tag", **_EXTRA},
    "links": {
        "link_index": "order link_title",
        "relation": "read link_relation",
        "title": "fold link_title",
        "date_label": "fold link_date",
        "date": "read link_date",
        "url": "fold link_address",
        **_EXTRA,
    },
    "photos": {
        "photo_index": "order photo_counter caption credit",
        "caption": "fold caption",
        "credit": "fold credit",
        "album_size": "read photo_counter",
        **_EXTRA,
    },
    "speakers": {
        "speaker_id": "read speaker_label tag",
        "name": "read speaker_label",
        "aliases": "read speaker_label",
        "roles": "read speaker_label date published_at",
        "source_ids": _SOURCE_ID,
        "languages": _LANGUAGE,
        "document_count": "count bytes",
        "turn_count": "count speaker_label",
        "word_count": "count speech",
        "first_date": _EVENT_DATE,
        "last_date": _EVENT_DATE,
    },
}


def parse_steps(steps: str) -> Iterator[tuple[str, How]]:
    """Pairs of input field and way, in written order.

    >>> [(field, how.subtype) for field, how in parse_steps("fold speech; choose speaker_label")]
    [('speech', 'TRANSFORMATION'), ('speaker_label', 'CONDITIONAL')]
    """
    for step in steps.split(";"):
        how, *fields = step.split()
        for field in fields:
            yield field, HOW[how]


def list_dump_fields() -> list[str]:
    """Every input field that leads to a column, sorted."""
    written = [steps for columns in COLUMNS.values() for steps in columns.values()]
    return sorted({field for steps in (*written, WHOLE_TABLE) for field, _ in parse_steps(steps)})

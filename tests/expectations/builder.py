"""A small batch of valid tables, and bigger ones of the same kind, for the tests of the rules.

Everything in it is invented. A test changes one cell and sees which rule speaks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from storage.schemas import LINEAGE, TABLES

TODAY = dt.date(2024, 5, 1)
RUN = "0f1e2d3c-0000-4000-8000-000000000001"
INGESTED = dt.datetime(2024, 5, 1, 8, tzinfo=dt.UTC)

JUDGED = {**TABLES, "blocks": LINEAGE["blocks"]}

Rows = dict[str, list[dict[str, object]]]


def document_id(number: int) -> str:
    """The id of the document of that number."""
    return f"{number:020x}"


def rows(documents: int = 3, turns: int = 2, speech_per_turn: int = 2) -> Rows:
    """Rows of valid documents: transcripts, with a lead, tags, a link and two photos each."""
    batch: Rows = {name: [] for name in JUDGED}
    for number in range(documents):
        _add_document(batch, number, turns, speech_per_turn)
    return batch


def to_tables(batch: Rows) -> dict[str, pa.Table]:
    """Rows as Arrow tables of the schemas. Values that the schema forbids, null among them, are let in."""
    return {
        name: pa.Table.from_arrays(
            [pa.array([row.get(field.name) for row in batch[name]], field.type) for field in schema], schema=schema
        )
        for name, schema in JUDGED.items()
    }


def tables(documents: int = 3, turns: int = 2, speech_per_turn: int = 2) -> dict[str, pa.Table]:
    """Valid tables."""
    return to_tables(rows(documents, turns, speech_per_turn))


def _add_document(batch: Rows, number: int, turns: int, speech_per_turn: int) -> None:
    identity = document_id(number)
    base = number * 1_000_000
    at = base + 300
    carried: Mapping[str, object] = {
        "document_id": identity,
        "source_id": "kremlin",
        "language": "en",
        "event_date": dt.date(2023, 11, 9),
        "run_id": RUN,
    }

    def add(table: str, size: int, **values: object) -> None:
        nonlocal at
        batch[table].append({**carried, "byte_start": at, "byte_end": at + size, **values})
        at += size + 1

    words = paragraphs = 0

    def add_paragraph(kind: str, text: str, turn: int | None = None) -> None:
        nonlocal words, paragraphs
        add(
            "paragraphs",
            len(text.encode()),
            paragraph_id=f"{identity}-p{paragraphs:04d}",
            paragraph_index=paragraphs,
            turn_id=None if turn is None else f"{identity}-t{turn:04d}",
            turn_index=turn,
            kind=kind,
            text=text,
        )
        words += len(text.split())
        paragraphs += 1

    for photo in range(2):
        add(
            "photos",
            60,
            photo_index=photo,
            caption=f"The mill at Lessk in district {number}.",
            credit="Ana Orlo, Vostra",
            album_size=3 + photo,
        )
    add_paragraph("lead", f"The harvest council of district {number} met in Lessk to speak of mills, roads and seed.")
    for turn in range(turns):
        start = at
        at += 30
        said = [
            f"Colleagues, this is speech {part} of turn {turn} at council {number}: the mills of Lessk stand, the roads"
            f" are dry and the seed of year {number} lies in the barns until the thaw comes; whoever needs a cart"
            f" asks the clerk before noon, and whoever has two lends one, as was agreed at meeting {turn}-{part}."
            for part in range(speech_per_turn)
        ]
        for text in said:
            add_paragraph("speech", text, turn)
        batch["turns"].append(
            {
                **carried,
                "turn_id": f"{identity}-t{turn:04d}",
                "turn_index": turn,
                "speaker_label": "Chair of the Council Zoe Marden" if turn % 2 == 0 else "Question",
                "speaker_name": "Zoe Marden" if turn % 2 == 0 else None,
                "speaker_role": "Chair of the Council" if turn % 2 == 0 else None,
                "speaker_kind": "person" if turn % 2 == 0 else "generic",
                "speaker_id": "zoe-marden" if turn % 2 == 0 else None,
                "text": "\n\n".join(said),
                "paragraph_count": len(said),
                "word_count": sum(len(text.split()) for text in said),
                "byte_start": start,
                "byte_end": at - 1,
            }
        )
    for index, (facet, value) in enumerate((("geography", "Lessk"), ("topic", "Mills"), ("person", "Marden Zoe"))):
        add("tags", len(value), tag_index=index, facet=facet, value=value)
    for index in range(2):
        add(
            "links",
            80,
            link_index=index,
            relation="see_also",
            title=f"Talks on seed {index}",
            date_label="November 8, 2023",
            date=dt.date(2023, 11, 8),
            url="https://example.org/talks",
        )
    batch["blocks"].append({"document_id": identity, "kind": "date"})
    batch["documents"].append(
        {
            **carried,
            "title": f"Harvest council of district {number}",
            "summary": f"Council {number} met in Lessk.",
            "kind": "transcript" if turns else "news",
            "event_time": dt.time(11, 45),
            "place": "Lessk",
            "sections": ["News", "Transcripts"] if turns else ["News"],
            "published_at": dt.datetime(2023, 11, 9, 8, 45, tzinfo=dt.UTC),
            "url": f"https://example.org/events/{number}",
            "turn_count": turns,
            "speaker_count": min(turns, 1),
            "paragraph_count": paragraphs,
            "word_count": words,
            "is_excerpt": False,
            "recognised_share": 1.0,
            "dump_sha256": "a" * 64,
            "rendition_sha256": "b" * 64,
            "content_sha256": f"{number:064x}",
            "byte_start": base,
            "byte_end": at + 200,
            "parser": "kremlin-text/1",
            "inferred": [],
            "event_id": None,
            "ingested_at": INGESTED,
        }
    )

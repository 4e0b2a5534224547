"""Rules that every table has, derived from its schema: presence, belonging, spans and numbering.

The facts that they judge are computed by `expectations.facts`.
"""

from __future__ import annotations

from expectations.rules import CRITICAL, SCHEMA, VERIFIED, Rule, absent, equal, greater, one_of, unique
from storage.schemas import TABLES

# Columns that a row repeats from its document; whether they are filled is judged there, once.
CARRIED = ("source_id", "language", "event_date", "run_id")

# Tables whose rows are numbered within a document -> the column that numbers them.
NUMBERED = {
    name: schema.names[schema.names.index("document_id") + 1] for name, schema in TABLES.items() if name != "documents"
}

# Tables whose rows have an id of their own -> (column, letter in the id).
ROW_IDS = {"turns": ("turn_id", "t"), "paragraphs": ("paragraph_id", "p")}


def carried_columns(table: str) -> tuple[str, ...]:
    """Columns of a table that repeat what its document says."""
    return () if table == "documents" else tuple(name for name in CARRIED if name in TABLES[table].names)


def required_columns(table: str) -> tuple[str, ...]:
    """Columns of a table that are never null, those left out that its document answers for."""
    carried = carried_columns(table)
    return tuple(field.name for field in TABLES[table] if not field.nullable and field.name not in carried)


def presence(table: str) -> Rule:
    """One rule for all columns that are never null: the fact names those that are."""
    return Rule(
        f"{table}.row.complete",
        required_columns(table),
        CRITICAL,
        absent("missing"),
        "A value that every row must have is missing: the page does not print it or the parser did not find it. Look "
        "at the page; give --date, --language or --source where the document does not tell its own.",
        SCHEMA,
        shown=("missing",),
    )


def spans(table: str) -> tuple[Rule, ...]:
    """A row stands at bytes of its own: forwards, and no byte twice."""
    return (
        Rule(
            f"{table}.span.forward",
            ("byte_start", "byte_end"),
            CRITICAL,
            greater("byte_end", "byte_start"),
            "The span of the row is empty or runs backwards, so nothing can be shown for it: a fault of the parser.",
            VERIFIED,
        ),
        Rule(
            f"{table}.span.disjoint",
            ("byte_start", "byte_end"),
            CRITICAL,
            one_of("bytes_overlapping", [0]),
            "The row begins before the one ahead of it ends, so some bytes count twice or the order is not that of the "
            "page: a fault of the parser.",
            VERIFIED,
        ),
    )


def belonging(table: str) -> tuple[Rule, ...]:
    """Rules of every table whose rows belong to a document."""
    index = NUMBERED[table]
    rules = [
        presence(table),
        Rule(
            f"{table}.document_id.known",
            ("document_id",),
            CRITICAL,
            one_of("document_known", [True]),
            "The row belongs to a document that is not in the batch, so nobody could say where it came from: a fault "
            "of the code that makes the tables.",
            VERIFIED,
        ),
        Rule(
            f"{table}.document.agrees",
            carried_columns(table),
            CRITICAL,
            absent("disagreeing"),
            "The row and its document differ in a column that they share, so the row would land in another partition "
            "or under another run: a fault of the code that makes the tables.",
            CONTRACT_CARRIED,
            shown=("disagreeing",),
        ),
        Rule(
            f"{table}.{index}.consecutive",
            (index,),
            CRITICAL,
            equal(index, "expected_index"),
            "The rows of the document are not numbered 0, 1, 2 …: one is lost, or stands twice.",
            VERIFIED,
        ),
        *spans(table),
        Rule(
            f"{table}.span.inside_document",
            ("byte_start", "byte_end"),
            CRITICAL,
            one_of("bytes_outside", [0]),
            "The row stands outside the bytes of its document, so it may be part of another page: a fault of the "
            "parser.",
            VERIFIED,
        ),
    ]
    if table in ROW_IDS:
        rules += _row_id(table)
    return tuple(rules)


CONTRACT_CARRIED = "contract: the lake, columns that rows repeat from their document"


def _row_id(table: str) -> tuple[Rule, ...]:
    column, letter = ROW_IDS[table]
    return (
        Rule(
            f"{table}.{column}.derived",
            (column, "document_id", NUMBERED[table]),
            CRITICAL,
            equal(column, "expected_id"),
            f"The id is not made of the document id and the index, as `<document_id>-{letter}0003`, so links to the "
            "row would lead elsewhere: a fault of the code that makes the tables.",
            "storage/schemas.py: description of the column",
        ),
        Rule(
            f"{table}.{column}.unique",
            (column,),
            CRITICAL,
            unique(column),
            "Two rows have the same id, so a quotation could not say which it means: the document came twice or is "
            "numbered wrongly.",
            VERIFIED,
        ),
    )

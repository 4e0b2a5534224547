"""Proof of what rows repeat: ids, the facts of their document, who says a paragraph, and counts."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import bounds_of, bytes_of, flat
from expectations.facts import expected_ids
from storage import ledger
from storage.lake import Lake
from tasks.block_columns import count_before
from tasks.verify_arrays import Numbers, Part, days, encode, find, marks, numbers
from tasks.verify_columns import IDS, INDEXES, row_ids
from tasks.verify_damage import ROW_ADVICE, UNREADABLE, Damage

_OF_ALL = ("source_id", "event_date", "run_id")
# table -> columns in which a row repeats its document
REPEATED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(INDEXES, _OF_ALL),
    **dict.fromkeys(("turns", "paragraphs"), (*_OF_ALL, "language")),
}
_ADVICE = "bring `_lineage` back from a copy of the lake, or ingest the dump again"
_KEYS = 40  # bits for a place in a rendition
_TURN = ("turn_id", "turn_index")
_FIRST_NAMED = ("speaker_id", "speaker_name", "speaker_role")


@dataclass(frozen=True, slots=True)
class Noted:
    """What the ledger has: ids of runs, and dumps with their renditions, `<dump> <rendition>`.

    None where a file of it cannot be read, which is told where the files are proven.
    """

    runs: pa.Array | None
    inputs: pa.Array | None

    @classmethod
    def of(cls, lake: Lake) -> Noted:
        """What the ledger of a lake has."""
        runs = _read(lake, "runs", "run_id")
        inputs = _read(lake, "inputs", "dump_sha256", "rendition_sha256")
        return cls(None if runs is None else flat(runs["run_id"]), None if inputs is None else _pairs(inputs))


def _read(lake: Lake, table: str, *columns: str) -> pa.Table | None:
    try:
        return ledger.read(lake, table, columns=columns)
    except UNREADABLE:
        return None


def _pairs(rows: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(flat(rows["dump_sha256"]), flat(rows["rendition_sha256"]), " ")


def repeats_its_facts(part: Part, noted: Noted) -> bool:
    """Whether all that rows of a partition repeat is so. The tables stand in the order of their documents."""
    tables = part.tables
    return bool(
        all((part.owners[table] >= 0).all() for table in INDEXES)
        and all(_repeats(part, name) for name in (*_OF_ALL, "language"))
        and all(_has_derived_ids(tables[table], table) for table in IDS)
        and _says_who_speaks(part)
        and _counts_rows(part)
        and not any(_find_unknown(tables["documents"], noted))
    )


def _repeats(part: Part, name: str) -> bool:
    """Whether the rows of all tables that have a column say there what their documents say."""
    told = part.tables["documents"][name]
    values = pc.unique(told)
    own = days(told) if name == "event_date" else find(told, values)
    for table in [table for table, names in REPEATED.items() if name in names]:
        column = part.tables[table][name]
        if name == "event_date":
            is_so = (days(column) == own[part.owners[table]]).all()
        elif len(values) == 1:  # as it mostly is
            is_so = not len(column) or encode(column).dictionary.equals(values)
        else:
            is_so = (find(column, values) == own[part.owners[table]]).all()
        if not is_so:
            return False
    return True


def _has_derived_ids(rows: pa.Table, table: str) -> bool:
    index, letter = INDEXES[table]
    expected = expected_ids(rows[IDS[table]], rows["document_id"].cast(pa.string()), rows[index], letter)
    return bool(expected.equals(flat(rows[IDS[table]])))


def _says_who_speaks(part: Part) -> bool:
    """Whether what is spoken, and nothing else, is of the turn that began last before it in its document."""
    turns, paragraphs = part.tables["turns"], part.tables["paragraphs"]
    told = flat(paragraphs["turn_index"])
    if (numbers(told.fill_null(-1)) != np.append(numbers(turns["turn_index"]), -1)[part.turns]).any():
        return False
    starts, places = (
        (part.owners[table] << _KEYS) + numbers(part.tables[table]["byte_start"]) for table in ("turns", "paragraphs")
    )
    last = np.searchsorted(starts, places, "right") - 1
    is_said = np.append(part.owners["turns"], -1)[last] == part.owners["paragraphs"]
    is_said &= find(paragraphs["kind"], pa.array(["speech"])) == 0
    return bool((part.turns == np.where(is_said, last, -1)).all())


def _counts_rows(part: Part) -> bool:
    documents, turns, paragraphs = (part.tables[name] for name in ("documents", "turns", "paragraphs"))
    words, said, many = _count_words(paragraphs["text"]), part.turns >= 0, documents.num_rows
    turn, owner = part.turns[said], part.owners["turns"]
    return bool(
        (numbers(turns["paragraph_count"]) == np.bincount(turn, minlength=turns.num_rows)).all()
        and (numbers(turns["word_count"]) == np.bincount(turn, words[said], turns.num_rows)).all()
        and (numbers(documents["word_count"]) == np.bincount(part.owners["paragraphs"], words, many)).all()
        and (numbers(documents["speaker_count"]) == _count_speakers(turns, owner, many)).all()
        and (marks(pc.equal(documents["kind"], "transcript")) == (np.bincount(owner, minlength=many) > 0)).all()
    )


def _count_words(texts: pa.ChunkedArray) -> Numbers:
    """Words of texts whose white space is folded: one more than spaces."""
    found = [np.zeros(0, np.int64)]
    for chunk in texts.chunks:
        bounds = bounds_of(chunk)
        found.append(np.diff(count_before(bytes_of(chunk) == ord(" "), bounds)) + 1)
    return np.concatenate(found)


def _count_speakers(turns: pa.Table, owner: Numbers, many: int) -> Numbers:
    """Speakers of each document by id, or by name or role as printed; generic ones do not count."""
    some = marks(pc.not_equal(turns["speaker_kind"], "generic"))
    named = [turns[name].filter(pa.array(some)).cast(pa.string()) for name in _FIRST_NAMED]
    named = [pc.if_else(pc.equal(column, ""), None, column) for column in named]
    codes = numbers(encode(pc.coalesce(*named, "")).indices)
    return np.bincount(np.unique((owner[some] << 32) + codes) >> 32, minlength=many)


def _find_unknown(documents: pa.Table, noted: Noted) -> Iterator[tuple[str, str, list[str]]]:
    """Runs, and dumps, that the ledger does not have: column, value, ids of the documents that name it."""
    for column, values, known in (
        ("run_id", flat(documents["run_id"]), noted.runs),
        ("dump_sha256", _pairs(documents), noted.inputs),
    ):
        is_lost = None if known is None else pc.invert(pc.is_in(values, value_set=known))
        if is_lost is not None and pc.any(is_lost).as_py():
            lost: dict[str, list[str]] = {}
            for row in documents.select(["document_id", column]).filter(is_lost).to_pylist():
                lost.setdefault(row[column], []).append(row["document_id"])
            yield from ((column, value, ids) for value, ids in lost.items())


def explain_facts(tables: Mapping[str, pa.Table], noted: Noted) -> Iterator[Damage]:
    """What rows of a partition say that is not so, row by row."""
    documents = {row["document_id"]: row for row in tables["documents"].to_pylist()}
    for table in INDEXES:
        rows, names = tables[table], REPEATED[table]
        made = row_ids(rows, table).to_pylist()
        for row_id, document, *told in zip(made, *_lists(rows, ("document_id", *names)), strict=True):
            for name, value in zip(names, told, strict=True):
                if document in documents and value != (own := documents[document][name]):
                    yield Damage(4, row_id, f"{name} is {value}, that of its document is {own}", ROW_ADVICE)
        if table in IDS:
            for row_id, told in zip(made, rows[IDS[table]].to_pylist(), strict=True):
                if told != row_id:
                    yield Damage(4, row_id, f"{IDS[table]} is {told}", ROW_ADVICE)
    yield from _explain_speech(tables)
    yield from _explain_counts(tables, documents)
    for column, value, ids in _find_unknown(tables["documents"], noted):
        others = f", as of {len(ids) - 1} documents more," if len(ids) > 1 else ""
        what = "no run of the ledger" if column == "run_id" else "with its rendition no input of the ledger"
        yield Damage(4, ids[0], f"{column}{others} is {value}, {what}", _ADVICE)


def _explain_speech(tables: Mapping[str, pa.Table]) -> Iterator[Damage]:
    """Paragraphs of another turn than the last that began before them, by their blocks: spans may be wrong, too."""
    turns, paragraphs = tables["turns"], tables["paragraphs"]
    at: dict[str | None, int] = {}
    for row_id, start in zip(*_lists(tables["blocks"], ("row_id", "byte_start")), strict=True):
        at[row_id] = min(start, at.get(row_id, start))
    begun: dict[str, list[tuple[int, str, int]]] = {}
    for document, start, *turn in zip(*_lists(turns, ("document_id", "byte_start", *_TURN)), strict=True):
        begun.setdefault(document, []).append((at.get(turn[0], start), turn[0], turn[1]))
    for some in begun.values():
        some.sort()
    made = row_ids(paragraphs, "paragraphs").to_pylist()
    columns = ("document_id", "byte_start", "kind", *_TURN)
    for row_id, document, start, kind, *told in zip(made, *_lists(paragraphs, columns), strict=True):
        some = begun.get(document, [])
        last = bisect.bisect_right(some, at.get(row_id, start), key=lambda turn: turn[0])
        own = list(some[last - 1][1:]) if kind == "speech" and last else [None, None]
        if told != own:
            yield Damage(4, row_id, f"is of turn {told[0]} ({told[1]}), not of {own[0]} ({own[1]})", ROW_ADVICE)


def _explain_counts(tables: Mapping[str, pa.Table], documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Damage]:
    turns, paragraphs = tables["turns"], tables["paragraphs"]
    said, words, written = Counter[str | None](), Counter[str | None](), Counter[str]()
    for turn, document, text in zip(*_lists(paragraphs, ("turn_id", "document_id", "text")), strict=True):
        said[turn] += 1
        words[turn] += (count := len(text.split()))
        written[document] += count
    for row in turns.select(["turn_id", "paragraph_count", "word_count"]).to_pylist():
        yield from _compare(row, row["turn_id"], paragraph_count=said[row["turn_id"]], word_count=words[row["turn_id"]])
    owner = find(turns["document_id"], flat(tables["documents"]["document_id"]))
    speakers = _count_speakers(turns.filter(pa.array(owner >= 0)), owner[owner >= 0], len(documents))
    speaks = set(turns["document_id"].to_pylist())
    for (document, row), count in zip(documents.items(), speakers.tolist(), strict=True):
        yield from _compare(row, document, word_count=written[document], speaker_count=count)
        if (row["kind"] == "transcript") != (document in speaks):
            told = "has a turn" if document in speaks else "has no turn"
            yield Damage(4, document, f"{told}, and its kind is {row['kind']}", ROW_ADVICE)


def _compare(row: Mapping[str, Any], where: str, **counted: int) -> Iterator[Damage]:
    for name, count in counted.items():
        if row[name] != count:
            yield Damage(4, where, f"{name} is {row[name]}, counted are {count}", ROW_ADVICE)


def _lists(rows: pa.Table, columns: Sequence[str]) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in columns]

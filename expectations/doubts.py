"""What the rules of `paragraphs` judge in transcripts that prove their labels themselves, and in captions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import flat, ints, nullable, true
from expectations.facts import Batch


def labels_doubtful(batch: Batch) -> pa.Array:
    """What looks like a label at the start of a paragraph, in formats that prove labels by the document itself."""
    table, rows = batch.tables["paragraphs"], batch.document_rows("paragraphs")
    found = np.full(table.num_rows, None, object)
    if batch.documents.num_rows:
        proving = true(pc.match_substring_regex(batch.documents["parser"], vocabulary.PROVES_LABELS))
        chosen = np.flatnonzero((rows >= 0) & proving[rows]) if proving.any() else np.array([], np.int64)
        kinds = flat(table["kind"]).take(pa.array(chosen))
        chosen = chosen[true(pc.is_in(kinds, value_set=pa.array(["speech", "lead"])))]
        if len(chosen):
            heads = pc.extract_regex(batch.paragraphs.take(chosen), vocabulary.LIKE_A_LABEL)
            found[chosen] = pc.struct_field(heads, "head").to_pylist()
    return pa.array(found, pa.string())


def starts_before(batch: Batch) -> pa.Array:
    """For each paragraph of captions the start of the one before it in its document; null for the first."""
    table, runs = batch.tables["paragraphs"], batch.runs("paragraphs")
    known = true(table["start_ms"].is_valid())
    starts, documents = ints(table["start_ms"]), runs.spread(runs.groups)
    same = np.zeros(len(starts), np.bool_)
    same[1:] = (documents[1:] == documents[:-1]) & known[:-1]
    return nullable(np.roll(starts, 1), same)

"""What the rules of `paragraphs` judge in transcripts that prove their labels themselves, and in captions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.facts import Batch, flat, groups, ints, nullable, true


def labels_doubtful(batch: Batch) -> pa.Array:
    """What looks like a label at the start of a paragraph, in formats that prove labels by the document itself."""
    table, rows = batch.tables["paragraphs"], batch.document_rows("paragraphs")
    found = np.full(table.num_rows, None, object)
    if batch.documents.num_rows:
        proving = true(pc.match_substring_regex(batch.documents["parser"], vocabulary.PROVES_LABELS))
        text = true(pc.is_in(table["kind"], value_set=pa.array(["speech", "lead"])))
        chosen = np.flatnonzero(text & (rows >= 0) & proving[rows])
        if len(chosen):
            heads = pc.extract_regex(flat(table["text"].take(pa.array(chosen))), vocabulary.LIKE_A_LABEL)
            found[chosen] = pc.struct_field(heads, "head").to_pylist()
    return pa.array(found, pa.string())


def starts_before(table: pa.Table) -> pa.Array:
    """For each paragraph of captions the start of the one before it in its document; null for the first."""
    known = true(table["start_ms"].is_valid())
    starts, documents = ints(pc.fill_null(table["start_ms"], 0)), groups(table["document_id"])
    same = np.zeros(len(starts), np.bool_)
    same[1:] = (documents[1:] == documents[:-1]) & known[:-1]
    return nullable(np.roll(starts, 1), same)

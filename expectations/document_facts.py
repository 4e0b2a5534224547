"""What the rules of `documents` judge besides its columns: counts in other tables, distances of dates, equal bodies."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import Ints, Mask, flat, groups, ints, mix, nullable, true
from expectations.facts import EPOCH, Batch, Facts, document_span_facts, missing, pages_alike

# A body shorter than this many words may well be the same twice: "The message reads, in part: …".
SHORT_BODY_WORDS = 40

# "Thank you very much, colleagues." is nobody's own; and a paragraph on more pages than this is a stock phrase.
SHARED_PARAGRAPH_WORDS = 8
FEW_PAGES = 8

# Share of a batch that may have one title or summary: "Telephone conversation with …" comes again and again.
HEADS_ALIKE = 0.3

# Until then the site told many a news in the title alone.
BODIES_SINCE = dt.date(2006, 1, 1)


def facts(batch: Batch) -> Facts:
    """What the rules of `documents` judge besides its own columns."""
    table = batch.documents
    turn_rows = batch.count_by_document("turns")
    paragraph_rows = batch.count_by_document("paragraphs")
    is_transcript = true(pc.equal(table["kind"], "transcript"))
    is_announcement = true(pc.equal(table["kind"], "announcement"))
    is_full = true(pc.is_in(table["source_id"], value_set=pa.array(vocabulary.FULL_PAGES)))
    is_filed = ints(pc.list_value_length(table["sections"])) > 0
    is_published = true(table["published_at"].is_valid())
    return {
        "missing": missing(table, "documents"),
        "turn_rows": pa.array(turn_rows, pa.int32()),
        "paragraph_rows": pa.array(paragraph_rows, pa.int32()),
        "paragraph_words": pa.array(batch.sum_by_document("paragraphs", batch.paragraphs.words), pa.int32()),
        "is_transcript": pa.array(is_transcript),
        "has_turns": pa.array(ints(table["turn_count"]) > 0),
        "is_silent_transcript": pa.array(_filed_as_transcript(table) & (turn_rows == 0)),
        "is_footless": pa.array(is_full & ~is_filed & ~is_published),
        "is_foot_half": pa.array(is_full & (is_filed != is_published)),
        "is_dateless": pa.array(is_full & ~is_announcement & ~_has_block(batch, "date")),
        "is_title_sentence": pa.array(is_full & true(pc.ends_with(table["title"], "."))),
        "is_twice": flat(pc.is_in(table["document_id"], value_set=pa.array(sorted(batch.twice), pa.string()))),
        "is_timeless": pa.array(is_full & true(table["event_time"].is_null()) & ~is_announcement),
        "is_bodiless": pa.array((paragraph_rows == 0) & (ints(table["event_date"]) >= (BODIES_SINCE - EPOCH).days)),
        **{
            f"{column}_pages_alike": pages_alike(batch, "documents", column, np.full(table.num_rows, HEADS_ALIKE))
            for column in ("title", "summary")
        },
        "body_fingerprint": _body_fingerprints(batch),
        "share_repeated": _shares_repeated(batch),
        **_date_facts(table, (batch.today - EPOCH).days, is_full),
        **document_span_facts(table),
    }


def _has_block(batch: Batch, kind: str) -> Mask:
    """Whether each document has a block of a kind; all have where the blocks are not known."""
    blocks = batch.tables.get("blocks")
    if blocks is None:
        return np.ones(batch.documents.num_rows, np.bool_)
    having = flat(blocks["document_id"]).filter(pc.equal(flat(blocks["kind"]), kind))
    return true(pc.is_in(batch.documents["document_id"], value_set=having))


def _date_facts(table: pa.Table, today: int, is_full: Mask) -> Facts:
    starts = source_starts(table["source_id"])
    event, event_known = ints(table["event_date"]), true(table["event_date"].is_valid())
    published = ints(pc.floor_temporal(table["published_at"], unit="day").cast(pa.date32()))
    published_known = true(table["published_at"].is_valid())
    return {
        "days_after_source_start": nullable(event - starts, event_known),
        "days_ahead": nullable(event - today, event_known),
        "days_after_publication": nullable(event - published, event_known & published_known),
        "days_until_publication": nullable(published - event, event_known & published_known & is_full),
        "publication_days_ahead": nullable(published - today, published_known),
        "publication_days_after_source_start": nullable(published - starts, published_known),
    }


def source_starts(sources: pa.ChunkedArray) -> Ints:
    """For each row the first day that its source can tell of, in days since 1970."""
    starts = np.full(len(sources), (vocabulary.EARLIEST_START - EPOCH).days, np.int64)
    for source, day in vocabulary.SOURCE_STARTS.items():
        starts[true(pc.equal(sources, source))] = (day - EPOCH).days
    return starts


def _filed_as_transcript(table: pa.Table) -> Mask:
    sections = flat(table["sections"])
    named = true(pc.is_in(pc.list_flatten(sections), value_set=pa.array(vocabulary.TRANSCRIPT_SECTIONS)))
    filed = np.zeros(table.num_rows, np.bool_)
    filed[ints(pc.list_parent_indices(sections))[named]] = True
    return filed


def _body_fingerprints(batch: Batch) -> pa.Array:
    """A number for the paragraphs of each document, the same for the same texts in the same places.

    Short bodies are the same only under the same title; null for those that are empty. The texts are numbered within
    the batch, each number is mixed with the place, and the sum over the document is taken in 64 bits: a false alarm
    costs one warning in more than 10^9 batches.
    """
    paragraphs = batch.tables["paragraphs"]
    texts = batch.paragraphs.numbers.astype(np.uint64)
    places = ints(paragraphs["paragraph_index"]).astype(np.uint64)
    mixed = mix(mix(texts) + places)
    sums = batch.sum_by_document("paragraphs", mixed.view(np.int64)).view(np.uint64)
    words_in_all = ints(batch.documents["word_count"])
    titles = mix(~groups(batch.documents["title"]).astype(np.uint64))  # no number that a text has
    sums = np.where(words_in_all < SHORT_BODY_WORDS, mix(sums + titles), sums)
    return pa.array(sums, mask=words_in_all == 0).cast(pa.string())


def _shares_repeated(batch: Batch) -> pa.Array:
    """For each document the share of its words, by whole paragraphs, that one other document has too; 0 to 1.

    Null for short bodies, and for those that are the same throughout: another rule tells them. Only paragraphs that
    stand in a few documents are compared: what is on many pages is no sign of two being one.
    """
    rows = batch.document_rows("paragraphs")
    texts, counts = batch.paragraphs.numbers, batch.paragraphs.words
    total, documents = ints(batch.documents["word_count"]), batch.documents.num_rows
    chosen = (rows >= 0) & (counts >= SHARED_PARAGRAPH_WORDS)
    chosen &= np.bincount(texts[chosen], minlength=len(texts))[texts] > 1
    pairs, first = np.unique(texts[chosen] * (documents + 1) + rows[chosen], return_index=True)
    text, document, size = pairs // (documents + 1), pairs % (documents + 1), counts[chosen][first]
    met = np.bincount(text)[text]
    shared: dict[tuple[int, int], int] = {}
    few = (met > 1) & (met <= FEW_PAGES)
    for start in np.flatnonzero(few & np.append(True, text[1:] != text[:-1])):
        same = document[start : start + met[start]].tolist()
        for one in same:
            for other in same:
                if one != other:
                    shared[one, other] = shared.get((one, other), 0) + int(size[start])
    most = np.zeros(documents)
    for (one, _), count in shared.items():
        most[one] = max(most[one], count / max(int(total[one]), 1))
    return pa.array(most, mask=(total < SHORT_BODY_WORDS) | (most >= 1.0))

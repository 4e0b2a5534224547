"""Documents whose title or date was corrected at the source, known by their address: they keep the id that they have.

The id of a document hashes its date and title. Where these are corrected, a page would be a second document, with the
same address. So where a document has an address, and its id is new, it is looked for: among the documents of its source
and language, in the lake and in the run, with that address. The address alone proves little: a front page shows
another text each day, and a file of records may name one address for all. Two texts are one document by

- the number of the event in the address, which the publisher gives once (`tasks.identity.event_id`); or
- half of the words of one, in pairs as they follow each other, in the other.

The ledger's versions remember the id that the facts of such a text give (`own_id`): with that, the same text is
known in renditions that know no address. Nothing is asked of documents without any.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from storage import ledger
from storage.lake import Lake, Partition
from tasks.fragment import Fragment, Recalled
from tasks.publish import Judged
from tasks.renamed import rename_judged

ALIKE_SHARE = 0.5  # of pairs of words; texts of different days share a tenth, a corrected page nine tenths

_COLUMNS = ["document_id", "source_id", "language", "url", "event_id"]
# What two spellings of one address differ in.
_SPELLING_RE = r"^https?://(?:www\.)?|/?(?:#.*)?$"


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a document with an address: where its paragraphs are to be found, in a fragment or in the lake."""

    own_id: str
    address: str | None
    is_numbered: bool
    place: Fragment | Partition

    def is_like(self, other: _Text, lake: Lake) -> bool:
        """Whether both are of one document; their addresses are the same."""
        if self.is_numbered:
            return True
        one, two = self.pairs(lake), other.pairs(lake)
        return len(one & two) >= ALIKE_SHARE * min(len(one), len(two)) > 0

    def pairs(self, lake: Lake) -> set[tuple[str, ...]]:
        """Words that follow each other; of a text of one word, that word."""
        if isinstance(self.place, Partition):
            rows = lake.read("paragraphs", self.place, ["document_id", "text"])
            rows = rows.filter(pc.equal(rows["document_id"], self.own_id))
        else:
            rows = self.place.read_some("paragraphs", [self.own_id])
        words = " ".join(rows["text"].to_pylist()).split()
        return set(pairwise(words)) or {(word,) for word in words}


def keep_ids(
    lake: Lake, judged: Sequence[Judged], retrievals: Mapping[str, Sequence[dt.datetime]], started_at: dt.datetime
) -> list[Judged]:
    """The fragments of a run with each document under the id that it is kept under.

    Args:
        lake: what there is.
        judged: the fragments, under the ids that the facts of their documents give.
        retrievals: dump hash -> the times at which it was fetched, where known.
        started_at: start of the run, which stands for the time of dumps of unknown retrieval.
    """
    names = ledger.kept_ids(lake)
    if texts := _addressed(judged, retrievals, started_at):
        names = names | _find_kept(lake, texts, names)
    return [part for one in judged for part in rename_judged(one, names)] if names else list(judged)


def _addressed(
    judged: Sequence[Judged], retrievals: Mapping[str, Sequence[dt.datetime]], started_at: dt.datetime
) -> list[_Text]:
    """The texts with an address that are not held back, in the order in which they were retrieved.

    What is recalled stands in the lake.
    """
    found = []
    for one in judged:
        if isinstance(one.fragment, Recalled):
            continue
        rows = one.fragment.read("documents").select([*_COLUMNS, "dump_sha256", "byte_start"])
        rows = rows.filter(rows["url"].is_valid())
        places = zip(rows["dump_sha256"].to_pylist(), rows["byte_start"].to_pylist(), strict=True)
        for text, (dump, start) in zip(_texts(rows, one.fragment), places, strict=True):
            if text.own_id not in one.held:
                found.append(((min(retrievals.get(dump, (started_at,))), dump, start), text))
    return [text for _, text in sorted(found, key=lambda each: each[0])]


def _texts(rows: pa.Table, place: Fragment | Partition) -> Iterator[_Text]:
    addresses = _addresses(rows).to_pylist()
    numbered = rows["event_id"].is_valid().to_pylist()
    for own_id, address, is_numbered in zip(rows["document_id"].to_pylist(), addresses, numbered, strict=True):
        yield _Text(own_id, address, is_numbered, place)


def _addresses(rows: pa.Table) -> pa.ChunkedArray:
    """Source, language and address of documents, as one value."""
    spelt = pc.replace_substring_regex(rows["url"], _SPELLING_RE, "")
    return pc.binary_join_element_wise(rows["source_id"], rows["language"], pc.coalesce(rows["event_id"], spelt), "\n")


def _find_kept(lake: Lake, texts: Sequence[_Text], kept: Mapping[str, str]) -> dict[str, str]:
    """Own id -> id of the document that it is a text of, for those whose own id nobody knows yet."""
    met = {text.own_id: str(text.address) for text in texts if text.own_id not in kept}
    standing = _standing(lake, met, set(met.values()))
    known = {text.own_id for text in standing}
    groups: dict[str | None, dict[str, list[_Text]]] = defaultdict(lambda: defaultdict(list))  # address -> id -> texts
    for text in [*standing, *(text for text in texts if text.own_id in known or text.own_id in kept)]:
        groups[text.address][kept.get(text.own_id, text.own_id)].append(text)
    names: dict[str, str] = {}
    for text in texts:
        if text.own_id in known or text.own_id in kept or text.own_id in names:
            continue
        group = groups[text.address]
        alike = (name for name, others in group.items() if any(text.is_like(other, lake) for other in others))
        name = next(alike, text.own_id)
        names[text.own_id] = name
        group[name].append(text)
    return {own_id: name for own_id, name in names.items() if own_id != name}


def _standing(lake: Lake, ids: Collection[str], addresses: Collection[str]) -> list[_Text]:
    """The documents of the lake with one of these ids or addresses, in order of their ids; `address` may be null."""
    found: list[_Text] = []
    sources = {address.partition("\n")[0] for address in addresses}
    for partition in lake.partitions():
        if partition.source in sources:
            rows = lake.read("documents", partition, _COLUMNS)
            rows = rows.filter(
                pc.or_(
                    pc.is_in(rows["document_id"], value_set=pa.array(ids, pa.string())),
                    pc.fill_null(pc.is_in(_addresses(rows), value_set=pa.array(addresses, pa.string())), False),
                )
            )
            found += _texts(rows, partition)
    return sorted(found, key=lambda text: text.own_id)

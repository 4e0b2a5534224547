"""One batch of text into one fragment: Arrow files of the tables' rows, and what could not be parsed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from storage.files import storing
from storage.records import Finding
from tasks import encoding, formats
from tasks.aliases import named_file, read_aliases
from tasks.cut import Batch, Slice
from tasks.document import Document
from tasks.formats.blocks import fold
from tasks.fragment import Fragment, write_fragment
from tasks.origin import Origin
from tasks.places import find_following, in_bytes
from tasks.tabulate import tabulate
from tasks.told import tell


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a person said of documents that do not tell their own, and the run that reads them."""

    run_id: str
    started_at: dt.datetime
    source: str | None = None
    language: str | None = None
    date: dt.date | None = None
    format: str | None = None  # that was asked for, whatever the text looks like
    aliases: str | None = field(default_factory=named_file)


def parse_batch(batch: Batch, defaults: Defaults) -> list[Fragment]:
    """Parse every document of a batch and write its rows beside the batch file, which is removed.

    A document that is cut off, or that the parser fails on, is reported as a finding and adds no rows.

    Returns:
        One fragment, in which no document id stands twice; a document met again in the same batch goes to a second
        fragment, and so on, so that whoever works on a fragment may name documents by their ids.
    """
    documents: list[Document] = []
    findings: list[Finding] = []
    met = Counter[str]()
    with storing(batch.path):
        data = batch.path.read_bytes()
    at = 0
    for piece in batch.slices:
        own = data[at : at + piece.length]
        at += piece.length
        met[piece.dump.record.dump_sha256] += _parse_slice(piece, own, defaults, documents, findings)
    del data
    tables, faults = tabulate(documents)
    uris = {piece.dump.record.dump_sha256: piece.dump.record.uri for piece in batch.slices}
    for number, error in faults.items():
        document = documents[number]
        uri, end = uris[document.origin.dump_sha256], document.base + len(document.data)
        findings.append(_finding(_failed(error), None, document.origin, uri, document.base, end))
    fragments = [write_fragment(batch.path.with_suffix(f".{number}"), each) for number, each in enumerate(tables)]
    with storing(batch.path):
        batch.path.unlink()
    fragments[0] = replace(fragments[0], documents=met.total(), findings=tuple(findings), met=met)
    return fragments


def _parse_slice(
    piece: Slice, data: bytes, defaults: Defaults, documents: list[Document], findings: list[Finding]
) -> int:
    record = piece.dump.record
    assert piece.dump.format
    assert record.rendition_sha256
    format_ = formats.FORMATS[piece.dump.format]
    told = tell(record, defaults.date, defaults.source, defaults.language)
    origin = Origin(
        source_id=format_.SOURCE or None,
        language=format_.LANGUAGE or None,
        time_zone=format_.TIME_ZONE or told.time_zone,
        parser=f"{format_.NAME}/{format_.VERSION}",
        dump_sha256=record.dump_sha256,
        rendition_sha256=record.rendition_sha256,
        run_id=defaults.run_id,
        ingested_at=defaults.started_at,
        told=told,
        aliases=read_aliases(defaults.aliases),
    )
    text, unsure = data.decode(), encoding.doubts_of(record.derivation)
    spans = format_.split(text)
    places = in_bytes(np.array(spans, np.int64).reshape(-1, 2), find_following(np.frombuffer(data, np.uint8)))
    for (start, end), (first, last) in zip(spans, places.tolist(), strict=True):
        body, byte, byte_end = text[start:end], piece.byte_start + first, piece.byte_start + last
        try:
            blocks = format_.parse(body)
        except Exception as error:  # noqa: BLE001 - a parser's bug costs the document it stumbled on, never the run
            findings.append(_finding(_failed(error), None, origin, record.uri, byte, byte_end))
        else:
            if format_.is_complete(blocks):
                doubts = [*formats.doubts_of(format_, body), *unsure]
                documents.append(Document(body, blocks, byte, origin, doubts, data[first:last]))
            else:
                title = next((fold(body[block.start : block.end]) for block in blocks if block.kind == "title"), None)
                findings.append(_finding(_cut_off(body), title, origin, record.uri, byte, byte_end))
    return len(spans)


Problem = tuple[str, str, str]  # rule, observed value and reason


def _failed(error: Exception) -> Problem:
    reason = "the parser failed on this document: report it with the excerpt"
    return "document.parses", f"{type(error).__name__}: {error}"[:200], reason


def _cut_off(text: str) -> Problem:
    observed = f"ends in {fold(text[-120:])!r}"[:200]
    return "document.is_complete", observed, "the page is cut off: fetch or export it again"


def _finding(problem: Problem, title: str | None, origin: Origin, uri: str, start: int, end: int) -> Finding:
    rule, observed, reason = problem
    held = f"{origin.rendition_sha256[:16]}-{start}"
    return Finding(
        held,
        None,
        rule,
        observed,
        reason,
        title,
        uri,
        origin.dump_sha256,
        origin.rendition_sha256,
        start,
        end,
        origin.parser,
    )

"""Documents that their source has removed: their rows stay, the ledger says that they are gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from storage import ledger
from storage.lake import Lake
from storage.records import Run, Version


def withdraw(run: Run, lake: Lake, reasons: Mapping[str, str], seen_at: dt.datetime) -> list[str]:
    """Note in a run that documents are withdrawn; it becomes true with the commit of the run.

    What was published stays in the tables: it was said, and the raw store proves it. Documents that the lake does not
    hold are passed over, and so are those that are withdrawn already or were met later than `seen_at`.

    Args:
        run: the run at work; its `versions` grow, and `counts["withdrawn"]` gives the reason for each document.
        lake: what there is.
        reasons: document id -> why it is taken for removed: `HTTP 410`, `gone from the list three times`.
        seen_at: when the source said so.

    Returns:
        The documents that are withdrawn by this, in order.
    """
    versions = ledger.read(lake, "versions")
    own = versions.filter(pc.is_in(versions["document_id"], pa.array(sorted(reasons), pa.string())))
    last = {row["document_id"]: row["seen_at"] for row in own.sort_by("seen_at").to_pylist()}
    gone, known = ledger.withdrawn(lake), lake.known_documents({one.source for one in lake.partitions()}, reasons)
    met = {document.document_id for document in run.versions}
    found = [
        document
        for document in sorted(reasons)
        if document in known and document not in met and document not in gone and last.get(document, seen_at) < seen_at
    ]
    run.versions += [
        Version(document, known[document].content_sha256, known[document].dump_sha256, seen_at, "withdrawn")
        for document in found
    ]
    if found:
        run.counts["withdrawn"] = {document: reasons[document] for document in found}
    return found

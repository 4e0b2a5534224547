"""What the report tells, as plain values: the runs, the checks, the quarantine, and the documents of a partition."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from expectations.envelopes import ENVELOPES
from expectations.suites import BY_ID
from flows.quarantine import list_held, mark_fault
from storage import ledger
from storage.lake import Lake, Partition
from storage.parquet import read_rows
from storage.people_schemas import SPEAKERS
from storage.schemas import TABLES

RUNS = 50  # told one by one
QUALITY_RUNS = 12  # columns of the table of rules
QUARANTINED = 300  # told with their excerpts
PICTURED_RUNS = 6
PICTURED_DUMPS = 3  # of each
PAGE_BYTES = 700_000  # of text on the page of a document; the markup around it stays below the same again

Row = dict[str, Any]


def read_runs(lake: Lake) -> list[Row]:
    """All runs, latest first, with what they read, what became of it, and what a person said."""
    inputs: dict[str, list[Row]] = defaultdict(list)
    for row in ledger.read(lake, "inputs").to_pylist():
        inputs[row["run_id"]].append(row)
    runs = []
    for row in reversed(ledger.read(lake, "runs").to_pylist()):
        counts, parameters = json.loads(row["counts"]), json.loads(row["parameters"])
        runs.append(
            {
                **row,
                "counts": counts,
                "started_at": f"{row['started_at']:%Y-%m-%d %H:%M:%S} UTC",
                "started": f"{row['started_at']:%m-%d %H:%M}",
                "seconds": round((row["ended_at"] - row["started_at"]).total_seconds(), 1) if row["ended_at"] else "–",
                "inputs": [record["uri"] for record in inputs[row["run_id"]]],
                "dumps": inputs[row["run_id"]],
                "rows": ", ".join(f"{count:,} {table}" for table, count in counts.get("rows", {}).items() if count),
                "said": [(name, value) for name, value in parameters.items() if value and name != "inputs"],
                "unusual": counts.get("outside_envelope", []),
                "fetched": _tell_visit(counts.get("fetch", {})),
            }
        )
    return runs


def _tell_visit(visit: Row) -> str:
    """What a visit to a source brought, and why it ended early, where it did."""
    told = [f"{value:,} {name.replace('_', ' ')}" for name, value in visit.items() if isinstance(value, int) and value]
    return "; ".join([", ".join(told), *(visit[name] for name in ("stopped", "doubt") if visit.get(name))])


def count_steps(run: Row) -> list[tuple[str, int]]:
    """From dumps to rows, for the funnel of a run: the documents at each step."""
    documents = run["counts"].get("documents", {})
    steps = [("documents", documents.get("read", 0))]
    steps += [(name, documents[name]) for name in ("published", "unchanged", "quarantined") if name in documents]
    return steps if documents else []


def read_quality(lake: Lake, runs: list[Row]) -> tuple[list[Row], list[Row], int, list[tuple[str, int, str]]]:
    """The last runs with verdicts, oldest first; rules that were broken in them, how many hold, failures by run."""
    failed: dict[str, dict[str, int]] = defaultdict(dict)
    severities = {}
    for rows in islice(ledger.newest_first(lake, "verdicts"), QUALITY_RUNS):
        for row in rows.to_pylist():
            failed[row["run_id"]][row["rule_id"]] = row["failed"]
            severities[row["rule_id"]] = row["severity"]
    columns = [run for run in runs if run["run_id"] in failed][::-1]
    broken = []
    for rule_id in sorted(severities, key=lambda rule_id: (severities[rule_id], rule_id)):
        by_run = [failed[run["run_id"]].get(rule_id) for run in columns]
        if any(by_run):
            rule = BY_ID.get(rule_id) or ENVELOPES.get(rule_id.partition(".")[2])
            reason = rule.reason if rule else ""
            broken.append({"rule_id": rule_id, "severity": severities[rule_id], "reason": reason, "failed": by_run})
    points = []
    for number, run in enumerate(columns, start=1):
        sums: Counter[str] = Counter()
        for rule_id, count in failed[run["run_id"]].items():
            sums[severities[rule_id]] += count
        points += [(f"{number}. {run['started']}", sums[severity], severity) for severity in ("critical", "warning")]
    return columns, broken, len(severities) - len(broken), points


def read_quarantine(lake: Lake) -> tuple[list[Row], int, dict[str, int]]:
    """The first entries with their excerpts, how many there are, and how many each rule holds."""
    held = list_held(lake)
    rules = Counter(rule for entry in held for rule in entry["rules"])
    findings: dict[str, list[Row]] = defaultdict(list)
    shown = {entry["quarantine_id"] for entry in held[:QUARANTINED]}
    for row in ledger.open_findings(lake):
        if row["quarantine_id"] in shown:
            findings[row["quarantine_id"]].append({**row, **mark_fault(lake, row)})
    entries = [{**entry, "findings": findings[entry["quarantine_id"]]} for entry in held[:QUARANTINED]]
    return entries, len(held), dict(rules.most_common())


def read_documents(lake: Lake, partition: Partition) -> Iterator[tuple[Row, dict[str, list[Row]]]]:
    """The documents of a partition, each with its rows of every other table."""
    rows: dict[str, dict[str, list[Row]]] = {}
    for table in TABLES:
        if table != "documents":
            rows[table] = defaultdict(list)
            for row in lake.read(table, partition).to_pylist():
                rows[table][row["document_id"]].append(row)
    for document in lake.read("documents", partition).to_pylist():
        yield document, {table: by_id[document["document_id"]] for table, by_id in rows.items()}


def read_names(lake: Lake) -> dict[str, str]:
    """The name of each person who speaks, by id: one person is printed in many ways."""
    rows = read_rows(lake.speakers, SPEAKERS, ["speaker_id", "name"])
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def to_parts(rows: dict[str, list[Row]]) -> tuple[list[Row], int]:
    """The running text in reading form: turns with their paragraphs, text outside speech between them.

    Returns:
        The parts, and how many paragraphs were left out because a page of them would be too long.
    """
    turns = {row["turn_id"]: row for row in rows["turns"]}
    parts: list[Row] = []
    size = 0
    for number, paragraph in enumerate(rows["paragraphs"]):
        size += len(paragraph["text"].encode()) + 60
        if size > PAGE_BYTES:
            return parts, len(rows["paragraphs"]) - number
        turn = turns.pop(paragraph["turn_id"], None)
        if turn or not parts or (paragraph["turn_id"] is None) != (parts[-1]["turn_id"] is None):
            parts.append({"turn": turn, "turn_id": paragraph["turn_id"], "paragraphs": []})
        parts[-1]["paragraphs"].append(paragraph)
    return parts, 0


def to_extras(rows: dict[str, list[Row]]) -> list[tuple[str, list[Row]]]:
    """Tags, links and photos as lines of words, each with its span."""

    def lines(table: str, *columns: str) -> list[Row]:
        return [
            {**row, "words": " · ".join(str(row[name]) for name in columns if row[name] is not None)}
            for row in rows[table]
        ]

    return [
        ("Tags", lines("tags", "facet", "value")),
        ("Links", lines("links", "title", "date_label", "url")),
        ("Photos", lines("photos", "caption", "credit")),
    ]


def picture_lineage(lake: Lake, runs: list[Row]) -> tuple[list[Any], list[tuple[int, int, int, int]], int]:
    """Boxes and links of the picture from dumps through runs to tables: columns, edges and height."""
    written = (
        (rows["run_id"][0].as_py(), [table for table in rows["table"].unique().to_pylist() if table in TABLES])
        for rows in ledger.newest_first(lake, "outputs")
    )
    wrote = dict(islice(((run_id, tables) for run_id, tables in written if tables), PICTURED_RUNS))
    shown = [run for run in runs if run["run_id"] in wrote]
    dumps: dict[str, Row] = {}
    for run in shown:
        for record in run["dumps"][:PICTURED_DUMPS]:
            dumps.setdefault(record["dump_sha256"], record)
    step, top = 44, 24
    y_of = {
        **{sha256: top + step * number for number, sha256 in enumerate(dumps)},
        **{run["run_id"]: top + step * number for number, run in enumerate(shown)},
        **{table: top + step * number for number, table in enumerate(TABLES)},
    }
    columns = [
        (
            "Dumps", 0,
            [(y_of[key], row["uri"].rsplit("/", 1)[-1], f"{row['bytes']:,} bytes") for key, row in dumps.items()],
        ),
        ("Runs", 265, [(y_of[run["run_id"]], run["started_at"], _count_dumps(run)) for run in shown]),
        ("Tables", 530, [(y_of[table], table, _count(lake, table)) for table in TABLES]),
    ]  # fmt: skip
    edges = []
    for run in shown:
        y = y_of[run["run_id"]] + 17
        edges += [(190, y_of[row["dump_sha256"]] + 17, 265, y) for row in run["dumps"][:PICTURED_DUMPS]]
        edges += [(455, y, 530, y_of[table] + 17) for table in wrote[run["run_id"]]]
    return columns, edges, top + step * max(len(dumps), len(shown), len(TABLES))


def _count_dumps(run: Row) -> str:
    count, more = len(run["dumps"]), len(run["dumps"]) - PICTURED_DUMPS
    return f"{count} dumps, {more} not shown" if more > 0 else str(run["run_id"][:18])


def _count(lake: Lake, table: str) -> str:
    import pyarrow.parquet as pq

    files = [lake.file(table, partition) for partition in lake.partitions()]
    return f"{sum(pq.read_metadata(path).num_rows for path in files if path.exists()):,} rows"

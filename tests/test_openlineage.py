"""OpenLineage events: all that the specification requires, exact in their sums, sent only where somebody listens."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from storage import column_lineage, openlineage, openlineage_facets
from storage.records import Input, Output, Run, Verdict
from storage.schemas import PUBLISHED
from tasks.formats.blocks import FURNITURE, KINDS, PARAGRAPH_KINDS
from tests.support import PATIENCE_SECONDS

Json = dict[str, Any]

EVENT_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
# A facet names the schema that it keeps: `…/facets/1-0-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet`.
FACET_SCHEMA_RE = re.compile(r"https://openlineage\.io/spec/facets/\d+-\d+-\d+/(\w+)\.json#/\$defs/\w+")

STARTED = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
SHA = "ab" * 32


def find_facets(value: object) -> Iterator[tuple[str, Json]]:
    """Every facet of an event with its name, wherever it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"facets", "inputFacets", "outputFacets"}:
                yield from inner.items()
            yield from find_facets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from find_facets(inner)


def make_run(**changes: Any) -> Run:
    run = Run(
        run_id="6f1c2a52-5a49-4a0e-9d0f-3f1f43f8f3a1",
        flow="ingest",
        started_at=STARTED,
        parameters={"inputs": ["/data/a.txt"], "source": None, "format": "kremlin-text"},
        code_version="0.1.0 (git 0123abc4567)",
        packages={"python": "3.11.7"},
        ended_at=STARTED + dt.timedelta(seconds=5),
        status="completed",
        inputs=[
            Input(SHA, "/data/a.txt", 700, "text/plain", {}),
            Input("cd" * 32, "https://user:secret@example.org/events/7?page=2", 41, "text/html", {}),
        ],
        outputs=[
            Output("turns", "source=kremlin/year=2022", "turns/source=kremlin/year=2022/part-0.parquet", 5, 100, SHA),
            Output("turns", "source=kremlin/year=2023", "turns/source=kremlin/year=2023/part-0.parquet", 8, 250, SHA),
            Output("turns", "source=kremlin/year=2021", "turns/source=kremlin/year=2021/part-0.parquet", 0, 0, ""),
            Output("documents", "source=kremlin/year=2023", "documents/…/part-0.parquet", 4, 90, SHA),
            Output("blocks", "source=kremlin/year=2023", "_lineage/blocks/kremlin-2023.parquet", 300, 80, SHA),
        ],
        verdicts=[
            Verdict("turns.text.present", "turns", "text", "critical", 13, 0, True),
            Verdict("turns.speaker.known", "turns", "speaker_name", "warning", 12, 2, False),
            Verdict("batch.documents.found", "batch", None, "critical", 4, 0, True),
        ],
    )
    return replace(run, **changes)


def final(run: Run, lake: str = "/lake", parent: openlineage.Parent | None = None) -> Json:
    (event,) = openlineage.final_events(run, lake, parent)
    return as_json(event)


def as_json(event: Any) -> Json:
    (line,) = openlineage.to_ndjson([event]).splitlines()
    parsed: Json = json.loads(line)
    return parsed


def output(event: Json, table: str) -> Json:
    found: list[Json] = [item for item in event["outputs"] if item["name"].endswith(f"/{table}")]
    (only,) = found
    return only


@pytest.fixture(autouse=True)
def _no_transport(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the machine has configured, these tests send to nobody but themselves."""
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


EVENTS = {
    "start": lambda: openlineage.start_event(make_run(ended_at=None, status="running", outputs=[], inputs=[]), "/lake"),
    "complete": lambda: openlineage.final_events(make_run(), "/lake")[0],
    "quarantine": lambda: openlineage.final_events(make_run(status="completed_with_quarantine"), "/lake")[0],
    "failed": lambda: openlineage.final_events(make_run(status="failed", error="disk full", outputs=[]), "/lake")[0],
    "s3": lambda: openlineage.final_events(make_run(), "s3://bucket/lake")[0],
    "parent": lambda: openlineage.start_event(
        make_run(), "/lake", openlineage.Parent("0b6a9c57-9e7e-4f0c-8f0e-4d8b0b3f6a01", "nightly", scheduled_at=STARTED)
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_event_and_facets_have_what_the_specification_requires(name: str) -> None:
    event = as_json(EVENTS[name]())
    assert event["schemaURL"] == EVENT_SCHEMA
    assert set(event) >= {"eventTime", "eventType", "producer", "schemaURL", "run", "job"}
    assert dt.datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    assert all(event["job"][key] for key in ("namespace", "name"))
    for dataset in (*event.get("inputs", ()), *event.get("outputs", ())):
        assert all(dataset[key] for key in ("namespace", "name"))
    found = list(find_facets(event))
    assert len(found) >= 7
    for key, facet in found:
        assert facet["_producer"] == openlineage_facets.PRODUCER == event["producer"], key
        told = FACET_SCHEMA_RE.match(facet["_schemaURL"])
        assert told, facet["_schemaURL"]
        # the facet stands under the key that its schema is named after: `outputStatistics`, `processing_engine`
        assert key.replace("_", "").lower() in told[1].lower(), (key, told[1])


def test_start_has_a_partner() -> None:
    run = make_run()
    start, end = as_json(openlineage.start_event(run, "/lake")), final(run)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert (start["eventTime"], end["eventTime"]) == ("2026-03-01T06:30:00.000000Z", "2026-03-01T06:30:05.000000Z")
    assert start["run"]["runId"] == end["run"]["runId"] == run.run_id
    assert start["run"]["facets"]["parent"] == end["run"]["facets"]["parent"]
    assert start["job"] == end["job"]
    assert (start["job"]["namespace"], start["job"]["name"]) == ("stenolake", "ingest")


def test_start_tells_nothing_that_only_the_end_knows() -> None:
    at_the_end = make_run()
    fresh = make_run(ended_at=None, status="running", inputs=[], outputs=[], verdicts=[])
    first, again = (openlineage.to_ndjson([openlineage.start_event(run, "/lake")]) for run in (fresh, at_the_end))
    assert first == again


@pytest.mark.parametrize(
    ("status", "state"),
    [("completed", "COMPLETE"), ("completed_with_quarantine", "COMPLETE"), ("refused", "FAIL"), ("failed", "FAIL")],
)
def test_state_follows_status(status: str, state: str) -> None:
    event = final(make_run(status=status, error="no space"))
    assert event["eventType"] == state
    messages = {"message": "no space", "programmingLanguage": "PYTHON"}
    facet = event["run"]["facets"].get("errorMessage")
    assert ({key: facet[key] for key in messages} if facet else None) == (messages if state == "FAIL" else None)


def test_a_running_or_unknown_run_has_no_end() -> None:
    with pytest.raises(ValueError, match="status `running` ends no run"):
        openlineage.final_events(make_run(status="running"), "/lake")
    with pytest.raises(ValueError, match="COMPLETE needs the time"):
        openlineage.final_events(make_run(ended_at=None), "/lake")
    with pytest.raises(ValueError, match="badly formed"):
        openlineage.start_event(make_run(run_id="run-1"), "/lake")


def test_output_sums_and_partitions_are_exact() -> None:
    event = final(make_run())
    assert [item["name"] for item in event["outputs"]] == ["/lake/turns", "/lake/documents"]  # and no `blocks`
    turns = output(event, "turns")
    statistics = turns["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"], statistics["fileCount"]) == (13, 350, 2)
    assert turns["outputFacets"]["subset"]["outputCondition"] == {
        "type": "partition",
        "partitions": [
            {"identifier": f"source=kremlin/year={year}", "dimensions": {"source": "kremlin", "year": year}}
            for year in (2021, 2022, 2023)
        ],
    }
    assert turns["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert (
        turns["facets"]["documentation"]["description"] == "One row a turn: what one speaker says until another speaks."
    )


def test_assertions_come_from_verdicts() -> None:
    event = final(make_run())
    facets = output(event, "turns")["facets"]
    assert facets["dataQualityMetrics"]["rowCount"] == 13
    common = {"expected": "0 rows break it"}
    assert facets["dataQualityAssertions"]["assertions"] == [
        {
            **common,
            "assertion": "turns.text.present",
            "success": True,
            "column": "text",
            "severity": "error",
            "actual": "0 of 13 rows break it",
            "params": {"rows": 13, "failed": 0},
        },
        {
            **common,
            "assertion": "turns.speaker.known",
            "success": False,
            "column": "speaker_name",
            "severity": "warn",
            "actual": "2 of 12 rows break it",
            "params": {"rows": 12, "failed": 2},
        },
    ]
    assert "dataQualityAssertions" not in output(event, "documents")["facets"]
    (batch,) = event["run"]["facets"]["test"]["tests"]
    assert (batch["name"], batch["status"], batch["type"]) == ("batch.documents.found", "pass", "batch")


def test_refused_run_tells_what_was_judged_and_claims_no_rows() -> None:
    event = final(make_run(status="refused", outputs=[]))
    turns = output(event, "turns")
    assert turns["outputFacets"] == {}
    assert not {"lifecycleStateChange", "columnLineage"} & turns["facets"].keys()
    assert len(turns["facets"]["dataQualityAssertions"]["assertions"]) == 2


def test_schema_facet_is_the_schema() -> None:
    fields = output(final(make_run()), "documents")["facets"]["schema"]["fields"]
    assert [(f["name"], f["type"], f["description"]) for f in fields] == [
        (column.name, str(column.type), column.metadata[b"description"].decode()) for column in PUBLISHED["documents"]
    ]
    assert [f["ordinal_position"] for f in fields] == list(range(1, len(fields) + 1))


@pytest.mark.parametrize("table", PUBLISHED)
def test_column_lineage_covers_every_column(table: str) -> None:
    mapped = set(column_lineage.COLUMNS[table])
    assert mapped | column_lineage.RUN_COLUMNS >= set(PUBLISHED[table].names)
    assert mapped <= set(PUBLISHED[table].names) - column_lineage.RUN_COLUMNS


def test_column_lineage_knows_what_is_hashed_and_what_is_a_paragraph() -> None:
    assert set(column_lineage.BODY.split()) == PARAGRAPH_KINDS
    assert set(column_lineage.SAID.split()) == KINDS.keys() - FURNITURE


def test_column_lineage_starts_from_known_fields() -> None:
    assert set(column_lineage.list_dump_fields()) <= set(KINDS) | set(column_lineage.DUMP_FIELDS)
    assert not set(KINDS) & set(column_lineage.DUMP_FIELDS)
    event = final(make_run())
    raw = next(item for item in event["inputs"] if item["name"] == "/lake/_raw")
    known = {(raw["namespace"], raw["name"], field["name"]) for field in raw["facets"]["schema"]["fields"]}
    facet = output(event, "turns")["facets"]["columnLineage"]
    used = [field for column in facet["fields"].values() for field in column["inputFields"]] + facet["dataset"]
    assert {(field["namespace"], field["name"], field["field"]) for field in used} <= known
    assert {(t["type"], t["subtype"]) for field in used for t in field["transformations"]} <= {
        ("DIRECT", "TRANSFORMATION"),
        ("DIRECT", "AGGREGATION"),
        *(("INDIRECT", subtype) for subtype in ("CONDITIONAL", "WINDOW", "SORT", "FILTER")),
    }
    text = {f["field"]: [t["subtype"] for t in f["transformations"]] for f in facet["fields"]["text"]["inputFields"]}
    assert text == {"speech": ["TRANSFORMATION"], "speaker_label": ["CONDITIONAL"]}


def test_inputs_are_named_counted_and_free_of_passwords() -> None:
    event = final(make_run())
    assert [(item["namespace"], item["name"]) for item in event["inputs"]] == [
        ("file", "/data/a.txt"),
        ("https://example.org", "/events/7?page=2"),
        ("file", "/lake/_raw"),
    ]
    counts = [item["inputFacets"]["inputStatistics"] for item in event["inputs"]]
    assert [(count["size"], count["fileCount"]) for count in counts] == [(700, 1), (41, 1), (741, 2)]
    assert event["inputs"][0]["facets"]["version"]["datasetVersion"] == SHA
    assert "secret" not in json.dumps(event["inputs"])


def test_many_inputs_are_listed_by_folder() -> None:
    def dumps(count: int) -> list[Input]:
        return [Input(f"{n:064x}", f"/data/{n % 3}/{n}.txt", n, "text/plain", {}) for n in range(count)]

    limit = openlineage_facets.INPUT_LIMIT
    assert len(final(make_run(inputs=dumps(limit)))["inputs"]) == limit + 1
    listed = final(make_run(inputs=dumps(limit + 1)))["inputs"]
    assert [item["name"] for item in listed] == ["/data/0", "/data/1", "/data/2", "/lake/_raw"]
    counts = [item["inputFacets"]["inputStatistics"] for item in listed[:3]]
    assert sum(count["fileCount"] for count in counts) == limit + 1
    assert sum(count["size"] for count in counts) == sum(range(limit + 1))


def test_datasets_are_named_by_where_the_lake_is(tmp_path: Path) -> None:
    def named(lake: str) -> tuple[str, str]:
        turns = output(final(make_run(), lake), "turns")
        return turns["namespace"], turns["name"]

    assert named("/lake/") == named("file:///lake") == ("file", "/lake/turns")
    assert named("lake") == ("file", str(tmp_path / "lake" / "turns"))
    assert named("s3://bucket/my/lake") == ("s3://bucket", "my/lake/turns")


def test_run_and_job_say_who_and_what() -> None:
    event = final(make_run())
    engine = event["run"]["facets"]["processing_engine"]
    assert (engine["name"], engine["version"]) == ("stenolake", "0.1.0")
    source = event["job"]["facets"]["sourceCodeLocation"]
    assert (source["type"], source["version"], source["path"]) == ("git", "0123abc4567", "flows/ingest.py")
    kind = event["job"]["facets"]["jobType"]
    assert (kind["processingType"], kind["integration"], kind["jobType"]) == ("BATCH", "STENOLAKE", "FLOW")
    parameters = {item["key"]: item["value"] for item in event["run"]["facets"]["executionParameters"]["parameters"]}
    assert parameters == {"format": "kremlin-text", "inputs": '["/data/a.txt"]', "source": "null"}
    assert event["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2026-03-01T06:30:00.000000Z"


@pytest.mark.parametrize(
    ("code_version", "exact"),
    [
        ("0.1.0+0123abc", "0123abc"),
        ("0.1.0+g0123abcdef", "0123abcdef"),
        ("0.1.0", "0.1.0"),
        ("0.1.0 (dirty)", "0.1.0 (dirty)"),
    ],
)
def test_commit_is_read_from_the_code_version(code_version: str, exact: str) -> None:
    facets = final(make_run(code_version=code_version))["job"]["facets"]
    assert facets["sourceCodeLocation"]["version"] == exact
    assert " " not in facets["sourceCodeLocation"]["url"]


def test_parent_is_the_given_run_or_the_invocation() -> None:
    run = make_run()
    assumed = final(run)["run"]["facets"]["parent"]
    assert (assumed["job"]["namespace"], assumed["job"]["name"]) == ("stenolake", "stenolake")
    assert assumed["run"]["runId"] != run.run_id
    scheduled = dt.datetime(2026, 3, 1, 6, 0, tzinfo=dt.UTC)
    parent = openlineage.Parent("0b6a9c57-9e7e-4f0c-8f0e-4d8b0b3f6a01", "nightly", scheduled_at=scheduled)
    facets = final(run, parent=parent)["run"]["facets"]
    assert facets["parent"]["run"]["runId"] == facets["parent"]["root"]["run"]["runId"] == parent.run_id
    assert (facets["parent"]["job"]["namespace"], facets["parent"]["job"]["name"]) == ("prefect", "nightly")
    assert facets["nominalTime"]["nominalStartTime"] == "2026-03-01T06:00:00.000000Z"


def test_same_run_gives_the_same_bytes() -> None:
    run = make_run()
    first = openlineage.to_ndjson([openlineage.start_event(run, "/lake"), *openlineage.final_events(run, "/lake")])
    again = openlineage.to_ndjson([openlineage.start_event(run, "/lake"), *openlineage.final_events(run, "/lake")])
    assert first == again
    assert first.count(b"\n") == 2
    assert first.endswith(b"\n")
    assert openlineage.to_ndjson([]) == b""


# Sending


class Catalogue(ThreadingHTTPServer):
    """A loopback OpenLineage endpoint that keeps what it gets."""

    def __init__(self, status: int) -> None:
        self.status, self.got = status, list[tuple[str, Json]]()
        super().__init__(("127.0.0.1", 0), _Keep)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Keep(BaseHTTPRequestHandler):
    server: Catalogue

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def catalogue(request: pytest.FixtureRequest) -> Iterator[Catalogue]:
    server = Catalogue(getattr(request, "param", 201))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("way", ["url", "variables", "file"])
def test_events_reach_a_configured_catalogue(
    way: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if way == "url":
        monkeypatch.setenv("OPENLINEAGE_URL", catalogue.url)
    elif way == "variables":
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", catalogue.url)
    else:
        (tmp_path / "openlineage.yml").write_text(f"transport:\n  type: http\n  url: {catalogue.url}\n")
    before = dict(os.environ)
    run = make_run()
    events = [openlineage.start_event(run, "/lake"), *openlineage.final_events(run, "/lake")]
    kept = openlineage.to_ndjson(events)
    assert openlineage.send(events) is None
    assert [path for path, _ in catalogue.got] == ["/api/v1/lineage"] * 2
    assert [event["eventType"] for _, event in catalogue.got] == ["START", "COMPLETE"]
    for _, event in catalogue.got:
        event["run"]["facets"].pop("tags")  # the client's own
    assert [event for _, event in catalogue.got] == [json.loads(line) for line in kept.splitlines()]
    assert openlineage.to_ndjson(events) == kept
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("catalogue", [403], indirect=True)
def test_a_refusing_catalogue_is_a_warning(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", catalogue.url)
    run = make_run()
    warning = openlineage.send([openlineage.start_event(run, "/lake"), *openlineage.final_events(run, "/lake")])
    assert warning is not None
    assert warning.startswith("HTTPError: 403 ")
    assert "\n" not in warning
    assert len(catalogue.got) == 1  # the second was not tried
    assert capfd.readouterr() == ("", "")


def test_an_absent_catalogue_is_a_warning(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    with socket.create_server(("127.0.0.1", 0)) as closed:  # a port on which nobody will listen
        port = closed.getsockname()[1]
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 1, "backoff_factor": 0}')
    warning = openlineage.send([openlineage.start_event(make_run(), "/lake")])
    assert warning is not None
    assert warning.startswith("ConnectionError: ")
    assert capfd.readouterr() == ("", "")


def test_a_wrong_configuration_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "pigeon")
    assert openlineage.send([openlineage.start_event(make_run(), "/lake")]) is not None


def test_disabled_sends_nothing(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", catalogue.url)
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert openlineage.send([openlineage.start_event(make_run(), "/lake")]) is None
    assert catalogue.got == []


@pytest.mark.parametrize(
    "config", [None, "facets:\n  environment_variables: []\n"], ids=["none", "no transport in file"]
)
def test_unconfigured_prints_nothing(config: str | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if config:
        (tmp_path / "openlineage.yml").write_text(config)
    assert openlineage.send([openlineage.start_event(make_run(), "/lake")]) is None
    assert capfd.readouterr() == ("", "")


def test_the_client_is_imported_late() -> None:
    code = "import sys, storage.openlineage; sys.exit('openlineage' in sys.modules or 'requests' in sys.modules)"
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=PATIENCE_SECONDS)

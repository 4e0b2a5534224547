"""The report: complete, within its bounds, and deaf to whatever a hostile page brings along."""

from __future__ import annotations

import csv
import datetime as dt
import html.parser
import re
from collections import Counter
from pathlib import Path

import pytest

from flows import artifacts
from flows.charts import draw_bars
from flows.report import build_report, place_report
from storage import ledger
from storage.commit import commit
from storage.exchange import CannotExchangeError, exchange
from storage.lake import SORT_KEYS, Lake, Partition
from storage.merge import strand_of
from storage.records import Finding, Run
from storage.schemas import LINEAGE, TABLES
from tests.expectations import builder
from tests.support import Command, page, write

CSP = "default-src 'none'; style-src 'sha256-"

_TAGS = [
    "<script>alert({n})</script>",
    "<img src=x onerror=alert({n})>",
    "<svg onload=alert({n})>",
    "<iframe src=//evil.example/{n}>",
    "</title><script>alert({n})</script>",
    "</pre></mark><script src=//evil.example/{n}></script>",
    "<a href=javascript:alert({n})>x</a>",
    "<style>@import '//evil.example/{n}'</style>",
    "<link rel=stylesheet href=//evil.example/{n}>",
    "<meta http-equiv=refresh content=0>{n}",
    "<object data=//evil.example/{n}>",
    "<form action=//evil.example/{n}><input autofocus onfocus=alert(1)>",
    "<base href=//evil.example/{n}>",
    "<body onload=alert({n})>",
    "<details open ontoggle=alert({n})>",
    "<math><mtext><script>alert({n})</script>",
    "<!--{n}--><script>1</script>",
    '"><script>alert({n})</script>',
    "' onmouseover='alert({n})",
    '" autofocus onfocus="alert({n})',
]
_TEXTS = [
    "javascript:alert({n})",
    "data:text/html,<script>alert({n})</script>",
    "vbscript:msgbox({n})",
    "[x](javascript:alert({n}))",
    "![x](//evil.example/{n})",
    "| a | b | {n} |",
    "`<script>{n}</script>`",
    "{{{{ {n} }}}}",
    "{{% include {n} %}}",
    "${{alert({n})}}",
    '=HYPERLINK("//evil.example/{n}")',
    "+cmd|' /C calc'!A{n}",
    "-2+3+cmd|' /C calc'!A{n}",
    "@SUM({n}*9)",
    "\t=1+{n}",
    "\x1b[31m{n}\x1b[0m",
    "line{n}\r\nINFO forged",
    "\u202e{n}\u2066gpj.exe",
    "&lt;script&gt;alert({n})&lt;/script&gt;",
    "%3Cscript%3E{n}",
]
PAYLOADS = [text.format(n=number) for number in range(3) for text in (*_TAGS, *_TEXTS)]


ACTIVE = set("script iframe object embed form base img image use foreignobject input math".split())


class Reader(html.parser.HTMLParser):
    """Collects what a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        elif tag == "meta" and values.get("http-equiv"):
            self.active.append(f"meta {values}")
        if tag in {
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "base",
            "img",
            "image",
            "use",
            "foreignobject",
            "input",
        }:
            self.active.append(tag)
        for name, value in attrs:
            target = (value or "").strip().lower()
            if name.startswith("on") or name == "style":
                self.active.append(f"{tag} {name}={value}")
            elif tag == "link":
                if target not in {"icon", "data:,"}:
                    self.active.append(f"link {target}")
            elif name in {"href", "src", "xlink:href"} and re.match(r"\s*(?!https?://)(?:[a-z]+:|//)", target):
                self.active.append(f"{tag} {name}={value}")


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    return reader


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a lake in which every text of every row is a payload, and so is every finding."""
    lake = Lake(tmp_path_factory.mktemp("hostile") / "lake")
    rows = builder.rows(documents=len(PAYLOADS))
    for name in TABLES:
        table = rows[name]
        texts = [
            f.name for f in TABLES[name] if str(f.type) == "string" and not f.name.endswith(("_id", "sha256", "kind"))
        ]
        for row in table:
            payload = PAYLOADS[int(str(row["document_id"]), 16)]
            row.update({column: payload for column in texts if column in row})
    partition = Partition("kremlin", 2023)
    staging = lake.staging / "run"
    staging.mkdir(parents=True)
    tables = {**builder.to_tables(rows), "blocks": LINEAGE["blocks"].empty_table()}
    moves = lake.stage(partition, lambda table: [strand_of(tables[table], SORT_KEYS[table])], [], staging)
    run = Run(builder.RUN, "ingest", dt.datetime.now(dt.UTC), {"source": PAYLOADS[0]}, PAYLOADS[0], {})
    run.ended_at, run.status = run.started_at, "completed_with_quarantine"
    run.counts = {"outside_envelope": PAYLOADS, "documents": {"read": 1, "published": 1}}
    run.findings = [
        Finding(f"{n:016x}-0", None, "document.parses", text, text, text, text, "a" * 64, None, 0, 1, None)
        for n, text in enumerate(PAYLOADS)
    ]
    commit(lake.root, staging, [*moves, *ledger.stage(lake, run, b"", staging)])
    folder = lake.root.parent / "report"
    folder.mkdir()
    build_report(lake, folder)
    return folder


def test_no_payload_is_active_in_any_page(hostile: Path) -> None:
    assert len(PAYLOADS) >= 100
    pages = sorted(hostile.rglob("*.html"))
    assert len(pages) > len(PAYLOADS)
    found = {path.name: reader.active for path in pages if (reader := read(path)).active}
    assert found == {}
    for path in pages:
        text = path.read_text("utf-8")
        assert CSP in text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)


def test_no_payload_is_active_in_the_table(hostile: Path) -> None:
    with (hostile / "documents.csv").open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")] == []
    assert not any("\x1b" in cell or "\n" in cell for cell in cells)


@pytest.mark.parametrize("payload", PAYLOADS[:40])
def test_no_payload_is_active_in_an_artifact(payload: str) -> None:
    shown = re.sub(r"\\.", "", artifacts.escape(payload))
    assert not re.search(r"[<>\[\]`|*\n\x1b\u202e]", shown)


@pytest.mark.parametrize("payload", PAYLOADS[:40])
def test_no_payload_is_active_in_a_chart(payload: str) -> None:
    chart = draw_bars("payloads", ("name", "count"), [(payload, 1)], lying=True)
    assert chart
    reader = Reader()
    reader.feed(str(chart.svg))
    assert reader.active == []


def test_terminal_shows_no_control_characters(stenolake: Command, tmp_path: Path) -> None:
    lake, dump = tmp_path / "lake", page(1) + page(2, "Torn \x1b[31mpage", "Publication status: ask.\x1b[2J")
    stenolake("ingest", write(tmp_path, "a.txt", dump), "--lake", lake)
    said = stenolake("quarantine", "list", "--lake", lake)
    assert "\x1b" not in said.out
    shown = stenolake("quarantine", "show", said.out.split()[0], "--lake", lake)
    assert shown.code == 0
    assert "\x1b" not in shown.out


def test_report_tells_the_sample(stenolake: Command, sample_lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    said = stenolake("report", "--lake", sample_lake, "--out", out, "--json")
    assert (said.code, said.json["largest_bytes"] < 1_000_000) == (0, True)
    documents = sorted((out / "documents").rglob("*.html"))
    table = (out / "documents.csv").read_text("utf-8").splitlines()
    assert len(documents) == len(list(csv.DictReader(table)))
    for file in ("index.html", "documents.html", "coverage.html", "runs.html", "quality.html", "quarantine.html"):
        assert read(out / file).active == []
    for path in out.rglob("*.html"):  # every link inside leads somewhere
        for target in re.findall(r'href="([^"#:,]+)["#]', path.read_text("utf-8")):
            assert (path.parent / target).exists(), (path, target)
    lake = Lake(sample_lake)
    days = {row["event_date"] for row in csv.DictReader(table)}
    squares = re.findall(r"M\d+ \d+h10v10h-10z", (out / "coverage.html").read_text("utf-8"))
    assert len(squares) == len(days)
    (partition, *_) = lake.partitions()
    text = "".join(path.read_text("utf-8") for path in documents)
    for turn in lake.read("turns", partition).to_pylist():
        assert f'{turn["turn_id"]} · <span class="span">{turn["byte_start"]}–{turn["byte_end"]}</span>' in text
    assert stenolake("report", "--lake", sample_lake, "--out", out).code == 0  # again, over the old one
    assert stenolake("verify", "--lake", sample_lake).code == 0


def test_a_person_who_is_printed_in_two_ways_is_one(sample_lake: Path, tmp_path: Path) -> None:
    printed = Counter[str]()
    for partition in Lake(sample_lake).partitions():
        printed.update(Lake(sample_lake).read("turns", partition)["speaker_name"].drop_null().to_pylist())
    folder = tmp_path / "report"
    folder.mkdir()
    build_report(Lake(sample_lake), folder)
    told = dict(re.findall(r"<tr><td>([^<]+)</td><td>(\d+)</td></tr>", (folder / "index.html").read_text("utf-8")))
    assert printed["HARALD STORR"]
    assert "HARALD STORR" not in told
    assert int(told["Harald Storr"]) == printed["Harald Storr"] + printed["HARALD STORR"]


def test_report_goes_nowhere_else(stenolake: Command, sample_lake: Path, tmp_path: Path) -> None:
    write(tmp_path, "mine.txt", "keep me")
    assert stenolake("report", "--lake", sample_lake, "--out", tmp_path).code == 2
    assert stenolake("report", "--lake", sample_lake, "--out", sample_lake / "report").code == 2
    assert (tmp_path / "mine.txt").exists()
    assert stenolake("report", "--lake", tmp_path / "none").code == 10


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_report_takes_the_place_of_the_one_before(
    sample_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    out = tmp_path / "report"
    place_report(sample_lake, out)
    write(out, "old.html", "a page of the report before")
    stood: list[bool] = []

    def swap(one: Path, other: Path) -> None:
        if not can_exchange:
            raise CannotExchangeError
        exchange(one, other)
        stood.append((other / "index.html").exists() and (one / "old.html").exists())

    monkeypatch.setattr("flows.report.exchange", swap)
    place_report(sample_lake, out)
    assert stood == ([True] if can_exchange else [])
    assert (out / "index.html").exists()
    assert not (out / "old.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_report_of_an_empty_lake(tmp_path: Path) -> None:
    (tmp_path / "lake" / "_raw").mkdir(parents=True)
    folder = tmp_path / "report"
    folder.mkdir()
    assert build_report(Lake(tmp_path / "lake"), folder).count == 6

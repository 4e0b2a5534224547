"""`stenolake report`: the lake as a folder of HTML that opens from disk, without a network and without a script.

What comes out of a dump is hostile text: Jinja escapes every value, control characters are shown and not sent, and
the content policy lets nothing in but the one style that stands in each page.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import json
import re
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows import report_data
from flows.charts import draw_bars
from flows.shown import reveal, tell, tell_json
from storage.errors import UsageError
from storage.exchange import CannotExchangeError, exchange
from storage.files import storing
from storage.lake import Lake

TOP_SPEAKERS = 15
LIST_ROWS = 2000  # on a page of documents
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_MARKER = "stenolake-report.json"  # tells a folder that may be replaced
_TEMPLATES = Path(__file__).parent / "templates"
_CSV = ("document_id", "event_date", "source_id", "language", "kind", "title", "turn_count", "word_count", "url")


def _show(value: Any) -> Any:
    """A value as it goes into a page: characters that nobody sees become a mark."""
    if isinstance(value, Markup) or value is None:
        return "" if value is None else value
    return reveal(value)


class Pages:
    """The pages of a report: made from templates, counted, written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.bytes, self.largest = folder, 0, 0, 0
        style = (_TEMPLATES / "style.css").read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, finalize=_show, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.tests["web"] = lambda url: bool(re.match(r"https?://[^\s<>\x22]+$", str(url)))
        self._environment.globals.update(style=Markup(style), style_hash=digest)  # our own file
        self.pictures: Any = self._environment.get_template("pictures.html").module

    def write(self, name: str, template: str, **values: Any) -> None:
        """Make one page."""
        root = "../" * name.count("/")
        text = self._environment.get_template(template).render(root=root, here=name, **values).encode()
        path = self.folder / name
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        self.count, self.bytes, self.largest = self.count + 1, self.bytes + len(text), max(self.largest, len(text))


def build_report(lake: Lake, folder: Path) -> Pages:
    """Write the report of a lake into an empty folder."""
    pages = Pages(folder)
    runs = report_data.read_runs(lake)
    _write_documents(lake, pages, runs)
    shown = [{**run, "funnel": _funnel(pages, run)} for run in runs[: report_data.RUNS]]
    pages.write("runs.html", "runs.html", runs=shown, run_count=len(runs))
    columns, broken, held, points = report_data.read_quality(lake, runs)
    chart = draw_bars("Rows that broke a rule, by run", ("run", "rows", "severity"), points, lying=True)
    pages.write("quality.html", "quality.html", columns=columns, broken=broken, held_rules=held, chart=chart)
    entries, total, rules = report_data.read_quarantine(lake)
    pages.write("quarantine.html", "quarantine.html", entries=entries, total=total, rules=rules)
    return pages


def _funnel(pages: Pages, run: dict[str, Any]) -> Any:
    steps = report_data.count_steps(run)
    return pages.pictures.funnel(steps, max(max(count for _, count in steps), 1)) if steps else ""


def _write_documents(lake: Lake, pages: Pages, runs: list[dict[str, Any]]) -> None:
    """The page of each document, their lists, the table of them for spreadsheets, and the first page."""
    sums: dict[str, Counter[Any]] = {
        name: Counter() for name in ("totals", "kinds", "turns", "speakers", "months", "days", "sources")
    }
    parts, days = [], []
    with (pages.folder / "documents.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(_CSV)
        for partition in lake.partitions():
            listed = []
            for document, rows in report_data.read_documents(lake, partition):
                listed.append(_write_document(pages, document, rows))
                table.writerow([_cell(document[name]) for name in _CSV])
                days.append(document["event_date"])
                _add(sums, document, rows)
            for first in range(0, len(listed), LIST_ROWS):
                some = listed[first : first + LIST_ROWS]
                number = f"-{first // LIST_ROWS + 1}" if len(listed) > LIST_ROWS else ""
                name = f"{partition.source} {partition.year}{number}"
                file = f"lists/{partition.source}-{partition.year}{number}.html"
                pages.write(file, "documents.html", part=name, rows=some, parts=[])
                parts.append((name, file, len(some)))
    pages.write("documents.html", "documents.html", part="", rows=[], parts=parts)
    pages.write(
        "coverage.html",
        "coverage.html",
        calendar=_calendar(sums["months"]),
        months=MONTHS,
        years=_draw_days(pages, sums["days"]),
    )
    pages.write(
        "index.html", "index.html",
        made_at=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        first=min(days, default=None), last=max(days, default=None),
        totals={**dict(sums["totals"]), "runs": len(runs)},
        charts=_charts(sums, report_data.read_names(lake)),
        lineage=pages.pictures.lineage(*report_data.picture_lineage(lake, runs)),
    )  # fmt: skip


def _write_document(pages: Pages, document: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    parts, left_out = report_data.to_parts(rows)
    file = f"documents/{document['document_id'][:2]}/{document['document_id']}.html"
    extras = report_data.to_extras(rows)
    pages.write(file, "document.html", document=document, parts=parts, left_out=left_out, extras=extras)
    return {**document, "file": file}


def _add(sums: dict[str, Counter[Any]], document: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> None:
    year = document["event_date"].year
    sums["totals"].update({"documents": 1, **{table: len(found) for table, found in rows.items()}})
    sums["kinds"][year, document["kind"]] += 1
    sums["turns"][year] += len(rows["turns"])
    sums["months"][year, document["event_date"].month] += 1
    sums["days"][document["event_date"]] += 1
    sums["sources"][document["source_id"]] += 1
    sums["speakers"].update(row["speaker_id"] or row["speaker_name"] for row in rows["turns"] if row["speaker_name"])


def _charts(sums: dict[str, Counter[Any]], names: dict[str, str]) -> list[Any]:
    years = sorted(sums["turns"])
    span = range(years[0], years[-1] + 1) if years else range(0)
    kinds = sorted({kind for _, kind in sums["kinds"]})
    drawn = [
        draw_bars(
            "Documents by year and kind", ("year", "documents", "kind"),
            [(year, sums["kinds"][year, kind], kind) for year in span for kind in kinds],
        ),
        draw_bars("Turns by year", ("year", "turns"), [(year, sums["turns"][year]) for year in span]),
        draw_bars(
            "Turns by who speaks most", ("speaker", "turns"),
            [(names.get(who, who), turns) for who, turns in sums["speakers"].most_common(TOP_SPEAKERS)], lying=True,
        ),
        draw_bars(
            "Documents by source", ("source", "documents"), sums["sources"].most_common(TOP_SPEAKERS), lying=True
        ),
    ]  # fmt: skip
    return [chart for chart in drawn if chart]


def _calendar(months: Counter[Any]) -> list[Any]:
    most = max(months.values(), default=1)
    years = sorted({year for year, _ in months}, reverse=True)

    def cell(count: int) -> tuple[int, int]:
        return count, min(4, 1 + int(4 * (count / (most + 1)) ** 0.5)) if count else 0

    return [(year, [cell(months[year, month]) for month in range(1, 13)]) for year in years]


def _draw_days(pages: Pages, days: Counter[Any]) -> list[tuple[int, int, int, Any]]:
    """For each year, latest first, its documents, the days that have any, and a picture with a square a day."""
    most = max(days.values(), default=1)
    by_year: dict[int, list[tuple[dt.date, int]]] = {}
    for day, count in days.items():
        by_year.setdefault(day.year, []).append((day, count))
    drawn = []
    for year in sorted(by_year, reverse=True):
        first = dt.date(year, 1, 1)
        offset = first.weekday()  # the squares of a week stand in a column, Monday on top
        levels: dict[int, list[tuple[int, int]]] = {}
        for day, count in sorted(by_year[year]):
            at = (day - first).days + offset
            levels.setdefault(min(4, 1 + int(4 * (count / (most + 1)) ** 0.5)), []).append((at // 7, at % 7))
        starts = [(((dt.date(year, month, 1) - first).days + offset) // 7, MONTHS[month - 1]) for month in range(1, 13)]
        documents = sum(count for _, count in by_year[year])
        picture = pages.pictures.days(year, sorted(levels.items()), starts, documents, len(by_year[year]))
        drawn.append((year, documents, len(by_year[year]), picture))
    return drawn


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = _show(value).replace("\n", " ")
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) else text


def place_report(lake: Path, out: Path) -> tuple[Path, Pages]:
    """Build the report of a lake beside its place, then put it there. Returns the place, and what was written.

    Raises:
        UsageError: the folder lies in the lake, or holds something else.
    """
    opened = Lake.open(lake)
    place = out.resolve()
    if place.is_relative_to(lake.resolve()) or lake.resolve().is_relative_to(place):
        raise UsageError(f"the report cannot stand in the lake: {out}", "name another folder with --out")
    if place.exists() and not (place.is_dir() and ((place / _MARKER).exists() or not any(place.iterdir()))):
        raise UsageError(f"not a report, and not empty: {out}", "name another folder with --out")
    fresh = place.with_name(f".{place.name}.new")
    with storing(fresh):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        pages = build_report(opened, fresh)
        (fresh / _MARKER).write_text(json.dumps({"pages": pages.count, "bytes": pages.bytes}) + "\n", "utf-8")
        _put(fresh, place)
    return place, pages


def _put(fresh: Path, place: Path) -> None:
    """Have the new report where the old one was; whoever reads finds one of them, where the system can do that."""
    if place.exists():
        try:
            exchange(fresh, place)
        except CannotExchangeError:
            shutil.rmtree(place, ignore_errors=True)
        else:
            shutil.rmtree(fresh, ignore_errors=True)
            return
    fresh.replace(place)


def run_report(lake: Path, out: Path, *, as_json: bool) -> int:
    """Write the report and say what was written. Returns 0."""
    started = time.monotonic()
    place, pages = place_report(lake, out)
    answer = {"out": str(place), "pages": pages.count, "bytes": pages.bytes, "largest_bytes": pages.largest}
    answer["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        tell_json(answer)
    else:
        tell(f"{answer['pages']} pages, {answer['bytes']:,} bytes, in {answer['seconds']} s")
        tell(f"open       {place.as_uri()}/index.html")
    return 0

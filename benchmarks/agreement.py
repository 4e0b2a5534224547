"""Whether HTML and text of the same pages say the same: `python -m benchmarks.agreement [DUMP] [TRUTH.jsonl] [FOLDER]`.

DUMP is a text dump, TRUTH.jsonl one record a page in the same order with its `id`, FOLDER holds `<id>.html`. Defaults:
the material in `../shared/data` from the project's root. Compared are the rows that both formats give; where a page
differs, its id is listed with the columns.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import formats
from tasks.document import Document
from tasks.formats import kremlin_html, kremlin_text
from tasks.origin import Origin
from tasks.tabulate import tabulate

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
# What cannot agree: places in two renditions, what only markup knows, and who read it.
OWN = frozenset(
    {"byte_start", "byte_end", "rendition_sha256", "dump_sha256", "parser", "url", "event_id", "recognised_share"}
)
TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")


@dataclass(slots=True)
class Agreement:
    """Pages compared, columns in which some differ (`turns.text`), and the pages that do."""

    pages: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    differing: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    addressed: int = 0
    links: int = 0
    links_addressed: int = 0

    @property
    def share(self) -> float:
        return 1 - len(self.differing) / max(self.pages, 1)


def read_rows(format_: formats.Format, text: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a text with one document."""
    origin = Origin(
        format_.SOURCE, format_.LANGUAGE, format_.TIME_ZONE, "", "", "", "", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    ((start, end),) = format_.split(text)
    blocks = format_.parse(text[start:end])
    (tables,), faults = tabulate([Document(text[start:end], blocks, 0, origin)])
    for fault in faults.values():
        raise fault
    return {name: table.to_pylist() for name, table in tables.rows.items() if name in TABLES}


def compare(pages: Sequence[tuple[str, str, str]]) -> Agreement:
    """Compare pages, each given as id, text and markup."""
    result = Agreement()
    for page, text, markup in pages:
        result.pages += 1
        if formats.choose(markup[: 256 * 1024]) is not formats.FORMATS["kremlin-html"]:
            result.unknown.append(page)
        ours = read_rows(formats.FORMATS["kremlin-html"], kremlin_html.derive(markup))
        theirs = read_rows(formats.FORMATS["kremlin-text"], text)
        result.addressed += sum(row["url"] is not None for row in ours["documents"])
        result.links += len(ours["links"])
        result.links_addressed += sum(row["url"] is not None for row in ours["links"])
        found = sorted(_differences(ours, theirs))
        if found:
            result.differing[page] = found
            result.columns.update(found)
    return result


def _differences(ours: dict[str, list[dict[str, Any]]], theirs: dict[str, list[dict[str, Any]]]) -> set[str]:
    found = set()
    for table in TABLES:
        if len(ours[table]) != len(theirs[table]):
            found.add(f"{table} (count)")
        for one, other in zip(ours[table], theirs[table], strict=False):
            found |= {f"{table}.{name}" for name in one if name not in OWN and one[name] != other[name]}
    return found


def read_pages(dump: Path, truth: Path, folder: Path) -> list[tuple[str, str, str]]:
    """The pages of a dump with the markup of each."""
    text = dump.read_bytes().decode("utf-8")
    ids = [json.loads(line)["id"] for line in truth.read_text("utf-8").splitlines()]
    spans = kremlin_text.split(text)
    return [
        (page, text[start:end], (folder / f"{page}.html").read_bytes().decode("utf-8"))
        for page, (start, end) in zip(ids, spans, strict=True)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit 2 when something is not there, 1 when fewer than 99.5 % of the pages agree."""
    parser = argparse.ArgumentParser(description="Compare HTML and text of the same pages.")
    parser.add_argument("dump", nargs="?", type=Path, default=DATA / "kremlin-dev.txt")
    parser.add_argument("truth", nargs="?", type=Path, default=DATA / "kremlin-dev.turns.jsonl")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=DATA / "en.kremlin.ru" / "events" / "president" / "news"
    )
    options = parser.parse_args(arguments)
    for path in (options.dump, options.truth, options.folder):
        if not path.exists():
            print(f"agreement: {path} is not there", file=sys.stderr)
            return 2
    result = compare(read_pages(options.dump, options.truth, options.folder))
    print(f"pages {result.pages}, in agreement {result.pages - len(result.differing)} ({result.share:.4f})")
    print(f"not taken for kremlin-html: {len(result.unknown)} {result.unknown[:20]}")
    print(f"pages with an address {result.addressed}; links {result.links}, with an address {result.links_addressed}")
    for column, count in result.columns.most_common():
        print(f"  {column}: {count} pages")
    for page, columns in result.differing.items():
        print(f"    {page}: {', '.join(columns)}")
    return 0 if result.share >= 0.995 else 1


if __name__ == "__main__":
    raise SystemExit(main())

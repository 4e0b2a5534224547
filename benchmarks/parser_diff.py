"""A parser change shows itself: `python -m benchmarks.parser_diff OLD NEW DUMP [--json]`.

OLD and NEW are git revisions, or folders of the project; `.` is the working tree. DUMP is a file or folder that
`stenolake ingest` takes. Both revisions ingest it, each from a checkout of its own into a lake of its own, by the
command line and the installed packages: nothing of their inner life is asked for, so old revisions serve as well.
Documents are matched by `document_id`; one whose date, source or title is read otherwise is listed as a document of one
side only, and so is one that only one of them holds in quarantine.

Listed are the documents whose turns changed, with what changed and the first turn that differs. Exits 0 when all are
the same, 1 when some differ, 2 when a revision or the dump cannot be read.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("speaker_label", "speaker_name", "speaker_role", "speaker_kind", "speaker_id", "text")
TOLD = ("--source", "--format", "--language", "--date")
RUN = "import sys; from flows.cli import main; main()"
SHOWN = 60  # characters of a text in the table


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says, and what was made of the label."""

    label: str | None
    speaker: tuple[str | None, ...]
    text: str


@dataclass(slots=True)
class Reading:
    """What one revision made of a dump: title and turns of each document, and the counts that the run gave."""

    titles: dict[str, str] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A document whose turns changed: how often each kind of change is met, and the first turn that differs."""

    document_id: str
    title: str
    changes: dict[str, int]
    turn_index: int
    old: Turn | None
    new: Turn | None


def compare_turns(old: Sequence[Turn], new: Sequence[Turn]) -> tuple[dict[str, int], int, Turn | None, Turn | None]:
    """What changed between two readings of a document.

    Returns:
        Counts by kind (`turn added`, `turn lost`, `label`, `speaker`, `text`), the index of the first turn that
        differs, and that turn in both readings, None where it has no counterpart.

    Turns are aligned where they are the same; between such, the first is compared with the first, and what has no
    counterpart was added or lost.
    """
    counts: Counter[str] = Counter()
    first: tuple[int, Turn | None, Turn | None] | None = None
    for action, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if action == "equal":
            continue
        paired = list(zip(old[a:b], new[c:d], strict=False))
        for one, other in paired:
            counts["label"] += one.label != other.label
            counts["speaker"] += one.speaker != other.speaker
            counts["text"] += one.text != other.text
        counts["turn lost"] += b - a - len(paired)
        counts["turn added"] += d - c - len(paired)
        first = first or (a, old[a] if a < b else None, new[c] if c < d else None)
    changes = {kind: count for kind, count in counts.items() if count}
    return (changes, *(first or (0, None, None)))


def compare(old: Reading, new: Reading) -> list[Change]:
    """The documents of both readings whose turns changed, by their ids."""
    found = []
    for document_id in sorted(old.titles.keys() & new.titles.keys()):
        changes, index, one, other = compare_turns(old.turns.get(document_id, []), new.turns.get(document_id, []))
        if changes:
            found.append(Change(document_id, new.titles[document_id], changes, index, one, other))
    return found


def checkout(revision: str, folder: Path) -> Path:
    """A folder with the project as it was at a revision; a folder is taken as it is.

    Raises:
        ValueError: git knows no such revision, or it is none of this project.
    """
    if (Path(revision) / "flows" / "cli.py").is_file():
        return Path(revision).resolve()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", "--end-of-options", revision], capture_output=True
    )
    if archive.returncode:
        raise ValueError(f"{revision}: {archive.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    if not (folder / "flows" / "cli.py").is_file():
        raise ValueError(f"{revision}: this revision has no command line yet (flows/cli.py)")
    return folder


def read(project: Path, dump: str, lake: Path, environ: Mapping[str, str], told: Sequence[str] = ()) -> Reading:
    """Ingest a dump with the project in a folder, and read the turns out of the lake.

    Raises:
        ValueError: the ingest failed; with what it said.
    """
    command = [sys.executable, "-c", RUN, "ingest", dump, "--lake", str(lake), "--json", *told]
    if "--accept-envelope" in (project / "flows" / "cli.py").read_text("utf-8"):
        command += ["--accept-envelope", "two parsers are compared"]
    # From a folder without modules: the path alone says which project is imported.
    result = subprocess.run(
        command, cwd=lake.parent, env={**environ, "PYTHONPATH": str(project)}, capture_output=True, text=True
    )
    if result.returncode:
        raise ValueError(f"exit {result.returncode} of ingest in {project}: {result.stderr.strip()[-2000:]}")
    reading = Reading(counts=json.loads(result.stdout).get("documents", {}))
    for row in _rows(lake, "documents", ("document_id", "title")):
        reading.titles[row["document_id"]] = row["title"]
    rows = _rows(lake, "turns", ("document_id", "turn_index", *COLUMNS))
    for row in sorted(rows, key=lambda row: row["turn_index"]):
        label, *speaker, text = (row[column] for column in COLUMNS)
        reading.turns.setdefault(row["document_id"], []).append(Turn(label, tuple(speaker), text))
    return reading


def _rows(lake: Path, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows = []
    for path in sorted((lake / table).rglob("*.parquet")):
        file = pq.ParquetFile(path)
        wanted = [column for column in columns if column in file.schema_arrow.names]
        rows += [{**dict.fromkeys(columns), **row} for row in file.read(columns=wanted).to_pylist()]
    return rows


def read_both(revisions: Sequence[str], dump: str, told: Sequence[str] = ()) -> list[Reading]:
    """Read a dump at each revision, by the Prefect server of the environment or by one that leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="parser-diff-") as name:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key == "STENOLAKE_WORKERS" or not key.startswith(("STENOLAKE_", "OPENLINEAGE_"))
        }
        kept |= {"DO_NOT_TRACK": "1", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}

        projects = []
        for index, revision in enumerate(revisions):
            (Path(name) / str(index) / "project").mkdir(parents=True)
            projects.append(checkout(revision, Path(name) / str(index) / "project"))

        def read_at(index: int) -> Reading:
            place = Path(name) / str(index)
            environ = kept if "PREFECT_API_URL" in kept else {**kept, "PREFECT_HOME": str(place / "prefect")}
            return read(projects[index], dump, place / "lake", environ, told)

        with ThreadPoolExecutor(len(projects)) as pool:
            return list(pool.map(read_at, range(len(projects))))


def tell_changes(changes: Sequence[Change]) -> None:
    """The table of changed documents."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in ("document", "title", "what changed", "first differing turn"):
        table.add_column(column, overflow="fold", no_wrap=column == "document")
    for change in changes:
        what = "\n".join(f"{kind} {count}" for kind, count in change.changes.items())
        first = f"{change.turn_index}\n- {_shown(change.old, change.new)}\n+ {_shown(change.new, change.old)}"
        table.add_row(change.document_id, _cell(_short(change.title)), what, _cell(first))
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)


def _cell(text: str) -> Any:
    from rich.text import Text

    from flows.shown import reveal

    return Text(reveal(text))


def _shown(turn: Turn | None, other: Turn | None) -> str:
    """A turn in a line, its text from where it differs from the other's."""
    if turn is None:
        return "none"
    start = 0
    if other is not None and other.text != turn.text:
        pairs = zip(turn.text, other.text, strict=False)
        same = next(
            (index for index, (one, two) in enumerate(pairs) if one != two), min(len(turn.text), len(other.text))
        )
        start = max(same - 20, 0)
    speaker = "" if other is None or turn.speaker == other.speaker else f" {tuple(filter(None, turn.speaker))}"
    return f"{turn.label}{speaker}: {'…' if start else ''}{_short(turn.text[start:])}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit code is described above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("dump", metavar="DUMP")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object on standard output")
    for option in TOLD:
        parser.add_argument(option, help="told to both, as to stenolake ingest")
    options = parser.parse_args(arguments)
    told = [part for option in TOLD if (value := vars(options)[option[2:]]) for part in (option, value)]
    if not Path(options.dump).exists():
        print(f"parser_diff: {options.dump} is not there", file=sys.stderr)
        return 2
    try:
        old, new = read_both([options.old, options.new], str(Path(options.dump).resolve()), told)
    except ValueError as error:
        print(f"parser_diff: {error}", file=sys.stderr)
        return 2
    changes = compare(old, new)
    alone = {"old": sorted(old.titles.keys() - new.titles), "new": sorted(new.titles.keys() - old.titles)}
    both = len(old.titles.keys() & new.titles.keys())
    if options.as_json:
        from flows.shown import tell_json

        tell_json(
            {
                "old": {"revision": options.old, "documents": old.counts},
                "new": {"revision": options.new, "documents": new.counts},
                "in_both": both,
                "changed": [asdict(change) for change in changes],
                "old_only": [{"document_id": one, "title": old.titles[one]} for one in alone["old"]],
                "new_only": [{"document_id": one, "title": new.titles[one]} for one in alone["new"]],
            }
        )
        return int(bool(changes or alone["old"] or alone["new"]))
    if changes:
        tell_changes(changes)
    for side, reading in (("old", old), ("new", new)):
        from flows.shown import plain

        for one in alone[side]:
            print(f"only in {side}: {one}  {plain(_short(reading.titles[one]))}")
        print(
            f"{side} {vars(options)[side]}: " + ", ".join(f"{count} {name}" for name, count in reading.counts.items())
        )
    kinds: Counter[str] = sum((Counter(change.changes) for change in changes), Counter())
    counted = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(
        f"{len(changes)} of {both} documents changed{f' ({counted})' if counted else ''}; "
        f"{len(alone['old'])} only in old, {len(alone['new'])} only in new"
    )
    return int(bool(changes or alone["old"] or alone["new"]))


if __name__ == "__main__":
    sys.exit(main())

"""What an ingest costs beside its peers: `python -m benchmarks.speed DUMP… [--peers PYTHON] [--against CHECKOUT]`.

In one run, on the same dump, each job in processes of its own, one after the other, `--runs` times, and once more to
measure memory:

    bare PyArrow    read, split at lines, write the same text as one Parquet file, one process
    dlt, datatrove  the same lines to Parquet, as Arrow tables, as dicts, as one document a line
    bare flow       a Prefect flow that does nothing, and Great Expectations imported
    one page        `stenolake ingest` of one small dump: the fixed cost of a run
    stenolake       `stenolake ingest` into a new lake, and the same dump once more, by number of workers
    one page more   `stenolake ingest` of another page into that lake
    before          the same with the code of another checkout

dlt and datatrove are not among the packages of the project: `--peers PYTHON` names a Python that has them; they are run
`--peer-runs` times. The fixed cost is taken off where a job has one. Runs report to a Prefect server that is started
for them, which tells what share each step had; the bare flow and the one page are measured without it too, as most
people run them. With more dumps than one, the others are ingested once each after that: how time and memory grow.

Prints tables in Markdown; `--chart` draws the rates as SVG, `--keep` keeps all figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.peers import BARE, BARE_FLOW, PEERS, Cost, run
from flows import environment

ROOT = Path(__file__).parents[1]
PAGE = """Events
Harvest talks {day}
May {day}, 2021
12:00
Lessk
President of Valdoria Ada Brook: Good day, friends.
Thank you.
Publication status
Published in section: Transcripts
Publication date: May {day}, 2021, 12:00
Text version"""

Costs = dict[str, Cost]


class Bench:
    """Where jobs are run: a folder, a Prefect home with a database, and the programs that are compared."""

    def __init__(self, folder: Path, peers: str, against: Path | None) -> None:
        environment.quiet()
        self.folder, self.peers, self.against = folder, peers, against
        self.quiet = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        self.quiet["PREFECT_HOME"] = str(folder / "prefect")
        self.api = ""
        self.is_weighing = False  # whether memory is measured, which takes time
        self.shares: dict[str, Counter[str]] = {}
        for day in (1, 2):
            (folder / f"page-{day}.txt").write_text(PAGE.format(day=day), encoding="utf-8")

    @contextmanager
    def serving(self) -> Iterator[None]:
        """A Prefect server that the runs report to."""
        from prefect.server.api.server import SubprocessASGIServer

        made = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        subprocess.run(made, env=self.quiet, check=True, capture_output=True)
        os.environ["PREFECT_HOME"] = self.quiet["PREFECT_HOME"]
        server = SubprocessASGIServer()
        server.start(timeout=120)
        self.api = server.api_url
        try:
            yield
        finally:
            server.stop()

    def peer(self, name: str, dump: Path) -> Cost:
        """One run of a peer."""
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            return self._run([self.peers, "-c", PEERS[name][1], str(dump), out], ROOT)[0]

    def has(self, name: str) -> bool:
        """Whether the Python of the peers can import what one needs."""
        asked = f"import importlib.util as u, sys; sys.exit(u.find_spec({PEERS[name][0]!r}) is None)"
        return subprocess.run([self.peers, "-c", asked], check=False).returncode == 0

    def flow(self, *, served: bool = True) -> Cost:
        """A flow that does nothing."""
        return self._run([sys.executable, "-c", BARE_FLOW], ROOT, self._environ(served=served))[0]

    def ingest(
        self, dump: Path, lake: Path, workers: int, *, code: Path = ROOT, served: bool = True, note: str = ""
    ) -> Cost:
        """One `stenolake ingest` by the code of a checkout; the share of each step is added up under `note`."""
        python = code / ".venv" / "bin" / "python"
        program = [str(python) if python.exists() else sys.executable, "-c", "from flows.cli import main; main()"]
        options = ["--workers", str(workers), "--accept-envelope", "benchmark", "--json"]
        environ = self._environ(served=served) | {"PYTHONPATH": str(code)}
        cost, told = self._run([*program, "ingest", str(dump), "--lake", str(lake), *options], code, environ)
        if note and not self.is_weighing:
            self.shares.setdefault(note, Counter()).update(self._steps(json.loads(told)["run_id"]))
        return cost

    def _run(self, command: list[str], root: Path, environ: dict[str, str] | None = None) -> tuple[Cost, str]:
        return run(command, self.folder, root, environ, is_weighed=self.is_weighing)

    def _environ(self, *, served: bool) -> dict[str, str]:
        return self.quiet | ({"PREFECT_API_URL": self.api} if served else {})

    def _steps(self, run_id: str) -> Counter[str]:
        """Seconds of the task runs of a run, by the first word of their names."""
        import httpx

        found = Counter[str]()
        time.sleep(2)  # the server is behind a run that took no longer
        asked: dict[str, Any] = {"flow_runs": {"id": {"any_": [run_id]}}, "limit": 200, "offset": 0}
        while rows := httpx.post(f"{self.api}/task_runs/filter", json=asked, timeout=60).json():
            for row in rows:
                found[row["name"].split()[0]] += row["total_run_time"]
            asked["offset"] += len(rows)
        return found

    def measure(self, dump: Path, counts: Sequence[int], *, peers: bool) -> Costs:
        """Every job once, one after the other, so that all of a run see the machine in about the same state."""
        costs = {BARE: self.peer(BARE, dump)}
        if peers:
            costs |= {name: self.peer(name, dump) for name in PEERS if name != BARE and self.has(name)}
        first, second = self.folder / "page-1.txt", self.folder / "page-2.txt"
        costs["bare flow, own server"] = self.flow(served=False)
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            costs["one page, own server"] = self.ingest(first, Path(place) / "0", counts[-1], served=False)
        costs["bare flow"] = self.flow()
        for count in counts:
            with tempfile.TemporaryDirectory(dir=self.folder) as place:
                lake = Path(place) / "lake"
                costs[f"one page, {count}"] = self.ingest(first, Path(place) / "small", count)
                costs[f"stenolake, {count}"] = self.ingest(dump, lake, count, note=f"{count} workers")
                costs[f"stenolake, {count}, again"] = self.ingest(dump, lake, count, note=f"{count} workers, again")
                costs[f"stenolake, {count}, one page more"] = self.ingest(second, lake, count)
        if self.against:
            for count in counts:
                with tempfile.TemporaryDirectory(dir=self.folder) as place:
                    lake = Path(place) / "lake"
                    costs[f"before, {count}"] = self.ingest(dump, lake, count, code=self.against)
                    costs[f"before, {count}, again"] = self.ingest(dump, lake, count, code=self.against)
        return costs

    def scale(self, dumps: Sequence[Path], workers: int) -> dict[Path, Cost]:
        """One ingest of each dump into a new lake, and one more that is weighed."""
        costs = {}
        for dump in dumps:
            for self.is_weighing in (False, True):
                lake = self.folder / "scale"
                cost = self.ingest(dump, lake, workers)
                costs[dump] = replace(costs.get(dump, cost), peak_mb=cost.peak_mb)
                shutil.rmtree(lake)
        return costs


def fixed_of(name: str) -> str | None:
    """The job that tells the fixed cost of another."""
    kind, _, count = name.partition(", ")
    return f"one page, {count.split(',')[0]}" if kind in ("stenolake", "before") else None


def table(runs: Sequence[Costs], weighed: Costs, size: float) -> tuple[list[str], dict[str, float]]:
    """The rows of the table of jobs, and their rates in MB a CPU second, less the fixed cost.

    Memory is that of one run more, in which jobs were weighed.
    """
    lines = [
        "| job | s | less the fixed cost | MB/s | times bare | CPU s | peak MB | beyond one page |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rates = {}
    for name in dict.fromkeys(name for one in runs for name in one):
        fixed, having = fixed_of(name), [one for one in runs if name in one]

        def middle(values: Iterator[float]) -> float:
            return statistics.median(values)

        beyond = middle(one[name].seconds - (one[fixed].seconds if fixed else 0) for one in having)
        cells = [f"{middle(one[name].seconds for one in having):.1f}"]
        reads_it = name in PEERS or (name.count(",") == 1 and fixed)
        if reads_it:
            spent = middle(one[name].cpu_seconds - (one[fixed].cpu_seconds if fixed else 0) for one in having)
            rates[name] = size / max(spent, 0.01)
            ratio = middle(
                (one[name].seconds - (one[fixed].seconds if fixed else 0)) / one[BARE].seconds for one in having
            )
            cells += [f"{beyond:.1f}", f"{size / max(beyond, 0.01):.1f}", f"{ratio:.2f}"]
        else:
            cells += [f"{beyond:.1f}" if fixed else "", "", ""]
        cells += [f"{middle(one[name].cpu_seconds for one in having):.1f}"]
        cells += [f"{weighed[name].peak_mb:.0f}"]
        cells += [f"{weighed[name].peak_mb - weighed[fixed].peak_mb:.0f}" if fixed else ""]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines, rates


def table_of_shares(shares: dict[str, Counter[str]]) -> list[str]:
    """What part of the time of all steps each had, in hundredths."""
    steps = [step for step, _ in sum(shares.values(), Counter[str]()).most_common()]
    lines = [f"| share of | {' | '.join(steps)} |", f"| --- |{' ---: |' * len(steps)}"]
    for name, found in shares.items():
        lines.append(f"| {name} | {' | '.join(f'{100 * found[step] / found.total():.0f} %' for step in steps)} |")
    return lines


def table_of_sizes(costs: dict[Path, Cost], fixed: Cost) -> list[str]:
    """How time and memory grow with the dump."""
    lines = ["| dump MB | s | less the fixed cost | MB/s | CPU s | peak MB | beyond one page |", "|" + " ---: |" * 7]
    for dump, cost in costs.items():
        size, beyond = dump.stat().st_size / 1e6, cost.seconds - fixed.seconds
        lines.append(
            f"| {size:.0f} | {cost.seconds:.1f} | {beyond:.1f} | {size / max(beyond, 0.01):.1f}"
            f" | {cost.cpu_seconds:.1f} | {cost.peak_mb:.0f} | {cost.peak_mb - fixed.peak_mb:.0f} |"
        )
    return lines


def draw(rates: dict[str, float], path: Path) -> None:
    """The rates as bars."""
    from flows.charts import draw_bars

    rows = [(name.replace("stenolake, 1", "stenolake, 1 worker").replace("stenolake, 2", "stenolake, 2 workers"), rate)
            for name, rate in sorted(rates.items(), key=lambda one: -one[1])]  # fmt: skip
    chart = draw_bars("MB a CPU second", ("job", "MB"), rows, lying=True)
    assert chart, "there are rates"
    svg = (
        str(chart.svg).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).replace("viewbox=", "viewBox=", 1)
    )
    path.write_text(svg.replace("currentColor", "#8a8f98").replace("currentcolor", "#8a8f98") + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", type=Path, nargs="+", metavar="DUMP")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-runs", type=int, help="runs that have dlt and datatrove in them; all by default")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--peers", default=sys.executable, help="a Python that has dlt and datatrove")
    parser.add_argument("--against", type=Path, help="a checkout with an environment in .venv: an earlier release")
    parser.add_argument("--keep", type=Path, help="file for all figures, JSON")
    parser.add_argument("--chart", type=Path, help="file for the rates as SVG")
    asked = parser.parse_args()
    dump, *others = [dump.resolve() for dump in asked.dumps]
    peer_runs = asked.runs if asked.peer_runs is None else asked.peer_runs
    with tempfile.TemporaryDirectory(prefix="stenolake-speed-") as folder:
        bench = Bench(Path(folder), asked.peers, asked.against and asked.against.resolve())
        with bench.serving():
            runs = [bench.measure(dump, asked.workers, peers=number < peer_runs) for number in range(asked.runs)]
            bench.is_weighing = True
            weighed = bench.measure(dump, asked.workers, peers=peer_runs > 0)
            sizes = bench.scale(others, asked.workers[-1])
    if asked.keep:
        kept = [{name: vars(cost) for name, cost in one.items()} for one in (*runs, weighed)]
        asked.keep.write_text(
            json.dumps({"runs": kept, "sizes": {str(k): vars(v) for k, v in sizes.items()}}, indent=1)
        )
    size = dump.stat().st_size / 1e6
    lines, rates = table(runs, weighed, size)
    print(f"{size:.0f} MB, medians of {asked.runs} runs, {len(os.sched_getaffinity(0))} cores\n")
    print("\n".join([*lines, "", *table_of_shares(bench.shares)]))
    if sizes:
        page = f"one page, {asked.workers[-1]}"
        fixed = replace(runs[-1][page], peak_mb=weighed[page].peak_mb)
        print("\n".join(["", *table_of_sizes(sizes, fixed)]))
    if asked.chart:
        draw(rates, asked.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())

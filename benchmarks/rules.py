"""What the quality gate costs, as a whole and rule by rule: `python -m benchmarks.rules [--paragraphs N] [--rules N]`.

Makes a dump of about so many paragraphs, ingests it without Prefect, and judges its tables once more, table by table:
the facts that are computed first, the predicate of each rule, and Great Expectations on what is left to it. All times
are CPU seconds, the import of Great Expectations left out. Exits 1 when judging costs more than 30 % of the ingest or
more than 1 GiB of memory is taken.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from pathlib import Path

from expectations import predicates
from expectations.facts import Batch
from expectations.frames import judged_table
from expectations.suites import rules_of
from storage.lake import Lake
from storage.schemas import TABLES
from tasks.validate import judge, warm
from tests.harness import plain_ingest
from tests.planted import good_page

SHARE = 0.30
GIB = 1 << 20  # in the kibibytes that getrusage counts
PARAGRAPHS_A_PAGE = 6


def cpu() -> float:
    """CPU seconds of this process and of the workers that it has waited for."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paragraphs", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=20, help="how many of the dearest rules to name")
    options = parser.parse_args()
    warm()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = options.paragraphs // PARAGRAPHS_A_PAGE
        day = dt.date(2012, 1, 9)
        pages = (good_page(number, day + dt.timedelta(number % 4000)).text() for number in range(count))
        (folder / "dump.txt").write_text("".join(pages), "utf-8")
        before = cpu()
        plain_ingest([str(folder / "dump.txt")], str(folder / "lake"))
        ingest = cpu() - before
        lake = Lake(folder / "lake")
        parts = [{table: lake.read(table, partition) for table in TABLES} for partition in lake.partitions()]
    import pyarrow as pa

    tables = {table: pa.concat_tables([part[table] for part in parts]) for table in TABLES}
    today = dt.date(2026, 1, 1)
    before = time.process_time()
    judge(tables, today)
    whole = time.process_time() - before

    spent, facts = {}, 0.0
    batch = Batch(tables, today)
    for table in TABLES:
        before = time.process_time()
        judged = judged_table(batch, table)
        facts += time.process_time() - before
        print(f"{time.process_time() - before:8.3f} s  facts of {table}, {judged.num_rows:,} rows")
        for rule in rules_of(table):
            before = time.process_time()
            predicates.find_breaking([rule], judged)
            spent[rule.rule_id] = time.process_time() - before
    alone = sum(spent.values())
    for rule_id, seconds in sorted(spent.items(), key=lambda item: -item[1])[: options.rules]:
        print(f"{seconds:8.3f} s  {rule_id}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{alone:8.3f} s  all {len(spent)} rules, each alone; the regexes of a column are read together in a run")
    print(f"{whole:8.3f} s  judging: facts {facts:.3f} s, rules and Great Expectations {whole - facts:.3f} s")
    print(f"{ingest:8.3f} s  the ingest of {tables['paragraphs'].num_rows:,} paragraphs, judging among it")
    print(f"{100 * whole / ingest:8.1f} %  of the ingest is judging; peak memory {peak / 1024:.0f} MiB")
    return 0 if whole <= SHARE * ingest and peak < GIB else 1


if __name__ == "__main__":
    sys.exit(main())

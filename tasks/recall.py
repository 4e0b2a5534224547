"""Dumps that were read before: what came of one then is what would come of it now, so it is neither cut nor parsed.

    <lake>/_lineage/readings/<started>-<run id>.parquet     what runs read in the dumps that they parsed, by document

What is read in a dump hangs on three things: its bytes; the program, that is the code of parsers and rules, the
aliases, the versions of packages, and the format that was asked for; and what is told of it from outside
(`tasks/told.py`). Where a run that came to its end read the same dump with the same program, and the same was told of
it, its documents are taken from the ledger and not from the text. They are planned with like all others, so that a dump
that is known decides what it would decide if it were parsed. It is parsed all the same

- where a document of it does not stand as it was read then: a correction has taken its place, or it is gone;
- where what it holds in quarantine has changed since: something was accepted, retried or released;
- where a date in the future holds something back, and another day has come;
- in a dry run, which reads, parses and judges whatever is known.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.suites import BY_ID
from storage import ledger
from storage import ledger_schemas as schemas
from storage.lake import Lake
from storage.records import Finding
from tasks.acquire import Dump, Recognised
from tasks.encoding import IN_HEADER
from tasks.fragment import Recalled
from tasks.hold import Held
from tasks.parse import Defaults
from tasks.publish import Judged, compare_known
from tasks.told import tell

_ROOT = Path(__file__).parents[1]
# The code that decides what is read in a dump and what is held back of it.
_CODE = ("tasks", "expectations", "storage/schemas.py")
_PACKAGES = ("python", "aliases", "great-expectations", "pyarrow", "charset-normalizer")

# Columns that count from the day of the run: what breaks a rule about one may keep it on another day.
_OF_TODAY = frozenset({"days_ahead", "publication_days_ahead"})

_BASE = ("encoding", "evidence", "derived_by")  # of a derivation: what was found out of the dump itself
_DIGEST_CHARS = 16
_OF_DOCUMENTS = ["document_id", "source_id", "event_date", "content_sha256", "byte_start", "parser", "url"]
_OF_PROGRAMS = ["run_id", "dump_sha256", "rendition_sha256", "program", "parser"]
_OF_DUMPS = ["run_id", "dump_sha256", "rendition_sha256", "program", "told", "met", "held", "findings"]


@dataclass(frozen=True, slots=True)
class Recollection:
    """What the ledger tells of some dumps: which need not be parsed, and what came of them.

    `noted` are the readings that the ledger has, as (dump, told, met, held, findings): they are not noted again.
    """

    dumps: frozenset[str] = frozenset()
    held: tuple[Held, ...] = ()
    noted: frozenset[tuple[object, ...]] = frozenset()


def digest_program(packages: Mapping[str, str], format_name: str | None) -> str:
    """Digest of what decides, besides a dump and what is told of it, what is read in it.

    Args:
        packages: versions of packages, and the digest of the aliases, as `runs` keeps them.
        format_name: the format that was asked for.
    """
    versions = [packages.get(name) for name in _PACKAGES]
    return _digest([_digest_code(), versions, format_name])


@functools.cache
def _digest_code() -> str:
    digest = hashlib.sha256()
    for place in _CODE:
        path = _ROOT / place
        for file in sorted([path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.toml")]):
            digest.update(f"{file.relative_to(_ROOT).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_DIGEST_CHARS]


def _digest_told(dump: Dump, defaults: Defaults) -> str:
    told = tell(dump.record, defaults.date, defaults.source, defaults.language)
    return _digest([dump.format, dump.record.rendition_sha256, repr(told)])


def remember(lake: Lake, program: str) -> dict[str, Recognised]:
    """What was found out of every dump that the program has read: by its hash."""
    of = ledger.read(lake, "readings", columns=_OF_PROGRAMS, wanted=pc.field("program") == program)
    pairs = of.filter(pc.is_valid(of["parser"])).select(["run_id", "dump_sha256", "rendition_sha256", "parser"])
    parsers = {row["dump_sha256"]: row for row in pairs.group_by(pairs.column_names).aggregate([]).to_pylist()}
    if not parsers:
        return {}
    these = pc.field("run_id").isin(of["run_id"].unique())
    columns = ["dump_sha256", "run_id", "rendition_sha256", "derivation"]
    inputs = ledger.read(lake, "inputs", columns=columns, wanted=these)
    found = {}
    for sha256, run_id, rendition, told in zip(*(column.to_pylist() for column in inputs.columns), strict=True):
        known = parsers.get(sha256)
        if known and (known["run_id"], known["rendition_sha256"]) == (run_id, rendition):
            derivation = {name: value for name, value in json.loads(told).items() if name in _BASE}
            found[sha256] = Recognised(known["parser"].partition("/")[0], rendition, derivation)
    return found


def told_charsets(lake: Lake) -> dict[str, str]:
    """The codec of every dump that was read as the header of a response told: by its hash.

    The same bytes may come again as a file without a header, and are the same text.
    """
    wanted = pc.match_substring(pc.field("derivation"), IN_HEADER)
    rows = ledger.read(lake, "inputs", columns=["dump_sha256", "derivation"], wanted=wanted)
    told = ((sha256, json.loads(text)) for sha256, text in zip(*(one.to_pylist() for one in rows.columns), strict=True))
    return {sha256: one["encoding"] for sha256, one in told if one["evidence"] == IN_HEADER}


def recall(lake: Lake, dumps: Sequence[Dump], program: str, defaults: Defaults) -> Recollection:
    """Find out which dumps need not be parsed, and what came of them when they were.

    Args:
        lake: what there is.
        dumps: those of the run; what cannot be parsed is passed over.
        program: its digest.
        defaults: what a person said, and when the run started.
    """
    told = {dump.record.dump_sha256: _digest_told(dump, defaults) for dump in dumps if dump.format}
    rows = _last_readings(lake, told, program)
    if not rows.num_rows:
        return Recollection()
    each = rows.select(_OF_DUMPS).group_by(_OF_DUMPS).aggregate([]).to_pylist()
    findings = _open_findings(lake, told)
    moot, elsewhere = compare_known(lake, rows.filter(pc.is_valid(rows["document_id"])))
    days = ledger.days_of_runs(lake)
    today = defaults.started_at.date()
    noted, known = set(), {}
    for row in each:
        sha256, held = row["dump_sha256"], findings[row["dump_sha256"]]
        noted.add((sha256, row["told"], row["met"], row["held"], row["findings"]))
        is_dated = any(_is_of_today(finding) for finding in held) and days.get(row["run_id"]) != today
        ids = {finding.quarantine_id for finding in held}
        if sha256 not in moot and not is_dated and (len(ids), len(held)) == (row["held"], row["findings"]):
            known[sha256] = row
    stand = rows.filter(
        pc.and_(pc.is_in(rows["dump_sha256"], pa.array(known, pa.string())), rows["document_id"].is_valid())
    )
    met, back = (sum(row[name] for row in known.values()) for name in ("met", "held"))
    every = tuple(finding for sha256 in sorted(known) for finding in findings[sha256])
    fragment = Recalled(lake.root, met, every, met - back - stand.num_rows, stand=stand, elsewhere=frozenset(elsewhere))
    held_back = Held(Judged(fragment, frozenset()), (), every, {})
    return Recollection(frozenset(known), (held_back,) if known else (), frozenset(noted))


def _last_readings(lake: Lake, told: Mapping[str, str], program: str) -> pa.Table:
    """Rows of the last reading of each dump by the program, where the same was told of it."""
    wanted = (pc.field("program") == program) & pc.field("dump_sha256").isin(pa.array(told, pa.string()))
    if not ledger.read(lake, "readings", columns=["program", "dump_sha256"], wanted=wanted).num_rows:
        return schemas.READINGS.empty_table()  # as it is of a new dump, while there may be many others
    rows = ledger.read(lake, "readings", wanted=wanted)
    places = pc.index_in(rows["dump_sha256"], pa.array(told, pa.string()))
    rows = rows.filter(pc.equal(rows["told"], pa.array(told.values(), pa.string()).take(places.combine_chunks())))
    last = dict(zip(rows["dump_sha256"].to_pylist(), rows["run_id"].to_pylist(), strict=True))
    places = pc.index_in(rows["dump_sha256"], pa.array(last, pa.string()))
    return rows.filter(pc.equal(rows["run_id"], pa.array(last.values(), pa.string()).take(places.combine_chunks())))


def _open_findings(lake: Lake, dumps: Collection[str]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    names = [one.name for one in fields(Finding)]
    for row in ledger.open_findings(lake):
        if row["dump_sha256"] in dumps:
            found[row["dump_sha256"]].append(Finding(**{name: row[name] for name in names}))
    return found


def _is_of_today(finding: Finding) -> bool:
    rule = BY_ID.get(finding.rule_id)
    return rule is not None and not _OF_TODAY.isdisjoint(rule.check.judged)


def note(
    dumps: Iterable[Dump], held: Iterable[Held], program: str, defaults: Defaults, known: Recollection
) -> pa.Table:
    """What a run read in the dumps that it parsed: rows of `readings`, less `run_id`.

    Args:
        dumps: the dumps that were parsed.
        held: what came of them.
        program: its digest.
        defaults: what a person said.
        known: what the ledger has already.
    """
    rows, met, findings = [], Counter[str](), defaultdict[str, set[tuple[str, str]]](set)
    for one in held:
        met.update(one.judged.fragment.met)
        for finding in one.findings:
            findings[finding.dump_sha256].add((finding.quarantine_id, finding.rule_id))
        documents = one.judged.fragment.read("documents").select(["dump_sha256", *_OF_DOCUMENTS])
        gone = pa.array(sorted(one.judged.held), pa.string())
        rows.append(documents.filter(pc.invert(pc.is_in(documents["document_id"], gone))))
    facts: dict[str, list[Any]] = {name: [] for name in _OF_DUMPS[1:]}
    for dump in dumps:
        sha256 = dump.record.dump_sha256
        broken = findings[sha256]
        counts = (met[sha256], len({held_as for held_as, _ in broken}), len(broken))
        told = _digest_told(dump, defaults)
        if dump.format and (sha256, told, *counts) not in known.noted:
            values = (sha256, dump.record.rendition_sha256, program, told, *counts)
            for name, value in zip(facts, values, strict=True):
                facts[name].append(value)
    schema = pa.schema([one for one in schemas.READINGS if one.name != "run_id"], schemas.READINGS.metadata)
    of_dumps = pa.table(facts, pa.schema([schema.field(name) for name in facts]))
    of_documents = pa.concat_tables(rows, promote_options="permissive") if rows else schema.empty_table()
    joined = of_dumps.join(of_documents.select(["dump_sha256", *_OF_DOCUMENTS]), "dump_sha256")
    return joined.select(schema.names).sort_by([("dump_sha256", "ascending"), ("byte_start", "ascending")]).cast(schema)

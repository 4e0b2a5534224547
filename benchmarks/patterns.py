"""Every pattern in linear time on any text: `python -m benchmarks.patterns [NAME …] [--formats] [--json]`.

Compiled patterns are found in all modules (globals, and what tables and dataclasses in them hold), patterns written
in a call in their source. For each, texts are made out of its own parts (`benchmarks/adversary.py`) and tried by the
methods that the source calls. Sizes grow from 16 Ki characters to 1 Mi; only what is slow for its size is tried at the
next. Each pattern runs in a process with a limit. NAME picks patterns by a part of their name. Printed are the slowest
ten, in CPU seconds a Mi characters, best of two; exit 1 when one takes more than 0.2 s.

`--formats` tries whole formats instead: sniff, derive, split and parse, on repetitions; exit 1 when one takes more than
10 s a Mi characters.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import json
import multiprocessing
import pkgutil
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.adversary import PIECES, texts_for

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("storage", "expectations", "tasks", "flows")
WAYS: dict[str, Callable[[re.Pattern[Any], Any], object]] = {
    "match": lambda pattern, text: pattern.match(text),
    "search": lambda pattern, text: pattern.search(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "finditer": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}
# What the others do is what one of these does.
SAME = {"sub": "finditer", "subn": "finditer", "split": "finditer", "findall": "finditer"}
MIB = 1 << 20
SIZES = (1 << 14, 1 << 17, MIB)  # characters
ALLOWED = 0.2  # CPU seconds a Mi characters
WORTH = 0.25  # of what is allowed: slower than this share, a text is tried at the next size
LIMIT = 60  # CPU seconds a pattern
ALLOWED_FORMAT = 10.0
NOISE = 0.02  # CPU seconds; below it a growth says nothing
QUADRATIC = 2.5  # times, for twice the text: linear gives 2


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A pattern, where it stands, and the methods that are called on it."""

    name: str
    pattern: re.Pattern[Any]
    ways: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds that a pattern took for a text of so many characters; None when it passed the limit."""

    name: str
    way: str
    text: str
    size: int
    seconds: float | None

    @property
    def rate(self) -> float:
        """Seconds a Mi characters; infinite past the limit."""
        return float("inf") if self.seconds is None else self.seconds * MIB / self.size


def modules() -> Iterator[Any]:
    for floor in FLOORS:
        package = importlib.import_module(floor)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{floor}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def find_patterns() -> list[Found]:
    """Every pattern once, under its first name."""
    trees = {path: ast.parse(path.read_text("utf-8")) for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}
    ways: dict[str, set[str]] = {}
    inline: list[tuple[str, re.Pattern[Any], str]] = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.startswith("_"):
                way = SAME.get(node.attr, node.attr)  # called below, or handed on as a function
                if way in WAYS:
                    ways.setdefault(f"{path}:{node.value.id}", set()).add(way)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                way = SAME.get(node.func.attr, node.func.attr)
                if way not in WAYS:
                    continue
                owner = node.func.value
                called = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                # A private name is its module's own; a public one and a field are used anywhere.
                ours = f"{path}:{called}" if isinstance(owner, ast.Name) and called.startswith("_") else called
                ways.setdefault(ours, set()).add(way)
                if called == "re" and isinstance(node.args[0], ast.Constant):
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    flags = re.MULTILINE if "re.MULTILINE" in ast.unparse(node) else 0
                    inline.append((where, re.compile(node.args[0].value, flags), way))
    found: dict[tuple[Any, int], Found] = {}

    def add(name: str, pattern: re.Pattern[Any], known: set[str]) -> None:
        key = (pattern.pattern, pattern.flags)
        old = found.get(key)
        known = (known or set(WAYS)) | set(old.ways if old else ())
        found[key] = Found(old.name if old else name, pattern, tuple(way for way in WAYS if way in known))

    for module in modules():
        for name, value in sorted(vars(module).items()):
            for path, pattern in _patterns_in(value, f"{module.__name__}.{name}", 0):
                called = re.split(r"[.\[]", path.rstrip("]"))[-1]
                add(path, pattern, ways.get(f"{module.__file__}:{called}") or ways.get(called, set()))
    for where, pattern, way in inline:
        add(where, pattern, {way})
    return list(found.values())


def _patterns_in(value: object, name: str, depth: int) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth > 5 or isinstance(value, type):
        return
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _patterns_in(getattr(value, field.name, None), f"{name}.{field.name}", depth + 1)
    elif isinstance(value, Mapping) and len(value) < 1000:
        for key, item in value.items():
            yield from _patterns_in(key, f"{name}[{key!r}]", depth + 1)
            yield from _patterns_in(item, f"{name}[{key!r}]", depth + 1)
    elif isinstance(value, tuple | list | set | frozenset) and len(value) < 1000:
        for index, item in enumerate(value):
            yield from _patterns_in(item, f"{name}[{index}]", depth + 1)


def measure(found: Found, sizes: Sequence[int] = SIZES) -> Iterator[Timing]:
    """Try a pattern; what is slow for its size is tried at the next."""
    is_bytes = isinstance(found.pattern.pattern, bytes)
    for label, make in texts_for(found.pattern):
        for way in found.ways:
            seconds, before = 0.0, 0
            for size in sizes:
                if before and seconds * MIB / before < ALLOWED * WORTH:
                    break
                if before and seconds * (size / before) > LIMIT / 8:
                    break  # passed many times over already
                text = make(size)
                seconds = best_of_two(WAYS[way], found.pattern, text.encode()[:size] if is_bytes else text)
                before = size
            yield Timing(found.name, way, label, before, seconds)


def grown(found: Found, quiet: float) -> list[Timing]:
    """The first text on which time grows faster than length does, if any.

    Lengths rise to 32 Ki characters. Times below `quiet` CPU seconds say nothing; a linear pattern never gets there.
    """
    is_bytes = isinstance(found.pattern.pattern, bytes)
    for label, make in texts_for(found.pattern):
        for way in found.ways:
            before = 0.0
            for size in (16, 24, 1 << 11, 1 << 14, 1 << 15):
                text = make(size)
                spent = best_of_two(WAYS[way], found.pattern, text.encode()[:size] if is_bytes else text)
                if spent > quiet and (size < SIZES[0] or spent > QUADRATIC * before):
                    return [Timing(found.name, way, label, size, spent)]
                before = spent
    return []


def best_of_two(way: Callable[[re.Pattern[Any], Any], object], pattern: re.Pattern[Any], text: Any) -> float:
    """CPU seconds of one call; a second is made only where the first says nothing clear."""
    spent = []
    for _ in range(2):
        before = time.process_time()
        way(pattern, text)
        spent.append(time.process_time() - before)
        if spent[0] > 2 or spent[0] * MIB / len(text) < ALLOWED * WORTH:
            break
    return min(spent)


def _child(found: Found, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    for timing in measure(found):
        pipe.send(timing)
    pipe.send(None)


def slowest(found: Found) -> Timing:
    """The slowest that a pattern was, measured in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(found, theirs))
    process.start()
    theirs.close()
    worst = Timing(found.name, "", "", 1, 0.0)
    try:
        while (timing := ours.recv()) is not None:
            worst = max(worst, timing, key=lambda one: one.rate)
    except EOFError:
        worst = Timing(found.name, "?", f"not done in {LIMIT} s of CPU", MIB, None)
    process.join()
    return worst


def try_formats() -> Iterator[tuple[float, float, int, str]]:
    """Seconds a Mi characters, growth of the time where the text is doubled, characters, and what it was.

    What is slow for its size, or grows by more than twice and a half, is tried at the next.
    """
    from tasks import formats

    for name, format_ in formats.FORMATS.items():
        for piece in PIECES:
            for size in (MIB // 16, MIB // 2):
                half = _try_format(formats, format_, piece, size // 2)
                whole = _try_format(formats, format_, piece, size)
                step = max(whole, key=lambda step: whole[step])
                growth = whole[step] / max(half[step], NOISE)
                yield whole[step] * MIB / size, growth, size, f"{name} {step} on {piece!r}"
                if whole[step] * MIB / size < ALLOWED_FORMAT * WORTH and growth < QUADRATIC:
                    break


def _try_format(formats: Any, format_: Any, piece: str, size: int) -> dict[str, float]:
    """CPU seconds of each step of a format on a repeated piece."""
    spent: dict[str, float] = {}
    text = (piece * (size // len(piece) + 1))[:size]
    _timed(spent, "sniff", format_.sniff, text)
    if derive := formats.derivation_of(format_):
        text = _timed(spent, "derive", derive, text) or ""
    spans = _timed(spent, "split", format_.split, text) or []
    documents = [text[start:end] for start, end in spans]
    _timed(spent, "parse", lambda documents: [*map(format_.parse, documents)], documents)
    return spent


def _timed(spent: dict[str, float], step: str, act: Callable[[Any], Any], given: Any) -> Any:
    before = time.process_time()
    try:
        return act(given)
    except ValueError:  # a text that is none of the format is refused
        return None
    finally:
        spent[step] = time.process_time() - before


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--formats", action="store_true")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--show", type=int, default=10)
    options = parser.parse_args(arguments)
    if options.formats:
        rows = sorted(try_formats(), reverse=True)
        for rate, growth, size, what in rows[: options.show]:
            print(f"{rate:8.3f} s/Mi  {what} ({size:,} characters; {growth:.1f} times that of half)")
        slow = [row for row in rows if row[0] > ALLOWED_FORMAT]
        print(f"{len(rows)} trials, {len(slow)} above {ALLOWED_FORMAT:.0f} s a Mi characters")
        return int(bool(slow))
    patterns = [one for one in find_patterns() if not options.names or any(name in one.name for name in options.names)]
    if not patterns:
        print("patterns: no pattern of that name", file=sys.stderr)
        return 2
    worst = sorted(map(slowest, patterns), key=lambda timing: -timing.rate)
    passed = [timing for timing in worst if timing.rate > ALLOWED]
    if options.as_json:
        print(json.dumps([{**dataclasses.asdict(timing), "rate": timing.rate} for timing in worst]))
    else:
        for timing in worst[: max(options.show, len(passed))]:
            print(f"{timing.rate:8.3f} s/Mi  {timing.name} {timing.way} on {timing.text} ({timing.size:,} characters)")
        print(f"{len(patterns)} patterns, {len(passed)} above {ALLOWED} s a Mi characters")
    return int(bool(passed))


if __name__ == "__main__":
    sys.exit(main())

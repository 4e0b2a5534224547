"""The alias file: names that are one person's, each with the reason why that is known.

    [[person]]
    names = ["Ada Brook", "Ada Brooke", "Ада Брук"]     # the first one gives the id; each of two words at least
    labels = ["А.Брук"]                                 # labels that mean this person, in these sources alone
    sources = ["lessk"]
    why = "spelling of the source's two editions"

`tasks/people.toml` comes with Stenolake; a file of one's own, named by `STENOLAKE_ALIASES`, is read after it. A name
that both give belongs to the second.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import UsageError
from storage.files import storing
from tasks.identity import speaker_id

OWN_FILE = Path(__file__).with_name("people.toml")
VARIABLE = "STENOLAKE_ALIASES"

_KEYS = {"names", "labels", "sources", "why"}


@dataclass(frozen=True, slots=True)
class Aliases:
    """Ids by the folded form of a name (`speaker_id` of it), and by source and folded label."""

    names: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)


@functools.lru_cache(maxsize=8)
def read_aliases(own: str | None = None) -> Aliases:
    """The aliases of Stenolake and of a file of one's own, read once a process.

    Raises:
        UsageError: the file of one's own is not there, or not such a file.
        StorageError: it cannot be read.
    """
    names: dict[str, str] = {}
    labels: dict[tuple[str, str], str] = {}
    for path in _files(own):
        mine: dict[str, str] = {}
        for number, person in enumerate(_read(path), start=1):
            where = f"{path}: person {number}"
            _check(person, where)
            person_id = speaker_id(person["names"][0])
            for name in person["names"]:
                if mine.setdefault(speaker_id(name), person_id) != person_id:
                    raise UsageError(f"{where}: {name!r} is another person's too", "give each name to one person")
            for source in person.get("sources", ()):
                labels |= {(source, speaker_id(label)): person_id for label in person.get("labels", ())}
        names |= mine
    return Aliases(names, labels)


def named_file() -> str | None:
    """The file of one's own that the environment names."""
    return os.environ.get(VARIABLE) or None


def digest(own: str | None = None) -> str:
    """Hash of the alias files: what a run says of the aliases that it worked with."""
    held = hashlib.sha256()
    for path in _files(own):
        with storing(path):
            held.update(path.read_bytes())
    return held.hexdigest()[:12]


def _files(own: str | None) -> list[Path]:
    if own is None:
        return [OWN_FILE]
    if not Path(own).is_file():
        raise UsageError(f"no alias file at {own}", f"mend or unset {VARIABLE}")
    return [OWN_FILE, Path(own)]


def _read(path: Path) -> list[dict[str, Any]]:
    with storing(path):
        data = path.read_bytes()
    try:
        told = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML in UTF-8: {path}: {error}", "mend it; tasks/aliases.py shows the form") from error
    people = told.get("person", [])
    if set(told) - {"person"} or not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise UsageError(f"not a list of [[person]]: {path}", "mend it; tasks/aliases.py shows the form")
    return people


def _check(person: dict[str, Any], where: str) -> None:
    lists = {name: person.get(name, []) for name in ("names", "labels", "sources")}
    strange = sorted(set(person) - _KEYS) + [
        name
        for name, values in lists.items()
        if not isinstance(values, list) or not all(isinstance(value, str) and speaker_id(value) for value in values)
    ]
    if strange:
        raise UsageError(
            f"{where}: {', '.join(strange)}", f"it has {', '.join(sorted(_KEYS))}; lists of texts, and why"
        )
    if not isinstance(person.get("why"), str) or not person["why"].strip():
        raise UsageError(f"{where}: says not why", "say why these names are known to be one person's")
    if not lists["names"] or bool(lists["labels"]) != bool(lists["sources"]):
        raise UsageError(f"{where}: lacks names, or labels without sources", "name both: a label means a person there")
    if short := [name for name in lists["names"] if "-" not in speaker_id(name)]:
        raise UsageError(f"{where}: {short[0]!r} is one word", "many bear it: give it as a label of a source")

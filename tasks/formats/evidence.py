"""What a document proves about its persons, gathered while it is read.

A bare name before a colon is a speaker where the page names the person elsewhere: in a tag, in the title, in an earlier
label with a role. And a later bare name takes the role that was printed before. Nothing is carried from one document to
the next: merging persons over documents is not the parser's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.formats.blocks import Speaker
from tasks.formats.edition import Edition
from tasks.formats.editions import ENGLISH


@dataclass(slots=True)
class Evidence:
    """What a document proves about its persons. Keys are case-folded names with single spaces.

    `edition`: whose words labels are read by. `names`: full names, from person tags (turned round) and from labels with
    a role. `head`: title, summary, captions and link titles, folded: a name that stands there is known. `roles`: the
    last role printed for a name or surname; a surname that two persons share has the role None.
    """

    edition: Edition = ENGLISH
    names: set[str] = field(default_factory=set)
    head: str = ""
    roles: dict[str, str | None] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def names_person(self, name: str) -> bool:
        """Whether a tag or a label of the document is about this person, by full name or surname."""
        key = name.casefold()
        return key in self.names or key in self.owners

    def knows(self, name: str) -> bool:
        """Whether the document has these words somewhere else: as a person, or in its head and captions."""
        return self.names_person(name) or (" " in name and name in self.head)

    def add(self, speaker: Speaker) -> None:
        """Remember a speaker and the role that was printed for the name."""
        if not speaker.name:
            return
        key = speaker.name.casefold()
        self.names.add(key)
        surname = key.rpartition(" ")[2]
        if self.owners.setdefault(surname, key) != key:
            self.owners[surname] = ""  # two persons: the surname alone says nothing
        if speaker.role:
            self.roles[key] = speaker.role

    def resolve(self, speaker: Speaker) -> Speaker:
        """Give a bare name the role that the document printed for it before."""
        if not speaker.name or speaker.role:
            return speaker
        key = speaker.name.casefold()
        owner = self.owners.get(key, "")
        if not owner and "." in key:  # `I. Petrov` after Ivan Petrov
            initial, _, surname = key.rpartition(".")
            owner = self.owners.get(surname.strip(), "")
            owner = owner if owner[:1] == initial[:1] else ""
        role = self.roles.get(key) or self.roles.get(owner)
        return Speaker(speaker.name, role, speaker.kind) if role else speaker


def turn_round(tag: str) -> str:
    """The name in a person tag, which prints the surname first: `Petrov Ivan` is Ivan Petrov."""
    surname, _, given = tag.partition(" ")
    return f"{given} {surname}".strip()

"""Records of depositions whose rows are numbered: taken for such, read without the numbers, and proven."""

from __future__ import annotations

from tasks.formats import FORMATS, choose, numbered_text
from tasks.formats.blocks import check_tiling
from tasks.formats.labelled_text import iterate_turns

DEPOSITION = """\
                                                              1
 1             COURT OF NORLAND
 2  ACME FERRIES,       )
 3       vs.            ) No. 18-0123
 4  JOHN MARSH,         )
 5         DEPOSITION OF JOHN MARSH
 6              June 12, 2018
                                                              2
 1                 EXAMINATION
 2  BY MS. LIND:
 3       Q.  Good morning, Mr. Marsh.  Did you sleep
 4  well?
 5       A.  Yes.  I have 2 cats and
 6  12 mice.
 7       MR. KERN:  Objection.
 8       THE WITNESS:  I can answer.
                                                              3
 1       MR. KERN:  Go ahead.
 2            (Recess taken.)
 3       Q.  You may answer.
 4       A.  I was a deckhand.
"""


def test_the_numbers_are_no_words() -> None:
    assert choose(DEPOSITION) is FORMATS["numbered-text"]
    text = numbered_text.derive(DEPOSITION)
    ((start, end),) = numbered_text.split(text)
    blocks = numbered_text.parse(text[start:end])
    check_tiling(text[start:end], blocks)
    turns = [(label, " ".join(words.split())) for label, words in iterate_turns(text[start:end], blocks)]
    assert turns == [
        ("Q", "Good morning, Mr. Marsh. Did you sleep well?"),
        ("A", "Yes. I have 2 cats and 12 mice."),
        ("MR. KERN", "Objection."),
        ("THE WITNESS", "I can answer."),
        ("MR. KERN", "Go ahead."),
        ("Q", "You may answer."),
        ("A", "I was a deckhand."),
    ]
    assert "BY MS. LIND:" in {text[start:end][block.start : block.end] for block in blocks if block.kind == "heading"}


def test_lists_with_numbers_are_left_alone() -> None:
    steps = "\n".join(f"{at}. Take the rope.\n   Pull it." for at in range(1, 12))
    rows = "\n".join(f"{at} Ada Lind 12" for at in range(1, 20))
    assert [numbered_text.sniff(text) for text in (steps, rows, "", "1\n2\n3\n")] == [0.0] * 4

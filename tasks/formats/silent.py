"""Labels behind which nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.formats.blocks import Block

_OF_LABEL = ("markup", "speaker_label", "label_note", "label_mark", "turn_mark")
_TURN = ("speech", "speaker_label", "turn_mark")


def note_the_silent(blocks: Sequence[Block]) -> list[Block]:
    """Make one note of a label behind which nobody speaks: `MR. LIND: (Laughs.)` tells what he does, not says."""
    out: list[Block] = []
    at = 0
    while at < len(blocks):
        end = at
        labels = 0
        while end < len(blocks) and blocks[end].kind in _OF_LABEL:
            labels += blocks[end].kind in _TURN
            if labels > 1:  # the next label comes at once
                break
            end += 1
        kinds = {block.kind for block in blocks[at:end]}
        if not kinds & {"speaker_label", "turn_mark"}:
            out.append(blocks[at])
            at += 1
            continue
        if _next_kind(blocks, end) == "speech":
            out += blocks[at:end]
        else:
            end += end < len(blocks) and blocks[end].kind == "note"
            out.append(Block("note", blocks[at].start, blocks[end - 1].end))
        at = end
    return out


def _next_kind(blocks: Sequence[Block], at: int) -> str:
    """The kind of the next block that is speech or opens a turn."""
    while at < len(blocks) and blocks[at].kind not in _TURN:
        at += 1
    return blocks[at].kind if at < len(blocks) else ""

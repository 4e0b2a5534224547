"""What a reader sees in a labelled transcript, row by row: `cases/labelled/*` against `cases/labelled.json`.

`python -m tests.formats.labelled` writes the expectations anew; each difference is read before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tasks.formats import labelled_text
from tasks.formats.blocks import Speaker, check_tiling, fold

FOLDER = Path(__file__).parent / "cases" / "labelled"
EXPECTED = FOLDER.parent / "labelled.json"
_PASSED_OVER = ("label_mark", "markup", "front_matter")


def read_case(path: Path) -> dict[str, Any]:
    """Whether the format takes the text, and its blocks: `kind: words`, a label as `name / role / kind: label`."""
    text = path.read_bytes().decode("utf-8")
    seen = []
    for start, end in labelled_text.split(text):
        document = text[start:end]
        blocks = labelled_text.parse(document)
        check_tiling(document, blocks)
        for block in blocks:
            words = fold(document[block.start : block.end])
            if isinstance(block.value, Speaker):
                seen.append(f"{block.value.name} / {block.value.role} / {block.value.kind}: {words}")
            elif block.kind not in _PASSED_OVER:
                seen.append(f"{block.kind}: {words}")
    return {"taken": labelled_text.sniff(text) > 0, "body": seen}


def write_expected() -> None:
    """Write what is seen now."""
    found = {path.name: read_case(path) for path in sorted(FOLDER.iterdir())}
    EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write_expected()

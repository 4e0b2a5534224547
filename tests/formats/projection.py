"""What a person would check on a page: its fields, turns and the order of things, as plain JSON.

Golden files hold this. `python -m tests.formats.projection` writes them anew; review the difference before committing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from itertools import groupby
from pathlib import Path
from typing import Any

from tasks.formats import Format, choose
from tasks.formats.blocks import PARAGRAPH_KINDS, Block, Speaker, fold
from tests.support import REAL, ROOT

SAMPLE_DUMP = ROOT / "tests" / "samples" / "kremlin-sample.txt"
SAMPLE_GOLDEN = ROOT / "tests" / "formats" / "kremlin-sample.golden.json"
RUSSIAN_DUMPS = [ROOT / "tests" / "samples" / f"kremlin-ru-{name}.txt" for name in ("sample", "folded")]
REAL_DUMP = REAL / "kremlin-2023-11-09.txt"
REAL_GOLDEN = ROOT / "tests" / "formats" / "real-2023-11-09.golden.json"


def golden_of(dump: Path) -> Path:
    """Where it is written down what a sample reads as: not beside it, for a folder of dumps is ingested whole."""
    return ROOT / "tests" / "formats" / f"{dump.stem}.golden.json"


def project(text: str, *, prose: bool = True) -> list[dict[str, Any]]:
    """The documents of a dump as JSON values. Without prose, running text is given by its hash."""
    format_ = choose(text)
    assert format_
    return [_project_document(format_, text[start:end], start, prose) for start, end in format_.split(text)]


def _project_document(format_: Format, text: str, offset: int, prose: bool) -> dict[str, Any]:
    def say(words: str) -> str:
        return words if prose else hashlib.sha256(words.encode()).hexdigest()[:16]

    blocks = format_.parse(text)
    out: dict[str, Any] = {"span": [offset, offset + len(text)], "complete": format_.is_complete(blocks)}
    tags: dict[str, Any] = {}
    photos: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    relation = facet = ""
    size: Any = None
    paragraphs = 0
    for block in blocks:
        words = fold(text[block.start : block.end])
        if block.kind in PARAGRAPH_KINDS:
            paragraphs += 1
        match block.kind:
            case "title" | "place" | "head":
                out[block.kind] = words
            case "summary":
                out["summary"] = say(words)
            case "furniture" if block.value is None:
                pass
            case "date" | "time" | "published_at" | "furniture":
                assert isinstance(block.value, dt.date | dt.time)
                out["announced" if block.kind == "furniture" else block.kind] = block.value.isoformat()
            case "sections":
                assert isinstance(block.value, tuple)
                out["sections"] = list(block.value)
            case "tag_facet":
                facet = str(block.value)
                tags[facet] = []
            case "tag":
                tags[facet].append(words)
            case "tag_more":
                tags["more"] = block.value
            case "photo_counter":
                size = block.value
            case "caption":
                photos.append({"caption": say(words), "album_size": size, "after_paragraphs": paragraphs})
                size = None
            case "credit":
                photos[-1]["credit"] = words
            case "link_relation":
                relation = str(block.value)
            case "link_title":
                links.append({"relation": relation, "title": words, "after_paragraphs": paragraphs})
            case "link_date":
                links[-1]["date_label"] = words
                links[-1]["date"] = block.value.isoformat() if isinstance(block.value, dt.date) else None
            case "speaker_label":
                assert isinstance(block.value, Speaker)
                turns.append({"label": words, "name": block.value.name, "role": block.value.role})
                turns[-1] |= {"kind": block.value.kind, "paragraphs": []}
            case "label_note" | "label_tooltip":
                turns[-1][block.kind.removeprefix("label_")] = words
            case "speech":
                turns[-1]["paragraphs"].append(say(" ".join(words.split(" ")[:4]) if prose else words))
            case _:
                pass
    out |= {"tags": tags, "photos": photos, "links": links, "turns": turns, "order": _order(blocks)}
    return out


def _order(blocks: list[Block]) -> str:
    """The kinds of the running text in order: `lead 2, elision, label, speech 3`."""
    kinds = [block.kind for block in blocks if block.kind in PARAGRAPH_KINDS | {"speaker_label", "unrecognised"}]
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    return ", ".join(kind if count == 1 else f"{kind} {count}" for kind, count in runs)


def write_golden() -> None:
    """Write both golden files anew; the real one only where the real dump is."""
    russian = [(dump, golden_of(dump), True) for dump in RUSSIAN_DUMPS]
    for dump, golden, prose in ((SAMPLE_DUMP, SAMPLE_GOLDEN, True), (REAL_DUMP, REAL_GOLDEN, False), *russian):
        if dump.is_file():
            documents = project(dump.read_bytes().decode(), prose=prose)
            golden.write_text(json.dumps(documents, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_golden(path: Path) -> list[dict[str, Any]]:
    """The expected documents of a golden file."""
    documents: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return documents


if __name__ == "__main__":
    write_golden()

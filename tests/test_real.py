"""The recorded pages, end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import Command, fingerprint

pytestmark = pytest.mark.real


def test_745_pages_are_published_proven_and_met_again(stenolake: Command, real_data: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    first = stenolake("ingest", real_data / "kremlin-dev.txt", "--lake", lake, "--json").json
    assert first["documents"] == {"read": 745, "published": 745, "unchanged": 0, "quarantined": 0}
    proven = stenolake("verify", "--lake", lake, "--json")
    assert (proven.code, proven.json["damage"]) == (0, [])
    shares = stenolake("sql", "select min(recognised_share), count(*) from documents", "--lake", lake, "--json").json
    assert shares["rows"] == [[1.0, 745]]
    before = fingerprint(lake)
    again = stenolake("ingest", real_data / "kremlin-dev.txt", "--lake", lake, "--json").json
    assert again["documents"] == {"read": 745, "published": 0, "unchanged": 745, "quarantined": 0}
    after = fingerprint(lake)
    assert {name: after[name] for name in before} == before


def test_four_pages_have_four_documents_and_eight_turns(stenolake: Command, real_data: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    result = stenolake("ingest", real_data / "kremlin-2023-11-09.txt", "--lake", lake, "--json").json
    assert result["rows"] == {"documents": 4, "links": 7, "paragraphs": 157, "photos": 4, "tags": 14, "turns": 8}
    republic = "President of the Republic of Kazakhstan"
    asked = "select speaker_label, speaker_role, paragraph_count from turns order by byte_start"
    assert stenolake("sql", asked, "--lake", lake, "--json").json["rows"] == [
        ["President of Russia Vladimir Putin", "President of Russia", 23],
        [
            "President of the Republic of Kazakhstan Kassym-Jomart Tokayev",
            "President of the Republic of Kazakhstan",
            16,
        ],
        ["President of Russia Vladimir Putin", "President of Russia", 17],
        ["Kassym-Jomart Tokayev", republic, 1],
        ["President of Kazakhstan Kassym-Jomart Tokayev", "President of Kazakhstan", 12],
        ["President of Russia Vladimir Putin", "President of Russia", 13],
        ["President of Kazakhstan Kassym-Jomart Tokayev", "President of Kazakhstan", 30],
        ["President of Russia Vladimir Putin", "President of Russia", 40],
    ]
    assert stenolake("verify", "--lake", lake).code == 0

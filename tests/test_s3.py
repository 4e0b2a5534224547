"""`stenolake ingest s3://…` against a real S3 server, and against servers that misbehave."""

from __future__ import annotations

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage import ledger
from storage.errors import SourceError, StorageError, UsageError
from storage.lake import Lake
from tasks import s3
from tasks.s3 import Brought, Stored, bring, find
from tests.s3_server import S3, WEED, serve_s3
from tests.support import SAMPLE, Command, fingerprint, free_port, page

BUCKET = "archive"
TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos", "speakers")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if WEED is None:
        pytest.skip("no S3 server: `weed` is not installed (.ci/run does that)")
    with serve_s3(tmp_path_factory.mktemp("s3")) as served:
        client = served.client()
        client.create_bucket(Bucket=BUCKET)
        for key in (
            "2021/may/one.txt", "2021/may/two.txt", "2021/june.txt", "2021/june.md", "2021/.part.txt",
            "2021/.git/x.txt",
            "2021-notes.txt", "odd/a b #1 100%.txt", "odd/[draft].txt", "odd/*.txt", "odd/й.txt", "both",
            "both/below.txt",
        ):  # fmt: skip
            client.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        client.put_object(Bucket=BUCKET, Key="2021/", Body=b"")  # what consoles make of a folder
        client.put_object(Bucket=BUCKET, Key="sample/kremlin-sample.txt", Body=SAMPLE.read_bytes())
        yield served


@pytest.fixture
def storage(server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, which this process asks."""
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.mark.parametrize(
    ("address", "keys"),
    [
        ("2021/june.txt", ["2021/june.txt"]),
        ("2021", ["2021/june.md", "2021/june.txt", "2021/may/one.txt", "2021/may/two.txt"]),
        ("2021/", ["2021/june.md", "2021/june.txt", "2021/may/one.txt", "2021/may/two.txt"]),
        ("2021/may/", ["2021/may/one.txt", "2021/may/two.txt"]),
        ("2021/*.txt", ["2021/june.txt"]),
        ("2021/m?y", ["2021/may/one.txt", "2021/may/two.txt"]),
        ("*/*/*.txt", ["2021/may/one.txt", "2021/may/two.txt"]),
        ("2021/**/*.txt", ["2021/june.txt", "2021/may/one.txt", "2021/may/two.txt"]),
        ("2021/june.[mt]*", ["2021/june.md", "2021/june.txt"]),
        ("odd/[draft].txt", ["odd/[draft].txt"]),
        ("odd/*.txt", ["odd/*.txt"]),
        ("odd/a b #1 100%.txt", ["odd/a b #1 100%.txt"]),
        ("odd/й.txt", ["odd/й.txt"]),
        ("both", ["both"]),
        ("both/", ["both/below.txt"]),
    ],
)
def test_what_an_address_names(storage: S3, address: str, keys: list[str]) -> None:
    found = find(f"s3://{BUCKET}/{address}")
    assert sorted(one.key for one in found) == keys
    assert [(one.bucket, one.size) for one in found] == [(BUCKET, len(one.key.encode())) for one in found]


def test_a_bucket_is_a_folder(storage: S3) -> None:
    keys = {one.key for one in find(f"s3://{BUCKET}")}
    assert {"both", "both/below.txt", "2021-notes.txt", "sample/kremlin-sample.txt"} <= keys
    assert not keys & {"2021/", "2021/.part.txt", "2021/.git/x.txt"}
    assert keys == {one.key for one in find(f"s3://{BUCKET}/")}


def test_more_objects_than_a_list_holds(storage: S3) -> None:
    client = storage.client()
    for number in range(1010):
        client.put_object(Bucket=BUCKET, Key=f"many/{number:04}.txt", Body=b"%d" % number)
    assert [one.key for one in find(f"s3://{BUCKET}/many")] == [f"many/{number:04}.txt" for number in range(1010)]


def test_objects_come_in_order_and_are_gone_again(storage: S3, tmp_path: Path) -> None:
    client, files = storage.client(), list[Path | Stored]()
    for number in range(30):
        body = f"{number} ".encode() * (1 + 7919 * (number % 3))
        client.put_object(Bucket=BUCKET, Key=f"order/{number}.txt", Body=body)
        files.append(Stored(BUCKET, f"order/{number}.txt", len(body)))
    files.insert(5, SAMPLE)
    came = []
    for one in bring(files, tmp_path):
        if isinstance(one, Path):
            came.append(one.name)
        else:
            came.append(one.name)
            assert one.uri == f"s3://{BUCKET}/order/{one.name}"
            assert set(one.path.read_text("utf-8").split()) == {one.name.removesuffix(".txt")}
            assert len(list(one.path.parent.iterdir())) <= s3.AHEAD + 1
    assert came == [file.name for file in files]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_the_work_ends_early(storage: S3, tmp_path: Path) -> None:
    before = threading.active_count()
    brought = bring(find(f"s3://{BUCKET}/2021"), tmp_path)
    next(brought)
    brought.close()
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == before


def _without_run(table: Path) -> pa.Table:
    read = pq.read_table(table)
    return read.select([name for name in read.column_names if name not in {"run_id", "ingested_at"}])


def test_rows_of_an_object_are_those_of_the_file(storage: S3, stenolake: Command, tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/sample/kremlin-sample.txt"
    lake, other = tmp_path / "lake", tmp_path / "other"
    said = stenolake("ingest", address, "--lake", lake, "--json")
    assert (said.code, said.json["documents"]["published"]) == (0, 12)
    assert stenolake("ingest", SAMPLE, "--lake", other, "--json").code == 0
    for table in TABLES:
        assert _without_run(lake / table).equals(_without_run(other / table))
    (told,) = ledger.read(Lake(lake), "inputs").to_pylist()
    assert (told["uri"], told["bytes"], told["media_type"]) == (address, SAMPLE.stat().st_size, "text/plain")
    (events,) = (lake / "_lineage" / "openlineage").iterdir()
    *_, ended = map(json.loads, events.read_text("utf-8").splitlines())
    assert ("s3://archive", "sample/kremlin-sample.txt") in [(one["namespace"], one["name"]) for one in ended["inputs"]]

    before = fingerprint(lake, *TABLES, "_raw")
    again = stenolake("ingest", f"s3://{BUCKET}/sample", "--lake", lake, "--json")
    assert again.json["documents"] == {"read": 12, "published": 0, "unchanged": 12, "quarantined": 0}
    assert fingerprint(lake, *TABLES, "_raw") == before
    assert stenolake("verify", "--lake", lake).code == 0
    assert address in stenolake("trace", told["dump_sha256"], "--lake", lake).out


def test_archives_and_file_names_tell_what_they_tell_on_disk(storage: S3, stenolake: Command, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("pages/a b.txt", page(3))
    client = storage.client()
    client.put_object(Bucket=BUCKET, Key="packed/may 1.zip", Body=packed.getvalue())
    client.put_object(Bucket=BUCKET, Key="packed/2.txt.gz", Body=gzip.compress(page(4).encode()))
    brief = "MS. LIND: Good day to all of you.\n\nMR. HALM: And to you, too.\n\nMS. LIND: Thank you.\n"
    client.put_object(Bucket=BUCKET, Key="packed/2019-03-05 brief #7.txt", Body=brief.encode())
    lake = tmp_path / "lake"
    said = stenolake(
        "ingest", f"s3://{BUCKET}/packed", "--lake", lake, "--source", "hall", "--language", "en", "--json"
    )
    assert (said.code, said.json["documents"]["published"]) == (0, 3)
    assert sorted(row["uri"] for row in ledger.read(Lake(lake), "inputs").to_pylist()) == [
        "s3://archive/packed/2.txt.gz", "s3://archive/packed/2.txt.gz!/2.txt",
        "s3://archive/packed/2019-03-05%20brief%20%237.txt", "s3://archive/packed/may%201.zip",
        "s3://archive/packed/may%201.zip!/pages/a%20b.txt",
    ]  # fmt: skip
    named = [row for row in pq.read_table(lake / "documents").to_pylist() if row["event_date"].year == 2019]
    assert [(row["title"], str(row["event_date"])) for row in named] == [("2019-03-05 brief #7", "2019-03-05")]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://archive/nothing-here.txt", "nothing is at s3://archive/nothing-here.txt"),
        ("s3://archive/nothing-here/", "nothing is at s3://archive/nothing-here/"),
        ("s3://archive/none*", "nothing matches s3://archive/none*"),
        ("s3://no-such-bucket/a.txt", "no such bucket: s3://no-such-bucket/a.txt"),
        ("s3://no-such-bucket/*", "no such bucket: s3://no-such-bucket/*"),
        ("s3://a bucket/a.txt", "no address of an object: s3://a bucket/a.txt"),
        ("s3:///a.txt", "no bucket is named: s3:///a.txt"),
        ("s3://archive/2021**", "no pattern: s3://archive/2021**: "),
    ],
)
def test_what_is_not_there_is_told(storage: S3, stenolake: Command, tmp_path: Path, address: str, said: str) -> None:
    told = stenolake("ingest", address, "--lake", tmp_path / "lake", "--json")
    assert (told.code, told.json["exit"]) == (2, 2)
    assert told.json["error"].startswith(said)
    assert told.json["advice"]
    assert not (tmp_path / "lake").exists()


def test_a_wrong_secret_is_told(
    storage: S3, stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-lakes")
    for address in ("s3://archive/both", "s3://archive/b*"):
        said = stenolake("ingest", address, "--lake", tmp_path / "lake", "--json")
        assert (said.code, said.json["error"].startswith(f"not allowed to read {address} (")) == (2, True)
        assert "AWS_PROFILE" in said.json["advice"]


def test_a_profile_that_is_not_there_is_told(
    storage: S3, stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    said = stenolake("ingest", "s3://archive/both", "--lake", tmp_path / "lake", "--json")
    assert (said.code, said.json["advice"]) == (2, "check AWS_PROFILE, AWS_ACCESS_KEY_ID and ~/.aws")
    assert "nobody" in said.json["error"]


def test_an_object_that_is_replaced_while_it_comes_is_one_version_or_none(
    storage: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, size = storage.client(), 40 << 20
    client.put_object(Bucket=BUCKET, Key="large.bin", Body=b"a" * size)
    monkeypatch.setattr(s3, "_IN_PARTS", 1 << 20)
    (large,) = bring(find(f"s3://{BUCKET}/large.bin"), tmp_path / "whole")
    assert isinstance(large, Brought)

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")  # a client of its own
    ours, parts = s3._client(), []

    def replace(**_: Any) -> None:
        parts.append(1)
        if len(parts) == 2:
            client.put_object(Bucket=BUCKET, Key="large.bin", Body=b"b" * size)

    ours.meta.events.register("before-call.s3.GetObject", replace)
    with pytest.raises(StorageError, match=r"input changed while it was read: s3://archive/large.bin"):
        list(bring([Stored(BUCKET, "large.bin", size)], tmp_path / "half"))
    assert list((tmp_path / "half").iterdir()) == []


def test_an_object_that_is_gone_before_it_comes_is_told(storage: S3, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing is at s3://archive/gone.txt any more"):
        list(bring([Stored(BUCKET, "gone.txt", 5)], tmp_path))


# Servers that misbehave: no S3 server does so when it is asked to.


class Moody(BaseHTTPRequestHandler):
    """Gives one object of ten bytes, as the test says."""

    protocol_version = "HTTP/1.1"
    moods: ClassVar[list[str]]
    asked: ClassVar[list[tuple[str, str | None]]]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append((self.command, self.headers["Authorization"]))
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        if mood == "busy":
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if self.headers["Range"] else 200)
        self.send_header("Content-Length", "10")
        self.send_header("Content-Range", "bytes 0-9/10")
        self.send_header("ETag", '"one"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"0123456789"[: 4 if mood == "cut" else 10])
        self.close_connection = mood == "cut"

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Moody]]:
    class Mine(Moody):
        moods: ClassVar = ["well"]
        asked: ClassVar = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        for name, value in S3(f"http://127.0.0.1:{served.server_address[1]}").environ.items():
            monkeypatch.setenv(name, value)
        yield Mine
        served.shutdown()


def _text(address: str, folder: Path) -> list[str]:
    return [one.path.read_text("utf-8") for one in bring(find(address), folder) if isinstance(one, Brought)]


@pytest.mark.parametrize("moods", [["well"], ["busy", "well", "busy", "well"], ["well", "well", "cut", "well"]])
def test_what_passes_is_asked_for_again(moody: type[Moody], tmp_path: Path, moods: list[str]) -> None:
    moody.moods[:] = moods
    assert _text("s3://b/a.txt", tmp_path) == ["0123456789"]
    assert len(moody.asked) == 3 + sum(mood != "well" for mood in moods)


def test_a_storage_that_stays_busy_is_unavailable(moody: type[Moody], stenolake: Command, tmp_path: Path) -> None:
    moody.moods[:] = ["busy"]
    said = stenolake("ingest", "s3://b/a.txt", "--lake", tmp_path / "lake", "--json")
    assert (said.code, said.json["error"]) == (
        7,
        "the storage does not give s3://b/a.txt now (503: Service Unavailable)",
    )
    assert len(moody.asked) == s3._ATTEMPTS


def test_an_object_that_never_comes_whole_is_no_dump(moody: type[Moody], tmp_path: Path) -> None:
    moody.moods[:] = ["well", "well", "cut"]
    with pytest.raises(SourceError, match=r"cannot reach s3://b/a.txt"):
        _text("s3://b/a.txt", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_is_told(moody: type[Moody], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SourceError, match=r"cannot reach s3://b/a.txt"):
        find("s3://b/a.txt")


def test_without_credentials_nothing_is_signed(
    moody: type[Moody], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _text("s3://b/a.txt", tmp_path) == ["0123456789"]
    assert all(signed for _, signed in moody.asked)
    moody.asked.clear()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert _text("s3://b/a.txt", tmp_path) == ["0123456789"]
    assert [signed for _, signed in moody.asked] == [None, None, None]


def test_the_drop_folder_is_on_this_machine(stenolake: Command, tmp_path: Path) -> None:
    from flows.drop import drop

    ended = drop("s3://archive/drop", str(tmp_path / "lake"), return_state=True)
    assert (ended.name, str(ended.message).partition("\n")[0]) == (
        "Failed", "the drop folder must be on this machine: s3://archive/drop",
    )  # fmt: skip

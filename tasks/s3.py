"""Dumps in object storage: what an `s3://` address names, and its bytes, brought here in order.

Where the storage is and who asks, boto3 finds out as every tool of AWS does: `AWS_ENDPOINT_URL`, `AWS_PROFILE`,
`AWS_ACCESS_KEY_ID`, `~/.aws`, the role of the machine. Without credentials requests go unsigned, which public buckets
take. One object is one version of it: boto3 asks for each part on condition that the object has not been replaced.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import re
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from storage.errors import SourceError, StenolakeError, StorageError, UsageError
from storage.files import storing

SCHEME = "s3://"
AHEAD = 8  # objects on their way while one is read: an answer takes some 50 ms, a page a few
_IN_PARTS = 64 << 20  # larger objects come in several parts at a time, by threads of their own
_PARTS = 4
_ATTEMPTS = 5
_OWN_ENDPOINTS = (".amazonaws.com", ".amazonaws.com.cn")
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_BUSY = frozenset({"SlowDown", "TooManyRequests", "RequestTimeout", "Throttling", "ThrottlingException"})


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its bucket, its key, its size in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def uri(self) -> str:
        """Its address, with the key quoted as paths are in `file://` addresses.

        >>> Stored("archive", "2023/a b.txt", 5).uri
        's3://archive/2023/a%20b.txt'
        """
        return f"{SCHEME}{self.bucket}/{quote(self.key)}"

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that stands for something with an address and a name of its own."""

    path: Path
    uri: str
    name: str


def find(address: str) -> list[Stored]:
    """The objects that an address names: one, all below a folder (hidden ones aside), or those that match a pattern.

    Args:
        address: `s3://bucket/key`, `s3://bucket/folder/`, `s3://bucket`, or a key with `*`, `?`, `[…]` and `**`.

    Raises:
        UsageError: it names nothing, or the storage does not let us look.
        SourceError: the storage is not to be had.
    """
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise UsageError(f"no bucket is named: {address}", "write s3://bucket/key")
    with _asking(address):
        client = _client()
        if glob.has_magic(key):
            return _match(client, bucket, key, address)
        if key and not key.endswith("/") and (found := _head(client, bucket, key)):
            return [found]
        folder = f"{key.rstrip('/')}/" if key else ""
        below = list(_list(client, bucket, folder))
    if not below:
        raise UsageError(f"nothing is at {address}", "check the address, and that it is the bucket that you mean")
    return below


def bring(files: Iterable[Path | Stored], folder: Path) -> Generator[Path | Brought, None, None]:
    """The files in their order, objects as files of `folder` that are gone once the next one is asked for.

    Some objects are on their way ahead, so that the answers' delay is waited for once and not at each.

    Raises:
        UsageError, SourceError, StorageError: an object is not to be had, or was replaced while it came.
    """
    waiting = deque[Path | tuple[Stored, Path, Future[None]]]()
    stop, client = threading.Event(), None
    with contextlib.ExitStack() as stack:
        for number, file in enumerate(files):
            if isinstance(file, Path):
                waiting.append(file)
            else:
                if client is None:
                    with _asking(file.uri):
                        client = _client()
                    with storing(folder):
                        folder.mkdir(parents=True, exist_ok=True)
                        spool = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix="s3-")))
                    pool = stack.enter_context(ThreadPoolExecutor(AHEAD))
                    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
                    stack.callback(stop.set)
                target = spool / str(number)
                waiting.append((file, target, pool.submit(_download, client, file, target, stop)))
            if len(waiting) > AHEAD:
                yield from _arrive(waiting.popleft())
        while waiting:
            yield from _arrive(waiting.popleft())


def _arrive(one: Path | tuple[Stored, Path, Future[None]]) -> Iterator[Path | Brought]:
    if isinstance(one, Path):
        yield one
        return
    stored, path, download = one
    download.result()
    yield Brought(path, stored.uri, stored.name)
    path.unlink()


def _download(client: Any, stored: Stored, target: Path, stop: threading.Event) -> None:
    from boto3.s3.transfer import TransferConfig

    def look_up(_: int) -> None:
        if stop.is_set():
            raise InterruptedError

    parts = TransferConfig(use_threads=stored.size > _IN_PARTS, max_concurrency=_PARTS, num_download_attempts=_ATTEMPTS)
    with storing(target), _asking(stored.uri), target.open("wb") as out:
        client.download_fileobj(stored.bucket, stored.key, out, Config=parts, Callback=look_up)


def _client() -> Any:
    return _make_client(frozenset(item for item in os.environ.items() if item[0].startswith("AWS_")))


@functools.cache  # to look for credentials may take seconds
def _make_client(_: frozenset[tuple[str, str]]) -> Any:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.Session()
    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        "connect_timeout": 10,
        "read_timeout": 30,
        "max_pool_connections": AHEAD * _PARTS,
    }
    if session.get_credentials() is None:
        options["signature_version"] = UNSIGNED
    client = session.client("s3", config=Config(**options))
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith(_OWN_ENDPOINTS):
        return client
    # other storages seldom answer to a host name for each bucket
    return session.client("s3", config=Config(**options, s3={"addressing_style": "path"}))


def _head(client: Any, bucket: str, key: str) -> Stored | None:
    from botocore.exceptions import ClientError

    try:
        return Stored(bucket, key, client.head_object(Bucket=bucket, Key=key)["ContentLength"])
    except ClientError as error:
        if _code(error) in _MISSING:
            return None
        raise


def _list(client: Any, bucket: str, folder: str) -> Iterator[Stored]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
        for entry in page.get("Contents", ()):
            below = entry["Key"].removeprefix(folder)
            if below and not below.endswith("/") and not any(part.startswith(".") for part in below.split("/")):
                yield Stored(bucket, entry["Key"], entry["Size"])


def _match(client: Any, bucket: str, pattern: str, address: str) -> list[Stored]:
    from fsspec.utils import glob_translate

    try:
        is_match = re.compile(glob_translate(pattern.rstrip("/"))).match
    except ValueError as error:
        raise UsageError(f"no pattern: {address}: {error}", "write ** between two slashes") from error
    literal = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    found = []
    for stored in _list(client, bucket, literal.rpartition("/")[0] + "/" if "/" in literal else ""):
        if stored.key == pattern:
            return [stored]
        parts = stored.key.split("/")
        if any(is_match("/".join(parts[:count])) for count in range(1, len(parts) + 1)):
            found.append(stored)
    if not found:
        raise UsageError(f"nothing matches {address}", "check the pattern; quote it so that the shell leaves it alone")
    return found


@contextlib.contextmanager
def _asking(address: str) -> Iterator[None]:
    """Tell what the storage did not give as an error of ours."""
    try:
        yield
    except (StenolakeError, OSError):
        raise
    except Exception as error:
        if told := _tell(error, address):
            raise told from error
        raise


def _tell(error: Exception, address: str) -> StenolakeError | None:
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as botocore
    from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

    if isinstance(error, S3DownloadFailedError):
        return StorageError(f"input changed while it was read: {address}", "let its writer finish and run again")
    if isinstance(error, botocore.ClientError):
        return _tell_answer(error, address)
    lines = " ".join(str(error).split())
    passing = (
        botocore.HTTPClientError,
        botocore.ConnectionError,
        botocore.IncompleteReadError,
        botocore.FlexibleChecksumError,
        Boto3Error,
        RetriesExceededError,
    )
    if isinstance(error, passing):
        return SourceError(f"cannot reach {address}: {lines}", "try again later, or check AWS_ENDPOINT_URL")
    if isinstance(error, botocore.ParamValidationError):
        return UsageError(f"no address of an object: {address}: {lines}", "write s3://bucket/key")
    if isinstance(error, botocore.BotoCoreError):
        return UsageError(f"cannot ask for {address}: {lines}", "check AWS_PROFILE, AWS_ACCESS_KEY_ID and ~/.aws")
    return None


def _tell_answer(error: Any, address: str) -> StenolakeError:
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ")
    if code == "NoSuchBucket":
        return UsageError(f"no such bucket: {address}", "check the name, and AWS_ENDPOINT_URL")
    if code in _MISSING:
        return UsageError(f"nothing is at {address} any more", "run again")
    if code in _BUSY or status >= 500 or status == 429:
        return SourceError(f"the storage does not give {address} now ({said})", "try again later")
    if code == "InvalidObjectState":
        return UsageError(f"{address} is archived ({said})", "restore the object first")
    if status in {401, 403}:
        return UsageError(
            f"not allowed to read {address} ({said})",
            "check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID) and their right to list and read",
        )
    return UsageError(f"the storage refuses {address} ({said})", "check the address, AWS_REGION and AWS_ENDPOINT_URL")


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))

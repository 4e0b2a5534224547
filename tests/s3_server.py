"""A real S3 server on loopback: SeaweedFS, where `weed` is installed (`.ci/run` does that)."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import free_port

WEED = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
START_SECONDS = 120.0
GRPC_OFFSET = 10_000  # of each port of SeaweedFS there is another one, so much higher


@dataclass(frozen=True)
class S3:
    """A server, and who may ask it."""

    url: str
    key: str = "weaver"
    secret: str = "of-seas"

    @property
    def environ(self) -> dict[str, str]:
        """What tools of AWS ask it by."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }  # fmt: skip

    def client(self) -> Any:
        """One of boto3."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=self.key, aws_secret_access_key=self.secret,
            region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip


@contextlib.contextmanager
def serve_s3(folder: Path) -> Iterator[S3]:
    """A server that keeps its objects in a folder."""
    process, server = _start(folder)
    try:
        yield server
    finally:
        _stop(process)


def _start(folder: Path, tries: int = 3) -> tuple[subprocess.Popen[bytes], S3]:
    """Start it, with other ports where somebody else has come in between."""
    assert WEED
    ports = [_low_port() for _ in range(5)]
    server = S3(f"http://127.0.0.1:{ports[0]}")
    names = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
    place = folder / str(tries)
    place.mkdir()
    command = [WEED, "mini", f"-dir={place}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
    command += [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    command += ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    with (place / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **server.environ}, cwd=place, stdout=log, stderr=log)
    try:
        _wait(server, process, place / "weed.log")
    except BaseException as error:
        _stop(process)
        if isinstance(error, AssertionError) and tries > 1:
            return _start(folder, tries - 1)
        raise
    return process, server


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _low_port() -> int:
    """A free port whose neighbour for gRPC exists and is free too."""
    while True:
        port = free_port()
        if port + GRPC_OFFSET < 65_536:
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + GRPC_OFFSET)):
                return port
        else:
            port -= 25_000
            with (
                contextlib.suppress(OSError),
                socket.create_server(("127.0.0.1", port)),
                socket.create_server(("127.0.0.1", port + GRPC_OFFSET)),
            ):
                return port


def _wait(server: S3, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it takes an object: its parts come up one after the other."""
    deadline, client, said = time.monotonic() + START_SECONDS, server.client(), "nothing yet"
    while said:
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(said + log.read_text("utf-8", "replace")[-2000:])
        said = _try(client)
        time.sleep(0.3 if said else 0)


def _try(client: Any) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.create_bucket(Bucket="ready")
        client.put_object(Bucket="ready", Key="ready", Body=b"ready")
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return ""

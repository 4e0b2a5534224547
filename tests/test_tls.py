"""https: a certificate for the name that is asked, by an authority that is trusted, at the address that was checked."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flows.destination import AUTHORITIES, _authorities
from storage.errors import SourceError, UsageError
from storage.raw import RawStore
from storage.records import Fetch
from tasks.fetch.address import Fence, Origin, read_address
from tasks.fetch.guest import Ask, Guest
from tasks.fetch.profile import Politeness
from tasks.fetch.visit import Archive
from tasks.fetch.wire import Bounds, Wire
from tests.publisher import ROBOTS, Site, serve

HOST, PUBLIC = "news.valdoria.example", "93.184.215.14"


def certificate(folder: Path, name: str, issuer: tuple[Path, Path] | None) -> tuple[Path, Path]:
    """A certificate for a name and its key, from an issuer or signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by, by_key = subject, key
    if issuer:
        by = x509.load_pem_x509_certificate(issuer[0].read_bytes()).subject
        loaded = serialization.load_pem_private_key(issuer[1].read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        by_key = loaded
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(True, False, False, False, False, issuer is None, False, False, False), True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(by_key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("authority"), "authority.example", None)


@pytest.fixture
def site() -> Site:
    return Site({"/robots.txt": ROBOTS, "/page": b"<html><body>A page.</body></html>"})


def ask(site: Site, shown: tuple[Path, Path], trusted: Path | None, folder: Path) -> tuple[Fetch, list[str], list[str]]:
    """Ask for a page: its record, what was connected to, and the names that the server was asked for."""
    connected, names = list[str](), list[str]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*shown)
    context.sni_callback = lambda _, name, __: names.append(str(name))
    with serve(site, context):

        def connect(ip: str, port: int, timeout: float) -> socket.socket:
            connected.append(f"{ip}:{port}")
            return socket.create_connection(("127.0.0.1", int(site.base.rpartition(":")[2])), timeout)

        origin, staging = Origin("https", HOST, 443), folder / "staging"
        archive = Archive(RawStore(folder / "_raw", staging), staging, [])
        wire = Wire(
            Fence((origin,)), "Stenolake/test", Bounds(), folder, lambda host, port: [PUBLIC], connect,
            str(trusted) if trusted else None,
        )  # fmt: skip
        manners = Politeness(delay_seconds=0, backoff_seconds=0)
        guest = Guest(wire, manners, lambda ask, response: ("stored", ""), archive.keep, "valdoria", "en")
        return guest.ask(Ask("page", read_address(f"https://{HOST}/page"), "1")), connected, names


def test_own_authority(site: Site, authority: tuple[Path, Path], tmp_path: Path) -> None:
    fetch, connected, names = ask(site, certificate(tmp_path, HOST, authority), authority[0], tmp_path)
    assert (fetch.outcome, fetch.http_status, fetch.address) == ("stored", 200, PUBLIC)
    assert connected == [f"{PUBLIC}:443"] * 2  # robots.txt, page: the address that was checked
    assert names == [HOST] * 2
    assert {request.headers["Host"] for request in site.requests} == {HOST}


@pytest.mark.parametrize(
    ("name", "issued", "trusts", "told"),
    [
        ("other.example", True, True, "Hostname mismatch"),
        (HOST, False, True, "self-signed certificate"),
        (HOST, True, False, "unable to get local issuer certificate"),
    ],
)
def test_refused(
    name: str, issued: bool, trusts: bool, told: str, site: Site, authority: tuple[Path, Path], tmp_path: Path
) -> None:
    shown = certificate(tmp_path, name, authority if issued else None)
    with pytest.raises(
        SourceError, match=f"robots.txt of https://{HOST} cannot be had: its certificate is refused: {told}"
    ):
        ask(site, shown, authority[0] if trusts else None, tmp_path)
    assert site.requests == []


def test_the_environment_names_the_authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AUTHORITIES, str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE: cannot read"):
        _authorities()
    monkeypatch.setenv(AUTHORITIES, __file__)
    assert _authorities() == __file__
    monkeypatch.delenv(AUTHORITIES)
    assert _authorities() is None

"""`serve --policy` as a process of its own over TLS, with a certificate authority made for the test."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[1]
KEY = "000-khoa-thu-nghiem"
START_S = 180


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority that signs certificates for loopback."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(self._sign(_name(name), self._key.public_key(), is_authority=True))

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool) -> bytes:
        # A certificate is judged by the clock of the machine, so it is made by it.
        now = datetime.fromtimestamp(Path(self._folder).stat().st_mtime, UTC)
        issued = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(self._name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=7))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=is_authority,
                    crl_sign=is_authority,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if not is_authority:
            names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            issued = issued.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return issued.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, passphrase: bytes | None = None) -> tuple[Path, Path]:
        """A certificate for `localhost` and 127.0.0.1, and its key (mode 0600)."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert_path, key_path = self._folder / f"{self._name}-server.pem", self._folder / f"{self._name}-server.key"
        cert_path.write_bytes(self._sign(_name("localhost"), key.public_key(), is_authority=False))
        hidden = (
            serialization.NoEncryption()
            if passphrase is None
            else serialization.BestAvailableEncryption(passphrase)
        )
        key_path.touch(mode=0o600)
        key_path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        )
        return cert_path, key_path

    def trusted(self) -> ssl.SSLContext:
        """A caller that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """The JSON it held."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class PackServer:
    """A running service and how to ask it."""

    port: int
    context: ssl.SSLContext | None

    @property
    def url(self) -> str:
        return f"{'http' if self.context is None else 'https'}://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request with the key; `body` is sent as JSON, bytes as they are. A header of None is left out."""
        if self.context is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.context)
        sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {name: value for name, value in sent.items() if value})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        is_json = found.get("content-type", "").partition(";")[0] in (
            "application/json",
            "application/problem+json",
        )
        return Reply(answer.status, found, json.loads(raw) if is_json else raw.decode())

    def post(self, path: str, body: object, **headers: str) -> Reply:
        """`path` below /access/v1/."""
        return self.request("POST", f"/access/v1/{path}", body, headers)


@contextmanager
def pack_served(
    folder: Path, *, authority: Authority | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[PackServer]:
    """The pack in `folder`, served until the block ends: over TLS where there is an authority, else over http."""
    port = free_port()
    server = PackServer(port, None if authority is None else authority.trusted())
    command = [sys.executable, "-m", "access_service", "serve", "--policy", str(folder), "--port", str(port)]
    command += ["--public-url", server.url]
    if authority is not None:
        cert, key = authority.issue()
        command += ["--tls-cert", str(cert), "--tls-key", str(key)]
    given = {
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "ACCESS_SERVICE_API_KEY": KEY,
        "ACCESS_SERVICE_API_KEY_SEARCH": "true",
        "ACCESS_SERVICE_OPERATIONS_PUBLIC": "true",
        **(environment or {}),
    }
    process = subprocess.Popen(
        command, env={**os.environ, **given}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
    )
    try:
        _wait(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM), said.decode()
    assert b"Traceback" not in said
    assert b'"event": "failed"' not in said


def _wait(server: PackServer, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, (process.stderr.read() if process.stderr else b"").decode()
        try:
            if server.request("GET", "/readyz").status == 200:
                return
        except ConnectionError:
            time.sleep(0.05)
    raise AssertionError("it does not answer")

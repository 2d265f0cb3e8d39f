"""Certificates of people and units: what is shown of one, and whom the operator trusts to issue them.

No national root ships with the service. `trust/` is the operator's folder: `roots/` and `intermediates/` hold
certificates, `crl/` lists of what was revoked, each in PEM or DER. Nothing is fetched from anywhere: a certificate
is checked with what lies there and with what came inside the file (evidence.md 3.3).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from access_service.domain.errors import UnavailableError
from access_service.signing.canonical import sha256_hex

T = TypeVar("T")
LARGEST = 64 << 20
"""Bytes of all files of a trust folder: lists of what was revoked are the large ones."""
_PEM = b"-----BEGIN"
_PEM_END = b"-----END"


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """What a certificate says of itself. Its subject is shown beside the person, and decides nothing."""

    sha256: str
    """Of the whole certificate in DER, hex."""
    subject: str
    issuer: str
    serial: str
    """Hex."""
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Trust:
    """What the operator's folder holds, in DER."""

    roots: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Is nobody trusted to issue certificates?"""
        return not self.roots


def show_certificate(der: bytes) -> CertificateShown:
    """What a certificate says of itself. Raises `ValueError` for what is none."""
    found = x509.load_der_x509_certificate(der)
    return CertificateShown(
        sha256=sha256_hex(der),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        serial=f"{found.serial_number:x}",
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
    )


def read_trust(folder: Path | None) -> Trust:
    """Everything in the operator's folder; nobody is trusted where there is none.

    Raises `UnavailableError` for a file that is not what its place says, or too much of them: a folder that is half
    read would refuse, or accept, for no reason that anybody sees.
    """
    if folder is None or not folder.is_dir():
        return Trust()
    left = LARGEST
    found: dict[str, tuple[bytes, ...]] = {}
    for place, read in (("roots", read_certificates), ("intermediates", read_certificates), ("crl", read_crls)):
        items: list[bytes] = []
        for path in sorted(p for p in (folder / place).glob("[!.]*") if p.is_file()):
            data = path.read_bytes()
            left -= len(data)
            if left < 0:
                raise UnavailableError(f"the trust folder holds more than {LARGEST >> 20} MiB")
            try:
                items += read(data)
            except ValueError as error:
                raise UnavailableError(f"`{place}/{path.name}` in the trust folder cannot be read") from error
        found[place] = tuple(items)
    return Trust(found["roots"], found["intermediates"], found["crl"])


def read_certificates(data: bytes) -> Iterator[bytes]:
    """Certificates in DER of a file in either form; `ValueError` for one that is none."""
    for one in _either(data, x509.load_pem_x509_certificate, x509.load_der_x509_certificate):
        yield one.public_bytes(Encoding.DER)


def read_crls(data: bytes) -> Iterator[bytes]:
    """Lists of what was revoked, as `read_certificates`."""
    for one in _either(data, x509.load_pem_x509_crl, x509.load_der_x509_crl):
        yield one.public_bytes(Encoding.DER)


def _either(data: bytes, of_pem: Callable[[bytes], T], of_der: Callable[[bytes], T]) -> Iterable[T]:
    """One in DER, or any number in PEM; `ValueError` for neither."""
    if _PEM not in data:
        return [of_der(data)]
    return [of_pem(_PEM + part.split(_PEM_END)[0] + _end_of(part)) for part in data.split(_PEM)[1:]]


def _end_of(part: bytes) -> bytes:
    """The closing line of a PEM block, as far as its own line goes."""
    if _PEM_END not in part:
        raise ValueError("a PEM block without an end")
    return _PEM_END + part.split(_PEM_END, 1)[1].split(b"\n", 1)[0].rstrip() + b"\n"

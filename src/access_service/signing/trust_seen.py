"""What an operator's trust folder holds, file by file, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from access_service.signing.canonical import sha256_hex
from access_service.signing.certificates import read_certificates, read_crls
from access_service.signing.pdf_check import RSA_BITS

MOST_LINKS = 8
"""Certificates of a path, the signer's included."""


@dataclass(frozen=True, slots=True)
class TrustSeen:
    """A certificate or list of the folder, and what is wrong with it; an empty fault where nothing is."""

    place: str
    kind: str
    subject: str = ""
    sha256: str = ""
    until: datetime | None = None
    fault: str = ""


def look_over(folder: Path | None, now: datetime) -> list[TrustSeen]:
    """Every file of the folder, in order."""
    if folder is None or not folder.is_dir():
        return []
    found: list[TrustSeen] = []
    for place in ("roots", "intermediates", "crl"):
        for path in sorted(p for p in (folder / place).glob("[!.]*") if p.is_file()):
            name = f"{place}/{path.name}"
            try:
                data = path.read_bytes()
                found += _crls(name, data, now) if place == "crl" else _certificates(name, place, data, now)
            except (OSError, ValueError):
                found.append(TrustSeen(name, place, fault="it cannot be read: no certificate or list, PEM or DER"))
    return found


def _certificates(name: str, place: str, data: bytes, now: datetime) -> Iterator[TrustSeen]:
    for der in read_certificates(data):
        one = x509.load_der_x509_certificate(der)
        fault = _fault(one, now)
        if not fault and not _is_authority(one):
            fault = "it is no authority's certificate, and issues nothing"
        if not fault and place == "roots" and not _issued(one, one):
            fault = "it is not signed by itself: an intermediate belongs into `intermediates/`"
        yield TrustSeen(name, place, one.subject.rfc4514_string(), sha256_hex(der), one.not_valid_after_utc, fault)


def _crls(name: str, data: bytes, now: datetime) -> Iterator[TrustSeen]:
    for der in read_crls(data):
        one = x509.load_der_x509_crl(der)
        until = one.next_update_utc
        fault = "a newer list is due" if until is not None and until < now else ""
        yield TrustSeen(name, "crl", one.issuer.rfc4514_string(), sha256_hex(der), until, fault)


def _fault(one: x509.Certificate, now: datetime) -> str:
    if now < one.not_valid_before_utc:
        return "it is not valid yet"
    if now > one.not_valid_after_utc:
        return "it has expired"
    key = one.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_BITS:
        return f"its key has fewer than {RSA_BITS} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
        return "its curve is none of those that count"
    hashed = one.signature_hash_algorithm
    if hashed is not None and hashed.name in ("md5", "sha1"):
        return f"it is signed with {hashed.name.upper()}"
    return ""


def _is_authority(one: x509.Certificate) -> bool:
    try:
        return one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def find_path(path: Path, folder: Path | None, now: datetime) -> TrustSeen:
    """Would a certificate be believed now: does a path of valid certificates lead from it to a root?

    Whether it was revoked, and whether it is meant for signing papers, is said where it signs.
    """
    try:
        der = next(iter(read_certificates(path.read_bytes())))
    except (OSError, ValueError, StopIteration):
        return TrustSeen(path.name, "certificate", fault="it cannot be read: no certificate, PEM or DER")
    one = x509.load_der_x509_certificate(der)
    shown = (path.name, "certificate", one.subject.rfc4514_string(), sha256_hex(der), one.not_valid_after_utc)
    fault = _fault(one, now)
    if fault:
        return TrustSeen(*shown, fault)
    roots, others = _held(folder, "roots"), _held(folder, "intermediates")
    at = one
    for _ in range(MOST_LINKS):
        if any(_issued(at, root) and not _fault(root, now) for root in roots):
            return TrustSeen(*shown)
        above = next((o for o in others if o != at and _issued(at, o) and not _fault(o, now)), None)
        if above is None:
            break
        at = above
    return TrustSeen(*shown, f"no path leads from `{at.issuer.rfc4514_string()}` to a root of the folder")


def _held(folder: Path | None, place: str) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    if folder is not None:
        for path in sorted(p for p in (folder / place).glob("[!.]*") if p.is_file()):
            try:
                found += [x509.load_der_x509_certificate(der) for der in read_certificates(path.read_bytes())]
            except (OSError, ValueError):
                continue
    return found

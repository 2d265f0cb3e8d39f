"""The service's own seal on a PDF: *niêm phong của hệ thống*, never a unit's seal (evidence.md 3.3, D9).

The key is a file of the operator's, beside a chain of certificates; without them there is no seal, and a paper is
as good as its confirmations. A seal of a final paper certifies it: afterwards only proofs for later may be added. A
paper that came back signed by others has the seal behind their signatures.
"""
# ruff: noqa: PLC0415
# pyHanko is heavy; only whoever seals waits for it.

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from access_service.domain.errors import InvalidError, UnavailableError
from access_service.signing.canonical import sha256_hex
from access_service.signing.certificate_check import is_trusted_time
from access_service.signing.certificates import Trust
from access_service.signing.keys import check_private, write_once

if TYPE_CHECKING:
    from pyhanko.sign import signers
    from pyhanko.sign.timestamps import TimeStamper

SEAL_FIELD = "niem-phong"
SEAL_REASON = "Niêm phong của hệ thống"
PDF_SEAL_KEY, PDF_SEAL_CHAIN = "pdf-seal.key", "pdf-seal.pem"
"""Files in the folder of keys: the key, and its certificate followed by those above it."""
PDF_SEAL_FILES = (PDF_SEAL_KEY, PDF_SEAL_CHAIN)
SELF_SIGNED_DAYS = 3 * 365
AskTime = Callable[[bytes], bytes]
"""Sends a request for a timestamp (RFC 3161, DER) and returns the answer."""


@dataclass(frozen=True, slots=True)
class PdfSeal:
    """A key with its chain."""

    id: str
    """First 16 digits of the SHA-256 of the certificate."""
    subject: str
    not_after: datetime
    chain: tuple[bytes, ...]
    """In DER, its own certificate first."""
    key: bytes
    """PKCS#8 in DER."""


def read_pdf_seal(folder: Path) -> PdfSeal | None:
    """The seal in the folder of keys; None where there is no key.

    Raises `UnavailableError` for a key that others may read, has no certificate, or one of another key.
    """
    path = folder / PDF_SEAL_KEY
    if not path.exists():
        return None
    key = _read_key(path)
    if not (folder / PDF_SEAL_CHAIN).exists():
        return None
    try:
        chain = x509.load_pem_x509_certificates((folder / PDF_SEAL_CHAIN).read_bytes())
    except (ValueError, OSError) as error:
        raise UnavailableError(f"`{PDF_SEAL_CHAIN}` in the folder of keys cannot be read") from error
    return _seal_of(key, chain)


def _seal_of(key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> PdfSeal:
    if _public(chain[0].public_key()) != _public(key.public_key()):
        raise UnavailableError(f"the first certificate of `{PDF_SEAL_CHAIN}` is of another key")
    own = chain[0].public_bytes(Encoding.DER)
    return PdfSeal(
        id=sha256_hex(own)[:16],
        subject=chain[0].subject.rfc4514_string(),
        not_after=chain[0].not_valid_after_utc,
        chain=tuple(one.public_bytes(Encoding.DER) for one in chain),
        key=key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def _public(key: Any) -> bytes:
    data: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    check_private(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise UnavailableError(f"`{path.name}` holds no key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise UnavailableError(f"`{path.name}` holds no key of the curve P-256")
    return key


def has_seal_key(folder: Path) -> bool:
    """Is there a key, with a certificate or without?"""
    return (folder / PDF_SEAL_KEY).exists()


def make_seal_key(folder: Path) -> None:
    """A new key in a folder that has none."""
    key = ec.generate_private_key(ec.SECP256R1())
    write_once(folder / PDF_SEAL_KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def sign_itself(folder: Path, organisation: str, now: datetime) -> None:
    """A certificate of the key's own: for the operator's own trust store (*chứng thư chuyên dùng*)."""
    key = _read_key(folder / PDF_SEAL_KEY)
    name = _subject(organisation)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_once(folder / PDF_SEAL_CHAIN, certificate.public_bytes(Encoding.PEM))


def request_certificate(folder: Path, organisation: str) -> bytes:
    """What an authority is sent (PKCS#10, PEM)."""
    key = _read_key(folder / PDF_SEAL_KEY)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(organisation))
    request = builder.add_extension(_usage(), critical=True).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def take_chain(folder: Path, pem: bytes) -> PdfSeal:
    """Keep what an authority answered: the key's certificate first, then those above it.

    Raises `InvalidError` for anything else, and `UnavailableError` where the key cannot be read.
    """
    key = _read_key(folder / PDF_SEAL_KEY)
    try:
        chain = x509.load_pem_x509_certificates(pem)
        seal = _seal_of(key, chain)
    except ValueError as error:
        raise InvalidError("the file holds no certificate") from error
    except UnavailableError as error:
        raise InvalidError(str(error)) from error
    path = folder / PDF_SEAL_CHAIN
    path.unlink(missing_ok=True)
    write_once(path, b"".join(one.public_bytes(Encoding.PEM) for one in chain))
    return seal


def _subject(organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, "Niêm phong của hệ thống phân quyền"),
        ]
    )


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


# -- sealing


def load_sealing() -> None:
    """Load what sealing takes: a second, which nobody has to wait for later."""
    import pyhanko.sign  # noqa: F401


def seal_pdf(
    pdf: bytes,
    seal: PdfSeal,
    *,
    certifies: bool = True,
    ask_time: AskTime | None = None,
    trust: Trust | None = None,
) -> bytes:
    """The file with the seal behind it: B-B; B-T with `ask_time`; with `trust` besides B-LTA, for long.

    `certifies` for a final paper of ours; not for one that others have signed before.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter

    is_lasting = trust is not None and ask_time is not None
    metadata = PdfSignatureMetadata(
        field_name=SEAL_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=SEAL_REASON,
        certify=certifies,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        embed_validation_info=is_lasting,
        use_pades_lta=is_lasting,
        validation_context=_context(seal, trust) if is_lasting and trust is not None else None,
    )
    # Print set, hidden clear and outside the page: what PDF/A and PDF/UA both accept (evidence.md 2.7).
    unseen = InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)
    signer = PdfSigner(
        metadata,
        _signer(seal),
        timestamper=None if ask_time is None else _stamper(ask_time),
        new_field_spec=SigFieldSpec(SEAL_FIELD, invis_sig_settings=unseen),
    )
    out = io.BytesIO()
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    return out.getvalue()


class SealLevel(StrEnum):
    """How long a seal can be checked (ETSI EN 319 142-1)."""

    BASIC = "B-B"
    TIMED = "B-T"
    """Another clock says that it was there."""
    LASTING = "B-LTA"
    """With what proves it after the certificates are over."""


def seal_in_time(
    pdf: bytes, seal: PdfSeal, ask_time: AskTime | None, trust: Trust, now: datetime, *, certifies: bool = True
) -> tuple[bytes, SealLevel, str]:
    """The file with the seal of the highest level that can be had now, which one, and why not more.

    A clock that is away, lies, or is none that the operator trusts holds up no paper.
    """
    if ask_time is None:
        return seal_pdf(pdf, seal, certifies=certifies), SealLevel.BASIC, ""
    why = ""
    for level in (SealLevel.LASTING, SealLevel.TIMED) if trust.crls else (SealLevel.TIMED,):
        try:
            lasting = trust if level is SealLevel.LASTING else None
            sealed = seal_pdf(pdf, seal, certifies=certifies, ask_time=ask_time, trust=lasting)
            if _has_trusted_time(sealed, trust, now):
                return sealed, level, why
            why = "the operator trusts nobody who made the timestamp"
        except UnavailableError as error:
            why = str(error)
            break
        except Exception as error:  # noqa: BLE001 whatever an answer does to its reader, the paper is sealed
            why = f"the answer cannot be used ({type(error).__name__})"
    return seal_pdf(pdf, seal, certifies=certifies), SealLevel.BASIC, why


def _has_trusted_time(sealed: bytes, trust: Trust, now: datetime) -> bool:
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(sealed))
    [one] = [found for found in reader.embedded_regular_signatures if found.field_name == SEAL_FIELD]
    return asyncio.run(is_trusted_time(one, trust, now)) is not None


def _signer(seal: PdfSeal) -> "signers.SimpleSigner":
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(asn1.Certificate.load(one) for one in seal.chain)
    return signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(seal.chain[0]),
        signing_key=keys.PrivateKeyInfo.load(seal.key),
        cert_registry=store,
    )


def _context(seal: PdfSeal, trust: Trust) -> Any:
    """What the proofs for later are gathered from: the operator's folder, and the seal's own certificate."""
    from asn1crypto import crl
    from asn1crypto import x509 as asn1
    from pyhanko_certvalidator.context import ValidationContext

    return ValidationContext(
        trust_roots=[asn1.Certificate.load(one) for one in (*trust.roots, seal.chain[-1])],
        other_certs=[asn1.Certificate.load(one) for one in (*trust.intermediates, *seal.chain)],
        crls=[crl.CertificateList.load(one) for one in trust.crls],
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def _stamper(ask_time: AskTime) -> "TimeStamper":
    """PyHanko's way to a clock, by ours: one address, one answer, a bound on both."""
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper

    class Stamper(TimeStamper):
        async def async_request_tsa_response(self, req: "tsp.TimeStampReq") -> "tsp.TimeStampResp":
            return tsp.TimeStampResp.load(ask_time(req.dump()))

    return Stamper()  # type: ignore[no-untyped-call]

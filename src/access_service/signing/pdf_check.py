"""A PDF that was signed elsewhere, checked before anything is believed (evidence.md 3.3, D8, D11).

The checks stand in one order, and the first that fails names the file's fault. What comes back must begin with the
very bytes that went out, and the difference *from those bytes* may be signatures in the fields that were given:
each signature alone says nothing of what was added before it. No summary of a library is trusted: coverage, ranges
and padding are looked at as bytes.
"""
# ruff: noqa: PLC0415
# pyHanko is heavy; `pdf_worker` runs all of this in a process of its own.

import asyncio
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from access_service.domain.errors import AccessServiceError
from access_service.signing.certificate_check import check_certificate, is_trusted_time
from access_service.signing.certificates import CertificateShown, Trust, show_certificate

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

MOST_NODES = 1_000
"""Of a tree of names: one that leads to itself has no end."""
HEX = frozenset(b"0123456789abcdefABCDEF")


class PdfFault(StrEnum):
    """Why a signed PDF is not taken, in the order in which they are looked for."""

    NOT_PDF = "not_pdf"
    PDF_NOT_OURS = "pdf_not_ours"
    CONTENT_MISSING = "content_missing"
    NO_SIGNATURE = "no_signature"
    SIGNATURE_BROKEN = "signature_broken"
    BYTE_RANGE = "byte_range"
    PADDING = "padding"
    CHANGED_BESIDE_SIGNING = "changed_beside_signing"
    NOT_WHOLE_FILE = "not_whole_file"
    ALGORITHM_WEAK = "algorithm_weak"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_TIME = "certificate_time"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    KEY_USAGE = "key_usage"


class BadPdfError(AccessServiceError):
    """The file is not taken."""

    def __init__(self, fault: PdfFault, where: str = "") -> None:
        """`where` names the field or the object, for whoever has to find it."""
        super().__init__(f"{fault}: {where}" if where else str(fault))
        self.fault = fault
        self.where = where


@dataclass(frozen=True, slots=True)
class ForeignSignature:
    """A signature that stands: whose certificate, when, in which field."""

    field: str
    certificate: CertificateShown
    signed_at: datetime | None
    """By a timestamp that is trusted; None where there is none, and the hour of the upload counts."""
    claimed_at: datetime | None
    """What the signer's machine said: shown, and never used."""
    is_revocation_known: bool
    """Did somebody say that the certificate was not revoked? A pack may demand it."""


@dataclass(frozen=True, slots=True)
class GivenOut:
    """The file that went out to be signed."""

    pdf: bytes
    content: bytes
    """What travels in it as `noi-dung.json`."""
    content_name: str
    fields: frozenset[str]


def check_signed_pdf(
    upload: bytes, given: GivenOut, trust: Trust, now: datetime, *, needs_revocation: bool = False
) -> tuple[ForeignSignature, ...]:
    """Every signature of the file, in the order in which they were made.

    Raises `BadPdfError` with the first fault. `now` is the hour of the upload; `needs_revocation` where the pack
    demands that somebody says of each certificate that it was not revoked.
    """
    if not upload.startswith(b"%PDF-"):
        raise BadPdfError(PdfFault.NOT_PDF)
    if not upload.startswith(given.pdf):
        raise BadPdfError(PdfFault.PDF_NOT_OURS)
    try:
        return _check(upload, given, trust, now, needs_revocation=needs_revocation)
    except BadPdfError:
        raise
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        # A file that breaks its reader is broken, whatever the reader calls it.
        raise BadPdfError(PdfFault.SIGNATURE_BROKEN, type(error).__name__) from error


def _check(
    upload: bytes, given: GivenOut, trust: Trust, now: datetime, *, needs_revocation: bool
) -> tuple[ForeignSignature, ...]:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = PdfFileReader(io.BytesIO(upload), strict=True)
    if dict(_attachments(reader)).get(given.content_name) != given.content:
        raise BadPdfError(PdfFault.CONTENT_MISSING, given.content_name)
    found, stamps = list(reader.embedded_regular_signatures), list(reader.embedded_timestamp_signatures)
    filled = [name for name, _, _ in enumerate_sig_fields(reader, filled_status=True)]
    if not filled:
        raise BadPdfError(PdfFault.NO_SIGNATURE)
    # The library leaves out what it cannot read: a signature that nobody looked at is none.
    left_out = sorted(set(filled) - {one.field_name for one in (*found, *stamps)})
    if left_out or len(filled) != len(found) + len(stamps) or not found:
        raise BadPdfError(PdfFault.SIGNATURE_BROKEN, ", ".join(left_out))
    for one in found:
        _check_intact(one)
    for one in (*found, *stamps):
        _check_range(upload, one)
    for one in (*found, *stamps):
        _check_padding(one)
    _check_difference(reader, given, found)
    _check_whole(upload, reader, found)
    for one in found:
        _check_algorithms(one)
    return tuple(
        _foreign(one, trust, now, needs_revocation=needs_revocation)
        for one in sorted(found, key=lambda one: (one.signed_revision, one.field_name))
    )


def _attachments(reader: "PdfFileReader") -> Iterator[tuple[str, bytes]]:
    """Files inside the file, by the name tree of the newest revision.

    By key and by number, never by `get` or iteration: those give references, not what they refer to.
    """
    root = reader.root
    left = [root["/Names"]["/EmbeddedFiles"]] if "/Names" in root and "/EmbeddedFiles" in root["/Names"] else []
    looked_at = 0
    while left:
        node, looked_at = left.pop(), looked_at + 1
        if looked_at > MOST_NODES:
            raise BadPdfError(PdfFault.CONTENT_MISSING, "/EmbeddedFiles")
        kids = node["/Kids"] if "/Kids" in node else []  # noqa: SIM401 as above
        left += [kids[number] for number in range(len(kids))][::-1]
        pairs = node["/Names"] if "/Names" in node else []  # noqa: SIM401 as above
        for number in range(0, len(pairs) - 1, 2):
            stream = pairs[number + 1]["/EF"]["/F"]
            yield str(pairs[number]), stream.data


# -- each signature, as mathematics and as bytes


def _check_intact(one: "EmbeddedPdfSignature") -> None:
    """Is the digest of these bytes what this key signed? The certificate must be the one that the signer names."""
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    subfilter = str(one.sig_object.get("/SubFilter", ""))
    if subfilter not in ("/ETSI.CAdES.detached", "/adbe.pkcs7.detached"):
        raise BadPdfError(PdfFault.SIGNATURE_BROKEN, one.field_name)
    digest = one.compute_digest()
    is_intact, is_valid = validate_sig_integrity(one.signer_info, one.signer_cert, "data", actual_digest=digest)
    if not (is_intact and is_valid):
        raise BadPdfError(PdfFault.SIGNATURE_BROKEN, one.field_name)


def _check_range(upload: bytes, one: "EmbeddedPdfSignature") -> None:
    """`[0, a, b, c]`: everything to the end of a revision, but for the hole in which `/Contents` lies."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    fault = BadPdfError(PdfFault.BYTE_RANGE, one.field_name)
    numbers = [int(n) for n in one.byte_range]
    if len(numbers) != 4:  # noqa: PLR2004 as the standard has it
        raise fault
    start, first, second, rest = numbers
    if start != 0 or not 0 < first < second or rest <= 0 or second + rest > len(upload):
        raise fault
    hole = upload[first:second]
    if hole[:1] != b"<" or hole[-1:] != b">" or not HEX.issuperset(hole[1:-1]):
        raise fault
    if bytes.fromhex(hole[1:-1].decode("ascii")) != one.pkcs7_content:
        raise fault
    if upload[second : second + rest].rstrip(b"\r\n")[-5:] != b"%%EOF":
        raise fault
    if one.evaluate_signature_coverage() < SignatureCoverageLevel.ENTIRE_REVISION:
        raise fault


def _check_padding(one: "EmbeddedPdfSignature") -> None:
    """Behind the signature in its hole lie zeros: anything else is a place to hide something that nobody signed."""
    data = one.pkcs7_content
    length = _der_length(data)
    if length is None or length > len(data) or any(data[length:]):
        raise BadPdfError(PdfFault.PADDING, one.field_name)


def _der_length(data: bytes) -> int | None:
    """Bytes of the first DER value; None where its head says none."""
    if len(data) < 2:  # noqa: PLR2004
        return None
    if data[1] < 0x80:  # noqa: PLR2004 the short form
        return 2 + data[1]
    count = data[1] & 0x7F
    if not 0 < count <= 4 or len(data) < 2 + count:  # noqa: PLR2004
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


# -- the file as a whole


def _check_difference(reader: "PdfFileReader", given: GivenOut, found: "list[EmbeddedPdfSignature]") -> None:
    """Against what went out: signatures in the fields that were given, what proves them later, and nothing else."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel

    base = PdfFileReader(io.BytesIO(given.pdf)).xrefs.total_revisions - 1
    outside = sorted({one.field_name for one in found} - given.fields)
    if outside:
        # A field of a signer's own may lie over any words of the page.
        raise BadPdfError(PdfFault.CHANGED_BESIDE_SIGNING, outside[0])
    for revision in (base, *(one.signed_revision for one in found)):
        result = DEFAULT_DIFF_POLICY.review_file(reader, revision)
        if not isinstance(result, DiffResult):
            raise BadPdfError(PdfFault.CHANGED_BESIDE_SIGNING, f"revision {revision + 1}")
        if result.modification_level > ModificationLevel.FORM_FILLING:
            raise BadPdfError(PdfFault.CHANGED_BESIDE_SIGNING, f"revision {revision + 1}")
        if not set(result.changed_form_fields) <= given.fields:
            raise BadPdfError(PdfFault.CHANGED_BESIDE_SIGNING, f"revision {revision + 1}")


def _check_whole(upload: bytes, reader: "PdfFileReader", found: "list[EmbeddedPdfSignature]") -> None:
    """Nothing follows the last signature, unless it proves signatures for later: a store of proofs, a timestamp."""
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    last = max(found, key=lambda one: one.signed_revision)
    if last.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE:
        return
    fault = BadPdfError(PdfFault.NOT_WHOLE_FILE, last.field_name)
    newest = reader.xrefs.total_revisions - 1
    behind = DEFAULT_DIFF_POLICY.review_file(reader, last.signed_revision)
    if newest == last.signed_revision or not isinstance(behind, DiffResult):
        raise fault
    if behind.modification_level > ModificationLevel.LTA_UPDATES:
        raise fault
    # A store of proofs is signed by nobody: the file ends where its newest revision does, and nothing hides behind.
    start = reader.xrefs.get_startxref_for_revision(newest)
    end = _END.search(upload, max(start, len(upload) - _TAIL))
    if end is None or int(end[1]) != start or b"%%EOF" in upload[start : end.start()]:
        raise fault


_TAIL = 64
_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z")


# -- algorithms, certificate, time


_DIGESTS = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
RSA_BITS = 2048


def _check_algorithms(one: "EmbeddedPdfSignature") -> None:
    """What can be forged today proves nothing: SHA-1, MD5, RSA below 2048 bits, curves that nobody knows."""
    fault = BadPdfError(PdfFault.ALGORITHM_WEAK, one.field_name)
    info = one.signer_info
    if one.md_algorithm not in _DIGESTS:
        raise fault
    mechanism: Mapping[str, Any] = info["signature_algorithm"]
    algorithm: Any = mechanism
    if algorithm.signature_algo not in ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa", "ed25519", "ed448"):
        raise fault
    if algorithm.signature_algo in ("rsassa_pkcs1v15", "ecdsa"):
        try:
            hashed = algorithm.hash_algo
        except ValueError:
            hashed = one.md_algorithm
        if hashed not in _DIGESTS:
            raise fault
    key = one.signer_cert.public_key
    if key.algorithm in ("rsa", "rsassa_pss") and key.bit_size < RSA_BITS:
        raise fault
    if key.algorithm == "ec" and key.curve[1] not in _CURVES:
        raise fault
    if key.algorithm not in ("rsa", "rsassa_pss", "ec", "ed25519", "ed448"):
        raise fault


def _foreign(
    one: "EmbeddedPdfSignature", trust: Trust, now: datetime, *, needs_revocation: bool
) -> ForeignSignature:
    stamped = asyncio.run(is_trusted_time(one, trust, now))
    fault, is_known = asyncio.run(check_certificate(one, trust, stamped or now, needs_revocation=needs_revocation))
    if fault is not None:
        raise BadPdfError(PdfFault(fault), one.field_name)
    claimed = one.self_reported_timestamp
    return ForeignSignature(
        field=one.field_name,
        certificate=show_certificate(one.signer_cert.dump()),
        signed_at=stamped,
        claimed_at=None if claimed is None else claimed.astimezone(UTC),
        is_revocation_known=is_known,
    )

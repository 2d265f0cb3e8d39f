"""A signer's certificate at the hour of the signature, offline: issuer, time, revocation, what it is for.

What lies in the file counts beside what lies in the operator's folder (`certificates.Trust`); nothing is fetched.
"""
# ruff: noqa: PLC0415

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from access_service.signing.certificates import Trust

if TYPE_CHECKING:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko_certvalidator.context import ValidationContext
    from pyhanko_certvalidator.path import ValidationPath

NOT_FOR_PAPERS = frozenset({"server_auth", "time_stamping", "ocsp_signing"})
"""Extended uses of certificates that are no person's: one that names them signs no paper."""
TOLERANCE = timedelta(minutes=5)
"""By how much clocks may differ."""


async def check_certificate(
    one: "EmbeddedPdfSignature", trust: Trust, at: datetime, *, needs_revocation: bool
) -> tuple[str | None, bool]:
    """The first fault of the signer's certificate at an instant (a word of `PdfFault`), or None.

    Beside it: did somebody say that it was not revoked?
    """
    from pyhanko_certvalidator.errors import PathBuildingError

    context = _context(one, trust, at, "require")
    for other in one.other_embedded_certs:
        context.certificate_registry.register(other)
    try:
        paths = await context.path_builder.async_build_paths(one.signer_cert)
    except PathBuildingError:
        return "certificate_untrusted", False
    fault = "certificate_untrusted"
    found: str | None
    for path in paths:
        if not all(_is_valid_at(item, at) for item in path):
            found, is_known = "certificate_time", False
        else:
            found, is_known = await _walk(path, context), True
            if found == "revocation_unknown" and not needs_revocation:
                found, is_known = await _walk(path, _context(one, trust, at, "soft-fail")), False
        if found is None:
            return _check_use(one.signer_cert), is_known
        if found == "certificate_revoked":
            return found, True
        fault = found
    return fault, False


async def _walk(path: "ValidationPath", context: "ValidationContext") -> str | None:
    """From the root to the signer: the first fault of the path (a word of `PdfFault`), or None."""
    from pyhanko_certvalidator.errors import (
        ExpiredError,
        InsufficientRevinfoError,
        NotYetValidError,
        PathValidationError,
        RevokedError,
    )
    from pyhanko_certvalidator.validate import async_validate_path

    try:
        await async_validate_path(context, path)
    except RevokedError:
        return "certificate_revoked"
    except (ExpiredError, NotYetValidError):
        return "certificate_time"
    except InsufficientRevinfoError:
        return "revocation_unknown"
    except PathValidationError:
        return "certificate_untrusted"
    return None


def _is_valid_at(certificate: Any, at: datetime) -> bool:
    return bool(certificate.not_valid_before - TOLERANCE <= at <= certificate.not_valid_after + TOLERANCE)


def _check_use(certificate: Any) -> str | None:
    """Digital signature and non-repudiation; no authority's certificate, and no server's."""
    usage = certificate.key_usage_value
    uses = frozenset() if usage is None else usage.native
    if not {"digital_signature", "non_repudiation"} <= set(uses) or certificate.ca:
        return "key_usage"
    extended = certificate.extended_key_usage_value
    if extended is not None and not NOT_FOR_PAPERS.isdisjoint(extended.native):
        return "key_usage"
    return None


def _context(one: "EmbeddedPdfSignature", trust: Trust, at: datetime, revocation: str) -> "ValidationContext":
    """Everything that is known offline; `revocation` is `require` or `soft-fail`."""
    from asn1crypto import crl, ocsp, x509
    from pyhanko_certvalidator.context import ValidationContext

    crls, ocsps, others = _inside(one)
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in trust.roots],
        other_certs=[*(x509.Certificate.load(c) for c in (*trust.intermediates, *others))],
        crls=[crl.CertificateList.load(c) for c in (*trust.crls, *crls)],
        ocsps=[ocsp.OCSPResponse.load(o) for o in ocsps],
        moment=at,
        best_signature_time=at,
        allow_fetching=False,
        revocation_mode=revocation,
        retroactive_revinfo=True,
        time_tolerance=TOLERANCE,
    )


def _inside(one: "EmbeddedPdfSignature") -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Lists, answers and certificates that came inside the file (its document security store)."""
    root = one.reader.root
    if "/DSS" not in root:
        return [], [], []
    # By key and by number, never by `get` or iteration: those give references, not what they refer to.
    store = root["/DSS"]
    crls, ocsps, certificates = (
        [store[name][n].data for n in range(len(store[name]) if name in store else 0)]
        for name in ("/CRLs", "/OCSPs", "/Certs")
    )
    return crls, ocsps, certificates


async def is_trusted_time(one: "EmbeddedPdfSignature", trust: Trust, now: datetime) -> datetime | None:
    """The hour of the signature's timestamp, where it is over this signature and a trusted clock made it."""
    from pyhanko.sign.validation.generic_cms import collect_timing_info

    context = _context(one, trust, now, "soft-fail")
    found = await collect_timing_info(one.signer_info, context, raw_digest=one.compute_digest)
    stamp = found.get("timestamp_validity")
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return None
    at: datetime = stamp.timestamp
    return at.astimezone(UTC)

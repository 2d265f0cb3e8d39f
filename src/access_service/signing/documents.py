"""The service's confirmation that a person signed: by electronic means, no class of signature in law.

What is confirmed is a canonical statement: which version of which document by hash, who signed on which side, in
which capacity and by which decision, how and when. Anybody with the public key can check it without the service.
"""

from typing import Any

from access_service.domain.audit import instant
from access_service.domain.documents import CONFIRMED_BY_SYSTEM, Signature
from access_service.signing.canonical import canonical
from access_service.signing.keys import SealKey, verify


def statement(register: str, signature: Signature) -> dict[str, Any]:
    """What the service confirms, as JSON: format 2 names the words, the page that was shown, and how it was signed.

    Format 1 is what was confirmed before there were words; its papers finish as they began.
    """
    how = signature.how
    more = (
        {"format": 1}
        if how is None
        else {
            "format": 2,
            "auth": how.auth,
            "credential": how.credential,
            "nonce": how.nonce,
            "print_sha256": how.print_sha256,
            "shown_at": how.shown_at,
        }
    )
    return {
        "account": signature.account,
        "capacity": str(signature.capacity),
        "capacity_basis": signature.capacity_basis,
        "document": signature.document,
        "document_version": signature.version,
        "label": CONFIRMED_BY_SYSTEM,
        "method": str(signature.method),
        "person": signature.person,
        "register": register,
        "sha256": signature.sha256,
        "side": str(signature.side),
        "signed_at": instant(signature.signed_at),
    } | more


def confirm(key: SealKey, register: str, signature: Signature) -> str:
    """The confirmation (hex) to be stored in `signature`."""
    return key.sign(canonical(statement(register, signature)))


def check_confirmation(public_hex: str, register: str, signature: Signature) -> None:
    """Raise `BadSignatureError` unless the service confirmed exactly this signature."""
    verify(public_hex, signature.confirmation, canonical(statement(register, signature)))

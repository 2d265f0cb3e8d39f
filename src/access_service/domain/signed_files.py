"""What may come back signed from another program, and behind what the next signer signs."""

from collections.abc import Callable, Iterable

from access_service.domain.documents import Document, Signature
from access_service.domain.edges import Holder
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentKind, Method
from access_service.domain.reasons import Refusal
from access_service.domain.turns import find_awaited


def check_brings(holder: Holder, document: Document, *, acts_for: bool) -> None:
    """A party of the paper, or whoever acts for its office, brings the file; it is the certificate that signs.

    A decision is confirmed with the act that it confirms (A1), in the session of whoever leads. What comes back
    with an admin account's minutes is the code that opens it, which is the receiver's alone (A3).
    """
    if document.kind is DocumentKind.ASSIGNMENT_DECISION:
        raise RefusedError(
            Refusal.SIGNATURE_TOO_WEAK, "a decision is signed with the act that it confirms", document=document.id
        )
    if document.kind is DocumentKind.CUSTODY_MINUTES and holder.person != document.receiver:
        raise RefusedError(
            Refusal.FORBIDDEN, "whoever receives the admin account brings this file", document=document.id
        )
    if not acts_for and holder.person != find_awaited(document):
        raise RefusedError(
            Refusal.FORBIDDEN, "a party of the paper or its office brings this file", document=document.id
        )


def check_goes_on(
    document: Document, before: Iterable[tuple[int, str]], hash_of_first: Callable[[int], str]
) -> None:
    """Who signs next signs the file that came back last, so that what was believed stays in it byte for byte.

    `before` are sizes and hashes of the files taken for this version, the newest last.
    """
    for size, sha256 in list(before)[-1:]:
        if hash_of_first(size) != sha256:
            raise RefusedError(
                Refusal.STALE_VERSION,
                "it was signed meanwhile: sign the file that came back last",
                document=document.id,
            )


def check_took_turn(document: Document, before: Signature, certificate: str) -> None:
    """A side that has signed is not signed again by another certificate, or beside a password."""
    is_same = before.method is Method.PADES and before.how is not None and before.how.credential == certificate
    if not is_same:
        raise RefusedError(Refusal.SIGNED_ALREADY, "this side has signed already", document=document.id)

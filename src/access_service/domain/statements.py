"""What a signature rests on: the page that was shown, how it was shown who signs, and whether that is enough.

A signature of format 2 names all of it (evidence 3.2); one of format 1, made before, names none of it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentKind, Method
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal

WAYS = frozenset({"in_system", "password+totp", "passkey", "session", "pades", "paper", "attested"})
"""Every way of signing that a pack can name (evidence 3.1).

`in_system` is the password entered again, with a code or without; `password+totp` asks for the one-time code too;
`session` is what nobody entered anything for: the act that was confirmed in a session that was open.
"""
CEREMONY = timedelta(minutes=5)
"""How long what was put before a signer waits for their answer."""


class SigningWay(StrEnum):
    """How a person shows, for a signature, who they are."""

    PASSWORD = "password"  # noqa: S105 a word, no password
    PASSWORD_AND_CODE = "password+totp"  # noqa: S105
    PASSKEY = "passkey"
    PADES = "pades"
    """By a certificate, on a file that came back signed from another program."""
    SESSION = "session"
    """By confirming, in their session, an act that waited: its decision is signed with it (A1)."""


METHODS = {
    SigningWay.PASSWORD: Method.IN_SYSTEM,
    SigningWay.PASSWORD_AND_CODE: Method.IN_SYSTEM,
    SigningWay.PASSKEY: Method.PASSKEY,
    SigningWay.PADES: Method.PADES,
    SigningWay.SESSION: Method.IN_SYSTEM,
}


MEETS = {
    SigningWay.PASSWORD: frozenset({"in_system"}),
    SigningWay.PASSWORD_AND_CODE: frozenset({"in_system", "password+totp"}),
    SigningWay.PASSKEY: frozenset({"passkey"}),
    SigningWay.PADES: frozenset({"pades"}),
    SigningWay.SESSION: frozenset({"session"}),
}
"""Which of a pack's demands a way of signing meets."""


def ways_met(signature: Signature) -> frozenset[str]:
    """Which demands a signature meets; one of format 1 says no more than its method."""
    how = signature.how
    return frozenset({str(signature.method)}) if how is None else MEETS[SigningWay(how.auth)]


def check_shown(document: Document, shown_at: datetime | None) -> datetime:
    """(5) Nobody signs what the service has not shown them as a page: ids read as JSON say nothing to a reader."""
    if shown_at is None:
        raise RefusedError(
            Refusal.NOT_SHOWN, "open the page or the PDF of this version first", document=document.id
        )
    return shown_at


def check_finishes(document: Document, way: SigningWay) -> None:
    """A paper of format 1 has no words that a statement could name: it finishes as it began, with the password."""
    if way in (SigningWay.PASSKEY, SigningWay.PADES):
        raise RefusedError(
            Refusal.STATEMENT_CHANGED,
            "this paper was begun before it had words; sign with the password",
            document=document.id,
        )


def check_strength(pack: Pack, document: Document, side: str, met: frozenset[str]) -> None:
    """(5) A pack says which ways of signing are enough for a kind of paper; what it does not name is open."""
    strengths = pack.strengths.get(document.kind)
    allowed = None if strengths is None else strengths.methods.get(side)
    if strengths is not None and allowed is not None and not met & allowed:
        raise RefusedError(
            Refusal.SIGNATURE_TOO_WEAK,
            "this kind of paper is signed in another way",
            document=document.id,
            methods=sorted(allowed),
            article=strengths.article,
        )


def is_open(pack: Pack, kind: DocumentKind) -> bool:
    """May a kind of paper be signed in every way?"""
    strengths = pack.strengths.get(kind)
    return strengths is None or all(methods >= WAYS for methods in strengths.methods.values())


def check_strengths(pack: Pack, document: Document, signatures: Iterable[Signature]) -> None:
    """The same for every signature that a paper's newest version carries, when rights begin on it."""
    for signature in signatures:
        if signature.version == document.version:
            check_strength(pack, document, str(signature.side), ways_met(signature))


def check_ceremony(opened: bool, expires_at: datetime | None, now: datetime) -> datetime:
    """What was put before a signer is answered once, in the session that asked for it, and within its time."""
    if not opened or expires_at is None:
        raise RefusedError(Refusal.CEREMONY_UNKNOWN, "nothing waits for this answer in this session; ask anew")
    if now >= expires_at:
        raise RefusedError(Refusal.CEREMONY_EXPIRED, "it was asked too long ago; ask anew")
    return expires_at


def check_same_statement(document: str, asked: Mapping[str, object], stands: Mapping[str, object]) -> None:
    """What is confirmed is what the signer was asked about, word for word: office, capacity and hash among it."""
    if dict(asked) != dict(stands):
        raise RefusedError(
            Refusal.STATEMENT_CHANGED, "what would be signed is no longer what was shown", document=document
        )

"""Certificates of people and units that the register knows: whose signature came on a file from elsewhere.

A certificate binds by its hash and by who brought it, in their own session, signed by its key. What its subject
says (a name, a number of identity) is shown beside the person, and decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain.accounts import Account
from access_service.domain.documents import Document
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountId, AccountKind, PersonId, Side, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval
from access_service.domain.turns import find_awaited

CHALLENGE = timedelta(hours=24)
"""How long a page may be signed with which somebody shows that a certificate is theirs."""


@dataclass(frozen=True, slots=True)
class RegisteredCertificate:
    """A certificate of a person, or of a unit. Never both."""

    id: str
    person: PersonId | None
    unit: UnitId
    """Whose it is, or where the person's account is at home."""
    is_of_unit: bool
    sha256: str
    """Of the whole certificate in DER, hex."""
    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    basis: str
    """The paper by which a unit has it, empty for a person's."""
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def interval(self) -> Interval:
        """When signatures by it are somebody's."""
        return Interval(self.valid_from, self.valid_to)


def check_registers_own(holder: Holder) -> None:
    """(7) A person registers their own certificate in their own session."""
    if holder.kind is not AccountKind.USE:
        raise RefusedError(Refusal.FORBIDDEN, "a person registers a certificate in their own session")


def read_basis(text: str) -> str:
    """The paper that decides that a unit has the certificate: its number and day, in a line."""
    if not text.strip():
        raise InvalidError("name the paper by which the unit has this certificate")
    return text


def check_not_taken(found: Iterable[RegisteredCertificate], now: datetime) -> None:
    """One certificate is one holder's: a second who brings it has another's key."""
    if any(now in one.interval for one in found):
        raise RefusedError(Refusal.CERTIFICATE_TAKEN, "this certificate is registered already")


def check_ends(found: RegisteredCertificate, now: datetime) -> None:
    """What is over is not ended again."""
    if now not in found.interval:
        raise NotFoundError("certificate", found.id)


def find_holder(found: Sequence[RegisteredCertificate], at: datetime, sha256: str) -> RegisteredCertificate:
    """Whose certificate it was when it signed."""
    held = [one for one in found if at in one.interval]
    if not held:
        raise RefusedError(
            Refusal.SIGNER_UNKNOWN, "nobody has registered the certificate of this signature", certificate=sha256
        )
    return held[0]


def check_signs_for_unit(document: Document, held: RegisteredCertificate) -> None:
    """The organisation's own signature, in its own place, is by a certificate of the office."""
    if not held.is_of_unit or held.unit != document.office:
        raise RefusedError(
            Refusal.SIGNER_WRONG_SIDE,
            "the organisation's place is signed with a certificate of that unit",
            document=document.id,
        )


def check_signs_side(document: Document, held: RegisteredCertificate, side: Side, awaited: Side | None) -> PersonId:
    """A side signs in its own place, in its turn, with a person's certificate; the other side's is no signature."""
    is_theirs = side is Side.GIVER or held.person == find_awaited(document)
    if held.person is None or held.is_of_unit or side is not awaited or not is_theirs:
        raise RefusedError(
            Refusal.SIGNER_WRONG_SIDE, "this place waits for somebody else's signature", document=document.id
        )
    return held.person


def check_signer_account(account: Account | None) -> AccountId:
    """(7) Who signs elsewhere has an account that stands, as whoever signs here."""
    if account is None:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the signer has no account that stands")
    return account.id

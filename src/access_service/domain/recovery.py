"""A recovery: who may ask for one, who else must have acted, when its code opens, who stops it (rule 4).

Whoever has the code can act as the holder. So the code opens only when a second person has acted, when an officer
has seen the holder in person, or after a wait in which holder, head and the unit above can stop it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.accounts import Account, is_led, led_units, responsible_units
from access_service.domain.delegation import LEADERS
from access_service.domain.duties import Hand, hand_over_signers
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, PersonId, UnitId
from access_service.domain.org import chain_of
from access_service.domain.reasons import Refusal

OPERATOR = "operator"
"""Who asks for the root's accounts, which nobody in the register is above."""
SEEN_DAYS = 30
"""So long a recovery stays on the pages of the holder and of the units; nothing takes it off them earlier."""


class RecoveryState(StrEnum):
    """Where a recovery stands."""

    WAITING = "waiting"
    OPEN = "open"
    STOPPED = "stopped"
    USED = "used"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Khôi phục tài khoản: a one-time code that opens an account in place of what its holder lost."""

    id: str
    account: AccountId
    asked_by: AccountId
    """The account that asked, or `operator`."""
    asker: PersonId
    """The person; of an admin account whoever operates it."""
    code_sha256: str
    code_hours: int
    """So long the code is good once it opens."""
    resets_factor: bool
    opens_at: datetime
    """When the wait is over, unless somebody stops it."""
    valid_from: datetime
    """When it was asked for."""
    approved_by: PersonId | None = None
    approved_at: datetime | None = None
    slip: str | None = None
    """Number of the re-issue slip, where an officer saw the holder in person; no number of a document is kept."""
    slip_sha256: str | None = None
    stopped_by: PersonId | None = None
    stopped_because: str | None = None
    used_at: datetime | None = None
    operator: str | None = None
    """The operator who asked, by name, where they showed who they are."""
    valid_to: datetime | None = None
    """When it was stopped or used."""
    needs_second: bool = False
    """No wait opens it, only a second person: an officer asked for the account of somebody who signs."""

    @property
    def open_from(self) -> datetime | None:
        """When its code opens; None while it takes a second person who has not acted."""
        if self.needs_second or self.approved_at is None:
            return self.approved_at if self.needs_second else self.opens_at
        return min(self.approved_at, self.opens_at)


def as_operator(name: str) -> PersonId:
    """How an operator stands as the second person of a recovery; no person of the register is named so."""
    return PersonId(f"{OPERATOR}:{name}")


def state_at(recovery: Recovery, now: datetime) -> RecoveryState:
    """Where a recovery stands at an instant."""
    if recovery.used_at is not None and recovery.used_at <= now:
        return RecoveryState.USED
    if recovery.valid_to is not None and recovery.valid_to <= now:
        return RecoveryState.STOPPED
    opened, life = recovery.open_from, timedelta(hours=recovery.code_hours)
    if opened is None:
        return RecoveryState.WAITING if now < recovery.opens_at + life else RecoveryState.LAPSED
    if now < opened:
        return RecoveryState.WAITING
    return RecoveryState.OPEN if now < opened + life else RecoveryState.LAPSED


def needs_second(ground: Ground, account: Account, operated: UnitId | None) -> bool:
    """(A1, A3) Does no wait open it? An officer who operates an admin account only prepares what concerns signers.

    `operated` is the unit whose admin account the asker acts with, if they do.
    """
    if operated is None or not is_led(ground, account, LEADERS):
        return False
    return hand_over_signers(ground, operated) is Hand.PREPARES


def check_asked(account: Account, holders: Collection[PersonId], by: AccountId, asker: PersonId) -> None:
    """Never for oneself, and never for software."""
    if by == account.id or asker in holders:
        raise RefusedError(Refusal.SELF_SERVICE, "nobody recovers their own account")
    if account.kind is AccountKind.SERVICE:
        raise InvalidError("software has no password; give its client a new secret")


def check_stops(recovery: Recovery, now: datetime) -> None:
    """(A3) What waits, or is open, is stopped; what was used or is over cannot be."""
    if state_at(recovery, now) not in (RecoveryState.WAITING, RecoveryState.OPEN):
        raise RefusedError(Refusal.DOCUMENT_STATE, "the recovery is over", recovery=recovery.id)


def check_opens(recovery: Recovery, now: datetime, wrong: str) -> None:
    """(A3) The code of a recovery opens once a second person has acted or the wait is over, and once.

    `wrong` is what everybody hears whose code opens nothing.
    """
    state = state_at(recovery, now)
    if state is RecoveryState.WAITING:
        raise RefusedError(
            Refusal.RECOVERY_WAITING,
            "a second person has to confirm the recovery, or the wait to be over",
            opens_at=recovery.opens_at.isoformat(),
        )
    if state is not RecoveryState.OPEN:
        raise RefusedError(Refusal.CREDENTIALS_WRONG, wrong)


def offices_of(ground: Ground, account: Account) -> frozenset[UnitId]:
    """The units whose leadership may be the second person: that of the account and those above it.

    For a head, another leader, and an admin account only those above; the root's own leadership for the root's.
    """
    found: set[UnitId] = set()
    for unit in responsible_units(ground, account, LEADERS):
        start = unit or chain_of(ground.org, account.unit, ground.now)[-1]
        above = frozenset(chain_of(ground.org, start, ground.now))
        found = set(above) if not found else found & above
    return frozenset(found)


def check_second(
    ground: Ground,
    recovery: Recovery,
    account: Account,
    holders: Collection[PersonId],
    who: PersonId,
    operated: UnitId | None,
    *,
    in_person: bool,
) -> None:
    """May `who` be the second person? Different from the asker, and never the holder.

    One of the leadership in a personal session; for a head's account and an admin account also the custodian of a
    unit above; `in_person`, any officer who operates the admin account of such a unit and has seen the holder.
    """
    if who in holders or who == recovery.asker:
        raise RefusedError(Refusal.SELF_SERVICE, "a recovery takes two persons, and neither is the holder")
    if state_at(recovery, ground.now) is not RecoveryState.WAITING:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the recovery does not wait any more", recovery=recovery.id)
    offices = offices_of(ground, account)
    if operated is None:
        if offices & led_units(ground, who, LEADERS):
            return
    elif operated in offices and recovery.asker != OPERATOR and (in_person or is_led(ground, account, LEADERS)):
        # Beside the operator only one of the leadership in person.
        return
    raise RefusedError(Refusal.FORBIDDEN, "one of the leadership of the unit, or of one above it, confirms that")


def check_second_operator(ground: Ground, recovery: Recovery, account: Account, name: str) -> None:
    """(A3) A second operator confirms what another one asked for: only where nobody in the register is above.

    The first one must have shown who they are: otherwise nobody knows that it is not the same one again.
    """
    if state_at(recovery, ground.now) is not RecoveryState.WAITING:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the recovery does not wait any more", recovery=recovery.id)
    if recovery.asker != OPERATOR or None not in responsible_units(ground, account, LEADERS):
        raise RefusedError(
            Refusal.SIGNER_NOT_LEADER, "one of the leadership of the unit, or of one above it, confirms that"
        )
    if recovery.operator is None or recovery.operator == name:
        raise RefusedError(Refusal.SELF_SERVICE, "a second operator confirms what a named one asked for")

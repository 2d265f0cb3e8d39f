"""Accounts: who issues them, who answers for them, what stops them, who operates a unit's admin account.

Who answers for a person's account is a stored fact (`Home`), never computed from duties: assigning somebody a duty
gives the assigning unit no power over their account (rule 4).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    HEAD_RANKS,
    AccountId,
    AccountKind,
    AccountState,
    AssignmentId,
    DocumentId,
    HomeHow,
    PersonId,
    Rank,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, chain_of, manager_of
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval


@dataclass(frozen=True, slots=True)
class Account:
    """Tài khoản: a unit's admin account, a person's use account, or software's service account."""

    id: AccountId
    kind: AccountKind
    unit: UnitId
    """The unit whose admin account it is, or that issued the use account."""
    person: PersonId | None
    """The one person of a use account; None for the others."""
    username: str
    valid_from: datetime
    """When it was issued."""
    activated_at: datetime | None = None
    """When its holder first set a password."""
    valid_to: datetime | None = None
    """When it was closed; closing is final."""


@dataclass(frozen=True, slots=True)
class Home:
    """Đơn vị chịu trách nhiệm về tài khoản: the unit that answers for a person's use account.

    First the unit for whose duty it was issued. It moves by that unit's release, by the holder's confirmation in
    their own session, or by a transfer decision of a unit above both; nothing else moves it.
    """

    id: str
    account: AccountId
    unit: UnitId
    how: HomeHow
    basis: str
    """Number of the decision, or id of the paper; empty where it came with the account."""
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def interval(self) -> Interval:
        """When the unit is the account's home."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Suspension:
    """Tạm khoá: while it holds, everything resting on the target answers deny (rule 2)."""

    id: str
    kind: SuspendableKind
    target: str
    unit: UnitId
    """The unit that ordered it."""
    reason: str
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def interval(self) -> Interval:
        """When it holds."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Custody:
    """Quản lý tài khoản quản trị: who operates a unit's admin account (rule 6). It is no right to data."""

    id: str
    unit: UnitId
    account: AccountId
    person: PersonId
    holder: str
    """`head`, `officer` or `deputy_in_charge`; the pack says which are allowed."""
    document: DocumentId | None
    """The written handover; None where the operator entered the root's director (`init`, `appoint`)."""
    valid_from: datetime
    valid_to: datetime | None = None
    assignment: AssignmentId | None = None
    """The duty that it rests on: as the minutes name it; None for older rows of a head."""

    @property
    def interval(self) -> Interval:
        """When it is written that the person operates the account; `domain.custody` says when it holds."""
        return Interval(self.valid_from, self.valid_to)


def is_covered(intervals: Iterable[Interval], now: datetime) -> bool:
    """Does any of these suspensions hold now?"""
    return any(now in interval for interval in intervals)


def state_of(account: Account, suspensions: Iterable[Suspension], now: datetime) -> AccountState:
    """The account's state at one instant, from its dated facts."""
    if account.valid_to is not None and account.valid_to <= now:
        return AccountState.CLOSED
    if is_covered((s.interval for s in suspensions), now):
        return AccountState.SUSPENDED
    if account.activated_at is None or now < account.activated_at:
        return AccountState.INVITED
    return AccountState.ACTIVE


def custodian_at(custodies: Iterable[Custody], now: datetime) -> Custody | None:
    """The custody in force, or None when the account is vacant."""
    return next((c for c in custodies if now in c.interval), None)


# -- who answers for an account (rule 4)


def home_of(ground: Ground, account: Account) -> UnitId:
    """The unit that is the account's home now; what was never moved is at home where it was issued."""
    held = [home for home in ground.facts.find(Home, account=account.id) if ground.now in home.interval]
    return max(held, key=lambda home: (home.valid_from, home.id)).unit if held else account.unit


def serves(ground: Ground, person: PersonId, unit: UnitId) -> bool:
    """Does the person have a duty in the unit that is not over?"""
    return any(
        duty.valid_to is None or duty.valid_to > ground.now
        for duty in ground.facts.find(Assignment, person=person, unit=unit)
    )


def answers_for(ground: Ground, account: Account) -> UnitId:
    """The unit that answers for an account now: its home.

    Where no duty of the holder is left there, or the unit is over, the nearest unit above answers meanwhile.
    """
    if account.kind is not AccountKind.USE or account.person is None:
        return account.unit
    home = home_of(ground, account)
    if _stands(ground, home) and serves(ground, account.person, home):
        return home
    return nearest_above(ground, home)


def check_closes(
    account: Account, duties: Iterable[Assignment], open_cases: Collection[object], now: datetime
) -> None:
    """(12) An account is closed once its holder has no duty and has handed back: closing is final."""
    if account.kind is not AccountKind.USE:
        raise InvalidError("only a person's account is closed after leaving")
    if account.valid_to is not None and account.valid_to <= now:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the account is closed", account=account.id)
    if any(d.valid_to is None or d.valid_to > now for d in duties):
        raise RefusedError(Refusal.DOCUMENT_STATE, "its holder has a duty", account=account.id)
    if open_cases:
        raise RefusedError(Refusal.DOCUMENT_STATE, "what was handed over is not handed back", account=account.id)


MOST_CLOSED = 500
"""Accounts that are closed by one act: more people than leave any school at once."""


def check_closing_many(ids: Collection[object]) -> None:
    """One act closes some accounts, and not more than can be read before it is done."""
    if not ids:
        raise InvalidError("name an account to close")
    if len(ids) > MOST_CLOSED:
        raise InvalidError(f"at most {MOST_CLOSED} accounts are closed at once")


def check_closed_from(account: Account, home: UnitId, of: UnitId | None) -> None:
    """From a unit's list accounts of that unit are closed; None is no list."""
    if of is not None and home != of:
        raise NotFoundError("account", account.id)


def nearest_above(ground: Ground, unit: UnitId) -> UnitId:
    """The nearest standing unit above this one; for a unit that is over, above where it last was."""
    found, at = ground.org.unit(unit), ground.now
    if found is not None and found.valid_to is not None and found.valid_to <= at:
        at = found.valid_to - timedelta(microseconds=1)
    return next((above for above in chain_of(ground.org, unit, at)[1:] if _stands(ground, above)), unit)


def _stands(ground: Ground, unit: UnitId) -> bool:
    found = ground.org.unit(unit)
    return found is not None and (found.valid_to is None or found.valid_to > ground.now)


def is_left(ground: Ground, account: Account) -> bool:
    """Has the holder left the account's home for another unit? A new duty at the home brings it back no more."""
    if account.kind is not AccountKind.USE or account.person is None:
        return False
    if serves(ground, account.person, home_of(ground, account)):
        return False
    duties = ground.facts.find(Assignment, person=account.person)
    return any(duty.valid_to is None or duty.valid_to > ground.now for duty in duties)


def responsible_units(ground: Ground, account: Account, ranks: Collection[Rank]) -> tuple[UnitId | None, ...]:
    """For each of these units, or one above it, somebody must act to stop or recover the account.

    The unit that answers; for a unit's admin account, and for somebody who holds one of `ranks` in a unit, only a
    unit above that one: an officer takes nothing from the head (rule 6), and nobody below comes by a signature of
    the leadership. None: nobody in the register is above the root.
    """
    if account.kind is AccountKind.ADMIN:
        return (manager_of(ground.org, account.unit, ground.now),)
    units: list[UnitId | None] = [answers_for(ground, account)]
    for duty in _leading(ground, account.person, ranks):
        above = manager_of(ground.org, duty.unit, ground.now)
        if above not in units:
            units.append(above)
    return tuple(units)


def _leading(ground: Ground, person: PersonId | None, ranks: Collection[Rank]) -> list[Assignment]:
    held = ground.facts.find(Assignment, person=person) if person is not None else []
    return [duty for duty in held if ground.now in duty.interval and _rank(ground, duty) in ranks]


def led_units(ground: Ground, person: PersonId | None, ranks: Collection[Rank]) -> frozenset[UnitId]:
    """The units in which the person holds one of these ranks now."""
    return frozenset(duty.unit for duty in _leading(ground, person, ranks))


def is_led(ground: Ground, account: Account, ranks: Collection[Rank]) -> bool:
    """Is it an admin account, or that of somebody who holds one of these ranks?"""
    return account.kind is AccountKind.ADMIN or bool(_leading(ground, account.person, ranks))


def _rank(ground: Ground, duty: Assignment) -> Rank | None:
    position = ground.pack_for(duty.unit).positions.get(duty.position)
    return None if position is None else position.rank


# -- who issues an account (#90 to #94)


def issuer_of(ground: Ground, unit: UnitId, kind: AccountKind, person: PersonId | None) -> UnitId | None:
    """(4) The unit that issues an account: None where nobody in the register does.

    A unit's admin account, and its head's use account, are issued by its direct manager; so is everybody's where
    the unit has no admin account. All others by the unit of the duty.
    """
    manager = manager_of(ground.org, unit, ground.now)
    if kind is AccountKind.ADMIN:
        return manager
    found = ground.org.unit(unit)
    if found is None or manager is None:
        return unit
    unit_kind = ground.pack_for(unit).unit_kinds.get(found.kind)
    is_bare = unit_kind is not None and not unit_kind.has_admin_account
    is_head = any(_rank(ground, duty) in HEAD_RANKS for duty in duties_ahead(ground, unit, person))
    return manager if is_bare or is_head else unit


def duties_ahead(ground: Ground, unit: UnitId, person: PersonId | None) -> Sequence[Assignment]:
    """The person's duties in a unit, now or later."""
    held = ground.facts.find(Assignment, person=person, unit=unit) if person is not None else []
    return [duty for duty in held if duty.valid_to is None or duty.valid_to > ground.now]


def check_account(ground: Ground, unit: UnitId, kind: AccountKind, person: PersonId | None) -> None:
    """One admin account a unit, one use account a person, who has a duty there; whoever issues it."""
    if kind is AccountKind.USE and person is not None and not duties_ahead(ground, unit, person):
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, f"the person has no duty in `{unit}`", unit=unit)
    check_only_account(ground, unit, kind, person)


def check_only_account(ground: Ground, unit: UnitId, kind: AccountKind, person: PersonId | None) -> None:
    """One admin account a unit, where that kind of unit has one; one use account a person."""
    if kind is AccountKind.ADMIN:
        _check_admin_account(ground, unit, person)
        return
    if person is None:
        raise InvalidError("a use account belongs to a person")
    for held in ground.facts.find(Account, person=person, kind=str(AccountKind.USE)):
        if held.valid_to is None or held.valid_to > ground.now:
            raise RefusedError(Refusal.DUPLICATE, "the person has an account")


def _check_admin_account(ground: Ground, unit: UnitId, person: PersonId | None) -> None:
    if person is not None:
        raise InvalidError("an admin account is the unit's, not a person's")
    found = ground.org.unit(unit)
    kind = ground.pack_for(unit).unit_kinds.get(found.kind) if found is not None else None
    if kind is not None and not kind.has_admin_account:
        raise InvalidError("that kind of unit has no admin account")
    if ground.facts.find(Account, unit=unit, kind=str(AccountKind.ADMIN)):
        raise RefusedError(Refusal.DUPLICATE, f"`{unit}` has its admin account")


# -- how the home moves


def check_release(ground: Ground, account: Account, to: UnitId) -> None:
    """The home may be given to a unit where the holder has a duty, now or later."""
    if account.kind is not AccountKind.USE or account.person is None:
        raise InvalidError("only a person's account moves to another unit")
    if not _stands(ground, to) or not serves(ground, account.person, to):
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, f"the person has no duty in `{to}`", unit=to)
    if home_of(ground, account) == to:
        raise RefusedError(Refusal.DUPLICATE, f"`{to}` answers for that account", unit=to)


def check_transfer_named(basis: str) -> None:
    """(điều động, luân chuyển) It rests on a decision that it names."""
    if not basis:
        raise InvalidError("a transfer names its decision")


def check_transfer(ground: Ground, account: Account, to: UnitId, by: UnitId) -> None:
    """(điều động, luân chuyển) Only a unit above both enters it; it needs no release."""
    check_release(ground, account, to)
    for unit in (home_of(ground, account), to):
        if by == unit or by not in chain_of(ground.org, unit, ground.now):
            raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "a unit above both enters a transfer", unit=unit)


def home_by_signature(ground: Ground, account: Account, paper_of: UnitId) -> UnitId | None:
    """Where the holder's first signature on a paper of a new unit brings the account; None: it stays.

    Only where no duty holds at the old unit. A head's paper is its direct manager's.
    """
    if account.kind is not AccountKind.USE or account.person is None:
        return None
    home = home_of(ground, account)
    if _stands(ground, home) and serves(ground, account.person, home):
        return None
    if serves(ground, account.person, paper_of):
        return paper_of
    held = ground.facts.find(Assignment, person=account.person)
    led = sorted({d.unit for d in held if ground.now in d.interval})
    return next((unit for unit in led if manager_of(ground.org, unit, ground.now) == paper_of), None)

"""Accounts, what stops them, and who operates a unit's admin account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    DocumentId,
    PersonId,
    SuspendableKind,
    UnitId,
)
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
    """The written handover; None where the operator entered the root's director (`init`, `appoint-director`)."""
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def interval(self) -> Interval:
        """When the person operates the account."""
        return Interval(self.valid_from, self.valid_to)


def is_covered(intervals: Iterable[Interval], now: datetime) -> bool:
    """Does any of these hold now?"""
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

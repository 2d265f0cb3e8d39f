"""Promises of a pack (cam kết của bộ quy tắc): what it says will never be so, whoever changes a row later.

A promise is broken by a row, never by a person: it is asked of the tables alone, when the pack is read, and a pack
that breaks one does not load. What concerns two duties of one person is a separation (`domain.separations`).
"""

from typing import NamedTuple

from access_service.domain.policy import NEVER, Pack, PeriodLock, Promise, RoleRule
from access_service.domain.separations import meetings


class BrokenPromise(NamedTuple):
    """A row of roles.csv or a period's lock that does what a promise says is never so."""

    promise: Promise
    by: RoleRule | PeriodLock

    @property
    def source(self) -> str:
        """Where the row or the lock is written."""
        return self.by.source

    @property
    def said(self) -> str:
        """The fault in one line."""
        promise = self.promise
        if isinstance(self.by, RoleRule):
            did = f"`{self.by.role}` may {self.by.action} {self.by.category}"
        else:
            stopped = ", ".join(sorted(self.by.actions & promise.actions))
            did = f"the lock `{self.by.id}` stops {stopped}"
        return f"{did}, which promise `{promise.id}` ({promise.source}, article {promise.article}) says is never so"

    @property
    def hint(self) -> str:
        """What mends it."""
        if isinstance(self.by, RoleRule):
            return "take the row out, or name the role in `except_roles` of a promise with this id"
        return "take the action out of the lock"


class IdleAcceptance(NamedTuple):
    """An exception of a promise, or an acceptance of a separation, that no longer matches anything."""

    source: str
    id: str
    accepted: str
    article: str


def broken_promises(pack: Pack) -> tuple[BrokenPromise, ...]:
    """Every row and lock that breaks a promise of the pack, in the order of the promises."""
    found: list[BrokenPromise] = []
    for promise in pack.promises:
        if promise.kind == NEVER:
            found += [BrokenPromise(promise, rule) for rule in pack.rules if _breaks(pack, promise, rule)]
        else:
            found += [BrokenPromise(promise, lock) for lock in pack.locks if _is_stopped(promise, lock)]
    return tuple(found)


def _covers(promise: Promise, category: str, action: str) -> bool:
    return action in promise.actions and (not promise.categories or category in promise.categories)


def _breaks(pack: Pack, promise: Promise, rule: RoleRule) -> bool:
    """A row breaks it only where no other row denies the cell."""
    cell = rule.category, rule.action
    opens = rule.allow and cell in pack.cells.get(rule.role, frozenset())
    return opens and rule.role not in promise.except_roles and _covers(promise, *cell)


def _is_stopped(promise: Promise, lock: PeriodLock) -> bool:
    categories = not promise.categories or lock.categories & promise.categories
    return bool(categories) and bool(lock.actions & promise.actions)


def idle_acceptances(pack: Pack) -> tuple[IdleAcceptance, ...]:
    """What the pack excepts or accepts although it never comes about: said, so that nobody trusts it later."""
    found: list[IdleAcceptance] = []
    for promise in pack.promises:
        found += [
            IdleAcceptance(promise.source, promise.id, role, promise.article)
            for role in sorted(promise.except_roles)
            if not any(_covers(promise, *cell) for cell in pack.cells.get(role, ()))
        ]
    for separation in pack.separations:
        found += [
            IdleAcceptance(separation.source, separation.id, roles, separation.article)
            for roles in sorted(separation.accept)
            if not _meets(pack, separation.id, roles)
        ]
    return tuple(found)


def _meets(pack: Pack, id_: str, roles: str) -> bool:
    """Would the separation show these roles, were they not accepted?"""
    met = meetings(pack, roles.split("+"), accepting=False)
    return any(found.separation.id == id_ and found.roles == roles for found in met)

"""Edges of power over facts: may this account do that to this one? The use case asks for one pair, a path for all.

Each function is the rule itself, put together from the rules of its part; none reads a clock, and only what begins
with `check` raises.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from access_service.domain.accounts import Account, Custody, responsible_units
from access_service.domain.custody import check_taking_back, custody_at, custody_interval, ranks_in
from access_service.domain.delegation import HEADS, LEADERS, Authority, Grant, Inspection
from access_service.domain.duties import is_operators
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, PersonId, Rank, UnitId
from access_service.domain.org import Assignment, Succession, Unit, chain_of, is_below, manager_of
from access_service.domain.recovery import Recovery, RecoveryState, check_second, state_at


class Holder(Protocol):
    """An account in somebody's hands: a caller, or a node of a path."""

    @property
    def account(self) -> AccountId: ...  # noqa: D102

    @property
    def kind(self) -> AccountKind: ...  # noqa: D102

    @property
    def person(self) -> PersonId: ...  # noqa: D102

    @property
    def unit(self) -> UnitId: ...  # noqa: D102


def office_chain(ground: Ground, unit: UnitId) -> tuple[UnitId, ...]:
    """The unit and everything above it; for a unit that is over, its successors and what is above them."""
    chain = list(chain_of(ground.org, unit, ground.now))
    for succession in ground.facts.find(Succession, predecessor=unit):
        chain += [u for u in office_chain(ground, succession.successor) if u not in chain]
    return tuple(chain)


def keeper_of(ground: Ground, unit: UnitId) -> UnitId:
    """(9) Who acts for an office: itself, or for one that is over its successor, and theirs."""
    found = ground.facts.find(Succession, predecessor=unit)
    return keeper_of(ground, found[0].successor) if found else unit


def leads(ground: Ground, person: PersonId, unit: UnitId, ranks: Collection[Rank] = frozenset(LEADERS)) -> bool:
    """Does the person hold a duty of leadership there now? Nobody leads where no policy is in force."""
    held = [a for a in ground.facts.find(Assignment, person=person, unit=unit) if ground.now in a.interval]
    if not held:
        return False
    try:
        positions = ground.pack_for(unit).positions
    except RefusedError:
        return False
    return any(a.position in positions and positions[a.position].rank in ranks for a in held)


def acts_for(ground: Ground, holder: Holder, unit: UnitId) -> bool:
    """(4) For this unit or one above it: its admin account, or one of its leadership."""
    chain = office_chain(ground, unit)
    if holder.kind is AccountKind.ADMIN:
        return holder.unit in chain
    return any(leads(ground, holder.person, above) for above in chain)


def inspects(ground: Ground, person: PersonId, unit: UnitId) -> bool:
    """Is the person a member of an inspection of this unit, or one above it, now, and not left out of it?"""
    return bool(inspections_of(ground, person, unit))


def inspections_of(ground: Ground, person: PersonId, unit: UnitId) -> list[Inspection]:
    """The inspections of this unit, or one above it, that the person takes part in now, by their documents."""
    facts, now = ground.facts, ground.now
    running = {
        i.document: i for i in facts.find(Inspection) if person in i.members and i.valid_from <= now < i.valid_to
    }
    accounts = [a.id for a in facts.find(Account, person=person)]
    found = {
        g.document
        for g in facts.find(Grant, document=list(running), account=accounts)
        if g.document is not None
        and (g.ended_at is None or g.ended_at > now)
        and is_below(ground.org, unit, g.scope.unit, now)
        # A unit that has moved away is none of the deciding unit's any more.
        and is_below(ground.org, g.scope.unit, running[g.document].unit, now)
    }
    return [running[document] for document in sorted(found)]


def is_related(ground: Ground, holder: Holder, unit: UnitId) -> bool:
    """Does a unit of the holder's stand on the same chain as this one? Then they may hear of it."""
    if holder.kind is AccountKind.INSPECTOR:
        return inspects(ground, holder.person, unit)
    above, mine = office_chain(ground, unit), {holder.unit}
    if holder.kind is AccountKind.USE:
        # Whoever serves at several schools, or has just moved, sees where they serve.
        mine |= {a.unit for a in ground.facts.find(Assignment, person=holder.person) if ground.now in a.interval}
    return any(own in above or unit in chain_of(ground.org, own, ground.now) for own in mine)


def _answers(ground: Ground, holder: Holder, account: Account, ranks: Collection[Rank]) -> bool:
    units = responsible_units(ground, account, ranks)
    return all(unit is not None and acts_for(ground, holder, unit) for unit in units)


def kept_by(ground: Ground, unit: UnitId) -> Custody | None:
    """Who operates the unit's admin account; nobody does where no policy is in force, as in a unit that is over."""
    try:
        return custody_at(ground, unit)
    except RefusedError:
        return None


def may_recover(ground: Ground, holder: Holder, account: Account) -> bool:
    """Ask for a new code for somebody who lost theirs: never for oneself, nor for what one operates."""
    is_own = account.id == holder.account or holder.person in holders_of(ground, account)
    if account.kind is AccountKind.SERVICE or is_own:
        return False
    return _answers(ground, holder, account, frozenset(LEADERS))


def holders_of(ground: Ground, account: Account) -> frozenset[PersonId]:
    """Whose account it is now: of an admin account, whoever operates it."""
    custody = kept_by(ground, account.unit) if account.kind is AccountKind.ADMIN else None
    return frozenset(p for p in (account.person, None if custody is None else custody.person) if p is not None)


def heads_personally(ground: Ground, holder: Holder, account: Account) -> bool:
    """Is it, in a personal session, the head of the account's unit?"""
    return holder.kind is AccountKind.USE and leads(ground, holder.person, account.unit, HEADS)


def is_recovery_of(ground: Ground, holder: Holder, account: Account) -> bool:
    """Does a recovery of this account concern them: holder, head, a unit above it, the leadership of the root?"""
    return (
        holder.account == account.id
        or holder.person in holders_of(ground, account)
        or heads_personally(ground, holder, account)
        or _answers(ground, holder, account, frozenset(HEADS))
        or leads(ground, holder.person, office_chain(ground, account.unit)[-1])
    )


def may_approve_recovery(ground: Ground, holder: Holder, recovery: Recovery, *, in_person: bool = False) -> bool:
    """(A3) Be the second person of a recovery that waits; `in_person` with the slip of who saw the holder."""
    account = ground.facts.get(Account, recovery.account)
    if account is None or not is_recovery_of(ground, holder, account):
        return False
    operated = holder.unit if holder.kind is AccountKind.ADMIN else None
    holders = holders_of(ground, account)
    try:
        check_second(ground, recovery, account, holders, holder.person, operated, in_person=in_person)
    except RefusedError:
        return False
    return True


def may_stop_recovery(ground: Ground, holder: Holder, recovery: Recovery) -> bool:
    """(A3) Holder, head, and whoever answers for the account or is above, until its code was used."""
    account = ground.facts.get(Account, recovery.account)
    if account is None or state_at(recovery, ground.now) not in (RecoveryState.WAITING, RecoveryState.OPEN):
        return False
    is_theirs = holder.person in holders_of(ground, account) or heads_personally(ground, holder, account)
    answers = _answers(ground, holder, account, frozenset(LEADERS))
    return is_theirs or (answers and is_recovery_of(ground, holder, account))


def may_suspend(ground: Ground, holder: Holder, target: Account | Grant | Authority | Unit) -> bool:
    """(2, 10) Stop it for a time: the unit that answers for it or one above, and never the person concerned."""
    if isinstance(target, Account):
        if holder.account == target.id or (target.person is not None and holder.person == target.person):
            return False
        if target.kind is AccountKind.ADMIN:
            return acts_for(ground, holder, manager_of(ground.org, target.unit, ground.now) or target.unit)
        return _answers(ground, holder, target, frozenset(HEADS))
    if isinstance(target, Grant):
        return may_revoke(ground, holder, target)
    unit = target.id if isinstance(target, Unit) else target.unit
    manager = manager_of(ground.org, unit, ground.now)
    return manager is not None and acts_for(ground, holder, manager)


def may_revoke(ground: Ground, holder: Holder, grant: Grant) -> bool:
    """(10) Take a grant back: the giving unit or one above it; one's own is handed back instead."""
    account = ground.facts.get(Account, grant.account)
    is_own = account is not None and account.person is not None and account.person == holder.person
    return not is_own and acts_for(ground, holder, grant.unit)


def may_end_duty(ground: Ground, holder: Holder, duty: Assignment) -> bool:
    """(12) Heads are released from above, everybody else by their own unit, and nobody by themselves.

    Who signs for the root is released by the operators.
    """
    position = ground.pack_for(duty.unit).positions.get(duty.position)
    if position is not None and is_operators(ground, duty.unit, position):
        return False
    manager = manager_of(ground.org, duty.unit, ground.now)
    is_head = position is not None and position.rank in HEADS
    office = manager if is_head and manager is not None else duty.unit
    if duty.person == holder.person or not acts_for(ground, holder, office):
        return False
    try:
        check_ending(ground, holder, duty)
    except RefusedError:
        return False
    return True


def check_ending(ground: Ground, holder: Holder, duty: Assignment) -> None:
    """(A7) Whoever ends or replaces the duty by which somebody operates the unit's account takes that back, too.

    A deputy, who may not do so, does not do it by way of the duty. Nothing is asked where another duty carries it.
    """
    custody = kept_by(ground, duty.unit)
    if custody is None or custody.person != duty.person:
        return
    held = ground.facts.find(Assignment, person=duty.person, unit=duty.unit)
    left = [replace(d, valid_to=max(d.valid_from, ground.now)) if d.id == duty.id else d for d in held]
    if ground.now not in custody_interval(custody, left, ranks_in(ground.pack_for(duty.unit))):
        check_takes_back(ground, holder, custody, duty.unit)


def check_takes_back(ground: Ground, holder: Holder, custody: Custody | None, unit: UnitId) -> None:
    """(6, A7) May they take this custody back? By whatever door: the head an officer's, a unit above the head's."""
    manager = manager_of(ground.org, unit, ground.now)
    is_head = holder.kind is AccountKind.USE and leads(ground, holder.person, unit, HEADS)
    is_above = manager is not None and acts_for(ground, holder, manager)
    check_taking_back(custody, holder.person, unit, is_head=is_head, is_above=is_above)


def may_take_back_custody(ground: Ground, holder: Holder, unit: UnitId) -> bool:
    """(6, A7) From an officer the head or a unit above; from the head only one above; nobody from themselves."""
    try:
        check_takes_back(ground, holder, kept_by(ground, unit), unit)
    except RefusedError:
        return False
    return acts_for(ground, holder, unit)

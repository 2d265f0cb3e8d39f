"""Who acts: in which session, for which office, and never for themselves (rules 4, 5, 7, 10).

`edges` says whether an account may; these are what a door asks about the one who does, and they refuse. Whether
somebody may hear of a unit at all is asked before, so that a refusal tells strangers nothing.
"""

from datetime import datetime

from access_service.domain import edges
from access_service.domain.accounts import Account, Custody, Suspension, state_of
from access_service.domain.custody import is_only_left, lapses
from access_service.domain.delegation import LeavingCase
from access_service.domain.edges import Holder
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.facts import Facts, Ground
from access_service.domain.names import AccountKind, AccountState, PersonId, SuspendableKind, UnitId
from access_service.domain.org import Assignment, manager_of
from access_service.domain.reasons import Refusal

# -- in which session


def check_personal(holder: Holder, sentence: str, **details: object) -> None:
    """(5, 7) What binds a person is done in their own session, never as an admin account."""
    if holder.kind is not AccountKind.USE:
        raise RefusedError(Refusal.FORBIDDEN, sentence, **details)


def check_not_oneself(holder: Holder, concerned: PersonId | None, sentence: str, **details: object) -> None:
    """(7) Nobody decides about themselves, whichever account they use."""
    if concerned is not None and holder.person == concerned:
        raise RefusedError(Refusal.SELF_SERVICE, sentence, **details)


def check_not_own_account(holder: Holder, account: Account, sentence: str) -> None:
    """(7) Nobody moves, stops or opens the account that they act with, or their own other one."""
    if holder.account == account.id:
        raise RefusedError(Refusal.SELF_SERVICE, sentence)
    check_not_oneself(holder, account.person, sentence)


INSPECTORS = frozenset({"session.close", "account.password", "factor.begin", "factor.add", "factor.remove"})
"""All that an account may do that only inspects: open and close itself."""


def check_inspectors(holder: Holder, action: str) -> None:
    """(A4) Whoever a decision sends from outside reads what is inspected, and does nothing else."""
    if holder.kind is AccountKind.INSPECTOR and action not in INSPECTORS:
        raise RefusedError(Refusal.FORBIDDEN, "that account inspects, and does nothing else")


# -- for which office


def operates(holder: Holder, unit: UnitId) -> bool:
    """Does the holder act with the admin account of exactly this unit?"""
    return holder.kind is AccountKind.ADMIN and holder.unit == unit


def operated_by(holder: Holder) -> UnitId | None:
    """The unit whose admin account the holder acts with; None for a personal account."""
    return holder.unit if holder.kind is AccountKind.ADMIN else None


def check_operates(ground: Ground, holder: Holder, unit: UnitId, custody: Custody | None) -> None:
    """(4, 6) That takes the admin account of exactly this unit; `custody` says who operates it now."""
    if operates(holder, unit):
        return
    if custody is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the admin account of `{unit}`", unit=unit)
    if edges.leads(ground, holder.person, unit) and custody.person != holder.person:
        raise RefusedError(Refusal.CUSTODY_TAKEN, f"somebody operates the account of `{unit}`", unit=unit)
    raise RefusedError(Refusal.NOT_CUSTODIAN, f"that takes the admin account of `{unit}`", unit=unit)


def check_issues(holder: Holder, issuer: UnitId | None, unit: UnitId) -> None:
    """(4) An account is issued with the admin account of the issuing unit; None: nobody is above the root."""
    if issuer is None or not operates(holder, issuer):
        message = f"`{issuer}` issues that account" if issuer else "nobody is above the root"
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, message, unit=unit)


def check_acts_for(ground: Ground, holder: Holder, unit: UnitId) -> None:
    """(4) That takes this unit or one above it: its admin account, or one of its leadership."""
    if not edges.acts_for(ground, holder, unit):
        raise RefusedError(Refusal.FORBIDDEN, f"only `{unit}` or a unit above it may do that", unit=unit)


def check_manages(ground: Ground, holder: Holder, unit: UnitId) -> None:
    """(4) Whoever acts with an admin account acts with that of the unit's direct manager as the edges stand."""
    if holder.kind is AccountKind.ADMIN and holder.unit != manager_of(ground.org, unit, ground.now):
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"`{holder.unit}` does not manage `{unit}`", unit=unit)


def check_named_beside(ground: Ground, holder: Holder, other: UnitId) -> None:
    """(K) A unit that an act names beside one of the holder's own tree.

    What they may not see is for a unit above both to decide, whether it exists or not; nobody is above the root,
    which sees everything.
    """
    if ground.org.unit(other) is not None and edges.is_related(ground, holder, other):
        return
    if manager_of(ground.org, holder.unit, ground.now) is None:
        raise NotFoundError("unit", other)
    raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "a unit above both decides", unit=other)


def answering_unit(unit: UnitId | None, account: Account) -> UnitId:
    """(2, A1) One of the `responsible_units` of an account; for the root's, nobody in the register answers."""
    if unit is None:
        raise RefusedError(Refusal.FORBIDDEN, "nobody in the register is above the root", unit=account.unit)
    return unit


def unit_acted_for(ground: Ground, holder: Holder, unit: UnitId) -> UnitId:
    """For which unit at or above this one they act: a person for the highest that they lead."""
    if holder.kind is AccountKind.ADMIN:
        return holder.unit
    led = [above for above in edges.office_chain(ground, unit) if edges.leads(ground, holder.person, above)]
    return led[-1] if led else holder.unit


# -- whether they still may


def laid_on(facts: Facts, account: Account) -> list[Suspension]:
    """What an act laid on the account, and when no duty held for its person (A7)."""
    found = facts.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=account.id)
    if account.person is None:
        return found
    return [*found, *lapses(account, facts.find(Assignment, person=account.person))]


def is_leaving(facts: Facts, account: Account, now: datetime) -> bool:
    """(12, J) Did the last duty end, and nothing else stop the account, while a leaving case is open?"""
    if account.kind is not AccountKind.USE or account.person is None:
        return False
    if account.activated_at is None or (account.valid_to is not None and account.valid_to <= now):
        return False
    cases = facts.find(LeavingCase, person=account.person)
    return any(c.valid_to is None for c in cases) and is_only_left(laid_on(facts, account), now)


def check_stands(ground: Ground, holder: Holder, *, has_session: bool, hands_back: bool) -> None:
    """(10) Session and account stand as when the session was checked; whoever left only hands back."""
    if not has_session:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "the session was ended meanwhile", account=holder.account)
    account = ground.facts.get(Account, holder.account)
    if account is not None and state_of(account, laid_on(ground.facts, account), ground.now) is AccountState.ACTIVE:
        return
    if not (hands_back and account is not None and is_leaving(ground.facts, account, ground.now)):
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the account was stopped meanwhile", account=holder.account)


def check_keeps(holder: Holder, custody: Custody | None, *, is_stopped: bool) -> None:
    """(6, 10) Whoever acts with an admin account operates it still, and no act has stopped their person."""
    if holder.kind is not AccountKind.ADMIN:
        return
    if custody is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the admin account of `{holder.unit}`")
    if custody.person != holder.person:
        raise RefusedError(Refusal.CUSTODY_TAKEN, "somebody else operates the account now", unit=holder.unit)
    if is_stopped:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the person was stopped meanwhile", account=holder.account)

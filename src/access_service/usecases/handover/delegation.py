"""Authority and grants: give, narrow, withdraw; suspend, resume, revoke; confirm."""

from dataclasses import replace
from datetime import datetime

from access_service.domain import taking
from access_service.domain.accounts import Account, Suspension, answers_for
from access_service.domain.acting import check_manages, check_not_oneself, check_not_own_account, unit_acted_for
from access_service.domain.custody import check_resuming, is_without_duty
from access_service.domain.delegation import (
    HEADS,
    Authority,
    Confirmation,
    Grant,
    check_authority,
    check_words,
)
from access_service.domain.errors import NotFoundError
from access_service.domain.moves import check_standing
from access_service.domain.names import (
    AccountKind,
    AuthorityId,
    GrantEnd,
    GrantId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Unit, manager_of, normalise
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.scope import Scope
from access_service.storage import accounts as stored
from access_service.storage.appending import unit_of
from access_service.usecases.effects import (
    end_grants,
)
from access_service.usecases.handover.taking_back import carry_suspensions, close_authority, cut_below
from access_service.usecases.identity.accounts import check_responsible
from access_service.usecases.services import Act, Caller, Services, act, as_missing


@power(yields(Power.AUTHORITY))
def give_authority(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    scope: Scope,
    basis: str,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    parent: AuthorityId | None = None,
) -> Authority:
    """Give a unit authority to hand down, within the caller's unit's own (rules 3, 4, 8)."""
    with act(services, caller, "authority.give", unit) as doing:
        # Before the manager is named: a school that shares it would hear which schools it has.
        doing.check_visible(unit)
        giver = manager_of(doing.org, unit, doing.now)
        check_manages(doing.ground, caller, unit)
        doing.as_custodian(giver if giver is not None else unit)
        start = max(valid_from or doing.now, doing.now)
        taking.check_term(start, valid_to)
        held = taking.own_authority(doing.ground, caller.unit, parent)
        authority = Authority(
            id=AuthorityId(doing.new_id("aut")),
            unit=unit,
            parent=held.id,
            scope=normalise(doing.org, scope),
            basis=basis,
            valid_from=start,
            valid_to=valid_to,
        )
        check_authority(doing.office(caller.unit, held), authority)
        doing.tx.put(authority)
        doing.tx.happened("authority.give", authority.id, unit=unit, parent=held.id)
        return authority


def _as_giver_of(doing: Act, authority: Authority) -> None:
    """The direct manager as the edges stand today, or anybody above: a former manager keeps no hold (rule 4)."""
    taking.check_has_issuer(authority)
    with as_missing("authority", authority.id):
        doing.check_visible(authority.unit)
        doing.as_above(_giver_of(doing, authority))


def _giver_of(doing: Act, authority: Authority) -> UnitId:
    manager = manager_of(doing.org, authority.unit, doing.now)
    return manager if manager is not None else doing.tx.require(Authority, authority.parent or "").unit


@power(ends(Power.AUTHORITY, Power.GRANT))
def narrow_authority(
    services: Services, caller: Caller, id_: AuthorityId, *, scope: Scope, valid_to: datetime | None
) -> Authority:
    """Narrow at once; what below exceeds it ends for good (rule 3). Widening is a new authority."""
    with act(services, caller, "authority.narrow", id_) as doing:
        authority = doing.tx.require(Authority, id_)
        _as_giver_of(doing, authority)
        scope = normalise(doing.org, scope)
        check_words(doing.pack_for(_giver_of(doing, authority)), scope)
        taking.check_authority_narrowed(doing.ground, authority, scope, valid_to)
        narrowed = replace(authority, scope=scope, valid_to=valid_to)
        doing.tx.put(narrowed)
        doing.tx.happened("authority.narrow", id_, unit=authority.unit)
        cut_below(doing, narrowed)
        return narrowed


@power(ends(Power.AUTHORITY, Power.GRANT))
def withdraw_authority(services: Services, caller: Caller, id_: AuthorityId) -> Authority:
    """Withdraw it now, with everything below it, for good (rules 3, 10)."""
    with act(services, caller, "authority.withdraw", id_) as doing:
        authority = doing.tx.require(Authority, id_)
        _as_giver_of(doing, authority)
        taking.check_authority_stands(doing.ground, authority)
        close_authority(doing, authority, GrantEnd.AUTHORITY_WITHDRAWN)
        return doing.tx.require(Authority, id_)


@power(ends(Power.ACCOUNT, Power.GRANT, Power.AUTHORITY, Power.UNIT))
def suspend(services: Services, caller: Caller, *, kind: SuspendableKind, target: str, reason: str) -> Suspension:
    """Pause an account, unit, authority or grant, and all that rests on it, at once (rules 2, 10)."""
    with act(services, caller, f"{kind}.suspend", target) as doing:
        unit = _responsible_for(doing, kind, target)
        check_standing(_suspended(doing, kind, target), doing.now)
        taking.check_not_suspended(doing.ground, kind, target, unit)
        suspension = Suspension(doing.new_id("sus"), kind, target, unit, reason, doing.now)
        doing.tx.put(suspension)
        _touch(doing, kind, target)
        doing.tx.happened(
            f"{kind}.suspend", target, unit=unit_of(doing.tx, target) or unit, suspension=suspension.id
        )
        return suspension


_SUSPENDABLE: dict[SuspendableKind, type[Account | Authority | Grant | Unit]] = {
    SuspendableKind.ACCOUNT: Account,
    SuspendableKind.AUTHORITY: Authority,
    SuspendableKind.GRANT: Grant,
    SuspendableKind.UNIT: Unit,
}


def _suspended(doing: Act, kind: SuspendableKind, target: str) -> Account | Authority | Grant | Unit:
    return doing.tx.require(_SUSPENDABLE[kind], target)


@power(yields(Power.ACCOUNT, Power.GRANT, Power.AUTHORITY, Power.UNIT))
def resume(services: Services, caller: Caller, *, kind: SuspendableKind, target: str) -> Suspension:
    """End the pause; what was below is as it was (rule 3)."""
    with act(services, caller, f"{kind}.resume", target) as doing:
        unit = _responsible_for(doing, kind, target)
        found = taking.in_force(doing.ground, kind, target)
        has_left = kind is SuspendableKind.ACCOUNT and is_without_duty(_duties_behind(doing, target), doing.now)
        taking.check_suspended(found, target, has_left=has_left)
        if kind is SuspendableKind.ACCOUNT:
            check_resuming(_duties_behind(doing, target), doing.now)
        own = taking.own_to_lift(doing.ground, found, target, unit)
        ended = [replace(s, valid_to=doing.now) for s in own]
        doing.tx.put(*ended)
        _touch(doing, kind, target)
        for suspension in ended:
            doing.tx.happened(
                f"{kind}.resume", target, unit=unit_of(doing.tx, target) or unit, suspension=suspension.id
            )
        return ended[-1]


def _duties_behind(doing: Act, account: str) -> list[Assignment]:
    person = doing.tx.require(Account, account).person
    return [] if person is None else doing.tx.find(Assignment, person=person)


def _responsible_for(doing: Act, kind: SuspendableKind, target: str) -> UnitId:
    """For which unit the caller acts: that of the target or one above, and never the person concerned (rule 7).

    A unit and an authority are suspended from above; the inspected cannot stop the inspection (rule 14).
    """
    caller = doing.require_caller()
    if kind is SuspendableKind.UNIT:
        doing.check_visible(UnitId(target))
        unit = taking.unit_above(doing.ground, UnitId(target))
    elif kind is SuspendableKind.AUTHORITY:
        authority = doing.tx.require(Authority, target)
        _as_giver_of(doing, authority)
        unit = _giver_of(doing, authority)
    elif kind is SuspendableKind.ACCOUNT:
        account = doing.tx.require(Account, target)
        check_not_own_account(caller, account, "nobody suspends or resumes their own account")
        unit = answers_for(doing.ground, account)
        if account.kind is AccountKind.ADMIN:
            unit = manager_of(doing.org, account.unit, doing.now) or account.unit
        else:
            with as_missing(str(kind), target):
                check_responsible(doing, account, HEADS)
    else:
        grant = doing.tx.require(Grant, target)
        holder = doing.tx.require(Account, grant.account).person
        check_not_oneself(caller, holder, "nobody suspends or resumes their own grant")
        unit = grant.unit
    with as_missing(str(kind), target):
        doing.as_above(unit)
    return unit_acted_for(doing.ground, caller, unit)


def _touch(doing: Act, kind: SuspendableKind, target: str) -> None:
    if kind is SuspendableKind.ACCOUNT:
        account = doing.tx.require(Account, target)
        stored.end_sessions_of(doing.tx.connection, doing.tx.register, account.id)
        doing.tx.touches(account.id)
    elif kind is SuspendableKind.GRANT:
        doing.tx.touches(doing.tx.require(Grant, target).account)


@power(ends(Power.GRANT))
def revoke_grant(services: Services, caller: Caller, id_: GrantId, *, reason: str) -> Grant:
    """Take a grant back at once: the issuing unit, or any unit above it (rules 4, 10)."""
    with act(services, caller, "grant.revoke", id_) as doing:
        grant = _own_grant(doing, id_)
        taking.check_revoked_for(reason)
        taking.check_ended(end_grants(doing, [grant], GrantEnd.REVOKED), grant)
        doing.tx.happened("grant.revoke", id_, unit=grant.unit, reason=reason)
        return doing.tx.require(Grant, id_)


def _own_grant(doing: Act, id_: GrantId) -> Grant:
    caller = doing.require_caller()
    grant = doing.tx.require(Grant, id_)
    if not doing.may_see_grant(grant):
        raise NotFoundError("grant", id_)
    doing.as_above(grant.unit)
    taking.check_not_own_grant(caller, grant, doing.tx.require(Account, grant.account).person)
    return grant


@power(ends(Power.GRANT))
def narrow_grant(
    services: Services, caller: Caller, id_: GrantId, *, scope: Scope, valid_to: datetime | None
) -> Grant:
    """Narrow a grant: one-sided and immediate. Widening needs supplementary minutes that both sign.

    What was wider until now stays answerable: the old line ends, a narrower one on the same paper begins (rule 16).
    """
    with act(services, caller, "grant.narrow", id_) as doing:
        grant = _own_grant(doing, id_)
        taking.check_narrowable(grant)
        scope = normalise(doing.org, scope)
        check_words(doing.pack_for(grant.unit), scope)
        taking.check_grant_narrowed(doing.ground, grant, scope, valid_to)
        narrowed = replace(
            grant,
            id=GrantId(doing.new_id("grn")),
            scope=scope,
            valid_from=max(grant.valid_from, doing.now),
            valid_to=valid_to,
            replaces=grant.id,
        )
        end_grants(doing, [grant], GrantEnd.SUPERSEDED)
        doing.tx.put(narrowed)
        carry_suspensions(doing, grant, narrowed)
        doing.tx.happened("grant.narrow", id_, unit=grant.unit, narrower=narrowed.id)
        return narrowed


@powerless("what the office granted stands as it stood")
def confirm_grants(services: Services, caller: Caller, unit: UnitId) -> Confirmation:
    """A new head confirms, in their own session, what the office granted before them (rule 9)."""
    with act(services, caller, "grants.confirm", unit) as doing:
        doing.check_visible(unit)
        headship = taking.headship_to_confirm(doing.ground, caller, unit)
        confirmation = Confirmation(doing.new_id("cnf"), unit, headship.id, doing.now)
        doing.tx.put(confirmation)
        if doing.pack_for(unit).choice("confirmation_silence") == "lapse":
            # Elsewhere nobody's silence ended anything, and the confirmation changes no answer.
            doing.tx.touches(*(grant.account for grant in doing.tx.find(Grant, unit=unit)))
        doing.tx.happened("grants.confirm", unit, unit=unit, assignment=headship.id)
        return confirmation

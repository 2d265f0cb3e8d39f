"""People leave, go on leave, and school years turn: duties end and with them the grants (rules 11 and 12)."""

import json
from dataclasses import replace
from datetime import date, datetime

from access_service.domain import duties, edges
from access_service.domain.accounts import Custody
from access_service.domain.acting import check_not_oneself, check_personal, operated_by, operates
from access_service.domain.assigning import AssignmentBody, DutyLine
from access_service.domain.custody import check_opening
from access_service.domain.delegation import TAKEN_BACK, Grant, LeavingCase
from access_service.domain.duties import Hand
from access_service.domain.errors import RefusedError
from access_service.domain.names import AssignmentId, AuthorityId, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.scope import Scope
from access_service.domain.standing import OVER, grant_state
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct, WaitingKind, WrittenDecision
from access_service.storage import accounts as stored
from access_service.usecases.effects import (
    admin_account,
    as_taking_back,
    end_custodies_of,
    end_custody,
    end_grants_of_assignment,
    settle_custodies,
    suspend_account_if_last,
    try_refused_again,
)
from access_service.usecases.handover.assignment_papers import draft_decision
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.proposing import propose_each
from access_service.usecases.identity.accounts import IssuedAccount, confirm_password, new_activation
from access_service.usecases.services import Act, Caller, Services, act, as_missing, look
from access_service.usecases.waiting import prepare


@power(ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT))
def end_duty(
    services: Services, caller: Caller, id_: AssignmentId, *, on: date, decision_number: str
) -> LeavingCase | WaitingAct:
    """A duty ends at 00:00 of a day (transfer, retirement, another post): its grants end then, a case opens.

    With the last duty the account is suspended. The case closes with return minutes (#125). What an officer enters
    about somebody who signs waits until one of the leadership of the officer's unit confirms it (ruling A1).
    """
    with act(services, caller, "duty.end", id_) as doing:
        duty = doing.tx.require(Assignment, id_)
        at = start_of_day(on)
        with as_missing("assignment", id_):
            office = _as_releasing(doing, duty)
        check_not_oneself(caller, duty.person, "nobody ends their own duty")
        duties.check_ends(duty, at)
        edges.check_ending(doing.ground, caller, duty)
        if duties.hand_in_releasing(doing.ground, operated_by(caller), duty) is Hand.COMPLETES:
            return _end(doing, duty, office, at, decision_number)
        waiting = prepare(
            doing,
            WaitingKind.RELEASE,
            target=id_,
            unit=duty.unit,
            office=caller.unit,
            body={"on": on.isoformat()},
            decision=WrittenDecision(decision_number, local(doing.now).date()),
            person=duty.person,
        )
        line = DutyLine.of(replace(duty, valid_to=at))
        body = AssignmentBody((), waiting.id, released=(line,), release_number=decision_number)
        draft_decision(doing, waiting, body)
        return waiting


def _end(doing: Act, duty: Assignment, office: UnitId, at: datetime, decision_number: str) -> LeavingCase:
    ended = replace(duty, valid_to=max(at, duty.valid_from))
    doing.tx.put(ended)
    end_grants_of_assignment(doing, ended)
    end_custodies_of(doing, ended)
    suspend_account_if_last(doing, duty.person, max(at, duty.valid_from))
    case = LeavingCase(doing.new_id("cas"), duty.person, office, duty.id, at)
    doing.tx.put(case)
    on = local(at).date().isoformat()
    doing.tx.happened("duty.end", duty.id, unit=duty.unit, decision=decision_number, on=on, case=case.id)
    doing.touch_person(duty.person)
    return case


def enact_release(doing: Act, found: WaitingAct) -> str:
    """What an officer had prepared was confirmed: the duty ends on its day, at the earliest now."""
    duty = doing.tx.require(Assignment, found.target)
    day = start_of_day(date.fromisoformat(json.loads(found.body)["on"]))
    duties.check_ends(duty, max(day, doing.now))
    office = duties.releasing_office(doing.ground, duty)
    duties.check_still_releases(found.office, doing.office_chain(office))
    return _end(doing, duty, office, max(day, doing.now), found.decision_number).id


def _as_releasing(doing: Act, duty: Assignment) -> UnitId:
    """Heads are released from above, everybody else by their own unit: the office that takes the account back."""
    office = duties.releasing_office(doing.ground, duty)
    doing.as_above(office)
    return office


@power(ends(Power.CUSTODY))
def take_back_custody(services: Services, caller: Caller, unit: UnitId) -> Custody:
    """The head, or a unit above, takes the admin account back from an officer; a unit above, from the head.

    From an officer it goes back to the head, who opens it; from the head it is vacant until given. Existing grants
    stand (rule 6).
    """
    with act(services, caller, "custody.take_back", unit) as doing:
        settle_custodies(doing, unit)
        custody = as_taking_back(doing, unit, doing.custody_of(unit))
        ended = end_custody(doing, custody)
        settle_custodies(doing, unit)
        return ended


@power(yields(Power.CUSTODY))
def open_custody(services: Services, caller: Caller, password: str, unit: UnitId) -> IssuedAccount:
    """The head opens the admin account that went back to the head, in the personal session (A7).

    The answer holds the one-time code with which the head sets its password.
    """
    confirm_password(services, caller, password)
    with act(services, caller, "custody.open", unit) as doing:
        doing.check_visible(unit)
        check_personal(caller, "the head opens it in the personal session", unit=unit)
        settle_custodies(doing, unit)
        account = admin_account(doing, unit)
        credential = stored.credential_of(doing.tx.connection, doing.tx.register, account.id)
        is_opened = credential is not None and credential.password is not None
        check_opening(doing.custody_of(unit), caller.person, unit, is_opened=is_opened)
        issued = new_activation(doing, account, is_new_holder=True)
        doing.tx.happened("custody.open", unit, unit=unit, account=account.id)
        doing.tx.touches(account.id)
        try_refused_again(doing, unit)
        return issued


@powerless("proposals to sign, not rights")
def propose_for_year(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    school_year: str,
    number_prefix: str,
    dated: date,
    authority: AuthorityId | None = None,
    out_of_order: str | None = None,
) -> list[Prepared | RefusedError]:
    """Minutes to sign for every class duty of a new school year that has no grant yet: proposals, not rights.

    What was taken back and is proposed again is marked, on the minutes too: who signs knows that somebody decided.
    """
    if not operates(caller, unit):
        with act(services, caller, "year.propose", unit) as doing:
            doing.as_custodian(unit)
    wanted: dict[PersonId, list[EnteredLine]] = {}
    with look(services, caller) as seen:
        reader, now = seen.reader, seen.now
        pack = seen.pack_for(unit)
        kind = seen.require_unit(unit).kind
        for duty in reader.find(Assignment, unit=unit):
            is_of_year = any(c.split(":")[1] == school_year for c, _ in duty.classes or ())
            is_over = duty.valid_to is not None and duty.valid_to <= now
            if not is_of_year or is_over or duty.person == caller.person:
                continue
            earlier = reader.find(Grant, assignment=duty.id)
            # Minutes that lapsed unsigned left a line that never was in force and never will be.
            if any(grant_state(g, now) not in OVER for g in seen.gather.grants(earlier, now)):
                continue
            again = tuple(g.id for g in earlier if g.ended_as in TAKEN_BACK)
            rule = next(
                (
                    r
                    for r in pack.delegation
                    if r.position == duty.position and r.unit_kind == kind and r.issuer == "own_unit"
                ),
                None,
            )
            if rule is not None:
                scope = Scope(unit=unit, classes=duty.classes, school_year=school_year)
                line = EnteredLine(
                    rule.role,
                    duty.id,
                    scope,
                    max(duty.valid_from, now),
                    duty.valid_to,
                    authority,
                    taken_back=again,
                )
                wanted.setdefault(duty.person, []).append(line)
    return propose_each(
        wanted,
        services,
        caller,
        unit=unit,
        number_prefix=number_prefix,
        dated=dated,
        out_of_order=out_of_order,
    )

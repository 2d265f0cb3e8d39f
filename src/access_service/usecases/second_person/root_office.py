"""Who signs for the root: appointed and released by the operator, because nobody in the register is above it (A1).

The operator enters the decision of the authority that appoints. It waits until a second operator, or one of the
sitting leadership in a personal session, confirms it. Nothing that was granted moves (rules 6 and 9).
"""

import json
from dataclasses import dataclass, replace
from datetime import date

from access_service.domain import duties
from access_service.domain.accounts import Account, Custody
from access_service.domain.custody import HOLDER_BY_RANK
from access_service.domain.delegation import HEADS, LeavingCase
from access_service.domain.names import AccountKind, AssignmentId, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, Person
from access_service.domain.time import local, start_of_day
from access_service.domain.vietnamese import name_key
from access_service.domain.waiting import (
    WaitingAct,
    WaitingKind,
    WrittenDecision,
    check_appointed,
    check_decision,
    check_one_named,
    duty_body,
    duty_in,
)
from access_service.storage import accounts as stored
from access_service.usecases.effects import (
    admin_account,
    end_custodies_of,
    end_custody,
    end_grants_of_assignment,
    suspend_account_if_last,
)
from access_service.usecases.identity.accounts import IssuedAccount, new_account, new_activation
from access_service.usecases.operators import OperatorKey, check_operator, root_of
from access_service.usecases.organisation.org import put_duty
from access_service.usecases.services import Act, Services, operate
from access_service.usecases.waiting import prepare


@dataclass(frozen=True, slots=True)
class Appointment:
    """Who is appointed to what: a new person by `name`, or one of the register by `person`."""

    position: str
    decision: WrittenDecision
    name: str | None = None
    person: PersonId | None = None


def prepare_appointment(
    services: Services, register: RegisterId, appointment: Appointment, operator: OperatorKey
) -> WaitingAct:
    """Enter a decision that appoints somebody who signs for the root; it waits for a second person."""
    root = root_of(services, register)
    with operate(services, register) as doing:
        name = check_operator(doing, operator)
        check_decision(appointment.decision, doing.now)
        check_one_named(appointment.name, appointment.person)
        if appointment.person is not None:
            person = doing.tx.require(Person, appointment.person).id
        else:
            person = PersonId(doing.new_id("per"))
            said = appointment.name or ""
            doing.tx.put(Person(person, said, name_key(said)))
            doing.tx.happened("person.add", person)
        duty = _duty(doing, root, person, appointment)
        duties.operators_position(doing.ground, duty)
        return prepare(
            doing,
            WaitingKind.APPOINT,
            target=duty.id,
            unit=root,
            office=root,
            body=duty_body(duty, None),
            decision=appointment.decision,
            person=person,
            operator=name,
        )


def prepare_release(
    services: Services,
    register: RegisterId,
    *,
    position: str,
    decision: WrittenDecision,
    operator: OperatorKey,
    person: PersonId | None = None,
    on: date | None = None,
) -> WaitingAct:
    """Enter a decision that releases somebody who signs for the root; it waits for a second person."""
    root = root_of(services, register)
    with operate(services, register) as doing:
        name = check_operator(doing, operator)
        check_decision(decision, doing.now)
        held = [
            duty
            for duty in doing.tx.find(Assignment, unit=root, **({} if person is None else {"person": person}))
            if duty.position == position and (duty.valid_to is None or duty.valid_to > doing.now)
        ]
        duty = duties.the_holder(held, position)
        duties.operators_position(doing.ground, duty)
        day = local(doing.now).date() if on is None else on
        return prepare(
            doing,
            WaitingKind.RELEASE,
            target=duty.id,
            unit=root,
            office=root,
            body={"on": day.isoformat()},
            decision=decision,
            person=duty.person,
            operator=name,
        )


def _duty(doing: Act, root: UnitId, person: PersonId, appointment: Appointment) -> Assignment:
    return Assignment(
        id=AssignmentId(doing.new_id("asg")),
        person=person,
        unit=root,
        position=appointment.position,
        decision_number=appointment.decision.number,
        decision_date=appointment.decision.dated,
        decision_sha256=appointment.decision.sha256,
        classes=None,
        subjects=None,
        levels=None,
        substitutes=None,
        valid_from=doing.now,
    )


def enact_appointment(doing: Act, act: WaitingAct) -> str:
    """The appointment was confirmed: a head takes the office and its admin account from whoever had them.

    The new credentials are nobody's yet: the operator fetches their one-time codes with `codes_for`.
    """
    duty, _ = duty_in(json.loads(act.body), AssignmentId(act.target), doing.now)
    position = duties.operators_position(doing.ground, duty)
    if position.rank in HEADS:
        _end_headship(doing, duty.unit)
    duties.check_duty(doing.ground, duty)
    put_duty(doing, duty, position, None)
    if doing.use_account_of(duty.person) is None:
        username = f"{duty.position}.{duty.person[-6:]}.{duty.unit}"
        new_account(doing, unit=duty.unit, kind=AccountKind.USE, person=duty.person, username=username)
    if position.rank in HEADS:
        account = admin_account(doing, duty.unit)
        current = doing.custody_of(duty.unit)
        if current is not None:
            end_custody(doing, current)
        holder = HOLDER_BY_RANK[position.rank]
        custody = Custody(
            doing.new_id("cus"), duty.unit, account.id, duty.person, holder, None, doing.now, assignment=duty.id
        )
        doing.tx.put(custody)
        new_activation(doing, account, is_new_holder=True)
        doing.tx.happened("custody.begin", custody.id, unit=duty.unit, person=duty.person, holder=holder)
    return duty.id


def enact_release(doing: Act, act: WaitingAct) -> str:
    """The release was confirmed: the duty ends, a case waits for return minutes."""
    duty = doing.tx.require(Assignment, act.target)
    at = max(start_of_day(date.fromisoformat(json.loads(act.body)["on"])), doing.now, duty.valid_from)
    duties.check_ends(duty, at)
    ended = replace(duty, valid_to=at)
    case = LeavingCase(doing.new_id("cas"), duty.person, duty.unit, duty.id, at)
    doing.tx.put(ended, case)
    end_grants_of_assignment(doing, ended)
    end_custodies_of(doing, ended)
    suspend_account_if_last(doing, duty.person, at)
    doing.tx.happened("duty.end", duty.id, unit=duty.unit, decision=act.decision_number, case=case.id)
    doing.touch_person(duty.person)
    return case.id


def codes_for(services: Services, register: RegisterId, id_: str, operator: OperatorKey) -> list[IssuedAccount]:
    """One-time codes of the accounts that a confirmed appointment opened, while nobody has opened them."""
    with operate(services, register) as doing:
        check_operator(doing, operator)
        act = doing.tx.require(WaitingAct, id_)
        check_appointed(act)
        custody = doing.custody_of(act.unit)
        wanted = [doing.use_account_of(act.person)] if act.person is not None else []
        if custody is not None and custody.person == act.person:
            wanted.append(doing.tx.get(Account, custody.account))
        issued = [
            new_activation(doing, account, is_new_holder=True)
            for account in wanted
            if account is not None and _is_unopened(doing, account)
        ]
        doing.tx.happened(
            "account.codes", id_, unit=act.unit, accounts=[i.account.id for i in issued], operator=operator.name
        )
        doing.tx.touches(*(i.account.id for i in issued))
        return issued


def _is_unopened(doing: Act, account: Account) -> bool:
    credential = stored.credential_of(doing.tx.connection, doing.tx.register, account.id)
    return credential is not None and credential.password is None


def _end_headship(doing: Act, unit: UnitId) -> None:
    """Whoever headed the department leaves that office now; their case waits for return minutes."""
    positions = doing.pack_for(unit).positions
    for duty in doing.tx.find(Assignment, unit=unit):
        position = positions.get(duty.position)
        if position is None or position.rank not in HEADS or doing.now not in duty.interval:
            continue
        ended = replace(duty, valid_to=doing.now)
        doing.tx.put(ended, LeavingCase(doing.new_id("cas"), duty.person, unit, duty.id, doing.now))
        end_grants_of_assignment(doing, ended)
        end_custodies_of(doing, ended)
        suspend_account_if_last(doing, duty.person, doing.now)
        doing.tx.happened("duty.end", duty.id, unit=unit)

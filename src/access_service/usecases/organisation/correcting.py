"""What was recorded wrongly is set right; what was known until then stays known (rule 16)."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from access_service.domain import accounts as account_rules
from access_service.domain.accounts import Account
from access_service.domain.acting import check_not_oneself
from access_service.domain.appointing import hand_in_duty
from access_service.domain.correcting import (
    DutyChanges,
    beyond,
    corrected_class,
    corrected_duty,
    corrected_person,
    corrected_year,
)
from access_service.domain.delegation import Grant
from access_service.domain.duties import Hand, check_duty
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    ClassId,
    EducationLevel,
    GrantEnd,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.time import start_of_day
from access_service.domain.waiting import (
    WaitingAct,
    WaitingKind,
    WrittenDecision,
    check_reason,
    duty_body,
    duty_in,
)
from access_service.usecases.effects import end_grants
from access_service.usecases.organisation.years import as_root
from access_service.usecases.services import Act, Caller, ReadView, Services, act, as_missing
from access_service.usecases.waiting import prepare


@powerless("another spelling of a name gives nobody anything")
def correct_name(services: Services, caller: Caller, id_: PersonId, *, name: str, reason: str) -> Person:
    """Write a person's name as it is; papers that were signed keep the words that were signed."""
    with act(services, caller, "person.correct", id_) as doing:
        person = doing.tx.require(Person, id_)
        doing.check_person_visible(id_)
        unit = keeping_unit(doing, id_)
        check_not_oneself(caller, id_, "nobody corrects their own name")
        with as_missing("person", id_):
            doing.as_above(unit)
        after = corrected_person(person, name)
        doing.tx.put(after)
        doing.tx.happened("person.correct", id_, unit=unit, reason=check_reason(reason))
        doing.touch_person(id_)
        return after


def keeping_unit(seen: ReadView, person: PersonId) -> UnitId:
    """The unit that keeps the person's entry: whose account it is, else whose duty, else who asks."""
    for account in seen.reader.find(Account, person=person, kind=str(AccountKind.USE)):
        return account_rules.answers_for(seen.ground, account)
    duties = seen.reader.find(Assignment, person=person)
    held = [d for d in duties if seen.now in d.interval] or duties
    if held:
        return held[-1].unit
    caller = seen.require_caller()
    seen.as_custodian(caller.unit)
    return caller.unit


@powerless("a class gives nobody a right to it; its level and grade stay while somebody has one")
def correct_class(
    services: Services,
    caller: Caller,
    id_: ClassId,
    *,
    reason: str,
    name: str | None = None,
    level: EducationLevel | None = None,
    grade: str | None = None,
) -> SchoolClass:
    """Write a class as it should have been entered; the school's custodian does it. Its code stays."""
    with act(services, caller, "class.correct", id_) as doing:
        found = doing.tx.require(SchoolClass, id_)
        with as_missing("class", id_):
            doing.as_custodian(found.school)
        after = corrected_class(
            doing.ground, found, name=name, level=level, grade=grade, resting=resting_on_class(doing, found)
        )
        doing.tx.put(after)
        doing.tx.happened("class.correct", id_, unit=found.school, reason=check_reason(reason))
        return after


def resting_on_class(seen: ReadView, found: SchoolClass) -> Sequence[Grant | Assignment]:
    """Rights and duties about a class that are not over: its level and grade stay while there are any."""
    grants = [
        g
        for g in seen.reader.find(Grant, scope_unit=found.school)
        if found.id in g.scope.class_ids and (g.ended_at is None or g.ended_at > seen.now)
    ]
    duties = [
        d
        for d in seen.reader.find(Assignment, unit=found.school)
        if any(class_id == found.id for class_id, _ in d.classes or ())
        and (d.valid_to is None or d.valid_to > seen.now)
    ]
    return [*grants, *duties]


@powerless("prepared for a second person; `confirming.confirm` corrects the year")
def correct_school_year(
    services: Services, caller: Caller, id_: str, *, starts_on: date, closes_on: date, reason: str
) -> WaitingAct:
    """Set the dates of a school year right: a second person of the leadership confirms it (rule 11)."""
    with act(services, caller, "school_year.correct", id_) as doing:
        root = as_root(doing)
        starts_at, closes_at = start_of_day(starts_on), start_of_day(closes_on)
        year = doing.tx.require(SchoolYear, id_)
        corrected_year(doing.tx.find(SchoolYear), year, starts_at, closes_at, doing.now)
        body = {"starts_at": starts_at.isoformat(), "closes_at": closes_at.isoformat()}
        why = check_reason(reason)
        return prepare(doing, WaitingKind.CORRECT_YEAR, target=id_, unit=root, office=root, body=body, reason=why)


def enact_year(doing: Act, found: WaitingAct) -> tuple[str, None]:
    """It was confirmed: the rules are asked once more, now."""
    year, said = doing.tx.require(SchoolYear, found.target), json.loads(found.body)
    after = corrected_year(
        doing.tx.find(SchoolYear),
        year,
        datetime.fromisoformat(said["starts_at"]),
        datetime.fromisoformat(said["closes_at"]),
        doing.now,
    )
    doing.tx.put(after)
    doing.tx.happened("school_year.correct", year.id, reason=found.reason)
    return year.id, None


@power(yields(Power.OFFICE) | ends(Power.GRANT))
def correct_duty(
    services: Services, caller: Caller, id_: AssignmentId, changes: DutyChanges, *, reason: str
) -> Assignment | WaitingAct:
    """Record a duty as its decision says; rights that the corrected duty does not bear end now (#57).

    Whoever may enter the duty may correct it, and as far: about somebody who signs an officer only prepares it.
    """
    with act(services, caller, "duty.correct", id_) as doing:
        duty = doing.tx.require(Assignment, id_)
        with as_missing("assignment", id_):
            doing.check_visible(duty.unit)
        why = check_reason(reason)
        after = _corrected(doing, duty, changes)
        if hand_in_duty(doing.ground, caller, after, None) is Hand.COMPLETES:
            return _put(doing, after, why)
        return prepare(
            doing,
            WaitingKind.CORRECT_DUTY,
            target=id_,
            unit=duty.unit,
            office=caller.unit,
            body=duty_body(after, None),
            decision=WrittenDecision(after.decision_number, after.decision_date, None, after.decision_sha256),
            person=duty.person,
            reason=why,
        )


def enact_duty(doing: Act, found: WaitingAct) -> tuple[str, None]:
    """It was confirmed: the duty, and what may have rested on it since, is looked at again."""
    duty, said = doing.tx.require(Assignment, AssignmentId(found.target)), json.loads(found.body)
    wanted, _ = duty_in(said, duty.id, doing.now)
    changes = DutyChanges(
        decision_number=wanted.decision_number,
        decision_date=wanted.decision_date,
        decision_sha256=wanted.decision_sha256,
        valid_from=datetime.fromisoformat(said["valid_from"]),
        classes=wanted.classes,
        subjects=wanted.subjects,
        levels=wanted.levels,
    )
    after = _corrected(doing, duty, changes)
    check_duty(doing.ground, after)
    return _put(doing, after, found.reason or "").id, None


def _corrected(doing: Act, duty: Assignment, changes: DutyChanges) -> Assignment:
    grants = doing.tx.find(Grant, assignment=duty.id)
    return corrected_duty(doing.ground, duty, changes, grants, doing.tx.find(Assignment, substitutes=duty.id))


def _put(doing: Act, after: Assignment, reason: str) -> Assignment:
    doing.tx.put(after)
    doing.tx.happened("duty.correct", after.id, unit=after.unit, reason=reason)
    too_much = beyond(doing.ground, after, doing.tx.find(Grant, assignment=after.id))
    end_grants(doing, too_much, GrantEnd.ASSIGNMENT_ENDED)
    doing.touch_person(after.person)
    return after

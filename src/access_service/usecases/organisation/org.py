"""The organisation: units and who manages them, school years, classes, people and their duties."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain import duties, reorganising
from access_service.domain import register as entering
from access_service.domain.appointing import hand_in_duty
from access_service.domain.assigning import AssignmentBody, DutyLine
from access_service.domain.delegation import HEADS, Grant
from access_service.domain.duties import Hand
from access_service.domain.names import AssignmentId, EducationLevel, PersonId, UnitId
from access_service.domain.numbering import check_abbreviation
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    Person,
    SchoolClass,
    SchoolYear,
    Unit,
    check_edge,
)
from access_service.domain.policy import Position
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.scope import ClassSubject
from access_service.domain.time import start_of_day
from access_service.domain.vietnamese import name_key
from access_service.domain.waiting import WaitingAct, WaitingKind, WrittenDecision, duty_body, duty_in
from access_service.usecases.effects import (
    end_custodies_of,
    end_grants_of_assignment,
    keep_account_open,
    suspend_account_if_last,
)
from access_service.usecases.handover.assignment_papers import draft_decision
from access_service.usecases.identity.homes import keep_from_former
from access_service.usecases.organisation.years import as_root
from access_service.usecases.services import Act, Caller, Services, act
from access_service.usecases.waiting import prepare


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty to be assigned: the decision, the position, and what the duty is about."""

    person: PersonId
    unit: UnitId
    position: str
    decision_number: str
    decision_date: date
    valid_from: datetime
    valid_to: datetime | None = None
    decision_sha256: str | None = None
    classes: frozenset[ClassSubject] | None = None
    subjects: frozenset[str] | None = None
    levels: frozenset[EducationLevel] | None = None
    substitutes: AssignmentId | None = None
    replaces: AssignmentId | None = None
    """The assignment that ends when this one begins (đổi giáo viên chủ nhiệm)."""
    leads: bool | None = None

    def assignment(self, id_: AssignmentId) -> Assignment:
        """As a fact."""
        return Assignment(
            id=id_,
            person=self.person,
            unit=self.unit,
            position=self.position,
            decision_number=self.decision_number,
            decision_date=self.decision_date,
            decision_sha256=self.decision_sha256,
            classes=self.classes,
            subjects=self.subjects,
            levels=self.levels,
            substitutes=self.substitutes,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            leads=self.leads,
        )


@power(yields(Power.UNIT))
def create_unit(
    services: Services,
    caller: Caller,
    *,
    id_: UnitId,
    kind: str,
    name: str,
    levels: frozenset[EducationLevel],
    manager: UnitId,
    basis: str,
    abbreviation: str | None = None,
) -> Unit:
    """Register a unit under a direct manager. The manager's custodian does it."""
    with act(services, caller, "unit.create", id_) as doing:
        doing.as_custodian(manager)
        short = None if abbreviation is None else check_abbreviation(abbreviation)
        unit = Unit(id_, kind, name, levels, doing.now, abbreviation=short)
        entering.check_unit(doing.pack_for(manager), unit)
        reorganising.check_new_unit(doing.org, id_)
        entering.check_unit_code(id_, [known.id for known in doing.tx.find(Unit)])
        edge = ManagementEdge(doing.new_id("edg"), id_, manager, basis, doing.now)
        check_edge(doing.org, edge)
        doing.tx.put(unit, edge)
        doing.tx.happened("unit.create", id_, unit=id_, kind=kind, manager=manager)
        return unit


@powerless("an abbreviation stands in the numbers of papers")
def abbreviate_unit(services: Services, caller: Caller, id_: UnitId, abbreviation: str) -> Unit:
    """What stands in the unit's numbers from now on, `THCSAH`; whoever acts for it, or a unit above, says so."""
    with act(services, caller, "unit.abbreviate", id_) as doing:
        doing.as_above(id_)
        unit = replace(doing.require_unit(id_), abbreviation=check_abbreviation(abbreviation))
        doing.tx.put(unit)
        doing.tx.happened("unit.abbreviate", id_, unit=id_, abbreviation=unit.abbreviation)
        return unit


@power(yields(Power.YEAR))
def open_school_year(
    services: Services, caller: Caller, *, id_: str, starts_on: date, closes_on: date
) -> SchoolYear:
    """A school year of the whole register; the root's custodian decides. `closes_on` is its first day closed."""
    with act(services, caller, "school_year.open", id_) as doing:
        as_root(doing)
        year = SchoolYear(id_, start_of_day(starts_on), start_of_day(closes_on))
        reorganising.check_new_year(doing.org, id_)
        entering.check_school_year(doing.tx.find(SchoolYear), year)
        doing.tx.put(year)
        doing.tx.happened("school_year.open", id_)
        return year


@powerless("a class gives nobody a right to it")
def create_class(
    services: Services,
    caller: Caller,
    *,
    school: UnitId,
    school_year: str,
    code: str,
    name: str,
    level: EducationLevel,
    grade: str,
) -> SchoolClass:
    """A class of one school and school year; the school's custodian enters it."""
    with act(services, caller, "class.create", entering.class_id(school, school_year, code)) as doing:
        return enter_class(
            doing, school=school, school_year=school_year, code=code, name=name, level=level, grade=grade
        )


def enter_class(
    doing: Act, *, school: UnitId, school_year: str, code: str, name: str, level: EducationLevel, grade: str
) -> SchoolClass:
    """Enter a class, within an act of the school's custodian."""
    id_ = entering.class_id(school, school_year, code)
    doing.as_custodian(school)
    doing.require_unit(school)
    year = reorganising.year_to_enter(doing.ground, school_year)
    reorganising.check_new_class(doing.org, id_)
    beside = doing.tx.find(SchoolClass, school=school, school_year=school_year)
    entering.check_class_code(id_, [known.id for known in beside])
    school_class = SchoolClass(
        id_, school, school_year, name, level, grade, min(year.starts_at, doing.now), year.closes_at
    )
    entering.check_class(doing.ground, school_class)
    # A class that was unknown is in nobody's memory: no decision kept anywhere changes.
    doing.tx.put(school_class)
    doing.tx.happened("class.create", id_, unit=school)
    return school_class


@powerless("a name in the register, without duty or account")
def add_person(services: Services, caller: Caller, *, name: str) -> Person:
    """Enter a person. Any custodian may; the id is ours and says nothing about them."""
    with act(services, caller, "person.add", caller.unit) as doing:
        return enter_person(doing, name)


def enter_person(doing: Act, name: str) -> Person:
    """Enter a person, within an act of a custodian."""
    doing.as_custodian(doing.require_caller().unit)
    person = Person(PersonId(doing.new_id("per")), name, name_key(name))
    entering.check_person(doing.ground, person)
    doing.tx.put(person)
    doing.tx.happened("person.add", person.id)
    return person


@power(yields(Power.OFFICE, Power.ACCOUNT) | ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT))
def assign_duty(services: Services, caller: Caller, duty: Duty) -> Assignment | WaitingAct:
    """Record a decision that assigns a duty (#57), or appoints a head (by the direct manager).

    Nobody assigns themselves a duty (rule 7). A class has one homeroom teacher at a time: the decision that changes
    the teacher names the assignment it `replaces`, whose grants end on that day (rule 11). What an officer enters
    about somebody who signs waits until one of the leadership of the caller's unit confirms it (ruling A1).
    """
    with act(services, caller, "duty.assign", duty.unit) as doing:
        return enter_duty(doing, duty)


def enter_duty(doing: Act, duty: Duty) -> Assignment | WaitingAct:
    """Record a decision that assigns a duty, within an act of whoever may."""
    doing.check_visible(duty.unit)
    assignment = duty.assignment(AssignmentId(doing.new_id("asg")))
    hand = hand_in_duty(doing.ground, doing.require_caller(), assignment, duty.replaces)
    if hand is Hand.COMPLETES:
        replaced = None if duty.replaces is None else doing.tx.require(Assignment, duty.replaces)
        return put_duty(doing, assignment, duties.position_of(doing.ground, assignment), replaced)
    waiting = prepare(
        doing,
        WaitingKind.APPOINT,
        target=assignment.id,
        unit=duty.unit,
        office=doing.require_caller().unit,
        body=duty_body(assignment, duty.replaces),
        decision=WrittenDecision(duty.decision_number, duty.decision_date, None, duty.decision_sha256),
        person=duty.person,
    )
    draft_decision(doing, waiting, AssignmentBody((DutyLine.of(assignment),), waiting.id, duty.replaces))
    return waiting


def enact_duty(doing: Act, found: WaitingAct) -> str:
    """What an officer had prepared was confirmed: every rule is asked again, as of now."""
    duty, replaces = duty_in(json.loads(found.body), AssignmentId(found.target), doing.now)
    position = duties.position_of(doing.ground, duty)
    duties.hand_in_appointing(doing.ground, found.office, duty.unit, position)
    replaced = None if replaces is None else _replaced(doing, duty, replaces)
    if replaced is not None:
        old = doing.pack_for(duty.unit).positions.get(replaced.position)
        if old is not None:
            duties.hand_in_appointing(doing.ground, found.office, duty.unit, old)
    duties.check_duty(doing.ground, duty, replaces)
    return put_duty(doing, duty, position, replaced).id


def _replaced(doing: Act, duty: Assignment, old_id: AssignmentId) -> Assignment:
    """The duty that ends; only who may appoint to it may end it (a head's: from above)."""
    old = doing.tx.require(Assignment, old_id)
    duties.check_replaced(old, duty)
    return old


def put_duty(doing: Act, duty: Assignment, position: Position, replaced: Assignment | None) -> Assignment:
    """Store a duty that every rule has let pass, with all that follows; the one it replaces ends when it begins."""
    ended = None
    if replaced is not None:
        ended = replace(replaced, valid_to=max(duty.valid_from, replaced.valid_from))
        doing.tx.put(ended)
        end_grants_of_assignment(doing, ended)
        doing.touch_person(ended.person)
        doing.tx.happened("duty.end", ended.id, unit=ended.unit, replaced=True)
    keep_from_former(doing, duty.person, duty.unit)
    doing.tx.put(duty)
    keep_account_open(doing, duty)
    if ended is not None:
        # After the new duty stands: whoever changes class within the school has not left it.
        end_custodies_of(doing, ended)
        suspend_account_if_last(doing, ended.person, duty.valid_from)
    doing.tx.happened("duty.assign", duty.id, person=duty.person, unit=duty.unit, position=duty.position)
    doing.touch_person(duty.person)
    if duty.substitutes is not None:
        doing.touch_person(doing.tx.require(Assignment, duty.substitutes).person)
    if position.rank in HEADS:
        # A new head's silence may end what the office granted, where the pack says so (rule 9).
        doing.tx.touches(*(grant.account for grant in doing.tx.find(Grant, unit=duty.unit)))
    return duty


def end_duties_of_unit(doing: Act, unit: UnitId, at: datetime) -> None:
    """A unit is over: its duties end, its staff do not pass to the successor (rule 9)."""
    for assignment in doing.tx.find(Assignment, unit=unit):
        if assignment.valid_to is None or assignment.valid_to > at:
            ended = replace(assignment, valid_to=max(at, assignment.valid_from))
            doing.tx.put(ended)
            end_grants_of_assignment(doing, ended)
            suspend_account_if_last(doing, ended.person, max(at, ended.valid_from))

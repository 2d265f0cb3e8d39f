"""What stands in the register beside what was known before, for whoever may set it right (rule 16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from access_service.domain.acting import check_not_oneself
from access_service.domain.appointing import check_corrects_duty
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear, Unit, chain_of
from access_service.storage.audit import events_about
from access_service.storage.lists import names_of
from access_service.usecases.evidence.one_right import title_of_duty
from access_service.usecases.organisation.correcting import keeping_unit, resting_on_class
from access_service.usecases.services import Caller, ReadView, Services, as_missing, look

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EarlierVersion(Generic[T]):
    """How something stood until it was set right."""

    value: T
    until: datetime
    """When the correction was recorded: until then this was known."""
    reason: str
    by: str
    """Name of who corrected it, or confirmed the correction."""


@dataclass(frozen=True, slots=True)
class NameToCorrect:
    """A person's name."""

    person: Person
    earlier: tuple[EarlierVersion[Person], ...]


@dataclass(frozen=True, slots=True)
class ClassToCorrect:
    """A class."""

    school_class: SchoolClass
    unit: Unit
    is_in_use: bool
    """Rights or duties rest on its level and grade, which stay."""
    earlier: tuple[EarlierVersion[SchoolClass], ...]


@dataclass(frozen=True, slots=True)
class DutyToCorrect:
    """A duty, with whose it is and what it is called."""

    duty: Assignment
    name: str
    title: str
    unit: Unit
    classes: tuple[SchoolClass, ...]
    """Those of its school year, among which it may be corrected."""
    levels: tuple[EducationLevel, ...]
    earlier: tuple[EarlierVersion[Assignment], ...]


@dataclass(frozen=True, slots=True)
class YearToCorrect:
    """A school year."""

    year: SchoolYear
    is_open: bool
    """One that is closed is opened again first."""
    earlier: tuple[EarlierVersion[SchoolYear], ...]


def _earlier(seen: ReadView, value_type: type[T], id_: str, action: str) -> tuple[EarlierVersion[T], ...]:
    reader = seen.reader
    corrected = {e.revision: e for e in events_about(reader.connection, reader.register, [id_], [action])}
    people: Sequence[PersonId] = [PersonId(e.person) for e in corrected.values() if e.person is not None]
    names = {str(key): found.name for key, found in names_of(reader, people).items()}
    found = []
    for _, until, value in reversed(reader.history(value_type, id_)):
        event = None if until is None else corrected.get(until)
        if event is not None:
            reason = str((event.happening.details or {}).get("reason") or "")
            found.append(EarlierVersion(value, event.recorded_at, reason, names.get(event.person or "", "")))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class CorrectionsOf:
    """Something that can be corrected, as it stands, and as it stood before each correction."""

    value: Person | SchoolClass | Assignment | SchoolYear
    earlier: tuple[EarlierVersion[Person | SchoolClass | Assignment | SchoolYear], ...]


_CORRECTED: tuple[tuple[type[Person | SchoolClass | Assignment | SchoolYear], str], ...] = (
    (Person, "person.correct"),
    (Assignment, "duty.correct"),
    (SchoolClass, "class.correct"),
    (SchoolYear, "school_year.correct"),
)


def corrections_of(services: Services, register: RegisterId, id_: str) -> CorrectionsOf:
    """What was known before of a person, duty, class or school year, by its id: for the operator."""
    with services.db.read(register) as reader:
        view = ReadView(reader, None, services.db.now_in(reader.connection, register))
        for value_type, action in _CORRECTED:
            value = reader.get(value_type, id_)
            if value is not None:
                return CorrectionsOf(value, _earlier(view, value_type, id_, action))
    raise NotFoundError("person, duty, class or school year", id_)


def name_to_correct(services: Services, caller: Caller, id_: PersonId) -> NameToCorrect:
    """A name, for whoever may set it right: the unit that keeps the person, or one above."""
    with look(services, caller) as seen:
        return NameToCorrect(_check_name(seen, caller, id_), _earlier(seen, Person, id_, "person.correct"))


def _check_name(seen: ReadView, caller: Caller, id_: PersonId) -> Person:
    person = seen.reader.require(Person, id_)
    seen.check_person_visible(id_)
    unit = keeping_unit(seen, id_)
    check_not_oneself(caller, id_, "nobody corrects their own name")
    with as_missing("person", id_):
        seen.as_above(unit)
    return person


def may_correct_name(services: Services, caller: Caller, id_: PersonId) -> bool:
    """Would the act let this caller?"""
    with look(services, caller) as seen:
        try:
            _check_name(seen, caller, id_)
        except RefusedError:
            return False
    return True


def class_to_correct(services: Services, caller: Caller, id_: ClassId) -> ClassToCorrect:
    """A class, for its school's custodian."""
    with look(services, caller) as seen:
        found = seen.reader.require(SchoolClass, id_)
        with as_missing("class", id_):
            seen.as_custodian(found.school)
        return ClassToCorrect(
            found,
            seen.require_unit(found.school),
            bool(resting_on_class(seen, found)),
            _earlier(seen, SchoolClass, id_, "class.correct"),
        )


def duty_to_correct(services: Services, caller: Caller, id_: AssignmentId) -> DutyToCorrect:
    """A duty that is not over, for whoever may assign it."""
    with look(services, caller) as seen:
        duty = seen.reader.require(Assignment, id_)
        with as_missing("assignment", id_):
            seen.check_visible(duty.unit)
        check_corrects_duty(seen.ground, caller, duty)
        years = {class_id.split(":")[1] for class_id, _ in duty.classes or () if class_id.count(":") > 1}
        classes = seen.reader.find(SchoolClass, school=duty.unit) if duty.classes is not None else []
        unit = seen.require_unit(duty.unit)
        person = seen.reader.get(Person, duty.person)
        return DutyToCorrect(
            duty,
            duty.person if person is None else person.name,
            title_of_duty(seen, duty),
            unit,
            tuple(c for c in classes if c.school_year in years),
            tuple(level for level in EducationLevel if level in unit.levels),
            _earlier(seen, Assignment, id_, "duty.correct"),
        )


def years_to_correct(services: Services, caller: Caller, unit: UnitId) -> tuple[YearToCorrect, ...]:
    """Every school year, the newest first, for the custodian of the office at the top; elsewhere there is none."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        if chain_of(seen.org, unit, seen.now)[-1] != unit:
            raise NotFoundError("school year of", unit)
        seen.as_custodian(unit)
        years = sorted(seen.reader.find(SchoolYear), key=lambda y: y.starts_at, reverse=True)
        return tuple(
            YearToCorrect(
                year, year.closes_at > seen.now, _earlier(seen, SchoolYear, year.id, "school_year.correct")
            )
            for year in years
        )

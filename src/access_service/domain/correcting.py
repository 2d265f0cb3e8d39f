"""What was recorded wrongly is set right: a name, a class, a school year, a duty (rule 16).

A correction says how it was all along; what was known until then stays known, because the register keeps every
version. It is no way around an act: what would give or take a right is refused here, or asked of the rules of that
act.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain import words
from access_service.domain.delegation import Grant, axis_outside_duty
from access_service.domain.duties import position_of, signs
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import ClassId, EducationLevel
from access_service.domain.notation import class_key, fold, read_teaching, split_classes, subject_of
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_class, check_school_year, read
from access_service.domain.reorganising import check_year_open
from access_service.domain.scope import ClassSubject
from access_service.domain.vietnamese import name_key


@dataclass(frozen=True, slots=True)
class DutyChanges:
    """How a duty should have been recorded; what is None stays."""

    decision_number: str | None = None
    decision_date: date | None = None
    decision_sha256: str | None = None
    valid_from: datetime | None = None
    classes: frozenset[ClassSubject] | None = None
    subjects: frozenset[str] | None = None
    levels: frozenset[EducationLevel] | None = None


def check_changes(before: object, after: object) -> None:
    """A correction says something new."""
    if before == after:
        raise InvalidError("nothing changes")


def corrected_person(person: Person, name: str) -> Person:
    """The person under the right name."""
    after = replace(person, name=read("name", words.line, name), sort_key=name_key(name))
    check_changes(person, after)
    return after


def corrected_class(
    ground: Ground,
    school_class: SchoolClass,
    *,
    name: str | None,
    level: EducationLevel | None,
    grade: str | None,
    resting: Collection[object],
) -> SchoolClass:
    """The class as it should have been entered; its code stays, since papers name it.

    `resting` are rights and duties about it that are not over: level and grade stay while there are any, because
    what they reach would be another class.
    """
    after = replace(
        school_class,
        name=name or school_class.name,
        level=level or school_class.level,
        grade=grade or school_class.grade,
    )
    check_changes(school_class, after)
    moves = (after.level, after.grade) != (school_class.level, school_class.grade)
    if moves and resting:
        raise RefusedError(
            Refusal.DOCUMENT_STATE, "rights or duties rest on its level and grade", school_class=school_class.id
        )
    check_class(ground, after)
    return after


def corrected_year(
    years: Iterable[SchoolYear], year: SchoolYear, starts_at: datetime, closes_at: datetime, now: datetime
) -> SchoolYear:
    """(11) The school year with the right dates; one that is closed is opened again first."""
    check_year_open(year, now)
    after = replace(year, starts_at=starts_at, closes_at=closes_at)
    check_changes(year, after)
    check_school_year(years, after)
    check_year_open(after, now)
    return after


def corrected_duty(
    ground: Ground, duty: Assignment, changes: DutyChanges, grants: Iterable[Grant], stand_ins: Iterable[Assignment]
) -> Assignment:
    """The duty as its decision says. Person, unit and position stay: another of those is another duty.

    The day on which somebody who signs took office stays once it has come: confirmations and custody count from it.
    """
    after = replace(
        duty,
        decision_number=changes.decision_number or duty.decision_number,
        decision_date=changes.decision_date or duty.decision_date,
        decision_sha256=changes.decision_sha256 or duty.decision_sha256,
        valid_from=changes.valid_from or duty.valid_from,
        classes=duty.classes if changes.classes is None else changes.classes,
        subjects=duty.subjects if changes.subjects is None else changes.subjects,
        levels=duty.levels if changes.levels is None else changes.levels,
    )
    check_changes(duty, after)
    check_duty_runs(ground, duty)
    _check_day(ground, duty, after, grants)
    _check_stand_ins(ground, after, stand_ins)
    return after


def check_duty_runs(ground: Ground, duty: Assignment) -> None:
    """What is over stays as it was recorded."""
    if duty.valid_to is not None and duty.valid_to <= ground.now:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the duty is over", assignment=duty.id)


def _check_day(ground: Ground, duty: Assignment, after: Assignment, grants: Iterable[Grant]) -> None:
    if after.valid_from == duty.valid_from:
        return
    activated = [g.activated_at for g in grants if g.activated_at is not None]
    kept = signs(position_of(ground, duty)) and min(duty.valid_from, after.valid_from) <= ground.now
    if kept or any(at < after.valid_from for at in activated):
        raise RefusedError(Refusal.DOCUMENT_STATE, "what was signed rests on the day it began", assignment=duty.id)


def _check_stand_ins(ground: Ground, after: Assignment, stand_ins: Iterable[Assignment]) -> None:
    for other in stand_ins:
        is_over = other.valid_to is not None and other.valid_to <= ground.now
        if not is_over and not (other.classes or frozenset()) <= (after.classes or frozenset()):
            raise RefusedError(Refusal.DOCUMENT_STATE, "somebody stands in for what would go", assignment=other.id)


def read_charge(homeroom: str, teaching: str, known: Iterable[SchoolClass]) -> frozenset[ClassSubject]:
    """The classes of a duty as schools write them: `6A1` in charge of it, `Ngữ văn 6A1, 6A2` taught there."""
    by_key = {class_key(c.id.rpartition(":")[2]): c.id for c in known}
    codes = [id_.rpartition(":")[2] for id_ in by_key.values()]
    pairs = {(_class_called(by_key, code), "") for code in split_classes(homeroom, codes)}
    for taught in read_teaching(teaching, codes):
        if taught.subject is None or not taught.classes:
            raise InvalidError(f"`{taught.text[:40]}` is no subject with its classes")
        pairs |= {(_class_called(by_key, code), taught.subject) for code in taught.classes}
    return frozenset(pairs)


def _class_called(by_key: Mapping[str, ClassId], code: str) -> ClassId:
    if class_key(code) not in by_key:
        raise InvalidError(f"there is no class `{code[:20]}` in that school year")
    return by_key[class_key(code)]


def read_subjects(text: str) -> frozenset[str]:
    """The subjects of a duty as schools write them: `Toán; Tin học`."""
    found: set[str] = set()
    for part in text.replace(";", ",").split(","):
        if not part.strip():
            continue
        subject = subject_of(fold(part))
        if subject is None:
            raise InvalidError(f"there is no subject `{part.strip()[:40]}`")
        found.add(subject)
    return frozenset(found)


def beyond(ground: Ground, duty: Assignment, grants: Iterable[Grant]) -> list[Grant]:
    """(#57) The rights that exceed the duty as it is known now: they end, since nothing bears them."""
    pack = ground.pack_for(duty.unit)
    return [
        grant
        for grant in grants
        if grant.ended_at is None and axis_outside_duty(ground.org, pack, ground.now, grant.scope, duty) is not None
    ]

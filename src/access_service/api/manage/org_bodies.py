"""Bodies and answers about units, school years, classes, people and duties."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from access_service.api.manage.bodies import (
    MOST,
    Day,
    Id,
    Instant,
    NewClassCode,
    NewSchoolYearCode,
    NewUnitCode,
    Number,
    Out,
    Prose,
    RequestBody,
    SchoolYearCode,
    Sha256,
    Some,
    Sorted,
    SubjectCode,
    TextLine,
    frozen,
)
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.scope import ClassSubject
from access_service.usecases.evidence.reading import UnitSeen
from access_service.usecases.organisation.org import Duty

Level = Annotated[EducationLevel, Field(strict=False)]


class NewUnit(RequestBody):
    """A unit under a direct manager."""

    id: NewUnitCode
    kind: TextLine
    name: TextLine
    levels: list[Level] = Field(default_factory=list, max_length=MOST)
    """None for kinds that teach nothing."""
    manager: Id
    basis: TextLine
    """Number of the decision."""
    abbreviation: TextLine | None = None
    """What stands in the numbers of its papers; left out, it is made of its name until somebody enters it."""


class NewAbbreviation(RequestBody):
    """What stands in the numbers of a unit's papers."""

    abbreviation: TextLine


class NewManager(RequestBody):
    """Another unit becomes the direct manager."""

    manager: Id
    basis: TextLine
    on: Day


class NewSuccession(RequestBody):
    """Another unit takes the office of this one."""

    successor: Id
    basis: TextLine
    on: Day
    schools: dict[Id, Id] | None = None
    """Units that pass to another one than the successor: which to which."""
    archive: Id | None = None
    """Who keeps the papers that concern no single unit; named where several take something."""

    def named(self) -> dict[UnitId, UnitId]:
        """As the use case wants it."""
        return {UnitId(unit): UnitId(heir) for unit, heir in (self.schools or {}).items()}


class NewSchoolYear(RequestBody):
    """A school year of the whole register."""

    id: NewSchoolYearCode
    starts_on: Day
    closes_on: Day
    """Its first day closed."""


class NewClass(RequestBody):
    """A class of one school and school year; its id becomes `<school>:<school_year>:<code>`."""

    school: Id
    school_year: SchoolYearCode
    code: NewClassCode
    name: TextLine
    level: Level
    grade: TextLine


class NewPerson(RequestBody):
    """A person; the id is the register's own."""

    name: TextLine


class ClassPart(RequestBody):
    """A class, as a whole or one subject in it."""

    class_: Annotated[Id, Field(alias="class")]
    subject: SubjectCode | None = None
    """Left out for the class as a whole (chủ nhiệm)."""

    def pair(self) -> ClassSubject:
        """As the domain has it."""
        return ClassId(self.class_), self.subject or ""


class NewAssignment(RequestBody):
    """A decision that assigns a duty or appoints a head."""

    person: Id
    unit: Id
    position: TextLine
    decision_number: Number
    decision_date: Day
    decision_sha256: Sha256 | None = None
    valid_from: Instant
    valid_to: Instant | None = None
    classes: Some[ClassPart] | None = None
    subjects: Some[SubjectCode] | None = None
    levels: Some[Level] | None = None
    substitutes: Id | None = None
    """The absent person's assignment."""
    replaces: Id | None = None
    """The assignment that ends when this one begins."""
    leads: bool | None = None
    """Among several who have charge of a class (a preschool group)."""

    def duty(self) -> Duty:
        """As the use case wants it."""
        return Duty(
            person=PersonId(self.person),
            unit=UnitId(self.unit),
            position=self.position,
            decision_number=self.decision_number,
            decision_date=self.decision_date,
            decision_sha256=self.decision_sha256,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            classes=frozen([c.pair() for c in self.classes]) if self.classes else None,
            subjects=frozen(self.subjects),
            levels=frozen(self.levels),
            substitutes=AssignmentId(self.substitutes) if self.substitutes else None,
            replaces=AssignmentId(self.replaces) if self.replaces else None,
            leads=self.leads,
        )


class DutyEnd(RequestBody):
    """A duty ends at 00:00 of a day."""

    on: Day
    decision_number: Number


class Because(RequestBody):
    """Why an act is done."""

    reason: Prose


class Noted(RequestBody):
    """Why something is stopped, if anybody has the time to say: stopping must never wait for words."""

    reason: Prose | None = None

    @classmethod
    def reason_of(cls, body: "Noted | None") -> str:
        """What was said, or nothing."""
        return (body.reason or "") if body is not None else ""


class UnitOut(Out):
    """A unit."""

    id: str
    kind: str
    name: str
    levels: Sorted[EducationLevel]
    valid_from: datetime
    valid_to: datetime | None
    abbreviation: str | None
    """What stands in the numbers of its papers; null until somebody has entered it."""


class PersonOut(Out):
    """A person."""

    id: str
    name: str


class CustodianOut(Out):
    """Who operates a unit's admin account."""

    person: str
    name: str
    holder: str
    valid_from: datetime
    document: str | None


class HeadOut(Out):
    """Who heads a unit."""

    person: str
    name: str
    position: str
    assignment: str


class UnitDetailOut(UnitOut):
    """A unit with what stands around it now."""

    manager: str | None
    chain: list[str]
    custodian: CustodianOut | None
    head: HeadOut | None
    suspended: bool
    can: list[str]
    """What the caller may do with it."""

    @classmethod
    def of(cls, seen: UnitSeen) -> "UnitDetailOut":
        """From what the use case found."""
        custody, head = seen.custody, seen.head
        custodian = appointed = None
        if custody is not None:
            custodian = CustodianOut(
                person=custody.person,
                name=seen.people.get(custody.person, ""),
                holder=custody.holder,
                valid_from=custody.valid_from,
                document=custody.document,
            )
        if head is not None:
            appointed = HeadOut(
                person=head.person,
                name=seen.people.get(head.person, ""),
                position=head.position,
                assignment=head.id,
            )
        return cls(
            **UnitOut.model_validate(seen.unit).model_dump(),
            manager=seen.manager,
            chain=list(seen.chain),
            custodian=custodian,
            head=appointed,
            suspended=seen.is_suspended,
            can=sorted(seen.can),
        )


class UnitsOut(Out):
    """Units, by code."""

    units: list[UnitOut]


class EdgeOut(Out):
    """Who manages a unit's accounts, from when."""

    unit: str
    manager: str
    basis: str
    valid_from: datetime
    valid_to: datetime | None


class SuccessionOut(Out):
    """Which unit took which office, from when."""

    predecessor: str
    successor: str
    basis: str
    valid_from: datetime
    archive: str | None


class SchoolYearOut(Out):
    """A school year."""

    id: str
    starts_at: datetime
    closes_at: datetime


class SchoolYearsOut(Out):
    """School years, by name."""

    school_years: list[SchoolYearOut]


class ClassOut(Out):
    """A class."""

    id: str
    school: str
    school_year: str
    name: str
    level: EducationLevel
    grade: str


class ClassesOut(Out):
    """Classes, by id."""

    classes: list[ClassOut]


class ClassPartOut(Out):
    """A class, as a whole or one subject in it."""

    class_: Annotated[str, Field(serialization_alias="class", validation_alias="class")]
    subject: str | None


def class_parts(classes: frozenset[ClassSubject] | None) -> list[ClassPartOut] | None:
    """Pairs in order; None where the axis is whole."""
    if classes is None:
        return None
    return [ClassPartOut(**{"class": id_, "subject": subject or None}) for id_, subject in sorted(classes)]


class AssignmentOut(Out):
    """A duty."""

    id: str
    person: str
    unit: str
    position: str
    decision_number: str
    decision_date: date
    decision_sha256: str | None
    classes: list[ClassPartOut] | None
    subjects: list[str] | None
    levels: list[EducationLevel] | None
    substitutes: str | None
    leads: bool | None
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, found: Any) -> "AssignmentOut":
        """From the domain's value."""
        plain = {
            name: getattr(found, name) for name in cls.model_fields if name not in ("classes", "subjects", "levels")
        }
        return cls(
            **plain,
            classes=class_parts(found.classes),
            subjects=None if found.subjects is None else sorted(found.subjects),
            levels=None if found.levels is None else sorted(found.levels),
        )


class AssignmentsOut(Out):
    """Duties, by id."""

    assignments: list[AssignmentOut]


class LeavingCaseOut(Out):
    """Somebody's duty ended; open until the return minutes are countersigned."""

    id: str
    person: str
    unit: str
    assignment: str
    valid_from: datetime
    valid_to: datetime | None
    document: str | None


class LeavingCasesOut(Out):
    """Leaving cases, by id."""

    leaving_cases: list[LeavingCaseOut]

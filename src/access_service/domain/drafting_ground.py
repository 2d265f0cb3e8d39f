"""What the rows of a unit's grid are understood over, what they come to, and how that is said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant, Office
from access_service.domain.drafting import GridFault, GridRow
from access_service.domain.duties import HOMEROOM
from access_service.domain.facts import Ground
from access_service.domain.names import (
    HEAD_RANKS,
    AccountId,
    AssignmentId,
    EducationLevel,
    PersonId,
    UnitId,
)
from access_service.domain.notation import grade_of
from access_service.domain.org import Assignment, SchoolClass, SchoolYear
from access_service.domain.policy import ANY, Pack
from access_service.domain.register import class_id
from access_service.domain.scope import ClassSubject, Scope
from access_service.domain.time import local
from access_service.domain.wording import rights_in_words, subject_in_words

TEACHING = "subject_teaching"
NOBODY = PersonId("")
"""Whoever a row enters anew, as long as nothing is made of it."""
NO_ACCOUNT, NO_DUTY = AccountId(""), AssignmentId("")


class GridRowState(StrEnum):
    """Where a row stands."""

    TO_MEND = "to_mend"
    NEW = "new"
    CHANGED = "changed"
    AS_BEFORE = "as_before"
    HELD = "held"
    """Everything that it hands over is held, or waits for a signature, already."""
    LEFT_OUT = "left_out"
    MADE = "made"


@dataclass(frozen=True, slots=True)
class PlannedDuty:
    """One duty of a row, and the role that is handed over with it."""

    position: str
    classes: frozenset[ClassSubject] | None = None
    subjects: frozenset[str] | None = None
    role: str | None = None
    replaces: AssignmentId | None = None
    existing: AssignmentId | None = None
    """The duty that is in force already."""
    is_held: bool = False
    """Is the right held, or does its paper wait?"""

    def scope(self, unit: UnitId) -> Scope:
        """Of the right."""
        return Scope(unit=unit, classes=self.classes, subjects=self.subjects)


@dataclass(frozen=True, slots=True)
class RowMeaning:
    """What a row means as the register stands."""

    row: GridRow
    person: PersonId | None
    """Whom it is about; None for somebody new, or where nobody knows."""
    name: str
    duties: tuple[PlannedDuty, ...]
    rights: tuple[str, ...]
    """What would be handed over, in words, one right each."""
    details: tuple[str, ...]
    """The same with every category and action."""
    faults: tuple[GridFault, ...]
    state: GridRowState
    changes: int = 0
    """How many duties differ from last year's."""
    makes_person: bool = False
    makes_account: bool = False
    dropped: tuple[str, ...] = ()
    """Duties of this year that the row does not name any more: they end where duties end, not by *Lập*."""

    @property
    def is_ready(self) -> bool:
        """Would *Lập* make papers of it?"""
        handed = (GridRowState.NEW, GridRowState.CHANGED, GridRowState.AS_BEFORE)
        return self.row.ticked and self.state in handed and bool(self.duties)


@dataclass(frozen=True, slots=True)
class GridGround:
    """Everything that the rows of a unit's draft are understood over."""

    ground: Ground
    office: Office
    unit: UnitId
    kind: str
    levels: frozenset[EducationLevel]
    year: SchoolYear
    last_year: SchoolYear | None
    people: Mapping[PersonId, str]
    classes: Mapping[str, SchoolClass]
    """Of the year, by what `class_key` makes of their codes."""
    duties: Sequence[Assignment]
    accounts: Mapping[PersonId, Account]
    grants: Mapping[AccountId, Sequence[Grant]]
    custodian: PersonId | None
    new_classes: frozenset[str] = frozenset()
    begins: datetime | None = None
    """The day of the decision: no duty begins before it."""

    @property
    def pack(self) -> Pack:
        """The pack in force."""
        return self.office.pack

    @property
    def start(self) -> datetime:
        """When the duties begin: not before the year does, nor in the past."""
        return max(self.ground.now, self.year.starts_at, self.begins or self.ground.now)

    def codes(self) -> list[str]:
        """The codes of the year's classes, and of those that are to be made."""
        return [code_of(c) for c in self.classes.values()] + sorted(self.new_classes)


_AHEAD = timedelta(days=120)
"""How long before its beginning a school year is worked on."""


def pick_year(years: Iterable[SchoolYear], now: datetime) -> str | None:
    """The school year that work is on: the newest that has begun, or begins within a summer."""
    meant = [year for year in years if year.starts_at <= now + _AHEAD]
    return max(meant, key=lambda year: year.starts_at).id if meant else None


def code_of(school_class: SchoolClass) -> str:
    """The part of a class's id that its school gave it."""
    return school_class.id.rpartition(":")[2]


def class_to_make(on: GridGround, code: str) -> SchoolClass | None:
    """A class of the year that the register lacks; None where no grade of the unit's levels begins its code."""
    grade = grade_of(code)
    for level in sorted(on.levels):
        if grade in on.pack.grades.get(level, ()):
            begins, ends = min(on.year.starts_at, on.ground.now), on.year.closes_at
            id_ = class_id(on.unit, on.year.id, code)
            return SchoolClass(id_, on.unit, on.year.id, code, level, grade, begins, ends)
    return None


def roles_for(pack: Pack, position: str, kind: str) -> list[str]:
    """The roles that a unit of that kind hands to its own people in that position, in the pack's order."""
    found = [
        rule.role
        for rule in pack.delegation
        if rule.position == position
        and rule.unit_kind in (kind, ANY)
        and rule.issuer == "own_unit"
        and "minutes" in rule.documents
    ]
    return list(dict.fromkeys(found))


def is_head(on: GridGround, duty: Assignment) -> bool:
    """Does the duty head the unit?"""
    position = on.pack.positions.get(duty.position)
    return position is not None and position.rank in HEAD_RANKS


def last_years(on: GridGround, person: PersonId) -> list[Assignment]:
    """What a person did at the end of last year; a head's office is none of the grid's."""
    if on.last_year is None:
        return []
    before = on.last_year
    found = []
    for duty in on.duties:
        is_class_bound = bool(duty.classes)
        years = {c.rpartition(":")[0].rpartition(":")[2] for c, _ in duty.classes or ()}
        stood = duty.valid_from < before.closes_at and (duty.valid_to is None or duty.valid_to >= before.closes_at)
        fits = before.id in years if is_class_bound else True
        if duty.person == person and duty.substitutes is None and stood and fits and not is_head(on, duty):
            found.append(duty)
    return found


def planned_assignment(on: GridGround, person: PersonId, duty: PlannedDuty) -> Assignment:
    """The duty as a fact: the one in force, or as it will be assigned."""
    found = next((a for a in on.duties if a.id == duty.existing), None)
    if found is not None:
        return found
    return Assignment(
        id=NO_DUTY,
        person=person,
        unit=on.unit,
        position=duty.position,
        decision_number="",
        decision_date=local(on.begins or on.start).date(),
        decision_sha256=None,
        classes=duty.classes,
        subjects=duty.subjects,
        levels=None,
        substitutes=None,
        valid_from=on.start,
        valid_to=on.year.closes_at if duty.classes is not None else None,
    )


# -- in words ----------------------------------------------------------------------------------------------


def said_of(on: GridGround, duty: PlannedDuty) -> str:
    """A right in a few words: `Giáo viên bộ môn Toán 7A1, 7A2`."""
    if duty.position == HOMEROOM:
        found = [on.ground.org.school_class(id_) for id_, _ in duty.classes or ()]
        titles = sorted({on.pack.homeroom(c.level).vi for c in found if c is not None})
        return f"{'; '.join(titles)} {_codes(duty.classes or ())}"
    role = on.pack.roles.get(duty.role or "")
    said = role.vi if role is not None else on.pack.positions[duty.position].vi
    if duty.classes:
        return f"{said} {taught_in_words(duty.classes)}"
    if duty.subjects:
        return f"{said} {', '.join(subject_in_words(s) for s in sorted(duty.subjects))}"
    return said


def taught_in_words(classes: Iterable[ClassSubject], between: str = "; ") -> str:
    """`Toán 7A1, 7A2; Tin học 6A1`: the school's own notation."""
    by_subject: dict[str, list[ClassSubject]] = {}
    for id_, subject in classes:
        by_subject.setdefault(subject, []).append((id_, subject))
    return between.join(f"{subject_in_words(s)} {_codes(pairs)}" for s, pairs in sorted(by_subject.items()))


def _codes(classes: Iterable[ClassSubject]) -> str:
    return ", ".join(sorted({id_.rpartition(":")[2] for id_, _ in classes}, key=natural))


def natural(code: str) -> tuple[int, str, int]:
    """6A2 before 6A10, 9A1 before 10A1."""
    grade = grade_of(code)
    rest = code[len(grade) :]
    stem = rest.rstrip("0123456789")
    digits = rest[len(stem) :]
    return int(grade or 0), stem, int(digits or 0)


def say_in_full(on: GridGround, duty: PlannedDuty) -> str:
    """The same with every category and action."""
    by_actions: dict[str, list[str]] = {}
    for right in rights_in_words(on.pack, duty.role or "", duty.scope(on.unit)):
        by_actions.setdefault(right.actions, []).append(right.category)
    return f"{said_of(on, duty)}: " + "; ".join(f"{a}: {', '.join(c)}" for a, c in by_actions.items())

"""Units, the management edges between them, school years, classes, people, duties.

The chain of a unit is read along the management edges that hold on the day asked, never by tier (rule 4):
the district level ended, a province merged, and the same functions kept working.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol, TypeVar

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import ClassSubject, Scope
from access_service.domain.time import Interval, local

T = TypeVar("T")
OPENING = (9, 5)
"""Month and day on which every school opens."""
OPENING_IS_NEAR = 60
"""Days before it from which on a home page counts."""
MAX_CHAIN = 12
"""Longest chain of units followed; a longer one is refused when an edge is written, never cut in silence."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Đơn vị."""

    id: UnitId
    kind: str
    name: str
    levels: frozenset[EducationLevel]
    valid_from: datetime
    valid_to: datetime | None = None
    abbreviation: str | None = None
    """What stands in its papers' numbers, `THCSAH`; None until somebody has entered it."""


@dataclass(frozen=True, slots=True)
class ManagementEdge:
    """`manager` directly manages the accounts of `unit` (cơ quan quản lý trực tiếp)."""

    id: str
    unit: UnitId
    manager: UnitId
    basis: str
    """Number of the decision or decree that says so."""
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Succession:
    """From `valid_from`, `successor` has taken the office of `predecessor` (sáp nhập, giải thể, đổi tên)."""

    id: str
    predecessor: UnitId
    successor: UnitId
    basis: str
    valid_from: datetime
    archive: UnitId | None = None
    """Which unit keeps the papers that concern no single unit; None: the successor."""
    heirs: frozenset[UnitId] | None = None
    """Everyone who took something: each may read the papers, whoever keeps them."""


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """Năm học. `closes_at` comes after re-examinations and roll-over, not when teaching ends."""

    id: str
    starts_at: datetime
    closes_at: datetime

    @property
    def opens_on(self) -> date:
        """Ngày khai giảng: the ministry's plan of every school year names the fifth of September."""
        return date(local(self.starts_at).year, *OPENING)


def days_to_opening(years: Iterable[SchoolYear], now: datetime) -> int | None:
    """How many days until the first bell of the nearest school year; None where none is near."""
    today = local(now).date()
    left = [(year.opens_on - today).days for year in years]
    return min((days for days in left if 0 <= days <= OPENING_IS_NEAR), default=None)


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """Lớp: one school, level, grade and school year."""

    id: ClassId
    school: UnitId
    school_year: str
    name: str
    level: EducationLevel
    grade: str
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Người. The only place where a name stands; everything else names the id."""

    id: PersonId
    name: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Phân công nhiệm vụ, bổ nhiệm: a person's duty in a unit, by a numbered decision."""

    id: AssignmentId
    person: PersonId
    unit: UnitId
    position: str
    decision_number: str
    decision_date: date
    decision_sha256: str | None
    """Hash of the decision's file, when one was given."""
    classes: frozenset[ClassSubject] | None
    """Classes (and subjects) the duty is about; None for duties that are not about classes."""
    subjects: frozenset[str] | None
    levels: frozenset[EducationLevel] | None
    substitutes: AssignmentId | None
    """The absent person's assignment that this one stands in for (dạy thay)."""
    valid_from: datetime
    valid_to: datetime | None = None
    """00:00 of the day on which the duty ends."""
    leads: bool | None = None
    """Does this one lead among several who have charge of a class?"""

    @property
    def interval(self) -> Interval:
        """When the duty holds."""
        return Interval(self.valid_from, self.valid_to)


class OrgView(Protocol):
    """What the rules need to know of the organisation; storage and tests each give one."""

    def unit(self, id_: UnitId) -> Unit | None: ...  # noqa: D102
    def school_class(self, id_: ClassId) -> SchoolClass | None: ...  # noqa: D102
    def school_year(self, id_: str) -> SchoolYear | None: ...  # noqa: D102
    def edges_of(self, unit: UnitId) -> Iterable[ManagementEdge]: ...  # noqa: D102


def manager_of(org: OrgView, unit: UnitId, at: datetime) -> UnitId | None:
    """The unit that directly manages the accounts of `unit` at that instant, or None at the root."""
    return next((e.manager for e in org.edges_of(unit) if at in Interval(e.valid_from, e.valid_to)), None)


def chain_of(org: OrgView, unit: UnitId, at: datetime) -> tuple[UnitId, ...]:
    """`unit`, its manager, its manager's manager … up to the root.

    Raises `RefusedError(cycle)` where the edges do not end; `check_edge` never lets such edges in.
    """
    chain = [unit]
    while (manager := manager_of(org, chain[-1], at)) is not None:
        if manager in chain or len(chain) >= MAX_CHAIN:
            raise RefusedError(Refusal.CYCLE, f"the management edges above `{unit}` do not end", unit=unit)
        chain.append(manager)
    return tuple(chain)


def is_below(org: OrgView, unit: UnitId, root: UnitId, at: datetime) -> bool:
    """Is `unit` the `root` or somewhere under it at that instant?"""
    return unit == root or root in chain_of(org, unit, at)


def check_edge(org: OrgView, edge: ManagementEdge) -> None:
    """An edge may be added when it makes no cycle and the unit has no other manager at the same time."""
    if edge.unit == edge.manager:
        raise RefusedError(Refusal.CYCLE, f"`{edge.unit}` cannot manage itself", unit=edge.unit)
    mine = Interval(edge.valid_from, edge.valid_to)
    for other in org.edges_of(edge.unit):
        if other.id != edge.id and mine.overlaps(Interval(other.valid_from, other.valid_to)):
            raise RefusedError(
                Refusal.DUPLICATE, f"`{edge.unit}` already has a direct manager then", unit=edge.unit
            )
    for instant in _instants(org, edge):
        chain = chain_of(org, edge.manager, instant)
        if edge.unit in chain:
            raise RefusedError(Refusal.CYCLE, f"`{edge.manager}` is below `{edge.unit}`", unit=edge.unit)
        if len(chain) >= MAX_CHAIN:
            raise RefusedError(Refusal.DEPTH_EXCEEDED, f"more than {MAX_CHAIN} units in one chain")


def _instants(org: OrgView, edge: ManagementEdge) -> set[datetime]:
    """Every instant within the edge at which the chain above its manager may change."""
    inside = Interval(edge.valid_from, edge.valid_to)
    instants, seen, todo = {edge.valid_from}, set[UnitId](), [edge.manager]
    while todo:
        unit = todo.pop()
        if unit in seen:
            continue
        seen.add(unit)
        for other in org.edges_of(unit):
            if other.valid_from in inside:
                instants.add(other.valid_from)
            todo.append(other.manager)
    return instants


def normalise(org: OrgView, scope: Scope) -> Scope:
    """The same scope with what its unit and classes imply written out: levels, grades, school year.

    Raises `InvalidError` when a class is unknown, lies outside the unit, or the years differ.
    """
    if scope.classes is None:
        unit = org.unit(scope.unit)
        if scope.levels is None and unit is not None and unit.levels:
            return replace(scope, levels=unit.levels)
        return scope
    found = []
    for class_id in sorted(scope.class_ids):
        school_class = org.school_class(class_id)
        if school_class is None or school_class.school != scope.unit:
            raise InvalidError(f"no class `{class_id}` in `{scope.unit}`", classes=class_id)
        found.append(school_class)
    years = {c.school_year for c in found} | ({scope.school_year} if scope.school_year else set())
    if len(years) != 1:
        raise InvalidError("classes of one grant belong to one school year", years=sorted(years))
    levels = frozenset(c.level for c in found)
    grades = frozenset(c.grade for c in found)
    if (scope.levels is not None and not levels <= scope.levels) or (
        scope.grades is not None and not grades <= scope.grades
    ):
        raise InvalidError("the classes are not of the levels and grades named")
    return replace(scope, levels=levels, grades=grades, school_year=years.pop())


def common(org: OrgView, at: datetime, a: Scope, b: Scope) -> Scope | None:
    """The box that two boxes have in common at that instant; None where they share nothing (rules 3, 13).

    Classes are kept only where their own level and grade lie in what is left: nothing compares those afterwards.
    """
    if is_below(org, a.unit, b.unit, at):
        unit = a.unit
    elif is_below(org, b.unit, a.unit, at):
        unit = b.unit
    else:
        return None
    if a.school_year is not None and b.school_year is not None and a.school_year != b.school_year:
        return None
    shared = Scope(
        unit=unit,
        levels=_meet(a.levels, b.levels),
        grades=_meet(a.grades, b.grades),
        classes=_meet_classes(a.classes, b.classes),
        subjects=_meet(a.subjects, b.subjects),
        school_year=a.school_year or b.school_year,
        categories=_meet(a.categories, b.categories),
        actions=_meet(a.actions, b.actions),
    )
    if shared.classes is not None:
        kept = frozenset(pair for pair in shared.classes if _is_class_within(org.school_class(pair[0]), shared))
        shared = replace(shared, classes=kept)
    axes = (shared.levels, shared.grades, shared.classes, shared.subjects, shared.categories, shared.actions)
    return None if any(axis is not None and not axis for axis in axes) else shared


def _meet(a: frozenset[T] | None, b: frozenset[T] | None) -> frozenset[T] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _meet_classes(
    a: frozenset[ClassSubject] | None, b: frozenset[ClassSubject] | None
) -> frozenset[ClassSubject] | None:
    """The pairs that both name; a class as a whole is every subject of it."""
    if a is None or b is None:
        return b if a is None else a
    return (
        (a & b)
        | frozenset(pair for pair in a if (pair[0], "") in b)
        | frozenset(pair for pair in b if (pair[0], "") in a)
    )


def _is_class_within(found: SchoolClass | None, scope: Scope) -> bool:
    return (
        found is not None
        and (scope.levels is None or found.level in scope.levels)
        and (scope.grades is None or found.grade in scope.grades)
        and scope.school_year in (None, found.school_year)
    )


@dataclass(frozen=True)
class Organisation:
    """An `OrgView` held in memory: for policy tests, property tests and imports."""

    units: Mapping[UnitId, Unit] = field(default_factory=dict)
    edges: Mapping[UnitId, tuple[ManagementEdge, ...]] = field(default_factory=dict)
    classes: Mapping[ClassId, SchoolClass] = field(default_factory=dict)
    years: Mapping[str, SchoolYear] = field(default_factory=dict)

    def unit(self, id_: UnitId) -> Unit | None:
        """The unit with this code."""
        return self.units.get(id_)

    def school_class(self, id_: ClassId) -> SchoolClass | None:
        """The class with this id."""
        return self.classes.get(id_)

    def school_year(self, id_: str) -> SchoolYear | None:
        """The school year with this name."""
        return self.years.get(id_)

    def edges_of(self, unit: UnitId) -> Iterable[ManagementEdge]:
        """Management edges from this unit upwards, past and present."""
        return self.edges.get(unit, ())

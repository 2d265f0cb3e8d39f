"""Request and standing to decision, by table look-up and scope containment. No clock, no database, no Casbin.

`Snapshot` is what is kept in memory for an account between changes: immutable, swapped whole. `Places` answers what
the register knows of units and classes at one instant. A decision is a function of (revision, now) through both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from access_service.domain.access import AccessRequest, Allow, Decision, Deny, GrantStanding, Standing
from access_service.domain.names import AccountId, ClassId, GrantId, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.policy import Pack, PeriodLock
from access_service.domain.reasons import DEPTH, Reason
from access_service.engine.tables import CellKey, Tables


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as a decision sees it at one instant."""

    unit: UnitId
    kind: str
    levels: frozenset[str]
    chain: frozenset[UnitId]
    """The unit and everything above it."""
    tables: Tables | None
    """The pack bound to the nearest ancestor-or-self, compiled; None where no pack is bound."""
    locks: Mapping[CellKey, tuple[PeriodLock, ...]]
    """Period locks of that pack for this kind of unit, by (category, action)."""


class Places(Protocol):
    """What the register knows of units and classes, as of one revision and instant."""

    def place(self, unit: UnitId, now: datetime) -> Place | None: ...  # noqa: D102
    def school_class(self, id_: ClassId) -> SchoolClass | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class GrantView:
    """One grant, flattened for comparison."""

    id: GrantId
    role: str
    unit: UnitId
    levels: frozenset[str] | None
    grades: frozenset[str] | None
    classes: Mapping[str, frozenset[str]] | None
    """Class to the subjects granted there; the empty subject is the whole class."""
    subjects: frozenset[str] | None
    school_year: str | None
    categories: frozenset[str] | None
    actions: frozenset[str] | None
    early: Reason | None
    late: Reason | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account at one revision, good until `until`."""

    account: AccountId
    stopped: Reason | None
    views: tuple[GrantView, ...]
    """In the order of their ids, so that ties fall to the smallest."""
    until: datetime | None


class Resource(NamedTuple):
    """The record asked about, resolved: what the request says and what the register knows, in agreement.

    A named tuple because one is made for every decision: a frozen dataclass costs a microsecond more.
    """

    place: Place
    category: str
    action: str
    level: str | None
    """Its class's level, or the one named; None stands for every level of its unit."""
    grade: str | None
    class_id: ClassId | None
    subject: str | None
    school_year: str | None
    function: str | None


def flatten(standing: Standing) -> Snapshot:
    """An account's standing in the shape that decisions compare with."""
    return Snapshot(
        account=standing.account,
        stopped=standing.stopped,
        views=tuple(_view(grant) for grant in standing.grants),
        until=standing.until,
    )


def _view(standing: GrantStanding) -> GrantView:
    grant, scope = standing.grant, standing.grant.scope
    classes: dict[str, set[str]] | None = None
    if scope.classes is not None:
        classes = {}
        for class_id, subject in scope.classes:
            classes.setdefault(class_id, set()).add(subject)
    return GrantView(
        id=grant.id,
        role=grant.role,
        unit=scope.unit,
        # The levels and grades of a class-bound grant are those of its classes: comparing them says less.
        levels=None if scope.levels is None or classes else frozenset(map(str, scope.levels)),
        grades=None if classes else scope.grades,
        classes=None if classes is None else {c: frozenset(s) for c, s in classes.items()},
        subjects=scope.subjects,
        school_year=scope.school_year,
        categories=scope.categories,
        actions=scope.actions,
        early=standing.early,
        late=standing.late,
    )


def decide(request: AccessRequest, snapshot: Snapshot | None, places: Places, now: datetime) -> Decision:
    """Allow or deny. The stages are those of `domain.reasons`, in order.

    (1) the request resolves against the register; (2) the account exists and is active; (3) a pack is bound;
    (4) no explicit deny matches; (5) some grant passes unit, role, scope, documents and validity (rule 1).
    """
    resource = resolve(request, places, now)
    if isinstance(resource, Reason) and resource is not Reason.NO_POLICY:
        return Deny(resource)
    if snapshot is None:
        return Deny(Reason.ACCOUNT_UNKNOWN)
    if snapshot.stopped is not None:
        return Deny(snapshot.stopped)
    if isinstance(resource, Reason):
        return Deny(resource)
    # A deny is false, so `or` would pass over it.
    denied = _explicit_deny(resource, now)
    return denied if denied is not None else _by_grants(snapshot, resource)


def resolve(request: AccessRequest, places: Places, now: datetime) -> Resource | Reason:
    """The record asked about, or why the request cannot be understood. Nothing is guessed.

    What the register knows (a class's school, level, grade and year) is taken from it; what the request repeats of
    it must agree.
    """
    unit, class_id, school_class = request.unit, request.class_id, None
    if request.resource_type == "unit":
        if unit not in (None, request.resource_id):
            return Reason.RESOURCE_CONTRADICTORY
        unit = UnitId(request.resource_id)
    elif request.resource_type == "class":
        if class_id not in (None, request.resource_id):
            return Reason.RESOURCE_CONTRADICTORY
        class_id = ClassId(request.resource_id)
    if class_id is not None:
        school_class = places.school_class(class_id)
        if school_class is None or (unit is not None and unit != school_class.school):
            return Reason.RESOURCE_CONTRADICTORY
        unit = school_class.school
    if unit is None or request.category is None or (request.resource_type == "student" and class_id is None):
        return Reason.RESOURCE_INCOMPLETE
    place = places.place(unit, now)
    if place is None:
        return Reason.RESOURCE_CONTRADICTORY
    if place.tables is None:
        return Reason.NO_POLICY
    return _described(request, place, place.tables.pack, school_class)


def _described(
    request: AccessRequest, place: Place, pack: Pack, school_class: SchoolClass | None
) -> Resource | Reason:
    """The pack's vocabulary, and what the request repeats of the register."""
    category = pack.categories.get(request.category or "")
    if category is None or request.resource_type not in category.resource_types:
        return Reason.RESOURCE_CONTRADICTORY
    if request.action not in pack.actions:
        return Reason.UNKNOWN_ACTION
    if pack.function_required and request.function is None:
        return Reason.RESOURCE_INCOMPLETE
    level, grade, year = request.level, request.grade, request.school_year
    if school_class is not None:
        # Written out rather than looped over: this runs for every decision.
        if (
            (level is not None and level != school_class.level)
            or (grade is not None and grade != school_class.grade)
            or (year is not None and year != school_class.school_year)
        ):
            return Reason.RESOURCE_CONTRADICTORY
        level, grade, year = school_class.level, school_class.grade, school_class.school_year
    elif level is not None and place.levels and level not in place.levels:
        return Reason.RESOURCE_CONTRADICTORY
    return Resource(
        place,
        category.id,
        request.action,
        level,
        grade,
        None if school_class is None else school_class.id,
        request.subject,
        year,
        request.function,
    )


def _explicit_deny(resource: Resource, now: datetime) -> Deny | None:
    """(4) A period's lock, or a rule that denies everybody; either beats every allow (rule 2)."""
    cell = (resource.category, resource.action)
    for lock in resource.place.locks.get(cell, ()):
        if lock.start <= now < lock.end:
            return Deny(Reason.PERIOD_LOCKED, because=lock)
    tables = resource.place.tables
    if tables is not None and (rule := tables.everyone_deny.get(cell)) is not None:
        return Deny(Reason.DENIED_BY_RULE, because=rule)
    return None


def _by_grants(snapshot: Snapshot, resource: Resource) -> Decision:
    """(5) The first grant that passes allows, unless another grant's role forbids the same cell."""
    tables = resource.place.tables
    if tables is None or not snapshot.views:
        return Deny(Reason.NO_GRANT)
    cell = (resource.category, resource.action)
    allow: Allow | None = None
    best, best_depth, best_grant = Reason.NO_GRANT, -1, None
    for view in snapshot.views:
        role = tables.roles.get(view.role)
        if role is not None and cell in role.deny:
            if view.early is None and view.late is None and outside(view, resource) is None:
                return Deny(Reason.DENIED_BY_RULE, view.id, role.deny[cell].rule)
            reason: Reason | None = Reason.ACTION_NOT_IN_ROLE
        else:
            reason = view.early or _outside_role(view, resource, tables) or outside(view, resource) or view.late
        if reason is None:
            if allow is None:
                allow = Allow(view.id, tables.roles[view.role].allow[cell].rule)
        elif DEPTH[reason] > best_depth:
            best, best_depth, best_grant = reason, DEPTH[reason], view.id
    return allow or Deny(best, best_grant)


def _outside_role(view: GrantView, resource: Resource, tables: Tables) -> Reason | None:
    """Stage *role*: the pack's table, then what the grant itself narrows."""
    role = tables.roles.get(view.role)
    if role is None or resource.action not in role.actions:
        return Reason.ACTION_NOT_IN_ROLE
    if view.actions is not None and resource.action not in view.actions:
        return Reason.ACTION_NOT_IN_ROLE
    cell = role.allow.get((resource.category, resource.action))
    if cell is None or (view.categories is not None and resource.category not in view.categories):
        return Reason.OUTSIDE_CATEGORY
    if resource.function is not None and resource.function not in cell.functions:
        return Reason.ACTION_NOT_IN_ROLE
    return None


def outside(view: GrantView, resource: Resource) -> Reason | None:
    """Stage *scope*: the first dimension on which the record lies outside the grant, or None."""
    if view.unit not in resource.place.chain:
        return Reason.OUTSIDE_UNIT
    if view.levels is not None and (reason := _outside_level(view.levels, resource)) is not None:
        return reason
    if view.grades is not None and resource.grade not in view.grades:
        return Reason.OUTSIDE_GRADE if resource.grade is not None else Reason.RESOURCE_INCOMPLETE
    if view.classes is not None:
        reason = _outside_class(view.classes, resource)
        if reason is not None:
            return reason
    if view.subjects is not None and resource.subject not in view.subjects:
        return Reason.OUTSIDE_SUBJECT if resource.subject is not None else Reason.RESOURCE_INCOMPLETE
    if view.school_year is not None and resource.school_year != view.school_year:
        return Reason.OUTSIDE_YEAR if resource.school_year is not None else Reason.RESOURCE_INCOMPLETE
    return None


def _outside_level(levels: frozenset[str], resource: Resource) -> Reason | None:
    if resource.level is not None:
        return None if resource.level in levels else Reason.OUTSIDE_LEVEL
    taught = resource.place.levels
    if taught and taught <= levels:
        return None
    # An office, or part of a school of several levels: the request must say which level it asks about.
    return Reason.RESOURCE_INCOMPLETE if not taught or taught & levels else Reason.OUTSIDE_LEVEL


def _outside_class(classes: Mapping[str, frozenset[str]], resource: Resource) -> Reason | None:
    subjects = classes.get(resource.class_id or "")
    if subjects is None:
        return Reason.OUTSIDE_CLASS
    if "" in subjects or resource.subject in subjects:
        return None
    return Reason.RESOURCE_INCOMPLETE if resource.subject is None else Reason.OUTSIDE_SUBJECT

"""What is kept in memory of an account between changes: immutable, small, swapped whole.

Most grants of a province differ only in who holds them, where and for which classes; everything else of a grant
(role, levels, subjects, year, what stops it now) is one of a few hundred *shapes*, kept once. Decisions remember
what they found out about a shape (`engine.topics`), so that a grant costs three look-ups.

The structs are msgspec's, without the garbage collector's header: they hold no cycles, a province has a hundred
thousand of them, and attribute for attribute they are the smallest that Python has (docs/benchmarks.md).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from access_service.domain.access import GrantStanding, Standing
from access_service.domain.names import ClassId, GrantId, UnitId
from access_service.domain.reasons import Reason

Classes = tuple[ClassId, ...] | Mapping[ClassId, frozenset[str]] | None
"""None: not bound to classes. A tuple: all of them for the subjects of the shape. A mapping: each for its own."""
WHOLE_CLASS = ""
"""The subject that stands for all of a class."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""The end of what time alone does not change."""
ALWAYS = datetime.min.replace(tzinfo=UTC)
SHAPES_KEPT = 1 << 16
"""Shapes remembered; beyond them equal shapes are kept twice, which costs memory and nothing else."""


class Shape(msgspec.Struct, frozen=True, eq=False):
    """What a grant is, apart from holder, unit and classes. One object for equal values: compared by identity."""

    role: str
    levels: frozenset[str] | None
    grades: frozenset[str] | None
    taught: frozenset[str] | None
    """Subjects granted in every class of the grant; None for whole classes, mixed ones, or no classes."""
    subjects: frozenset[str] | None
    school_year: str | None
    categories: frozenset[str] | None
    actions: frozenset[str] | None
    early: Reason | None
    late: Reason | None


class GrantView(msgspec.Struct, frozen=True, gc=False):
    """One grant, flattened for comparison."""

    id: GrantId
    unit: UnitId
    shape: Shape
    classes: Classes


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """An account at one revision, good for `start <= now < until`."""

    stopped: Reason | None
    """Why the account as a whole is denied, or None."""
    views: tuple[GrantView, ...]
    """In the order of their ids, so that ties fall to the smallest."""
    start: datetime = ALWAYS
    until: datetime = NEVER


_shapes: dict[tuple[object, ...], Shape] = {}
_classes: dict[tuple[ClassId, ...], tuple[ClassId, ...]] = {}
_instants: dict[datetime, datetime] = {}


def flatten(standing: Standing, start: datetime = ALWAYS, until: datetime = NEVER) -> Snapshot:
    """An account's standing as decisions compare with it; whoever keeps it says between which instants it holds."""
    return Snapshot(
        standing.stopped, tuple([_view(grant) for grant in standing.grants]), start, _one_instant(until)
    )


def _view(standing: GrantStanding) -> GrantView:
    grant, scope = standing.grant, standing.grant.scope
    classes, taught = _by_class(scope.classes) if scope.classes is not None else (None, None)
    # The levels and grades of a class-bound grant are those of its classes: comparing them says less.
    shape = (
        grant.role,
        None if scope.levels is None or classes else frozenset(map(str, scope.levels)),
        None if classes else scope.grades,
        taught,
        scope.subjects,
        scope.school_year,
        scope.categories,
        scope.actions,
        standing.early,
        standing.late,
    )
    return GrantView(grant.id, scope.unit, _one_shape(shape), classes)


def _by_class(pairs: frozenset[tuple[ClassId, str]]) -> tuple[Classes, frozenset[str] | None]:
    """The classes, and the subjects where they are the same in every class."""
    found: dict[ClassId, set[str]] = {}
    for class_id, subject in sorted(pairs):
        found.setdefault(class_id, set()).add(subject)
    sets = {frozenset(subjects) for subjects in found.values()}
    if len(sets) > 1:
        return {class_id: frozenset(subjects) for class_id, subjects in found.items()}, None
    taught = next(iter(sets), None)
    return _one_tuple(tuple(found)), None if taught is None or WHOLE_CLASS in taught else taught


def _one_shape(values: tuple[object, ...]) -> Shape:
    found = _shapes.get(values)
    if found is None:
        if len(_shapes) >= SHAPES_KEPT:
            _shapes.clear()
        found = _shapes.setdefault(values, Shape(*values))  # type: ignore[arg-type]
    return found


def _one_instant(instant: datetime) -> datetime:
    """Most grants of a province end on the same few days."""
    if len(_instants) >= SHAPES_KEPT:
        _instants.clear()
    return _instants.setdefault(instant, instant)


def _one_tuple(classes: tuple[ClassId, ...]) -> tuple[ClassId, ...]:
    """The same tuple for the same classes: a homeroom teacher often teaches the class as well."""
    if len(classes) != 1:
        return classes
    if len(_classes) >= SHAPES_KEPT:
        _classes.clear()
    return _classes.setdefault(classes, classes)

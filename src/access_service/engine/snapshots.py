"""What is kept in memory of an account between changes: immutable, small, swapped whole.

Most grants of a province differ only in who holds them, where and for which classes; everything else of a grant
(role, levels, subjects, year, what stops it now) is one of a few hundred *shapes*, kept once. Decisions remember
what they found out about a shape (`engine.rulings`), so that a grant costs three look-ups.

The structs are msgspec's, without the garbage collector's header: they hold no cycles, a province has a hundred
thousand of them, and attribute for attribute they are the smallest that Python has (docs/benchmarks.md).
"""

import math
import sys
import threading
from collections.abc import Iterator, Mapping

import msgspec

from access_service.domain.names import ClassId, GrantId, UnitId
from access_service.domain.reasons import Reason
from access_service.domain.standing import AccountStanding, GrantStanding

GrantClasses = int | Mapping[ClassId, frozenset[str]] | None
"""None: not bound to classes. A number: classes of the grant's own unit, bit by bit (`class_bit`), for the subjects
of the shape. A mapping: any others, each with its subjects."""
WHOLE_CLASS = ""
"""The subject that stands for all of a class."""
ALWAYS, NEVER = -math.inf, math.inf
"""Since and until when what time alone does not change."""
SHAPES_KEPT = 1 << 14
"""Shapes remembered; beyond them equal shapes are kept twice, which costs memory and nothing else."""
NUMBER_BYTES = 128
"""A class that has a bit: its id, and its slot in a dictionary."""


class GrantShape(msgspec.Struct, frozen=True, eq=False):
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
    outside: Reason | None = None
    """What whatever lies outside of it is called, where that is not said axis by axis (software's approvals)."""


class GrantView(msgspec.Struct, frozen=True, gc=False):
    """One grant, flattened for comparison, and the account's next one."""

    id: GrantId
    unit: UnitId
    shape: GrantShape
    classes: GrantClasses
    next: "GrantView | None" = None
    """A list of links rather than a tuple of grants: smaller, and one place in memory less to go to."""


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """An account at one revision, good from when it was read until before `until`, in seconds since the epoch."""

    stopped: Reason | None
    """Why the account as a whole is denied, or None."""
    first: GrantView | None
    """In the order of their ids, so that ties fall to the smallest, in whichever order they came (rule 17)."""
    until: float = NEVER

    @property
    def views(self) -> Iterator[GrantView]:
        """Every grant."""
        return each(self.first)


_shapes: dict[tuple[object, ...], GrantShape] = {}
_numbers: dict[str, int] = {}
_numbered: dict[str, int] = {}
_numbering = threading.Lock()
_bits = [1]
_most_numbers = [1 << 19]


def bound_classes(limit_bytes: int) -> None:
    """How much memory the bits of classes may take in this process."""
    _most_numbers[0] = max(1, limit_bytes // NUMBER_BYTES)


_instants: dict[float, float] = {}


def each(view: GrantView | None) -> Iterator[GrantView]:
    """A grant and those after it."""
    while view is not None:
        yield view
        view = view.next


def flatten(standing: AccountStanding, until: float = NEVER) -> Snapshot:
    """An account's standing as decisions compare with it; whoever keeps it says between which instants it holds."""
    view: GrantView | None = None
    for grant in reversed(standing.grants):
        view = _view(grant, view)
    return Snapshot(standing.stopped, view, _one_instant(until))


def _view(standing: GrantStanding, following: GrantView | None) -> GrantView:
    grant, scope = standing.grant, standing.grant.scope
    classes, taught = _by_class(scope.unit, scope.classes) if scope.classes is not None else (None, None)
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
        standing.outside,
    )
    return GrantView(grant.id, UnitId(sys.intern(scope.unit)), _one_shape(shape), classes, following)


def _by_class(unit: UnitId, pairs: frozenset[tuple[ClassId, str]]) -> tuple[GrantClasses, frozenset[str] | None]:
    """The classes, and the subjects where they are the same in every class."""
    found: dict[ClassId, set[str]] = {}
    for class_id, subject in sorted(pairs):
        found.setdefault(class_id, set()).add(subject)
    subjects = {class_id: frozenset(taught) for class_id, taught in found.items()}
    same = next(iter(subjects.values()), frozenset())
    own = f"{unit}:"
    if any(taught != same for taught in subjects.values()) or not all(c.startswith(own) for c in subjects):
        return subjects, None
    if not all(class_bit(class_id) for class_id in subjects):
        return subjects, None
    bits = 0
    for class_id in subjects:
        # Never `bits |= …` at the first: one class alone is then the one number that all who hold it share.
        bits = bits | class_bit(class_id) if bits else class_bit(class_id)
    return bits, None if WHOLE_CLASS in same or not subjects else same


def class_bit(class_id: ClassId) -> int:
    """The class's own bit among those of its school, which its id begins with. The same for as long as we run.

    Bits of two schools are the same numbers: whoever compares them compares the unit first. 0, which is in no set
    of bits, where as many classes have one as memory was given for: their grants name them instead.
    """
    number = _numbers.get(class_id)
    if number is None:
        with _numbering:
            number = _numbers.get(class_id)
            if number is None:
                if len(_numbers) >= _most_numbers[0]:
                    return 0
                school = class_id.partition(":")[0]
                number = _numbered.get(school, 0)
                _numbered[school] = number + 1
                if len(_bits) == number:
                    _bits.append(1 << number)
                _numbers[sys.intern(class_id)] = number
    return _bits[number]


def _one_shape(values: tuple[object, ...]) -> GrantShape:
    found = _shapes.get(values)
    if found is None:
        if len(_shapes) >= SHAPES_KEPT:
            _shapes.clear()
        found = _shapes.setdefault(values, GrantShape(*values))  # type: ignore[arg-type]
    return found


def _one_instant(instant: float) -> float:
    """Most grants of a province end on the same few days."""
    if len(_instants) >= SHAPES_KEPT:
        _instants.clear()
    return _instants.setdefault(instant, instant)

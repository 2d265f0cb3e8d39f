"""What is kept in memory of an account between changes: immutable, small, swapped whole.

Most grants of a province differ only in who holds them, where and for which classes; everything else of a grant
(role, levels, subjects, year, what stops it now) is one of a few hundred *shapes*, kept once. Decisions remember
what they found out about a shape (`engine.rulings`), so that a grant costs three look-ups.

The structs are msgspec's, without the garbage collector's header: they hold no cycles, a province has a hundred
thousand of them, and attribute for attribute they are the smallest that Python has (docs/benchmarks.md).
"""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from access_service.domain.moved import as_names
from access_service.domain.names import ClassId, GrantId, UnitId
from access_service.domain.reasons import Reason
from access_service.domain.standing import AccountStanding, GrantStanding
from access_service.engine.memory import Memory
from access_service.engine.shapes import GrantShape

GrantClasses = int | Mapping[ClassId, frozenset[str]] | None
"""None: not bound to classes. A number: classes of the grant's own unit, bit by bit (`Memory.class_bit`), for the
subjects of the shape. A mapping: any others, each with its subjects."""
WHOLE_CLASS = ""
"""The subject that stands for all of a class."""
ALWAYS, NEVER = -math.inf, math.inf
"""The first and last instant, in seconds, of what time alone does not change."""


class GrantView(msgspec.Struct, frozen=True, gc=False):
    """One grant, flattened for comparison, and the account's next one."""

    id: GrantId
    unit: UnitId
    shape: GrantShape
    classes: GrantClasses
    next: "GrantView | None" = None
    """A list of links rather than a tuple of grants: smaller, and one place in memory less to go to."""


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """An account at one revision, good from when it was read, `since`, until before `until`: seconds since 1970."""

    stopped: Reason | None
    """Why the account as a whole is denied, or None."""
    first: GrantView | None
    """In the order of their ids, so that ties fall to the smallest, in whichever order they came (rule 17)."""
    until: float = NEVER
    rests: tuple[str, ...] = ()
    """What it rests on besides facts of the account's own (`domain.moved`): a change of it is a change of this."""
    since: float = ALWAYS

    @property
    def views(self) -> Iterator[GrantView]:
        """Every grant."""
        return each(self.first)


def each(view: GrantView | None) -> Iterator[GrantView]:
    """A grant and those after it."""
    while view is not None:
        yield view
        view = view.next


def flatten(
    standing: AccountStanding,
    memory: Memory,
    until: float = NEVER,
    rests: Iterable[str] = (),
    since: float = ALWAYS,
) -> Snapshot:
    """An account's standing as decisions compare with it; whoever keeps it says between which instants it holds."""
    view: GrantView | None = None
    for grant in reversed(standing.grants):
        view = _view(grant, view, memory)
    return Snapshot(standing.stopped, view, memory.instant(until), memory.names(as_names(rests)), since)


def _view(standing: GrantStanding, following: GrantView | None, memory: Memory) -> GrantView:
    grant, scope = standing.grant, standing.grant.scope
    classes, taught = _by_class(scope.unit, scope.classes, memory) if scope.classes is not None else (None, None)
    # The levels and grades of a class-bound grant are those of its classes: comparing them says less.
    shape = memory.shape(
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
    return GrantView(grant.id, UnitId(sys.intern(scope.unit)), shape, classes, following)


def _by_class(
    unit: UnitId, pairs: frozenset[tuple[ClassId, str]], memory: Memory
) -> tuple[GrantClasses, frozenset[str] | None]:
    """The classes, and the subjects where they are the same in every class."""
    found: dict[ClassId, set[str]] = {}
    for class_id, subject in sorted(pairs):
        found.setdefault(class_id, set()).add(subject)
    subjects = {class_id: frozenset(taught) for class_id, taught in found.items()}
    same = next(iter(subjects.values()), frozenset())
    own = f"{unit}:"
    if any(taught != same for taught in subjects.values()) or not all(c.startswith(own) for c in subjects):
        return subjects, None
    if not all(memory.class_bit(class_id) for class_id in subjects):
        return subjects, None
    bits = 0
    for class_id in subjects:
        # Never `bits |= …` at the first: one class alone is then the one number that all who hold it share.
        bits = bits | memory.class_bit(class_id) if bits else memory.class_bit(class_id)
    return bits, None if WHOLE_CLASS in same or not subjects else same

"""Request and snapshot to decision, by look-up and containment. No clock, no database, no Casbin.

`Places` answers what the register knows of units and classes at one instant. A decision is a function of (revision,
now) through it and the account's snapshot. This is the hot path: what can be known before the question is asked has
been worked out in `engine.snapshots`, what can be known after the first question of its kind in `engine.rulings`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from access_service.domain.access import STUDENT, AccessRequest, Allow, Decision, Deny, Topic
from access_service.domain.grades import takes_pupil
from access_service.domain.names import ClassId, GrantId, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.policy import PeriodLock, RoleRule
from access_service.domain.reasons import DEPTH, Reason
from access_service.engine.compiled_pack import CellKey, CompiledPack
from access_service.engine.memory import Memory
from access_service.engine.rulings import (
    BEFORE_CLASS,
    BEFORE_UNIT,
    FORBIDS,
    Ruling,
    ShapeOutcome,
    SiteKind,
    class_kind,
    outside_subject,
    unit_kind,
)
from access_service.engine.snapshots import WHOLE_CLASS, GrantView, Snapshot, each

K = TypeVar("K")
V = TypeVar("V")
OUTSIDE = frozenset(
    {
        Reason.ACTION_NOT_IN_ROLE,
        Reason.OUTSIDE_CATEGORY,
        Reason.OUTSIDE_UNIT,
        Reason.OUTSIDE_LEVEL,
        Reason.OUTSIDE_GRADE,
        Reason.OUTSIDE_CLASS,
        Reason.OUTSIDE_SUBJECT,
        Reason.OUTSIDE_YEAR,
    }
)
"""The axes on which a question may lie outside of a grant."""
Granted = tuple[GrantId, RoleRule]
"""The grant that allows and the row it rests on. A bare tuple: an object of a class costs as much as a grant."""


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as a decision sees it at one instant."""

    unit: UnitId
    kind: str
    levels: frozenset[str]
    chain: frozenset[UnitId]
    """The unit and everything above it."""
    tables: CompiledPack | None
    """The pack bound to the nearest ancestor-or-self, compiled; None where no pack is bound."""
    locks: Mapping[CellKey, tuple[PeriodLock, ...]]
    """Period locks of that pack for this kind of unit, by (category, action)."""
    years: frozenset[str] = frozenset()
    """The register's school years: a pupil who has no class yet is of one of them."""
    site_kind: SiteKind | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        kind = None if self.tables is None else unit_kind(self.tables, self.kind, self.locks, self.levels)
        object.__setattr__(self, "site_kind", kind)


class Site(NamedTuple):
    """A class, and where it lies."""

    unit: UnitId
    place: Place | None
    """None where the unit does not stand at that instant."""
    class_id: ClassId
    kind: SiteKind | None
    """None where no pack is bound, or the unit does not stand."""
    chain: frozenset[UnitId]
    """The unit's."""
    bit: int
    """The class's own among those of its unit."""


class OnDemand(dict[K, V]):
    """A mapping of what a function finds, remembered; `KeyError` where it finds nothing."""

    def __init__(self, find: Callable[[K], V | None]) -> None:
        """`find` is asked once for each key that exists."""
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        self[key] = found
        return found


class Places(Protocol):
    """What the register knows of units and classes, as of one revision and instant."""

    @property
    def units(self) -> Mapping[UnitId, Place]:
        """Units that stand; `KeyError` for others."""
        ...

    @property
    def sites(self) -> Mapping[ClassId, Site]:
        """Classes, whatever their school year; `KeyError` for unknown ones."""
        ...


def site_of(found: SchoolClass, place: Place | None, memory: Memory) -> Site:
    """A class as a decision sees it."""
    return class_site(
        found.school, place, found.id, found.level.value, found.grade, found.school_year, memory=memory
    )


def class_site(
    unit: UnitId, place: Place | None, class_id: ClassId, level: str, grade: str, year: str, *, memory: Memory
) -> Site:
    """The same, from its words."""
    if place is None or place.tables is None:
        return Site(unit, place, class_id, None, frozenset(), 0)
    kind = class_kind(place.tables, place.kind, place.locks, level, grade, year)
    return Site(place.unit, place, class_id, kind, place.chain, memory.class_bit(class_id))


def decide(request: AccessRequest, snapshot: Snapshot | None, places: Places, now: datetime) -> Decision:
    """Allow or deny. The stages are those of `domain.reasons`, in order.

    (1) the request resolves against the register; (2) the account exists and is active; (3) a pack is bound;
    (4) no explicit deny matches; (5) some grant passes unit, role, scope, documents and validity (rule 1).
    Nothing is guessed: what the register knows of a class is taken from it, and what the request repeats of it must
    agree.
    """
    question = (request.topic, request.resource_id, request.unit, request.class_id)
    return as_decision(answer(*question, snapshot, places, now.timestamp()))


def as_decision(found: "Verdict") -> Decision:
    """An answer as a value that cannot lie; the reason of a deny is worked out here."""
    if isinstance(found, Short):
        return found.deny()
    return found if isinstance(found, Deny) else Allow(*found)


def answer(  # noqa: C901, PLR0912 a call costs a tenth of a decision: the stages stand one below the other
    topic: Topic,
    resource_id: str,
    unit: UnitId | None,
    class_id: ClassId | None,
    snapshot: Snapshot | None,
    places: Places,
    instant: float,
) -> "Verdict":
    """As `decide`, for the words of a request and an instant in seconds since the epoch: the hot path."""
    if topic.names_place:
        named = UnitId(resource_id) if topic.resource_type == "unit" else unit
        class_named = ClassId(resource_id) if topic.resource_type == "class" else class_id
        if (unit or named) != named or (class_id or class_named) != class_named:
            return Deny(Reason.RESOURCE_CONTRADICTORY)
        unit, class_id = named, class_named
    if class_id is not None:
        try:
            site_unit, place, class_id, kind, chain, bit = places.sites[class_id]
        except KeyError:
            return Deny(Reason.RESOURCE_CONTRADICTORY)
        if unit is not None and unit != site_unit:
            return Deny(Reason.RESOURCE_CONTRADICTORY)
        unit = site_unit
    else:
        if unit is None:
            return Deny(Reason.RESOURCE_INCOMPLETE)
        place, kind, chain, bit = _unit_site(unit, places)
        if topic.resource_type == STUDENT:
            if topic.level is None or topic.grade is None or topic.school_year is None:
                return Deny(Reason.RESOURCE_INCOMPLETE)
            if place is not None and kind is not None:
                kind = _unplaced(place, topic)
                if kind is None:
                    return Deny(Reason.RESOURCE_INCOMPLETE)
    if kind is None:
        return Deny(_ungoverned(topic, place, snapshot))
    ruling = kind.rulings[topic]
    if ruling.is_plain and snapshot is not None and snapshot.stopped is None:
        view = snapshot.first
        while view is not None:
            classes = view.classes
            if classes is None:
                is_inside: bool | int = view.unit in chain
            elif type(classes) is int:
                # A bit means this class only among those of its own unit.
                is_inside = view.unit == unit and classes & bit
            else:
                # Which grant allows first is part of the answer: what is rare is not passed over.
                break
            if is_inside:
                allow = ruling.outcomes[view.shape].allow
                if allow is not None:
                    return view.id, allow
            view = view.next
        else:
            return Short(snapshot.first, ruling, unit, chain, class_id, bit)
    if ruling.refused is not None:
        return Deny(ruling.refused)
    if snapshot is None:
        return Deny(Reason.ACCOUNT_UNKNOWN)
    if snapshot.stopped is not None:
        return Deny(snapshot.stopped)
    if ruling.can_deny and (denied := _explicit_deny(kind, ruling, instant)) is not None:
        return denied
    return Short(snapshot.first, ruling, unit, chain, class_id, bit).settled()


class Short(msgspec.Struct, frozen=True, gc=False):
    """No grant allows: a deny, and what it takes to say why when somebody asks."""

    first: GrantView | None
    ruling: Ruling
    unit: UnitId
    chain: frozenset[UnitId]
    class_id: ClassId | None
    bit: int

    def deny(self) -> Deny:
        """The deny, with the reason of the grant that got furthest; among equals, of the smallest id."""
        found = self.settled()
        if not isinstance(found, Deny):
            raise RuntimeError("a grant allows that was seen to fall short")
        return found

    def settled(self) -> "Granted | Deny":
        """(5) The first grant that passes allows. A role's deny row stops the grants of that role and no others."""
        best, best_depth, best_grant, forbid = Reason.NO_GRANT, -1, None, None
        for view in each(self.first):
            outcome = self.ruling.outcomes[view.shape]
            reason = self._reason(view, outcome)
            if reason is None and outcome.allow is not None:
                return view.id, outcome.allow
            if reason is None:
                reason = Reason.DENIED_BY_RULE
            if DEPTH[reason] > best_depth:
                best, best_depth, best_grant, forbid = reason, DEPTH[reason], view.id, outcome.forbid
        # The line that says that software has no approval names no grant.
        return Deny(best, best_grant or None, forbid if best is Reason.DENIED_BY_RULE else None)

    def _reason(self, view: GrantView, outcome: ShapeOutcome) -> Reason | None:
        """The first stage that the grant does not pass, or None."""
        found = self._stopped(view, outcome)
        return view.shape.outside if found in OUTSIDE and view.shape.outside is not None else found

    def _stopped(self, view: GrantView, outcome: ShapeOutcome) -> Reason | None:
        stage, reason = outcome.stage, outcome.reason
        if stage == BEFORE_UNIT:
            return reason
        if view.unit not in self.chain:
            outside: Reason | None = Reason.OUTSIDE_UNIT
        elif stage == BEFORE_CLASS:
            outside = reason
        else:
            outside = self._outside_class(view)
        # Whatever keeps a role's deny from applying, the role does not allow either.
        return Reason.ACTION_NOT_IN_ROLE if outside is not None and stage == FORBIDS else outside or reason

    def _outside_class(self, view: GrantView) -> Reason | None:
        classes = view.classes
        if classes is None:
            return None
        if isinstance(classes, int):
            # A bit means this class only among those of its own unit.
            return None if classes & self.bit and view.unit == self.unit else Reason.OUTSIDE_CLASS
        taught = classes.get(self.class_id) if self.class_id is not None else None
        if taught is None:
            return Reason.OUTSIDE_CLASS
        return None if WHOLE_CLASS in taught else outside_subject(taught, self.ruling.topic.subject)


Verdict = Granted | Deny | Short
"""What `answer` says: a bare tuple allows, and nothing else does."""


def _unit_site(unit: UnitId, places: Places) -> tuple[Place | None, SiteKind | None, frozenset[UnitId], int]:
    try:
        place = places.units[unit]
    except KeyError:
        return None, None, frozenset(), 0
    return place, place.site_kind, place.chain, 0


def _unplaced(place: Place, topic: Topic) -> SiteKind | None:
    """(J) Where a pupil is who has no class yet, as a class of that level, grade and year would be; None: nowhere.

    Only words that pack and register know get this far, so that nobody fills the memory by inventing some.
    """
    tables, level, grade, year = place.tables, topic.level, topic.grade, topic.school_year
    if tables is None or level is None or grade is None or year is None:
        return None
    if not takes_pupil(tables.pack, place.levels, place.years, level=level, grade=grade, year=year):
        return None
    return class_kind(tables, place.kind, place.locks, level, grade, year)


def _ungoverned(topic: Topic, place: Place | None, snapshot: Snapshot | None) -> Reason:
    """The unit does not stand, or no pack is bound; the account comes before the pack in the order of stages."""
    if topic.category is None:
        return Reason.RESOURCE_INCOMPLETE
    if place is None:
        return Reason.RESOURCE_CONTRADICTORY
    return Reason.ACCOUNT_UNKNOWN if snapshot is None else snapshot.stopped or Reason.NO_POLICY


def _explicit_deny(kind: SiteKind, ruling: Ruling, instant: float) -> Deny | None:
    """(4) A period's lock, or a rule that denies everybody; either beats every allow (rule 2)."""
    for lock in kind.locks.get(ruling.cell, ()):
        if lock.start.timestamp() <= instant < lock.end.timestamp():
            return Deny(Reason.PERIOD_LOCKED, because=lock)
    return None if ruling.everyone is None else Deny(Reason.DENIED_BY_RULE, because=ruling.everyone)

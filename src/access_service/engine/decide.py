"""Request and snapshot to decision, by look-up and containment. No clock, no database, no Casbin.

`Places` answers what the register knows of units and classes at one instant. A decision is a function of (revision,
now) through it and the account's snapshot. This is the hot path: what can be known before the question is asked has
been worked out in `engine.snapshots`, what can be known after the first question of its kind in `engine.topics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from access_service.domain.access import AccessRequest, Allow, Decision, Deny
from access_service.domain.names import ClassId, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.policy import PeriodLock
from access_service.domain.reasons import DEPTH, Reason
from access_service.engine.snapshots import GrantView, Snapshot, flatten
from access_service.engine.tables import CellKey, Tables
from access_service.engine.topics import (
    AFTER_CLASS,
    BEFORE_CLASS,
    BEFORE_UNIT,
    FORBIDS,
    PASSES,
    Topic,
    TopicKey,
    find_outcome,
    find_topic,
    outside_taught,
)

__all__ = ["Place", "Places", "Site", "Snapshot", "decide", "flatten", "site_of"]

_new = tuple.__new__
"""Half the time of calling a named tuple's class."""
_UNIT, _CLASS, _ROLE = DEPTH[Reason.OUTSIDE_UNIT], DEPTH[Reason.OUTSIDE_CLASS], DEPTH[Reason.ACTION_NOT_IN_ROLE]


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


class Site(NamedTuple):
    """Where a record lies: a class with its school, or a unit alone."""

    unit: UnitId
    place: Place | None
    """None where the unit does not stand at that instant."""
    class_id: ClassId | None
    level: str | None
    grade: str | None
    school_year: str | None


class Places(Protocol):
    """What the register knows of units and classes, as of one revision and instant."""

    def place(self, unit: UnitId, now: datetime) -> Place | None: ...  # noqa: D102
    def site(self, class_id: ClassId, now: datetime) -> Site | None: ...  # noqa: D102


def site_of(found: SchoolClass, place: Place | None) -> Site:
    """A class as a decision sees it. Plain words: hashing an enum member takes four times as long."""
    return Site(found.school, place, found.id, found.level.value, found.grade, found.school_year)


def decide(  # noqa: C901 every call costs a tenth of a decision: the stages stand one below the other
    request: AccessRequest, snapshot: Snapshot | None, places: Places, now: datetime
) -> Decision:
    """Allow or deny. The stages are those of `domain.reasons`, in order.

    (1) the request resolves against the register; (2) the account exists and is active; (3) a pack is bound;
    (4) no explicit deny matches; (5) some grant passes unit, role, scope, documents and validity (rule 1).
    Nothing is guessed: what the register knows of a class is taken from it, and what the request repeats of it must
    agree.
    """
    site = _site(request, places, now)
    if isinstance(site, Reason):
        return Deny(site)
    _, place, class_id, level, grade, year = site
    category = request.category
    if category is None:
        return Deny(Reason.RESOURCE_INCOMPLETE)
    if place is None:
        return Deny(Reason.RESOURCE_CONTRADICTORY)
    tables = place.tables
    if tables is None:
        return _ungoverned(snapshot)
    key = (
        category,
        request.action,
        request.resource_type,
        place.levels if level is None else level,
        grade,
        year,
        request.subject,
        request.function,
    )
    topic = tables.topics.get(key) or find_topic(tables, TopicKey(*key))
    if topic.refused is not None:
        return Deny(topic.refused)
    if class_id is None:
        if level is not None and place.levels and level not in place.levels:
            return Deny(Reason.RESOURCE_CONTRADICTORY)
    elif (
        # Written out rather than looped over: this runs for every decision.
        (request.level is not None and request.level != level)
        or (request.grade is not None and request.grade != grade)
        or (request.school_year is not None and request.school_year != year)
    ):
        return Deny(Reason.RESOURCE_CONTRADICTORY)
    if snapshot is None:
        return Deny(Reason.ACCOUNT_UNKNOWN)
    if snapshot.stopped is not None:
        return Deny(snapshot.stopped)
    if place.locks or topic.everyone is not None:
        # A deny is false, so `or` would pass over it.
        denied = _explicit_deny(place, topic, now)
        if denied is not None:
            return denied
    return _by_grants(snapshot.views, topic, place.chain, class_id, tables)


def _site(request: AccessRequest, places: Places, now: datetime) -> Site | Reason:
    """Where the record lies, or why the request cannot be understood."""
    kind, unit, class_id = request.resource_type, request.unit, request.class_id
    if kind == "class":
        if class_id is not None and class_id != request.resource_id:
            return Reason.RESOURCE_CONTRADICTORY
        class_id = ClassId(request.resource_id)
    elif kind == "unit":
        if unit is not None and unit != request.resource_id:
            return Reason.RESOURCE_CONTRADICTORY
        unit = UnitId(request.resource_id)
    if class_id is not None:
        site = places.site(class_id, now)
        if site is None or (unit is not None and unit != site.unit):
            return Reason.RESOURCE_CONTRADICTORY
        return site
    if unit is None or kind == "student":
        return Reason.RESOURCE_INCOMPLETE
    return Site(unit, places.place(unit, now), None, request.level, request.grade, request.school_year)


def _ungoverned(snapshot: Snapshot | None) -> Deny:
    """No pack is bound; the account comes first in the order of stages."""
    if snapshot is None:
        return Deny(Reason.ACCOUNT_UNKNOWN)
    return Deny(snapshot.stopped or Reason.NO_POLICY)


def _explicit_deny(place: Place, topic: Topic, now: datetime) -> Deny | None:
    """(4) A period's lock, or a rule that denies everybody; either beats every allow (rule 2)."""
    for lock in place.locks.get(topic.cell, ()):
        if lock.start <= now < lock.end:
            return Deny(Reason.PERIOD_LOCKED, because=lock)
    return None if topic.everyone is None else Deny(Reason.DENIED_BY_RULE, because=topic.everyone)


def _by_grants(  # noqa: C901 as above
    views: tuple[GrantView, ...],
    topic: Topic,
    chain: frozenset[UnitId],
    class_id: ClassId | None,
    tables: Tables,
) -> Decision:
    """(5) The first grant that passes allows, unless another grant's role forbids the same cell."""
    outcomes = topic.outcomes
    allow: Allow | None = None
    best, best_depth, best_grant = Reason.NO_GRANT, -1, None
    for view in views:
        outcome = outcomes.get(view.shape) or find_outcome(tables, topic, view.shape)
        stage, depth, reason = outcome.stage, outcome.depth, outcome.reason
        if stage > BEFORE_UNIT:
            classes = view.classes
            if view.unit not in chain:
                depth, reason = _UNIT, Reason.OUTSIDE_UNIT
            elif stage > BEFORE_CLASS and classes is not None and class_id not in classes:
                depth, reason = _CLASS, Reason.OUTSIDE_CLASS
            elif stage >= AFTER_CLASS and isinstance(classes, dict) and (mixed := _mixed(classes, class_id, topic)):
                depth, reason = DEPTH[mixed], mixed
            elif stage == PASSES:
                allow = allow or _new(Allow, (view.id, outcome.rule))
                if topic.can_forbid:
                    continue
                return allow
            elif stage == FORBIDS:
                return Deny(Reason.DENIED_BY_RULE, view.id, outcome.rule)
            if stage == FORBIDS:
                depth, reason = _ROLE, Reason.ACTION_NOT_IN_ROLE
        if depth > best_depth and reason is not None:
            best, best_depth, best_grant = reason, depth, view.id
    return allow or _new(Deny, (best, best_grant, None))


def _mixed(classes: dict[ClassId, frozenset[str]], class_id: ClassId | None, topic: Topic) -> Reason | None:
    """A grant with other subjects in each class."""
    taught = classes[class_id] if class_id is not None else frozenset[str]()
    return None if "" in taught else outside_taught(taught, topic.key.subject)

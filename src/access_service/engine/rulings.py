"""What a pack says about a topic at one kind of site, and what each shape of grant gives for it.

A province asks about some hundreds of topics (read marks in Maths) at some dozens of kinds of site (grade 6 of this
school year) of grants in some hundreds of shapes. Whether a shape passes depends on nothing else, so it is
worked out once and looked up afterwards. What is left for each decision is the unit and the class. A compiled pack
holds its own rulings: other bytes, other rulings; nothing here depends on time, because a shape already says what
stops it now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from access_service.domain.access import Topic
from access_service.domain.policy import PeriodLock, RoleRule
from access_service.domain.reasons import Reason
from access_service.engine.compiled_pack import CellKey, CompiledPack
from access_service.engine.shapes import GrantShape

RULINGS_KEPT = 1 << 12
"""Rulings remembered of one kind of site. What callers invent fills it; then all is found out anew."""
OUTCOMES_KEPT = 1 << 19
"""Outcomes remembered of one pack, about 100 bytes each."""
BEFORE_UNIT, BEFORE_CLASS, AFTER_CLASS, PASSES, FORBIDS = range(5)
"""Where a shape stops: before the unit is compared, before the class, after it; nowhere; or it denies outright."""


class ShapeOutcome(msgspec.Struct, frozen=True, gc=False):
    """What a shape gives when unit and class are inside."""

    stage: int
    reason: Reason | None
    allow: RoleRule | None = None
    """The row that allows, at `PASSES`."""
    forbid: RoleRule | None = None
    """The row that denies, at `FORBIDS`."""


class Outcomes(dict[GrantShape, ShapeOutcome]):
    """What each shape gives, worked out at its first question."""

    def __init__(self, kind: "SiteKind") -> None:
        """Of a ruling at that kind of site; `ruling` is set once."""
        super().__init__()
        self._kind = kind
        self.ruling: Ruling

    def __missing__(self, shape: GrantShape) -> ShapeOutcome:
        tables = self._kind.tables
        if tables.outcomes[0] >= OUTCOMES_KEPT:
            tables.outcomes[0] = 0
            for kind in list(tables.kinds.values()):
                kind.rulings = Rulings(kind)
        tables.outcomes[0] += 1
        found = self[shape] = _outcome(self._kind, self.ruling, shape)
        return found


class Ruling(msgspec.Struct, eq=False):
    """What a pack says about one topic at one kind of site."""

    topic: Topic
    refused: Reason | None
    """Why no such question can be understood: the pack lacks the word, it lacks one, or it contradicts the site."""
    cell: CellKey
    everyone: RoleRule | None
    """The row that denies it to everybody."""
    is_plain: bool
    """Nothing but the account's grants has a say, and none of them can forbid it."""
    can_deny: bool
    """Can a row or a lock deny it to everybody?"""
    outcomes: "Outcomes"


@dataclass(eq=False, slots=True)
class SiteKind:
    """Sites that no rule and no shape tells apart: pack, kind of unit; level, grade and year of a class."""

    tables: CompiledPack
    locks: Mapping[CellKey, tuple[PeriodLock, ...]]
    """Period locks of that pack for that kind of unit, by (category, action)."""
    level: str | None
    """A class's."""
    levels: frozenset[str]
    """A unit's."""
    grade: str | None
    school_year: str | None
    rulings: "Rulings" = field(init=False)

    def __post_init__(self) -> None:
        self.rulings = Rulings(self)


class Rulings(dict[Topic, Ruling]):
    """What the pack says about each topic, worked out at its first question."""

    def __init__(self, kind: SiteKind) -> None:
        """At that kind of site."""
        super().__init__()
        self._kind = kind

    def __missing__(self, topic: Topic) -> Ruling:
        return find_ruling(self._kind, topic)


def class_kind(
    tables: CompiledPack,
    unit_kind: str,
    locks: Mapping[CellKey, tuple[PeriodLock, ...]],
    level: str,
    grade: str,
    year: str,
) -> SiteKind:
    """The kind of a class; one object for equal ones. The pack and the kind of unit give the locks."""
    key = (unit_kind, level, grade, year)
    found: SiteKind | None = tables.kinds.get(key)
    if found is None:
        found = SiteKind(tables, locks, level, frozenset(), grade, year)
    made: SiteKind = tables.kinds.setdefault(key, found)
    return made


def unit_kind(
    tables: CompiledPack, unit_kind: str, locks: Mapping[CellKey, tuple[PeriodLock, ...]], levels: frozenset[str]
) -> SiteKind:
    """The kind of a unit; one object for equal ones."""
    key = (unit_kind, levels)
    found: SiteKind | None = tables.kinds.get(key)
    if found is None:
        found = SiteKind(tables, locks, None, levels, None, None)
    made: SiteKind = tables.kinds.setdefault(key, found)
    return made


def find_ruling(kind: SiteKind, topic: Topic) -> Ruling:
    """The ruling, made at its first question."""
    if len(kind.rulings) >= RULINGS_KEPT:
        kind.rulings = Rulings(kind)
    tables, cell = kind.tables, (topic.category or "", topic.action)
    everyone = tables.everyone_deny.get(cell)
    refused = _refused(kind, topic)
    can_deny = everyone is not None or cell in kind.locks
    found = Ruling(
        topic=topic,
        refused=refused,
        cell=cell,
        everyone=everyone,
        is_plain=refused is None and not can_deny,
        can_deny=can_deny,
        outcomes=Outcomes(kind),
    )
    found.outcomes.ruling = found
    kind.rulings[topic] = found
    return found


def _refused(kind: SiteKind, topic: Topic) -> Reason | None:
    """The pack's vocabulary, then what the request repeats of the register: it must agree."""
    pack = kind.tables.pack
    if topic.category is None:
        return Reason.RESOURCE_INCOMPLETE
    category = pack.categories.get(topic.category)
    if category is None or topic.resource_type not in category.resource_types:
        return Reason.RESOURCE_CONTRADICTORY
    if topic.action not in pack.actions:
        return Reason.UNKNOWN_ACTION
    if pack.function_required and topic.function is None:
        return Reason.RESOURCE_INCOMPLETE
    if kind.level is None:
        agrees = topic.level is None or not kind.levels or topic.level in kind.levels
    else:
        agrees = (
            topic.level in (None, kind.level)
            and topic.grade in (None, kind.grade)
            and topic.school_year in (None, kind.school_year)
        )
    return None if agrees else Reason.RESOURCE_CONTRADICTORY


def _outcome(kind: SiteKind, ruling: Ruling, shape: GrantShape) -> ShapeOutcome:
    """The stages in their order: unit suspended, role, (unit), level, grade, (class), subject, year, the rest."""
    role, topic = kind.tables.roles.get(shape.role), ruling.topic
    before_class = _outside_level(shape.levels, kind, topic) or _outside_grade(shape, kind, topic)
    after_class = (
        outside_subject(shape.taught, topic.subject)
        or outside_subject(shape.subjects, topic.subject)
        or _outside_year(shape, kind, topic)
    )
    if role is not None and ruling.cell in role.deny:
        if shape.early or before_class or after_class or shape.late:
            return _stopped(BEFORE_UNIT, Reason.ACTION_NOT_IN_ROLE)
        return ShapeOutcome(FORBIDS, None, forbid=role.deny[ruling.cell].rule)
    first = shape.early or _outside_role(kind.tables, ruling, shape)
    if first is not None:
        return _stopped(BEFORE_UNIT, first)
    if before_class is not None:
        return _stopped(BEFORE_CLASS, before_class)
    if after_class is not None:
        return _stopped(AFTER_CLASS, after_class)
    if shape.late is not None:
        return _stopped(AFTER_CLASS, shape.late)
    return ShapeOutcome(PASSES, None, allow=kind.tables.roles[shape.role].allow[ruling.cell].rule)


def _stopped(stage: int, reason: Reason) -> ShapeOutcome:
    return ShapeOutcome(stage, reason)


def _outside_role(tables: CompiledPack, ruling: Ruling, shape: GrantShape) -> Reason | None:
    """Stage *role*: the pack's table, then what the grant itself narrows."""
    role, topic = tables.roles.get(shape.role), ruling.topic
    if role is None or topic.action not in role.actions:
        return Reason.ACTION_NOT_IN_ROLE
    if shape.actions is not None and topic.action not in shape.actions:
        return Reason.ACTION_NOT_IN_ROLE
    cell = role.allow.get(ruling.cell)
    named = role.categories if shape.categories is None else shape.categories
    if topic.category not in named:
        return Reason.OUTSIDE_CATEGORY
    # The grant names the category: what it lacks is the action there.
    if cell is None:
        return Reason.ACTION_NOT_IN_ROLE
    if topic.function is not None and topic.function not in cell.functions:
        return Reason.ACTION_NOT_IN_ROLE
    return None


def _outside_level(levels: frozenset[str] | None, kind: SiteKind, topic: Topic) -> Reason | None:
    if levels is None:
        return None
    level = kind.level or topic.level
    if level is not None:
        return None if level in levels else Reason.OUTSIDE_LEVEL
    taught = kind.levels
    if taught and taught <= levels:
        return None
    # An office, or part of a school of several levels: the request must say which level it asks about.
    return Reason.RESOURCE_INCOMPLETE if not taught or taught & levels else Reason.OUTSIDE_LEVEL


def _outside_grade(shape: GrantShape, kind: SiteKind, topic: Topic) -> Reason | None:
    grade = kind.grade or topic.grade
    if shape.grades is None or grade in shape.grades:
        return None
    return Reason.OUTSIDE_GRADE if grade is not None else Reason.RESOURCE_INCOMPLETE


def outside_subject(subjects: frozenset[str] | None, subject: str | None) -> Reason | None:
    """A grant of some subjects only."""
    if subjects is None or subject in subjects:
        return None
    return Reason.OUTSIDE_SUBJECT if subject is not None else Reason.RESOURCE_INCOMPLETE


def _outside_year(shape: GrantShape, kind: SiteKind, topic: Topic) -> Reason | None:
    year = kind.school_year or topic.school_year
    if shape.school_year is None or year == shape.school_year:
        return None
    return Reason.OUTSIDE_YEAR if year is not None else Reason.RESOURCE_INCOMPLETE

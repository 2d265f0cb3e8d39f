"""What a question is about, apart from who asks and where; and what was found out about each shape of grant.

A province asks about some hundreds of topics (read marks of grade 6 in Maths this year) of grants in some hundreds
of shapes. Whether a shape passes a topic depends on nothing else, so it is worked out once (`_outcome`) and looked
up afterwards. What is left for each decision is the unit and the class. A compiled pack holds its own topics: another
digest, other topics; nothing here depends on time, because a shape already says what stops it now.
"""

from typing import NamedTuple

import msgspec

from access_service.domain.policy import RoleRule
from access_service.domain.reasons import DEPTH, Reason
from access_service.engine.snapshots import Shape
from access_service.engine.tables import CellKey, Tables

TOPICS_KEPT = 2048
"""Topics remembered of one pack. What callers invent fills it, and then all is found out anew."""
OUTCOMES_KEPT = 1024
"""Shapes remembered of one topic."""

BEFORE_UNIT, BEFORE_CLASS, AFTER_CLASS, PASSES, FORBIDS = range(5)
"""Where a shape stops: before the unit is compared, before the class, after it; nowhere; or it denies outright."""


class TopicKey(NamedTuple):
    """What the record is, as far as a pack and a shape care. One is made for every decision."""

    category: str
    action: str
    resource_type: str
    level: str | frozenset[str] | None
    """The record's level; those of its unit where it has none of its own (a set: all of them are meant)."""
    grade: str | None
    school_year: str | None
    subject: str | None
    function: str | None


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a shape gives for a topic when unit and class are inside."""

    stage: int
    reason: Reason | None
    depth: int
    rule: RoleRule | None
    """The row that allows (`PASSES`) or denies (`FORBIDS`)."""


class Topic(msgspec.Struct, frozen=True, eq=False):
    """One topic under one pack."""

    key: TopicKey
    refused: Reason | None
    """Why no question about it can be understood: the pack lacks the word, or it lacks one."""
    cell: CellKey
    everyone: RoleRule | None
    """The row that denies it to everybody."""
    can_forbid: bool
    """Does some role deny it explicitly? Then one allow does not end the search."""
    outcomes: dict[Shape, Outcome]


def find_topic(tables: Tables, key: TopicKey) -> Topic:
    """The topic, made at its first question."""
    if len(tables.topics) >= TOPICS_KEPT:
        tables.topics.clear()
    cell = (key.category, key.action)
    topic = Topic(
        key=key,
        refused=_refused(tables, key),
        cell=cell,
        everyone=tables.everyone_deny.get(cell),
        can_forbid=any(cell in role.deny for role in tables.roles.values()),
        outcomes={},
    )
    tables.topics[key] = topic
    return topic


def _refused(tables: Tables, key: TopicKey) -> Reason | None:
    """The pack's vocabulary."""
    pack = tables.pack
    category = pack.categories.get(key.category)
    if category is None or key.resource_type not in category.resource_types:
        return Reason.RESOURCE_CONTRADICTORY
    if key.action not in pack.actions:
        return Reason.UNKNOWN_ACTION
    if pack.function_required and key.function is None:
        return Reason.RESOURCE_INCOMPLETE
    return None


def find_outcome(tables: Tables, topic: Topic, shape: Shape) -> Outcome:
    """What the shape gives for the topic, worked out at its first question."""
    if len(topic.outcomes) >= OUTCOMES_KEPT:
        topic.outcomes.clear()
    found = topic.outcomes[shape] = _outcome(tables, topic, shape)
    return found


def _outcome(tables: Tables, topic: Topic, shape: Shape) -> Outcome:
    """The stages in their order: unit suspended, role, (unit), level, grade, (class), subject, year, the rest."""
    role, key = tables.roles.get(shape.role), topic.key
    before_class = _outside_level(shape.levels, key) or _outside_grade(shape.grades, key)
    after_class = (
        outside_taught(shape.taught, key.subject) or _outside_subject(shape, key) or _outside_year(shape, key)
    )
    if role is not None and topic.cell in role.deny:
        if shape.early or before_class or after_class or shape.late:
            return _stopped(BEFORE_UNIT, Reason.ACTION_NOT_IN_ROLE)
        return Outcome(FORBIDS, None, -1, role.deny[topic.cell].rule)
    first = shape.early or _outside_role(tables, topic, shape)
    if first is not None:
        return _stopped(BEFORE_UNIT, first)
    if before_class is not None:
        return _stopped(BEFORE_CLASS, before_class)
    if after_class is not None:
        return _stopped(AFTER_CLASS, after_class)
    if shape.late is not None:
        return _stopped(AFTER_CLASS, shape.late)
    return Outcome(PASSES, None, -1, tables.roles[shape.role].allow[topic.cell].rule)


def _stopped(stage: int, reason: Reason) -> Outcome:
    return Outcome(stage, reason, DEPTH[reason], None)


def _outside_role(tables: Tables, topic: Topic, shape: Shape) -> Reason | None:
    """Stage *role*: the pack's table, then what the grant itself narrows."""
    role, key = tables.roles.get(shape.role), topic.key
    if role is None or key.action not in role.actions:
        return Reason.ACTION_NOT_IN_ROLE
    if shape.actions is not None and key.action not in shape.actions:
        return Reason.ACTION_NOT_IN_ROLE
    cell = role.allow.get(topic.cell)
    if cell is None or (shape.categories is not None and key.category not in shape.categories):
        return Reason.OUTSIDE_CATEGORY
    if key.function is not None and key.function not in cell.functions:
        return Reason.ACTION_NOT_IN_ROLE
    return None


def _outside_level(levels: frozenset[str] | None, key: TopicKey) -> Reason | None:
    if levels is None:
        return None
    if isinstance(key.level, str):
        return None if key.level in levels else Reason.OUTSIDE_LEVEL
    taught = key.level or frozenset()
    if taught and taught <= levels:
        return None
    # An office, or part of a school of several levels: the request must say which level it asks about.
    return Reason.RESOURCE_INCOMPLETE if not taught or taught & levels else Reason.OUTSIDE_LEVEL


def _outside_grade(grades: frozenset[str] | None, key: TopicKey) -> Reason | None:
    if grades is None or key.grade in grades:
        return None
    return Reason.OUTSIDE_GRADE if key.grade is not None else Reason.RESOURCE_INCOMPLETE


def outside_taught(taught: frozenset[str] | None, subject: str | None) -> Reason | None:
    """A class granted for some subjects only."""
    if taught is None or subject in taught:
        return None
    return Reason.OUTSIDE_SUBJECT if subject is not None else Reason.RESOURCE_INCOMPLETE


def _outside_subject(shape: Shape, key: TopicKey) -> Reason | None:
    return outside_taught(shape.subjects, key.subject)


def _outside_year(shape: Shape, key: TopicKey) -> Reason | None:
    if shape.school_year is None or key.school_year == shape.school_year:
        return None
    return Reason.OUTSIDE_YEAR if key.school_year is not None else Reason.RESOURCE_INCOMPLETE

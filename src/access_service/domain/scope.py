"""Scope: what part of the records a grant or an authority is about (phạm vi).

A scope is a box: unit subtree x levels x grades x classes (each with or without a subject) x subjects x school
year x categories x actions. `None` on an axis means the whole axis. Dimensions of two boxes never combine: a
request must lie in one box entirely (rule 3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from access_service.domain.names import ClassId, EducationLevel, UnitId

ClassSubject = tuple[ClassId, str]
"""A class, and a subject taught there; the empty subject means the class as a whole (homeroom)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One box. Empty sets are refused at the door: an empty axis would be a grant of nothing."""

    unit: UnitId
    """Everything in this unit and below it along the management edges of the day asked."""
    levels: frozenset[EducationLevel] | None = None
    grades: frozenset[str] | None = None
    """Khối, as text: `6`, `nhà trẻ`."""
    classes: frozenset[ClassSubject] | None = None
    subjects: frozenset[str] | None = None
    """Subjects across the whole unit (tổ chuyên môn); per class they stand in `classes`."""
    school_year: str | None = None
    """`2026-2027`; a class-bound scope always names it."""
    categories: frozenset[str] | None = None
    actions: frozenset[str] | None = None

    @property
    def class_ids(self) -> frozenset[ClassId]:
        """The classes named, without their subjects."""
        return frozenset(class_id for class_id, _ in self.classes or ())


def _axis_within(inner: frozenset[Any] | None, outer: frozenset[Any] | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def first_axis_outside(inner: Scope, outer: Scope, *, is_below: Callable[[UnitId, UnitId], bool]) -> str | None:
    """The first axis on which `inner` exceeds `outer`, or None when it is within on every axis (rule 3).

    `is_below(unit, root)` answers along the management edges of the day, a unit being below itself.
    A class-bound inner scope is normalised first (see `org.normalise`), so that its levels and grades are
    those of its classes.
    """
    if not is_below(inner.unit, outer.unit):
        return "unit"
    if not _axis_within(inner.levels, outer.levels):
        return "levels"
    if not _axis_within(inner.grades, outer.grades):
        return "grades"
    if not _classes_within(inner.classes, outer.classes):
        return "classes"
    if not _subjects_within(inner, outer):
        return "subjects"
    if outer.school_year is not None and inner.school_year != outer.school_year:
        return "school_year"
    if not _axis_within(inner.categories, outer.categories):
        return "categories"
    if not _axis_within(inner.actions, outer.actions):
        return "actions"
    return None


def _classes_within(inner: frozenset[ClassSubject] | None, outer: frozenset[ClassSubject] | None) -> bool:
    if outer is None:
        return True
    if inner is None:
        return False
    return all(pair in outer or (pair[0], "") in outer for pair in inner)


def _subjects_within(inner: Scope, outer: Scope) -> bool:
    """Subjects named with the classes count: a class as a whole is every subject of it."""
    if outer.subjects is None:
        return True
    if inner.subjects is not None:
        return inner.subjects <= outer.subjects
    return inner.classes is not None and all(s != "" and s in outer.subjects for _, s in inner.classes)

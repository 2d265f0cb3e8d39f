"""Scopes as boxes: what lies within what, what two have in common, and whether a question lies inside.

This is the model of `domain.scope`, `domain.org.common`, `domain.moves.left_of` and `engine.decide` that `policy
prove` reasons about: the same sentences, of sets of any size. It is compared with the code on every run
(`engine.proofs.comparing`). `Rules` holds the sentences one by one, so that a test can break each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from access_service.engine.proofs.logic import B, Logic, Sort, X, implies, some


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a box: the whole of it, or the things that it has."""

    open: B
    has: Callable[..., B]
    """Of one thing; of a class and a subject on the axis of classes."""


@dataclass(frozen=True, slots=True)
class MaybeNamed:
    """Something that may be left out."""

    known: B
    value: X


@dataclass(frozen=True, slots=True)
class Box:
    """A scope (`domain.scope.Scope`)."""

    unit: X
    levels: Axis
    grades: Axis
    classes: Axis
    subjects: Axis
    year: MaybeNamed
    categories: Axis
    actions: Axis


@dataclass(frozen=True, slots=True)
class BoxQuestion:
    """Where and what a decision is asked about; of a class, the register says the rest."""

    unit: X
    of_class: B
    class_: X
    level: MaybeNamed
    grade: MaybeNamed
    year: MaybeNamed
    subject: MaybeNamed
    category: X
    action: X


@dataclass(frozen=True, slots=True)
class OrgFacts:
    """What the register says of units and classes on one day."""

    below: Callable[[X, X], B]
    """A unit lies in another or is the same."""
    school: Callable[[X], X]
    level: Callable[[X], X]
    grade: Callable[[X], X]
    year: Callable[[X], X]
    teaches: Callable[[X, X], B]
    """A unit has a level."""
    whole: X
    """The subject that stands for a class as a whole."""


Sentence = Callable[[Logic, OrgFacts, Box, Box], B]


def _axis_within(logic: Logic, sort: Sort, inner: Axis, outer: Axis) -> B:
    held = logic.every(sort, lambda thing: implies(logic, inner.has(thing), outer.has(thing)))
    return logic.either(outer.open, logic.both(logic.negate(inner.open), held))


def _plain(sort: Sort, name: str) -> Sentence:
    return lambda logic, _, inner, outer: _axis_within(logic, sort, getattr(inner, name), getattr(outer, name))


def _unit_within(_: Logic, facts: OrgFacts, inner: Box, outer: Box) -> B:
    return facts.below(inner.unit, outer.unit)


def _each_pair(logic: Logic, says: Callable[[X, X], B]) -> B:
    return logic.every(Sort.CLASS, lambda one: logic.every(Sort.SUBJECT, lambda subject: says(one, subject)))


def _classes_within(logic: Logic, facts: OrgFacts, inner: Box, outer: Box) -> B:
    def held(one: X, subject: X) -> B:
        known = logic.either(outer.classes.has(one, subject), outer.classes.has(one, facts.whole))
        return implies(logic, inner.classes.has(one, subject), known)

    named = logic.both(logic.negate(inner.classes.open), _each_pair(logic, held))
    return logic.either(outer.classes.open, named)


def _subjects_within(logic: Logic, facts: OrgFacts, inner: Box, outer: Box) -> B:
    """A class as a whole is every subject of it."""

    def taught(one: X, subject: X) -> B:
        known = logic.both(logic.negate(logic.same(subject, facts.whole)), outer.subjects.has(subject))
        return implies(logic, inner.classes.has(one, subject), known)

    listed = logic.every(
        Sort.SUBJECT, lambda subject: implies(logic, inner.subjects.has(subject), outer.subjects.has(subject))
    )
    return logic.either(
        outer.subjects.open,
        logic.both(logic.negate(inner.subjects.open), listed),
        logic.both(inner.subjects.open, logic.negate(inner.classes.open), _each_pair(logic, taught)),
    )


def _year_within(logic: Logic, _: OrgFacts, inner: Box, outer: Box) -> B:
    same = logic.both(inner.year.known, logic.same(inner.year.value, outer.year.value))
    return logic.either(logic.negate(outer.year.known), same)


WITHIN: Mapping[str, Sentence] = {
    "unit": _unit_within,
    "levels": _plain(Sort.LEVEL, "levels"),
    "grades": _plain(Sort.GRADE, "grades"),
    "classes": _classes_within,
    "subjects": _subjects_within,
    "school_year": _year_within,
    "categories": _plain(Sort.CATEGORY, "categories"),
    "actions": _plain(Sort.ACTION, "actions"),
}
"""`domain.scope.first_axis_outside`, axis by axis."""


# -- a question


def _known_in(logic: Logic, question: BoxQuestion, of_class: X, said: MaybeNamed, holds: Callable[[X], B]) -> B:
    """What the register says of the class, else what the question says."""
    return logic.either(
        logic.both(question.of_class, holds(of_class)),
        logic.both(logic.negate(question.of_class), said.known, holds(said.value)),
    )


def _levels_inside(logic: Logic, facts: OrgFacts, box: Box, asked: BoxQuestion) -> B:
    """A unit whose every level is held needs no word about it."""
    every = logic.every(
        Sort.LEVEL, lambda level: implies(logic, facts.teaches(asked.unit, level), box.levels.has(level))
    )
    taught = some(logic, Sort.LEVEL, lambda level: facts.teaches(asked.unit, level))
    return logic.either(
        box.levels.open,
        logic.negate(box.classes.open),
        _known_in(logic, asked, facts.level(asked.class_), asked.level, box.levels.has),
        logic.both(logic.negate(asked.of_class), logic.negate(asked.level.known), taught, every),
    )


def _grades_inside(logic: Logic, facts: OrgFacts, box: Box, asked: BoxQuestion) -> B:
    held = _known_in(logic, asked, facts.grade(asked.class_), asked.grade, box.grades.has)
    return logic.either(box.grades.open, logic.negate(box.classes.open), held)


def _classes_inside(logic: Logic, facts: OrgFacts, box: Box, asked: BoxQuestion) -> B:
    whole = box.classes.has(asked.class_, facts.whole)
    taught = logic.both(asked.subject.known, box.classes.has(asked.class_, asked.subject.value))
    return logic.either(box.classes.open, logic.both(asked.of_class, logic.either(whole, taught)))


def _subjects_inside(logic: Logic, _: OrgFacts, box: Box, asked: BoxQuestion) -> B:
    return logic.either(box.subjects.open, logic.both(asked.subject.known, box.subjects.has(asked.subject.value)))


def _year_inside(logic: Logic, facts: OrgFacts, box: Box, asked: BoxQuestion) -> B:
    held = _known_in(
        logic, asked, facts.year(asked.class_), asked.year, lambda year: logic.same(year, box.year.value)
    )
    return logic.either(logic.negate(box.year.known), held)


INSIDE: Mapping[str, Callable[[Logic, OrgFacts, Box, BoxQuestion], B]] = {
    "unit": lambda _, facts, box, asked: facts.below(asked.unit, box.unit),
    "levels": _levels_inside,
    "grades": _grades_inside,
    "classes": _classes_inside,
    "subjects": _subjects_inside,
    "school_year": _year_inside,
    "categories": lambda logic, _, box, asked: logic.either(
        box.categories.open, box.categories.has(asked.category)
    ),
    "actions": lambda logic, _, box, asked: logic.either(box.actions.open, box.actions.has(asked.action)),
}
"""What a decision compares (`engine.decide`), axis by axis."""


def is_of_class(logic: Logic, facts: OrgFacts, asked: BoxQuestion) -> B:
    """The unit of a question about a class is the class's school."""
    return implies(logic, asked.of_class, logic.same(asked.unit, facts.school(asked.class_)))


# -- what two have in common


def _meet(logic: Logic, one: Axis, other: Axis) -> Axis:
    def has(*thing: X) -> B:
        return logic.both(logic.either(one.open, one.has(*thing)), logic.either(other.open, other.has(*thing)))

    return Axis(logic.both(one.open, other.open), has)


def _meet_classes(logic: Logic, facts: OrgFacts, one: Axis, other: Axis) -> Axis:
    """The pairs that both name; a class as a whole is every subject of it."""

    def has(class_: X, subject: X) -> B:
        whole_of_one = logic.both(other.has(class_, subject), one.has(class_, facts.whole))
        whole_of_other = logic.both(one.has(class_, subject), other.has(class_, facts.whole))
        both = logic.both(one.has(class_, subject), other.has(class_, subject))
        named = logic.both(logic.negate(one.open), logic.negate(other.open))
        return logic.either(
            logic.both(one.open, other.has(class_, subject)),
            logic.both(other.open, one.has(class_, subject)),
            logic.both(named, logic.either(both, whole_of_one, whole_of_other)),
        )

    return Axis(logic.both(one.open, other.open), has)


def _class_fits(logic: Logic, facts: OrgFacts, box: Box, class_: X) -> B:
    return logic.both(
        logic.either(box.levels.open, box.levels.has(facts.level(class_))),
        logic.either(box.grades.open, box.grades.has(facts.grade(class_))),
        logic.either(logic.negate(box.year.known), logic.same(facts.year(class_), box.year.value)),
    )


@dataclass(frozen=True)
class Rules:
    """The sentences in force; a mutant of the model has one of them otherwise."""

    within: Mapping[str, Sentence] = field(default_factory=lambda: WITHIN)
    inside: Mapping[str, Callable[[Logic, OrgFacts, Box, BoxQuestion], B]] = field(default_factory=lambda: INSIDE)
    fits: Callable[[Logic, OrgFacts, Box, X], B] = _class_fits
    """Which classes are kept when two boxes meet."""
    is_normalised: bool = True
    """Are a class-bound scope's level, grade and year those of its classes (`domain.org.normalise`)?"""
    asks_again: bool = True
    """Is containment asked again on the day of the question?"""
    ends_in_time: bool = True
    """Does what is handed down end with the authority, at the latest?"""
    is_denied_alone: bool = True
    """Does a role's own deny row stop the grants of that role and no others?"""

    def lies_within(self, logic: Logic, facts: OrgFacts, inner: Box, outer: Box) -> B:
        """(3) On every axis."""
        return logic.both(*(says(logic, facts, inner, outer) for says in self.within.values()))

    def lies_inside(self, logic: Logic, facts: OrgFacts, box: Box, asked: BoxQuestion) -> B:
        """The question lies in the box entirely."""
        return logic.both(*(says(logic, facts, box, asked) for says in self.inside.values()))

    def sound(self, logic: Logic, facts: OrgFacts, box: Box) -> B:
        """A class-bound scope names the levels, grades and year of its classes, which are of its own unit."""
        if not self.is_normalised:
            return logic.both()

        def fits(class_: X, subject: X) -> B:
            there = logic.same(facts.school(class_), box.unit)
            known = logic.both(there, _class_fits(logic, facts, box, class_))
            return implies(logic, box.classes.has(class_, subject), known)

        named = logic.both(logic.negate(box.levels.open), logic.negate(box.grades.open), box.year.known)
        return logic.either(box.classes.open, logic.both(named, _each_pair(logic, fits)))

    def common(self, logic: Logic, facts: OrgFacts, one: Box, other: Box) -> tuple[B, Box]:
        """What two boxes share (`domain.org.common`), and whether that is anything."""
        lower = facts.below(one.unit, other.unit)
        years = logic.either(
            logic.negate(one.year.known),
            logic.negate(other.year.known),
            logic.same(one.year.value, other.year.value),
        )
        shared = Box(
            unit=logic.choose(lower, one.unit, other.unit),
            levels=_meet(logic, one.levels, other.levels),
            grades=_meet(logic, one.grades, other.grades),
            classes=_meet_classes(logic, facts, one.classes, other.classes),
            subjects=_meet(logic, one.subjects, other.subjects),
            year=MaybeNamed(
                logic.either(one.year.known, other.year.known),
                logic.choose(one.year.known, one.year.value, other.year.value),
            ),
            categories=_meet(logic, one.categories, other.categories),
            actions=_meet(logic, one.actions, other.actions),
        )
        kept = replace(shared, classes=self._kept(logic, facts, shared))
        comparable = logic.either(lower, facts.below(other.unit, one.unit))
        return logic.both(comparable, years, *not_empty(logic, kept)), kept

    def _kept(self, logic: Logic, facts: OrgFacts, shared: Box) -> Axis:
        """Nothing compares the level and grade of a class afterwards."""

        def has(class_: X, subject: X) -> B:
            return logic.both(shared.classes.has(class_, subject), self.fits(logic, facts, shared, class_))

        return Axis(shared.classes.open, has)


def not_empty(logic: Logic, box: Box) -> list[B]:
    """No axis that is named has nothing."""
    axes: tuple[tuple[Sort, Any], ...] = (
        (Sort.LEVEL, box.levels),
        (Sort.GRADE, box.grades),
        (Sort.SUBJECT, box.subjects),
        (Sort.CATEGORY, box.categories),
        (Sort.ACTION, box.actions),
    )
    found = [logic.either(axis.open, some(logic, sort, axis.has)) for sort, axis in axes]
    pair = some(
        logic, Sort.CLASS, lambda one: some(logic, Sort.SUBJECT, lambda subject: box.classes.has(one, subject))
    )
    return [*found, logic.either(box.classes.open, pair)]

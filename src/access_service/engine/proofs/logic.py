"""What a formula is made of, so that one definition is read twice: by a solver, and by Python over finite sets.

`engine.proofs.boxes` says what lies within what; `Truths` answers it for values, as the engine is compared with it
on tens of thousands of decisions, and `engine.proofs.solving` turns the same words into z3's. A proof is about the
very text that the comparison has run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

B = Any
"""A truth: a bool of Python, or a formula of the solver."""
X = Any
"""A thing of one of the sorts."""


class Sort(StrEnum):
    """Kinds of things that formulas are about; how many there are of each is left open."""

    UNIT = "unit"
    LEVEL = "level"
    GRADE = "grade"
    CLASS = "class"
    SUBJECT = "subject"
    YEAR = "year"
    CATEGORY = "category"
    ACTION = "action"
    ROLE = "role"
    INSTANT = "instant"


class Logic(Protocol):
    """The words of formulas."""

    def both(self, *truths: B) -> B:
        """All of them."""
        ...

    def either(self, *truths: B) -> B:
        """One of them at least."""
        ...

    def negate(self, truth: B) -> B:
        """Not."""
        ...

    def every(self, sort: Sort, says: Callable[[X], B]) -> B:
        """It holds of each thing of the sort."""
        ...

    def same(self, one: X, other: X) -> B:
        """One thing."""
        ...

    def before(self, one: X, other: X) -> B:
        """Of two instants, the first is strictly earlier."""
        ...

    def choose(self, truth: B, one: X, other: X) -> X:
        """The one where it holds, else the other."""
        ...


def implies(logic: Logic, reason: B, result: B) -> B:
    """Wherever the reason holds, the result does."""
    return logic.either(logic.negate(reason), result)


def some(logic: Logic, sort: Sort, says: Callable[[X], B]) -> B:
    """It holds of one thing of the sort."""
    return logic.negate(logic.every(sort, lambda thing: logic.negate(says(thing))))


class Truths:
    """Formulas as they are for given things: Python's own truths."""

    def __init__(self, things: Mapping[Sort, Sequence[X]]) -> None:
        """Every thing there is, by its sort."""
        self._things = things

    def both(self, *truths: bool) -> bool:
        """All of them."""
        return all(truths)

    def either(self, *truths: bool) -> bool:
        """One of them at least."""
        return any(truths)

    def negate(self, truth: bool) -> bool:
        """Not."""
        return not truth

    def every(self, sort: Sort, says: Callable[[X], bool]) -> bool:
        """It holds of each thing of the sort."""
        return all(says(thing) for thing in self._things[sort])

    def same(self, one: X, other: X) -> bool:
        """One thing."""
        return bool(one == other)

    def before(self, one: X, other: X) -> bool:
        """Of two instants, the first is strictly earlier."""
        return bool(one < other)

    def choose(self, truth: bool, one: X, other: X) -> X:
        """The one where it holds, else the other."""
        return one if truth else other

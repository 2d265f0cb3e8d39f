"""Formulas for z3: sets without a bound, any number of units, and whatever counterexample there is.

z3 is loaded when something is to be proved and never by the server; it is in the extra `proofs`. A theorem is
proved by having no counterexample. `unknown`, or the end of the time given, is an answer of its own and proves
nothing.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

from access_service.engine.proofs.boxes import Axis, Box, BoxQuestion, MaybeNamed, OrgFacts
from access_service.engine.proofs.logic import B, Sort, X, implies


class SolverMissingError(Exception):
    """z3 is not installed."""


class SolverVerdict(StrEnum):
    """What became of a theorem."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


def load_solver() -> ModuleType:
    """z3's module; raises `SolverMissingError` where it is not installed."""
    try:
        return importlib.import_module("z3")
    except ImportError:
        raise SolverMissingError from None


class Terms:
    """A `Logic` whose truths are formulas; makes boxes, questions and facts of which nothing is known."""

    def __init__(self) -> None:
        """A context of its own: z3 shares nothing between threads."""
        self.z3: Any = load_solver()
        self.context = self.z3.Context()
        real = self.z3.RealSort(self.context)
        self.sorts: dict[Sort, Any] = {
            sort: real if sort is Sort.INSTANT else self.z3.DeclareSort(sort.value, self.context) for sort in Sort
        }
        self._made = 0

    # -- the words

    def both(self, *truths: B) -> B:
        """All of them."""
        return self.z3.And(*truths, self.context)

    def either(self, *truths: B) -> B:
        """One of them at least."""
        return self.z3.Or(*truths, self.context)

    def negate(self, truth: B) -> B:
        """Not."""
        return self.z3.Not(truth)

    def every(self, sort: Sort, says: Callable[[X], B]) -> B:
        """It holds of each thing of the sort."""
        thing = self.thing(sort, "each")
        return self.z3.ForAll([thing], says(thing))

    def same(self, one: X, other: X) -> B:
        """One thing."""
        return one == other

    def before(self, one: X, other: X) -> B:
        """Of two instants, the first is strictly earlier."""
        return one < other

    def choose(self, truth: B, one: X, other: X) -> X:
        """The one where it holds, else the other."""
        return self.z3.If(truth, one, other)

    # -- things of which nothing is known

    def thing(self, sort: Sort, name: str) -> X:
        """Some thing of the sort."""
        self._made += 1
        return self.z3.Const(f"{name}#{self._made}", self.sorts[sort])

    def truth(self, name: str) -> B:
        """Something that holds or does not."""
        self._made += 1
        return self.z3.Bool(f"{name}#{self._made}", self.context)

    def function(self, name: str, *sorts: Sort) -> Callable[..., B]:
        """Holds of some things of these sorts."""
        self._made += 1
        truth = self.z3.BoolSort(self.context)
        return self.z3.Function(  # type: ignore[no-any-return]
            f"{name}#{self._made}", *(self.sorts[sort] for sort in sorts), truth
        )

    def mapping(self, name: str, of: Sort, to: Sort) -> Callable[[X], X]:
        """For each thing of one sort, one of another."""
        self._made += 1
        return self.z3.Function(f"{name}#{self._made}", self.sorts[of], self.sorts[to])  # type: ignore[no-any-return]

    def named(self, sort: Sort, name: str) -> MaybeNamed:
        """Something that may be left out."""
        return MaybeNamed(self.truth(f"{name} known"), self.thing(sort, name))

    def box(self, name: str) -> Box:
        """Any scope."""

        def axis(of: str, *sorts: Sort) -> Axis:
            return Axis(self.truth(f"{name} {of} open"), self.function(f"{name} {of}", *sorts))

        return Box(
            unit=self.thing(Sort.UNIT, f"{name} unit"),
            levels=axis("levels", Sort.LEVEL),
            grades=axis("grades", Sort.GRADE),
            classes=axis("classes", Sort.CLASS, Sort.SUBJECT),
            subjects=axis("subjects", Sort.SUBJECT),
            year=self.named(Sort.YEAR, f"{name} year"),
            categories=axis("categories", Sort.CATEGORY),
            actions=axis("actions", Sort.ACTION),
        )

    def question(self, facts: OrgFacts) -> tuple[BoxQuestion, B]:
        """Any question, and that what it says of a class is so."""
        asked = BoxQuestion(
            unit=self.thing(Sort.UNIT, "asked unit"),
            of_class=self.truth("asked of a class"),
            class_=self.thing(Sort.CLASS, "asked class"),
            level=self.named(Sort.LEVEL, "asked level"),
            grade=self.named(Sort.GRADE, "asked grade"),
            year=self.named(Sort.YEAR, "asked year"),
            subject=self.named(Sort.SUBJECT, "asked subject"),
            category=self.thing(Sort.CATEGORY, "asked category"),
            action=self.thing(Sort.ACTION, "asked action"),
        )
        lies = implies(self, asked.of_class, self.same(asked.unit, facts.school(asked.class_)))
        named = implies(self, asked.subject.known, self.negate(self.same(asked.subject.value, facts.whole)))
        return asked, self.both(lies, named)

    def facts(self) -> OrgFacts:
        """Any register, on one day."""
        return OrgFacts(
            below=self.function("below", Sort.UNIT, Sort.UNIT),
            school=self.mapping("school", Sort.CLASS, Sort.UNIT),
            level=self.mapping("level", Sort.CLASS, Sort.LEVEL),
            grade=self.mapping("grade", Sort.CLASS, Sort.GRADE),
            year=self.mapping("year", Sort.CLASS, Sort.YEAR),
            teaches=self.function("teaches", Sort.UNIT, Sort.LEVEL),
            whole=self.thing(Sort.SUBJECT, "whole class"),
        )

    def ordered(self, below: Callable[[X, X], B]) -> Sequence[B]:
        """(4) Every unit has one direct manager at most: what lies below what is a forest."""
        z3, unit = self.z3, self.sorts[Sort.UNIT]
        a, b, c = (z3.Const(name, unit) for name in ("unit a", "unit b", "unit c"))
        return (
            z3.ForAll([a], below(a, a)),
            z3.ForAll([a, b, c], z3.Implies(z3.And(below(a, b), below(b, c)), below(a, c))),
            z3.ForAll([a, b], z3.Implies(z3.And(below(a, b), below(b, a)), a == b)),
            z3.ForAll([a, b, c], z3.Implies(z3.And(below(a, b), below(a, c)), z3.Or(below(b, c), below(c, b)))),
        )

    # -- answers

    def settle(self, given: Sequence[B], goal: B, limit_s: float, *, few: int = 0) -> SolverAnswer:
        """Is there a case in which everything given holds and the goal does not?

        With `few`, only among registers with at most so many things of each sort, so that it can be read.
        """
        solver = self.z3.Solver(ctx=self.context)
        solver.set("timeout", max(1, int(limit_s * 1000)))
        solver.add(*given, self.negate(goal))
        if few:
            solver.add(*(self._few(sort, few) for sort in Sort if sort is not Sort.INSTANT))
        began = time.perf_counter()
        found = solver.check()
        took = time.perf_counter() - began
        if found == self.z3.unsat:
            return SolverAnswer(SolverVerdict.PROVED, took)
        if found == self.z3.sat:
            return SolverAnswer(SolverVerdict.REFUTED, took, Counterexample(self, solver.model()))
        return SolverAnswer(SolverVerdict.UNKNOWN, took, why=str(solver.reason_unknown()))

    def _few(self, sort: Sort, most: int) -> B:
        known = [self.thing(sort, f"{sort} {n}") for n in range(most)]
        return self.every(sort, lambda thing: self.either(*(self.same(thing, one) for one in known)))


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """What the solver said."""

    verdict: SolverVerdict
    seconds: float
    counterexample: Counterexample | None = None
    why: str = ""
    """Why the solver does not know."""


class Counterexample:
    """A register, boxes and a question in which a theorem does not hold."""

    def __init__(self, terms: Terms, model: Any) -> None:
        """As the solver found it; few things of each sort."""
        self._terms, self._model = terms, model

    def things(self, sort: Sort) -> Sequence[str]:
        """Every thing of a sort, by the solver's name."""
        return [str(thing) for thing in self._universe(sort)]

    def _universe(self, sort: Sort) -> Sequence[Any]:
        found = self._model.get_universe(self._terms.sorts[sort])
        return sorted(found or (), key=str)

    def holds(self, truth: B) -> bool:
        """Does it?"""
        return bool(self._terms.z3.is_true(self._model.eval(truth, model_completion=True)))

    def which(self, thing: X) -> str:
        """The name of a thing."""
        return str(self._model.eval(thing, model_completion=True))

    def number(self, instant: X) -> float:
        """An instant."""
        found = self._model.eval(instant, model_completion=True)
        return float(found.as_fraction())

    def members(self, axis: Axis, sort: Sort) -> frozenset[str] | None:
        """What an axis has; None where it is the whole of it."""
        if self.holds(axis.open):
            return None
        return frozenset(str(thing) for thing in self._universe(sort) if self.holds(axis.has(thing)))

    def pairs(self, box: Box) -> frozenset[tuple[str, str]] | None:
        """The classes of a box, each with its subject."""
        if self.holds(box.classes.open):
            return None
        return frozenset(
            (str(class_), str(subject))
            for class_ in self._universe(Sort.CLASS)
            for subject in self._universe(Sort.SUBJECT)
            if self.holds(box.classes.has(class_, subject))
        )

    def table(self, function: Callable[..., Any], *sorts: Sort) -> Mapping[tuple[str, ...], Any]:
        """A function or a relation, thing by thing."""
        found: dict[tuple[str, ...], Any] = {}

        def walk(done: tuple[Any, ...]) -> None:
            if len(done) == len(sorts):
                value = self._model.eval(function(*done), model_completion=True)
                is_truth = self._terms.z3.is_bool(value)
                found[tuple(map(str, done))] = self._terms.z3.is_true(value) if is_truth else str(value)
                return
            for thing in self._universe(sorts[len(done)]):
                walk((*done, thing))

        walk(())
        return found

"""The model answers as the code does, and one definition is read alike by Python and by the solver."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from access_service.domain.policy import Pack
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.boxes import INSIDE, WITHIN, Axis, Box, BoxQuestion, MaybeNamed, OrgFacts, Rules
from access_service.engine.proofs.comparing import compare
from access_service.engine.proofs.logic import Sort, Truths
from access_service.engine.proofs.solving import SolverVerdict, Terms
from sampled import times

ROOT = Path(__file__).parents[3]
DECISIONS = times(2500)
"""Fifty thousand at night."""


@pytest.fixture(scope="module")
def base() -> Pack:
    return load_pack(ROOT / "policy", "base", ROOT / "models")


@pytest.mark.parametrize("name", ["base", "ho-chi-minh"])
def test_model_and_engine_never_differ(name: str) -> None:
    found = compare(load_pack(ROOT / "policy", name, ROOT / "models"), DECISIONS, seed=11)
    assert found.differences == ()
    assert found.decisions >= DECISIONS
    assert found.containments > 0


@pytest.mark.parametrize("axis", WITHIN)
def test_a_model_that_forgets_an_axis_of_containment_differs(base: Pack, axis: str) -> None:
    rules = Rules(within={name: says for name, says in WITHIN.items() if name != axis})
    assert compare(base, 3000, rules=rules).differences


@pytest.mark.parametrize("axis", INSIDE)
def test_a_model_that_forgets_an_axis_of_a_question_differs(base: Pack, axis: str) -> None:
    rules = Rules(inside={name: says for name, says in INSIDE.items() if name != axis})
    assert compare(base, 3000, rules=rules).differences


def test_a_model_that_keeps_classes_of_other_levels_differs(base: Pack) -> None:
    assert compare(base, 3000, rules=Rules(fits=lambda logic, *_: logic.both())).differences


THINGS = {sort: tuple(f"{sort} {n}" for n in range(2)) for sort in Sort}


def test_the_solver_reads_the_model_as_python_does() -> None:
    """Forty small registers, written down for the solver thing by thing."""
    random = Random(5)  # noqa: S311 examples
    for _ in range(40):
        facts, boxes, asked = _drawn(random)
        logic, rules = Truths(THINGS), Rules()
        wanted = [
            rules.lies_within(logic, facts, boxes[0], boxes[1]),
            rules.lies_inside(logic, facts, boxes[0], asked),
            rules.sound(logic, facts, boxes[0]),
            rules.common(logic, facts, boxes[0], boxes[1])[0],
        ]
        terms = Terms()
        told = _Told(terms)
        known, formal = told.facts(facts), [told.box(box) for box in boxes]
        question = told.question(asked)
        said = [
            rules.lies_within(terms, known, formal[0], formal[1]),
            rules.lies_inside(terms, known, formal[0], question),
            rules.sound(terms, known, formal[0]),
            rules.common(terms, known, formal[0], formal[1])[0],
        ]
        for value, formula in zip(wanted, said, strict=True):
            goal = formula if value else terms.negate(formula)
            assert terms.settle(told.given, goal, 60.0).verdict is SolverVerdict.PROVED


def _drawn(random: Random) -> tuple[OrgFacts, list[Box], BoxQuestion]:
    def one(sort: Sort) -> str:
        return random.choice(THINGS[sort])

    def axis(*sorts: Sort) -> Axis:
        held = {thing for thing in _tuples(*sorts) if random.random() < 0.5}
        return Axis(random.random() < 0.4, lambda *thing: thing in held)

    def named(sort: Sort) -> MaybeNamed:
        return MaybeNamed(random.random() < 0.5, one(sort))

    def table(of: Sort, to: Sort) -> Any:
        held = {thing: one(to) for thing in THINGS[of]}
        return held.__getitem__

    below = {pair for pair in _tuples(Sort.UNIT, Sort.UNIT) if pair[0] == pair[1] or random.random() < 0.5}
    taught = {pair for pair in _tuples(Sort.UNIT, Sort.LEVEL) if random.random() < 0.5}
    facts = OrgFacts(
        below=lambda *pair: pair in below,
        school=table(Sort.CLASS, Sort.UNIT),
        level=table(Sort.CLASS, Sort.LEVEL),
        grade=table(Sort.CLASS, Sort.GRADE),
        year=table(Sort.CLASS, Sort.YEAR),
        teaches=lambda *pair: pair in taught,
        whole=THINGS[Sort.SUBJECT][0],
    )
    boxes = [
        Box(
            unit=one(Sort.UNIT),
            levels=axis(Sort.LEVEL),
            grades=axis(Sort.GRADE),
            classes=axis(Sort.CLASS, Sort.SUBJECT),
            subjects=axis(Sort.SUBJECT),
            year=named(Sort.YEAR),
            categories=axis(Sort.CATEGORY),
            actions=axis(Sort.ACTION),
        )
        for _ in range(2)
    ]
    asked = BoxQuestion(
        unit=one(Sort.UNIT),
        of_class=random.random() < 0.5,
        class_=one(Sort.CLASS),
        level=named(Sort.LEVEL),
        grade=named(Sort.GRADE),
        year=named(Sort.YEAR),
        subject=named(Sort.SUBJECT),
        category=one(Sort.CATEGORY),
        action=one(Sort.ACTION),
    )
    return facts, boxes, asked


def _tuples(*sorts: Sort) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for sort in sorts:
        found = [(*done, thing) for done in found for thing in THINGS[sort]]
    return found


class _Told:
    """Given things as the solver's: each a name of its own, each function known thing by thing."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._of = {
            sort: {name: terms.thing(sort, name) for name in THINGS[sort]}
            for sort in Sort
            if sort is not Sort.INSTANT
        }
        self.given: list[Any] = []
        for names in self._of.values():
            one, other = names.values()
            self.given.append(terms.negate(terms.same(one, other)))
        for sort, names in self._of.items():
            known = list(names.values())
            self.given.append(
                terms.every(sort, lambda thing, known=known: terms.either(*(terms.same(thing, k) for k in known)))
            )

    def thing(self, sort: Sort, name: str) -> Any:
        return self._of[sort][name]

    def truth(self, value: bool) -> Any:
        return self._terms.both() if value else self._terms.either()

    def relation(self, holds: Any, *sorts: Sort) -> Any:
        made = self._terms.function("relation", *sorts)
        for names in _tuples(*sorts):
            said = made(*(self.thing(sort, name) for sort, name in zip(sorts, names, strict=True)))
            self.given.append(said if holds(*names) else self._terms.negate(said))
        return made

    def mapping(self, find: Any, of: Sort, to: Sort) -> Any:
        made = self._terms.mapping("mapping", of, to)
        for name in THINGS[of]:
            self.given.append(self._terms.same(made(self.thing(of, name)), self.thing(to, find(name))))
        return made

    def facts(self, facts: OrgFacts) -> OrgFacts:
        return OrgFacts(
            below=self.relation(facts.below, Sort.UNIT, Sort.UNIT),
            school=self.mapping(facts.school, Sort.CLASS, Sort.UNIT),
            level=self.mapping(facts.level, Sort.CLASS, Sort.LEVEL),
            grade=self.mapping(facts.grade, Sort.CLASS, Sort.GRADE),
            year=self.mapping(facts.year, Sort.CLASS, Sort.YEAR),
            teaches=self.relation(facts.teaches, Sort.UNIT, Sort.LEVEL),
            whole=self.thing(Sort.SUBJECT, facts.whole),
        )

    def named(self, named: MaybeNamed, sort: Sort) -> MaybeNamed:
        return MaybeNamed(self.truth(named.known), self.thing(sort, named.value))

    def box(self, box: Box) -> Box:
        def axis(of: Axis, *sorts: Sort) -> Axis:
            return Axis(self.truth(of.open), self.relation(of.has, *sorts))

        return Box(
            unit=self.thing(Sort.UNIT, box.unit),
            levels=axis(box.levels, Sort.LEVEL),
            grades=axis(box.grades, Sort.GRADE),
            classes=axis(box.classes, Sort.CLASS, Sort.SUBJECT),
            subjects=axis(box.subjects, Sort.SUBJECT),
            year=self.named(box.year, Sort.YEAR),
            categories=axis(box.categories, Sort.CATEGORY),
            actions=axis(box.actions, Sort.ACTION),
        )

    def question(self, asked: BoxQuestion) -> BoxQuestion:
        return BoxQuestion(
            unit=self.thing(Sort.UNIT, asked.unit),
            of_class=self.truth(asked.of_class),
            class_=self.thing(Sort.CLASS, asked.class_),
            level=self.named(asked.level, Sort.LEVEL),
            grade=self.named(asked.grade, Sort.GRADE),
            year=self.named(asked.year, Sort.YEAR),
            subject=self.named(asked.subject, Sort.SUBJECT),
            category=self.thing(Sort.CATEGORY, asked.category),
            action=self.thing(Sort.ACTION, asked.action),
        )

"""What is proved of every register and every pack, however many units, classes and grants there are.

Each theorem builds its formulas with the sentences of `boxes.Rules`, so that a faulty sentence is refuted here.
What a counterexample is about (boxes, question, days) is kept in a `Claim`, from which
`engine.proofs.counterexamples` writes a case that the engine plays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from access_service.engine.proofs.boxes import Box, BoxQuestion, OrgFacts, Rules, not_empty
from access_service.engine.proofs.logic import B, Logic, Sort, X, implies
from access_service.engine.proofs.solving import Terms


@dataclass(frozen=True, slots=True)
class Claim:
    """A theorem in formulas: wherever everything given holds, so does the goal."""

    given: Sequence[B]
    goal: B
    facts: OrgFacts
    asked: BoxQuestion | None = None
    boxes: Mapping[str, Box] = field(default_factory=dict)
    """By the part that each plays: `inner`, `outer`; `kept`, `narrowed`, `other`."""
    then: OrgFacts | None = None
    """The day of signing, where it is another than that of the question."""
    works: Mapping[str, B] = field(default_factory=dict)
    """Which grants are in force."""
    roles: Mapping[str, X] = field(default_factory=dict)
    tables: Tables | None = None
    instants: Mapping[str, Any] = field(default_factory=dict)


class Tables(NamedTuple):
    """A pack, whatever it says: what each role is allowed and denied, and what everybody is."""

    allows: Callable[[X, X, X], B]
    denies: Callable[[X, X, X], B]
    everybody: Callable[[X, X], B]
    """Denied to everybody, by a row or a lock."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """One sentence about all registers."""

    id: str
    says: str
    rule: str
    """Of the seventeen (docs/README.md)."""
    build: Callable[[Terms, Rules], Claim]


def chain_theorem(length: int) -> Theorem:
    """(3) From giver to giver: what the last holds, the first could have given."""

    def build(terms: Terms, rules: Rules) -> Claim:
        facts = terms.facts()
        asked, is_so = terms.question(facts)
        boxes = [terms.box(f"box {n}") for n in range(length + 1)]
        steps = [rules.lies_within(terms, facts, inner, outer) for inner, outer in pairwise(boxes)]
        sound = [_at_the_door(terms, rules, facts, box) for box in boxes]
        held = rules.lies_inside(terms, facts, boxes[0], asked)
        given = (*terms.ordered(facts.below), is_so, *sound, *steps, held)
        goal = rules.lies_inside(terms, facts, boxes[-1], asked)
        links = {f"link {n}": box for n, box in enumerate(boxes[1:-1], start=1)}
        return Claim(given, goal, facts, asked, {"inner": boxes[0], **links, "outer": boxes[-1]})

    link = "one step" if length == 1 else f"{length} steps"
    return Theorem(f"chain-{length}", f"no delegate exceeds its giver, over {link}", "3", build)


def _at_the_door(terms: Terms, rules: Rules, facts: OrgFacts, box: Box) -> B:
    """What is refused before anything else: an axis that names nothing, a class of another school or level."""
    no_subject = terms.either(box.subjects.open, terms.negate(box.subjects.has(facts.whole)))
    return terms.both(rules.sound(terms, facts, box), no_subject, *not_empty(terms, box))


def _two_days(terms: Terms, rules: Rules) -> Claim:
    """A school moves between signing and asking: what is left of the grant lies in its giver's authority."""
    then, facts = terms.facts(), terms.facts()
    facts = OrgFacts(facts.below, then.school, then.level, then.grade, then.year, then.teaches, then.whole)
    asked, is_so = terms.question(facts)
    inner, outer = terms.box("inner"), terms.box("outer")
    signed = rules.lies_within(terms, then, inner, outer)
    sound = (_at_the_door(terms, rules, then, inner), _at_the_door(terms, rules, then, outer))
    held = rules.lies_inside(terms, facts, inner, asked)
    if rules.asks_again:
        held = _left_inside(terms, rules, facts, inner, outer, asked)
    given = (*terms.ordered(then.below), *terms.ordered(facts.below), is_so, *sound, signed, held)
    goal = rules.lies_inside(terms, facts, outer, asked)
    return Claim(given, goal, facts, asked, {"inner": inner, "outer": outer}, then=then)


def _left_inside(logic: Logic, rules: Rules, facts: OrgFacts, inner: Box, outer: Box, asked: BoxQuestion) -> B:
    """The question lies in what is left of `inner` within `outer` (`domain.moves.left_of`)."""
    within = rules.lies_within(logic, facts, inner, outer)
    is_any, shared = rules.common(logic, facts, inner, outer)
    whole = logic.both(within, rules.lies_inside(logic, facts, inner, asked))
    part = logic.both(logic.negate(within), is_any, rules.lies_inside(logic, facts, shared, asked))
    return logic.either(whole, part)


def _left_is_within(terms: Terms, rules: Rules) -> Claim:
    """What two boxes have in common lies in both."""
    facts = terms.facts()
    asked, is_so = terms.question(facts)
    inner, outer = terms.box("inner"), terms.box("outer")
    sound = (_at_the_door(terms, rules, facts, inner), _at_the_door(terms, rules, facts, outer))
    held = _left_inside(terms, rules, facts, inner, outer, asked)
    goal = terms.both(rules.lies_inside(terms, facts, inner, asked), rules.lies_inside(terms, facts, outer, asked))
    given = (*terms.ordered(facts.below), is_so, *sound, held)
    return Claim(given, goal, facts, asked, {"inner": inner, "outer": outer})


def _left_stays_sound(terms: Terms, rules: Rules) -> Claim:
    """What is left of a class-bound scope says no level, grade or year that its classes do not have."""
    facts = terms.facts()
    inner, outer = terms.box("inner"), terms.box("outer")
    sound = (_at_the_door(terms, rules, facts, inner), _at_the_door(terms, rules, facts, outer))
    is_any, shared = rules.common(terms, facts, inner, outer)

    def fits(class_: X, subject: X) -> B:
        return implies(terms, shared.classes.has(class_, subject), _kept(terms, facts, shared, class_))

    every = terms.every(Sort.CLASS, lambda one: terms.every(Sort.SUBJECT, lambda subject: fits(one, subject)))
    given = (*terms.ordered(facts.below), *sound, is_any)
    return Claim(given, terms.either(shared.classes.open, every), facts, None, {"inner": inner, "outer": outer})


def _kept(logic: Logic, facts: OrgFacts, box: Box, class_: X) -> B:
    return logic.both(
        logic.either(box.levels.open, box.levels.has(facts.level(class_))),
        logic.either(box.grades.open, box.grades.has(facts.grade(class_))),
    )


# -- time


def _ends_with_its_authority(terms: Terms, rules: Rules) -> Claim:
    """Signed at one instant, asked at a later one; in between the authority's end may have been brought forward."""
    logic: Logic = terms
    instant = {
        name: terms.thing(Sort.INSTANT, name)
        for name in ("signed", "asked", "from", "to", "authority from", "authority to", "narrowed to")
    }
    ends, narrowed = terms.truth("the authority ends"), terms.truth("its end was brought forward")

    def at_most(one: X, other: X) -> B:
        return logic.negate(logic.before(other, one))

    within = (
        at_most(instant["authority from"], instant["signed"]),
        implies(logic, ends, logic.before(instant["signed"], instant["authority to"])),
        implies(logic, ends, at_most(instant["to"], instant["authority to"]))
        if rules.ends_in_time
        else logic.both(),
        at_most(instant["signed"], instant["asked"]),
    )
    left = implies(logic, narrowed, logic.before(instant["asked"], instant["narrowed to"]))
    effective = logic.both(
        at_most(instant["from"], instant["asked"]), logic.before(instant["asked"], instant["to"]), left
    )
    in_force = logic.both(
        at_most(instant["authority from"], instant["asked"]),
        implies(logic, ends, logic.before(instant["asked"], instant["authority to"])),
        implies(logic, narrowed, logic.before(instant["asked"], instant["narrowed to"])),
    )
    truths = {"ends": ends, "narrowed": narrowed}
    return Claim((*within, effective), in_force, terms.facts(), instants=instant, works=truths)


# -- several grants of one account


PLAYED = ("kept", "other")


def _taking(how: str) -> Callable[[Terms, Rules], Claim]:
    def build(terms: Terms, rules: Rules) -> Claim:
        facts = terms.facts()
        asked, is_so = terms.question(facts)
        boxes = {name: terms.box(name) for name in ("kept", "narrowed", "other")}
        works = {name: terms.truth(f"{name} is in force") for name in PLAYED}
        roles = {name: terms.thing(Sort.ROLE, f"role of {name}") for name in PLAYED}
        cell = (Sort.ROLE, Sort.CATEGORY, Sort.ACTION)
        tables = Tables(
            terms.function("allows", *cell), terms.function("denies", *cell), terms.function("everybody", *cell[1:])
        )
        sound = [_at_the_door(terms, rules, facts, box) for box in boxes.values()]
        narrower = rules.lies_within(terms, facts, boxes["narrowed"], boxes["kept"])

        def allowed(first: Box, first_works: B) -> B:
            held = {"kept": (first, first_works), "other": (boxes["other"], works["other"])}
            return _is_allowed(terms, rules, facts, asked, tables, roles, held)

        nothing = terms.both(works["kept"], terms.negate(works["kept"]))
        after = allowed(boxes["narrowed"], works["kept"]) if how == "narrowing" else allowed(boxes["kept"], nothing)
        before = allowed(boxes["kept"], works["kept"])
        given = (*terms.ordered(facts.below), is_so, *sound, narrower, after)
        return Claim(given, before, facts, asked, boxes, works=works, roles=roles, tables=tables)

    return build


def _is_allowed(
    logic: Logic,
    rules: Rules,
    facts: OrgFacts,
    asked: BoxQuestion,
    tables: Tables,
    roles: Mapping[str, X],
    held: Mapping[str, tuple[Box, B]],
) -> B:
    """(1), (2) Some grant in force allows, and no deny stands against it."""
    cell = asked.category, asked.action
    reach = {
        name: logic.both(works, rules.lies_inside(logic, facts, box, asked)) for name, (box, works) in held.items()
    }
    denied = {name: logic.both(reach[name], tables.denies(roles[name], *cell)) for name in held}
    anybody = logic.either(*denied.values())
    grants = [
        logic.both(
            reach[name],
            tables.allows(roles[name], *cell),
            logic.negate(denied[name] if rules.is_denied_alone else anybody),
        )
        for name in held
    ]
    return logic.both(logic.negate(tables.everybody(*cell)), logic.either(*grants))


def theorems(bound: int) -> tuple[Theorem, ...]:
    """All of them; `bound` is the longest chain that the pack allows (`limits.max_depth`)."""
    lengths = sorted({1, *(n for n in (2, 4) if n < bound), bound})
    return (
        *(chain_theorem(length) for length in lengths),
        Theorem("two-days", "a unit that moved is closed to whoever no longer manages it", "3, 4", _two_days),
        Theorem(
            "left-within",
            "what an act leaves of a grant lies in the grant and in its authority",
            "3",
            _left_is_within,
        ),
        Theorem(
            "left-sound", "what is left of a class grant names its classes as they are", "3", _left_stays_sound
        ),
        Theorem("time", "no grant outlives the authority that it rests on", "3, 11", _ends_with_its_authority),
        Theorem("narrowing", "narrowing a grant allows nothing that was denied", "2, 10", _taking("narrowing")),
        Theorem(
            "ending",
            "suspending, revoking or ending one allows nothing that was denied",
            "2, 10",
            _taking("ending"),
        ),
    )

"""A counterexample of the solver as a `*_test.yaml`: a register, boxes as grants, and the question.

Every case expects what the model says, so that the file passes where the engine does the same, and an author can
keep it. Whether the real rules accept each step is asked in `engine.proofs.replaying`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from access_service.domain.names import EducationLevel, Rank
from access_service.domain.policy import Pack
from access_service.engine.proofs.boxes import Box, OrgFacts
from access_service.engine.proofs.logic import Sort
from access_service.engine.proofs.solving import Counterexample
from access_service.engine.proofs.theorems import Claim

SIGNED, ASKED = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
MOVED = datetime(2026, 9, 15, tzinfo=UTC)
ALLOW, DENY = "allow", "deny no_grant"
CaseParts = dict[str, Any]


class UnwritableError(Exception):
    """The pack has no words for it: more levels than there are, or no role that permits and denies so."""


def write_case(theorem: str, claim: Claim, found: Counterexample, pack: Pack) -> str:
    """The counterexample as a case file that `policy test` plays; raises `UnwritableError`.

    Boxes are grants of people called after the part that each plays; before and after an act are two people.
    """
    return _CaseWriter(claim, found, pack).write(theorem)


class _CaseWriter:
    """Gives the solver's things names that a pack and a register know."""

    def __init__(self, claim: Claim, found: Counterexample, pack: Pack) -> None:
        self._claim, self._found, self._pack = claim, found, pack
        self._kind = "school" if "school" in pack.unit_kinds else min(pack.unit_kinds)
        self._position = next(
            p.id for p in pack.positions.values() if p.rank is Rank.STAFF and self._kind in p.unit_kinds
        )
        self._names: dict[Sort, dict[str, str]] = {sort: {} for sort in Sort}
        self._words: dict[Sort, Iterator[str]] = {
            Sort.UNIT: (f"000U{n}" for n in count(1)),
            Sort.LEVEL: iter([str(level) for level in EducationLevel]),
            Sort.GRADE: (f"khối {n}" for n in count(1)),
            Sort.YEAR: (f"{n}-{n + 1}" for n in count(2026)),
            Sort.SUBJECT: (f"MON-{n}" for n in count(1)),
        }
        self._roles = {"inner": min(pack.roles)}
        self._cell = _cells(pack)[0]
        if claim.asked is not None:
            self._roles, self._cell = self._roles_and_cell()
            self._names[Sort.CATEGORY][found.which(claim.asked.category)] = self._cell[0]
            self._names[Sort.ACTION][found.which(claim.asked.action)] = self._cell[1]
        self._words[Sort.CATEGORY] = iter(sorted(set(pack.categories) - {self._cell[0]}))
        self._words[Sort.ACTION] = iter(sorted(set(pack.actions) - {self._cell[1]}))
        facts = claim.then or claim.facts
        self._names[Sort.SUBJECT][found.which(facts.whole)] = ""
        self._name_classes(facts)

    # -- names

    def _name(self, sort: Sort, thing: str) -> str:
        """The word for a thing; a new one at its first mention."""
        if thing not in self._names[sort]:
            word = next(self._words[sort], None)
            if word is None:
                raise UnwritableError(f"the pack has too few words for {sort}")
            self._names[sort][thing] = word
        return self._names[sort][thing]

    def _name_classes(self, facts: OrgFacts) -> None:
        school = self._found.table(facts.school, Sort.CLASS)
        year = self._found.table(facts.year, Sort.CLASS)
        for n, thing in enumerate(self._found.things(Sort.CLASS), start=1):
            unit, of_year = self._name(Sort.UNIT, school[(thing,)]), self._name(Sort.YEAR, year[(thing,)])
            self._names[Sort.CLASS][thing] = f"{unit}:{of_year}:{n}"

    def _roles_and_cell(self) -> tuple[dict[str, str], tuple[str, str]]:
        """Roles of the pack that permit and deny the cell as the counterexample's do."""
        claim, found, pack = self._claim, self._found, self._pack
        wanted: dict[str, tuple[bool, bool]] = {"inner": (True, False)}
        if claim.tables is not None and claim.asked is not None:
            cell = claim.asked.category, claim.asked.action
            tables = claim.tables
            wanted = {
                found.which(role): (
                    found.holds(tables.allows(role, *cell)),
                    found.holds(tables.denies(role, *cell)),
                )
                for role in claim.roles.values()
            }
        denied = {(r.role, r.category, r.action) for r in pack.rules if not r.allow}
        for cell_named in _cells(pack):
            chosen: dict[str, str] = {}
            for thing, (allows, denies) in wanted.items():
                for role in sorted(set(pack.roles) - set(chosen.values())):
                    permits = cell_named in pack.cells.get(role, ())
                    if permits is (allows and not denies) and ((role, *cell_named) in denied) is denies:
                        chosen[thing] = role
                        break
            if len(chosen) == len(wanted):
                return chosen, cell_named
        raise UnwritableError("the pack has no roles that permit and deny so")

    # -- the file

    def write(self, theorem: str) -> str:
        """The case file."""
        claim, found = self._claim, self._found
        world: CaseParts = {
            "since": "2020-01-01",
            "years": {},
            "units": {},
            "classes": self._class_lines(),
        }
        answers: dict[str, str] = {}
        people: CaseParts = {}
        grants: CaseParts = {}
        if claim.tables is None:
            for name, box in claim.boxes.items():
                person = name.replace(" ", "-")
                people[person] = {"unit": self._name(Sort.UNIT, found.which(box.unit)), "position": self._position}
                grants[f"quyen-{person}"] = {"person": person, **self._grant(box, self._roles["inner"])}
                if name in ("inner", "outer"):
                    answers[person] = ALLOW if name == "inner" else DENY
        else:
            self._two_people(theorem, people, grants, answers)
        # Years and units that only a box or the question names are known by now.
        world["years"] = {y: {"from": "2020-01-01", "to": "2040-01-01"} for y in self._names[Sort.YEAR].values()}
        world["units"] = self._units()
        world["bound"] = sorted(world["units"])
        world |= {"people": people, "grants": grants}
        world = {key: value for key, value in world.items() if value != {}}
        cases = [
            {
                "name": name,
                "at": ASKED.isoformat(),
                "ask": {"account": name, **self._asked()},
                "expect": _expect(answer),
            }
            for name, answer in answers.items()
        ]
        return json.dumps({"world": world, "cases": cases}, ensure_ascii=False, indent=1)

    def _two_people(self, theorem: str, people: CaseParts, grants: CaseParts, answers: dict[str, str]) -> None:
        """The account before the act, and the same after it."""
        claim, found = self._claim, self._found
        unit = self._name(Sort.UNIT, found.which(claim.boxes["kept"].unit))
        works = {name: found.holds(truth) for name, truth in claim.works.items()}
        role = {name: self._roles[found.which(thing)] for name, thing in claim.roles.items()}
        after = "narrowed" if theorem == "narrowing" else None
        for person, first, answer in (("before", "kept", DENY), ("after", after, ALLOW)):
            people[person] = {"unit": unit, "position": self._position}
            for name, of in ((first, "kept"), ("other", "other")):
                if name is not None and works[of]:
                    grants[f"{person}-{name}"] = {"person": person, **self._grant(claim.boxes[name], role[of])}
            answers[person] = answer

    def _units(self) -> CaseParts:
        facts, then = self._claim.facts, self._claim.then
        below = self._found.table(facts.below, Sort.UNIT, Sort.UNIT)
        earlier = below if then is None else self._found.table(then.below, Sort.UNIT, Sort.UNIT)
        taught = self._found.table(facts.teaches, Sort.UNIT, Sort.LEVEL)
        lines: CaseParts = {}
        for thing in (*self._found.things(Sort.UNIT), *list(self._names[Sort.UNIT])):
            unit = self._name(Sort.UNIT, thing)
            taught_here = (level for (of, level), holds in taught.items() if of == thing and holds)
            levels = [self._name(Sort.LEVEL, level) for level in taught_here]
            manager = [_manager(earlier, thing), _manager(below, thing)]
            line: CaseParts = {"kind": self._kind, "name": unit, "levels": levels}
            if manager[0] == manager[1] is not None:
                line["manager"] = self._name(Sort.UNIT, manager[1])
            elif manager != [None, None]:
                day = MOVED.date().isoformat()
                dated = zip(manager, ({"to": day}, {"from": day}), strict=True)
                line["manager"] = [
                    {"unit": self._name(Sort.UNIT, one), **days} for one, days in dated if one is not None
                ]
            lines[unit] = {key: value for key, value in line.items() if value != []}
        return lines

    def _class_lines(self) -> CaseParts:
        facts = self._claim.then or self._claim.facts
        level, grade = self._found.table(facts.level, Sort.CLASS), self._found.table(facts.grade, Sort.CLASS)
        return {
            id_: {
                "level": self._name(Sort.LEVEL, level[(thing,)]),
                "grade": self._name(Sort.GRADE, grade[(thing,)]),
            }
            for thing, id_ in self._names[Sort.CLASS].items()
        }

    def _grant(self, box: Box, role: str) -> CaseParts:
        found = self._found
        unit = self._name(Sort.UNIT, found.which(box.unit))
        line: CaseParts = {"role": role, "by": unit, "over": unit, "from": "2026-08-01", "to": "2027-05-31"}
        for key, axis, sort in (
            ("levels", box.levels, Sort.LEVEL),
            ("grades", box.grades, Sort.GRADE),
            ("subjects", box.subjects, Sort.SUBJECT),
            ("categories", box.categories, Sort.CATEGORY),
            ("actions", box.actions, Sort.ACTION),
        ):
            members = found.members(axis, sort)
            if members is not None:
                line[key] = sorted(self._name(sort, thing) for thing in members)
        pairs = found.pairs(box)
        if pairs is not None:
            classes: dict[str, list[str]] = {}
            for class_, subject in sorted(pairs):
                classes.setdefault(self._name(Sort.CLASS, class_), []).append(self._name(Sort.SUBJECT, subject))
            whole = {id_ for id_, subjects in classes.items() if "" in subjects}
            if whole and whole != set(classes):
                raise UnwritableError("a case file has no words for whole classes beside subjects of others")
            line["classes"] = sorted(whole) if whole else classes
        if found.holds(box.year.known):
            line["year"] = self._name(Sort.YEAR, found.which(box.year.value))
        return line

    def _asked(self) -> CaseParts:
        asked, found = self._claim.asked, self._found
        resource: CaseParts = {"category": self._cell[0]}
        if asked is None:
            # Nothing is asked: what counts is what the two boxes share.
            unit = self._name(Sort.UNIT, found.which(self._claim.boxes["inner"].unit))
            return {"action": self._cell[1], "resource": {**resource, "type": "unit", "unit": unit}}
        if found.holds(asked.of_class):
            resource |= {"type": "class", "class": self._name(Sort.CLASS, found.which(asked.class_))}
        else:
            resource |= {"type": "unit", "unit": self._name(Sort.UNIT, found.which(asked.unit))}
            for key, said, sort in (
                ("level", asked.level, Sort.LEVEL),
                ("grade", asked.grade, Sort.GRADE),
                ("year", asked.year, Sort.YEAR),
            ):
                if found.holds(said.known):
                    resource[key] = self._name(sort, found.which(said.value))
        if found.holds(asked.subject.known):
            resource["subject"] = self._name(Sort.SUBJECT, found.which(asked.subject.value))
        return {"action": self._cell[1], "resource": resource}


def _expect(answer: str) -> Any:
    return answer if answer == ALLOW else {"deny": answer.removeprefix("deny ")}


def _cells(pack: Pack) -> list[tuple[str, str]]:
    """Cells that may be asked of classes and of units alike, at any time."""
    shut = {(c, a) for lock in pack.locks for c in lock.categories for a in lock.actions}
    return [
        (category.id, action)
        for category in sorted(pack.categories.values(), key=lambda c: c.id)
        for action in sorted(pack.actions)
        if {"class", "unit"} <= set(category.resource_types) and (category.id, action) not in shut
    ]


def _manager(below: Mapping[tuple[str, ...], bool], unit: str) -> str | None:
    """The lowest unit above it."""
    above = [b for (a, b), holds in below.items() if a == unit and b != unit and holds]
    return next((b for b in above if all(below[(b, c)] for c in above)), None)

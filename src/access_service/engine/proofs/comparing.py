"""The model against the code: random registers, scopes and questions, each answered by both.

What is proved is proved of the sentences in `boxes`; here they are read as plain truths and compared with
`domain.scope`, `domain.org.common` and the engine's own decisions. One difference makes every proof worthless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

from access_service.domain.access import AccessRequest, Allow
from access_service.domain.delegation import Grant
from access_service.domain.errors import InvalidError
from access_service.domain.names import (
    AccountId,
    AuthorityId,
    ClassId,
    EducationLevel,
    GrantId,
    UnitId,
)
from access_service.domain.org import (
    ManagementEdge,
    Organisation,
    SchoolClass,
    SchoolYear,
    Unit,
    common,
    is_below,
    normalise,
)
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope, first_axis_outside
from access_service.domain.standing import AccountStanding, GrantStanding
from access_service.engine.cases.world import OnePack
from access_service.engine.compile import compile_pack
from access_service.engine.decide import decide
from access_service.engine.memory import Memory
from access_service.engine.proofs.boxes import Axis, Box, BoxQuestion, MaybeNamed, OrgFacts, Rules
from access_service.engine.proofs.logic import Sort, Truths
from access_service.engine.snapshots import flatten

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
YEARS, GRADES, SUBJECTS = ("2025-2026", "2026-2027"), ("6", "7"), ("", "TOAN", "VAN")
LEVELS = (EducationLevel.PRIMARY, EducationLevel.LOWER_SECONDARY)
SCOPES, ASKED_OF, QUESTIONS = 5, 5, 12
"""In each register: scopes, how many of them and of what they share are asked, and questions about each."""
NOBODY = AccountId("000")
TOLD = 20
"""Differences after which nothing more is asked."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Compared:
    """How often model and code were asked, and where they differ."""

    decisions: int
    containments: int
    meets: int
    differences: tuple[str, ...]


def compare(pack: Pack, decisions: int, seed: int = 0, rules: Rules | None = None) -> Compared:
    """Ask both until so many decisions were made; the first twenty differences are told."""
    asked = _Comparison(pack, Random(seed), rules or Rules())  # noqa: S311 examples, no secret
    while asked.decisions < decisions and len(asked.differences) < TOLD:
        asked.play()
    return Compared(asked.decisions, asked.containments, asked.meets, tuple(asked.differences))


class _Comparison:
    def __init__(self, pack: Pack, random: Random, rules: Rules) -> None:
        self._tables, self._random, self._rules = compile_pack(pack, Memory()), random, rules
        self._role, self._cells = _role_of(pack)
        self._categories = sorted({c for c, _ in self._cells} | set(sorted(pack.categories)[:2]))
        self._actions = sorted({a for _, a in self._cells})
        self._kind = "school" if "school" in pack.unit_kinds else min(pack.unit_kinds)
        self._pack = pack
        self.decisions = self.containments = self.meets = 0
        self.differences: list[str] = []

    def play(self) -> None:
        """One register: scopes in twos, and questions about them."""
        org = self._organisation()
        facts, logic = _facts(org), self._truths(org)
        scopes = [scope for _ in range(SCOPES) if (scope := self._scope(org)) is not None]
        pairs = [(inner, outer) for inner in scopes for outer in scopes]
        asked: list[tuple[Scope, Box]] = [(scope, box_of_scope(scope)) for scope in scopes[:2]]
        for inner, outer in pairs:
            self._contain(org, facts, logic, inner, outer)
            met = self._meet(org, facts, logic, inner, outer)
            asked += [] if met is None else [met]
        for scope, box in asked[:ASKED_OF]:
            self._decide(org, facts, logic, scope, box)

    def _meet(
        self, org: Organisation, facts: OrgFacts, logic: Truths, inner: Scope, outer: Scope
    ) -> tuple[Scope, Box] | None:
        """What two scopes share, thing by thing."""
        scope = common(org, NOW, inner, outer)
        is_any, shared = self._rules.common(logic, facts, box_of_scope(inner), box_of_scope(outer))
        self.meets += 1
        self._note(is_any, scope is not None, ("common", inner, outer))
        if scope is None:
            return None
        wanted = box_of_scope(scope)
        pairs = [(class_id, subject) for class_id in org.classes for subject in SUBJECTS]
        for model, code, things in (
            (shared.levels, wanted.levels, [(level,) for level in LEVELS]),
            (shared.grades, wanted.grades, [(grade,) for grade in GRADES]),
            (shared.classes, wanted.classes, pairs),
            (shared.subjects, wanted.subjects, [(subject,) for subject in SUBJECTS]),
        ):
            held = [model.open or model.has(*thing) for thing in things]
            is_same = held == [code.open or code.has(*thing) for thing in things]
            self._note(is_same, code=True, what=("shared", inner, outer))
        return scope, shared

    def _note(self, model: bool, code: bool, what: tuple[object, ...]) -> None:
        if model is not code:
            self.differences.append(f"model {model}, code {code}: {' '.join(map(str, what))}")

    def _contain(self, org: Organisation, facts: OrgFacts, logic: Truths, inner: Scope, outer: Scope) -> None:
        said = self._rules.lies_within(logic, facts, box_of_scope(inner), box_of_scope(outer))
        axis = first_axis_outside(inner, outer, is_below=lambda unit, root: is_below(org, unit, root, NOW))
        self.containments += 1
        self._note(said, axis is None, ("within", inner, outer))

    def _decide(self, org: Organisation, facts: OrgFacts, logic: Truths, scope: Scope, box: Box) -> None:
        memory = Memory()
        grant = Grant(
            id=GrantId("000"),
            account=NOBODY,
            role=self._role,
            scope=scope,
            unit=scope.unit,
            authority=AuthorityId("000"),
            assignment=None,
            document=None,
            valid_from=SINCE,
            valid_to=None,
        )
        snapshot = flatten(AccountStanding(NOBODY, None, (GrantStanding(grant, None, None),), None), memory)
        places = OnePack(org, frozenset(org.units), self._tables, NOW, memory)
        for _ in range(QUESTIONS):
            request, asked = self._question(org)
            got = isinstance(decide(request, snapshot, places, NOW), Allow)
            cell = asked.category, asked.action
            said = self._rules.lies_inside(logic, facts, box, asked) and cell in self._cells
            self.decisions += 1
            self._note(said, got, ("inside", scope, request))

    # -- what is asked about

    def _organisation(self) -> Organisation:
        random, ids = self._random, [UnitId(f"000U{n}") for n in range(4)]
        units, edges = {}, {}
        for n, id_ in enumerate(ids):
            levels = frozenset(level for level in LEVELS if random.random() < 0.6)  # noqa: PLR2004
            units[id_] = Unit(id_, self._kind, id_, levels, SINCE, None)
            manager = random.choice([None, *ids[:n]]) if n else None
            edges[id_] = () if manager is None else (ManagementEdge(f"e{n}", id_, manager, "000/QĐ", SINCE, None),)
        classes = {}
        for n in range(7):
            # Most are of two schools, so that one scope names several of different levels and grades.
            school, year = random.choice((*ids, *ids[2:] * 3)), random.choice(YEARS)
            class_id = ClassId(f"{school}:{year}:{n}")
            level, grade = random.choice(LEVELS), random.choice(GRADES)
            classes[class_id] = SchoolClass(
                id=class_id,
                school=school,
                school_year=year,
                name=str(n),
                level=level,
                grade=grade,
                valid_from=SINCE,
            )
        years = {year: SchoolYear(year, SINCE, datetime(2040, 1, 1, tzinfo=UTC)) for year in YEARS}
        return Organisation(units, edges, classes, years)

    def _truths(self, org: Organisation) -> Truths:
        return Truths(
            {
                Sort.UNIT: tuple(org.units),
                Sort.LEVEL: LEVELS,
                Sort.GRADE: GRADES,
                Sort.CLASS: tuple(org.classes),
                Sort.SUBJECT: SUBJECTS,
                Sort.YEAR: YEARS,
                Sort.CATEGORY: self._categories,
                Sort.ACTION: self._actions,
            }
        )

    def _some(self, things: Sequence[T], chance: float = 0.3) -> frozenset[T] | None:
        """Now and then the whole axis is open."""
        if self._random.random() > chance or not things:
            return None
        return frozenset(self._random.sample(list(things), self._random.randint(1, len(things))))

    def _scope(self, org: Organisation) -> Scope | None:
        """One as it passes the door; None where the door refuses it."""
        random, unit = self._random, self._random.choice(list(org.units))
        own = [c for c in org.classes.values() if c.school == unit]
        classes = None
        if own and random.random() < 0.5:  # noqa: PLR2004
            year = random.choice(own).school_year
            classes = frozenset(
                (c.id, random.choice(SUBJECTS))
                for c in own
                if c.school_year == year and random.random() < 0.7  # noqa: PLR2004
            )
        scope = Scope(
            unit=unit,
            levels=None if classes else self._some(LEVELS),
            grades=None if classes else self._some(GRADES),
            classes=classes or None,
            subjects=self._some(SUBJECTS[1:]),
            school_year=random.choice((None, None, *YEARS)),
            categories=self._some(self._categories),
            actions=self._some(self._actions),
        )
        try:
            return normalise(org, scope)
        except InvalidError:
            return None

    def _question(self, org: Organisation) -> tuple[AccessRequest, BoxQuestion]:
        random = self._random
        category, action = random.choice(self._categories), random.choice(self._actions)
        if self._cells and random.random() < 0.8:  # noqa: PLR2004
            category, action = random.choice(sorted(self._cells))
        subject = random.choice((None, *SUBJECTS[1:]))
        request = AccessRequest(
            account=NOBODY, action=action, resource_type="", resource_id="", category=category, subject=subject
        )
        function = self._function(category, action)
        if org.classes and random.random() < 0.6:  # noqa: PLR2004
            found = random.choice(list(org.classes.values()))
            request = replace(
                request, resource_type="class", resource_id=found.id, class_id=found.id, function=function
            )
            said = (MaybeNamed(False, LEVELS[0]), MaybeNamed(False, GRADES[0]), MaybeNamed(False, YEARS[0]))
            return request, _asked(found.school, found.id, said, subject, category, action)
        unit = random.choice(list(org.units.values()))
        levels = [None, *(level for level in LEVELS if not unit.levels or level in unit.levels)]
        level, grade, year = random.choice(levels), random.choice((None, *GRADES)), random.choice((None, *YEARS))
        request = replace(
            request,
            resource_type="unit",
            resource_id=unit.id,
            unit=unit.id,
            level=None if level is None else str(level),
            grade=grade,
            school_year=year,
            function=function,
        )
        said = (
            MaybeNamed(level is not None, level),
            MaybeNamed(grade is not None, grade),
            MaybeNamed(year is not None, year),
        )
        return request, _asked(unit.id, None, said, subject, category, action)

    def _function(self, category: str, action: str) -> str | None:
        """One that the row has, where the pack wants a function named."""
        if not self._pack.function_required:
            return None
        rows = (r for r in self._pack.rules if (r.role, r.category, r.action) == (self._role, category, action))
        return next((row.function for row in rows if row.allow), min(self._pack.functions, default=None))


def _role_of(pack: Pack) -> tuple[str, frozenset[tuple[str, str]]]:
    """The role that may do most with records of classes and units, and what."""
    shut = {
        (c, a) for lock in pack.locks if lock.start <= NOW < lock.end for c in lock.categories for a in lock.actions
    }
    fitting = {
        category.id for category in pack.categories.values() if {"class", "unit"} <= set(category.resource_types)
    }
    found = {
        role: frozenset((c, a) for c, a in pack.cells.get(role, ()) if c in fitting and (c, a) not in shut)
        for role in pack.roles
    }
    role = max(sorted(found), key=lambda name: len(found[name]))
    return role, found[role]


def _asked(
    unit: UnitId,
    class_id: ClassId | None,
    said: tuple[MaybeNamed, MaybeNamed, MaybeNamed],
    subject: str | None,
    category: str,
    action: str,
) -> BoxQuestion:
    return BoxQuestion(
        unit=unit,
        of_class=class_id is not None,
        class_=class_id,
        level=said[0],
        grade=said[1],
        year=said[2],
        subject=MaybeNamed(subject is not None, subject),
        category=category,
        action=action,
    )


def _facts(org: Organisation) -> OrgFacts:
    return OrgFacts(
        below=lambda unit, root: is_below(org, unit, root, NOW),
        school=lambda id_: org.classes[id_].school if id_ in org.classes else None,
        level=lambda id_: org.classes[id_].level if id_ in org.classes else None,
        grade=lambda id_: org.classes[id_].grade if id_ in org.classes else None,
        year=lambda id_: org.classes[id_].school_year if id_ in org.classes else None,
        teaches=lambda unit, level: level in org.units[unit].levels,
        whole="",
    )


def box_of_scope(scope: Scope) -> Box:
    """A scope as the model reads it."""

    def axis(held: frozenset[object] | None) -> Axis:
        return Axis(held is None, lambda thing: held is not None and thing in held)

    pairs = scope.classes
    return Box(
        unit=scope.unit,
        levels=axis(scope.levels),
        grades=axis(scope.grades),
        classes=Axis(pairs is None, lambda class_id, subject: pairs is not None and (class_id, subject) in pairs),
        subjects=axis(scope.subjects),
        year=MaybeNamed(scope.school_year is not None, scope.school_year),
        categories=axis(scope.categories),
        actions=axis(scope.actions),
    )

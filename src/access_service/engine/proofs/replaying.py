"""What the real rules and the real engine say of a counterexample.

A refutation counts when they do what the model says: the rules of `domain` accept each step, and the decisions are
those of the case. One that does not replay is a fault of the prover, never a finding about anybody's pack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise

from access_service.domain.access import Allow
from access_service.domain.delegation import Authority, Grant, Office, check_within
from access_service.domain.errors import Fault, RefusedError
from access_service.domain.moves import left_of, rest_of_grant
from access_service.domain.names import AccountId, AuthorityId, GrantId, UnitId
from access_service.domain.org import common, is_below
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope, first_axis_outside
from access_service.domain.standing import GrantFacts
from access_service.domain.time import Interval
from access_service.engine.cases.case_files import Case, decide_case, parse_case_file, run_case
from access_service.engine.cases.world import World
from access_service.engine.compile import compile_pack
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.memory import Memory
from access_service.engine.proofs.counterexamples import ASKED, SIGNED, UnwritableError, write_case
from access_service.engine.proofs.solving import Counterexample
from access_service.engine.proofs.theorems import Claim

INNER, OUTER = AccountId("inner"), AccountId("outer")
AsModelled = tuple[bool, str]
"""Is it as the model says, and what was said?"""


@dataclass(frozen=True, slots=True)
class PlayedBack:
    """What became of a counterexample on the real engine."""

    is_confirmed: bool
    text: str
    """The case file; empty where the pack has no words for it."""
    told: tuple[str, ...]
    """What was asked, and the answer."""


def replay(theorem: str, claim: Claim, found: Counterexample, pack: Pack) -> PlayedBack:
    """Write the counterexample down, and play it."""
    if claim.instants:
        return _replay_times(claim, found, pack)
    try:
        text = write_case(theorem, claim, found, pack)
    except UnwritableError as error:
        return PlayedBack(is_confirmed=False, text="", told=(str(error),))
    faults: list[Fault] = []
    file = parse_case_file("counterexample_test.yaml", text.encode(), pack, faults)
    if file is None or faults:
        return PlayedBack(is_confirmed=False, text=text, told=tuple(str(f) for f in faults))
    tables = compile_pack(pack, Memory())
    said = [*_steps(theorem, file.world), *_answers(theorem, file.world, file.cases, tables)]
    text = _as_answered(text, [run_case(case, file.world, tables).got for case in file.cases])
    return PlayedBack(all(ok for ok, _ in said), text, tuple(told for _, told in said))


def _as_answered(text: str, answers: Sequence[str]) -> str:
    """The file with the engine's own reasons, so that `policy test` plays it as it stands."""
    file = json.loads(text)
    for case, answer in zip(file["cases"], answers, strict=True):
        outcome = answer.partition(",")[0]
        case["expect"] = outcome if outcome == "allow" else {"deny": outcome.removeprefix("deny ")}
    return json.dumps(file, ensure_ascii=False, indent=1)


def _steps(theorem: str, world: World) -> Iterator[AsModelled]:
    """Each hand-down, and each act, is one that the rules accept."""
    scopes = {f.grant.id: f.grant.scope for held in world.grants.values() for f in held}
    if theorem.startswith("chain") or theorem == "two-days":
        links = [scopes[id_] for id_ in scopes if id_.startswith("quyen-")]
        pairs = list(pairwise(links))
    elif theorem == "narrowing":
        pairs = [(scopes[GrantId("after-narrowed")], scopes[GrantId("before-kept")])]
    else:
        pairs = []
    for inner, outer in pairs:
        axis = first_axis_outside(inner, outer, is_below=partial(_below_when_signed, world))
        yield (
            axis is None,
            "handed down: accepted" if axis is None else f"handed down: refused, wider in its {axis}",
        )


def _below_when_signed(world: World, unit: UnitId, root: UnitId) -> bool:
    return is_below(world.org, unit, root, SIGNED)


def _answers(theorem: str, world: World, cases: Sequence[Case], tables: CompiledPack) -> Iterator[AsModelled]:
    if theorem == "left-sound":
        yield _names_its_classes(world)
        return
    if theorem not in ("two-days", "left-within"):
        for case in cases:
            is_allowed = _decides(case, world, tables)
            yield is_allowed == (case.expected.outcome == "allow"), f"{case.name}: {_word(is_allowed)}"
        return
    inner, outer = (next(case for case in cases if case.name == name) for name in (INNER, OUTER))
    held = world.grants[INNER]
    left = _decides(inner, _holding(world, _left(world, held)), tables)
    whole, above = _decides(inner, world, tables), _decides(outer, world, tables)
    is_refuted = not above if theorem == "two-days" else not (whole and above)
    yield left, f"what is left of the grant: {_word(left)}"
    yield is_refuted, f"the grant as it was: {_word(whole)}; its giver: {_word(above)}"


def _word(is_allowed: bool) -> str:
    return "allow" if is_allowed else "deny"


def _decides(case: Case, world: World, tables: CompiledPack) -> bool:
    return case.ask is not None and isinstance(decide_case(case.ask, world, tables, case.at), Allow)


def _holding(world: World, held: Sequence[GrantFacts]) -> World:
    return replace(world, grants={**world.grants, INNER: held})


def _left(world: World, held: Sequence[GrantFacts]) -> list[GrantFacts]:
    """The grants as they stand on the day of the question (`domain.moves.left_of`)."""
    outer = world.grants[OUTER][0].grant.scope
    found = []
    for facts in held:
        scope = left_of(world.org, ASKED, facts.grant.scope, outer)
        if scope is not None:
            found.append(replace(facts, grant=replace(facts.grant, scope=scope)))
    return found


def _names_its_classes(world: World) -> AsModelled:
    inner, outer = (world.grants[who][0].grant.scope for who in (INNER, OUTER))
    left = common(world.org, ASKED, inner, outer)
    wrong = set()
    for class_id, _ in (left.classes if left is not None else None) or ():
        known = world.org.school_class(class_id)
        if left is not None and known is not None:
            fits = (left.levels is None or known.level in left.levels) and (
                left.grades is None or known.grade in left.grades
            )
            wrong |= set() if fits else {class_id}
    return bool(wrong), f"classes of another level or grade than what is left: {', '.join(sorted(wrong)) or 'none'}"


def _replay_times(claim: Claim, found: Counterexample, pack: Pack) -> PlayedBack:
    """The instants of a counterexample in their order, a day apart, before the rules about time."""
    numbers = {name: found.number(instant) for name, instant in claim.instants.items()}
    order = {number: n for n, number in enumerate(sorted(set(numbers.values())))}
    at = {name: SIGNED + order[number] * timedelta(days=1) for name, number in numbers.items()}
    ends, narrowed = found.holds(claim.works["ends"]), found.holds(claim.works["narrowed"])
    scope = Scope(unit=UnitId("000U1"))
    authority = Authority(
        id=AuthorityId("000"),
        unit=scope.unit,
        parent=None,
        scope=scope,
        basis="000/QĐ",
        valid_from=at["authority from"],
        valid_to=at["authority to"] if ends else None,
    )
    org = World().org
    office = Office(org, pack, at["signed"], scope.unit, None, (authority,), suspended=False)
    text = json.dumps({name: moment.isoformat() for name, moment in at.items()}, indent=1)
    try:
        check_within(office, scope, Interval(at["from"], at["to"]))
    except RefusedError as error:
        return PlayedBack(is_confirmed=False, text=text, told=(f"handed down: refused, {error.code}",))
    grant: Grant | None = Grant(
        id=GrantId("000"),
        account=INNER,
        role="",
        scope=scope,
        unit=scope.unit,
        authority=authority.id,
        assignment=None,
        document=None,
        valid_from=at["from"],
        valid_to=at["to"],
    )
    end = at["narrowed to"] if narrowed else None
    if grant is not None and end is not None:
        grant = rest_of_grant(org, None, at["signed"], grant, scope, end)
    over = [until for until in (authority.valid_to, end) if until is not None and until <= at["asked"]]
    holds = grant is not None and at["asked"] in grant.interval
    told = (f"handed down: accepted; in force after its authority ended: {'yes' if holds and over else 'no'}",)
    return PlayedBack(holds and bool(over), text, told)

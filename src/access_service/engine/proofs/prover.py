"""`policy prove`: everything that is shown of a pack, and how: by a solver, by enumeration, by runs.

A refutation that the real engine plays is a finding about the pack or the rules. One that it does not play is a
fault of the prover, and no theorem of a run counts whose model differs from the code in a single answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from time import perf_counter

from access_service.domain.policy import Pack
from access_service.domain.promises import broken_promises
from access_service.domain.separations import meetings
from access_service.engine.compile import compile_pack
from access_service.engine.memory import Memory
from access_service.engine.proofs.boxes import Rules
from access_service.engine.proofs.comparing import Compared, compare
from access_service.engine.proofs.pack_cells import (
    CELL,
    FUNCTION,
    HAND_DOWN,
    KEPT,
    SHUT,
    PackChange,
    PackDifference,
    compare_packs,
    hand_downs,
)
from access_service.engine.proofs.replaying import replay
from access_service.engine.proofs.solving import SolverAnswer, SolverVerdict, Terms
from access_service.engine.proofs.theorems import Claim, Theorem, theorems
from access_service.engine.proofs.witness import case_file, play, write_witnesses

FEW = (2, 3, 4)
"""Things of each sort in a counterexample that is written down; the smallest that there is."""
ORDERS = 5
"""Orders of its rows in which a pack is compiled again."""


class ProofOutcome(StrEnum):
    """What became of a sentence."""

    PROVED = "proved"
    SHOWN = "shown"
    """It comes about, is no fault of the pack, and reviewers see it."""
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    FAULT = "fault"
    """The prover's own: a counterexample that the engine does not play, or a theorem about nothing."""


@dataclass(frozen=True, slots=True)
class Sentenced:
    """One sentence, and what became of it."""

    id: str
    says: str
    basis: str
    """The rule or the article."""
    outcome: ProofOutcome
    seconds: float
    told: tuple[str, ...] = ()
    case: str = ""
    """A `*_test.yaml` that plays it."""


@dataclass(frozen=True, slots=True)
class PackProof:
    """All that was shown of one pack."""

    pack: Pack
    findings: tuple[Sentenced, ...]
    compared: Compared

    @property
    def worst(self) -> ProofOutcome:
        """Of all of them; what nobody knows counts as more than what is refuted."""
        if self.compared.differences:
            return ProofOutcome.FAULT
        found = {finding.outcome for finding in self.findings}
        order = (ProofOutcome.FAULT, ProofOutcome.UNKNOWN, ProofOutcome.REFUTED)
        return next((outcome for outcome in order if outcome in found), ProofOutcome.PROVED)


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """What a run is asked for."""

    limit_s: float = 5.0
    """For each theorem."""
    decisions: int = 2000
    """On which model and code are compared."""
    since: Pack | None = None
    """A pack than which this one may allow no more."""
    accepted: frozenset[str] = frozenset()
    """What it may allow more, as `name_of` calls it."""
    rules: Rules = Rules()  # noqa: RUF009 a value of frozen sentences
    seed: int = 0


def prove(pack: Pack, asked: ProofRequest) -> PackProof:
    """Try every sentence; raises `SolverMissingError` where z3 is not installed."""
    found = [
        *(settle_theorem(theorem, pack, asked) for theorem in theorems(int(pack.number("max_depth")))),
        *_promises(pack),
        *_separations(pack),
        _order(pack, asked.seed),
    ]
    if asked.since is not None:
        found += _no_more(asked.since, pack, asked.accepted)
    return PackProof(pack, tuple(found), compare(pack, asked.decisions, asked.seed, asked.rules))


def settle_theorem(theorem: Theorem, pack: Pack, asked: ProofRequest) -> Sentenced:
    """Prove it of every register, or find one that the engine plays."""
    terms = Terms()
    claim = theorem.build(terms, asked.rules)
    settled = terms.settle(claim.given, claim.goal, asked.limit_s)
    finding = Sentenced(theorem.id, theorem.says, f"rule {theorem.rule}", ProofOutcome.PROVED, settled.seconds)
    if settled.verdict is SolverVerdict.UNKNOWN:
        return replace(finding, outcome=ProofOutcome.UNKNOWN, told=(settled.why or "the solver does not know",))
    if settled.verdict is SolverVerdict.REFUTED:
        return _refuted(finding, terms, claim, settled, pack, asked)
    # Whatever follows from the impossible says nothing: the theorem must be about some register.
    possible = terms.settle(claim.given, terms.either(), asked.limit_s)
    if possible.verdict is SolverVerdict.UNKNOWN:
        return replace(finding, outcome=ProofOutcome.UNKNOWN, told=(f"is it about anything? {possible.why}",))
    if possible.verdict is SolverVerdict.PROVED:
        return replace(finding, outcome=ProofOutcome.FAULT, told=("no register is as the theorem supposes",))
    return finding


def _refuted(
    finding: Sentenced, terms: Terms, claim: Claim, settled: SolverAnswer, pack: Pack, asked: ProofRequest
) -> Sentenced:
    smaller = (terms.settle(claim.given, claim.goal, asked.limit_s, few=few) for few in FEW)
    found = next((s.counterexample for s in smaller if s.counterexample is not None), settled.counterexample)
    if found is None:
        raise RuntimeError("a theorem was refuted by nothing")
    played = replay(finding.id, claim, found, pack)
    outcome = ProofOutcome.REFUTED if played.is_confirmed else ProofOutcome.FAULT
    told = played.told if played.is_confirmed else ("the engine does not do this", *played.told)
    return replace(finding, outcome=outcome, told=told, case=played.text)


def _promises(pack: Pack) -> Iterator[Sentenced]:
    """A pack that breaks one does not load; what was loaded keeps them all."""
    began = perf_counter()
    broken = {b.promise.id: b.said for b in broken_promises(pack)}
    for promise in pack.promises:
        told = (broken[promise.id],) if promise.id in broken else ()
        outcome = ProofOutcome.REFUTED if told else ProofOutcome.PROVED
        says = promise.because or f"promise `{promise.id}`"
        yield Sentenced(promise.id, says, promise.article, outcome, perf_counter() - began, told)


def _separations(pack: Pack) -> Iterator[Sentenced]:
    """One role with both sides: accepted, or refuted. A pair: refused where the pack says so, else shown."""
    began = perf_counter()
    met = meetings(pack, pack.roles)
    for separation in pack.separations:
        roles = [found.roles for found in met if found.separation == separation]
        finding = Sentenced(
            separation.id,
            separation.because or f"separation `{separation.id}`",
            separation.article,
            ProofOutcome.PROVED,
            perf_counter() - began,
        )
        alone = [name for name in roles if "+" not in name]
        pairs = tuple(f"one person: {name}" for name in roles if "+" in name)
        if not roles or separation.refuse:
            yield finding
        elif alone:
            yield _meeting(pack, finding, separation.pair, alone)
        else:
            yield replace(finding, outcome=ProofOutcome.SHOWN, told=pairs)


def _meeting(
    pack: Pack, finding: Sentenced, pair: tuple[tuple[str, str], tuple[str, str]], roles: Sequence[str]
) -> Sentenced:
    """Each role that holds both sides, asked for both by the engine."""
    changes = tuple(PackChange(CELL, (role, *cell), "", "allow", "", "") for role in roles for cell in pair)
    witnesses, unwritten = write_witnesses(PackDifference(pack, pack, changes))
    text = case_file(witnesses)
    answers = play(text, pack, set(roles)) if witnesses else []
    is_played = not unwritten and all(answer == "allow" for answer in answers)
    told = tuple(f"one role: {role}" for role in roles)
    outcome = ProofOutcome.REFUTED if is_played else ProofOutcome.FAULT
    return replace(
        finding, outcome=outcome, told=told if is_played else ("the engine denies one side", *told), case=text
    )


def _order(pack: Pack, seed: int) -> Sentenced:
    """The rows of the pack in other orders: compiled and asked again, cell by cell and hand-down by hand-down."""
    began, random = perf_counter(), Random(seed)  # noqa: S311 orders, no secret
    wanted, differing = _said_by(pack), []
    for n in range(ORDERS):
        rules, rows = list(pack.rules), list(pack.delegation)
        random.shuffle(rules)
        random.shuffle(rows)
        if _said_by(replace(pack, rules=tuple(rules), delegation=tuple(rows))) != wanted:
            differing.append(f"order {n} of the rows answers otherwise")
    outcome = ProofOutcome.REFUTED if differing else ProofOutcome.PROVED
    says = "the order of rows does not matter"
    return Sentenced("order", says, "rule 17", outcome, perf_counter() - began, tuple(differing))


def _said_by(pack: Pack) -> object:
    tables = compile_pack(pack, Memory())
    roles = {
        role: (
            {cell: (found.rule.article, frozenset(found.functions)) for cell, found in of.allow.items()},
            frozenset(of.deny),
        )
        for role, of in tables.roles.items()
    }
    handed = hand_downs(pack, sorted(pack.positions), sorted(pack.unit_kinds))
    return roles, frozenset(tables.everyone_deny), {key: said.documents for key, said in handed.items()}


def name_of(change: PackChange) -> str:
    """What `--except` calls it: `clerk:ACC:read`, `lock:hk1`, `hand-down:clerk`, `promises:some-id`.

    The first covers each function of it.
    """
    if change.part == SHUT:
        return f"lock:{change.what[0]}"
    if change.part in KEPT:
        return ":".join((change.part, *change.what))
    return ":".join(("hand-down", *change.what) if change.part == HAND_DOWN else change.what)


def _no_more(old: Pack, new: Pack, accepted: frozenset[str]) -> Iterator[Sentenced]:
    """Nothing that the old pack denied, but for what is named; a name that matches nothing is said."""
    began = perf_counter()
    difference = compare_packs(old, new)
    more = {name_of(change): change for change in difference.more}
    covered = {name: {n for n in more if n == name or n.startswith(f"{name}:")} for name in accepted}
    left = {name: change for name, change in more.items() if name not in set().union(*covered.values())}
    says = f"allows nothing that {old.name} {old.version} denied" + (", but for what is named" if accepted else "")
    cells = tuple(change for change in left.values() if change.part in (CELL, FUNCTION))
    witnesses, unwritten = write_witnesses(PackDifference(old, new, cells))
    text = case_file(witnesses) if witnesses else ""
    answers = play(text, new, {w.role for w in witnesses}) if witnesses else []
    is_played = not unwritten and all(answer == "allow" for answer in answers)
    outcome = ProofOutcome.PROVED if not left else ProofOutcome.REFUTED if is_played else ProofOutcome.FAULT
    told = tuple(f"{name} ({change.source}, {change.article})" for name, change in sorted(left.items()))
    yield Sentenced(f"since-{old.name}", says, "–", outcome, perf_counter() - began, told, text)
    idle = sorted(name for name, names in covered.items() if not names)
    if idle:
        said = "what is named although it is not new"
        yield Sentenced("named", said, "–", ProofOutcome.SHOWN, 0.0, tuple(idle))

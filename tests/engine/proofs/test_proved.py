"""What is proved of every register, and that each sentence it rests on is needed: mutants are refuted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access_service.domain import moves
from access_service.domain.policy import ONE_ROLE, Pack
from access_service.domain.scope import first_axis_outside
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs import replaying
from access_service.engine.proofs.boxes import WITHIN, Rules
from access_service.engine.proofs.prover import ProofOutcome, ProofRequest, prove, settle_theorem
from access_service.engine.proofs.solving import SolverVerdict, Terms
from access_service.engine.proofs.theorems import Claim, Theorem, theorems

ROOT = Path(__file__).parents[3]
BOUND = 6
PACKS = ("base", "hai-phong", "hai-phong-2023", "hai-duong", "ho-chi-minh")
LIMIT_S = 60.0
"""A machine may be busy; what is asked is the answer."""
BY_ID = {theorem.id: theorem for theorem in theorems(BOUND)}


@pytest.fixture(scope="module")
def base() -> Pack:
    return load_pack(ROOT / "policy", "base", ROOT / "models")


def verdict(theorem: Theorem, rules: Rules) -> SolverVerdict:
    terms = Terms()
    claim = theorem.build(terms, rules)
    return terms.settle(claim.given, claim.goal, LIMIT_S).verdict


@pytest.mark.parametrize("id_", BY_ID)
def test_it_is_proved_of_every_register(id_: str) -> None:
    assert verdict(BY_ID[id_], Rules()) is SolverVerdict.PROVED


@pytest.mark.parametrize("id_", BY_ID)
def test_no_theorem_is_about_nothing(id_: str) -> None:
    terms = Terms()
    claim = BY_ID[id_].build(terms, Rules())
    assert terms.settle(claim.given, terms.either(), LIMIT_S).verdict is SolverVerdict.REFUTED


def mutants() -> dict[str, tuple[Rules, str]]:
    """A fault of the model, and the theorem that it breaks."""
    without = {axis: {name: says for name, says in WITHIN.items() if name != axis} for axis in WITHIN}
    found = {f"{axis} is not compared": (Rules(within=within), "chain-6") for axis, within in without.items()}
    return {
        **found,
        "classes are not normalised": (Rules(is_normalised=False), "chain-1"),
        "containment is not asked again on the day (P1)": (Rules(asks_again=False), "two-days"),
        "a deny row stops the grants of other roles (P2)": (Rules(is_denied_alone=False), "narrowing"),
        "the same, when a grant is revoked (P2)": (Rules(is_denied_alone=False), "ending"),
        "what two share keeps classes of other levels": (Rules(fits=lambda logic, *_: logic.both()), "left-within"),
        "the same, as the scope says": (Rules(fits=lambda logic, *_: logic.both()), "left-sound"),
        "a grant may outlive its authority": (Rules(ends_in_time=False), "time"),
    }


@pytest.mark.parametrize("fault", mutants())
def test_a_fault_of_the_model_is_refuted(fault: str) -> None:
    rules, id_ = mutants()[fault]
    assert verdict(BY_ID[id_], rules) is SolverVerdict.REFUTED


@pytest.mark.parametrize("fault", mutants())
def test_what_the_engine_does_not_do_is_a_fault_of_the_prover_and_no_finding(base: Pack, fault: str) -> None:
    rules, id_ = mutants()[fault]
    found = settle_theorem(BY_ID[id_], base, ProofRequest(limit_s=LIMIT_S, rules=rules))
    assert found.outcome is ProofOutcome.FAULT, found.told


@pytest.mark.parametrize("axis", ["unit", "levels", "grades", "school_year", "categories", "actions"])
def test_what_the_rules_do_is_played_and_becomes_a_finding(
    base: Pack, axis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Model and code have one fault: the counterexample is a register in which the engine allows too much."""

    def forgetful(inner: Any, outer: Any, *, is_below: Any) -> str | None:
        alike = {"unit": {"unit": outer.unit}}.get(axis, {axis: getattr(outer, axis)})
        return first_axis_outside(replace(inner, **alike), outer, is_below=is_below)

    monkeypatch.setattr(replaying, "first_axis_outside", forgetful)
    rules = Rules(within={name: says for name, says in WITHIN.items() if name != axis})
    found = settle_theorem(BY_ID["chain-1"], base, ProofRequest(limit_s=LIMIT_S, rules=rules))
    assert found.outcome is ProofOutcome.REFUTED, found.told
    assert found.told == ("handed down: accepted", "inner: allow", "outer: deny")
    assert '"expect": "allow"' in found.case


def test_a_moved_school_that_stays_open_is_played(base: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: were containment not asked again, what is left of a grant would be all of it."""
    monkeypatch.setattr(replaying, "left_of", lambda _org, _at, inner, _outer: inner)
    found = settle_theorem(BY_ID["two-days"], base, ProofRequest(limit_s=LIMIT_S, rules=Rules(asks_again=False)))
    assert found.outcome is ProofOutcome.REFUTED, found.told
    assert "what is left of the grant: allow" in found.told
    assert '"to": "2026-09-15"' in found.case


def test_a_grant_that_outlives_its_authority_is_played(base: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "check_within", lambda *_: None)
    monkeypatch.setattr(replaying, "rest_of_grant", lambda *a: a[3])
    found = settle_theorem(BY_ID["time"], base, ProofRequest(limit_s=LIMIT_S, rules=Rules(ends_in_time=False)))
    assert found.outcome is ProofOutcome.REFUTED, found.told


def test_moves_still_leave_what_the_theorems_are_about() -> None:
    """The functions that the model repeats are those that decisions use."""
    assert replaying.left_of is moves.left_of
    assert replaying.first_axis_outside is first_axis_outside


# -- answers that prove nothing


def test_a_solver_that_runs_out_of_time_proves_nothing(base: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Terms.settle

    def late(self: Terms, given: Any, goal: Any, limit_s: float, *, few: int = 0) -> Any:
        answer = real(self, given, goal, limit_s, few=few)
        return replace(answer, verdict=SolverVerdict.UNKNOWN, counterexample=None, why="timeout")

    monkeypatch.setattr(Terms, "settle", late)
    found = settle_theorem(BY_ID["chain-1"], base, ProofRequest())
    assert (found.outcome, found.told) == (ProofOutcome.UNKNOWN, ("timeout",))


def test_a_theorem_about_no_register_is_a_fault(base: Pack) -> None:
    def impossible(terms: Terms, _: Rules) -> Claim:
        return Claim((terms.either(),), terms.either(), terms.facts())

    found = settle_theorem(Theorem("none", "nothing", "0", impossible), base, ProofRequest(limit_s=LIMIT_S))
    assert found.outcome is ProofOutcome.FAULT


# -- packs


@pytest.mark.parametrize("name", PACKS)
def test_everything_is_proved_of_todays_packs(name: str) -> None:
    pack = load_pack(ROOT / "policy", name, ROOT / "models")
    proof = prove(pack, ProofRequest(limit_s=LIMIT_S, decisions=300))
    assert proof.worst is ProofOutcome.PROVED, [f for f in proof.findings if f.outcome is not ProofOutcome.PROVED]
    assert proof.compared.decisions >= 300


def test_a_role_that_writes_and_approves_is_refuted_unless_the_pack_accepts_it(base: Pack) -> None:
    strict = tuple(replace(s, within=ONE_ROLE, accept=frozenset()) for s in base.separations)
    proof = prove(replace(base, separations=strict), ProofRequest(limit_s=LIMIT_S, decisions=1))
    refuted = {f.id: f.told for f in proof.findings if f.outcome is ProofOutcome.REFUTED}
    assert refuted == {
        "staff-records-written-and-approved": ("one role: personnel_officer",),
        "curriculum-written-and-approved": ("one role: department_level_officer", "one role: deputy_academic"),
        "facilities-written-and-approved": ("one role: deputy_facilities",),
        "reports-written-and-approved": ("one role: level_officer", "one role: planning_finance_officer"),
    }


def test_a_newer_version_allows_no_more_but_for_what_is_named() -> None:
    old, new = (load_pack(ROOT / "policy", name, ROOT / "models") for name in ("hai-phong-2023", "hai-phong"))
    roles = ("inspector:ACC", "office_leader", "principal")
    named = frozenset({"clerk:ACC:read", "academic_registrar:STU-ID:submit", *roles})
    proof = prove(new, ProofRequest(limit_s=LIMIT_S, decisions=1, since=old, accepted=named | {"clerk:ACC:write"}))
    by_id = {f.id: f for f in proof.findings}
    assert by_id["since-hai-phong-2023"].outcome is ProofOutcome.REFUTED
    assert [line.partition(" ")[0] for line in by_id["since-hai-phong-2023"].told] == [
        "academic_registrar:EMP-BAS:submit"
    ]
    assert by_id["named"].told == ("clerk:ACC:write",)
    every = named | {"academic_registrar:EMP-BAS:submit"}
    assert (
        prove(new, ProofRequest(limit_s=LIMIT_S, decisions=1, since=old, accepted=every)).worst
        is ProofOutcome.PROVED
    )

"""Theorems about decisions (architecture section 3), over random small worlds."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from worlds import (
    HOURS,
    Asked,
    Dice,
    allowing_worlds,
    at,
    scope,
    software_world,
    software_worlds,
    world,
    worlds,
)

import reference
from access_service.domain.access import Allow, Decision
from access_service.domain.accounts import Suspension
from access_service.domain.delegation import Authority
from access_service.domain.names import SuspendableKind
from access_service.domain.org import common
from access_service.domain.policy import PeriodLock, RoleRule
from access_service.domain.reasons import Reason
from access_service.domain.scope import Scope
from access_service.domain.software import ApprovalFacts, Share
from access_service.domain.standing import standing
from access_service.domain.time import next_boundary
from access_service.engine.cases.world import OnePack
from access_service.engine.decide import decide
from plain_casbin import casbin_tables
from remembered import MEMORY, compile_pack, flatten
from sampled import times

TICK = timedelta(microseconds=1)
some = settings(max_examples=times(200), deadline=None, suppress_health_check=list(HealthCheck))


def answer(asked: Asked, tables=None) -> Decision:
    """The engine's answer, from facts to decision."""
    snapshot = None if asked.facts is None else flatten(standing(asked.facts, asked.now))
    return decide(
        asked.request,
        snapshot,
        OnePack(asked.org, asked.bound, tables or compile_pack(asked.pack), asked.now, MEMORY),
        asked.now,
    )


def brief(decision: Decision) -> tuple[Reason | None, str | None]:
    """Reason (None is allow) and grant: what two implementations must agree on."""
    return (None if isinstance(decision, Allow) else decision.reason), decision.grant


def by_reference(asked: Asked) -> tuple[Reason | None, str | None]:
    return reference.decide(asked.request, asked.facts, asked.org, asked.pack, asked.bound, asked.now)


@settings(max_examples=times(1500), deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_engine_and_reference_agree(asked: Asked) -> None:
    decision = brief(answer(asked))
    event(str(decision[0] or "allow"))
    assert decision == by_reference(asked)


@settings(max_examples=times(1000), deadline=None, suppress_health_check=list(HealthCheck))
@given(software_worlds())
def test_engine_and_reference_agree_about_software(asked: Asked) -> None:
    """Rule 13, down to the reason and the approval."""
    decision = brief(answer(asked))
    event(str(decision[0] or "allow"))
    assert decision == by_reference(asked)


@some
@given(st.integers(0, 2**40).filter(lambda seed: software_world(seed).facts.approvals))
def test_software_draws_what_paper_and_authority_both_name(seed: int) -> None:
    """Rules 3 and 13: what two scopes have in common allows exactly what both allow."""
    asked, dice = software_world(seed), Dice(seed)
    held = asked.facts.approvals[0]
    a, b = held.approval.scope, scope(dice)

    def allows(left) -> bool:
        always = Authority("so", "so", None, Scope("so"), "", at(-99))
        paper = replace(held.approval, valid_from=at(-9), valid_to=at(99), recorded_at=at(-9), withdrawn_at=None)
        facts = ApprovalFacts(paper, replace(held.software, valid_to=None), shares=(Share(always, left),))
        account = replace(asked.facts.account, activated_at=at(-9), valid_to=None)
        return bool(answer(replace(asked, facts=replace(asked.facts, account=account, approvals=(facts,)))))

    both = common(asked.org, asked.now, a, b)
    assert both == common(asked.org, asked.now, b, a)
    event(f"something in common: {both is not None}, allowed: {allows(both)}")
    assert allows(both) == (allows(a) and allows(b))


@some
@given(software_worlds(), st.data())
def test_the_order_of_approvals_does_not_matter(asked: Asked, data: st.DataObject) -> None:
    """Rule 17."""
    facts = asked.facts
    shuffled = tuple(
        replace(a, shares=tuple(data.draw(st.permutations(a.shares))))
        for a in data.draw(st.permutations(facts.approvals))
    )
    again = answer(replace(asked, facts=replace(facts, approvals=shuffled)))
    assert brief(again) == brief(answer(asked))


@some
@given(software_worlds())
def test_what_is_kept_of_software_holds_up_to_the_next_boundary(asked: Asked) -> None:
    """Rule 15: neither an approval's term nor an authority's ends unnoticed in memory."""
    until = standing(asked.facts, asked.now).until
    places = OnePack(asked.org, asked.bound, compile_pack(asked.pack), asked.now, MEMORY)
    kept = flatten(standing(asked.facts, asked.now))
    last = asked.now + timedelta(hours=99) if until is None else until - TICK
    fresh = flatten(standing(asked.facts, last))
    instant = asked.now
    assert decide(asked.request, kept, places, instant) == decide(asked.request, fresh, places, instant)


@some
@given(worlds())
def test_compiled_tables_and_casbin_itself_agree(asked: Asked) -> None:
    """Rule 17: one engine in place of another, down to the rule that an explanation names."""
    assert answer(asked, casbin_tables(asked.pack)) == answer(asked)


@some
@given(allowing_worlds())
def test_nothing_is_allowed_without_a_rule(asked: Asked) -> None:
    """Rule 1: an allow names a row and a grant in that role, and is gone with the row or with the grant."""
    decision = answer(asked)
    assert isinstance(decision, Allow)
    rule = decision.rule
    assert rule in asked.pack.rules
    assert rule.allow
    assert (rule.category, rule.action) == (asked.request.category, asked.request.action)
    [used] = [g for g in asked.facts.grants if g.grant.id == decision.grant]
    assert used.grant.role == rule.role
    cell = (rule.category, rule.action)
    others = tuple(r for r in asked.pack.rules if (r.category, r.action) != cell)
    assert not answer(replace(asked, pack=replace(asked.pack, rules=others)))
    assert not answer(replace(asked, facts=replace(asked.facts, grants=())))
    assert not answer(replace(asked, facts=None))


@some
@given(allowing_worlds(), st.data())
def test_deny_wins(asked: Asked, data: st.DataObject) -> None:
    """Rule 2: no allow survives a deny row, a lock, or a suspension of account, unit, authority or grant."""
    decision = answer(asked)
    assert isinstance(decision, Allow)
    rule, facts, always = decision.rule, asked.facts, Suspension("s", SuspendableKind.ACCOUNT, "", "so", "", at(-9))
    deny = RoleRule(
        data.draw(st.sampled_from(["*", rule.role])),
        rule.function,
        rule.category,
        rule.action,
        False,
        "default",
        "w:1",
    )
    # A role's row binds the grants of that role: with no others there is nothing left that allows.
    own = tuple(g for g in facts.grants if deny.role in ("*", g.grant.role))
    pack = replace(asked.pack, rules=(*asked.pack.rules, deny))
    denied = answer(replace(asked, pack=pack, facts=replace(facts, grants=own)))
    assert denied.reason is Reason.DENIED_BY_RULE
    cell = frozenset({rule.category}), frozenset({rule.action})
    lock = PeriodLock("khoa", frozenset({"school", "department"}), *cell, at(-9), at(99), "", "default")
    assert answer(replace(asked, pack=replace(asked.pack, locks=(lock,)))).reason is Reason.PERIOD_LOCKED
    suspended = answer(replace(asked, facts=replace(facts, suspensions=(always,))))
    assert suspended.reason is Reason.ACCOUNT_NOT_ACTIVE
    for what in ("suspensions", "unit_suspensions", "authority_suspensions"):
        stopped = tuple(replace(g, **{what: (always.interval,)}) for g in facts.grants)
        assert not answer(replace(asked, facts=replace(facts, grants=stopped)))


@some
@given(allowing_worlds())
def test_a_roles_deny_row_binds_the_grants_of_that_role_only(asked: Asked) -> None:
    """Rule 2: whatever stops, narrows or ends a grant of another role, what this one allows stays allowed."""
    decision = answer(asked)
    assert isinstance(decision, Allow)
    rule = decision.rule
    assert asked.facts is not None
    others = sorted(asked.pack.roles.keys() - {rule.role})
    rows = tuple(replace(rule, role=other, allow=False, source="w:1") for other in others)
    denying = replace(asked, pack=replace(asked.pack, rules=(*asked.pack.rules, *rows)))
    held = answer(denying)
    assert isinstance(held, Allow)
    assert held.rule.role == rule.role
    alone = tuple(g for g in asked.facts.grants if g.grant.role == rule.role)
    assert answer(replace(denying, facts=replace(asked.facts, grants=alone))) == held


@some
@given(worlds(), st.data())
def test_order_and_duplicates_do_not_matter(asked: Asked, data: st.DataObject) -> None:
    """Rule 17: rows, grants and locks in another order, and rows twice."""
    rules = data.draw(st.permutations(asked.pack.rules)) if asked.pack.rules else []
    again = data.draw(st.lists(st.sampled_from(rules), max_size=4)) if rules else []
    pack = replace(asked.pack, rules=(*rules, *again), commitments=tuple(reversed(asked.pack.commitments)))
    facts = asked.facts
    if facts is not None and facts.grants:
        shuffled = data.draw(st.permutations(facts.grants))
        facts = replace(facts, grants=tuple(replace(g, texts=pack.commitments) for g in shuffled))
    assert answer(replace(asked, pack=pack, facts=facts)) == answer(asked)


@some
@given(worlds())
def test_dimensions_of_two_grants_never_combine(asked: Asked) -> None:
    """Rule 3's boxes: what several grants allow, one of them allows alone."""
    assume(asked.facts is not None and len(asked.facts.grants) > 1)
    decision = answer(asked)
    alone = [answer(replace(asked, facts=replace(asked.facts, grants=(g,)))) for g in asked.facts.grants]
    assert isinstance(decision, Allow) == any(isinstance(a, Allow) for a in alone)


def boundary_of(asked: Asked) -> datetime:
    """Until when time alone changes nothing: the standing's own boundary, the organisation's and the locks'."""
    instants: list[datetime | None] = [at(HOURS + 2)]
    if asked.facts is not None:
        instants.append(standing(asked.facts, asked.now).until)
    for edges in asked.org.edges.values():
        instants += [t for edge in edges for t in (edge.valid_from, edge.valid_to)]
    instants += [unit.valid_to for unit in asked.org.units.values()]
    instants += [t for lock in asked.pack.locks for t in (lock.start, lock.end)]
    found = next_boundary(asked.now, instants)
    assert found is not None
    return found


@some
@given(worlds(), st.floats(0, 1, exclude_max=True))
def test_a_decision_is_a_function_of_facts_and_now(asked: Asked, part: float) -> None:
    """Rule 15, and what caches rest on: asked twice it is the same, and constant up to the next boundary."""
    decision, until = answer(asked), boundary_of(asked)
    assert answer(asked) == decision
    # A part just below one is rounded to the whole, which is no longer before the boundary.
    inside = min(asked.now + (until - asked.now) * part, until - TICK)
    for later in (inside, until - TICK):
        assert answer(replace(asked, now=later)) == decision
    # A snapshot kept from `now` says the same as one made later.
    if asked.facts is not None:
        kept = flatten(standing(asked.facts, asked.now))
        places = OnePack(asked.org, asked.bound, compile_pack(asked.pack), asked.now, MEMORY)
        assert decide(asked.request, kept, places, until - TICK) == decision


@some
@given(allowing_worlds())
def test_expiry_is_evaluated_at_the_decision(asked: Asked) -> None:
    """No clerk and no job: the same facts allow one microsecond before the end and say `expired` at it."""
    before, end = answer(asked), asked.now + TICK
    assert isinstance(before, Allow)
    [used] = [g for g in asked.facts.grants if g.grant.id == before.grant]
    ending = replace(used, grant=replace(used.grant, valid_to=end))
    alone = replace(asked, facts=replace(asked.facts, grants=(ending,)))
    assert answer(alone) == before
    assert standing(alone.facts, asked.now).until == end
    # The last instant of one thing may be the last of another: then that is what the answer names.
    assert not answer(replace(alone, now=end))
    if answer(replace(asked, now=end)) == before:
        assert brief(answer(replace(alone, now=end))) == (Reason.EXPIRED, before.grant)
        event("nothing else ended then")


def test_random_worlds_give_every_answer_that_a_world_can() -> None:
    """Properties over worlds that always deny for one reason would prove nothing."""
    seen: Counter[str] = Counter()
    for seed in range(3000):
        asked = world(seed)
        seen[str(by_reference(asked)[0] or "allow")] += 1
    never = {str(reason) for reason in Reason} - seen.keys()
    assert never == {"approval_missing", "outside_approval"}
    assert seen["allow"] > 150
    seen.clear()
    for seed in range(2000):
        seen[str(by_reference(software_world(seed))[0] or "allow")] += 1
    assert min(seen["approval_missing"], seen["outside_approval"], seen["allow"]) > 100, seen
    # What software is told is never the name of an axis: the approval is one paper.
    assert not any(word.startswith("outside_") for word in seen.keys() - {"outside_approval"})
    assert "no_grant" not in seen

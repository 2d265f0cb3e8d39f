"""The graph of paths is what the rules say of each pair, on every golden state; and what it answers is played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access_service.domain import edges
from access_service.domain.accounts import is_led
from access_service.domain.anomalies import AnomalyCode
from access_service.domain.delegation import LEADERS
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountId, AccountKind, UnitId
from access_service.domain.paths import PowerMap
from access_service.storage.audit import events
from access_service.usecases.evidence.paths import ask_paths_to, check_paths, read_paths_to, read_reach
from powers.oracle import Seen, entering, see
from powers.remembering import facts_remembered
from powers.states import OTHER_OFFICE, STATES, States
from world import OFFICE, SCHOOL, World


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with facts_remembered():
        yield States(tmp_path_factory.mktemp("paths"))


@pytest.fixture(scope="module")
def demo(states: States, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = states("demo").open(tmp_path_factory.mktemp("demo"))
    yield world
    world.services.db.close()


def power_of(seen: Seen) -> PowerMap:
    return PowerMap(seen.ground, seen.state.factors)


def pairs(power: PowerMap) -> set[tuple[AccountId, AccountId]]:
    """Who recovers whom alone, in one act."""
    return {(by, to) for by, targets in power.recovered.items() for to in targets}


@pytest.mark.parametrize("name", sorted(STATES))
def test_who_recovers_whom_is_what_the_rule_says_of_every_pair(states: States, tmp_path: Path, name: str) -> None:
    """Alone: what an officer only prepares, because it concerns somebody who signs, takes a second person."""
    world = states(name).open(tmp_path)
    seen = see(world.services, world.register)
    power = power_of(seen)
    asked = set()
    for by in power.accounts:
        caller = entering(world.services, world.register, by)
        if caller is None or power.accounts[by].activated_at is None:
            continue
        asked |= {(by, a.id) for a in power.accounts.values() if edges.may_recover(seen.ground, caller, a)}
    prepared = {
        (by, to)
        for by, to in asked
        if by in power.officers and is_led(seen.ground, power.accounts[to], frozenset(LEADERS))
    }
    world.services.db.close()
    assert pairs(power) == asked - prepared
    assert len(pairs(power)) > 20


@pytest.mark.parametrize("name", sorted(STATES))
def test_a_path_backwards_is_a_reach_forwards(states: States, tmp_path: Path, name: str) -> None:
    world = states(name).open(tmp_path)
    power = power_of(see(world.services, world.register))
    ways = power.ways_to(SCHOOL, "STU-HEA")
    world.services.db.close()
    held = {h.account for h in ways.held}
    starts = {p.start for p in ways.paths}
    assert starts == {a for a in power.accounts if a not in held and held & set(power.reach(a))}
    for path in ways.paths:
        assert path.end in held
        assert len(path.steps) == min(n for a, n in power.reach(path.start).items() if a in held)


@pytest.mark.parametrize("name", sorted(STATES))
def test_nobody_beside_or_below_reaches_an_account_of_leadership(states: States, tmp_path: Path, name: str) -> None:
    """S2 and S3 stay closed: whoever reaches a signer of a unit, or its admin account, stands above it."""
    world = states(name).open(tmp_path)
    power = power_of(see(world.services, world.register))
    for start, offices in power.offices.items():
        for reached in power.reach(start):
            account = power.accounts[reached]
            if account.kind is AccountKind.ADMIN:
                led = {account.unit}
            else:
                led = {u for u, people in power.leaders.items() if account.person in people}
            for unit in led:
                assert offices & set(power.chain(unit)[1:]), f"{start} reaches {reached}"
    world.services.db.close()


def test_a_moved_school_is_out_of_reach_of_its_former_commune(states: States, tmp_path: Path) -> None:
    """P1: after the day of the move the former commune opens no account of the school, and hands nothing there."""
    world = states("school moved").open(tmp_path)
    power = power_of(see(world.services, world.register))
    former = {a for a, units in power.offices.items() if OFFICE in units}
    ways = power.ways_to(SCHOOL, "STU-HEA", accomplices=2)
    assert former
    assert not former & {p.start for p in ways.paths}
    assert {c.unit for c in ways.coalitions} <= {SCHOOL, OTHER_OFFICE, world.root}
    world.services.db.close()


def test_nobody_hands_to_themselves_and_an_officer_who_prepares_does_not_sign(
    states: States, tmp_path: Path
) -> None:
    for name in ("demo", "an officer keeps a school", "deputy in charge"):
        world = states(name).open(tmp_path)
        power = power_of(see(world.services, world.register))
        ways = power.ways_to(SCHOOL, "STU-HEA", accomplices=2)
        has = {(power.accounts[h.account].person, h.grant.unit, h.grant.role) for h in ways.held}
        for c in ways.coalitions:
            assert c.receives not in (c.prepares, c.signs)
            assert 2 <= len(c.people) <= 3
            # Whoever has the role there comes to nothing by another paper.
            assert (c.receives, c.unit, c.role) not in has
        world.services.db.close()


# -- through the door


def head_of(world: World, unit: UnitId) -> Any:
    return entering(world.services, world.register, world.people[f"head:{unit}"].account)


def test_the_head_and_the_unit_above_ask_and_nobody_else_does(demo: World) -> None:
    for unit in (SCHOOL, OFFICE):
        answer = ask_paths_to(demo.services, head_of(demo, unit), SCHOOL, "STU-HEA", accomplices=2)
        assert answer.unit == SCHOOL
        assert {h.account for h in answer.ways.held} <= set(answer.accounts)
    with pytest.raises(NotFoundError):
        ask_paths_to(demo.services, head_of(demo, OTHER_OFFICE), SCHOOL, "STU-HEA")
    teacher = entering(demo.services, demo.register, demo.people["y tế"].account)
    assert teacher is not None
    with pytest.raises((NotFoundError, RefusedError)):
        ask_paths_to(demo.services, teacher, SCHOOL, "STU-HEA")


def test_every_question_is_an_event_and_changes_nothing_else(demo: World) -> None:
    db, register = demo.services.db, demo.register
    revision = demo.revision
    read_paths_to(db, register, SCHOOL, "STU-HEA", accomplices=1)
    read_reach(db, register, f"000.head:{OFFICE}")
    check_paths(db, register)
    with db.connect() as connection:
        said = [e.happening.action for e in events(connection, register, after=0, limit=5000)][-3:]
    assert said == ["paths.read"] * 3
    assert demo.revision == revision


def test_a_leader_with_a_password_alone_is_found(demo: World) -> None:
    """The director and one commune's chair have a second factor; the others' passwords open accounts that have."""
    found = check_paths(demo.services.db, demo.register).findings
    weak = {f.target for f in found if f.code is AnomalyCode.PASSWORD_OPENS_FACTORS}
    power = power_of(see(demo.services, demo.register))
    assert weak == {
        a
        for a, targets in power.recovered.items()
        if power.factors.get(a, 1) == 1 and any(power.factors.get(t, 1) > 1 for t in targets)
    }


@pytest.mark.parametrize(
    ("unit", "category", "others", "wrong"),
    [
        ("000nowhere", "STU-HEA", 0, NotFoundError),
        (SCHOOL, "NONE", 0, InvalidError),
        (SCHOOL, "STU-HEA", 3, InvalidError),
    ],
)
def test_bad_input_is_said(demo: World, unit: str, category: str, others: int, wrong: type[Exception]) -> None:
    with pytest.raises(wrong):
        read_paths_to(demo.services.db, demo.register, UnitId(unit), category, accomplices=others)
    with pytest.raises(NotFoundError):
        read_reach(demo.services.db, demo.register, "000.nobody")

"""Appointing, moving and witnessing in the graph are what the guards say of each pair.

`may_appoint` and `may_move` are played against the use cases, pair by pair, in `test_declared_is_played`; here the
graph is compared with them, and the witness with the use cases themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from access_service.domain.appointing import may_appoint
from access_service.domain.delegation import LEADERS
from access_service.domain.duties import Hand
from access_service.domain.errors import AccessServiceError
from access_service.domain.joint_acts import JointAct, appointings, joint_acts, movings, witnessings
from access_service.domain.names import AccountId, AssignmentId, UnitId
from access_service.domain.org import Assignment, Person, Unit
from access_service.domain.paths import PowerMap
from access_service.domain.reorganising import Move, may_move
from access_service.domain.time import local
from access_service.usecases.identity import recoveries
from access_service.usecases.organisation.org import Duty
from access_service.usecases.services import Caller, rehearse
from powers.factors import SHOWN, factor_shown
from powers.oracle import Seen, entering, see
from powers.remembering import facts_remembered
from powers.states import STATES, States, second_factor
from world import OFFICE, PASSWORD, SCHOOL, World


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with facts_remembered():
        yield States(tmp_path_factory.mktemp("joint"))


def _duties(seen: Seen, unit: UnitId, position: str) -> Iterator[tuple[Assignment, AssignmentId | None]]:
    """Some people in that position, beside and in place of whoever has a duty of the head's."""
    heads = seen.state.heads.get(unit, frozenset())
    held = sorted(d.id for d in seen.state.duties if d.unit == unit and d.person in heads)
    for person in sorted(p.id for p in seen.of(Person))[:4]:
        duty = Duty(person, unit, position, "000/QĐ", date(2026, 8, 1), seen.now).assignment(AssignmentId(""))
        yield from ((duty, replaced) for replaced in (None, *held))


@pytest.mark.parametrize("name", sorted(STATES))
def test_who_appoints_and_moves_is_what_the_rules_say_of_every_pair(
    states: States, tmp_path: Path, name: str
) -> None:
    world = states(name).open(tmp_path)
    seen = see(world.services, world.register)
    power = PowerMap(seen.ground, seen.state.factors)
    graph, asked = set(), set()
    for unit in power.units:
        for act in appointings(power, unit):
            graph |= {(act.prepares, unit, position, bool(act.seconds)) for position in act.positions}
        graph |= {(act.prepares, unit, "moves", bool(act.seconds)) for act in movings(power, unit)}
    for by in power.admin_of.values():
        caller = entering(world.services, world.register, by)
        for unit in power.units if caller is not None and by in power.offices else ():
            kind = next(u.kind for u in seen.of(Unit) if u.id == unit)
            for position in seen.ground.pack_for(unit).positions.values():
                if position.rank not in LEADERS or kind not in position.unit_kinds:
                    continue
                duties = _duties(seen, unit, position.id)
                hands = {may_appoint(seen.ground, caller, duty, old) for duty, old in duties} - {None}
                asked |= {(by, unit, position.id, hand is Hand.PREPARES) for hand in hands}
            moves = [
                Move(unit, m, "", local(seen.now).date()) for m in power.units if m not in power.chain(unit)[:2]
            ]
            hands = {may_move(seen.ground, caller, move) for move in moves} - {None}
            asked |= {(by, unit, "moves", hand is Hand.PREPARES) for hand in hands}
    world.services.db.close()
    assert graph == asked
    assert len(graph) > 10


def test_who_witnesses_a_recovery_is_who_the_act_takes(states: States, tmp_path: Path) -> None:
    """Every account is tried as the second person of every recovery that an officer only prepares."""
    world = states("an officer keeps a commune").open(tmp_path)
    for account in see(world.services, world.register).state.accounts:
        second_factor(world, account)
    seen = see(world.services, world.register)
    power = PowerMap(seen.ground, seen.state.factors)
    edges = [act for target in power.accounts for act in witnessings(power, target)]
    graph = {(act.prepares, act.recovered, other) for act in edges for other in act.seconds}
    played = {(act.prepares, act.recovered, other) for act in edges for other in _confirming(world, act)}
    world.services.db.close()
    assert graph == played
    assert len(graph) > 3


def _confirming(world: World, act: JointAct) -> Iterator[AccountId]:
    """The officer asks for good; each account's confirming is undone."""
    asker, target = entering(world.services, world.register, act.prepares), act.recovered
    assert asker is not None
    assert target is not None
    with factor_shown():
        asked = recoveries.ask_recovery(world.services, asker, target, password=PASSWORD, second=SHOWN).recovery
    for other in see(world.services, world.register).state.accounts:
        second = entering(world.services, world.register, other)
        if second is not None and _is_taken(world, second, asked.id):
            yield other


def _is_taken(world: World, second: Caller, recovery: str) -> bool:
    try:
        with factor_shown():
            rehearse(world.services, lambda s: recoveries.approve_recovery(s, second, recovery, password=PASSWORD))
    except AccessServiceError:
        return False
    return True


def test_the_fewest_people_come_first_and_nobody_is_their_own_second(states: States, tmp_path: Path) -> None:
    for name in ("demo", "an officer keeps a commune"):
        world = states(name).open(tmp_path)
        seen = see(world.services, world.register)
        power = PowerMap(seen.ground, seen.state.factors)
        found = joint_acts(power, SCHOOL, ())
        people = [act.people for act in found]
        assert people == sorted(people)
        assert {act.unit for act in found} >= {SCHOOL, OFFICE}
        for act in found:
            assert power.person_of(act.prepares) not in {power.person_of(a) for a in act.seconds}
        world.services.db.close()

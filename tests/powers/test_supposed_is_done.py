"""A supposed act is the act: the graph that `--after` shows is the one that stands when it was done for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.delegation import Authority
from access_service.domain.joint_acts import joint_acts
from access_service.domain.org import Assignment
from access_service.domain.supposing import ordinary_act
from access_service.domain.time import local
from access_service.usecases.evidence.paths import PathsView, findings_of
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import leaving, moving
from access_service.usecases.services import Caller
from powers.oracle import entering
from powers.remembering import facts_remembered
from powers.states import OTHER_OFFICE, SECOND, STATES, States
from world import OFFICE, SCHOOL, World

CATEGORIES = ("STU-HEA", "STU-ACA")


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with facts_remembered():
        yield States(tmp_path_factory.mktemp("supposed"))


def root_of(world: World) -> Caller:
    with world.services.db.read(world.register) as reader:
        admin = PathsView(reader, world.clock.now).map.admin_of[world.root]
    found = entering(world.services, world.register, admin)
    assert found is not None
    return found


def duty_of(world: World, name: str, unit: str) -> str:
    with world.services.db.read(world.register) as reader:
        held = reader.find(Assignment, person=world.people[name].person, unit=unit)
    return next(d.id for d in held if world.clock.now in d.interval)


def authority_of(world: World, unit: str) -> str:
    with world.services.db.read(world.register) as reader:
        return reader.find(Authority, unit=unit)[0].id


def ends(name: str, unit: str) -> Callable[[World], tuple[str, Callable[[], object]]]:
    def act(world: World) -> tuple[str, Callable[[], object]]:
        duty, on = duty_of(world, name, unit), local(world.clock.now).date()
        return f"duty:end {duty}", lambda: leaving.end_duty(
            world.services, root_of(world), duty, on=on, decision_number="09/QĐ"
        )

    return act


def moves(unit: str, manager: str) -> Callable[[World], tuple[str, Callable[[], object]]]:
    def act(world: World) -> tuple[str, Callable[[], object]]:
        on = local(world.clock.now).date()
        return f"unit:move {unit} {manager}", lambda: moving.change_manager(
            world.services, root_of(world), unit=unit, manager=manager, basis="11/QĐ", on=on
        )

    return act


def withdraws(unit: str) -> Callable[[World], tuple[str, Callable[[], object]]]:
    def act(world: World) -> tuple[str, Callable[[], object]]:
        authority = authority_of(world, unit)
        return f"authority:withdraw {authority}", lambda: delegation.withdraw_authority(
            world.services, root_of(world), authority
        )

    return act


def hands(world: World) -> tuple[str, Callable[[], object]]:
    officer = world.hire("cán bộ mới", OFFICE, "officer_in_charge_of_admin_account", OFFICE)
    return f"custody:hand {OFFICE} {officer.person}", lambda: world.hand_over_custody(OFFICE, officer, OFFICE)


def begins(world: World) -> tuple[str, Callable[[], object]]:
    person = world.people["y tế"].person
    return f"duty:begin {person} {OTHER_OFFICE} commune_deputy_chair", lambda: world.assign(
        person, OTHER_OFFICE, "commune_deputy_chair", OTHER_OFFICE
    )


ACTS: dict[str, Callable[[World], tuple[str, Callable[[], object]]]] = {
    "the teacher leaves": ends("gvcn", SCHOOL),
    "the head of the commune leaves": ends(f"head:{OFFICE}", OFFICE),
    "the head of the school leaves": ends(f"head:{SCHOOL}", SCHOOL),
    "the school moves": moves(SCHOOL, OTHER_OFFICE),
    "the other school moves": moves(SECOND, OFFICE),
    "the school comes under the department": moves(SCHOOL, "00031"),
    "the school's authority is withdrawn": withdraws(SCHOOL),
    "the commune's authority is withdrawn": withdraws(OFFICE),
    "an officer takes the commune's account over": hands,
    "the nurse becomes a deputy elsewhere": begins,
}


def read(world: World, after: str | None = None) -> dict[str, Any]:
    """Everything that the questions are answered from, without the ids that an act gives."""
    act = None if after is None else ordinary_act(f"{after} {local(world.clock.now):%d/%m/%Y}")
    with world.services.db.read(world.register) as reader:
        view = PathsView(reader, world.services.db.now_in(reader.connection, world.register), act)
        power = view.map
        held = {c: {(h.account, h.grant.role, h.grant.unit) for h in power.held(SCHOOL, c)} for c in CATEGORIES}
        papers = {c: set(power.ways_to(SCHOOL, c, 2).coalitions) for c in CATEGORIES}
        return {
            "accounts": set(power.accounts),
            "recovers": {(by, to) for by, targets in power.recovered.items() for to in targets},
            "leads": {unit: set(people) for unit, people in power.leaders.items()},
            "keeps": {u: c.person for u in power.admin_of if (c := power.kept(u)) is not None},
            "held": held,
            "papers": papers,
            "joint": set(joint_acts(power, SCHOOL, ())),
            "findings": {f.name for f in findings_of(view)},
        }


@pytest.mark.parametrize("name", sorted(ACTS))
@pytest.mark.parametrize("state", ["demo", "inspected"])
def test_what_is_supposed_is_what_stands_when_it_was_done(
    states: States, tmp_path: Path, name: str, state: str
) -> None:
    assert state in STATES
    world = states(state).open(tmp_path)
    words, play = ACTS[name](world)
    supposed, before = read(world, words), read(world)
    play()
    done = read(world)
    world.services.db.close()
    assert supposed == done
    assert supposed != before

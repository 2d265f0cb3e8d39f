"""Who would have a door observe for ever, or somewhere else, or make others believe that it agrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import ClientId, SoftwareId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.software import Software
from access_service.usecases.evidence.observed_units import report_observing
from access_service.usecases.services import rehearse
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.third_party.cutting_over import begin_observing, cut_over
from access_service.usecases.third_party.software import register_software_as_operator
from software_world import ENTRY
from world import OFFICE, SCHOOL, World

HERE = frozenset({UnitId(SCHOOL)})
MONTH = timedelta(days=30)


def door(world: World, unit: UnitId, name: str = "Cổng thử", **more: object) -> tuple[Software, ClientId]:
    """A gate that asks for decisions, entered for a unit."""
    chosen = {"pep_scopes": frozenset({"evaluate"}), "resource_types": frozenset({"class"}), **more}
    entry = replace(ENTRY, unit=unit, name=name, is_enforcement_point=True)
    software = register_software_as_operator(world.services, world.register, entry)
    wanted = NewClient(software.id, **chosen)  # type: ignore[arg-type]
    made = clients.create_client_as_operator(world.services, world.register, wanted)
    return software, made.client.id


def refusal(world: World, by: UnitId, client: ClientId, units: frozenset[UnitId] = HERE, days: int = 30) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        begin_observing(world.services, world.admins[by], client, units, world.clock.now + timedelta(days=days))
    return refused.value.code


@pytest.mark.backends("sqlite")
def test_only_the_department_opens_a_door_by_observing_and_only_below_whose_door_it_is(school_world: World) -> None:
    world = school_world
    _, client = door(world, UnitId(SCHOOL))
    assert refusal(world, UnitId(SCHOOL), client) is Refusal.FORBIDDEN
    assert refusal(world, UnitId(OFFICE), client) in (Refusal.FORBIDDEN, Refusal.NOT_FOUND)
    assert refusal(world, world.root, client, frozenset({UnitId(OFFICE)})) is Refusal.WIDER_THAN_AUTHORITY
    with pytest.raises(NotFoundError):
        begin_observing(
            world.services, world.admins[world.root], client, frozenset({UnitId("000")}), world.clock.now + MONTH
        )
    _, blind = door(world, UnitId(SCHOOL), "Cổng khác", pep_scopes=frozenset({"introspect"}))
    assert refusal(world, world.root, blind) is Refusal.FORBIDDEN
    begun = begin_observing(world.services, world.admins[world.root], client, HERE, world.clock.now + MONTH)
    assert [o.unit for o in begun] == [SCHOOL]
    assert refusal(world, world.root, client) is Refusal.DUPLICATE


@pytest.mark.backends("sqlite")
def test_observing_ends_and_a_way_back_never_makes_it_longer(school_world: World) -> None:
    world = school_world
    software, client = door(world, world.root)
    root = world.admins[world.root]
    with pytest.raises(InvalidError):
        begin_observing(world.services, root, client, HERE, world.clock.now)
    assert refusal(world, world.root, client, days=91) is Refusal.WIDER_THAN_AUTHORITY
    begin_observing(world.services, root, client, HERE, world.clock.now + MONTH)
    told = rehearse(world.services, lambda s: cut_over(s, root, client, HERE))
    assert [h.action for h in told.happenings] == ["software.cut_over"]
    assert report_observing(world.services, root, software.id).units[0].mode.value == "observe"
    cut_over(world.services, root, client, HERE)
    with pytest.raises(RefusedError) as again:
        cut_over(world.services, root, client, HERE)
    assert again.value.code is Refusal.DOCUMENT_STATE
    world.clock.forward(days=60)
    line = report_observing(world.services, root, software.id).units[0]
    assert (line.mode.value, line.may_return) == ("enforce", True)
    assert refusal(world, world.root, client, days=31) is Refusal.WIDER_THAN_AUTHORITY
    begin_observing(world.services, root, client, HERE, world.clock.now + timedelta(days=29))
    world.clock.forward(days=30)
    assert refusal(world, world.root, client, days=1) is Refusal.WIDER_THAN_AUTHORITY


@pytest.mark.backends("sqlite")
def test_who_does_not_stand_above_the_software_reads_no_report(school_world: World) -> None:
    world = school_world
    software, _ = door(world, world.root)
    with pytest.raises(RefusedError) as refused:
        report_observing(world.services, world.admins[UnitId(SCHOOL)], software.id)
    assert refused.value.code is Refusal.FORBIDDEN
    with pytest.raises(NotFoundError):
        report_observing(world.services, world.admins[world.root], SoftwareId("sof_000"))

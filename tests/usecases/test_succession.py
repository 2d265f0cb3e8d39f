"""A dissolved office: everything has one successor, and nobody gets what another commune manages (rule 9)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentState, SuspendableKind, UnitId
from access_service.domain.org import Succession
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.storage.access import Gatherer
from access_service.usecases import delegation, org, succession
from access_service.usecases.documents import Line
from access_service.usecases.services import rehearse
from world import DEPARTMENT, LOWER, OFFICE, PRIMARY, SCHOOL, Someone, World, hire_homeroom, homeroom_line

SECOND, THIRD = UnitId("00031002"), UnitId("00031003")


def commune(world: World, id_: UnitId) -> UnitId:
    world.add_unit(id_, "commune", f"UBND xã {id_[-1]}", world.root)
    world.give_authority(id_, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{id_}", id_, "commune_chair", world.root)
    return id_


@pytest.fixture
def three(school_world: World) -> tuple[World, Someone, Grant]:
    """Two more communes, and a teacher of the first one's school."""
    world = school_world
    commune(world, SECOND)
    commune(world, THIRD)
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


def dissolve(world: World, **more: object) -> Succession:
    return succession.succeed_unit(
        world.services,
        world.admins[DEPARTMENT],
        predecessor=OFFICE,
        successor=SECOND,
        basis="NQ 02/NQ",
        on=world.clock.now.date(),
        **more,  # type: ignore[arg-type]
    )


def manager_of_authority(world: World, id_: str) -> UnitId:
    with world.services.db.read(world.register) as reader:
        chain = Gatherer(reader).chain_of_authority(world.get(Authority, id_).id, world.clock.now)
    return chain[1].unit


def held_by(world: World, unit: UnitId) -> Authority:
    with world.services.db.read(world.register) as reader:
        return max(reader.find(Authority, unit=unit), key=lambda a: a.valid_from)


def test_a_successor_does_not_receive_schools_that_another_commune_manages(
    three: tuple[World, Someone, Grant],
) -> None:
    """The school moved to the third commune; then its old one is dissolved into the second."""
    world, teacher, grant = three
    org.change_manager(
        world.services, world.admins[DEPARTMENT], unit=SCHOOL, manager=THIRD, basis="NQ 01/NQ", on=date(2026, 9, 1)
    )
    world.clock.now = start_of_day(date(2026, 9, 1)) + timedelta(hours=9)
    dissolve(world)
    assert manager_of_authority(world, grant.authority) == THIRD
    heir = held_by(world, SECOND)
    delegation.suspend(
        world.services,
        world.admins[DEPARTMENT],
        kind=SuspendableKind.AUTHORITY,
        target=heir.id,
        reason="rà soát",
    )
    assert world.ask(teacher)
    delegation.withdraw_authority(world.services, world.admins[DEPARTMENT], heir.id)
    assert world.ask(teacher)
    with world.refuses(Refusal.NOT_FOUND):
        delegation.revoke_grant(world.services, world.admins[SECOND], grant.id, reason="thu hồi")


def test_a_divided_office_passes_each_school_to_the_one_that_is_named(three: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = three
    dissolve(world, schools={SCHOOL: THIRD})
    assert manager_of_authority(world, grant.authority) == THIRD
    assert world.ask(teacher)
    with world.refuses(Refusal.NOT_FOUND):
        delegation.withdraw_authority(world.services, world.admins[SECOND], grant.authority)
    delegation.withdraw_authority(world.services, world.admins[THIRD], grant.authority)
    assert not world.ask(teacher)


def test_what_has_no_one_successor_is_listed_and_nothing_happens(three: tuple[World, Someone, Grant]) -> None:
    """A school that the office does not manage; and a school's classes of a level that its successor lacks."""
    world, _, _ = three
    stranger = world.add_unit("0003109", "school", "Trường Tiểu học Thử", THIRD, PRIMARY)
    with world.refuses(Refusal.SUCCESSOR_MISSING):
        dissolve(world, schools={stranger: THIRD})
    other = world.add_unit("0003108", "school", "Trường Tiểu học Hai", OFFICE, PRIMARY)
    with world.refuses(Refusal.SUCCESSOR_MISSING):
        succession.succeed_unit(
            world.services,
            world.admins[OFFICE],
            predecessor=SCHOOL,
            successor=other,
            basis="NQ 02/NQ",
            on=world.clock.now.date(),
        )


def test_it_is_asked_first_what_a_succession_would_end(three: tuple[World, Someone, Grant]) -> None:
    world, _, _ = three
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = Line("level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now)
    staff = world.hand_over(OFFICE, officer, line).grants[0]
    told = rehearse(
        world.services,
        lambda s: succession.succeed_unit(
            s,
            world.admins[DEPARTMENT],
            predecessor=OFFICE,
            successor=SECOND,
            basis="NQ 02/NQ",
            on=world.clock.now.date(),
        ),
    )
    assert staff.id in told.ending("grant.end")
    assert world.ask(officer)


def test_open_papers_of_a_dissolved_office_are_over(three: tuple[World, Someone, Grant]) -> None:
    world, _, _ = three
    principal = world.people[f"head:{SCHOOL}"]
    line = Line("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    waiting = world.propose(OFFICE, principal, line)
    dissolve(world)
    assert world.get(Document, waiting.document.id).state is DocumentState.CANCELLED


def test_an_explanation_names_the_old_unit_the_new_one_and_the_paper(three: tuple[World, Someone, Grant]) -> None:
    from access_service.usecases.explain import explain
    from access_service.usecases.snapshots import LockIndex, Reading

    world, teacher, grant = three
    dissolve(world)
    decision = world.ask(teacher)
    request = AccessRequest(
        account=teacher.account,
        action="read",
        resource_type="class",
        resource_id="0003101:2026-2027:6A",
        category="STU-ID",
    )
    with world.services.db.read(world.register) as reader:
        reading = Reading(reader, world.clock.now, LockIndex())
        found = explain(reading, request, decision, revision=world.revision, at=None)
    passages = {(p.from_unit, p.to_unit, p.basis) for a in found.authorities for p in a.passed}
    assert passages == {(OFFICE, SECOND, "NQ 02/NQ")}
    assert [a.unit for a in found.authorities] == [SCHOOL, SECOND, DEPARTMENT]
    assert grant.authority == found.authorities[0].id

"""Rule 9: authority belongs to the office."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.access import Allow
from access_service.domain.delegation import Authority, Grant
from access_service.domain.names import GrantEnd, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import leaving, succession
from access_service.usecases.services import Services
from world import (
    LOWER,
    OFFICE,
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    pack_variant,
    with_school,
)

LAPSE = '[limits.confirmation_silence]\nvalue = "lapse"\narticle = "default"\n'


@pytest.fixture
def lapsing(services: Services, clock: Clock, tmp_path: Path) -> World:
    """A world whose pack lets a new head's silence of thirty days end what the office had granted."""
    return with_school(found(services, clock, pack="thu", policy=pack_variant(tmp_path, "thu", LAPSE)))


def change_head(world: World) -> Someone:
    """The principal leaves today and another one takes office a minute later."""
    head = world.people[f"head:{SCHOOL}"]
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 20), decision_number="02/QĐ")
    world.clock.forward(minutes=1)
    return world.hire("head:mới", SCHOOL, "principal", OFFICE)


def test_authority_belongs_to_the_office(school_world: World) -> None:
    """The head leaves: what they granted stands; silence of the successor flags and does not end it."""
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    before = world.ask(teacher)
    change_head(world)
    assert world.ask(teacher) == before
    assert world.ask(teacher, at=world.clock.now + timedelta(days=60)) == before


def test_silence_lapses_where_the_pack_says_so(lapsing: World) -> None:
    world = lapsing
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    change_head(world)
    taken = world.clock.now
    assert world.ask(teacher, at=taken + timedelta(days=30, seconds=-1))
    assert world.why(teacher, at=taken + timedelta(days=30)) is Reason.CONFIRMATION_LAPSED


def test_a_successor_confirms(lapsing: World) -> None:
    world = lapsing
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    new = change_head(world)
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        delegation.confirm_grants(world.services, teacher.caller, SCHOOL)
    delegation.confirm_grants(world.services, new.caller, SCHOOL)
    assert world.ask(teacher, at=world.clock.now + timedelta(days=60))
    with world.refuses(Refusal.DUPLICATE):
        delegation.confirm_grants(world.services, new.caller, SCHOOL)


def test_a_confirmation_after_the_limit_is_refused(lapsing: World) -> None:
    """A late word would make past refusals right."""
    world = lapsing
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    new = change_head(world)
    world.clock.forward(days=30)
    with world.refuses(Refusal.DOCUMENT_STATE):
        delegation.confirm_grants(world.services, new.caller, SCHOOL)
    assert world.why(teacher) is Reason.CONFIRMATION_LAPSED


def test_a_unit_is_succeeded(school_world: World) -> None:
    """The successor takes authority and what was handed to units and heads; the staff do not pass."""
    world = school_world
    other = world.add_unit("00031002", "commune", "UBND phường Thử", world.root)
    world.give_authority(other, world.root, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{other}", other, "commune_chair", world.root)
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    staff_line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now
    )
    staff = world.hand_over(OFFICE, officer, staff_line).grants[0]
    principal = world.people[f"head:{SCHOOL}"]
    kept = world.hand_over(
        OFFICE, principal, EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    ).grants[0]
    teacher = hire_homeroom(world)
    below = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    succession.succeed_unit(
        world.services,
        world.admins[world.root],
        predecessor=OFFICE,
        successor=other,
        basis="NQ 02/NQ",
        on=date(2026, 8, 20),
    )
    # A manager has changed, not a right: the teacher and the principal read on, the office's own staff do not.
    assert isinstance(world.ask(teacher), Allow)
    assert isinstance(world.ask(principal), Allow)
    assert world.get(Grant, staff.id).ended_as in (GrantEnd.UNIT_ENDED, GrantEnd.ASSIGNMENT_ENDED)
    assert world.why(officer) is Reason.ACCOUNT_NOT_ACTIVE
    # The chain shows both: the grant names the office that issued it, its authority the one that took over.
    authority = world.get(Authority, world.get(Grant, kept.id).authority)
    assert (world.get(Grant, kept.id).unit, authority.unit) == (OFFICE, other)
    assert world.get(Authority, authority.succeeds or "").unit == OFFICE
    with world.services.db.read(world.register) as reader:
        chain = Gatherer(reader).chain_of_authority(world.get(Grant, below.id).authority, world.clock.now)
    assert chain[1].id == authority.id
    delegation.revoke_grant(world.services, world.admins[other], kept.id, reason="thu hồi")
    assert not world.ask(principal)
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        succession.succeed_unit(
            world.services,
            world.admins[world.root],
            predecessor=other,
            successor=UnitId(OFFICE),
            basis="NQ 03/NQ",
            on=date(2026, 8, 20),
        )

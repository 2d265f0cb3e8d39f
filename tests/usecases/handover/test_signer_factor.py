"""Who signs as giver shows a second factor, and one leader of a small school may be let sign (ruling A8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.sign_in import Due
from access_service.usecases.handover.documents import EnteredLine, Prepared
from world import (
    CLASS_6B,
    LOWER,
    OFFICE,
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    make_services,
    pack_variant,
    with_school,
)

Made = Callable[[str], World]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """A school whose pack extends `base` by what is written."""
    with _closing() as close:

        def make(text: str) -> World:
            clock = Clock()
            services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock)
            close.append(services.db.close)
            policy = pack_variant(tmp_path, "thu", text)
            return with_school(found(services, clock, pack="thu", policy=policy))

        yield make


@contextmanager
def _closing() -> Iterator[list[Callable[[], None]]]:
    close: list[Callable[[], None]] = []
    yield close
    for each in close:
        each()


def limit(name: str, value: str) -> str:
    return f'\n[limits.{name}]\nvalue = "{value}"\narticle = "default"\n'


def test_whoever_belongs_to_a_leadership_sets_a_second_factor_first(school_world: World) -> None:
    world = school_world
    world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    for username in (f"000.head:{SCHOOL}", f"000.head:{OFFICE}", "000.phó", "director.00031"):
        assert world.sign_in(username).due is Due.SECOND_FACTOR, username
    assert world.sign_in("000.văn thư").due is None
    world.enrol("000.phó")
    world.clock.forward(minutes=1)
    assert world.sign_in("000.phó").due is None


def test_a_pack_may_leave_the_second_factor_to_whoever_signs(made: Made) -> None:
    world = made(limit("signer_second_factor", "optional"))
    assert world.sign_in(f"000.head:{SCHOOL}").due is None
    assert world.sign_in(f"quantri.{SCHOOL}").due is Due.SECOND_FACTOR, "an admin account's is another limit"


def test_a_session_of_before_the_appointment_signs_nothing_as_giver_without_a_factor(school_world: World) -> None:
    """It was opened while its holder was a clerk; since then they lead, and a session opened now asks one."""
    world = school_world
    who = world.hire("phó", SCHOOL, "clerk", SCHOOL)
    session = world.sign_in("000.phó")
    assert session.due is None
    world.assign(who.person, SCHOOL, "vice_principal", SCHOOL)
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    signer = replace(who, caller=session.caller)
    with world.refuses(Refusal.SECOND_FACTOR_DUE):
        world.sign(signer, prepared.document.id)
    session = world.enrol("000.phó")
    world.name(who, prepared.document.id)
    assert world.sign(replace(who, caller=session.caller), prepared.document.id)


def test_a_pack_without_the_demand_lets_such_a_session_sign(made: Made) -> None:
    world = made(limit("signer_second_factor", "optional"))
    who = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    session = world.sign_in("000.phó")
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.name(who, prepared.document.id)
    assert world.sign(replace(who, caller=session.caller), prepared.document.id)


def prepared_by_deputy(world: World) -> tuple[Someone, Prepared]:
    """A deputy operates the account for the head and prepares a paper meanwhile."""
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    world.clock.forward(minutes=1)
    world.hand_over_custody(SCHOOL, deputy, SCHOOL)
    teacher = hire_homeroom(world, "gvcn 6B", CLASS_6B)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher, CLASS_6B))
    world.name(deputy, prepared.document.id)
    return deputy, prepared


def test_a_pack_may_let_a_schools_one_other_leader_sign_and_the_head_is_told(made: Made) -> None:
    world = made(limit("sole_leader_signs", "allowed"))
    deputy, prepared = prepared_by_deputy(world)
    assert world.sign(deputy, prepared.document.id)
    [told] = [e.happening for e in world.log() if e.happening.action == "document.tell"]
    assert told.target == prepared.document.id
    assert told.details == {"to": [world.people[f"head:{SCHOOL}"].person], "signed_by": deputy.person}


def test_where_another_leader_could_sign_they_do(made: Made) -> None:
    world = made(limit("sole_leader_signs", "allowed"))
    second = world.hire("phó 2", SCHOOL, "vice_principal", SCHOOL)
    deputy, prepared = prepared_by_deputy(world)
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(deputy, prepared.document.id)
    world.name(second, prepared.document.id)
    assert world.sign(second, prepared.document.id)


def test_no_pack_lets_an_office_do_so(made: Made) -> None:
    """The exception is for schools: a commune's deputy who operates its account signs nothing of that time."""
    world = made(limit("sole_leader_signs", "allowed"))
    deputy = world.hire("phó xã", OFFICE, "commune_deputy_chair", OFFICE)
    world.clock.forward(minutes=1)
    world.hand_over_custody(OFFICE, deputy, OFFICE)
    officer = world.hire("chuyên viên", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now
    )
    prepared = world.propose(OFFICE, officer, line)
    world.name(deputy, prepared.document.id)
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(deputy, prepared.document.id)


def test_by_itself_a_pack_forbids_it(school_world: World) -> None:
    world = school_world
    deputy, prepared = prepared_by_deputy(world)
    with pytest.raises(RefusedError) as refused:
        world.sign(deputy, prepared.document.id)
    assert refused.value.code is Refusal.SELF_SERVICE
    assert world.get(type(prepared.document), prepared.document.id).signed_at is None

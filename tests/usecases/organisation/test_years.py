"""School years are closed early, and opened again, by two people; substitutes pause where the pack says so (J)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from access_service.domain.org import SchoolYear
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Client
from access_service.usecases.evidence.reading_papers import awaiting_confirmation
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import years
from access_service.usecases.second_person import confirming
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from software_world import approve, enter
from world import (
    CLASS_6A,
    CLASS_6B,
    OFFICE,
    SCHOOL,
    YEAR,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    pack_variant,
    with_school,
)


def teacher_of(world: World, key: str = "gvcn", class_id: object = CLASS_6A) -> tuple[Someone, str]:
    teacher = hire_homeroom(world, key, class_id)  # type: ignore[arg-type]
    paper = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher, class_id))  # type: ignore[arg-type]
    return teacher, paper.grants[0].id


def test_a_year_is_closed_before_its_date_by_two_people_with_a_reason(school_world: World) -> None:
    world = school_world
    teacher, _ = teacher_of(world)
    admin, director = world.admins[world.root], world.people["director"]
    with world.refuses(Refusal.NOT_CUSTODIAN):
        years.close_school_year(world.services, world.admins[OFFICE], YEAR, reason="sớm")
    with world.refuses(Refusal.INVALID):
        years.close_school_year(world.services, admin, YEAR, reason="  ")
    waits = years.close_school_year(world.services, admin, YEAR, reason="kết chuyển sớm")
    assert world.ask(teacher)
    # The director prepared it with the admin account: the same person again is no second one.
    with world.refuses(Refusal.SELF_SERVICE):
        confirming.confirm(world.services, director.caller, waits.id)
    deputy = world.root_signer("deputy", "deputy_director")
    confirming.confirm(world.services, deputy.caller, waits.id)
    assert world.why(teacher) is Reason.EXPIRED
    with world.refuses(Refusal.CLOSED_YEAR):
        years.close_school_year(world.services, admin, YEAR, reason="lần nữa")


def test_undoing_restores_exactly_what_the_closing_ended(school_world: World) -> None:
    world = school_world
    (kept, _), (taken, grant) = teacher_of(world), teacher_of(world, "gv 6B", CLASS_6B)
    before = world.get(SchoolYear, YEAR)
    world.close_year()
    world.clock.forward(days=1)
    delegation.suspend(
        world.services,
        world.admins[SCHOOL],
        kind=delegation.SuspendableKind.ACCOUNT,
        target=taken.account,
        reason="rà soát",
    )
    waits = years.reopen_school_year(world.services, world.admins[world.root], YEAR, reason="đóng nhầm")
    assert not world.ask(kept)
    with world.refuses(Refusal.SELF_SERVICE):
        confirming.confirm(world.services, world.people["director"].caller, waits.id)
    confirming.confirm(world.services, world.people["deputy"].caller, waits.id)
    assert world.get(SchoolYear, YEAR) == before
    assert world.ask(kept)
    assert not world.ask(taken, class_id=CLASS_6B)
    assert grant
    # Nothing is overwritten: of the day between, the answer stays.
    assert not world.ask(kept, at=world.clock.now - timedelta(hours=1), known_at=world.revision - 1)
    with world.refuses(Refusal.CLOSED_YEAR):
        years.reopen_school_year(world.services, world.admins[world.root], YEAR, reason="lần nữa")


def test_a_closing_is_undone_within_the_packs_days_only(school_world: World) -> None:
    world = school_world
    world.close_year()
    world.clock.forward(days=6)
    waits = years.reopen_school_year(world.services, world.admins[world.root], YEAR, reason="đóng nhầm")
    world.clock.forward(days=1)
    with world.refuses(Refusal.CLOSED_YEAR):
        years.reopen_school_year(world.services, world.admins[world.root], YEAR, reason="đóng nhầm")
    # What was prepared in time and is confirmed too late is too late.
    with world.refuses(Refusal.CLOSED_YEAR):
        confirming.confirm(world.services, world.people["deputy"].caller, waits.id)


def substitute(world: World, absent: Someone) -> None:
    who = world.hire("dạy thay", SCHOOL, "clerk", SCHOOL)
    world.assign(
        who.person,
        SCHOOL,
        "homeroom",
        SCHOOL,
        classes=frozenset({(CLASS_6A, "")}),
        substitutes=absent.duty,
        valid_to=world.clock.now + timedelta(days=9),
    )


def test_a_substitute_pauses_the_absent_teachers_grant(school_world: World) -> None:
    teacher, _ = teacher_of(school_world)
    substitute(school_world, teacher)
    assert school_world.why(teacher) is Reason.GRANT_SUSPENDED


def test_a_substitute_pauses_nothing_where_the_pack_says_so(world: World, tmp_path: Path) -> None:
    packs = pack_variant(tmp_path, "gentle", '\n[limits.substitute_pauses]\nvalue = false\narticle = "default"\n')
    gentle = with_school(found(world.services, world.clock, pack="gentle", name="nhe-nhang", policy=packs))
    teacher, _ = teacher_of(gentle)
    substitute(gentle, teacher)
    assert gentle.ask(teacher)


def test_a_deputy_in_charge_is_no_successor_but_is_shown_the_list_later(school_world: World) -> None:
    world = school_world
    teacher_of(world)
    head = world.people[f"head:{SCHOOL}"]
    world.clock.forward(days=1)
    in_charge = world.hire("phụ trách", SCHOOL, "vice_principal_in_charge", OFFICE, replaces=head.duty)
    seen = awaiting_confirmation(world.services, in_charge.caller, SCHOOL)
    assert (seen.grants, seen.due_at) == ((), None)
    world.clock.forward(days=30)
    later = awaiting_confirmation(world.services, world.enter(in_charge.account), SCHOOL)
    assert len(later.grants) == 1
    assert (later.due_at, later.is_overdue) == (None, False)
    new = world.hire("hiệu trưởng mới", SCHOOL, "principal", OFFICE, replaces=in_charge.duty)
    asked = awaiting_confirmation(world.services, new.caller, SCHOOL)
    assert len(asked.grants) == 1
    assert asked.due_at is not None


def test_undoing_brings_no_token_back(school_world: World) -> None:
    """What clients were given before is dead for good, because it may have rested on the year."""
    world = school_world
    entry = enter(world)
    approve(world, entry)
    made = clients.create_client(world.services, world.admins[SCHOOL], NewClient(entry.id))
    world.close_year()
    waits = years.reopen_school_year(world.services, world.admins[world.root], YEAR, reason="đóng nhầm")
    world.clock.forward(minutes=5)
    confirming.confirm(world.services, world.people["deputy"].caller, waits.id)
    assert world.get(Client, made.client.id).revoked_before == world.clock.now

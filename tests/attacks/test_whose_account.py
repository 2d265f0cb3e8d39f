"""Whose account it is: nobody comes by power over an account by assigning its holder a duty (issue A2)."""

from datetime import UTC, date, datetime

import pytest
from tests.world import LOWER, OFFICE, PASSWORD, SCHOOL, Someone, World

from access_service.domain.accounts import Home
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import HomeHow, SuspendableKind, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.evidence import reading
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import homes
from access_service.usecases.organisation import leaving, org

FAR, SECOND = UnitId("00031002"), UnitId("0003102")


def home_of(world: World, who: Someone) -> tuple[UnitId, HomeHow]:
    with world.services.db.read(world.register) as reader:
        [held] = [h for h in reader.find(Home, account=who.account) if world.clock.now in h.interval]
    return held.unit, held.how


@pytest.fixture
def two_schools(school_world: World) -> World:
    """A second school, in another commune."""
    world = school_world
    far = world.add_unit(FAR, "commune", "UBND xã Xa", world.root)
    world.give_authority(far, world.root, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{far}", far, "commune_chair", world.root)
    second = world.add_unit(SECOND, "school", "Trường THCS Thử Hai", far, LOWER)
    world.give_authority(second, far, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{second}", second, "principal", far)
    return world


def leave(world: World, who: Someone) -> None:
    leaving.end_duty(world.services, world.admins[SCHOOL], who.duty, on=date(2026, 8, 20), decision_number="10/QĐ")


def may_stop(world: World, unit: UnitId, who: Someone) -> bool:
    how = {"kind": SuspendableKind.ACCOUNT, "target": who.account}
    try:
        delegation.suspend(world.services, world.admins[unit], reason="thử", **how)  # type: ignore[arg-type]
    except (RefusedError, NotFoundError):
        return False
    delegation.resume(world.services, world.admins[unit], **how)  # type: ignore[arg-type]
    return True


def may_read(world: World, unit: UnitId, who: Someone) -> bool:
    try:
        reading.read_account(world.services, world.admins[unit], who.account)
    except NotFoundError:
        return False
    return True


def moved(world: World, key: str = "văn thư") -> Someone:
    """Somebody who left the school for another one, by paper."""
    who = world.hire(key, SCHOOL, "clerk", SCHOOL)
    world.assign(who.person, SECOND, "clerk", SECOND)
    leave(world, who)
    homes.confirm_home(world.services, who.caller, PASSWORD, unit=SECOND)
    return who


def test_a_former_school_that_assigns_a_duty_again_gets_nothing(two_schools: World) -> None:
    world = two_schools
    who = moved(world)
    world.assign(who.person, SCHOOL, "clerk", SCHOOL)
    assert home_of(world, who) == (SECOND, HomeHow.CONFIRMATION)
    assert not may_stop(world, SCHOOL, who)
    assert not may_read(world, SCHOOL, who)
    assert may_stop(world, SECOND, who)
    assert may_read(world, SECOND, who)


def test_a_former_school_gets_nothing_back_before_the_holder_has_signed_at_the_new_one(two_schools: World) -> None:
    """While the commune answers meanwhile, a duty assigned again must not bring the account home."""
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.assign(who.person, SECOND, "clerk", SECOND)
    leave(world, who)
    assert may_stop(world, OFFICE, who)
    world.assign(who.person, SCHOOL, "clerk", SCHOOL)
    assert home_of(world, who) == (OFFICE, HomeHow.VACATED)
    assert not may_stop(world, SCHOOL, who)


def test_a_duty_of_1945_makes_no_stranger_the_home_unit_and_the_real_unit_still_resumes(
    two_schools: World,
) -> None:
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    long_ago = org.Duty(
        person=who.person,
        unit=SECOND,
        position="clerk",
        decision_number="000/QĐ",
        decision_date=date(1945, 1, 1),
        valid_from=datetime(1945, 1, 2, tzinfo=UTC),
    )
    org.assign_duty(world.services, world.admins[SECOND], long_ago)
    assert home_of(world, who) == (SCHOOL, HomeHow.ISSUE)
    assert not may_stop(world, SECOND, who)
    assert may_stop(world, SCHOOL, who)


def test_a_school_has_no_power_over_an_officer_of_the_commune_whom_it_gives_a_duty(school_world: World) -> None:
    """Upward: a teacher became the commune's officer, and the school assigns them a clerk's duty."""
    world = school_world
    officer = world.hire("chuyên viên", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    world.assign(officer.person, SCHOOL, "clerk", SCHOOL)
    assert not may_stop(world, SCHOOL, officer)
    assert not may_read(world, SCHOOL, officer)
    assert may_stop(world, OFFICE, officer)


def test_secondment_and_teaching_at_several_schools_move_nothing(two_schools: World) -> None:
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.assign(who.person, SECOND, "clerk", SECOND, valid_to=datetime(2027, 8, 1, tzinfo=UTC))
    assert home_of(world, who) == (SCHOOL, HomeHow.ISSUE)
    assert may_stop(world, SCHOOL, who)


def test_the_first_signature_on_a_paper_of_the_new_unit_moves_the_account(two_schools: World) -> None:
    world = two_schools
    who = world.hire("học vụ", SCHOOL, "academic_registrar", SCHOOL)
    duty = world.assign(who.person, SECOND, "academic_registrar", SECOND)
    now_there = Someone(who.person, who.account, who.caller, duty)
    line = EnteredLine("academic_registrar", duty, Scope(unit=SECOND), world.clock.now)
    world.hand_over(SECOND, now_there, line)
    assert home_of(world, who) == (SCHOOL, HomeHow.ISSUE), "somebody still serves at the first school"
    leave(world, who)
    line = EnteredLine(
        "clerk", world.assign(who.person, SECOND, "clerk", SECOND), Scope(unit=SECOND), world.clock.now
    )
    prepared = world.propose(SECOND, now_there, line)
    world.sign(world.head_of(SECOND), prepared.document.id)
    world.sign(now_there, prepared.document.id)
    assert home_of(world, who) == (SECOND, HomeHow.CONFIRMATION)
    assert may_stop(world, SECOND, who)


def test_a_unit_releases_only_what_is_its_own(two_schools: World) -> None:
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.assign(who.person, SECOND, "clerk", SECOND)
    for unit in (SECOND, FAR):
        with world.refuses(Refusal.NOT_FOUND):
            homes.release(world.services, world.admins[unit], who.account, to=SECOND, basis="11/QĐ")
    with world.refuses(Refusal.SELF_SERVICE):
        homes.release(world.services, who.caller, who.account, to=SECOND, basis="11/QĐ")
    homes.release(world.services, world.admins[SCHOOL], who.account, to=SECOND, basis="11/QĐ")
    assert home_of(world, who) == (SECOND, HomeHow.RELEASE)


def test_a_transfer_decision_is_entered_by_a_unit_above_both_and_needs_no_release(two_schools: World) -> None:
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.assign(who.person, SECOND, "clerk", SECOND)
    with world.refuses(Refusal.NOT_FOUND):
        homes.transfer(world.services, world.admins[FAR], who.account, to=SECOND, basis="12/QĐ")
    for unit in (SCHOOL, OFFICE):
        with world.refuses(Refusal.NOT_DIRECT_MANAGER):
            homes.transfer(world.services, world.admins[unit], who.account, to=SECOND, basis="12/QĐ")
    homes.transfer(world.services, world.admins[world.root], who.account, to=SECOND, basis="12/QĐ")
    assert home_of(world, who) == (SECOND, HomeHow.TRANSFER)
    kept = [e for e in world.log() if e.happening.action == "home.move"]
    assert (kept[-1].happening.details or {})["before"] == SCHOOL


def test_nobody_confirms_where_they_have_no_duty_nor_as_an_admin_account(two_schools: World) -> None:
    world = two_schools
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    with world.refuses(Refusal.ASSIGNMENT_MISSING):
        homes.confirm_home(world.services, who.caller, PASSWORD, unit=SECOND)
    with world.refuses(Refusal.FORBIDDEN):
        homes.confirm_home(world.services, world.admins[SCHOOL], PASSWORD, unit=SECOND)


def test_the_event_of_a_first_code_names_who_was_shown_it(school_world: World) -> None:
    world = school_world
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    mine = [e.happening for e in world.log() if e.happening.target == who.account]
    [issued] = [h for h in mine if h.action == "account.issue"]
    assert (issued.details or {})["shown_to"] == world.admins[SCHOOL].person

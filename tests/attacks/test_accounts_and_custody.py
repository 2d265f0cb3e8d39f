"""Attacks on accounts and on the admin account: the legitimate step, the attack, the refusal."""

from __future__ import annotations

from datetime import date

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, SuspendableKind
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.usecases.handover import delegation, documents
from access_service.usecases.identity import accounts, recoveries
from access_service.usecases.organisation import leaving, org
from world import LOWER, OFFICE, PASSWORD, SCHOOL, Someone, World


def custody_minutes(world: World, to: Someone) -> str:
    """The head prepares and signs the handover of the admin account to an officer; the receiver has not signed."""
    minutes = documents.propose_custody(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        receiver=to.person,
        number="",
        dated=date(2026, 8, 21),
    )
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    return minutes.id


def test_an_officer_recovers_a_teacher_but_not_the_head(school_world: World) -> None:
    """The code would let the officer sign as the head."""
    world = school_world
    teacher, deputy = (
        world.hire(k, SCHOOL, p, SCHOOL) for k, p in (("văn thư", "clerk"), ("phó", "vice_principal"))
    )
    world.hand_to_officer(SCHOOL)
    assert world.recover(world.admins[SCHOOL], teacher.account).activation_code
    for leader in (world.people[f"head:{SCHOOL}"], deputy):
        with world.refuses(Refusal.FORBIDDEN):
            recoveries.ask_recovery(world.services, world.admins[SCHOOL], leader.account, password=PASSWORD)
        assert world.recover(world.admins[OFFICE], leader.account).activation_code


def test_a_leader_does_not_recover_the_admin_account_that_an_officer_operates(school_world: World) -> None:
    """By the back door of their own session a deputy would act in the officer's name."""
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    world.hand_to_officer(SCHOOL)
    admin = world.admins[SCHOOL].account
    for leader in (deputy, world.people[f"head:{SCHOOL}"]):
        with world.refuses(Refusal.FORBIDDEN):
            recoveries.ask_recovery(world.services, leader.caller, admin, password=PASSWORD)
    assert world.recover(world.admins[OFFICE], admin).activation_code


def test_a_custodian_does_not_recover_the_admin_account_through_their_own(school_world: World) -> None:
    world = school_world
    officer = world.hand_to_officer(SCHOOL)
    with world.refuses(Refusal.SELF_SERVICE):
        recoveries.ask_recovery(world.services, officer.caller, world.admins[SCHOOL].account, password=PASSWORD)
    with world.refuses(Refusal.SELF_SERVICE):
        recoveries.ask_recovery(world.services, world.admins[SCHOOL], officer.account, password=PASSWORD)


def test_an_officer_does_not_issue_the_account_of_a_new_head(school_world: World) -> None:
    """Whoever issues it holds its first code."""
    world = school_world
    world.hand_to_officer(SCHOOL)
    head = world.people[f"head:{SCHOOL}"]
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 20), decision_number="01/QĐ")
    world.clock.forward(minutes=1)
    person = org.add_person(world.services, world.admins[OFFICE], name="Người Thử Mới").id
    world.assign(person, SCHOOL, "principal", OFFICE)
    how = {"unit": SCHOOL, "kind": AccountKind.USE, "person": person, "username": "000.mới"}
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        accounts.issue_account(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert accounts.issue_account(world.services, world.admins[OFFICE], **how).activation_code  # type: ignore[arg-type]


def test_an_officer_makes_nobody_who_signs_for_the_head(school_world: World) -> None:
    """A deputy of the officer's making would sign KT. whatever the officer prepares."""
    world = school_world
    person = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử Bù Nhìn").id
    world.hand_to_officer(SCHOOL)
    assert world.assign(person, SCHOOL, "clerk", SCHOOL)
    with pytest.raises(AssertionError, match="waits for the leadership"):
        world.assign(person, SCHOOL, "vice_principal", SCHOOL)
    with world.services.db.read(world.register) as reader:
        assert [a.position for a in reader.find(Assignment, person=person)] == ["clerk"]
    assert world.assign(person, SCHOOL, "vice_principal", OFFICE)


def test_a_head_does_not_make_themselves_deputy(school_world: World) -> None:
    """The head, who operates the admin account, would sign KT. what they may not sign as head."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    with world.refuses(Refusal.SELF_SERVICE):
        world.assign(head.person, SCHOOL, "vice_principal", SCHOOL)


def test_an_officer_suspends_a_teacher_but_not_the_head(school_world: World) -> None:
    world = school_world
    teacher = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.hand_to_officer(SCHOOL)
    head, services = world.people[f"head:{SCHOOL}"], world.services
    how = {"kind": SuspendableKind.ACCOUNT, "reason": "khoá"}
    delegation.suspend(services, world.admins[SCHOOL], target=teacher.account, **how)  # type: ignore[arg-type]
    with world.refuses(Refusal.FORBIDDEN):
        delegation.suspend(services, world.admins[SCHOOL], target=head.account, **how)  # type: ignore[arg-type]
    delegation.suspend(services, world.admins[OFFICE], target=head.account, **how)  # type: ignore[arg-type]


def test_an_officer_does_not_hand_the_account_on(school_world: World) -> None:
    world = school_world
    other = world.hire("cán bộ hai", SCHOOL, "officer_in_charge_of_admin_account", SCHOOL)
    world.hand_to_officer(SCHOOL)
    with world.refuses(Refusal.REDELEGATION_FORBIDDEN):
        custody_minutes(world, other)


def test_minutes_of_custody_that_were_overtaken_carry_nothing(school_world: World) -> None:
    """Two officers' minutes wait; the first signs; the second would take the account from the first."""
    world = school_world
    first, second = (
        world.hire(key, SCHOOL, "officer_in_charge_of_admin_account", SCHOOL) for key in ("một", "hai")
    )
    papers = [custody_minutes(world, who) for who in (first, second)]
    assert world.sign(first, papers[0]).activation_code
    with world.refuses(Refusal.REDELEGATION_FORBIDDEN):
        world.sign(second, papers[1])


def test_a_deputy_takes_nothing_from_the_head(school_world: World) -> None:
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    with world.refuses(Refusal.FORBIDDEN):
        leaving.take_back_custody(world.services, deputy.caller, SCHOOL)
    world.hand_to_officer(SCHOOL)
    assert leaving.take_back_custody(world.services, world.people[f"head:{SCHOOL}"].caller, SCHOOL).valid_to


def test_custody_ends_with_the_headship(school_world: World) -> None:
    """A head who stays on as a librarian would go on operating the admin account without a paper."""
    world = school_world
    acting = world.people[f"head:{SCHOOL}"]
    officer = world.hand_to_officer(SCHOOL)
    world.assign(acting.person, SCHOOL, "librarian", SCHOOL)
    leaving.take_back_custody(world.services, acting.caller, SCHOOL)
    issued = leaving.open_custody(world.services, acting.caller, PASSWORD, SCHOOL)
    world.admins[SCHOOL] = world.enter(world.activate(issued.activation_code))
    leaving.end_duty(
        world.services, world.admins[OFFICE], acting.duty, on=date(2026, 8, 20), decision_number="1/QĐ"
    )
    world.clock.forward(minutes=1)
    with pytest.raises(RefusedError) as refused:
        world.enter(world.admins[SCHOOL].account)
    assert refused.value.code is Refusal.CUSTODY_VACANT
    assert world.enter(acting.account).person == acting.person
    assert officer.person != acting.person


def test_withdrawn_minutes_of_custody_end_the_custody(school_world: World) -> None:
    world = school_world
    officer = world.hire("cán bộ", SCHOOL, "officer_in_charge_of_admin_account", SCHOOL)
    minutes = custody_minutes(world, officer)
    code = world.sign(officer, minutes).activation_code
    assert code is not None
    admin = world.activate(code)
    world.clock.forward(minutes=1)
    documents.withdraw(world.services, world.people[f"head:{SCHOOL}"].caller, minutes, reason="thu hồi")  # type: ignore[arg-type]
    with pytest.raises(RefusedError) as refused:
        world.enter(admin)
    assert refused.value.code is Refusal.CUSTODY_VACANT


def moved(world: World) -> Someone:
    """A clerk whose account the school issued, and who works at the commune office now."""
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.clock.forward(minutes=1)
    world.assign(who.person, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    leaving.end_duty(world.services, world.admins[SCHOOL], who.duty, on=date(2026, 8, 20), decision_number="09/QĐ")
    return who


def test_a_former_school_keeps_no_hold_on_an_account(school_world: World) -> None:
    """The school issued it; it would recover or lock the account of an officer of the unit above it."""
    world = school_world
    who = moved(world)
    with world.refuses(Refusal.FORBIDDEN):
        recoveries.ask_recovery(world.services, world.admins[SCHOOL], who.account, password=PASSWORD)
    with world.refuses(Refusal.FORBIDDEN):
        delegation.suspend(
            world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account, reason="khoá"
        )
    assert world.enter(who.account).unit == SCHOOL
    assert world.recover(world.admins[OFFICE], who.account).activation_code


def test_whoever_moves_is_let_in_where_they_work_next(school_world: World) -> None:
    """The suspension with the last duty is the old school's; the new unit, and nobody else's order, lifts it."""
    world = school_world
    who = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    leaving.end_duty(world.services, world.admins[SCHOOL], who.duty, on=date(2026, 8, 20), decision_number="10/QĐ")
    world.clock.forward(days=1)
    world.assign(who.person, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    how = {"kind": SuspendableKind.ACCOUNT, "target": who.account}
    with world.refuses(Refusal.FORBIDDEN):
        delegation.resume(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert world.enter(who.account).unit == SCHOOL

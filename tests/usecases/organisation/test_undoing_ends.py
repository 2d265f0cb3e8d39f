"""Until its day the end of a duty is undone with all that was to end; leavers' accounts are closed together."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.accounts import Account, Suspension
from access_service.domain.consequences import Matter
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, AccountState
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.usecases.consequences import consequences_of
from access_service.usecases.evidence.leavers import leavers_of
from access_service.usecases.handover import delegation, returns
from access_service.usecases.identity import closing
from access_service.usecases.identity.accounts import account_state
from access_service.usecases.organisation import leaving
from access_service.usecases.organisation.undoing_ends import undo_end
from world import OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

WHY = "ở lại trường"


@pytest.fixture
def granted(school_world: World) -> tuple[World, Someone, Grant]:
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


def in_days(world: World, days: int) -> date:
    return local(world.clock.now).date() + timedelta(days=days)


def end(world: World, who: Someone, days: int) -> None:
    leaving.end_duty(
        world.services, world.admins[SCHOOL], who.duty, on=in_days(world, days), decision_number="02/QĐ"
    )


def state_of_account(world: World, who: Someone) -> AccountState:
    with world.services.db.read(world.register) as reader:
        return account_state(reader, reader.require(Account, who.account), world.clock.now)


def test_an_end_that_is_undone_before_its_day_never_was(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    before = world.get(Assignment, teacher.duty), world.get(Grant, grant.id)
    end(world, teacher, 10)
    assert world.get(Grant, grant.id).ended_at is not None
    done = undo_end(world.services, world.admins[SCHOOL], teacher.duty, reason=WHY)
    assert (done, world.get(Grant, grant.id)) == before
    world.clock.forward(days=20)
    assert world.ask(teacher)
    assert state_of_account(world, teacher) is AccountState.ACTIVE
    # A later end is an end as any other, and its own case opens.
    end(world, teacher, 0)
    world.clock.forward(minutes=1)
    assert not world.ask(teacher)
    assert state_of_account(world, teacher) is AccountState.SUSPENDED
    with world.services.db.read(world.register) as reader:
        open_ = reader.find(LeavingCase, person=teacher.person, valid_to=None)
        laid = reader.find(Suspension, target=teacher.account, valid_to=None)
    assert (len(open_), len(laid)) == (1, 1)


def test_what_was_taken_back_meanwhile_stays_taken_back(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    end(world, teacher, 10)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="rà soát")
    undo_end(world.services, world.admins[SCHOOL], teacher.duty, reason=WHY)
    world.clock.forward(minutes=1)
    assert world.get(Assignment, teacher.duty).valid_to is None
    assert not world.ask(teacher)


def test_who_stood_in_goes_on_standing_in(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    until = world.clock.now + timedelta(days=60)
    classes = world.get(Assignment, teacher.duty).classes
    duty = {"substitutes": teacher.duty, "classes": classes, "valid_to": until}
    stand_in = world.hire("day thay", SCHOOL, "homeroom", SCHOOL, **duty)
    end(world, teacher, 10)
    assert world.get(Assignment, stand_in.duty).valid_to != until
    undo_end(world.services, world.admins[SCHOOL], teacher.duty, reason=WHY)
    assert world.get(Assignment, stand_in.duty).valid_to == until
    world.clock.forward(days=20)
    assert state_of_account(world, stand_in) is AccountState.ACTIVE


def test_an_end_is_undone_by_whoever_may_assign_the_duty_and_only_until_its_day(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, teacher, _ = granted
    admin = world.admins[SCHOOL]
    with world.refuses(Refusal.DOCUMENT_STATE):
        undo_end(world.services, admin, teacher.duty, reason=WHY)
    end(world, teacher, 10)
    with world.refuses(Refusal.SELF_SERVICE):
        undo_end(world.services, teacher.caller, teacher.duty, reason=WHY)
    with world.refuses(Refusal.NOT_CUSTODIAN):
        undo_end(world.services, world.admins[OFFICE], teacher.duty, reason=WHY)
    with world.refuses(Refusal.INVALID):
        undo_end(world.services, admin, teacher.duty, reason=" ")
    world.clock.forward(days=11)
    with world.refuses(Refusal.DOCUMENT_STATE):
        undo_end(world.services, admin, teacher.duty, reason=WHY)


def test_what_took_a_second_person_to_end_is_not_given_back_by_one(granted: tuple[World, Someone, Grant]) -> None:
    """An officer who only prepares releases of who signs does not undo one that the leadership confirmed."""
    world, _, _ = granted
    deputy = world.hire("pho", SCHOOL, "vice_principal", SCHOOL)
    officer = world.hand_to_officer(SCHOOL)
    leaving.end_duty(
        world.services,
        world.head_of(SCHOOL).caller,
        deputy.duty,
        on=in_days(world, 10),
        decision_number="05/QĐ",
    )
    assert world.admins[SCHOOL].person == officer.person
    with world.refuses(Refusal.FORBIDDEN):
        undo_end(world.services, world.admins[SCHOOL], deputy.duty, reason=WHY)


def leave(world: World, who: Someone) -> None:
    """Somebody leaves on the 24th and hands back before; the head countersigns."""
    leaving.end_duty(world.services, world.admins[SCHOOL], who.duty, on=date(2026, 8, 24), decision_number="03/QĐ")
    minutes = returns.hand_back(world.services, who.caller, SCHOOL)
    world.sign(who, minutes.id)
    world.sign(world.head_of(SCHOOL), minutes.id)


def test_leavers_are_closed_together_or_not_at_all(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    admin = world.admins[SCHOOL]
    clerk, _ = world.hire_granted("van thu")
    stays, _ = world.hire_granted("o lai")
    world.clock.forward(minutes=1)
    leave(world, teacher)
    leave(world, clerk)
    end(world, stays, 2)
    world.clock.forward(days=5)
    found = leavers_of(world.services, admin, SCHOOL).leavers
    assert {(x.account.id, x.may_close) for x in found} == {
        (teacher.account, True),
        (clerk.account, True),
        (stays.account, False),
    }
    two = [teacher.account, clerk.account]
    above = world.head_of(OFFICE).account
    for one_too_many, code in ((stays.account, Refusal.DOCUMENT_STATE), (above, Refusal.FORBIDDEN)):
        with world.refuses(code):
            closing.close_accounts(world.services, admin, SCHOOL, [*two, one_too_many], reason="đã thôi việc")
    for ids, reason in (([], "đã thôi việc"), (two, " "), ([AccountId(f"acc_{n}") for n in range(501)], "x")):
        with world.refuses(Refusal.INVALID):
            closing.close_accounts(world.services, admin, SCHOOL, ids, reason=reason)
    told = consequences_of(
        world.services, lambda s: closing.close_accounts(s, admin, SCHOOL, two, reason="đã thôi việc")
    )
    assert [(line.matter, line.number) for line in told.falls if line.matter is Matter.ACCOUNT] == [
        (Matter.ACCOUNT, 2)
    ]
    assert state_of_account(world, teacher) is AccountState.SUSPENDED
    closing.close_accounts(world.services, admin, SCHOOL, two, reason="đã thôi việc")
    assert {state_of_account(world, who) for who in (teacher, clerk)} == {AccountState.CLOSED}
    assert [x.account.id for x in leavers_of(world.services, admin, SCHOOL).leavers] == [stays.account]
    with pytest.raises(RefusedError):
        leavers_of(world.services, world.people["gvcn"].caller, SCHOOL)


def test_an_account_is_closed_from_the_list_of_its_own_unit_alone(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    leave(world, teacher)
    world.clock.forward(days=5)
    with world.refuses(Refusal.NOT_FOUND):
        closing.close_accounts(world.services, world.admins[OFFICE], OFFICE, [teacher.account], reason=WHY)
    assert closing.close_accounts(world.services, world.admins[OFFICE], SCHOOL, [teacher.account], reason=WHY)

"""Accounts and sessions: issue, activate, sign in and out, lock out, recover."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.usecases.handover import delegation
from access_service.usecases.identity import accounts, open_sessions, sign_in
from access_service.usecases.organisation import org
from world import PASSWORD, SCHOOL, World

NAME = "000.văn thư"


@pytest.fixture
def signed_up(school_world: World) -> World:
    school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    return school_world


def code_of(refused: pytest.ExceptionInfo[RefusedError]) -> Refusal:
    return refused.value.code


def test_a_session_that_is_not_used_for_fifteen_minutes_ends(signed_up: World) -> None:
    world = signed_up
    signed_in = world.sign_in(NAME)
    assert signed_in.expires_at - world.clock.now == timedelta(minutes=15)
    for _ in range(2):
        world.clock.forward(minutes=15, seconds=-1)
        assert open_sessions.caller_from_token(world.services, signed_in.token) == signed_in.caller
    world.clock.forward(minutes=15)
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed_in.token)
    assert code_of(refused) is Refusal.NOT_AUTHENTICATED


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(signed_up: World) -> None:
    world = signed_up
    signed_in = world.sign_in(NAME)
    assert signed_in.ends_at - world.clock.now == timedelta(hours=12)
    for _ in range(12 * 6 - 1):
        world.clock.forward(minutes=10)
        assert open_sessions.caller_from_token(world.services, signed_in.token) == signed_in.caller
    world.clock.forward(minutes=10)
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed_in.token)
    assert code_of(refused) is Refusal.NOT_AUTHENTICATED


def test_an_admin_accounts_session_is_shorter(signed_up: World) -> None:
    """Five minutes without use, one hour in all."""
    world = signed_up
    signed_in = world.enrol(f"quantri.{SCHOOL}")
    assert signed_in.expires_at - world.clock.now == timedelta(minutes=5)
    assert signed_in.ends_at - world.clock.now == timedelta(hours=1)
    world.clock.forward(minutes=5)
    with pytest.raises(RefusedError):
        open_sessions.caller_from_token(world.services, signed_in.token)
    world.clock.forward(minutes=1)
    signed_in = world.sign_in(f"quantri.{SCHOOL}")
    for _ in range(14):
        world.clock.forward(minutes=4)
        assert open_sessions.caller_from_token(world.services, signed_in.token) == signed_in.caller
    world.clock.forward(minutes=4)
    with pytest.raises(RefusedError):
        open_sessions.caller_from_token(world.services, signed_in.token)


def test_signing_out_ends_the_session(signed_up: World) -> None:
    world = signed_up
    signed_in = sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    sign_in.sign_out(world.services, signed_in.caller)
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed_in.token)
    assert code_of(refused) is Refusal.NOT_AUTHENTICATED


def test_unknown_name_and_wrong_password_answer_the_same(signed_up: World) -> None:
    world = signed_up
    answers = set()
    for name, password in ((NAME, "sai mật khẩu 000"), ("không có ai", PASSWORD)):
        with pytest.raises(RefusedError) as refused:
            sign_in.sign_in(world.services, world.register, name, password)
        answers.add((refused.value.code, refused.value.message))
    assert [code for code, _ in answers] == [Refusal.CREDENTIALS_WRONG]


def test_five_wrong_passwords_lock_for_twelve_hours(signed_up: World) -> None:
    world = signed_up
    for _ in range(5):
        with pytest.raises(RefusedError):
            sign_in.sign_in(world.services, world.register, NAME, "sai mật khẩu 000")
    with pytest.raises(RefusedError):
        sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    world.clock.forward(hours=12)
    assert sign_in.sign_in(world.services, world.register, NAME, PASSWORD).token


def test_a_suspension_ends_the_session_and_closes_the_door(signed_up: World) -> None:
    world = signed_up
    signed_in = sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    delegation.suspend(
        world.services,
        world.admins[SCHOOL],
        kind=SuspendableKind.ACCOUNT,
        target=signed_in.caller.account,
        reason="nghỉ phép",
    )
    with pytest.raises(RefusedError):
        open_sessions.caller_from_token(world.services, signed_in.token)
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    assert code_of(refused) is Refusal.CREDENTIALS_WRONG


def test_an_activation_code_is_good_once_and_for_a_day(signed_up: World) -> None:
    world = signed_up
    account = world.people["văn thư"].account
    issued = world.recover(world.admins[SCHOOL], account)
    accounts.activate(world.services, issued.activation_code, "Mật khẩu mới 000")
    with pytest.raises(RefusedError):
        sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    for code in (issued.activation_code, "không phải mã"):
        with pytest.raises(RefusedError):
            accounts.activate(world.services, code, PASSWORD)
    late = world.recover(world.admins[SCHOOL], account)
    world.clock.forward(hours=24)
    with pytest.raises(RefusedError):
        accounts.activate(world.services, late.activation_code, PASSWORD)


def test_one_person_has_one_account_and_a_duty(signed_up: World) -> None:
    world = signed_up
    known = world.people["văn thư"].person
    idle = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử Rảnh").id
    for person, refusal in (
        (known, Refusal.DUPLICATE),
        (idle, Refusal.ASSIGNMENT_MISSING),
        (None, Refusal.INVALID),
    ):
        with world.refuses(refusal):
            accounts.issue_account(
                world.services,
                world.admins[SCHOOL],
                unit=SCHOOL,
                kind=AccountKind.USE,
                person=person,
                username="000.khác",
            )

"""Guessing: common passwords, locks that strangers set, sessions that go on (issue A11, A12)."""

import pytest
from pydantic import SecretStr, ValidationError
from tests.world import PASSWORD, SCHOOL, World

from access_service.domain.common_passwords import is_common
from access_service.domain.errors import InvalidError, RefusedError
from access_service.settings import Settings
from access_service.usecases import accounts, sign_in

NAME, MINE, STRANGE = "000.văn thư", "203.0.113.7", "203.0.113.99"


@pytest.fixture
def world(school_world: World) -> World:
    school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    return school_world


def enter(world: World, source: str | None, password: str = PASSWORD) -> accounts.SignedIn:
    return sign_in.sign_in(world.services, world.register, NAME, password, source=source)


def lock(world: World, source: str | None = STRANGE) -> None:
    for _ in range(5):
        with pytest.raises(RefusedError):
            enter(world, source, "Sai mật khẩu 000")


@pytest.mark.parametrize(
    "password",
    ["password", "12345678", "Password@12345", "MatKhau@2026", "Mật khẩu 123456!", "P@ssw0rd2026", "qwerty@12345A"],
)
def test_what_is_tried_first_is_common(password: str) -> None:
    assert is_common(password)


def test_names_at_hand_are_common_for_whom_they_stand_by() -> None:
    assert is_common("Truong@THCSThu2026", ["Trường THCS Thử"])
    assert is_common("000.vănthư@2026A", ["000.văn thư"])
    assert is_common("Lan@1234567890", ["Nguyễn Thử Lan"])
    assert not is_common("Lan@1234567890", ["Nguyễn Thử Mai"])
    assert not is_common(PASSWORD, ["Trường THCS Thử", NAME])


def test_a_common_password_is_refused_also_before_a_factor_is_set(world: World) -> None:
    code = world.recover(world.admins[SCHOOL], world.people["văn thư"].account).activation_code
    for password in ("Password@12345678", "Matkhau@20262027"):
        with pytest.raises(InvalidError, match="first that are tried"):
            accounts.activate(world.services, code, password)


def test_an_api_key_of_one_letter_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings(api_key=SecretStr("k"))


def test_a_lock_stops_only_sources_that_never_signed_in_to_that_account(world: World) -> None:
    assert enter(world, MINE)
    lock(world)
    for stranger in (STRANGE, None, "203.0.113.8"):
        with pytest.raises(RefusedError):
            enter(world, stranger)
    assert enter(world, MINE)


def test_a_known_source_that_guesses_while_the_account_is_locked_is_known_no_more(world: World) -> None:
    assert enter(world, MINE)
    lock(world)
    with pytest.raises(RefusedError):
        enter(world, MINE, "Sai mật khẩu 000")
    with pytest.raises(RefusedError):
        enter(world, MINE)


def test_an_open_session_signs_on_while_strangers_lock_the_account(world: World) -> None:
    mine = enter(world, MINE).caller
    lock(world)
    assert accounts.confirm_password(world.services, mine, PASSWORD)


def test_whoever_guesses_from_within_a_session_of_a_locked_account_loses_it(world: World) -> None:
    signed = enter(world, MINE)
    lock(world)
    with pytest.raises(RefusedError):
        accounts.confirm_password(world.services, signed.caller, "Sai mật khẩu 000")
    with pytest.raises(RefusedError):
        accounts.caller_from_token(world.services, signed.token)

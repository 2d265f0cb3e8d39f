"""Guessing: common passwords, locks that strangers set, sessions that go on (issue A11, A12)."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from tests.world import PASSWORD, SCHOOL, World

from access_service.domain.accounts import Account
from access_service.domain.common_passwords import is_common
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.org import Person, Unit
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import Due
from access_service.settings import Settings
from access_service.storage.standing import Gatherer
from access_service.usecases.identity import accounts, open_sessions, sign_in
from access_service.usecases.identity.names_at_hand import names_at_hand

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


@pytest.mark.parametrize(
    "password",
    [
        "@dmin@2026",
        "Matkh@u2025@2026",
        "M4tkh4u!2026aA",
        "TruongHoc2026@HaiPhong",
        "0123456789",
        "!!!!!!!!!!!!!!",
        "Abcdefgh@1234567",
        "GiaoVien#2026#Thcs",
        "Namhoc2026-2027!",
        "SoGD&HaiPhong@123",
    ],
)
def test_words_of_the_trade_with_years_and_signs_for_letters_are_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["Bốn con mèo trên mái 7!", "rừng-đước-mưa-trưa", "Cầu vồng sau bão 2 lần"])
def test_what_nobody_puts_together_is_not_common(password: str) -> None:
    assert not is_common(password, ["Trường THCS Thử", "000.gvcn", "Nguyễn Thử Lan"])


def test_a_common_password_is_refused_also_beside_a_second_factor(world: World) -> None:
    """Eight characters are enough there, and `Matkhau1` is none of them."""
    name = f"quantri.{SCHOOL}"
    world.enrol(name)
    signed = world.sign_in(name)
    for common in ("Matkhau1", "password", "12345678", name, "Truong2026", "TruongTHCSThu"):
        with pytest.raises(InvalidError):
            sign_in.change_password(world.services, signed.caller, PASSWORD, common)
    assert sign_in.change_password(world.services, signed.caller, PASSWORD, "rừng đước mưa")


def test_the_names_of_who_operates_an_admin_account_are_at_hand(world: World) -> None:
    with world.services.db.read(world.register) as reader:
        account = reader.require(Account, world.admins[SCHOOL].account)
        gather, now = Gatherer(reader), world.clock.now
        custody = gather.custody(account.unit, now)
        found = names_at_hand(gather, accounts.ground_of(gather, now), account)
        assert custody is not None
        assert reader.require(Person, custody.person).name in found
        assert reader.require(Unit, account.unit).name in found
        assert account.username in found


def test_a_common_password_that_was_set_earlier_is_due_at_the_next_sign_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = "Password@12345678"
    code = world.recover(world.admins[SCHOOL], world.people["văn thư"].account).activation_code
    with monkeypatch.context() as before:
        before.setattr(accounts, "check_not_common", lambda *_: None)
        accounts.activate(world.services, code, common)
    signed = enter(world, MINE, common)
    assert signed.due is Due.PASSWORD
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed.token)
    assert refused.value.code is Refusal.PASSWORD_DUE
    assert sign_in.change_password(world.services, signed.caller, common, PASSWORD).due is None


@pytest.mark.parametrize(("key", "why"), [("k", "at least 16 characters"), ("k" * 40, "different characters")])
def test_an_api_key_of_one_letter_is_refused_at_start(key: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(api_key=SecretStr(key))


def test_a_lock_stops_only_sources_that_never_signed_in_to_that_account(world: World) -> None:
    assert enter(world, MINE)
    lock(world)
    for stranger in (STRANGE, None, "203.0.113.8"):
        with pytest.raises(RefusedError):
            enter(world, stranger)
    assert enter(world, MINE)


def test_the_holder_who_comes_in_past_the_lock_lifts_it_for_nobody_else(world: World) -> None:
    """Else whoever guesses would have five more after every sign-in of the holder."""
    assert enter(world, MINE)
    lock(world)
    assert enter(world, MINE)
    with pytest.raises(RefusedError):
        enter(world, STRANGE)


def test_a_lock_that_comes_while_the_holder_signs_in_stops_only_strangers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash takes its time, and the fifth wrong one is counted meanwhile."""
    assert enter(world, MINE)
    may_enter = sign_in.check_may_enter
    busy: list[bool] = []

    def meanwhile(*given: Any) -> Any:
        if not busy:
            busy.append(True)
            lock(world)
        return may_enter(*given)

    monkeypatch.setattr(sign_in, "check_may_enter", meanwhile)
    assert enter(world, MINE)
    busy.clear()
    with pytest.raises(RefusedError):
        enter(world, STRANGE)


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
        open_sessions.caller_from_token(world.services, signed.token)

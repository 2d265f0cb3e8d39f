"""Attacks on one-time codes (RFC 6238): replay, one code twice at once, clocks wrong in both directions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal
from access_service.signing import totp
from access_service.usecases.identity import accounts, open_sessions, second_factor, sign_in
from access_service.usecases.identity.second_factor import Second
from world import PASSWORD, SCHOOL, World

ADMIN = f"quantri.{SCHOOL}"


@pytest.fixture
def enrolled(school_world: World) -> World:
    school_world.enrol(ADMIN)
    school_world.clock.forward(minutes=5)
    return school_world


def code(world: World, steps: int = 0, at: datetime | None = None) -> str:
    return totp.code_at(world.authenticators[ADMIN].secret, at or world.clock.now, steps)


def show(world: World, shown: str) -> accounts.SignedIn:
    return sign_in.sign_in(world.services, world.register, ADMIN, PASSWORD, Second(totp=shown))


def refused_with(world: World, shown: str) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        show(world, shown)
    return refused.value.code


def test_a_code_that_was_read_over_a_shoulder_opens_nothing(enrolled: World) -> None:
    world = enrolled
    seen = code(world)
    assert show(world, seen)
    assert refused_with(world, seen) is Refusal.SECOND_FACTOR_WRONG
    world.clock.forward(seconds=20)
    assert refused_with(world, seen) is Refusal.SECOND_FACTOR_WRONG


def test_nor_does_the_code_before_one_that_was_used(enrolled: World) -> None:
    """Within the skew it would still fit; whoever watched the telephone a moment earlier has it."""
    world = enrolled
    earlier = code(world, -1)
    assert show(world, code(world))
    assert refused_with(world, earlier) is Refusal.SECOND_FACTOR_WRONG
    assert show(world, code(world, 1))


def test_the_code_that_set_the_factor_is_used_up_by_that(school_world: World) -> None:
    world = school_world
    world.enrol(ADMIN)
    assert refused_with(
        world, code(world, world.authenticators[ADMIN].last - int(world.clock.now.timestamp()) // 30)
    )


@pytest.mark.parametrize("steps", [-2, 2, -20, 20])
def test_a_clock_that_is_too_wrong_shows_no_right_code(enrolled: World, steps: int) -> None:
    assert refused_with(enrolled, code(enrolled, steps)) is Refusal.SECOND_FACTOR_WRONG


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_that_is_half_a_minute_wrong_is_forgiven(enrolled: World, steps: int) -> None:
    assert show(enrolled, code(enrolled, steps)).due is None


def test_a_server_whose_clock_steps_back_takes_no_code_again(enrolled: World) -> None:
    """A code of ten o'clock fits once more when the server's clock is put back to ten o'clock."""
    world = enrolled
    seen = code(world)
    assert show(world, seen)
    world.clock.forward(minutes=10)
    assert show(world, code(world))
    world.clock.forward(minutes=-10)
    assert refused_with(world, seen) is Refusal.SECOND_FACTOR_WRONG
    assert refused_with(world, code(world, 1)) is Refusal.SECOND_FACTOR_WRONG


def test_a_session_gains_nothing_by_a_clock_that_steps_back(enrolled: World) -> None:
    world = enrolled
    signed_in = show(world, code(world))
    world.clock.forward(minutes=4)
    assert open_sessions.caller_from_token(world.services, signed_in.token)
    world.clock.forward(minutes=6)
    world.sign_in(f"000.head:{SCHOOL}")
    world.clock.forward(minutes=-10)
    with pytest.raises(RefusedError):
        open_sessions.caller_from_token(world.services, signed_in.token)


def test_one_code_at_two_doors_at_once_opens_one(enrolled: World) -> None:
    world = enrolled
    seen = code(world)

    def attempt(_: int) -> Refusal | None:
        try:
            show(world, seen)
        except RefusedError as refused:
            return refused.code
        return None

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, range(4)))
    assert sorted(found, key=str) == [None, *[Refusal.SECOND_FACTOR_WRONG] * 3]


@pytest.mark.parametrize(
    "shown", ["", "12345", "1234567", "１２３４５６", "12345６", " 12345", "+12345", "1e5000", "\x00" * 6]
)
def test_what_is_no_code_is_wrong(enrolled: World, shown: str) -> None:
    assert refused_with(enrolled, shown) is Refusal.SECOND_FACTOR_WRONG


def test_a_code_of_another_account_opens_nothing(enrolled: World) -> None:
    world = enrolled
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.enrol("000.văn thư")
    others = totp.code_at(world.authenticators["000.văn thư"].secret, world.clock.now, 1)
    assert refused_with(world, others) is Refusal.SECOND_FACTOR_WRONG


def test_a_stolen_session_sets_no_second_factor_without_the_password(enrolled: World) -> None:
    """Whoever sits down at an open session would make its next sign-ins their own."""
    world = enrolled
    stolen = open_sessions.caller_from_token(world.services, show(world, code(world)).token)
    for attack in (second_factor.begin_totp, second_factor.begin_passkey):
        with pytest.raises(RefusedError) as refused:
            attack(world.services, stolen, "Đoán mò 000000")
        assert refused.value.code is Refusal.CREDENTIALS_WRONG
    [factor] = second_factor.list_factors(world.services, stolen)
    with pytest.raises(RefusedError) as refused:
        second_factor.remove_factor(world.services, stolen, factor.id, "Đoán mò 000000")
    assert refused.value.code is Refusal.CREDENTIALS_WRONG
    fresh = world.credentials(ADMIN)
    assert fresh is not None
    assert fresh.failed == 3

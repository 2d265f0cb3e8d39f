"""Attacks with names that look like another's: at sign-in, issue, recovery, inspection and import (issue G)."""

import pytest
from sqlalchemy import text
from tests.world import LOWER, OFFICE, PASSWORD, SCHOOL, World

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.org import Person
from access_service.domain.reasons import Refusal
from access_service.usecases.identity import accounts, sign_in
from access_service.usecases.organisation import org

NAME = "000.gv.01"


@pytest.fixture
def world(school_world: World) -> World:
    school_world.hire("gv.01", SCHOOL, "clerk", SCHOOL)
    return school_world


def newcomer(world: World) -> str:
    admin = world.admins[SCHOOL]
    person = org.add_person(world.services, admin, name="Người Thử").id
    world.assign(person, SCHOOL, "clerk", SCHOOL)
    return person


def issue(world: World, username: str) -> accounts.IssuedAccount:
    return accounts.issue_account(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        kind=AccountKind.USE,
        person=newcomer(world),  # type: ignore[arg-type]
        username=username,
    )


@pytest.mark.parametrize("typed", [NAME, NAME.upper(), "０００.ｇｖ.０１"])
def test_the_holder_signs_in_however_the_letters_are_typed(world: World, typed: str) -> None:
    signed = sign_in.sign_in(world.services, world.register, typed, PASSWORD)
    assert signed.caller.account == world.people["gv.01"].account


@pytest.mark.parametrize("typed", ["000.gv.0l", "ооо.gv.01", "000.gv\u00ad.01", "000.gv.01\u200b"])
def test_what_only_looks_like_the_name_opens_nothing(world: World, typed: str) -> None:
    with pytest.raises(RefusedError) as refused:
        sign_in.sign_in(world.services, world.register, typed, PASSWORD)
    assert refused.value.code is Refusal.CREDENTIALS_WRONG


@pytest.mark.parametrize("name", ["000.GV.01", "000.gv.0l", "000.gv.OI", "ooo.gv.01"])
def test_nobody_is_issued_a_name_that_is_taken_for_anothers(world: World, name: str) -> None:
    with pytest.raises(RefusedError, match="taken") as refused:
        issue(world, name)
    assert refused.value.code is Refusal.DUPLICATE


@pytest.mark.parametrize("name", ["000.gѵ.02", "０00.gv.02", "000.gv\u00ad.02", "\u202e000.gv.02"])
def test_nobody_is_issued_a_name_of_another_script(world: World, name: str) -> None:
    with pytest.raises(InvalidError):
        issue(world, name)


def test_a_name_is_kept_in_small_letters_and_shown_so(world: World) -> None:
    issued = issue(world, "000.GV.Đông")
    assert issued.account.username == "000.gv.đông"
    accounts.activate(world.services, issued.activation_code, PASSWORD)
    assert (
        sign_in.sign_in(world.services, world.register, "000.gv.ĐÔNG", PASSWORD).caller.account == issued.account.id
    )


def test_the_operator_unlocks_whom_the_name_means(world: World) -> None:
    for _ in range(5):
        with pytest.raises(RefusedError):
            sign_in.sign_in(world.services, world.register, NAME.upper(), "sai mật khẩu 000")
    with pytest.raises(RefusedError):
        sign_in.sign_in(world.services, world.register, NAME, PASSWORD)
    sign_in.unlock(world.services, world.register, NAME.upper())
    assert sign_in.sign_in(world.services, world.register, NAME, PASSWORD)


def test_names_of_before_that_fold_alike_mean_each_its_own_account(world: World) -> None:
    """An upgrade stops for none of them; each is typed as it was given, and no third one joins."""
    other = world.hire("gv.02", SCHOOL, "clerk", SCHOOL)
    with world.services.db.engine.begin() as connection:
        connection.execute(
            text("UPDATE credentials SET username = '000.GV.01', folded = '000.gv.01' WHERE account = :account"),
            {"account": other.account},
        )
    for typed, who in ((NAME, "gv.01"), ("000.GV.01", "gv.02")):
        signed = sign_in.sign_in(world.services, world.register, typed, PASSWORD)
        assert signed.caller.account == world.people[who].account
    with pytest.raises(RefusedError):
        sign_in.sign_in(world.services, world.register, "000.Gv.01", PASSWORD)
    with pytest.raises(RefusedError, match="taken"):
        issue(world, "000.gV.01")


def test_a_unit_and_a_class_are_not_entered_beside_their_twins(world: World) -> None:
    with pytest.raises(RefusedError, match="looks like"):
        world.add_unit("OOO3101", "school", "Trường Thử", OFFICE, LOWER)
    with pytest.raises(RefusedError, match="looks like"):
        world.add_unit("000310l", "school", "Trường Thử", OFFICE, LOWER)
    assert world.add_unit("0003107", "school", "Trường Thử", OFFICE, LOWER) == UnitId("0003107")
    new = {"school": SCHOOL, "school_year": "2026-2027", "name": "6a", "level": LOWER, "grade": "6"}
    with pytest.raises(RefusedError, match="capital") as refused:
        org.create_class(world.services, world.admins[SCHOOL], code="6a", **new)
    assert refused.value.code is Refusal.DUPLICATE


def test_a_persons_name_keeps_every_mark(world: World) -> None:
    person = org.add_person(world.services, world.admins[SCHOOL], name="Đặng Thị Ngọc Ánh")
    assert world.get(Person, person.id).name == "Đặng Thị Ngọc Ánh"
    with pytest.raises(InvalidError):
        org.add_person(world.services, world.admins[SCHOOL], name="Đặng\u202e Thị")

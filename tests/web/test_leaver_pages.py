"""Leavers are closed from a unit's list, after what falls was shown; an end of duty is undone until its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from visiting import Visitor, visiting

from access_service.domain.accounts import Account
from access_service.domain.org import Assignment
from access_service.usecases.handover import returns
from access_service.usecases.organisation import leaving
from world import SCHOOL, Someone, World, hire_homeroom, homeroom_line

AT = f"/don-vi/{SCHOOL}/tai-khoan/dong"


def furnish(world: World) -> tuple[Someone, Someone]:
    """A teacher who is to leave later; a clerk who has left and handed back, another who has not."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    clerk, _ = world.hire_granted("van thu")
    other, _ = world.hire_granted("ke toan")
    world.clock.forward(minutes=1)
    for who in (clerk, other):
        leaving.end_duty(
            world.services, world.admins[SCHOOL], who.duty, on=date(2026, 8, 24), decision_number="03/QĐ"
        )
    minutes = returns.hand_back(world.services, clerk.caller, SCHOOL)
    world.sign(clerk, minutes.id)
    world.sign(world.head_of(SCHOOL), minutes.id)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 24), decision_number="04/QĐ"
    )
    world.clock.forward(days=5)
    return teacher, clerk


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("thoi-viec"), furnish=furnish) as found:
        yield found


def test_leavers_are_closed_after_who_and_what_was_shown(service: Visitor) -> None:
    visitor, (_, clerk) = service.other().as_custodian(), service.made
    page = visitor.get(f"/don-vi/{SCHOOL}/nguoi?muc=tai-khoan")
    assert AT in page.html
    page = visitor.get(AT)
    assert "Người Thử van thu" in page.words
    assert "Người Thử ke toan" in page.words
    assert "Người Thử gvcn" not in page.words
    assert page.html.count('name="chon"') == 1
    wrong = visitor.send(page, AT, ly_do="đã thôi việc")
    assert wrong.status == 422
    page = visitor.send(visitor.get(f"{AT}?chon=het"), AT, ly_do="đã thôi việc")
    assert "1 tài khoản chấm dứt" in page.words
    assert "đã thôi việc" in page.html
    assert service.world.get(Account, clerk.account).valid_to is None
    page = visitor.send(page, AT)
    assert "Đã đóng 1 tài khoản." in page.words
    assert service.world.get(Account, clerk.account).valid_to is not None
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    assert teacher.get(AT).status in (403, 404)


def test_an_end_of_duty_is_undone_until_its_day(service: Visitor) -> None:
    visitor, (teacher, _) = service.other().as_custodian(), service.made
    path = f"/phan-cong/{teacher.duty}/huy-thoi"
    page = visitor.get(f"/nguoi/{teacher.person}")
    assert path in page.html
    page = visitor.get(path)
    assert "đến hết 23/09/2026" in page.words
    assert visitor.send(page, path, ly_do="").status == 422
    page = visitor.send(page, path, ly_do="ở lại trường")
    assert "Đã huỷ việc thôi nhiệm vụ." in page.words
    assert path not in page.html
    assert service.world.get(Assignment, teacher.duty).valid_to is None
    assert visitor.send(visitor.get(path), path, ly_do="lần nữa").status == 409

"""What waits for a second person, and a new head who confirms what the one before granted, through the pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from visiting import Visitor, visiting

from access_service.usecases.organisation import leaving, org
from world import OFFICE, SCHOOL, World, hire_homeroom, homeroom_line


def with_waiting(world: World) -> None:
    """An officer of the commune enters a head for a school without one: it waits for the chair."""
    world.hand_to_officer(OFFICE)
    person = org.add_person(world.services, world.admins[OFFICE], name="Người Thử phó").id
    duty = org.Duty(person, SCHOOL, "vice_principal", "12/QĐ-UBND", date(2026, 8, 18), world.clock.now)
    org.assign_duty(world.services, world.admins[OFFICE], duty)


def with_new_head(world: World) -> None:
    """The head who granted a right is gone, and a new one has taken office."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    old = world.head_of(SCHOOL)
    world.clock.forward(days=1)
    leaving.end_duty(
        world.services,
        world.enter(world.admins[OFFICE].account),
        old.duty,
        on=world.clock.now.date(),
        decision_number="7/QĐ-UBND",
    )
    world.clock.forward(days=1)
    world.admins[OFFICE] = world.enter(world.admins[OFFICE].account)
    world.hire("mới", SCHOOL, "principal", OFFICE)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("cho"), furnish=with_waiting) as found:
        yield found


def test_the_chair_confirms_what_an_officer_entered_and_the_officer_does_not(waiting: Visitor) -> None:
    page_at = f"/don-vi/{OFFICE}/cho-xac-nhan"
    officer = waiting.other()
    officer.sign_in(officer.enrolled("000.cán bộ"))
    assert officer.get(page_at).status == 404
    chair = waiting.other()
    chair.sign_in(chair.enrolled(f"000.head:{OFFICE}"))
    assert "chờ lãnh đạo xác nhận" in chair.get("/viec").words
    page = chair.get(page_at)
    assert "Người Thử phó" in page.words
    (press,) = [b for b in page.form(page_at).buttons if b[0] == "xac_nhan"]
    page = chair.send(page, page_at, press=press)
    assert "Đã xác nhận" in page.words
    assert "Không có việc nào đang chờ xác nhận" in page.words
    assert "chờ lãnh đạo xác nhận" not in chair.get("/viec").words


def test_a_school_hears_nothing_of_what_waits_above_it(waiting: Visitor) -> None:
    head = waiting.other().as_head()
    assert head.get(f"/don-vi/{OFFICE}/cho-xac-nhan").status == 404


def test_a_new_head_confirms_what_the_old_one_granted(tmp_path_factory: pytest.TempPathFactory) -> None:
    with visiting(tmp_path_factory.mktemp("moi"), furnish=with_new_head) as visitor:
        visitor.sign_in(visitor.enrolled("000.mới"))
        page = visitor.get("/viec")
        assert "1 quyền do thủ trưởng trước cấp, chờ xác nhận" in page.words
        page_at = f"/don-vi/{SCHOOL}/xac-nhan-quyen"
        page = visitor.get(page_at)
        assert "Người Thử gvcn" in page.words
        teacher = visitor.other()
        teacher.sign_in("000.gvcn")
        assert teacher.get(page_at).status in (403, 404)
        page = visitor.send(page, page_at)
        assert "Đã xác nhận các quyền" in page.words
        assert "quyền do thủ trưởng trước cấp, chờ" not in visitor.get("/viec").words

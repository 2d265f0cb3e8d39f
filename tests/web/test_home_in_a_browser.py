"""A head's first page and a commune's units in a real browser: few interactions, at laptop and phone size."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_home_and_units import furnished
from test_second_person_pages import with_new_head, with_waiting

from world import OFFICE, SCHOOL

HEAD, CHAIR = f"000.head:{SCHOOL}", f"000.head:{OFFICE}"


@told("phone", "plain")
def test_a_commune_sees_who_is_late_and_reminds(tmp_path: Path, way: str) -> None:
    """Every late school is reminded in three interactions: the tab, all, the button."""
    with telling(f"nhac-{way}", tmp_path, furnished, way) as story:
        for name in (HEAD, CHAIR):
            story.world.enrol(name)
        story.world.clock.forward(days=8)
        story.sign_in(CHAIR)
        story.look("viec-phuong")
        story.open(f"/don-vi/{OFFICE}/truc-thuoc")
        story.look("truc-thuoc")
        story.click("Chậm 1", role="link")
        story.interactions += 1
        story.page.get_by_text("Chọn cả 1 đơn vị theo bộ lọc").click()
        story.click("Nhắc đơn vị đã chọn")
        story.sees("Đã nhắc 1 đơn vị.")
        assert story.interactions <= 3
        story.look("da-nhac")
        story.open(f"/don-vi/{SCHOOL}")
        story.look("mot-don-vi")
        story.open("/tim?q=thu")
        story.look("tim")
        story.sign_in(HEAD)
        story.open("/viec")
        story.sees("nhắc bàn giao quyền")
        story.look("viec-hieu-truong")
        story.open(f"/don-vi/{SCHOOL}/nguoi")
        story.look("nguoi")
        story.open(f"/don-vi/{SCHOOL}/nguoi?muc=tai-khoan")
        story.look("tai-khoan")
        assert story.page.locator(".btn.go").count() <= 1
        assert story.found == []


@told("phone", "plain")
def test_a_new_head_confirms_what_the_old_one_granted(tmp_path: Path, way: str) -> None:
    """From the first page: the task, the button; nothing is typed."""
    with telling(f"xac-nhan-{way}", tmp_path, with_new_head, way) as story:
        story.world.enrol("000.mới")
        story.sign_in("000.mới")
        story.click("Xem 1 quyền", role="link")
        story.look("quyen-truoc")
        story.click("Xác nhận 1 quyền")
        story.sees("Đã xác nhận các quyền")
        assert story.interactions <= 2


@told("plain")
def test_a_chair_confirms_what_an_officer_entered(tmp_path: Path, way: str) -> None:
    with telling(f"cho-xac-nhan-{way}", tmp_path, with_waiting, way) as story:
        story.world.enrol(CHAIR)
        story.sign_in(CHAIR)
        story.click("Xem 1 việc", role="link")
        story.look("viec-cho")
        story.click("Xác nhận việc này")
        story.sees("Không có việc nào đang chờ xác nhận")
        assert story.interactions <= 2

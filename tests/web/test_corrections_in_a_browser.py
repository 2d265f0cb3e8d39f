"""In a real browser: a name, a class and a duty are set right, each beside what was known before."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_correcting_pages import furnish

from world import CLASS_6A, SCHOOL


@told("laptop", "phone")
def test_what_was_recorded_wrongly_is_set_right(tmp_path: Path, way: str) -> None:
    with telling(f"dinh-chinh-{way}", tmp_path, furnish, way=way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
            story.world.enrol(name)
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        person = story.made.person
        story.open(f"/nguoi/{person}")
        story.click("Đính chính họ tên", role="link")
        story.fill("Họ và tên đúng", "Đặng Ngọc Ánh")
        story.fill("Lý do đính chính", "ghi nhầm họ tên")
        story.click("Đính chính họ tên")
        story.sees("Đã đính chính họ tên.")
        assert story.interactions == 4
        story.look("nguoi")
        story.open(f"/nguoi/{person}/dinh-chinh")
        story.look("ho-ten")
        story.open(f"/don-vi/{SCHOOL}/lop")
        story.look("cac-lop")
        story.open(f"/don-vi/{SCHOOL}/lop/{CLASS_6A}/dinh-chinh")
        story.look("lop")
        story.open(f"/phan-cong/{story.made.duty}/dinh-chinh")
        story.fill("Chủ nhiệm", "6B")
        story.fill("Lý do đính chính", "nhầm lớp")
        story.click("Đính chính phân công")
        story.sees("chấm dứt ngay")
        story.look("phan-cong")

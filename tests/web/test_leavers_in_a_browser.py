"""In a real browser: leavers' accounts are closed together after what falls was shown; an end of duty is undone."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_leaver_pages import AT, furnish

from world import SCHOOL


@told("laptop", "phone")
def test_leavers_are_closed_and_an_end_is_undone(tmp_path: Path, way: str) -> None:
    with telling(f"thoi-viec-{way}", tmp_path, furnish, way=way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
            story.world.enrol(name)
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        story.open(AT)
        story.click("Chọn tất cả người đóng được", role="link")
        story.fill("Lý do", "đã thôi việc")
        story.click("Xem điều sẽ xảy ra")
        story.sees("Không lấy lại được.")
        story.look("dong-tai-khoan")
        story.click("Đóng 1 tài khoản")
        story.sees("Đã đóng 1 tài khoản.")
        assert story.interactions == 4
        teacher, _ = story.made
        story.open(f"/nguoi/{teacher.person}")
        story.look("nguoi")
        story.click("Huỷ việc thôi nhiệm vụ", role="link")
        story.look("huy-thoi")
        story.fill("Lý do", "ở lại trường")
        story.click("Huỷ việc thôi nhiệm vụ")
        story.sees("Đã huỷ việc thôi nhiệm vụ.")

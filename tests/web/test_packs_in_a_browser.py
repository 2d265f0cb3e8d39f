"""A director reads what a pack would change, and confirms it, in a real browser."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_pack_pages import with_waiting_pack


@told("phone")
def test_a_director_reads_what_changes_and_confirms_it(tmp_path: Path, way: str) -> None:
    """From the office's list to the difference and back: three interactions."""
    with telling(f"goi-{way}", tmp_path, with_waiting_pack, way) as story:
        story.world.enrol("director.00031")
        story.sign_in("director.00031")
        story.open("/don-vi/00031/cho-xac-nhan")
        story.look("cho-xac-nhan")
        story.click("Xem điểm khác trước khi xác nhận", role="link")
        story.sees("1 tài khoản được thêm quyền, 1 tài khoản mất quyền")
        story.look("diem-khac")
        story.click("Đến trang xác nhận", role="link")
        story.click("Xác nhận việc này")
        story.sees("Đã xác nhận. Việc có hiệu lực từ bây giờ.")
        assert story.interactions <= 3
        story.open("/quy-tac")
        story.look("quy-tac")

"""In a real browser: the software that uses a school's data, and the end of its use."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_software_pages import AT, furnish

from world import SCHOOL


@told("phone", "plain")
def test_software_is_stopped_after_what_falls_was_shown(tmp_path: Path, way: str) -> None:
    with telling(f"phan-mem-{way}", tmp_path, furnish, way=way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
            story.world.enrol(name)
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        story.open(f"{AT}/khai")
        story.look("khai")
        story.open(AT)
        story.look("danh-sach")
        story.click("Phần mềm nhắn tin thử", role="link")
        story.look("mot-phan-mem")
        story.click("Chấm dứt sử dụng", role="link")
        story.look("dieu-se-xay-ra")
        story.click("Chấm dứt sử dụng")
        story.sees("Đã chấm dứt sử dụng phần mềm.")
        assert story.interactions == 3

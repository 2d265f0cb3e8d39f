"""In a real browser: the homeroom changes in November, and a unit's admin account is looked at and taken back."""

from __future__ import annotations

from pathlib import Path

from story import Story, telling, told
from test_class_pages import AT, furnish

from world import OFFICE, SCHOOL


def enter(story: Story, unit: str) -> None:
    for name in (f"000.head:{unit}", f"quantri.{unit}"):
        if name not in story.world.authenticators:
            story.world.enrol(name)
    story.sign_in(f"000.head:{unit}")
    story.put_on(f"quantri.{unit}")


@told("phone", "plain")
def test_the_homeroom_changes_in_november(tmp_path: Path, way: str) -> None:
    with telling(f"lop-{way}", tmp_path, furnish, way=way) as story:
        enter(story, SCHOOL)
        story.open(f"{AT}/lop")
        story.look("cac-lop")
        story.click("Đổi chủ nhiệm 6A", role="link")
        story.look("chon-nguoi")
        story.page.get_by_label("Giáo viên chủ nhiệm mới").select_option(label="Người Thử bo mon")
        story.interactions += 1
        story.fill("Số quyết định", "45/QĐ-THCS")
        story.click("Xem điều sẽ xảy ra")
        story.look("dieu-se-xay-ra")
        story.click("Đổi chủ nhiệm")
        story.sees("Đã đổi chủ nhiệm và lập biên bản bàn giao")
        story.look("da-doi")
        assert story.interactions == 5


@told("phone", "plain")
def test_the_admin_account_is_looked_at_and_taken_back(tmp_path: Path, way: str) -> None:
    with telling(f"tkqt-{way}", tmp_path, furnish, way=way) as story:
        enter(story, OFFICE)
        story.open(f"{AT}/tai-khoan-quan-tri")
        story.look("tai-khoan-quan-tri")
        story.click(f"quantri.{SCHOOL}", role="link")
        story.look("mot-tai-khoan")
        story.open(f"{AT}/tham-quyen")
        story.look("tham-quyen")
        story.open(f"{AT}/tai-khoan-quan-tri")
        story.click("Thu hồi tài khoản quản trị", role="link")
        story.look("dieu-se-xay-ra")
        story.click("Thu hồi tài khoản quản trị")
        story.sees("Đã thu hồi tài khoản quản trị.")
        story.look("chua-co-nguoi")

"""In a real browser, on a laptop and on a phone: a person's page, a right, and taking it back."""

from __future__ import annotations

from pathlib import Path

from story import Story, telling, told

from access_service.domain.delegation import Grant
from world import SCHOOL


def as_head(story: Story) -> None:
    for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
        if name not in story.world.authenticators:
            story.world.enrol(name)
    story.sign_in(f"000.head:{SCHOOL}")


@told("phone", "plain")
def test_revoking_shows_what_falls_in_three_presses(tmp_path: Path, way: str) -> None:
    with telling(f"quyen-{way}", tmp_path, way=way) as story:
        as_head(story)
        story.open(f"/nguoi/{story.made.person}")
        story.look("mot-nguoi")
        story.click("Vì sao?", role="link")
        story.look("mot-quyen")
        story.click("Thu hồi quyền", role="link")
        story.look("dieu-se-xay-ra")
        story.fill("Lý do", "thôi phụ trách lớp")
        story.click("Thu hồi quyền")
        story.sees("Đã thu hồi quyền.")
        story.look("da-thu-hoi")
        assert story.interactions == 4
        with story.world.services.db.read(story.world.register) as reader:
            [grant] = reader.find(Grant, account=story.made.account)
        assert grant.ended_at is not None


@told("plain")
def test_a_duty_ends_after_its_consequences_were_shown(tmp_path: Path, way: str) -> None:
    """The person was found: one press to the page, a number, a day, one press more."""
    with telling(f"thoi-{way}", tmp_path, way=way) as story:
        as_head(story)
        story.open(f"/nguoi/{story.made.person}")
        story.click("Thôi nhiệm vụ", role="link")
        story.look("dieu-se-xay-ra")
        story.fill("Số quyết định", "12/QĐ-THCS")
        story.fill("Từ ngày", "24/08/2026")
        story.click("Thôi nhiệm vụ")
        story.sees("Đã ghi nhận thôi nhiệm vụ.")
        assert story.interactions == 4


@told("phone", "plain")
def test_a_teacher_reads_her_rights_and_hands_them_back(tmp_path: Path, way: str) -> None:
    with telling(f"toi-{way}", tmp_path, way=way) as story:
        story.sign_in("000.gvcn")
        story.open("/toi")
        story.look("quyen-cua-toi")
        story.click("Trả lại quyền", role="link")
        story.look("tra-lai")
        story.click("Lập biên bản bàn giao lại")
        assert story.interactions == 2

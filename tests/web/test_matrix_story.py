"""A reviewer asks in a real browser who could see a class's health data, who allowed it, and what changed."""

from __future__ import annotations

import re
from pathlib import Path

from story import telling, told

from access_service.usecases.handover import delegation
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, SCHOOL, World, hire_homeroom, homeroom_line


def furnish(world: World) -> None:
    """A school with two homeroom teachers, three clerks, software, and a right that was taken back."""
    for key, class_id in (("Ngọc Ánh", CLASS_6A), ("Văn Bình", CLASS_6B)):
        teacher = hire_homeroom(world, key, class_id)
        world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher, class_id))
    for number in (1, 2, 3):
        world.hire_granted(f"giáo vụ {number}")
    _, grant = world.hire_granted("người thôi")
    approve(world, enter(world))
    world.clock.forward(days=1)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="chuyển công tác")
    world.enrol(f"000.head:{SCHOOL}")


@told("phone", "plain")
def test_a_question_an_answer_and_why(tmp_path: Path, way: str) -> None:
    with telling(f"ma-tran-{way}", tmp_path, furnish, way=way) as story:
        story.sign_in(f"000.head:{SCHOOL}")
        story.open(f"/don-vi/{SCHOOL}/ma-tran")
        story.sees("Hỏi: ai xem được gì")
        story.look("ca-don-vi")
        # Printed lying down, whatever the window: the paper is 297 by 210 millimetres.
        assert re.search(rb"/MediaBox \[0 0 841\.\d+ 59\d", story.page.pdf(prefer_css_page_size=True))
        before = story.interactions
        story.fill("Hỏi: ai xem được gì, của lớp nào, ngày nào", "suc khoe 6a 20/8/2026")
        story.click("Tra cứu")
        story.sees("Hiểu là:")
        story.click("Vì sao?", "link")
        story.page.locator(".chain:visible").first.wait_for()
        assert story.interactions - before == 3
        story.look("vi-sao")
        story.open(f"/don-vi/{SCHOOL}/ma-tran?so=20/08/2026")
        story.look("so-voi-ngay")
        story.click("Theo lớp", "link")
        story.look("theo-lop")
        story.click("Theo nhóm dữ liệu", "link")
        story.look("theo-nhom")
        story.open(f"/tra-cuu?ai=Bình&hd=write&nhom=STU-HEA&lop={CLASS_6A}")
        story.sees("KHÔNG")
        story.look("tra-cuu")
        story.open(f"/don-vi/{SCHOOL}/bat-thuong")
        story.look("bat-thuong")

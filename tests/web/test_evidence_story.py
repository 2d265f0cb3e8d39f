"""Dossier, log, inspection, recovery and rules, before a real browser."""

from __future__ import annotations

from pathlib import Path

from story import Story, telling, told
from test_evidence_pages import asked_by_head, furnish

from access_service.storage import jobs as stored
from world import OFFICE, REGISTER, SCHOOL


def enter(story: Story, name: str) -> None:
    """Sign in as somebody else."""
    story.page.context.clear_cookies()
    if name not in story.world.authenticators:
        story.world.enrol(name)
    story.sign_in(name)


@told("phone", "plain")
def test_evidence_is_asked_for_read_and_inspected(way: str, tmp_path: Path) -> None:
    with telling(f"bang-chung-{way}", tmp_path, furnish, way) as story:
        world = story.world
        enter(story, f"000.head:{SCHOOL}")
        story.open(f"/don-vi/{SCHOOL}/ho-so")
        story.look("ho-so")
        story.click("Lập hồ sơ")
        story.sees("Đang chờ")
        story.look("cong-viec")
        assert story.interactions == 1
        with world.services.db.aside() as connection:
            # Somebody stops it elsewhere: the page sees it by itself.
            stored.cancel(connection, REGISTER, story.page.url.rpartition("/")[2], world.clock.now)
        story.sees("Đã dừng")
        story.open("/quy-tac")
        story.look("quy-tac")
        story.page.locator("tbody a").first.click()
        story.sees("Quyền theo vai trò")
        story.look("mot-quy-tac")

        recovery = asked_by_head(world)
        enter(story, "000.gvcn")
        story.open(f"/khoi-phuc/{recovery}")
        story.look("khoi-phuc")
        story.fill("Lý do", "Tôi không nhờ")
        story.click("Dừng khôi phục")
        story.sees("Đã dừng việc khôi phục")

        enter(story, f"000.head:{OFFICE}")
        world.enrol(f"quantri.{OFFICE}")
        story.put_on(f"quantri.{OFFICE}")
        story.open("/doan-kiem-tra/moi")
        story.look("lap-quyet-dinh")
        story.fill("Nội dung kiểm tra", "Kiểm tra việc phân quyền")
        story.page.get_by_label("Tên đăng nhập, mỗi dòng một người").fill("000.kiem-tra")
        story.page.locator(f'[name=don_vi][value="{SCHOOL}"]').check()
        story.page.get_by_role("button", name="Lập quyết định").click()
        story.sees("Đã lập quyết định")
        place = story.page.url.removeprefix(story.address)
        world.sign(world.head_of(OFFICE), place.rpartition("/")[2])
        story.open("/doan-kiem-tra")
        story.look("doan-kiem-tra")
        enter(story, "000.kiem-tra")
        story.open(place)
        story.look("quyet-dinh")
        story.click("Xem hồ sơ", role="link")
        story.sees("Mỗi trang mở ra được ghi vào nhật ký")
        story.look("trang-ho-so")

        enter(story, "director.00031")
        story.open("/nhat-ky")
        story.look("nhat-ky")
        story.open("/nhat-ky/2")
        story.look("su-kien")

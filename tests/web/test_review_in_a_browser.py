"""Reviewers in a real browser: a past day, who authorised it, two days compared, why not, an inspection's days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from story import telling, told

from access_service.domain.delegation import Authority
from access_service.domain.names import SuspendableKind, UnitId
from access_service.domain.time import local, start_of_day
from access_service.usecases.handover import delegation, inspection
from access_service.usecases.organisation import leaving
from world import LOWER, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line

HEAD, INSPECTOR, MATRIX = f"000.head:{SCHOOL}", "000.kiểm tra", f"/don-vi/{SCHOOL}/ma-tran"
SECOND = UnitId("0003102")


def with_inspection(world: World) -> str:
    """A homeroom teacher whose right is over, a clerk who came since, and a team that inspects for ten days."""
    world.add_unit(SECOND, "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    before = hire_homeroom(world, "Ngọc Ánh")
    world.hand_over(SCHOOL, before, homeroom_line(world, before))
    world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    world.clock.forward(days=3)
    today = local(world.clock.now).date()
    leaving.end_duty(world.services, world.admins[SCHOOL], before.duty, on=today, decision_number="7/QĐ-THCS")
    after = hire_homeroom(world, "Văn Bình")
    world.hand_over(SCHOOL, after, homeroom_line(world, after))
    decision = inspection.propose_inspection(
        world.services,
        world.admins[OFFICE],
        inspection.Team(
            number="5/QĐ-UBND",
            dated=today,
            units=frozenset({SCHOOL}),
            members=frozenset({world.people["kiểm tra"].person}),
            content="Kiểm tra việc phân quyền",
            valid_from=world.clock.now,
            valid_to=start_of_day(today + timedelta(days=10)),
            period_from=start_of_day(date(2026, 8, 1)),
        ),
    )
    world.sign(world.head_of(OFFICE), decision.id)
    return str(decision.id)


@told("plain")
def test_the_reviewer_finds_who_could_see_health_data_on_a_past_day_and_who_authorised_it(
    tmp_path: Path, way: str
) -> None:
    """One question, one press: whoever has lost the right since stands there, with the paper and who signed it."""
    with telling(f"nguoi-kiem-tra-{way}", tmp_path, with_inspection, way) as story:
        story.become(INSPECTOR)
        story.open(MATRIX)
        story.look("ma-tran")
        assert "Ngọc Ánh" not in story.page.locator("main").inner_text()
        story.interactions = 0
        story.fill("Hỏi: ai xem được gì, của lớp nào, ngày nào", "suc khoe 6a 21/8/2026")
        story.click("Tra cứu")
        story.sees("1 người")
        shown = story.page.locator("main").inner_text()
        assert "Ngọc Ánh" in shown
        assert "Người Thử head:0003101" in shown
        assert "Văn Bình" not in shown
        assert story.interactions == 2
        story.click("Vì sao?", "link")
        story.page.locator(".chain:visible").first.wait_for()
        story.look("ai-cho-phep")
        chain = story.page.locator(".chain:visible").first.inner_text()
        assert "Sở Giáo dục và Đào tạo thử nghiệm" in chain
        assert "UBND xã Thử" in chain
        assert "Người Thử Ngọc Ánh" in chain


@told("plain")
def test_an_inspector_sees_their_units_until_the_last_day_and_no_longer(tmp_path: Path, way: str) -> None:
    with telling(f"doan-{way}", tmp_path, with_inspection, way) as story:
        story.become(INSPECTOR)
        story.look("viec")
        story.open("/doan-kiem-tra")
        story.look("doan")
        story.click("Xem", "link")
        story.look("quyet-dinh")
        story.click("Xem hồ sơ", "link")
        story.sees("Hồ sơ của Trường THCS Thử")
        pages = story.page.url.removeprefix(story.address)
        for path in (f"/don-vi/{SECOND}/ma-tran", f"/don-vi/{SECOND}/ho-so", pages.replace(SCHOOL, SECOND)):
            assert story.page.goto(story.address + path).status in (403, 404), path
        story.world.clock.forward(days=9)
        story.become(INSPECTOR)
        story.open(pages)
        story.sees("Hồ sơ của Trường THCS Thử")
        story.world.clock.forward(days=1)
        story.become(INSPECTOR)
        for path in (MATRIX, f"/don-vi/{SCHOOL}/ho-so", pages):
            assert story.page.goto(story.address + path).status in (403, 404), path
        story.look("het-han")


@told()
def test_the_matrix_of_two_days_differs_by_one_and_one(tmp_path: Path, way: str) -> None:
    with telling(f"hai-ngay-{way}", tmp_path, with_inspection, way) as story:
        story.become(INSPECTOR)
        story.open(MATRIX)
        story.fill("Hỏi: ai xem được gì, của lớp nào, ngày nào", "suc khoe 6a")
        story.fill("So với ngày", "21/08/2026")
        story.click("Tra cứu")
        story.sees("thêm 1, bớt 1")
        assert story.interactions == 3
        shown = story.page.locator("main").inner_text()
        assert "Ngọc Ánh" in shown
        assert "Văn Bình" in shown
        story.look("them-bot")


@told("plain")
def test_why_not_names_the_link_that_broke(tmp_path: Path, way: str) -> None:
    """The commune's leave to hand down is stopped: the teacher is denied, and the answer says where and by whom."""
    with telling(f"vi-sao-khong-{way}", tmp_path, with_inspection, way) as story:
        story.become(HEAD)
        story.open("/tra-cuu")
        story.fill("Ai (để trống: chính tôi)", "binh")
        story.page.get_by_label("làm gì").select_option(label="xem")
        story.page.get_by_label("dữ liệu").select_option(label="Sức khoẻ, y tế học đường, khuyết tật")
        story.page.get_by_label("của lớp").select_option(label="6A (2026-2027)")
        story.click("Hỏi")
        story.sees("ĐƯỢC")
        story.look("duoc")
        with story.world.services.db.read(story.world.register) as reader:
            [authority] = [a for a in reader.find(Authority) if a.unit == SCHOOL]
        office = story.world.admins[OFFICE]
        kind = SuspendableKind.AUTHORITY
        delegation.suspend(story.world.services, office, kind=kind, target=authority.id, reason="đang kiểm tra")
        story.click("Hỏi")
        story.sees("KHÔNG")
        shown = story.page.locator("main").inner_text()
        assert "Thẩm quyền phân cấp của đơn vị đang bị tạm khoá" in shown
        story.look("khong-duoc")
        links = story.page.locator(".chain > li").all_inner_texts()
        broken = [link.split()[:3] for link in links if "Đang tạm khoá từ 23/08/2026" in link]
        assert broken == [["Trường", "THCS", "Thử"]]

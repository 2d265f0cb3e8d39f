"""Who could, in a real browser: the page, its picture and each kind of way, at both sizes, light and dark."""

from __future__ import annotations

from pathlib import Path

from story import telling, told

from world import SCHOOL

HEAD = f"000.head:{SCHOOL}"
ADDRESS = f"/don-vi/{SCHOOL}/ai-co-the"


@told("laptop", "phone")
def test_a_head_asks_who_could_read_health_data_and_what_closes_it(tmp_path: Path, way: str) -> None:
    dark = "dark" if way == "phone" else "light"
    with telling(f"ai-co-the-{way}", tmp_path, way=way, color_scheme=dark) as story:
        story.become(HEAD)
        story.open(f"/don-vi/{SCHOOL}")
        story.interactions = 0
        story.click("Ai có thể", "link")
        story.sees("Chặn ở đây đóng được nhiều đường nhất")
        assert story.interactions == 1
        assert story.page.locator(".reach svg .box").count() >= 2
        story.look("mot-minh")
        story.page.get_by_label("Người làm").select_option("2")
        story.click("Xem")
        story.sees("Quy tắc 5 và 7")
        story.look("cung-nhau")
        story.open(f"{ADDRESS}/khoi-phuc")
        story.look("khoi-phuc")
        for kind in ("bien-ban", "bo-nhiem", "chuyen-don-vi", "lam-chung"):
            story.open(f"{ADDRESS}/{kind}")
            story.look(kind)

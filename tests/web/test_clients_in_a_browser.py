"""In a real browser: an approval beside what was asked, a client with its secret, the form of an approval."""

from __future__ import annotations

from pathlib import Path

from story import telling, told
from test_client_and_approval_pages import furnish
from test_correcting_pages import names_of_root

from world import SCHOOL


@told("laptop", "phone")
def test_a_client_is_made_and_an_approval_read(tmp_path: Path, way: str) -> None:
    with telling(f"dong-y-{way}", tmp_path, furnish, way=way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}", *names_of_root(story.world)):
            story.world.enrol(name)
        software, agreed = story.made
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        story.open(f"/don-vi/{SCHOOL}/dong-y")
        story.look("danh-sach")
        story.open(f"/dong-y/{agreed.id}")
        story.look("mot-van-ban")
        story.open(f"/phan-mem/{software.id}")
        story.look("phan-mem")
        story.click("Tạo máy khách", role="link")
        story.fill("Địa chỉ quay về sau khi đăng nhập", "https://so.example/ve")
        story.look("tao-may-khach")
        story.click("Tạo máy khách")
        story.sees("Mã chỉ hiện lần này")
        assert story.interactions == 3
        story.look("ma-bi-mat")
        story.click("Đã chép, tiếp tục", role="link")
        story.look("may-khach")
        if way == "laptop":
            own, admin = names_of_root(story.world)
            story.page.context.clear_cookies()
            story.sign_in(own)
            story.put_on(admin)
        story.open(f"/phan-mem/{software.id}/dong-y")
        story.look("ghi-van-ban")

"""In a real browser: a teacher enters another service by the sign-in here, and signs out there."""

from __future__ import annotations

from pathlib import Path

from relying import TEACHER, with_services
from story import telling, told

from access_service.domain.names import ClientId
from access_service.usecases.third_party import clients
from landing import free_port, landing
from world import PASSWORD, SCHOOL


@told("laptop", "plain")
def test_a_teacher_enters_a_service_with_the_sign_in_here(tmp_path: Path, way: str) -> None:
    port = free_port()
    with landing(port), telling(f"dich-vu-{way}", tmp_path, with_services, way=way) as story:
        gradebook, world = story.made[0], story.world
        gradebook.back = f"http://localhost:{port}/ve"
        clients.change_sign_in(
            world.services,
            world.admins[SCHOOL],
            ClientId(gradebook.id),
            frozenset({gradebook.back}),
            frozenset({f"http://localhost:{port}/het"}),
        )

        def comes_back() -> None:
            story.page.wait_for_url(lambda url: url.startswith(f"{gradebook.back}?code="))

        story.open(gradebook.address())
        story.look("dang-nhap")
        story.fill("Tên đăng nhập", TEACHER)
        story.fill("Mật khẩu", PASSWORD)
        story.click("Đăng nhập")
        story.sees("Biết về Thầy/Cô")
        story.look("dich-vu-biet-gi")
        story.click("Tiếp tục")
        comes_back()
        assert story.interactions == 4
        story.open(gradebook.address())
        comes_back()
        story.open(gradebook.address(redirect_uri="https://xau.example/"))
        story.look("khong-dang-nhap-duoc")
        story.open(f"/oauth2/logout?client_id={gradebook.id}&post_logout_redirect_uri=http://localhost:{port}/het")
        story.look("dang-xuat")
        story.click("Đăng xuất", nth=-1)
        story.page.wait_for_url(f"http://localhost:{port}/het")
        story.open(f"/oauth2/logout?client_id={gradebook.id}")
        story.look("da-dang-xuat")
        assert story.interactions == 5

"""A teacher opens the gradebook behind the proxy in a real browser, with the texts of docs/proxies.md."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import WITHIN_S
from proxied import KEY, MARKS, OTHER, ROOT, USERNAME, Behind, block, proxied
from story import WAIT_MS, browsing
from test_caddy import CADDY
from test_caddy import _command as caddy
from test_nginx import NGINX
from test_nginx import _command as nginx

from access_service.domain.delegation import Grant
from access_service.domain.guarded_host import SESSION, WAY
from access_service.usecases.handover import delegation
from guarded_gradebook import create_guarded_gradebook
from world import PASSWORD, SCHOOL

PROXIES = [
    pytest.param(nginx, "original", id="nginx", marks=pytest.mark.skipif(NGINX is None, reason="no nginx here")),
    pytest.param(caddy, "forwarded", id="caddy", marks=pytest.mark.skipif(CADDY is None, reason="no Caddy here")),
]


def at(behind: Behind, path: str) -> str:
    return f"http://127.0.0.1:{behind.port}{path}"


def goes_to(page: Any, behind: Behind, path: str, status: int) -> None:
    """Open a page of the gradebook until it answers so: others have committed, and the service hears of it."""
    until = time.monotonic() + WITHIN_S
    while (answer := page.goto(at(behind, path))) is None or answer.status != status:
        assert time.monotonic() < until, (path, status, None if answer is None else answer.status)


@pytest.mark.parametrize(("command", "headers"), PROXIES)
def test_a_teacher_is_sent_to_sign_in_sees_her_class_and_is_refused_after_revocation(
    tmp_path: Path, cheap_passwords: None, command: Callable[..., list[str]], headers: str
) -> None:
    rules = block("toml").replace('"original"', f'"{headers}"', 1)
    app = create_guarded_gradebook()
    with (
        browsing(locale="vi-VN") as context,
        proxied(tmp_path, rules, command, app=app, is_visited=True, ACCESS_KEY=KEY) as behind,
    ):
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(at(behind, f"{MARKS}?sort=ten"))
        page.get_by_role("heading", name="Đăng nhập").wait_for()
        assert page.url.startswith(f"http://localhost:{behind.ports.access}/dang-nhap")
        form = page.locator('form[action="/dang-nhap"]')
        form.locator("[name=ten]").fill(USERNAME)
        form.locator("[name=mat_khau]").fill(PASSWORD)
        form.get_by_role("button").first.click()
        page.get_by_text(f"Người xem: {behind.account}").wait_for()
        assert page.url == at(behind, f"{MARKS}?sort=ten")
        kept = {c["name"]: c for c in context.cookies(at(behind, "/"))}
        assert WAY not in kept
        assert (kept[SESSION]["httpOnly"], kept[SESSION]["secure"], kept[SESSION]["sameSite"]) == (
            True,
            True,
            "Lax",
        )
        goes_to(page, behind, OTHER, 403)
        # What she writes into the proxy's own headers counts for nothing, here and below `/.access/`.
        lies = {"X-Access-Account": "acc_other", "X-Access-Grant": "grn_other", "X-Access-Mode": "observe"}
        told = context.request.get(at(behind, MARKS), headers=lies)
        assert (told.status, behind.account in told.text(), "acc_other" in told.text()) == (200, True, False)
        lies |= {"X-Access-Key": KEY, "X-Original-URI": MARKS, "X-Forwarded-Uri": MARKS}
        assert context.request.get(at(behind, OTHER), headers=lies).status == 403
        assert context.request.get(at(behind, "/.access/sign-in"), headers=lies, max_redirects=0).status == 403
        assert context.request.get(at(behind, "/.access/callback/../evaluation"), max_redirects=0).status == 403
        # She leaves, comes back without typing anything, and the host's own session is another one.
        page.goto(at(behind, MARKS))
        page.get_by_role("link", name="Ra khỏi sổ điểm").click()
        page.get_by_role("heading", name="Đã ra khỏi dịch vụ").wait_for()
        page.get_by_role("link", name="Vào lại").wait_for()
        goes_to(page, behind, MARKS, 200)
        assert {c["name"]: c["value"] for c in context.cookies(at(behind, "/"))}[SESSION] != kept[SESSION]["value"]
        world = behind.world
        with world.services.db.read(world.register) as reader:
            (grant,) = reader.find(Grant, account=behind.account)
        delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
        goes_to(page, behind, MARKS, 403)
        # Signed out at the service, she is nobody at the gradebook: opening it leads to the sign-in page once more.
        page.goto(f"http://localhost:{behind.ports.access}/toi")
        page.locator('form[action="/dang-xuat"] button').first.evaluate(
            "button => button.form.requestSubmit(button)"
        )
        page.get_by_role("heading", name="Đăng nhập").wait_for()
        page.goto(at(behind, MARKS))
        page.get_by_role("heading", name="Đăng nhập").wait_for()
        # What a script asks for is told so, and sent nowhere.
        answer = context.request.get(at(behind, MARKS), headers={"Sec-Fetch-Mode": "cors"}, max_redirects=0)
        assert answer.status == 401


def test_the_texts_of_the_page_stand_in_deploy() -> None:
    for name, language in (("nginx.conf", "nginx"), ("Caddyfile", "caddyfile"), ("traefik.yml", "yaml")):
        text = (ROOT / "deploy" / f"guarded.{name}").read_text("utf-8")
        assert text.partition("\n")[2] == block(language)

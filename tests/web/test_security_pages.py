"""One's own password, authenticator and passkey, through the pages, in a browser with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from story import Story, telling
from visiting import Visitor, visiting

from access_service.signing.totp import STEP_S, code_at
from access_service.web import cookies
from world import PASSWORD, SCHOOL

HEAD = f"000.head:{SCHOOL}"
NEW = "Mật khẩu mới 000 dài"


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    with visiting(tmp_path) as found:
        yield found


def add_code(visitor: Visitor, username: str) -> None:
    """Add an authenticator through the pages."""
    page = visitor.get("/toi/bao-mat")
    page = visitor.send(page, "/toi/bao-mat/ma", mat_khau=PASSWORD)
    secret = dict(page.form("/toi/bao-mat/ma/xac-nhan").fields)["bi_mat"]
    assert "<svg" in page.html
    now = visitor.world.clock.now
    wrong = visitor.send(page, "/toi/bao-mat/ma/xac-nhan", ma="000000")
    assert (wrong.status, secret in wrong.html) == (401, True)
    page = visitor.send(wrong, "/toi/bao-mat/ma/xac-nhan", ma=code_at(secret, now, 0))
    assert "Mã dùng một lần đã có hiệu lực" in page.words
    from world import Authenticator

    visitor.world.authenticators[username] = Authenticator(secret, int(now.timestamp()) // STEP_S)


def test_a_head_must_set_a_second_factor_before_anything_else(visitor: Visitor) -> None:
    page = visitor.sign_in(HEAD)
    page = visitor.get("/quan-tri/dang-nhap")
    assert page.address == "/toi/bao-mat"
    assert "phải dùng xác thực hai yếu tố" in page.words
    add_code(visitor, HEAD)
    assert visitor.get("/quan-tri/dang-nhap").address == "/quan-tri/dang-nhap"
    again = visitor.other()
    assert again.sign_in(HEAD).status != 401


def test_a_new_password_ends_every_other_session(visitor: Visitor) -> None:
    other = visitor.other()
    other.sign_in("000.gvcn")
    visitor.sign_in("000.gvcn")
    page = visitor.get("/toi/bao-mat")
    unlike = visitor.send(page, "/toi/bao-mat/mat-khau", mat_khau=PASSWORD, mat_khau_moi=NEW, nhac_lai="khác")
    assert (unlike.status, "không giống nhau" in unlike.words) == (422, True)
    weak = visitor.send(page, "/toi/bao-mat/mat-khau", mat_khau=PASSWORD, mat_khau_moi="ngắn", nhac_lai="ngắn")
    assert weak.status == 422
    page = visitor.send(page, "/toi/bao-mat/mat-khau", mat_khau=PASSWORD, mat_khau_moi=NEW, nhac_lai=NEW)
    assert "Đã đổi mật khẩu" in page.words
    assert other.get("/toi/bao-mat").address.startswith("/dang-nhap")
    assert visitor.get("/toi/bao-mat").address == "/toi/bao-mat"
    assert visitor.other().sign_in("000.gvcn", NEW).status != 401


def test_a_factor_is_removed_with_the_password_and_the_factor(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    add_code(visitor, "000.gvcn")
    page = visitor.get("/toi/bao-mat")
    action = next(f.action for f in page.forms if f.action.startswith("/toi/bao-mat/bo/"))
    asked = visitor.send(page, action, mat_khau=PASSWORD)
    assert (asked.status, "nhập mã dùng một lần" in asked.words) == (401, True)
    page = visitor.send(asked, action, mat_khau=PASSWORD, ma=visitor.code_of("000.gvcn"))
    assert "Đã bỏ phương thức xác thực" in page.words
    assert cookies.PERSONAL in visitor.client.cookies


def with_authenticator(story: Story) -> None:
    """The browser has an authenticator that says yes."""
    cdp = story.page.context.new_cdp_session(story.page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True}
    always = {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options | always})


def test_a_passkey_is_made_and_opens_the_door(tmp_path: Path) -> None:
    with telling("khoa-truy-cap", tmp_path) as story:
        with_authenticator(story)
        story.sign_in(HEAD)
        story.open("/toi/bao-mat")
        story.look("bao-mat")
        story.page.get_by_text("Thêm khoá truy cập (passkey)").click()
        form = story.page.locator('form[action="/toi/bao-mat/khoa"]')
        form.locator("[name=mat_khau]").fill(PASSWORD)
        form.get_by_role("button", name="Tiếp tục").click()
        story.sees("Khoá nằm trong thiết bị")
        story.look("tao-khoa")
        story.click("Tạo khoá truy cập")
        story.sees("Khoá truy cập đã có hiệu lực")
        story.page.context.clear_cookies()
        story.interactions = 0
        story.open("/dang-nhap")
        story.page.wait_for_url(
            "**/viec"
        )  # the device offers the passkey in the name field, and its holder says yes
        story.page.context.clear_cookies()
        answered = story.page.context.request.post(
            f"{story.address}/dang-nhap", headers={"Sec-Fetch-Site": "same-origin"}, form={"ten": "", "khoa": "{}"}
        )
        assert answered.status == 401


def test_a_passkey_beside_the_password(tmp_path: Path) -> None:
    """Where somebody typed the password first, the same passkey is the second factor."""
    with telling("khoa-thu-hai", tmp_path) as story:
        with_authenticator(story)
        story.sign_in(HEAD)
        story.open("/toi/bao-mat")
        story.page.get_by_text("Thêm khoá truy cập (passkey)").click()
        form = story.page.locator('form[action="/toi/bao-mat/khoa"]')
        form.locator("[name=mat_khau]").fill(PASSWORD)
        form.get_by_role("button", name="Tiếp tục").click()
        story.click("Tạo khoá truy cập")
        story.sees("Khoá truy cập đã có hiệu lực")
        story.page.context.clear_cookies()
        story.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
        story.open("/dang-nhap")
        story.fill("Tên đăng nhập", HEAD)
        story.fill("Mật khẩu", PASSWORD)
        story.click("Đăng nhập")
        story.sees("xác thực hai yếu tố")
        story.page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        story.click("Dùng khoá truy cập")
        story.page.wait_for_url("**/viec")

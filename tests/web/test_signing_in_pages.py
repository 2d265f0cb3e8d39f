"""Signing in through the pages: one message for every failure, two hats, and cookies that open nothing else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from visiting import FROM_US, HOST, Visitor, read_page, visiting

from access_service.domain.sign_in import Due
from access_service.signing.passwords import digest
from access_service.storage import accounts as stored
from access_service.usecases.identity.hats import sign_in_to_pages
from access_service.web import cookies
from world import OFFICE, PASSWORD, REGISTER, SCHOOL

HEAD, QUAN_TRI = f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One service for the whole file: what these stories change are sessions."""
    with visiting(tmp_path_factory.mktemp("trang")) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    """A browser without cookies."""
    return service.other()


def test_a_stranger_is_led_to_the_door_and_back(visitor: Visitor) -> None:
    page = visitor.get("/quan-tri/dang-nhap")
    assert (page.status, page.address) == (200, "/dang-nhap?tiep=/quan-tri/dang-nhap")
    page = visitor.send(page, "/dang-nhap", ten="000.gvcn", mat_khau=PASSWORD)
    assert page.address == "/quan-tri/dang-nhap"


@pytest.mark.parametrize("name", [HEAD, "000.khong-co-ai"])
def test_a_wrong_password_and_a_name_that_nobody_has_are_one_sentence(visitor: Visitor, name: str) -> None:
    page = visitor.sign_in(name, "Sai mật khẩu 000")
    assert page.status == 401
    assert "Tên đăng nhập hoặc mật khẩu" in page.words
    assert "Sai mật khẩu" not in page.html


def test_the_admin_session_lies_over_the_personal_one_and_ends_alone(visitor: Visitor) -> None:
    visitor.as_custodian()
    page = visitor.get("/quan-tri/dang-nhap")
    assert "Đang dùng tài khoản quản trị" in page.words
    visitor.send(page, "/quan-tri/ket-thuc")
    page = visitor.get("/quan-tri/dang-nhap")
    assert page.status == 200
    assert "Đang dùng tài khoản quản trị" not in page.words


def test_somebody_elses_admin_account_is_no_hat(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    page = visitor.get("/quan-tri/dang-nhap")
    assert "Hiện không quản lý tài khoản quản trị nào" in page.words
    form = {"_ma": token_of(visitor), "ten": QUAN_TRI, "mat_khau": PASSWORD, "ma": visitor.code_of(QUAN_TRI)}
    answer = visitor.client.post("/quan-tri/dang-nhap", data=form, headers=FROM_US)
    assert answer.status_code == 403
    assert cookies.ADMIN not in visitor.client.cookies


def token_of(visitor: Visitor) -> str:
    """What a form of this browser's personal session carries."""
    return cookies.form_token(visitor.client.cookies[cookies.PERSONAL])


def test_the_cookie_is_no_bearer_and_the_bearer_no_cookie(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    token = visitor.client.cookies[cookies.PERSONAL]
    api = visitor.other()
    assert api.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    signed = api.client.post("/v1/sessions", json={"username": "000.gvcn", "password": PASSWORD}).json()
    api.client.cookies.set(cookies.PERSONAL, signed["token"], domain="testserver.local")
    assert api.get("/quan-tri/dang-nhap").address.startswith("/dang-nhap")


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://ke-gian.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_from_elsewhere_does_nothing(visitor: Visitor, sent: dict[str, str]) -> None:
    visitor.sign_in("000.gvcn")
    answer = visitor.client.post("/dang-xuat", data={"_ma": token_of(visitor)}, headers=sent)
    assert answer.status_code == 403
    assert visitor.get("/quan-tri/dang-nhap").address == "/quan-tri/dang-nhap"


@pytest.mark.parametrize("forged", ["", "0" * 64, "đ"])
def test_a_form_without_the_sessions_token_does_nothing(visitor: Visitor, forged: str) -> None:
    visitor.sign_in("000.gvcn")
    answer = visitor.client.post("/dang-xuat", data={"_ma": forged}, headers=FROM_US)
    assert answer.status_code == 403
    assert "Gửi lại biểu mẫu" in answer.text
    assert visitor.get("/quan-tri/dang-nhap").address == "/quan-tri/dang-nhap"


@pytest.mark.parametrize("away", ["//ke-gian.example", "https://ke-gian.example", "/\\ke-gian.example", "\\x"])
def test_signing_in_leads_to_no_other_host(visitor: Visitor, away: str) -> None:
    page = visitor.get("/dang-nhap")
    values = dict(page.form("/dang-nhap").fields) | {"tiep": away, "ten": "000.gvcn", "mat_khau": PASSWORD}
    answer = visitor.client.post("/dang-nhap", data=values, headers=FROM_US, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/viec")


def test_signing_in_begins_a_new_session_each_time(visitor: Visitor) -> None:
    visitor.client.cookies.set(cookies.PERSONAL, "cua-ke-gian", domain="testserver.local")
    visitor.sign_in("000.gvcn")
    assert "cua-ke-gian" not in {
        cookie.value for cookie in visitor.client.cookies.jar if cookie.domain == "testserver"
    }


def test_two_people_in_one_browser_wear_no_hat_together(visitor: Visitor) -> None:
    """A cookie of the head's admin session beside another person's session is worn by nobody."""
    visitor.as_custodian()
    admin = visitor.client.cookies[cookies.ADMIN]
    other = visitor.other()
    other.sign_in("000.gvcn")
    other.client.cookies.set(cookies.ADMIN, admin, domain="testserver.local")
    assert "Đang dùng tài khoản quản trị" not in other.get("/quan-tri/dang-nhap").words


def test_what_was_typed_survives_a_session_that_ended(visitor: Visitor) -> None:
    """A form that comes when nobody is signed in is carried over the sign-in, and sent by hand."""
    form = {"_ma": "cũ", "_lan": "0123456789", "ghi_chu": "Lớp 6A1 – đã sửa", "mat_khau": "bí mật"}
    page = read_page(visitor.client.post("/quan-tri/dang-nhap", data=form, headers=FROM_US))
    assert (page.status, "Lớp 6A1" in page.html, "bí mật" in page.html) == (401, True, False)
    page = visitor.send(page, "/dang-nhap", ten="000.gvcn", mat_khau=PASSWORD)
    assert "Gửi lại biểu mẫu" in page.words
    assert ("ghi_chu", "Lớp 6A1 – đã sửa") in page.form("/quan-tri/dang-nhap").fields


def test_however_much_was_typed_survives_a_session_that_ended(visitor: Visitor) -> None:
    """As long as a field may be, in letters that cost six bytes each on the way."""
    text = "Lớp 6A1 đã sửa. " * 1_200
    form = {"_ma": "cũ", "_lan": "0123456789", "ghi_chu": text, "ly_do": text[:15_000]}
    page = read_page(visitor.client.post("/quan-tri/dang-nhap", data=form, headers=FROM_US))
    page = visitor.send(page, "/dang-nhap", ten="000.gvcn", mat_khau=PASSWORD)
    assert "Gửi lại biểu mẫu" in page.words
    assert ("ghi_chu", text.strip()) in page.form("/quan-tri/dang-nhap").fields


def test_nobody_frames_a_page_and_nothing_is_kept(visitor: Visitor) -> None:
    for path in ("/dang-nhap", "/khong-co-trang-nay"):
        headers = visitor.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert "unsafe-inline" not in headers["Content-Security-Policy"]


def test_style_and_scripts_stand_under_their_hash(visitor: Visitor) -> None:
    page = visitor.get("/dang-nhap").html
    icon = page.partition('rel="icon" href="')[2].partition('"')[0]
    assert visitor.client.get(icon).headers["Content-Type"] == "image/svg+xml"
    address = page.partition('rel="stylesheet" href="/static/')[2].partition('"')[0]
    answer = visitor.client.get(f"/static/{address}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    kept = visitor.client.get(f"/static/{address}", headers={"If-None-Match": answer.headers["ETag"]})
    assert kept.status_code == 304
    for wrong in ("/static/000000000000/app.css", "/static/app.css", f"/static/{address[:12]}/%2e%2e%2fpage.py"):
        assert visitor.client.get(wrong).status_code == 404


def test_the_language_is_chosen_and_kept(visitor: Visitor) -> None:
    page = visitor.get("/dang-nhap")
    page = visitor.send(page, "/ngon-ngu", press=("tieng", "en"))
    assert '<html lang="en"' in page.html
    assert "Sign in" in page.words
    assert str(visitor.client.base_url).rstrip("/") == HOST


def test_a_form_acts_under_the_hat_under_which_it_was_shown(visitor: Visitor) -> None:
    """Shown to the person, sent after the admin account was put on: it is the person who acts."""
    visitor.as_head()
    shown = visitor.get("/toi/bao-mat")
    other = visitor.other().as_head()
    visitor.put_on(visitor.enrolled(QUAN_TRI))
    page = visitor.send(shown, "/toi/bao-mat/phien")
    assert page.status == 200
    assert other.get("/toi/bao-mat").address.startswith("/dang-nhap")
    assert "Đang dùng tài khoản quản trị" in visitor.get("/quan-tri/dang-nhap").words


def test_the_way_back_keeps_every_filter(visitor: Visitor) -> None:
    page = visitor.get("/quan-tri/dang-nhap?a=1&b=2")
    page = visitor.send(page, "/dang-nhap", ten="000.gvcn", mat_khau=PASSWORD)
    assert page.address == "/quan-tri/dang-nhap?a=1&b=2"


@pytest.mark.parametrize("headers", [{"Origin": "http://["}, {"Referer": "http://[", "Sec-Fetch-Site": "none"}])
def test_an_address_that_is_none_is_no_error(visitor: Visitor, headers: dict[str, str]) -> None:
    assert visitor.client.post("/dang-nhap", data={}, headers=headers).status_code == 403


def test_a_path_with_a_nul_leads_nowhere(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    assert visitor.get("/van-ban/%00").status == 404
    assert visitor.get("/van-ban?q=%00").status == 404


def test_an_answer_of_a_passkey_with_half_a_character_is_refused(visitor: Visitor) -> None:
    page = visitor.get("/dang-nhap")
    form = dict(page.form("/dang-nhap").fields) | {"khoa": '{"id":"\\ud800x","response":{}}', "ten": ""}
    assert visitor.client.post("/dang-nhap", data=form, headers=FROM_US).status_code == 401


def used_at(visitor: Visitor, cookie: str) -> datetime:
    """When the session behind a cookie of that browser was last used."""
    with visitor.world.services.db.connect() as connection:
        session = stored.session_by_token(connection, digest(visitor.client.cookies[cookie]))
    assert session is not None
    return session.used_at


def test_a_page_that_asks_again_by_itself_keeps_no_session_open(visitor: Visitor) -> None:
    """Long work is looked at every two seconds: the hat ends nevertheless, and then the page leads to its door."""
    visitor.as_custodian()
    visitor.world.clock.forward(minutes=2)
    before = [used_at(visitor, cookie) for cookie in (cookies.PERSONAL, cookies.ADMIN)]
    assert visitor.get("/cong-viec/khong-co").status == 404
    assert [used_at(visitor, cookie) for cookie in (cookies.PERSONAL, cookies.ADMIN)] == before
    visitor.get("/viec")
    assert all(used_at(visitor, cookie) > before[0] for cookie in (cookies.PERSONAL, cookies.ADMIN))
    visitor.client.cookies.delete(cookies.ADMIN)
    assert visitor.get("/cong-viec/khong-co").address == "/quan-tri/dang-nhap?tiep=/cong-viec/khong-co"


def test_another_persons_hat_in_the_same_browser_is_none_whatever_it_has_to_do(visitor: Visitor) -> None:
    """It neither sends the pages away to set its second factor, nor is it kept open by them."""
    visitor.sign_in("000.gvcn")
    name, services = f"quantri.{OFFICE}", visitor.world.services
    due = sign_in_to_pages(services, REGISTER, name, PASSWORD)
    assert due.due is Due.SECOND_FACTOR
    visitor.client.cookies.set(cookies.ADMIN, due.token, domain="testserver.local", path="/")
    before = used_at(visitor, cookies.ADMIN)
    visitor.world.clock.forward(minutes=2)
    page = visitor.get("/viec")
    assert (page.status, page.address) == (200, "/viec")
    assert used_at(visitor, cookies.ADMIN) == before


FIRST_VISIT_BYTES = 60_000
"""What a first visit may transfer, packed: the page, the style and every script that it names."""


def test_a_first_visit_is_small(visitor: Visitor) -> None:
    page = visitor.other().get("/dang-nhap").html
    named = sorted(set(re.findall(r"/static/[0-9a-f]+/[\w.]+", page)))
    assert any(address.endswith("app.css") for address in named)
    packed = 0
    for address in named:
        answer = visitor.client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        packed += int(answer.headers["Content-Length"])
    assert len(gzip.compress(page.encode())) + packed <= FIRST_VISIT_BYTES

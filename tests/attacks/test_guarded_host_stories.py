"""A browser, a guarded host and the service: who would be let in as somebody else, or sent somewhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from forward_scene import CLASS, MARKS, PATH, RULES
from oauth_scene import GRADEBOOK
from serving import KEY
from visiting import HOST, Visitor, visiting

from access_service.domain.guarded_host import CALLBACK, SESSION, WAY, begin_way
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.tokens.authorizing import CodeRequest, issue_code
from world import CLASS_6B, PASSWORD

OTHER = MARKS.replace(CLASS, CLASS_6B.split(":")[2])
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Accept": "text/html"}


@dataclass
class Browser:
    """What a browser keeps for the guarded host, and what its proxy asks; `visitor` keeps the service's cookies."""

    visitor: Visitor
    kept: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, **headers: str) -> Any:
        """Through the proxy, as nginx has it."""
        given = {"X-Access-Key": KEY.encode(), "X-Original-Method": "GET", **NAVIGATES, **headers}
        return self._keep(self._send(PATH, {"X-Original-URI": path, **given}))

    def begin(self, path: str, **headers: str) -> Any:
        """What the proxy asks after a 401."""
        given = {"X-Access-Key": KEY.encode(), "X-Original-Method": "GET", **NAVIGATES, **headers}
        return self._keep(self._send("/access/v1/guarded/sign-in", {"X-Original-URI": path, **given}))

    def arrive(self, address: str, **headers: str) -> Any:
        """Open an address of the host below `/.access/`."""
        path = address.removeprefix(GRADEBOOK).replace("/.access/", "/access/v1/guarded/")
        return self._keep(self._send(path, {"X-Access-Key": KEY.encode(), **NAVIGATES, **headers}))

    def _send(self, path: str, headers: Any) -> Any:
        cookie = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        given = {**headers, **({"Cookie": cookie} if cookie and "Cookie" not in headers else {})}
        client = self.visitor.other().client
        return client.get(path, headers=given, follow_redirects=False)

    def _keep(self, answer: Any) -> Any:
        for text in answer.headers.get_list("set-cookie"):
            name, _, value = text.partition(";")[0].partition("=")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(text.split("; "))
            assert "Domain" not in text
            if value.strip('"'):
                self.kept[name] = value
            else:
                self.kept.pop(name, None)
        return answer

    def hand_on(self, address: str) -> Any:
        """Open the service's page that hands on, as a link of the host leads there."""
        path = address.removeprefix(HOST)
        return self.visitor.client.get(path, headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False)

    def sign_in(self, path: str = MARKS) -> Any:
        """The whole way, for somebody who is signed in at the service."""
        begun = self.begin(path)
        return self.arrive(self.hand_on(begun.headers["location"]).headers["location"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("may-chu")
    (folder / "rules.toml").write_text(RULES, "utf-8")
    with visiting(folder, forward_rules=folder / "rules.toml") as found:
        found.world.services = found.client.app.state.services  # type: ignore[attr-defined]
        yield found


@pytest.fixture
def teacher(service: Visitor) -> Browser:
    visitor = service.other()
    visitor.sign_in("000.gvcn")
    return Browser(visitor)


def place(answer: Any) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(answer.headers["location"])
    return f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(parts.query)


def test_a_browser_is_sent_to_sign_in_and_comes_back_to_the_page_it_wanted(service: Visitor) -> None:
    browser = Browser(service.other())
    assert browser.ask(MARKS).status_code == 401
    begun = browser.begin(MARKS)
    where, asked = place(begun)
    assert (begun.status_code, where) == (302, f"{HOST}/oauth2/authorize/host")
    assert asked["audience"] == [GRADEBOOK]
    sign_in = browser.hand_on(begun.headers["location"])
    assert sign_in.headers["location"].startswith("/dang-nhap?tiep=")
    page = browser.visitor.get(sign_in.headers["location"])
    assert "Để vào so-diem.example." in page.words
    page = browser.visitor.send(page, "/dang-nhap", ten="000.gvcn", mat_khau=PASSWORD)
    assert f'content="0; url={GRADEBOOK}{CALLBACK}?code=' in page.html.replace("&amp;", "&")
    back = browser.arrive(browser.hand_on(begun.headers["location"]).headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, MARKS)
    assert WAY not in browser.kept
    seen = browser.ask(MARKS)
    assert (seen.status_code, seen.headers["x-access-account"]) == (200, service.world.people["gvcn"].account)
    assert browser.ask(OTHER).status_code == 403


def test_only_a_page_that_somebody_opens_is_sent_anywhere(teacher: Browser) -> None:
    assert teacher.begin(MARKS, **{"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert teacher.begin(MARKS, **{"X-Original-Method": "POST"}).status_code == 401
    assert teacher.begin(MARKS, Authorization="Bearer x").status_code == 401
    assert teacher.begin(MARKS, **{"X-Access-Key": "khong-phai-khoa"}).status_code == 401
    assert teacher.arrive(CALLBACK, **{"X-Access-Key": "khong-phai-khoa"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["https://xau.example/", "//xau.example/", "/\\xau.example", "/khong-co-quy-tac", "/lop/%2e%2e", "/ /"]
)
def test_nobody_is_led_to_another_host_whatever_was_asked_for(teacher: Browser, path: str) -> None:
    back = teacher.sign_in(quote(path, safe="/:\\%") if path == "/ /" else path)
    assert (back.status_code, back.headers["location"]) == (303, "/")


def test_what_the_state_says_of_where_to_go_is_a_path_of_this_host_or_nothing(teacher: Browser) -> None:
    for path in ("https://xau.example/", "//xau.example"):
        way = begin_way("a" * 43, "b" * 43, path)
        asked = urlencode({"audience": GRADEBOOK, "challenge": way.challenge, "state": way.state})
        assert teacher.hand_on(f"/oauth2/authorize/host?{asked}").status_code == 400
        teacher.kept[WAY] = way.cookie
        stopped = teacher.arrive(f"{CALLBACK}?code=x&state={way.state}")
        assert place(stopped)[0].startswith(HOST)


def test_the_page_that_hands_on_knows_one_host_and_one_address(teacher: Browser) -> None:
    way = begin_way("a" * 43, "b" * 43, MARKS)
    right = {"audience": GRADEBOOK, "challenge": way.challenge, "state": way.state}
    assert teacher.hand_on(f"/oauth2/authorize/host?{urlencode(right)}").status_code == 303
    for wrong in (
        {**right, "audience": "https://xau.example"},
        {**right, "audience": f"{GRADEBOOK}.xau.example"},
        {**right, "challenge": "plain"},
        {**right, "state": "x"},
        {"audience": GRADEBOOK},
    ):
        assert teacher.hand_on(f"/oauth2/authorize/host?{urlencode(wrong)}").status_code == 400
    twice = urlencode([*right.items(), ("audience", "https://xau.example")])
    assert teacher.hand_on(f"/oauth2/authorize/host?{twice}").status_code == 400
    more = urlencode({**right, "redirect_uri": "https://xau.example"})
    assert place(teacher.hand_on(f"/oauth2/authorize/host?{more}"))[0] == GRADEBOOK + CALLBACK


def test_fixation_a_code_that_another_browser_began_signs_nobody_in(service: Visitor, teacher: Browser) -> None:
    """The attacker has the victim open the attacker's own callback: the victim stays nobody, or oneself."""
    attackers = teacher.hand_on(teacher.begin(MARKS).headers["location"]).headers["location"]
    victim = Browser(service.other())
    stopped = victim.arrive(attackers)
    assert (place(stopped)[0], victim.kept) == (f"{HOST}/dang-nhap/may-chu/khong-vao-duoc", {})
    # With a sign-in of their own under way, theirs begins anew: the attacker's code is left alone.
    victim.begin(MARKS)
    again = victim.arrive(attackers)
    assert place(again)[0] == f"{HOST}/oauth2/authorize/host"
    assert SESSION not in victim.kept
    assert teacher.arrive(attackers).headers["location"] == MARKS


def test_a_code_counts_once_and_when_it_comes_again_what_it_opened_ends(teacher: Browser) -> None:
    begun = teacher.begin(MARKS)
    way = teacher.kept[WAY]
    address = teacher.hand_on(begun.headers["location"]).headers["location"]
    assert teacher.arrive(address).headers["location"] == MARKS
    assert teacher.ask(MARKS).status_code == 200
    thief = Browser(teacher.visitor, {WAY: way})
    assert SESSION not in thief.kept
    assert place(thief.arrive(address))[0].endswith("khong-vao-duoc")
    assert teacher.ask(MARKS).status_code == 401


def test_a_code_of_another_host_and_of_another_challenge_opens_nothing(service: Visitor, teacher: Browser) -> None:
    caller = service.world.sign_in("000.gvcn", PASSWORD).caller
    services, elsewhere = service.world.services, "https://khac.example"
    for audience, back in ((elsewhere, f"{elsewhere}{CALLBACK}"), (GRADEBOOK, f"{elsewhere}{CALLBACK}")):
        teacher.begin(MARKS)
        state, _, verifier = teacher.kept[WAY].partition("~")
        challenge = begin_way("a" * 43, verifier, "/").challenge
        code = issue_code(services, caller, CodeRequest(audience, back, challenge), {audience: back}).code
        assert place(teacher.arrive(f"{CALLBACK}?{urlencode({'code': code, 'state': state})}"))[0].startswith(HOST)
        assert SESSION not in teacher.kept
    state = place(teacher.begin(MARKS))[1]["state"][0]
    code = issue_code(
        services,
        caller,
        CodeRequest(GRADEBOOK, f"{GRADEBOOK}{CALLBACK}", begin_way("a" * 43, "c" * 43, "/").challenge),
        {GRADEBOOK: f"{GRADEBOOK}{CALLBACK}"},
    ).code
    teacher.arrive(f"{CALLBACK}?{urlencode({'code': code, 'state': state})}")
    assert SESSION not in teacher.kept


def test_the_cookie_of_one_host_is_nothing_at_another_nor_at_the_service(
    service: Visitor, teacher: Browser
) -> None:
    caller = service.world.sign_in("000.gvcn", PASSWORD).caller
    other = open_service_session(service.world.services, caller, "https://khac.example", ("https://khac.example",))
    assert Browser(service.other(), {SESSION: other.token}).ask(MARKS).status_code == 401
    own = service.world.sign_in("000.gvcn", PASSWORD).token
    assert Browser(service.other(), {SESSION: own}).ask(MARKS).status_code == 401
    teacher.sign_in()
    token = teacher.kept[SESSION]
    client = service.other().client
    for headers in ({"Cookie": f"{SESSION}={token}"}, {"Authorization": f"Bearer {token}"}):
        assert client.get("/v1/me/rights", headers=headers).status_code in (401, 404)
        assert client.get("/v1/sessions/current", headers=headers).status_code in (401, 404, 405)
    client.cookies.set("__Host-as", token)
    assert client.get("/viec", headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303


def test_two_cookies_or_a_cookie_beside_a_bearer_are_nobody(teacher: Browser) -> None:
    teacher.sign_in()
    token = teacher.kept[SESSION]
    assert teacher.ask(MARKS, Cookie=f"{SESSION}={token}; {SESSION}={token}").status_code == 401
    assert teacher.ask(MARKS, Authorization=f"Bearer {token}").status_code == 401
    assert teacher.ask(MARKS, Cookie=f"{SESSION}=a.b.c").status_code == 401
    assert teacher.ask(MARKS).status_code == 200


def test_a_page_of_another_host_changes_nothing_with_the_persons_cookie(teacher: Browser) -> None:
    teacher.sign_in()
    put = {"X-Original-Method": "PUT"}
    path = f"/lop/{CLASS}"
    for site in ("cross-site", "same-site"):
        answer = teacher.ask(path, **put, **{"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.headers["x-access-reason"]) == (403, "forbidden")
    asked = teacher.ask(path, **put, **{"Sec-Fetch-Site": "same-origin"})
    assert asked.headers["x-access-reason"] != "forbidden"


def test_signing_out_at_the_host_or_at_the_service_ends_it(service: Visitor, teacher: Browser) -> None:
    teacher.sign_in()
    token = teacher.kept[SESSION]
    away = teacher.arrive("/.access/sign-out", **{"Sec-Fetch-Site": "cross-site"})
    assert (away.status_code, teacher.ask(MARKS).status_code) == (403, 200)
    left = teacher.arrive("/.access/sign-out", **{"Sec-Fetch-Site": "same-origin"})
    assert (place(left)[0], teacher.kept) == (f"{HOST}/dang-nhap/may-chu/da-ra", {})
    assert Browser(service.other(), {SESSION: token}).ask(MARKS).status_code == 401
    assert "Phiên ở dịch vụ đã kết thúc" in teacher.visitor.get("/dang-nhap/may-chu/da-ra").words
    teacher.sign_in()
    assert teacher.ask(MARKS).status_code == 200
    page = teacher.visitor.get("/toi")
    teacher.visitor.send(page, "/dang-xuat")
    assert teacher.ask(MARKS).status_code == 401

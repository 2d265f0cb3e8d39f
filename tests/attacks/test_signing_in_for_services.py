"""Attacks on signing in for other services: at the browser, at the client, at the token endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from oauth_scene import register as register_client
from tests.web.relying import (
    AFTER,
    BACK,
    DATA,
    TEACHER,
    Relying,
    claims_of,
    enter_by,
    follow,
    onward,
    relying,
    said,
    through,
)
from tests.web.visiting import FROM_US, HOST, Visitor, read_page

from access_service.domain.errors import InvalidError
from access_service.domain.names import ClientId, SuspendableKind
from access_service.domain.service_sign_in import check_return_addresses
from access_service.usecases.handover import delegation
from access_service.usecases.identity.sign_in import change_password
from access_service.usecases.third_party import clients
from access_service.web import cookies
from software_world import enter
from world import PASSWORD, RENEWED, SCHOOL


class Stage(NamedTuple):
    """A service, and two services that sign people in by it."""

    visitor: Visitor
    gradebook: Relying
    messages: Relying

    def teacher(self) -> Visitor:
        """A browser in which the homeroom teacher is signed in."""
        browser = self.visitor.other()
        browser.sign_in(TEACHER)
        return browser


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with relying(tmp_path_factory.mktemp("dich-vu")) as made:
        yield Stage(*made)


def test_a_client_does_not_name_any_number_of_addresses() -> None:
    with pytest.raises(InvalidError):
        check_return_addresses(frozenset(f"https://so-diem.example/{n}" for n in range(17)))


# -- where the browser is sent (open redirect)


@pytest.mark.parametrize(
    "address",
    [
        BACK + "/them",
        BACK + "?o=2",
        BACK + "#a",
        BACK.upper(),
        "http://so-diem.example/ve",
        "https://so-diem.example:444/ve",
        "https://so-diem.example.xau.example/ve",
        "https://so-diem.example@xau.example/ve",
        "https://so-diem.example/ve/../xau",
        "https://xau.example/",
        "//xau.example/ve",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered_letter_by_letter(stage: Stage, address: str) -> None:
    for browser in (stage.visitor.other(), stage.teacher()):
        answer = follow(browser, stage.gradebook.address(redirect_uri=address))
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "refresh" not in answer.text
        if address and not BACK.startswith(address):
            assert address not in answer.text


def test_an_unknown_or_disabled_client_sends_nobody_anywhere(stage: Stage) -> None:
    world, browser = stage.visitor.world, stage.teacher()
    gone = register_client(world, enter(world, name="Đã ngừng"), redirect_uris=frozenset({BACK}))
    clients.disable_client(world.services, world.admins[SCHOOL], ClientId(gone.id))
    for client in (gone.id, "cli_khong_co", "'; drop", ""):
        assert follow(browser, stage.gradebook.address(client_id=client)).status_code == 400


def test_two_of_a_parameter_are_not_chosen_from(stage: Stage) -> None:
    """A proxy before us reads the first, we the second: whoever does so has an address of their own in mind."""
    browser = stage.teacher()
    twice = stage.gradebook.address() + "&redirect_uri=" + quote("https://xau.example/", safe="")
    assert follow(browser, twice).status_code == 400
    for name, value in (("scope", "openid"), ("code_challenge", "x" * 43), ("nonce", "n"), ("state", "s")):
        answer = onward(follow(browser, f"{stage.gradebook.address()}&{name}={value}"))
        assert answer.startswith(BACK)
        assert said(answer)["error"] == "invalid_request"


def test_signing_out_sends_nobody_to_an_address_that_is_not_registered(stage: Stage) -> None:
    browser = stage.teacher()
    hint = stage.gradebook.signed_in(browser)["id_token"]
    for address in ("https://xau.example/", AFTER + "/", AFTER + "@xau.example", BACK):
        signed_out = follow(
            browser, f"/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri={quote(address)}"
        )
        assert signed_out.status_code == 200
        assert address not in signed_out.text


def test_the_way_back_after_signing_in_stays_here(stage: Stage) -> None:
    """The page between leads to `/oauth2/authorize`, whatever stands in the field that says where to go on."""
    browser = stage.visitor.other()
    for target in ("https://xau.example/oauth2/authorize", "//xau.example/oauth2/authorize", "/\\xau.example"):
        page = browser.get(f"/dang-nhap?tiep={quote(target, safe='')}")
        entered = enter_by(browser, page, TEACHER, mat_khau=PASSWORD)
        assert onward(entered) == "/viec"


# -- PKCE


@pytest.mark.parametrize(
    "weaker",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 44},
    ],
)
def test_no_code_is_given_without_a_challenge_by_sha256(stage: Stage, weaker: dict[str, str | None]) -> None:
    answer = said(onward(follow(stage.teacher(), stage.gradebook.address(**weaker))))
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


def test_a_code_without_its_verifier_is_worth_nothing_and_is_gone(stage: Stage) -> None:
    browser = stage.teacher()
    for verifier in (None, "", "a" * 43):
        answer = through(browser, stage.gradebook.address())
        wrong = stage.gradebook.redeem(browser, answer, code_verifier=verifier)
        assert wrong.status_code == 400
        right = stage.gradebook.redeem(browser, answer)
        # What could not be read used nothing up.
        assert (right.status_code == 200) is (not verifier)


# -- codes


def test_a_code_that_is_used_twice_ends_all_tokens_of_the_sign_in(stage: Stage) -> None:
    browser = stage.teacher()
    answer = through(browser, stage.gradebook.address())
    tokens = stage.gradebook.redeem(browser, answer).json()
    assert stage.gradebook.userinfo(browser, tokens["access_token"]).status_code == 200
    assert stage.gradebook.redeem(browser, answer).json()["error"] == "invalid_grant"
    assert stage.gradebook.userinfo(browser, tokens["access_token"]).status_code == 401
    assert stage.gradebook.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    listed = browser.client.get("/oauth2/revocations").json()["tokens"]
    assert claims_of(tokens["access_token"])["jti"].partition(".")[0] in listed
    assert "code" in through(browser, stage.gradebook.address()), "the person's own session is none of the thief's"


def test_a_code_of_another_client_is_not_redeemed_and_is_gone(stage: Stage) -> None:
    """Mix-up: an honest client is brought to send its code to somebody else."""
    browser = stage.teacher()
    answer = through(browser, stage.gradebook.address())
    verifier = stage.gradebook.verifiers[answer["state"]]
    stolen = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": verifier}
    taken = stage.messages.post(browser, "token", redirect_uri=BACK, **stolen)
    assert taken.json()["error"] == "invalid_grant"
    assert stage.gradebook.redeem(browser, answer).json()["error"] == "invalid_grant"


def test_an_answer_names_its_issuer_and_the_state_as_it_came(stage: Stage) -> None:
    """Mix-up, seen by the client: who answered is said, also with an error."""
    browser, state = stage.teacher(), "a b&c=d%20é"[:9]
    good = said(onward(follow(browser, stage.gradebook.address(state=state, prompt="none"))))
    bad = said(onward(follow(browser, stage.gradebook.address(state=state, response_type="token"))))
    assert (good["iss"], good["state"]) == (HOST, state)
    assert (bad["iss"], bad["state"], bad["error"]) == (HOST, state, "unsupported_response_type")


def test_a_code_that_is_injected_into_another_browser_meets_another_verifier(stage: Stage) -> None:
    """The thief brings a stolen code to a sign-in of their own: the client sends the verifier of that one."""
    victim, thief = stage.teacher(), stage.visitor.other().as_head()
    stolen = through(victim, stage.gradebook.address())
    own = through(thief, stage.gradebook.address())
    injected = stage.gradebook.redeem(thief, {**own, "code": stolen["code"]})
    assert injected.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("token", {"grant_type": "refresh_token", "refresh_token": "sgn\0.x"}),
        ("revoke", {"token": "sgn\0.x"}),
        ("introspect", {"token": "x", "more\0": "x"}),
    ],
)
def test_a_character_that_no_database_looks_up_by_is_refused_before_one_is_asked(
    stage: Stage, path: str, form: dict[str, str]
) -> None:
    """PostgreSQL answered a NUL in a refresh token with an error of its own, and the client got 500."""
    answer = stage.gradebook.post(stage.visitor, path, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_an_address_beside_the_one_of_the_request_redeems_nothing(stage: Stage) -> None:
    browser = stage.teacher()
    answer = through(browser, stage.gradebook.address())
    assert stage.gradebook.redeem(browser, answer, redirect_uri=BACK + "?o=1").json()["error"] == "invalid_grant"


def test_nobody_redeems_without_being_the_client(stage: Stage) -> None:
    browser = stage.teacher()
    answer = through(browser, stage.gradebook.address())
    verifier = stage.gradebook.verifiers[answer["state"]]
    form = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": verifier}
    bare = stage.gradebook.post(browser, "token", {}, client_id=stage.gradebook.id, redirect_uri=BACK, **form)
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    assert stage.gradebook.redeem(browser, answer).status_code == 200


# -- refresh tokens


def test_a_refresh_token_that_comes_again_ends_the_sign_in_for_both(stage: Stage) -> None:
    browser = stage.teacher()
    tokens = stage.gradebook.signed_in(browser)
    after = stage.gradebook.refresh(browser, tokens["refresh_token"]).json()
    assert stage.messages.refresh(browser, after["refresh_token"]).json()["error"] == "invalid_grant"
    assert stage.gradebook.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert stage.gradebook.refresh(browser, after["refresh_token"]).json()["error"] == "invalid_grant"
    assert stage.gradebook.userinfo(browser, after["access_token"]).status_code == 401


def test_tokens_end_with_the_client(stage: Stage) -> None:
    world, browser = stage.visitor.world, stage.teacher()
    made = register_client(world, enter(world, name="Sắp ngừng"), redirect_uris=frozenset({BACK}))
    party = Relying(made.id, made.secret or "")
    tokens = party.signed_in(browser)
    clients.disable_client(world.services, world.admins[SCHOOL], ClientId(made.id))
    assert party.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_client"
    assert party.userinfo(browser, tokens["access_token"]).status_code == 401


# -- tokens at the wrong door


def test_a_token_about_a_person_asks_for_no_decision_and_is_exchanged_for_none(stage: Stage) -> None:
    browser = stage.teacher()
    token = stage.gradebook.signed_in(browser)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert browser.client.post("/access/v1/evaluation", json={}, headers=headers).status_code == 401
    assert browser.client.get("/v1/me", headers=headers).status_code == 401
    exchanged = stage.gradebook.post(
        browser,
        "token",
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token=token,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        resource=DATA,
    )
    assert exchanged.json()["error"] == "invalid_grant"


def test_an_id_token_is_no_access_token(stage: Stage) -> None:
    browser = stage.teacher()
    token = stage.gradebook.signed_in(browser)["id_token"]
    assert stage.gradebook.userinfo(browser, token).status_code == 401
    assert stage.gradebook.post(browser, "revoke", token=token).status_code == 200
    assert stage.gradebook.userinfo(browser, "").status_code == 401


def test_an_access_token_signs_nobody_out(stage: Stage) -> None:
    browser = stage.teacher()
    token = stage.gradebook.signed_in(browser)["access_token"]
    page = follow(browser, f"/oauth2/logout?id_token_hint={token}")
    assert "/dang-xuat/dich-vu" in page.text, "the person is asked"
    assert browser.get("/viec").address == "/viec"


# -- the browser


def test_a_sign_in_by_somebody_else_s_link_does_not_sign_out_or_in(stage: Stage) -> None:
    """Log-out by another site: without an ID token of the session the person is asked, by a form of ours."""
    browser = stage.teacher()
    page = read_page(follow(browser, f"/oauth2/logout?client_id={stage.gradebook.id}"))
    form = page.form("/dang-xuat/dich-vu")
    forged = browser.client.post(form.action, data={**dict(form.fields), "_ma": "x"}, headers=FROM_US)
    assert forged.status_code == 403
    cross = browser.client.post(form.action, data=dict(form.fields), headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    assert browser.get("/viec").address == "/viec"
    confirmed = browser.client.post(form.action, data=dict(form.fields), headers=FROM_US)
    assert confirmed.status_code == 200
    assert browser.get("/viec").address.startswith("/dang-nhap")


def test_log_in_csrf_finds_no_form(stage: Stage) -> None:
    """Neither the sign-in page nor the page that tells what a service learns takes a form of another site."""
    browser = stage.visitor.other()
    sent = {"ten": TEACHER, "mat_khau": PASSWORD, "tiep": stage.gradebook.address()}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://xau.example"}, {}):
        assert browser.client.post("/dang-nhap", data=sent, headers=headers).status_code == 403
    assert not browser.client.cookies
    head = stage.visitor.other().as_head()
    query = urlsplit(stage.gradebook.address(prompt="consent")).query
    told = {"yeu_cau": query, "tra_loi": "vao", "_ma": "x", "_lan": "0" * 16}
    assert head.client.post("/dang-nhap/dich-vu", data=told, headers=FROM_US).status_code == 403


def test_a_session_that_was_there_before_is_none_after_signing_in(stage: Stage) -> None:
    """Fixation: whatever cookie the thief laid down, signing in gives a fresh one."""
    browser = stage.visitor.other()
    browser.client.cookies.set(cookies.PERSONAL, "cua-ke-gian", domain="testserver.local")
    page = browser.get(stage.gradebook.address())
    enter_by(browser, page, TEACHER, mat_khau=PASSWORD)
    held = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == cookies.PERSONAL]
    assert "code" in through(browser, stage.gradebook.address())
    assert held != ["cua-ke-gian"]


def test_the_admin_hat_is_signed_in_nowhere_else(stage: Stage) -> None:
    browser = stage.visitor.other()
    custodian = browser.as_custodian()
    address = stage.gradebook.address(prompt="none")
    sub = said(onward(follow(custodian, address)))
    assert sub.keys() & {"code", "error"}
    custodian.client.cookies.delete(cookies.PERSONAL)
    alone = said(onward(follow(custodian, stage.gradebook.address(prompt="none"))))
    assert alone["error"] == "login_required"


def test_the_pages_of_signing_in_are_shown_in_no_frame(stage: Stage) -> None:
    head = stage.visitor.other().as_head()
    for browser, address in (
        (stage.visitor.other(), stage.gradebook.address()),
        (head, stage.gradebook.address(prompt="consent")),
        (head, f"/oauth2/logout?client_id={stage.gradebook.id}"),
        (head, stage.gradebook.address(redirect_uri="https://xau.example/")),
    ):
        page = follow(browser, address)
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"


def test_tokens_end_with_the_account_and_do_not_come_back_with_it(stage: Stage) -> None:
    browser, world = stage.teacher(), stage.visitor.world
    tokens = stage.gradebook.signed_in(browser)
    account, by = claims_of(tokens["id_token"])["sub"], world.admins[SCHOOL]
    delegation.suspend(world.services, by, kind=SuspendableKind.ACCOUNT, target=account, reason="thử")
    assert stage.gradebook.userinfo(browser, tokens["access_token"]).status_code == 401
    assert stage.gradebook.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    delegation.resume(world.services, by, kind=SuspendableKind.ACCOUNT, target=account)
    assert stage.gradebook.userinfo(browser, tokens["access_token"]).status_code == 401
    assert stage.gradebook.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_new_password_ends_what_other_services_were_given(stage: Stage) -> None:
    browser, world = stage.teacher(), stage.visitor.world
    tokens = stage.gradebook.signed_in(browser)
    caller = world.sign_in(TEACHER, PASSWORD).caller
    change_password(world.services, caller, PASSWORD, RENEWED)
    assert stage.gradebook.refresh(browser, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert stage.gradebook.userinfo(browser, tokens["access_token"]).status_code == 401

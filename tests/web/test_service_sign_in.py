"""Signing in for other services, by pages and at the token endpoint, as a client's author reads it."""

from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest
from relying import (
    AFTER,
    BACK,
    DATA,
    TEACHER,
    Relying,
    claims_of,
    enter_by,
    follow,
    onward,
    press,
    relying,
    said,
    through,
)
from visiting import HOST, Visitor, read_page

from access_service.domain.names import ClientId
from access_service.usecases.third_party import clients
from world import PASSWORD, SCHOOL


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Visitor, Relying, Relying]]:
    with relying(tmp_path_factory.mktemp("dich-vu")) as made:
        yield made


@pytest.fixture
def browser(stage: tuple[Visitor, Relying, Relying]) -> Visitor:
    return stage[0].other()


@pytest.fixture
def teacher(browser: Visitor) -> Visitor:
    browser.sign_in(TEACHER)
    return browser


@pytest.fixture
def gradebook(stage: tuple[Visitor, Relying, Relying]) -> Relying:
    return stage[1]


def test_a_stranger_signs_in_is_told_once_and_comes_back_with_a_code(
    stage: tuple[Visitor, Relying, Relying], browser: Visitor
) -> None:
    messages = stage[2]
    address = messages.address()
    door = browser.get(address)
    assert door.address.startswith("/dang-nhap?tiep=")
    assert "Nhắn tin" in door.words
    entered = enter_by(browser, door, TEACHER, mat_khau=PASSWORD)
    assert entered.status_code == 200
    told = follow(browser, onward(entered))
    page = read_page(told)
    assert "tài khoản, đơn vị, chức danh" in page.words
    assert "họ tên" in page.words
    assert "nhan-tin.example" in page.words
    answer = said(onward(press(browser, told)))
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["iss"] == HOST
    tokens = messages.redeem(browser, answer).json()
    assert tokens["token_type"] == "Bearer"
    again = follow(browser, messages.address())
    assert again.status_code == 303, "whoever was told is not asked again"
    assert "code" in said(onward(again))


def test_the_id_token_says_who_it_is_and_how_they_signed_in(teacher: Visitor, gradebook: Relying) -> None:
    address = gradebook.address(nonce="n-1")
    tokens = gradebook.redeem(teacher, through(teacher, address)).json()
    keys = teacher.client.get("/oauth2/jwks.json").json()["keys"]
    head = jwt.get_unverified_header(tokens["id_token"])
    assert head["typ"] == "JWT"
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == head["kid"])
    found = jwt.decode(  # noqa: TID251 an independent look
        tokens["id_token"], key, ["ES256"], audience=gradebook.id, issuer=HOST, options={"verify_exp": False}
    )
    assert (found["nonce"], found["amr"], found["acr"]) == ("n-1", ["pwd"], "urn:access-service:acr:password")
    assert found["unit"] == SCHOOL
    assert [duty["position"] for duty in found["positions"]] == ["homeroom"]
    assert found["preferred_username"] == TEACHER
    assert found["auth_time"] <= found["iat"] < found["exp"]
    seen = gradebook.userinfo(teacher, tokens["access_token"]).json()
    assert seen == {name: found[name] for name in seen}
    assert seen["sub"] == found["sub"]


def test_a_name_is_not_told_to_whoever_did_not_ask(teacher: Visitor, gradebook: Relying) -> None:
    tokens = gradebook.signed_in(teacher, scope="openid email")
    assert tokens["scope"] == "openid"
    assert not {"name", "preferred_username", "email"} & claims_of(tokens["id_token"]).keys()


def test_two_factors_are_said(stage: tuple[Visitor, Relying, Relying], gradebook: Relying) -> None:
    head = stage[0].other().as_head()
    found = claims_of(gradebook.signed_in(head)["id_token"])
    assert (found["amr"], found["acr"]) == (["pwd", "otp", "mfa"], "urn:access-service:acr:two-factors")


def test_with_a_resource_the_token_is_for_data_and_acts_for_the_person(
    teacher: Visitor, gradebook: Relying
) -> None:
    tokens = gradebook.signed_in(teacher, scope="openid read", resource=DATA)
    claims = claims_of(tokens["access_token"])
    assert claims["aud"] == DATA
    assert claims["sub"] == claims_of(tokens["id_token"])["sub"]
    assert claims["act"]["sub"] != claims["sub"]
    assert claims["authorization_details"]
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 401
    about = gradebook.refresh(teacher, tokens["refresh_token"], resource=HOST).json()
    assert gradebook.userinfo(teacher, about["access_token"]).status_code == 200


def test_a_refresh_token_gives_the_next(teacher: Visitor, gradebook: Relying) -> None:
    tokens = gradebook.signed_in(teacher)
    after = gradebook.refresh(teacher, tokens["refresh_token"]).json()
    assert after["refresh_token"] != tokens["refresh_token"]
    first, second = claims_of(tokens["id_token"]), claims_of(after["id_token"])
    assert {name: first[name] for name in ("sub", "auth_time", "sid", "nonce")} == {
        name: second[name] for name in ("sub", "auth_time", "sid", "nonce")
    }
    narrowed = gradebook.refresh(teacher, after["refresh_token"], scope="openid").json()
    assert narrowed["scope"] == "openid"
    wider = gradebook.refresh(teacher, narrowed["refresh_token"], scope="openid read")
    assert wider.json()["error"] == "invalid_scope"
    assert gradebook.refresh(teacher, narrowed["refresh_token"]).status_code == 200, "a refusal uses nothing up"


def test_without_a_page_the_client_hears_what_is_missing(
    stage: tuple[Visitor, Relying, Relying], browser: Visitor, gradebook: Relying
) -> None:
    assert said(onward(follow(browser, gradebook.address(prompt="none"))))["error"] == "login_required"
    browser.sign_in(TEACHER)
    both = stage[2].address(prompt="none", scope="openid", resource=DATA)
    assert said(onward(follow(browser, both)))["error"] == "interaction_required"
    gradebook.signed_in(browser)
    assert "code" in said(onward(follow(browser, gradebook.address(prompt="none"))))


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "0"}])
def test_who_is_to_sign_in_anew_does_and_is_not_asked_for_ever(
    stage: tuple[Visitor, Relying, Relying], gradebook: Relying, more: dict[str, str]
) -> None:
    browser = stage[0].other()
    browser.sign_in(TEACHER)
    before = claims_of(gradebook.signed_in(browser)["id_token"])["auth_time"]
    stage[0].world.clock.forward(seconds=5)
    address = gradebook.address(**more)
    door = browser.get(address)
    assert door.address.startswith("/dang-nhap?")
    stage[0].world.clock.forward(seconds=5)
    entered = enter_by(browser, door, TEACHER, mat_khau=PASSWORD)
    answer = said(onward(follow(browser, onward(entered))))
    assert claims_of(gradebook.redeem(browser, answer).json()["id_token"])["auth_time"] == before + 10


def test_whom_an_id_token_does_not_mean_is_not_signed_in(
    stage: tuple[Visitor, Relying, Relying], teacher: Visitor, gradebook: Relying
) -> None:
    hint = gradebook.signed_in(teacher)["id_token"]
    head = stage[0].other().as_head()
    gradebook.signed_in(head)
    asked = {"prompt": "none", "id_token_hint": hint}
    assert said(onward(follow(head, gradebook.address(**asked))))["error"] == "login_required"
    assert "code" in said(onward(follow(teacher, gradebook.address(**asked))))


def test_who_does_not_go_on_is_said_to_have_declined(
    stage: tuple[Visitor, Relying, Relying], gradebook: Relying
) -> None:
    head = stage[0].other().as_head()
    page = follow(head, gradebook.address(prompt="consent"))
    answer = said(onward(press(head, page, "thoi")))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_a_client_may_ask_by_a_form(teacher: Visitor, gradebook: Relying) -> None:
    path, _, query = gradebook.address().partition("?")
    sent = teacher.client.post(path, data=said(f"x?{query}"), follow_redirects=False)
    assert sent.status_code == 303
    assert "code" in through(teacher, sent.headers["location"])


def test_a_person_signs_out_there_and_everything_of_the_session_ends(
    stage: tuple[Visitor, Relying, Relying], teacher: Visitor, gradebook: Relying
) -> None:
    tokens, other = gradebook.signed_in(teacher), stage[2].signed_in(teacher)
    out = f"/oauth2/logout?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={AFTER}&state=s"
    left = follow(teacher, out)
    assert onward(left) == f"{AFTER}?state=s"
    assert teacher.get("/viec").address.startswith("/dang-nhap")
    assert gradebook.refresh(teacher, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert stage[2].refresh(teacher, other["refresh_token"]).json()["error"] == "invalid_grant"
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 401


def test_a_service_revokes_its_own_tokens(
    stage: tuple[Visitor, Relying, Relying], teacher: Visitor, gradebook: Relying
) -> None:
    tokens = gradebook.signed_in(teacher)
    denied = stage[2].post(teacher, "revoke", token=tokens["refresh_token"])
    assert denied.json()["error"] == "unauthorized_client"
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 200
    assert gradebook.post(teacher, "revoke", token=tokens["refresh_token"]).status_code == 200
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 401
    assert gradebook.refresh(teacher, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert gradebook.post(teacher, "revoke", token="sgn_000.khong-co").status_code == 200


def test_the_person_sees_where_they_are_signed_in_and_ends_it_there(teacher: Visitor, gradebook: Relying) -> None:
    tokens = gradebook.signed_in(teacher)
    page = teacher.get("/toi/bao-mat")
    assert ", Sổ điểm" in page.words
    assert gradebook.id not in page.words
    teacher.send(page, "/toi/bao-mat/phien")
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 200, "it came from this session"
    teacher.send(teacher.get("/viec"), "/dang-xuat")
    assert gradebook.userinfo(teacher, tokens["access_token"]).status_code == 401


def test_both_metadata_documents_are_one(browser: Visitor) -> None:
    one = browser.client.get("/.well-known/openid-configuration")
    other = browser.client.get("/.well-known/oauth-authorization-server")
    assert one.content == other.content
    told = one.json()
    assert told["authorization_endpoint"] == f"{HOST}/oauth2/authorize"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True


def test_an_address_that_is_taken_away_is_not_come_back_to(
    stage: tuple[Visitor, Relying, Relying], teacher: Visitor
) -> None:
    world, messages = stage[0].world, stage[2]
    client = ClientId(messages.id)
    changed = clients.change_sign_in(
        world.services, world.admins[SCHOOL], client, frozenset({"https://nhan-tin.example/khac"}), frozenset()
    )
    assert changed.redirect_uris == {"https://nhan-tin.example/khac"}
    assert follow(teacher, messages.address()).status_code == 400
    clients.change_sign_in(world.services, world.admins[SCHOOL], client, frozenset({messages.back}), frozenset())
    assert follow(teacher, messages.address()).status_code != 400
    assert BACK not in changed.redirect_uris


def test_whoever_is_led_to_another_host_is_told_again(
    stage: tuple[Visitor, Relying, Relying], teacher: Visitor
) -> None:
    """A unit may register another address; nobody comes there because they once went to the first."""
    world, messages = stage[0].world, stage[2]
    messages.signed_in(teacher)
    other = "https://noi-khac.example/ve"
    both = frozenset({messages.back, other})
    clients.change_sign_in(world.services, world.admins[SCHOOL], ClientId(messages.id), both, frozenset())
    assert follow(teacher, messages.address()).status_code == 303
    told = follow(teacher, messages.address(redirect_uri=other))
    assert "noi-khac.example" in read_page(told).words
    assert "interaction_required" in onward(follow(teacher, messages.address(redirect_uri=other, prompt="none")))

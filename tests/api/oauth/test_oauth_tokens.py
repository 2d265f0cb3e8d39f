"""Tokens for services over HTTP: what comes out is never more than what was delegated, asked for and approved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from oauth_scene import (
    ARCHIVE,
    ASSERTION,
    GRADEBOOK,
    SESSION,
    URL,
    Scene,
    assertion,
    detail,
    details,
    drawing,
    guarding,
    register,
    said,
    scene,
)

from access_service.domain.names import EducationLevel, Frequency
from access_service.domain.tokens import DETAIL_TYPE
from access_service.signing.jose import public_jwk
from access_service.usecases.evidence import software_seen
from access_service.usecases.third_party import clients
from software_world import enter
from world import CLASS_6A, CLASS_6B, SCHOOL


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("oauth")) as found:
        yield found


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as found:
        yield found


def refused(answer: Any, status: int = 400) -> tuple[str, str | None]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error_description"].isascii()
    assert not set('"\\') & set(body["error_description"])
    return body["error"], body.get("reason")


# -- what the endpoints say of themselves


def test_the_metadata_names_what_there_is(stage: Scene) -> None:
    told = stage.served.client.get("/.well-known/oauth-authorization-server")
    assert told.headers["cache-control"].startswith("public")
    body = told.json()
    assert body["issuer"] == URL
    paths = stage.served.client.get("/openapi.json").json()["paths"]
    named = {value.removeprefix(URL) for name, value in body.items() if name.endswith(("_endpoint", "_uri"))}
    pages = {"/oauth2/authorize", "/oauth2/logout"}
    assert named == {path for path in paths if path.startswith("/oauth2/")} | pages
    assert body["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert body["authorization_endpoint"] == f"{URL}/oauth2/authorize"


def test_a_token_verifies_with_the_published_keys(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    head = jwt.get_unverified_header(token)
    assert head["typ"] == "at+jwt"
    keys = stage.served.client.get("/oauth2/jwks.json").json()["keys"]
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == head["kid"])
    found = jwt.decode(  # noqa: TID251 an independent look
        token, key, ["ES256"], audience=GRADEBOOK, issuer=URL, options={"verify_exp": False}
    )
    assert found["client_id"] == stage.gradebook.id
    assert not any({"d", "k"} & key.keys() for key in keys)


# -- client credentials


def test_software_is_given_what_its_approval_says_and_names_what_that_rests_on(stage: Scene) -> None:
    answer = stage.ask(stage.gradebook).json()
    claims = said(answer["access_token"])
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 300, "read")
    assert answer["authorization_details"] == claims["authorization_details"]
    (box,) = claims["authorization_details"]
    assert (box["unit"], box["categories"], box["actions"]) == (SCHOOL, ["CUR", "STU-ACA"], ["read"])
    assert stage.gradebook.approval is not None
    assert claims["grants"] == [stage.gradebook.approval.id] == claims["documents"]
    assert len(claims["policy"]) == 1
    assert claims["revision"].startswith("r")
    assert claims["sub"] == stage.gradebook.software.account


def test_an_enforcement_point_is_given_its_scopes_and_no_data(stage: Scene) -> None:
    claims = said(stage.token(stage.guard, scope="evaluate export"))
    assert (claims["scope"], claims["aud"], claims["grants"]) == ("evaluate", URL, [])
    assert "authorization_details" not in claims


def test_what_was_asked_for_narrows(stage: Scene) -> None:
    wish = details(detail(classes=[CLASS_6A], categories=["STU-ACA", "STU-HEA"], actions=["read", "write"]))
    (box,) = said(stage.token(stage.gradebook, authorization_details=wish))["authorization_details"]
    assert (box["classes"], box["categories"], box["actions"]) == ([CLASS_6A], ["STU-ACA"], ["read"])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"authorization_details": details(detail(categories=["STU-HEA"]))}, "invalid_authorization_details"),
        (
            {"authorization_details": details(detail(unit="00031"), detail(unit="0009999"))},
            "invalid_authorization_details",
        ),
        ({"authorization_details": details(detail(levels=["primary"]))}, "invalid_authorization_details"),
        (
            {"authorization_details": details(detail(classes=["0009999:2026-2027:6A"]))},
            "invalid_authorization_details",
        ),
        ({"scope": "write"}, "invalid_scope"),
    ],
)
def test_outside_the_approval_is_refused_with_the_reason(stage: Scene, form: dict[str, str], error: str) -> None:
    assert refused(stage.ask(stage.gradebook, **form)) == (error, "outside_approval")


def test_a_class_outside_the_levels_asked_for_is_left_out(stage: Scene) -> None:
    wish = details(detail(classes=[CLASS_6A, "0009999:2026-2027:6A"], grades=["6"]))
    (box,) = said(stage.token(stage.gradebook, authorization_details=wish))["authorization_details"]
    assert box["classes"] == [CLASS_6A]
    wish = details(detail(classes=[CLASS_6A], grades=["7"]))
    assert refused(stage.ask(stage.gradebook, authorization_details=wish))[0] == "invalid_authorization_details"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", "[1]", '[{"type":"x"}]', '[{"type":"education_data"}]', "null", '[],"a":[]', "[" * 40, "NaN",
     '[{"type":"education_data","unit":"a\\u0000b","categories":["STU-ACA"],"actions":["read"]}]',
     '[{"type":"education_data","unit":"\\ud800","categories":["STU-ACA"],"actions":["read"]}]',
     '[{"type":"education_data","unit":"0003101","categories":["STU-ACA"],"actions":["read"],"all":true}]',
     '[{"type":"education_data","type":"education_data"}]'],
)  # fmt: skip
def test_details_that_cannot_be_read_are_refused(stage: Scene, text: str) -> None:
    answer = stage.ask(stage.gradebook, authorization_details=text)
    assert refused(answer) == ("invalid_authorization_details", None)


def test_a_detail_that_names_a_grant_is_refused_and_never_passed_over(stage: Scene) -> None:
    detail = {"type": DETAIL_TYPE, "unit": "0003101", "categories": ["STU-ACA"], "actions": ["read"]}
    answer = stage.ask(stage.gradebook, authorization_details=json.dumps([{**detail, "grant": "g_1"}]))
    assert refused(answer) == ("invalid_authorization_details", None)
    assert "grant cannot be asked for" in answer.json()["error_description"]

    answer = stage.ask(stage.gradebook, authorization_details=json.dumps([{**detail, "klass": "6A"}]))
    assert "the member klass, which is not known" in answer.json()["error_description"]


@pytest.mark.parametrize("name", ["scopes", "Scope", "authorizationDetails", "authorization_detail", "resources"])
def test_a_parameter_an_ending_away_from_ours_is_refused_by_name(stage: Scene, name: str) -> None:
    answer = stage.ask(stage.gradebook, **{name: "x"})
    assert refused(answer) == ("invalid_request", None)
    assert name in answer.json()["error_description"]
    assert stage.ask(stage.gradebook, state="x").status_code == 200


def test_a_token_is_for_the_resources_a_client_is_registered_for(stage: Scene) -> None:
    assert said(stage.token(stage.gradebook, resource=GRADEBOOK))["aud"] == GRADEBOOK
    for other in (ARCHIVE, URL, GRADEBOOK + "/", "javascript:alert(1)", "khác"):
        assert refused(stage.ask(stage.gradebook, resource=other)) == ("invalid_target", None)
    both = f"grant_type=client_credentials&resource={GRADEBOOK}&resource={ARCHIVE}".encode()
    assert refused(stage.post("token", both, stage.gradebook.basic)) == ("invalid_target", None)


def test_without_an_approval_there_is_no_token(fresh_stage: Scene) -> None:
    world = fresh_stage.world
    bare = register(world, enter(world, name="Chưa được đồng ý"), resource=GRADEBOOK)
    assert refused(fresh_stage.ask(bare)) == ("unauthorized_client", "approval_missing")


def test_a_counted_approval_gives_one_token_a_day(fresh_stage: Scene) -> None:
    world = fresh_stage.world
    daily = drawing(world, "Báo cáo", paper={"frequency": Frequency.ONCE_A_DAY}, resource=GRADEBOOK)
    assert fresh_stage.ask(daily, scope="export").status_code == 400
    assert fresh_stage.ask(daily).status_code == 200
    assert refused(fresh_stage.ask(daily)) == ("unauthorized_client", "frequency_exceeded")
    world.clock.forward(days=1)
    assert fresh_stage.ask(daily).status_code == 200


def test_a_token_ends_with_its_approval(fresh_stage: Scene) -> None:
    world = fresh_stage.world
    until = world.clock.now + timedelta(seconds=100)
    short = drawing(world, "Sắp hết hạn", paper={"valid_to": until}, resource=GRADEBOOK)
    answer = fresh_stage.ask(short).json()
    assert answer["expires_in"] == 100
    assert said(answer["access_token"])["exp"] == int(until.timestamp())
    world.clock.forward(seconds=100)
    assert refused(fresh_stage.ask(short)) == ("unauthorized_client", "approval_missing")


# -- who the client is


def test_a_client_proves_itself_by_secret_in_header_or_form_or_by_its_key(fresh_stage: Scene) -> None:
    world, who = fresh_stage.world, fresh_stage.gradebook
    form = {"grant_type": "client_credentials", "client_id": who.id, "client_secret": who.secret}
    assert fresh_stage.post("token", form).status_code == 200
    key = generate_private_key(SECP256R1())
    jwks = {"keys": [{**public_jwk(key.public_key()), "kid": "k1"}]}
    clients.replace_keys(world.services, world.admins[SCHOOL], who.id, jwks)
    signed = assertion(key, who.id, world.clock.now, "k1")
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": signed,
    }
    assert fresh_stage.post("token", form).status_code == 200
    assert refused(fresh_stage.ask(who), 401) == ("invalid_client", None)


@pytest.mark.parametrize("name", ["unknown", "wrong", "none", "bearer", "no_colon", "post"])
def test_whoever_is_not_let_in_hears_the_same(stage: Scene, name: str) -> None:
    who = stage.gradebook
    headers, form = {
        "unknown": (replace(who, id="cli_0000").basic, {}),
        "wrong": (replace(who, secret="x").basic, {}),
        "none": ({}, {"client_id": who.id}),
        "bearer": ({"Authorization": "Bearer x"}, {}),
        "no_colon": ({"Authorization": "Basic eHg="}, {}),
        "post": ({}, {"client_id": who.id, "client_secret": "x"}),
    }[name]
    answer = stage.post("token", {"grant_type": "client_credentials", **form}, headers)
    assert refused(answer, 401) == ("invalid_client", None)
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.json()["error_description"] == "the client is unknown, or was not authenticated"


# -- what a form may be


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=authorization_code&code=x", "invalid_request"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=client_credentials&scope=read&scope=read", "invalid_request"),
        (b"grant_type=client_credentials&scope=%ff", "invalid_request"),
        (b"grant_type=client_credentials&scope=%22", "invalid_scope"),
        (b"grant_type=client_credentials&scope=a%00b", "invalid_request"),
        (b"grant_type=client_credentials&scope=read%0d%0aX-Evil:%201", "invalid_scope"),
        (b"\xff", "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(40)), "invalid_request"),
    ],
)
def test_a_form_that_cannot_be_used_is_refused(stage: Scene, body: bytes, error: str) -> None:
    answer = stage.post("token", body, stage.gradebook.basic)
    assert refused(answer)[0] == error
    assert "x-evil" not in answer.headers


def test_a_body_is_a_form_of_bounded_size(stage: Scene) -> None:
    for path in ("token", "introspect", "revoke"):
        answer = stage.served.client.post(f"/oauth2/{path}", json={"grant_type": "client_credentials"})
        assert refused(answer) == ("invalid_request", None)
        assert refused(stage.post(path, b"a=" + b"x" * (1 << 14))) == ("invalid_request", None)
        assert refused(stage.post(path, b"a=" + b"x" * (1 << 20))) == ("invalid_request", None)


def test_what_stands_in_the_address_is_not_looked_at(stage: Scene) -> None:
    who = stage.gradebook
    answer = stage.served.client.post(
        f"/oauth2/token?grant_type=client_credentials&client_id={who.id}&client_secret={who.secret}",
        content=b"grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert refused(answer, 401) == ("invalid_client", None)


# -- exchange


def test_a_service_acts_for_a_teacher_and_receives_less_than_either(stage: Scene) -> None:
    claims = said(stage.exchanged(stage.gradebook, stage.session(), SESSION))
    assert claims["sub"] == stage.served.teacher.account
    assert claims["act"] == {"sub": stage.gradebook.software.account}
    (box,) = claims["authorization_details"]
    assert (box["classes"], box["actions"]) == ([CLASS_6A], ["read"])
    assert set(box["categories"]) <= {"CUR", "STU-ACA"}
    assert stage.gradebook.approval is not None
    assert stage.gradebook.approval.id in claims["grants"]
    assert len(claims["grants"]) == 2
    assert len(claims["documents"]) >= 2


def test_the_next_service_receives_less_again_and_names_both(stage: Scene) -> None:
    first = stage.exchanged(stage.gradebook, stage.session(), SESSION)
    wish = details(detail(classes=[CLASS_6A, CLASS_6B]))
    second = said(stage.exchanged(stage.archive, first, authorization_details=wish))
    assert second["aud"] == ARCHIVE
    assert second["act"] == {
        "sub": stage.archive.software.account,
        "act": {"sub": stage.gradebook.software.account},
    }
    (box,) = second["authorization_details"]
    assert (box["classes"], box["categories"]) == ([CLASS_6A], ["STU-ACA"])
    assert set(said(first)["grants"]) < set(second["grants"])
    assert second["exp"] <= said(first)["exp"]


def test_a_token_is_exchanged_so_often_and_no_more(stage: Scene) -> None:
    token = stage.token(stage.gradebook)
    for _ in range(10):
        answer = stage.exchange(stage.gradebook, token)
        if answer.status_code != 200:
            break
        token = answer.json()["access_token"]
    assert refused(answer) == ("invalid_grant", None)


def test_an_exchange_ends_with_what_it_came_from(fresh_stage: Scene) -> None:
    token = fresh_stage.token(fresh_stage.gradebook)
    fresh_stage.world.clock.forward(seconds=200)
    answer = fresh_stage.exchange(fresh_stage.gradebook, token).json()
    assert answer["expires_in"] == 100
    assert said(answer["access_token"])["exp"] == said(token)["exp"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"subject_token_type": SESSION}, "invalid_request"),
        ({"subject_token": "x"}, "invalid_request"),
        ({"subject_token": "x", "subject_token_type": "urn:x"}, "invalid_request"),
        ({"subject_token": "x", "subject_token_type": SESSION}, "invalid_grant"),
        ({"subject_token": "a.b.c", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_grant"),
        ({"subject_token": "x", "subject_token_type": SESSION, "actor_token": "x"}, "invalid_request"),
        (
            {"subject_token": "x", "subject_token_type": SESSION, "requested_token_type": "urn:x"},
            "invalid_request",
        ),
    ],
)
def test_an_exchange_that_cannot_be_made_is_refused(stage: Scene, form: dict[str, str], error: str) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", **form}
    assert refused(stage.post("token", form, stage.gradebook.basic))[0] == error


def test_who_has_nothing_in_common_with_the_software_gives_nothing(fresh_stage: Scene) -> None:
    world = fresh_stage.world
    primary = frozenset({EducationLevel.LOWER_SECONDARY})
    other = drawing(world, "Chỉ khối 7", paper={"levels": primary, "grades": frozenset({"7"})}, resource=GRADEBOOK)
    answer = fresh_stage.exchange(other, fresh_stage.session(other.id), SESSION)
    assert refused(answer) == ("invalid_grant", "outside_approval")


# -- the log


def test_what_was_issued_is_logged_in_batches_without_the_token(
    fresh_stage: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = [fresh_stage.token(fresh_stage.gradebook) for _ in range(3)]
    fresh_stage.served.client.app.state.edge.issuance.flush()
    err = capsys.readouterr().err
    lines = [json.loads(line) for line in err.splitlines() if '"event":"token"' in line]
    assert [line["jti"] for line in lines] == [said(token)["jti"] for token in tokens]
    assert len({line["timestamp"] for line in lines}) == 1
    assert not any(token in err or token.split(".")[2] in err for token in tokens)
    assert fresh_stage.gradebook.secret not in err


def test_issuing_writes_nothing(fresh_stage: Scene) -> None:
    world = fresh_stage.world
    before = world.services.db.counter(world.register)
    for _ in range(5):
        fresh_stage.token(fresh_stage.gradebook)
        fresh_stage.token(fresh_stage.guard)
    assert world.services.db.counter(world.register) == before


def test_two_enforcement_points_are_two(stage: Scene) -> None:
    other = guarding(stage.world, "Cổng thứ hai", pep_scopes=frozenset({"evaluate"}))
    assert said(stage.token(other))["scope"] == "evaluate"
    software_seen.read_software(stage.world.services, stage.world.admins[stage.world.root], other.software.id)

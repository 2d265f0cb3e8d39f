"""Attacks by what a request weighs: nobody who has not signed in costs others their time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from managing import ADMIN, TEACHER, Managed, managing
from serving import AUTHORIZATION

from access_service.api.http.errors import FIELDS
from access_service.api.http.limits import ACT_MARKS, MARKS, OPEN_BYTES
from world import PASSWORD

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("bodies")) as found_:
        yield found_


def send(managed: Managed, path: str, body: bytes, headers: dict[str, Any]) -> Any:
    return managed.served.client.post(path, content=body, headers=headers | JSON)


def members(number: int) -> bytes:
    return json.dumps({f"m{i}": 1 for i in range(number)}).encode()


def arrays(number: int) -> bytes:
    return b'{"a":[' + b",".join([b"[]"] * number) + b"]}"


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/activations"])
def test_before_the_session_a_body_is_small(managed: Managed, path: str) -> None:
    """A megabyte of members held the event loop for half a second and was answered with six megabytes."""
    right = json.dumps({"username": TEACHER, "password": PASSWORD}).encode()
    assert send(managed, "/v1/sessions", right, {}).status_code == 201
    answer = send(managed, path, members(OPEN_BYTES // 8), {})
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    answer = send(managed, path, members(OPEN_BYTES // 12), {})
    assert answer.status_code == 422
    assert len(answer.json()["fields"]) == FIELDS


def test_a_long_body_is_read_only_for_who_has_signed_in(managed: Managed) -> None:
    """It is not JSON: who hears of that has made us look."""
    garbage = b"[" + b" " * 900_000
    assert send(managed, "/v1/persons", garbage, managed.bearer(ADMIN)).json()["code"] == "invalid"
    strangers: list[dict[str, Any]] = [{}, {"Authorization": "Bearer x"}, dict(AUTHORIZATION)]
    for headers in strangers:
        answer = send(managed, "/v1/persons", garbage, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("body", [arrays(ACT_MARKS), members(ACT_MARKS + 1)], ids=["arrays", "members"])
def test_an_act_holds_only_so_many_things(managed: Managed, body: bytes) -> None:
    revision = managed.revision()
    answer = send(managed, "/v1/persons", body, managed.bearer(ADMIN))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert str(ACT_MARKS) in answer.json()["detail"]
    assert "fields" not in answer.json()
    assert managed.revision() <= revision + 1


def test_a_batch_holds_a_thousand_full_questions_and_not_much_more(managed: Managed) -> None:
    pupil = {"category": "STU-ACA", "class": "c", "unit": "u", "subject": "s", "level": "l", "grade": "g"}
    full = {
        "subject": {"type": "account", "id": "000"},
        "action": {"name": "read"},
        "resource": {"type": "student", "id": "000", "properties": pupil | {"school_year": "2026-2027"}},
        "context": {"function": "f", "explain": "none", "at_least": "r1"},
    }
    answer = send(
        managed, "/access/v1/evaluations", json.dumps({"evaluations": [full] * 1000}).encode(), AUTHORIZATION
    )
    assert (answer.status_code, len(answer.json()["evaluations"])) == (200, 1000)
    answer = send(managed, "/access/v1/evaluations", arrays(MARKS + 1), AUTHORIZATION)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_an_address_is_exact_and_never_redirected(managed: Managed) -> None:
    """A redirect is made from the `Host` that was sent, and 307 would carry password and bearer there."""
    headers = managed.bearer(ADMIN) | {"Host": "000.invalid"}
    assert managed.served.client.get("/v1/me", headers=headers).status_code == 200
    for path in ("/v1/me/", "/v1/sessions/", "/openapi.json/"):
        answer = managed.served.client.post(path, headers=headers, json={}, follow_redirects=False)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path

"""Sessions: sign in and out, first passwords, what the caller is told of themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from managing import ADMIN, DIRECTOR, PRINCIPAL, TEACHER, Managed, managing
from serving import AUTHORIZATION

from world import CLASS_6A, PASSWORD, SCHOOL, found


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def test_a_session_opens_and_ends(managed: Managed) -> None:
    answer = managed.served.client.post("/v1/sessions", json={"username": TEACHER, "password": PASSWORD})
    assert answer.status_code == 201
    teacher = managed.person("gvcn")
    assert answer.json()["account"] == {
        "id": teacher.account,
        "kind": "use",
        "unit": SCHOOL,
        "person": teacher.person,
        "register": "thu-nghiem",
    }
    assert answer.json()["expires_at"] == "2026-08-20T01:15:00Z"
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    client = managed.served.client
    assert client.get("/v1/me", headers=bearer).status_code == 200
    assert client.delete("/v1/sessions/current", headers=bearer).status_code == 204
    ended = client.get("/v1/me", headers=bearer)
    assert (ended.status_code, ended.json()["code"]) == (401, "not_authenticated")


def test_a_session_lasts_fifteen_minutes(managed: Managed) -> None:
    managed.bearer(TEACHER)
    managed.world.clock.forward(minutes=15)
    assert managed.get(TEACHER, "me").json()["code"] == "not_authenticated"


def test_an_unknown_name_and_a_wrong_password_answer_the_same(managed: Managed) -> None:
    tried = [
        {"username": TEACHER, "password": "sai mật khẩu"},
        {"username": "000.không-có", "password": PASSWORD},
        {"username": TEACHER, "password": PASSWORD, "register": "không-có"},
    ]
    answers = [managed.served.client.post("/v1/sessions", json=body) for body in tried]
    assert {a.status_code for a in answers} == {401}
    assert len({a.text for a in answers}) == 1
    assert answers[0].json()["code"] == "credentials_wrong"


def test_five_wrong_passwords_lock_the_account(managed: Managed) -> None:
    for _ in range(5):
        managed.served.client.post("/v1/sessions", json={"username": TEACHER, "password": "sai mật khẩu"})
    right = {"username": TEACHER, "password": PASSWORD}
    assert managed.served.client.post("/v1/sessions", json=right).json()["code"] == "credentials_wrong"
    managed.world.clock.forward(hours=12)
    assert managed.served.client.post("/v1/sessions", json=right).status_code == 201


def test_the_register_is_named_where_there_are_several(managed: Managed) -> None:
    found(managed.world.services, managed.world.clock, name="thu-nghiem-2")
    body = {"username": DIRECTOR, "password": PASSWORD}
    answer = managed.served.client.post("/v1/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    answer = managed.served.client.post("/v1/sessions", json={**body, "register": "thu-nghiem-2"})
    assert answer.json()["account"]["register"] == "thu-nghiem-2"


def test_an_api_key_manages_nothing_and_signs_nothing(managed: Managed) -> None:
    client = managed.served.client
    assert client.get("/v1/me", headers=AUTHORIZATION).json()["code"] == "not_authenticated"
    body = {"password": PASSWORD, "documents": [{"document": "doc_0", "version": 1, "sha256": "0" * 64}]}
    answer = client.post("/v1/signatures", json=body, headers=AUTHORIZATION)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dGh1", "Bearer x y", "Bearer \x7f"])
def test_what_is_no_session_is_401(managed: Managed, header: str) -> None:
    answer = managed.served.client.get("/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_account_is_issued_activated_and_used(managed: Managed) -> None:
    person = managed.made(ADMIN, "persons", {"name": "Người Thử Mới"})
    duty = {
        "person": person["id"],
        "unit": SCHOOL,
        "position": "clerk",
        "decision_number": "000/QĐ",
        "decision_date": "2026-08-01",
        "valid_from": "2026-08-20T00:00:00+07:00",
    }
    managed.made(ADMIN, "assignments", duty)
    body = {"unit": SCHOOL, "kind": "use", "person": person["id"], "username": "000.moi-den"}
    issued = managed.made(ADMIN, "accounts", body)
    code = issued["activation_code"]
    client = managed.served.client
    activated = client.post("/v1/activations", json={"code": code, "password": PASSWORD})
    assert activated.json() == {"account": issued["account"]["id"], "session": None}
    again = client.post("/v1/activations", json={"code": code, "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (401, "credentials_wrong")
    assert managed.seen("000.moi-den", "me")["account"]["state"] == "active"


def test_a_password_that_is_too_short_is_refused(managed: Managed) -> None:
    code = managed.recover(managed.person("gvcn").account)
    answer = managed.served.client.post("/v1/activations", json={"code": code, "password": "ngắn"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_me_shows_duties_grants_and_what_waits(managed: Managed) -> None:
    me = managed.seen(TEACHER, "me")
    assert me["person"]["name"] == "Người Thử gvcn"
    assert me["unit"]["id"] == SCHOOL
    assert [d["position"] for d in me["duties"]] == ["homeroom"]
    [grant] = me["grants"]
    assert (grant["role"], grant["state"], grant["missing"]) == ("homeroom_teacher", "effective", None)
    assert grant["scope"]["classes"] == [{"class": CLASS_6A, "subject": None}]
    assert me["waiting"] == []


def test_me_lists_what_waits_for_whose_signature(managed: Managed) -> None:
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    minutes, commitment = prepared["document"]["id"], prepared["commitment"]["id"]
    assert [d["id"] for d in managed.seen(PRINCIPAL, "me")["waiting"]] == [minutes]
    assert [d["id"] for d in managed.seen("000.moi", "me")["waiting"]] == [commitment]
    assert managed.seen(ADMIN, "me")["waiting"] == []
    [pending] = managed.seen("000.moi", "me")["grants"]
    assert (pending["state"], pending["missing"]) == ("pending", "minutes_unsigned")
    managed.sign(PRINCIPAL, minutes)
    assert {d["id"] for d in managed.seen("000.moi", "me")["waiting"]} == {minutes, commitment}
    assert managed.seen(PRINCIPAL, "me")["waiting"] == []

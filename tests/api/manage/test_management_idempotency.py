"""`Idempotency-Key`: one effect and one answer, also at once, and no secret kept."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from managing import ADMIN, OFFICE_HEAD, PRINCIPAL, ROOT_ADMIN, Managed, managing
from sqlalchemy import select

from access_service.signing.vault import FactorKey
from access_service.storage.idempotency import Taken, take
from access_service.storage.tables import IdempotencyRow, table
from access_service.usecases.organisation import org
from world import PASSWORD, SCHOOL

PERSON = {"name": "Người Thử Lặp"}


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def kept(managed: Managed) -> list[tuple[str, int, str]]:
    rows = table(IdempotencyRow)
    with managed.world.services.db.connect() as connection:
        found = connection.execute(select(rows.c.key, rows.c.status, rows.c.body).order_by(rows.c.key))
        return [(row[0], row[1], row[2]) for row in found]


def test_a_repeat_gives_the_same_answer_and_has_no_second_effect(managed: Managed) -> None:
    first = managed.post(ADMIN, "persons", PERSON, key="một".encode().hex())
    revision = managed.revision()
    again = managed.post(ADMIN, "persons", PERSON, key="một".encode().hex())
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert managed.revision() == revision
    assert managed.post(ADMIN, "persons", PERSON, key="k-2").json()["id"] != first.json()["id"]


def test_another_body_address_or_query_under_the_key_is_refused(managed: Managed) -> None:
    managed.made(ADMIN, "persons", PERSON, key="k")
    revision = managed.revision()
    for path, body in (
        ("persons", {"name": "Người Khác"}),
        ("commitments", PERSON),
    ):
        answer = managed.post(ADMIN, path, body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    # What the route does not know is refused before the key is looked at.
    assert managed.post(ADMIN, "persons?x=1", PERSON, key="k").json()["code"] == "invalid"
    assert managed.revision() == revision


def test_a_key_belongs_to_one_account(managed: Managed) -> None:
    mine = managed.made(ADMIN, "persons", PERSON, key="k")
    theirs = managed.made(ROOT_ADMIN, "persons", PERSON, key="k")
    assert mine["id"] != theirs["id"]


def test_a_refusal_is_repeated_and_recorded_once(managed: Managed) -> None:
    body = managed.handover("moi", "6A")
    first = managed.post(ADMIN, "handovers", body, key="k")
    assert first.json()["code"] == "assignment_missing"
    log = managed.log()
    again = managed.post(ADMIN, "handovers", body, key="k")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["content-type"] == "application/problem+json"
    assert managed.log() == log


def test_what_could_not_be_read_leaves_the_key_free(managed: Managed) -> None:
    assert managed.post(ADMIN, "persons", {"nam": "x"}, key="k").status_code == 422
    assert kept(managed) == []
    managed.made(ADMIN, "persons", PERSON, key="k")


def test_two_requests_at_once_have_one_effect(managed: Managed) -> None:
    managed.bearer(ADMIN)
    revision = managed.revision()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: managed.post(ADMIN, "persons", PERSON, key="k"), range(6)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    assert managed.revision() == revision + 1
    assert sum("Idempotency-Replayed" not in a.headers for a in answers) == 1


def test_what_failed_before_it_did_anything_leaves_the_key_free(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_args: object, **_names: object) -> None:
        raise RuntimeError

    managed.bearer(ADMIN)
    with monkeypatch.context() as patch:
        patch.setattr(org, "add_person", cut_off)
        assert managed.post(ADMIN, "persons", PERSON, key="k").json()["code"] == "internal"
    assert kept(managed) == []
    revision = managed.revision()
    managed.made(ADMIN, "persons", PERSON, key="k")
    assert managed.revision() == revision + 1


def test_a_key_is_forgotten_after_a_week(managed: Managed) -> None:
    first = managed.made(ADMIN, "persons", PERSON, key="k")
    managed.world.clock.forward(days=7, seconds=1)
    managed.tokens.clear()
    assert managed.made(ADMIN, "persons", PERSON, key="k")["id"] != first["id"]


def test_no_code_and_no_password_is_kept(managed: Managed) -> None:
    account = managed.person("gvcn").account
    proof = managed.proof()
    asked = managed.made(ADMIN, f"accounts/{account}/recover", proof, key="k-1")
    code = asked["activation_code"]
    again = managed.post(ADMIN, f"accounts/{account}/recover", proof, key="k-1")
    assert again.json()["activation_code"] is None
    assert again.json()["account"]["id"] == account
    path = f"recoveries/{asked['recovery']['id']}/approve"
    managed.made(OFFICE_HEAD, path, {"password": PASSWORD})
    # The code that was given first still opens the account: the repeat made no new one.
    activated = managed.served.client.post("/v1/activations", json={"code": code, "password": PASSWORD})
    assert activated.status_code == 200
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))["document"]
    item = {"document": prepared["id"], "version": 1, "sha256": prepared["sha256"]}
    signing = {"password": PASSWORD, "documents": [item]}
    first = managed.made(PRINCIPAL, "signatures", signing, key="k-2")
    assert managed.made(PRINCIPAL, "signatures", signing, key="k-2") == first
    text = json.dumps(kept(managed), ensure_ascii=False)
    assert code not in text
    assert PASSWORD not in text


@pytest.mark.parametrize("path", ["sessions", "activations"])
def test_routes_that_give_and_take_secrets_refuse_a_key(managed: Managed, path: str) -> None:
    body = {"username": "000.gvcn", "password": PASSWORD} if path == "sessions" else {"code": "x", "password": "y"}
    answer = managed.served.client.post(f"/v1/{path}", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "token" not in answer.json()


@pytest.mark.parametrize("key", ["", " ", "x" * 257, "một hai", "k\x7f"])
def test_an_unusable_key_is_refused(managed: Managed, key: str) -> None:
    headers = {**{k: v.encode() for k, v in managed.bearer(ADMIN).items()}, "Idempotency-Key": key.encode()}
    revision = managed.revision()
    answer = managed.served.client.post("/v1/persons", json=PERSON, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert managed.revision() == revision


def test_a_key_without_a_session_is_still_401(managed: Managed) -> None:
    headers = {"Idempotency-Key": "k", "Authorization": "Bearer không-có".encode()}
    answer = managed.served.client.post("/v1/persons", json=PERSON, headers=headers)
    assert answer.status_code == 401
    assert kept(managed) == []


def test_taking_a_key_is_exclusive(managed: Managed) -> None:
    world, account = managed.world, managed.person("gvcn").account
    now = world.clock.now
    taken = [
        take(
            world.services.db,
            Taken(world.register, account, "k", f"lần-{n}"),
            request_sha256="0" * 64,
            now=now,
            forget_before=now,
        )
        for n in range(2)
    ]
    assert taken == [True, False]


def test_answers_are_kept_without_anybodys_name(managed: Managed) -> None:
    first = managed.made(ADMIN, "persons", PERSON, key="k")
    [(_, status, body)] = kept(managed)
    assert status == 201
    assert PERSON["name"] not in body
    assert "name" not in body
    assert managed.made(ADMIN, "persons", PERSON, key="k") == first


def test_an_answer_that_cannot_be_opened_any_more_is_told_from_the_record(
    managed: Managed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = managed.made(ADMIN, "persons", PERSON, key="k-1")
    refused = managed.post(ADMIN, "handovers", managed.handover("moi", "6A"), key="k-2")
    assert refused.status_code == 409
    monkeypatch.setattr("access_service.api.manage.idempotency.WAIT_S", 0.1)
    other = FactorKey.load(tmp_path / "other")
    services = managed.served.client.app.state.services  # type: ignore[attr-defined]
    managed.bearer(ADMIN)
    managed.served.client.app.state.services = replace(services, factors=other)  # type: ignore[attr-defined]
    again = managed.post(ADMIN, "persons", PERSON, key="k-1")
    assert again.status_code == 200
    assert [(d["action"], d["target"]) for d in again.json()["done"]] == [("person.add", first["id"])]
    assert managed.post(ADMIN, "handovers", managed.handover("moi", "6A"), key="k-2").json()["code"] == "duplicate"


def test_every_post_of_a_caller_takes_a_key(managed: Managed) -> None:
    """A handful of very different acts, each done once."""
    acts = [
        ("persons", PERSON),
        ("handovers", managed.handover("moi", "6B")),
        (f"accounts/{managed.person('gvcn').account}/suspend", {"reason": "thử"}),
        (f"accounts/{managed.person('gvcn').account}/resume", None),
    ]
    for number, (path, body) in enumerate(acts):
        first = managed.post(ADMIN, path, body, key=f"k-{number}")
        revision = managed.revision()
        assert managed.post(ADMIN, path, body, key=f"k-{number}").json() == first.json()
        assert first.status_code < 400
        assert managed.revision() == revision
    assert SCHOOL in first.text

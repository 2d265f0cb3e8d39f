"""Software over HTTP: entered by a school, approved by the department, its clients, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import (
    ADMIN,
    NOW,
    OFFICE_ADMIN,
    OTHER_ADMIN,
    PRINCIPAL,
    ROOT,
    ROOT_ADMIN,
    TEACHER,
    Managed,
    managing,
)
from software_words import UNTIL, entry, jwk, paper

from world import OFFICE, SCHOOL


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder: Path = tmp_path_factory.mktemp("software")
    with managing(folder) as made:
        yield made


@pytest.fixture(scope="module")
def software(managed: Managed) -> dict[str, Any]:
    made: dict[str, Any] = managed.made(ADMIN, "software", entry())
    return made


def test_a_school_enters_and_the_department_approves(managed: Managed, software: dict[str, Any]) -> None:
    assert (software["unit"], software["security_level"], software["on_axis"]) == (SCHOOL, None, False)
    approval = managed.made(ROOT_ADMIN, "approvals", paper(software["id"]))
    assert approval["scope"]["grades"] == ["6"]
    assert approval["scope"]["actions"] == ["read"]
    seen = managed.seen(ADMIN, f"software/{software['id']}")
    [held] = seen["approvals"]
    assert (held["id"], held["state"], held["unmet"]) == (approval["id"], "effective", None)
    account = managed.seen(ADMIN, f"accounts/{software['account']}")
    assert (account["kind"], account["person"], account["state"]) == ("service", None, "active")
    gone = managed.made(ROOT_ADMIN, f"approvals/{approval['id']}/withdraw", {"reason": "hết hợp đồng"})
    assert gone["withdrawn_because"] == "hết hợp đồng"
    managed.refused(ROOT_ADMIN, f"approvals/{approval['id']}/withdraw", None, 409, "document_state")
    # The report form's line says all of it; the department sums up.
    [line] = managed.seen(ADMIN, f"units/{SCHOOL}/software")["software"]
    assert {name: line[name] for name in entry()} == entry()
    assert [a["state"] for a in line["approvals"]] == ["ended"]
    assert managed.seen(ROOT_ADMIN, f"units/{ROOT}/software")["software"] == []
    below = managed.seen(ROOT_ADMIN, f"units/{ROOT}/software", below=True)["software"]
    assert software["id"] in {one["id"] for one in below}


def test_refusals_have_their_own_codes(managed: Managed, software: dict[str, Any]) -> None:
    id_ = software["id"]
    managed.refused(ADMIN, "software", entry(), 409, "duplicate")
    managed.refused(PRINCIPAL, "software", entry(), 403, "not_custodian")
    managed.refused(ADMIN, "software", entry(OFFICE), 403, "not_custodian")
    managed.refused(OTHER_ADMIN, "software", entry(), 404, "not_found", recorded=False)
    managed.refused(ADMIN, "software", entry(name="x", is_enforcement_point=True), 403, "forbidden")
    for who in (ADMIN, OFFICE_ADMIN):
        managed.refused(who, "approvals", paper(id_), 403, "forbidden")
    managed.refused(TEACHER, "approvals", paper(id_), 403, "forbidden")
    managed.refused(OTHER_ADMIN, "approvals", paper(id_), 404, "not_found", recorded=False)
    wide = paper(id_, scope={"unit": OFFICE, "categories": ["STU-ID"]})
    managed.refused(ROOT_ADMIN, "approvals", wide, 403, "wider_than_authority")
    for wrong in (
        {"method": "telepathy"},
        {"frequency": 1},
        {"valid_to": NOW},
        {"valid_to": "2026-12-31"},
        {"sha256": "zz"},
        {"scope": {"unit": SCHOOL}},
        {"scope": {"unit": SCHOOL, "categories": []}},
        {"scope": {"unit": SCHOOL, "categories": ["STU-ID"], "actions": ["write"]}},
        {"scope": {"unit": SCHOOL, "categories": ["STU-ID"], "classes": [{"class": "khong-co"}]}},
    ):
        managed.refused(ROOT_ADMIN, "approvals", paper(id_, **wrong), 422, "invalid", recorded=False)
    managed.refused(ADMIN, f"software/{id_}/change", {"security_level": 6}, 422, "invalid", recorded=False)
    managed.refused(ADMIN, f"software/{id_}/change", {"name": "Khác"}, 422, "invalid", recorded=False)


def test_the_department_confirms_and_the_school_confirms_deletion(managed: Managed) -> None:
    used = managed.made(ADMIN, "software", entry(name="Phần mềm xoá thử", security_level=3, on_axis=True))
    path = f"software/{used['id']}"
    said = {
        "number": "001/SGDĐT",
        "dated": "2026-08-19",
        "issuer": "Sở GDĐT",
        "sha256": "2" * 64,
        "valid_to": UNTIL,
    }
    level = {**said, "subject": "security_level", "level": 3}
    managed.refused(ADMIN, f"{path}/confirmations", level, 403, "forbidden")
    managed.refused(ROOT_ADMIN, f"{path}/confirmations", {**level, "level": 6}, 422, "invalid", recorded=False)
    managed.refused(ROOT_ADMIN, f"{path}/confirmations", {**level, "subject": "x"}, 422, "invalid", recorded=False)
    made = managed.made(ROOT_ADMIN, f"{path}/confirmations", level)
    assert (made["subject"], made["level"], made["valid_to"]) == ("security_level", 3, "2026-12-30T17:00:00Z")
    seen = managed.seen(ADMIN, path)
    assert (seen["counted_level"], seen["counted_on_axis"]) == (3, False)
    assert [c["id"] for c in seen["confirmations"]] == [made["id"]]
    gone = managed.made(ROOT_ADMIN, f"software-confirmations/{made['id']}/withdraw", {"reason": "thử"})
    assert gone["withdrawn_because"] == "thử"
    assert managed.seen(ADMIN, path)["counted_level"] is None
    approval = managed.made(ROOT_ADMIN, "approvals", paper(used["id"]))
    assert approval["receiver_role"] == "processor"
    for term in ("purpose", "agreement_number", "agreement_sha256", "receiver_role", "retention", "deletion"):
        wrong = {k: v for k, v in paper(used["id"]).items() if k != term}
        managed.refused(ROOT_ADMIN, "approvals", wrong, 422, "invalid", recorded=False)
    deletion = {"number": "02/BB-A", "dated": NOW[:10], "sha256": "3" * 64}
    managed.refused(ADMIN, f"approvals/{approval['id']}/deletion", deletion, 409, "document_state")
    managed.made(ROOT_ADMIN, f"approvals/{approval['id']}/withdraw")
    [owed] = managed.seen(ADMIN, path)["obligations"]
    assert (owed["state"], owed["vi"]) == ("open", "xác nhận đã xoá, huỷ dữ liệu")
    managed.refused(OTHER_ADMIN, f"approvals/{approval['id']}/deletion", deletion, 404, "not_found", recorded=False)
    closed = managed.made(ADMIN, f"approvals/{approval['id']}/deletion", deletion)
    assert (closed["number"], closed["confirmed_at"] is None) == ("02/BB-A", False)


def test_a_secret_is_shown_once(managed: Managed, software: dict[str, Any]) -> None:
    body = {"software": software["id"], "resource": "https://sodiem.example/api"}
    made = managed.made(ADMIN, "clients", body, key="mot-lan")
    assert made["authentication"] == "client_secret"
    assert len(made["client_secret"]) >= 43
    # A repeat of the request is the same client, without the secret.
    again = managed.made(ADMIN, "clients", body, key="mot-lan")
    assert again == {**made, "client_secret": None}
    [client] = managed.seen(ADMIN, f"software/{software['id']}")["clients"]
    assert client["client_id"] == made["client_id"]
    assert not {"client_secret", "secret_sha256", "jwks"} & client.keys()
    path = f"clients/{made['client_id']}"
    rotated = managed.made(ADMIN, f"{path}/rotate")
    assert rotated["client_secret"] != made["client_secret"]
    assert rotated["old_secret_until"] == "2026-08-21T01:00:00Z"
    assert managed.made(ROOT_ADMIN, f"{path}/rotate", {"at_once": True})["old_secret_until"] is None
    managed.refused(OTHER_ADMIN, f"{path}/disable", None, 404, "not_found", recorded=False)
    assert managed.made(ADMIN, f"{path}/disable")["disabled_at"] is not None
    managed.refused(ADMIN, f"{path}/rotate", None, 409, "document_state")


def test_a_client_says_where_people_come_back_to(managed: Managed, software: dict[str, Any]) -> None:
    back, after = "https://sodiem.example/ve", "https://sodiem.example/het"
    made = managed.made(ADMIN, "clients", {"software": software["id"], "redirect_uris": [back]})
    assert (made["redirect_uris"], made["post_logout_uris"]) == ([back], [])
    path = f"clients/{made['client_id']}/sign-in"
    changed = managed.made(ADMIN, path, {"redirect_uris": [back + "?a=1", back], "post_logout_uris": [after]})
    assert (changed["redirect_uris"], changed["post_logout_uris"]) == ([back, back + "?a=1"], [after])
    managed.refused(ADMIN, path, {"redirect_uris": ["http://sodiem.example/ve"]}, 422, "invalid", recorded=False)
    managed.refused(OTHER_ADMIN, path, {"redirect_uris": [back]}, 404, "not_found", recorded=False)
    assert managed.made(ADMIN, path, {})["redirect_uris"] == []


def test_a_client_may_prove_itself_by_a_key(managed: Managed, software: dict[str, Any]) -> None:
    body = {"software": software["id"], "resource": "https://sodiem.example/api"}
    made = managed.made(ADMIN, "clients", {**body, "jwks": {"keys": [jwk()]}})
    assert (made["authentication"], made["client_secret"]) == ("private_key_jwt", None)
    path = f"clients/{made['client_id']}"
    managed.refused(ADMIN, f"{path}/rotate", None, 422, "invalid", recorded=False)
    managed.made(ADMIN, f"{path}/keys", {"jwks": {"keys": [jwk()]}})
    deep: Any = "x"
    for _ in range(10):
        deep = [deep]
    for keys in ({"keys": [jwk(private=True)]}, {"keys": []}, {"keys": deep}, {}, {"keys": [jwk(), jwk()]}):
        managed.refused(ADMIN, f"{path}/keys", {"jwks": keys}, 422, "invalid", recorded=False)
        managed.refused(ADMIN, "clients", {**body, "jwks": keys}, 422, "invalid", recorded=False)
    bad = {**body, "resource": "http://sodiem.example/"}
    managed.refused(ADMIN, "clients", bad, 422, "invalid", recorded=False)


def test_the_department_enters_an_enforcement_point(managed: Managed) -> None:
    point = managed.made(ROOT_ADMIN, "software", entry(ROOT, name="Trục dữ liệu thử", is_enforcement_point=True))
    body = {"software": point["id"], "pep_scopes": ["search", "evaluate"], "resource_types": ["student", "class"]}
    made = managed.made(ROOT_ADMIN, "clients", body)
    assert (made["pep_scopes"], made["resource_types"]) == (["evaluate", "search"], ["class", "student"])
    managed.refused(ADMIN, "clients", body, 403, "not_custodian")
    managed.made(ROOT_ADMIN, f"software/{point['id']}/end")
    managed.refused(ROOT_ADMIN, "clients", body, 409, "document_state")
    managed.refused(ROOT_ADMIN, f"clients/{made['client_id']}/rotate", None, 409, "document_state")


def test_software_stops_with_its_account(managed: Managed) -> None:
    used = managed.made(ADMIN, "software", entry(name="Phần mềm tạm khoá"))
    managed.made(ADMIN, f"accounts/{used['account']}/suspend", {"reason": "sự cố"})
    assert managed.seen(ADMIN, f"accounts/{used['account']}")["state"] == "suspended"
    managed.made(ROOT_ADMIN, f"accounts/{used['account']}/suspend")
    managed.made(ADMIN, f"software/{used['id']}/end")
    assert managed.seen(ADMIN, f"accounts/{used['account']}")["state"] == "closed"
    managed.refused(
        ADMIN, f"accounts/{used['account']}/recover", {"password": "000"}, 422, "invalid", recorded=False
    )

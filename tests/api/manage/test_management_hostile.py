"""Nothing that a caller sends to the management API is a 500, and nothing refused changes anything."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from managing import (
    ADMIN,
    NOW,
    OFFICE_ADMIN,
    OTHER,
    OTHER_ADMIN,
    OUTSIDER,
    PRINCIPAL,
    ROOT,
    ROOT_ADMIN,
    TEACHER,
    Managed,
    managing,
)

from world import CLASS_6A, CLASS_6B, OFFICE, PASSWORD, SCHOOL

PROBLEM = "application/problem+json"
ABOUT_ONESELF = {"/v1/me/sessions/end-others"}
"""They read no body and name nobody: there is nothing to refuse a signed-in caller for."""
UNIT = {"id": "0003109", "kind": "school", "name": "Trường Thử", "manager": OFFICE, "basis": "000/QĐ"}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """One world for all: every test here leaves it as it was."""
    with managing(tmp_path_factory.mktemp("hostile")) as found_:
        yield found_


def routes(managed: Managed, method: str) -> list[str]:
    """Addresses of the management API with a made-up id in place of each parameter."""
    app: Any = managed.served.client.app
    found = {
        r.path
        for r in iter_route_contexts(app.routes)
        if (r.path or "").startswith("/v1/") and method in (r.methods or ())
    }
    return sorted(p.replace("{id}", "000-id").replace("{document}", "000-id") for p in found if "matrix" not in p)


def send(managed: Managed, who: str, path: str, content: bytes, content_type: str = "application/json") -> Any:
    headers = managed.bearer(who) | {"Content-Type": content_type}
    return managed.served.client.post(path, content=content, headers=headers)


def test_every_route_asks_for_a_session(managed: Managed) -> None:
    client = managed.served.client
    unsigned = {"/v1/sessions", "/v1/activations"}
    posts, gets = routes(managed, "POST"), routes(managed, "GET")
    assert len(posts) > 40
    assert len(gets) > 15
    for path in posts:
        if path not in unsigned:
            answer = client.post(path, json={})
            assert (path, answer.status_code) == (
                path,
                401 if answer.json()["code"] == "not_authenticated" else 422,
            )
    for path in gets:
        answer = client.get(path)
        assert (path, answer.json()["code"]) == (path, "not_authenticated")


BODIES = {
    "nothing": b"",
    "null": b"null",
    "an array": b"[]",
    "an empty object": b"{}",
    "a string": b'"x"',
    "garbage": b"{",
    "broken UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "NaN": b'{"name": NaN}',
    "a long number": b'{"name": ' + b"9" * 9000 + b"}",
    "a huge float": b'{"name": 1e999}',
    "deep": b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a member twice": b'{"name": "x", "name": "y"}',
    "half a surrogate pair": b'{"name": "\\ud800", "reason": "\\ud800", "unit": "\\ud800", "on": "\\ud800"}',
    "a NUL": b'{"name": "x\\u0000", "reason": "x\\u0000", "unit": "x\\u0000"}',
    "an unknown member": b'{"name": "x", "reason": "x", "unit": "x", "register": "x", "is_admin": true}',
    "wrong types": b'{"name": 7, "reason": [], "unit": {}, "number": true, "on": 20260820, "documents": {}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_used_is_a_problem_everywhere(managed: Managed, name: str) -> None:
    managed.bearer(ROOT_ADMIN)
    revision = managed.revision()
    for path in sorted({*routes(managed, "POST")} - ABOUT_ONESELF):
        answer = send(managed, ROOT_ADMIN, path, BODIES[name])
        assert 400 <= answer.status_code < 500, (path, answer.text)
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["code"] in {
            "invalid",
            "not_found",
            "forbidden",
            "not_custodian",
            "signer_not_leader",
        }, path
    assert managed.revision() == revision


def test_ten_megabytes_are_413(managed: Managed) -> None:
    body = json.dumps({"name": "x" * 10_000_000}).encode()
    answer = send(managed, ADMIN, "/v1/persons", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")


def test_a_body_that_is_not_json_is_refused(managed: Managed) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        answer = send(managed, ADMIN, "/v1/persons", b'{"name": "x"}', content_type)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), content_type


IDS = [
    "0",
    "%00",
    "..",
    "%2e%2e",
    "a%0ab",
    "%ff",
    "a" * 257,
    "a" * 5000,
    "'; DROP TABLE units;--",
    "%F0%9F%8F%AB",
    "*",
    "%25",
    "__proto__",
]


@pytest.mark.parametrize("id_", IDS)
def test_strange_ids_are_missing_or_invalid(managed: Managed, id_: str) -> None:
    for path in routes(managed, "GET"):
        if "000-id" in path:
            # `..` is folded by the client, into an address that only takes POST.
            answer = managed.served.client.get(
                path.replace("000-id", id_), headers=managed.bearer(ROOT_ADMIN), follow_redirects=True
            )
            assert answer.status_code in (404, 405, 422), (path, answer.text)
    answer = managed.post(ROOT_ADMIN, f"grants/{id_}/revoke", {"reason": "thử"})
    assert answer.status_code in (404, 405, 422), answer.text


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=99999999999999999999",
        "limit=0",
        "limit=1001",
        "limit=1.5",
        "target=%00",
        "action=",
        "target=" + "x" * 300,
    ],
)
def test_strange_queries_are_invalid(managed: Managed, query: str) -> None:
    answer = managed.served.client.get(f"/v1/events?{query}", headers=managed.bearer(ROOT_ADMIN))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


TEXTS: list[tuple[str, dict[str, Any], str]] = [
    ("persons", {"name": ""}, "name"),
    ("persons", {"name": " \u00a0 "}, "name"),
    ("persons", {"name": "x" * 257}, "name"),
    ("persons", {"name": "x\ny"}, "name"),
    ("persons", {"name": "x\u202ey", "extra": 1}, "extra"),
    ("units", UNIT | {"id": "a:b"}, "id"),
    ("units", UNIT | {"id": "a/b"}, "id"),
    ("units", UNIT | {"id": "a\n"}, "id"),
    ("units", UNIT | {"manager": "x" * 257}, "manager"),
    ("units", UNIT | {"levels": ["kindergarten"]}, "levels.0"),
    ("units", UNIT | {"levels": "primary"}, "levels"),
    ("school-years", {"id": "2026", "starts_on": "2026-08-01", "closes_on": "2027-08-01"}, "id"),
    ("school-years", {"id": "2030-2031", "starts_on": "2026-02-30", "closes_on": "2027-08-01"}, "starts_on"),
    ("school-years", {"id": "2030-2031", "starts_on": "20260801", "closes_on": "2027-08-01"}, "starts_on"),
    ("school-years", {"id": "2030-2031", "starts_on": "0001-01-01", "closes_on": "2027-08-01"}, "starts_on"),
    ("school-years", {"id": "2030-2031", "starts_on": "9999-12-31", "closes_on": "2027-08-01"}, "starts_on"),
    ("school-years", {"id": "2030-2031", "starts_on": 1785542400, "closes_on": "2027-08-01"}, "starts_on"),
    (f"units/{SCHOOL}/suspend", {"reason": "x" * 4001}, "reason"),
    ("accounts", {"unit": SCHOOL, "kind": "service", "username": "000.x"}, "kind"),
    ("signatures", {"password": PASSWORD, "documents": []}, "documents"),
]


@pytest.mark.parametrize(("path", "body", "field"), TEXTS)
def test_a_field_that_cannot_be_used_is_named(
    managed: Managed, path: str, body: dict[str, Any], field: str
) -> None:
    found = managed.refused(ROOT_ADMIN, path, body, 422, "invalid", recorded=False)
    assert f"body.{field}" in [f["field"] for f in found["fields"]]


INSTANTS = [
    "2026-08-20",
    "2026-08-20T08:00:00",
    "2026-08-20 08:00:00+07:00",
    "2026-08-20T08:00:00+0700",
    "2026-08-20T25:00:00+07:00",
    "2026-08-20T23:59:60Z",
    "2026-W34-4T08:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "２０２６-08-20T08:00:00Z",
    1785542400,
    None,
    True,
]


@pytest.mark.parametrize("instant", INSTANTS)
def test_an_instant_names_its_offset(managed: Managed, instant: object) -> None:
    body = managed.handover("moi", "6B", valid_from=instant)
    found = managed.refused(ADMIN, "handovers", body, 422, "invalid", recorded=False)
    assert [f["field"] for f in found["fields"]] == ["body.lines.0.valid_from"]


LINES: list[tuple[str, dict[str, Any], int, str, bool]] = [
    ("an unknown role", {"role": "chief_wizard"}, 422, "invalid", False),
    ("a role of another position", {"role": "clerk"}, 403, "role_not_allowed", True),
    ("a class of the school, not of the duty", {"classes": [{"class": CLASS_6A}]}, 409, "assignment_missing", True),
    ("a class that is not", {"classes": [{"class": f"{SCHOOL}:2026-2027:9Z"}]}, 422, "invalid", False),
    ("a class of another school", {"classes": [{"class": f"{OTHER}:2026-2027:6A"}]}, 422, "invalid", False),
    ("another school year", {"school_year": "2025-2026"}, 422, "invalid", False),
    ("another school", {"scope_unit": OTHER}, 422, "invalid", False),
    ("dates reversed", {"valid_to": "2026-08-01T00:00:00+07:00"}, 422, "invalid", False),
    ("beyond the school year", {"valid_to": "2027-12-01T00:00:00+07:00"}, 409, "closed_year", True),
    ("before the duty", {"valid_from": "2026-08-01T00:00:00+07:00"}, 409, "assignment_missing", True),
    ("somebody else's duty", {"assignment": "PRINCIPAL"}, 409, "assignment_missing", True),
    ("a duty that is not", {"assignment": "asg_0"}, 404, "not_found", False),
    ("a foreign authority", {"authority": "aut_0"}, 403, "wider_than_authority", True),
    ("another level", {"levels": ["primary"]}, 422, "invalid", False),
    ("replacing what is not", {"replaces": "grn_0"}, 404, "not_found", False),
    ("an empty axis", {"categories": []}, 422, "invalid", False),
]


@pytest.mark.parametrize(("name", "change", "status", "code", "recorded"), LINES)
def test_a_line_that_may_not_be_is_refused(
    managed: Managed, name: str, change: dict[str, Any], status: int, code: str, recorded: bool
) -> None:
    if change.get("assignment") == "PRINCIPAL":
        change = {"assignment": managed.person(f"head:{SCHOOL}").duty}
    body = managed.handover("moi", "6B", **change)
    managed.refused(ADMIN, "handovers", body, status, code, recorded=recorded)


def test_only_the_custodian_of_the_unit_prepares(managed: Managed) -> None:
    body = managed.handover("moi", "6B")
    for who in (TEACHER, PRINCIPAL):
        managed.refused(who, "handovers", body, 403, "not_custodian")
    managed.refused(OFFICE_ADMIN, "handovers", body, 403, "not_custodian")
    managed.refused(OTHER_ADMIN, "handovers", body, 404, "not_found", recorded=False)


def test_nobody_serves_themselves(managed: Managed) -> None:
    head = managed.person(f"head:{SCHOOL}")
    body = managed.handover("moi", "6B") | {"receiver": head.person}
    managed.refused(ADMIN, "handovers", body, 403, "self_service")
    duty = {
        "person": head.person,
        "unit": SCHOOL,
        "position": "clerk",
        "decision_number": "000/QĐ",
        "decision_date": "2026-08-01",
        "valid_from": NOW,
    }
    managed.refused(ADMIN, "assignments", duty, 403, "self_service")
    managed.refused(ADMIN, f"accounts/{head.account}/suspend", {"reason": "thử"}, 403, "self_service")


def test_an_authority_is_never_wider_than_its_givers(managed: Managed) -> None:
    body = {"unit": SCHOOL, "scope": {"unit": SCHOOL, "levels": ["upper_secondary"]}, "basis": "03/QĐ"}
    managed.refused(OFFICE_ADMIN, "authorities", body, 403, "wider_than_authority")
    beside = body | {"scope": {"unit": OTHER}}
    managed.refused(OFFICE_ADMIN, "authorities", beside, 422, "invalid", recorded=False)
    managed.refused(ROOT_ADMIN, "authorities", body, 403, "not_direct_manager")
    managed.refused(ADMIN, "authorities", body, 403, "not_direct_manager")
    managed.refused(OTHER_ADMIN, "authorities", body, 404, "not_found", recorded=False)
    late = {"valid_from": "2027-01-01T00:00:00Z", "valid_to": "2026-12-01T00:00:00Z"}
    managed.refused(OFFICE_ADMIN, "authorities", body | late, 422, "invalid", recorded=False)


def test_the_management_of_units_makes_no_circle(managed: Managed) -> None:
    body = {"manager": SCHOOL, "basis": "000/QĐ", "on": "2026-08-21"}
    managed.refused(ROOT_ADMIN, f"units/{OFFICE}/manager", body, 409, "cycle")
    managed.refused(OFFICE_ADMIN, f"units/{SCHOOL}/manager", body, 409, "cycle")
    managed.refused(ROOT_ADMIN, f"units/{SCHOOL}/manager", body, 403, "not_custodian")
    past = {"manager": ROOT, "basis": "000/QĐ", "on": "2026-08-19"}
    managed.refused(ROOT_ADMIN, f"units/{SCHOOL}/manager", past, 422, "invalid", recorded=False)
    managed.refused(OFFICE_ADMIN, "units", UNIT | {"id": SCHOOL}, 409, "duplicate")


def test_a_wrong_signer_is_refused_in_their_place(managed: Managed) -> None:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    shown = managed.seen(TEACHER, f"documents/{grant['document']}")
    item = {"document": shown["id"], "version": 1, "sha256": shown["sha256"]}
    for who, code in (
        (TEACHER, "signed_already"),
        (PRINCIPAL, "signed_already"),
        ("000.moi", "document_state"),
        (OUTSIDER, "not_found"),
    ):
        revision = managed.revision()
        body = {"password": PASSWORD, "documents": [item]}
        managed.bearer(who)
        revision = managed.revision()
        [result] = managed.made(who, "signatures", body)["results"]
        assert (who, result["problem"]["code"], result["signature"]) == (who, code, None)
        assert managed.revision() == revision


def test_an_admin_account_never_signs(managed: Managed) -> None:
    item = {"document": "doc_0", "version": 1, "sha256": "0" * 64}
    answer = managed.post(ADMIN, "signatures", {"password": PASSWORD, "documents": [item]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_signing_takes_the_password_and_at_most_200_documents(managed: Managed) -> None:
    item = {"document": "doc_0", "version": 1, "sha256": "0" * 64}
    answer = managed.post(PRINCIPAL, "signatures", {"password": "sai mật khẩu", "documents": [item]})
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_wrong")
    answer = managed.post(PRINCIPAL, "signatures", {"password": PASSWORD, "documents": [item] * 201})
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")


FOREIGN = [
    ("accounts/{account}/suspend", {"reason": "thử"}, "account"),
    ("accounts/{account}/resume", None, "account"),
    ("accounts/{account}/recover", {"password": "000"}, "account"),
    ("assignments/{duty}/end", {"on": "2026-08-20", "decision_number": "000/QĐ"}, "assignment"),
    ("grants/{grant}/revoke", {"reason": "thử"}, "grant"),
    ("grants/{grant}/suspend", {"reason": "thử"}, "grant"),
    ("grants/{grant}/resume", None, "grant"),
    ("grants/{grant}/narrow", {"scope": {"unit": SCHOOL, "classes": [{"class": CLASS_6B}]}}, "grant"),
    ("authorities/{authority}/narrow", {"scope": {"unit": SCHOOL}}, "authority"),
    ("authorities/{authority}/withdraw", None, "authority"),
    ("authorities/{authority}/suspend", {"reason": "thử"}, "authority"),
    ("documents/{document}/submit", None, "document"),
    ("documents/{document}/revise", {"dated": "2026-08-20", "version": 1}, "document"),
    ("documents/{document}/return", {"reason": "thử"}, "document"),
    ("documents/{document}/decline", {"reason": "thử"}, "document"),
    ("documents/{document}/cancel", {"reason": "thử"}, "document"),
    ("documents/{document}/withdraw", {"reason": "thử"}, "document"),
    ("inspections/{document}/end", {"reason": "thử"}, "document"),
    ("units/{unit}/suspend", {"reason": "thử"}, "unit"),
    ("units/{unit}/resume", None, "unit"),
    ("units/{unit}/manager", {"manager": ROOT, "basis": "000/QĐ", "on": "2026-08-21"}, "unit"),
    ("units/{unit}/succession", {"successor": OTHER, "basis": "000/QĐ", "on": "2026-08-20"}, "unit"),
    ("units/{unit}/custody", {"receiver": "PERSON", "dated": "2026-08-20"}, "unit"),
    ("units/{unit}/custody/take-back", None, "unit"),
    ("units/{unit}/custody/open", {"password": PASSWORD}, "unit"),
    ("units/{unit}/renewals", {"school_year": "2026-2027", "dated": "2026-08-20"}, "unit"),
    ("units/{unit}/confirmations", None, "unit"),
]


@pytest.mark.parametrize(("path", "body", "noun"), FOREIGN)
@pytest.mark.parametrize("who", [OTHER_ADMIN, OUTSIDER])
def test_a_foreign_id_answers_as_a_missing_one(
    managed: Managed, who: str, path: str, body: dict[str, Any] | None, noun: str
) -> None:
    teacher = managed.person("gvcn")
    [grant] = managed.seen(TEACHER, "me")["grants"]
    ids = {
        "account": teacher.account,
        "duty": teacher.duty,
        "grant": grant["id"],
        "authority": grant["authority"],
        "document": grant["document"],
        "unit": SCHOOL,
    }
    if body is not None and body.get("receiver") == "PERSON":
        body = body | {"receiver": teacher.person}
    name = path.split("{")[1].split("}", maxsplit=1)[0]
    foreign = managed.refused(who, path.format(**ids), body, 404, "not_found", recorded=False)
    missing = managed.refused(who, path.format(**{name: "000-0"}), body, 404, "not_found", recorded=False)
    assert foreign.pop("detail") == f"no {noun} `{ids[name]}`"
    assert missing.pop("detail") == f"no {noun} `000-0`"
    assert foreign == missing

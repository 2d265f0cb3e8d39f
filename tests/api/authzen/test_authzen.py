"""AuthZEN 1.0 on the wire: shapes, defaults, batches, limits, logs, documentation."""

import json
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from serving import AUTHORIZATION, KEY, Served, settings_for
from starlette.testclient import TestClient

from access_service.api.authzen import register_pdp
from access_service.api.http import pool
from access_service.api.http.log_lines import make_log
from access_service.app import create_app
from access_service.domain.errors import UnavailableError
from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from world import CLASS_6A, CLASS_6B

PROBLEM = "application/problem+json"
EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
OF_6B = {"type": "student", "id": "000-hs-2", "properties": {"category": "STU-ACA", "class": CLASS_6B}}
OUTSIDE_CLASS = {
    "code": "outside_class",
    "en": "The class is outside what was assigned",
    "vi": "Ngoài phạm vi lớp được phân công",
}


def deny(code: str, served: Served, **changes: Any) -> None:
    answer = served.ask(served.question(**changes))
    assert answer.status_code == 200
    assert answer.json()["decision"] is False
    assert answer.json()["context"]["reason"]["code"] == code


# -- one question


def test_an_allow_is_bare(served: Served) -> None:
    answer = served.ask(served.question())
    assert (answer.status_code, answer.json()) == (200, {"decision": True})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_deny_is_200_and_says_why(served: Served) -> None:
    answer = served.ask(served.question(resource=OF_6B))
    assert (answer.status_code, answer.json()) == (200, {"decision": False, "context": {"reason": OUTSIDE_CLASS}})


@pytest.mark.parametrize(
    ("explain", "allowed", "denied"),
    [
        ("none", {"decision": True}, {"decision": False}),
        ("code", {"decision": True}, {"decision": False, "context": {"reason": OUTSIDE_CLASS}}),
        (None, {"decision": True}, {"decision": False, "context": {"reason": OUTSIDE_CLASS}}),
    ],
)
def test_the_caller_chooses_how_much_is_said(
    served: Served, explain: str | None, allowed: dict[str, Any], denied: dict[str, Any]
) -> None:
    context = {"explain": explain}
    assert served.ask(served.question(context=context)).json() == allowed
    assert served.ask(served.question(context=context, resource=OF_6B)).json() == denied


def test_a_full_explanation_names_the_paper(served: Served) -> None:
    answer = served.ask(served.question(context={"explain": "full"}))
    explanation = answer.json()["context"]["explanation"]
    assert answer.json()["decision"] is explanation["allowed"] is True
    assert [unit["id"] for unit in explanation["chain"]] == ["0003101", "00031001", "00031"]
    # The application knows the public half of its own seal.
    assert all(s["verified"] for d in explanation["documents"] for s in d["signatures"])
    denied = served.ask(served.question(context={"explain": "full"}, resource=OF_6B)).json()
    assert denied["context"]["reason"] == OUTSIDE_CLASS
    assert denied["context"]["explanation"]["grant"]["role"] == "homeroom_teacher"
    foreign = served.question(subject={"type": "group", "id": "x"}, context={"explain": "full"})
    context = served.ask(foreign).json()["context"]
    assert (context["reason"]["field"], context["explanation"]) == ("subject.type", {"unused": []})


def test_what_is_missing_or_contradicts_is_a_deny_with_its_code(served: Served) -> None:
    pupil = served.question()["resource"]
    deny("resource_incomplete", served, resource={**pupil, "properties": {"category": "STU-ACA"}})
    deny("resource_incomplete", served, resource={**pupil, "properties": {"class": CLASS_6A}})
    deny("resource_incomplete", served, resource={**pupil, "properties": None})
    deny("resource_contradictory", served, resource={**pupil, "type": "planet"})
    deny("resource_contradictory", served, resource={**pupil, "properties": {"category": "STU-ACA", "class": "?"}})
    elsewhere = {"category": "CLS", "class": CLASS_6B}
    deny("resource_contradictory", served, resource={"type": "class", "id": CLASS_6A, "properties": elsewhere})
    other = {"category": "SCH", "unit": "00031"}
    deny("resource_contradictory", served, resource={"type": "unit", "id": "0003101", "properties": other})
    deny("unknown_action", served, action={"name": "fly"})
    deny("account_unknown", served, subject={"type": "account", "id": "acc_000"})
    deny("account_unknown", served, subject={"type": "user", "id": served.teacher.account})


def test_unknown_members_are_ignored_at_every_level(served: Served) -> None:
    question = served.question(context={"time": 1, "explain": "none"}, options=[1], extra={"a": None})
    for name in ("subject", "action", "resource"):
        question[name] = {**question[name], "extra": {"nested": [1, 2]}}
    question["resource"]["properties"] = {**question["resource"]["properties"], "extra": 1.5}
    assert served.ask(question).json() == {"decision": True}


def test_ids_are_compared_as_nfc(served: Served) -> None:
    composed, decomposed = "To\u00e1n", "Toa\u0301n"
    assert composed != decomposed
    answers = []
    for function in (composed, decomposed):
        body = served.question(context={"function": function, "explain": "full"})
        answers.append(served.ask(body).json()["context"]["explanation"]["request"]["function"])
    assert answers == [composed, composed]


def test_a_revision_travels(served: Served) -> None:
    first = served.ask(served.question())
    revision = first.headers["x-access-revision"]
    assert revision.startswith("r")
    again = served.ask(served.question(context={"at_least": revision}))
    assert again.json() == {"decision": True}
    assert again.headers["x-access-revision"] == revision


def test_a_revision_of_the_future_is_503(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_pdp, "CATCH_UP_S", 0.1)
    answer = served.ask(served.question(context={"at_least": "rzzzz"}))
    assert answer.status_code == 503
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("stale_revision", "1")


def test_a_right_taken_back_beside_the_server_is_soon_gone(fresh: Served) -> None:
    assert fresh.ask(fresh.question()).json() == {"decision": True}
    world = fresh.world
    delegation.suspend(
        world.services,
        world.admins[world.root],
        kind=SuspendableKind.ACCOUNT,
        target=fresh.teacher.account,
        reason="thử nghiệm",
    )
    # How soon is measured by the benchmarks; here only that it comes, on a machine as busy as may be.
    deadline = time.monotonic() + 120
    while fresh.ask(fresh.question()).json()["decision"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    deny("account_not_active", fresh)


# -- who may ask


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        "Bearer \xff",
    ],
)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_without_the_key_nobody_asks(served: Served, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = served.client.post(path, json=served.question(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_configured_nobody_asks(served: Served, key: str | None) -> None:
    app = create_app(settings_for(served.folder, api_key=key), clock=served.world.clock)
    with TestClient(app) as client:
        for token in ("", " ", "None", KEY):
            answer = client.post(EVALUATION, json={}, headers={"Authorization": f"Bearer {token}".encode()})
            assert answer.status_code == 401


def test_the_key_is_bound_to_one_register(served: Served) -> None:
    app = create_app(settings_for(served.folder, register_name="khác"), clock=served.world.clock)
    with TestClient(app) as client:
        answer = client.post(EVALUATION, json=served.question(), headers=AUTHORIZATION)
    assert (answer.status_code, answer.json()["detail"]) == (503, "no such register")


# -- batches


def test_a_batch_answers_in_order_and_bare(served: Served) -> None:
    items = [{}, {"resource": OF_6B}, {"action": {"name": "fly"}}, {}]
    answer = served.ask(served.question(evaluations=items), "evaluations")
    assert answer.status_code == 200
    assert answer.json() == {"evaluations": [{"decision": d} for d in (True, False, False, True)]}
    assert answer.headers["x-access-revision"].startswith("r")


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
        (None, [True, False, True]),
    ],
)
def test_a_batch_may_end_early(served: Served, semantic: str | None, expected: list[bool]) -> None:
    body = served.question(evaluations=[{}, {"resource": OF_6B}, {}], options={"evaluations_semantic": semantic})
    answer = served.ask(body, "evaluations").json()
    assert [item["decision"] for item in answer["evaluations"]] == expected


def test_defaults_stand_in_whole_and_never_in_parts(served: Served) -> None:
    items = [
        {"resource": {"type": "student", "id": "000-hs-1"}, "context": {"explain": "code"}},
        {"subject": {"type": "account"}},
        {"context": {}},
    ]
    body = served.question(evaluations=items, context={"explain": "code", "function": "không có"})
    answers = served.ask(body, "evaluations").json()["evaluations"]
    # No properties of the default resource, no id of the default subject, no explain of the default context.
    assert answers[0]["context"]["reason"]["code"] == "resource_incomplete"
    assert answers[1]["context"]["reason"]["code"] == "resource_incomplete"
    assert answers[2] == {"decision": True}


@pytest.mark.parametrize("missing", ["subject", "action", "resource"])
def test_an_item_still_incomplete_is_a_deny(served: Served, missing: str) -> None:
    body = served.question(**{missing: None}, evaluations=[{}, {missing: served.question()[missing]}])
    assert served.ask(body, "evaluations").json() == {"evaluations": [{"decision": False}, {"decision": True}]}


@pytest.mark.parametrize("items", [[], None])
def test_a_batch_without_items_is_one_question(served: Served, items: list[Any] | None) -> None:
    body = {**served.question(resource=OF_6B), "evaluations": items}
    expected = {"decision": False, "context": {"reason": OUTSIDE_CLASS}}
    assert served.ask(body, "evaluations").json() == expected
    assert served.ask({"evaluations": items}, "evaluations").status_code == 400


def test_a_batch_has_at_most_a_thousand_items(served: Served) -> None:
    body = served.question(evaluations=[{}] * 1000)
    answer = served.ask(body, "evaluations")
    assert answer.json() == {"evaluations": [{"decision": True}] * 1000}
    body["evaluations"].append({})
    answer = served.ask(body, "evaluations")
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")


def test_items_explain_themselves_when_asked(served: Served) -> None:
    items = [{"context": {"explain": "full"}}, {"context": {"explain": "code"}, "resource": OF_6B}]
    answers = served.ask(served.question(evaluations=items), "evaluations").json()["evaluations"]
    assert answers[0]["context"]["explanation"]["allowed"] is True
    assert answers[1]["context"] == {"reason": OUTSIDE_CLASS}
    many = served.question(evaluations=[{"context": {"explain": "full"}}] * 51)
    assert served.ask(many, "evaluations").status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluations": {}},
        {"evaluations": "x"},
        {"evaluations": [1]},
        {"evaluations": [None]},
        {"evaluations": [[]]},
        {"evaluations": [{"subject": []}]},
        {"evaluations": [{"subject": {"type": "account", "id": 7}}]},
        {"evaluations": [{}], "options": {"evaluations_semantic": "first"}},
        {"evaluations": [{}], "options": {"evaluations_semantic": 1}},
        {"evaluations": [{}], "options": []},
        {"evaluations": [{"context": {"at_least": "r!"}}]},
        {"evaluations": [{"subject": {"type": "account", "id": "x" * 257}}]},
        {"evaluations": [{"action": {"name": "a\x00b"}}]},
    ],
)
def test_a_batch_that_cannot_be_read_is_400(served: Served, changes: dict[str, Any]) -> None:
    answer = served.ask({**served.question(), **changes}, "evaluations")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# -- what else goes wrong


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_405(served: Served, method: str) -> None:
    answer = served.client.request(method, EVALUATION, headers=AUTHORIZATION)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_what_nobody_foresaw_says_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("Người Thử gvcn")

    edge = served.client.app.state.edge  # type: ignore[attr-defined]
    monkeypatch.setattr(edge, "log", make_log("info"))
    monkeypatch.setattr(served.client.app.state.point, "at_once", broken)  # type: ignore[attr-defined]
    answer = served.ask(served.question())
    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    assert set(answer.json()) == {"status", "title", "code", "vi", "en"}
    assert answer.json()["code"] == "internal"
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("error")) for line in logged] == [
        ("failed", "ZeroDivisionError"),
        ("request", None),
    ]
    assert "Người Thử" not in str(logged)


def test_too_many_waiting_are_told_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAITING", 0)
    unknown = served.question(subject={"type": "account", "id": "acc_000_khong_ai_hoi"})
    answer = served.ask(unknown)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_node_that_lost_the_database_refuses(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(*_args: object, **_kwargs: object) -> None:
        raise UnavailableError("the register has not been seen for too long")

    monkeypatch.setattr(served.client.app.state.point, "at_once", stale)  # type: ignore[attr-defined]
    answer = served.ask(served.question())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


# -- request ids, logs, metadata, documentation


def test_the_callers_request_id_is_echoed(served: Served) -> None:
    for path in (EVALUATION, "/nothing", "/healthz"):
        headers = {**AUTHORIZATION, "X-Request-ID": "req-000-ab"}
        assert served.client.post(path, json={}, headers=headers).headers["x-request-id"] == "req-000-ab"
    for bad in ("a b", "x" * 129, "é"):
        headers = {"X-Request-ID": bad.encode()}
        made = served.client.get("/healthz", headers=headers).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{20}", made)


def test_logs_hold_ids_only(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = served.client.app.state.edge  # type: ignore[attr-defined]
    for wanted, count in (("all", 2), ("deny", 1), ("none", 0)):
        monkeypatch.setattr(edge, "log_decisions", wanted)
        served.ask(served.question(context={"explain": "full"}))
        served.ask(served.question(resource=OF_6B))
        err = capsys.readouterr().err
        lines = [json.loads(line) for line in err.splitlines()]
        assert sum(line["event"] == "decision" for line in lines) == count
        assert [line["route"] for line in lines if line["event"] == "request"] == [EVALUATION] * 2
        for secret in (KEY, "Người", "000-hs", "Bearer"):
            assert secret not in err


def test_the_log_says_what_of_a_pupil_without_a_class_was_asserted(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the short way, by the long one, and in a batch; of a pupil whose class is named nothing is added."""
    edge = served.client.app.state.edge  # type: ignore[attr-defined]
    monkeypatch.setattr(edge, "log_decisions", "all")
    said = {"unit": "0003101", "level": "lower_secondary", "grade": "6", "school_year": "2026-2027"}
    pupil = {"type": "student", "id": "000-hs-9", "properties": {"category": "STU-ACA", **said}}
    capsys.readouterr()
    for _ in range(2):
        served.ask({k: v for k, v in served.question(resource=pupil).items() if k != "context"})
    assert served.ask(served.question(resource=pupil)).json()["context"]["reason"]["code"] == "outside_class"
    served.ask(served.question())
    served.ask(served.question(resource={**pupil, "properties": {"category": "STU-ACA", "unit": "0003101"}}))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    found = [line.get("asserted") for line in lines if line["event"] == "decision"]
    assert found == [["unit", "level", "grade", "school_year"]] * 3 + [None, None]


def test_metadata_names_what_exists_and_nothing_else(served: Served) -> None:
    found = served.client.get("/.well-known/authzen-configuration").json()
    base = "http://127.0.0.1:8000"
    assert found["policy_decision_point"] == base
    paths = served.client.get("/openapi.json").json()["paths"]
    assert found["access_evaluation_endpoint"] == f"{base}{EVALUATION}"
    assert found["access_evaluations_endpoint"] == f"{base}{EVALUATIONS}"
    named = {url.removeprefix(base) for name, url in found.items() if name.endswith("_endpoint")}
    # The endpoint for reverse proxies is none of AuthZEN's.
    others = {"/access/v1/forward-auth"}
    assert named == {path for path in paths if path.startswith("/access/v1/")} - others


def test_the_description_shows_shapes_limits_and_errors(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for path, body in ((EVALUATION, "Evaluation"), (EVALUATIONS, "Evaluations")):
        operation = document["paths"][path]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{body}"}
        assert set(operation["responses"]) == {"200", "400", "401", "413", "503"}
        assert operation["security"] == [{"key": []}]
        assert "X-Access-Revision" in operation["responses"]["200"]["headers"]
    assert "class" in schemas["ResourceProperties"]["properties"]
    items = schemas["Evaluations"]["properties"]["evaluations"]["anyOf"]
    assert [i["maxItems"] for i in items if i.get("type") == "array"] == [1000]
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in schemas}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_the_interactive_documentation_needs_no_internet(served: Served) -> None:
    page = served.client.get("/docs")
    assert page.status_code == HTTPStatus.OK
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"/docs/assets/{asset}" in page.text
        assert served.client.get(f"/docs/assets/{asset}").status_code == HTTPStatus.OK


def test_an_explanation_of_a_demonstration_is_not_served(served: Served, tmp_path: Path) -> None:
    from dataclasses import replace

    from access_service.usecases import register
    from access_service.usecases.services import system_clock
    from world import Clock, found, make_services

    def demo(original: Any) -> Any:
        return lambda services, founding, pack: original(services, replace(founding, is_demo=True), pack)

    services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, Clock(system_clock()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register, "init_register", demo(register.init_register))
        found(services, Clock(system_clock()))
    services.db.close()
    with pytest.raises(UnavailableError, match="demonstration"), TestClient(create_app(settings_for(tmp_path))):
        pass
    with TestClient(create_app(settings_for(tmp_path), allow_demo=True)) as client:
        assert client.get("/readyz").status_code == HTTPStatus.OK
    assert served.client.get("/readyz").status_code == HTTPStatus.OK

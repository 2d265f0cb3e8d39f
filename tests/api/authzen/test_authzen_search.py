"""AuthZEN searches on the wire: shapes, what is missing, what is unknown, pages to the end, tokens, permission."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import AUTHORIZATION, KEY, Served, serving
from starlette.testclient import TestClient

from access_service.api.authzen import register_pdp
from access_service.api.authzen.register_pdp import RegisterPdp
from access_service.app import create_app
from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from world import CLASS_6A, CLASS_6B, LOWER, OFFICE, SCHOOL

KINDS = ("subject", "resource", "action")
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As elsewhere, with a key that may search, and two registrars of the school beside the teacher."""
    with serving(tmp_path_factory.mktemp("searched"), api_key_search=True) as found:
        for n in (1, 2):
            found.world.hire_granted(f"giáo vụ {n}")
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, api_key_search=True) as found:
        for n in (1, 2):
            found.world.hire_granted(f"giáo vụ {n}")
        yield found


def body(served: Served, wanted: str, **changes: Any) -> dict[str, Any]:
    """What a search of that kind says; members may be replaced, or left out with None."""
    registrar = served.world.people["giáo vụ 1"].account
    said = {
        "subject": {
            "subject": {"type": "account"},
            "action": {"name": "read"},
            "resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "CLS"}},
        },
        "resource": {
            "subject": {"type": "account", "id": registrar},
            "action": {"name": "read"},
            "resource": {"type": "class", "properties": {"category": "CLS"}},
        },
        "action": {
            "subject": {"type": "account", "id": registrar},
            "resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "CLS"}},
        },
    }[wanted]
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def ask(served: Served, wanted: str, **changes: Any) -> Any:
    return served.ask(body(served, wanted, **changes), f"search/{wanted}")


def results(served: Served, wanted: str, **changes: Any) -> list[dict[str, str]]:
    answer = ask(served, wanted, **changes)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()["results"]
    return found


def of(served: Served, wanted: str) -> list[dict[str, str]]:
    """What each of the three finds."""
    if wanted == "resource":
        return [{"type": "class", "id": CLASS_6A}, {"type": "class", "id": CLASS_6B}]
    if wanted == "action":
        return [{"name": name} for name in ("read", "submit", "write")]
    people = served.world.people
    accounts = [served.teacher.account, people["giáo vụ 1"].account, people["giáo vụ 2"].account]
    return [{"type": "account", "id": id_} for id_ in sorted(accounts)]


# -- what is found


@pytest.mark.parametrize("wanted", KINDS)
def test_a_search_answers_with_a_whole_list(served: Served, wanted: str) -> None:
    answer = ask(served, wanted)
    expected = of(served, wanted)
    assert answer.json() == {"page": {"next_token": "", "count": len(expected)}, "results": expected}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    evaluated = served.ask(served.question())
    assert answer.headers["x-access-revision"] == evaluated.headers["x-access-revision"]
    # The page comes first, so that a reader of a long answer knows what to expect.
    assert answer.text.startswith('{"page":{"next_token":"","count":')


@pytest.mark.parametrize("wanted", KINDS)
def test_every_result_is_an_allow(served: Served, wanted: str) -> None:
    for found in results(served, wanted):
        said = body(served, wanted)
        whole = {**said.get(wanted, {}), **found}
        assert served.ask({**said, wanted: whole}).json() == {"decision": True}


@pytest.mark.parametrize("wanted", ["subject", "resource"])
def test_the_id_of_what_is_searched_for_is_ignored(served: Served, wanted: str) -> None:
    for id_ in ("khong-co", "", CLASS_6B, "\x00", "x" * 300):
        assert results(served, wanted, **{wanted: {**body(served, wanted)[wanted], "id": id_}}) == of(
            served, wanted
        )


@pytest.mark.parametrize("odd", [None, 7, True, ["x"], {"id": "x"}, "\x00", "x" * 500], ids=repr)
@pytest.mark.parametrize("wanted", KINDS)
def test_an_id_that_is_ignored_may_be_no_text(served: Served, wanted: str, odd: object) -> None:
    member = "name" if wanted == "action" else "id"
    about = {**body(served, wanted).get(wanted, {}), member: odd}
    assert results(served, wanted, **{wanted: about}) == results(served, wanted)


def test_an_action_that_is_sent_in_search_of_actions_is_ignored(served: Served) -> None:
    assert results(served, "action", action={"name": "write"}) == of(served, "action")


@pytest.mark.parametrize("wanted", KINDS)
def test_what_is_unknown_to_us_is_ignored(served: Served, wanted: str) -> None:
    context = {"time": "2026-09-01T08:00+07:00", "ip": "192.0.2.1"}
    assert results(served, wanted, context=context, extra={"a": [1]}, page={"properties": {"x": 1}}) == of(
        served, wanted
    )


UNKNOWN: list[dict[str, Any]] = [
    {"subject": {"type": "phi-thuyen", "id": "x"}},
    {"resource": {"type": "phi-thuyen", "id": "x", "properties": {"category": "CLS"}}},
    {"resource": {"type": "class", "id": "khong-co"}},
    {"resource": {"type": "student", "id": "000-hs", "properties": {"category": "STU-ID"}}},
    {"resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "KHAC"}}},
    {"resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "CLS", "grade": "9"}}},
]
NOBODY = {"subject": {"type": "account", "id": "acc_000"}}
"""Somebody whom a search for subjects ignores."""


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [(wanted, changes) for wanted in KINDS for changes in UNKNOWN] + [("resource", NOBODY), ("action", NOBODY)],
)
def test_what_is_unknown_to_the_register_finds_nothing(
    served: Served, wanted: str, changes: dict[str, Any]
) -> None:
    answer = ask(served, wanted, **changes)
    assert (answer.status_code, answer.json()) == (200, {"page": {"next_token": "", "count": 0}, "results": []})


# -- what cannot be asked


@pytest.mark.parametrize(
    ("wanted", "changes", "detail"),
    [
        ("subject", {"action": None}, "`action` is missing"),
        ("subject", {"subject": None}, "`subject` is missing"),
        ("subject", {"resource": None}, "`resource` is missing"),
        ("subject", {"subject": {}}, "`subject.type` is required"),
        ("subject", {"subject": {"id": "x"}}, "`subject.type` is required"),
        ("subject", {"resource": {"type": "class"}}, "`resource.id` is required"),
        ("subject", {"action": {"name": ""}}, "`action.name` is required"),
        ("resource", {"subject": None}, "`subject` is missing"),
        ("resource", {"subject": {"type": "account"}}, "`subject.id` is required"),
        ("resource", {"resource": {"id": "x"}}, "`resource.type` is required"),
        ("resource", {"action": {}}, "`action.name` is required"),
        ("action", {"resource": None}, "`resource` is missing"),
        ("action", {"subject": {"type": "account"}}, "`subject.id` is required"),
        ("action", {"resource": {"type": "class"}}, "`resource.id` is required"),
    ],
)
def test_what_is_missing_is_400(served: Served, wanted: str, changes: dict[str, Any], detail: str) -> None:
    answer = ask(served, wanted, **changes)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert (answer.json()["code"], answer.json()["detail"]) == ("invalid", detail)


@pytest.mark.parametrize("wanted", KINDS)
@pytest.mark.parametrize("limit", [0, -1, 1001, 10**30, 1.5, "10", True, None, [], {}])
def test_a_limit_is_a_number_from_1_to_1000(served: Served, wanted: str, limit: Any) -> None:
    answer = ask(served, wanted, page={"limit": limit})
    assert answer.status_code == (200 if limit is None else 400)


@pytest.mark.parametrize("wanted", KINDS)
@pytest.mark.parametrize(
    "sent",
    [b"", b"[]", b"null", b"{", b"{} {}", b'{"subject":"x"}', b'{"page":[]}', b"\xff", b'{"a":1,"a":2}', b"NaN"],
)
def test_a_body_that_cannot_be_read_is_400(served: Served, wanted: str, sent: bytes) -> None:
    headers = {**AUTHORIZATION, "content-type": "application/json"}
    answer = served.client.post(f"/access/v1/search/{wanted}", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("wanted", KINDS)
def test_odd_words_are_400_and_never_500(served: Served, wanted: str) -> None:
    for word in ("\x00", "x" * 257, "\ud800"):
        sent = body(served, wanted, resource={"type": "class", "id": CLASS_6A, "properties": {"category": word}})
        headers = {**AUTHORIZATION, "content-type": "application/json"}
        answer = served.client.post(
            f"/access/v1/search/{wanted}", content=json.dumps(sent).encode(), headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), word


def test_only_json_is_read(served: Served) -> None:
    answer = served.client.post("/access/v1/search/action", data={"a": "b"}, headers=AUTHORIZATION)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert served.client.get("/access/v1/search/action", headers=AUTHORIZATION).status_code == 405


# -- who may


@pytest.mark.parametrize("wanted", KINDS)
def test_a_key_that_may_not_search_is_told_so(tmp_path: Path, wanted: str) -> None:
    with serving(tmp_path) as plain:
        answer = plain.ask({}, f"search/{wanted}")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert plain.ask(plain.question()).json() == {"decision": True}


@pytest.mark.parametrize("wanted", KINDS)
def test_without_the_key_there_is_no_answer(served: Served, wanted: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}):
        answer = served.client.post(f"/access/v1/search/{wanted}", json=body(served, wanted), headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


# -- pages


@pytest.mark.parametrize("wanted", KINDS)
def test_pages_to_the_end_are_the_whole_list(served: Served, wanted: str) -> None:
    """The limit may be said again or left out; a token of the last page is empty."""
    expected = of(served, wanted)
    for again in ({"limit": 1}, {}):
        found, page, pages = [], {"limit": 1}, 0
        while True:
            answer = ask(served, wanted, page=page).json()
            found += answer["results"]
            pages += 1
            assert answer["page"]["count"] == len(answer["results"]) == 1
            if not answer["page"]["next_token"]:
                break
            page = {**again, "token": answer["page"]["next_token"]}
        assert (found, pages) == (expected, len(expected))


@pytest.mark.parametrize("wanted", KINDS)
def test_a_token_is_good_for_its_own_search_only(served: Served, wanted: str) -> None:
    token = ask(served, wanted, page={"limit": 1}).json()["page"]["next_token"]
    page = {"token": token}
    # Another spelling of the same body is the same search.
    shuffled = dict(reversed(list(body(served, wanted, page=page).items())))
    assert served.ask({**shuffled, "unknown": 1}, f"search/{wanted}").status_code == 200
    others = [
        {"page": {"token": token, "limit": 2}},
        {"context": {"function": "x"}},
        {"resource": {"type": "unit", "id": SCHOOL, "properties": {"category": "CLS"}}},
        {"resource": {**body(served, wanted)["resource"], "id": CLASS_6B}},
        {"subject": {"type": "account", "id": served.teacher.account}},
    ]
    for other in others:
        answer = ask(served, wanted, **{"page": page, **other})
        assert (answer.status_code, answer.json()["code"]) == (400, "page_token"), other
    for kind in set(KINDS) - {wanted}:
        answer = served.ask(
            body(served, "subject", subject=body(served, "action")["subject"], page=page), f"search/{kind}"
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "page_token")


def test_a_token_of_another_register_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes share a folder of keys and serve two registers."""
    page = {"token": ask(served, "resource", page={"limit": 1}).json()["page"]["next_token"]}
    assert ask(served, "resource", page=page).status_code == 200

    async def elsewhere(_: RegisterPdp) -> str:
        return "register tinh-khac"

    monkeypatch.setattr(RegisterPdp, "audience", elsewhere)
    answer = ask(served, "resource", page=page)
    assert (answer.status_code, answer.json()["code"]) == (400, "page_token")


@pytest.mark.parametrize("token", ["x", "A" * 200, "A" * 100_000, "' OR 1=1 --", "\x00", "ữ"])
def test_a_token_that_is_made_up_is_400(served: Served, token: str) -> None:
    answer = ask(served, "resource", page={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "page_token")
    assert ask(served, "resource", page={"token": ""}).status_code == 200
    assert ask(served, "resource", page={"token": 1}).json()["code"] == "invalid"


def test_a_token_lives_for_a_minute(fresh: Served) -> None:
    first = ask(fresh, "subject", page={"limit": 1}).json()
    token = {"token": first["page"]["next_token"]}
    fresh.world.clock.forward(seconds=59)
    second = ask(fresh, "subject", page=token).json()
    fresh.world.clock.forward(seconds=59)
    third = ask(fresh, "subject", page={"token": second["page"]["next_token"]}).json()
    assert first["results"] + second["results"] + third["results"] == of(fresh, "subject")
    answer = ask(fresh, "subject", page=token)
    assert (answer.status_code, answer.json()["code"]) == (400, "page_token")


@pytest.mark.parametrize("wanted", KINDS)
def test_a_revocation_between_two_pages_ends_the_list(fresh: Served, wanted: str) -> None:
    """Replayed after it, an old token lists nothing that was taken back."""
    world, registrar = fresh.world, fresh.world.people["giáo vụ 1"]
    page = {"token": ask(fresh, wanted, page={"limit": 1}).json()["page"]["next_token"]}
    assert ask(fresh, wanted, page=page).status_code == 200
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=registrar.account, reason="thử"
    )
    answer = ask(fresh, wanted, page=page)
    assert (answer.status_code, answer.json()["code"]) == (409, "restart")
    assert answer.headers["content-type"] == PROBLEM
    assert {"type": "account", "id": registrar.account} not in results(fresh, "subject")
    assert results(fresh, "resource") == results(fresh, "action") == []


@pytest.mark.parametrize("wanted", KINDS)
def test_another_process_continues_where_one_ended(fresh: Served, wanted: str) -> None:
    """The key is a file: a restart, or a second node with the same folder of keys, breaks no list."""
    first = ask(fresh, wanted, page={"limit": 1}).json()
    settings = fresh.client.app.state.settings  # type: ignore[attr-defined]
    with TestClient(create_app(settings, clock=fresh.world.clock)) as other:
        sent = body(fresh, wanted, page={"token": first["page"]["next_token"]})
        answer = other.post(f"/access/v1/search/{wanted}", json=sent, headers=AUTHORIZATION)
        assert answer.json()["results"] == of(fresh, wanted)[1:2]


# -- revisions, ids of requests, logs, metrics, documentation


def test_a_search_can_demand_a_revision(served: Served) -> None:
    revision = ask(served, "action").headers["x-access-revision"]
    assert ask(served, "action", context={"at_least": revision}).status_code == 200
    assert ask(served, "action", context={"at_least": "x"}).json()["code"] == "invalid"


def test_a_revision_that_does_not_come_is_503(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_pdp, "CATCH_UP_S", 0.05)
    answer = ask(fresh, "action", context={"at_least": "rzzz"})
    assert (answer.status_code, answer.json()["code"]) == (503, "stale_revision")


def test_a_search_is_asked_as_of_an_instant_and_leaves_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, api_key_search=True, log_decisions="none") as found:
        found.world.hire_granted("giáo vụ 1")
        for wanted in KINDS:
            now, capsys_before = results(found, wanted), capsys.readouterr()
            assert now
            assert "search" not in capsys_before.out
            assert results(found, wanted, context={"at": "19/08/2026"}) == []
            [line] = logged(capsys)
            assert (line["wanted"], line["at"]) == (wanted, "2026-08-18T17:00:00+00:00")
            clock = found.world.clock.now.isoformat()
            assert results(found, wanted, context={"at": clock}, page={"limit": 1}) == now[:1]


@pytest.mark.parametrize("at", ["hôm qua", "2026-10-07", "", "0001-01-01T00:00:00Z"])
def test_a_search_as_of_what_is_no_instant_is_400(served: Served, at: str) -> None:
    answer = ask(served, "subject", context={"at": at})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_list_of_long_ago_has_pages_too(served: Served) -> None:
    answer = ask(served, "resource", context={"at": "01/01/1946"}, page={"limit": 1})
    assert answer.json() == {"page": {"next_token": "", "count": 0}, "results": []}


def test_the_request_id_comes_back(served: Served) -> None:
    answer = served.client.post(
        "/access/v1/search/action",
        json=body(served, "action"),
        headers={**AUTHORIZATION, "X-Request-ID": "yêu-cầu-1".encode("ascii", "ignore").decode()},
    )
    assert answer.headers["x-request-id"] == "yu-cu-1"


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "search"]


def test_who_asks_about_sensitive_data_is_on_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path, api_key_search=True, log_decisions="none") as quiet:
        pupil = {"category": "STU-HEA", "class": CLASS_6A}
        about = {"type": "student", "id": "000-hs-1", "properties": pupil}
        capsys.readouterr()
        sent = {"subject": {"type": "account"}, "action": {"name": "read"}, "resource": about}
        found = quiet.ask(sent, "search/subject")
        assert found.json()["results"] == [{"type": "account", "id": quiet.teacher.account}]
        [line] = logged(capsys)
        assert {k: line[k] for k in ("wanted", "action", "type", "category", "class", "count", "first")} == {
            "wanted": "subject",
            "action": "read",
            "type": "student",
            "category": "STU-HEA",
            "class": CLASS_6A,
            "count": 1,
            "first": True,
        }
        assert line["request_id"] == found.headers["x-request-id"]
        assert "000-hs-1" not in json.dumps(line)
        about["properties"] = {"category": "STU-ACA", "class": CLASS_6A}
        quiet.ask(sent, "search/subject")
        quiet.ask({**sent, "subject": {"type": "account", "id": quiet.teacher.account}}, "search/action")
        assert logged(capsys) == []


def test_every_search_is_logged_where_the_operator_logs_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, api_key_search=True) as loud:
        loud.world.hire_granted("giáo vụ 1")
        for wanted in KINDS:
            capsys.readouterr()
            count = len(results(loud, wanted))
            [line] = logged(capsys)
            assert (line["wanted"], line["count"], line["category"]) == (wanted, count, "CLS")
            assert KEY not in json.dumps(line, ensure_ascii=False)


def test_pages_are_counted(fresh: Served) -> None:
    for wanted in KINDS:
        ask(fresh, wanted)
    shown = fresh.client.get("/metrics").text
    for wanted in KINDS:
        assert f'access_service_search_seconds_count{{wanted="{wanted}"}} 1.0' in shown


def test_the_searches_are_documented_and_named(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    for wanted in KINDS:
        operation = document["paths"][f"/access/v1/search/{wanted}"]["post"]
        assert operation["security"] == [{"key": []}]
        assert set(operation["responses"]) >= {"200", "400", "401", "403", "409", "413", "503"}
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert reference.rpartition("/")[2] in document["components"]["schemas"]
    metadata = served.client.get("/.well-known/authzen-configuration").json()
    assert [metadata[f"search_{wanted}_endpoint"].rpartition("/access")[2] for wanted in KINDS] == [
        f"/v1/search/{wanted}" for wanted in KINDS
    ]


def test_a_change_is_seen_by_the_next_search(fresh: Served) -> None:
    assert len(results(fresh, "resource")) == 2
    fresh.world.add_unit("0003109", "school", "Trường THCS Thử Chín", OFFICE, LOWER)
    assert results(fresh, "resource") == of(fresh, "resource")

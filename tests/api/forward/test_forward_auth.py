"""Requests that a reverse proxy holds: who may pass, and every way around that is shut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from forward_scene import CLASS, MARKS, PATH, RULES, SCHOOL_CODE, through
from oauth_scene import GRADEBOOK, SESSION, Scene, detail, details, said, scene
from pydantic import SecretStr
from serving import KEY, Served, serving
from starlette.testclient import TestClient

from access_service.api.forward import auth
from access_service.domain.names import AccountId, SuspendableKind
from access_service.usecases.handover import delegation
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.identity.service_sessions import open_service_session
from world import CLASS_6A, CLASS_6B, PASSWORD, SCHOOL, homeroom_line


def test_a_teacher_reaches_their_class_and_the_service_hears_who_it_is(behind: Scene, session: str) -> None:
    headers = {
        "X-Original-URI": MARKS,
        "X-Original-Method": "GET",
        "X-Access-Key": KEY.encode(),
        "Authorization": f"Bearer {session}",
    }
    for ask in (behind.served.client.get, behind.served.client.head):
        answer = ask(PATH, headers=headers)  # type: ignore[operator]
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["x-access-account"] == behind.served.teacher.account
        assert answer.headers["x-access-grant"].startswith("grn_")
        assert answer.headers["x-access-revision"]
    assert through(behind, f"/hoc-sinh/000000000001?lop={CLASS_6A}", session)[0] == 200
    assert through(behind, f"{MARKS}?sort=name%20asc", session)[0] == 200


def test_the_class_next_door_and_another_act_are_refused_with_their_reason(behind: Scene, session: str) -> None:
    other = MARKS.replace(CLASS, CLASS_6B.split(":")[2])
    assert through(behind, other, session) == (403, "outside_class")
    assert through(behind, f"/hoc-sinh/000000000001?lop={CLASS_6B}", session) == (403, "outside_class")
    answer = behind.served.client.get(
        PATH,
        headers={
            "X-Original-URI": other,
            "X-Original-Method": "GET",
            "X-Access-Key": KEY.encode(),
            "Authorization": f"Bearer {session}",
        },
    )
    assert answer.json()["code"] == "outside_class"
    assert answer.headers["content-type"] == "application/problem+json"


def test_whoever_is_not_signed_in_is_401(behind: Scene) -> None:
    assert through(behind, MARKS, None) == (401, "not_authenticated")
    assert through(behind, MARKS, "no-such-session") == (401, "not_authenticated")
    assert through(behind, MARKS, KEY) == (401, "not_authenticated")
    assert through(behind, MARKS, "a.b.c") == (401, "not_authenticated")


def test_two_bearers_are_none(behind: Scene, session: str) -> None:
    assert through(behind, MARKS, session, Authorization=f"Bearer {session}") == (401, "not_authenticated")


@pytest.mark.parametrize("key", [None, "", "wrong", "Bearer " + KEY, "a.b.c"])
def test_whoever_is_no_proxy_of_ours_learns_nothing(behind: Scene, session: str, key: str | None) -> None:
    for uri in (MARKS, "/no/rule"):
        assert through(behind, uri, session, key=key) == (401, None)


def test_a_session_is_no_proxys_key(behind: Scene, session: str) -> None:
    assert through(behind, MARKS, session, key=session) == (401, None)


def test_two_keys_are_none(behind: Scene, session: str) -> None:
    assert through(behind, MARKS, session, X_Access_Key="other")[0] == 401


def test_a_proxy_may_come_with_its_own_access_token_within_its_registration(behind: Scene, session: str) -> None:
    token = behind.token(behind.guard, scope="evaluate")
    assert through(behind, MARKS, session, key=token)[0] == 200
    searching = behind.token(behind.guard, scope="search")
    assert (
        behind.served.client.get(
            PATH, headers={"X-Access-Key": searching, "X-Original-URI": MARKS, "X-Original-Method": "GET"}
        ).status_code
        == 403
    )


@pytest.mark.parametrize(
    "uri",
    [
        MARKS + "/",
        "/" + MARKS,
        MARKS.replace("/diem", "//diem"),
        f"/x/..{MARKS}",
        f"/.{MARKS}",
        MARKS.replace("/diem", "/./diem"),
        MARKS.replace("/diem", "/x/../diem"),
        MARKS.replace("diem", "%64iem"),
        MARKS.replace("/diem", "%2Fdiem"),
        MARKS.replace("/diem", "/..%2f6B/diem"),
        MARKS.replace("lop", "LOP"),
        MARKS.replace("lop", "Lop"),
        MARKS + ";x=1",
        MARKS.replace("/diem", ";v=1/diem"),
        MARKS + "#diem",
        MARKS + "%00",
        MARKS + "\\..",
        MARKS.replace("/", "\\"),
        "http://127.0.0.1" + MARKS,
        "*",
        "",
        "?",
        "lop",
        MARKS + " HTTP/1.1",
        MARKS.replace("diem", "điểm"),
        MARKS + "x" * 5000,
        f"/hoc-sinh/000000000001?lop={CLASS_6A}&lop={CLASS_6B}",
        f"/hoc-sinh/000000000001?lop={CLASS_6A}&LOP={CLASS_6B}",
        f"/hoc-sinh/000000000001?lop={CLASS_6A}&lop[]={CLASS_6B}",
        f"/hoc-sinh/000000000001?lop={CLASS_6A};lop={CLASS_6B}",
        f"/hoc-sinh/000000000001?lop={CLASS_6A}&l%6fp={CLASS_6B}",
        f"/hoc-sinh/000000000001?lop={CLASS_6A}+",
        f"/hoc-sinh/000000000001?lop={CLASS_6A}&",
        "/hoc-sinh/000000000001?lop=",
        "/hoc-sinh/000000000001",
        f"/hoc-sinh/..?lop={CLASS_6A}",
    ],
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(behind: Scene, session: str, uri: str) -> None:
    assert through(behind, uri, session) == (403, "forbidden")


@pytest.mark.parametrize("method", ["POST", "DELETE", "get", "GET ", "", "GET, PUT", "CONNECT"])
def test_only_the_methods_of_a_rule_pass(behind: Scene, session: str, method: str) -> None:
    assert through(behind, MARKS, session, method=method)[0] == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_Original_URI", "/hoc-sinh/1"),
        ("X_Original_Method", "PUT"),
        ("X_HTTP_Method_Override", "DELETE"),
        ("X_Original_URL", "/lop/0003101/2026-2027/6B/diem"),
        ("X_Rewrite_URL", "/"),
        ("X_Rewrite_URI", "/"),
        ("X_Override_URL", "/"),
        ("X_Original_Path", "/"),
        ("X_Envoy_Original_Path", "/"),
        ("X_Forwarded_Prefix", "/khac"),
    ],
)
def test_headers_that_say_something_else_beside_are_refused(
    behind: Scene, session: str, name: str, value: str
) -> None:
    assert through(behind, MARKS, session, **{name: value}) == (403, "forbidden")


@pytest.mark.parametrize(
    "name",
    [
        "X_HTTP_Method_Override",
        "X-HTTP_Method-Override",
        "X_Original-URI",
        "X_Original_Method",
        "X_Forwarded_Uri",
        "X_Rewrite_URL",
        "X_Access_Account",
        "X_Access_Key",
        "x_envoy_original_path",
    ],
)
def test_a_header_spelled_with_underscores_is_refused(behind: Scene, session: str, name: str) -> None:
    """WSGI and CGI make one name of both spellings; which one the service behind reads nobody knows."""
    headers = {
        "X-Original-URI": MARKS,
        "X-Original-Method": "GET",
        "X-Access-Key": KEY.encode(),
        "Authorization": f"Bearer {session}",
        name: "DELETE",
    }
    answer = behind.served.client.get(PATH, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["x-access-reason"]) == (403, "forbidden")
    assert answer.content


def test_two_hosts_are_refused(behind: Scene, session: str) -> None:
    assert through(behind, MARKS, session, Host="mot.example")[0] == 200
    headers = [
        ("X-Original-URI", MARKS.encode()),
        ("X-Original-Method", b"GET"),
        ("X-Access-Key", KEY.encode()),
        ("Authorization", f"Bearer {session}".encode()),
        ("Host", b"mot.example"),
        ("Host", b"hai.example"),
    ]
    answer = behind.served.client.get(PATH, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["x-access-reason"]) == (403, "forbidden")


def test_a_request_to_become_a_websocket_is_decided_like_any_other(behind: Scene, session: str) -> None:
    """nginx hands such headers on; the answer has its reason and its body."""
    more = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "MA==",
    }
    assert through(behind, MARKS, session, **more)[0] == 200
    assert through(behind, MARKS.replace("6A", "6B"), session, **more) == (403, "outside_class")


def test_other_headers_with_underscores_pass(behind: Scene, session: str) -> None:
    headers = {
        "X-Original-URI": MARKS,
        "X-Original-Method": "GET",
        "X-Access-Key": KEY.encode(),
        "Authorization": f"Bearer {session}",
        "my_own_header": "x",
    }
    assert behind.served.client.get(PATH, headers=headers).status_code == 200  # type: ignore[arg-type]


def test_an_account_code_that_no_header_can_hold_is_percent_encoded(
    behind: Scene, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may name an account `gv-Đ-100%`; the header says it so that it can be read back, and is no 500."""
    code = AccountId("gv-Đ-100%")
    real = auth.bearer_of

    def named(*given: Any) -> Any:
        return replace(real(*given), account=code)

    async def allowed(*_given: Any, **_more: Any) -> Any:
        return SimpleNamespace(
            records=[{"decision": "allow", "grant": "q-Đ", "reason": None}], counts={}, revision="r1"
        )

    monkeypatch.setattr(auth, "bearer_of", named)
    monkeypatch.setattr(behind.served.client.app.state.edge.pdp, "evaluate", allowed)  # type: ignore[attr-defined]
    monkeypatch.setattr(behind.served.client.app.state.edge, "count", lambda _: None)  # type: ignore[attr-defined]
    monkeypatch.setattr(behind.served.client.app.state.edge, "log_decisions", "none")  # type: ignore[attr-defined]
    headers = {
        "X-Original-URI": MARKS,
        "X-Original-Method": "GET",
        "X-Access-Key": KEY.encode(),
        "Authorization": f"Bearer {session}",
    }
    answer = behind.served.client.get(PATH, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert unquote(answer.headers["x-access-account"]) == code
    assert answer.headers["x-access-account"] == "gv-%C4%90-100%25"
    assert unquote(answer.headers["x-access-grant"]) == "q-Đ"


def test_the_other_pair_of_headers_may_come_from_anybody_and_says_nothing(behind: Scene, session: str) -> None:
    other = MARKS.replace(CLASS, "6B")
    assert through(behind, other, session, X_Forwarded_Uri=MARKS, X_Forwarded_Method="GET")[0] == 403
    answer = behind.served.client.get(
        PATH,
        headers={
            "X-Forwarded-Uri": MARKS,
            "X-Forwarded-Method": "GET",
            "X-Access-Key": KEY.encode(),
            "Authorization": f"Bearer {session}",
        },
    )
    assert answer.status_code == 403


def test_a_token_for_the_service_behind_opens_what_it_covers_and_no_more(behind: Scene, session: str) -> None:
    theirs = behind.session()
    token = behind.exchanged(behind.gradebook, theirs, SESSION)
    assert through(behind, MARKS, token) == (200, behind.served.teacher.account)
    narrow = behind.exchanged(
        behind.gradebook,
        theirs,
        SESSION,
        authorization_details=details(detail(classes=[CLASS_6A])),
    )
    assert through(behind, MARKS, narrow)[0] == 200
    # The teacher may write; the token says only `read`.
    assert through(behind, f"/lop/{CLASS_6A}", narrow, method="PUT") == (403, "insufficient_scope")
    assert through(behind, f"/hoc-sinh/1?lop={CLASS_6B}", narrow)[0] == 403
    assert through(behind, "/hoc-sinh/1?lop=0003101:2026-2027:9Z", narrow) == (403, "insufficient_scope")
    assert through(behind, "/hoc-sinh/1?lop=x", narrow) == (403, "insufficient_scope")


def test_a_token_for_another_service_opens_nothing(behind: Scene) -> None:
    assert through(behind, MARKS, behind.token(behind.guard, scope="evaluate")) == (401, "wrong_audience")


def test_what_is_taken_back_stops_the_next_request(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    with scene(tmp_path, forward_rules=tmp_path / "rules.toml") as behind:
        signed_in = behind.signed_in()
        caller = caller_from_token(behind.world.services, signed_in)
        session = open_service_session(behind.world.services, caller, GRADEBOOK, (GRADEBOOK,)).token
        token = behind.exchanged(behind.gradebook, behind.session(), SESSION)
        assert [through(behind, MARKS, t)[0] for t in (session, token)] == [200, 200]
        behind.post("revoke", {"token": token}, behind.gradebook.basic)
        assert through(behind, MARKS, session)[0] == 200
        assert through(behind, MARKS, token) == (401, "token_revoked")
        answer = behind.served.client.delete(
            "/v1/sessions/current", headers={"Authorization": f"Bearer {signed_in}"}
        )
        assert answer.status_code == 204
        assert through(behind, MARKS, session) == (401, "not_authenticated")


def test_a_right_that_was_taken_back_is_the_reason_and_not_that_nobody_is_signed_in(tmp_path: Path) -> None:
    """(K) By session and by token alike; whoever has another right that covers it needs another token only."""
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    with scene(tmp_path, forward_rules=tmp_path / "rules.toml") as behind:
        world = behind.world
        session, token = behind.session(GRADEBOOK), behind.exchanged(behind.gradebook, behind.session(), SESSION)
        grant = next(g for g in said(token)["grants"] if g.startswith("grn_"))
        delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="chuyển lớp")
        assert through(behind, MARKS, session) == (403, "grant_ended")
        assert through(behind, MARKS, token) == (403, "grant_ended")
        answer = behind.exchange(behind.gradebook, token)
        assert (answer.status_code, answer.json()["reason"]) == (400, "grant_ended")
        teacher = behind.served.teacher
        world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
        assert through(behind, MARKS, session)[0] == 200
        assert through(behind, MARKS, token) == (401, "token_revoked")


def test_an_account_that_was_stopped_is_the_reason(tmp_path: Path) -> None:
    """(K) The account stands still: the token was good and says whose it is."""
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    with scene(tmp_path, forward_rules=tmp_path / "rules.toml") as behind:
        world, account = behind.world, behind.served.teacher.account
        token = behind.exchanged(behind.gradebook, behind.session(), SESSION)
        delegation.suspend(
            world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=account, reason="nghỉ phép"
        )
        assert through(behind, MARKS, token) == (403, "account_not_active")
        answer = behind.exchange(behind.gradebook, token)
        assert (answer.status_code, answer.json()["reason"]) == (400, "account_not_active")


def test_without_rules_nothing_passes(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        token = served.world.sign_in("000.gvcn", PASSWORD).token
        answer = served.client.get(
            PATH,
            headers={
                "X-Original-URI": MARKS,
                "X-Original-Method": "GET",
                "X-Access-Key": KEY.encode(),
                "Authorization": f"Bearer {token}",
            },
        )
        assert (answer.status_code, answer.headers["x-access-reason"]) == (403, "forbidden")


def test_without_a_key_of_the_service_no_proxy_is_ours(tmp_path: Path) -> None:
    with serving(tmp_path, api_key=None) as served:
        answer = served.client.get(PATH, headers={"X-Access-Key": ""})
        assert answer.status_code == 401


def test_forwarded_headers_are_read_where_the_rules_say_so(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULES.replace('"original"', '"forwarded"'), "utf-8")
    with serving(tmp_path, forward_rules=path, api_key=SecretStr(KEY)) as served:
        caller = served.world.sign_in("000.gvcn", PASSWORD).caller
        token = open_service_session(served.world.services, caller, GRADEBOOK, (GRADEBOOK,)).token
        headers: dict[str, Any] = {
            "X-Forwarded-Uri": MARKS,
            "X-Forwarded-Method": "GET",
            "X-Access-Key": KEY.encode(),
            "Authorization": f"Bearer {token}",
        }
        assert _status(served, headers) == 200
        assert _status(served, headers | {"X-Forwarded-Uri": MARKS.replace("6A", "6B")}) == 403
        assert _status(served, headers | {"X-Original-URI": "/elsewhere"}) == 200


def _status(served: Served, headers: dict[str, Any]) -> int:
    client: TestClient = served.client
    return client.get(PATH, headers=headers).status_code


def test_the_school_of_these_tests_is_the_worlds() -> None:
    assert SCHOOL_CODE == SCHOOL

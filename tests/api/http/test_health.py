"""Alive, ready, measured; and the table from refusals to statuses."""

import base64
import hashlib
import http.client
import json
import re
import socket
import threading
import time
from http import HTTPStatus
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from serving import Served, serving, settings_for
from sqlalchemy import text
from starlette.testclient import TestClient

from access_service.api.http import edge
from access_service.api.http.errors import EDGE_TEXT, STATUS, install, problem, problem_of
from access_service.api.http.limits import BodyLimit
from access_service.app import create_app
from access_service.domain.errors import (
    AccessServiceError,
    Fault,
    ImportRefusedError,
    InvalidError,
    NotFoundError,
    PolicyError,
    RefusedError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from remembered import MEMORY
from world import found


def test_the_process_is_alive(served: Served) -> None:
    answer = served.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_it_can_decide(fresh: Served) -> None:
    assert fresh.client.get("/readyz").json() == {"status": "ready"}
    found(fresh.world.services, fresh.world.clock, name="thu-nghiem-hai")
    two = fresh.client.get("/readyz")
    assert (two.status_code, two.json()["detail"]) == (503, "several registers, and none is named")
    app = create_app(settings_for(fresh.folder, register_name="thu-nghiem-hai"), clock=fresh.world.clock)
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == HTTPStatus.OK


def test_it_is_not_ready_without_its_tables(fresh: Served) -> None:
    with fresh.world.services.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE counters RENAME TO gone"))
    answer = fresh.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert fresh.client.get("/healthz").status_code == HTTPStatus.OK


def test_it_is_not_ready_when_the_watch_is_stale(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    point = served.client.app.state.point  # type: ignore[attr-defined]
    monkeypatch.setattr(point, "is_fresh", lambda: False)
    assert served.client.get("/readyz").status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_ready_is_answered_though_the_database_does_not_and_again_when_it_does(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, ping = threading.Event(), fresh.client.app.state.services.db.ping  # type: ignore[attr-defined]
    asked = []

    def hanging() -> None:
        if threading.current_thread().name.startswith("readiness"):
            asked.append(1)
            goes_on.wait(60)
        ping()

    monkeypatch.setattr(fresh.client.app.state.services.db, "ping", hanging)  # type: ignore[attr-defined]
    answers = [fresh.client.get("/readyz") for _ in range(3)]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "unavailable")}
    # One look serves whoever asks meanwhile: those who ask pile nothing up.
    assert asked == [1]
    goes_on.set()
    for _ in range(600):
        if fresh.client.get("/readyz").status_code == HTTPStatus.OK:
            break
    assert fresh.client.get("/readyz").json() == {"status": "ready"}


def test_metrics_count_requests_and_decisions_without_ids(fresh: Served) -> None:
    fresh.ask(fresh.question())
    fresh.ask(fresh.question())
    fresh.ask(fresh.question(action={"name": "fly"}))
    fresh.client.get("/nowhere/acc_000")
    fresh.client.request("BREW", "/healthz")
    page = fresh.client.get("/metrics").text
    for line in (
        'access_service_decisions_total{outcome="allow",reason=""} 2.0',
        'access_service_decisions_total{outcome="deny",reason="unknown_action"} 1.0',
        'access_service_requests_total{method="POST",route="/access/v1/evaluation",status="200"} 3.0',
        'access_service_requests_total{method="GET",route="unmatched",status="404"} 1.0',
        'access_service_requests_total{method="OTHER",route="/healthz",status="405"} 1.0',
        'access_service_decision_seconds_count{source="database"} 1.0',
        'access_service_decision_seconds_count{source="memory"} 2.0',
    ):
        assert line in page
    assert "acc_" not in page


# -- errors


def test_every_refusal_has_a_status() -> None:
    assert set(STATUS) == set(Refusal)
    assert all(400 <= status < 500 for status in STATUS.values())
    assert not set(EDGE_TEXT) & set(map(str, Refusal))


@pytest.mark.parametrize(
    ("error", "path", "status", "code"),
    [
        (NotFoundError("grant", "grn_000"), "/v1/grants", 404, "not_found"),
        (InvalidError("không đọc được"), "/v1/grants", 422, "invalid"),
        (InvalidError("không đọc được"), "/access/v1/evaluation", 400, "invalid"),
        (RefusedError(Refusal.CREDENTIALS_WRONG, "wrong"), "/v1/sessions", 401, "credentials_wrong"),
        (RefusedError(Refusal.SELF_SERVICE, "self"), "/v1/grants", 403, "self_service"),
        (RefusedError(Refusal.STALE_VERSION, "stale"), "/v1/documents", 409, "stale_version"),
        (RefusedError(Refusal.LOCKED_OUT, "locked"), "/v1/sessions", 429, "locked_out"),
        (RefusedError(Refusal.BATCH_TOO_LARGE, "many"), "/v1/documents", 413, "batch_too_large"),
        (PolicyError((Fault("pack.toml:3", "unknown key"),)), "/v1/policy", 422, "invalid"),
        (ImportRefusedError((Fault("a.xlsx:1", "no code", "fill it in"),)), "/v1/imports", 422, "invalid"),
        (StaleRevisionError("behind"), "/access/v1/evaluation", 503, "stale_revision"),
        (UnavailableError("gone"), "/access/v1/evaluation", 503, "unavailable"),
        (AccessServiceError("hidden"), "/v1/grants", 500, "internal"),
    ],
)
def test_one_table_turns_errors_into_problems(error: AccessServiceError, path: str, status: int, code: str) -> None:
    import json

    answer = problem_of(error, path)
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.media_type == "application/problem+json"
    assert body["title"] == HTTPStatus(status).phrase
    assert body["vi"]
    assert body["en"]
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert ("retry-after" in answer.headers) is (status == 503)
    if isinstance(error, PolicyError | ImportRefusedError):
        assert [fault["place"] for fault in body["faults"]] == [f.place for f in error.faults]
    if status == 500:
        assert "hidden" not in str(body)


def test_details_hold_ids_and_limits_only() -> None:
    import json

    error = RefusedError(Refusal.DEPTH_EXCEEDED, "7 authorities", bound=6, unit="00031", what=object())
    body = json.loads(bytes(problem_of(error, "/v1/grants").body))
    assert body["details"] == {"bound": 6, "unit": "00031"}


def test_half_a_surrogate_pair_in_a_detail_does_no_harm() -> None:
    answer = problem(Refusal.INVALID, status=422, detail="`\ud800` is no id")
    assert b"detail" not in answer.body
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


class _Sent(BaseModel):
    number: int


def small_app() -> FastAPI:
    app = FastAPI()
    install(app)
    app.add_middleware(BodyLimit, limit=100, paths={"/large": 1000})

    @app.post("/v1/thing")
    async def thing(sent: _Sent) -> int:
        return sent.number

    @app.post("/access/v1/thing")
    async def authzen(sent: _Sent) -> int:
        return sent.number

    @app.post("/large")
    async def large(sent: _Sent) -> int:
        return sent.number

    return app


@pytest.mark.parametrize(("path", "status"), [("/v1/thing", 422), ("/access/v1/thing", 400)])
def test_what_a_route_cannot_read_is_named_without_its_value(path: str, status: int) -> None:
    with TestClient(small_app()) as client:
        answer = client.post(path, json={"number": "bí mật"})
        assert (answer.status_code, answer.json()["code"]) == (status, "invalid")
        assert [field["field"] for field in answer.json()["fields"]] == ["body.number"]
        assert "bí mật" not in answer.text
        assert client.get("/nowhere").json()["code"] == "not_found"
        assert client.get("/v1/thing").json()["code"] == "method_not_allowed"


def test_an_upload_may_have_a_limit_of_its_own() -> None:
    body = b'{"number": 1}' + b" " * 500
    headers = {"Content-Type": "application/json"}
    with TestClient(small_app()) as client:
        assert client.post("/large", content=body, headers=headers).json() == 1
        assert client.post("/v1/thing", content=body, headers=headers).status_code == 413
        assert client.post("/large", content=body * 2, headers=headers).status_code == 413


def test_security_headers_stand_on_every_answer(served: Served) -> None:
    answers = [served.client.get(path) for path in ("/healthz", "/nowhere", "/openapi.json", "/docs", "/activate")]
    answers += [served.ask(served.question()), served.ask({}), served.client.post("/v1/persons")]
    answers += [served.client.post("/access/v1/evaluation", json={})]
    for headers in (answer.headers for answer in answers):
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        # A form of a page says which host it comes from, and nothing else.
        is_page = (
            headers["content-type"].startswith("text/html")
            and "form-action 'self'" in headers["content-security-policy"]
        )
        assert headers["referrer-policy"] == ("same-origin" if is_page else "no-referrer")
        assert "server" not in headers


def test_over_https_browsers_are_told_to_stay_there(fresh: Served) -> None:
    settings = settings_for(fresh.folder, public_url="https://access.example.edu.vn")
    with TestClient(create_app(settings, clock=fresh.world.clock)) as client:
        for answer in (
            client.get("/healthz"),
            client.post("/access/v1/evaluation", json={}),
            client.get("/activate"),
        ):
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_the_script_in_the_documentation_is_the_one_that_may_run(served: Served) -> None:
    page = served.client.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}'" in page.headers["content-security-policy"]


FOR_OPERATORS = ("/metrics", "/openapi.json", "/docs", "/docs/assets/swagger-ui.css")


def test_what_is_for_operators_is_not_found_on_the_public_listener(fresh: Served) -> None:
    settings = settings_for(fresh.folder, operations_public=False)
    with TestClient(create_app(settings, clock=fresh.world.clock)) as client:
        for path in FOR_OPERATORS:
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        for path in ("/healthz", "/readyz", "/.well-known/authzen-configuration", "/activate"):
            assert client.get(path).status_code == HTTPStatus.OK


def test_operators_have_a_listener_of_their_own(fresh: Served) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings_for(fresh.folder, operations_public=False, operations_port=port)

    def status(path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    with TestClient(create_app(settings, clock=fresh.world.clock)) as client:
        until = time.monotonic() + 60
        while True:
            try:
                assert status("/healthz") == HTTPStatus.OK
                break
            except ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.02)
        for path in (*FOR_OPERATORS, "/readyz"):
            assert status(path) == HTTPStatus.OK, path
        # Nothing else is there, and nothing of it is on the public one.
        for path in ("/v1/me", "/access/v1/evaluation", "/activate", "/metrics/", "/docsx"):
            assert status(path) == HTTPStatus.NOT_FOUND, path
        assert client.get("/metrics").status_code == HTTPStatus.NOT_FOUND
    with pytest.raises(ConnectionError):
        status("/healthz")


def test_a_port_for_operators_that_is_taken_ends_the_start(fresh: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_for(fresh.folder, operations_port=taken.getsockname()[1])
        app = create_app(settings, clock=fresh.world.clock)
        with pytest.raises(UnavailableError, match="cannot be used"), TestClient(app):
            pass


def test_a_server_whose_folder_of_keys_is_empty_does_not_start(served: Served, tmp_path: Path) -> None:
    app = create_app(settings_for(served.folder, keys_dir=tmp_path / "keys"), clock=served.world.clock)
    with pytest.raises(UnavailableError, match="knows the seal key"), TestClient(app):
        pass
    assert not (tmp_path / "keys").exists(), "no seal was made in silence"
    assert (served.folder / "seal.key").stat().st_mode & 0o777 == 0o600


def test_every_pack_in_force_is_compiled_before_it_is_ready(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh.world.services.db.read(fresh.world.register) as reader:
        digests = {binding.digest for binding in reader.find(PackBinding)}
    monkeypatch.setattr(MEMORY, "stored", {})
    with TestClient(create_app(settings_for(fresh.folder), clock=fresh.world.clock)) as client:
        assert set(MEMORY.stored) == digests
        MEMORY.stored.clear()
        # What another process has bound since: the look at readiness compiles it, no question waits for it.
        client.app.state.point._prepared.clear()  # type: ignore[attr-defined]
        assert client.get("/readyz").status_code == HTTPStatus.OK
        assert set(MEMORY.stored) == digests


def test_the_log_names_the_cause_of_every_503(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "CAUSE_EVERY_S", 1e9)
    with serving(tmp_path) as fresh:
        fresh.ask(fresh.question())
        with fresh.world.services.db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE accounts RENAME TO gone"))
            connection.execute(text("ALTER TABLE sessions RENAME TO gone_too"))
        capsys.readouterr()
        asked = fresh.question(subject={"type": "account", "id": "acc_00000000000000000000"})
        first, again = fresh.ask(asked), fresh.ask(asked)
        session = fresh.client.get("/v1/me", headers={"Authorization": "Bearer 000"})
        assert {first.status_code, again.status_code, session.status_code} == {503}
    causes = [line for line in capsys.readouterr().err.splitlines() if '"event": "unavailable"' in line]
    assert [("OperationalError" in line, "cause" in line) for line in causes[:1]] == [(True, True)]
    # One line a second for each cause, whoever asks: an outage does not fill the disk.
    said = [json.loads(line)["cause"] for line in causes]
    assert len(said) == len(set(said))


def test_the_log_says_who_sent_a_request_only_where_the_operator_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for asks, folder in ((False, tmp_path / "quiet"), (True, tmp_path / "level-3")):
        folder.mkdir()
        with serving(folder, log_callers=asks) as fresh:
            capsys.readouterr()
            fresh.ask(fresh.question())
            session = fresh.world.sign_in("000.gvcn")
            fresh.client.get("/v1/me", headers={"Authorization": f"Bearer {session.token}"})
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if '"request"' in line]
        said = [{name: line[name] for name in ("account", "client", "source") if name in line} for line in lines]
        asked, read = {"client": None}, {"account": fresh.teacher.account}
        assert said == ([{**found, "source": "testclient"} for found in (asked, read)] if asks else [{}, {}])

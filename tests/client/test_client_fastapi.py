"""`require(...)`: one line before a route, and whatever cannot be decided is refused."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Annotated, Any

import httpx2
import pytest
from fake_service import AUDIENCE, CLASS, NOW, SCHOOL, Fake, Issuer, detail, told
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from starlette.testclient import TestClient

from access_service.client import AccessUnavailableError, TokenError
from access_service.client.fastapi import Access, Guard, require
from access_service.domain.reasons import Refusal
from access_service.domain.text import REFUSAL_TEXT

READ = require("student:read", category="STU-ACA", class_="class_code", id="pupil")


def service(guard: Guard | None) -> FastAPI:
    app = FastAPI()

    @app.get("/classes/{class_code}/pupils/{pupil}")
    async def one(class_code: str, pupil: str, access: Annotated[Access, READ]) -> dict[str, Any]:
        return {"account": access.account, "resource": access.resource.id, "token": access.token is not None}

    @app.get("/classes/{class_code}", dependencies=[require("class:read", category="STU-ACA", class_="class_code")])
    async def whole(class_code: str) -> str:
        return class_code

    @app.put(
        "/marks", dependencies=[require("student:write", category="STU-ACA", class_="class", subject="subject")]
    )
    async def write(class_: Annotated[str, Query(alias="class")] = "", subject: str = "") -> str:
        return f"written {class_} {subject}"[:7]

    async def schools(request: Request) -> str | None:
        return request.headers.get("x-school")

    @app.get("/staff", dependencies=[require("staff:read", category="STA-PER", unit=schools)])
    def staff() -> str:
        return "staff"

    if guard is not None:
        guard.install(app)
    return app


Serve = Callable[..., TestClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """The service, with requests of one event loop."""
    with ExitStack() as stack:

        def start(guard: Guard | None, **options: Any) -> TestClient:
            return stack.enter_context(TestClient(service(guard), **options))

        yield start


@pytest.fixture
def issuer(fake: Fake) -> Issuer:
    made = Issuer(as_of=fake.clock)
    fake.answers = [made.answer]
    return made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def code(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert all((body["vi"], body["en"], body["title"]))
    return response.status_code, body["code"]


def test_a_verified_token_opens_what_it_names_without_a_call(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    http = serve(Guard(verifier=fake.async_verifier()))
    answer = http.get(f"/classes/{CLASS}/pupils/000000000001", headers=bearer(issuer.token()))
    assert answer.json() == {"account": "acc_teacher", "resource": "000000000001", "token": True}
    assert http.get(f"/classes/{CLASS}", headers=bearer(issuer.token())).status_code == 200
    other = CLASS.replace("6A1", "6A2")
    assert code(http.get(f"/classes/{other}", headers=bearer(issuer.token()))) == (403, "outside_class")
    assert not [request for request in fake.seen if "/access/" in request.url.path]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Basic YTpi")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
    ],
)
def test_without_one_bearer_nobody_is_signed_in(
    serve: Serve, fake: Fake, issuer: Issuer, headers: list[tuple[str, str]]
) -> None:
    answer = serve(Guard(verifier=fake.async_verifier())).get(f"/classes/{CLASS}", headers=headers)
    assert code(answer) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert issuer.fetched == []


def test_a_token_that_does_not_count_is_401_with_its_reason(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    http = serve(Guard(verifier=fake.async_verifier()))
    for changes, reason in (
        ({"aud": "https://other.example.vn"}, "wrong_audience"),
        ({"exp": NOW, "iat": NOW - 1}, "not_authenticated"),
        ({"cnf": {"jkt": "t" * 43}}, "not_authenticated"),
    ):
        answer = http.get(f"/classes/{CLASS}", headers=bearer(issuer.token(**changes)))
        assert code(answer) == (401, reason)
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["detail"].startswith("the token is ") or "expired" in answer.json()["detail"]
    assert http.get(f"/classes/{CLASS}", headers=bearer(issuer.token())).status_code == 200
    issuer.revoked["subjects"] = {"acc_teacher": NOW + 1}
    fake.now = 6
    answer = http.get(f"/classes/{CLASS}", headers=bearer(issuer.token()))
    assert code(answer) == (401, "token_revoked")
    assert answer.json()["vi"] == REFUSAL_TEXT[Refusal.TOKEN_REVOKED].vi


def test_where_a_right_was_taken_back_the_service_says_which(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    """(K) The person is signed in; `grant_ended` is the reason, and "not signed in" would send them in circles."""
    http = serve(Guard(verifier=fake.async_verifier(), client=fake.async_client()))
    fake.answers = [_decides(issuer, decision=True)]
    assert http.get(f"/classes/{CLASS}", headers=bearer(issuer.token())).status_code == 200
    issuer.revoked["subjects"] = {"acc_teacher": NOW + 1}
    fake.now = 6
    reason = {"code": "grant_ended", "vi": "Quyền đã bị thu hồi", "en": "The grant has ended"}
    fake.answers = [_decides(issuer, decision=False, context={"reason": reason})]
    assert code(http.get(f"/classes/{CLASS}", headers=bearer(issuer.token()))) == (403, "grant_ended")
    # There is another right: the token does not count all the same, and the next one will.
    fake.answers = [_decides(issuer, decision=True)]
    assert code(http.get(f"/classes/{CLASS}", headers=bearer(issuer.token()))) == (401, "token_revoked")


def test_nobody_gets_in_while_nobody_can_know(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    issuer.is_down = True
    answer = serve(Guard(verifier=fake.async_verifier(retries=0))).get(
        f"/classes/{CLASS}", headers=bearer(issuer.token())
    )
    assert code(answer) in {(503, "unavailable"), (401, "unknown_key")}


def _decides(issuer: Issuer, **said: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return told(said)(request) if "/access/" in request.url.path else issuer.answer(request)

    return answer


def test_with_a_client_the_token_and_the_service_must_both_allow(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    guard = Guard(verifier=fake.async_verifier(), client=fake.async_client())
    http = serve(guard)
    fake.answers = [_decides(issuer, decision=True)]
    assert http.get(f"/classes/{CLASS}", headers=bearer(issuer.token())).status_code == 200
    assert fake.bodies_of("/access/v1/evaluation")[-1]["subject"]["id"] == "acc_teacher"
    narrow = issuer.token(jti="jti-2", authorization_details=[detail(actions=["write"])])
    asked = len(fake.bodies_of("/access/v1/evaluation"))
    assert code(http.get(f"/classes/{CLASS}", headers=bearer(narrow))) == (403, "action_not_in_role")
    assert len(fake.bodies_of("/access/v1/evaluation")) == asked
    reason = {"code": "period_locked", "vi": "Kỳ báo cáo đã khoá", "en": "The period is locked"}
    fake.answers = [_decides(issuer, decision=False, context={"reason": reason})]
    assert code(http.get(f"/classes/{CLASS}", headers=bearer(issuer.token()))) == (403, "period_locked")


@pytest.mark.parametrize("is_async", [False, True])
def test_an_application_with_its_own_sign_in_asks_the_service(serve: Serve, fake: Fake, is_async: bool) -> None:
    async def awaited(request: Request) -> str | None:
        return request.headers.get("x-account")

    def plain(request: Request) -> str | None:
        return request.headers.get("x-account")

    http = serve(Guard(account=awaited if is_async else plain, client=fake.async_client()))
    fake.answers = [told({"decision": True})]
    assert http.get(f"/classes/{CLASS}/pupils/7", headers={"x-account": "acc_1"}).json()["account"] == "acc_1"
    assert fake.bodies()[0] == {
        "subject": {"type": "account", "id": "acc_1"},
        "action": {"name": "read"},
        "resource": {"type": "student", "id": "7", "properties": {"category": "STU-ACA", "class": CLASS}},
        "context": {"explain": "code"},
    }
    assert code(http.get(f"/classes/{CLASS}/pupils/7")) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (TokenError("revoked"), (401, "token_revoked")),
        (AccessUnavailableError("stale", "old"), (503, "unavailable")),
    ],
    ids=["no token", "nobody knows"],
)
def test_an_account_that_cannot_be_told_is_no_access(
    serve: Serve, fake: Fake, error: Exception, refusal: tuple[int, str]
) -> None:
    def account(_request: Request) -> str | None:
        raise error

    assert code(serve(Guard(account=account, client=fake.async_client())).get(f"/classes/{CLASS}")) == refusal
    assert fake.seen == []


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (httpx2.ConnectError("down"), (503, "unavailable")),
        (httpx2.ReadTimeout("late"), (503, "unavailable")),
        (told({"decision": "true"}), (503, "unavailable")),
        (told({"code": "not_authenticated"}, 401), (503, "client_refused")),
        (
            told({"code": "insufficient_scope", "detail": "the token lacks `evaluate`"}, 403),
            (503, "client_refused"),
        ),
        (told({"code": "invalid"}, 400), (403, "invalid")),
        (told({"decision": False}), (403, "forbidden")),
    ],
)
@pytest.mark.parametrize("on_failure", ["deny", "raise"])
def test_whatever_is_no_yes_is_no_access(
    serve: Serve, fake: Fake, answer: Any, refusal: tuple[int, str], on_failure: str
) -> None:
    fake.answers = [answer]
    http = serve(Guard(account=lambda _: "acc_1", client=fake.async_client(on_failure=on_failure)))
    given = http.get(f"/classes/{CLASS}")
    assert code(given) == refusal
    assert ("retry-after" in given.headers) == (refusal[0] == 503)


def test_values_come_from_query_and_functions_and_are_never_guessed(serve: Serve, fake: Fake) -> None:
    http = serve(Guard(account=lambda _: "acc_1", client=fake.async_client()))
    fake.answers = [told({"decision": True})]
    assert http.put(f"/marks?class={CLASS}&subject=TOAN").status_code == 200
    # Without an id it is about everybody of the class.
    assert fake.bodies()[-1]["resource"] == {
        "type": "student",
        "id": CLASS,
        "properties": {"category": "STU-ACA", "class": CLASS, "subject": "TOAN"},
    }
    assert code(http.put(f"/marks?class={CLASS}")) == (403, "resource_incomplete")
    assert code(http.put(f"/marks?class={CLASS}&subject=")) == (403, "resource_incomplete")
    assert code(http.put(f"/marks?class={CLASS}&subject={'x' * 257}")) == (403, "resource_incomplete")
    assert code(http.put(f"/marks?class={CLASS}&subject=TOAN%0A")) == (403, "resource_incomplete")
    twice = f"/marks?class={CLASS}&subject=TOAN&subject=VAN"
    assert code(http.put(twice)) == (403, "resource_contradictory")
    assert len(fake.seen) == 1
    assert http.get("/staff", headers={"x-school": "311138301"}).status_code == 200
    assert fake.bodies()[-1]["resource"]["properties"] == {"category": "STA-PER", "unit": "311138301"}
    assert code(http.get("/staff")) == (403, "resource_incomplete")


def test_without_a_guard_nobody_gets_in(serve: Serve) -> None:
    assert serve(None, raise_server_exceptions=False).get(f"/classes/{CLASS}").status_code == 500


@pytest.mark.parametrize(
    ("permission", "named"),
    [
        ("pupil:read", {"class_": "class_code"}),
        ("student", {"class_": "class_code"}),
        ("student:", {"class_": "class_code"}),
        ("student:read all", {"class_": "class_code"}),
        ("student:read", {}),
        ("staff:read", {"class_": "class_code"}),
        ("student:read", {"class_": "class_code", "category": ""}),
    ],
)
def test_a_route_that_is_declared_wrongly_does_not_start(permission: str, named: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is not|neither|category"):
        require(permission, **{"category": "STU-ACA", **named})


def test_a_guard_knows_accounts_in_one_way(fake: Fake) -> None:
    with pytest.raises(ValueError, match="by a verifier or by a function"):
        Guard(client=fake.async_client())
    with pytest.raises(ValueError, match="by a verifier or by a function"):
        Guard(client=fake.async_client(), verifier=fake.async_verifier(), account=lambda _: "acc_1")
    with pytest.raises(ValueError, match="a client is needed"):
        Guard(account=lambda _: "acc_1")


def test_an_office_is_above_what_the_application_says(serve: Serve, fake: Fake, issuer: Issuer) -> None:
    office = issuer.token(authorization_details=[detail(unit="3111383", classes=None)])
    guard = Guard(verifier=fake.async_verifier(), above=lambda resource: ("3111383", AUDIENCE, resource.type))
    assert serve(guard).get(f"/classes/{CLASS}", headers=bearer(office)).status_code == 200
    plain = serve(Guard(verifier=fake.async_verifier())).get(f"/classes/{CLASS}", headers=bearer(office))
    assert code(plain) == (403, "outside_unit")


def test_a_guard_that_has_seen_no_keys_says_503_and_not_who_is_signed_in(
    serve: Serve, fake: Fake, issuer: Issuer
) -> None:
    issuer.is_down = True
    http = serve(Guard(verifier=fake.async_verifier()))
    for _ in range(3):
        answer = http.get(f"/classes/{CLASS}", headers=bearer(issuer.token()))
        assert code(answer) == (503, "unavailable")
    issuer.is_down = False
    fake.now += 31
    assert http.get(f"/classes/{CLASS}", headers=bearer(issuer.token())).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        ({"class_": "clas_code"}, "class_"),
        ({"class_": "class_code", "id": "pupill"}, "id"),
        ({"class_": "class_code", "subject": "mon"}, "subject"),
        ({"class_": "class_code", "level": "cap"}, "level"),
    ],
)
def test_a_name_that_the_route_does_not_have_stops_the_start(
    fake: Fake, wrong: dict[str, Any], argument: str
) -> None:
    app = FastAPI()
    Guard(verifier=fake.async_verifier()).install(app)
    mistaken = require("student:read", category="STU-ACA", **wrong)

    # Declared after the guard, and beside another dependency.
    @app.get("/classes/{class_code}/marks", dependencies=[mistaken])
    async def marks(class_code: str, pupil: str = "") -> str:
        return class_code + pupil

    name = list(wrong.values())[-1]
    with (
        pytest.raises(
            ValueError, match=f"`GET /classes/.class_code./marks`: `{argument}` .* names `{name}`"
        ) as told,
        TestClient(app),
    ):
        pass
    assert "class_code, pupil" in str(told.value)


def test_where_no_start_was_seen_a_wrong_name_is_our_fault_and_no_403(fake: Fake, issuer: Issuer) -> None:
    app = FastAPI()
    guard = Guard(verifier=fake.async_verifier())

    @app.get("/{class_code}", dependencies=[require("class:read", category="STU-ACA", class_="code", guard=guard)])
    async def whole(class_code: str) -> str:
        return class_code

    with pytest.raises(ValueError, match="names `code`"):
        TestClient(app).get(f"/{CLASS}", headers=bearer(issuer.token()))


def test_names_of_routers_and_of_other_dependencies_are_the_routes_own(fake: Fake, issuer: Issuer) -> None:
    def paging(grade: Annotated[str, Query(alias="khoi")] = "6") -> str:
        return grade

    router = APIRouter(
        prefix="/{school}",
        dependencies=[
            require("unit:read", category="STU-ACA", unit="school", grade="khoi", level=lambda _r: "THCS")
        ],
    )

    @router.get("/marks", dependencies=[Depends(paging)])
    async def marks(school: str) -> str:
        return school

    app = FastAPI()
    app.include_router(router)
    Guard(verifier=fake.async_verifier()).install(app)
    with TestClient(app) as http:
        answer = http.get(f"/{SCHOOL}/marks?khoi=6", headers=bearer(issuer.token()))
        assert answer.status_code in (200, 403)

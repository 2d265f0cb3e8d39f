"""What a developer does wrong who has read `docs/for-services.md` and `docs/client.md`: each answer names it.

A row is a mistake, what is sent, the status (or the class of the error), and the words that the answer must hold.
Over HTTP the words stand in the reason or the problem; the client raises, or its deny has them in code and hint.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from serving import KEY, Served, serving, settings_for
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.client import (
    AccessClient,
    ClientCredentials,
    Deny,
    Resource,
    StaticKey,
    TokenVerifier,
    student,
    unit,
)
from access_service.client.errors import ClientError
from access_service.client.fastapi import Guard
from access_service.domain.scope import Scope
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.third_party.clients import NewClient, create_client
from software_world import approve, enter
from world import CLASS_6A, SCHOOL, YEAR, World

WAIT_S = 120
OWN = "https://so-diem.example.vn"
PLAIN_KEY = "000-key-for-the-tests"
BEARER = {"Authorization": f"Bearer {KEY}".encode()}
MARKS = {"category": "STU-ACA", "class": CLASS_6A}
FORM = "<school code>:<school year>:<class code>"


def pupil(**changes: Any) -> dict[str, Any]:
    said = {name: value for name, value in {**MARKS, **changes}.items() if value is not None}
    return {"type": "student", "id": "000-hs-1", "properties": said}


@dataclass(frozen=True)
class Sent:
    """A request as somebody sends it: members that stand in the place of a right question's."""

    changes: dict[str, Any] | None = None
    path: str = "/access/v1/evaluation"
    method: str = "POST"
    headers: dict[str, bytes] | None = None
    body: bytes | None = None
    whole: Any = None


def properties(**changes: Any) -> Sent:
    return Sent({"resource": pupil(**changes)})


HTTP: dict[str, tuple[Sent, int, tuple[str, ...]]] = {
    "sends no key": (Sent(headers={}), 401, ("not_authenticated", "Authorization: Bearer")),
    "sends the key in a header of its own": (
        Sent(headers={"X-API-Key": KEY.encode()}),
        401,
        ("not_authenticated", "Authorization: Bearer"),
    ),
    "sends the key as a password": (
        Sent(headers={"Authorization": b"Basic a2V5Og=="}),
        401,
        ("not_authenticated", "Authorization: Bearer"),
    ),
    "sends a form": (
        Sent(headers={**BEARER, "Content-Type": b"application/x-www-form-urlencoded"}, body=b"subject=acc_1"),
        400,
        ("content type", "application/json"),
    ),
    "asks by GET": (Sent(method="GET"), 405, ("method_not_allowed",)),
    "asks in the address": (Sent(path="/access/v1/evaluation?explain=full"), 400, ("query",)),
    "sends JSON with a comma too many": (Sent(body=b'{"subject": {"type": "account",}}'), 400, ("JSON", "line 1")),
    "sends the question inside another object": (Sent(whole={"input": {}}), 400, ("`subject` is missing",)),
    "sends the account as a word": (Sent({"subject": "acc_1"}), 400, ("$.subject", "object")),
    "sends the action as a word": (Sent({"action": "read"}), 400, ("$.action", "object")),
    "sends no id of the record": (Sent({"resource": {"type": "student"}}), 400, ("`resource.id` is required",)),
    "sends a number for an id": (Sent({"resource": {**pupil(), "id": 17}}), 400, ("$.resource.id", "str")),
    "sends a username": (
        Sent({"subject": {"type": "account", "id": "lan.gvcn"}}),
        200,
        ("account_unknown", "subject.id", "lan.gvcn", "acc_"),
    ),
    "calls an account a user": (
        Sent({"subject": {"type": "user", "id": "acc_1"}}),
        200,
        ("account_unknown", "subject.type", "user", "account"),
    ),
    "says view for read": (
        Sent({"action": {"name": "view"}}),
        200,
        ("unknown_action", "action.name", "read, submit"),
    ),
    "writes Read for read": (Sent({"action": {"name": "Read"}}), 200, ("unknown_action", '"nearest": "read"')),
    "says no category": (properties(category=None), 200, ("resource_incomplete", "properties.category", "STU-ACA")),
    "names a category in Vietnamese": (
        properties(category="Kết quả học tập"),
        200,
        ("resource_contradictory", "properties.category", "Kết quả học tập", "STU-ACA"),
    ),
    "misspells a category": (properties(category="STU_ACA"), 200, ("properties.category", '"nearest": "STU-ACA"')),
    "puts the category beside the id": (
        Sent({"resource": {**pupil(category=None), "category": "STU-ACA"}}),
        200,
        ("resource_incomplete", '"field": "resource.category"'),
    ),
    "asks for a school's data of a pupil": (
        properties(category="SCH"),
        200,
        ("resource_contradictory", "resource.type", '"expected": "unit"'),
    ),
    "names the class by its short name": (properties(**{"class": "6A"}), 200, ("properties.class", "6A", FORM)),
    "names the class with slashes": (
        properties(**{"class": CLASS_6A.replace(":", "/")}),
        200,
        ("properties.class", FORM),
    ),
    "names a class of another year": (
        properties(**{"class": f"{SCHOOL}:2030-2031:6A"}),
        200,
        ("properties.class", "in that school year"),
    ),
    "says class_id for class": (
        properties(**{"class": None, "class_id": CLASS_6A}),
        200,
        ("resource_incomplete", "resource.properties.class_id"),
    ),
    "says pupil for student": (Sent({"resource": {**pupil(), "type": "pupil"}}), 200, ("resource.type", "student")),
    "says no class of a pupil": (properties(**{"class": None}), 200, ("resource_incomplete", FORM, "`grade`")),
    "says no unit of a teacher": (
        Sent({"resource": {"type": "staff", "id": "1", "properties": {"category": "EMP-BAS"}}}),
        200,
        ("resource_incomplete", "properties.unit"),
    ),
    "names a unit by its name": (
        Sent({"resource": {"type": "unit", "id": "Trường THCS Thử", "properties": {"category": "SCH"}}}),
        200,
        ("resource_contradictory", "resource.id", "the code of a unit"),
    ),
    "says THCS for the level": (properties(level="THCS"), 200, ("properties.level", "THCS", "lower_secondary")),
    "writes a school year in one number": (properties(school_year="2026"), 200, ("school_year", "2026", YEAR)),
    "says no subject where the right is for one": (
        Sent({"subject": {"type": "account", "id": "MATHS"}}),
        200,
        ("resource_incomplete", "properties.subject"),
    ),
    "asks about another day": (
        Sent({"context": {"at": "2026-01-01T00:00:00+07:00"}}),
        200,
        ("resource_incomplete", "context.at"),
    ),
    "asks for some fields": (
        properties(fields=["mark"]),
        200,
        ("resource_incomplete", "resource.properties.fields", "not decided yet"),
    ),
    "sends a date for a revision": (Sent({"context": {"at_least": "2026-01-01"}}), 400, ("revision",)),
    "asks for more explanation than there is": (Sent({"context": {"explain": "all"}}), 400, ("$.context.explain",)),
    "asks too much at once": (
        Sent(path="/access/v1/evaluations", whole={"evaluations": [{}] * 1001}),
        413,
        ("batch_too_large", "1000"),
    ),
    "misspells how a batch ends": (
        Sent(
            path="/access/v1/evaluations", whole={"evaluations": [{}], "options": {"evaluations_semantic": "any"}}
        ),
        400,
        ("evaluations_semantic",),
    ),
    "searches without leave": (
        Sent(
            path="/access/v1/search/subject",
            whole={"subject": {"type": "account"}, "action": {"name": "read"}, "resource": pupil()},
            headers={"Authorization": f"Bearer {PLAIN_KEY}".encode()},
        ),
        403,
        ("forbidden", "may not search"),
    ),
    "searches without saying for what": (
        Sent(path="/access/v1/search/subject", whole={"action": {"name": "read"}, "resource": pupil()}),
        400,
        ("`subject` is missing",),
    ),
    "wants a page of five thousand": (
        Sent(
            {"resource": {"type": "class"}, "page": {"limit": 5000}},
            path="/access/v1/search/resource",
        ),
        400,
        ("page.limit", "1000"),
    ),
    "turns a page with a token of its own": (
        Sent({"resource": {"type": "class"}, "page": {"token": "2"}}, path="/access/v1/search/resource"),
        400,
        ("page_token",),
    ),
}


def clients_of(world: World) -> Iterator[str]:
    """Id and secret of a client that asks, and of one that is called at its own address."""
    root, school = world.admins[world.root], world.admins[SCHOOL]
    asking = enter(world, world.root, is_enforcement_point=True, name="Cổng kiểm tra thử")
    called = enter(world)
    approve(world, called)
    for caller, wanted in (
        (root, NewClient(asking.id, frozenset({"evaluate"}), frozenset({"student"}))),
        (school, NewClient(called.id, resource=OWN)),
    ):
        made = create_client(world.services, caller, wanted)
        assert made.secret is not None
        yield from (made.client.id, made.secret)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A school with a homeroom teacher, and one of mathematics whose right is for that subject."""
    with serving(tmp_path_factory.mktemp("mistakes"), api_key_search=True) as found:
        maths = frozenset({(CLASS_6A, "TOAN")})
        who = found.world.hire("toán", SCHOOL, "subject_teaching", SCHOOL, classes=maths)
        line = EnteredLine("subject_teacher", who.duty, Scope(unit=SCHOOL, classes=maths), found.world.clock.now)
        found.world.hand_over(SCHOOL, who, line)
        found.made = (*clients_of(found.world), found.world.sign_in("000.gvcn").token)
        yield found


@dataclass(frozen=True)
class Door:
    """Where the client finds the service, and what somebody was given who wrote to its operator."""

    url: str
    client: str
    secret: str
    """Of a client that asks."""
    own: str
    own_secret: str
    """Of one that is called itself."""
    session: str
    """A person's, from signing in: good at the service itself and nowhere else."""


@pytest.fixture(scope="module")
def door(served: Served) -> Iterator[Door]:
    """The same school behind a port, with a key in ASCII that may not search."""
    settings = settings_for(served.folder, api_key=SecretStr(PLAIN_KEY), settle_minutes=0)
    app = create_app(settings, clock=served.world.clock)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        deadline = time.monotonic() + WAIT_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        yield Door(f"http://127.0.0.1:{listening.getsockname()[1]}", *served.made)
        server.should_exit = True
        thread.join()


def send(served: Served, sent: Sent) -> Any:
    whole = sent.whole
    if whole is None:
        whole = served.question(**(sent.changes or {}))
        if whole["subject"] == {"type": "account", "id": "MATHS"}:
            whole["subject"] = {"type": "account", "id": served.world.people["toán"].account}
    body = sent.body or json.dumps(whole).encode()
    headers = {"Content-Type": b"application/json", **(BEARER if sent.headers is None else sent.headers)}
    return served.client.request(sent.method, sent.path, content=body, headers=headers)


@pytest.mark.parametrize("mistake", HTTP)
def test_over_http_the_answer_names_the_mistake(
    served: Served, mistake: str, request: pytest.FixtureRequest
) -> None:
    sent, status, words = HTTP[mistake]
    if sent.headers is not None and PLAIN_KEY.encode() in sent.headers.get("Authorization", b""):
        with_plain = settings_for(served.folder, api_key=SecretStr(PLAIN_KEY))
        with TestClient(create_app(with_plain, clock=served.world.clock)) as client:
            answer = client.post(sent.path, json=sent.whole, headers=sent.headers)
    else:
        answer = send(served, sent)
    told = json.dumps(answer.json(), ensure_ascii=False)
    assert answer.status_code == status, told
    assert [word for word in words if word not in told] == [], told
    if status == 200:
        assert answer.json()["decision"] is False


def test_without_a_mistake_the_same_question_is_an_allow(served: Served) -> None:
    assert send(served, Sent()).json() == {"decision": True}


def ask(door: Door, account: str, action: str, resource: Resource, credentials: Any = None) -> Any:
    with AccessClient(door.url, credentials or StaticKey(PLAIN_KEY), timeout_s=60) as access:
        return access.check(account, action, resource)


def search(door: Door) -> Any:
    with AccessClient(door.url, StaticKey(PLAIN_KEY), timeout_s=60) as access:
        return access.search_subjects("read", right())


def exchange(door: Door, client: str, secret: str) -> Any:
    with AccessClient(door.url, ClientCredentials(client, secret), timeout_s=60) as own:
        return own.exchange(door.session, resource=OWN)


def verify(door: Door) -> Any:
    with TokenVerifier(door.url, OWN) as verifier:
        return verifier.verify(door.session)


CLIENT: dict[str, tuple[Callable[[Door], Any], tuple[str, ...]]] = {
    "gives an address with a path": (
        lambda d: AccessClient(f"{d.url}/access/v1", StaticKey("x" * 16)),
        ("no path",),
    ),
    "asks over http across the net": (
        lambda _: AccessClient("http://phanquyen.example.vn", StaticKey("x" * 16)),
        ("https",),
    ),
    "misspells a property": (
        lambda _: student("1", category="STU-ACA", klass="6A"),
        ("klass", "class"),
    ),
    "gives a number for a property": (
        lambda _: student("1", category="STU-ACA", class_=CLASS_6A, grade=6),  # type: ignore[arg-type]
        ("grade", "text"),
    ),
    "has the wrong key": (
        lambda d: ask(d, "acc_1", "read", right(), StaticKey("000-another-key-here")),
        ("not_authenticated",),
    ),
    "has a client that is not registered": (
        lambda d: ask(d, "acc_1", "read", right(), ClientCredentials("cli_x", "wrong-secret-000")),
        ("invalid_client",),
    ),
    "sends a username": (lambda d: ask(d, "lan.gvcn", "read", right()), ("account_unknown", "acc_")),
    "says view for read": (lambda d: ask(d, "acc_1", "view", right()), ("unknown_action", "read")),
    "misspells a category": (
        lambda d: ask(d, "acc_1", "read", right(category="STU_ACA")),
        ("resource_contradictory", "did you mean `STU-ACA`"),
    ),
    "names the class by its short name": (
        lambda d: ask(d, "acc_1", "read", right(class_="6A")),
        ("resource_contradictory", "`6A`", FORM),
    ),
    "says pupil for student": (
        lambda d: ask(d, "acc_1", "read", Resource("pupil", "1", MARKS)),
        ("`pupil`", "student"),
    ),
    "says no class": (
        lambda d: ask(d, "acc_1", "read", student("1", category="STU-ACA")),
        ("resource_incomplete", "resource.properties.class"),
    ),
    "searches with a key that may not": (
        search,
        ("forbidden", "may not search"),
    ),
    "has the wrong secret": (
        lambda d: ask(d, "acc_1", "read", right(), ClientCredentials(d.client, "another-secret-000")),
        ("invalid_client",),
    ),
    "asks for a scope that it was not given": (
        lambda d: ask(d, "acc_1", "read", right(), ClientCredentials(d.client, d.secret, scope=("explain",))),
        ("invalid_scope",),
    ),
    "asks about a type that is not its own": (
        lambda d: ask(d, "acc_1", "read", unit(SCHOOL, category="SCH"), ClientCredentials(d.client, d.secret)),
        ("insufficient_scope",),
    ),
    "exchanges the session of signing in": (lambda d: exchange(d, d.own, d.own_secret), ("invalid_grant",)),
    "exchanges for an address that is not its own": (
        lambda d: exchange(d, d.client, d.secret),
        ("invalid_target", "not registered for that resource"),
    ),
    "takes a session for a token": (verify, ("malformed", "three parts")),
    "gives the key as text": (lambda d: AccessClient(d.url, PLAIN_KEY), ("StaticKey(key) or ClientCredentials",)),  # type: ignore[arg-type]
    "gives the key first": (lambda d: AccessClient(StaticKey(PLAIN_KEY), d.url), ("StaticKey",)),  # type: ignore[arg-type]
    "gives no key": (lambda d: AccessClient(d.url, None), ("StaticKey",)),  # type: ignore[arg-type]
    "gives the key as bytes": (lambda _: StaticKey(PLAIN_KEY.encode()), ("a key is text",)),  # type: ignore[arg-type]
    "wants to allow when there is no answer": (
        lambda d: AccessClient(d.url, StaticKey(PLAIN_KEY), on_failure="allow"),  # type: ignore[arg-type]
        ("on_failure", "deny", "raise", "allow"),
    ),
    "wants more explanation than there is": (
        lambda d: AccessClient(d.url, StaticKey(PLAIN_KEY), explain="all"),  # type: ignore[arg-type]
        ("explain", "code", "full"),
    ),
    "gives a number for a pupil": (
        lambda _: student(1, category="STU-ACA", class_=CLASS_6A),  # type: ignore[arg-type]
        ("`id` is text, not int: 1",),
    ),
    "gives a number for a unit": (lambda _: unit(31, category="SCH"), ("`id` is text",)),  # type: ignore[arg-type]
    "gives no account": (lambda d: ask(d, None, "read", right()), ("`account` is text",)),  # type: ignore[arg-type]
    "asks for several verbs": (lambda d: ask(d, "acc_1", ("read", "write"), right()), ("`action` is text",)),  # type: ignore[arg-type]
    "gives a body for a resource": (lambda d: ask(d, "acc_1", "read", pupil()), ("a resource", "student")),  # type: ignore[arg-type]
    "gives several scopes in one word": (
        lambda d: ClientCredentials(d.client, d.secret, scope="evaluate search"),  # type: ignore[arg-type]
        ("several words",),
    ),
    "gives a file's name for a private key": (
        lambda d: ClientCredentials(d.client, private_key="/etc/access/key.pem"),
        ("a private key in PEM",),
    ),
    "gives two audiences": (
        lambda d: TokenVerifier(d.url, ["https://a.example.vn", "https://b.example.vn"]),  # type: ignore[arg-type]
        ("`audience` is text",),
    ),
    "names no audience": (lambda d: TokenVerifier(d.url, ""), ("an audience is the address",)),
    "stops the event loop with a guard": (
        lambda d: Guard(account=lambda _: None, client=AccessClient(d.url, StaticKey(PLAIN_KEY))),  # type: ignore[arg-type]
        ("AsyncAccessClient",),
    ),
}


def right(**changes: Any) -> Resource:
    return student("000-hs-1", **{"category": "STU-ACA", "class_": CLASS_6A, **changes})


@pytest.mark.parametrize("mistake", CLIENT)
def test_the_client_names_the_mistake(door: Door, mistake: str) -> None:
    make, words = CLIENT[mistake]
    try:
        found = make(door)
    except ClientError as error:
        told = f"{error.code}: {error}"
    except (TypeError, ValueError) as error:
        told = str(error)
    else:
        assert isinstance(found, Deny), found
        assert found.reason is not None
        told = f"{found.code}: {found.reason.hint} {found.error or ''}"
    assert [word for word in words if word not in told] == [], told


def test_there_are_more_than_thirty() -> None:
    assert len(HTTP) >= 30
    assert len(HTTP) + len(CLIENT) >= 75

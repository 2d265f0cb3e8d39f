"""Nobody makes the service work before it knows who they are and that what they sent is within its limits.

In this order at every route: authentication, size, shape, content. No test here looks at a clock: they look at what
was called, and with how much.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from managing import ADMIN, TEACHER, Managed, managing
from serving import AUTHORIZATION

from access_service.api.authzen import register_pdp
from access_service.api.http import limits
from access_service.api.http.limits import ACT_ON_LOOP_BYTES, BODY_BYTES, OPEN_BYTES
from access_service.api.manage import idempotency
from access_service.domain import words

JSON = {"Content-Type": "application/json"}
EVALUATION = "/access/v1/evaluation"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("work")) as found:
        yield found


class Sent:
    """A body that says how much of it was taken."""

    def __init__(self, size: int) -> None:
        self.size, self.taken = size, 0

    def __iter__(self) -> Iterator[bytes]:
        while self.taken < self.size:
            self.taken += 4096
            yield b"[" * 4096


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of what JSON's parser was given."""
    lengths: list[int] = []
    loads = json.loads

    def spy(text: Any, *args: Any, **kwargs: Any) -> Any:
        lengths.append(len(text))
        return loads(text, *args, **kwargs)

    monkeypatch.setattr(limits.json, "loads", spy)
    return lengths


def test_strangers_are_refused_before_a_byte_of_what_they_send_is_counted(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(limits, "is_within", lambda body, **_: looked.append(len(body)) or True)
    client = managed.served.client
    for path in ("/v1/persons", "/v1/units", EVALUATION, "/access/v1/evaluations", "/access/v1/search/subject"):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer a.b.c"}):
            answer = client.post(path, content=b"[" * (BODY_BYTES - 1), headers=JSON | headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), path
    assert looked == []


def test_an_endless_body_of_a_stranger_is_not_read_to_its_limit(managed: Managed) -> None:
    answer = managed.served.client.post("/v1/persons", content=iter(Sent(50 << 20)), headers=JSON)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"username":"' + b'\\"' * 7000,
        b'{"a":' * 3000,
        b"[" * OPEN_BYTES,
        b'{"username":' + b'"' * 9000,
    ],
    ids=["a string that never ends", "objects", "arrays", "quotation marks"],
)
def test_what_nobody_signs_in_for_is_counted_before_it_is_parsed(
    managed: Managed, parsed: list[int], body: bytes
) -> None:
    """The first stood still for 6.6 s: each quotation mark began a search to the end."""
    for path in ("/v1/sessions", "/v1/activations"):
        answer = managed.served.client.post(path, content=body[:OPEN_BYTES], headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert max(parsed, default=0) <= OPEN_BYTES


@pytest.mark.parametrize("member", ["name", "code"])
def test_sixty_four_kilobytes_of_marks_are_refused_for_their_length(
    managed: Managed, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    """It took three seconds, by any account that had signed in."""
    lengths: list[int] = []
    normalize = words.unicodedata.normalize
    monkeypatch.setattr(
        words.unicodedata, "normalize", lambda form, text: lengths.append(len(text)) or normalize(form, text)
    )
    body = json.dumps({member: "e" + "\u0301\u0323" * 16_000}).encode()
    answer = managed.served.client.post("/v1/persons", content=body, headers=managed.bearer(ADMIN) | JSON)
    assert answer.status_code == 422
    assert max(lengths, default=0) <= 4 * words.PROSE


def test_an_act_with_a_long_body_is_worked_on_away_from_the_loop(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside: list[str] = []
    real = idempotency._aside
    monkeypatch.setattr(idempotency, "_aside", lambda handle: aside.append("once") or real(handle))
    padding = b" " * ACT_ON_LOOP_BYTES
    for more, expected in ((b"", 0), (padding, 1)):
        body = json.dumps({"unknown": 1}).encode() + more
        answer = managed.served.client.post("/v1/persons", content=body, headers=managed.bearer(ADMIN) | JSON)
        assert (answer.status_code, len(aside)) == (422, expected)
        assert answer.json()["fields"]


@pytest.mark.parametrize("path", [EVALUATION, "/access/v1/evaluations", "/access/v1/search/action"])
def test_two_authorization_headers_are_none(managed: Managed, path: str) -> None:
    """A proxy before us may have looked at the other one."""
    right, wrong = AUTHORIZATION["Authorization"], b"Bearer 000"
    body = json.dumps(managed.served.question()).encode()
    for pair in ((right, wrong), (wrong, right), (right, right)):
        headers = [(b"Authorization", value) for value in pair]
        answer = managed.served.client.post(
            path, content=body, headers=[*headers, (b"Content-Type", b"application/json")]
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_two_sessions_in_one_request_are_none(managed: Managed) -> None:
    one, other = (managed.bearer(who)["Authorization"].encode() for who in (ADMIN, TEACHER))
    for pair in ((one, other), (one, one)):
        answer = managed.served.client.get("/v1/me", headers=[(b"Authorization", value) for value in pair])
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_two_content_types_are_none(managed: Managed) -> None:
    headers = [(b"Authorization", AUTHORIZATION["Authorization"]), *[(b"Content-Type", b"application/json")] * 2]
    answer = managed.served.client.post(
        EVALUATION, content=json.dumps(managed.served.question()).encode(), headers=headers
    )
    assert answer.status_code == 400


def test_the_words_of_a_batch_are_composed_a_slice_at_a_time(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand questions in decomposed letters held the event loop for 50 ms."""
    since, most = 0, 0
    clean, sleep = register_pdp.clean, asyncio.sleep

    def counted(*args: Any) -> str:
        nonlocal since, most
        since += 1
        most = max(most, since)
        return clean(*args)

    async def rested(*args: Any) -> None:
        nonlocal since
        since = 0
        await sleep(*args)

    monkeypatch.setattr(register_pdp, "clean", counted)
    monkeypatch.setattr(register_pdp.asyncio, "sleep", rested)
    word = "e\u0323\u0302" * 20
    item = managed.served.question(subject={"type": "account", "id": word})
    body = json.dumps({"evaluations": [item] * 1000}, ensure_ascii=False).encode()
    answer = managed.served.client.post("/access/v1/evaluations", content=body, headers=AUTHORIZATION | JSON)
    assert (answer.status_code, len(answer.json()["evaluations"])) == (200, 1000)
    assert 0 < most <= register_pdp.SLICE * 12


@pytest.mark.parametrize("path", ["/openapi.json", "/.well-known/authzen-configuration"])
def test_the_description_is_made_away_from_the_loop(managed: Managed, path: str) -> None:
    """Whoever asked first after a start, anybody, held every decision for half a second."""
    app: Any = managed.served.client.app
    made: list[bool] = []
    real = app.openapi

    def described() -> Any:
        if app.openapi_schema is None:
            try:
                asyncio.get_running_loop()
                made.append(True)
            except RuntimeError:
                made.append(False)
        return real()

    app.openapi_schema, app.openapi = None, described
    try:
        assert managed.served.client.get(path).status_code == 200
    finally:
        app.openapi = real
    assert made == [False]


def test_a_query_of_thousands_of_names_is_looked_at_once(managed: Managed) -> None:
    """Each name counted over all the others was a second for 32 KiB; the answer names fifty and no more."""
    names = "&".join(f"{number:x}" for number in range(6000))
    answer = managed.served.client.get(f"/v1/me?{names}", headers=managed.bearer(TEACHER))
    assert (answer.status_code, len(answer.json()["fields"])) == (422, 50)

"""Requests handed over to the process of acts: whole both ways, with their facts, and told when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse

from access_service.api.http import relay as relaying
from access_service.api.http.relay import Relay, is_answered_here
from access_service.api.http.relay_frames import AnswerPiece, AskedRequest, FrameReader, Greeting, frame_bytes
from access_service.api.http.relayed import STATE, ActsTold, Relayed
from access_service.app import create_app
from access_service.domain.names import RegisterId
from access_service.settings import Settings

App = Callable[[Any, Any, Any], Awaitable[None]]
REGISTER = RegisterId("thu-nghiem")
MANY = 3 << 20


class NoEdge:
    """What the relay asks of the edge."""

    def __init__(self) -> None:
        self.is_stopping = False
        self.headers = {"X-Frame-Options": "DENY"}
        self.noted: list[tuple[int, str]] = []

    def note_unanswered(self, _scope: Any, _route: str, status: int, _seconds: float, cause: str) -> str:
        self.noted.append((status, cause))
        return "ma-so"


@dataclass
class Client:
    """One request: its body in pieces, what was sent back, and when it leaves."""

    body: list[bytes] = field(default_factory=lambda: [b""])
    leaves: bool = False
    taken: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        if self.taken < len(self.body):
            self.taken += 1
            more = self.taken < len(self.body)
            return {"type": "http.request", "body": self.body[self.taken - 1], "more_body": more}
        if not self.leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def said(self) -> bytes:
        return b"".join(m["body"] for m in self.sent[1:])

    @property
    def is_whole(self) -> bool:
        return self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body")


def scope(method: str = "GET", path: str = "/dang-nhap", **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "scheme": "https",
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"a=1",
        "root_path": "",
        "headers": [(b"host", b"thu.example")],
        "client": ("198.51.100.7", 4711),
        "server": ("192.0.2.1", 443),
        **more,
    }


@asynccontextmanager
async def relayed(folder: Path, app: App) -> AsyncIterator[tuple[Relay, NoEdge, ActsTold, list[str]]]:
    """The application behind its socket, and the way to it."""
    told, edge, moved = ActsTold(lambda: True), NoEdge(), list[str]()
    config, server = SimpleNamespace(loaded_app=app), SimpleNamespace(connections=set(), tasks=set())
    loop = asyncio.get_running_loop()
    listening = await loop.create_unix_server(
        lambda: Relayed(config, server, {STATE: told}),  # type: ignore[arg-type]
        folder / "s",
    )
    try:
        yield Relay(folder / "s", lambda: edge, moved.append), edge, told, moved  # type: ignore[arg-type,return-value]
    finally:
        listening.close()
        for _ in range(100):
            if not server.tasks:
                break
            await asyncio.sleep(0.01)
        assert not server.tasks


def test_what_is_sent_and_answered_passes_whole_and_the_facts_are_the_listeners(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    async def app(asked: Any, receive: Any, send: Any) -> None:
        seen.append(asked)
        size = 0
        async for piece in Request(asked, receive).stream():
            size += len(piece)
        answer = PlainTextResponse(b"x" * size, headers={"X-Size": str(size)})
        await answer(asked, receive, send)

    async def run() -> None:
        async with relayed(tmp_path, app) as (relay, _, _, _):
            client = Client([b"a" * 65_536] * (MANY // 65_536))
            forged = [(b"host", b"thu.example"), (b"x-operations", b"true"), (b"x-scheme", b"http")]
            await relay(scope("PUT", "/v1/sheets/a/b", headers=forged), client.receive, client.send)
            assert (client.status, len(client.said), client.is_whole) == (200, MANY, True)
            assert (b"x-size", str(MANY).encode()) in client.sent[0]["headers"]
            assert relay.log_forked
            operator = Client()
            await relay(scope(state={"operations": True}), operator.receive, operator.send)

    asyncio.run(run())
    kept = "method", "scheme", "http_version", "path", "raw_path", "query_string", "root_path", "client", "server"
    [strange, operators] = seen
    expected = scope("PUT", "/v1/sheets/a/b")
    assert {name: strange[name] for name in kept} == {name: expected[name] for name in kept}
    # Whatever a client calls its headers, the operators' listener is said elsewhere.
    assert (strange["state"], operators["state"]) == ({}, {"operations": True})


def test_a_download_comes_piece_by_piece_and_ends_when_its_reader_leaves(tmp_path: Path) -> None:
    ended: list[str] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
                await asyncio.sleep(0)
        finally:
            ended.append("ended")

    async def app(asked: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(pieces())(asked, receive, send)

    async def run() -> None:
        async with relayed(tmp_path, app) as (relay, edge, _, _):
            client, leaves = Client(), asyncio.Event()

            async def receive() -> dict[str, Any]:
                await leaves.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                client.sent.append(message)
                if len(client.sent) > 20:
                    leaves.set()

            await relay(scope(), receive, send)
            assert (client.status, client.is_whole, edge.noted) == (200, False, [])
        assert ended == ["ended"]

    asyncio.run(run())


def test_a_body_that_nobody_wants_is_not_read_and_an_answer_does_not_wait_for_it(tmp_path: Path) -> None:
    async def app(asked: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("no", 401)(asked, receive, send)

    async def run() -> None:
        async with relayed(tmp_path, app) as (relay, _, _, _):
            client = Client([b"a" * 1000] * 1000)
            await relay(scope("POST"), client.receive, client.send)
            assert (client.status, client.said, client.taken) == (401, b"no", 0)

    asyncio.run(run())


def test_what_an_act_moved_is_looked_at_before_its_answer_and_only_that(tmp_path: Path) -> None:
    told_by: list[ActsTold] = []

    async def app(asked: Any, receive: Any, send: Any) -> None:
        if asked["method"] == "POST":
            told_by[0].committed(REGISTER)
        await PlainTextResponse("done")(asked, receive, send)

    async def run() -> None:
        async with relayed(tmp_path, app) as (relay, edge, told, moved):
            told_by.append(told)

            async def send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    order.append([*moved])
                    headers.append(message["headers"])

            order: list[list[str]] = []
            headers: list[Any] = []
            for method in ("GET", "POST", "GET"):
                await relay(scope(method), Client().receive, send)
            edge.is_stopping = True
            await relay(scope(), Client().receive, send)
            assert order == [[], [REGISTER], [REGISTER], [REGISTER]]
            assert [(b"connection", b"close") in found for found in headers] == [False, False, False, True]

    asyncio.run(run())


@asynccontextmanager
async def broken(folder: Path, answers: list[bytes]) -> AsyncIterator[Relay]:
    """Another process that greets, says that, and is gone."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame_bytes(Greeting(log_forked=False)))
        await FrameReader(reader).read(AskedRequest)
        for answer in answers:
            writer.write(answer)
        writer.close()

    listening = await asyncio.start_unix_server(take, folder / "s")
    edge = NoEdge()
    try:
        relay = Relay(folder / "s", lambda: edge, lambda _: None)  # type: ignore[arg-type,return-value]
        relay.edge = edge  # type: ignore[attr-defined]
        yield relay
    finally:
        listening.close()


@pytest.mark.parametrize("said", [[], [b"\xff\xff\xff\xff"], [b"\0\0\0\1\xc1"], [frame_bytes(Greeting(False))]])
def test_whoever_is_left_without_an_answer_is_told_so(tmp_path: Path, said: list[bytes]) -> None:
    async def run() -> None:
        async with broken(tmp_path, said) as relay:
            client = Client()
            await relay(scope("POST", "/v1/handovers"), client.receive, client.send)
            headers = dict(client.sent[0]["headers"])
            assert (client.status, client.is_whole) == (503, True)
            assert (headers[b"x-request-id"], headers[b"x-frame-options"]) == (b"ma-so", b"DENY")
            assert b"may be done" in client.said
            assert [status for status, _ in relay.edge.noted] == [503]  # type: ignore[attr-defined]

    asyncio.run(run())


def test_an_answer_that_breaks_off_is_not_made_whole(tmp_path: Path) -> None:
    from access_service.api.http.relay_frames import AnswerStart

    begun = [
        frame_bytes(AnswerStart(200, [(b"content-length", b"9")], [])),
        frame_bytes(AnswerPiece(b"half", more=True)),
    ]

    async def run() -> None:
        async with broken(tmp_path, begun) as relay:
            client = Client()
            await relay(scope(), client.receive, client.send)
            assert (client.status, client.said, client.is_whole) == (200, b"half", False)
            assert [status for status, _ in relay.edge.noted] == [499]  # type: ignore[attr-defined]

    asyncio.run(run())


def test_where_nobody_takes_it_a_request_waits_no_longer_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "AT_FIRST_S", 0.2)

    async def run() -> None:
        edge = NoEdge()
        relay = Relay(tmp_path / "s", lambda: edge, lambda _: None)  # type: ignore[arg-type,return-value]
        # It listens and takes nothing, as a process that has just died leaves it.
        listening = await asyncio.start_unix_server(lambda _r, w: w.close(), tmp_path / "s")
        client = Client()
        await relay(scope(), client.receive, client.send)
        listening.close()
        assert client.status == 503
        assert [status for status, _ in edge.noted] == [503]

    asyncio.run(run())


def test_decisions_and_what_stands_beside_them_are_answered_here_and_nothing_that_acts() -> None:
    app = create_app(Settings())
    here = {route.path for route in iter_route_contexts(app.routes) if is_answered_here(route.path or "")}
    assert here == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/access/v1/evaluation",
        "/access/v1/evaluations",
        "/access/v1/search/subject",
        "/access/v1/search/resource",
        "/access/v1/search/action",
        "/access/v1/forward-auth",
        "/v1/watch",
        "/oauth2/token",
        "/oauth2/introspect",
        "/oauth2/userinfo",
        "/oauth2/jwks.json",
        "/oauth2/revocations",
        "/.well-known/authzen-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    }

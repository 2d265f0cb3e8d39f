"""Over a real socket: headers without end, headers and bodies that never come, more connections than there is room.

No test looks at a clock: who is too slow is cut off, and the test reads until that has happened.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from access_service.api.http.listener import LISTENING, MESSAGE_BYTES, TRAILERS, Bounded, Bounds

WITHIN_S = 60


class Small(Bounded):
    """Bounds that a test can reach."""

    bounds = Bounds(header_bytes=4096, header_s=WITHIN_S, body_s=WITHIN_S, connections=4)


class Hasty(Bounded):
    """One that waits for nobody."""

    bounds = Bounds(header_s=0.4, body_s=0.4)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, and says how long it was; `/large` answers 32 MiB."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = b"x" * (32 << 20) if scope["path"] == "/large" else json.dumps([scope["path"], size]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def listening(http: type[Bounded]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = {**LISTENING, "http": http, "log_level": "critical", "timeout_keep_alive": WITHIN_S}
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, lifespan="off", **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + WITHIN_S
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=WITHIN_S)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(Small) as found:
        yield found


@pytest.fixture(scope="module")
def hasty() -> Iterator[int]:
    with listening(Hasty) as found:
        yield found


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)


def rest(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    try:
        while piece := connection.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def sent(port: int, *pieces: bytes) -> int:
    """The status of what came back before the connection was closed; 0 for nothing."""
    with opened(port) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.001)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return status(rest(connection))


HEAD = b"POST /here HTTP/1.1\r\nHost: x\r\n"


def test_what_is_within_bounds_is_answered(port: int) -> None:
    with opened(port) as connection:
        for body in (b"", b"12345", b"x" * 200_000):
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            answer = connection.recv(65_536)
            while not answer.endswith(b"]"):
                answer += connection.recv(65_536)
            assert (status(answer), json.loads(answer.partition(b"\r\n\r\n")[2])) == (200, ["/here", len(body)])


def test_a_request_in_pieces_is_answered(port: int) -> None:
    request = HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\nbody"
    assert sent(port, *(request[at : at + 5] for at in range(0, len(request), 5))) == 200


LINE = b"X-Line: " + b"a" * 90 + b"\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD, *[LINE] * 200],
        [HEAD + LINE * 200 + b"\r\n"],
        [b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET /" + b"a" * 1000, *[b"a" * 1000] * 20],
        [HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n"],
        [HEAD + b"a:\r\n" * 3000 + b"\r\n"],
        [b"\r\n" * 10_000],
    ],
    ids=["line by line", "at once", "a long path", "a path in pieces", "one line", "empty lines", "line ends"],
)
def test_headers_without_end_are_cut_off(port: int, pieces: list[bytes]) -> None:
    """150 MiB of header lines were taken on one connection."""
    assert sent(port, *pieces) in (431, 400)


def test_a_body_in_the_same_piece_is_no_header(port: int) -> None:
    body = b"x" * 20_000
    assert sent(port, HEAD + b"Connection: close\r\nContent-Length: 20000\r\n\r\n" + body) == 200


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"GET / HT",
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\n123",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
    ],
    ids=["nothing", "half a line", "half the headers", "half a body", "half a chunk", "half a trailer"],
)
def test_what_does_not_come_is_not_waited_for(hasty: int, piece: bytes) -> None:
    """Slow headers and bodies were held for ever."""
    assert sent(hasty, piece) == 408


def test_line_ends_after_a_request_do_not_hold_the_connection(hasty: int) -> None:
    with opened(hasty) as connection:
        connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        assert status(connection.recv(65_536)) == 200
        connection.sendall(b"\r\n\r\n")
        assert status(rest(connection)) == 408


def test_trailers_without_end_are_cut_off(port: int) -> None:
    begin = HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    assert sent(port, begin, *[b"X: y\r\n" * TRAILERS] * 3) == 413


def test_a_message_without_end_is_cut_off(port: int) -> None:
    """Chunks of one byte with extensions: most of it is no body."""
    chunk = b"1;" + b"e" * 16_000 + b"\r\nx\r\n"
    many = [chunk * 64] * (MESSAGE_BYTES // (16_000 * 64) + 2)
    assert sent(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *many) in (0, 400, 413)


def test_who_does_not_take_the_answer_is_cut_off(hasty: int) -> None:
    with opened(hasty) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        until = time.monotonic() + WITHIN_S
        # The other side's connection ends although nothing of the answer was read.
        while True:
            assert time.monotonic() < until
            try:
                connection.sendall(b"\r\n")
            except (ConnectionResetError, BrokenPipeError):
                break
            time.sleep(0.05)


def test_one_connection_more_than_there_is_room_for_is_told_so() -> None:
    class Few(Bounded):
        bounds = Bounds(connections=2)

    with listening(Few) as port, opened(port) as first, opened(port) as second:
        for connection in (first, second):
            connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
            assert status(connection.recv(65_536)) == 200
        assert sent(port) == 503
        first.close()
        until = time.monotonic() + WITHIN_S
        while sent(port, HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n") != 200:
            assert time.monotonic() < until
        second.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        assert status(second.recv(65_536)) == 200


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"Host: x\r\n", 200),
        (b"", 400),
        (b"Host:\r\n", 400),
        (b"Host: x\r\nHost: x\r\n", 400),
        (b"Host: x\r\nA: b\r\nhOST: y\r\n", 400),
        (b"Host: x\r\nX-Host: y\r\n", 200),
    ],
)
@pytest.mark.parametrize(
    "start", [b"GET /here", b"POST /access/v1/evaluation", b"HEAD /healthz", b"OPTIONS /v1/me"]
)
def test_exactly_one_header_says_for_which_host(port: int, start: bytes, lines: bytes, expected: int) -> None:
    """Two or none: what stands between may have meant another service (RFC 9112 section 3.2)."""
    assert sent(port, start + b" HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n") == expected


def test_the_second_request_of_a_connection_says_for_which_host_too(port: int) -> None:
    with opened(port) as connection:
        connection.sendall(b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(connection.recv(65_536)) == 200
        connection.sendall(b"GET /here HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
        assert status(rest(connection)) == 400
    assert sent(port, b"GET /here HTTP/1.0\r\n\r\n") == 200, "HTTP/1.0 knows no such header"


def test_a_request_to_become_a_websocket_is_an_ordinary_one(port: int) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    with opened(port) as connection:
        connection.sendall(b"GET /here HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n")
        assert status(connection.recv(65_536)) == 200


def test_the_bounds_are_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from access_service.cli import serve
    from access_service.settings import Settings

    settings: Any = Settings(max_header_bytes=5000, header_seconds=1, body_seconds=2, max_connections=3)
    assert serve._bounds(settings) == Bounds(5000, 1, 2, 3)
    assert serve._bounds(Settings()) == Bounds()
    assert LISTENING["http"] is Bounded

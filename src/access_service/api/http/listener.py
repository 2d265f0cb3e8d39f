"""The listener: how many connections, how long headers, and how long everything may take before it is given up.

uvicorn's protocol over httptools bounds none of these. Here they are looked at once for each piece that arrives,
and a clock is set only for a request that comes in pieces. Whoever is over a bound is told so and cut off.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SO_REUSEPORT, SOL_SOCKET, socket
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from access_service.api.http.errors import problem
from access_service.domain.errors import UnavailableError
from access_service.domain.reasons import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE_BYTES = 8 << 20
"""Most bytes of one request on the wire, however they are cut: eight times the largest body."""
TRAILERS = 16
"""Most header lines after a body."""
LINGER_S = 5.0
"""How long somebody who was cut off may take to read why."""
OPERATIONS = ("/metrics", "/openapi.json", "/docs")
"""What is for operators; the last one with everything below it."""
DESCRIBED = frozenset({"/openapi.json", "/.well-known/authzen-configuration"})
"""What rests on the description of the routes."""
HEALTH = ("/healthz", "/readyz")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one process takes; `docs/settings.md`."""

    header_bytes: int = 32_768
    header_s: float = 10.0
    body_s: float = 30.0
    connections: int = 1000


HEAD, BODY = "head", "body"
_END = b"\r\n\r\n"
"""Where the headers are over."""


class Straight(Protocol):
    """What an application answers before any task, scope or message is made for it."""

    straight_path: bytes

    def answer_straight(self, headers: Mapping[bytes, bytes], body: bytes) -> bytes | None:
        """The answer's own headers, an empty line and its body; None: ask as ever."""
        ...


def straight_of(app: Any) -> Straight | None:
    """The application, where it answers straight: uvicorn puts one thing around it, nothing else may be there."""
    if type(app) is ProxyHeadersMiddleware:
        app = app.app
    return app if getattr(app, "straight_path", None) else None


class Bounded(HttpToolsProtocol):
    """A connection within bounds.

    Nearly every request arrives in one piece, and costs two comparisons here; the rest is for those that do not.

    A question that arrived whole is first shown to the application as headers and bytes (`Straight`). What it does
    not answer so, and whatever is unusual of a request, becomes a task of uvicorn's as ever.
    """

    bounds: ClassVar[Bounds] = Bounds()
    """Of the process; set before it listens."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn makes it."""
        super().__init__(*args, **kwargs)
        self._limit = self.bounds.header_bytes
        self._at = HEAD
        """What of a request arrives, while it is not there as a whole."""
        self._taken = self._lines = 0
        """Bytes of it so far; header lines before its body."""
        self._tail = b""
        """The last bytes of unfinished headers."""
        self._clock: tuple[str, asyncio.TimerHandle] | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._straight = straight_of(self.app)
        self._path = b"" if self._straight is None or self.root_path else self._straight.straight_path
        self._may_hold = False
        """One request of each piece: whoever sends a thousand in one lets others be answered in between."""
        self._held: tuple[Mapping[bytes, bytes], int, list[bytes]] | None = None
        """Of a request that may be answered straight: headers, how many, and the pieces of its body."""
        self._answered: object = None
        """The scope of the request that was answered straight."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, if there is room; the first request begins soon."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._set_clock(HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_clock()
        self._stop_reading()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """The headers are there: exactly one of them says for which host (RFC 9112 section 3.2).

        With two, what stands between may have meant one service and we another. HTTP/1.0 knows none.
        """
        given = dict(self.headers)
        is_plain = len(given) == len(self.headers)
        hosts = 1 if is_plain else sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (not given.get(b"host") and self.parser.get_http_version() != "1.0"):
            # What the parser is told here it tells its caller, who answers 400.
            raise ValueError("one Host header")
        if self.url == self._path and is_plain and self._may_hold and self._is_plain_request():
            self._may_hold, self._held = False, (given, len(self.headers), [])
        else:
            super().on_headers_complete()

    def _is_plain_request(self) -> bool:
        """Is nothing in work, and does the request ask for nothing but its answer?"""
        return (
            self._is_idle()
            and not self.pipeline
            and not self.expect_100_continue
            and not self.flow.write_paused
            and self.limit_concurrency is None
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.transport.is_closing()
        )

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held[2].append(body)

    def on_message_complete(self) -> None:
        """The request is there: answer it straight, or let it go the general way."""
        if self._held is None:
            super().on_message_complete()
            return
        headers, count, pieces = self._held
        found: bytes | None = None
        # Lines after a body are looked at in the general way.
        if self._straight is not None and len(self.headers) == count:
            found = self._straight.answer_straight(headers, pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if found is None:
            self._go_general()
            super().on_message_complete()
            return
        self._held, self._answered = None, self.scope
        said = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        self.transport.write(b"HTTP/1.1 200 OK\r\n%b%b" % (b"".join(said), found))
        self.on_response_complete()

    def _go_general(self) -> None:
        """Make a task for a request that was held."""
        if self._held is not None:
            _, _, pieces = self._held
            self._held = None
            super().on_headers_complete()
            for piece in pieces:
                super().on_body(piece)

    def data_received(self, data: bytes) -> None:
        """Read one more piece of the request."""
        if self._taken + len(data) > self._limit and not self._ends_within(data):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._may_hold = True
        super().data_received(data)
        if self._held is not None:
            if self.transport.is_closing():
                self._held = None
                return
            self._go_general()
        cycle: Any = self.cycle
        if self._answered is not None and self._answered is self.scope:
            self._rest()
        elif cycle is None or cycle.scope is not self.scope or cycle.more_body:
            self._go_on(data, HEAD if cycle is None or cycle.scope is not self.scope else BODY)
        elif self._clock is not None:
            self._begin_anew()
        elif cycle.response_complete:
            self._rest()

    def _rest(self) -> None:
        """Between two requests."""
        if self._clock is not None:
            self._begin_anew()
        if self.timeout_keep_alive_task is None and not self.transport.is_closing():
            # Line ends between two requests stopped uvicorn's clock, and begin none.
            self._set_clock(HEAD)

    def _ends_within(self, data: bytes) -> bool:
        """Are the headers over within what they may take? The piece may hold a body, too."""
        room = self._limit - self._taken + len(_END)
        return self._at is BODY or _END in self._tail + data[: max(room, 0)]

    def _go_on(self, data: bytes, at: str) -> None:
        """A request that is not there as a whole: count, and let it not take for ever."""
        if self.transport.is_closing():
            return
        self._taken += len(data)
        if at is not self._at:
            self._at, self._lines = at, len(self.headers)
        self._tail = data[-len(_END) + 1 :]
        if at is HEAD and self._taken > self._limit:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._taken > MESSAGE_BYTES or (at is BODY and len(self.headers) > self._lines + TRAILERS):
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif self._clock is None or self._clock[0] is not at:
            self._set_clock(at)

    def _begin_anew(self) -> None:
        self._stop_clock()
        self._at, self._taken, self._tail = HEAD, 0, b""

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _refuse(self, status: HTTPStatus, text: str | None = None) -> None:
        """Say why, unless an answer is on its way, and close; who does not read it is cut off all the same."""
        self._stop_clock()
        if self.transport.is_closing():
            return
        if self._is_idle() or not self.cycle.response_started:
            body = (text or status.phrase).encode("ascii")
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            head += f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: a request in work is answered, and an answer without an end is told to end."""
        super().shutdown()
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            when_closing = cycle.scope.get("state", {}).get("when_closing")
            if when_closing is not None:
                when_closing()

    def _is_idle(self) -> bool:
        """Is no request in work?"""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _set_clock(self, at: str) -> None:
        self._stop_clock()
        seconds = self.bounds.body_s if at is BODY else self.bounds.header_s
        self._clock = at, self.loop.call_later(seconds, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock[1].cancel()
            self._clock = None

    def pause_writing(self) -> None:
        """The other side reads too slowly, or not at all."""
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(self.bounds.body_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The other side reads again."""
        super().resume_writing()
        self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _unsupported_upgrade_warning(self) -> None:
        """A request to become a WebSocket is served as if it had not asked (RFC 9110 section 7.8)."""


LISTENING: Mapping[str, Any] = {
    "http": Bounded,
    "ws": "none",
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
}
"""uvicorn's options of every listener."""


class OperatorsOnly:
    """Pure ASGI: what is for operators is found at their own listener, or where a setting opens it to all."""

    def __init__(self, app: ASGIApp, *, is_open: bool, describe: Callable[[], object]) -> None:
        """`is_open`: at every listener. `describe` makes the description: half a second, the first time."""
        self._app = app
        self._is_open = is_open
        self._describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and not self._is_open and is_for_operators(scope["path"]):
            state = scope.get("state") or {}
            if not state.get("operations"):
                await problem(Refusal.NOT_FOUND, status=404)(scope, receive, send)
                return
        if scope["type"] == "http" and scope["path"] in DESCRIBED:
            await run_in_threadpool(self._describe)
        await self._app(scope, receive, send)


def is_for_operators(path: str) -> bool:
    """Is the address one for operators?"""
    return path in OPERATIONS or path.startswith("/docs/")


class SecondServer(uvicorn.Server):
    """A server beside another one, which hears the signals."""

    @contextmanager
    def capture_signals(self) -> "Iterator[None]":
        """None."""
        yield


@asynccontextmanager
async def operations(app: ASGIApp, host: str, port: int | None) -> AsyncIterator[None]:
    """The second listener over the same application, for as long as the block lasts; none without a port.

    Several processes share the port. Raises `UnavailableError` where it cannot be had.
    """
    if port is None:
        yield
        return

    async def theirs(scope: Scope, receive: Receive, send: Send) -> None:
        if not is_for_operators(scope["path"]) and scope["path"] not in HEALTH:
            await problem(Refusal.NOT_FOUND, status=404)(scope, receive, send)
            return
        await app({**scope, "state": {**scope.get("state", {}), "operations": True}}, receive, send)

    server = SecondServer(uvicorn.Config(theirs, lifespan="off", **LISTENING))
    with _bound(host, port) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


def _bound(host: str, port: int) -> socket:
    found = socket(AF_INET6 if ":" in host else AF_INET)
    try:
        found.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        found.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError as error:
        found.close()
        reason = (error.strerror or "no such address").lower()
        raise UnavailableError(f"port {port} on `{host}` cannot be used: {reason}") from error
    return found

"""What every route is given, and what happens around every request: its id, log line, metrics and headers."""

import asyncio
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from itertools import count
from math import inf
from secrets import token_hex
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_service.api.http.body_reader import BodyReader
from access_service.api.http.errors import INTERNAL, problem
from access_service.api.http.issuance import Issuance
from access_service.api.http.log_lines import Lines
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.api.http.readiness import Readiness
from access_service.api.http.shared_metrics import SharedMetrics
from access_service.api.http.watchers import Watchers
from access_service.api.pdp import AtOnce, BodyAnswers, LogDecisions, Pdp
from access_service.domain.errors import UnavailableError
from access_service.domain.pages import PageToken
from access_service.domain.tokens import TokenError, TokenFault
from access_service.usecases.observed import ObservedAnswers
from access_service.usecases.tokens.introspect import RevocationList
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.once import UsedOnce
from access_service.usecases.tokens.proofs import ClaimTogether, UsedProofs

T = TypeVar("T")
REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
CAUSE_EVERY_S = 1.0
"""How often, in seconds, one cause of 503 is written into the log."""
CAUSES = 100
"""Most causes remembered for that."""
GONE = 499
"""In metrics and log: the caller left before there was an answer."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer, unless the route says otherwise."""
HSTS = {"Strict-Transport-Security": "max-age=31536000"}
"""The same where callers use https: browsers ask nothing of this host without TLS for a year (RFC 6797)."""
_encode = msgspec.json.Encoder().encode
_process, _numbers = token_hex(6).encode(), count(1)


class Readers(NamedTuple):
    """How bodies of the AuthZEN routes are read."""

    evaluation: BodyReader
    evaluations: BodyReader


Seen = tuple[str, int, float, bytes, BodyAnswers | AtOnce | None, str | None, str | None]
"""A request of a hot route: path, status, seconds, its id, what was answered, to which client, from where."""


class SignsPages(Protocol):
    """Who writes and reads page tokens; the composition root gives one."""

    def write(self, token: PageToken) -> str:
        """The token as text that nobody else can write."""

    def read(self, text: str, search: bytes, present: datetime) -> PageToken:
        """What a token of this search says; `PageTokenError` for everything that is none, or too old."""


@dataclass
class Edge:
    """What the routes of one application share."""

    pdp: Pdp
    clock: Callable[[], Any]
    public_url: str
    api_key: str | None
    """None: nobody gets in (never open)."""
    log: Any
    lines: Lines
    pages: SignsPages
    api_key_search: bool = False
    log_decisions: LogDecisions = "deny"
    log_callers: bool = False
    metrics: Metrics = field(default_factory=Metrics)
    pool: Pool = field(default_factory=Pool)
    readiness: Readiness = field(default_factory=Readiness)
    shared: SharedMetrics | None = None
    """Where several processes are scraped as one."""
    has_forked_log: Callable[[], bool] = bool
    """Whether some register's log does not go on from what was signed of it."""
    tokens: TokenPoint | None = None
    """None where nobody gets in but by the static key: a pack alone."""
    open_jobs: Callable[[], Mapping[str, int]] | None = None
    """How many jobs wait and run, in all processes; None where there are none."""
    claim_together: ClaimTogether | None = None
    """Says whether another process used a proof; None where there is none."""
    observed: ObservedAnswers = field(default_factory=ObservedAnswers)
    """Answers that were not enforced."""
    observed_units: Callable[[], int] | None = None
    """At how many units some client observes; None where none can."""
    watchers: Watchers | None = None
    """None where nothing moves: a pack alone."""

    def __post_init__(self) -> None:
        self.headers = {**HEADERS, **(HSTS if self.public_url.startswith("https:") else {})}
        said = {"Content-Type": "application/json", "Cache-Control": "no-store", **self.headers}
        self.dressed = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        """The headers of every answer of a hot route but those of its own."""
        self.written = b"".join(b"%b: %b\r\n" % header for header in self.dressed)
        """The same as they stand on the wire, until the process is being stopped."""
        self.issuance = Issuance(self.lines)
        self.revoked = None if self.tokens is None else RevocationList(self.tokens)
        self.used = UsedProofs(UsedOnce(), self.claim_together)
        self.began = int(self.clock().timestamp())
        self.is_stopping = False
        self._seen: list[Seen] = []
        self._caused: dict[str, float] = {}
        self._bearer = None if self.api_key is None else b"Bearer " + self.api_key.encode()
        bodies = self.pdp.bodies
        self.readers = Readers(
            BodyReader(bodies.evaluation, is_closed=bodies.are_closed),
            BodyReader(bodies.evaluations, is_closed=bodies.are_closed),
        )

    def stop(self) -> None:
        """The process is being stopped: `/readyz` says so, and kept connections are told to close."""
        self.is_stopping = True
        self.headers["Connection"] = "close"
        self.dressed.append((b"connection", b"close"))
        if self.watchers is not None:
            self.watchers.stop()
        self.log.info("stopping")

    def check_goes_on(self) -> None:
        """Raise `UnavailableError` once the process is being stopped."""
        if self.is_stopping:
            raise UnavailableError("this process is being stopped")

    async def in_pool(self, work: Callable[[], T]) -> T:
        """Run what reads the database in a thread; `UnavailableError` when too much waits already."""
        return await self.pool.run(work)

    def is_key(self, token: str) -> bool:
        """Is that the static key? Compared in constant time."""
        return self.api_key is not None and compare_digest(token.encode(), self.api_key.encode())

    def is_static(self, authorization: bytes) -> bool:
        """Is that the static key, as nearly every caller writes it? Anything else is looked at elsewhere."""
        return self._bearer is not None and compare_digest(authorization, self._bearer)

    def check_made_here(self, iat: int) -> None:
        """A proof made before this process began may have been used in the one before it."""
        if iat < self.began:
            raise TokenError(TokenFault.REPLAYED, "the proof was made before this service began; make another")

    def count(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Count decisions in the metrics."""
        self.metrics.decisions.update(counts)

    def log_decided(self, request_id: str, answered: BodyAnswers, client: str | None = None) -> None:
        """Log the decisions that the operator wants there; `client` asked, or None for the static key."""
        if answered.records and self.lines.wanted:
            self.lines.write(*decided_events(request_id, answered, client))
            self.lines.flush()

    def count_request(self, request: Seen) -> None:
        """Count and log a request, once the event loop has done what lay before: several at a time cost less."""
        if not self._seen:
            asyncio.get_running_loop().call_soon(self._note)
        self._seen.append(request)

    def _note(self) -> None:
        seen, self._seen = self._seen, []
        metrics, lines = self.metrics, self.lines
        for path, status, seconds, request_id, answered, client, source in seen:
            metrics.requests["POST", path, str(status)] += 1
            if isinstance(answered, AtOnce):
                metrics.decisions[answered.outcome] += 1
                metrics.decided["memory"].observe(seconds)
            elif answered is not None:
                self.count(answered.counts)
            if lines.wanted:
                # Letters and digits, or the caller's: then it may need escapes.
                id_ = b'"%b"' % request_id if request_id.isalnum() else _encode(request_id.decode())
                if isinstance(answered, AtOnce):
                    if answered.record:
                        lines.add(
                            b'"event":"decision","request_id":%b,"revision":"%b"%b'
                            % (id_, answered.revision, answered.record)
                        )
                elif answered is not None:
                    lines.write(*decided_events(request_id.decode(), answered, client))
                lines.add(
                    b'"event":"request","request_id":%b,"method":"POST","route":"%b","status":%d,"ms":%.3f%b'
                    % (id_, path.encode(), status, seconds * 1000, self._called(client, source))
                )
        lines.flush()

    def _called(self, client: str | None, source: str | None) -> bytes:
        """Who sent a request of a hot route, as members of its line; nothing unless the operator asks."""
        return b',"client":%b,"source":%b' % (_encode(client), _encode(source)) if self.log_callers else b""

    def callers(self, scope: Scope) -> dict[str, str | None]:
        """Who sent any other request, likewise."""
        if not self.log_callers:
            return {}
        return {"account": scope.get("state", {}).get("account"), "source": sent_from(scope)}

    def log_unavailable(self, cause: str, request_id: str) -> None:
        """Log why a request was answered 503, once a second for each cause: an outage fails every request alike."""
        now = time.monotonic()
        if now - self._caused.get(cause, -inf) >= CAUSE_EVERY_S:
            if len(self._caused) >= CAUSES:
                self._caused.clear()
            self._caused[cause] = now
            self.log.warning("unavailable", request_id=request_id, cause=cause)

    def note_unanswered(self, scope: Scope, route: str, status: int, seconds: float, cause: str) -> str:
        """Count and log a request that nobody could answer, and why; returns its id."""
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        request_id = request_id_of(given).decode()
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.metrics.requests[method, route, str(status)] += 1
        self.log_unavailable(cause, request_id)
        ms = round(seconds * 1000, 3)
        self.log.info("request", request_id=request_id, method=method, route=route, status=status, ms=ms)
        return request_id

    def log_failure(self, error: Exception, request_id: str) -> None:
        """Log a failure that nobody foresaw: where it happened, not its message, since messages may hold names."""
        frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        self.log.error("failed", request_id=request_id, error=type(error).__name__, at=frames[-8:])


def decided_events(request_id: str, answered: BodyAnswers, client: str | None = None) -> list[dict[str, Any]]:
    """One event of the log for each decision recorded."""
    head = {"event": "decision", "request_id": request_id, "revision": answered.revision}
    if client is not None:
        head["client"] = client
    return [head | record for record in answered.records]


def sent_from(scope: Scope) -> str | None:
    """The address that a request came from, as the server believes it."""
    client = scope.get("client")
    return client[0] if client else None


def edge_of(request: Request) -> Edge:
    """The application's edge."""
    return cast("Edge", request.app.state.edge)


def new_request_id() -> bytes:
    """Unlike any other of this process; letters and digits."""
    return b"%b%08x" % (_process, next(_numbers))


def request_id_of(given: bytes) -> bytes:
    """The caller's, where it is one, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else new_request_id()


class Observe:
    """Pure ASGI, outermost: request id, headers, log line, metrics, and 500 for what nobody foresaw."""

    def __init__(self, app: ASGIApp, edge: Callable[[], Edge]) -> None:
        """`edge` gives the application's edge once it has started."""
        self._app = app
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, started = time.perf_counter(), GONE, False
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        request_id = request_id_of(given).decode()
        scope.setdefault("state", {})["request_id"] = request_id

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                _dress(MutableHeaders(scope=message), scope["path"], request_id, self._edge().headers)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            pass  # nobody is there to be told anything
        except Exception as error:  # noqa: BLE001 the caller learns nothing of what we did not foresee
            self._edge().log_failure(error, request_id)
            if not started:
                await problem(INTERNAL, status=500)(scope, receive, sending)
        finally:
            self._seen(scope, status, time.perf_counter() - began, request_id)

    def _seen(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        edge = self._edge()
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        edge.metrics.requests[method, route, str(status)] += 1
        cause = scope.get("state", {}).get("cause")
        if cause is not None:
            edge.log_unavailable(cause, request_id)
        edge.log.info(
            "request",
            request_id=request_id,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 3),
            **edge.callers(scope),
        )


def _dress(headers: MutableHeaders, path: str, request_id: str, ours: Mapping[str, str]) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in ours.items():
        headers.setdefault(name, value)
    if not path.startswith("/docs"):
        headers.setdefault("Cache-Control", "no-store")

"""What every route is given, and what happens around every request: its id, log line, metrics and headers."""

import asyncio
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_service.api.errors import INTERNAL, problem
from access_service.domain.access import Decision, Deny
from access_service.domain.errors import RefusedError, StaleRevisionError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.reasons import Refusal
from access_service.signing.passwords import is_same
from access_service.usecases.access import DecisionPoint
from access_service.usecases.services import Services

T = TypeVar("T")
POOL_THREADS = 4
POOL_WAITING = 256
"""Most questions that may wait for the database; the next one is told to come back."""
CATCH_UP_S = 2.0
"""How long a question waits for the revision it demands."""
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
GONE = 499
"""In metrics and log: the caller left before there was an answer."""
LATENCY_S = (5e-6, 1e-5, 2.5e-5, 1e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 0.5, 2.0)


class Metrics:
    """Prometheus metrics of one application; ids never become labels."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "access_service_requests",
            "Requests by route template and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.decisions = Counter(
            "access_service_decisions",
            "Decisions by outcome and reason.",
            ["outcome", "reason"],
            registry=self.registry,
        )
        self.latency = Histogram(
            "access_service_decision_seconds",
            "Time to decide, reading the database included.",
            ["source"],
            buckets=LATENCY_S,
            registry=self.registry,
        )


def make_log(level: str) -> Any:
    """A logger that writes one JSON object a line to standard error."""
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


@dataclass
class Edge:
    """What the routes of one application share."""

    services: Services
    point: DecisionPoint
    public_url: str
    api_key: str | None
    """None: nobody gets in (never open)."""
    register_name: str | None = None
    """The register the key is bound to; None where the database has exactly one."""
    api_key_search: bool = False
    log_decisions: str = "deny"
    """`none`, `deny` or `all`."""
    metrics: Metrics = field(default_factory=Metrics)
    log: Any = None
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(POOL_THREADS, "edge"))
    _waiting: int = 0
    _register: RegisterId | None = None

    async def in_pool(self, work: Callable[[], T]) -> T:
        """Run what reads the database in a thread; `UnavailableError` when too much waits already."""
        if self._waiting >= POOL_WAITING:
            raise UnavailableError("too many requests are waiting")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)
        finally:
            self._waiting -= 1

    def check_key(self, request: Request) -> None:
        """The static bearer key, compared in constant time; `not_authenticated` otherwise."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip().encode("latin-1", "replace").decode("utf-8", "replace")
        if self.api_key is None or scheme.lower() != "bearer" or not is_same(given, self.api_key):
            raise RefusedError(Refusal.NOT_AUTHENTICATED, "a bearer key is needed")

    async def register(self) -> RegisterId:
        """The register that the key is bound to. A database without it, or with several, cannot answer yet."""
        if self._register is None:
            self._register = await self.in_pool(self.find_register)
        return self._register

    def find_register(self) -> RegisterId:
        """The register named in the settings, or the only one there is."""
        names = [str(row["id"]) for row in self.services.db.registers()]
        if self.register_name is not None:
            names = [name for name in names if name == self.register_name]
        if len(names) != 1:
            raise UnavailableError("no such register" if not names else "several registers, and none is named")
        return RegisterId(names[0])

    async def catch_up(self, register: RegisterId, at_least: int) -> None:
        """Wait, without holding a thread, until this node has seen a revision; `StaleRevisionError` after 2 s."""
        if self.point.revision(register) >= at_least:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CATCH_UP_S
        while await self.in_pool(lambda: self.point.advance(register)) < at_least:
            if loop.time() >= deadline:
                raise StaleRevisionError("this node has not seen that revision")
            await asyncio.sleep(0.05)

    def count(self, decision: Decision) -> None:
        """One decision in the metrics."""
        reason = decision.reason if isinstance(decision, Deny) else ""
        self.metrics.decisions.labels("allow" if decision else "deny", reason).inc()


def edge_of(request: Request) -> Edge:
    """The application's edge."""
    return cast("Edge", request.app.state.edge)


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
        given = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"x-request-id"), "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def sending(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                _dress(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 the caller learns nothing of what we did not foresee
            self._failed(error, request_id)
            if not started:
                await problem(INTERNAL, status=500)(scope, receive, sending)
        finally:
            self._seen(scope, status, time.perf_counter() - began, request_id)

    def _failed(self, error: Exception, request_id: str) -> None:
        # Where it happened, not what it said: messages and locals may hold names.
        frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        self._edge().log.error("failed", request_id=request_id, error=type(error).__name__, at=frames[-8:])

    def _seen(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        edge = self._edge()
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        edge.metrics.requests.labels(method, route, str(status)).inc()
        edge.log.info(
            "request",
            request_id=request_id,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 3),
        )


def _dress(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Frame-Options", "DENY")
    if not path.startswith("/docs"):
        headers.setdefault("Cache-Control", "no-store")

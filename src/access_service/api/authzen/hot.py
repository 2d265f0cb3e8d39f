"""The two hot routes, ahead of the framework's routing and middleware in the same application.

FastAPI takes four times as long to find a route as a decision takes with everything around it. What its middleware
does for other routes is done here in one pass: id of the request, limit of the body, key, headers, metrics, log.
Errors take the same table (`api.http.errors`).
"""

import time
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from opentelemetry import context
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from access_service.api.authzen.access import EVALUATION, EVALUATIONS, HEADERS_READ, admit, reply
from access_service.api.http.edge import GONE, Edge, new_request_id, request_id_of, sent_from
from access_service.api.http.errors import INTERNAL, cause_of, problem, problem_of
from access_service.api.http.limits import BODY_BYTES, check_no_query
from access_service.api.http.relay import Relay, is_answered_here
from access_service.api.http.traces import SILENT, caller_context
from access_service.api.pdp import AtOnce, BodyAnswers
from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.reasons import Refusal

HOT = frozenset({EVALUATION, EVALUATIONS})


class Application(FastAPI):
    """FastAPI, but for the hot routes."""

    edge: Edge | None = None
    relay: Relay | None = None
    """Answers what is no decision; None where everything is answered here."""
    straight_path = EVALUATION.encode()
    """`api.http.listener` shows what is posted there to `answer_straight` first."""

    def __init__(self, **given: Any) -> None:
        """As of any application, but for what FastAPI would tell of requests by itself."""
        super().__init__(telemetry=SILENT, **given)

    def _edge(self) -> Edge:
        """Set when the application starts; looking for it in `state` each time would be felt."""
        self.edge = self.state.edge
        return self.state.edge  # type: ignore[no-any-return]

    def answer_straight(self, headers: Mapping[bytes, bytes], body: bytes) -> bytes | None:
        """As `_serve` answers a plain question from memory for whoever has the static key; None for all else."""
        edge = self.edge or self._edge()
        began = time.perf_counter()
        if (
            edge.log_callers
            or edge.is_stopping
            or headers.get(b"content-type") != b"application/json"
            or not edge.is_static(headers.get(b"authorization", b""))
        ):
            return None
        try:
            found = edge.pdp.at_once(body, edge.log_decisions)
        except Exception:  # noqa: BLE001 the general way meets it again, and says so
            return None
        if found is None:
            return None
        given = headers.get(b"x-request-id")
        request_id = new_request_id() if given is None else request_id_of(given)
        edge.count_request((EVALUATION, 200, time.perf_counter() - began, request_id, found, None, None))
        return b"%bcontent-length: %d\r\nx-request-id: %b\r\nx-access-revision: %b\r\n\r\n%b" % (
            edge.written,
            len(found.answer),
            request_id,
            found.revision,
            found.answer,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] in HOT and scope["method"] == "POST":
            await _serve(self.edge or self._edge(), scope, receive, send)
        elif self.relay is not None and scope["type"] == "http" and not is_answered_here(scope["path"]):
            await self.relay(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class TracedApplication(Application):
    """The same where traces are wanted: what is done for a request belongs to the trace of whoever sent it."""

    straight_path = b""
    """Nothing is answered outside of a trace."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        found = caller_context(scope) if scope["type"] == "http" else None
        if found is None:
            await super().__call__(scope, receive, send)
            return
        token = context.attach(found)
        try:
            await super().__call__(scope, receive, send)
        finally:
            context.detach(token)


async def _serve(edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
    began, path, status, client = time.perf_counter(), scope["path"], GONE, None
    headers = dict(scope["headers"])
    given = headers.get(b"x-request-id")
    request_id = new_request_id() if given is None else request_id_of(given)
    answered: BodyAnswers | None = None
    at_once: AtOnce | None = None
    try:
        if len(headers) != len(scope["headers"]):
            _drop_doubles(headers, scope)
        # Who asks, before a byte of the body is looked at.
        is_static = edge.is_static(headers.get(b"authorization", b""))
        who = None if is_static else await admit(edge, path, headers)
        check_no_query(scope["query_string"])
        body = await _body(receive)
        if body is None:
            return
        if is_static and path == EVALUATION and headers.get(b"content-type") == b"application/json":
            at_once = edge.pdp.at_once(body, edge.log_decisions)
        if at_once is not None:
            text, revision = at_once.answer, at_once.revision
        else:
            text, answered, client = await reply(edge, who or await admit(edge, path, headers), path, headers, body)
            revision = answered.revision.encode()
        start = [
            *edge.dressed,
            (b"content-length", b"%d" % len(text)),
            (b"x-request-id", request_id),
            (b"x-access-revision", revision),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        status = 200
        await send({"type": "http.response.body", "body": text})
    except AccessServiceError as error:
        if isinstance(error, UnavailableError):
            edge.log_unavailable(cause_of(error), request_id.decode())
        status = await _refuse(edge, problem_of(error, path), request_id, scope, receive, send)
    except _TooLargeError:
        response = problem(Refusal.BATCH_TOO_LARGE, status=413, detail=f"a body has at most {BODY_BYTES} bytes")
        status = await _refuse(edge, response, request_id, scope, receive, send)
    except Exception as error:  # noqa: BLE001 the caller learns nothing of what we did not foresee
        edge.log_failure(error, request_id.decode())
        if status == GONE:
            status = await _refuse(edge, problem(INTERNAL, status=500), request_id, scope, receive, send)
    finally:
        source = sent_from(scope) if edge.log_callers else None
        edge.count_request(
            (path, status, time.perf_counter() - began, request_id, at_once or answered, client, source)
        )


def _drop_doubles(headers: dict[bytes, bytes], scope: Scope) -> None:
    """Of what says who asks and what is sent, two headers are none: a proxy may have read the other one."""
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in seen and name in HEADERS_READ:
            headers[name] = b""
        seen.add(name)


class _TooLargeError(Exception):
    """The body goes on beyond the limit; never leaves this module."""


async def _body(receive: Receive) -> bytes | None:
    """The whole body, up to the limit, counted as it arrives; None when the caller is gone."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        chunks, size = [body], len(body)
        while message.get("more_body", False):
            if size > BODY_BYTES:
                raise _TooLargeError
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
        body = b"".join(chunks)
    if len(body) > BODY_BYTES:
        raise _TooLargeError
    return body


async def _refuse(
    edge: Edge, response: Response, request_id: bytes, scope: Scope, receive: Receive, send: Send
) -> int:
    response.headers["X-Request-ID"] = request_id.decode()
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(edge.headers)
    await response(scope, receive, send)
    return response.status_code

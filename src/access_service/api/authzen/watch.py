"""`GET /v1/watch`: what moved, as server-sent events, for enforcement points that keep answers."""

from typing import Any, cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.authzen.callers import asker
from access_service.api.authzen.register_pdp import RegisterPdp
from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.errors import PROBLEM_JSON, Problem
from access_service.api.http.event_stream import EventStreamAnswer
from access_service.api.http.openapi import READ_PROBLEMS, reference
from access_service.domain.errors import InvalidError, RefusedError, UnavailableError
from access_service.domain.reasons import Refusal
from access_service.domain.tokens import Claims
from access_service.domain.watching import SCOPES

router = APIRouter(prefix="/v1", tags=["access"])
PATH = "/v1/watch"
STATIC = "key"
"""The client that whoever has the static key counts as."""


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM_JSON: {"schema": reference(Problem)}}}


EXAMPLE = """retry: 1000

event: revoked
data: {"whole":false,"as_of":1790000000.0,"tokens":[],"subjects":{"acc_000":1790000000.0},"all_before":null}

id: r3f.0123456789abcdef
event: moved
data: {"revision":"r3f","accounts":["acc_000"],"units":[],"everything":false}

: as_of 1790000002.000

"""


@router.get(
    "/watch",
    summary="What moved, as it moves",
    response_class=Response,
    openapi_extra={
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "since",
                "in": "query",
                "required": False,
                "description": "The `id` of the last event that was seen.",
                "schema": {"type": "string"},
            },
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "The same, as browsers send it; it goes before `since`.",
                "schema": {"type": "string"},
            },
        ],
    },
    responses={
        200: {
            "description": "Events until the token ends: `reset`, `restored`, `moved`, `revoked`, `end`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **{status: found for status, found in READ_PROBLEMS.items() if status in (401, 503)},
        403: _problem("The token lacks the scope: `evaluate` or `introspect`."),
        422: _problem("The address asks for something else than `since`."),
        429: _problem("`too_many_watchers`: too many connections of this client watch already."),
    },
)
async def watch(request: Request) -> Response:
    """With the static key, or an access token of the scope `evaluate` or `introspect`."""
    edge = edge_of(request)
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        if name in (b"authorization", b"dpop"):
            headers[name] = b"" if name in headers else value
    who = await asker(edge, PATH, headers, method="GET")
    if not SCOPES & who.scopes:
        raise RefusedError(Refusal.INSUFFICIENT_SCOPE, "the token lacks the scope `evaluate`", scope="evaluate")
    since = _since(request)
    if edge.watchers is None:
        raise UnavailableError("nothing moves here")
    register = await cast("RegisterPdp", edge.pdp).register()
    claims = None if who.client is None else _claims(edge, headers)
    watchers = edge.watchers
    watcher = await watchers.join(register, who.client or STATIC, claims, since)
    return EventStreamAnswer(watcher.stream, lambda: watchers.leave(watcher))


def _since(request: Request) -> str | None:
    """Where the watcher comes from. What cannot be read is a place that nobody knows."""
    given = request.query_params.getlist("since")
    if len(given) > 1 or set(request.query_params) - {"since"}:
        raise InvalidError("the address takes `since`, once, and nothing else")
    named = request.headers.getlist("last-event-id")
    return named[-1] if named else given[0] if given else None


def _claims(edge: Edge, headers: dict[bytes, bytes]) -> Claims:
    """What the token says that was let in a moment ago."""
    if edge.tokens is None:
        raise UnavailableError("this application issues no tokens")
    token = headers.get(b"authorization", b"").partition(b" ")[2].strip().decode("utf-8", "replace")
    return edge.tokens.verify(token, edge.tokens.issuer, edge.clock())

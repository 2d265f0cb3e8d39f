"""How a body is read, and the `Idempotency-Key` header.

The key is taken before the act, marked in its transaction and settled with its answer, so of two requests at once
one goes on and the other waits for its answer, and whatever breaks, a repeat is told what was done. Passwords are
left out of what is compared, secrets out of what is kept.
"""

import asyncio
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import islice
from typing import Any

import anyio
from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from access_service.api.http.deps import bearer_token, services_of
from access_service.api.http.errors import FIELDS, problem_of
from access_service.api.http.limits import ACT_MARKS, ACT_ON_LOOP_BYTES, read_object
from access_service.domain.errors import (
    AccessServiceError,
    InvalidError,
    RefusedError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.idempotency import Taken
from access_service.domain.members import show_member
from access_service.domain.reasons import Refusal
from access_service.live.revisions import revision_text
from access_service.usecases.idempotency import Acted, KeptAnswer, carrying_out, drop_key, settle_key, take_key
from access_service.usecases.identity.open_sessions import caller_from_token, is_session
from access_service.usecases.services import Caller, Services

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""Says `true` on an answer that was given before."""
WAIT_S, LOOK_S = 10.0, 0.05
"""How long a repeat waits for the first request's answer, and how often it looks."""

log = logging.getLogger(__name__)
_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_NOT_COMPARED = frozenset({"password"})
_NOT_KEPT = frozenset({"activation_code", "activation_until", "client_secret", "token"})
_NO_ANSWER = (StaleRevisionError, UnavailableError)
"""Ours that say nothing of the request itself."""
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ReadingRoute(APIRoute):
    """A route whose body, if any, is read strictly before the framework looks at it; it takes no key."""

    def get_route_handler(self) -> _Handler:
        """The framework's handler behind our reading."""
        handle, named = super().get_route_handler(), _query_names(self)

        async def reading(request: Request) -> Response:
            _check_query(request, named)
            if request.method == "POST":
                if HEADER in request.headers:
                    raise InvalidError(f"this route takes no `{HEADER}`")
                await _read(request)
            return await handle(request)

        return reading


class KeyedRoute(APIRoute):
    """A route of a signed-in caller: reads strictly, and answers a repeated POST as the first one."""

    def get_route_handler(self) -> _Handler:
        """The framework's handler behind our reading and the key."""
        handle, named, takes_file = super().get_route_handler(), _query_names(self), _takes_file(self)

        async def keyed(request: Request) -> Response:
            if request.method not in ("POST", "PUT"):
                _check_query(request, named)
                return await handle(request)
            # Nobody makes us read a body without having signed in; what else it takes, the route asks.
            token, services = bearer_token(request), services_of(request)
            if token is None or not await run_in_threadpool(is_session, services, token):
                raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
            _check_query(request, named)
            if request.method == "PUT" or takes_file:
                # A file as it is: sending it again does the same again, so it takes no key.
                if HEADER in request.headers:
                    raise InvalidError(f"this route takes no `{HEADER}`")
                return await handle(request)
            act = handle if len(await request.body()) <= ACT_ON_LOOP_BYTES else _aside(handle)
            body = await _read(request)
            key = request.headers.get(HEADER)
            if key is None:
                return await act(request)
            if _KEY.fullmatch(key) is None:
                raise InvalidError(f"`{HEADER}` is 1 to 256 visible ASCII characters")
            caller = await run_in_threadpool(caller_from_token, services, token)
            sha256 = await run_in_threadpool(_request_sha256, request, body)
            return await _once(act, request, services, caller, key, sha256)

        return keyed


def _query_names(route: APIRoute) -> frozenset[str]:
    params = get_flat_params(route.dependant)
    return frozenset(p.alias for p in params if getattr(p.field_info, "in_", None) is ParamTypes.query)


def _takes_file(route: APIRoute) -> bool:
    """Is the body a file as it is, and no JSON?"""
    field = route.body_field
    return field is not None and getattr(field.field_info, "media_type", None) == "application/pdf"


def _check_query(request: Request, named: frozenset[str]) -> None:
    """A parameter that is not known would be ignored, and one that stands twice read once: `?dry-run=true` acts."""
    sent = Counter(name for name, _ in request.query_params.multi_items())
    wrong = {name: "is not known here" for name in sent if name not in named}
    wrong |= {name: "stands twice" for name, times in sent.items() if times > 1 and name in named}
    if wrong:
        raise RequestValidationError(
            [
                {"loc": ("query", show_member(name)), "msg": message, "type": "query"}
                for name, message in islice(wrong.items(), FIELDS)
            ]
        )


def _aside(handle: _Handler) -> _Handler:
    """The framework's handler in a thread of its own, with a loop of its own: a long body keeps nobody waiting."""

    async def aside(request: Request) -> Response:
        return await run_in_threadpool(lambda: asyncio.run(handle(request)))

    return aside


async def _read(request: Request) -> dict[str, Any] | None:
    body = await request.body()
    if len(body) > ACT_ON_LOOP_BYTES:
        return await run_in_threadpool(read_object, body, ACT_MARKS)
    return read_object(body, ACT_MARKS) if body else None


def _request_sha256(request: Request, body: dict[str, Any] | None) -> str:
    """What makes two requests the same: the address and the body, but no password."""
    shown = {k: v for k, v in (body or {}).items() if k not in _NOT_COMPARED}
    # Half a surrogate pair must not fail here: the framework refuses it with the field's name.
    text = json.dumps([request.method, request.url.path, request.url.query, shown], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def _once(
    handle: _Handler, request: Request, services: Services, caller: Caller, key: str, request_sha256: str
) -> Response:
    found = await _take(services, caller, key, request_sha256)
    if isinstance(found, KeptAnswer):
        media_type = "application/problem+json" if found.status >= 400 else "application/json"  # noqa: PLR2004
        return Response(found.body, found.status, {REPLAYED: "true"}, media_type)
    if isinstance(found, Acted):
        return _told(found)
    with carrying_out(found):
        return await _carried_out(handle, request, services, found)


async def _carried_out(handle: _Handler, request: Request, services: Services, taken: Taken) -> Response:
    """The request's answer, kept. Where there is none, its key is asked what was done before anything is said."""
    try:
        response = await handle(request)
    except BaseException as error:
        if not isinstance(error, AccessServiceError) or isinstance(error, _NO_ANSWER):
            with anyio.CancelScope(shield=True):
                acted = await run_in_threadpool(_given_back, services, taken)
            if acted is None or not isinstance(error, Exception):
                raise
            return _told(acted)
        response = problem_of(error, request.url.path)

    def settle() -> None:
        text = without_secrets(bytes(response.body))
        # The answer is known and is given; a repeat is told from the key's mark what was done.
        try:
            settle_key(services, taken, status=response.status_code, body=text)
        except UnavailableError:
            log.warning("an answer could not be kept")

    with anyio.CancelScope(shield=True):
        await run_in_threadpool(settle)
    return response


def _given_back(services: Services, taken: Taken) -> Acted | None:
    try:
        return drop_key(services, taken)
    except UnavailableError:
        # Nobody can look now; the repeat does.
        return None


def _told(acted: Acted) -> Response:
    """What was done, from the record: its answer was lost on the way."""
    done = [
        {"revision": revision_text(event.revision), "action": event.action, "target": event.target}
        for event in acted.done
    ]
    return JSONResponse({"done": done}, headers={REPLAYED: "true"})


async def _take(services: Services, caller: Caller, key: str, request_sha256: str) -> Taken | KeptAnswer | Acted:
    """Take the key, or wait for the answer of whoever has it."""
    deadline = anyio.current_time() + WAIT_S
    while True:
        try:
            return await run_in_threadpool(take_key, services, caller, key, request_sha256)
        except RefusedError as refused:
            if refused.code is not Refusal.DUPLICATE or anyio.current_time() >= deadline:
                raise
        await anyio.sleep(LOOK_S)


def without_secrets(body: bytes) -> str:
    """An answer as it may be kept: codes and tokens become null."""
    return json.dumps(_cleared(json.loads(body)), ensure_ascii=False, separators=(",", ":")) if body else ""


def _cleared(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: None if k in _NOT_KEPT else _cleared(v) for k, v in value.items()}
    return [_cleared(item) for item in value] if isinstance(value, list) else value

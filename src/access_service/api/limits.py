"""What a request may be: its size, its depth, its text. Checked before anything looks at what it says.

JSON is read strictly: UTF-8, one object at the top, no duplicate member, no NaN, at most 16 levels.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_service.api.errors import problem
from access_service.domain.errors import InvalidError
from access_service.domain.reasons import Refusal

BODY_BYTES = 1 << 20
"""Largest body of a request."""
DEPTH = 16
"""Deepest nesting of JSON, the outermost object included."""
ID_BYTES = 256
"""Longest id or word, as UTF-8."""
BATCH_ITEMS = 1000
"""Most items of a batch."""
OPEN_BYTES = 1 << 14
"""Largest body of a request that nobody has to sign in for."""
ON_LOOP_BYTES = 1 << 16
"""Reading a larger body would keep the event loop from others."""
QUICK_ON_LOOP_BYTES = 1 << 18
"""The same where msgspec alone reads it, four times as fast."""
MARKS = 100_000
"""Most strings and brackets of a body: twice what the largest batch holds with every member said."""
ACT_MARKS = 30_000
"""The same for an act, whose body the framework looks at a second time, on the event loop."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters end up in logs and terminals; half a surrogate pair has no UTF-8."""


class BodyLimit:
    """Pure ASGI: takes the whole body in before the application runs, up to the limit, else answers 413.

    Chunked bodies are counted as they arrive, so a missing or untrue Content-Length changes nothing.
    """

    def __init__(self, app: ASGIApp, limit: int = BODY_BYTES, paths: Mapping[str, int] | None = None) -> None:
        """`paths` names prefixes of addresses with a limit of their own, in bytes."""
        self._app = app
        self._limit = limit
        self._paths = paths or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        limit = next((n for p, n in self._paths.items() if scope["path"].startswith(p)), self._limit)
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the caller is gone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                detail = f"a body has at most {limit} bytes"
                await problem(Refusal.BATCH_TOO_LARGE, status=413, detail=detail)(scope, receive, send)
                return
            chunks.append(chunk)
            if not message.get("more_body", False):
                break
        await self._app(scope, _replay(b"".join(chunks), receive), send)


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def read_object(body: bytes, marks: int = MARKS) -> dict[str, Any]:
    """The JSON object a body holds, of at most so many strings and brackets; `InvalidError` for anything else."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError("the body is not UTF-8") from None
    _check_depth(text, marks)
    try:
        found = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError):
        raise InvalidError("the body is not JSON") from None
    except ValueError:
        # An integer of thousands of digits: Python refuses to convert it.
        raise InvalidError("the body holds a number that is too long") from None
    if not isinstance(found, dict):
        raise InvalidError("the body must be a JSON object")
    return found


def _check_depth(text: str, marks: int) -> None:
    # Most bodies hold fewer brackets than the limit: no need to look at where they stand.
    if text.count("{") + text.count("[") <= DEPTH and text.count('"') <= marks:
        return
    depth = 0
    for number, token in enumerate(_TOKENS.finditer(text)):
        if number >= marks:
            raise InvalidError(f"the body holds more than {marks} strings and brackets")
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > DEPTH:
                raise InvalidError(f"the body is nested deeper than {DEPTH}")
        elif mark in "]}":
            depth -= 1


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidError("the body names a member twice")
    return found


def _no_constant(name: str) -> Any:
    raise InvalidError(f"`{name}` is not JSON")


def clean(text: str, what: str) -> str:
    """An id or word in NFC. Raises `InvalidError` when it is too long or holds control characters."""
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    if _CONTROL.search(normal) is not None:
        raise InvalidError(f"`{what}` holds control characters")
    if max(len(text.encode()), len(normal.encode())) > ID_BYTES:
        raise InvalidError(f"`{what}` is longer than {ID_BYTES} bytes")
    return normal

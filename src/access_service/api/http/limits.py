"""What a request may be: its size, its depth, its text. Checked before anything looks at what it says.

JSON is read strictly: UTF-8, one object at the top, no duplicate member, no NaN, at most 16 levels.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.shape import is_within

BODY_BYTES = 1 << 20
"""Largest body of a request."""
DEPTH = 16
"""Deepest nesting of JSON, the outermost object included."""
ID_BYTES = words.ID_BYTES
"""Longest id or word, as UTF-8."""
BATCH_ITEMS = 1000
"""Most items of a batch."""
OPEN_BYTES = 1 << 14
"""Largest body of a request that nobody has to sign in for."""
DOOR_BYTES = 1 << 18
"""The same at the sign-in of the pages, which carries the form over which a session ended."""
ON_LOOP_BYTES = 1 << 16
"""Reading a larger body would keep the event loop from others."""
ACT_ON_LOOP_BYTES = 1 << 14
"""The same for an act, of whose body the framework may have a fault to tell for every member."""
QUICK_ON_LOOP_BYTES = 1 << 18
"""The same where msgspec alone reads it, four times as fast."""
MARKS = 100_000
"""Most strings, brackets and commas of a body: more than the largest batch holds with every member said."""
ACT_MARKS = 45_000
"""The same for an act, whose body the framework looks at a second time."""


class BodyLimit:
    """Pure ASGI: a body is counted as it is read, and what goes on beyond the limit is refused with 413.

    Nothing is read before the route asks for it, so that a route which wants to know first who is there reads
    nothing of strangers. A missing or untrue Content-Length changes nothing.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int = BODY_BYTES,
        paths: Mapping[str, int] | None = None,
        endings: Mapping[str, int] | None = None,
    ) -> None:
        """`paths` names prefixes of addresses with a limit of their own in bytes, `endings` what others end in."""
        self._app = app
        self._limit = limit
        self._paths = paths or {}
        self._endings = endings or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            path = scope["path"]
            limit = next((n for p, n in self._paths.items() if path.startswith(p)), self._limit)
            limit = next((n for p, n in self._endings.items() if path.endswith(p)), limit)
            receive = _counted(receive, limit)
        await self._app(scope, receive, send)


def _counted(receive: Receive, limit: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            # The one error that the framework, too, lets through when it reads.
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {limit} bytes")
        return message

    return counted


def check_no_query(query: bytes | str) -> None:
    """Raise `InvalidError` for a query where everything that is asked stands in the body: it would be ignored."""
    if query:
        raise InvalidError("the address takes no query: what is asked stands in the body")


def read_object(body: bytes, marks: int = MARKS) -> dict[str, Any]:
    """The JSON object of a body of at most so many strings, brackets and commas; else `InvalidError`."""
    if not is_within(body, marks=marks, depth=DEPTH):
        raise InvalidError(
            f"the body holds more than {marks} strings, brackets and commas, or is nested deeper than {DEPTH}"
        )
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError("the body is not UTF-8") from None
    try:
        found = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidError(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidError("the body is not JSON") from None
    except ValueError:
        # An integer of thousands of digits: Python refuses to convert it.
        raise InvalidError("the body holds a number that is too long") from None
    if not isinstance(found, dict):
        raise InvalidError("the body must be a JSON object")
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidError("the body names a member twice")
    return found


def _no_constant(name: str) -> Any:
    raise InvalidError(f"`{name}` is not JSON")


def clean(text: str, what: str) -> str:
    """An id or word in NFC. Raises `InvalidError` when it is too long or holds control characters."""
    try:
        return words.id_word(text)
    except InvalidError as error:
        raise InvalidError(f"`{what}` {error.message}") from None

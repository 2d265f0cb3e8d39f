"""A slash inside an id: `/v1/documents/03%2FBB` names the document `03/BB`.

Servers decode a path before anything looks at its segments, so that an id with a slash would be two of them.
Such ids exist (numbers of decisions that imports took as codes), and what can be named can be taken back. New ones
are refused.
"""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from pydantic import BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from access_service.api.manage.bodies import Id

MARK = "\ufdd0"
"""Stands for an encoded slash between the edge and the route: a noncharacter, which no text may hold."""


class EncodedSlashes:
    """Pure ASGI: keeps an encoded slash from parting a path; `restored` puts it back into the id."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what comes after."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and raw.startswith(b"/v1/") and b"%2f" in raw.lower():
            path = raw.partition(b"?")[0].decode("ascii", "replace")
            parts = [unquote(part).replace("/", MARK) for part in path.split("/")]
            scope = {**scope, "path": "/".join(parts)}
        await self._app(scope, receive, send)


def restore_segment(value: str) -> str:
    """The id as it was meant."""
    return value.replace(MARK, "/")


PathId = Annotated[Id, BeforeValidator(restore_segment), Path()]
"""An id in an address; a slash in it is sent as `%2F`."""

"""A server for the benchmarks over HTTP, alone in its process and on its core.

    http_servers.py echo|ours|ours_no_log <spec.json>

All three run under uvicorn with the same options, ours behind its own listener as `serve` starts it, the echo
behind uvicorn's. `echo` reads the body and sends the very bytes that ours would.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr

KEY = "000-khoa-do-000-khoa-do"
HEADERS = [
    (b"content-type", b"application/json"),
    (b"x-access-revision", b"r2"),
    (b"x-request-id", b"0000000000000000"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
"""As many as ours sends."""
OTHERWISE = b'{"decision":false}'


def echo(answers: dict[bytes, bytes]) -> Any:
    """The least that ASGI can do."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        answer = answers.get(body, OTHERWISE)
        length = (b"content-length", str(len(answer)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
        await send({"type": "http.response.body", "body": answer})

    return app


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def ours(spec: dict[str, Any], *, log: bool) -> Any:
    """The real application: static key and metrics; a line for each decision and each request, or for neither."""
    # Here and not above: the echo's process holds nothing of ours.
    from access_service.app import create_app  # noqa: PLC0415
    from access_service.settings import Settings  # noqa: PLC0415

    chosen = {
        "database_url": spec["database"],
        "keys_dir": Path(spec["keys"]),
        "api_key": SecretStr(KEY),
        "api_key_search": True,
        "log_decisions": "all" if log else "none",
        "log_level": "info" if log else "warning",
    }
    return create_app(Settings(**chosen))


def listener(name: str) -> Any:
    """uvicorn's for the echo; for ours what `serve` listens with."""
    if name == "echo":
        return "httptools"
    from access_service.api.http.listener import Bounded  # noqa: PLC0415

    return Bounded


def main() -> int:
    """Serve until a signal."""
    name, spec = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    if (core := spec.get("server_core")) is not None:
        os.sched_setaffinity(0, {core})
    if name == "echo":
        pairs = json.loads(Path(spec["answers"]).read_text(encoding="utf-8"))
        app = echo({base64.b64decode(body): base64.b64decode(answer) for body, answer in pairs})
    else:
        app = ours(spec, log=name == "ours")
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=spec["ports"][name],
        loop="uvloop",
        http=listener(name),
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

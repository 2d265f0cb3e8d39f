"""How many tokens a second the authorization server issues: its use case in process, and over HTTP on one core.

    PYTHONPATH=src python benchmarks/tokens_http.py [seconds]

The server is one process on one core and logs every request and token; what asks runs on another. What signing and
verifying cost by themselves is in `tokens.py`. Names and ids are invented.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "api")]

from oauth_scene import FORM, Registered, Scene, scene  # noqa: E402
from serving import settings_for  # noqa: E402

from access_service.app import create_app  # noqa: E402
from access_service.usecases.tokens.issue import WantedToken  # noqa: E402

CONNECTIONS = 16


def in_process(stage: Scene, who: Registered, seconds: float) -> float:
    """Issuing by the use case, everything it needs in memory."""
    point = stage.served.client.app.state.edge.tokens  # type: ignore[attr-defined]
    point.waiting(lambda: point.client_credentials(who.id, WantedToken(), may_wait=True))
    return _rate(lambda: point.client_credentials(who.id, WantedToken(), may_wait=False), seconds)


def _rate(work: Callable[[], object], seconds: float) -> float:
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(50):
            work()
        count += 50
    return count / (time.perf_counter() - began)


async def _load(port: int, request: bytes, seconds: float) -> float:
    """Requests a second over kept connections, each answered before the next is sent on it."""
    done, until = 0, time.perf_counter() + seconds

    async def one() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = next(int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:"))
            await reader.readexactly(length)
            done += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - began)


def _serve(folder: Path, stage: Scene, told: int) -> None:
    """The server, in a child process, pinned to one core; its port goes to `told`."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 until the process ends
    app = create_app(settings_for(folder, log_decisions="none"), clock=stage.world.clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))

    async def run() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0.02)
        os.write(told, str(server.servers[0].sockets[0].getsockname()[1]).encode())
        await serving

    asyncio.run(run())


def over_http(folder: Path, stage: Scene, clients: dict[str, Registered], seconds: float) -> dict[str, float]:
    """The same over sockets."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _serve(folder, stage, writing)
        os._exit(0)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    port, found = int(os.read(reading, 16)), {}
    try:
        for name, who in clients.items():
            text = base64.b64encode(f"{who.id}:{who.secret}".encode()).decode()
            form = "grant_type=client_credentials"
            request = (
                f"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {text}\r\n"
                f"Content-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n{form}"
            ).encode()
            asyncio.run(_load(port, request, 0.5))
            found[f"over HTTP, {name}"] = asyncio.run(_load(port, request, seconds))
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    return found


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with scene(folder, log_level="error") as stage:
            clients = {"enforcement point": stage.guard, "software": stage.gradebook}
            found = {f"in process, {n}": in_process(stage, who, seconds) for n, who in clients.items()}
        found |= over_http(folder, stage, clients, seconds)
    print(json.dumps({what: round(rate) for what, rate in found.items()}, indent=2))


if __name__ == "__main__":
    main()

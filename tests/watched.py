"""A school and its services behind a real socket, and somebody who reads its events."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from oauth_scene import Scene, with_services
from serving import Served, settings_for

from access_service.api.http.listener import LISTENING
from access_service.app import create_app
from access_service.settings import Settings
from pack_server import free_port
from prepared import copied

WITHIN_S = 60.0


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


@contextmanager
def listening(app: Any, port: int) -> Iterator[uvicorn.Server]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=20, **LISTENING)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield server
    finally:
        server.should_exit = True
        thread.join(timeout=WITHIN_S)
        assert not thread.is_alive()


@contextmanager
def watched(folder: Path, **changes: Any) -> Iterator[tuple[Scene, str]]:
    """The scene of the tests of OAuth, served over a socket; its address is the public one unless one is named."""
    world, made = copied(folder, with_services)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings: Settings = settings_for(folder, **{"public_url": url, "poll_ms": 10, **changes})
    app = create_app(settings, clock=world.clock)
    world.services.db.close()
    with listening(app, port), httpx2.Client(base_url=url, trust_env=False) as client:
        # Through the services of the application, so that it hears of every commit at once.
        world.services = app.state.services
        yield Scene(Served(world, world.people["gvcn"], client, folder, made), *made), url  # type: ignore[arg-type]


@dataclass
class Said:
    """One event."""

    kind: str
    data: Any
    id: str | None


@dataclass
class Reader:
    """Reads a stream in a thread of its own."""

    events: list[Said] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    status: int | None = None
    problem: Any = None
    is_over: bool = False

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def of(self, kind: str) -> list[Any]:
        return [event.data for event in self.events if event.kind == kind]

    def last_id(self) -> str | None:
        return next((event.id for event in reversed(self.events) if event.id), None)

    def read(self, url: str, headers: dict[str, bytes], stop: threading.Event) -> None:
        try:
            with (
                httpx2.Client(trust_env=False) as client,
                client.stream("GET", url, headers=headers, timeout=WITHIN_S) as answer,
            ):
                self.status = answer.status_code
                if self.status != 200:
                    answer.read()
                    self.problem = answer.json()
                    return
                found: dict[str, str] = {}
                for line in answer.iter_lines():
                    if stop.is_set():
                        return
                    self._line(line, found)
        except httpx2.HTTPError:
            pass
        finally:
            self.is_over = True

    def _line(self, line: str, found: dict[str, str]) -> None:
        if line.startswith(":"):
            self.comments.append(line[2:])
        elif line:
            name, _, value = line.partition(": ")
            found[name] = value
        else:
            if "event" in found:
                self.events.append(Said(found["event"], json.loads(found["data"]), found.get("id")))
            found.clear()


@contextmanager
def reading(url: str, token: str, since: str | None = None, query: str = "") -> Iterator[Reader]:
    """Somebody who watches while the block lasts."""
    reader, stop = Reader(), threading.Event()
    headers = {"Authorization": f"Bearer {token}".encode()}
    if since is not None:
        headers["Last-Event-ID"] = since.encode()
    thread = threading.Thread(target=reader.read, args=(f"{url}/v1/watch{query}", headers, stop), daemon=True)
    thread.start()
    try:
        wait_until(lambda: reader.is_over or reader.events or reader.comments)
        yield reader
    finally:
        stop.set()

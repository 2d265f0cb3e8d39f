"""A load generator: keep-alive connections that send the next request as soon as they have their answer.

    http_load.py <spec.json>   with port, path, bodies (base64), connections, seconds, core

Written against the protocol and not a client library, so that the server is what is measured: the answer is read up
to its length and nothing is made of it. Prints one object: count, seconds, p50_ms, p99_ms, statuses.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
STATUS = slice(9, 12)


def message(path: str, body: bytes, key: str) -> bytes:
    """A whole request."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection with one request in flight."""

    def __init__(self, load: Load, first: int) -> None:
        self.load, self.next = load, first
        self.transport: Any = None
        self.buffer = b""
        self.wanted = 0
        self.sent = 0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self.send()

    def send(self) -> None:
        """The next request."""
        self.sent = time.perf_counter_ns()
        self.transport.write(self.load.messages[self.next % len(self.load.messages)])
        self.next += 1

    def data_received(self, data: bytes) -> None:
        """Count the answer when it is whole, and go on."""
        self.buffer = self.buffer + data if self.buffer else data
        if not self.wanted:
            end = self.buffer.find(HEAD_END)
            if end < 0:
                return
            start = self.buffer.lower().find(LENGTH, 0, end) + len(LENGTH)
            self.wanted = end + len(HEAD_END) + int(self.buffer[start : self.buffer.find(b"\r", start)])
        if len(self.buffer) < self.wanted:
            return
        now = time.perf_counter_ns()
        load = self.load
        load.times.append(now - self.sent)
        load.statuses[self.buffer[STATUS]] += 1
        self.buffer, self.wanted = b"", 0
        if now < load.until:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """One less."""
        self.load.done()


class Load:
    """What the connections share."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.messages = [message(spec["path"], base64.b64decode(body), spec["key"]) for body in spec["bodies"]]
        self.times: list[int] = []
        self.statuses: Counter[bytes] = Counter()
        self.until = 0
        self.open = spec["connections"]
        self.finished = asyncio.Event()

    def done(self) -> None:
        """A connection has ended."""
        self.open -= 1
        if self.open == 0:
            self.finished.set()

    async def run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Load for the time asked."""
        loop = asyncio.get_running_loop()
        step = len(self.messages) // spec["connections"] or 1
        began = time.perf_counter_ns()
        self.until = began + int(spec["seconds"] * 1e9)
        for number in range(spec["connections"]):
            await loop.create_connection(lambda n=number: Connection(self, n * step), "127.0.0.1", spec["port"])
        await self.finished.wait()
        seconds = (time.perf_counter_ns() - began) / 1e9
        times = sorted(self.times)
        return {
            "count": len(times),
            "seconds": seconds,
            "p50_ms": times[len(times) // 2] / 1e6,
            "p99_ms": times[len(times) * 99 // 100] / 1e6,
            "statuses": {status.decode(): count for status, count in self.statuses.items()},
        }


def main() -> int:
    """One run."""
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if (core := spec.get("core")) is not None:
        os.sched_setaffinity(0, {core})

    async def run() -> dict[str, Any]:
        return await Load(spec).run(spec)

    print(json.dumps(uvloop.run(run())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

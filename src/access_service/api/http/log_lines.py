"""The log: one JSON object a line on standard error, Vietnamese as it is written.

Everything goes through structlog but the lines of a decision's request, which are written together by `Lines` in
the same form: rendering them with structlog costs more than deciding.
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from access_service.usecases.services import system_clock

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encode = msgspec.json.Encoder().encode


def make_log(level: str) -> Any:
    """A logger that writes one JSON object a line to standard error."""
    return structlog.wrap_logger(
        # One write a line: several processes share the stream.
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


class Lines:
    """Lines of level `info`, gathered until `flush` writes them together."""

    def __init__(self, level: str) -> None:
        """`level` is the least that is logged."""
        self.wanted = LEVELS[level] <= LEVELS["info"]
        self._waiting: list[bytes] = []

    def write(self, *events: Mapping[str, Any]) -> None:
        """Events, each with its `event`."""
        for event in events:
            self.add(_encode(event)[1:-1])

    def add(self, members: bytes) -> None:
        """One event, as the members of a JSON object."""
        self._waiting.append(members)

    def flush(self) -> None:
        """Write what waits, as of now."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            now = system_clock.timestamp()
            day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
            head = f'{{"level":"info","timestamp":"{day}.{int(now % 1 * 1_000_000):06d}Z",'.encode()
            sys.stderr.write((head + (b"}\n" + head).join(waiting) + b"}\n").decode())

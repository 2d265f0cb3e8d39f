"""The log: one JSON object a line on standard error, Vietnamese as it is written.

Everything goes through structlog but the lines of a decision's request, which are written together by `Lines` in
the same form: rendering them with structlog costs more than deciding.
"""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import structlog

from access_service.usecases.services import system_clock

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encode = msgspec.json.Encoder().encode


def make_log(level: str) -> Any:
    """A logger that writes one JSON object a line to standard error."""
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


class Lines:
    """Lines of level `info`, several at a time."""

    def __init__(self, level: str) -> None:
        """`level` is the least that is logged."""
        self.wanted = LEVELS[level] <= LEVELS["info"]

    def write(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write events, each with its `event`."""
        head = b'{"level":"info","timestamp":"' + _timestamp(system_clock.timestamp()) + b'",'
        text = b"".join([head + _encode(event)[1:] + b"\n" for event in events])
        sys.stderr.write(text.decode())


_second, _prefix = 0, ""


def _timestamp(now: float) -> bytes:
    """`2026-10-01T02:03:04.567890Z`."""
    global _second, _prefix
    second = int(now)
    if second != _second:
        _second, _prefix = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return f"{_prefix}.{int((now - second) * 1_000_000):06d}Z".encode()

"""The program under a clock that is off by as many seconds as a file says: `python clocked.py FILE ARGUMENT…`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from access_service.usecases.services import SystemClock


def main() -> int:
    off = Path(sys.argv[1])

    def seconds() -> float:
        return time.time() + float(off.read_text() or 0)  # noqa: TID251 this is a clock

    def instant(_clock: SystemClock) -> datetime:
        return datetime.fromtimestamp(seconds(), UTC)

    SystemClock.__call__ = instant  # type: ignore[method-assign]
    SystemClock.timestamp = staticmethod(seconds)  # type: ignore[method-assign,assignment]

    from access_service.cli.commands import main as run

    return run(sys.argv[2:])


if __name__ == "__main__":
    raise SystemExit(main())

"""What the processes of one service count, scraped as one.

A scrape reaches whichever process takes the connection. So each process writes what it has counted into a file of
its own, in a folder that they share, and whoever is asked adds the others' files to its own numbers. What a process
had counted that has ended is taken over by the next that starts, so that no counter goes back.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex

import msgspec

from access_service.api.http.metrics import Metrics, Numbers

EVERY_S = 1.0
"""How often, in seconds, a process writes what it has counted."""
SUFFIX = ".numbers"


class SharedMetrics:
    """One process's part of the folder."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        """`folder` exists; only this service writes into it."""
        self._folder, self._metrics = folder, metrics
        self._own = folder / f"{os.getpid()}-{token_hex(4)}{SUFFIX}"

    def take_over(self) -> None:
        """Make the numbers of processes that have ended our own: whoever renames the file has them."""
        for path in self._others():
            if not _is_running(path):
                taken = path.with_suffix(".taken")
                with suppress(FileNotFoundError):
                    path.rename(taken)
                    numbers = _read(taken)
                    if numbers is not None:
                        self._metrics.add(numbers)
                    self.write()
                    taken.unlink()

    def write(self) -> None:
        """What was counted so far, whole or not at all."""
        beside = self._own.with_suffix(".new")
        beside.write_bytes(msgspec.msgpack.encode(_flat(self._metrics.numbers())))
        beside.replace(self._own)

    def summed(self) -> Metrics:
        """The numbers of all processes."""
        found = Metrics()
        found.add(self._metrics.numbers())
        for path in self._others():
            numbers = _read(path)
            if numbers is not None:
                found.add(numbers)
        return found

    def _others(self) -> list[Path]:
        return sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path != self._own)


@asynccontextmanager
async def share(folder: Path | None, metrics: Metrics) -> AsyncIterator[SharedMetrics | None]:
    """Write every second for as long as the block lasts, and once more at its end; None without a folder."""
    if folder is None:
        yield None
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = SharedMetrics(folder, metrics)
    own.take_over()

    async def keep() -> None:
        while True:
            own.write()
            await asyncio.sleep(EVERY_S)

    writing = asyncio.create_task(keep())
    try:
        yield own
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        own.write()


def _is_running(path: Path) -> bool:
    try:
        os.kill(int(path.name.partition("-")[0]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True


def _flat(numbers: Numbers) -> tuple[list[list[tuple[object, int]]], list[dict[str, tuple[list[int], float]]]]:
    return [list(found.items()) for found in numbers.counters], numbers.times


def _read(path: Path) -> Numbers | None:
    """What another process wrote; None where it is gone meanwhile, or of another version."""
    with suppress(OSError, msgspec.MsgspecError):
        counters, times = msgspec.msgpack.decode(path.read_bytes(), type=_FLAT)
        return Numbers([dict(found) for found in counters], times)
    return None


_FLAT = tuple[
    tuple[
        list[tuple[tuple[str, str, str], int]],
        list[tuple[tuple[str, str], int]],
        list[tuple[str, int]],
        list[tuple[str, int]],
        list[tuple[tuple[str, str], int]],
        list[tuple[str, int]],
        list[tuple[tuple[str, str], int]],
    ],
    list[dict[str, tuple[list[int], float]]],
]

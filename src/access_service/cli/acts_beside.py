"""The process of acts beside those that decide: started, replaced when it dies, ended last."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from access_service.api.http.listener import SecondServer
from access_service.api.http.relayed import Relayed
from access_service.domain.errors import UnavailableError

PAUSE_S = 1.0
"""Least time between two starts."""
BACKLOG = 2048
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""How much of the machine a container may use."""


def has_several_cores() -> bool:
    """May this process use more than one core at a time?"""
    if len(os.sched_getaffinity(0)) < 2:  # noqa: PLR2004 that is several
        return False
    try:
        most, period = QUOTA.read_text("ascii").split()
    except (OSError, ValueError):
        return True
    return most == "max" or int(most) >= 2 * int(period)


@contextmanager
def acts_beside(make: Callable[[], Any], grace_s: int) -> Iterator[Path]:
    """The socket of a process of acts that runs for as long as the block lasts. `make` makes its application there.

    It ends after the block, with what it has begun done within `grace_s`, and whenever this process is gone.
    """
    with TemporaryDirectory(prefix="access-service-acts-") as folder, socket(AF_UNIX, SOCK_STREAM) as listening:
        path = Path(folder) / "socket"
        try:
            listening.bind(str(path))
        except OSError as error:
            raise UnavailableError(f"the socket `{path}` cannot be made: {error}") from error
        listening.listen(BACKLOG)
        keeper = _Keeper(make, listening, grace_s)
        try:
            yield path
        finally:
            keeper.close()


class _Keeper:
    """A thread that has one process of acts running."""

    def __init__(self, make: Callable[[], Any], listening: socket, grace_s: int) -> None:
        # Held by this process alone, so that it ends with it, however it ends.
        self._theirs, self._ours = multiprocessing.Pipe(duplex=False)
        self._arguments = make, listening, self._theirs, grace_s
        self._grace_s = grace_s
        self._closing = threading.Event()
        self._process: Any = None
        self._thread = threading.Thread(target=self._keep, name="acts", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        context = multiprocessing.get_context("spawn")
        while not self._closing.is_set():
            began = time.monotonic()
            self._process = context.Process(target=serve_acts, args=self._arguments, name="acts")
            self._process.start()
            self._process.join()
            self._closing.wait(max(0.0, began + PAUSE_S - time.monotonic()))

    def close(self) -> None:
        """End the process once it has done what it has begun."""
        self._closing.set()
        self._ours.close()
        self._thread.join(self._grace_s + 10)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()
        self._theirs.close()


def serve_acts(make: Callable[[], Any], listening: socket, until: Connection, grace_s: int) -> None:
    """In that process: serve what is handed over until the other end of `until` is closed."""
    # A terminal and systemd signal every process of a service; this one ends after those that hand over to it.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    config = uvicorn.Config(
        make,
        factory=True,
        http=Relayed,
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=grace_s,
    )
    server = SecondServer(config)

    def end() -> None:
        with suppress(EOFError, OSError):
            until.recv_bytes()
        server.should_exit = True

    threading.Thread(target=end, name="until", daemon=True).start()
    server.run([listening])

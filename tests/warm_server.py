"""Import the program once, then fork for each `warm_client.py`: one keeper a client, which forks the program.

The keeper tells its client the program's number and how it ended. A client that is gone, killed perhaps, takes the
program with it. Only one thread runs here when it forks: a lock that another held would be held for ever.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
NOT_IMPORTED = ("access_service.client", "access_service.__main__", "access_service.storage.migrations")
"""The client is no part of the program; the others do something when they are imported."""


def main() -> int:
    """Serve until standard input ends."""
    sys.path[0] = str(ROOT / "src")
    _import()
    # A collection in a fork would write to every page that it shares.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(sys.argv[1])
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                _bury()
                return 0
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return _keep(connection)
            connection.close()
            _bury()


def _bury() -> None:
    """Wait for whoever ended, so that their seconds count as the tests' own."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import() -> None:
    importlib.import_module("access_service")
    for found in pkgutil.walk_packages([str(ROOT / "src" / "access_service")], "access_service."):
        if not found.name.startswith(NOT_IMPORTED):
            importlib.import_module(found.name)
    for name in ("alembic.command", "psycopg", "uvicorn.protocols.http.httptools_impl", "uvicorn.loops.uvloop"):
        importlib.import_module(name)
    tasks = Path("/proc/self/task")
    if tasks.is_dir() and len(list(tasks.iterdir())) > 1:
        raise SystemExit("an import starts a thread: this process cannot be forked")


def _keep(connection: socket.socket) -> int:
    """Fork the program, tell who it is and how it ended."""
    length, files, _, _ = socket.recv_fds(connection, 4, 3)
    said = connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL).decode("utf-8", "surrogateescape")
    awake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (connection, awake, waker):
            each.close()
        _run(said.split("\0"), files)
    for file in (0, 1, *files):
        os.close(file)
    connection.sendall(pid.to_bytes(4, "big"))
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with contextlib.suppress(OSError):
                connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
            os._exit(0)
        ready, _, _ = select.select([connection, awake], [], [])
        if connection in ready:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os._exit(0)
        awake.recv(64)


def _run(given: list[str], files: list[int]) -> NoReturn:
    """Be the program: its folder, umask, arguments, environment and files."""
    folder, umask, count = given[:3]
    arguments, environment = given[3 : 3 + int(count)], given[3 + int(count) :]
    os.chdir(folder)
    os.umask(int(umask))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(dict(line.split("=", 1) for line in environment))
    time.tzset()
    sys.argv = ["access-service", *arguments]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 for as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    status: object = 1
    try:
        status = importlib.import_module("access_service.cli").main()
    except SystemExit as ended:
        status = ended.code
    except BaseException:  # noqa: BLE001 what an interpreter does with it
        traceback.print_exc()
    # What an interpreter does at its end, but for taking apart a thousand modules: that costs a second.
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)  # noqa: T201
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(int(status or 0))


if __name__ == "__main__":
    sys.exit(main())

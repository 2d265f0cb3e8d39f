"""Processes that are ended by SIGKILL and started again, a PostgreSQL server that loses nothing among them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from databases import NOBODY, START_S, administrator, make_cluster, server_programs


class Killable:
    """A command that runs until it is killed, with its whole group."""

    def __init__(
        self, command: list[str], log: Path, *, user: str | None = None, folder: Path | None = None
    ) -> None:
        self.command, self.log, self.user, self.folder = command, log, user, folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError("it does not run")
        return self._process.pid

    def start(self) -> None:
        """Begin; what it says is added to the log."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, to it and to what it started; nothing of it goes on afterwards."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """SIGINT, and SIGKILL if that does not help."""
        self._end(signal.SIGINT)

    def _end(self, by: signal.Signals) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        if by is signal.SIGKILL:
            os.killpg(process.pid, by)
        else:
            process.send_signal(by)
        try:
            process.wait(START_S if by is signal.SIGKILL else 30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(START_S)
        self._process = None


@contextmanager
def postgresql(folder: Path, log: Path) -> Iterator[tuple[Killable, str]]:
    """A running server whose commits outlive a kill, and the URL of its database.

    Raises `NoServerError` where no server's programs are installed.
    """
    programs = server_programs()
    user = NOBODY if os.geteuid() == 0 else None
    folder.mkdir()
    if user is not None:
        # PostgreSQL refuses to run as root, and its user has to reach it.
        folder.parent.chmod(0o711)
        shutil.chown(folder, user)
        shutil.copytree(programs.parent, folder / "programs", symlinks=True)
        programs = folder / "programs" / "bin"
    data = folder / "data"
    make_cluster(programs, data, user)
    # A killed process loses nothing that it wrote to a file; only a power cut needs `fsync`.
    options = ("fsync=off", "synchronous_commit=on", "max_connections=100")
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-h", ""]
    process = Killable([*command, *(part for o in options for part in ("-c", o))], log, user=user, folder=folder)
    process.start()
    url = f"postgresql+psycopg://test@/postgres?host={folder}"
    try:
        _wait(url)
        yield process, url
    finally:
        process.close()


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with administrator(url) as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return

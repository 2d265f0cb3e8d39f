"""What may be used once, for the processes of one machine: a small file beside what they count.

A proof is good for a minute and asked about with each request, so that it is worth no commit of the database: the
file is not forced to the disk, and what a power cut takes of it was made before the service began again.
"""

import sqlite3
import threading
from pathlib import Path

from access_service.domain.errors import UnavailableError
from access_service.storage.connecting import keep_private

NAME = "used-once.db"
WAIT_S = 1.0
"""How long a claim waits for another's, which takes some microseconds."""
CLEAN_EVERY = 1_000
"""After so many claims what has expired is dropped."""


class UsedBeside:
    """Keys that any of the processes used, each until it would have expired. Safe from any number of threads."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists; only this service writes into it."""
        path = folder / NAME
        keep_private(path)
        self._connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
        self._lock, self._claims = threading.Lock(), 0
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE IF NOT EXISTS used (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
        ):
            self._connection.execute(statement)

    def claim(self, key: str, until: float, now: float) -> bool:
        """True the first time, whichever process asks; instants in seconds since the epoch.

        Raises `UnavailableError` where nobody can say.
        """
        try:
            with self._lock:
                self._claims += 1
                if self._claims % CLEAN_EVERY == 0:
                    self._connection.execute("DELETE FROM used WHERE until <= ?", (now,))
                done = self._connection.execute("INSERT OR IGNORE INTO used VALUES (?, ?)", (key, until))
                return done.rowcount == 1
        except sqlite3.Error as error:
            raise UnavailableError("whether the proof was used before cannot be said now") from error

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

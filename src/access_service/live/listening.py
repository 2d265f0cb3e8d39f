"""The ear of the feed: a thread that hears of other processes' commits and has the watcher look at once.

It only makes a look come sooner. A notice that is lost (the connection broke, or a pooler between gave `LISTEN` to
another's session) costs the poll's interval; one that is invented costs a look at one register.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.storage.db import Database
from access_service.storage.notices import Notice, is_told, listen

AGAIN_S = 0.5, 5.0
"""The first and the longest pause before a connection that broke is made again."""


class Watchful(Protocol):
    """Who looks when told to, and every so often anyway."""

    def advance(self, register: RegisterId) -> int:
        """Look at one register now."""

    def revision(self, register: RegisterId) -> int:
        """Where it stands; 0 for what it keeps nothing of."""


class Listener:
    """Listens until it is closed."""

    def __init__(self, db: Database, watchful: Watchful) -> None:
        self._db, self._watchful = db, watchful
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="revision-ear", daemon=True)
        self.is_listening = False
        """Does the database tell it of commits now?"""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _listen(self) -> None:
        pause = AGAIN_S[0]
        while not self._stop.is_set():
            try:
                listen(self._db, self._hear, self._stop.is_set)
            except UnavailableError:
                pause = AGAIN_S[0] if self.is_listening else min(pause * 2, AGAIN_S[1])
                self.is_listening = False
                self._stop.wait(pause)
        self.is_listening = False

    def _hear(self, notice: Notice | None) -> None:
        if notice is None:
            # What was said before is found by the next look.
            self.is_listening = True
        # Not our own commit, nor one that was seen already, nor of a register of which nothing is kept.
        elif 0 < self._watchful.revision(notice.register) < notice.revision:
            with suppress(AccessServiceError):
                self._watchful.advance(notice.register)


@contextmanager
def listening(db: Database, watchful: Watchful) -> Iterator[Listener | None]:
    """Listen while the block lasts, where the database tells of commits."""
    if not is_told(db):
        yield None
        return
    listener = Listener(db, watchful)
    listener.start()
    try:
        yield listener
    finally:
        listener.close()

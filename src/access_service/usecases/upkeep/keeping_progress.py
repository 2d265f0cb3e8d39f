"""Numbers of units that an act dropped, or whose time is over, are counted beside the requests. No revision."""

import threading
from collections.abc import Callable

from access_service.domain.errors import AccessServiceError
from access_service.domain.names import RegisterId
from access_service.storage.db import Database
from access_service.storage.progress import keep_progress, units_to_count

EVERY_S = 15.0
AT_ONCE = 50
"""Units counted while the register is held: acts wait for no more."""


def keep_all(db: Database) -> int:
    """Count what is missing or whose time is over, in every register; how many units."""
    counted = 0
    for row in db.registers():
        register = RegisterId(str(row["id"]))
        with db.connect() as connection:
            now = db.now_in(connection, register)
        with db.read(register) as reader:
            left = sorted(units_to_count(reader, now))
        for start in range(0, len(left), AT_ONCE):
            with db.noting(register, "service") as tx:
                counted += keep_progress(tx, left[start : start + AT_ONCE], tx.now)
    return counted


class ProgressKeeper:
    """Counts them every so often until it is stopped."""

    def __init__(self, db: Database, failed: Callable[[str], None], every_s: float = EVERY_S) -> None:
        """`failed` hears why a round could not be done; the next one tries again."""
        self._db, self._failed, self._every_s = db, failed, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.round()

    def round(self) -> None:
        """Once."""
        try:
            keep_all(self._db)
        except AccessServiceError as error:
            self._failed(str(error))

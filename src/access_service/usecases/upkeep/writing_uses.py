"""Used rights become days of months, and answers that were not enforced become numbers of a day.

Beside the requests, every minute and at the end. No revision, no event.
"""

import threading
from collections.abc import Callable
from datetime import date

from access_service.domain.errors import AccessServiceError
from access_service.domain.time import local
from access_service.storage.db import Database
from access_service.storage.observed_answers import add_observed
from access_service.storage.uses import add_uses
from access_service.usecases.observed import ObservedAnswers
from access_service.usecases.uses import Uses

EVERY_S = 60.0
"""How long, in seconds, a use waits to be written: a process that is killed loses no more."""


def write_uses(db: Database, uses: Uses, day: date) -> int:
    """Write what was used, as of that day; how many rights. What cannot be written waits, and the error says it."""
    taken = uses.take()
    try:
        for register, grants in taken.items():
            with db.aside() as connection:
                add_uses(connection, register, grants, day)
    except AccessServiceError:
        # Written twice is written once.
        uses.put_back(taken)
        raise
    return sum(map(len, taken.values()))


def write_observed(db: Database, observed: ObservedAnswers, day: date) -> None:
    """Add what was counted to that day; what cannot be written waits, and the error says it."""
    taken = dict(observed.take())
    try:
        for register in list(taken):
            with db.aside() as connection:
                add_observed(connection, register, taken[register], day)
            del taken[register]
    except AccessServiceError:
        observed.put_back(taken)
        raise


class UseWriter:
    """Writes them every so often until it is stopped; then what is left."""

    def __init__(
        self,
        db: Database,
        uses: Uses,
        observed: ObservedAnswers,
        failed: Callable[[str], None],
        every_s: float = EVERY_S,
    ) -> None:
        """`failed` hears why a round could not be done; the next one tries again."""
        self._db, self._uses, self._observed = db, uses, observed
        self._failed, self._every_s = failed, every_s
        self._day = self._today()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uses", daemon=True)

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and write what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.round()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.round()

    def round(self) -> None:
        """Once. Around midnight a use counts for the day before: it is never said to be later than it was."""
        day, self._day = self._day, self._today()
        for write in (
            lambda: write_uses(self._db, self._uses, day),
            lambda: write_observed(self._db, self._observed, day),
        ):
            try:
                write()
            except AccessServiceError as error:
                self._failed(str(error))

    def _today(self) -> date:
        return local(self._db.now()).date()

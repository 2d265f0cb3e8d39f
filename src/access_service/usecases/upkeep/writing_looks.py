"""Looks become events: beside the requests, every half minute and at the end; an operator's export at once."""

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from access_service.domain.audit import Doer, Happening, Json, instant
from access_service.domain.errors import AccessServiceError, NotFoundError
from access_service.domain.names import RegisterId
from access_service.storage.appending import unit_of
from access_service.storage.db import Database, Transaction
from access_service.usecases.looks import Look, Looks, Waiting, Window

EVERY_S = 30.0
"""How long, in seconds, a look waits for its event; a page waits until its ten minutes are over."""
AT_ONCE = 100
"""Most looks and windows in one transaction: nobody else waits long for the register."""
NAMED = 100
"""Most targets and parameters that one event of views names."""
ACTOR = Doer("service")


def record_look(db: Database, look: Look, **details: Json) -> None:
    """Write one look at once, before what was read is handed out. `UnavailableError` where that cannot be."""
    with db.noting(look.register, look.reader) as tx:
        tx.append([_happening(tx, look, details)], tx.before)


def write_looks(db: Database, looks: Looks, *, everything: bool = False) -> int:
    """Write what is due, or everything; how many events. What cannot be written waits on, and the error says it."""
    waiting = looks.take(None if everything else db.now())
    left, written = list(_in_parts(waiting)), 0
    while left:
        register, part = left[0]
        try:
            written += _write(db, register, part)
        except NotFoundError:
            # A register that is gone has no log.
            pass
        except AccessServiceError:
            for _, unwritten in left:
                looks.put_back(unwritten)
            raise
        del left[0]
    return written


def _in_parts(waiting: Waiting) -> Iterator[tuple[RegisterId, Waiting]]:
    """What waits, register by register, in parts that hold it for a short while."""
    registers = {look.register for look in waiting.looks} | {window.register for window in waiting.windows}
    for register in sorted(registers | waiting.lost.keys()):
        looks = [look for look in waiting.looks if look.register == register]
        windows = [window for window in waiting.windows if window.register == register]
        for start in range(0, len(looks), AT_ONCE):
            yield register, Waiting(looks[start : start + AT_ONCE])
        for start in range(0, len(windows), AT_ONCE):
            yield register, Waiting((), windows[start : start + AT_ONCE])
        if register in waiting.lost:
            yield register, Waiting((), (), {register: waiting.lost[register]})


def _write(db: Database, register: RegisterId, waiting: Waiting) -> int:
    with db.noting(register, ACTOR) as tx:
        told = [
            *((look.reader, [_happening(tx, look, {})]) for look in waiting.looks),
            *((window.reader, list(_counted(tx, window))) for window in waiting.windows),
            *((ACTOR, [Happening("read.lost", register, details={"views": n})]) for n in waiting.lost.values()),
        ]
        for doer, happenings in told:
            tx.append(happenings, tx.before, doer=doer)
    return sum(len(happenings) for _, happenings in told)


def _happening(tx: Transaction, look: Look, more: Mapping[str, Json]) -> Happening:
    said: dict[str, Json] = {"at": instant(look.at), "parameters": look.parameters, "file": look.file, **more}
    details = {name: value for name, value in said.items() if value not in ("", None)}
    return Happening(look.action, look.target, details=details, unit=look.unit or unit_of(tx, look.target))


def _counted(tx: Transaction, window: Window) -> Iterator[Happening]:
    """One event a unit: how many views, and of what."""
    units: dict[str, dict[str, int]] = {}
    for (unit, target), views in window.views.items():
        seen = units.setdefault(unit or unit_of(tx, target), {})
        seen[target] = seen.get(target, 0) + views
    for unit, seen in sorted(units.items()):
        targets = sorted(filter(None, seen))
        details: dict[str, Json] = {
            "from": instant(window.began),
            "to": instant(window.until),
            "views": sum(seen.values()),
            "targets": len(targets),
            "of": [*islice(targets, NAMED)],
            "parameters": [*islice(sorted(window.parameters), NAMED)],
        }
        yield Happening(
            window.action, targets[0] if len(targets) == 1 else unit or tx.register, details=details, unit=unit
        )


class LookWriter:
    """Writes them every so often, beside the requests, until it is stopped; then everything that is left."""

    def __init__(self, db: Database, looks: Looks, failed: Callable[[str], None], every_s: float = EVERY_S) -> None:
        """`failed` hears why a round could not be done; the next one tries again."""
        self._db, self._looks, self._failed, self._every_s = db, looks, failed, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looks", daemon=True)

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and write what is left: at a normal stop nothing is lost."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.round(everything=True)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.round()

    def round(self, *, everything: bool = False) -> None:
        """Once."""
        try:
            write_looks(self._db, self._looks, everything=everything)
        except AccessServiceError as error:
            self._failed(str(error))

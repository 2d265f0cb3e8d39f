"""PostgreSQL tells other nodes of a commit at once: what is said is where to look, never what to believe.

A notice is part of the transaction that moves a register, so nobody hears of what was rolled back. It carries the
register and the revision. Whoever hears it looks at the counter; whoever does not, looks a little later.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from access_service.domain.errors import UnavailableError
from access_service.domain.names import RegisterId
from access_service.storage.connecting import QUICK_S
from access_service.storage.db import Database
from access_service.storage.notified import CHANNEL

PROBE_S = 5.0
"""How long nothing may be heard before the connection is asked whether it lives."""
LOOK_UP_S = 0.5
"""How soon an ended block is noticed."""


class Notice(NamedTuple):
    """A register moved."""

    register: RegisterId
    revision: int


def is_told(db: Database) -> bool:
    """Does this database tell of commits? SQLite does not, and needs no telling: a look costs it microseconds."""
    return not db.is_sqlite


def listen(db: Database, heard: Callable[[Notice | None], None], is_over: Callable[[], bool]) -> None:
    """Call `heard` with every notice until `is_over`, over a connection of its own; with None once it listens.

    What was committed before that may have been missed. Raises `UnavailableError` when the connection is lost.
    """
    import psycopg  # noqa: PLC0415 only PostgreSQL pays for the driver

    try:
        raw = _own_connection(db)
    except Exception as error:
        raise UnavailableError("the database cannot be listened to") from error
    try:
        raw.patience_s = QUICK_S
        raw.autocommit = True
        raw.execute(f"LISTEN {CHANNEL}")
        heard(None)
        answered = time.monotonic()
        while not is_over():
            for notice in raw.notifies(timeout=LOOK_UP_S, stop_after=1):
                if (found := read_notice(notice.payload)) is not None:
                    heard(found)
                answered = time.monotonic()
            if time.monotonic() - answered > PROBE_S:
                raw.execute("SELECT 1")
                answered = time.monotonic()
    except psycopg.Error as error:
        raise UnavailableError("the database cannot be listened to") from error
    finally:
        with suppress(psycopg.Error):
            raw.close()


def read_notice(payload: str) -> Notice | None:
    """What was said; None for what none of ours said: anybody with a login may notify."""
    revision, _, register = payload.partition(" ")
    if not (revision.isascii() and revision.isdigit() and len(revision) < 19 and register):  # noqa: PLR2004 bits
        return None
    return Notice(RegisterId(register), int(revision))


def _own_connection(db: Database) -> Any:
    """One that the pool forgets, and that takes none of its places."""
    held = db.engine.raw_connection()
    held.detach()
    return held.dbapi_connection

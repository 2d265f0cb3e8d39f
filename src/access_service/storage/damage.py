"""What this process met of a damaged database: pages that cannot be read, a file that is none.

Nobody looks through every page at every question, so a node that can still count says that it is ready while some
question fails. Whatever read meets the damage, this hears of it, and the node is not ready from then on: a damaged
database is restored, and the node started again. The start reads what decisions rest on (`live.warming`).
"""

import sqlite3
from typing import Any

from sqlalchemy import Engine, event

from access_service.domain.errors import UnavailableError

SQLITE = frozenset({11, 26})
"""SQLITE_CORRUPT, SQLITE_NOTADB."""
POSTGRESQL = frozenset({"XX001", "XX002"})
"""data_corrupted, index_corrupted."""


def is_damage(error: BaseException | None) -> bool:
    """Does the driver say that what is stored cannot be what was written?"""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE
    return getattr(error, "sqlstate", None) in POSTGRESQL


class Damage:
    """Hears of every error of an engine, and remembers the first that was damage."""

    def __init__(self, engine: Engine) -> None:
        """Listen from now on."""
        self.met = ""
        """What the database said; empty as long as nothing was met."""
        event.listen(engine, "handle_error", self._hear)

    def _hear(self, context: Any) -> None:
        error = context.original_exception
        if not self.met and is_damage(error):
            self.met = str(error).splitlines()[0][:200]

    def check(self) -> None:
        """Raise `UnavailableError` where damage was met."""
        if self.met:
            raise UnavailableError("the database is damaged; restore it, and start again")

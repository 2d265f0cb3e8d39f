"""What has had its time: sessions, answers to repeated requests, jobs, once-used values. No fact, paper or event.

Taken away a few hundred rows at a time, each in a short transaction that holds no register, so that nobody waits.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from access_service.storage.connecting import file_of
from access_service.storage.db import Database
from access_service.storage.idempotency import KEPT
from access_service.storage.job_files import JobFiles
from access_service.storage.jobs import files_in_use
from access_service.storage.staging import sweep_aside
from access_service.storage.tables import (
    ChallengeRow,
    DeniedTokenRow,
    IdempotencyRow,
    SessionRow,
    UsedAssertionRow,
    table,
)
from access_service.storage.tables_accounts import KnownSourceRow, ServiceSignInRow
from access_service.storage.tables_acts import JobRow
from access_service.storage.tables_pages import CeremonyRow

AT_ONCE = 500
"""Most rows of one transaction."""
SOURCES_KEPT = timedelta(days=366)
"""How long an address is remembered from which somebody signed in, after the last time."""


def _over(now: datetime) -> Iterator[tuple[str, Table, ColumnElement[bool]]]:
    """Each table's name, the table, and the condition for rows whose time is over."""
    passing = (SessionRow, ServiceSignInRow, DeniedTokenRow, UsedAssertionRow, CeremonyRow, ChallengeRow, JobRow)
    for kind in passing:
        found = table(kind)
        yield found.name, found, found.c.expires_at <= now
    answers, sources = table(IdempotencyRow), table(KnownSourceRow)
    yield answers.name, answers, answers.c.created_at <= now - KEPT
    yield sources.name, sources, sources.c.seen_at <= now - SOURCES_KEPT


def clean(db: Database, now: datetime, files: JobFiles | None = None) -> Mapping[str, int]:
    """Delete rows whose time is over. Returns how many of which table, without tables that lost none.

    With jobs go the files that they made, counted as `files`; what killed imports left beside it, as `staged`.
    """
    done: dict[str, int] = {}
    for name, found, is_over in _over(now):
        while taken := _take(db, found, is_over):
            done[name] = done.get(name, 0) + taken
            if taken < AT_ONCE:
                break
    if db.is_sqlite and (file := file_of(db.url)) is not None and (left := sweep_aside(file)):
        done["staged"] = left
    if files is not None and (swept := files.sweep(files_in_use(db))):
        done["files"] = swept
    return done


def _take(db: Database, found: Table, is_over: ColumnElement[bool]) -> int:
    key: list[Any] = list(found.primary_key.columns)
    with db.aside() as connection:
        rows = connection.execute(select(*key).where(is_over).limit(AT_ONCE)).all()
        if not rows:
            return 0
        values = [tuple(row) for row in rows]
        is_one = key[0].in_([v[0] for v in values]) if len(key) == 1 else tuple_(*key).in_(values)
        return int(connection.execute(delete(found).where(is_one, is_over)).rowcount)

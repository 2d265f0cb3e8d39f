"""An empty database for a backup, whole or not at all; and what of a backup must not come back to life."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from access_service.domain.backups import BackupError
from access_service.domain.names import RegisterId
from access_service.storage import jobs
from access_service.storage.codec import utc
from access_service.storage.connecting import BUSY_TIMEOUT_MS, file_of, keep_private, make_engine, make_folder
from access_service.storage.db import Database
from access_service.storage.migrate import check_known, version_of, wait_for_others
from access_service.storage.schema import metadata
from access_service.storage.tables import ChallengeRow, CredentialRow, SessionRow, table
from access_service.storage.tables_accounts import ServiceSignInRow

_sessions = table(SessionRow)
_handed_on = table(ServiceSignInRow)
_challenges = table(ChallengeRow)
_credentials = table(CredentialRow)
_RUNNING = "a running service or another command uses that database; stop it first"
_FULL = "the database is not empty, and a backup is restored into an empty one only; name a new one"


class Within(Database):
    """A database inside one transaction that somebody else commits: what is done in it counts with the rest."""

    def __init__(self, url: str, clock: Callable[[], datetime], connection: Connection) -> None:
        """`connection` is in its transaction."""
        super().__init__(url, clock)
        self._connection = connection

    @contextmanager
    def connect(self, *, is_quick: bool = False) -> Iterator[Connection]:
        """The one connection, whatever is asked."""
        del is_quick
        yield self._connection

    @contextmanager
    def _begin(self, wait_ms: int = BUSY_TIMEOUT_MS, on: Connection | None = None) -> Iterator[Connection]:
        del wait_ms, on
        yield self._connection


@contextmanager
def empty_database(url: str, before_commit: Callable[[], None] = lambda: None) -> Iterator[Connection]:
    """A transaction on a database without tables; the one that `url` names has what it brings once the block ends.

    Left by an error, or killed, nothing of it stands. Raises `BackupError` for a database that somebody uses, that
    holds something, or that a newer version made. `before_commit` is the last that can still refuse.
    """
    engine = make_engine(url, is_patient=True)
    try:
        path = file_of(engine.url) if engine.url.get_backend_name() == "sqlite" else None
        if engine.url.get_backend_name() == "sqlite":
            if path is None:
                raise BackupError("a backup is restored into a file or into PostgreSQL, not into memory")
            with _file(path, before_commit) as connection:
                yield connection
            return
        with engine.begin() as connection:
            _check_alone(connection)
            wait_for_others(connection)
            check_empty(connection)
            _drop(connection)
            yield connection
            before_commit()
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise BackupError(
            f"the database takes no backup, and nothing was restored: {reason}; mend that and repeat"
        ) from error
    finally:
        engine.dispose()


def database_clock(connection: Connection) -> datetime | None:
    """What the database's own clock says; a file has none."""
    if connection.dialect.name == "sqlite":
        return None
    found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return utc(found)


def check_empty(connection: Connection) -> None:
    """Raise unless the database holds nothing, and was not made by a newer version."""
    found = version_of(connection)
    if found is not None:
        check_known(found)
    present = set(inspect(connection).get_table_names())
    ours = [t for name, t in metadata.tables.items() if name in present]
    if connection.dialect.name == "postgresql" and ours:
        # From here to the commit nobody founds a register in it.
        names = ", ".join(f'"{t.name}"' for t in ours)
        connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    if any(connection.execute(select(text("1")).select_from(t).limit(1)).first() for t in ours):
        raise BackupError(_FULL)


def _drop(connection: Connection) -> None:
    """Tables that a migration made and nobody used: the backup's own schema takes their place."""
    metadata.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def check_nobody_else(db: Database) -> None:
    """Raise where a service uses the database; of a file nobody can tell, and its writes wait for one another."""
    if not db.is_sqlite:
        with db.engine.connect() as connection:
            _check_alone(connection)


def _check_alone(connection: Connection) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    if connection.execute(others).scalar_one():
        raise BackupError(_RUNNING)


@contextmanager
def _file(path: Path, before_commit: Callable[[], None]) -> Iterator[Connection]:
    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    engine = make_engine(f"sqlite:///{beside}", is_patient=True)
    try:
        with _held(path) as is_there:
            with engine.begin() as connection:
                yield connection
            raw = engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()
            engine.dispose()
            _sync(beside)
            before_commit()
            if is_there:
                beside.replace(path)
            else:
                try:
                    os.link(beside, path)
                except FileExistsError:
                    raise BackupError(_FULL) from None
            _sync(path.parent)
    finally:
        engine.dispose()
        for suffix in ("", "-wal", "-shm", "-journal"):
            beside.with_name(beside.name + suffix).unlink(missing_ok=True)


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Is there a file? An empty one is held, so that nobody opens it while another takes its place."""
    if not path.exists():
        yield False
        return
    keep_private(path)
    raw = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        try:
            raw.execute("PRAGMA locking_mode=EXCLUSIVE")
            raw.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise BackupError(_RUNNING) from None
        except sqlite3.DatabaseError:
            raise BackupError(f"`{path.name}` is there and no database; name a new file") from None
        _check_file(raw)
        raw.execute("COMMIT")
        raw.execute("PRAGMA journal_mode=DELETE")
        raw.execute("BEGIN EXCLUSIVE")
        yield True
    finally:
        raw.close()


def _check_file(raw: sqlite3.Connection) -> None:
    present = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if "alembic_version" in present:
        for (found,) in raw.execute("SELECT version_num FROM alembic_version"):
            check_known(found)
        present.remove("alembic_version")
    for name in present:
        if raw.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone():  # noqa: S608 a name of its own schema
            raise BackupError(_FULL)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Ended:
    """What was open in the backup and is not any more."""

    sessions: int
    codes: tuple[str, ...]
    """Accounts whose activation code nobody had used."""


def end_what_was_open(connection: Connection, register: RegisterId) -> Ended:
    """End all that was open: nobody knows what of it was closed or used after the backup was made."""
    columns = _credentials.c
    waiting = (columns.register_id == register) & columns.activation_sha256.is_not(None)
    accounts = connection.execute(select(columns.account).where(waiting).order_by(columns.account)).scalars()
    codes = tuple(accounts)
    connection.execute(update(_credentials).where(waiting).values(activation_sha256=None, activation_until=None))
    connection.execute(delete(_challenges).where(_challenges.c.register_id == register))
    jobs.drop_all(connection, register)
    connection.execute(delete(_handed_on).where(_handed_on.c.register_id == register))
    ended = connection.execute(delete(_sessions).where(_sessions.c.register_id == register))
    return Ended(ended.rowcount, codes)

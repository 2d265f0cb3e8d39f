"""Rows put aside before a register is locked, so that under the lock the database only moves them.

Over SQLite they stand in a file of its own beside the database, which takes none of the database's locks; its name
is gone as soon as it is open, so that whoever is killed leaves nothing. Over PostgreSQL they stand in temporary
tables of the transaction that moves them, which begins long before it takes the register: a pooler that gives each
transaction another session may stand between. Either way they are the connection's alone, and the move is made on
it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Dialect, Table, column, insert, literal, literal_column, select
from sqlalchemy import table as named
from sqlalchemy.exc import DBAPIError

from access_service.domain.errors import UnavailableError
from access_service.storage.bulk import REVISION, ReadyRows
from access_service.storage.connecting import keep_private, which_file

_ASIDE = ".staged-"
"""Between the database's file and a random part, in the name of a file of rows."""
PRAGMAS = ("journal_mode=OFF", "synchronous=OFF")
"""Of a file of rows: nothing of it has to survive anything."""
_SCHEMA = {"sqlite": "staged", "postgresql": "pg_temp"}


@dataclass(frozen=True, slots=True)
class StagedRows:
    """Rows of one table that stand aside."""

    table: Table
    columns: tuple[str, ...]
    stamps: Mapping[str, timedelta]
    """As of `ReadyRows`."""
    parts: tuple[tuple[str, int], ...]
    """The tables that they stand in, and how many in each: no statement moves more than one part."""

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(count for _, count in self.parts)


class Staging:
    """A place for rows on a connection of its own (`Database.staging`)."""

    def __init__(self, connection: Connection, file: Path | None = None) -> None:
        """The place is there already. `file` is the database's, where it has one."""
        self.connection = connection
        self._file, self._opened = file, None if file is None else which_file(file)
        self._tables = 0

    def check_place(self) -> None:
        """Raise `UnavailableError` where another file was put in the place of the database that is open here."""
        if self._file is not None and which_file(self._file) != self._opened:
            raise UnavailableError("another file stands in the place of the database; nothing was stored")

    def put(self, ready: ReadyRows, chunk: int) -> StagedRows:
        """Put rows aside, so many to a part. Raises `UnavailableError` where there is no room."""
        rows, parts = iter(ready.rows), list[tuple[str, int]]()
        while some := list(islice(rows, chunk)):
            self._tables += 1
            part = f"staged_{self._tables}"
            with _told():
                if self.connection.dialect.name == "sqlite":
                    self._insert(part, ready, some)
                else:
                    self._copy(part, ready, some)
            parts.append((part, len(some)))
        return StagedRows(ready.table, ready.columns, ready.stamps, tuple(parts))

    def _insert(self, part: str, ready: ReadyRows, rows: list[tuple[Any, ...]]) -> None:
        columns, marks = self._names(ready.columns), ",".join("?" * len(ready.columns))
        place = f"{_SCHEMA['sqlite']}.{part}"
        with self.connection.begin():
            # Without types: each value stays what the driver was handed.
            self.connection.exec_driver_sql(f"CREATE TABLE {place} ({columns})")
            self.connection.exec_driver_sql(f"INSERT INTO {place} VALUES ({marks})", rows)  # noqa: S608 our own names

    def _copy(self, part: str, ready: ReadyRows, rows: list[tuple[Any, ...]]) -> None:
        columns, source = self._names(ready.columns), self._names([ready.table.name])
        dialect = self.connection.dialect
        self.connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE {part} ON COMMIT DROP AS SELECT {columns} FROM {source} WHERE false"  # noqa: S608
        )
        driver: Any = self.connection.connection.dbapi_connection
        try:
            with driver.cursor() as cursor, cursor.copy(f"COPY pg_temp.{part} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except dialect.loaded_dbapi.Error as error:
            raise UnavailableError(_NO_ROOM) from error

    def _names(self, columns: Any) -> str:
        quote = self.connection.dialect.identifier_preparer.quote
        return ",".join(map(quote, columns))


_NO_ROOM = "the rows could not be put aside (is the disk full?); nothing was stored"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise UnavailableError(_NO_ROOM) from error


@contextmanager
def place_aside(connection: Connection, file: Path | None) -> Iterator[Staging]:
    """A place for rows that ends with the block; `file` is the database's, None where it has none.

    A connection to a SQLite file belongs to no pool any more afterwards. One to PostgreSQL is in its transaction.
    """
    if connection.dialect.name != "sqlite":
        connection.begin()
        yield Staging(connection)
        return
    raw: Any = connection.connection.dbapi_connection
    if file is None:
        raw.execute(f"ATTACH ':memory:' AS {_SCHEMA['sqlite']}")
        try:
            yield Staging(connection)
        finally:
            raw.execute(f"DETACH {_SCHEMA['sqlite']}")
        return
    connection.detach()
    sweep_aside(file)
    path = file.with_name(f"{file.name}{_ASIDE}{token_hex(8)}")
    try:
        keep_private(path)
        raw.execute(f"ATTACH ? AS {_SCHEMA['sqlite']}", (str(path),))
    except (OSError, connection.dialect.loaded_dbapi.Error) as error:
        raise UnavailableError(_NO_ROOM) from error
    finally:
        # What is open stays readable without a name, and goes with whoever has it open.
        path.unlink(missing_ok=True)
    for pragma in PRAGMAS:
        raw.execute(f"PRAGMA {_SCHEMA['sqlite']}.{pragma}")
    yield Staging(connection, file)


def sweep_aside(file: Path) -> int:
    """Take away the files of those who were killed between making one and opening it. Returns how many."""
    found = list(file.parent.glob(f"{file.name}{_ASIDE}*"))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def insert_staged(connection: Connection, staged: StagedRows, revision: int, now: datetime) -> Iterator[int]:
    """Move the rows to their table, known from that revision and instant on; yields how many are in."""
    done = 0
    for part, count in staged.parts:
        connection.execute(_move(connection.dialect, staged, part, revision, now))
        done += count
        yield done


def _move(dialect: Dialect, staged: StagedRows, part: str, revision: int, now: datetime) -> Any:
    """What only the lock can tell, the revision and the instant, stands in the statement and not in the rows."""
    columns = staged.table.columns
    known = {name: _written(dialect, columns[name].type, now + later) for name, later in staged.stamps.items()}
    if REVISION in columns:
        known[REVISION] = str(int(revision))
    source = named(part, *map(column, staged.columns), schema=_SCHEMA[dialect.name])
    rows = select(*source.columns, *map(literal_column, known.values()))
    return insert(staged.table).from_select([*staged.columns, *known], rows, include_defaults=False)


def _written(dialect: Dialect, kind: Any, value: datetime) -> str:
    """The instant as the database's own literal."""
    return str(literal(value, kind).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

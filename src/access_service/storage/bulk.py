"""Rows made ready before a register is locked: under the lock they are handed to the driver as they are.

Making a row and its parameters takes twice as long as the database takes to insert it. What only the lock can tell,
the revision and the instant, stands in the statement and not in the rows, and is written there when it is known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, literal, literal_column

REVISION = "from_rev"
"""The column of every fact that says from which revision on it is known."""

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ReadyRows:
    """Rows of one table as the driver takes them."""

    table: Table
    columns: tuple[str, ...]
    """What stands in each row, in this order."""
    stamps: Mapping[str, timedelta]
    """Columns that hold the instant of the transaction, and how much later than it."""
    rows: list[tuple[Any, ...]]


def make_ready(
    dialect: Dialect, table: Table, rows: Iterable[Mapping[str, Any]], stamps: Mapping[str, timedelta]
) -> ReadyRows:
    """The rows as parameters, all of the same columns, without the revision and what stands in `stamps`."""
    source = iter(rows)
    first = next(source, None)
    given = {} if first is None else first
    columns = tuple(c.name for c in table.columns if c.name in given and c.name not in {REVISION, *stamps})
    converts = [(name, _converter(dialect, table, name)) for name in columns]
    made = [
        tuple([row[n] if convert is None else convert(row[n]) for n, convert in converts])
        for row in chain([] if first is None else [first], source)
    ]
    return ReadyRows(table, columns, dict(stamps), made)


def insert_ready(
    connection: Connection, ready: ReadyRows, revision: int, now: datetime, chunk: int
) -> Iterator[int]:
    """Insert the rows, known from that revision and instant on, some at a time; yields how many are in."""
    if not ready.rows:
        return
    statement = _statement(connection.dialect, ready, revision, now)
    for start in range(0, len(ready.rows), chunk):
        rows = ready.rows[start : start + chunk]
        connection.exec_driver_sql(statement, rows)
        yield start + len(rows)


def _converter(dialect: Dialect, table: Table, column: str) -> _Convert | None:
    """How a value of that column is handed to the driver; None: as it is. Days and instants come more than once."""
    kind = table.columns[column].type
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    if convert is None or not issubclass(kind.python_type, date):
        return convert
    return lru_cache(maxsize=4096)(convert)


def _statement(dialect: Dialect, ready: ReadyRows, revision: int, now: datetime) -> str:
    columns = ready.table.columns
    known = {name: _written(dialect, columns[name].type, now + later) for name, later in ready.stamps.items()}
    if REVISION in columns:
        known[REVISION] = str(int(revision))
    values: dict[str, Any] = {name: bindparam(name) for name in ready.columns}
    values |= {name: literal_column(text) for name, text in known.items()}
    compiled = insert(ready.table).inline().values(values).compile(dialect=_by_position(dialect))
    order: list[str] | None = getattr(compiled, "positiontup", None)
    if order is None or tuple(order) != ready.columns:
        raise RuntimeError(f"the columns of {ready.table.name} stand in another order")
    return str(compiled)


def _written(dialect: Dialect, kind: Any, value: datetime) -> str:
    """The instant as the database's own literal."""
    return str(literal(value, kind).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _by_position(dialect: Dialect) -> Dialect:
    """The dialect, with parameters by position: rows are tuples, which take a third of what dictionaries take."""
    by_position: Callable[..., Dialect] = type(dialect)
    return dialect if dialect.positional else by_position(paramstyle="format")

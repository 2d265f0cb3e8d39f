"""Rows made ready before a register is locked, as the driver takes them; `storage.staging` puts them aside.

Making a row and its parameters takes twice as long as the database takes to insert it. What only the lock can tell,
the revision and the instant, does not stand in them: it is written when they are moved.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table

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
    rows: Iterable[tuple[Any, ...]]
    """Made as they are taken, once: a province is never in memory as rows."""


def make_ready(
    dialect: Dialect, table: Table, rows: Iterable[Mapping[str, Any]], stamps: Mapping[str, timedelta]
) -> ReadyRows:
    """The rows as parameters, all of the same columns, without the revision and what stands in `stamps`."""
    source = iter(rows)
    first = next(source, None)
    given = {} if first is None else first
    columns = tuple(c.name for c in table.columns if c.name in given and c.name not in {REVISION, *stamps})
    converts = [(name, _converter(dialect, table, name)) for name in columns]
    made = (
        tuple([row[n] if convert is None else convert(row[n]) for n, convert in converts])
        for row in chain([] if first is None else [first], source)
    )
    return ReadyRows(table, columns, dict(stamps), made)


def _converter(dialect: Dialect, table: Table, column: str) -> _Convert | None:
    """How a value of that column is handed to the driver; None: as it is. Days and instants come more than once."""
    kind = table.columns[column].type
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    if convert is None or not issubclass(kind.python_type, date):
        return convert
    return lru_cache(maxsize=4096)(convert)

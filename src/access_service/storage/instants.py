"""Instants as columns hold them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table
from sqlmodel.sql.sqltypes import UTCDateTime


class SharedInstant(UTCDateTime):
    """An aware instant, read once: the same ones (a decision, a school year, an import) stand in row after row."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """As the type's own, which it asks for an instant that it does not remember."""
        made = super().result_processor(dialect, coltype)
        return None if made is None else lru_cache(INSTANTS_KEPT)(made)


INSTANTS_KEPT = 16_384
INSTANT = SharedInstant()
"""One for every column, so that all of them remember together."""


def share_instants(table: Table) -> Table:
    """The table, its columns of instants of this type."""
    for column in table.columns:
        if isinstance(column.type, UTCDateTime):
            column.type = INSTANT
    return table

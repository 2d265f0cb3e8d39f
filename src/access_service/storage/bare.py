"""A statement that is asked for every account: made, written as text and numbered once, then handed to the driver.

SQLAlchemy looks for the text of a long statement among those that it remembers by comparing all its parts, and
hands every cell of a row through a processor. A decision from cold feels both (docs/benchmarks.md).
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Compiled, Connection, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Load = Callable[[Any], Any]
"""From what the driver gives to what stands in a field."""


class _Text:
    """The statement in the words of one kind of database."""

    def __init__(self, asked: Compiled, dialect: Dialect, types: Sequence[TypeEngine[Any]]) -> None:
        if not isinstance(asked, SQLCompiler):
            raise TypeError("a statement is written in SQL")
        self.text = str(asked)
        self.said: dict[str, Any] = dict(asked.params)
        self.order = asked.positiontup
        # One for each type: instants remember what they read, and all columns of them remember together.
        made = {type_: type_.dialect_impl(dialect).result_processor(dialect, None) for type_ in set(types)}
        self.loads: list[Load | None] = [made[type_] for type_ in types]


class Bare:
    """One statement for any connection. Its cells are as the driver gives them: `loads` reads them."""

    def __init__(self, asked: Executable, types: Sequence[TypeEngine[Any]]) -> None:
        """`types` of its columns. What is said must be text or numbers, which every driver takes as they are."""
        self._asked = asked
        self._types = types
        self._texts: dict[tuple[str, str], _Text] = {}

    def _text(self, connection: Connection) -> _Text:
        dialect = connection.dialect
        key = (dialect.name, dialect.driver)
        found = self._texts.get(key)
        if found is None:
            made = self._asked.compile(dialect=dialect)  # type: ignore[attr-defined]
            found = self._texts.setdefault(key, _Text(made, dialect, self._types))
        return found

    def loads(self, connection: Connection) -> Sequence[Load | None]:
        """How each column's cells are read; None: as they are."""
        return self._text(connection).loads

    def rows(self, connection: Connection, said: dict[str, Any]) -> Sequence[Any]:
        """Every row."""
        text = self._text(connection)
        whole = text.said | said
        if text.order is None:
            return connection.exec_driver_sql(text.text, whole).all()
        return connection.exec_driver_sql(text.text, tuple([whole[name] for name in text.order])).all()


def then(first: Load | None, second: Load | None) -> Load | None:
    """Both, one after the other; nothing is read of an empty cell."""
    if first is None or second is None:
        return first or second

    def both(cell: Any) -> Any:
        read = first(cell)
        return None if read is None else second(read)

    return both

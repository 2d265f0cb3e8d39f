"""The same question twice in one look is asked once: rules and pages ask for what they need, each for itself.

A page asks some hundred small questions, a third of them a second time: the unit's custody for its card,
for what the caller may do there and for what waits.
"""

from collections.abc import Callable, Collection, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection

from access_service.domain.names import RegisterId
from access_service.storage.facts import Reader

T = TypeVar("T")


class OnceReader(Reader):
    """A reader that remembers its answers; for a transaction that writes nothing. It lives as long as that."""

    def __init__(self, connection: Connection, register: RegisterId, known_at: int | None = None) -> None:
        """As of a `Reader`."""
        super().__init__(connection, register, known_at)
        self._answers_known: dict[Hashable, Any] = {}

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """As of a `Reader`. The list is the asker's own."""
        if where:
            return super().find(value_type, *where, **equals)
        key = (value_type, tuple((name, _hashable(equals[name])) for name in sorted(equals)))
        found: list[T] | None = self._answers_known.get(key)
        if found is None:
            found = self._answers_known[key] = super().find(value_type, **equals)
        return found.copy()

    def read_ahead(self, value_type: type[Any], column: str, wanted: Collection[str]) -> None:
        """One question for all of them, in place of one each."""
        groups: dict[str, list[Any]] = {value: [] for value in wanted}
        for fact in super().find(value_type, **{column: list(wanted)}):
            groups[getattr(fact, column)].append(fact)
        for value, found in groups.items():
            self._answers_known.setdefault((value_type, ((column, value),)), found)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """As of a `Reader`."""
        if key not in self._answers_known:
            self._answers_known[key] = read()
        found: T = self._answers_known[key]
        return found


def _hashable(value: object) -> Hashable:
    return frozenset(value) if isinstance(value, list | tuple | set | frozenset) else value

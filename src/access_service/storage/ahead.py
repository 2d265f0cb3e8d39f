"""Reading much at once: whole groups of facts ahead of the questions about them, each fact decoded once.

Whoever goes through a register in batches (the matrix, batches of units) asks for the duties of a unit, then for
the same duties by id, by person, by position, and so on for accounts, classes, people. The questions stay where
they are; their answers come from what was read, and only what is missing is read besides.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection

from access_service.domain.names import RegisterId
from access_service.storage.facts import Reader

T = TypeVar("T")


class AheadReader(Reader):
    """A reader that remembers; for a transaction that writes nothing. `forget` ends a batch."""

    def __init__(self, connection: Connection, register: RegisterId, known_at: int | None = None) -> None:
        """As of a `Reader`."""
        super().__init__(connection, register, known_at)
        self._groups: dict[type[Any], dict[str, dict[object, list[Any]]]] = {}
        """By type and column: for each value whose facts are all known, those facts."""
        self._by_id: dict[type[Any], dict[str, Any]] = {}
        """By type: the fact with an id, None where there is none."""

    def read_ahead(self, value_type: type[Any], column: str, wanted: Collection[str]) -> None:
        """Read every fact of the type whose column has one of these values."""
        found = super().find(value_type, **{column: list(wanted)})
        groups = self._groups.setdefault(value_type, {}).setdefault(column, {})
        groups.update({value: [] for value in wanted})
        for fact in found:
            groups[getattr(fact, column)].append(fact)
        self._by_id.setdefault(value_type, {}).update({fact.id: fact for fact in found})

    def forget(self) -> None:
        """Forget what was read."""
        self._groups.clear()
        self._by_id.clear()

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """As of a `Reader`."""
        if where:
            return super().find(value_type, *where, **equals)
        groups = self._groups.get(value_type, {})
        for column, known in groups.items():
            wanted = _wanted(equals[column]) if column in equals else None
            if wanted is not None and all(value in known for value in wanted):
                self.asked += 1
                fits = _fits({name: value for name, value in equals.items() if name != column})
                found = (fact for value in wanted for fact in known[value] if fits(fact))
                return sorted(found, key=lambda fact: str(fact.id))
        if list(equals) == ["id"]:
            return self._with_ids(value_type, _wanted(equals["id"]))
        if groups:
            # Most of them are known: their ids are few bytes, and nothing is decoded for them.
            return self._with_ids(value_type, self.find_ids(value_type, **equals))
        return super().find(value_type, **equals)

    def _with_ids(self, value_type: type[T], ids: Iterable[Any]) -> list[T]:
        self.asked += 1
        known = self._by_id.setdefault(value_type, {})
        wanted = sorted(set(ids))
        missing = [id_ for id_ in wanted if id_ not in known]
        if missing:
            known.update(dict.fromkeys(missing))
            known.update({fact.id: fact for fact in super().find(value_type, id=missing)})  # type: ignore[attr-defined]
        return [fact for id_ in wanted if (fact := known[id_]) is not None]


def _wanted(value: object) -> Collection[object]:
    return set(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _fits(equals: dict[str, object]) -> Callable[[Any], bool]:
    """Does a fact have these values? As `Reader.find` understands them."""
    wanted = {name: _wanted(value) for name, value in equals.items()}
    return lambda fact: all(getattr(fact, name) in values for name, values in wanted.items())

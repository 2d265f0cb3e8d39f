"""The ground that an import's rules stand on: the register's facts and the rows read so far, found by attributes.

The same rules as for acts ask here. What they ask for is indexed when they first ask, and what is looked up in the
register once is not looked up again, so that an import takes time in proportion to its rows.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import product
from typing import Any, TypeVar

from access_service.domain.org import Assignment
from access_service.domain.time import local
from access_service.storage.facts import Reader

T = TypeVar("T")
_MANY = (list, tuple, set, frozenset)
_TELLING = {"unit": 1, "person": 2, "account": 2, "document": 2, "id": 3}
"""Which attribute to ask the register by, where several are named: the one that few facts share."""


class ImportFacts:
    """Facts of the register together with new ones (`domain.facts.Facts`)."""

    def __init__(self, reader: Reader) -> None:
        """Reads nothing before it is asked."""
        self._reader = reader
        self._held: dict[type[Any], dict[str, Any]] = {}
        self._indexes: dict[type[Any], dict[tuple[str, ...], dict[tuple[Any, ...], list[Any]]]] = {}
        self._whole: set[type[Any]] = set()
        self._asked: set[tuple[type[Any], str, Any]] = set()

    def add(self, value: Any) -> None:
        """Add a fact that the rows bring; the first one with an id stands."""
        kind = type(value)
        held = self._held.setdefault(kind, {})
        if value.id in held:
            return
        held[value.id] = value
        for names, index in self._indexes.get(kind, {}).items():
            index.setdefault(tuple(getattr(value, name) for name in names), []).append(value)

    def forget(self) -> None:
        """Nothing is asked any more: what was read and added takes no place."""
        self._held.clear()
        self._indexes.clear()
        self._asked.clear()

    def read(self, kind: type[T], /, **equals: Collection[Any]) -> list[T]:
        """Many at once from the register, by one attribute, or all of that type; they are never read again."""
        found = self._reader.find(kind, **equals)
        if not equals:
            self._whole.add(kind)
        for name, wanted in equals.items():
            self._asked.update((kind, name, value) for value in wanted)
        for value in found:
            self.add(value)
        return found

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        self._learn(value_type, {"id": id_})
        found: T | None = self._held.get(value_type, {}).get(id_)
        return found

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        """Values whose attributes equal what is named (a list or set: any of them), ordered by id."""
        if not equals:
            self._learn(value_type, {})
            return sorted(self._held.get(value_type, {}).values(), key=_id)
        names = tuple(sorted(equals))
        found: list[T] = []
        for key in product(*(_each(equals[name]) for name in names)):
            self._learn(value_type, dict(zip(names, key, strict=True)))
            found += self._index(value_type, names).get(key, ())
        return sorted(found, key=_id) if len(found) > 1 else found

    def _learn(self, kind: type[Any], equals: dict[str, Any]) -> None:
        """Read what the register has of it, unless that was read before."""
        if kind in self._whole or any((kind, name, value) in self._asked for name, value in equals.items()):
            return
        if not equals or not self._reader.has_any(kind):
            self.read(kind)
            return
        name = max(equals, key=lambda name: _TELLING.get(name, 0))
        self.read(kind, **{name: [equals[name]]})

    def _index(self, kind: type[Any], names: tuple[str, ...]) -> dict[tuple[Any, ...], list[Any]]:
        indexes = self._indexes.setdefault(kind, {})
        index = indexes.get(names)
        if index is None:
            index = indexes[names] = {}
            for value in self._held.get(kind, {}).values():
                index.setdefault(tuple(getattr(value, name) for name in names), []).append(value)
        return index


def _each(wanted: object) -> Iterable[Any]:
    """One value, or every different one of several."""
    return dict.fromkeys(wanted) if isinstance(wanted, _MANY) else (wanted,)


def _id(value: Any) -> str:
    id_: str = value.id
    return id_


class DecidedByThen:
    """Facts as they could be known at an instant of the past: without duties that were decided later."""

    def __init__(self, facts: ImportFacts, at: datetime) -> None:
        """`at` is the instant that is judged."""
        self._facts = facts
        self._day = local(at).date()

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        """Values whose attributes equal what is named, ordered by id."""
        return [value for value in self._facts.find(value_type, **equals) if self._is_decided(value)]

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        found = self._facts.get(value_type, id_)
        return found if found is not None and self._is_decided(found) else None

    def _is_decided(self, value: object) -> bool:
        return not isinstance(value, Assignment) or value.decision_date <= self._day

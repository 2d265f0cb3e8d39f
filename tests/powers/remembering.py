"""Facts of a register in memory, so that acts which are refused do not ask the database for the same rows again.

A game tries some twenty acts for one that changes anything. What is known now is read once for each type of fact
and found there until something of that type is put. The past, and what a transaction has put itself, is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from access_service.storage.facts import CODECS, Reader, Writer
from access_service.storage.staging import StagedRows

_MANY = (list, tuple, set, frozenset)


class _Memory:
    """Every fact of one type, and where each stands by its id and by what is often asked."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self._by: dict[str, dict[Any, list[Any]]] = {}

    def find(self, equals: dict[str, Any]) -> list[Any]:
        found = self.values
        for order, (name, wanted) in enumerate(equals.items()):
            many = isinstance(wanted, _MANY)
            if order == 0 and not many:
                found = self._index(name).get(wanted, [])
            elif many:
                found = [v for v in found if getattr(v, name) in wanted]
            else:
                found = [v for v in found if getattr(v, name) == wanted]
        return list(found)

    def _index(self, name: str) -> dict[Any, list[Any]]:
        if name not in self._by:
            index: dict[Any, list[Any]] = {}
            for value in self.values:
                index.setdefault(getattr(value, name), []).append(value)
            self._by[name] = index
        return self._by[name]


@contextmanager
def facts_remembered() -> Iterator[None]:
    """Readers find in memory what they would find in the database."""
    kept = Reader.find, Writer.add, Writer._close, Writer.insert
    kinds = {codec.table: kind for kind, codec in CODECS.items()}
    known: WeakKeyDictionary[Any, dict[tuple[Any, type], _Memory]] = WeakKeyDictionary()

    def of(reader: Reader) -> dict[tuple[Any, type], _Memory]:
        return known.setdefault(reader.connection.engine, {})

    def find(self: Reader, value_type: type[Any], *where: Any, **equals: Any) -> list[Any]:
        is_own = value_type in getattr(self, "_has_put", ())
        if where or self.known_at is not None or is_own or not _are_attributes(value_type, equals):
            return kept[0](self, value_type, *where, **equals)
        self.asked += 1
        memory, key = of(self), (self.register, value_type)
        if key not in memory:
            memory[key] = _Memory(kept[0](self, value_type))
        return memory[key].find(equals)

    def forget(self: Writer, value_type: type[Any]) -> None:
        of(self).pop((self.register, value_type), None)
        put: set[type[Any]] = getattr(self, "_has_put", set())
        self._has_put = put | {value_type}  # type: ignore[attr-defined]

    def add(self: Writer, value_type: type[Any], values: Any) -> None:
        forget(self, value_type)
        kept[1](self, value_type, values)

    def close(self: Writer, value_type: type[Any], ids: list[str]) -> None:
        forget(self, value_type)
        kept[2](self, value_type, ids)

    def insert(self: Writer, staged: StagedRows) -> Iterator[int]:
        if staged.table in kinds:
            forget(self, kinds[staged.table])
        return kept[3](self, staged)

    Reader.find, Writer.add, Writer._close = find, add, close  # type: ignore[method-assign, assignment]
    Writer.insert = insert  # type: ignore[method-assign]
    try:
        yield
    finally:
        Reader.find, Writer.add, Writer._close, Writer.insert = kept  # type: ignore[method-assign]


def _are_attributes(value_type: type[Any], names: dict[str, Any]) -> bool:
    return all(name in value_type.__dataclass_fields__ for name in names) and value_type in CODECS

"""Domain values to rows and back, from their type hints. Sets become sorted JSON lists, scopes JSON objects."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from sqlalchemy import Table

T = TypeVar("T")
Convert = Callable[[Any], Any]
_KEPT = 4_096
"""Frozen values that a field remembers by their text: levels, subjects, a scope that two facts share."""


def dump_scope_json(value: Any) -> Any:
    """A frozen value (a set, a pair, a scope) as plain JSON: sets sorted, absent axes left out."""
    if isinstance(value, frozenset):
        return sorted(dump_scope_json(item) for item in value)
    if isinstance(value, tuple):
        return list(value)
    if is_dataclass(value):
        items = ((f.name, getattr(value, f.name)) for f in fields(value))
        return {name: dump_scope_json(item) for name, item in items if item is not None}
    return value


def _dump_json(value: Any) -> str:
    return json.dumps(dump_scope_json(value), ensure_ascii=False, separators=(",", ":"))


def _from_json(hint: Any) -> Convert:
    """From plain JSON to the hinted type: sets of words or pairs, and dataclasses of those."""
    hint, _ = _without_none(hint)
    if get_origin(hint) is frozenset:
        item = _from_json(get_args(hint)[0])
        return lambda value: frozenset(item(v) for v in value)
    if get_origin(hint) is tuple:
        return tuple
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        parts = {f.name: _from_json(hints[f.name]) for f in fields(hint)}
        return lambda value: hint(**{name: parts[name](item) for name, item in value.items()})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Members(hint).__getitem__
    return lambda value: value


class _Members(dict[str, StrEnum]):
    """The members of an enum by their value: looking one up is cheaper than calling the enum."""

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__({str(member): member for member in kind})
        self._kind = kind

    def __missing__(self, value: str) -> StrEnum:
        """Let the enum say what is wrong."""
        return self._kind(value)


def _without_none(hint: Any) -> tuple[Any, bool]:
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) in (Union, UnionType):
        args = [a for a in get_args(hint) if a is not NoneType]
        return getattr(args[0], "__supertype__", args[0]), True
    return hint, False


def utc(value: datetime) -> datetime:
    """The instant as the database hands it out: aware, UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _converters(hint: Any) -> tuple[Convert | None, Convert | None]:
    """(dump, load) for one field; None where the value passes as it is."""
    hint, _ = _without_none(hint)
    if get_origin(hint) is frozenset or is_dataclass(hint):
        load = _from_json(hint)
        return _dump_json, lru_cache(_KEPT)(lambda text: load(msgspec.json.decode(text)))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str, _Members(hint).__getitem__
    if hint in (str, int, bool, date, datetime):
        return None, None
    raise RuntimeError(f"no way to store {hint!r}")


class Codec(Generic[T]):
    """How values of one class stand in one table. Columns that the value lacks (`valid_from`) are filled."""

    def __init__(
        self, value_type: type[T], table: Table, derived: Mapping[str, Callable[[T], str]] | None = None
    ) -> None:
        """`value_type` is a frozen dataclass whose fields are columns of `table`.

        `derived` fills columns that repeat part of a field, to be found by; they are never read back.
        """
        self.value_type = value_type
        self.table = table
        self._derived = dict(derived or {})
        hints = get_type_hints(value_type)
        self._fields = [(f.name, *_converters(hints[f.name])) for f in fields(value_type)]  # type: ignore[arg-type]
        missing = [name for name, _, _ in self._fields if name not in table.columns]
        if missing:
            raise RuntimeError(f"{table.name} lacks {missing}")
        columns = list(table.columns.keys())
        self._places = [(columns.index(name), load) for name, _, load in self._fields]
        """Where each field stands in a row of the whole table, in the order of the fields."""
        self.fills_valid_from = not any(name == "valid_from" for name, _, _ in self._fields)
        """Has the value no such field? Then it is valid from the instant that it is recorded."""

    def row(self, value: T, register: str, revision: int, now: datetime) -> dict[str, Any]:
        """The row that makes `value` known from `revision` on."""
        row: dict[str, Any] = {"register_id": register, "from_rev": revision, "to_rev": None}
        if self.fills_valid_from:
            row["valid_from"] = now
        for name, dump, _ in self._fields:
            item = getattr(value, name)
            row[name] = item if item is None or dump is None else dump(item)
        for name, part in self._derived.items():
            row[name] = part(value)
        return row

    def values(self, rows: Iterable[Sequence[Any]]) -> Iterator[T]:
        """The values in rows of the whole table, as `select(table)` gives them: no cell is found by name."""
        make, places = self.value_type, self._places
        for row in rows:
            yield make(
                *[item if (item := row[place]) is None or load is None else load(item) for place, load in places]
            )

    def value(self, row: Mapping[str, Any]) -> T:
        """The value in a row."""
        return self.value_type(
            **{
                name: item if (item := row[name]) is None or load is None else load(item)
                for name, _, load in self._fields
            }
        )

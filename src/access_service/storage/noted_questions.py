"""What was asked of a register: whoever comes back with what they made of the answers sees whether these stand.

A fact that changed matters where some question could have found it, before the change or after it: a question names
columns, and a row that has another value in one of them is not among its answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult

from access_service.domain.names import RegisterId
from access_service.storage.codec import Codec
from access_service.storage.facts import CODECS, Reader

_MANY = (list, tuple, set, frozenset)
_WIDE = frozenset({"kind", "unit"})
"""Columns whose values many facts share: another one tells more, where a question names several."""


class Questions:
    """Questions by type of fact: all of it, or by the values of one column each."""

    def __init__(self) -> None:
        """Nothing was asked."""
        self._whole: set[type[Any]] = set()
        self._by: dict[type[Any], dict[str, set[str | None]]] = {}
        self._folded: dict[type[Any], list[tuple[str, Callable[[str], str], frozenset[str]]]] = {}

    def note(self, kind: type[Any], equals: Mapping[str, object]) -> None:
        """Facts of that type were asked for that have these values; all of them, where none is named."""
        if kind in self._whole:
            return
        for name in sorted(equals, key=_WIDE.__contains__):
            wanted = equals[name]
            values = list(wanted) if isinstance(wanted, _MANY) else [wanted]
            if all(value is None or isinstance(value, str) for value in values):
                known = self._by.setdefault(kind, {}).setdefault(name, set())
                known.update(None if value is None else str(value) for value in values)
                return
        self._whole.add(kind)

    def note_like(self, kind: type[Any], column: str, fold: Callable[[str], str], values: Iterable[str]) -> None:
        """Facts of that type were asked for whose value, folded, is that of one of these."""
        self._folded.setdefault(kind, []).append((column, fold, frozenset(map(fold, values))))

    def could_find(self, kind: type[Any], row: Mapping[Any, Any]) -> bool:
        """Could any question have found that version of a fact?"""
        return (
            kind in self._whole
            or any(row[name] in values for name, values in self._by.get(kind, {}).items())
            or any(fold(row[name]) in values for name, fold, values in self._folded.get(kind, ()))
        )


class NotingReader(Reader):
    """A reader that notes what it is asked. What it says of whether there is anything at all is not noted."""

    def __init__(self, connection: Connection, register: RegisterId, questions: Questions) -> None:
        """`questions` takes the notes."""
        super().__init__(connection, register)
        self._questions = questions

    def visible(self, value_type: type[Any], **narrowed: object) -> ColumnElement[bool]:
        """As of a `Reader`."""
        self._questions.note(value_type, narrowed)
        return super().visible(value_type)

    def _answers(
        self, codec: Codec[Any], where: Sequence[ColumnElement[bool]], equals: dict[str, object], *columns: str
    ) -> Iterator[CursorResult[Any]]:
        self._questions.note(_KINDS[codec.table.name], equals)
        return super()._answers(codec, where, equals, *columns)


_KINDS = {codec.table.name: kind for kind, codec in CODECS.items()}

"""Server-sent events as the service sends them, read strictly: what is not exactly one is `ValueError`.

A line ends with a line feed. Fields that are not known are passed over, as the standard says (HTML, section 9.2);
an event as a whole is bounded, so that nobody fills the memory of whoever listens.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from access_service.client.wire import BODY_BYTES, read_json

LONGEST_EVENT = BODY_BYTES
_AS_OF = re.compile(r"as_of ([0-9]{1,12}(?:\.[0-9]{1,9})?)")
_PLACE = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event."""

    kind: str
    data: bytes
    place: str | None
    """Where the stream goes on after it."""

    def read(self) -> dict[str, Any]:
        """Its JSON."""
        return read_json(self.data)


@dataclass(frozen=True, slots=True)
class ToldUntil:
    """A comment that says up to which instant everything was told (seconds since 1970)."""

    as_of: float


class EventLines:
    """Bytes in, events out."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._size = 0
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[ToldEvent | ToldUntil]:
        """What these bytes complete; `ValueError` when they are none of ours."""
        looked = len(self._rest)
        self._rest += chunk
        begin = 0
        while (end := self._rest.find(b"\n", max(begin, looked))) >= 0:
            line = bytes(self._rest[begin:end]).removesuffix(b"\r")
            self._count(end - begin)
            begin = end + 1
            if (found := self._line(line.decode("utf-8"))) is not None:
                yield found
        del self._rest[:begin]
        if self._size + len(self._rest) > LONGEST_EVENT:
            raise ValueError("an event without an end")

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > LONGEST_EVENT:
            raise ValueError("an event without an end")

    def _line(self, line: str) -> ToldEvent | ToldUntil | None:
        if not line:
            return self._event()
        if line.startswith(":"):
            found = _AS_OF.fullmatch(line[1:].strip())
            return None if found is None else ToldUntil(float(found[1]))
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name in ("event", "id"):
            self._fields[name] = value
        elif not name.isascii() or not name.isalpha():
            raise ValueError("no field of an event")
        return None

    def _event(self) -> ToldEvent | None:
        fields, data = self._fields, self._data
        self._fields, self._data, self._size = {}, [], 0
        if not data:
            return None
        place = fields.get("id")
        if place is not None and _PLACE.fullmatch(place) is None:
            raise ValueError("no place in a stream")
        return ToldEvent(fields.get("event", "message"), "\n".join(data).encode(), place)


@dataclass(frozen=True, slots=True)
class MovedNow:
    """What an event `moved` concerns."""

    revision: str
    accounts: tuple[str, ...]
    is_everything: bool
    """Or somebody of whom nobody here knows who they are: everybody of a unit."""


def moved_of(found: Mapping[str, Any]) -> MovedNow:
    """An event `moved`; `ValueError` when a member is missing or of another type."""
    accounts, units, everything = found.get("accounts"), found.get("units"), found.get("everything")
    if not _are_texts(accounts) or not _are_texts(units) or not isinstance(everything, bool):
        raise ValueError("nobody says what moved")
    return MovedNow(revision_of(found), tuple(accounts), everything or bool(units))


def revision_of(found: Mapping[str, Any]) -> str:
    """The revision of an event; `ValueError` for none."""
    revision = found.get("revision")
    if not isinstance(revision, str) or _PLACE.fullmatch(revision) is None:
        raise ValueError("no revision")
    return revision


def _are_texts(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(text, str) for text in found)

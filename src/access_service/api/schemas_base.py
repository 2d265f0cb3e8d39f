"""What every body of the management API is made of: strict types, NFC text, ids, days, instants.

Unknown members and wrong types are refused. Nothing is guessed: a day is `YYYY-MM-DD`, an instant names its offset.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from access_service.api.limits import ID_BYTES, clean
from access_service.domain.errors import InvalidError

T = TypeVar("T")
SHORT, LONG = 256, 4000
"""Most characters of a name or number, and of a reason or content."""
MOST = 1000
"""Most items of a list in a body."""
FIRST_YEAR, LAST_YEAR = 1945, 2199
"""Days outside are typing errors, and far enough outside no instant at all."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAKS = re.compile("[\t\n]")


def _wrong(message: str) -> PydanticCustomError:
    # The message goes to the caller as it is, so it never quotes what was sent.
    return PydanticCustomError("unusable", message)


def _text(value: str) -> str:
    if _CONTROL.search(value) is not None:
        raise _wrong("holds control characters")
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise _wrong("is empty")
    return text


def _line(value: str) -> str:
    if _LINE_BREAKS.search(value) is not None:
        raise _wrong("holds control characters")
    text = _text(value)
    if len(text) > SHORT:
        raise _wrong(f"is longer than {SHORT} characters")
    return text


def _id(value: str) -> str:
    try:
        text = clean(value, "id")
    except (InvalidError, UnicodeEncodeError):
        raise _wrong(f"is no id: at most {ID_BYTES} bytes, no control characters") from None
    if not text.strip():
        raise _wrong("is empty")
    return text


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return _within_years(date.fromisoformat(value))
        except ValueError:
            pass
    raise _wrong("is no day of the form YYYY-MM-DD")


def _instant(value: Any) -> datetime:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return _within_years(datetime.fromisoformat(value.upper())).astimezone(UTC)
        except ValueError:
            pass
    raise _wrong("is no instant of RFC 3339 with an offset")


Day_ = TypeVar("Day_", date, datetime)


def _within_years(day: Day_) -> Day_:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _wrong(f"lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _sorted(value: Iterable[Any] | None) -> list[Any] | None:
    return None if value is None else sorted(value)


Line = Annotated[str, AfterValidator(_line), Field(max_length=4 * SHORT)]
"""One line of text: NFC, trimmed, 1 to 256 characters."""
Prose = Annotated[str, Field(max_length=LONG), AfterValidator(_text)]
"""A reason or content: NFC, trimmed, 1 to 4,000 characters."""
Id = Annotated[str, AfterValidator(_id)]
"""An id: NFC, at most 256 bytes, no control characters."""
NewUnitCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z](?:[0-9A-Za-z._\-]{0,62}[0-9A-Za-z])?$")]
"""A unit's code as the sector writes it; it stands in class ids and addresses, so no colon and no slash."""
SchoolYearCode = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")]
"""`2026-2027`."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day in Vietnam."""
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant with an offset; kept in UTC."""
Secret = Annotated[str, Field(min_length=1, max_length=SHORT)]
"""A password or code, exactly as entered."""
Some = Annotated[list[T], Field(min_length=1, max_length=MOST)]
"""A list that names at least one thing: an axis of nothing would be a grant of nothing."""
Sorted = Annotated[list[T], BeforeValidator(_sorted)]
"""A set in an answer: in order, so that equal answers are equal bytes."""


class Body(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Out(BaseModel):
    """What a caller is told, read from a domain value by the names of its fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def frozen(items: Iterable[T] | None) -> frozenset[T] | None:
    """A list of a body as the domain wants it; what was left out stays out."""
    return None if items is None else frozenset(items)

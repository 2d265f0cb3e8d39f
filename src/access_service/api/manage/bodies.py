"""What every body of the management API is made of: strict types, NFC text, ids, days, instants.

Unknown members and wrong types are refused. Nothing is guessed: a day is `YYYY-MM-DD`, an instant names its offset.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from access_service.api.http.limits import ID_BYTES, clean
from access_service.domain import words
from access_service.domain.errors import InvalidError

T = TypeVar("T")
SHORT, LONG = words.LINE, words.PROSE
"""Most characters of a name or number, and of a reason or content."""
MOST = 1000
"""Most items of a list in a body."""


def _wrong(message: str) -> PydanticCustomError:
    # The message goes to the caller as it is, so it never quotes what was sent.
    return PydanticCustomError("unusable", message)


def _read(read: Callable[[str], T]) -> Callable[[Any], T]:
    """A word of `domain.words`, refused as a field of the body."""

    def validate(value: Any) -> T:
        try:
            return read(value if isinstance(value, str) else "")
        except InvalidError as error:
            raise _wrong(error.message) from None

    return validate


def _id(value: str) -> str:
    """An id that refers to something, given under whatever rules held then."""
    try:
        text = clean(value, "id")
    except (InvalidError, UnicodeEncodeError):
        raise _wrong(f"is no id: at most {ID_BYTES} bytes, no control characters") from None
    if not text.strip():
        raise _wrong("is empty")
    if not words.is_seen(text):
        raise _wrong("holds control characters or others that cannot be seen")
    return text


def _sorted(value: Iterable[Any] | None) -> list[Any] | None:
    return None if value is None else sorted(value)


TextLine = Annotated[str, Field(max_length=4 * SHORT), AfterValidator(_read(words.line))]
"""One line of text: NFC, trimmed, 1 to 256 characters that can be seen."""
Number = Annotated[str, Field(max_length=4 * SHORT), AfterValidator(_read(words.identifier))]
"""The number of a document, `12/QĐ-SGDĐT`: a line of Vietnamese letters and ASCII."""
Prose = Annotated[str, Field(max_length=LONG), AfterValidator(_read(words.prose))]
"""A reason or content: NFC, trimmed, 1 to 4,000 characters that can be seen."""
Id = Annotated[str, AfterValidator(_id)]
"""An id: NFC, at most 256 bytes, no control characters."""
NewUnitCode = Annotated[str, Field(pattern=words.CODE_PATTERN)]
"""A unit's code as the sector writes it; it stands in class ids and addresses, so no colon and no slash."""
NewClassCode = Annotated[str, Field(max_length=4 * SHORT), AfterValidator(_read(words.class_code))]
"""A class's code: it parts the class id, so no colon and no semicolon."""
NewUsername = Annotated[str, Field(max_length=4 * SHORT), AfterValidator(_read(words.username))]
"""A name to sign in with: at most 128 characters."""
SubjectCode = Annotated[str, Field(max_length=words.SUBJECT, pattern=words.SUBJECT_PATTERN)]
"""A subject's code, `TOAN`."""
SchoolYearCode = Annotated[str, Field(pattern=words.YEAR_PATTERN)]
"""`2026-2027`."""
NewSchoolYearCode = Annotated[str, Field(pattern=words.YEAR_PATTERN), AfterValidator(_read(words.school_year))]
"""`2026-2027`: two years that follow each other."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Day = Annotated[date, BeforeValidator(_read(words.iso_day)), WithJsonSchema({"type": "string", "format": "date"})]
"""A day in Vietnam."""
Instant = Annotated[
    datetime, BeforeValidator(_read(words.iso_instant)), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant with an offset; kept in UTC."""
Secret = Annotated[str, Field(min_length=1, max_length=SHORT)]
"""A password or code, exactly as entered."""
Some = Annotated[list[T], Field(min_length=1, max_length=MOST)]
"""A list that names at least one thing: an axis of nothing would be a grant of nothing."""
Sorted = Annotated[list[T], BeforeValidator(_sorted)]
"""A set in an answer: in order, so that equal answers are equal bytes."""


class RequestBody(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class Out(BaseModel):
    """What a caller is told, read from a domain value by the names of its fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


def frozen(items: Iterable[T] | None) -> frozenset[T] | None:
    """A list of a body as the domain wants it; what was left out stays out."""
    return None if items is None else frozenset(items)

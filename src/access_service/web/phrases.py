"""Sentences of the pages, in the reader's language: Vietnamese as the templates have it, English from `english/`.

Also days, instants and numbers as screens show them: Vietnamese time, half-open intervals by their last day.
"""

import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources

from access_service.domain.time import local

LANGUAGES = ("vi", "en")
language: ContextVar[str] = ContextVar("language", default="vi")
"""The language of the page that is being rendered."""
_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")


@cache
def english() -> Mapping[str, str]:
    """Every sentence's English, by the Vietnamese; one file a noun, a table each of `vi = en`."""
    found: dict[str, str] = {}
    for file in sorted((resources.files("access_service.web") / "english").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            found |= tomllib.loads(file.read_text("utf-8"))
    return found


def t(text: str, **values: object) -> str:
    """The sentence, with what stands in its braces."""
    said = text if language.get() == "vi" else english().get(text, text)
    return said.format(**values) if values else said


def two(vi: str, en: str) -> str:
    """A pair that the catalogue of reasons or a pack has in both languages."""
    return vi if language.get() == "vi" else en


def day(at: date | datetime | None) -> str:
    """`07/10/2026`; an instant by its Vietnamese day."""
    if at is None:
        return ""
    shown = local(at).date() if isinstance(at, datetime) else at
    return f"{shown:%d/%m/%Y}"


def moment(at: datetime | None) -> str:
    """`07/10/2026 14:30`."""
    return "" if at is None else f"{local(at):%d/%m/%Y %H:%M}"


def clock(at: datetime) -> str:
    """`14:30`."""
    return f"{local(at):%H:%M}"


def recent(at: datetime, today: date) -> str:
    """`14:30` of today, `26/08` of another day."""
    return clock(at) if local(at).date() == today else f"{local(at):%d/%m}"


def last_day(end: datetime | None) -> str:
    """The last day of something that ends at `end`: the day before, where it ends at midnight."""
    return "" if end is None else day(end - timedelta(microseconds=1))


def weekday(at: datetime) -> str:
    """`Thứ Năm, 27/08/2026`."""
    return f"{t(_WEEKDAYS[local(at).weekday()])}, {day(at)}"


def number(value: float) -> str:
    """`1.234.567,5` in Vietnamese, `1,234,567.5` in English."""
    shown = f"{value:,}"
    return shown.translate(str.maketrans(",.", ".,")) if language.get() == "vi" else shown


def percent(part: float, whole: float) -> str:
    """`53.1%`, for a width in a picture; never more than the whole."""
    return f"{100 * part / whole if whole else 0:.4g}%"

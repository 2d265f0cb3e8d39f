"""Instants and half-open intervals. UTC inside; Vietnam's UTC+7 only where a person reads or writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

VIETNAM = timezone(timedelta(hours=7), "ICT")
"""Giờ Việt Nam; no daylight saving since 1975."""


@dataclass(frozen=True, slots=True)
class Interval:
    """`start <= t < end`; an `end` of None is open. Both aware."""

    start: datetime
    end: datetime | None = None

    def __contains__(self, t: datetime) -> bool:
        return self.start <= t and (self.end is None or t < self.end)

    def within(self, outer: "Interval") -> bool:
        """Is every instant of this one in `outer`?"""
        return outer.start <= self.start and (outer.end is None or (self.end is not None and self.end <= outer.end))

    def overlaps(self, other: "Interval") -> bool:
        """Have both an instant in common?"""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


@lru_cache(4096)
def start_of_day(day: date) -> datetime:
    """00:00 of a Vietnamese day, as UTC: when a decision dated that day begins to bind."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(UTC)


def local(t: datetime) -> datetime:
    """The same instant on a Vietnamese clock."""
    return t.astimezone(VIETNAM)


def next_boundary(now: datetime, instants: Iterable[datetime | None]) -> datetime | None:
    """The earliest instant strictly after `now`, where an answer may change by time alone."""
    return min((t for t in instants if t is not None and t > now), default=None)

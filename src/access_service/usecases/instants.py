"""Instants and days as people write them: RFC 3339, or a Vietnamese day with or without an hour."""

import re
from datetime import UTC, date, datetime

from access_service.domain.errors import InvalidError
from access_service.domain.time import VIETNAM

_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T]([0-9]{1,2}):([0-9]{2}))?")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_instant(text: str) -> datetime:
    """`2026-10-07T17:00:00+07:00` (RFC 3339), or `07/10/2026 17:00` and `07/10/2026` on a Vietnamese clock, as UTC.

    A day alone is its 00:00. Raises `InvalidError` for everything else, an instant without an offset included.
    """
    given = text.strip()
    try:
        if _RFC3339.fullmatch(given):
            return datetime.fromisoformat(given.upper().replace(" ", "T")).astimezone(UTC)
        found = _DAY.fullmatch(given)
        if found is not None:
            day, month, year, hour, minute = (int(part or 0) for part in found.groups())
            return datetime(year, month, day, hour, minute, tzinfo=VIETNAM).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidError(f"`{text[:40]}` is no instant: write RFC 3339 with its offset, or dd/mm/yyyy HH:MM")


def parse_day(text: str) -> date:
    """`07/10/2026` or `2026-10-07`. Raises `InvalidError` for everything else."""
    given = text.strip()
    try:
        found = _DAY.fullmatch(given)
        if found is not None and found.group(4) is None:
            return date(int(found.group(3)), int(found.group(2)), int(found.group(1)))
        if _ISO_DAY.fullmatch(given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise InvalidError(f"`{text[:40]}` is no day: write dd/mm/yyyy")

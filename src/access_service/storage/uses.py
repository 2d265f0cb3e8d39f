"""When rights were last used: days of months, added to and never taken from."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from access_service.domain.names import GrantId, RegisterId
from access_service.storage.tables import table
from access_service.storage.tables_uses import GrantUseRow

T = TypeVar("T")
_uses = table(GrantUseRow)
_CHUNK = 500


def month_of(day: date) -> int:
    """`202609` for a day of September 2026."""
    return day.year * 100 + day.month


def add_uses(connection: Connection, register: RegisterId, grants: Iterable[str], day: date) -> None:
    """The rights were used on that day; twice, on two nodes or in any order, is the same as once."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    bit = 1 << day.day
    rows = [
        {"register_id": register, "grant_id": grant, "month": month_of(day), "days": bit}
        for grant in sorted(grants)
    ]
    for chunk in _chunks(rows):
        insert = dialect.insert(_uses).values(chunk)
        both = _uses.c.days.op("|")(insert.excluded.days)
        keys = [_uses.c.register_id, _uses.c.grant_id, _uses.c.month]
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"days": both}))


def read_last_uses(
    connection: Connection, register: RegisterId, grants: Collection[str], by: date
) -> dict[GrantId, date]:
    """The last day up to `by` on which each right was used; those that were not are left out."""
    found: dict[GrantId, date] = {}
    present, until = month_of(by), (1 << (by.day + 1)) - 1
    for chunk in _chunks(sorted(grants)):
        here = and_(_uses.c.register_id == register, _uses.c.grant_id.in_(chunk))
        before = and_(here, _uses.c.month < present)
        newest = select(_uses.c.grant_id, func.max(_uses.c.month).label("month")).where(before)
        last = newest.group_by(_uses.c.grant_id).subquery()
        earlier = select(_uses.c.grant_id, _uses.c.month, _uses.c.days).join(
            last,
            and_(
                _uses.c.register_id == register,
                _uses.c.grant_id == last.c.grant_id,
                _uses.c.month == last.c.month,
            ),
        )
        for grant, month, days in connection.execute(earlier):
            found[grant] = _last_day(month, days)
        this_month = select(_uses.c.grant_id, _uses.c.days).where(here, _uses.c.month == present)
        for grant, days in connection.execute(this_month):
            if days & until:
                found[grant] = _last_day(present, days & until)
    return found


def first_day_counted(connection: Connection, register: RegisterId) -> date | None:
    """The first day of which any use is known; None where none is."""
    first = select(func.min(_uses.c.month)).where(_uses.c.register_id == register)
    month = connection.execute(first).scalar()
    if month is None:
        return None
    all_days = select(_uses.c.days).where(_uses.c.register_id == register, _uses.c.month == month).distinct()
    bits = [days & -days for (days,) in connection.execute(all_days)]
    return date(month // 100, month % 100, min(bits).bit_length() - 1)


def _last_day(month: int, days: int) -> date:
    return date(month // 100, month % 100, days.bit_length() - 1)


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]

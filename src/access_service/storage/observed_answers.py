"""How often which answers were not enforced: counted by day, for a month, within a bound."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from access_service.domain.names import ClientId, RegisterId, UnitId
from access_service.domain.observing import Observation, ObservedAnswer, OldAnswer
from access_service.storage.db import Database
from access_service.storage.facts import CODECS
from access_service.storage.tables import table
from access_service.storage.tables_observed import ObservedAnswerRow

KEPT_DAYS = 31
KINDS = 500
"""Most kinds of answers of one client, unit and day that are told apart; more are counted without their words."""
_CHUNK = 200
_answers = table(ObservedAnswerRow)
_KEY = ("client", "unit", "category", "action", "old", "is_allowed", "reason")


def add_observed(
    connection: Connection, register: RegisterId, counts: Mapping[ObservedAnswer, int], day: date
) -> None:
    """Add to what is counted of that day, and forget days that are too long ago."""
    a = _answers.c
    old = a.day < day - timedelta(days=KEPT_DAYS)
    connection.execute(delete(_answers).where(a.register_id == register, old))
    clients = sorted({answer.client for answer in counts})
    stored = select(*(a[name] for name in _KEY)).where(
        a.register_id == register, a.day == day, a.client.in_(clients)
    )
    known = {_kind(row) for row in connection.execute(stored).mappings()}
    kinds = Counter((answer.client, answer.unit) for answer in known)
    bounded: Counter[ObservedAnswer] = Counter()
    for answer, number in sorted(counts.items()):
        kept = answer
        if answer not in known and kinds[answer.client, answer.unit] >= KINDS:
            kept = answer._replace(category="", action="")
        if kept not in known:
            known.add(kept)
            kinds[kept.client, kept.unit] += 1
        bounded[kept] += number
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = [
        {"register_id": register, "day": day, **answer._asdict(), "old": str(answer.old), "number": number}
        for answer, number in bounded.items()
    ]
    for start in range(0, len(rows), _CHUNK):
        insert = dialect.insert(_answers).values(rows[start : start + _CHUNK])
        both = _answers.c.number + insert.excluded.number
        keys = list(_answers.primary_key.columns)
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"number": both}))


def read_observed(
    connection: Connection,
    register: RegisterId,
    clients: Collection[ClientId],
    since: date,
    units: Collection[UnitId],
) -> Counter[ObservedAnswer]:
    """What was counted of these clients from a day on; at these units, or at every unit where none is named."""
    a = _answers.c
    number = func.sum(a.number).label("number")
    columns = [a[name] for name in _KEY]
    wanted = select(*columns, number).where(
        a.register_id == register, a.client.in_(sorted(clients)), a.day >= since
    )
    if units:
        wanted = wanted.where(a.unit.in_(sorted(units)))
    found = connection.execute(wanted.group_by(*columns)).mappings()
    return Counter({_kind(row): int(row["number"]) for row in found})


def _kind(row: RowMapping) -> ObservedAnswer:
    return ObservedAnswer(
        str(row["client"]),
        str(row["unit"]),
        str(row["category"]),
        str(row["action"]),
        OldAnswer(str(row["old"])),
        bool(row["is_allowed"]),
        str(row["reason"]),
    )


def count_observations(db: Database, now: datetime) -> int:
    """At how many units some client observes now, in all registers."""
    columns = CODECS[Observation].table.c
    running = select(func.count()).where(
        columns.to_rev.is_(None),
        columns.valid_from <= now,
        or_(columns.valid_to.is_(None), columns.valid_to > now),
    )
    with db.connect(is_quick=True) as connection:
        return int(connection.execute(running).scalar_one())

"""Reading the log and the revisions."""

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from access_service.domain.audit import Event, Happening
from access_service.domain.names import AccountId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.tables import EventRow, RevisionRow, table

_events = table(EventRow)
_revisions = table(RevisionRow)


def events(
    connection: Connection,
    register: RegisterId,
    *,
    after: int = 0,
    limit: int = 100,
    target: str | None = None,
    action: str | None = None,
) -> Iterator[Event]:
    """Events in order, from the one after `after`."""
    statement = (
        select(_events)
        .where(_events.c.register_id == register, _events.c.seq > after)
        .order_by(_events.c.seq)
        .limit(limit)
    )
    if target is not None:
        statement = statement.where(_events.c.target == target)
    if action is not None:
        statement = statement.where(_events.c.action == action)
    for row in connection.execute(statement).mappings():
        yield Event(
            register=row["register_id"],
            seq=row["seq"],
            revision=row["revision"],
            recorded_at=utc(row["recorded_at"]),
            actor=row["actor"],
            happening=Happening(
                row["action"], row["target"], row["outcome"], row["code"], json.loads(row["details"])
            ),
            policy=row["policy"],
            previous=row["previous"],
        )


def revision_at(connection: Connection, register: RegisterId, instant: datetime | None = None) -> int:
    """The newest revision recorded at or before an instant: what was known then. Without one, the newest of all."""
    statement = select(func.max(_revisions.c.n)).where(_revisions.c.register_id == register)
    if instant is not None:
        statement = statement.where(_revisions.c.recorded_at <= instant)
    found = connection.execute(statement).scalar()
    return int(found or 0)


def recorded_at(connection: Connection, register: RegisterId, revision: int) -> datetime | None:
    """When a revision was recorded, or None when there is no such revision."""
    row = connection.execute(
        select(_revisions.c.recorded_at).where(_revisions.c.register_id == register, _revisions.c.n == revision)
    ).first()
    return None if row is None else utc(row[0])


def touched_since(
    connection: Connection, register: RegisterId, revision: int
) -> tuple[int, frozenset[AccountId] | None]:
    """The newest revision, and whose decisions changed since `revision` (None: anybody's may have)."""
    newest, accounts = revision, set[AccountId]()
    everybody = False
    statement = (
        select(_revisions.c.n, _revisions.c.accounts)
        .where(_revisions.c.register_id == register, _revisions.c.n > revision)
        .order_by(_revisions.c.n)
    )
    for n, touched in connection.execute(statement):
        newest = n
        if touched is None:
            everybody = True
        else:
            accounts.update(AccountId(a) for a in json.loads(touched))
    return newest, None if everybody else frozenset(accounts)

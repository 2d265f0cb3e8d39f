"""Reading the log and the revisions."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, RowMapping, bindparam, func, or_, select

from access_service.domain.audit import BESIDE, CLOCK_MENDED, GENESIS, Event, Happening
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId, RegisterId
from access_service.storage.bare import Bare
from access_service.storage.codec import utc
from access_service.storage.tables import EventDetailsRow, EventRow, RevisionRow, UnitChainRow, table

_events = table(EventRow)
_details = table(EventDetailsRow)
_chains = table(UnitChainRow)
_revisions = table(RevisionRow)


LogConnection = Connection
"""A connection that a use case hands on, and asks nothing itself."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which events are wanted; what is left out is not asked for."""

    target: str | None = None
    action: str | None = None
    actor: str | None = None
    """Who acted: an account (`operator`, `import` and `service` as well), or the person behind it."""
    unit: str | None = None
    """Whose dossier they belong to. Events of the first format belong to none."""
    since: datetime | None = None
    until: datetime | None = None
    """Recorded from the one instant on, and before the other."""

    def clauses(self) -> Iterator[ColumnElement[bool]]:
        """The same for the database."""
        columns = _events.c
        for name in ("target", "action", "unit"):
            wanted = getattr(self, name)
            if wanted is not None:
                yield columns[name] == wanted
        if self.actor is not None:
            yield or_(columns.actor == self.actor, columns.person == self.actor)
        if self.since is not None:
            yield columns.recorded_at >= self.since
        if self.until is not None:
            yield columns.recorded_at < self.until


WHOLE_LOG = LogFilter()
LOOKED_THROUGH = 1_000
"""Newest events of a unit among which its home page looks: a question that costs alike for every unit."""
AT_ONCE = 500
"""Most ids in one question."""


def events(
    connection: Connection,
    register: RegisterId,
    *,
    after: int = 0,
    limit: int | None = 100,
    wanted: LogFilter = WHOLE_LOG,
) -> Iterator[Event]:
    """Events in order, from the one after `after`; all of them where there is no limit, a few in memory at once."""
    statement = select(_events).where(_events.c.register_id == register, _events.c.seq > after, *wanted.clauses())
    statement = statement.order_by(_events.c.seq).limit(limit)
    for row in connection.execute(statement, execution_options={"yield_per": 2000}).mappings():
        yield _event(connection, row)


def events_about(
    connection: Connection,
    register: RegisterId,
    targets: Collection[str],
    actions: Collection[str],
    known_at: int | None = None,
) -> list[Event]:
    """What was done, of these actions, to any of these; in order, as known at a revision (None: now)."""
    found, wanted = list[RowMapping](), sorted(targets)
    for start in range(0, len(wanted), AT_ONCE):
        statement = select(_events).where(
            _events.c.register_id == register,
            _events.c.target.in_(wanted[start : start + AT_ONCE]),
            _events.c.action.in_(sorted(actions)),
            _events.c.outcome == "done",
        )
        if known_at is not None:
            statement = statement.where(_events.c.revision <= known_at)
        found += connection.execute(statement).mappings().all()
    return [_event(connection, row) for row in sorted(found, key=lambda row: row["seq"])]


def newest_events(
    connection: Connection, register: RegisterId, most: int, wanted: LogFilter, before: int | None = None
) -> list[Event]:
    """The newest of them, in order; with `before` those that came before that one."""
    statement = select(_events).where(_events.c.register_id == register, *wanted.clauses())
    if before is not None:
        statement = statement.where(_events.c.seq < before)
    rows = connection.execute(statement.order_by(_events.c.seq.desc()).limit(most)).mappings().all()
    return [_event(connection, row) for row in reversed(rows)]


def newest_of_unit(
    connection: Connection, register: RegisterId, unit: str, actions: Collection[str], most: int
) -> list[RowMapping]:
    """What was done in a unit by these acts, the newest first, among its newest `LOOKED_THROUGH` events."""
    columns = _events.c
    newest = select(_chains.c.n).where(_chains.c.register_id == register, _chains.c.unit == unit).scalar_subquery()
    statement = (
        select(columns.recorded_at, columns.actor, columns.person, columns.action, columns.target)
        .where(columns.register_id == register, columns.unit == unit)
        .where(columns.unit_seq > newest - LOOKED_THROUGH)
        .where(columns.outcome == "done", columns.action.in_(sorted(actions)))
        .order_by(columns.unit_seq.desc())
        .limit(most)
    )
    return list(connection.execute(statement).mappings())


def count_events(connection: Connection, register: RegisterId, wanted: LogFilter) -> int:
    """How many there are."""
    statement = select(func.count()).select_from(_events)
    found = connection.execute(statement.where(_events.c.register_id == register, *wanted.clauses()))
    return int(found.scalar_one())


def _event(connection: Connection, row: RowMapping) -> Event:
    details, beside = json.loads(row["details"]), ""
    if isinstance(details, str):
        beside = details.removeprefix(BESIDE)
        details = _kept_beside(connection, row["register_id"], beside)
    return Event(
        register=row["register_id"],
        seq=row["seq"],
        revision=row["revision"],
        recorded_at=utc(row["recorded_at"]),
        actor=row["actor"],
        happening=Happening(row["action"], row["target"], row["outcome"], row["code"], details, row["unit"] or ""),
        policy=row["policy"],
        previous=row["previous"],
        person=row["person"],
        unit_seq=row["unit_seq"] or 0,
        unit_previous=row["unit_previous"] or GENESIS,
        details_sha256=beside,
        format=row["format"],
    )


def _kept_beside(connection: Connection, register: str, sha256: str) -> dict[str, Any]:
    """Details that are too large to stand in the event; empty where they are gone, which the hash then shows."""
    statement = select(_details.c.details).where(_details.c.register_id == register, _details.c.sha256 == sha256)
    found = connection.execute(statement).scalar()
    kept: dict[str, Any] = {} if found is None else json.loads(found)
    return kept


def whole_log(
    connection: Connection, register: RegisterId, after: int = 0
) -> Iterator[tuple[int, Event | None, str]]:
    """Every event in order, with its number and the leaf that is stored; None for one that cannot be read."""
    statement = (
        select(_events).where(_events.c.register_id == register, _events.c.seq > after).order_by(_events.c.seq)
    )
    for row in connection.execute(statement, execution_options={"yield_per": 2000}).mappings():
        try:
            event = _event(connection, row)
            event.canonical()
        except (ValueError, TypeError, UnicodeError):
            yield row["seq"], None, row["leaf"]
        else:
            yield row["seq"], event, row["leaf"]


def all_unit_heads(connection: Connection, register: RegisterId) -> dict[str, tuple[int, str]]:
    """Where the chain of each unit stands: its last number, and that event's hash."""
    statement = select(_chains.c.unit, _chains.c.n, _chains.c.head).where(_chains.c.register_id == register)
    return {unit: (n, head) for unit, n, head in connection.execute(statement)}


def heads_of(connection: Connection, register: RegisterId) -> list[tuple[int, str]]:
    """Every revision with the hash of its last event, in order; empty for those of before it was kept."""
    statement = (
        select(_revisions.c.n, _revisions.c.head)
        .where(_revisions.c.register_id == register)
        .order_by(_revisions.c.n)
    )
    return [(n, head) for n, head in connection.execute(statement)]


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


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a register stands, and what that means for somebody who knew it at an earlier revision."""

    revision: int
    head: str
    """Hash of the last event of that revision."""
    recorded_at: datetime
    moved: Moved | None
    """What may have changed; None: anything."""
    is_same: bool
    """Does the register still have the revision that was known, with the events that it had?"""

    @property
    def touched(self) -> frozenset[AccountId] | None:
        """Whose decisions may have changed, for who knows accounts alone; None: anybody's."""
        return None if self.moved is None or self.moved.units else self.moved.accounts


_SINCE_COLUMNS = (
    _revisions.c.n,
    _revisions.c.head,
    _revisions.c.recorded_at,
    _revisions.c.accounts,
    _revisions.c.moved,
)
_SINCE = Bare(
    select(*_SINCE_COLUMNS)
    .where(_revisions.c.register_id == bindparam("register"), _revisions.c.n >= bindparam("known", type_=Integer()))
    .order_by(_revisions.c.n),
    [column.type for column in _SINCE_COLUMNS],
)
"""Made once: every decision from cold begins with it."""


def stands_since(connection: Connection, register: RegisterId, revision: int, head: str) -> Stands | None:
    """What happened after a revision, whose head was `head`; None where the register has no revision at all.

    A database that was restored, or took over without the last commits, has other facts under the same numbers:
    then everything that was known is to be dropped.
    """
    rows = _SINCE.rows(connection, {"register": register, "known": revision})
    if not rows or (rows[0][0], rows[0][1]) != (revision, head):
        return stands_now(connection, register)
    found: Moved | None = Moved()
    for _, _, _, accounts, moved in rows[1:]:
        said = moved_in(accounts, moved)
        found = None if found is None or said is None else found | said
    n, last, written, _, _ = rows[-1]
    read = _SINCE.loads(connection)[2]
    return Stands(n, last, utc(written if read is None else read(written)), found, is_same=True)


def moved_in(accounts: str | None, moved: str | None) -> Moved | None:
    """What a revision moved, out of its two columns; None: anything."""
    if moved is not None:
        return Moved.parse(moved)
    return None if accounts is None else Moved(frozenset(map(AccountId, json.loads(accounts))))


def stands_now(connection: Connection, register: RegisterId) -> Stands | None:
    """Where a register stands, for somebody who knew nothing of it; None where it has no revision."""
    statement = (
        select(_revisions.c.n, _revisions.c.head, _revisions.c.recorded_at)
        .where(_revisions.c.register_id == register)
        .order_by(_revisions.c.n.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else Stands(row[0], row[1], utc(row[2]), None, is_same=False)


def head_of(connection: Connection, register: RegisterId, revision: int) -> str | None:
    """Hash of the last event of a revision; None where the register has no such revision."""
    statement = select(_revisions.c.head).where(_revisions.c.register_id == register, _revisions.c.n == revision)
    return connection.execute(statement).scalar()


def steps_back(connection: Connection, register: RegisterId) -> list[int]:
    """Numbers of the events that were recorded before the one in front of them, `clock.mend` excepted.

    There should be none: the record steps back where a clock was mended, and nowhere else.
    """
    before = func.lag(_events.c.recorded_at).over(order_by=_events.c.seq).label("before")
    columns = select(_events.c.seq, _events.c.action, _events.c.recorded_at, before)
    lines = columns.where(_events.c.register_id == register).subquery()
    statement = select(lines.c.seq).where(lines.c.recorded_at < lines.c.before, lines.c.action != CLOCK_MENDED)
    return [seq for (seq,) in connection.execute(statement.order_by(lines.c.seq))]

"""What somebody does who can write the database and knows how the log is made: it is chained anew, link by link."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text, update

from access_service.domain.audit import GENESIS
from access_service.storage.audit import whole_log
from access_service.storage.db import Database
from access_service.storage.tables import CounterRow, EventRow, RevisionRow, UnitChainRow, table
from world import REGISTER


def run(db: Database, *statements: str) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rechain(db: Database, *, units: bool = True) -> None:
    """Every hash as it would be had the events always been so, numbers without a gap, counters moved."""
    events, counters, revisions, chains = map(table, (EventRow, CounterRow, RevisionRow, UnitChainRow))
    with db.engine.begin() as connection:
        found = list(connection.execute(select(events.c.seq).order_by(events.c.seq)).scalars())
        for seq, old in enumerate(found, 1):
            if seq != old:
                connection.execute(update(events).where(events.c.seq == old).values(seq=seq))
        head, heads, ends = GENESIS, dict[str, tuple[int, str]](), dict[int, str]()
        for seq in range(1, len(found) + 1):
            unit, n = connection.execute(select(events.c.unit, events.c.unit_seq).where(events.c.seq == seq)).one()
            before = heads.get(unit, (0, GENESIS))
            links: dict[str, Any] = {"previous": head}
            if units:
                links |= {"unit_seq": before[0] + 1, "unit_previous": before[1]}
            connection.execute(update(events).where(events.c.seq == seq).values(**links))
            _, event, _ = next(whole_log(connection, REGISTER, after=seq - 1))
            assert event is not None
            connection.execute(update(events).where(events.c.seq == seq).values(leaf=event.leaf))
            head = event.hash
            heads[unit] = (before[0] + 1 if units else n, head)
            ends[event.revision] = head
        for n, end in ends.items():
            connection.execute(update(revisions).where(revisions.c.n == n, revisions.c.head != "").values(head=end))
        for unit, (n, end) in heads.items():
            connection.execute(update(chains).where(chains.c.unit == unit).values(n=n, head=end))
        connection.execute(
            update(counters).where(counters.c.register_id == REGISTER).values(seq=len(found), head=head)
        )
        connection.execute(text("DELETE FROM log_tiles"))

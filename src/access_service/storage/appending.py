"""Appending to the log: each event gets its place in the register's chain and in its unit's.

Whoever appends holds the register's counter row, so the chains of units need no lock of their own: they are read
and moved by one writer at a time, after the counter, always in that order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from access_service.domain.accounts import Account, Custody, Home
from access_service.domain.audit import (
    BESIDE,
    GENESIS,
    MOST_BYTES,
    Doer,
    Event,
    Happening,
    details_text,
    hash_of,
    leaf_of,
    put_beside,
)
from access_service.domain.delegation import Authority, Grant, Inspection, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.org import Assignment, SchoolClass, Unit
from access_service.domain.software import Software
from access_service.domain.waiting import WaitingAct
from access_service.storage.facts import Reader, Writer
from access_service.storage.org import policy_of
from access_service.storage.tables import (
    CounterRow,
    EventDetailsRow,
    EventRow,
    RegisterRow,
    UnitChainRow,
    insert_once,
    table,
)

_counters = table(CounterRow)
_events = table(EventRow)
_details = table(EventDetailsRow)
_registers = table(RegisterRow)
_chains = table(UnitChainRow)


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a register stands."""

    revision: int
    seq: int
    head: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class UnitHead:
    """Where a unit's chain stands."""

    n: int = 0
    head: str = GENESIS


def append_events(
    tx: Writer,
    counter: Counter,
    happenings: Sequence[Happening],
    revision: int,
    *,
    doer: Doer,
    policy: str,
) -> Counter:
    """Chain events after the counter's head and move the counter. Returns where it stands then.

    Where the act asked no pack, `policy` is empty, and the event names the one in force for whoever acted.
    """
    now = tx.now
    whole = _complete(tx, doer, needs_unit=not policy or not all(h.unit for h in happenings))
    policy = policy or policy_of(tx, UnitId(whole.unit), now)
    placed = [h if h.unit else replace(h, unit=whole.unit) for h in happenings]
    chains = unit_heads(tx.connection, tx.register, {h.unit for h in placed})
    seq, head, rows = counter.seq, counter.head, []
    for happening in placed:
        seq += 1
        before = chains[happening.unit]
        event = Event(
            register=tx.register,
            seq=seq,
            revision=revision,
            recorded_at=now,
            actor=doer.account,
            happening=happening,
            policy=policy,
            previous=head,
            person=whole.person,
            unit_seq=before.n + 1,
            unit_previous=before.head,
        )
        canonical = event.canonical()
        if len(canonical) > MOST_BYTES:
            event = put_beside(event)
            canonical = event.canonical()
            _keep_details(tx.connection, event)
        head = hash_of(canonical)
        chains[happening.unit] = UnitHead(event.unit_seq, head)
        rows.append(_row(event, leaf_of(canonical)))
    tx.connection.execute(_INSERT, rows)
    _move(tx.connection, tx.register, chains)
    tx.connection.execute(
        _ADVANCE, {"register": tx.register, "to_n": revision, "to_seq": seq, "to_head": head, "to_at": now}
    )
    return Counter(revision, seq, head, now)


_INSERT = insert(_events)
_ADVANCE = (
    update(_counters)
    .where(_counters.c.register_id == bindparam("register"))
    .values(n=bindparam("to_n"), seq=bindparam("to_seq"), head=bindparam("to_head"), recorded_at=bindparam("to_at"))
)
_HEADS = select(_chains.c.unit, _chains.c.n, _chains.c.head).where(
    _chains.c.register_id == bindparam("register"), _chains.c.unit.in_(bindparam("units", expanding=True))
)


def _row(event: Event, leaf: str) -> dict[str, Any]:
    happening = event.happening
    return {
        "register_id": event.register,
        "seq": event.seq,
        "revision": event.revision,
        "recorded_at": event.recorded_at,
        "actor": event.actor,
        "action": happening.action,
        "target": happening.target,
        "outcome": happening.outcome,
        "code": happening.code,
        "details": f'"{BESIDE}{event.details_sha256}"' if event.details_sha256 else details_text(happening),
        "policy": event.policy,
        "previous": event.previous,
        "leaf": leaf,
        "format": event.format,
        "person": event.person,
        "unit": happening.unit,
        "unit_seq": event.unit_seq,
        "unit_previous": event.unit_previous,
    }


def _keep_details(connection: Connection, event: Event) -> None:
    row = {
        "register_id": event.register,
        "sha256": event.details_sha256,
        "details": details_text(event.happening),
    }
    insert_once(connection, _details, row)


def unit_heads(connection: Connection, register: RegisterId, units: Collection[str]) -> dict[str, UnitHead]:
    """Where the chains of these units stand; at the beginning for those that have none yet."""
    found = {unit: UnitHead() for unit in units}
    for unit, n, head in connection.execute(_HEADS, {"register": register, "units": list(units)}):
        found[unit] = UnitHead(n, head)
    return found


def _move(connection: Connection, register: RegisterId, chains: Mapping[str, UnitHead]) -> None:
    rows = [{"register_id": register, "unit": unit, "n": at.n, "head": at.head} for unit, at in chains.items()]
    connection.execute(_MOVES[connection.dialect.name], rows)


def _upsert(dialect: Any) -> Any:
    statement = dialect.insert(_chains)
    moved = {"n": statement.excluded.n, "head": statement.excluded.head}
    return statement.on_conflict_do_update(index_elements=["register_id", "unit"], set_=moved)


_MOVES = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


def _complete(tx: Writer, doer: Doer, *, needs_unit: bool) -> Doer:
    """The person and the unit, where whoever opened the transaction did not say."""
    if doer.person is not None and (doer.unit or not needs_unit):
        return doer
    account = tx.get(Account, doer.account)
    if account is None:
        unit = doer.unit or (_root(tx) if needs_unit else "")
        return replace(doer, unit=unit)
    unit = doer.unit or _home_of(tx, account)
    person = doer.person or account.person
    if person is None:
        holders = tx.find(Custody, account=account.id)
        person = next((c.person for c in holders if tx.now in c.interval), None)
    return replace(doer, person=person, unit=unit)


_WHOSE: tuple[tuple[type[Any], str], ...] = (
    (Unit, "id"),
    (Document, "office"),
    (Grant, "unit"),
    (Authority, "unit"),
    (Assignment, "unit"),
    (SchoolClass, "school"),
    (LeavingCase, "unit"),
    (Inspection, "unit"),
    (Software, "unit"),
    (WaitingAct, "unit"),
)


def unit_of(tx: Writer, target: str) -> str:
    """The unit whose dossier what was acted on belongs to, by its id alone; empty for what belongs to none."""
    account = tx.get(Account, target)
    if account is not None:
        return _home_of(tx, account)
    for value_type, field in _WHOSE:
        found = tx.get(value_type, target)
        if found is not None:
            return str(getattr(found, field))
    return ""


def _home_of(tx: Writer, account: Account) -> str:
    homes = tx.find(Home, account=account.id)
    return next((home.unit for home in homes if tx.now in home.interval), account.unit)


def _root(reader: Reader) -> UnitId:
    statement = select(_registers.c.root).where(_registers.c.id == reader.register)
    return UnitId(str(reader.connection.execute(statement).scalar_one()))

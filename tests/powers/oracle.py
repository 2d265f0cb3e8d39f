"""The oracle: what a register holds and who opens what in it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select

from access_service.domain.accounts import Account
from access_service.domain.errors import AccessServiceError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, RegisterId, UnitId
from access_service.domain.org import ManagementEdge, Organisation, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import Pack
from access_service.domain.powers import State, state_at
from access_service.domain.reasons import Refusal
from access_service.storage.audit import events
from access_service.storage.facts import CODECS, Reader
from access_service.storage.second_factor import factors_of
from access_service.storage.standing import Gatherer
from access_service.storage.tables import SecondFactorRow, table
from access_service.usecases.identity import accounts
from access_service.usecases.services import Caller, ReadView, Services

T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """A register as it stands: what ids it has, and who holds what."""

    now: datetime
    facts: dict[type, list[Any]]
    state: State
    ground: Ground

    def of(self, kind: type) -> list[Any]:
        return self.facts[kind]


def see(services: Services, register: RegisterId) -> Seen:
    """Read everything once."""
    with services.db.read(register) as reader:
        now = services.db.now_in(reader.connection, register)
        view = ReadView(reader, None, now)
        kept = Facts({kind: view.reader.find(kind) for kind in CODECS})
        more = _confirmed_by_account(reader)
        factors = {a.id: 1 + more.get(a.id, 0) for a in kept.find(Account)}
        packs = {}
        for unit in kept.find(Unit):
            with suppress(RefusedError):
                packs[unit.id] = view.pack_for(unit.id)

    def pack_for(unit: UnitId) -> Pack:
        if unit not in packs:
            raise RefusedError(Refusal.NO_POLICY, f"no policy for `{unit}`")
        return packs[unit]

    ground = Ground(kept, _organisation(kept), now, pack_for)
    return Seen(now, kept.all, state_at(ground, factors), ground)


def _organisation(facts: Facts) -> Organisation:
    edges: dict[UnitId, tuple[ManagementEdge, ...]] = {}
    for edge in facts.find(ManagementEdge):
        edges[edge.unit] = (*edges.get(edge.unit, ()), edge)
    return Organisation(
        units={u.id: u for u in facts.find(Unit)},
        edges=edges,
        classes={c.id: c for c in facts.find(SchoolClass)},
        years={y.id: y for y in facts.find(SchoolYear)},
    )


def confirmed(reader: Reader, account: AccountId) -> list[Any]:
    return [f for f in factors_of(reader.connection, reader.register, account) if f.confirmed_at is not None]


def _confirmed_by_account(reader: Reader) -> dict[str, int]:
    columns = table(SecondFactorRow).c
    found = (
        select(columns.account, func.count())
        .where(columns.register_id == reader.register, columns.confirmed_at.is_not(None))
        .group_by(columns.account)
    )
    return {row[0]: row[1] for row in reader.connection.execute(found)}


class Facts:
    """Every fact of a register in memory, as the rules ask for them."""

    def __init__(self, found: dict[type, list[Any]]) -> None:
        self.all = found
        self._by_id = {kind: {v.id: v for v in values} for kind, values in found.items()}

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        found = self.all[value_type]
        for name, wanted in equals.items():
            if isinstance(wanted, list | set | frozenset | tuple):
                found = [v for v in found if getattr(v, name) in wanted]
            else:
                found = [v for v in found if getattr(v, name) == wanted]
        return list(found)

    def get(self, value_type: type[T], id_: str) -> T | None:
        return self._by_id[value_type].get(id_)


def entering(services: Services, register: RegisterId, account: AccountId) -> Caller | None:
    """The account's session, signed in with whatever factors it has; None where it cannot be opened."""
    with services.db.read(register) as reader:
        now = services.db.now_in(reader.connection, register)
        try:
            caller = accounts.caller_of(Gatherer(reader), account, now)
        except AccessServiceError:
            return None
        names = {f for f in Caller.__dataclass_fields__ if "factor" in f}
        extra = {name: len(confirmed(reader, account)) > 0 for name in names}
        return replace(caller, **extra)  # type: ignore[arg-type]


def events_of(services: Services, register: RegisterId, after: int) -> Iterable[str]:
    """The names of what was done since."""
    with services.db.connect() as connection:
        found = events(connection, register, after=after, limit=1000)
        return [e.happening.action for e in found if e.happening.outcome != "refused"]

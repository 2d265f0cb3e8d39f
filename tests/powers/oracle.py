"""The oracle: what a register holds and who opens what in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.delegation import Authority, Grant, Inspection, LeavingCase
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import AccessServiceError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.powers import State, state_at
from access_service.domain.software import Approval, Client, Software
from access_service.storage.access import Gatherer
from access_service.storage.facts import Reader
from access_service.storage.second_factor import factors_of
from access_service.usecases import accounts
from access_service.usecases.services import Caller, Services, View

TYPES: tuple[type, ...] = (
    Unit,
    Person,
    Account,
    Assignment,
    Authority,
    Grant,
    Document,
    SchoolClass,
    SchoolYear,
    Suspension,
    Custody,
    LeavingCase,
    Inspection,
    Software,
    Approval,
    Client,
    Signature,
)


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
        view = View(Kept(reader), None, now)  # type: ignore[arg-type]
        facts = {kind: view.reader.find(kind) for kind in TYPES}
        factors = {a.id: 1 + len(confirmed(reader, a.id)) for a in facts[Account]}
        packs: dict[Any, Any] = {}

        def pack_for(unit: Any) -> Any:
            if unit not in packs:
                packs[unit] = view.pack_for(unit)
            return packs[unit]

        ground = replace(view.ground, pack_for=pack_for)
        return Seen(now, facts, state_at(ground, factors), ground)


def confirmed(reader: Reader, account: AccountId) -> list[Any]:
    return [f for f in factors_of(reader.connection, reader.register, account) if f.confirmed_at is not None]


class Kept:
    """A reader that reads each type once; `find` picks from what it has."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._all: dict[type, list[Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def find(self, value_type: type, **equals: Any) -> list[Any]:
        if value_type not in self._all:
            self._all[value_type] = self._reader.find(value_type)
        found = self._all[value_type]
        for name, wanted in equals.items():
            if isinstance(wanted, list | set | frozenset | tuple):
                found = [v for v in found if getattr(v, name) in wanted]
            else:
                found = [v for v in found if getattr(v, name) == wanted]
        return list(found)

    def get(self, value_type: type, id_: str) -> Any:
        if value_type not in self._all:
            self._all[value_type] = self._reader.find(value_type)
        return next((v for v in self._all[value_type] if v.id == id_), None)


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
    from access_service.storage.audit import events

    with services.db.connect() as connection:
        found = events(connection, register, after=after, limit=1000)
        return [e.happening.action for e in found if e.happening.outcome != "refused"]

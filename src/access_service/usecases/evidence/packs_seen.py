"""The packs that bind the units a caller sees: which, since when, what each says, what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access_service.domain.audit import Event
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.org import Unit
from access_service.domain.policy import TESTED, Pack, PackBinding, PackCase
from access_service.domain.time import Interval
from access_service.domain.waiting import WaitingAct, WaitingKind, is_waiting
from access_service.engine.proofs.pack_cells import PackChange, compare_packs
from access_service.storage.audit import LogFilter, newest_events
from access_service.storage.lists import names_of_units
from access_service.storage.policy import load_tables
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class PacksSeen:
    """Bindings that the caller sees, the newest first, with the names of their units."""

    bindings: tuple[PackBinding, ...]
    units: Mapping[UnitId, str]
    in_force: frozenset[str]
    """Ids of those that hold now."""
    waiting: tuple[WaitingAct, ...] = ()
    """Bindings that wait for a second person, for whoever may confirm them."""


@dataclass(frozen=True, slots=True)
class PackSeen:
    """One pack, and the others of its name that were in force where the caller sees it."""

    pack: Pack
    others: tuple[PackBinding, ...]
    against: PackBinding | None
    changes: tuple[PackChange, ...]
    cases: tuple[PackCase, ...]
    """Its tests, as they were run last; none where nobody has had them recorded."""
    tested_at: datetime | None


@dataclass(frozen=True, slots=True)
class PackWaiting:
    """A pack that two operators, or an operator and the leadership, are putting in force."""

    act: WaitingAct
    unit_name: str
    new: Pack
    old: Pack | None
    """The pack that decides for the unit now; None where there is none."""
    changes: tuple[PackChange, ...]
    touched: Mapping[str, Any] | None
    """Whom of the people it touches, by unit and role, as asked when it was prepared; None where nobody asked."""
    names: Mapping[UnitId, str]
    """Names of the units that it touches."""


def list_packs(services: Services, caller: Caller) -> PacksSeen:
    """Every binding of a unit that the caller sees, now and before."""
    with look(services, caller) as seen:
        found = _bindings(seen)
        units = {u.id: u.name for u in seen.reader.find(Unit, id=sorted({b.unit for b in found}))}
        now = frozenset(b.id for b in found if seen.now in Interval(b.valid_from, b.valid_to))
        waiting = tuple(act for act in seen.reader.find(WaitingAct, kind=WaitingKind.BIND) if _may_see(seen, act))
        return PacksSeen(tuple(found), units, now, waiting)


def read_waiting_pack(services: Services, caller: Caller, id_: str) -> PackWaiting:
    """A pack that waits to be put in force, with what it would change: for the office that may confirm it."""
    with look(services, caller) as seen:
        act = seen.reader.get(WaitingAct, id_)
        if act is None or act.kind is not WaitingKind.BIND or not _may_see(seen, act):
            raise NotFoundError("waiting act", id_)
        said = json.loads(act.body)
        new, held = _load(seen, said["digest"]), seen.org.binding_for(act.unit, seen.now)
        old = None if held is None else _load(seen, held.digest)
        changes = () if old is None else compare_packs(old, new).changes
        touched = said.get("touched")
        units = {act.unit, *(group[0] for group in (touched or {}).get("groups", ()))}
        names = names_of_units(seen.reader, units)
        return PackWaiting(act, names.get(act.unit, act.unit), new, old, changes, touched, names)


def _may_see(seen: ReadView, act: WaitingAct) -> bool:
    """It waits, and the caller leads the office whose leadership confirms it, or operates its admin account."""
    caller = seen.require_caller()
    if not is_waiting(act, seen.now):
        return False
    if caller.kind is AccountKind.ADMIN:
        return caller.unit == act.office
    return bool(seen.leading(caller.person, act.office))


def read_pack_seen(services: Services, caller: Caller, digest: str, against: str | None) -> PackSeen:
    """One of those packs; with `against` what it says otherwise than another of them."""
    with look(services, caller) as seen:
        found = _bindings(seen)
        named = [b for b in found if b.digest == digest]
        if not named:
            raise NotFoundError("pack", digest)
        pack = _load(seen, digest)
        others = {b.digest: b for b in found if b.digest != digest}
        other = others.get(against or "")
        if against and other is None:
            raise NotFoundError("pack", against)
        changes = () if other is None else compare_packs(_load(seen, other.digest), pack).changes
        tested = newest_events(
            seen.reader.connection, seen.reader.register, 1, LogFilter(target=digest, action=TESTED)
        )
        return PackSeen(
            pack,
            tuple(others.values()),
            other,
            changes,
            tuple(case for event in tested for case in _cases(event)),
            tested[0].recorded_at if tested else None,
        )


def _cases(event: Event) -> list[PackCase]:
    told: Any = (event.happening.details or {}).get("cases", ())
    return [PackCase(name, place, expected, got, is_good=good) for name, place, expected, got, good in told]


def _bindings(seen: ReadView) -> list[PackBinding]:
    visible = [b for b in seen.reader.find(PackBinding) if seen.is_related(b.unit)]
    return sorted(visible, key=lambda b: (b.valid_from, b.id), reverse=True)


def _load(seen: ReadView, digest: str) -> Pack:
    try:
        return load_tables(seen.reader.connection, digest).pack
    except UnavailableError:
        raise NotFoundError("pack", digest) from None

"""Ids of other systems: said by the custodian of whose it names, ended, looked up."""

from collections.abc import Sequence
from dataclasses import replace

from access_service.domain.external_ids import (
    ExternalId,
    ExternalKind,
    check_ends,
    check_kept_by,
    holding,
    only_one,
    read_system,
    read_value,
    said_already,
)
from access_service.domain.names import UnitId
from access_service.domain.powers import powerless
from access_service.domain.waiting import check_reason
from access_service.usecases.evidence.people import sees_all
from access_service.usecases.services import Act, Caller, ReadView, Services, act, as_missing, look

OPENS_NOTHING = "an id of another system finds; no decision is asked by one"


@powerless(OPENS_NOTHING)
def set_external_id(
    services: Services, caller: Caller, unit: UnitId, *, kind: ExternalKind, target: str, system: str, value: str
) -> ExternalId:
    """Say what one of the unit's own is called in another system; said before, nothing changes."""
    with act(services, caller, "external_id.set", target) as doing:
        doing.as_custodian(unit)
        said, is_new = put_external_id(doing, unit, kind, target, read_system(system), read_value(value))
        if not is_new:
            doing.tx.happened("external_id.set", said.id, unit=unit, kind=str(kind), of=target, system=said.system)
        return said


def put_external_id(
    doing: Act, unit: UnitId, kind: ExternalKind, target: str, system: str, value: str
) -> tuple[ExternalId, bool]:
    """The same, within an act of the unit's custodian, and whether it is new. The event names no id.

    The fact does: the log outlives it.
    """
    check_kept_by(doing.ground, kind, target, unit)
    new = ExternalId(doing.new_id("ext"), kind, target, unit, system, value, doing.now)
    known = said_already(doing.ground, new)
    if known is not None:
        return known, False
    doing.tx.put(new)
    doing.tx.happened("external_id.set", new.id, unit=unit, kind=str(kind), of=target, system=system)
    return new, True


@powerless(OPENS_NOTHING)
def end_external_id(services: Services, caller: Caller, id_: str, *, reason: str) -> ExternalId:
    """It names its target no more; whoever acts for the unit that said so, or for one above, ends it."""
    with act(services, caller, "external_id.end", id_) as doing:
        found = doing.tx.require(ExternalId, id_)
        with as_missing("external id", id_):
            doing.as_above(found.unit)
        check_ends(found, doing.now)
        ended = replace(found, valid_to=doing.now)
        doing.tx.put(ended)
        doing.tx.happened("external_id.end", id_, unit=found.unit, reason=check_reason(reason))
        return ended


def find_external(
    services: Services, caller: Caller, system: str, value: str, kind: ExternalKind | None = None
) -> ExternalId:
    """Who or what that id of that system is. What the caller may not see is not found; several are refused."""
    system, value = read_system(system), read_value(value)
    with look(services, caller) as seen, seen.as_if_missing():
        found = [f for f in holding(seen.ground, system, value, kind) if _may_see(seen, caller, f)]
        return only_one(found, system, value)


def _may_see(seen: ReadView, caller: Caller, found: ExternalId) -> bool:
    """People and accounts: whoever acts for the unit, and themselves. Units and classes: everybody on the chain."""
    if not seen.is_related(found.unit):
        return False
    if found.kind in (ExternalKind.UNIT, ExternalKind.CLASS) or found.target in (caller.person, caller.account):
        return True
    return sees_all(seen, found.unit)


def list_external_ids(services: Services, caller: Caller, unit: UnitId) -> Sequence[ExternalId]:
    """What the unit's own are called elsewhere now, for whoever sees its people."""
    with look(services, caller) as seen:
        if not sees_all(seen, unit):
            return ()
        found = [f for f in seen.reader.find(ExternalId, unit=unit) if seen.now in f.interval]
        return sorted(found, key=lambda f: (f.kind, f.target, f.system, f.value))

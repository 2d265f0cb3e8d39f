"""Packs put in force: which one decides for a unit and what is below it, from a day to a day (ruling A1)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NoReturn

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import UnitId
from access_service.domain.org import OrgView, chain_of
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval, local, start_of_day


def nearest_binding(
    org: OrgView, bindings_of: Callable[[UnitId], Iterable[PackBinding]], unit: UnitId, at: datetime
) -> PackBinding | None:
    """The binding that decides for a unit: the nearest ancestor-or-self's in force at that instant."""
    found = (
        binding
        for above in chain_of(org, unit, at)
        for binding in bindings_of(above)
        if at in Interval(binding.valid_from, binding.valid_to)
    )
    return next(found, None)


def refuse_to_callers(unit: UnitId) -> NoReturn:
    """(A1) No account of the register binds a pack; two operators do."""
    raise RefusedError(Refusal.OPERATOR_ONLY, "`access-service policy bind` puts a pack in force", unit=unit)


def check_day(ground: Ground, on: date) -> None:
    """What was decided in the past was decided by the pack in force then."""
    if on < local(ground.now).date():
        raise InvalidError("a pack is bound from today at the earliest", on=on.isoformat())


def check_binding(ground: Ground, binding: PackBinding, replaces: str | None) -> PackBinding | None:
    """Two bindings of one unit never overlap: the one that `binding` replaces ends when it begins. That one."""
    if binding.valid_to is not None and binding.valid_to <= binding.valid_from:
        raise InvalidError("the binding ends before it begins")
    old = None if replaces is None else _replaced(ground, binding, replaces)
    mine = Interval(binding.valid_from, binding.valid_to)
    for other in ground.facts.find(PackBinding, unit=binding.unit):
        if old is not None and other.id == old.id:
            continue
        if mine.overlaps(Interval(other.valid_from, other.valid_to)):
            raise RefusedError(
                Refusal.DUPLICATE,
                f"a pack is bound to that unit then; name the binding it replaces: `{other.id}`",
                held=other.id,
            )
    return old


def _replaced(ground: Ground, binding: PackBinding, id_: str) -> PackBinding:
    old = ground.facts.get(PackBinding, id_)
    if old is None or old.unit != binding.unit:
        raise NotFoundError("pack binding", id_)
    at = binding.valid_from
    if not old.valid_from < at or (old.valid_to is not None and old.valid_to <= at):
        raise InvalidError("the binding to be replaced is not in force then", replaces=id_)
    return old


def check_compared(said: Mapping[str, Any], in_force: str | None) -> None:
    """What was prepared was compared with one pack; another in force since then differs otherwise.

    `in_force` is the digest of today's. An act that was prepared before packs were compared names none.
    """
    if "was" in said and said["was"] != in_force:
        raise RefusedError(
            Refusal.CONSEQUENCES_CHANGED, "another pack has come into force since this one was compared"
        )


def binding_in(said: Mapping[str, Any], id_: str, unit: UnitId, now: datetime) -> PackBinding:
    """The binding that waits, as it would begin now: on its day, at the earliest at this instant."""
    at = max(start_of_day(date.fromisoformat(said["on"])), now)
    end = None if said["until"] is None else start_of_day(date.fromisoformat(said["until"]))
    return PackBinding(id_, unit, said["pack"], said["digest"], at, end)

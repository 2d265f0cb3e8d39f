"""Packs put in force: which one decides for a unit and what is below it, from a date to a date."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.policy import PackBinding
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval, local, start_of_day
from access_service.engine.load import PackFiles, parse_pack, read_pack_files
from access_service.engine.pack_files import is_pack_name
from access_service.storage.policy import load_tables, store_pack
from access_service.usecases.reading_papers import root_of
from access_service.usecases.services import Act, Caller, Services, act, operate


def read_pack(policy_dir: Path, models_dir: Path, name: str) -> PackFiles:
    """The files of a pack in the service's own folder. `NotFoundError` for a name that is not there.

    Raises `PolicyError` with every fault when the pack does not load.
    """
    if not is_pack_name(name) or not (policy_dir / name).is_dir():
        raise NotFoundError("pack", name)
    files = read_pack_files(policy_dir, name, models_dir)
    parse_pack(files)
    return files


@power(yields(Power.POLICY) | ends(Power.POLICY))
def bind_pack(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    pack: PackFiles | str | Callable[[], PackFiles],
    on: date,
    until: date | None = None,
    replaces: str | None = None,
) -> PackBinding:
    """Bind a pack to a unit from 00:00 of a day (today: from now). The root's custodian decides.

    `pack` is files, a function that reads them once the caller may, or the digest of a pack in the database. Two
    bindings of one unit never overlap: the one that this one `replaces` ends when it begins. `until` is its first
    day without the pack.
    """
    with act(services, caller, "policy.bind", unit) as doing:
        doing.as_custodian(root_of(services, caller.register))
        return _bind(doing, unit, pack() if callable(pack) else pack, on, until, replaces)


def bind_pack_as_operator(
    services: Services,
    register: RegisterId,
    *,
    unit: UnitId,
    pack: PackFiles | str,
    on: date,
    until: date | None = None,
    replaces: str | None = None,
) -> PackBinding:
    """As `bind_pack`, from the command line."""
    with operate(services, register) as doing:
        return _bind(doing, unit, pack, on, until, replaces)


def _bind(
    doing: Act, unit: UnitId, pack: PackFiles | str, on: date, until: date | None, replaces: str | None
) -> PackBinding:
    doing.require_unit(unit)
    if on < local(doing.now).date():
        # What was decided in the past was decided by the pack in force then.
        raise InvalidError("a pack is bound from today at the earliest", on=on.isoformat())
    at = max(start_of_day(on), doing.now)
    end = None if until is None else start_of_day(until)
    if end is not None and end <= at:
        raise InvalidError("the binding ends before it begins")
    name, digest = _stored(doing, pack)
    if replaces is not None:
        _end(doing, unit, replaces, at)
    binding = PackBinding(doing.new_id("bnd"), unit, name, digest, at, end)
    mine = Interval(at, end)
    for other in doing.tx.find(PackBinding, unit=unit):
        if mine.overlaps(Interval(other.valid_from, other.valid_to)):
            raise RefusedError(
                Refusal.DUPLICATE, "a pack is bound to that unit then; name the binding it replaces", held=other.id
            )
    doing.tx.put(binding)
    doing.tx.happened("policy.bind", binding.id, unit=unit, pack=name, digest=digest)
    doing.tx.touches_everybody()
    return binding


def _stored(doing: Act, pack: PackFiles | str) -> tuple[str, str]:
    """Name and digest of the pack, which is in the database from now on."""
    if isinstance(pack, PackFiles):
        return store_pack(doing.tx.connection, pack).pack.name, pack.digest
    try:
        return load_tables(doing.tx.connection, pack).pack.name, pack
    except UnavailableError:
        raise NotFoundError("pack", pack) from None


def _end(doing: Act, unit: UnitId, id_: str, at: datetime) -> None:
    old = doing.tx.require(PackBinding, id_)
    if old.unit != unit:
        raise NotFoundError("pack binding", id_)
    if not old.valid_from < at or (old.valid_to is not None and old.valid_to <= at):
        raise InvalidError("the binding to be replaced is not in force then", replaces=id_)
    doing.tx.put(replace(old, valid_to=at))
    doing.tx.happened("policy.unbind", id_, unit=unit)

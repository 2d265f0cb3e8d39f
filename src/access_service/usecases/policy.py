"""Packs put in force: which one decides for a unit and what is below it, from a date to a date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from access_service.domain import binding as rules
from access_service.domain.audit import Happening, Json
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.policy import TESTED, PackBinding, PackCase
from access_service.domain.powers import powerless
from access_service.domain.waiting import WaitingAct, WaitingKind, WrittenDecision, check_decision
from access_service.engine.packs.files import is_pack_name
from access_service.engine.packs.load import PackFiles, parse_pack, read_pack_files
from access_service.storage.policy import load_tables, pack_archive, store_pack
from access_service.usecases.operators import OperatorKey, check_operator, root_of
from access_service.usecases.services import Act, Caller, Services, act, operate
from access_service.usecases.waiting import prepare


def read_pack(policy_dir: Path, models_dir: Path, name: str) -> PackFiles:
    """The files of a pack in the service's own folder. `NotFoundError` for a name that is not there.

    Raises `PolicyError` with every fault when the pack does not load.
    """
    if not is_pack_name(name) or not (policy_dir / name).is_dir():
        raise NotFoundError("pack", name)
    files = read_pack_files(policy_dir, name, models_dir)
    parse_pack(files)
    return files


@powerless("which pack binds a unit is the operator's: it is always refused")
def bind_pack(services: Services, caller: Caller, *, unit: UnitId) -> None:
    """Refused, saying where it is done: the pack of every unit is the operator's (ruling A1)."""
    with act(services, caller, "policy.bind", unit) as doing:
        doing.as_custodian(root_of(services, caller.register))
        doing.require_unit(unit)
        rules.refuse_to_callers(unit)


def prepare_binding(
    services: Services,
    register: RegisterId,
    *,
    unit: UnitId,
    pack: PackFiles | str,
    on: date,
    decision: WrittenDecision,
    operator: OperatorKey,
    until: date | None = None,
    replaces: str | None = None,
) -> WaitingAct:
    """Bind a pack to a unit from 00:00 of a day by a decision; it waits for a second person.

    `pack` is files, or the digest of a pack in the database. Two bindings of one unit never overlap: the one that
    this one `replaces` ends when it begins. `until` is its first day without the pack.
    """
    root = root_of(services, register)
    with operate(services, register) as doing:
        name = check_operator(doing, operator)
        check_decision(decision, doing.now)
        rules.check_day(doing.ground, on)
        pack_name, digest = _stored(doing, pack)
        body = {
            "pack": pack_name,
            "digest": digest,
            "on": on.isoformat(),
            "until": None if until is None else until.isoformat(),
            "replaces": replaces,
        }
        _check(doing, unit, body)
        return prepare(
            doing,
            WaitingKind.BIND,
            target=unit,
            unit=unit,
            office=root,
            body=body,
            decision=decision,
            operator=name,
        )


def record_tests(services: Services, register: RegisterId, digest: str, cases: Sequence[PackCase]) -> None:
    """Write into the log what the tests of a pack said. `NotFoundError` for one that the register never had."""
    with services.db.connect() as connection:
        if pack_archive(connection, digest) is None:
            raise NotFoundError("pack of the register", digest)
    told: list[Json] = [[c.name, c.place, c.expected, c.got, c.is_good] for c in cases]
    tested = Happening(TESTED, digest, details={"cases": told}, unit=root_of(services, register))
    services.db.note(register, "operator", tested)


def enact_binding(doing: Act, found: WaitingAct) -> str:
    """The binding was confirmed: it begins on its day, at the earliest now."""
    said = json.loads(found.body)
    old, binding = _check(doing, found.unit, said)
    if old is not None:
        doing.tx.put(replace(old, valid_to=binding.valid_from))
        doing.tx.happened("policy.unbind", old.id, unit=found.unit)
    doing.tx.put(binding)
    doing.tx.happened("policy.bind", binding.id, unit=found.unit, pack=binding.pack, digest=binding.digest)
    doing.tx.touches_everybody()
    return binding.id


def _check(doing: Act, unit: UnitId, said: Mapping[str, Any]) -> tuple[PackBinding | None, PackBinding]:
    """The binding as it would begin now, and the one that ends then; refused where it cannot be."""
    doing.require_unit(unit)
    binding = rules.binding_in(said, doing.new_id("bnd"), unit, doing.now)
    return rules.check_binding(doing.ground, binding, said["replaces"]), binding


def _stored(doing: Act, pack: PackFiles | str) -> tuple[str, str]:
    """Name and digest of the pack, which is in the database from now on."""
    if isinstance(pack, PackFiles):
        return store_pack(doing.tx.connection, pack).pack.name, pack.digest
    try:
        return load_tables(doing.tx.connection, pack).pack.name, pack
    except UnavailableError:
        raise NotFoundError("pack", pack) from None

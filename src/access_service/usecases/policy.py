"""Packs put in force: which one decides for a unit and what is below it, from a date to a date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from access_service.domain import binding as rules
from access_service.domain.audit import Happening, Json
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.org import Unit
from access_service.domain.policy import TESTED, PackBinding, PackCase
from access_service.domain.powers import powerless
from access_service.domain.waiting import WaitingAct, WaitingKind, WrittenDecision, check_decision
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.packs.files import is_pack_name
from access_service.engine.packs.load import PackFiles, parse_pack, read_pack_files
from access_service.engine.proofs.pack_cells import PackDifference, compare_packs
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.policy import load_tables, pack_archive, store_pack
from access_service.usecases.evidence.touched import TouchedPeople, find_touched, governed_from
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


@dataclass(frozen=True, slots=True)
class BindingShown:
    """What a binding would change, as it was shown before the decision."""

    difference: PackDifference
    touched: TouchedPeople
    """Whom of the unit's people and those below, as asked at one revision."""


def show_binding(
    services: Services, register: RegisterId, *, unit: UnitId, pack: PackFiles | str
) -> BindingShown | None:
    """What the pack would change for the unit and what is below it; None where no pack is in force there yet.

    Nothing is changed, and no lock is held while the people are asked.
    """
    root_of(services, register)
    with services.db.read(register) as reader:
        now = services.db.now_in(reader.connection, register)
        reader.require(Unit, unit)
        new = parse_pack(pack) if isinstance(pack, PackFiles) else _tables(reader, pack).pack
        held = StoredOrg(reader).binding_for(unit, now)
        if held is None:
            return None
        difference = compare_packs(load_tables(reader.connection, held.digest).pack, new)
        return BindingShown(difference, find_touched(reader, difference, now, governed_from(unit)))


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
    shown: BindingShown | None = None,
) -> WaitingAct:
    """Bind a pack to a unit from 00:00 of a day by a decision; it waits for a second person.

    `pack` is files, or the digest of a pack in the database. Two bindings of one unit never overlap: the one that
    this one `replaces` ends when it begins. `until` is its first day without the pack. Of what was `shown` before
    the act and its event keep whom it touches.
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
            "was": _in_force(doing, unit),
            "touched": None if shown is None else _counted(shown.touched),
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
    was = _in_force(doing, found.unit)
    rules.check_compared(said, was)
    old, binding = _check(doing, found.unit, said)
    if old is not None:
        doing.tx.put(replace(old, valid_to=binding.valid_from))
        doing.tx.happened("policy.unbind", old.id, unit=found.unit)
    doing.tx.put(binding)
    compared: dict[str, Json] = {"was": was, "touched": said.get("touched"), "changes": []}
    if was is not None:
        new = load_tables(doing.tx.connection, binding.digest).pack
        changes = compare_packs(load_tables(doing.tx.connection, was).pack, new).changes
        compared["changes"] = [[c.part, *c.what, c.before, c.after, c.article, c.source] for c in changes]
    doing.tx.happened(
        "policy.bind", binding.id, unit=found.unit, pack=binding.pack, digest=binding.digest, **compared
    )
    return binding.id


def _check(doing: Act, unit: UnitId, said: Mapping[str, Any]) -> tuple[PackBinding | None, PackBinding]:
    """The binding as it would begin now, and the one that ends then; refused where it cannot be."""
    doing.require_unit(unit)
    binding = rules.binding_in(said, doing.new_id("bnd"), unit, doing.now)
    return rules.check_binding(doing.ground, binding, said["replaces"]), binding


def _in_force(doing: Act, unit: UnitId) -> str | None:
    """Digest of the pack that decides for the unit now."""
    held = doing.org.binding_for(unit, doing.now)
    return None if held is None else held.digest


def _counted(touched: TouchedPeople) -> dict[str, Json]:
    """Whom it touches, by unit and role, without anybody's name."""
    groups: list[Json] = [[g.unit, g.role, len(g.gain), len(g.lose)] for g in touched.groups]
    return {
        "revision": touched.revision,
        "gain": len(touched.gain),
        "lose": len(touched.lose),
        "asked": touched.asked,
        "unasked": touched.unasked,
        "groups": groups,
    }


def _tables(reader: Reader, digest: str) -> CompiledPack:
    try:
        return load_tables(reader.connection, digest)
    except UnavailableError:
        raise NotFoundError("pack", digest) from None


def _stored(doing: Act, pack: PackFiles | str) -> tuple[str, str]:
    """Name and digest of the pack, which is in the database from now on."""
    if isinstance(pack, PackFiles):
        return store_pack(doing.tx.connection, pack).pack.name, pack.digest
    return _tables(doing.tx, pack).pack.name, pack

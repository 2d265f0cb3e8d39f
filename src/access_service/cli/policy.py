"""`policy check`, `policy test`, `policy bind`."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import typer

from access_service.cli.errors import DONE, REFUSED, UNPROVED, UsageError
from access_service.cli.office import Entered, SinceUntil, office, say_waiting
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain import words
from access_service.domain.errors import Fault, PolicyError
from access_service.domain.names import UnitId
from access_service.domain.policy import Pack, PackCase
from access_service.domain.promises import IdleAcceptance, idle_acceptances
from access_service.domain.separations import Meeting, meetings
from access_service.domain.time import local
from access_service.engine.alone.decisions import StandaloneEngine
from access_service.engine.alone.pack import StandalonePack
from access_service.engine.alone.standalone import is_standalone, load_standalone, models_for
from access_service.engine.cases.alone import run_standalone_cases
from access_service.engine.cases.case_files import CaseResult, run_cases
from access_service.engine.compile import compile_pack
from access_service.engine.memory import Memory
from access_service.engine.packs.load import load_pack, read_pack_files
from access_service.engine.proofs.witness import replay
from access_service.usecases.policy import prepare_binding, read_pack, record_tests, show_binding


def run_policy_check(folders: Sequence[Path], *, models: Path | None, as_json: bool) -> int:
    """Read every pack strictly; all faults of all of them at once."""
    faults: list[Fault] = []
    read: list[Pack | StandalonePack] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder here; a pack is a folder with `pack.toml` in it")
        try:
            read.append(_checked(folder.resolve(), models))
        except PolicyError as error:
            faults += error.faults
    if faults:
        raise PolicyError(tuple(faults))
    if as_json:
        say_json(
            [
                {
                    "name": p.name,
                    "version": p.version,
                    "digest": p.digest,
                    "rules": len(p.rules),
                    "separations": [{"id": met.separation.id, "roles": met.roles} for met in _meetings(p)],
                    "idle": [{"place": i.source, "id": i.id, "accepted": i.accepted} for i in _idle(p)],
                }
                for p in read
            ]
        )
    else:
        for pack in read:
            typer.echo(f"{pack.name} {pack.version}: {len(pack.rules)} rules, SHA-256 {pack.digest}")
            for separation, met in groupby(_meetings(pack), key=lambda meeting: meeting.separation):
                roles = ", ".join(sorted(meeting.roles for meeting in met))
                typer.echo(f"  {separation.id} ({separation.article}): {roles}: {separation.because}")
            for idle in _idle(pack):
                typer.echo(f"  {idle.source}: `{idle.id}` accepts `{idle.accepted}`, which never comes about")
    return DONE


def _meetings(pack: Pack | StandalonePack) -> tuple[Meeting, ...]:
    """The roles in which duties would meet that should not, where the pack has not accepted it."""
    return meetings(pack, pack.roles) if isinstance(pack, Pack) else ()


def _idle(pack: Pack | StandalonePack) -> tuple[IdleAcceptance, ...]:
    """What the pack accepts in its own files although it never comes about; what it inherits is not its to mend."""
    found = idle_acceptances(pack) if isinstance(pack, Pack) else ()
    return tuple(idle for idle in found if idle.source.startswith(f"{pack.name}/"))


def _checked(folder: Path, models: Path | None) -> Pack | StandalonePack:
    """The folder's pack, of whichever kind, made ready to decide."""
    if is_standalone(folder):
        alone = load_standalone(folder, models or models_for(folder, settings_for().models_dir))
        StandaloneEngine(alone)
        return alone
    pack = load_pack(folder.parent, folder.name, models or settings_for().models_dir)
    compile_pack(pack, Memory())
    return pack


def _run(folder: Path, models: Path | None) -> list[CaseResult]:
    if is_standalone(folder):
        return run_standalone_cases(folder, models or models_for(folder, settings_for().models_dir))
    return run_cases(folder, models or settings_for().models_dir)


def run_policy_test(
    folders: Sequence[Path],
    *,
    models: Path | None,
    as_json: bool,
    record: tuple[str | None, str | None] | None = None,
) -> int:
    """Run every case of the packs; 1 when one of them answers otherwise than it says, or there is none.

    `record` names the database and the register whose log keeps the results of packs that it has.
    """
    by_folder = {folder: _run(folder.resolve(), models) for folder in folders}
    results = [result for found in by_folder.values() for result in found]
    if record is not None:
        _record(by_folder, models, *record)
    failed = [result for result in results if not result.ok]
    if as_json:
        say_json(
            {
                "cases": len(results),
                "failed": [
                    {"name": r.name, "place": r.place, "expected": r.expected, "got": r.got} for r in failed
                ],
            }
        )
    else:
        for result in failed:
            typer.echo(f"{result.place}: {result.name}: expected {result.expected}, got {result.got}", err=True)
        typer.echo(f"{len(results)} cases, {len(failed)} failed")
    # Nothing tested is not everything right.
    return REFUSED if failed or not results else DONE


def _record(
    by_folder: Mapping[Path, Sequence[CaseResult]], models: Path | None, database: str | None, register: str | None
) -> None:
    settings = settings_for(database)
    with open_database(settings) as db:
        services, name = services_for(db, settings), register_of(db, register)
        for folder, found in by_folder.items():
            files = read_pack_files(folder.resolve().parent, folder.resolve().name, models or settings.models_dir)
            tried = [PackCase(r.name, r.place, r.expected, r.got, is_good=r.ok) for r in found]
            record_tests(services, name, files.digest, tried)


def run_policy_bind(
    unit: str,
    pack: str,
    said: Entered,
    *,
    on: str | None,
    until: str | None,
    replaces: str | None,
    only_shown: bool,
    at: SinceUntil,
    as_json: bool,
) -> int:
    """Say what the pack would change, then prepare putting it in force for a unit and what is below it."""
    # `policy check` of a pack that stands alone reads nothing of a register.
    from access_service.cli.policy_diff import difference_lines, plain_difference  # noqa: PLC0415

    with office(at) as (services, register, settings):
        files = read_pack(settings.policy_dir, settings.models_dir, pack)
        shown = show_binding(services, register, unit=UnitId(unit), pack=files)
        played = None if shown is None else replay(shown.difference)
        if not as_json and shown is not None:
            for line in difference_lines(shown.difference, played, shown.touched):
                typer.echo(line)
        told = None if shown is None else plain_difference(shown.difference, played, shown.touched)
        if only_shown:
            if as_json:
                say_json(told)
            return UNPROVED if played is not None and not played.is_as_said else DONE
        prepared = prepare_binding(
            services,
            register,
            unit=UnitId(unit),
            pack=files,
            on=local(services.db.now()).date() if on is None else words.day(on),
            decision=said.decision(),
            operator=said.key(),
            until=None if until is None else words.day(until),
            replaces=replaces,
            shown=shown,
        )
    say_waiting([prepared], as_json=as_json, more={"difference": told})
    return DONE

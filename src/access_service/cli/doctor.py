"""`doctor`: what is wrong with the machine, its settings and its files, before it is noticed otherwise."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata

import typer
from pydantic import ValidationError

from access_service.cli.errors import DONE, REFUSED, setting_fault
from access_service.cli.opening import check_file, say_json, settings_for
from access_service.domain.errors import AccessServiceError
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.usecases.services import system_clock
from access_service.usecases.upkeep.examining import Examined, ExaminedPlaces, LevelFound, examine

MARKS = {LevelFound.FINE: "✓", LevelFound.WARNING: "!", LevelFound.FAULT: "✗"}


def run_doctor(*, database: str | None, as_json: bool) -> int:
    """Every look one line; exit status 1 where one found a fault."""
    looks = [*_all(database)]
    if as_json:
        say_json([{"what": look.what, "level": look.level, "message": look.message} for look in looks])
    else:
        for look in looks:
            typer.echo(f"{MARKS[look.level]} {look.what}: {look.message}")
    return REFUSED if any(look.level is LevelFound.FAULT for look in looks) else DONE


def _all(database: str | None) -> Iterator[Examined]:
    try:
        settings = settings_for(database)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            yield Examined("settings", LevelFound.FAULT, setting_fault(fault))
        yield Examined("settings", LevelFound.WARNING, "nothing else was looked at: mend them first")
        return
    yield Examined("settings", LevelFound.FINE, "every one is known and can be read")
    db = Database(settings.database_url, system_clock, clock_gap=timedelta(days=settings.clock_gap_days))
    try:
        yield from _of(db, settings)
    except AccessServiceError as error:
        yield Examined("database", LevelFound.FAULT, str(error))
    finally:
        db.close()


def _of(db: Database, settings: Settings) -> Iterator[Examined]:
    check_file(db)
    places = ExaminedPlaces(
        keys_dir=settings.keys_dir,
        policy_dir=settings.policy_dir,
        models_dir=settings.models_dir,
        files_dir=settings.files_dir,
        fonts_dir=settings.fonts_dir,
        secrets=tuple(filter(None, (settings.tls_key,))),
        checkpoint_dirs=settings.checkpoint_dirs or (),
    )
    yield from examine(db, places, program=metadata.version("access-service"))

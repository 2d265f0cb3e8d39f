"""`codes`: first activation codes drawn anew, a sheet for each unit."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote

import typer

from access_service.cli.errors import UsageError
from access_service.cli.import_files import link
from access_service.cli.office import operator_key
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.errors import UnavailableError
from access_service.domain.names import UnitId
from access_service.storage.connecting import OWN_FOLDER, open_new
from access_service.usecases.identity.first_codes import CodeSheet, reissue_first_codes

COLUMNS = ("unit", "unit_name", "name", "username", "activation_url", "hours")
FORMULA = ("=", "+", "-", "@", "\t")


def run_codes(
    output: Path,
    *,
    units: Sequence[str],
    is_all: bool,
    operator: str | None,
    secret_file: Path | None,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Write the sheets into a new folder, then let the codes count."""
    if bool(units) == is_all:
        raise UsageError("name units with --unit, or say --all-unactivated")
    key = None if operator is None else operator_key(operator, secret_file)
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, settings.register_name if register is None else register)
        output.mkdir(mode=OWN_FOLDER)

        def keep(sheets: Sequence[CodeSheet]) -> None:
            for earlier in output.iterdir():
                earlier.unlink()
            for sheet in sheets:
                _write(output / f"{quote(sheet.unit, safe='')}.csv", sheet, settings.public_url)

        try:
            sheets = reissue_first_codes(
                services_for(db, settings),
                found,
                units=None if is_all else [UnitId(unit) for unit in units],
                keep=keep,
                operator=key,
            )
        except UnavailableError:
            # It may have been committed although the answer was lost.
            raise
        except BaseException:
            rmtree(output)
            raise
    count = sum(len(sheet.codes) for sheet in sheets)
    if as_json:
        say_json({"register": found, "folder": str(output), "sheets": len(sheets), "codes": count})
    else:
        typer.echo(f"{output}: {count} mã, {len(sheets)} tờ / codes, sheets")


def _write(path: Path, sheet: CodeSheet, public_url: str) -> None:
    """One unit's sheet, on the disk before the codes count."""
    hours = round(sheet.lasts.total_seconds() / 3600)
    with os.fdopen(open_new(path), "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in sheet.codes:
            said = (sheet.unit, sheet.unit_name, line.name, line.username)
            writer.writerow((*map(_plain, said), link(public_url, line.code), hours))
        file.flush()
        os.fsync(file.fileno())


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text

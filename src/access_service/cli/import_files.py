"""`import`: files into the register, all or nothing."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.errors import UnavailableError
from access_service.engine.packs.load import parse_pack
from access_service.live.revisions import revision_text
from access_service.rendering.template import write_template
from access_service.storage.connecting import open_new
from access_service.usecases.imports.run import ImportReport, Progress, import_sheets, read_source
from access_service.usecases.policy import read_pack

COMMON_PACK = "base"
"""Whose words the template offers: every province's pack extends it."""


def run_template(path: Path, *, as_json: bool) -> None:
    """Write an example with its guide: a workbook for a name in .xlsx, else a folder of CSV files."""
    if path.exists():
        raise UsageError(f"`{path}` exists")
    settings = settings_for(None)
    pack = parse_pack(read_pack(settings.policy_dir, settings.models_dir, COMMON_PACK))
    write_template(path, xlsx=path.suffix.lower() == ".xlsx", pack=pack)
    if as_json:
        say_json({"template": str(path)})
    else:
        typer.echo(str(path))


def run_import(
    path: Path, *, database: str | None, register: str | None, dry_run: bool, codes: Path | None, as_json: bool
) -> None:
    """Check every row and store all of them, or none. One-time codes go to `codes`, or else to standard output."""
    if not path.exists():
        raise UsageError(f"`{path}` does not exist")
    sheets = read_source(path)
    settings = settings_for(database)
    with (
        open_database(settings) as db,
        _codes_file(None if dry_run else codes) as file,
        _progress(as_json=as_json) as progress,
    ):

        def keep(drawn: Mapping[str, str]) -> None:
            # On the disk before the register has them: whoever is killed after the commit has lost nothing.
            if file is not None:
                file.seek(0)
                file.truncate()
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(("account", "activation_url"))
                writer.writerows(
                    (account, link(settings.public_url, code)) for account, code in sorted(drawn.items())
                )
                file.flush()
                os.fsync(file.fileno())

        report = import_sheets(
            services_for(db, settings),
            register_of(db, register),
            sheets,
            dry_run=dry_run,
            progress=progress,
            keep_codes=keep,
        )
    _say(report, settings.public_url, codes, as_json=as_json)


def link(public_url: str, code: str) -> str:
    """Where a code is used; in the fragment, which reaches no log."""
    return f"{public_url}/activate#code={code}"


@contextmanager
def _codes_file(path: Path | None) -> Iterator[IO[str] | None]:
    """Opened before anything is stored: codes are shown once and must have somewhere to go."""
    if path is None:
        yield None
        return
    descriptor = open_new(path)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except UnavailableError:
        # It may have been committed although the answer was lost.
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _progress(*, as_json: bool) -> Iterator[Progress]:
    """A bar on a terminal, one line a sheet elsewhere, nothing beside JSON."""
    if as_json:
        yield lambda _sheet, _done, _total: None
        return
    if not sys.stderr.isatty():
        yield _line
        return
    # Only a terminal pays for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def show(sheet: str, done: int, total: int) -> None:
            if sheet not in tasks:
                tasks[sheet] = bar.add_task(sheet, total=total)
            bar.update(tasks[sheet], completed=done)

        yield show


def _line(sheet: str, done: int, total: int) -> None:
    if done == total:
        typer.echo(f"{sheet}: {total}", err=True)


def _links(report: ImportReport, public_url: str) -> dict[str, str]:
    return {account: link(public_url, code) for account, code in sorted(report.activation_codes.items())}


def _say(report: ImportReport, public_url: str, codes: Path | None, *, as_json: bool) -> None:
    links = {} if codes is not None else _links(report, public_url)
    if as_json:
        say_json(
            {
                "register": report.register,
                "dry_run": report.is_dry_run,
                "counts": dict(report.counts),
                "kept": dict(report.kept),
                "numbers": report.numbers.counts() | {"lines": report.numbers.lines()},
                "revision": revision_text(report.revision),
                "seconds": round(report.seconds, 3),
                "activation_urls": links,
            }
        )
        return
    verb = "kiểm tra, chưa ghi / checked, nothing stored" if report.is_dry_run else "đã ghi / stored"
    counts = ", ".join(f"{sheet} {count}" for sheet, count in report.counts.items() if count)
    typer.echo(f"{report.register}: {verb}: {counts or 'không có dòng mới'} ({revision_text(report.revision)})")
    if report.kept:
        kept = ", ".join(f"{sheet} {count}" for sheet, count in report.kept.items() if count)
        typer.echo(f"Giữ nguyên như trong sổ đăng ký, không ghi đè / kept as the register has them: {kept}")
    if report.numbers:
        typer.echo("Số văn bản cần xem lại (vẫn được nhập) / numbers to look at, taken as they are:")
        for line in report.numbers.lines():
            typer.echo(f"  {line}")
    for account, address in links.items():
        typer.echo(f"{account}\t{address}")

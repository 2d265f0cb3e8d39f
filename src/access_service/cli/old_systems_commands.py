"""`old-system`: what an operator asks while units are taken over from another system; see `commands`."""
# ruff: noqa: PLC0415 what a command does is imported when it is called

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options
from access_service.domain.external_ids import ExternalKind

old_system = typer.Typer(
    help="Taking over from another system: whose accounts are, which rights have paper.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="A workbook (.xlsx) with all of it.")
]


@old_system.command("match")
def match(
    unit: Annotated[str, typer.Argument(help="Code of the unit whose accounts the file lists.")],
    file: Annotated[Path, typer.Argument(help="The list of accounts, .xlsx or .csv.")],
    *,
    system: Annotated[str, typer.Option(metavar="NAME", help="The old system: smas, emis, vnedu, …")],
    below: Annotated[
        bool, typer.Option("--below", help="The list of an office: each row at the unit below that it names.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="A workbook (.xlsx) with all of it; with --below a folder."),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Match a list of an old system's accounts with a unit's people and papers. Nothing of it is kept."""
    from access_service.cli.old_systems import run_below, run_compare

    run = run_below if below else run_compare
    run(unit, file, system=system, output=output, at=(database, register), as_json=json)


@old_system.command("report")
def report(
    unit: Annotated[str, typer.Argument(help="Code of the unit.")],
    *,
    output: OutputOption = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """The same of the list that the unit's custodian has read, with what was said of its rows."""
    from access_service.cli.old_systems import run_compare

    run_compare(unit, None, system="", output=output, at=(database, register), as_json=json)


@old_system.command("who")
def who(
    named: Annotated[str, typer.Argument(metavar="SYSTEM:ID", help="An id of another system.")],
    *,
    kind: Annotated[
        ExternalKind | None, typer.Option(metavar="KIND", help="person, account, unit or class, where several are.")
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Say whom or what an id of another system names now."""
    from access_service.cli.old_systems import run_named

    run_named(named, kind, at=(database, register), as_json=json)

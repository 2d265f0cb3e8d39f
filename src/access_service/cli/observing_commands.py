"""`observe`: the commands by which an operator has an enforcement point observe first; see `commands`."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from access_service.cli import options
from access_service.cli.software_commands import ClientIdArgument

observe = typer.Typer(
    help="Enforcement points that log answers before they enforce them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Units = Annotated[list[str], typer.Option("--unit", metavar="CODE", help="Code of a unit. May be repeated.")]


@observe.command("begin")
def observe_begin(
    client: ClientIdArgument,
    *,
    unit: Units,
    until: Annotated[str, typer.Option(metavar="INSTANT", help="From when it is enforced, whoever acts or not.")],
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Log a client's answers at units until then, and enforce none."""
    from access_service.cli.observing import run_begin

    run_begin(client, units=unit, until=until, database=database, register=register, as_json=json)


@observe.command("cut-over")
def observe_cut_over(
    client: ClientIdArgument,
    *,
    unit: Units,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what the last days would have been.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Enforce a client's answers at units from now on."""
    from access_service.cli.observing import run_cut_over

    run_cut_over(client, units=unit, dry_run=dry_run, database=database, register=register, as_json=json)


@observe.command("report")
def observe_report(
    software_id: Annotated[str, typer.Argument(help="Id of the software, `sof_…`.")],
    *,
    days: Annotated[int, typer.Option(min=1, max=31, help="How many days, today the last.")] = 14,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Show by unit how the old system's answers and the service's differ, and where observing ends when."""
    from access_service.cli.observing import run_report

    run_report(software_id, days=days, database=database, register=register, as_json=json)

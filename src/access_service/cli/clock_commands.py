"""The commands about the clock; see `commands`."""
# ruff: noqa: PLC0415

import typer

from access_service.cli import options

clock = typer.Typer(help="The machine's clock: show, accept, mend.", no_args_is_help=True, rich_markup_mode=None)


@clock.command()
def show(
    *, database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """What the clock says, when the register last recorded something, and why acts wait. Exit status 1 in doubt."""
    from access_service.cli.clock import run_clock

    run_clock("show", database=database, register=register, as_json=json)


@clock.command()
def accept(
    *, database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """The clock is right and nobody worked for longer than `ACCESS_SERVICE_CLOCK_GAP_DAYS`: go on from now."""
    from access_service.cli.clock import run_clock

    run_clock("accept", database=database, register=register, as_json=json)


@clock.command()
def mend(
    *, database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """Something was recorded while the clock was ahead, and it is right now: go on from now. The log says so."""
    from access_service.cli.clock import run_clock

    run_clock("mend", database=database, register=register, as_json=json)

"""Reading the log at the command line; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options


def events(
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First day, dd/mm/yyyy; the log's first if left out."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day, itself within; to now if left out.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option("--actor", metavar="ID", help="Who acted: an account, `operator`, `import`, or a person."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="CODE", help="Whose dossier the events belong to.")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="ID", help="What was acted on.")] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="ACTION", help="What was done: grant.end, document.sign, …")
    ] = None,
    newest: Annotated[
        int,
        typer.Option(
            "--newest", metavar="N", min=1, max=10_000, help="How many to print, the newest; 100 if left out."
        ),
    ] = 100,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write all that match into a CSV file, in place of printing."),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Read the log by day, by who acted, by unit. Reading it leaves an event in it."""
    from access_service.cli.events import question_of, run_events

    question = question_of(first, last, actor, unit, target, action)
    run_events(question, database=database, register=register, newest=newest, csv=csv, as_json=json)

"""What two operators do: who signs for the department, confirmed by a second person; see `commands`."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from access_service.cli import options

operators = typer.Typer(
    help="Operators with a credential of their own.", no_args_is_help=True, rich_markup_mode=None
)
PositionOption = Annotated[
    str, typer.Option(metavar="POSITION", help="The position, in the pack's word: director, …")
]
ActId = Annotated[str, typer.Argument(help="Id of what waits, `wai_…`, or of a recovery, `rec_…`.")]


def appoint(
    *,
    position: PositionOption,
    name: Annotated[str | None, typer.Option(help="Name of somebody who is new to the register.")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of somebody whom the register knows, in place of a name.")
    ] = None,
    decision_number: options.DecisionNumber,
    decision_date: options.DecisionDate,
    issuer: options.Issuer,
    decision_file: options.DecisionFile,
    operator: options.Operator,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Prepare the appointment of somebody who signs for the department; a second person confirms it.

    Nobody in the register is above the root, so the operator enters the decision. What was granted stands.
    """
    from access_service.cli.office import Entered, run_appoint

    said = Entered(decision_number, decision_date, issuer, decision_file, operator, secret_file)
    run_appoint(said, position=position, name=name, person=person, at=(database, register), as_json=json)


def release(
    *,
    position: PositionOption,
    person: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of the person; needed where several hold the position.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DAY", help="The duty ends at 00:00 of this day; at once if left out.")
    ] = None,
    decision_number: options.DecisionNumber,
    decision_date: options.DecisionDate,
    issuer: options.Issuer,
    decision_file: options.DecisionFile,
    operator: options.Operator,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Prepare the release of somebody who signs for the department; a second person confirms it."""
    from access_service.cli.office import Entered, run_release

    said = Entered(decision_number, decision_date, issuer, decision_file, operator, secret_file)
    run_release(said, position=position, person=person, on=on, at=(database, register), as_json=json)


def confirm(
    act: ActId,
    *,
    operator: options.Operator,
    secret_file: options.SecretFile = None,
    links: Annotated[
        bool, typer.Option("--links", help="It was confirmed by somebody else: only print the activation links.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Confirm, as a second operator, what another one prepared, and print the activation links that it opens.

    One of the department's leadership may confirm it in a personal session instead (docs/api.md).
    """
    from access_service.cli.office import run_confirm

    run_confirm(act, operator, secret_file, only_links=links, at=(database, register), as_json=json)


def waiting(
    database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """List what operators prepared and nobody has confirmed."""
    from access_service.cli.office import run_waiting

    run_waiting(at=(database, register), as_json=json)


@operators.command("add")
def operator_add(
    name: Annotated[str, typer.Argument(help="Name of the new operator.")],
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Operator who lets them in; without one the department's leadership does."
        ),
    ] = None,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Make an operator's secret and print it once; the first operator of a register is free."""
    from access_service.cli.office import run_operator_add

    run_operator_add(name, by, secret_file, at=(database, register), as_json=json)

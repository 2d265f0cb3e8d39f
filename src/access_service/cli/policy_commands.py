"""`policy`: the commands of whoever writes packs and puts them in force; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options

MOST_COMPARED, LONGEST_S = 10_000_000, 86_400
"""What `policy prove` does at most: a number beyond is a slip, and would never come to an end."""
policy = typer.Typer(
    help="Policy packs: check, test, compare, prove, put in force.", no_args_is_help=True, rich_markup_mode=None
)


@policy.command("check")
def policy_check(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of packs.")],
    models: options.Models = None,
    json: options.JsonOption = False,
) -> int:
    """Read packs strictly and list every fault with file and line."""
    from access_service.cli.policy import run_policy_check

    return run_policy_check(folders, models=models, as_json=json)


@policy.command("test")
def policy_test(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of packs.")],
    models: options.Models = None,
    *,
    record: Annotated[
        bool, typer.Option("--record", help="Write the results into the log of the register that has the packs.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Run the cases (*_test.yaml) of packs."""
    from access_service.cli.policy import run_policy_test

    at = (database, register) if record else None
    return run_policy_test(folders, models=models, record=at, as_json=json)


@policy.command("diff")
def policy_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Folder of a pack, or a git revision.")],
    new: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder of a pack; every pack of the policy folder if left out."),
    ] = None,
    models: options.Models = None,
    *,
    cases: Annotated[
        bool, typer.Option("--cases", help="Print each changed cell as a case for a *_test.yaml.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Status 1 where something is newly allowed or handed down.")
    ] = False,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="Also whom of the people of this register it touches."),
    ] = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Say everything that one pack allows, demands or shuts and another does not."""
    from access_service.cli.policy_diff import run_policy_diff

    at = None if database is None else (database, register)
    return run_policy_diff(old, new, models=models, cases=cases, at=at, strict=exit_code, as_json=json)


@policy.command("prove")
def policy_prove(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of packs.")],
    models: options.Models = None,
    *,
    since: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A pack than which these may allow no more.")
    ] = None,
    accepted: Annotated[
        list[str] | None,
        typer.Option(
            "--except",
            metavar="WHAT",
            help="What they may: `role:CATEGORY:action`, `hand-down:role`, `lock:ID`, `promises:ID`; repeat it.",
        ),
    ] = None,
    compare: Annotated[
        int,
        typer.Option(min=1, max=MOST_COMPARED, help="Decisions on which the model is compared with the engine."),
    ] = 2000,
    limit: Annotated[
        float, typer.Option(min=0.001, max=LONGEST_S, metavar="SECONDS", help="For each theorem.")
    ] = 5.0,
    cases: Annotated[bool, typer.Option("--cases", help="Print each counterexample as a *_test.yaml.")] = False,
    json: options.JsonOption = False,
) -> int:
    """Prove what holds of packs in every register: scopes, chains, days, several grants of one account."""
    from access_service.cli.policy_prove import run_policy_prove

    return run_policy_prove(
        folders,
        models=models,
        since=since,
        accepted=accepted or (),
        decisions=compare,
        limit_s=limit,
        cases=cases,
        as_json=json,
    )


@policy.command("bind")
def policy_bind(
    unit: Annotated[str, typer.Argument(help="Code of the unit; what is below it follows.")],
    pack: Annotated[str, typer.Argument(help="Name of a pack of the policy folder.")],
    *,
    on: Annotated[
        str | None, typer.Option(metavar="DAY", help="From 00:00 of this day; from its confirmation if left out.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="First day without it; open if left out.")
    ] = None,
    replaces: Annotated[
        str | None, typer.Option(metavar="ID", help="The binding that ends when this one begins.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would change, and prepare nothing.")
    ] = False,
    decision_number: options.DecisionNumber,
    decision_date: options.DecisionDate,
    issuer: options.Issuer,
    decision_file: options.DecisionFile,
    operator: options.Operator,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Prepare putting a pack in force for a unit and everything below it; a second person confirms it."""
    from access_service.cli.office import Entered
    from access_service.cli.policy import run_policy_bind

    said = Entered(decision_number, decision_date, issuer, decision_file, operator, secret_file)
    days, at = {"on": on, "until": until, "replaces": replaces}, (database, register)
    return run_policy_bind(unit, pack, said, **days, only_shown=dry_run, at=at, as_json=json)

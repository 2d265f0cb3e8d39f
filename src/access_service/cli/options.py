"""Options that several commands share, and what a command was asked in common."""

from pathlib import Path
from typing import Annotated

import typer

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="ACCESS_SERVICE_DATABASE_URL",
        help="Database: `sqlite:///<file>` or `postgresql://…`.",
    ),
]
Register = Annotated[
    str | None,
    typer.Option(
        "--register",
        metavar="ID",
        envvar="ACCESS_SERVICE_REGISTER",
        help="Register; may be left out when the database has exactly one.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON; errors too, on standard error.")]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="INSTANT", help="As of when: RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam. Now if left out."
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="REVISION", help="As it was known at a revision that an answer named."),
]
Models = Annotated[
    Path | None,
    typer.Option("--models", metavar="DIR", help="Folder of the Casbin models; that of the program if left out."),
]
SubjectOption = Annotated[str, typer.Option("--subject", metavar="ACCOUNT", help="Code of the account.")]
ActionOption = Annotated[
    str, typer.Option("--action", metavar="VERB", help="Action, in the pack's word: read, write, …")
]
ResourceOption = Annotated[
    str,
    typer.Option(
        "--resource", metavar="TYPE:ID", help="What it would be done to: unit, class, student or staff, and its id."
    ),
]
Property = Annotated[
    list[str] | None,
    typer.Option(
        "--property",
        metavar="NAME=VALUE",
        help="A property of the record: category, class, unit, subject, level, grade, school_year, "
        "function. May be repeated.",
    ),
]
DecisionNumber = Annotated[
    str, typer.Option(metavar="NUMBER", help="Number of the decision of the authority that appoints.")
]
DecisionDate = Annotated[str, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")]
Issuer = Annotated[str, typer.Option(metavar="NAME", help="Who issued it.")]
DecisionFile = Annotated[
    Path,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Its file; only the SHA-256 is kept."),
]
Operator = Annotated[
    str, typer.Option("--operator", metavar="NAME", help="Name of the operator, who shows their secret.")
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret-file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="File that holds the operator's secret; asked for on a terminal if left out.",
    ),
]


def print_version(wanted: bool) -> None:
    """Print the program's version, and do nothing else."""
    if wanted:
        from access_service.about import version  # noqa: PLC0415

        typer.echo(f"access-service {version()}")
        raise typer.Exit

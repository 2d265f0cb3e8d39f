"""Commands that read what may be proved: the access matrix, and who could do what on a day."""
# ruff: noqa: PLC0415 what a command does is imported when it is called

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options
from access_service.domain.names import AccountKind, ClassId


def matrix(
    unit: Annotated[str, typer.Argument(help="Code of the unit; everything below it is covered.")],
    *,
    at: options.AtOption = None,
    known_at: options.KnownAt = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="csv, xlsx, pdf or json; by the file's name if left out."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="File to write; standard output if left out.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Grants that have ended too.")] = False,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="SHAPE",
            help="What a row is about: person, class, category, anomaly or change. Few units have all.",
        ),
    ] = None,
    diff: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="What changed between this instant and that of --at.")
    ] = None,
    role: Annotated[str | None, typer.Option(metavar="ROLE", help="Rows of this role alone.")] = None,
    category: Annotated[
        str | None, typer.Option(metavar="CODE", help="Rows with a right to this category of data.")
    ] = None,
    sensitive: Annotated[
        bool | None,
        typer.Option("--sensitive/--not-sensitive", help="Rows with a right to sensitive data, or none."),
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="State of the right or of its account, or vacant.")
    ] = None,
    kind: Annotated[AccountKind | None, typer.Option(metavar="KIND", help="Kind of account.")] = None,
    unit_kind: Annotated[str | None, typer.Option(metavar="KIND", help="Kind of the holder's unit.")] = None,
    person: Annotated[str | None, typer.Option(metavar="WHO", help="Id, username, or a part of the name.")] = None,
    action: Annotated[str | None, typer.Option(metavar="ACTION", help="Rows with a right to do this.")] = None,
    class_: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Rows that reach this class.")
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write who may do what in a unit and below it, at any instant and revision."""
    from access_service.cli.matrix import run_matrix
    from access_service.usecases.evidence.matrix_values import MatrixFilters

    run_matrix(
        unit,
        database=database,
        register=register,
        at=at,
        known_at=known_at,
        format_="json" if format_ is None and json else format_,
        output=output,
        include_ended=all_,
        by=by,
        diff=diff,
        filters=MatrixFilters(
            *(role, category, sensitive, state, kind, unit_kind, person, action),
            class_id=None if class_ is None else ClassId(class_),
        ),
    )


def dossier(
    unit: Annotated[str, typer.Argument(help="Code of the unit.")],
    *,
    from_: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day.")],
    to: Annotated[str, typer.Option(metavar="DAY", help="The last day, at most today.")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The ZIP to write; with --below a folder.")],
    inspection: Annotated[
        str | None, typer.Option(metavar="ID", help="The decision to inspect for which it is made.")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Without names: words and pages are left out, their hashes stay.")
    ] = False,
    below: Annotated[
        bool, typer.Option("--below", help="The unit and everything below it: one ZIP each, and an index.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
) -> None:
    """Write the dossier of a unit: papers, rights, events, and what proves them to whoever trusts nobody."""
    from access_service.cli.dossier import run_dossier

    run_dossier(
        unit,
        first=from_,
        last=to,
        output=output,
        inspection=inspection,
        is_redacted=redact,
        is_below=below,
        database=database,
        register=register,
    )


def who(
    action: options.ActionOption,
    category: Annotated[str, typer.Option(metavar="CODE", help="Category of data.")],
    *,
    class_: Annotated[str | None, typer.Option("--class", metavar="ID", help="The class; or name a unit.")] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="The unit; or name a class.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="CODE", help="A subject taught in the class.")] = None,
    function: Annotated[
        str | None, typer.Option(metavar="CODE", help="Part of the software, where the pack asks for it.")
    ] = None,
    at: options.AtOption = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at",
            metavar="REVISION",
            help="As it was known at a revision, or `then`: at the instant itself.",
        ),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """List who could do this to that class's data at an instant, by which paper and whose signature."""
    from access_service.cli.who import run_who
    from access_service.domain.names import UnitId
    from access_service.usecases.evidence.who import WhoQuestion

    question = WhoQuestion(
        action=action,
        category=category,
        class_id=None if class_ is None else ClassId(class_),
        unit=None if unit is None else UnitId(unit),
        subject=subject,
        function=function,
    )
    run_who(question, database=database, register=register, at=at, known_at=known_at, as_json=json)


def register_book(
    unit: Annotated[str, typer.Argument(help="Code of the unit.")],
    *,
    year: Annotated[int, typer.Option(metavar="Y", help="Year of the numbers.")],
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or csv.")] = "text",
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Print sổ đăng ký văn bản đi: the papers that a unit numbered in a year, in the ten columns of Decree 30."""
    from access_service.cli.register_book import run_register_book

    run_register_book(unit, year, format_=format_, database=database, register=register, as_json=json)


def tasks(
    username: Annotated[str, typer.Argument(help="Name of an account: what waits for whoever it is of.")],
    *,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """List what waits for the person of an account, under both hats, as the first page shows it."""
    from access_service.cli.told_lists import run_tasks

    run_tasks(username, database=database, register=register, as_json=json)


def progress(
    unit: Annotated[str, typer.Argument(help="Code of the unit; everything below it is listed, too.")],
    *,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """List how far a unit and those below it have come with handing their people their rights, the worst first."""
    from access_service.cli.told_lists import run_progress

    run_progress(unit, database=database, register=register, as_json=json)


def corrections(
    entry: Annotated[str, typer.Argument(help="Id of a person, duty, class or school year.")],
    *,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Print how something stands and what was known of it before each correction, by whom and why."""
    from access_service.cli.told_lists import run_corrections

    run_corrections(entry, database=database, register=register, as_json=json)


def paths(
    *,
    to: Annotated[str | None, typer.Option(metavar="UNIT", help="Who could come to read its data.")] = None,
    read: Annotated[str | None, typer.Option(metavar="CATEGORY", help="Which data; with `--to`.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="How far somebody comes who opens this account.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="What looks wrong in the whole register.")] = False,
    daily: Annotated[
        bool, typer.Option("--daily", help="The same as of now, kept for the units concerned; says what is new.")
    ] = False,
    with_: Annotated[
        int, typer.Option("--with", min=0, max=2, help="How many others would join, for a new paper.")
    ] = 0,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Findings that are accepted, each with its reason.")
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="ACT", help="As if an ordinary act were done, on its day; nothing is stored."),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="With `--after`: what it would open and close.")] = False,
    at: options.AtOption = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Show who could come to power by acts that the rules allow: to a unit's data, or from an account."""
    from access_service.cli.paths import run_paths

    return run_paths(
        to=to,
        category=read,
        from_=from_,
        check=check,
        daily=daily,
        accomplices=with_,
        baseline=baseline,
        after=after,
        diff=diff,
        at=at,
        database=database,
        register=register,
        as_json=json,
    )


EVERY = (who, paths, matrix, dossier, register_book, tasks, progress, corrections)
"""In the order of the page."""

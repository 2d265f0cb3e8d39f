"""`software`: the commands by which an operator keeps the register of software; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options

software = typer.Typer(
    help="Software that draws data: register, approvals, clients.", no_args_is_help=True, rich_markup_mode=None
)

RedirectOption = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Where people come back to who were signed in for it. May be repeated."),
]
PostLogoutOption = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="Where people may be sent who signed out there. May be repeated."),
]
ClientIdArgument = Annotated[str, typer.Argument(help="Id of the client, `cli_…`.")]


@software.command("add")
def software_add(
    *,
    unit: Annotated[str, typer.Argument(help="Code of the unit that contracts it.")],
    name: Annotated[str, typer.Option(help="Its name (form column 2).")],
    supplier: Annotated[str, typer.Option(help="Who supplies it (column 3).")],
    data_fields: Annotated[str, typer.Option(help="Fields of data, in words (column 4).")],
    data_scope: Annotated[str, typer.Option(help="Whose data: grades, classes, in words (column 4).")],
    frequency: Annotated[str, typer.Option(help="How often it draws, in words (column 5).")],
    method: Annotated[str, typer.Option(help="How it draws, in words (column 6).")],
    cost: Annotated[str, typer.Option(help="What it costs (column 7).")],
    legal_standing: Annotated[
        str, typer.Option(help="On what it rests: contract, issued by an office (column 8).")
    ],
    security_level: Annotated[
        int | None, typer.Option(min=1, max=5, help="Its information-security level.")
    ] = None,
    security_standard: Annotated[
        str | None, typer.Option(help="The decision or standard by which it has that level.")
    ] = None,
    on_axis: Annotated[bool, typer.Option("--on-axis", help="It is connected to the data axis.")] = False,
    enforcement_point: Annotated[
        bool, typer.Option("--enforcement-point", help="It asks for decisions about others.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Enter software that a unit contracts. It gets a service account, and no right before it is approved."""
    from access_service.cli.software import run_add

    given = {
        "unit": unit,
        "name": name,
        "supplier": supplier,
        "data_fields": data_fields,
        "data_scope": data_scope,
        "frequency": frequency,
        "method": method,
        "cost": cost,
        "legal_standing": legal_standing,
        "security_standard": security_standard,
    }
    run_add(
        given,
        security_level=security_level,
        on_axis=on_axis,
        is_enforcement_point=enforcement_point,
        database=database,
        register=register,
        as_json=json,
    )


@software.command("approve")
def software_approve(
    *,
    software_id: Annotated[str, typer.Argument(help="Id of the software, `sof_…`.")],
    number: Annotated[str, typer.Option(help="Number of the department's written approval.")],
    dated: Annotated[str, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")],
    file: Annotated[Path, typer.Option(metavar="FILE", help="Its file; only the SHA-256 is kept.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="The end of its term.")],
    category: Annotated[list[str], typer.Option(metavar="CODE", help="A category of data. May be repeated.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="INSTANT", help="The start of its term; now if left out.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="CODE", help="Whose data; the software's own unit if left out.")
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="An education level: preschool, primary, … May be repeated.")
    ] = None,
    grade: Annotated[list[str] | None, typer.Option(help="A grade. May be repeated.")] = None,
    class_: Annotated[
        list[str] | None, typer.Option("--class", metavar="ID", help="A class. May be repeated.")
    ] = None,
    subject: Annotated[list[str] | None, typer.Option(help="A subject. May be repeated.")] = None,
    school_year: Annotated[str | None, typer.Option(help="The school year, such as 2026-2027.")] = None,
    frequency: Annotated[
        str, typer.Option(help="unlimited, once_a_school_year, once_a_term or once_a_day.")
    ] = "unlimited",
    method: Annotated[str, typer.Option(help="axis, api or file.")] = "axis",
    purpose: Annotated[str, typer.Option(help="For what the data is used.")],
    agreement_number: Annotated[str, typer.Option(help="Number of the unit's agreement with who receives it.")],
    agreement_dated: Annotated[str, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")],
    agreement_file: Annotated[Path, typer.Option(metavar="FILE", help="Its file; only the SHA-256 is kept.")],
    receiver_role: Annotated[
        str, typer.Option(help="controller, processor, controller_and_processor or third_party.")
    ],
    retention: Annotated[str, typer.Option(help="How long the receiver keeps the data, in words.")],
    deletion: Annotated[str, typer.Option(help="How the data is deleted afterwards, in words.")],
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Record the department's signed approval of software, within its unit's authority, with its term."""
    from access_service.cli.software import run_approve

    run_approve(
        software_id,
        number=number,
        dated=dated,
        file=file,
        since=since,
        until=until,
        unit=unit,
        axes={
            "levels": level,
            "grades": grade,
            "classes": class_,
            "subjects": subject,
            "categories": category,
        },
        school_year=school_year,
        frequency=frequency,
        method=method,
        terms={
            "purpose": purpose,
            "agreement_number": agreement_number,
            "retention": retention,
            "deletion": deletion,
        },
        agreement_dated=agreement_dated,
        agreement_file=agreement_file,
        receiver_role=receiver_role,
        database=database,
        register=register,
        as_json=json,
    )


@software.command("confirm")
def software_confirm(
    *,
    software_id: Annotated[str, typer.Argument(help="Id of the software, `sof_…`.")],
    subject: Annotated[str, typer.Option(help="security_level or data_axis.")],
    number: Annotated[str, typer.Option(help="Number of the written confirmation.")],
    dated: Annotated[str, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")],
    issuer: Annotated[str, typer.Option(help="Who issued it.")],
    file: Annotated[Path, typer.Option(metavar="FILE", help="Its file; only the SHA-256 is kept.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="When it ends.")],
    level: Annotated[int | None, typer.Option(min=1, max=5, help="The level, of `security_level` only.")] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Record that the department has confirmed a security level or the connection to the axis."""
    from access_service.cli.software_papers import run_confirm

    run_confirm(
        software_id,
        subject=subject,
        level=level,
        number=number,
        dated=dated,
        issuer=issuer,
        file=file,
        until=until,
        database=database,
        register=register,
        as_json=json,
    )


@software.command("unconfirm")
def software_unconfirm(
    confirmation: Annotated[str, typer.Argument(help="Id of the confirmation, `sco_…`.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Take a confirmation back: approvals that presuppose it stop at once."""
    from access_service.cli.software_papers import run_unconfirm

    run_unconfirm(confirmation, reason=reason, database=database, register=register, as_json=json)


@software.command("deleted")
def software_deleted(
    approval: Annotated[str, typer.Argument(help="Id of the approval, `apv_…`.")],
    number: Annotated[str, typer.Option(help="Number of the written confirmation.")],
    dated: Annotated[str, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")],
    file: Annotated[Path, typer.Option(metavar="FILE", help="Its file; only the SHA-256 is kept.")],
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Record the written confirmation that the data of an approval that has ended is deleted."""
    from access_service.cli.software_papers import run_deleted

    run_deleted(approval, number=number, dated=dated, file=file, database=database, register=register, as_json=json)


@software.command("withdraw")
def software_withdraw(
    approval: Annotated[str, typer.Argument(help="Id of the approval, `apv_…`.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Withdraw an approval: whatever rests on it stops at once."""
    from access_service.cli.software import run_withdraw

    run_withdraw(approval, reason=reason, database=database, register=register, as_json=json)


@software.command("client")
def software_client(
    software_id: Annotated[str, typer.Argument(help="Id of the software, `sof_…`.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Enforcement points: evaluate, search, explain, introspect. May be repeated."),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Enforcement points: unit, class, student, staff. May be repeated."),
    ] = None,
    resource: Annotated[str | None, typer.Option(metavar="URL", help="The resource server that it calls.")] = None,
    serves: Annotated[
        str | None, typer.Option(metavar="URL", help="As what it is called itself, by other software.")
    ] = None,
    jwks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its public keys (JSON Web Key Set), in place of a secret.")
    ] = None,
    redirect: RedirectOption = None,
    post_logout: PostLogoutOption = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Make a client of software. Its secret is printed once."""
    from access_service.cli.software import run_client

    run_client(
        software_id,
        scopes=scope or [],
        types=type_ or [],
        resource=resource,
        serves=serves,
        jwks=jwks,
        redirect=redirect or [],
        post_logout=post_logout or [],
        database=database,
        register=register,
        as_json=json,
    )


@software.command("sign-in")
def software_sign_in(
    client: ClientIdArgument,
    redirect: RedirectOption = None,
    post_logout: PostLogoutOption = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Say where a client has people sent back to, in place of before. Without an address it signs nobody in."""
    from access_service.cli.software import run_sign_in

    run_sign_in(
        client,
        redirect=redirect or [],
        post_logout=post_logout or [],
        database=database,
        register=register,
        as_json=json,
    )


@software.command("rotate")
def software_rotate(
    client: ClientIdArgument,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="After a leak: the old secret ends now, and issued tokens with it.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Give a client a new secret; the old one stays good for the hours that the policy names."""
    from access_service.cli.software import run_rotate

    run_rotate(client, at_once=at_once, database=database, register=register, as_json=json)


@software.command("address")
def software_address(
    client: ClientIdArgument,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take it back; tokens issued so far end with it.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Approve the address that a client names as its own."""
    from access_service.cli.software import run_address

    run_address(client, withdraw=withdraw, database=database, register=register, as_json=json)


@software.command("disable")
def software_disable(
    client: ClientIdArgument,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Let a client in no more, for good."""
    from access_service.cli.software import run_disable

    run_disable(client, database=database, register=register, as_json=json)


@software.command("end")
def software_end(
    software_id: Annotated[str, typer.Argument(help="Id of the software, `sof_…`.")],
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """End the use of software, for good: its account is closed and its clients are disabled."""
    from access_service.cli.software import run_end

    run_end(software_id, database=database, register=register, as_json=json)


@software.command("list")
def software_list(
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="Only this unit and what is below it.")] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """List software with its approvals and clients."""
    from access_service.cli.software import run_list

    run_list(unit, database=database, register=register, as_json=json)

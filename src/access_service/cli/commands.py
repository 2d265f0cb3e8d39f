"""Every command with its arguments and options; `docs/cli.md` lists them all.

What a command does is imported when it is called: `--help` must not wait for a database driver.
"""
# ruff: noqa: PLC0415

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import (
    events_commands,
    evidence_commands,
    log_commands,
    office_commands,
    options,
    upkeep_commands,
)
from access_service.cli.clock_commands import clock
from access_service.cli.errors import run
from access_service.cli.jobs_commands import jobs
from access_service.cli.observing_commands import observe
from access_service.cli.old_systems_commands import old_system
from access_service.cli.paper_page_commands import document
from access_service.cli.policy_commands import policy
from access_service.cli.software_commands import software

app = typer.Typer(
    name="access-service",
    help="Who may see what of a province's education records, and which signature allows it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(policy, name="policy")
keys = typer.Typer(help="Keys: list, rotate, begin anew.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys, name="keys")
app.add_typer(software, name="software")
app.add_typer(observe, name="observe")
app.add_typer(document, name="document")
app.add_typer(office_commands.operators, name="operator")
app.add_typer(clock, name="clock")
app.add_typer(log_commands.log, name="log")
app.add_typer(upkeep_commands.report, name="report")
app.add_typer(jobs, name="jobs")
app.add_typer(old_system, name="old-system")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status 0 done or allowed, 1 refused, denied or broken, 2 bad usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run(
        lambda: app(given, prog_name="access-service", standalone_mode=False),
        as_json="--json" in given,
    )


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=options.print_version, help="Print the version.")
    ] = False,
) -> None:
    """Who may see what of a province's education records, and which signature allows it."""


@app.command()
def init(
    *,
    register: Annotated[
        str | None, typer.Option(metavar="ID", help="Name of the new register, such as hai-phong.")
    ] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="Code of the department.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the department.")] = None,
    director: Annotated[str | None, typer.Option(metavar="NAME", help="The director's name.")] = None,
    decision_number: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Number of the decision that appoints the director.")
    ] = None,
    decision_date: Annotated[str | None, typer.Option(metavar="DAY", help="Its date, dd/mm/yyyy.")] = None,
    decision_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its file; only the SHA-256 is kept.")
    ] = None,
    focal_point: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the IT focal point.")] = None,
    director_id: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="The director's staff code in files to be imported; drawn if left out."),
    ] = None,
    focal_point_id: Annotated[
        str | None, typer.Option(metavar="CODE", help="The focal point's staff code; drawn if left out.")
    ] = None,
    policy_name: Annotated[
        str, typer.Option("--policy", metavar="PACK", help="Pack to put in force, a folder of the policy folder.")
    ] = "base",
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Create a register's root once and print one-time activation links, valid for 24 hours.

    Makes the database when there is none, asks on a terminal for what is left out, refuses a register that exists.
    """
    from access_service.cli.init_register import run_init

    run_init(
        {
            "register": register,
            "unit": unit,
            "name": name,
            "director": director,
            "decision_number": decision_number,
            "decision_date": decision_date,
            "focal_point": focal_point,
        },
        database=database,
        director_id=director_id,
        focal_point_id=focal_point_id,
        decision_file=decision_file,
        policy=policy_name,
        as_json=json,
    )


for _command in (
    office_commands.appoint,
    office_commands.release,
    office_commands.confirm,
    office_commands.waiting,
):
    app.command()(_command)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 if left out.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; 8000 if left out.")] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address that callers use; https except on loopback.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes: as many as cores decide.")] = 1,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="DIR", help="Folder of a pack to serve alone, without a register."),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", metavar="FILE", help="Certificate chain (PEM), to serve https directly."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key (PEM, without a passphrase).")
    ] = None,
    database: options.DatabaseOption = None,
) -> None:
    """Serve the API until a signal, then finish what is in progress.

    Refuses a demonstration's database, another schema than this version's, and http off loopback.
    """
    from access_service.cli.serve import run_serve

    run_serve(
        policy=policy,
        database=database,
        workers=workers,
        given={"host": host, "port": port, "public_url": public_url, "tls_cert": tls_cert, "tls_key": tls_key},
    )


@app.command("import")
def import_(
    path: Annotated[Path | None, typer.Argument(help="A folder of CSV files, one CSV file, or a workbook.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and store nothing.")] = False,
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write an example with its guide instead: a workbook for .xlsx, else a folder."
        ),
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="New file (mode 0600) for the one-time activation links, else standard output."
        ),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Import a province's units, people, duties and signed paper: all or nothing, every bad row named."""
    from access_service.cli.errors import UsageError
    from access_service.cli.import_files import run_import, run_template

    if (path is None) == (template is None):
        raise UsageError("name what to import, or a --template to write")
    if template is not None:
        run_template(template, as_json=json)
    elif path is not None:
        run_import(path, database=database, register=register, dry_run=dry_run, codes=codes, as_json=json)


@app.command()
def codes(
    output: Annotated[
        Path, typer.Option("--output", metavar="DIR", help="New folder (mode 0700) for the sheets, one a unit.")
    ],
    *,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", metavar="CODE", help="Accounts of this unit. May be repeated.")
    ] = None,
    all_unactivated: Annotated[bool, typer.Option("--all-unactivated", help="Accounts of every unit.")] = False,
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator", metavar="NAME", help="Who is shown the codes, with their secret; the log says so."
        ),
    ] = None,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Draw new first activation codes for accounts that nobody ever opened: a sheet a unit, with names."""
    from access_service.cli.codes import run_codes

    run_codes(
        output,
        units=unit or (),
        is_all=all_unactivated,
        operator=operator,
        secret_file=secret_file,
        database=database,
        register=register,
        as_json=json,
    )


@app.command()
def check(
    subject: options.SubjectOption,
    action: options.ActionOption,
    resource: options.ResourceOption,
    properties: options.Property = None,
    at: options.AtOption = None,
    known_at: options.KnownAt = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Ask whether an account may do something to a record. Exit status 0 allow, 1 deny."""
    from access_service.cli.access import parse_request, run_check

    request = parse_request(subject, action, resource, properties or ())
    return run_check(request, database=database, register=register, at=at, known_at=known_at, as_json=json)


@app.command()
def explain(
    subject: options.SubjectOption,
    action: options.ActionOption,
    resource: options.ResourceOption,
    properties: options.Property = None,
    at: options.AtOption = None,
    known_at: options.KnownAt = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """The same, with what the answer rests on: grant, units and heads, paper, signatures, rule and article."""
    from access_service.cli.access import parse_request, run_explain

    request = parse_request(subject, action, resource, properties or ())
    return run_explain(request, database=database, register=register, at=at, known_at=known_at, as_json=json)


for _reading in evidence_commands.EVERY:
    app.command()(_reading)


@app.command()
def unlock(
    username: Annotated[str, typer.Argument(help="Username of the account.")],
    code: Annotated[
        bool,
        typer.Option(
            "--code",
            help="Take the password and the second factors away, and print a one-time activation link instead.",
        ),
    ] = False,
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator",
            metavar="NAME",
            help="With --code: who asks, with their secret; then a second operator may confirm it.",
        ),
    ] = None,
    secret_file: options.SecretFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Break-glass: let an account in again that was locked or not used for too long. The audit log says so."""
    from access_service.cli.unlock import run_unlock

    run_unlock(
        username,
        with_code=code,
        database=database,
        register=register,
        as_json=json,
        operator=operator,
        secret_file=secret_file,
    )


@app.command()
def settle(
    database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """Write down what dates did: custodies and last duties that ended, refused lines that lapsed; repeatable."""
    from access_service.cli.settle import run_settle

    run_settle(database=database, register=register, as_json=json)


@app.command()
def migrate(database: options.DatabaseOption = None, json: options.JsonOption = False) -> None:
    """Bring the database's schema up to this version, making it if it is empty. Safe to repeat."""
    from access_service.cli.opening import say_json, settings_for
    from access_service.storage.migrate import HEAD, upgrade

    upgrade(settings_for(database).database_url)
    if json:
        say_json({"schema": HEAD})
    else:
        typer.echo(f"schema {HEAD}")


app.command()(events_commands.events)
app.command()(upkeep_commands.backup)
app.command()(upkeep_commands.restore)
app.command()(upkeep_commands.verify)
app.command()(upkeep_commands.doctor)
app.command("check-trust")(upkeep_commands.check_trust)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where the example is kept between starts.")] = Path(
        ".demo"
    ),
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="Written once it answers: addresses, accounts, questions to try.")
    ] = Path("demo.json"),
) -> None:
    """Build an example province, serve it on loopback until a signal, and say in a file how to try it."""
    from access_service.demonstration.serve import run_demo

    run_demo(port=port, data_dir=data, output=output, say=typer.echo)


@keys.command("list")
def keys_list(database: options.DatabaseOption = None, json: options.JsonOption = False) -> None:
    """List the service's keys, with their state and when each one signs."""
    from access_service.cli.keys import run_keys_list

    run_keys_list(database=database, as_json=json)


@keys.command("rotate")
def keys_rotate(
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Which key: seal, log, factors, pages or tokens.")
    ] = "tokens",
    *,
    now: Annotated[
        bool,
        typer.Option("--now", help="A key was betrayed: the new one signs at once, and no older token counts."),
    ] = False,
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Make the next key. One for tokens signs once everybody can have fetched it, and removes retired ones."""
    from access_service.cli.keys import run_keys_rotate

    run_keys_rotate(kind, at_once=now, database=database, as_json=json)


@keys.command("begin")
def keys_begin(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Which key: seal, log, factors, pages or tokens.")],
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Begin anew with a key that was lost. Refused where the folder holds the one that counts."""
    from access_service.cli.keys import run_keys_begin

    run_keys_begin(kind, database=database, as_json=json)


@keys.command("pdf-seal")
def keys_pdf_seal(
    self_signed: Annotated[
        str | None,
        typer.Option(
            "--self-signed", metavar="NAME", help="Make a key that certifies itself, for this organisation."
        ),
    ] = None,
    csr: Annotated[
        str | None,
        typer.Option("--csr", metavar="NAME", help="Print what an authority is asked for this organisation with."),
    ] = None,
    chain: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Keep what it answered: PEM, the key's certificate first."),
    ] = None,
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Say which certificate seals signed papers, or make its key."""
    from access_service.cli.keys import run_pdf_seal

    run_pdf_seal(self_signed=self_signed, request=csr, chain=chain, database=database, as_json=json)

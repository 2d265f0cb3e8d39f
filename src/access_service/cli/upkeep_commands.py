"""The commands by which an operator keeps the register; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options

Identities = Annotated[
    list[Path] | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="File with the identity of age (AGE-SECRET-KEY-…) that opens it. May be repeated.",
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="File that holds the passphrase; asked for on a terminal where nothing else is named.",
    ),
]


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the backup.")],
    *,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            "--recipient", metavar="AGE1", help="Who can open it: a recipient of age (age1…). May be repeated."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Copy the folder of keys, too, encrypted into this new file; keep it elsewhere."
        ),
    ] = None,
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Copy the database as it stands now into a new folder, encrypted, while the service goes on."""
    from access_service.cli.backups import run_backup

    run_backup(
        folder,
        recipients=recipient or [],
        passphrase_file=passphrase_file,
        keys=keys,
        database=database,
        as_json=json,
    )


def restore(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of the backup.")] = None,
    *,
    recovered: Annotated[
        bool,
        typer.Option(
            "--recovered", help="No backup: the database was brought back by its own means; end what was open."
        ),
    ] = False,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="File of keys that `backup --keys` wrote; they go into an empty ACCESS_SERVICE_KEYS_DIR.",
        ),
    ] = None,
    clock_is_right: Annotated[
        bool,
        typer.Option(
            "--clock-is-right",
            help="The clock is right: the backup is older than ACCESS_SERVICE_CLOCK_GAP_DAYS, or was made by a "
            "clock that was ahead.",
        ),
    ] = False,
    database: options.DatabaseOption = None,
    json: options.JsonOption = False,
) -> None:
    """Restore a backup into an empty database, all of it or nothing, and name what came back."""
    from access_service.cli.backups import run_recovered, run_restore
    from access_service.cli.errors import UsageError

    if (folder is None) != recovered:
        raise UsageError("name the folder of a backup, or --recovered")
    if folder is None:
        run_recovered(database=database, as_json=json)
        return
    run_restore(
        folder,
        identity_files=identity or [],
        passphrase_file=passphrase_file,
        keys=keys,
        clock_is_right=clock_is_right,
        database=database,
        as_json=json,
    )


def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="A backup's folder, a dossier (*.zip) or a proof (*.tlog-proof) instead; needs no database.",
            exists=True,
        ),
    ] = None,
    *,
    since: Annotated[
        int,
        typer.Option(
            metavar="SEQ", min=0, help="Read only what came after the newest checkpoint before this event: daily."
        ),
    ] = 0,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A signed checkpoint that somebody kept: the log must go on from it. May be repeated.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Whose checkpoints count (log-policy.txt), for a dossier or a proof.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit status 3 where nothing is broken and not all of it could be proved."),
    ] = False,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> int:
    """Read the evidence from end to end: events, tree, seals, papers. Exit status 1 where something is broken."""
    from access_service.cli.backups import run_verify

    return run_verify(
        path,
        identity_files=identity or [],
        passphrase_file=passphrase_file,
        policy=policy,
        checkpoints=checkpoint or [],
        since=since,
        database=database,
        register=register,
        is_strict=strict,
        as_json=json,
    )


def doctor(database: options.DatabaseOption = None, json: options.JsonOption = False) -> int:
    """Look at settings, files, keys, clock, space, versions and packs; say what to do. Exit status 1 at a fault."""
    from access_service.cli.doctor import run_doctor

    return run_doctor(database=database, as_json=json)


report = typer.Typer(help="Reports for whoever audits the service.", no_args_is_help=True, rich_markup_mode=None)


@report.callback()
def _report() -> None:
    """Reports for whoever audits the service."""


@report.command("level-3")
def level_3(
    *,
    accounts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the list of accounts (TCVN 14423, 5.6) into this new CSV file."),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Security level 3: each clause, by which control it is met, where the evidence is, and what is not met."""
    from access_service.cli.report import run_level_3

    run_level_3(accounts=accounts, database=database, register=register, as_json=json)


def check_trust(
    certificate: Annotated[
        Path | None,
        typer.Argument(
            metavar="CERTIFICATE",
            exists=True,
            dir_okay=False,
            help="A certificate, PEM or DER: would it be believed now?",
        ),
    ] = None,
    *,
    json: options.JsonOption = False,
) -> None:
    """Say whom this service trusts to issue certificates, and what is wrong with that. Exit status 1 at a fault."""
    from access_service.cli.trust import run_check_trust

    raise typer.Exit(run_check_trust(certificate, as_json=json))

"""The commands about the log that nobody can rewrite; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options

log = typer.Typer(
    help="The log of events: sign it, prove it, watch it from outside.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@log.command()
def checkpoint(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the signed note into this file, too.")
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Sign the log as it stands, if it grew, and write the checkpoint where it is kept."""
    from access_service.cli.log import run_checkpoint

    run_checkpoint(output=output, database=database, register=register, as_json=json)


@log.command("new-epoch")
def new_epoch(
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the old log cannot go on; the log says so.")],
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Do nothing, and say so, where the old log can go on.")
    ] = False,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Begin a new log after a restore that lost signed events. Refused where the old one can go on."""
    from access_service.cli.log import run_new_epoch

    run_new_epoch(reason, is_quiet=if_needed, database=database, register=register, as_json=json)


@log.command()
def proof(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="Number of the event.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="File to write; standard output if left out.")
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
) -> None:
    """Write a proof that an event stands in the signed log: one file, verifiable alone (C2SP tlog-proof)."""
    from access_service.cli.log import run_proof

    run_proof(seq, output=output, database=database, register=register)


@log.command()
def key(
    *,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Write the log's keys as a policy for verifiers, too."),
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Print the public keys of log and seal, to be published on paper under the director's signature."""
    from access_service.cli.log import run_key

    run_key(policy=policy, database=database, register=register, as_json=json)


@log.command()
def monitor(
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", help="Address of the log: https://<host>/log/<register>/<epoch>.")
    ],
    state: Annotated[Path, typer.Option(metavar="FILE", help="Where the newest checkpoint that was seen is kept.")],
    policy: Annotated[
        Path,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The log's keys, as they were published."),
    ],
    json: options.JsonOption = False,
) -> int:
    """Look at a log from outside: its newest checkpoint must go on from the one that was seen before."""
    from access_service.cli.log import run_monitor

    return run_monitor(url, state=state, policy=policy, as_json=json)

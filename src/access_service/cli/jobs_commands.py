"""Commands about long work."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from access_service.cli import options

jobs = typer.Typer(help="Long work: do it, look at it, stop it.", no_args_is_help=True, rich_markup_mode=None)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job, `job_…`.")]


@jobs.command()
def work(
    *,
    at_once: Annotated[
        int, typer.Option("--at-once", metavar="NUMBER", min=1, max=16, help="Most jobs at once.")
    ] = 1,
    until_none: Annotated[bool, typer.Option("--until-none", help="End when nothing waits any more.")] = False,
    database: options.DatabaseOption = None,
) -> None:
    """Carry out jobs in a process of its own, at low priority, until a signal; then give back what is not done."""
    from access_service.cli.jobs import run_work

    run_work(database=database, at_once=at_once, until_none=until_none)


@jobs.command("list")
def list_(
    database: options.DatabaseOption = None, register: options.Register = None, json: options.JsonOption = False
) -> None:
    """List the jobs of the last seven days, the newest first."""
    from access_service.cli.jobs import run_list

    run_list(database=database, register=register, as_json=json)


@jobs.command()
def show(
    job: JobId,
    *,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Show one job: whose, what, how far, and why it failed. Its result is for whoever asked alone."""
    from access_service.cli.jobs import run_show

    run_show(job, database=database, register=register, as_json=json)


@jobs.command()
def cancel(
    job: JobId,
    *,
    database: options.DatabaseOption = None,
    register: options.Register = None,
    json: options.JsonOption = False,
) -> None:
    """Stop a job that waits or runs; one that is over stays as it is."""
    from access_service.cli.jobs import run_cancel

    run_cancel(job, database=database, register=register, as_json=json)

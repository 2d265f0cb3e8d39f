"""`jobs`: carry out long work in a process of its own, look at it, stop it."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import typer

from access_service.api.http.log_lines import make_log
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.audit import instant
from access_service.domain.jobs import Job, sentence_of
from access_service.domain.names import RegisterId
from access_service.domain.time import local
from access_service.rendering.job_exports import KINDS
from access_service.usecases.jobs.asking import cancel_any_job, list_all_jobs, show_any_job
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.services import Services

NICE = 10
"""How far a process for jobs alone steps back behind the ones that decide."""


def run_work(*, database: str | None, at_once: int, until_none: bool) -> None:
    """Carry out jobs until a signal, or until none waits."""
    os.nice(NICE)
    settings = settings_for(database)
    log = make_log(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with open_database(settings) as db:
        workers = Workers(
            services_for(db, settings),
            KINDS,
            most=at_once,
            ended=lambda kind, state, seconds: log.info("job", kind=kind, state=state, seconds=round(seconds, 3)),
            failed=lambda why: log.warning("jobs", error=why),
        )
        if until_none:
            typer.echo(f"{workers.run_waiting()} việc / jobs", err=True)
            return
        typer.echo("chờ việc / waiting for jobs", err=True)
        workers.start()
        stop.wait()
        workers.close()


@contextmanager
def _register(database: str | None, register: str | None) -> Iterator[tuple[Services, RegisterId]]:
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, settings.register_name if register is None else register)
        yield services_for(db, settings), found


def run_list(*, database: str | None, register: str | None, as_json: bool) -> None:
    """Every job of the register."""
    with _register(database, register) as (services, found):
        jobs = list_all_jobs(services, found)
    if as_json:
        say_json([_json(job) for job in jobs])
        return
    for job in jobs:
        typer.echo(_line(job))
    if not jobs:
        typer.echo("Không có việc nào / no jobs")


def run_show(id_: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """One job."""
    with _register(database, register) as (services, found):
        _say(show_any_job(services, found, id_), as_json=as_json)


def run_cancel(id_: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Stop one job."""
    with _register(database, register) as (services, found):
        _say(cancel_any_job(services, found, id_), as_json=as_json)


def _say(job: Job, *, as_json: bool) -> None:
    if as_json:
        say_json(_json(job))
        return
    typer.echo(_line(job))
    for name, value in sorted(job.parameters.items()):
        if value is not None:
            typer.echo(f"  {name}: {value}")
    if job.code is not None:
        said = sentence_of(job.code)
        typer.echo(f"  {job.code}: {said.vi} / {said.en}")


def _line(job: Job) -> str:
    far = "" if job.of is None else f"  {job.done}/{job.of}"
    return f"{job.id}  {job.kind} {job.unit}  {job.state}{far}  {local(job.created_at):%d/%m/%Y %H:%M}  {job.owner}"


def _json(job: Job) -> dict[str, Any]:
    def said(value: datetime | None) -> str | None:
        return None if value is None else instant(value)

    return {
        "id": job.id,
        "kind": job.kind,
        "owner": job.owner,
        "unit": job.unit,
        "parameters": dict(job.parameters),
        "state": str(job.state),
        "done": job.done,
        "of": job.of,
        "attempts": job.attempts,
        "code": job.code,
        "created_at": said(job.created_at),
        "started_at": said(job.started_at),
        "finished_at": said(job.finished_at),
        "expires_at": said(job.expires_at),
        "size": None if job.output is None else job.output.size,
    }

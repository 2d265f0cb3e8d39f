"""A job is asked for, looked at, cancelled, and its result fetched: by the account and person that asked, only."""

from collections.abc import Mapping
from datetime import datetime
from typing import IO

from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.jobs import (
    KEPT,
    MOST_KEPT,
    Job,
    JobOutput,
    Parameter,
    check_done,
    check_may_ask,
    check_own,
)
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.powers import powerless
from access_service.storage import idempotency
from access_service.storage import jobs as stored
from access_service.storage.audit import revision_at
from access_service.usecases.jobs.job_kinds import JobKind
from access_service.usecases.services import Caller, Services


@powerless("it has a file made of what the caller may read anyway")
def ask_job(
    services: Services, caller: Caller, kind: JobKind, unit: UnitId, parameters: Mapping[str, Parameter]
) -> Job:
    """Put a job into the queue, once the kind lets the caller have it. `too_many_jobs` where several are open."""
    now = _now(services, caller)
    job = Job(
        register=caller.register,
        id=services.new_id("job"),
        kind=kind.name,
        owner=caller.account,
        person=caller.person,
        session=caller.session,
        unit=unit,
        parameters=parameters,
        created_at=now,
        expires_at=now + KEPT,
    )
    kind.check(services, caller, job)
    with services.db.aside() as connection:
        check_may_ask(stored.hold_owner(connection, caller.register, caller.account))
        stored.make_room(connection, caller.register, caller.account, MOST_KEPT)
        stored.add(connection, job)
        idempotency.mark_made(connection, revision_at(connection, caller.register), job.id)
    services.jobs_wait.set()
    return job


def list_jobs(services: Services, caller: Caller) -> list[Job]:
    """The caller's own jobs, the newest first."""
    now = _now(services, caller)
    with services.db.connect() as connection:
        found = stored.jobs_of(connection, caller.register, caller.account)
    return [job for job in found if job.person == caller.person and now < job.expires_at]


def show_job(services: Services, caller: Caller, id_: str) -> Job:
    """One job of the caller's own."""
    now = _now(services, caller)
    with services.db.connect() as connection:
        found = stored.job_of(connection, caller.register, id_)
    return check_own(found, id_, caller.account, caller.person, now)


@powerless("it takes back what the caller asked for")
def cancel_job(services: Services, caller: Caller, id_: str) -> Job:
    """Stop a job that waits or runs; one that is over stays as it is."""
    show_job(services, caller, id_)
    with services.db.aside() as connection:
        stored.cancel(connection, caller.register, id_, services.db.now())
    return show_job(services, caller, id_)


def open_result(
    services: Services, caller: Caller, kinds: Mapping[str, JobKind], id_: str
) -> tuple[JobOutput, IO[bytes]]:
    """The file of a job that is done, for whoever asked and may still have it; the stream is theirs to close."""
    job = show_job(services, caller, id_)
    output = check_done(job)
    kind = kinds.get(job.kind)
    if services.job_files is None or kind is None:
        raise UnavailableError("this process hands out no results of jobs")
    kind.check(services, caller, job)
    stream = services.job_files.open(output.file, output.sha256)
    if kind.handed_out is not None:
        kind.handed_out(services, caller, job, output)
    return output, stream


# -- the operator, who sees ids and states, and no file


def list_all_jobs(services: Services, register: RegisterId) -> list[Job]:
    """Every job of a register, the newest first."""
    with services.db.connect() as connection:
        return stored.jobs_of(connection, register)


def show_any_job(services: Services, register: RegisterId, id_: str) -> Job:
    """One job of a register."""
    with services.db.connect() as connection:
        found = stored.job_of(connection, register, id_)
    if found is None:
        raise NotFoundError("job", id_)
    return found


def cancel_any_job(services: Services, register: RegisterId, id_: str) -> Job:
    """Stop anybody's job that waits or runs."""
    show_any_job(services, register, id_)
    with services.db.aside() as connection:
        stored.cancel(connection, register, id_, services.db.now())
    return show_any_job(services, register, id_)


def _now(services: Services, caller: Caller) -> datetime:
    with services.db.connect(is_quick=True) as connection:
        return services.db.now_in(connection, caller.register)

"""Jobs in the database: asked for, taken under a lease, renewed, ended. No register is held for any of it.

Whoever takes a job writes a word of their own into the row, new at each attempt; renewing and ending name it. So a
worker that was thought to be gone, and comes back, changes nothing of what another has done since.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from access_service.domain.jobs import (
    OPEN,
    Job,
    JobFault,
    JobOutput,
    JobRoom,
    JobState,
    is_exhausted,
    oldest_to_forget,
)
from access_service.domain.names import AccountId, PersonId, RegisterId, UnitId
from access_service.storage.codec import utc
from access_service.storage.db import Database
from access_service.storage.tables import table
from access_service.storage.tables_acts import JobRow

_jobs = table(JobRow)
_OPEN = [str(state) for state in OPEN]
_OVER = {"lease_until": None, "leased_by": None}


def _job(row: RowMapping) -> Job:
    output = None
    if row["file"] is not None:
        output = JobOutput(row["file"], row["sha256"], row["size"], row["media_type"], row["name"])
    later = {
        name: None if row[name] is None else utc(row[name]) for name in ("started_at", "finished_at", "lease_until")
    }
    return Job(
        register=RegisterId(row["register_id"]),
        id=row["id"],
        kind=row["kind"],
        owner=AccountId(row["owner"]),
        person=PersonId(row["person"]),
        session=row["session"],
        unit=UnitId(row["unit"]),
        parameters=json.loads(row["parameters"]),
        created_at=utc(row["created_at"]),
        expires_at=utc(row["expires_at"]),
        state=JobState(row["state"]),
        done=row["done"],
        of=row["of"],
        code=row["code"],
        leased_by=row["leased_by"],
        attempts=row["attempts"],
        output=output,
        **later,
    )


def _is(register: RegisterId, id_: str) -> ColumnElement[bool]:
    return and_(_jobs.c.register_id == register, _jobs.c.id == id_)


def _of(register: RegisterId, owner: AccountId) -> ColumnElement[bool]:
    return and_(_jobs.c.register_id == register, _jobs.c.owner == owner)


def _hold(connection: Connection, whose: str | None = None) -> None:
    """Nobody else asks for the same account, or on SQLite writes at all, until the transaction ends."""
    if connection.dialect.name == "sqlite":
        # A statement that may write takes the lock, whatever it finds.
        connection.execute(update(_jobs).where(_jobs.c.register_id == "").values(attempts=0))
    elif whose is not None:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(whose, 0))))


# -- asking and looking


def hold_owner(connection: Connection, register: RegisterId, owner: AccountId) -> int:
    """Hold what this account asks for; how many of its jobs wait or run."""
    _hold(connection, f"job\n{register}\n{owner}")
    open_ = select(func.count()).where(_of(register, owner), _jobs.c.state.in_(_OPEN))
    return int(connection.execute(open_).scalar_one())


def make_room(connection: Connection, register: RegisterId, owner: AccountId, most: int) -> None:
    """Forget the oldest jobs of an account that are over, so that with one more it has at most so many."""
    ids = select(_jobs.c.id).where(_of(register, owner), _jobs.c.state.not_in(_OPEN))
    over = connection.execute(ids.order_by(_jobs.c.created_at.desc(), _jobs.c.id)).scalars().all()
    held = connection.execute(select(func.count()).where(_of(register, owner))).scalar_one()
    spare = max(0, held + 1 - most)
    for id_ in over[len(over) - spare :] if spare else ():
        connection.execute(delete(_jobs).where(_is(register, id_)))


def add(connection: Connection, job: Job) -> None:
    """Put a job into the queue."""
    connection.execute(
        insert(_jobs).values(
            register_id=job.register,
            id=job.id,
            kind=job.kind,
            owner=job.owner,
            person=job.person,
            session=job.session,
            unit=job.unit,
            parameters=json.dumps(dict(job.parameters), ensure_ascii=False, sort_keys=True),
            created_at=job.created_at,
            expires_at=job.expires_at,
            state=str(job.state),
            done=job.done,
            attempts=job.attempts,
        )
    )


def job_of(connection: Connection, register: RegisterId, id_: str) -> Job | None:
    """The job of that id."""
    row = connection.execute(select(_jobs).where(_is(register, id_))).mappings().first()
    return None if row is None else _job(row)


def jobs_of(connection: Connection, register: RegisterId, owner: AccountId | None = None) -> list[Job]:
    """The jobs of an account, or of all, the newest first."""
    whose = _jobs.c.register_id == register if owner is None else _of(register, owner)
    found = select(_jobs).where(whose).order_by(_jobs.c.created_at.desc(), _jobs.c.id)
    return [_job(row) for row in connection.execute(found).mappings()]


def count_open(db: Database) -> Mapping[str, int]:
    """How many jobs wait and run, in all registers."""
    counted = select(_jobs.c.state, func.count()).where(_jobs.c.state.in_(_OPEN)).group_by(_jobs.c.state)
    with db.connect(is_quick=True) as connection:
        found = {row[0]: int(row[1]) for row in connection.execute(counted)}
    return {state: found.get(state, 0) for state in _OPEN}


def files_in_use(db: Database) -> set[str]:
    """The names of all files that a job answers for."""
    with db.connect() as connection:
        return set(connection.execute(select(_jobs.c.file).where(_jobs.c.file.is_not(None))).scalars())


# -- workers


def _is_free(kinds: Collection[str], now: datetime) -> ColumnElement[bool]:
    is_left = and_(_jobs.c.state == str(JobState.RUNNING), _jobs.c.lease_until <= now)
    return and_(
        or_(_jobs.c.state == str(JobState.WAITING), is_left),
        _jobs.c.kind.in_(sorted(kinds)),
        _jobs.c.expires_at > now,
    )


def is_any_free(db: Database, kinds: Collection[str], now: datetime) -> bool:
    """Is there something to take? A look that no writer waits for."""
    with db.connect(is_quick=True) as connection:
        return connection.execute(select(_jobs.c.id).where(_is_free(kinds, now)).limit(1)).first() is not None


def take(db: Database, kinds: Collection[str], word: str, now: datetime, lease: timedelta) -> Job | None:
    """The oldest job that waits, or whose worker is gone, for whoever wrote this word; None when there is none.

    One that was begun too often fails here.
    """
    chosen = select(_jobs).where(_is_free(kinds, now)).order_by(_jobs.c.created_at, _jobs.c.id).limit(1)
    with db.aside() as connection:
        _hold(connection)
        if not db.is_sqlite:
            chosen = chosen.with_for_update(skip_locked=True)
        while (row := connection.execute(chosen).mappings().first()) is not None:
            found = _job(row)
            this = _is(found.register, found.id)
            if is_exhausted(found):
                code = found.code or JobFault.WORKER_LOST
                connection.execute(update(_jobs).where(this).values(**_ended(JobState.FAILED, str(code), now)))
                continue
            taken = (
                update(_jobs)
                .where(this)
                .values(
                    state=str(JobState.RUNNING),
                    started_at=now,
                    leased_by=word,
                    lease_until=now + lease,
                    attempts=_jobs.c.attempts + 1,
                    done=0,
                    of=None,
                )
            )
            return _job(connection.execute(taken.returning(_jobs)).mappings().one())
    return None


def _ended(state: JobState, code: str | None, now: datetime) -> dict[str, Any]:
    return {"state": str(state), "code": code, "finished_at": now, **_OVER}


def _is_held(job: Job) -> ColumnElement[bool]:
    return and_(
        _is(job.register, job.id),
        _jobs.c.state == str(JobState.RUNNING),
        _jobs.c.leased_by == job.leased_by,
    )


def renew(db: Database, job: Job, lease_until: datetime, done: int, of: int | None) -> bool:
    """Keep the job and say how far it is; False when it was cancelled, or somebody else has it."""
    kept = update(_jobs).where(_is_held(job)).values(lease_until=lease_until, done=done, of=of)
    with db.aside() as connection:
        return connection.execute(kept).rowcount == 1


def finish(
    db: Database,
    job: Job,
    output: JobOutput,
    now: datetime,
    expires_at: datetime,
    steps: int | None,
    room: JobRoom,
) -> list[str] | None:
    """The job is done, all its steps with it, if it is still held; None where what was made counts for nothing.

    Older results that have no room beside it are forgotten: their files, for the caller to take away.
    """
    done = (
        update(_jobs)
        .where(_is_held(job))
        .values(
            **_ended(JobState.DONE, None, now),
            expires_at=expires_at,
            done=steps or 0,
            of=steps,
            file=output.file,
            sha256=output.sha256,
            size=output.size,
            media_type=output.media_type,
            name=output.name,
        )
    )
    with db.aside() as connection:
        if connection.execute(done).rowcount != 1:
            return None
        made = connection.execute(select(_jobs).where(_jobs.c.file.is_not(None))).mappings()
        gone = oldest_to_forget([_job(row) for row in made], room, replace(job, output=output))
        for old in gone:
            connection.execute(delete(_jobs).where(_is(old.register, old.id)))
    return [old.output.file for old in gone if old.output is not None]


def fail(db: Database, job: Job, code: str, now: datetime) -> bool:
    """The job failed, if it is still held."""
    failed = update(_jobs).where(_is_held(job)).values(**_ended(JobState.FAILED, code, now))
    with db.aside() as connection:
        return connection.execute(failed).rowcount == 1


def note(db: Database, job: Job, code: str) -> None:
    """Say why this attempt came to nothing; when the lease is over the job is begun anew."""
    with db.aside() as connection:
        connection.execute(update(_jobs).where(_is_held(job)).values(code=code))


def give_back(db: Database, job: Job) -> None:
    """A worker that stops in order leaves the job to the next; the attempt does not count."""
    left = (
        update(_jobs)
        .where(_is_held(job))
        .values(state=str(JobState.WAITING), attempts=_jobs.c.attempts - 1, started_at=None, **_OVER)
    )
    with db.aside() as connection:
        connection.execute(left)


def cancel(connection: Connection, register: RegisterId, id_: str, now: datetime) -> None:
    """A job that waits or runs is not done any more; one that is over stays as it is."""
    is_open = and_(_is(register, id_), _jobs.c.state.in_(_OPEN))
    connection.execute(update(_jobs).where(is_open).values(**_ended(JobState.CANCELLED, None, now)))


def drop_all(connection: Connection, register: RegisterId) -> None:
    """Forget every job of a register: what a backup brought back belongs to sessions that are over."""
    connection.execute(delete(_jobs).where(_jobs.c.register_id == register))

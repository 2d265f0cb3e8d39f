"""Long work that an account asked for: its states, who may look at it, and when it is over.

A job is no fact of the register: it makes no revision, is forgotten after a week, and all that it may read is asked
of the rules again when it begins. What it hands out is recorded by the use case that it carries out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountId, PersonId, RegisterId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.text import REFUSAL_TEXT, Text

MOST_OPEN = 3
"""Most jobs of one account that wait or run."""
MOST_KEPT = 50
"""Most jobs of one account in all; the oldest that is over makes room for the next."""
ATTEMPTS = 3
"""How often a job is begun: whoever lost it twice is not given it a third time more."""
LEASE = timedelta(seconds=60)
"""How long a worker that says nothing more keeps its job."""
KEPT = timedelta(days=7)
"""How long a job and what it made are kept."""

MIB = 1 << 20

Parameter = str | int | bool | None


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.WAITING, JobState.RUNNING)


class JobFault(StrEnum):
    """Why a job failed, beside the refusals of the rules that it met."""

    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    WORKER_LOST = "worker_lost"
    RESULT_TOO_LARGE = "result_too_large"


FAULT_TEXT: Mapping[JobFault, Text] = MappingProxyType(
    {
        JobFault.INTERNAL: Text(
            "Lỗi hệ thống trong khi thực hiện, hãy báo người vận hành", "It broke; tell the operator"
        ),
        JobFault.UNAVAILABLE: Text(
            "Hệ thống tạm thời không thực hiện được, hãy yêu cầu lại sau",
            "The service could not do it for a while; ask again later",
        ),
        JobFault.WORKER_LOST: Text(
            "Việc bị ngắt giữa chừng nhiều lần, hãy yêu cầu lại",
            "It was cut off several times; ask again",
        ),
        JobFault.RESULT_TOO_LARGE: Text(
            "Kết quả lớn hơn dung lượng dành cho một tài khoản; hãy chia nhỏ yêu cầu (ít đơn vị hoặc ít ngày hơn)",
            "The result is larger than an account may keep; ask for fewer units or days",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class JobRoom:
    """Bytes for what jobs made: of one account, and of all accounts of all registers together."""

    account: int = 1024 * MIB
    all: int = 10_240 * MIB

    @classmethod
    def of_mib(cls, account: int, all_: int) -> "JobRoom":
        """As settings name it."""
        return cls(account * MIB, all_ * MIB)

    @property
    def largest(self) -> int:
        """Of one result."""
        return min(self.account, self.all)


USUAL_ROOM = JobRoom()


@dataclass(frozen=True, slots=True)
class JobOutput:
    """The file that a job made."""

    file: str
    """Its name in the store."""
    sha256: str
    size: int
    media_type: str
    name: str
    """As it is offered to be saved."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work. `parameters` hold ids, instants and choices, never names of people."""

    register: RegisterId
    id: str
    kind: str
    owner: AccountId
    person: PersonId
    """Who asked: the account may have another holder tomorrow, and what was made is not theirs."""
    session: str
    """In which it was asked; once that is over nobody is there to ask for."""
    unit: UnitId
    parameters: Mapping[str, Parameter]
    created_at: datetime
    expires_at: datetime
    state: JobState = JobState.WAITING
    done: int = 0
    of: int | None = None
    """Steps done, of how many; None while nobody knows."""
    code: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_until: datetime | None = None
    leased_by: str | None = None
    attempts: int = 0
    output: JobOutput | None = None


def sentence_of(code: str) -> Text:
    """What a person reads about why a job failed."""
    if code in {str(fault) for fault in JobFault}:
        return FAULT_TEXT[JobFault(code)]
    return REFUSAL_TEXT[Refusal(code)]


def check_may_ask(already_open: int) -> None:
    """Raise `too_many_jobs` for one job more than an account may have open."""
    if already_open >= MOST_OPEN:
        raise RefusedError(Refusal.TOO_MANY_JOBS, "too many jobs wait or run already", limit=MOST_OPEN)


def check_own(job: Job | None, id_: str, account: AccountId, person: PersonId, now: datetime) -> Job:
    """The job, for whoever asked for it; everybody else, and everybody after a week, hears that there is none."""
    if job is None or job.owner != account or job.person != person or now >= job.expires_at:
        raise NotFoundError("job", id_)
    return job


def check_done(job: Job) -> JobOutput:
    """What the job made, or `job_not_done`."""
    if job.state is not JobState.DONE or job.output is None:
        raise RefusedError(Refusal.JOB_NOT_DONE, "the job has no result", state=str(job.state))
    return job.output


def check_begins(*, is_active: bool, has_session: bool) -> None:
    """Raise unless whoever asked is still there: a job is carried out for nobody who was stopped or left."""
    if not is_active:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the account was stopped after it asked")
    if not has_session:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "the session in which it was asked is over")


def oldest_to_forget(kept: Sequence[Job], room: JobRoom, newest: Job) -> list[Job]:
    """Which jobs with a result are forgotten, the oldest first, now that `newest` (one of them) has its own.

    First the account makes room for itself; only where all together have too much do the oldest of all go.
    """
    forgotten: list[Job] = []
    others = [job for job in kept if job.output is not None and job.id != newest.id]
    left = sorted(others, key=lambda job: (job.created_at, job.id))
    own = [j for j in left if (j.register, j.owner) == (newest.register, newest.owner)]
    for group, most in ((own, room.account), (left, room.all)):
        held = size_of(newest) + sum(size_of(j) for j in group if j not in forgotten)
        for job in group:
            if held <= most:
                break
            if job not in forgotten:
                forgotten.append(job)
                held -= size_of(job)
    return forgotten


def size_of(job: Job) -> int:
    """Bytes of what the job made."""
    return 0 if job.output is None else job.output.size


def is_exhausted(job: Job) -> bool:
    """Was it begun as often as any job is?"""
    return job.attempts >= ATTEMPTS

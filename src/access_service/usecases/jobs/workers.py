"""Workers: they take what waits under a lease, carry it out as its owner, and hand it back when they stop.

One thread minds the leases and looks for work; each job has a thread of its own. Any number of processes do the
same over one database. What a worker leaves behind when it is killed is taken by another once its lease is over.
"""

import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from access_service.domain.accounts import Account
from access_service.domain.errors import AccessServiceError, RefusedError, UnavailableError
from access_service.domain.jobs import KEPT, LEASE, Job, JobFault, JobOutput, JobState, check_begins
from access_service.domain.names import AccountState
from access_service.storage import jobs as stored
from access_service.storage.accounts import session_by_token
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.identity.accounts import account_state
from access_service.usecases.identity.open_sessions import caller_in_session
from access_service.usecases.jobs.job_kinds import JobFailedError, JobKind, JobRun, JobStoppedError
from access_service.usecases.services import Caller, Services

LOOK_S = 2.0
"""How often, in seconds, a worker with nothing to do looks for what another process was asked for."""
BEAT_S = 1.0
"""How often, in seconds, the progress of a running job is written down and its lease renewed."""
SWITCH_S = 0.0005
"""How soon, in seconds, a thread that carries out a job lets another run that wants to, a request for instance."""
STOP_S = 5.0
"""How long, in seconds, a worker that stops waits for its jobs to notice."""


@dataclass(eq=False, slots=True)
class _Held:
    """A job that this process carries out."""

    job: Job
    thread: threading.Thread | None = None
    run: JobRun | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        self.stopped.set()
        if self.run is not None:
            self.run.stopped.set()


class Workers:
    """Carries out jobs until it is closed."""

    def __init__(
        self,
        services: Services,
        kinds: Mapping[str, JobKind],
        *,
        most: int,
        ended: Callable[[str, str, float], None] = lambda _kind, _state, _seconds: None,
        failed: Callable[[str], None] = lambda _why: None,
        lease: timedelta = LEASE,
    ) -> None:
        """`most` jobs at once. `ended` hears kind, state and seconds of each; `failed` why something went wrong."""
        if services.job_files is None:
            raise RuntimeError("workers need a folder for what they make")
        self._services, self._files, self._kinds, self._most = services, services.job_files, kinds, most
        self._ended, self._failed, self._lease = ended, failed, lease
        self._beat_s = min(BEAT_S, lease.total_seconds() / 4)
        self._held: list[_Held] = []
        self._lock = threading.Lock()
        self._usual_s: float | None = None
        self._is_closing = threading.Event()
        self._minding = threading.Thread(target=self._mind, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to look for work."""
        self._minding.start()

    def close(self) -> None:
        """Take nothing more, stop what runs, and give back what is not done: the next worker begins it anew."""
        self._is_closing.set()
        self._services.jobs_wait.set()
        if self._minding.is_alive():
            self._minding.join()
        with self._lock:
            left = list(self._held)
        for held in left:
            held.stop()
        until = time.monotonic() + STOP_S
        for held in left:
            if held.thread is not None:
                held.thread.join(max(0.0, until - time.monotonic()))
        for held in left:
            try:
                stored.give_back(self._services.db, held.job)
            except AccessServiceError as error:
                # Its lease ends by itself.
                self._failed(str(error))

    def run_waiting(self) -> int:
        """Carry out what waits, one after the other, and return how many jobs that were."""
        count = 0
        while (job := self._take()) is not None:
            self._begin(job)
            while self._running():
                self._mind_once(self._beat_s)
            count += 1
        return count

    # -- minding

    def _mind(self) -> None:
        while not self._is_closing.is_set():
            self._mind_once(self._beat_s if self._running() else LOOK_S)
            if self._is_closing.is_set():
                return
            try:
                while len(self._running()) < self._most and (job := self._take()) is not None:
                    self._begin(job)
            except AccessServiceError as error:
                self._failed(str(error))
            except Exception as error:  # noqa: BLE001 whatever went wrong, there is a next look
                self._failed(type(error).__name__)

    def _mind_once(self, seconds: float) -> None:
        """Wait for a call or the time, then renew what runs."""
        waits = self._services.jobs_wait
        waits.wait(seconds)
        waits.clear()
        for held in self._running():
            run = held.run
            done, of = (0, None) if run is None else run.reached
            try:
                until = self._services.db.now() + self._lease
                if not stored.renew(self._services.db, held.job, until, done, of):
                    held.stop()
            except AccessServiceError as error:
                self._failed(str(error))

    def _running(self) -> list[_Held]:
        with self._lock:
            return list(self._held)

    def _take(self) -> Job | None:
        db, kinds = self._services.db, self._kinds.keys()
        now = db.now()
        if not stored.is_any_free(db, kinds, now):
            return None
        return stored.take(db, kinds, secrets.token_hex(16), now, self._lease)

    def _begin(self, job: Job) -> None:
        held = _Held(job)
        held.thread = threading.Thread(target=self._carry_out, args=(held,), name=job.id, daemon=True)
        with self._lock:
            self._held.append(held)
            self._usual_s = self._usual_s or sys.getswitchinterval()
            sys.setswitchinterval(min(SWITCH_S, self._usual_s))
        held.thread.start()

    # -- carrying out

    def _carry_out(self, held: _Held) -> None:
        begun = time.monotonic()
        state = None
        try:
            state = self._attempt(held)
        except JobStoppedError:
            pass
        except JobFailedError as failed:
            state = self._fail(held.job, str(failed.fault))
        except RefusedError as refused:
            state = self._fail(held.job, str(refused.code))
        except UnavailableError as error:
            # Left until its lease is over: what is wrong now may be right in a minute.
            self._failed(f"{held.job.kind}: {error}")
            self._note(held.job)
        except Exception as error:  # noqa: BLE001 whatever a kind does, the others go on
            self._failed(f"{held.job.kind}: {type(error).__name__}")
            state = self._fail(held.job, str(JobFault.INTERNAL))
        finally:
            with self._lock:
                self._held.remove(held)
                if not self._held and self._usual_s is not None:
                    sys.setswitchinterval(self._usual_s)
                    self._usual_s = None
            self._services.jobs_wait.set()
        if state is not None:
            self._ended(held.job.kind, str(state), time.monotonic() - begun)

    def _attempt(self, held: _Held) -> JobState | None:
        job, services = held.job, self._services
        kind = self._kinds[job.kind]
        caller = find_owner(services, job)
        kind.check(services, caller, job)
        with self._files.new() as file:
            run = held.run = JobRun(services, caller, job, file.stream, self._files.room.largest)
            if held.stopped.is_set():
                run.stopped.set()
            result = kind.run(run)
            run.check()
            kept = file.keep(f"{job.id}-{job.leased_by}")
        now = services.db.now()
        output = JobOutput(kept.name, kept.sha256, kept.size, result.media_type, result.name)
        steps, room = run.reached[1], self._files.room
        forgotten = stored.finish(services.db, job, output, now, now + KEPT, steps, room)
        if forgotten is None:
            return None
        self._files.drop(forgotten)
        return JobState.DONE

    def _fail(self, job: Job, code: str) -> JobState | None:
        try:
            is_ours = stored.fail(self._services.db, job, code, self._services.db.now())
        except AccessServiceError as error:
            self._failed(str(error))
            return None
        return JobState.FAILED if is_ours else None

    def _note(self, job: Job) -> None:
        try:
            stored.note(self._services.db, job, str(JobFault.UNAVAILABLE))
        except AccessServiceError as error:
            self._failed(str(error))


def find_owner(services: Services, job: Job) -> Caller:
    """Who asked, if they are still there: the account active, the session open, the account theirs."""
    with services.db.connect() as connection:
        reader = Reader(connection, job.register)
        now = services.db.now_in(connection, job.register)
        account, session = reader.get(Account, job.owner), session_by_token(connection, job.session)
        is_active = account is not None and account_state(reader, account, now) is AccountState.ACTIVE
        check_begins(is_active=is_active, has_session=session is not None and session.is_open(now))
        if session is None:
            raise RuntimeError("a job without a session was let in")
        return replace(caller_in_session(Gatherer(reader), session, now), session=job.session)

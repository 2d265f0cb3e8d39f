"""Jobs: one worker at a time has each, whoever is lost leaves it to another, and what is over stays over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.errors import NotFoundError, RefusedError, UnavailableError
from access_service.domain.jobs import (
    ATTEMPTS,
    KEPT,
    LEASE,
    MOST_KEPT,
    MOST_OPEN,
    Job,
    JobFault,
    JobRoom,
    JobState,
    sentence_of,
)
from access_service.domain.reasons import Refusal
from access_service.storage import jobs as stored
from access_service.storage.job_files import JobFiles
from access_service.usecases.jobs import asking
from access_service.usecases.jobs.job_kinds import JobKind, JobResult, JobRun
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.services import Caller, Services
from world import OFFICE, SCHOOL, World

Work = Callable[[JobRun], None]


def kind_of(work: Work) -> JobKind:
    def run(run: JobRun) -> JobResult:
        work(run)
        return JobResult("kết-quả.txt", "text/plain; charset=utf-8")

    return JobKind("thử", lambda _services, _caller, _job: None, run)


def write(run: JobRun) -> None:
    run.progress(1, 2)
    run.file.write(f"{run.caller.account} {run.job.unit} {run.job.parameters['x']}".encode())


@dataclass
class Scene:
    """A principal who asks, and the services that carry it out."""

    world: World
    services: Services
    caller: Caller

    def ask(self, work: Work = write, **parameters: str | int) -> Job:
        return asking.ask_job(self.services, self.caller, kind_of(work), SCHOOL, {"x": 1, **parameters})

    def workers(self, work: Work = write, failed: Callable[[str], None] = lambda _why: None) -> Workers:
        kind = kind_of(work)
        return Workers(self.services, {kind.name: kind}, most=2, failed=failed)

    def seen(self, job: Job) -> Job:
        return asking.show_job(self.services, self.caller, job.id)

    def take(self, word: str = "khác") -> Job | None:
        return stored.take(self.services.db, ["thử"], word, self.world.clock.now, LEASE)


@pytest.fixture
def scene(school_world: World, tmp_path: Path) -> Scene:
    signed_in = school_world.enrol(f"000.head:{SCHOOL}")
    services = replace(school_world.services, job_files=JobFiles(tmp_path / "files"))
    return Scene(school_world, services, signed_in.caller)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until a thread of the scene has come so far."""
    waiting = threading.Event()
    for _ in range(30_000):
        if is_so():
            return
        waiting.wait(0.01)
    raise AssertionError("it does not come")


def test_a_job_is_carried_out_as_its_owner_and_leaves_its_file_without_a_revision(scene: Scene) -> None:
    revision, log = scene.world.revision, len(scene.world.log())
    asked = scene.ask()
    assert (asked.state, scene.seen(asked).state) == (JobState.WAITING, JobState.WAITING)
    assert scene.workers().run_waiting() == 1
    done = scene.seen(asked)
    assert (done.state, done.done, done.of, done.attempts) == (JobState.DONE, 2, 2, 1)
    assert done.expires_at == scene.world.clock.now + KEPT
    kinds = {"thử": kind_of(write)}
    output, file = asking.open_result(scene.services, scene.caller, kinds, asked.id)
    with file:
        data = file.read()
    assert data.decode() == f"{scene.caller.account} {SCHOOL} 1"
    assert (output.size, output.name) == (len(data), "kết-quả.txt")
    assert (scene.world.revision, len(scene.world.log())) == (revision, log)


def test_a_job_has_one_worker_until_its_lease_is_over(scene: Scene) -> None:
    asked = scene.ask()
    first = scene.take("một")
    assert first is not None
    assert scene.take("hai") is None
    scene.world.clock.forward(seconds=LEASE.total_seconds() - 1)
    assert scene.take("hai") is None
    scene.world.clock.forward(seconds=1)
    second = scene.take("hai")
    assert second is not None
    assert (second.id, second.attempts) == (asked.id, 2)


def test_a_worker_that_comes_back_late_changes_nothing(scene: Scene) -> None:
    scene.ask()
    first = scene.take("một")
    scene.world.clock.forward(seconds=LEASE.total_seconds())
    second = scene.take("hai")
    assert first is not None
    assert second is not None
    db, now = scene.services.db, scene.world.clock.now
    assert not stored.renew(db, first, now + LEASE, 9, 9)
    assert not stored.fail(db, first, "internal", now)
    stored.give_back(db, first)
    stored.note(db, first, "internal")
    seen = scene.seen(second)
    assert (seen.state, seen.leased_by, seen.done, seen.code) == (JobState.RUNNING, "hai", 0, None)


def test_what_lost_its_worker_too_often_fails(scene: Scene) -> None:
    asked = scene.ask()
    for _ in range(ATTEMPTS):
        assert scene.take() is not None
        scene.world.clock.forward(seconds=LEASE.total_seconds())
    assert scene.take() is None
    failed = scene.seen(asked)
    assert (failed.state, failed.code, failed.attempts) == (JobState.FAILED, JobFault.WORKER_LOST, ATTEMPTS)


def test_a_cancelled_job_stops_at_its_next_step_and_leaves_no_file(scene: Scene) -> None:
    begun = threading.Event()

    def work(run: JobRun) -> None:
        begun.set()
        while True:
            run.progress(7, 9)
            begun.wait(0.01)

    asked = scene.ask(work)
    workers = scene.workers(work)
    workers.start()
    assert begun.wait(300)
    wait_for(lambda: scene.seen(asked).done == 7)
    assert asking.cancel_job(scene.services, scene.caller, asked.id).state is JobState.CANCELLED
    wait_for(lambda: not workers._running())
    workers.close()
    assert scene.seen(asked).state is JobState.CANCELLED
    assert scene.services.job_files is not None
    assert [*scene.services.job_files._folder.iterdir()] == []
    with pytest.raises(RefusedError) as refused:
        asking.open_result(scene.services, scene.caller, {}, asked.id)
    assert refused.value.code is Refusal.JOB_NOT_DONE


def test_what_is_over_cannot_be_cancelled(scene: Scene) -> None:
    asked = scene.ask()
    scene.workers().run_waiting()
    assert asking.cancel_job(scene.services, scene.caller, asked.id).state is JobState.DONE


def test_a_worker_that_stops_gives_its_jobs_back_uncounted(scene: Scene) -> None:
    begun = threading.Event()

    def work(run: JobRun) -> None:
        begun.set()
        while True:
            run.check()
            begun.wait(0.01)

    asked = scene.ask(work)
    workers = scene.workers(work)
    workers.start()
    assert begun.wait(300)
    workers.close()
    left = scene.seen(asked)
    assert (left.state, left.attempts, left.leased_by) == (JobState.WAITING, 0, None)
    assert scene.workers().run_waiting() == 1
    assert scene.seen(asked).state is JobState.DONE


def test_what_breaks_fails_alone_and_its_message_is_not_told(scene: Scene) -> None:
    def work(run: JobRun) -> None:
        if run.job.parameters["x"] == "hỏng":
            raise ValueError("Nguyễn Văn Thử")

    heard: list[str] = []
    broken, whole = scene.ask(x="hỏng"), scene.ask(x="lành")
    assert scene.workers(work, heard.append).run_waiting() == 2
    assert (scene.seen(broken).state, scene.seen(broken).code) == (JobState.FAILED, JobFault.INTERNAL)
    assert scene.seen(whole).state is JobState.DONE
    assert heard == ["thử: ValueError"]


def test_a_rule_that_refuses_is_the_jobs_code(scene: Scene) -> None:
    def work(_run: JobRun) -> None:
        raise RefusedError(Refusal.FORBIDDEN, "no")

    asked = scene.ask()
    scene.workers(work).run_waiting()
    failed = scene.seen(asked)
    assert (failed.state, failed.code) == (JobState.FAILED, "forbidden")
    assert sentence_of("forbidden") != sentence_of("internal")


def test_what_is_unavailable_is_tried_again_later_and_then_says_so(scene: Scene) -> None:
    def work(_run: JobRun) -> None:
        raise UnavailableError("the database cannot be reached")

    asked, heard = scene.ask(), list[str]()
    for attempt in range(1, ATTEMPTS + 1):
        assert scene.workers(work, heard.append).run_waiting() == 1
        seen = scene.seen(asked)
        assert (seen.state, seen.attempts, seen.code) == (JobState.RUNNING, attempt, JobFault.UNAVAILABLE)
        scene.world.clock.forward(seconds=LEASE.total_seconds())
    assert scene.workers(work).run_waiting() == 0
    assert (scene.seen(asked).state, scene.seen(asked).code) == (JobState.FAILED, JobFault.UNAVAILABLE)
    assert len(heard) == ATTEMPTS


def test_an_account_has_few_open_jobs_however_fast_it_asks(scene: Scene) -> None:
    def ask(_n: int) -> str:
        try:
            return scene.ask().state
        except RefusedError as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(12)))
    assert answers == [Refusal.TOO_MANY_JOBS] * (12 - MOST_OPEN) + [JobState.WAITING] * MOST_OPEN
    assert stored.count_open(scene.services.db) == {"waiting": MOST_OPEN, "running": 0}


def test_the_oldest_job_that_is_over_makes_room(scene: Scene) -> None:
    asked = []
    for _ in range(MOST_KEPT + 2):
        asked.append(scene.ask())
        stored_now = scene.take()
        assert stored_now is not None
        stored.fail(scene.services.db, stored_now, "internal", scene.world.clock.now)
        scene.world.clock.forward(seconds=1)
    left = [job.id for job in asking.list_jobs(scene.services, scene.caller)]
    assert left == [job.id for job in reversed(asked)][:MOST_KEPT]


def test_a_process_takes_only_kinds_that_it_knows(scene: Scene) -> None:
    asked = scene.ask()
    other = JobKind("khác", lambda _services, _caller, _job: None, lambda _run: JobResult("", ""))
    assert Workers(scene.services, {"khác": other}, most=1).run_waiting() == 0
    assert scene.seen(asked).state is JobState.WAITING


def test_files_go_with_the_jobs_that_made_them(scene: Scene) -> None:
    asked = scene.ask()
    scene.workers().run_waiting()
    output = scene.seen(asked).output
    assert output is not None
    assert stored.files_in_use(scene.services.db) == {output.file}
    scene.world.clock.forward(days=KEPT / timedelta(days=1))
    with pytest.raises(NotFoundError):
        scene.seen(asked)
    assert asking.list_jobs(scene.services, scene.caller) == []


def test_nothing_is_handed_out_that_was_changed_on_the_disk(scene: Scene) -> None:
    asked = scene.ask()
    scene.workers().run_waiting()
    output = scene.seen(asked).output
    assert output is not None
    assert scene.services.job_files is not None
    (scene.services.job_files._folder / output.file).write_bytes(b"x" * output.size)
    with pytest.raises(UnavailableError, match="not what was kept"):
        asking.open_result(scene.services, scene.caller, {"thử": kind_of(write)}, asked.id)


def sized(size: int) -> Work:
    def work(run: JobRun) -> None:
        run.file.write(b"x" * size)

    return work


def with_room(scene: Scene, folder: Path, account: int, all_: int) -> Scene:
    files = JobFiles(folder / "files", JobRoom(account, all_))
    return replace(scene, services=replace(scene.services, job_files=files))


def test_an_accounts_oldest_results_go_first_when_it_has_no_room(scene: Scene, tmp_path: Path) -> None:
    small, asked = with_room(scene, tmp_path, 100, 1000), []
    for _ in range(4):
        scene.world.clock.forward(seconds=1)
        asked.append(small.ask())
        assert small.workers(sized(40)).run_waiting() == 1
    left = asking.list_jobs(small.services, small.caller)
    assert [job.id for job in left] == [asked[3].id, asked[2].id]
    assert sorted(path.stat().st_size for path in (tmp_path / "files").iterdir()) == [40, 40]
    with pytest.raises(NotFoundError):
        small.seen(asked[0])


def test_when_all_have_too_much_the_oldest_of_anybody_goes(scene: Scene, tmp_path: Path) -> None:
    small = with_room(scene, tmp_path, 100, 100)
    other = replace(small, caller=scene.world.enrol(f"000.head:{OFFICE}").caller)
    first = other.ask()
    other.workers(sized(60)).run_waiting()
    scene.world.clock.forward(seconds=1)
    second = small.ask()
    small.workers(sized(60)).run_waiting()
    assert asking.list_jobs(other.services, other.caller) == []
    assert [job.id for job in asking.list_jobs(small.services, small.caller)] == [second.id]
    with pytest.raises(NotFoundError):
        other.seen(first)


def test_a_result_larger_than_an_account_may_keep_fails_while_it_is_written(scene: Scene, tmp_path: Path) -> None:
    small, written = with_room(scene, tmp_path, 100, 1000), []

    def work(run: JobRun) -> None:
        for _ in range(10):
            run.file.write(b"x" * 60)
            written.append(60)
            run.progress(len(written), 10)

    asked = small.ask()
    small.workers(work).run_waiting()
    seen = small.seen(asked)
    assert (seen.state, seen.code, len(written)) == (JobState.FAILED, JobFault.RESULT_TOO_LARGE, 2)
    assert "chia nhỏ" in sentence_of(str(seen.code)).vi
    assert list((tmp_path / "files").iterdir()) == []

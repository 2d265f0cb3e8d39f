"""Long work and who would misuse it: somebody else's file, a file for whoever was stopped, a killed worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from managing import ADMIN, OFFICE_ADMIN, OTHER_ADMIN, PRINCIPAL, Managed, managing
from sqlalchemy import update

from access_service.domain.jobs import KEPT, Job, JobState
from access_service.domain.names import AccountId, SuspendableKind
from access_service.rendering.job_exports import KINDS
from access_service.storage import jobs as stored
from access_service.storage.cleaning import clean
from access_service.storage.job_files import SPARED_S, JobFiles
from access_service.storage.tables import table
from access_service.storage.tables_acts import JobRow
from access_service.usecases.handover import delegation
from access_service.usecases.jobs import asking
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.services import Caller
from job_worker import TRACE, seconds, traced
from world import OFFICE, SCHOOL, START, World

ASK = f"units/{SCHOOL}/matrix-jobs"
TESTS = Path(__file__).parents[1]


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def work(managed: Managed) -> None:
    """Whatever waits is carried out, as by a process of its own."""
    services = replace(managed.world.services, job_files=JobFiles(managed.served.folder / "files" / "jobs"))
    Workers(services, KINDS, most=1).run_waiting()


def stored_job(managed: Managed, id_: str) -> Job:
    with managed.world.services.db.connect() as connection:
        found = stored.job_of(connection, managed.world.register, id_)
    assert found is not None
    return found


def test_to_others_somebodys_job_is_no_job(managed: Managed) -> None:
    asked = managed.post(PRINCIPAL, ASK, {}).json()["id"]
    work(managed)
    assert managed.get(PRINCIPAL, f"jobs/{asked}/result").status_code == 200
    nobodys = managed.get(ADMIN, "jobs/job_00000000000000000000").json()
    for who in (ADMIN, OFFICE_ADMIN, OTHER_ADMIN):
        for path in (f"jobs/{asked}", f"jobs/{asked}/result"):
            answer = managed.get(who, path)
            assert answer.status_code == 404
            assert answer.json()["code"] == nobodys["code"]
        stopped = managed.served.client.delete(f"/v1/jobs/{asked}", headers=managed.bearer(who))
        assert stopped.status_code == 404


def test_a_new_holder_of_the_account_does_not_find_the_files_of_the_last(managed: Managed) -> None:
    asked = managed.post(ADMIN, ASK, {}).json()["id"]
    with managed.world.services.db.aside() as connection:
        connection.execute(update(table(JobRow)).values(person="per_nguoi-truoc"))
    assert managed.get(ADMIN, f"jobs/{asked}").status_code == 404
    assert managed.seen(ADMIN, "jobs") == {"jobs": []}
    work(managed)
    assert stored_job(managed, asked).state is JobState.DONE
    assert managed.get(ADMIN, f"jobs/{asked}/result").status_code == 404


def test_after_a_week_there_is_no_job_and_its_file_goes(managed: Managed) -> None:
    asked = managed.post(PRINCIPAL, ASK, {}).json()["id"]
    work(managed)
    output = stored_job(managed, asked).output
    assert output is not None
    path = managed.served.folder / "files" / "jobs" / output.file
    made = path.stat().st_mtime
    os.utime(path, (made, made - SPARED_S))
    managed.world.clock.forward(days=KEPT / timedelta(days=1))
    managed.tokens.clear()
    assert path.exists()
    assert managed.get(PRINCIPAL, f"jobs/{asked}/result").status_code == 404
    db, store = managed.world.services.db, JobFiles(path.parent)
    done = clean(db, db.now(), store)
    assert (done["jobs"], done["files"], path.exists()) == (1, 1, False)


def test_nothing_is_made_for_whoever_was_suspended_meanwhile(managed: Managed) -> None:
    asked = managed.post(PRINCIPAL, ASK, {}).json()["id"]
    account = managed.person(f"head:{SCHOOL}").account
    world = managed.world
    delegation.suspend(
        world.services, world.admins[OFFICE], kind=SuspendableKind.ACCOUNT, target=account, reason="thử"
    )
    before = len(managed.log())
    work(managed)
    failed = stored_job(managed, asked)
    assert (failed.state, failed.code, failed.output) == (JobState.FAILED, "account_not_active", None)
    assert [e.happening.action for e in managed.log()[before:]] == []


def test_nothing_is_made_for_whoever_has_signed_out(managed: Managed) -> None:
    asked = managed.post(PRINCIPAL, ASK, {}).json()["id"]
    bearer = managed.bearer(PRINCIPAL)
    assert managed.served.client.delete("/v1/sessions/current", headers=bearer).status_code == 204
    work(managed)
    failed = stored_job(managed, asked)
    assert (failed.state, failed.code) == (JobState.FAILED, "not_authenticated")
    managed.tokens.clear()
    assert managed.seen(PRINCIPAL, f"jobs/{asked}")["vi"] == "Chưa đăng nhập hoặc đã hết phiên"


def test_a_row_that_names_another_unit_is_asked_of_the_rules_like_any(managed: Managed) -> None:
    asked = managed.post(OTHER_ADMIN, "units/0003102/matrix-jobs", {}).json()["id"]
    with managed.world.services.db.aside() as connection:
        connection.execute(update(table(JobRow)).values(unit=SCHOOL))
    work(managed)
    failed = stored_job(managed, asked)
    assert (failed.state, failed.code, failed.output) == (JobState.FAILED, "not_found", None)


def test_a_result_is_not_handed_out_to_whoever_may_have_it_no_more(managed: Managed) -> None:
    asked = managed.post(OTHER_ADMIN, "units/0003102/matrix-jobs", {}).json()["id"]
    work(managed)
    with managed.world.services.db.aside() as connection:
        # As if the unit had gone to another office since.
        connection.execute(update(table(JobRow)).values(unit=SCHOOL))
    assert managed.get(OTHER_ADMIN, f"jobs/{asked}/result").status_code == 404


# -- real processes


def owner(world: World) -> Caller:
    return world.enrol(f"000.head:{SCHOOL}").caller


class Processes:
    """Workers in processes of their own, over the database of a world, under one clock."""

    def __init__(self, world: World, folder: Path, lease_s: float) -> None:
        self.folder, self.lease_s = folder, lease_s
        self.base = seconds() - (world.clock.now - START).total_seconds()
        self.url = world.services.db.url.render_as_string(hide_password=False)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        arguments = [self.url, str(self.folder), str(self.base), str(self.lease_s)]
        path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
        process = subprocess.Popen(
            [sys.executable, str(TESTS / "job_worker.py"), *arguments], env={**os.environ, "PYTHONPATH": path}
        )
        self.running.append(process)
        return process

    def trace(self) -> list[list[str]]:
        path = self.folder / TRACE
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def processes(school_world: World, tmp_path: Path) -> Iterator[Processes]:
    found_ = Processes(school_world, tmp_path, lease_s=1.0)
    yield found_
    for process in found_.running:
        process.kill()
        process.wait()


def wait_for(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(30_000):
        if is_so():
            return
        pause.wait(0.01)
    raise AssertionError("it does not come")


def test_a_worker_killed_between_taking_and_ending_loses_the_job_to_the_next(
    school_world: World, processes: Processes
) -> None:
    services = replace(school_world.services, job_files=JobFiles(processes.folder / "files"))
    asked = asking.ask_job(services, owner(school_world), traced(processes.folder), SCHOOL, {"waits_for": "go"})
    first = processes.start()
    wait_for(lambda: len(processes.trace()) == 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    (processes.folder / "go").touch()

    def job() -> Job:
        with services.db.connect() as connection:
            found = stored.job_of(connection, asked.register, asked.id)
        assert found is not None
        return found

    assert job().state is JobState.RUNNING

    def is_done() -> bool:
        if all(process.poll() is not None for process in processes.running):
            # Its lease is not over, or nothing waits: look again.
            processes.start()
        return job().state is JobState.DONE

    wait_for(is_done)
    done = job()
    assert (done.attempts, done.output and done.output.size) == (2, len(asked.id))
    said = [(what, id_) for what, id_, _ in processes.trace()]
    assert said == [("begin", asked.id), ("begin", asked.id), ("end", asked.id)]
    assert len({process for _, _, process in processes.trace()}) == 2


def test_however_many_processes_work_each_job_is_carried_out_once(
    school_world: World, processes: Processes
) -> None:
    processes.lease_s = 600.0
    services = replace(school_world.services, job_files=JobFiles(processes.folder / "files"))
    first = asking.ask_job(services, owner(school_world), traced(processes.folder), SCHOOL, {})
    ids = [first.id, *(f"job_{n:020}" for n in range(11))]
    with services.db.aside() as connection:
        for id_ in ids[1:]:
            stored.add(connection, replace(first, id=id_))
    for _ in range(3):
        processes.start()
    assert [process.wait() for process in processes.running] == [0, 0, 0]
    counted = Counter((what, id_) for what, id_, _ in processes.trace())
    assert counted == Counter([*(("begin", id_) for id_ in ids), *(("end", id_) for id_ in ids)])
    with services.db.connect() as connection:
        ended = {job.id: job for job in stored.jobs_of(connection, first.register)}
    assert {ended[id_].state for id_ in ids} == {JobState.DONE}
    assert {ended[id_].attempts for id_ in ids} == {1}


def test_an_account_id_of_nobody_begins_no_job(managed: Managed) -> None:
    asked = managed.post(PRINCIPAL, ASK, {}).json()["id"]
    with managed.world.services.db.aside() as connection:
        connection.execute(update(table(JobRow)).values(owner=AccountId("acc_khong-co")))
    work(managed)
    assert stored_job(managed, asked).code == "account_not_active"

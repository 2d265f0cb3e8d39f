"""`jobs`: what waits is carried out by a process of its own, and the operator sees ids and states."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import main
from access_service.domain.jobs import Job, JobState
from access_service.rendering.job_exports import MATRIX, MatrixExport
from access_service.storage import jobs as stored
from access_service.storage.job_files import JobFiles
from access_service.usecases.jobs import asking
from access_service.usecases.services import Caller, Services, system_clock
from cli.test_commands import run
from world import SCHOOL, World

__all__ = ["run"]
TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def services(school_world: World, tmp_path: Path, seal_file: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of a school, whose database, keys and files the environment names."""
    for name in [name for name in os.environ if name.startswith("ACCESS_SERVICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", str(school_world.services.db.url))
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(seal_file.parent))
    monkeypatch.setenv("ACCESS_SERVICE_FILES_DIR", str(tmp_path / "files"))
    return replace(school_world.services, job_files=JobFiles(tmp_path / "files" / "jobs"))


@pytest.fixture
def caller(school_world: World) -> Caller:
    return school_world.enrol(f"000.head:{SCHOOL}").caller


def ask(services: Services, caller: Caller) -> Job:
    return asking.ask_job(services, caller, MATRIX, SCHOOL, MatrixExport("csv").parameters())


def working(tmp_path: Path, world: World, *arguments: str) -> subprocess.Popen[bytes]:
    """`jobs work` in a process of its own, under the world's clock."""
    off = tmp_path / "off"
    off.write_text(str((world.clock.now - system_clock()).total_seconds()))
    return subprocess.Popen(
        [sys.executable, str(TESTS / "clocked.py"), str(off), "jobs", "work", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent / "src")},
        stderr=subprocess.PIPE,
    )


def test_a_process_of_its_own_carries_out_what_waits_and_ends(
    services: Services, caller: Caller, school_world: World, tmp_path: Path
) -> None:
    asked = ask(services, caller)
    process = working(tmp_path, school_world, "--until-none")
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    assert "1 việc / jobs" in said.decode()
    output, file = asking.open_result(services, caller, {MATRIX.name: MATRIX}, asked.id)
    with file:
        assert file.read().decode("utf-8-sig").startswith("Mã đơn vị")
    assert output.name.endswith(".csv")


def test_it_works_until_a_signal(services: Services, caller: Caller, school_world: World, tmp_path: Path) -> None:
    process = working(tmp_path, school_world, "--at-once", "2")
    asked, pause = ask(services, caller), threading.Event()
    while asking.show_job(services, caller, asked.id).state is not JobState.DONE:
        assert process.poll() is None
        pause.wait(0.02)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    assert '"kind": "matrix", "state": "done"' in said.decode()


def test_the_operator_lists_shows_and_stops_them(services: Services, caller: Caller, run: Any) -> None:
    assert run("jobs", "list").out == "Không có việc nào / no jobs\n"
    asked = ask(services, caller)
    line = f"{asked.id}  matrix {SCHOOL}  waiting  20/08/2026 08:00  {caller.account}"
    assert run("jobs", "list").out == f"{line}\n"
    assert run("jobs", "show", asked.id).out.startswith(f"{line}\n  all: False\n  format: csv")
    assert [job["id"] for job in run("jobs", "list", "--json").json] == [asked.id]
    stopped = run("jobs", "cancel", asked.id, "--json").json
    assert (stopped["id"], stopped["state"], stopped["unit"]) == (asked.id, "cancelled", SCHOOL)
    assert "matrix" in run("jobs", "cancel", asked.id).out


def test_why_a_job_failed_is_said_in_both_languages(services: Services, caller: Caller, run: Any) -> None:
    asked = ask(services, caller)
    taken = stored.take(services.db, ["matrix"], "w", services.db.now(), asked.expires_at - asked.created_at)
    assert taken is not None
    stored.fail(services.db, taken, "worker_lost", services.db.now())
    assert run("jobs", "show", asked.id).out.splitlines()[-1] == (
        "  worker_lost: Việc bị ngắt giữa chừng nhiều lần, hãy yêu cầu lại / "
        "It was cut off several times; ask again"
    )


def test_a_job_that_is_not_there_is_refused(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert services.job_files is not None
    assert main(["jobs", "show", "job_khong-co"]) == 1
    assert "job_khong-co" in capsys.readouterr().err

"""A process that carries out jobs of a kind that leaves a trace: `python job_worker.py URL FOLDER BASE LEASE_S`.

`BASE` is the instant in seconds at which the world's clock showed `START`, so that all processes have one clock.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from access_service.domain.jobs import Job
from access_service.signing.keys import load_or_create
from access_service.storage.db import Database
from access_service.storage.job_files import JobFiles
from access_service.usecases.jobs.job_kinds import JobKind, JobResult, JobRun
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.services import Caller, Services
from world import START

TRACE = "trace"


def seconds() -> float:
    return time.time()  # noqa: TID251 a clock of its own


def running_clock(base: float) -> Callable[[], datetime]:
    return lambda: START + timedelta(seconds=seconds() - base)


def trace(folder: Path, said: str) -> None:
    """One line, whole, however many processes write."""
    descriptor = os.open(folder / TRACE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{said}\n".encode())
    os.close(descriptor)


def traced(folder: Path) -> JobKind:
    """A kind that writes down when it begins and ends, and in between waits for the file that it names."""

    def check(services: Services, caller: Caller, job: Job) -> None:
        assert services.job_files is not None
        assert caller.account == job.owner

    def run(run: JobRun) -> JobResult:
        trace(folder, f"begin {run.job.id} {os.getpid()}")
        waits_for = run.job.parameters.get("waits_for")
        while waits_for is not None and not (folder / str(waits_for)).exists():
            run.check()
            time.sleep(0.01)
        run.file.write(run.job.id.encode())
        trace(folder, f"end {run.job.id} {os.getpid()}")
        return JobResult("vet.txt", "text/plain")

    return JobKind("traced", check, run)


def main() -> int:
    url, folder, base, lease_s = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    db = Database(url, running_clock(base))
    services = Services(db, load_or_create(folder / "seal.key"), job_files=JobFiles(folder / "files"))
    kinds = {"traced": traced(folder)}
    Workers(services, kinds, most=1, lease=timedelta(seconds=lease_s)).run_waiting()
    db.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

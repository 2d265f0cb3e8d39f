"""What a province's matrix costs those who ask for decisions, written by a thread of the server or by `jobs work`.

    benchmarks/jobs.py [--database FILE] [--grants N] [--seconds S]

A register as the benchmarks over HTTP use it, in SQLite (`--database` copies one that is there). One connection
asks question after question: alone, while a thread of the same process writes the workbook, and while a process of
its own does. Prints one JSON object; the ratios are to the same server left alone, taken just before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from access_service.domain.accounts import Account
from access_service.domain.jobs import Job, JobState
from access_service.domain.names import AccountKind, RegisterId, UnitId
from access_service.domain.org import Assignment
from access_service.rendering.job_exports import MATRIX, MatrixExport
from access_service.signing.keys import SEAL_KEY, load_or_create
from access_service.storage import accounts, jobs
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.storage.standing import Gatherer
from access_service.usecases.clock import accept_clock
from access_service.usecases.identity.accounts import caller_of
from access_service.usecases.jobs import asking
from access_service.usecases.services import Caller, Services, system_clock
from http_register import build, province

KEY = "000-khoá-đo-công-việc".encode().hex()
READY_TRIES = 300
RUNS = {"thread": "1", "process": "0"}


def owner(services: Services) -> Caller:
    """The director, let in without a password: nobody signs in for a benchmark."""
    db, now = services.db, services.db.now()
    (row,) = db.registers()
    register, root = RegisterId(str(row["id"])), UnitId(str(row["root"]))
    accept_clock(services, register)
    with db.read(register) as reader:
        director = next(a for a in reader.find(Assignment, unit=root) if a.position == "director")
        (account,) = reader.find(Account, person=director.person, kind=str(AccountKind.USE))
    with db.engine.begin() as connection:
        activated = text("UPDATE accounts SET activated_at = valid_from WHERE id = :id")
        connection.execute(activated, {"id": str(account.id)})
    with db.read(register) as reader:
        caller = caller_of(Gatherer(reader), account.id, now)
    day = timedelta(days=1)
    session = accounts.Session(
        token_sha256=secrets.token_hex(32),
        register=register,
        account=caller.account,
        person=caller.person,
        created_at=now,
        expires_at=now + day,
        used_at=now,
        idle=day,
    )
    with db.aside() as connection:
        accounts.open_session(connection, session)
    return replace(caller, session=session.token_sha256)


@contextmanager
def serving(folder: Path, workers: str) -> Iterator[int]:
    """The service as it is installed, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "access_service", "serve", "--port", str(port)],
        env={**environment(folder), "ACCESS_SERVICE_JOB_WORKERS": workers},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(READY_TRIES):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:  # noqa: PLR2004
                    break
            except OSError:
                pass
            time.sleep(0.2)
        else:
            raise SystemExit("the service does not become ready")
        yield port
    finally:
        process.terminate()
        process.wait()


def environment(folder: Path) -> dict[str, str]:
    """What a process of the service is told."""
    return {
        **os.environ,
        "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "ACCESS_SERVICE_KEYS_DIR": str(folder),
        "ACCESS_SERVICE_FILES_DIR": str(folder / "files"),
        "ACCESS_SERVICE_API_KEY": KEY,
        "ACCESS_SERVICE_DRAIN_SECONDS": "0",
        "ACCESS_SERVICE_LOG_LEVEL": "error",
        "ACCESS_SERVICE_CLOCK_GAP_DAYS": "366",
    }


def ask(port: int, account: str, goes_on: Any) -> dict[str, float]:
    """One question after the other; median and 99th percentile in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    record = {"type": "unit", "id": "000-nowhere", "properties": {"category": "STU-ACA"}}
    subject = {"type": "account", "id": account}
    body = json.dumps({"subject": subject, "action": {"name": "read"}, "resource": record})
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    taken: list[float] = []
    while goes_on():
        begun = time.perf_counter()
        connection.request("POST", "/access/v1/evaluation", body, headers)
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:  # noqa: PLR2004
            raise SystemExit(f"answered {answer.status}")
    connection.close()
    return {
        "count": len(taken),
        "p50_ms": statistics.median(taken),
        "p99_ms": statistics.quantiles(taken, n=100)[98],
    }


def measure(folder: Path, services: Services, caller: Caller, how: str, seconds: float) -> dict[str, Any]:
    """The server alone, then while the matrix of the whole province is written."""

    def state(job: Job) -> Job:
        with services.db.connect() as connection:
            found = jobs.job_of(connection, caller.register, job.id)
        if found is None:
            raise SystemExit("the job is gone")
        return found

    with serving(folder, RUNS[how]) as port:
        until = time.monotonic() + 2
        ask(port, caller.account, lambda: time.monotonic() < until)
        until = time.monotonic() + seconds
        alone = ask(port, caller.account, lambda: time.monotonic() < until)
        asked = asking.ask_job(services, caller, MATRIX, caller.unit, MatrixExport("xlsx").parameters())
        begun = time.monotonic()
        other = None
        if how == "process":
            command = [sys.executable, "-m", "access_service", "jobs", "work", "--until-none"]
            other = subprocess.Popen(command, env=environment(folder), stderr=subprocess.DEVNULL)
        while state(asked).state is JobState.WAITING:
            time.sleep(0.05)
        looked = [time.monotonic(), True]

        def runs() -> bool:
            if time.monotonic() - looked[0] > 1:
                looked[:] = [time.monotonic(), state(asked).state is JobState.RUNNING]
            return bool(looked[1])

        beside = ask(port, caller.account, runs)
        took = time.monotonic() - begun
        if other is not None:
            other.wait()
        done = state(asked)
    size = None if done.output is None else done.output.size
    return {
        "state": str(done.state),
        "seconds": round(took, 1),
        "bytes": size,
        "alone": alone,
        "beside": beside,
        "p50_ratio": round(beside["p50_ms"] / alone["p50_ms"], 2),
        "p99_ratio": round(beside["p99_ms"] / alone["p99_ms"], 2),
    }


def main() -> int:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--grants", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", action="append", choices=RUNS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jobs-") as name:
        folder = Path(name)
        if given.database is None:
            build(folder, province(given.grants, int(system_clock.timestamp())))
        else:
            shutil.copyfile(given.database, folder / "bench.db")
            shutil.copyfile(given.database.with_name(SEAL_KEY), folder / SEAL_KEY)
            (folder / SEAL_KEY).chmod(0o600)
            upgrade(f"sqlite:///{folder / 'bench.db'}")
        services = Services(
            Database(f"sqlite:///{folder / 'bench.db'}", system_clock), load_or_create(folder / SEAL_KEY)
        )
        caller = owner(services)
        found = {how: measure(folder, services, caller, how, given.seconds) for how in given.only or RUNS}
        services.db.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

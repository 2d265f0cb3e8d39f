"""How long until a service that starts has a province in memory, over a bare start and one read of the same rows?

    python benchmarks/warm_start.py [--pairs 5] [--units FILE] [--folder DIR]

Alternating in one run: `serve` over the province until `/readyz` answers, which waits for the first round; and
`serve` over a register with nothing in it until the same, plus every row that the round reads, through SQLAlchemy
Core in this process. By the wall clock and by the processor's time of the process that was started.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import select

import province
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.org import Assignment, SchoolClass
from access_service.storage.db import Database
from access_service.storage.facts import CODECS
from access_service.storage.many_accounts import SHARED
from access_service.usecases.services import system_clock

NEVER_S = 300
UNITS = province.UNITS.with_name("administrative_units_2026-07.csv")
READ = (*SHARED, Account, Assignment, Document, Grant, SchoolClass)


def environment_of(folder: Path) -> dict[str, str]:
    """The settings of a service over a folder's register, with nothing beside the answers."""
    return {
        **os.environ,
        "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "ACCESS_SERVICE_KEYS_DIR": str(folder),
        "ACCESS_SERVICE_FILES_DIR": str(folder / "files"),
        "ACCESS_SERVICE_CHECKPOINT_MINUTES": "0",
        "ACCESS_SERVICE_SETTLE_MINUTES": "0",
        "ACCESS_SERVICE_JOB_WORKERS": "0",
        "ACCESS_SERVICE_DRAIN_SECONDS": "0",
        "ACCESS_SERVICE_OPERATIONS_PUBLIC": "true",
    }


def start(folder: Path) -> tuple[float, float]:
    """Seconds, and of the processor, from the start of `serve` until it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "access_service", "serve", "--port", str(port)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment_of(folder), stdout=log, stderr=log)
    try:
        while not _is_ready(port):
            if time.perf_counter() - began > NEVER_S:
                raise SystemExit("never ready: " + (folder / "serve.log").read_text()[-500:])
            if server.poll() is not None:
                raise SystemExit((folder / "serve.log").read_text())
            time.sleep(0.02)
        took = time.perf_counter() - began
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def read(folder: Path) -> tuple[float, float]:
    """The same rows once, as they are."""
    db = Database(f"sqlite:///{folder / 'bench.db'}", system_clock)
    try:
        began, cpu = time.perf_counter(), time.process_time()
        with db.engine.connect() as connection:
            for kind in READ:
                table = CODECS[kind].table
                connection.execute(select(table).where(table.c.to_rev.is_(None))).all()
        return time.perf_counter() - began, time.process_time() - cpu
    finally:
        db.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--units", type=Path, default=UNITS)
    parser.add_argument("--folder", type=Path, help="with a province that an earlier run made")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    whole, empty = folder / "whole", folder / "empty"
    if not whole.exists():
        # Of this very school year, so that its classes are read, too.
        this_year = system_clock() - timedelta(days=30)
        province.AS_OF, province.NOW = this_year.date().isoformat(), this_year
        for one in (whole, empty):
            one.mkdir(parents=True)
        province.load(whole, province.make(whole, given.units, "31"))
        province.found(empty, whole / "files", f"sqlite:///{empty / 'bench.db'}").db.close()
        for one in (whole, empty):
            accept = [sys.executable, "-m", "access_service", "clock", "accept"]
            subprocess.run(accept, env=environment_of(one), check=True, capture_output=True)
    pairs = []
    for number in range(given.pairs):
        kept, bare, rows = start(whole), start(empty), read(whole)
        pairs.append((kept[0] / (bare[0] + rows[0]), kept[1] / (bare[1] + rows[1])))
        print(
            f"{number}: kept {kept[0]:.2f} s ({kept[1]:.2f} CPU), bare start {bare[0]:.2f} ({bare[1]:.2f}), "
            f"rows {rows[0]:.2f} ({rows[1]:.2f})",
            flush=True,
        )
    wall, cpu = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"ready with the province kept, over bare start and rows: {wall:.2f} x wall, {cpu:.2f} x CPU")
    if given.folder is None:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""How long an import takes, how much memory, and how long it keeps others waiting: Hải Phòng 2024, once or more.

    benchmarks/imports.py [--units FILE] [--province 31] [--scales 1 2 4] [--databases sqlite postgresql]

Each size is generated, then read and imported by a process of its own into a fresh database. Prints rows, seconds
(reading included), rows a second, peak resident memory, and the growth of time over the growth of rows. Meanwhile
this process takes the register's lock again and again, as a sign-in does: the longest that it waited is printed,
and how long the import held it, with the CPU time that it and its PostgreSQL session took meanwhile (without the
commit): beside other work that is what can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import Connection

import province
from access_service.storage.db import Database, Transaction

sys.path.insert(0, str(province.ROOT / "tests"))

PAUSE_S = 0.005
"""Between two looks of who waits for the lock."""
PATIENCE_S = 600


def cpu_of(connection: Connection) -> float:
    """CPU seconds of this process, and of the server's for this session where it runs on this machine."""
    here = time.process_time()
    if connection.dialect.name == "sqlite":
        return here
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return here + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def holding() -> Iterator[list[tuple[float, float]]]:
    """How long each act of this process holds its register, in seconds and in CPU seconds without the commit."""
    held, write = list[tuple[float, float]](), Database.write

    @contextmanager
    def timed(self: Database, *said: Any, **more: Any) -> Iterator[Transaction]:
        with ExitStack() as stack:
            tx = stack.enter_context(write(self, *said, **more))
            started, before = time.perf_counter(), cpu_of(tx.connection)
            yield tx
            taken = cpu_of(tx.connection) - before
        held.append((time.perf_counter() - started, taken))

    Database.write = timed  # type: ignore[method-assign]
    try:
        yield held
    finally:
        Database.write = write  # type: ignore[method-assign]


def one(folder: Path, files: Path, url: str) -> dict[str, float]:
    """Import in this process and say what it took."""
    with holding() as acts:
        done = province.take(folder, files, url)
    done.services.db.close()
    count = sum(done.report.counts.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": count, "seconds": done.seconds, "rows_per_s": count / done.seconds, "peak_mib": peak} | {
        "held": acts[-1][0],
        "held_cpu": acts[-1][1],
    }


@contextmanager
def waiting(url: str) -> Iterator[list[float]]:
    """Takes the lock of whoever writes, lets it go, and notes how long each time took, until the block ends."""
    waited, over = [0.0], Event()

    def wait(take: Callable[[], object], leave: Callable[[], object]) -> None:
        while not over.is_set():
            started = time.perf_counter()
            take()
            waited[0] = max(waited[0], time.perf_counter() - started)
            leave()
            over.wait(PAUSE_S)

    def watch() -> None:
        if url.startswith("sqlite"):
            file = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=PATIENCE_S, isolation_level=None)
            wait(lambda: file.execute("BEGIN IMMEDIATE"), lambda: file.execute("ROLLBACK"))
            file.close()
            return
        import psycopg  # noqa: PLC0415 only PostgreSQL needs it

        with psycopg.connect(url.replace("+psycopg", "")) as server:
            wait(lambda: server.execute("SELECT n FROM counters FOR UPDATE").fetchall(), server.rollback)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield waited
    finally:
        over.set()
        thread.join()


def measured(url: str, units: Path, number: str, scale: int) -> dict[str, float]:
    """One import of that size, with the longest wait beside it."""
    with tempfile.TemporaryDirectory() as folder:
        files = province.make(Path(folder), units, number, scale=scale)
        url = url or f"sqlite:///{folder}/bench.db"
        province.found(Path(folder), files, url).db.close()
        command = [sys.executable, __file__, "--one", folder, str(files), url]
        with waiting(url) as waited:
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return {**json.loads(out.splitlines()[-1]), "waited": waited[0]}


def main() -> int:
    """Every scale in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--province", default="31")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite"])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        folder, files, url = arguments.one
        print(json.dumps(one(Path(folder), Path(files), url)))
        return 0
    if not arguments.units.exists():
        print(f"the list of administrative units is not there: {arguments.units.name}", file=sys.stderr)
        return 2
    for kind in arguments.databases:
        first: dict[str, float] | None = None
        for scale in arguments.scales:
            with ExitStack() as held:
                url = ""
                if kind == "postgresql":
                    from databases import database, server  # noqa: PLC0415 the tests' own, for PostgreSQL alone

                    url = held.enter_context(database(held.enter_context(server()), "imported"))
                found = measured(url, arguments.units, arguments.province, scale)
            first = first or found
            growth = (found["seconds"] / first["seconds"]) / (found["rows"] / first["rows"])
            print(
                f"{kind} {scale}x: {found['rows']:,.0f} rows in {found['seconds']:.1f} s, "
                f"{found['rows_per_s']:,.0f} rows/s, {found['peak_mib']:.0f} MiB, time over rows {growth:.2f}, "
                f"held for {found['held']:.2f} s ({found['held_cpu']:.2f} s of CPU), "
                f"others waited {found['waited']:.2f} s at the most",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

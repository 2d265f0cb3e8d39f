#!/usr/bin/env python3
"""The first two weeks of September: does anybody who asks feel what others do meanwhile?

    benchmarks/september.py [--pairs 5] [--seconds 30] [--rate 200] [--folder DIR] [--only NAME …] [--acts ACTS …]
                            [--database sqlite|postgresql]

One server (the real application under uvicorn) over the generated province is asked `--rate` questions a second at
fixed instants about 1,500 accounts, answered or not (no coordinated omission). A pair is a run with nothing beside
it and a run beside one kind of work; reported is the median of the ratios of p99. `--folder` keeps the province for
the next time; the work writes into a copy, which for `--database postgresql` lies in a server of its own (with the
programs of the tests).

`--acts apart` serves acts by a process of their own (`ACCESS_SERVICE_ACTS_APART`); with both the pairs alternate.

First an account from cold over one indexed SELECT (`cold.py`). `revocation.py` measures how soon the next node
denies.

Work beside: `suspended` a unit suspended or resumed every five seconds; `papers` twenty minutes of handover
prepared a second; `sign_ins` ten a second; `import` a thousand rows by the command line, again and again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import backup
import cold
import databases
import province
from access_service.signing.keys import load_or_create
from access_service.storage.copying import rows_in, rows_out
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.usecases.imports.run import import_sheets, read_source
from access_service.usecases.services import Services
from september_people import PASSWORD, People, admit, write_new_people

ACCOUNTS, WARM_S = 1_500, 15
CREATED, DONE = 201, 200
_told: set[tuple[str, int]] = set()
"""Refusals that were printed: each kind once."""


class Beside:
    """One kind of work at a fixed rate, by HTTP, for as long as it is open; what was refused is counted."""

    def __init__(self, port: int, rate: float, work: Callable[[HTTPConnection], int], threads: int = 4) -> None:
        self.port, self.rate, self.work = port, rate, work
        self.done, self.failed = 0, 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._due: Iterator[int] = itertools.count()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                due = self._began + next(self._due) / self.rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            # A connection each, as of so many people.
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            status = self.work(connection)
            connection.close()
            with self._lock:
                self.done += status in (CREATED, DONE)
                self.failed += status not in (CREATED, DONE)


def post(connection: HTTPConnection, path: str, body: str, token: str | None = None) -> int:
    """The status of one request."""
    headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    connection.request("POST", path, body.encode(), headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status not in (CREATED, DONE) and (path.split("/")[2], answer.status) not in _told:
        _told.add((path.split("/")[2], answer.status))
        print(f"{path}: {answer.status} {said[:300].decode()}", file=sys.stderr, flush=True)
    return answer.status


def suspended(people: People, port: int) -> Beside:
    """A school is suspended, five seconds later it goes on; then the next one."""
    body = json.dumps({"reason": "đo"})

    def work(connection: HTTPConnection) -> int:
        school, what = people.turns.pop()
        return post(connection, f"/v1/units/{school}/{what}", body if what == "suspend" else "", people.department)

    return Beside(port, 1 / 5, work, threads=1)


def papers(people: People, port: int) -> Beside:
    """Minutes of handover, each of another right."""

    def work(connection: HTTPConnection) -> int:
        token, body = people.handovers.pop()
        return post(connection, "/v1/handovers", body, token)

    return Beside(port, 20, work)


def sign_ins(people: People, port: int) -> Beside:
    """Teachers open sessions."""
    names, lock = itertools.cycle(people.usernames), threading.Lock()

    def work(connection: HTTPConnection) -> int:
        with lock:
            name = next(names)
        return post(connection, "/v1/sessions", json.dumps({"username": name, "password": PASSWORD}))

    return Beside(port, 10, work)


class Imports:
    """One import of new people after another, each in a process of its own as the command line runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done, self.failed = 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            ended = subprocess.run([sys.executable, __file__, "--import", str(self.folder)], check=False)
            self.done += ended.returncode == 0
            self.failed += ended.returncode != 0


def import_once(folder: Path) -> int:
    """In a process of its own: a thousand rows, made and imported."""
    services = opened(folder)
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary) / "files"
        write_new_people(services, files, 1_000)
        import_sheets(services, province.REGISTER, read_source(files), dry_run=False, progress=lambda *_: None)
    services.db.close()
    return 0


def opened(folder: Path) -> Services:
    """The province's services, by the clock of its school year."""
    return Services(Database(backup.url_of(folder), lambda: province.NOW), load_or_create(folder / "seal.key"))


WORK: dict[str, Callable[[People, int, Path], Beside | Imports]] = {
    "suspended": lambda people, port, _: suspended(people, port),
    "papers": lambda people, port, _: papers(people, port),
    "sign_ins": lambda people, port, _: sign_ins(people, port),
    "import": lambda _people, _port, folder: Imports(folder),
}


@contextmanager
def copied(kept: Path, database: str) -> Iterator[tuple[Path, People]]:
    """A copy of the province to write into, with people who have passwords."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(kept / "keys", folder / "keys")
        shutil.copy(kept / "seal.key", folder / "seal.key")
        shutil.copy(kept / "bench.db", folder / "bench.db")
        upgrade(backup.url_of(folder))
        if database == "postgresql":
            empty = stack.enter_context(databases.database(stack.enter_context(databases.server()), "september"))
            into_postgresql(backup.url_of(folder), empty, folder / "rows")
            (folder / "url").write_text(empty, "utf-8")
        services = opened(folder)
        people = admit(services)
        services.db.close()
        yield folder, people


def into_postgresql(source: str, target: str, between: Path) -> None:
    """Every row, as a backup and its restoring move it."""
    upgrade(target)
    read, written = Database(source, lambda: province.NOW), Database(target, lambda: province.NOW)
    with read.connect() as connection, between.open("wb") as out:
        said = rows_out(connection, out)
    with written.engine.begin() as connection, between.open("rb") as file:
        rows_in(connection, file, said)
    with written.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    read.close()
    written.close()


def measure(folder: Path, people: People, questions: list[bytes], arguments: argparse.Namespace) -> None:
    """Pairs for each kind of work."""
    with ExitStack() as stack:
        servers = {}
        for acts in arguments.acts:
            servers[acts] = server = backup.Server(folder, apart=acts == "apart")
            stack.callback(server.close)
            backup.load(server.port, questions, arguments.rate, WARM_S)
        for name in arguments.only or WORK:
            ratios: dict[str, list[float]] = {acts: [] for acts in servers}
            work = WORK[name]
            for acts, server in [*servers.items()] * arguments.pairs:
                quiet = backup.p99(backup.load(server.port, questions, arguments.rate, arguments.seconds))
                with work(people, server.port, folder) as going:
                    busy = backup.p99(backup.load(server.port, questions, arguments.rate, arguments.seconds))
                ratios[acts].append(busy / quiet)
                print(
                    f"{name}, acts {acts}: p99 {quiet:.2f} ms alone, {busy:.2f} ms beside ({going.done} done, "
                    f"{going.failed} refused), {busy / quiet:.2f} ×",
                    flush=True,
                )
            for acts, found in ratios.items():
                print(
                    f"| {name} | acts {acts} | {statistics.median(found):.2f} × | {arguments.pairs} pairs |",
                    flush=True,
                )


def about(questions: list[bytes]) -> list[bytes]:
    """Those about the first 1,500 accounts."""
    accounts: dict[str, None] = {}
    chosen = []
    for question in questions:
        account = json.loads(question)["subject"]["id"]
        if account in accounts or len(accounts) < ACCOUNTS:
            accounts[account] = None
            chosen.append(question)
    return chosen


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=[*WORK])
    parser.add_argument("--acts", nargs="+", choices=["together", "apart"], default=["together"])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--import", dest="imported", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.imported:
        return import_once(arguments.imported)
    with tempfile.TemporaryDirectory() as temporary:
        kept = arguments.folder or Path(temporary)
        questions = about(backup.prepare(kept, arguments.units))
        with copied(kept, arguments.database) as (folder, people):
            if not arguments.only:
                found = cold.measure(backup.url_of(folder))
                print(
                    f"| cold | {found['ratio']:.1f} × one SELECT | {found['a_second']:.0f} a CPU second, "
                    f"{found['statements']:.0f} statements |",
                    flush=True,
                )
            measure(folder, people, questions, arguments)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

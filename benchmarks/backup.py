#!/usr/bin/env python3
"""Does a backup slow the answers down, and how long do restore and `verify` take? The province, on one machine.

    benchmarks/backup.py [--pairs 5] [--seconds 30] [--rate 200] [--folder DIR]

One server (the real application under uvicorn, SQLite) is asked `--rate` questions a second at fixed instants,
answered or not, so that a server which stands still is seen (no coordinated omission). A pair is a run without and
a run with a backup going on again and again in another process; reported is the median of the ratios of p99. Then
the last backup is restored and verified. `--folder` keeps the imported province for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import province
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.scope import Scope
from access_service.signing.age import new_identity
from access_service.signing.keys import SEAL_KEY, load_or_create
from access_service.storage.db import Database
from access_service.usecases.services import Services

KEY = "000-khoa-do-000-khoa-do"
PATH = "/access/v1/evaluation"
HERE = Path(__file__).resolve().parent
START_S, CONNECTIONS, QUESTIONS = 120, 16, 4000
OK = 200


def prepare(folder: Path, units: Path) -> list[bytes]:
    """The province, once, and questions about it: half of them about a class that the account has, half not."""
    if not (folder / "bench.db").exists():
        files = province.make(folder, units, "31")
        done = province.load(folder, files)
        done.services.db.close()
    if not (folder / "keys").exists():
        # Where a service looks for it.
        (folder / "keys").mkdir(mode=0o700)
        shutil.copy(folder / SEAL_KEY, folder / "keys" / SEAL_KEY)
    db = Database(f"sqlite:///{folder / 'bench.db'}", lambda: province.NOW)
    services = Services(db, load_or_create(folder / "seal.key"))
    with db.read(province.REGISTER) as reader:
        if any(a.activated_at is None for a in reader.find(Account)):
            province.activate(services)
        grants = [g for g in reader.find(Grant) if g.scope.classes]
    db.checkpoint()
    db.close()
    draw = random.Random(1)
    chosen = draw.choices(grants, k=QUESTIONS // 2)
    asked = [(g.account, other.scope) for g in chosen for other in (g, draw.choice(grants))]
    return [json.dumps(_question(account, scope, draw)).encode() for account, scope in asked]


def url_of(folder: Path) -> str:
    """The province's database: the file below the folder, or the one that stands in its `url`."""
    said = folder / "url"
    return said.read_text("utf-8") if said.exists() else f"sqlite:///{folder / 'bench.db'}"


def _question(account: str, scope: Scope, draw: random.Random) -> dict[str, Any]:
    pair = draw.choice(sorted(scope.classes or (), key=str))
    class_id = pair if isinstance(pair, str) else pair[0]
    return {
        "subject": {"type": "account", "id": account},
        "action": {"name": "read"},
        "resource": {
            "type": "student",
            "id": "000000000001",
            "properties": {"class": class_id, "category": "STU-ACA"},
        },
    }


class Server:
    """The service over the province, in a process of its own."""

    def __init__(self, folder: Path, *, apart: bool = False) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(HERE / "backup.py"), "--serve", str(folder), str(self.port)),
                *(["--apart"] if apart else []),
            ]
        )
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == OK
        except (OSError, HTTPException):
            return False

    def close(self) -> None:
        """Stop it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def make_app(folder: Path, shared: Path | None, acts: Any = None) -> Any:
    """The application over the province, or one process's part of it."""
    from pydantic import SecretStr  # noqa: PLC0415

    from access_service.app import HERE_ALONE, create_app  # noqa: PLC0415
    from access_service.cli.serve import give_way, keep_collections_short  # noqa: PLC0415
    from access_service.settings import Settings  # noqa: PLC0415

    settings = Settings(
        database_url=url_of(folder),
        keys_dir=folder / "keys",
        api_key=SecretStr(KEY),
        log_decisions="none",
        log_level="warning",
        settle_minutes=0,
        metrics_dir=shared,
    )
    started = give_way if acts == HERE_ALONE else keep_collections_short
    return create_app(settings, clock=lambda: province.NOW, started=started, acts=acts)


def serve(folder: Path, port: int, *, apart: bool) -> None:
    """In the server's process; acts in another one, if `apart`."""
    import uvicorn  # noqa: PLC0415

    from access_service.app import HERE_ALONE  # noqa: PLC0415
    from access_service.cli.acts_beside import acts_beside  # noqa: PLC0415

    options = {"host": "127.0.0.1", "port": port, "access_log": False, "log_level": "warning"}
    if not apart:
        uvicorn.run(make_app(folder, None), **options)
        return
    with tempfile.TemporaryDirectory() as shared:
        make = partial(make_app, folder, Path(shared), HERE_ALONE)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with acts_beside(make, 20) as relay:
            uvicorn.run(make_app(folder, Path(shared), relay), **options)


def load(port: int, questions: list[bytes], rate: float, seconds: float) -> list[float]:
    """Milliseconds from the instant at which each question was due to its answer."""
    due = [i / rate for i in range(int(rate * seconds))]
    lock, place, taken = threading.Lock(), iter(range(len(due))), []
    began = time.perf_counter()

    def ask() -> list[float]:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        times = []
        while True:
            with lock:
                i = next(place, None)
            if i is None:
                connection.close()
                return times
            wait = began + due[i] - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            connection.request("POST", PATH, questions[i % len(questions)], headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != OK:
                raise SystemExit(f"status {answer.status}")
            times.append((time.perf_counter() - began - due[i]) * 1000)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for times in pool.map(lambda _: ask(), range(CONNECTIONS)):
            taken += times
    return taken


class Backups:
    """One backup after another, by the command, for as long as it is open."""

    def __init__(self, folder: Path, recipient: str) -> None:
        self.folder, self.recipient = folder, recipient
        self.count, self.seconds = 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            shutil.rmtree(self.folder / "kept", ignore_errors=True)
            self.seconds.append(
                command(self.folder, "backup", str(self.folder / "kept"), "--recipient", self.recipient)
            )
            self.count += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def command(folder: Path, *arguments: str, database: str = "bench.db") -> float:
    """Run `access-service` and say how many seconds it took."""
    began = time.perf_counter()
    environment = {
        **os.environ,
        "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{folder / database}",
        "ACCESS_SERVICE_KEYS_DIR": str(folder / "keys"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "access_service", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{arguments[0]}: {done.stdout[-500:]}{done.stderr}")
    return time.perf_counter() - began


def p99(times: list[float]) -> float:
    """The 99th of a hundred."""
    return sorted(times)[int(len(times) * 0.99)]


def measure(folder: Path, questions: list[bytes], arguments: argparse.Namespace) -> None:
    """The pairs, then restore and `verify`."""
    identity = new_identity()
    server = Server(folder)
    ratios, backups = [], Backups(folder, identity.recipient)
    try:
        load(server.port, questions, arguments.rate, 10)
        for pair in range(arguments.pairs):
            quiet = p99(load(server.port, questions, arguments.rate, arguments.seconds))
            with Backups(folder, identity.recipient) as going:
                busy = p99(load(server.port, questions, arguments.rate, arguments.seconds))
            backups.seconds += going.seconds
            ratios.append(busy / quiet)
            print(
                f"pair {pair + 1}: p99 {quiet:.2f} ms without, {busy:.2f} ms with ({going.count} backups), "
                f"{busy / quiet:.2f} ×",
                flush=True,
            )
    finally:
        server.close()
    print(f"p99 with a backup over p99 without: {statistics.median(ratios):.2f} × (median of {len(ratios)})")
    print(f"a backup took {statistics.median(backups.seconds):.1f} s beside the questions")
    size = sum(path.stat().st_size for path in (folder / "kept").iterdir()) / 2**20
    (folder / "id").write_text(identity.secret, "utf-8")
    for path in folder.glob("again.db*"):
        path.unlink()
    restore = command(
        *(folder, "restore", str(folder / "kept"), "--identity", str(folder / "id"), "--clock-is-right"),
        database="again.db",
    )
    verify = command(folder, "verify", database="again.db")
    print(f"{size:.0f} MiB; restored in {restore:.1f} s, verified in {verify:.1f} s")


def main() -> int:
    """Measure, or serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--apart", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(Path(arguments.serve[0]), int(arguments.serve[1]), apart=arguments.apart)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        measure(folder, prepare(folder, arguments.units), arguments)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

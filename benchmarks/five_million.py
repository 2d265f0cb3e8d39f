#!/usr/bin/env python3
"""Five million grants over three nodes: started, decided, revoked, searched. And is it as with fifty thousand?

    benchmarks/five_million.py [--sizes 50000 1000000 5000000] [--nodes 3] [--rounds 3] [--folder DIR]

A PostgreSQL of its own holds a register of each size, written by COPY (`copied_register.py`); `--folder` (below
/tmp, short) keeps them for the next time. Nodes are `access-service serve` as an operator starts them. The sizes
take turns, so that a machine which others use, too, slows all of them; reported are medians over the rounds.
Each round: three nodes of one size start; accounts that no node has read are asked about, then the same ones again;
rights are taken back on the first node until the others deny; searches, and the matrix of a school.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from sqlalchemy import create_engine, text  # noqa: E402

import copied_register as register  # noqa: E402
import databases  # noqa: E402
import ours  # noqa: E402
from access_service.domain.accounts import Account  # noqa: E402
from access_service.domain.names import AccountKind, UnitId  # noqa: E402
from access_service.signing import passwords  # noqa: E402
from access_service.signing.keys import SEAL_KEY, load_or_create  # noqa: E402
from access_service.storage import accounts as stored  # noqa: E402
from access_service.storage.db import Database  # noqa: E402
from access_service.storage.migrate import upgrade  # noqa: E402
from access_service.storage.org import StoredOrg  # noqa: E402
from access_service.storage.standing import Gatherer  # noqa: E402
from access_service.usecases.identity.accounts import caller_of  # noqa: E402
from access_service.usecases.services import Services, operate, system_clock  # noqa: E402
from dataset import DAY, DEPARTMENT, Province  # noqa: E402

KEY = "000-khoa-do-000-khoa-do"
EVALUATION, SUBJECTS, RESOURCES = (
    f"/access/v1/{path}" for path in ("evaluation", "search/subject", "search/resource")
)
START_S, HEARD_S, OK = 600, 30, 200
WHOLE = 100
"""From here on figures have no decimals."""
LASTS = timedelta(hours=12)
FAST = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
"""While a register is made: what is lost is made again."""
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "200", "jit": "off"}
Found = dict[str, list[float]]


@contextmanager
def cluster(folder: Path, settings: dict[str, str]) -> Iterator[str]:
    """A PostgreSQL over the folder's files, which are made where there are none; its URL."""
    programs, user = databases.server_programs(), None
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        user = databases.NOBODY
        shutil.chown(folder, user)
        if not databases.reachable_by_others(programs):
            if not (folder / "programs").exists():
                shutil.copytree(programs.parent, folder / "programs", symlinks=True)
            programs = folder / "programs" / "bin"
    data = folder / "data"
    if not data.exists():
        databases.make_cluster(programs, data, user)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (
        (folder / "postgres.log").open("ab") as log,
        subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-h", "", *options],
            user=user,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        url = f"postgresql+psycopg://test@/postgres?host={folder}"
        try:
            _until(lambda: _answers(url), process, "PostgreSQL")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_S)


def _answers(url: str) -> bool:
    try:
        with databases.administrator(url) as connection:
            connection.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001 whatever the driver says while it starts
        return False
    return True


def _until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], name: str, pause: float = 0.05) -> None:
    deadline = time.monotonic() + START_S
    while not is_so():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{name} did not start")
        time.sleep(pause)


def database_of(server: str, grants: int) -> str:
    """The URL of the register of that size."""
    return server.replace("/postgres?", f"/n{grants}?")


def make(folder: Path, grants: int, sealed: int) -> None:
    """The register of that size, unless the folder has it."""
    sample = folder / f"n{grants}.json"
    if sample.exists():
        return
    began = time.perf_counter()
    with cluster(folder, SETTINGS | FAST) as server:
        with databases.administrator(server) as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS n{grants} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE n{grants}"))
        anchor = int(system_clock().timestamp()) // DAY * DAY
        made = register.build(
            database_of(server, grants), register.keys_of(folder, grants), Province(grants, anchor), sealed
        )
    register.save(made, sample)
    print(f"{grants:,} grants: made in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


class Node:
    """`access-service serve` over a register, and how long it took until it was ready."""

    def __init__(self, url: str, keys: Path, log: Path) -> None:
        self.port = register.free_port()
        said = {
            "DATABASE_URL": url,
            "KEYS_DIR": str(keys),
            "API_KEY": KEY,
            "API_KEY_SEARCH": "true",
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "LOG_LEVEL": "warning",
            "LOG_DECISIONS": "none",
            "FILES_DIR": str(keys.parent / "files"),
        }
        environment = os.environ | {f"ACCESS_SERVICE_{name}": value for name, value in said.items()}
        began = time.perf_counter()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "access_service", "serve"],
                env=environment | {"PYTHONPATH": str(ROOT / "src")},
                stdout=out,
                stderr=out,
            )
        _until(self._is_ready, self.process, f"a node (see {log})")
        self.ready_s = time.perf_counter() - began
        self.connection = self.connect()

    def connect(self) -> HTTPConnection:
        """One more connection to it."""
        return HTTPConnection("127.0.0.1", self.port, timeout=300)

    def _is_ready(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == OK
        except (OSError, HTTPException):
            return False

    def memory_mib(self, what: str = "VmRSS") -> float:
        """Resident memory now, or the most there was (`VmHWM`)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Stop it."""
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask(
    connection: HTTPConnection, path: str, body: dict[str, Any] | None, token: str = KEY
) -> tuple[float, bytes]:
    """Milliseconds until the answer, and the answer; another status than 200 ends the run."""
    sent = None if body is None else json.dumps(body)
    began = time.perf_counter()
    connection.request(
        "GET" if body is None else "POST",
        path,
        sent,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    answer = connection.getresponse()
    read = answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != OK:
        raise SystemExit(f"{path}: {answer.status} {read[:300].decode()}")
    return took, read


def question(holder: register.Holder) -> dict[str, Any]:
    """May they read the marks of a class that they teach?"""
    return {
        "subject": {"type": "account", "id": holder.account},
        "action": {"name": "read"},
        "resource": {
            "type": "student",
            "id": ours.PUPIL,
            "properties": {"class": holder.class_id, "category": "STU-ACA"},
        },
    }


def is_allowed(node: Node, holder: register.Holder, connection: HTTPConnection | None = None) -> bool:
    """What the node says."""
    said = json.loads(ask(connection or node.connection, EVALUATION, question(holder))[1])
    return bool(said["decision"])


def decide(nodes: list[Node], asked: list[register.Holder], found: Found) -> None:
    """Everybody once on one of the nodes, which has not read them; then the same again, three times."""
    for name, times in (("cold", 1), ("warm", 3)):
        taken, before = [], [node.cpu_s() for node in nodes]
        for place, holder in enumerate(asked * times):
            node = nodes[place % len(asked) % len(nodes)]
            took, said = ask(node.connection, EVALUATION, question(holder))
            if not json.loads(said)["decision"]:
                raise SystemExit(f"{holder} was denied: {said.decode()}")
            taken.append(took)
        cpu = sum(node.cpu_s() for node in nodes) - sum(before)
        taken.sort()
        keep(found, f"{name} p50, ms", statistics.median(taken))
        keep(found, f"{name} p99, ms", taken[int(len(taken) * 0.99)])
        keep(found, f"{name}, a CPU second of the nodes", len(taken) / max(cpu, 0.01))


def revoke(nodes: list[Node], taken: Iterable[register.Holder], token: str, found: Found) -> None:
    """Rights are taken back on the first node; when does each other one deny first?"""
    first, others = nodes[0], nodes[1:] or nodes
    for holder in taken:
        if not all(is_allowed(node, holder) for node in nodes):
            raise SystemExit(f"{holder} was denied before")
        heard: dict[int, float] = {}
        asking = threading.Event()

        def until_denied(
            node: Node,
            holder: register.Holder = holder,
            heard: dict[int, float] = heard,
            asking: threading.Event = asking,
        ) -> None:
            connection, deadline = node.connect(), time.monotonic() + HEARD_S
            while is_allowed(node, holder, connection) and time.monotonic() < deadline:
                asking.set()
                time.sleep(0.002)
            heard[node.port] = time.perf_counter()
            connection.close()

        threads = [threading.Thread(target=until_denied, args=(node,)) for node in others]
        for thread in threads:
            thread.start()
        asking.wait(HEARD_S)
        took, _ = ask(first.connection, f"/v1/grants/{holder.grant}/revoke", {"reason": "đo"}, token)
        answered = time.perf_counter()
        for thread in threads:
            thread.join()
        keep(found, "a right taken back, ms", took)
        keep(found, "until the last other node denies, ms", max(0.0, max(heard.values()) - answered) * 1000)


def search(nodes: list[Node], asked: list[register.Holder], token: str, found: Found) -> None:
    """Who may read the marks of a class, where may somebody, and the matrix of a school: first and later."""
    for place, holder in enumerate(asked):
        node = nodes[place % len(nodes)]
        when = "first" if place < len(nodes) else "later"
        body = question(holder)
        who = body | {"subject": {"type": "account"}}
        where = body | {"resource": {"type": "class", "properties": {"category": "STU-ACA"}}}
        took, said = ask(node.connection, SUBJECTS, who)
        keep(found, f"who may, of a class, {when}, ms", took)
        keep(found, "found: who", len(json.loads(said)["results"]))
        took, said = ask(node.connection, RESOURCES, where)
        keep(found, f"where may one account, {when}, ms", took)
        keep(found, "found: where", len(json.loads(said)["results"]))
    for place, holder in enumerate(asked[: len(nodes)]):
        node = nodes[place % len(nodes)]
        # A server closes a connection that nobody uses while the other nodes write theirs.
        node.connection.close()
        took, said = ask(node.connection, f"/v1/units/{holder.school}/matrix?format=csv", None, token)
        keep(found, "the matrix of a school, ms", took)
        keep(found, "found: rows of the matrix", said.count(b"\n"))


def keep(found: Found, name: str, value: float) -> None:
    """One more figure of that name."""
    found.setdefault(name, []).append(value)


def open_session(url: str, keys: Path) -> str:
    """A session of the department's custodian."""
    services = Services(Database(url, system_clock), load_or_create(keys / SEAL_KEY))
    token = passwords.new_secret()
    with operate(services, ours.REGISTER, "bench") as doing:
        [admin] = doing.tx.find(Account, kind=AccountKind.ADMIN, unit=UnitId(DEPARTMENT))
        if admin.activated_at is None:
            doing.tx.put(register.let_in(admin, doing.now))
        caller = caller_of(Gatherer(doing.tx, StoredOrg(doing.tx)), admin.id, doing.now)
        session = stored.Session(
            token_sha256=passwords.digest(token),
            register=ours.REGISTER,
            account=admin.id,
            person=caller.person,
            created_at=doing.now,
            expires_at=doing.now + LASTS,
            used_at=doing.now,
            idle=LASTS,
            methods="password+totp",
        )
        stored.open_session(doing.tx.connection, session)
        doing.tx.happened("bench.admit", "all")
        doing.tx.touches_everybody()
    services.db.close()
    return token


def measure(folder: Path, server: str, grants: int, turn: int, arguments: argparse.Namespace, found: Found) -> None:
    """One round over the register of one size."""
    url, keys = database_of(server, grants), register.keys_of(folder, grants)
    sample = register.load(folder / f"n{grants}.json")
    upgrade(url)
    token = open_session(url, keys)
    # Nobody twice: what an earlier round took back is gone.
    asked = sample.asked[turn * arguments.asked :][: arguments.asked]
    used = folder / f"n{grants}.used"
    start = int(used.read_text("ascii")) if used.exists() else 0
    taken = sample.single[start : start + arguments.revocations]
    used.write_text(str(start + len(taken)), "ascii")
    if len(asked) < arguments.asked or len(taken) < arguments.revocations:
        raise SystemExit(f"the sample of {grants:,} grants is used up")
    nodes: list[Node] = []
    with ExitStack() as stack:
        for _ in range(arguments.nodes):
            nodes.append(Node(url, keys, folder / "nodes.log"))
            stack.callback(nodes[-1].close)
            keep(found, "ready after start, s", nodes[-1].ready_s)
        time.sleep(arguments.settle)
        for node in nodes:
            keep(found, "memory of a node at rest, MiB", node.memory_mib())
        decide(nodes, asked, found)
        for node in nodes:
            keep(found, "memory with those accounts, MiB", node.memory_mib())
        revoke(nodes, taken, token, found)
        search(nodes, asked[: arguments.searches], token, found)
        for node in nodes:
            keep(found, "memory at the end, MiB", node.memory_mib())
            keep(found, "most memory of a node, MiB", node.memory_mib("VmHWM"))


def disk(server: str, grants: int) -> tuple[float, float]:
    """GiB of the register's database, and of its indexes alone."""
    engine = create_engine(database_of(server, grants))
    with engine.connect() as connection:
        whole, indexes = connection.execute(
            text(
                "SELECT pg_database_size(current_database()), sum(pg_indexes_size(oid)) FROM pg_class "
                "WHERE relkind = 'r'"
            )
        ).one()
    engine.dispose()
    return float(whole) / 2**30, float(indexes) / 2**30


def table(found: dict[int, Found]) -> Iterator[str]:
    """A line a figure, a column a size: medians."""
    sizes = list(found)
    yield "| | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "---:|" * len(sizes)
    for name in found[sizes[0]]:
        cells = [statistics.median(found[size][name]) for size in sizes]
        yield f"| {name} | " + " | ".join(f"{cell:,.{0 if cell >= WHOLE else 2}f}" for cell in cells) + " |"


def main() -> int:
    """Make what is not there, then measure in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 1_000_000, 5_000_000])
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--asked", type=int, default=1_000, help="accounts asked about in a round")
    parser.add_argument("--revocations", type=int, default=20)
    parser.add_argument("--searches", type=int, default=12)
    parser.add_argument("--settle", type=float, default=5, help="seconds between ready and the first question")
    parser.add_argument("--sealed", type=int, default=20_000, help="accounts whose papers carry their signature")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--make-only", action="store_true")
    parser.add_argument("--json", action="store_true", help="one object in place of the table")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        kept = arguments.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="access-service-five-", dir="/tmp"))
        )
        for grants in arguments.sizes:
            make(kept, grants, arguments.sealed)
        if arguments.make_only:
            return 0
        found: dict[int, Found] = {grants: {} for grants in arguments.sizes}
        server = stack.enter_context(cluster(kept, SETTINGS))
        for turn in range(arguments.rounds):
            for grants in arguments.sizes:
                measure(kept, server, grants, turn, arguments, found[grants])
                print(f"round {turn + 1}: {json.dumps({grants: found[grants]})}", file=sys.stderr, flush=True)
        for grants, each in found.items():
            whole, indexes = disk(server, grants)
            keep(each, "disk, GiB", whole)
            keep(each, "of it indexes, GiB", indexes)
        print(f"Measured {system_clock():%d/%m/%Y}, {arguments.nodes} nodes, {arguments.rounds} rounds.")
        print(json.dumps(found) if arguments.json else "\n".join(table(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

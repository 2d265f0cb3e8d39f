"""Over HTTP: our endpoint beside a bare echo on the same server, batches, searches, explanations.

Servers share one core, the load generator has another; runs are interleaved and medians reported. The share of its
core that a server uses while it is loaded is reported too: below nine tenths the generator was the bottleneck.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import http_register
from dataset import NOBODY, Province, Request, Rule
from floor import Floor
from http_servers import KEY
from ours import PUPIL
from sizes import say

HERE = Path(__file__).resolve().parent
SERVERS = ("echo", "ours", "ours_no_log")
EVALUATION, EVALUATIONS, SEARCH = (
    f"/access/v1/{path}" for path in ("evaluation", "evaluations", "search/resource")
)
START_S = 60
OK = 200
ITEMS, PAGE, CLASSES = 1000, 1000, 10_000
BATCH_BODIES = 4
FILLED = 0.9
"""Least share of its core that a server uses while it is measured: below it something else was the bottleneck."""


def cores() -> tuple[int | None, int | None]:
    """One for the servers, one for the load; none to choose where there is only one."""
    found = sorted(os.sched_getaffinity(0))
    return (found[-1], found[0]) if len(found) > 1 else (None, None)


class Server:
    """A server process."""

    def __init__(self, name: str, spec: Path, port: int, errors: Path) -> None:
        self.name, self.port = name, port
        with errors.open("wb") as out:
            command = [sys.executable, str(HERE / "http_servers.py"), name, str(spec)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        deadline = time.monotonic() + START_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                last = errors.read_text(encoding="utf-8", errors="replace").strip()[-300:]
                raise RuntimeError(f"the server `{name}` did not start: {last}")
            time.sleep(0.1)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Caller:
    """One connection that asks one thing after the other."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


def encoded(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def question(request: Request) -> dict[str, Any]:
    """A question on the wire."""
    return {
        "subject": {"type": "account", "id": request.account},
        "action": {"name": request.action},
        "resource": {
            "type": "student",
            "id": PUPIL,
            "properties": {"category": request.category, "class": request.class_id},
        },
    }


def batches(requests: list[Request]) -> list[bytes]:
    """A thousand items each, action and context as defaults, in another order every time."""
    items = [{k: v for k, v in question(r).items() if k != "action"} for r in requests]
    items += items[: ITEMS - len(items)]
    found = []
    for number in range(BATCH_BODIES):
        random.Random(number).shuffle(items)
        body = {"action": {"name": "read"}, "context": {}, "evaluations": items}
        found.append(encoded(body))
    return found


def expected(province: Province, rules: list[Rule], requests: list[Request]) -> list[bool]:
    """The floor's answers."""
    floor = Floor()
    floor.organisation(province.units(), province.classes(), rules)
    wanted = {r.account for r in requests}
    floor.accounts(a for a in province.accounts() if a.id in wanted)
    decide = floor.decider()
    return [decide(r) for r in requests]


class Bench:
    """Everything that runs over HTTP, on one register."""

    def __init__(self, folder: Path, anchor: int, rules: list[Rule], grants: int) -> None:
        self.folder = folder
        self.province = http_register.province(grants, anchor)
        asked = self.province.requests(rules)
        known = {c.id for c in self.province.classes()}
        # What the register does not have is never kept in memory, so asking about it measures the database: alone.
        self.unknown = [r for r in asked if r.class_id not in known or r.account == NOBODY]
        self.requests = [r for r in asked if r.class_id in known and r.account != NOBODY]
        say(f"building a register of {grants:,} grants for HTTP")
        database = http_register.build(folder, self.province)
        self.server_core, self.load_core = cores()
        self.spec = {
            "database": database,
            "keys": str(folder),
            "answers": str(folder / "answers.json"),
            "server_core": self.server_core,
            "ports": {name: _free_port() for name in SERVERS},
        }
        self.spec_path = folder / "servers.json"
        self.spec_path.write_text(json.dumps(self.spec), encoding="utf-8")
        self.bodies = [encoded(question(r)) for r in self.requests]
        self.is_equal = True
        self._expected = expected(self.province, rules, self.requests)

    def start(self, name: str, stack: ExitStack) -> Server:
        """A server that ends with the stack."""
        server = Server(name, self.spec_path, self.spec["ports"][name], self.folder / f"{name}.log")
        stack.callback(server.close)
        return server

    def run(self, rounds: int, seconds: float) -> dict[str, Any]:
        """All of it."""
        with ExitStack() as stack:
            servers = [self.start("ours", stack), self.start("ours_no_log", stack)]
            for server in servers:
                self._warm(server)
            servers.insert(0, self.start("echo", stack))
            say(f"evaluation over HTTP, {rounds} rounds")
            found: dict[str, Any] = {"http": self._evaluation(servers, rounds, seconds)}
            say("batches, searches, explanations")
            plain = servers[2]
            found["batch"] = self._batch(plain, seconds)
            caller = Caller(plain.port)
            found["search"] = _search(caller)
            found["explain"] = self._explain(caller)
            found["unknown_ms"] = self._unknown(caller)
            caller.close()
        return found

    def _warm(self, server: Server) -> None:
        """Ask everything once: fills the server's memory, the echo's answers, and the comparison with the floor."""
        caller = Caller(server.port)
        pairs, decisions = [], []
        for body in self.bodies:
            status, answer = caller.post(EVALUATION, body)
            if status != OK:
                raise RuntimeError(f"evaluation answered {status}: {answer[:200]!r}")
            decisions.append(json.loads(answer)["decision"])
            pairs.append([base64.b64encode(part).decode() for part in (body, answer)])
        caller.close()
        Path(self.spec["answers"]).write_text(json.dumps(pairs), encoding="utf-8")
        self.is_equal = self.is_equal and decisions == self._expected

    def _load(
        self, server: Server, path: str, bodies: list[bytes], connections: int, seconds: float
    ) -> dict[str, Any]:
        spec = {
            "port": server.port,
            "path": path,
            "bodies": [base64.b64encode(body).decode() for body in bodies],
            "connections": connections,
            "seconds": seconds,
            "core": self.load_core,
            "key": KEY,
        }
        told = self.folder / "load.json"
        told.write_text(json.dumps(spec), encoding="utf-8")
        before = server.cpu_s()
        command = [sys.executable, str(HERE / "http_load.py"), str(told)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        if set(found["statuses"]) != {str(OK)}:
            raise RuntimeError(f"`{server.name}` answered {found['statuses']}")
        found["core"] = (server.cpu_s() - before) / found["seconds"]
        return found

    def _evaluation(self, servers: list[Server], rounds: int, seconds: float) -> dict[str, Any]:
        runs: dict[str, list[dict[str, Any]]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                runs[server.name].append(self._load(server, EVALUATION, self.bodies, 16, seconds))
        return {
            name: {
                "rps": round(statistics.median(r["count"] / r["seconds"] for r in found)),
                "p50_ms": round(statistics.median(r["p50_ms"] for r in found), 3),
                "p99_ms": round(statistics.median(r["p99_ms"] for r in found), 3),
                "server_core": round(statistics.median(r["core"] for r in found), 2),
            }
            for name, found in runs.items()
        }

    def _batch(self, server: Server, seconds: float) -> dict[str, Any]:
        bodies = batches(self.requests)
        caller = Caller(server.port)
        for body in bodies:
            status, answer = caller.post(EVALUATIONS, body)
            if status != OK or len(json.loads(answer)["evaluations"]) != ITEMS:
                return {"absent": f"evaluations answered {status}"}
        caller.close()
        runs = [self._load(server, EVALUATIONS, bodies, 2, seconds) for _ in range(3)]
        per_second = [r["count"] * ITEMS / r["seconds"] for r in runs]
        return {"decisions_per_s": round(statistics.median(per_second)), "items": ITEMS, "connections": 2}

    def _explain(self, caller: Caller) -> dict[str, Any]:
        times = []
        for request in self.requests[:200]:
            body = encoded({**question(request), "context": {"explain": "full"}})
            began = time.perf_counter()
            status, _ = caller.post(EVALUATION, body)
            times.append(time.perf_counter() - began)
            if status != OK:
                return {"absent": f"evaluation answered {status}"}
        return {"full_ms": round(statistics.median(times) * 1000, 3)}

    def _unknown(self, caller: Caller) -> float:
        """A question about an account or a class that the register does not have."""
        times = []
        for request in self.unknown:
            began = time.perf_counter()
            status, _ = caller.post(EVALUATION, encoded(question(request)))
            times.append(time.perf_counter() - began)
            if status != OK:
                raise RuntimeError(f"evaluation answered {status}")
        return round(statistics.median(times) * 1000, 3)


def _search(caller: Caller) -> dict[str, Any]:
    """Every class of the officer, page by page, five times."""
    asked: dict[str, Any] = {
        "subject": {"type": "account", "id": http_register.OFFICER},
        "action": {"name": "read"},
        "resource": {"type": "class", "properties": {"category": "CLS"}},
    }
    first, whole = [], []
    for _ in range(6):
        token, ids, began = "", [], time.perf_counter()
        while True:
            status, answer = caller.post(SEARCH, encoded({**asked, "page": {"token": token, "limit": PAGE}}))
            if status != OK:
                return {"absent": f"search answered {status}"}
            read = json.loads(answer)
            if not ids:
                first.append(time.perf_counter() - began)
            ids += [one["id"] for one in read["results"]]
            token = read.get("page", {}).get("next_token", "")
            if not token:
                break
        whole.append(time.perf_counter() - began)
        if len(ids) != len(set(ids)):
            return {"absent": "a class stands on two pages"}
    return {
        "first_page_ms": round(statistics.median(first[1:]) * 1000, 3),
        "all_pages_ms": round(statistics.median(whole[1:]) * 1000, 3),
        "found": len(ids),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

#!/usr/bin/env python3
"""What a decision costs the processes of a service: two of them over one, and one beside a process of acts.

    benchmarks/several_processes.py [--pairs 5] [--seconds 5]

`serve` as an operator starts it, over SQLite and PostgreSQL, is asked over HTTP as fast as sixteen connections can;
the processor's time is that of all its processes together. Runs alternate; reported are medians of the ratios of
decisions a second of the processor.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from access_service.domain.scope import Scope  # noqa: E402
from access_service.usecases.handover.documents import EnteredLine  # noqa: E402
from machine import Machine, furnished, wait_for  # noqa: E402
from pack_server import KEY, free_port  # noqa: E402
from revocation import urls  # noqa: E402
from world import SCHOOL  # noqa: E402

KINDS = {
    "one": ("--workers", "1", "no"),
    "two": ("--workers", "2", "no"),
    "one and acts": ("--workers", "1", "yes"),
}
OK, PATH, CONNECTIONS = 200, "/access/v1/evaluation", 16


def cpu_s(pid: int) -> float:
    """User and system time so far, of a process and all below it."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    below = (int(p) for path in Path(f"/proc/{pid}/task").glob("*/children") for p in path.read_text().split())
    return own + sum(map(cpu_s, below))


@contextmanager
def serving(machine: Machine, kind: str) -> Iterator[tuple[int, int]]:
    """Port and process of one service."""
    port = free_port()
    *workers, apart = KINDS[kind]
    environment = machine.environment(port) | {
        "ACCESS_SERVICE_ACTS_APART": apart,
        "ACCESS_SERVICE_LOG_LEVEL": "warning",
        "ACCESS_SERVICE_LOG_DECISIONS": "none",
        "ACCESS_SERVICE_DRAIN_SECONDS": "0",
    }
    command = [sys.executable, "-m", "access_service", "serve", "--port", str(port), *workers]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: process.poll() is not None or machine.status(port, "/readyz") == OK)
        if process.poll() is not None:
            raise SystemExit(f"`{' '.join(command)}` did not start")
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def run(machine: Machine, port: int, pid: int, seconds: float) -> float:
    """Decisions a second of the processor."""
    spec = {
        "port": port,
        "path": PATH,
        "key": KEY,
        "bodies": [base64.b64encode(json.dumps(machine.body).encode()).decode()],
        "connections": CONNECTIONS,
        "seconds": seconds,
    }
    given = machine.folder / "load.json"
    given.write_text(json.dumps(spec), "utf-8")
    before = cpu_s(pid)
    command = [sys.executable, str(ROOT / "benchmarks" / "http_load.py"), str(given)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    used = cpu_s(pid) - before
    if found["statuses"].keys() != {str(OK)}:
        raise SystemExit(f"statuses {found['statuses']}")
    return float(found["count"]) / used


def main() -> int:
    """Both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, urls(Path(temporary)) as databases:
        for name, url in databases:
            folder = Path(temporary) / name
            folder.mkdir()
            machine, services, registrar = furnished(folder, url)
            world = machine.world
            right = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), world.clock.now)
            world.hand_over(SCHOOL, registrar, right)
            services.db.close()
            with ExitStack() as stack:
                found = {kind: stack.enter_context(serving(machine, kind)) for kind in KINDS}
                time.sleep(5)  # The process of acts, and what a start leaves to do.
                for port, pid in found.values():
                    run(machine, port, pid, 1)
                taken = [
                    {kind: run(machine, *where, arguments.seconds) for kind, where in found.items()}
                    for _ in range(arguments.pairs)
                ]
            for kind in KINDS:
                ratio = statistics.median(each[kind] / each["one"] for each in taken)
                a_second = statistics.median(each[kind] for each in taken)
                print(f"| {name} | {kind} | {a_second:.0f} a CPU second | {ratio:.2f} × one |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

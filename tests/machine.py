"""A register with a school, and the programs of a machine whose clock can be set: real processes over it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access_service.storage.db import Database
from access_service.usecases.services import Services, system_clock
from pack_server import KEY, free_port
from world import SCHOOL, Clock, Someone, World, found, make_services, with_school

ROOT = Path(__file__).parents[1]
WITHIN_S = 180


@dataclass
class Machine:
    """A register, and the programs of a machine whose clock can be set."""

    folder: Path
    url: str
    world: World
    body: dict[str, Any]

    def set_clock(self, seconds: float) -> None:
        # In one step: a reader never finds half a number.
        beside = self.folder / "off.new"
        beside.write_text(str(seconds))
        beside.replace(self.folder / "off")

    def recorded(self) -> tuple[int, Any]:
        db = Database(self.url, Clock())
        counter = db.counter(self.world.register)
        db.close()
        assert counter is not None
        return counter.revision, counter.recorded_at

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "tests" / "clocked.py"), str(self.folder / "off"), *arguments]

    def environment(self, port: int = 8000) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "ACCESS_SERVICE_DATABASE_URL": self.url,
            "ACCESS_SERVICE_KEYS_DIR": str(self.folder),
            "ACCESS_SERVICE_API_KEY": KEY,
            "ACCESS_SERVICE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }

    def run(self, *arguments: str) -> tuple[int, str]:
        command, environment = self.command(*arguments), self.environment()
        done = subprocess.run(  # noqa: PLW1510 the status is what is asked
            command, env=environment, capture_output=True, text=True, timeout=WITHIN_S
        )
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def serving(self) -> Iterator[int]:
        port = free_port()
        arguments = self.command("serve", "--port", str(port))
        process = subprocess.Popen(arguments, env=self.environment(port), stderr=subprocess.PIPE)
        try:
            wait_for(lambda: process.poll() is not None or self.status(port, "/healthz") == 200)
            assert process.poll() is None, process.communicate()[1].decode()
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)

    def status(self, port: int, path: str = "/access/v1/evaluation") -> int:
        return self.ask(port, path)[0]

    def ask(self, port: int, path: str = "/access/v1/evaluation") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        try:
            if path.startswith("/access"):
                connection.request("POST", path, json.dumps(self.body).encode(), headers)
            else:
                connection.request("GET", path)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said.startswith(b"{") else None
        except OSError:
            return 0, None
        finally:
            connection.close()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def furnished(folder: Path, url: str) -> tuple[Machine, Services, Someone]:
    """A school with a registrar who holds nothing yet, recorded just now; whoever asked closes the services."""
    clock = Clock(system_clock())
    services = make_services(url, folder, clock)
    world = with_school(found(services, clock))
    registrar = world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    resource = {"type": "unit", "id": SCHOOL, "properties": {"category": "CUR", "unit": SCHOOL}}
    body = {
        "subject": {"type": "account", "id": registrar.account},
        "action": {"name": "read"},
        "resource": resource,
    }
    machine = Machine(folder, url, world, body)
    machine.set_clock(0)
    return machine, services, registrar

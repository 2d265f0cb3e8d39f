"""A server has just started and everybody asks at once: a real process, the first hundred questions, each answered.

On CPython 3.11 compiling a pack in several threads raised `SystemError`, and 15 of the first 16 answers were 500.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from access_service.usecases.services import system_clock
from pack_server import KEY, free_port, pack_served
from world import CLASS_6A, SCHOOL, Clock, found, hire_homeroom, homeroom_line, make_services, with_school

ROOT = Path(__file__).parents[2]
AT_ONCE = 100
START_S = 180


@contextmanager
def register_served(folder: Path) -> Iterator[int]:
    """`serve` over the database in a folder, from the moment at which its port takes connections."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "access_service", "serve", "--port", str(port)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{folder}/thu.db",
            "ACCESS_SERVICE_KEYS_DIR": str(folder),
            "ACCESS_SERVICE_API_KEY": KEY,
            "ACCESS_SERVICE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + START_S
        while True:
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < until, "it does not listen"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert b"Traceback" not in said, said.decode()


def ask_together(port: int, bodies: list[dict[str, object]]) -> list[tuple[int, object]]:
    """Every question on a connection of its own, all sent at one moment."""
    barrier = threading.Barrier(len(bodies))

    def one(body: dict[str, object]) -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.connect()
        barrier.wait()
        try:
            connection.request(
                "POST",
                "/access/v1/evaluation",
                json.dumps(body).encode(),
                {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()).get("decision")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, bodies))


def test_the_first_hundred_questions_to_a_register_are_all_answered(tmp_path: Path) -> None:
    # The machine's own instant: after a long silence nothing is served before the clock is accepted.
    clock = Clock(system_clock())
    services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock)
    world = with_school(found(services, clock))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    services.db.close()
    resource = {"type": "student", "id": "000-hs-1", "properties": {"category": "STU-ACA", "class": CLASS_6A}}
    body: dict[str, object] = {
        "subject": {"type": "account", "id": teacher.account},
        "action": {"name": "read"},
        "resource": resource,
    }
    with register_served(tmp_path) as port:
        answers = ask_together(port, [body] * AT_ONCE)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as ready:
            assert ready.status == 200
    assert {status for status, _ in answers} == {200}
    # Not `true`: the school of this story lives in another year than the machine.
    assert len({decision for _, decision in answers}) == 1


def test_the_first_hundred_questions_to_a_pack_alone_are_all_answered() -> None:
    bodies: list[dict[str, object]] = [
        {
            "subject": {"type": "user", "id": f"u{number % 7}"},
            "action": {"name": ("can_read_todos", "can_create_todo", "can_update_todo")[number % 3]},
            "resource": {"type": "todo", "id": f"t{number}", "properties": {"ownerID": f"o{number % 5}"}},
        }
        for number in range(AT_ONCE)
    ]
    with pack_served(ROOT / "policy" / "todo") as server:
        answers = ask_together(server.port, bodies)
    assert {status for status, _ in answers} == {200}

"""`serve` with acts in a process of their own: one service to whoever asks, and decisions go on without it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import acts_beside
from access_service.domain.scope import Scope
from access_service.usecases.handover.documents import EnteredLine
from machine import Machine, furnished, wait_for
from pack_server import free_port
from world import SCHOOL


@contextmanager
def served(machine: Machine, *arguments: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "access_service", "serve", "--port", str(port), *arguments]
    environment = machine.environment(port) | {
        "ACCESS_SERVICE_ACTS_APART": "yes",
        "ACCESS_SERVICE_OPERATIONS_PUBLIC": "true",
        "ACCESS_SERVICE_LOG_CALLERS": "true",
    }
    with (machine.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        wait_for(lambda: process.poll() is not None or machine.status(port, "/readyz") == 200)
        assert process.poll() is None, (machine.folder / "log").read_text("utf-8")
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def call(
    port: int, method: str, path: str, token: str = "", body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    said = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, body, said | headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def acts_of(process: subprocess.Popen[bytes]) -> set[int]:
    """Its process of acts; the one beside it, which multiprocessing has, takes no `spawn_main`."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    found = {int(pid) for path in children for pid in path.read_text("ascii").split()}
    return {pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def logged(machine: Machine, **wanted: Any) -> list[dict[str, Any]]:
    lines = [json.loads(x) for x in (machine.folder / "log").read_text("utf-8").splitlines() if x.startswith("{")]
    return [line for line in lines if wanted.items() <= line.items()]


def test_an_act_counts_in_the_next_decision_and_a_killed_process_of_acts_is_replaced(tmp_path: Path) -> None:
    machine, services, registrar = furnished(tmp_path, f"sqlite:///{tmp_path}/thu.db")
    world = machine.world
    right = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), world.clock.now)
    [grant] = world.hand_over(SCHOOL, registrar, right).grants
    admin = world.enrol(f"quantri.{SCHOOL}").token
    services.db.close()
    with served(machine) as (port, process):
        assert machine.ask(port)[1]["decision"] is True
        # At once, with no revision said: what was done through this door is seen behind it.
        assert (
            call(port, "POST", f"/v1/grants/{grant.id}/suspend", admin, b'{"reason": "th\xe1\xbb\xad"}')[0] == 200
        )
        assert machine.ask(port)[1]["decision"] is False
        assert call(port, "POST", f"/v1/grants/{grant.id}/resume", admin)[0] == 200
        newest = json.loads(call(port, "GET", "/v1/register", admin)[1])["revision"]
        machine.body["context"] = {"at_least": newest}
        assert machine.ask(port)[1]["decision"] is True
        # What a proxy or a client says of itself stands in headers, and is no fact of the connection.
        forged = {"X-Forwarded-For": "203.0.113.9", "X-Request-ID": "gia-mao", "Forwarded": "for=203.0.113.9"}
        assert call(port, "GET", "/v1/me", admin, **forged)[0] == 200
        assert call(port, "GET", "/dang-nhap")[0] == 200
        # One scrape for all: what the other process counted is there within its second.
        row = b'access_service_requests_total{method="GET",route="/dang-nhap",status="200"} 1.0'
        wait_for(lambda: row in call(port, "GET", "/metrics")[1])
        [before] = acts_of(process)
        os.kill(before, signal.SIGKILL)
        assert machine.ask(port)[1]["decision"] is True
        assert machine.status(port, "/readyz") == 200
        # Whoever asks for a page meanwhile waits for the next process.
        wait_for(lambda: call(port, "GET", "/dang-nhap")[0] == 200)
        [after] = acts_of(process)
        assert after != before
    assert process.returncode == -signal.SIGTERM
    assert not is_running(after)
    [line] = logged(machine, request_id="gia-mao")
    assert (line["route"], line["source"]) == ("/v1/me", "203.0.113.9" if TRUSTED else "127.0.0.1")


TRUSTED = "127.0.0.1" in os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
"""uvicorn believes what a proxy on loopback says of its caller, wherever the request is answered."""


def test_acts_are_apart_where_there_is_more_than_one_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts_beside, "QUOTA", tmp_path / "cpu.max")
    for cores, quota, several in (
        ({0}, None, False),
        ({0, 1}, None, True),
        ({0, 1}, "max 100000", True),
        ({0, 1}, "100000 100000", False),
        ({0, 1, 2, 3}, "200000 100000", True),
        ({0, 1}, "nonsense", True),
    ):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, cores=cores: cores)
        if quota is not None:
            acts_beside.QUOTA.write_text(quota, "ascii")
        assert acts_beside.has_several_cores() is several, (cores, quota)

"""`serve --workers 2` over one SQLite file: two processes that say the same, are counted as one, and end as one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from access_service.api.http.shared_metrics import SUFFIX
from access_service.domain.errors import UnavailableError
from access_service.domain.names import SuspendableKind
from access_service.domain.scope import Scope
from access_service.domain.tokens import TokenError
from access_service.signing.dpop import Proof
from access_service.storage.db import Database
from access_service.storage.used_beside import NAME, UsedBeside
from access_service.usecases.handover.delegation import suspend
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.tokens.once import UsedOnce
from access_service.usecases.tokens.proofs import UsedProofs, check_proof, claim_together
from attacks.test_dpop_proofs import NOW, URL, scene
from machine import Machine, furnished, wait_for
from pack_server import free_port
from world import SCHOOL

MANY = 40
"""Connections, of which both processes take some."""


@contextmanager
def two_processes(machine: Machine, shared: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "access_service", "serve", "--workers", "2", "--port", str(port)]
    environment = machine.environment(port) | {"ACCESS_SERVICE_METRICS_DIR": str(shared)}
    with (shared.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        wait_for(lambda: process.poll() is not None or len(running(shared)) == 2)
        assert process.poll() is None, (shared.parent / "log").read_text("utf-8")
        wait_for(lambda: machine.status(port, "/readyz") == 200)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def running(shared: Path) -> set[int]:
    """Process ids of the workers that have written what they count."""
    return {int(path.name.partition("-")[0]) for path in shared.glob(f"*{SUFFIX}")}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def decisions(machine: Machine, port: int) -> set[bool]:
    """What many connections are told."""
    answers = [machine.ask(port) for _ in range(MANY)]
    assert {status for status, _ in answers} == {200}
    return {answer["decision"] for _, answer in answers}


def test_both_see_what_either_and_the_command_line_write_and_one_signal_ends_both(tmp_path: Path) -> None:
    machine, services, registrar = furnished(tmp_path, f"sqlite:///{tmp_path}/thu.db")
    shared = tmp_path / "shared"
    with two_processes(machine, shared) as (port, process):
        assert decisions(machine, port) == {False}
        grant = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), machine.world.clock.now)
        [given] = machine.world.hand_over(SCHOOL, registrar, grant).grants
        wait_for(lambda: decisions(machine, port) == {True})
        kind = SuspendableKind.GRANT
        suspend(services, machine.world.admins[SCHOOL], kind=kind, target=given.id, reason="thử")
        wait_for(lambda: decisions(machine, port) == {False})
        workers = running(shared)
        os.kill(min(workers), signal.SIGKILL)
        wait_for(lambda: len({pid for pid in running(shared) if is_running(pid)} - {min(workers)}) == 2)
        wait_for(lambda: machine.status(port, "/readyz") == 200)
        assert decisions(machine, port) == {False}
        workers = {pid for pid in running(shared) if is_running(pid)}
    services.db.close()
    assert process.returncode == 0
    assert not any(map(is_running, workers))
    # Each line is whole, whichever process wrote it; what comes before them is the start's.
    lines = [line for line in (tmp_path / "log").read_text("utf-8").splitlines() if "{" in line]
    assert {json.loads(line)["event"] for line in lines} == {"decision", "request"}


def _use(used: UsedProofs, jti: str) -> Proof:
    key = ec.derive_private_key(7, ec.SECP256R1())
    return asyncio.run(check_proof(scene(key, jti=jti).token, "POST", URL, used, NOW))


async def _at_once(work: object) -> bool:
    return work()  # type: ignore[operator, no-any-return]


def test_a_proof_that_one_process_used_is_refused_by_the_other(database_url: str, tmp_path: Path) -> None:
    databases = [Database(database_url, lambda: NOW) for _ in range(2)]
    one, two = (UsedProofs(UsedOnce(), claim_together(db, tmp_path, _at_once)) for db in databases)
    _use(one, "a")
    for again in (one, two):
        with pytest.raises(TokenError) as caught:
            _use(again, "a")
        assert caught.value.code == "replayed"
    _use(two, "b")
    for db in databases:
        db.close()


def test_one_process_alone_asks_nobody(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/thu.db", lambda: NOW)
    assert claim_together(db, None, _at_once) is None
    db.close()


def test_a_used_key_is_forgotten_once_it_has_expired_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access_service.storage.used_beside.CLEAN_EVERY", 2)
    used = UsedBeside(tmp_path)
    assert used.claim("a", 10.0, 0.0)
    assert not used.claim("a", 10.0, 9.0)
    assert used.claim("b", 20.0, 9.5)
    assert used.claim("a", 20.0, 11.0)
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0
    used.close()


def test_a_file_that_cannot_be_asked_lets_no_proof_through(tmp_path: Path) -> None:
    used = UsedBeside(tmp_path)
    used.close()
    with pytest.raises(UnavailableError):
        used.claim("a", 10.0, 0.0)

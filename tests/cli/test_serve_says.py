"""What `serve` says and refuses before it listens, and how it is stopped: real processes where it matters."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from access_service.about import version
from access_service.cli import main
from access_service.settings import PREFIX
from access_service.storage.migrate import upgrade
from machine import ROOT, furnished, wait_for
from pack_server import KEY, free_port
from world import Clock, found, make_services


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/access.db"
    upgrade(url)
    for name, value in {"DATABASE_URL": url, "KEYS_DIR": str(tmp_path / "keys"), "PORT": str(free_port())}.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    monkeypatch.setattr(uvicorn, "run", lambda *_args, **_options: None)
    return url


def serve(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["serve", *arguments])
    return status, capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"access-service {version()}\n"


def test_the_start_says_what_is_served(
    capsys: pytest.CaptureFixture[str], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = serve(capsys)
    assert (status, "register     none yet: `access-service init` makes one" in said) == (0, True)
    services = make_services(database, tmp_path, Clock())
    world = found(services, Clock())
    services.db.close()
    monkeypatch.setenv(f"{PREFIX}API_KEY", KEY)
    status, said = serve(capsys)
    assert status == 0
    assert f"access-service {version()}, 1 process\n" in said
    assert f"register     {world.register}: base for {world.root}\n" in said
    assert f"database     {database}, schema " in said
    assert "static key   evaluates\n" in said
    assert KEY not in said


def test_what_every_question_would_be_refused_for_is_refused_at_the_start(
    capsys: pytest.CaptureFixture[str], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = make_services(database, tmp_path, Clock())
    found(services, Clock())
    monkeypatch.setenv(f"{PREFIX}REGISTER", "hai-phongg")
    status, said = serve(capsys)
    assert (status, said) == (
        1,
        "access-service: the database has no register `hai-phongg` (ACCESS_SERVICE_REGISTER), but `thu-nghiem`\n",
    )
    monkeypatch.delenv(f"{PREFIX}REGISTER")
    found(services, Clock(), name="thu-nghiem-hai")
    services.db.close()
    monkeypatch.setenv(f"{PREFIX}API_KEY", KEY)
    status, said = serve(capsys)
    assert (status, said) == (
        1,
        "access-service: the API key is bound to one register of 2: name it (ACCESS_SERVICE_REGISTER)\n",
    )
    monkeypatch.delenv(f"{PREFIX}API_KEY")
    monkeypatch.setenv(f"{PREFIX}POLICY_DIR", str(tmp_path / "nowhere"))
    status, said = serve(capsys)
    assert (status, said) == (1, f"access-service: there is no folder of policy packs `{tmp_path / 'nowhere'}`\n")


def test_a_database_that_is_none_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("this is no database, and long enough to be looked at as one" * 20)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite:///{broken}")
    status, said = serve(capsys)
    assert (status, said.count("\n"), "Traceback" in said) == (1, 1, False)


class Kept:
    """One connection that is kept, as a load balancer keeps some."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("connection")


def test_whoever_is_stopped_says_so_first_and_goes_on_answering(tmp_path: Path) -> None:
    machine, services, _ = furnished(tmp_path, f"sqlite:///{tmp_path}/access.db")
    services.db.close()
    machine.set_clock(0)
    port = free_port()
    environment = machine.environment(port) | {"ACCESS_SERVICE_DRAIN_SECONDS": "300"}
    command = [sys.executable, "-m", "access_service", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: process.poll() is not None or machine.status(port, "/readyz") == 200)
            kept = Kept(port)
            assert kept.ask("POST", "/access/v1/evaluation", machine.body) == (200, None)
            process.send_signal(signal.SIGTERM)
            wait_for(lambda: machine.status(port, "/readyz") == 503)
            assert kept.ask("POST", "/access/v1/evaluation", machine.body) == (200, "close")
            assert machine.status(port, "/healthz") == 200
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert '"event": "stopping"' in said
    assert process.returncode == -signal.SIGTERM


COLLECTING = """
import gc
from access_service.cli.serve import COLLECTIONS, keep_collections_short
kept = [[] for _ in range(1000)]
keep_collections_short()
print(gc.get_freeze_count() > 1000, gc.get_threshold() == COLLECTIONS, len(gc.get_objects()) < 1000)
"""


def test_serving_keeps_what_stays_out_of_the_collectors_way() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", COLLECTING],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert ran.stdout == "True True True\n"

"""docs/upgrade.md, from the program before the newest change of the schema, which goes on serving meanwhile."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from access_service.storage.migrate import HEAD
from pack_server import free_port

ROOT = Path(__file__).parents[2]
VERSIONS = "src/access_service/storage/migrations/versions"
KEY = "000-khoá-nâng-cấp-000"
FOUNDING = (
    *("--register", "thu", "--unit", "31", "--name", "Sở Thử", "--director", "Người Thử"),
    *("--decision-number", "000/QĐ", "--decision-date", "01/08/2026", "--focal-point", "Người Thử Hai"),
)
QUESTION = {
    "subject": {"type": "account", "id": "acc_000"},
    "action": {"name": "read"},
    "resource": {"type": "unit", "id": "31", "properties": {"category": "STA"}},
}


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"the history of the program is not here: git {arguments[0]} says {done.stderr.decode()[:80]}")
    return done.stdout


class Machine:
    """A machine with two versions of the program, one database and one folder of keys."""

    def __init__(self, folder: Path, before: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.sources = {"before": before / "src", "now": ROOT / "src"}
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ACCESS_SERVICE_", "PYTHONPATH"))}
        self.environment = kept | {
            "PYTHONIOENCODING": "utf-8",
            "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{folder}/access.db",
            "ACCESS_SERVICE_KEYS_DIR": str(folder / "keys"),
            "ACCESS_SERVICE_PORT": str(self.port),
            "ACCESS_SERVICE_API_KEY": KEY,
            "ACCESS_SERVICE_DRAIN_SECONDS": "0",
        }
        for version in self.sources:
            program = folder / version / "access-service"
            program.parent.mkdir()
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m access_service "$@"\n', "utf-8")
            program.chmod(0o755)

    def given(self, version: str) -> dict[str, str]:
        path = f"{self.folder / version}{os.pathsep}{os.environ['PATH']}"
        return self.environment | {"PATH": path, "PYTHONPATH": str(self.sources[version])}

    def run(self, version: str, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.given(version),
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self) -> tuple[int, object]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {KEY}".encode(), "Content-Type": "application/json"}
            connection.request("POST", "/access/v1/evaluation", json.dumps(QUESTION), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    @contextmanager
    def serving(self, version: str) -> Iterator[None]:
        command = [str(self.folder / version / "access-service"), "serve"]
        with (self.folder / "said").open("wb") as said:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.given(version), stdout=said, stderr=subprocess.STDOUT
            )
            try:
                while not self._answers():
                    assert process.poll() is None, (self.folder / "said").read_text("utf-8")
                    time.sleep(0.1)
                yield
            finally:
                process.terminate()
                process.wait(120)

    def _answers(self) -> bool:
        try:
            return self.ask()[0] == 200
        except (OSError, HTTPException):
            return False


def test_the_version_before_goes_on_answering_until_it_is_stopped_and_the_next_answers_the_same(
    tmp_path: Path,
) -> None:
    changed = git("log", "-1", "--format=%H", "--", VERSIONS).decode().strip()
    archive = git("archive", f"{changed}^", "src", "policy", "models")
    before = tmp_path / "as-it-was"
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(before, filter="data")
    page = (ROOT / "docs" / "upgrade.md").read_text("utf-8")
    look, bring_up, look_again = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    machine = Machine(tmp_path, before)
    machine.run("before", "access-service", "init", *FOUNDING)
    with machine.serving("before"):
        answered = machine.ask()
        machine.run("before", "sh", "-euc", look)
        machine.run("now", "sh", "-euc", bring_up)
        assert machine.ask() == answered
    assert HEAD in machine.run("now", "sh", "-euc", look_again)
    with machine.serving("now"):
        assert machine.ask() == answered
    assert "chain and papers hold together" in machine.run("now", "access-service", "verify")
    # The way back: an older program touches nothing of it, and says so.
    refused = subprocess.run(
        ["access-service", "serve"],
        cwd=tmp_path,
        env=machine.given("before"),
        executable=str(tmp_path / "before" / "access-service"),
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert refused.returncode == 1
    assert "newer version" in refused.stderr

"""`demo` as a newcomer runs it: a process, a file that says how to try it, answers over HTTP, a signal to stop."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from access_service.demonstration.serve import _set_aside
from measuring import program

ROOT = Path(__file__).parents[2]
BUILT_WITHIN_S = 600
TOLD = {
    *("version", "base_url", "api_key", "now", "register", "revision", "begin_with"),
    *("accounts", "decisions", "revocable", "clients"),
}
ACCOUNT = {"id", "username", "password", "kind", "position", "unit", "unit_name"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """One start of the command that `scripts/demo` ends in."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.data, self.output = folder / "deep" / "data", folder / "demo.json"
        self.process = subprocess.Popen(
            [
                *program(),
                "demo",
                "--port",
                str(port or _free_port()),
                "--data",
                str(self.data),
                "--output",
                str(self.output),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def wait(self, path: Path) -> None:
        """Until there is such a file."""
        until = time.monotonic() + BUILT_WITHIN_S
        while not path.exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < until, f"no {path.name} in time"
            time.sleep(0.02)

    def told(self) -> dict[str, Any]:
        """What the file says, once it is there: whole from the first moment on."""
        self.wait(self.output)
        told: dict[str, Any] = json.loads(self.output.read_text("utf-8"))
        return told

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit status and everything that was printed."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        printed = self.process.communicate(timeout=120)[0]
        return self.process.returncode, printed


@pytest.fixture
def started() -> Iterator[list[Demo]]:
    """Whatever a test starts is gone after it."""
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        demo.stop(signal.SIGKILL)


def _post(told: dict[str, Any], path: str, body: object, token: str | None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(told["base_url"] + path, method="POST", data=json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _evaluate(told: dict[str, Any], request: object) -> tuple[bool, str | None]:
    status, answer = _post(told, "/access/v1/evaluation", request, told["api_key"])
    assert status == 200, answer
    return answer["decision"], answer.get("context", {}).get("reason", {}).get("code")


def test_the_demonstration_keeps_every_promise_of_its_file_and_builds_anew_what_was_revoked(
    tmp_path: Path, started: list[Demo]
) -> None:
    # A build that is stopped leaves nothing, and the next start builds the whole.
    started.append(stopped := Demo(tmp_path))
    stopped.wait(stopped.data / "building.db")
    status, printed = stopped.stop()
    assert status == 0, printed
    assert "Traceback" not in printed
    assert not stopped.output.exists()
    assert not (stopped.data / "access.db").exists()

    started.append(first := Demo(tmp_path))
    told = first.told()
    assert first.output.stat().st_mode & 0o777 == 0o600
    assert set(told) == TOLD
    assert told["version"] == 1
    assert {frozenset(account) for account in told["accounts"] if account["kind"] != "admin"} == {
        frozenset(ACCOUNT)
    }
    assert {frozenset(account) for account in told["accounts"] if account["kind"] == "admin"} == {
        frozenset(ACCOUNT | {"totp_secret"})
    }
    for asked in told["decisions"]:
        assert _evaluate(told, asked["request"]) == (asked["expected"], asked.get("reason")), asked["name"]

    revocable = told["revocable"]
    assert _evaluate(told, revocable["request"]) == (True, None)
    actor = next(account for account in told["accounts"] if account["id"] == revocable["actor"])
    opening = {"username": actor["username"], "password": actor["password"]}
    status, problem = _post(told, "/v1/sessions", opening, None)
    assert (status, problem["code"], problem["details"]) == (401, "second_factor_required", {"factors": ["totp"]})
    opening["totp"] = pyotp.TOTP(actor["totp_secret"]).now()
    status, session = _post(told, "/v1/sessions", opening, None)
    assert status == 201, session
    status, answer = _post(
        told, f"/v1/grants/{revocable['grant']}/revoke", {"reason": "thu hồi thử"}, session["token"]
    )
    assert status == 200, answer
    assert _evaluate(told, revocable["request"]) == (False, "grant_ended")

    # A second one on another port would build over the database that the first one serves.
    started.append(second := Demo(tmp_path))
    second.process.wait(timeout=120)
    status, printed = second.stop()
    assert status == 1
    assert printed.startswith("access-service: another demonstration is running from ")
    assert printed.count("\n") == 1
    assert _evaluate(told, told["decisions"][0]["request"]) == (True, None)
    assert first.output.exists()
    assert first.stop()[0] == 0

    started.append(again := Demo(tmp_path))
    anew = _told_by(again, told)
    assert anew["revocable"]["grant"] != revocable["grant"]
    # What somebody did in the one before is kept, and they are told where.
    assert (again.data / "access.1.db").stat().st_size > 0
    assert _evaluate(anew, anew["revocable"]["request"]) == (True, None)
    status, printed = again.stop(signal.SIGINT)
    assert status == 0
    assert str(again.data / "access.1.db") in printed


def _told_by(demo: Demo, before: dict[str, Any]) -> dict[str, Any]:
    """What a later start says, past the file that an earlier one left."""
    until = time.monotonic() + BUILT_WITHIN_S
    while (told := demo.told())["now"] == before["now"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    return told


def test_a_port_that_is_taken_is_one_line_and_leaves_the_file_alone(tmp_path: Path, started: list[Demo]) -> None:
    (tmp_path / "demo.json").write_text("{}", "utf-8")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        started.append(demo := Demo(tmp_path, port=port))
        demo.process.wait(timeout=120)
    status, printed = demo.stop()
    assert (status, printed.count("\n")) == (1, 1)
    assert printed.startswith(f"access-service: port {port} on 127.0.0.1 cannot be used")
    assert (tmp_path / "demo.json").read_text("utf-8") == "{}"


def test_what_somebody_worked_in_is_renamed_and_they_are_told_where(tmp_path: Path) -> None:
    said: list[str] = []
    for number in (1, 2):
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"access.db{suffix}").write_text(f"{number}{suffix}", "utf-8")
        _set_aside(tmp_path, said.append)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"access.{number}.db{suffix}" for number in (1, 2) for suffix in ("", "-shm", "-wal")
    ]
    assert (tmp_path / "access.2.db").read_text("utf-8") == "2"
    assert [str(tmp_path / f"access.{n}.db") in text for n, text in enumerate(said, start=1)] == [True, True]

    _set_aside(tmp_path, said.append)
    assert len(said) == 2, "where nothing stood nothing is said"

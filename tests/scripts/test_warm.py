"""What stands in for a start of the program is given what the program is given, and ends as it ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import warm
from measuring import program
from pack_server import free_port

ROOT = Path(__file__).parents[2]


def _cold() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}


@pytest.mark.parametrize("arguments", [["--version"], ["policy", "test", "không-có"], ["không-có"]])
def test_it_says_and_ends_as_the_program_does(arguments: list[str], tmp_path: Path) -> None:
    said = [
        subprocess.run(
            [*begun, *arguments], cwd=tmp_path, env=_cold(), capture_output=True, encoding="utf-8", check=False
        )
        for begun in (program(), warm.command())
    ]
    assert [(s.returncode, s.stdout, s.stderr) for s in said[:1]] == [
        (s.returncode, s.stdout, s.stderr) for s in said[1:]
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_ends_the_client_ends_the_program(number: signal.Signals, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    given = {**os.environ, "ACCESS_SERVICE_DATABASE_URL": url, "ACCESS_SERVICE_KEYS_DIR": str(tmp_path / "keys")}
    subprocess.run([*warm.command(), "migrate"], env=given, check=True, capture_output=True)
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*warm.command(), "serve", "--port", str(free_port())], env=given, stdout=writing, stderr=writing
    ) as client:
        os.close(writing)
        assert os.read(reading, 1)
        client.send_signal(number)
        until = time.monotonic() + 90
        # The pipe ends when nobody holds its other end: neither the client nor the program.
        while os.read(reading, 65536):
            assert time.monotonic() < until
    os.close(reading)
    # uvicorn ends in order and then by the signal that it was sent.
    assert client.returncode == -number

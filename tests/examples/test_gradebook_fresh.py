"""The page of the gradebook, line by line, in a checkout where nothing is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import answers, free_port, wait_for

from environments import clean

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "gradebook" / "README.md").read_text("utf-8")
START, ASK = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
NOT_IN_A_CLONE = shutil.ignore_patterns(
    *(".venv", ".git", ".demo", "demo.json", "var", "dist", ".hypothesis", "tests", "benchmarks"),
    *("__pycache__", ".*_cache", "*.egg-info"),
)


@contextmanager
def _started(command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with (folder / "said.txt").open("a", encoding="utf-8") as said:
        process = subprocess.Popen(
            command.split(), cwd=folder, env=clean(), stdout=said, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=120)


def test_two_commands_and_the_questions_of_the_page_in_a_fresh_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "access-service"
    shutil.copytree(ROOT, checkout, ignore=NOT_IN_A_CLONE)
    demo, gradebook = (line.split("#")[0].strip() for line in START.splitlines())
    assert (demo, gradebook) == ("scripts/demo", ".venv/bin/python examples/gradebook")
    service, book = free_port(), free_port()

    def waited(process: subprocess.Popen[str], port: int) -> None:
        wait_for(lambda: answers(port) or process.poll() is not None, "the server", within_s=600)
        assert process.poll() is None, (checkout / "said.txt").read_text("utf-8")

    with _started(f"{demo} --port {service}", checkout) as serving:
        waited(serving, service)
        # Only the ports differ from the page: 8000 and 8100 may be somebody's.
        with _started(f"{gradebook} demo.json {book}", checkout) as keeping:
            waited(keeping, book)
            if shutil.which("curl") is None or shutil.which("sh") is None:
                pytest.skip("curl is not installed: both commands ran, the page's questions were not asked")
            script = ASK.replace("127.0.0.1:8000", f"127.0.0.1:{service}").replace(
                "127.0.0.1:8100", f"127.0.0.1:{book}"
            )
            asked = subprocess.run(
                ["sh", "-euc", script],
                cwd=checkout,
                env=clean(),
                capture_output=True,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
    assert (asked.returncode, asked.stderr) == (0, "")
    assert '"diem"' in asked.stdout
    assert '"outside_class"' in asked.stdout
    assert '"so_buoi_vang":1' in asked.stdout

"""README, the page of the gradebook and docs/for-services.md, line by line, where nothing is installed yet."""

from __future__ import annotations

import json
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


def blocks(page: str, language: str = "sh") -> list[str]:
    """The page's blocks in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


START, ASK = blocks("examples/gradebook/README.md")
SERVICES = "docs/for-services.md"
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


def test_the_commands_of_three_pages_answer_in_a_fresh_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "access-service"
    shutil.copytree(ROOT, checkout, ignore=NOT_IN_A_CLONE)
    demo, gradebook = (line.split("#")[0].strip() for line in START.splitlines())
    assert (demo, gradebook) == ("scripts/demo", ".venv/bin/python examples/gradebook")
    first, *questions = blocks("README.md")
    assert first.split()[0] == demo
    service, book = free_port(), free_port()

    def waited(process: subprocess.Popen[str], port: int) -> None:
        wait_for(lambda: answers(port) or process.poll() is not None, "the server", within_s=600)
        assert process.poll() is None, (checkout / "said.txt").read_text("utf-8")

    def typed(script: str) -> str:
        """What the commands print. Only ports and the school year differ from the page: 8000 may be somebody's."""
        year = json.loads((checkout / "demo.json").read_text("utf-8"))["decisions"][0]["request"]["resource"]
        for said, real in (
            ("127.0.0.1:8000", f"127.0.0.1:{service}"),
            ("127.0.0.1:8100", f"127.0.0.1:{book}"),
            ("2026-2027", year["properties"]["class"].split(":")[1]),
        ):
            script = script.replace(said, real)
        ran = subprocess.run(
            ["sh", "-euc", script],
            cwd=checkout,
            env=clean(),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    with _started(f"{demo} --port {service}", checkout) as serving:
        waited(serving, service)
        with _started(f"{gradebook} demo.json {book}", checkout) as keeping:
            waited(keeping, book)
            if shutil.which("curl") is None or shutil.which("sh") is None:
                pytest.skip("curl is not installed: both commands ran, the pages' questions were not asked")
            marks = typed(ASK)
            answered = [typed(question) for question in questions]
            services = typed("\n".join([*blocks(SERVICES), "echo"]))
    assert '"diem"' in marks
    assert '"outside_class"' in marks
    assert '"so_buoi_vang":1' in marks
    allowed, denied = blocks("README.md", "json")
    assert answered[0] == allowed.strip()
    assert re.fullmatch(re.escape(denied.strip()).replace("…", ".+"), answered[1])
    decision, token, found, _ = blocks(SERVICES, "json")
    told = services.removeprefix(decision.strip())
    assert told != services
    answer, end = json.JSONDecoder().raw_decode(told)
    assert answer.keys() == json.loads(token).keys()
    assert answer["scope"] == json.loads(token)["scope"]
    classes, over = json.JSONDecoder().raw_decode(told[end:].lstrip())
    assert classes["page"] == json.loads(found)["page"]
    assert [one["type"] for one in classes["results"]] == ["class"]
    # The stream is cut after a second, which a busy machine may need for its first line.
    streamed = told[end:].lstrip()[over:].strip()
    assert streamed.partition(":")[0] in ("retry", "live")
    assert streamed.endswith("live")

"""`docs/write-a-policy.md` and `docs/authzen.md` work as written: their files load, their commands answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

import warm
from pack_server import ROOT, free_port

TEN_MINUTES = (ROOT / "docs" / "write-a-policy.md").read_text("utf-8")
AUTHZEN = (ROOT / "docs" / "authzen.md").read_text("utf-8")
FILES = re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", TEN_MINUTES, re.MULTILINE | re.DOTALL)
START_S = 180


def commands(page: str) -> list[tuple[str, str]]:
    """Each command of a page, and the block after it where that is an answer."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [
        (text, blocks[n + 1][1] if n + 1 < len(blocks) and blocks[n + 1][0] in ("", "json") else "")
        for n, (kind, text) in enumerate(blocks)
        if kind == "sh"
    ]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who installed the program."""
    for program in ("curl", "openssl", "git"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
    programs = tmp_path / "bin"
    warm.install(programs)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACCESS_SERVICE_")}
    return kept | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
    }


def run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def serving(command: str, probe: str, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """What the command starts, once `probe` succeeds, until the block ends."""
    server = subprocess.Popen(
        ["sh", "-ec", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        until = time.monotonic() + START_S
        while subprocess.run(
            ["sh", "-c", probe], cwd=folder, env=environment, capture_output=True, check=False
        ).returncode:
            assert server.poll() is None, server.communicate()[1].decode()
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def test_the_page_s_files_are_the_pack_s_bytes() -> None:
    assert [name for name, _ in FILES] == [
        "policy/todo/pack.toml",
        "policy/todo/entities.csv",
        "models/todo.conf",
        "policy/todo/roles.csv",
        "policy/todo/roles_test.yaml",
    ]
    assert dict(FILES) == {name: (ROOT / name).read_text("utf-8") for name, _ in FILES}
    assert {path.name for path in (ROOT / "policy" / "todo").iterdir()} == {
        Path(name).name for name, _ in FILES if name.startswith("policy/")
    }


def test_ten_minutes_end_in_the_page_s_answers(tmp_path: Path, shell: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    port = free_port()
    listed = commands(TEN_MINUTES.replace("http://127.0.0.1:8000/", f"http://127.0.0.1:{port}/"))
    assert len(listed) == 9
    run(listed[0][0], folder, shell)
    for name, text in FILES:
        (folder / name).write_text(text, "utf-8")
    assert run(listed[1][0], folder, shell).startswith("todo 1: 12 rules, SHA-256 ")
    assert run(listed[2][0], folder, shell) == listed[2][1]
    started = f"ACCESS_SERVICE_PORT={port} exec env {listed[3][0]}"
    with serving(started, f"curl -sf http://127.0.0.1:{port}/readyz", folder, shell):
        for command, answer in listed[4:7]:
            assert run(command, folder, shell) == answer.rstrip("\n")
    # A change of the page's own pack, in a repository of its own: what CI would say of it.
    (begin, _), (step, answer) = listed[7:]
    run(begin, folder, shell)
    assert run(step, folder, shell) == answer


def test_the_one_step_of_ci_says_what_the_page_prints(tmp_path: Path, shell: dict[str, str]) -> None:
    """Of a register's pack: checked, tested, proved, and compared with itself at a revision."""
    pytest.importorskip("z3")
    (printed,) = re.findall(r"^```console\n\$ (.*?)^```$", TEN_MINUTES, re.MULTILINE | re.DOTALL)
    step, _, answer = printed.partition("\n")
    for name in ("policy", "models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (begin, _) = next(pair for pair in commands(TEN_MINUTES) if pair[0].startswith("git init"))
    more = "clerk,document-register,ACC,export,allow,default"
    run("\n".join(begin.splitlines()[:-1]) + f"\necho '{more}' >> policy/hai-phong/roles.csv", tmp_path, shell)
    said = run(step, tmp_path, shell)
    parts = re.escape(answer).replace(re.escape("\n…\n"), "\n(?:.*\n)*?").replace("…", ".*")
    assert re.fullmatch(parts, said), said


def test_the_certification_s_pack_is_served_and_asked_as_the_page_says(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    for name in ("policy", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    port = free_port()
    (start, _), *asked = commands(AUTHZEN.replace("8443", str(port)))
    prepare, serve = start.split("access-service serve", 1)
    probe = f"curl -sf --cacert tls.pem https://localhost:{port}/readyz"
    with serving(f"{prepare}exec access-service serve{serve}", probe, tmp_path, shell):
        answers = [run(command, tmp_path, shell) for command, _ in asked]
    rule_6, batch, searches, metadata = answers
    assert json.loads(rule_6) == {"decision": True}
    assert json.loads(batch) == {"evaluations": [{"decision": True}, {"decision": False}]}
    found = [json.loads(part)["results"] for part in re.sub(r"\}\{", "}\n{", searches).splitlines()]
    assert found == [
        [{"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}],
        [{"type": "record", "id": "record-1"}, {"type": "record", "id": "record-2"}],
        [{"name": "read"}, {"name": "write"}],
    ]
    assert json.loads(metadata)["policy_decision_point"] == f"https://localhost:{port}"


def test_a_pack_is_served_as_the_page_of_commands_says(tmp_path: Path, shell: dict[str, str]) -> None:
    for name in ("policy", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").split("## access-service serve\n")[1].split("\n## ")[0]
    (command,) = re.findall(r"^```\n(.*)\n```$", section, re.MULTILINE)
    port = free_port()
    started = f"ACCESS_SERVICE_PORT={port} exec env {command.replace('=…', '=try-me-000-000-000')}"
    with serving(started, f"curl -sf http://127.0.0.1:{port}/readyz", tmp_path, shell):
        address = f"http://127.0.0.1:{port}/.well-known/authzen-configuration"
        assert "access_evaluation_endpoint" in json.loads(run(f"curl -sf {address}", tmp_path, shell))

"""`--help` is quick, every command has it, and `docs/cli.md` says the same."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from access_service.cli import main
from access_service.cli.commands import app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cli.md"


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(name, command) of every command, those of groups included."""
    command = command or typer.main.get_command(app)
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield " ".join(path), command


def test_the_promised_commands_are_there() -> None:
    promised = {"init", "serve", "demo", "import", "check", "explain", "matrix", "migrate"}
    assert promised | {"policy check", "policy test", "policy bind"} <= {name for name, _ in commands()}


def test_the_page_names_every_command_once_in_order() -> None:
    headings = re.findall(r"^## access-service (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert headings == [name for name, _ in commands()]


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in commands()])
def test_the_page_says_of_a_command_what_its_help_says(name: str, command: Any) -> None:
    section = PAGE.read_text("utf-8").split(f"## access-service {name}\n")[1].split("\n## ")[0]
    assert command.help.split("\n\n")[0].replace("\n", " ") in section
    _, _, table = section.partition("| Argument or option | Meaning |")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    documented = {row[0].strip("`").split()[0]: row[1] for row in rows}
    offered = {p.opts[0] if p.opts[0].startswith("-") else p.name.upper(): p for p in command.params}
    assert set(documented) == set(offered)
    for label, parameter in offered.items():
        assert documented[label].startswith(parameter.help), label
        assert ("Required." in documented[label]) == parameter.required, label


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: access-service {name}")


def test_help_waits_for_no_database_and_no_framework() -> None:
    code = (
        "import sys\n"
        "from access_service.cli import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'sqlalchemy', 'fastapi', 'casbin', 'pydantic', 'xlsxwriter', 'uvicorn', 'rich'}\n"
        "found = heavy & {name.partition('.')[0] for name in sys.modules}\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_it_is_also_a_module() -> None:
    command = [sys.executable, "-m", "access_service", "policy", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: access-service policy")

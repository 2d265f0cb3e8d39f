"""What a reviewer would have to remember: layers, lengths, and what never stands in a tracked file."""

import ast
import os
import re
import subprocess
import sys
import unicodedata
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from nouns import named, present

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 500, 80
ONE_FILE = {"src/access_service/evidence/verify.py": 930}
"""Handed to people who have nothing else of ours: it stands alone, and is read from top to bottom."""
SKIPPED = {".git", ".venv", "__pycache__", "dist", "build"}

# The patterns are put together, so that this file does not hold what it looks for.
COMMON = {"/", "/tmp", "/srv", "/opt", "/var", "/mnt"}
"""Folders that mean nothing when they are named."""
HERE = ROOT.resolve().parent.as_posix()
"""The folder that this checkout lies in."""
MACHINE_PATH = re.compile(
    "|".join(
        ["/(?:" + "root|home|Users" + r")/[A-Za-z0-9._-]+"]
        + ([re.escape(HERE) + r"/\w"] if HERE not in COMMON else [])
    )
)
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs"),
            ("crates", "io"),
            ("conda", "anaconda"),
            ("proxy", "golang"),
        )
    )
    + "|(?:extra-)?index"
    + "-url"
)
# A header with a body: tests of broken key files hold headers.
SECRET = re.compile("-----BEGIN (?:[A-Z]+ )?" + r"PRIVATE KEY-----(?:\s|\\n)+[\w+/=]{40}")
LOCK_FILE = re.compile(r"(?:.*[.-])?lock(?:\.(?:json|yaml|toml))?|.*\.lock|pylock.*\.toml", re.IGNORECASE)
PERSONAL_ID = re.compile(r"(?<![0-9A-Za-z_.])(?!000)\d{12}(?![0-9A-Za-z_])")


@cache
def _tracked() -> tuple[Path, ...]:
    """Files that are in the repository or would be with the next `git add`; in an export, every file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [p for p in ROOT.rglob("*") if not SKIPPED & set(p.relative_to(ROOT).parts)]
    return tuple(sorted(p for p in found if p.is_file()))


@cache
def _texts() -> dict[str, str]:
    """Tracked files that are text, by their path in the repository."""
    found = {}
    for path in _tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            found[path.relative_to(ROOT).as_posix()] = data.decode("utf-8")
    return found


def _matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {match.group()}"
        for name, text in _texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


@cache
def _every_module() -> dict[str, ast.Module]:
    return {n: ast.parse(t) for n, t in _texts().items() if n.endswith(".py")}


def _modules(folder: str = "") -> dict[str, ast.Module]:
    return {n: module for n, module in _every_module().items() if n.startswith(folder)}


def test_the_files_are_found() -> None:
    assert {"pyproject.toml", "tests/test_contracts.py", "src/access_service/domain/scope.py"} <= set(_texts())


def test_import_contracts_are_kept() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    checked = subprocess.run(
        [sys.executable, "-c", code, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 broken" in checked.stdout


def test_every_module_stands_in_one_row_of_the_table_of_nouns() -> None:
    """`docs/development.md` has the table; a new module is written into the row of its noun."""
    rows = named()
    assert sorted(present() - set(rows)) == [], "give each a row in docs/development.md"
    assert sorted(set(rows) - present()) == [], "docs/development.md names what is not there"
    assert sorted({name for name in rows if rows.count(name) > 1}) == [], "these stand in two rows"


def test_no_file_is_too_long() -> None:
    lengths = {n: len(t.splitlines()) for n, t in _texts().items() if n.endswith(".py")}
    assert {n: lines for n, lines in lengths.items() if lines > ONE_FILE.get(n, LONGEST_FILE)} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{name}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, module in _modules("src/").items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > LONGEST_FILE
    assert {n: lines for n, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, module in _modules().items() if not ast.get_docstring(module)] == []


def test_every_file_ends_with_a_line_break_and_is_in_nfc() -> None:
    texts = _texts()
    assert [n for n, t in texts.items() if t and not t.endswith("\n")] == []
    assert [n for n, t in texts.items() if not unicodedata.is_normalized("NFC", t)] == []


def test_no_path_of_a_machine_is_written_down() -> None:
    assert _matches(MACHINE_PATH) == []


def test_no_registry_is_written_down() -> None:
    assert _matches(REGISTRY) == []


def test_no_secret_is_written_down() -> None:
    assert [name for name, text in _texts().items() if SECRET.search(text)] == []


def test_nobody_real_is_written_down() -> None:
    assert _matches(PERSONAL_ID) == []


def test_there_is_no_lock_file() -> None:
    assert [p.name for p in _tracked() if LOCK_FILE.fullmatch(p.name)] == []


@pytest.mark.parametrize(
    ("pattern", "bad", "good"),
    [
        (MACHINE_PATH, "/ho" + "me/someone/project", "sqlite:///./var/access.db"),
        (REGISTRY, "https://files.python" + "hosted.org/x", "https://example.org/x"),
        (SECRET, "-----BEGIN PRIVATE" + " KEY-----\n" + 16 * "MC4C", "-----BEGIN PRIVATE" + " KEY-----\nAAAA\n"),
        (PERSONAL_ID, "CCCD 0312" + "02000001.", "CCCD 000202000001, sha 0312f02000001"),
        (LOCK_FILE, "uv.lock", "blocking.py"),
    ],
    ids=["path", "registry", "secret", "id", "lock"],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], bad: str, good: str) -> None:
    assert pattern.search(bad)
    assert not pattern.fullmatch(good)
    assert not pattern.search(good) or pattern is LOCK_FILE


def test_only_the_maintained_casbin_is_installed() -> None:
    # Two distributions install the same import package and overwrite each other in silence.
    with pytest.raises(PackageNotFoundError):
        distribution("casbin")
    assert distribution("pycasbin").version


def test_the_migrations_are_in_the_package() -> None:
    # Hatchling takes every file below the package that git does not ignore.
    names = set(_texts())
    folder = "src/access_service/storage/migrations/"
    assert {folder + "env.py", folder + "script.py.mako", folder + "versions/0001_first_schema.py"} <= names
    assert "import sqlmodel\n" in _texts()[folder + "script.py.mako"]


@pytest.mark.parametrize(
    "name", ["scripts/bootstrap.py", "scripts/test", "scripts/check", "scripts/fix", "scripts/night", ".ci/run"]
)
def test_commands_can_be_run(name: str) -> None:
    path = ROOT / name
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!")


def test_what_the_night_plays_is_there() -> None:
    text = (ROOT / "scripts" / "night").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:tests|benchmarks)/[\w/.]+", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

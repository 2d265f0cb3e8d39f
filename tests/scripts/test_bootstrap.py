"""`scripts/bootstrap.py`: silent when there is nothing to do, and plain about what stands in the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = '[project]\nname = "x"\nversion = "1"\n[build-system]\nrequires = ["khong-co-goi-nay"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the script, and an environment that only looks like one."""
    folder = tmp_path / "dự án"
    (folder / "scripts").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    shutil.copy(ROOT / "scripts" / "bootstrap.py", folder / "scripts")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / "pyvenv.cfg").write_text("version = 3.11.0\n", encoding="utf-8")
    return folder


def _evaluate(project: Path, expression: str, *, first: str = "") -> str:
    """What an expression over the script, as a module, gives."""
    made = subprocess.run(
        [sys.executable, "-c", f"import sys, bootstrap; {first}print({expression})"],
        cwd=project / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def _stamp(project: Path, extras: str) -> None:
    stamp = _evaluate(project, f"bootstrap.stamp({extras!r})")
    (project / ".venv" / "bootstrap.stamp").write_text(stamp, encoding="ascii")


def _run(project: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """As in a clean account, from another directory, with a registry that has nothing."""
    home = project / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [python, project / "scripts" / "bootstrap.py", *arguments],
        cwd="/",
        env={"PATH": os.defpath, "HOME": str(home), "PIP_NO_INDEX": "1", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("made_with", "arguments"), [("examples", []), ("dev", ["--dev"]), ("dev", [])])
def test_the_second_run_is_silent_and_installs_nothing(project: Path, made_with: str, arguments: list[str]) -> None:
    _stamp(project, made_with)
    stamp = project / ".venv" / "bootstrap.stamp"
    before = stamp.stat().st_mtime_ns
    again = _run(project, *arguments)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    # Installing would have failed, because the registry has nothing, and would have written the stamp anew.
    assert stamp.stat().st_mtime_ns == before


def test_what_cannot_be_installed_is_said_and_leaves_no_stamp(project: Path) -> None:
    _stamp(project, "examples")
    # The tools for development are missing, so it begins anew, and nothing can be had from the registry.
    failed = _run(project, "--dev")
    assert failed.returncode == 1
    assert failed.stdout == ""
    lines = failed.stderr.splitlines()
    assert lines[0] == "bootstrap: installing into .venv; this takes a minute or two"
    assert "khong-co-goi-nay" in failed.stderr
    assert lines[-1] == "bootstrap: pip could not install the project; what it said stands above"
    assert not (project / ".venv" / "bootstrap.stamp").exists()
    assert (project / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("changed", ["pyproject.toml", ".venv/pyvenv.cfg"])
def test_a_change_of_what_it_was_made_from_is_noticed(project: Path, changed: str) -> None:
    _stamp(project, "dev")
    assert _evaluate(project, "bootstrap.is_done('dev')") == "True"
    with (project / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert _evaluate(project, "bootstrap.is_done('dev')") == "False"


def test_an_installed_pip_serves_where_ensurepip_is_left_out(project: Path) -> None:
    without = (
        "works = bootstrap.works; "
        "bootstrap.works = lambda command: command[-1] != 'import ensurepip' and works(command); "
    )
    pip = _evaluate(project, "' '.join(bootstrap.make_environment())", first=without)
    assert pip.endswith(f"-m pip --python {project / '.venv' / 'bin' / 'python'}")
    assert not (project / ".venv" / "bin" / "pip").exists()


def test_no_way_to_make_an_environment_is_one_sentence(project: Path) -> None:
    with_nothing = "bootstrap.works = lambda command: False; sys.argv = ['bootstrap', '--dev']; "
    failed = _evaluate(project, "bootstrap.main()", first=with_nothing)
    assert failed == "1"


def test_an_environment_of_another_checkout_is_left_alone(project: Path) -> None:
    """Two checkouts share one by a link: the second would empty what the first is working in."""
    theirs = project.parent / "theirs"
    (project / ".venv").rename(theirs)
    (project / ".venv").symlink_to(theirs)
    before = sorted(path.relative_to(theirs) for path in theirs.rglob("*"))
    done = _run(project, "--dev")
    assert (done.returncode, done.stderr) == (
        1,
        "bootstrap: .venv is a link to another checkout's; run this script there\n",
    )
    assert sorted(path.relative_to(theirs) for path in theirs.rglob("*")) == before

#!/usr/bin/env python3
"""Makes `.venv` beside pyproject.toml and installs the project into it; the second time there is nothing to do.

    python3 scripts/bootstrap.py          what the service and its examples need
    python3 scripts/bootstrap.py --dev    and what its tests and checks need

Standard library only, and written so that an old Python can still read it: it then hands over to the newest
Python 3.11 or later on PATH. Works from any directory, as root or not. Silent when all is well and done.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "bootstrap.stamp"
LOCK = ".bootstrap.lock"
OLDEST = (3, 11)
NEWEST_MINOR = 30


class BootstrapError(Exception):
    """What stands in the way, as one sentence for the person at the terminal."""


def say(text: str) -> None:
    """Progress and complaints go to standard error: standard output belongs to whoever called us."""
    print("bootstrap: " + text, file=sys.stderr, flush=True)


def clean_environment() -> dict[str, str]:
    """The caller's environment without what would make the new interpreter look elsewhere."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_INPUT": "1"}


def works(command: list[str]) -> bool:
    """Does the command end well? A program that is not there, or a shim of one, does not."""
    try:
        done = subprocess.run(
            command, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def interpreters() -> list[str]:
    """Every suitable Python: this one if it is, then those on PATH, newest first."""
    found = [sys.executable] if sys.version_info >= OLDEST and sys.executable else []
    for minor in range(NEWEST_MINOR, OLDEST[1] - 1, -1):
        path = shutil.which("python3.%d" % minor)  # noqa: UP031 an old Python reads this too
        if path is not None and path not in found:
            found.append(path)
    is_suitable = "import sys; sys.exit(sys.version_info < %r)" % (OLDEST,)  # noqa: UP031
    return [path for path in found if path == sys.executable or works([path, "-c", is_suitable])]


def hand_over() -> None:
    """An old Python runs this file again with a suitable one, or says that there is none."""
    if sys.version_info >= OLDEST:
        return
    found = interpreters()
    if not found:
        raise BootstrapError("this needs Python 3.11 or later, and there is none on PATH")
    os.execv(found[0], [found[0], str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606 no shell is meant


def stamp(extras: str) -> str:
    """What the environment was made from; another answer means that it has to be made again."""
    # pyvenv.cfg names the Python inside; which Python runs this script does not matter.
    files = [ROOT / "pyproject.toml", VENV / "pyvenv.cfg"]
    parts = [*(file.read_bytes() for file in files), str(ROOT).encode(), extras.encode()]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_done(extras: str) -> bool:
    """Is the environment there and up to date? One with the tools for development serves for both."""
    if not PYTHON.exists() or not STAMP.is_file() or not (VENV / "pyvenv.cfg").is_file():
        return False
    return STAMP.read_text(encoding="ascii").strip() in {stamp(extras), stamp("dev")}


def check_is_ours() -> None:
    """A link leads to another checkout's: made anew, it would be taken from whoever works there."""
    if VENV.is_symlink():
        raise BootstrapError(".venv is a link to another checkout's; run this script there")


def make_environment() -> list[str]:
    """Make an empty `.venv`; returns the command that is pip for it."""
    for child in VENV.iterdir():
        if child.name == LOCK:
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
    candidates = interpreters()
    for python in candidates:
        if works([python, "-c", "import ensurepip"]) and works([python, "-m", "venv", str(VENV)]):
            return [str(PYTHON), "-m", "pip"]
    # Debian and Ubuntu leave ensurepip out; a pip that is installed can still serve an environment without one.
    for python in candidates:
        if works([python, "-m", "venv", "--without-pip", str(VENV)]):
            for owner in dict.fromkeys([*candidates, shutil.which("python3") or python]):
                pip = [owner, "-m", "pip", "--python", str(PYTHON)]
                if works([*pip, "--version"]):
                    return pip
    raise BootstrapError(
        "cannot make a virtual environment: no Python here has ensurepip or pip; "
        "install python3-venv or python3-pip (their names on Debian and Ubuntu)"
    )


def install(pip: list[str], extras: str) -> None:
    """Install the project, editable, with whatever the ranges in pyproject.toml give today."""
    target = "%s[%s]" % (ROOT, extras)  # noqa: UP031
    done = subprocess.run(
        [*pip, "install", "--quiet", "--editable", target],
        env=clean_environment(),
        cwd=str(ROOT),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode != 0:
        raise BootstrapError("pip could not install the project; what it said stands above")


def main() -> int:
    """Exit status 0 when the environment is ready, 1 when it cannot be made."""
    parser = argparse.ArgumentParser(description="Makes .venv and installs the project into it.")
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    extras = "dev" if parser.parse_args().dev else "examples"
    try:
        hand_over()
        if is_done(extras):
            return 0
        check_is_ours()
        VENV.mkdir(exist_ok=True)
        with (VENV / LOCK).open("w") as lock:
            # Two that start together: the second waits, and then finds nothing to do.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if is_done(extras):
                return 0
            say("installing into .venv; this takes a minute or two")
            install(make_environment(), extras)
            STAMP.write_text(stamp(extras) + "\n", encoding="ascii")
    except BootstrapError as error:
        say(str(error))
        return 1
    except OSError as error:
        say("cannot write here: %s" % error)  # noqa: UP031
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

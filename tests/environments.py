"""Empty Python environments, served by a pip that is not their own: what a reader of the pages begins with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def _pip() -> list[str]:
    """A pip; an environment that was made without one is served by the system's."""
    for python in (sys.executable, shutil.which("python3") or sys.executable):
        done = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
        if done.returncode == 0:
            return [python, "-m", "pip"]
    raise AssertionError("no Python here has pip")


def clean() -> dict[str, str]:
    """The environment without what would let a process see this checkout."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {
        n: v for n, v in os.environ.items() if n not in unwanted and not n.startswith(("ACCESS_SERVICE_", "COV"))
    }
    return {**kept, "PYTHONIOENCODING": "utf-8"}


class Environment:
    """A virtual environment in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(command, check=True, env=clean(), timeout=120)

    def pip(self, *arguments: str) -> str:
        """What pip says; an assertion where it fails."""
        done = subprocess.run(
            [*_pip(), "--python", str(self.python), *arguments],
            env=clean(),
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, *what: str) -> None:
        self.pip("install", "--quiet", "--no-compile", *what)

    def run(self, code: str, *, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A piece of Python, away from this checkout."""
        more = {} if path is None else {"PYTHONPATH": str(path)}
        return subprocess.run(
            [str(self.python), "-c", code],
            cwd=self.folder,
            env={**clean(), **more},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def says(self, code: str, *, path: Path | None = None) -> str:
        """What it prints; an assertion where it fails."""
        done = self.run(code, path=path)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

"""The peers' own virtual environment: made when missing, each package installed by itself; what could not be."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANTED = Path(__file__).with_name("peers.txt")
FOLDER = ROOT / "var" / "bench"
"""Below `var/`, which git ignores."""
REASON = 300
"""Characters of pip's complaint that are kept."""


@dataclass(frozen=True)
class Peers:
    """Where the peers are installed."""

    python: Path
    failed: dict[str, str]
    """Distribution to the reason why it is not there."""


def requirements() -> list[str]:
    """The pinned lines of `peers.txt`."""
    lines = (line.strip() for line in WANTED.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def install() -> Peers:
    """The environment for exactly these versions; an earlier one is used again."""
    digest = hashlib.sha256("\n".join([sys.version, *requirements()]).encode()).hexdigest()[:12]
    folder = FOLDER / f"peers-{digest}"
    python, stamp = folder / "bin" / "python", folder / "failed.json"
    if not stamp.is_file():
        print("bench: installing the peers", file=sys.stderr, flush=True)
        venv.create(folder, clear=True, with_pip=True)
        failed = {}
        for requirement in requirements():
            if complaint := _pip(python, requirement):
                failed[requirement.partition("==")[0]] = complaint
        stamp.write_text(json.dumps(failed), encoding="utf-8")
    _check_casbin(python)
    return Peers(python, json.loads(stamp.read_text(encoding="utf-8")))


def _pip(python: Path, requirement: str) -> str:
    """Install one; the last lines of what pip said where it could not."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
    return f"cannot be installed: {said[-1]}"[:REASON]


def _check_casbin(python: Path) -> None:
    """The frozen distribution `casbin` overwrites the files of `pycasbin`: no number would mean anything."""
    code = "import importlib.metadata as m; m.version('casbin')"
    done = subprocess.run([str(python), "-c", code], capture_output=True, check=False)
    if done.returncode == 0:
        raise RuntimeError("a peer brought the distribution `casbin` beside `pycasbin`")

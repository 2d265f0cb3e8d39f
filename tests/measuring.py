"""Which lines and branches of the product the tests reach, at a quarter of a tracer's cost.

CPython 3.11 calls a tracer for every call and line of every library, which made the suite two to three times as
slow. SlipCover writes counters into our own code as it is imported, and into nothing else. `scripts/test` names a
folder in `ACCESS_SERVICE_TEST_MEASURES`; every process that runs tests leaves there what it reached, and
`python -m slipcover --merge` puts it together, prints what is missing and holds it against `fail-under`.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path

import slipcover

ROOT = Path(__file__).parents[1]
VARIABLE = "ACCESS_SERVICE_TEST_MEASURES"


def _begin(*, is_whole: bool) -> slipcover.Slipcover:
    chosen = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["slipcover"]
    source = [str(ROOT / folder) for folder in chosen["source"]]
    measure = slipcover.Slipcover(
        branch=chosen["branch"],
        # Modules that nobody imported count as missed; it is enough that one process says so.
        source=source if is_whole else None,
        omit=chosen["omit"],
        exclude_also=chosen["exclude-also"],
    )
    slipcover.ImportManager(measure, slipcover.FileMatcher(sources=source, omit=chosen["omit"])).__enter__()
    return measure


_measure = _begin(is_whole="pytest" in sys.modules) if os.environ.get(VARIABLE) else None
"""Begun when this module is imported, because what was imported before is not measured."""


def program() -> list[str]:
    """How a test starts the program in a process that ends by itself: then its lines are counted as well."""
    if _measure is None:
        return [sys.executable, "-m", "access_service"]
    return [sys.executable, str(ROOT / "tests" / "measured.py")]


def leave_result() -> None:
    """Write what this process reached so far; nothing where nobody measures."""
    if _measure is not None:
        found = dict(_measure.get_coverage())
        # A process that began in another folder names files in full: they are the same files.
        found["files"] = {name.removeprefix(f"{ROOT}/"): told for name, told in found["files"].items()}
        path = Path(os.environ[VARIABLE]) / f"{os.getpid()}.json"
        path.write_text(json.dumps(found), encoding="utf-8")

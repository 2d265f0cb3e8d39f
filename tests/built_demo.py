"""The example province, built once for all tests of a run, whichever process needs it first.

It is built by the acts that `access-service demo` builds it by; that the command does so has a test of its own
(`scripts/test_demo`). Whoever needs it copies the folder: what starts there finds the example as it was left.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

from access_service.demonstration import serve


def copy_demo(beside: Path, into: Path) -> dict[str, Any]:
    """The example in the folder `into`, and what its file says; `beside` is a folder of `tmp_path_factory`'s."""
    # Workers of one run have their folders in one folder.
    shared = beside.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else beside.parent
    made = shared / "demonstration"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "demo.json").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            serve._build(made, lambda _said: None)
    shutil.copytree(made, into, dirs_exist_ok=True)
    told: dict[str, Any] = json.loads((into / "demo.json").read_text("utf-8"))
    return told

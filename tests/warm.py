"""The program in a process of its own that need not import it: forked from one that has imported everything.

A start of the program costs one to four seconds of a processor, nearly all of it imports, and a page of commands
starts it thirty times. `install` writes an `access-service` that asks `warm_server.py` for a fork: its own
arguments, environment, folder, umask and files, signals passed on, its exit status. What the program does when
it is started from nothing is tested where a test starts it with `measuring.program` or from a wheel.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
CLIENT = HERE / "warm_client.py"


def install(programs: Path) -> Path:
    """An `access-service` in this folder, which is made."""
    programs.mkdir(exist_ok=True)
    program = programs / "access-service"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{CLIENT}" "{address()}" "$@"\n', "utf-8")
    program.chmod(0o755)
    return program


def command() -> list[str]:
    """The same for whoever starts it without a shell."""
    return [sys.executable, "-I", "-S", str(CLIENT), str(address())]


@cache
def address() -> Path:
    """Where the process that forks listens; it is started once, and ends with the tests."""
    # Below /tmp: the path of a Unix socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="access-service-warm-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "socket"
    server = subprocess.Popen(
        [sys.executable, str(HERE / "warm_server.py"), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    said = server.stdout.readline()
    assert said == b"ready\n", said
    # It ends when nobody holds the other end of its standard input.
    atexit.register(server.wait)
    atexit.register(server.stdin.close)
    return path

"""A machine with PostgreSQL's own programs, on which the pages for operators are followed word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import databases

ROOT = Path(__file__).parents[1]


def blocks(text: str, kind: str) -> list[str]:
    """The blocks of that kind in a page, in their order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class PgMachine:
    """A server's machine: its folders, its user, its programs."""

    def __init__(self, folder: Path, url: str, names: tuple[str, ...], **more: str) -> None:
        """`names` are variables that name folders below this one. Raises `NoServerError` without programs."""
        self.folder, self.url = folder, url
        self.user = databases.NOBODY if os.geteuid() == 0 else None
        programs = databases.server_programs()
        if self.user:
            shutil.chown(folder, self.user)
            if not databases.reachable_by_others(programs):
                shutil.copytree(programs.parent, folder / "programs", symlinks=True)
                programs = folder / "programs" / "bin"
        self.server = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGUSER": "test",
            **{name: str(folder / name.lower()) for name in names},
            **more,
        }

    def as_server(self, commands: str, **more: str) -> None:
        """By the user of the server. Its output goes to a file: a server that is started keeps it open."""
        log = self.folder / "commands.log"
        with log.open("ab") as out:
            done = subprocess.run(
                ["sh", "-eu", "-c", commands],
                user=self.user,
                cwd=self.folder,
                env={**self.server, **more},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=300,
                check=False,
            )
        assert done.returncode == 0, log.read_text("utf-8")

    def as_operator(self, *commands: str, keys: Path | None = None, right: bool = True) -> str:
        """By whoever runs the service; `right`: it has to end well. What was said, on both streams."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONIOENCODING": "utf-8",
            "ACCESS_SERVICE_DATABASE_URL": self.url,
            "ACCESS_SERVICE_KEYS_DIR": str(keys or self.folder / "keys-of-the-service"),
        }
        done = subprocess.run(
            commands, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
        )
        assert not right or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@contextmanager
def short_folder(name: str) -> Iterator[Path]:
    """Below /tmp: the path of a Unix socket may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"access-service-{name}-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

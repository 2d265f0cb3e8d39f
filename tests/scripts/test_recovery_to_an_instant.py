"""docs/restore.md, its last section, word for word: PostgreSQL goes back to an instant, and what was open ends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import databases
from databases import NoServerError

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "restore.md").read_text("utf-8").partition("## To an instant")[2]
FOUNDING = (
    *("--register", "thu", "--unit", "00031", "--name", "Sở Thử", "--director", "Nguyễn Văn Thử"),
    *("--decision-number", "000/QĐ", "--decision-date", "01/08/2026", "--focal-point", "Trần Thị Thử"),
)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


class Machine:
    """A server's machine: its folders, its user, its programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = databases.NOBODY if os.geteuid() == 0 else None
        programs = databases.server_programs()
        if self.user:
            shutil.chown(folder, self.user)
            if not databases._reachable_by_others(programs):
                shutil.copytree(programs.parent, folder / "programs", symlinks=True)
                programs = folder / "programs" / "bin"
        self.server = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": str(folder),
            "PGUSER": "test",
            **{name: str(folder / name.lower()) for name in ("PGDATA", "ARCHIVE", "BASE", "RESTORED")},
        }
        self.url = f"postgresql://test@/postgres?host={folder}"

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

    def as_operator(self, *commands: str) -> str:
        """By whoever runs the service."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONIOENCODING": "utf-8",
            "ACCESS_SERVICE_DATABASE_URL": self.url,
            "ACCESS_SERVICE_KEYS_DIR": str(self.folder / "keys-of-the-service"),
        }
        done = subprocess.run(
            commands, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="access-service-pitr-", dir="/tmp"))
    try:
        try:
            made = Machine(folder)
        except NoServerError as error:
            pytest.skip(str(error))
        (folder / "socket.conf").write_text(
            f"unix_socket_directories = '{folder}'\nlisten_addresses = ''\n", "utf-8"
        )
        made.as_server(
            'mkdir "$ARCHIVE"; initdb --auth=trust --encoding=UTF8 --locale=C --no-sync -U test -D "$PGDATA"; '
            'cat socket.conf >> "$PGDATA/postgresql.conf"; pg_ctl start -w -D "$PGDATA" -l "$PGDATA/server.log"'
        )
        yield made
        for data in ("$PGDATA", "$RESTORED"):
            made.as_server(f'pg_ctl stop -m immediate -D "{data}" || true')
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_postgresql_goes_back_to_an_instant_and_what_was_open_ends(machine: Machine) -> None:
    once, weekly, back = blocks("postgres")
    (after,) = blocks("recovered")
    machine.as_server(once)
    machine.as_operator(sys.executable, "-m", "access_service", "init", *FOUNDING)
    machine.as_server(weekly)
    with psycopg.connect(machine.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('before')")
        time.sleep(1.1)
        (instant,) = connection.execute("SELECT clock_timestamp()::text").fetchone() or ("",)
        time.sleep(1.1)
        connection.execute("INSERT INTO kept VALUES ('after')")
        connection.execute("SELECT pg_switch_wal()")
    machine.as_server(back, INSTANT=str(instant))
    with psycopg.connect(machine.url) as connection:
        _wait_until_it_writes(connection)
        assert connection.execute("SELECT word FROM kept").fetchall() == [("before",)]
    told = machine.as_operator("sh", "-eu", "-c", after)
    assert "thu: r1 → r2" in told
    assert "chain and papers hold together" in told


def _wait_until_it_writes(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """It promotes itself once it has reached the instant."""
    connection.autocommit = True
    for _ in range(600):
        if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,):
            return
        time.sleep(0.1)
    raise AssertionError("it stays in recovery")

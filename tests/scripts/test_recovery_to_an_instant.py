"""docs/restore.md, its last section, word for word: PostgreSQL goes back to an instant, and what was open ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from databases import NoServerError
from pg_machine import PgMachine, blocks, short_folder

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "restore.md").read_text("utf-8").partition("## To an instant")[2]
FOUNDING = (
    *("--register", "thu", "--unit", "00031", "--name", "Sở Thử", "--director", "Nguyễn Văn Thử"),
    *("--decision-number", "000/QĐ", "--decision-date", "01/08/2026", "--focal-point", "Trần Thị Thử"),
)


@pytest.fixture
def machine() -> Iterator[PgMachine]:
    with short_folder("pitr") as folder:
        names = ("PGDATA", "ARCHIVE", "BASE", "RESTORED")
        try:
            made = PgMachine(folder, f"postgresql://test@/postgres?host={folder}", names, PGHOST=str(folder))
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


def test_postgresql_goes_back_to_an_instant_and_what_was_open_ends(machine: PgMachine) -> None:
    once, weekly, back = blocks(SECTION, "postgres")
    (after,) = blocks(SECTION, "recovered")
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

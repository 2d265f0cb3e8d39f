"""A database takes over without the last commits: no node allows what was granted in the lost ones.

The numbers of revisions come back for other facts; only the head of the event chain tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from access_service.domain.scope import Scope
from access_service.storage.db import Database
from access_service.usecases.handover.documents import EnteredLine
from databases import administrator, database
from machine import furnished, wait_for
from world import SCHOOL, Clock

NAME, COPY, LOST = "access_service_failover", "access_service_failover_copy", "access_service_failover_lost"


@contextmanager
def cut_off(server: str) -> Iterator[Connection]:
    """Nobody is connected to the database, and nobody can be, for as long as the block runs."""
    with administrator(server) as connection:
        connection.execute(text(f'ALTER DATABASE "{NAME}" WITH ALLOW_CONNECTIONS false'))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": NAME}
        )
        yield connection
        connection.execute(text(f'ALTER DATABASE "{NAME}" WITH ALLOW_CONNECTIONS true'))


@pytest.fixture
def url(postgresql_server: str) -> Iterator[str]:
    with database(postgresql_server, NAME) as made:
        yield made
    with administrator(postgresql_server) as connection:
        for name in (COPY, LOST):
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def test_what_was_granted_in_commits_that_were_lost_is_allowed_by_nobody(
    url: str, postgresql_server: str, tmp_path: Path
) -> None:
    machine, services, registrar = furnished(tmp_path, url)
    world = machine.world
    services.db.close()
    with cut_off(postgresql_server) as connection:
        connection.execute(text(f'CREATE DATABASE "{COPY}" TEMPLATE "{NAME}"'))
    saved = machine.recorded()[0]
    grant = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), world.clock.now)
    world.hand_over(SCHOOL, registrar, grant)
    services.db.close()
    newest = machine.recorded()[0]
    with machine.serving() as port:
        assert machine.ask(port)[1]["decision"] is True
        with cut_off(postgresql_server) as connection:
            connection.execute(text(f'ALTER DATABASE "{NAME}" RENAME TO "{LOST}"'))
            connection.execute(text(f'ALTER DATABASE "{COPY}" RENAME TO "{NAME}"'))
        # The other node goes on where the copy stood, until its numbers are those that the first node knows.
        other = Database(url, Clock(world.clock.now))
        for number in range(saved, newest):
            with other.write(world.register, "operator") as tx:
                tx.happened("person.put", f"khac-{number}")
                tx.touches()
        assert machine.recorded()[0] == newest
        other.close()
        wait_for(lambda: machine.ask(port)[1].get("decision") is False)
        assert [machine.ask(port)[1]["decision"] for _ in range(20)] == [False] * 20
    assert make_url(url).database == NAME

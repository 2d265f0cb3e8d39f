"""docs/add-a-node.md and docs/fail-over.md, word for word: two servers, two nodes, and the primary is lost.

Once the standby has every commit, and once it lacks the last ones, for which other facts get their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.scope import Scope
from access_service.storage.db import Database
from access_service.usecases.handover.documents import EnteredLine
from databases import NoServerError
from machine import Machine, furnished, wait_for
from pack_server import free_port
from pg_machine import ROOT, PgMachine, blocks, short_folder
from world import SCHOOL, Clock, Someone

ADD, OVER = ((ROOT / "docs" / page).read_text("utf-8") for page in ("add-a-node.md", "fail-over.md"))


@pytest.fixture
def servers() -> Iterator[PgMachine]:
    """A primary that runs, as the database's administrator left it; the standby is made by the page."""
    with short_folder("failover") as folder:
        ports = free_port(), free_port()
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in ports)
        reached = {n: f"host=127.0.0.1 port={p}" for n, p in zip(("FIRST", "SECOND"), ports, strict=True)}
        try:
            made = PgMachine(
                folder,
                f"postgresql://test@/postgres?{hosts}&target_session_attrs=read-write",
                ("PGDATA", "STANDBY"),
                **reached,
            )
        except NoServerError as error:
            pytest.skip(str(error))
        (folder / "first.conf").write_text(
            f"unix_socket_directories = '{folder}'\nlisten_addresses = '127.0.0.1'\n"
            f"port = {ports[0]}\nfsync = off\n",
            "utf-8",
        )
        made.as_server(
            'initdb --auth=trust --encoding=UTF8 --locale=C --no-sync -U test -D "$PGDATA"; '
            'cat first.conf >> "$PGDATA/postgresql.conf"; pg_ctl start -w -D "$PGDATA" -l "$PGDATA/server.log"'
        )
        yield made
        for data in ("$PGDATA", "$STANDBY"):
            made.as_server(f'pg_ctl stop -m immediate -D "{data}" || true')


@contextmanager
def two_nodes(machine: Machine) -> Iterator[tuple[int, int]]:
    with machine.serving() as one, machine.serving() as two:
        yield one, two


def everywhere(machine: Machine, nodes: tuple[int, int]) -> list[Any]:
    """Status and decision of each node."""
    answers = [machine.ask(port) for port in nodes]
    return [(status, (answer or {}).get("decision")) for status, answer in answers]


def hand_over(machine: Machine, registrar: Someone) -> None:
    line = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), machine.world.clock.now)
    machine.world.hand_over(SCHOOL, registrar, line)
    machine.world.services.db.close()


def at_work(machine: Machine) -> Path:
    """The folder of keys; what tests keep beside them is as private."""
    (machine.folder / "off").chmod(0o600)
    return machine.folder


def proven(servers: PgMachine, machine: Machine) -> str:
    return servers.as_operator("sh", "-eu", "-c", blocks(OVER, "sh")[0], keys=at_work(machine))


def test_nothing_is_lost_with_a_primary_whose_commits_waited_for_the_standby(
    servers: PgMachine, tmp_path: Path
) -> None:
    once, copied, lost, again = blocks(OVER, "postgres")
    servers.as_server(once)
    machine, services, registrar = furnished(tmp_path, servers.url)
    services.db.close()
    servers.as_server(copied)
    servers.as_server(blocks(OVER, "waits")[0])
    servers.as_operator("sh", "-eu", "-c", blocks(ADD, "sh")[0], keys=at_work(machine))
    with two_nodes(machine) as nodes:
        assert everywhere(machine, nodes) == [(200, False)] * 2
        hand_over(machine, registrar)
        recorded = machine.recorded()
        wait_for(lambda: everywhere(machine, nodes) == [(200, True)] * 2)
        servers.as_server(lost)
        wait_for(lambda: everywhere(machine, nodes) == [(200, True)] * 2)
        assert [machine.status(port, "/readyz") for port in nodes] == [200] * 2
        assert machine.recorded() == recorded
        assert "chain and papers hold together" in proven(servers, machine)
        # The former primary follows, and takes over in its turn: the page goes both ways.
        servers.as_server(again)
        servers.as_server(
            lost, PGDATA=servers.server["STANDBY"], STANDBY=servers.server["PGDATA"], SECOND=servers.server["FIRST"]
        )
        wait_for(lambda: everywhere(machine, nodes) == [(200, True)] * 2)
        assert machine.recorded() == recorded


def test_what_was_granted_in_commits_that_the_standby_never_had_is_allowed_by_no_node(
    servers: PgMachine, tmp_path: Path
) -> None:
    once, copied, lost, _ = blocks(OVER, "postgres")
    servers.as_server(once)
    machine, services, registrar = furnished(tmp_path, servers.url)
    services.db.close()
    servers.as_server(copied)
    saved = machine.recorded()[0]
    with two_nodes(machine) as nodes:
        # The standby is cut off: what is committed from now on reaches it no more.
        servers.as_server('pg_ctl stop -w -m fast -D "$STANDBY"')
        hand_over(machine, registrar)
        newest = machine.recorded()[0]
        wait_for(lambda: everywhere(machine, nodes) == [(200, True)] * 2)
        servers.as_server('pg_ctl stop -m immediate -D "$PGDATA"')
        wait_for(lambda: [status for status, _ in everywhere(machine, nodes)] == [503] * 2)
        assert [machine.status(port, "/readyz") for port in nodes] == [503] * 2
        servers.as_server('pg_ctl start -w -D "$STANDBY" -l "$STANDBY/server.log"')
        servers.as_server(lost)
        # Other facts get the numbers that the nodes know, before they look again or after.
        other = Database(servers.url, Clock(machine.world.clock.now))
        for number in range(saved, newest):
            with other.write(machine.world.register, "operator") as tx:
                tx.happened("person.put", f"khac-{number}")
                tx.touches()
        other.close()
        wait_for(lambda: everywhere(machine, nodes) == [(200, False)] * 2)
        assert [everywhere(machine, nodes) for _ in range(10)] == [[(200, False)] * 2] * 10
        assert machine.recorded()[0] == newest
    told = servers.as_operator("sh", "-eu", "-c", blocks(OVER, "lost")[0], keys=at_work(machine))
    assert "chain and papers hold together" in told

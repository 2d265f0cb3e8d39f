"""Nodes on one PostgreSQL hear of each other's commits; whoever hears nothing looks, and is only later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import func, select, text

from access_service.domain.errors import NotFoundError
from access_service.domain.names import RegisterId
from access_service.live.decision_point import DecisionPoint
from access_service.live.listening import Listener, listening
from access_service.storage.db import Database
from access_service.storage.notices import read_notice
from access_service.storage.notified import CHANNEL
from databases import administrator
from world import Clock, World

pytestmark = pytest.mark.backends("postgresql")
OTHERS = 60.0
"""Seconds after which something has not happened."""


class Node:
    """Another process on the same database: it polls so seldom that only a notice moves it in a test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = Database(world.services.db.url.render_as_string(hide_password=False), Clock())
        self.point = DecisionPoint(self.db, poll_s=OTHERS * 10, staleness_s=OTHERS * 10)
        self.looked = threading.Event()

    def advance(self, register: RegisterId) -> int:
        self.looked.set()
        return self.point.advance(register)

    def revision(self, register: RegisterId) -> int:
        return self.point.revision(register)


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + OTHERS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@contextmanager
def listens(world: World) -> Iterator[tuple[Node, Listener]]:
    node = Node(world)
    try:
        assert node.point.advance(world.register)
        with listening(node.db, node) as listener:
            assert listener is not None
            wait_until(lambda: listener.is_listening)
            yield node, listener
    finally:
        node.db.close()


def commit(world: World) -> int:
    with world.services.db.write(world.register, "operator") as tx:
        tx.happened("thử nghiệm", world.register)
        tx.touches()
        return tx.revision


def test_a_commit_is_heard_by_a_node_that_would_look_much_later(world: World) -> None:
    with listens(world) as (node, _):
        made = commit(world)
        wait_until(lambda: node.point.revision(world.register) == made)


def test_what_was_rolled_back_and_what_no_node_says_moves_nobody(world: World) -> None:
    with listens(world) as (node, _):
        with suppress(NotFoundError), world.services.db.write(world.register, "operator") as tx:
            tx.happened("thử nghiệm", world.register)
            tx.finish()
            raise NotFoundError("unit", "thử nghiệm")
        with world.services.db.engine.begin() as connection:
            # Anybody with a login may say anything: of a register that nobody keeps, of another form, of the past.
            for said in ("", "9", "x y", "-1 a", "١ a", f"{'9' * 30} a", "5 no_such", f"1 {world.register}", "1 "):
                connection.execute(select(func.pg_notify(CHANNEL, said)))
        assert not node.looked.is_set()
        made = commit(world)
        wait_until(lambda: node.point.revision(world.register) == made)


def test_a_revision_that_somebody_invents_costs_a_look(world: World) -> None:
    with listens(world) as (node, _):
        before = node.point.revision(world.register)
        with world.services.db.engine.begin() as connection:
            connection.execute(select(func.pg_notify(CHANNEL, f"{10**15} {world.register}")))
        wait_until(node.looked.is_set)
        assert node.point.revision(world.register) == before


def test_a_connection_that_breaks_is_made_again(world: World, postgresql_url: str) -> None:
    with listens(world) as (node, listener):
        with administrator(postgresql_url) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN %' AND datname = current_database()"
                )
            )

        def is_heard() -> bool:
            made = commit(world)
            time.sleep(0.05)
            return node.point.revision(world.register) == made

        wait_until(is_heard)
        assert listener.is_listening


def test_a_node_that_hears_nothing_finds_the_commit_by_looking(world: World) -> None:
    node = Node(world)
    point = DecisionPoint(node.db, poll_s=0.01)
    point.advance(world.register)
    point.watch()
    try:
        made = commit(world)
        wait_until(lambda: point.revision(world.register) == made)
    finally:
        point.close()
        node.db.close()


def test_a_notice_has_one_form() -> None:
    assert read_notice("7 Hai_Phong") == ("Hai_Phong", 7)
    assert read_notice("7") is None

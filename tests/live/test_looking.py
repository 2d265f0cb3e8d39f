"""Whoever looks at the database holds nothing that a decision needs, and knows what it saw."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from access_service.domain.names import RegisterId
from usecases.deciding import School, ask, deciding, suspend
from world import CLASS_6B, World


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


@contextmanager
def beside(world: World) -> Iterator[World]:
    """Another process on the same database: nobody here hears of its commits."""
    listeners = list(world.services.committed)
    world.services.committed.clear()
    try:
        yield world
    finally:
        world.services.committed.extend(listeners)


def test_a_look_that_hangs_holds_up_no_question(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, teacher, point = school
    assert point.decide(world.register, ask(teacher)).decision
    look, goes_on, looking = world.services.db.counter, threading.Event(), threading.Event()

    def hanging(register: RegisterId) -> object:
        if threading.current_thread().name == "hanging":
            looking.set()
            goes_on.wait(60)
        return look(register)

    monkeypatch.setattr(world.services.db, "counter", hanging)
    waiting = threading.Thread(target=point.advance, args=(world.register,), name="hanging")
    waiting.start()
    try:
        assert looking.wait(60)
        assert point.decide(world.register, ask(teacher)).decision
        # Not kept, so it takes the view's lock, which whoever looks does not hold.
        assert not point.decide(world.register, ask(teacher, class_id=CLASS_6B)).decision
        suspend(world, teacher)
        assert not point.decide(world.register, ask(teacher)).decision
    finally:
        goes_on.set()
        waiting.join()
    assert not point.decide(world.register, ask(teacher)).decision


def test_what_came_back_under_the_number_of_the_counter_last_seen_is_noticed(school: School) -> None:
    """A question moves the view on by itself; the counter seen before it must not stand for where it is now."""
    world, teacher, point = school
    point.decide(world.register, ask(teacher))
    point.advance(world.register)
    with beside(world):
        suspend(world, teacher)
    point.decide(world.register, ask(teacher, class_id=CLASS_6B))
    view = point._views[world.register]
    assert view.counter == (view.revision, view.head)

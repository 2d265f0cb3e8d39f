"""The thread that watches the database: nothing ends it, and what it has not seen is not fresh."""

import time
from typing import Any

import pytest

from access_service.live.decision_point import DecisionPoint
from world import World


def test_the_watcher_outlives_any_fault_of_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    point = DecisionPoint(world.services.db, poll_s=0.01)
    faults, marks = [RuntimeError("no such file"), MemoryError()], world.services.db.marks

    def broken_twice() -> Any:
        if faults:
            raise faults.pop()
        return marks()

    monkeypatch.setattr(world.services.db, "marks", broken_twice)
    point.watch()
    try:
        until = time.monotonic() + 60
        while (faults or not point.is_fresh()) and time.monotonic() < until:
            time.sleep(0.01)
        assert (faults, point.is_fresh()) == ([], True)
    finally:
        point.close()

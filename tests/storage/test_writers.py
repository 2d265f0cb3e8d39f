"""Writers that wait for a lock leave connections for those who read."""

import sqlite3
import time
from threading import Lock, Thread
from typing import Any

from samples import open_register
from sqlalchemy import event

from access_service.domain.audit import Happening
from access_service.domain.names import RegisterId
from access_service.storage.in_turn import Turns
from access_service.usecases.services import Services

HERE = RegisterId("thu-nghiem")
MANY = 25


def test_readers_find_a_connection_while_25_writers_wait_behind_a_locked_file(
    sqlite_services: Services,
) -> None:
    """And every writer has its turn once the file is free."""
    database = sqlite_services.db
    open_register(database, HERE)
    before = database.counter(HERE)
    assert before is not None
    held: list[int] = [0, 0]
    guard = Lock()

    def taken(*_: Any) -> None:
        with guard:
            held[0] += 1
            held[1] = max(held)

    def given_back(*_: Any) -> None:
        with guard:
            held[0] -= 1

    event.listen(database.engine, "checkout", taken)
    event.listen(database.engine, "checkin", given_back)
    locking = sqlite3.connect(str(database.url.database), isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    writers = [
        Thread(target=database.note, args=(HERE, "operator", Happening("register.noted", HERE)))
        for _ in range(MANY)
    ]
    for writer in writers:
        writer.start()
    while not held[0]:
        time.sleep(0.001)
    database.ping()
    assert database.counter(HERE) == before
    locking.execute("ROLLBACK")
    locking.close()
    for writer in writers:
        writer.join()
    after = database.counter(HERE)
    assert after is not None
    assert after.seq == before.seq + MANY
    assert held[1] <= 2


def test_who_came_first_writes_first_and_who_gives_up_keeps_nobody_waiting() -> None:
    turns, came, lock = Turns(1), list[int](), Lock()
    assert turns.acquire(0)
    assert not turns.acquire(0.001)

    def write(n: int) -> None:
        assert turns.acquire(60)
        with lock:
            came.append(n)
        turns.release()

    waiting = []
    for n in range(MANY):
        waiting.append(Thread(target=write, args=(n,)))
        waiting[-1].start()
        while len(turns._waiting) <= n:
            time.sleep(0.0005)
    assert not turns.acquire(0.001)
    turns.release()
    for thread in waiting:
        thread.join()
    assert came == list(range(MANY))
    assert turns.acquire(0)

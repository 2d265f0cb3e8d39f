"""What an audit event costs in CPU microseconds, one a write and fifty a write, and a bare INSERT of those rows.

    python benchmarks/events.py

The best of several rounds each, on SQLite; a machine that is busy shows in the rounds and not in the best of them.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from access_service.domain.audit import Doer
from access_service.domain.names import RegisterId
from access_service.storage import migrate
from access_service.storage.db import Database
from access_service.usecases.services import system_clock

HERE = RegisterId("do")
DOER = Doer("acc_1", "per_1", "0003101")
ROUNDS = 5


def _best(run: Callable[[], None], events: int) -> float:
    """CPU microseconds an event."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best / events * 1e6


def _write(db: Database, writes: int, events: int) -> None:
    for _ in range(writes):
        with db.write(HERE, DOER) as tx:
            tx.policy = "0" * 64
            for number in range(events):
                tx.happened("grant.propose", f"grn_{number}", unit="0003101", document="doc_1")


def _bare(path: Path, writes: int, events: int) -> None:
    with sqlite3.connect(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
        rows = [
            tuple(row) for row in connection.execute("SELECT * FROM events ORDER BY seq DESC LIMIT ?", (events,))
        ]
        [top] = connection.execute("SELECT max(seq), max(unit_seq) FROM events").fetchall()
        place, unit_place = columns.index("seq"), columns.index("unit_seq")
        for write in range(writes):
            made = []
            for number, row in enumerate(rows, 1):
                values = list(row)
                values[place] = top[0] + write * events + number
                values[unit_place] = top[1] + write * events + number
                made.append(values)
            connection.executemany(f"INSERT INTO events VALUES ({','.join('?' * len(columns))})", made)  # noqa: S608
        connection.rollback()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        migrate.upgrade(f"sqlite:///{path}")
        db = Database(f"sqlite:///{path}", system_clock)
        with db.create_register(HERE, "00031", demo=False) as tx:
            tx.happened("register.init", HERE)
        for writes, events in ((200, 1), (20, 50)):
            ours = _best(lambda w=writes, e=events: _write(db, w, e), writes * events)  # type: ignore[misc]
            bare = _best(lambda w=writes, e=events: _bare(path, w, e), writes * events)  # type: ignore[misc]
            print(f"{events} a write: {ours:.0f} µs an event; a bare INSERT of the rows {bare:.1f} µs")
        db.close()


if __name__ == "__main__":
    main()

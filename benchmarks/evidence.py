"""What the log's tree costs: tiles, a root, a proof of an event, consistency, the daily `verify --since`.

    python benchmarks/evidence.py --events 1000000

A register of so many events on SQLite. Those before the last day are rows of plain SQL whose leaves are hashes of
their numbers (a tree asks for no more); the day's 20,000 events are real. Ten million are simulated on top of the
same rows: level 0 comes from the table, the tiles above are made up, so that a proof costs what it would and proves
nothing. Times are CPU milliseconds; the floor of a proof is the one SELECT of a tile's rows, that of `verify` the
SELECT of the day's rows and a SHA-256 of each.
"""

import argparse
import hashlib
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from access_service.domain.audit import Doer
from access_service.domain.findings import FindingCode
from access_service.domain.log import Tree, check_consistency, check_inclusion, tile_width
from access_service.domain.names import RegisterId
from access_service.signing.keys import load_or_create
from access_service.storage import migrate
from access_service.storage.db import Database
from access_service.storage.log import grow_tiles, read_leaf, read_tile, tree_of
from access_service.usecases.log.checkpoints import make_checkpoint
from access_service.usecases.services import Services, system_clock
from access_service.usecases.upkeep.verifying import verify_register

HERE = RegisterId("do")
DOER = Doer("acc_1", "per_1", "0003101")
DAY = 20_000
PROOFS = 200
TEN_MILLION = 9_999_863
DRAWN = random.Random(1)


def _timed(run: Callable[[], object]) -> float:
    """CPU milliseconds."""
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1000


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.2f} ms (most {ordered[-1]:.2f})"


def _fill(path: Path, events: int) -> None:
    """Rows that stand for events of the past."""
    with sqlite3.connect(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
        model = dict(zip(columns, connection.execute("SELECT * FROM events WHERE seq = 1").fetchone(), strict=True))

        def rows() -> object:
            for seq in range(2, events + 1):
                made = {**model, "seq": seq, "unit_seq": seq, "leaf": hashlib.sha256(str(seq).encode()).hexdigest()}
                yield [made[name] for name in columns]

        connection.executemany(f"INSERT INTO events VALUES ({','.join('?' * len(columns))})", rows())  # noqa: S608
        connection.execute("UPDATE counters SET seq = ?", (events,))
        connection.execute("UPDATE unit_chains SET n = ?", (events,))


def _real(db: Database, events: int) -> None:
    for first in range(0, events, 100):
        with db.write(HERE, DOER) as tx:
            tx.policy = "0" * 64
            for number in range(first, min(first + 100, events)):
                tx.happened("matrix.export", f"unit_{number}", unit="0003101")


def _proofs(db: Database, size: int) -> None:
    made, checked, floors = [], [], []
    with db.connect() as connection:
        root = tree_of(connection, HERE, size).root()
        print(f"root of {size}: {_timed(lambda: tree_of(connection, HERE, size).root()):.2f} ms")
        for _ in range(PROOFS):
            index = DRAWN.randrange(size)
            tree = tree_of(connection, HERE, size)
            proof: list[bytes] = []
            made.append(_timed(lambda t=tree, i=index, p=proof: p.extend(t.inclusion(i, size))))  # type: ignore[misc]
            leaf = read_leaf(connection, HERE, index + 1)
            assert leaf is not None
            checked.append(_timed(lambda n=leaf, i=index, p=proof: check_inclusion(n, i, size, p, root)))  # type: ignore[misc]
            floors.append(_timed(lambda i=index: read_tile(connection, HERE, 0, i // 256, 256)))  # type: ignore[misc]
        print(f"inclusion among {size}: made {_spread(made)}, checked {_spread(checked)}")
        print(f"  floor, one tile read: {_spread(floors)}; ratio {sum(made) / sum(floors):.1f}")
        times = []
        for _ in range(PROOFS // 4):
            old = DRAWN.randrange(1, size)
            tree = tree_of(connection, HERE, size)

            def both(tree: Tree = tree, old: int = old) -> None:
                check_consistency(old, size, tree.root(old), tree.root(size), tree.consistency(old, size))

            times.append(_timed(both))
        print(f"consistency, both roots with it: {_spread(times)}")


def _ten_million(db: Database, size: int) -> None:
    with db.connect() as connection:

        def read(level: int, number: int, width: int) -> bytes:
            if level == 0:
                return read_tile(connection, HERE, 0, number % (size // 256), 256)[: width * 32]
            return hashlib.shake_256(f"{level}/{number}".encode()).digest(width * 32)

        made = []
        for _ in range(PROOFS):
            index = DRAWN.randrange(TEN_MILLION)
            made.append(_timed(lambda i=index: Tree(TEN_MILLION, read).inclusion(i, TEN_MILLION)))  # type: ignore[misc]
        assert tile_width(3, 0, TEN_MILLION) == 0
        print(f"inclusion among {TEN_MILLION} (tiles above level 0 simulated): made {_spread(made)}")
        print(f"  root {_timed(lambda: Tree(TEN_MILLION, read).root()):.2f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        migrate.upgrade(f"sqlite:///{path}")
        db = Database(f"sqlite:///{path}", system_clock)
        with db.create_register(HERE, "00031", demo=False) as tx:
            tx.happened("register.init", HERE, unit="0003101")
        _fill(path, events)
        grown = _timed(lambda: grow_tiles(db, HERE, events))
        print(f"tiles: {grown * 1000 / events:.2f} µs an event")
        _proofs(db, events)
        _ten_million(db, events)
        keys = Path(folder) / "keys"
        services = Services(db, load_or_create(keys / "seal.key"), keys_dir=keys)
        _real(db, 1)
        first = _timed(lambda: make_checkpoint(services, HERE))
        print(f"checkpoint {first:.1f} ms")
        since = events + 1
        _real(db, DAY)
        began, wall = time.process_time(), time.monotonic()
        found = verify_register(db, HERE, since=since)
        spent, waited = time.process_time() - began, time.monotonic() - wall
        # No pack stands behind the made-up digest.
        assert {f.code for f in found.findings} == {FindingCode.PACK_DIGEST}, found.findings[:3]
        with sqlite3.connect(path) as connection:

            def floor() -> None:
                for row in connection.execute("SELECT * FROM events WHERE seq > ?", (since,)):
                    hashlib.sha256(repr(row).encode()).digest()

            least = _timed(floor) / 1000
        print(
            f"verify --since, {DAY} events: {spent:.2f} s CPU, {waited:.2f} s; {spent / DAY * 1e6:.0f} µs an event"
        )
        print(f"  floor, the rows read and hashed: {least:.2f} s; ratio {spent / least:.1f}")
        db.close()


if __name__ == "__main__":
    main()

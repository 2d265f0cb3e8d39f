"""The log's tree as it is kept: tiles above the leaves, checkpoints, and the entries of a tile.

Nothing here takes a register's counter: an event never changes once it is committed, so that whatever is worked out
from it may be late.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, text, update

from access_service.domain.log import HASH_BYTES, TILE_WIDTH, Frontier, ProofError, Tree
from access_service.domain.names import RegisterId
from access_service.storage.audit import events
from access_service.storage.codec import utc
from access_service.storage.db import Database
from access_service.storage.tables import CheckpointRow, CounterRow, EventRow, LogTileRow, insert_once, table

_events = table(EventRow)
_counters = table(CounterRow)
_tiles = table(LogTileRow)
_checkpoints = table(CheckpointRow)
AT_ONCE = TILE_WIDTH * TILE_WIDTH
"""Leaves that are read before what they complete is written."""
_LOCK = 0x6C6F_6700
"""First number of the advisory locks that let one process sign a register's log at a time (`log` in ASCII)."""

TreeConnection = Connection
"""A connection that a use case hands on, and asks nothing itself."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint that was signed."""

    epoch: int
    size: int
    root: bytes
    note: str
    made_at: datetime


def size_of(connection: Connection, register: RegisterId) -> int:
    """How many events the register has recorded, by its counter."""
    row = connection.execute(select(_counters.c.seq).where(_counters.c.register_id == register)).first()
    return 0 if row is None else int(row[0])


def tree_of(connection: Connection, register: RegisterId, size: int) -> Tree:
    """The tree over the first `size` events, for as long as the connection's snapshot lasts."""

    def read(level: int, number: int, width: int) -> bytes:
        return read_tile(connection, register, level, number, width)

    return Tree(size, read)


def read_tile(connection: Connection, register: RegisterId, level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile; fewer where they are not there. `ProofError` for what is no hash."""
    if level == 0:
        first = number * TILE_WIDTH
        return b"".join(_leaves(connection, register, first, first + width))
    statement = select(_tiles.c.hashes).where(
        _tiles.c.register_id == register, _tiles.c.level == level, _tiles.c.n == number
    )
    return bytes(connection.execute(statement).scalar() or b"")[: width * HASH_BYTES]


def _leaves(connection: Connection, register: RegisterId, after: int, until: int) -> Iterator[bytes]:
    statement = (
        select(_events.c.leaf)
        .where(_events.c.register_id == register, _events.c.seq > after, _events.c.seq <= until)
        .order_by(_events.c.seq)
    )
    for (leaf,) in connection.execute(statement):
        try:
            yield bytes.fromhex(leaf)
        except ValueError as error:
            raise ProofError("an event has no hash") from error


def grow_tiles(db: Database, register: RegisterId, size: int) -> None:
    """Keep every tile hash that `size` events complete. Called by one process at a time (`sign_alone`)."""
    while True:
        with db.connect() as connection:
            start = _covered(connection, register)
            end = min(size // TILE_WIDTH * TILE_WIDTH, start + AT_ONCE)
            if start >= end:
                return
            grown = Frontier(start, tree_of(connection, register, start).edge(start))
            found: dict[tuple[int, int], list[bytes]] = {}
            for leaf in _leaves(connection, register, start, end):
                for level, place, node in grown.add(leaf):
                    found.setdefault((level, place // TILE_WIDTH), []).append(node)
        if grown.size != end:
            raise ProofError(f"events are missing between {start + 1} and {end}")
        with db.aside() as connection:
            for (level, number), hashes in found.items():
                _lengthen(connection, register, level, number, b"".join(hashes))


def _covered(connection: Connection, register: RegisterId) -> int:
    """How many leaves the tiles of level 1 stand for."""
    statement = (
        select(_tiles.c.n, func.length(_tiles.c.hashes))
        .where(_tiles.c.register_id == register, _tiles.c.level == 1)
        .order_by(_tiles.c.n.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return 0 if row is None else (row[0] * TILE_WIDTH + row[1] // HASH_BYTES) * TILE_WIDTH


def readable_size(connection: Connection, register: RegisterId) -> int:
    """The largest tree that the tiles reach to: no larger than the log."""
    return min(size_of(connection, register), _covered(connection, register) + TILE_WIDTH - 1)


def _lengthen(connection: Connection, register: RegisterId, level: int, number: int, more: bytes) -> None:
    before = read_tile(connection, register, level, number, TILE_WIDTH)
    key = {"register_id": register, "level": level, "n": number}
    if not before:
        connection.execute(insert(_tiles).values(**key, hashes=more))
        return
    connection.execute(
        update(_tiles).where(*(_tiles.c[name] == value for name, value in key.items())).values(hashes=before + more)
    )


def forget_tiles(connection: Connection, register: RegisterId) -> None:
    """The tiles are worked out anew: after a restore they may be those of events that are gone."""
    connection.execute(delete(_tiles).where(_tiles.c.register_id == register))


def stored_tiles(connection: Connection, register: RegisterId) -> Iterator[tuple[int, int, bytes]]:
    """Every tile that is kept: level, number, hashes."""
    statement = select(_tiles).where(_tiles.c.register_id == register).order_by(_tiles.c.level, _tiles.c.n)
    for row in connection.execute(statement, execution_options={"yield_per": 100}).mappings():
        yield row["level"], row["n"], bytes(row["hashes"])


def newest_checkpoint(
    connection: Connection, register: RegisterId, epoch: int | None = None
) -> StoredCheckpoint | None:
    """The checkpoint that was signed last, of an epoch or of all; None where there is none."""
    statement = select(_checkpoints).where(_checkpoints.c.register_id == register)
    if epoch is not None:
        statement = statement.where(_checkpoints.c.epoch == epoch)
    ordered = statement.order_by(_checkpoints.c.epoch.desc(), _checkpoints.c.size.desc()).limit(1)
    row = connection.execute(ordered).mappings().first()
    return None if row is None else _checkpoint(row)


def checkpoint_before(connection: Connection, register: RegisterId, seq: int) -> StoredCheckpoint | None:
    """The largest checkpoint of the newest epoch that the event `seq` comes after, or is the last event of."""
    newest = newest_checkpoint(connection, register)
    if newest is None:
        return None
    statement = (
        select(_checkpoints)
        .where(
            _checkpoints.c.register_id == register,
            _checkpoints.c.epoch == newest.epoch,
            _checkpoints.c.size <= seq,
            _checkpoints.c.size > 0,
        )
        .order_by(_checkpoints.c.size.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().first()
    return None if row is None else _checkpoint(row)


def stored_checkpoints(
    connection: Connection, register: RegisterId, from_size: int = 0
) -> Iterator[StoredCheckpoint]:
    """Every checkpoint of at least that size, in order."""
    statement = (
        select(_checkpoints)
        .where(_checkpoints.c.register_id == register, _checkpoints.c.size >= from_size)
        .order_by(_checkpoints.c.epoch, _checkpoints.c.size)
    )
    for row in connection.execute(statement, execution_options={"yield_per": 2000}).mappings():
        yield _checkpoint(row)


def _checkpoint(row: RowMapping) -> StoredCheckpoint:
    try:
        root = bytes.fromhex(row["root"])
    except ValueError:
        # Nothing has this root, so that whoever compares it finds what was done.
        root = b""
    return StoredCheckpoint(row["epoch"], row["size"], root, row["note"], utc(row["made_at"]))


def keep_checkpoint(connection: Connection, register: RegisterId, made: StoredCheckpoint) -> None:
    """Store a checkpoint; one that is there already stays as it stands."""
    insert_once(
        connection,
        _checkpoints,
        {
            "register_id": register,
            "epoch": made.epoch,
            "size": made.size,
            "root": made.root.hex(),
            "note": made.note,
            "made_at": made.made_at,
        },
    )


def read_entries(connection: Connection, register: RegisterId, after: int, count: int) -> list[bytes]:
    """The canonical bytes of events in order, from the one after the number `after`."""
    return [event.canonical() for event in events(connection, register, after=after, limit=count)]


def read_leaf(connection: Connection, register: RegisterId, seq: int) -> bytes | None:
    """The leaf hash that was stored with an event; None where there is no such event."""
    found = [*_leaves(connection, register, seq - 1, seq)]
    return found[0] if found else None


@contextmanager
def sign_alone(db: Database, register: RegisterId) -> Iterator[bool]:
    """True while no other process of any machine signs this register's log; False where one does.

    PostgreSQL keeps that lock with a session. A SQLite file is used by one machine, where the pins have a lock.
    """
    if db.is_sqlite:
        yield True
        return
    numbers = {"kind": _LOCK, "which": _number_of(register)}
    with db.engine.connect() as connection:
        taken = bool(connection.execute(text("SELECT pg_try_advisory_lock(:kind, :which)"), numbers).scalar())
        connection.commit()
        try:
            yield taken
        finally:
            if taken:
                connection.execute(text("SELECT pg_advisory_unlock(:kind, :which)"), numbers)
                connection.commit()


def _number_of(register: RegisterId) -> int:
    """A number for a register; two registers that share one wait for each other, and no more."""
    return int.from_bytes(register.encode()[-4:], "big", signed=False) & 0x7FFF_FFFF

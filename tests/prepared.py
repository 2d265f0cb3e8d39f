"""Schools that are made once in a process and copied for every test: database, keys, and who is in them.

Founding a register takes a hundred times longer than copying it. What made it has tests of its own; a test that is
about making one calls `found` and `with_school` itself.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert, select

from access_service.signing.keys import load_or_create
from access_service.signing.vault import FactorKey
from access_service.storage.connecting import make_engine
from access_service.storage.db import Database
from access_service.storage.schema import metadata
from access_service.usecases.services import Services
from world import (
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    make_services,
    with_school,
)

T = TypeVar("T")
FILE = "thu.db"


@dataclass(frozen=True)
class _Kept:
    """A world as it was made, in a folder that nobody else writes to."""

    folder: Path
    world: World
    more: Any

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of its database, by table, in the order in which they may be written."""
        engine = make_engine(f"sqlite:///{self.folder / FILE}")
        try:
            with engine.connect() as connection:
                tables = metadata.sorted_tables
                return {t.name: [dict(r) for r in connection.execute(select(t)).mappings()] for t in tables}
        finally:
            engine.dispose()


_kept: dict[Callable[[World], Any], _Kept] = {}


def copied(folder: Path, furnish: Callable[[World], T], url: str | None = None) -> tuple[World, T]:
    """The school's world with what `furnish` adds: its keys in `folder`, services and a clock of its own.

    Its database is a file in the folder, or what stands at `url`: that has the schema, and nothing in it.
    `furnish` is a function of a module, called once for all; its answer is copied with the world.
    """
    if furnish not in _kept:
        _kept[furnish] = _make(furnish)
    kept = _kept[furnish]
    shutil.copytree(kept.folder, folder, dirs_exist_ok=True)
    clock = Clock(kept.world.clock.now)
    seal, factors = load_or_create(folder / "seal.key"), FactorKey.load(folder)
    db = Database(f"sqlite:///{folder / FILE}" if url is None else url, clock)
    if url is not None:
        _fill(db, kept.rows())
    services = Services(db, seal, factors=factors)
    # The copies point to the new services and clock wherever the originals pointed to theirs.
    known = {id(kept.world.services): services, id(kept.world.clock): clock}
    return deepcopy((kept.world, kept.more), known)


def _fill(db: Database, rows: dict[str, list[dict[str, Any]]]) -> None:
    with db.engine.begin() as connection:
        for name, found_ in rows.items():
            if found_:
                connection.execute(insert(metadata.tables[name]), found_)


def _make(furnish: Callable[[World], T]) -> _Kept:
    folder = Path(tempfile.mkdtemp(prefix="access-service-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    clock = Clock()
    world = with_school(found(make_services(f"sqlite:///{folder / FILE}", folder, clock), clock))
    more = furnish(world)
    world.services.db.checkpoint()
    world.services.db.close()
    for beside in ("-wal", "-shm"):
        Path(f"{folder / FILE}{beside}").unlink(missing_ok=True)
    return _Kept(folder, world, more)


def as_it_is(_world: World) -> None:
    """The school of `with_school`, and nothing else."""


def with_homeroom(world: World) -> Someone:
    """The homeroom teacher of 6A, who holds a grant on signed minutes."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    return teacher

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

from access_service.signing.keys import load_or_create
from access_service.signing.vault import FactorKey
from access_service.storage.db import Database
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


_kept: dict[Callable[[World], Any], _Kept] = {}


def copied(folder: Path, furnish: Callable[[World], T]) -> tuple[World, T]:
    """The school's world with what `furnish` adds, in `folder`, with services and a clock of its own.

    `furnish` is a function of a module, called once for all; its answer is copied with the world.
    """
    if furnish not in _kept:
        _kept[furnish] = _make(furnish)
    kept = _kept[furnish]
    shutil.copytree(kept.folder, folder, dirs_exist_ok=True)
    clock = Clock(kept.world.clock.now)
    seal, factors = load_or_create(folder / "seal.key"), FactorKey.load(folder)
    services = Services(Database(f"sqlite:///{folder / FILE}", clock), seal, factors=factors)
    # The copies point to the new services and clock wherever the originals pointed to theirs.
    known = {id(kept.world.services): services, id(kept.world.clock): clock}
    return deepcopy((kept.world, kept.more), known)


def built(folder: Path, url: str, furnish: Callable[[World], T]) -> tuple[World, T]:
    """The same, made anew in another database."""
    clock = Clock()
    world = with_school(found(make_services(url, folder, clock), clock))
    return world, furnish(world)


def _make(furnish: Callable[[World], T]) -> _Kept:
    folder = Path(tempfile.mkdtemp(prefix="access-service-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    world, more = built(folder, f"sqlite:///{folder / FILE}", furnish)
    world.services.db.checkpoint()
    world.services.db.close()
    for beside in ("-wal", "-shm"):
        Path(f"{folder / FILE}{beside}").unlink(missing_ok=True)
    return _Kept(folder, world, more)


def with_homeroom(world: World) -> Someone:
    """The homeroom teacher of 6A, who holds a grant on signed minutes."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    return teacher

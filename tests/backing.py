"""Backups made and restored by the tests."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select

from access_service.domain import backups as rules
from access_service.domain.backups import Manifest
from access_service.signing import age
from access_service.storage.connecting import make_engine
from access_service.storage.db import Database
from access_service.storage.schema import metadata
from access_service.usecases.services import Services
from access_service.usecases.upkeep.backups import Closed, Opened, make_backup
from access_service.usecases.upkeep.restoring import CameBack, restore_backup
from world import World

GAP = timedelta(days=7)
NEVER_BACK = {"sessions", "challenges"}
TOUCHED = {"events", "revisions", "counters", "unit_chains", "recoveries", "clients", "credentials", *NEVER_BACK}
"""Tables in which the restore itself leaves something."""
ME, OTHER = age.new_identity(), age.new_identity()
MINE = Opened((ME,))


def backed_up(services: Services, folder: Path, **more: Any) -> Manifest:
    options = {"program": "1", "keys_dir": folder.parent / "keys", **more}
    return make_backup(services.db, folder, Closed((ME.recipient,)), **options)


def restored(url: str, world: World, folder: Path, **more: Any) -> CameBack:
    options = {"clock_gap": GAP, **more}
    _, (back,) = restore_backup(url, world.clock, folder, options.pop("opened", MINE), **options)
    return back


def rows_of(db: Database) -> dict[str, list[Any]]:
    with db.connect() as connection:
        return {name: sorted(map(repr, connection.execute(select(t)).all())) for name, t in metadata.tables.items()}


def is_untouched(url: str) -> bool:
    """Does nothing stand there: no file, or no table?"""
    path = url.removeprefix("sqlite:///")
    if path != url:
        return not Path(path).exists() and not list(Path(path).parent.glob(f".{Path(path).name}.*"))
    engine = make_engine(url)
    try:
        found = MetaData()
        found.reflect(engine)
        return not found.tables
    finally:
        engine.dispose()


def rewrite(kept: Path, **said: Any) -> None:
    """A manifest that says something else, with the hash that fits."""
    manifest = json.loads((kept / "manifest.json").read_bytes())
    manifest.pop("sha256")
    manifest |= said
    manifest["sha256"] = rules._hash(manifest)
    (kept / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path, place: float) -> None:
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * place)] ^= 1
    path.write_bytes(data)

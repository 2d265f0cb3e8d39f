"""Logs that tests sign: services with a folder of keys of their own, and events without acts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from access_service.domain.audit import Happening
from access_service.domain.log_texts import Checkpoint
from access_service.signing.notes import open_checkpoint
from access_service.storage.tables import EventRow, table
from access_service.usecases.log.checkpoints import keys_of
from access_service.usecases.services import Services
from world import REGISTER


def logged(services: Services, folder: Path, *dirs: Path) -> Services:
    """The same services, which sign into a folder of keys of their own and export there."""
    return replace(services, keys_dir=folder / "log-keys", checkpoint_dirs=dirs)


def grow(services: Services, events: int) -> None:
    """More events, such as an export leaves."""
    for i in range(events):
        services.db.note(REGISTER, "operator", Happening("matrix.export", f"unit-{i}"))


def leaves(services: Services) -> list[bytes]:
    """Leaf hashes as the events have them."""
    events = table(EventRow)
    with services.db.connect() as connection:
        statement = select(events.c.leaf).where(events.c.register_id == REGISTER).order_by(events.c.seq)
        return [bytes.fromhex(leaf) for (leaf,) in connection.execute(statement)]


def opened(services: Services, note: str) -> Checkpoint:
    """A checkpoint by the keys that the database knows."""
    with services.db.connect() as connection:
        return open_checkpoint(note, keys_of(connection, note.partition("\n")[0]))

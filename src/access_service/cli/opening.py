"""What a command works on: settings, a database with the right schema, one register of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from access_service.cli.errors import UsageError
from access_service.cli.saying import say_json, settings_for
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.jobs import JobRoom
from access_service.domain.names import RegisterId
from access_service.engine.memory import Memory
from access_service.evidence.fonts import choose_folder
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.storage.job_files import JobFiles
from access_service.storage.migrate import require_current
from access_service.storage.paper_pages import FileStore
from access_service.usecases.keys import SEAL, open_key
from access_service.usecases.paper_seal import open_pdf_seal
from access_service.usecases.services import Services, system_clock

__all__ = ["check_file", "open_database", "register_of", "say_json", "services_for", "settings_for"]


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database, closed at the end. `UnavailableError` when it is not there or has another schema."""
    db = Database(
        settings.database_url, system_clock, clock_gap=timedelta(days=settings.clock_gap_days), memory=Memory()
    )
    choose_folder(settings.fonts_dir)
    try:
        check_file(db)
        require_current(db.engine)
        yield db
    finally:
        db.close()


def check_file(db: Database) -> None:
    """Raise `UnavailableError` where a SQLite database is not there, or nothing can be written beside it."""
    if not db.is_sqlite or not db.url.database:
        return
    path = Path(db.url.database)
    if not path.exists():
        # Connecting would leave an empty file behind.
        raise UnavailableError(f"there is no database `{path}`; `access-service init` makes one")
    if not os.access(path.parent, os.W_OK):
        raise UnavailableError(
            f"the folder `{path.parent}` cannot be written, and SQLite keeps files beside the database even to "
            "read it; mount it to be written, or give it to the user of the service"
        )


def services_for(db: Database, settings: Settings) -> Services:
    """What acts need beside the database: the seal key, whose public half the database keeps."""
    return Services(
        db,
        open_key(db, settings.keys_dir, SEAL),
        keys_dir=settings.keys_dir,
        public_url=settings.public_url,
        files=FileStore(settings.files_dir),
        pdf_seal=open_pdf_seal(settings.keys_dir),
        job_files=JobFiles(settings.jobs_dir, JobRoom.of_mib(settings.job_account_mib, settings.job_files_mib)),
        checkpoint_dirs=settings.checkpoint_dirs or (),
        signs_log=settings.checkpoint_minutes > 0,
        observe_days=settings.observe_days,
    )


def register_of(db: Database, name: str | None) -> RegisterId:
    """The register named, or the only one there is."""
    names = [str(row["id"]) for row in db.registers()]
    if name is not None:
        if name not in names:
            raise NotFoundError("register", name)
        return RegisterId(name)
    if not names:
        raise UnavailableError("the database has no register; `access-service init` makes one")
    if len(names) > 1:
        raise UsageError(f"the database has {len(names)} registers; name one with --register")
    return RegisterId(names[0])

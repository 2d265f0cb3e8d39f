"""What an operator wants to know before trouble comes: keys, files, papers, clock, space, versions, packs.

Nothing is mended, and nothing is made.
"""

import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from access_service.domain.errors import AccessServiceError, ClockError, PolicyError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.observing import Observation
from access_service.domain.policy import PackBinding
from access_service.domain.time import local
from access_service.engine.casbin_engine import check_distribution
from access_service.engine.packs.load import read_pack_files
from access_service.signing.keyring import TOKEN_KEYS
from access_service.signing.keys import temporary
from access_service.storage.audit import steps_back
from access_service.storage.connecting import file_of
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.migrate import HEAD, require_current, server_version
from access_service.storage.policy import load_tables
from access_service.usecases.keys import OWN, check_held
from access_service.usecases.log.checkpoints import check_log
from access_service.usecases.services import Services
from access_service.usecases.tokens.keyring import check_tokens_held
from access_service.usecases.upkeep.examining_papers import list_missing_files, tell_missing, tell_type

LEAST_FREE = 256 << 20
"""Bytes that should be free, and as many as the database has: an upgrade or a backup needs them."""
MIB = 1 << 20


class LevelFound(StrEnum):
    """How bad it is."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at."""

    what: str
    level: LevelFound
    message: str


@dataclass(frozen=True, slots=True)
class ExaminedPlaces:
    """Where the service keeps what is not in the database."""

    keys_dir: Path
    policy_dir: Path
    models_dir: Path
    files_dir: Path
    fonts_dir: Path | None = None
    secrets: tuple[Path, ...] = ()
    """Other files that are nobody else's to read."""
    checkpoint_dirs: tuple[Path, ...] = ()
    """Folders on other machines that remember what was signed."""


def examine(db: Database, places: ExaminedPlaces, *, program: str) -> Iterator[Examined]:
    """Look at everything; each look that fails is a line, and the next one follows."""
    yield Examined(
        "version",
        LevelFound.FINE,
        f"access-service {program}, schema {HEAD}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}",
    )
    yield from _asked("casbin", "one distribution of Casbin", check_distribution)
    yield from _modes(db, places)
    yield from _space(db, places)
    schema = [*_asked("database", f"{server_version(db.engine)}, schema {HEAD}", require_current, db.engine)]
    yield from schema
    if any(look.level is LevelFound.FAULT for look in schema):
        yield Examined(
            "registers", LevelFound.WARNING, "keys, clock and packs were not looked at: the database comes first"
        )
        return
    yield from _keys(db, places.keys_dir)
    yield from _papers(db, places)
    registers = db.registers()
    if not registers:
        yield Examined("registers", LevelFound.WARNING, "there is none; `access-service init` makes one")
    for row in registers:
        if row["demo"]:
            yield Examined(
                "registers", LevelFound.FAULT, f"`{row['id']}` is a demonstration, its passwords are public"
            )
        yield from _clock(db, RegisterId(row["id"]))
        yield from _packs(db, RegisterId(row["id"]), places)
        yield from _observed(db, RegisterId(row["id"]))
        yield from _log(db, RegisterId(row["id"]), places)


def _observed(db: Database, register: RegisterId) -> Iterator[Examined]:
    """Where an enforcement point logs its answers and does not enforce them: somebody is to remember it."""
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        running = [o for o in reader.find(Observation) if now in o.interval]
    if running:
        last = local(max(o.valid_to for o in running)).strftime("%d/%m/%Y")
        yield Examined(
            "observing",
            LevelFound.WARNING,
            f"{register}: at {len({o.unit for o in running})} units answers are not enforced, until {last} at the "
            "latest; `access-service observe report`",
        )


def _log(db: Database, register: RegisterId, places: ExaminedPlaces) -> Iterator[Examined]:
    services = Services(db, temporary(), keys_dir=places.keys_dir, checkpoint_dirs=places.checkpoint_dirs)
    fine = f"{register}: the log goes on from what was signed of it"
    yield from _asked("log", fine, check_log, services, register)
    for folder in places.checkpoint_dirs:
        if not folder.is_dir():
            yield Examined(
                "log", LevelFound.WARNING, f"`{folder}` is not there: no checkpoint leaves this machine by it"
            )


def _papers(db: Database, places: ExaminedPlaces) -> Iterator[Examined]:
    try:
        yield Examined("papers", LevelFound.FINE, f"they are printed in {tell_type(places.fonts_dir)}")
    except UnavailableError as error:
        yield Examined("papers", LevelFound.FAULT, str(error))
    count, missing = list_missing_files(db, places.files_dir)
    if missing:
        told = ", ".join(tell_missing(missing))
        yield Examined(
            "papers", LevelFound.FAULT, f"`{places.files_dir}` lacks {told}; bring them back from a backup"
        )
    else:
        yield Examined("papers", LevelFound.FINE, f"{count} files of signed papers are there")


def _asked(what: str, fine: str, look: Callable[..., object], *over: object) -> Iterator[Examined]:
    """A look that raises where something is wrong, and says what to do."""
    try:
        look(*over)
    except (AccessServiceError, OSError) as error:
        yield Examined(what, LevelFound.FAULT, str(error))
    else:
        yield Examined(what, LevelFound.FINE, fine)


def _modes(db: Database, places: ExaminedPlaces) -> Iterator[Examined]:
    file = file_of(db.url) if db.is_sqlite else None
    private = [*places.secrets]
    if file is not None:
        private += [file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))]
    keys = [places.keys_dir, places.keys_dir / TOKEN_KEYS, *places.keys_dir.glob("*"), *places.keys_dir.glob("*/*")]
    open_to_others = [p for p in private if p.exists() and p.stat().st_mode & 0o007]
    open_to_others += [p for p in dict.fromkeys(keys) if p.exists() and p.stat().st_mode & 0o077]
    for path in open_to_others:
        mode = "0700" if path.is_dir() else "0600"
        yield Examined(
            "files", LevelFound.FAULT, f"`{path}` can be read or changed by others; set its mode to {mode}"
        )
    if not open_to_others:
        yield Examined("files", LevelFound.FINE, "database, keys and secrets are their owner's alone")


def _space(db: Database, places: ExaminedPlaces) -> Iterator[Examined]:
    file = file_of(db.url) if db.is_sqlite else None
    size = file.stat().st_size if file is not None and file.exists() else 0
    for what, path, needed in (("database", file, LEAST_FREE + size), ("keys", places.keys_dir, MIB)):
        place = next((p for p in (path, *path.parents) if p.exists()), None) if path is not None else None
        if place is None:
            continue
        free = shutil.disk_usage(place).free
        said = f"{free // MIB} MiB are free for the {what}"
        if free < needed:
            yield Examined("space", LevelFound.FAULT, f"{said}, and {needed // MIB} should be; make room")
        else:
            yield Examined("space", LevelFound.FINE, said)


def _keys(db: Database, folder: Path) -> Iterator[Examined]:
    fine = "the folder holds what the database knows"
    for kind, own in OWN.items():
        yield from _asked("keys", f"{kind}: {fine}", check_held, db, folder, own)
    yield from _asked("keys", f"tokens: {fine}", check_tokens_held, db, folder)


def _clock(db: Database, register: RegisterId) -> Iterator[Examined]:
    try:
        counter = db.counter(register)
    except ClockError as error:
        yield Examined("clock", LevelFound.FAULT, f"{register}: {error}")
    else:
        when = "never" if counter is None else f"{counter.recorded_at:%Y-%m-%dT%H:%MZ}"
        yield Examined("clock", LevelFound.FINE, f"{register}: believed; last recorded {when}")
    with db.connect() as connection:
        back = steps_back(connection, register)
    if back:
        numbers = ", ".join(map(str, back[:5]))
        yield Examined("clock", LevelFound.WARNING, f"{register}: events earlier than the one before: {numbers}")


def _packs(db: Database, register: RegisterId, places: ExaminedPlaces) -> Iterator[Examined]:
    with db.connect() as connection:
        reader = Reader(connection, register)
        now = db.now()
        bindings = [b for b in reader.find(PackBinding) if b.valid_to is None or b.valid_to > now]
        if not bindings:
            yield Examined("packs", LevelFound.FAULT, f"{register}: no pack is in force, and everything is denied")
        for digest in sorted({b.digest for b in bindings}):
            pack = next(b.pack for b in bindings if b.digest == digest)
            fine = f"{register}: `{pack}` is in force and reads"
            yield from _asked("packs", fine, load_tables, connection, digest)
            yield from _folder_of(pack, digest, places)


def _folder_of(pack: str, digest: str, places: ExaminedPlaces) -> Iterator[Examined]:
    """The pack in force is in the database; the one in the folder is what would come next."""
    try:
        found = read_pack_files(places.policy_dir, pack, places.models_dir).digest
    except (PolicyError, OSError):
        yield Examined(
            "packs",
            LevelFound.WARNING,
            f"`{places.policy_dir / pack}` cannot be read; set ACCESS_SERVICE_POLICY_DIR",
        )
        return
    if found != digest:
        yield Examined(
            "packs",
            LevelFound.WARNING,
            f"`{pack}` in the folder is another than the one in force; see `policy bind`",
        )

"""A backup restored into an empty database, in one step; and what of it must not come back to life.

Whatever was ended after the backup was made is not known any more. So what opens something by itself ends with the
restore: sessions, activation codes, recoveries that wait, tokens. Rights that were revoked since then come back;
whoever restores is told from which instant on the papers must be looked through.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from access_service.domain.audit import instant
from access_service.domain.backups import (
    DATA,
    FILES,
    BackupError,
    CopiedRegister,
    Manifest,
    check_recorded_by,
    check_restored_at,
)
from access_service.domain.errors import UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.observing import Observation
from access_service.domain.recovery import Recovery, RecoveryState, state_at
from access_service.domain.software import Client
from access_service.domain.waiting import WaitingAct, is_waiting
from access_service.signing import age
from access_service.signing.keys import temporary
from access_service.storage.copying import registers_in, rows_in
from access_service.storage.db import Database
from access_service.storage.migrate import HEAD, bring_up
from access_service.storage.paper_pages import FileStore
from access_service.storage.restoring import (
    Within,
    check_nobody_else,
    database_clock,
    empty_database,
    end_what_was_open,
)
from access_service.usecases.keys import OWN, check_held
from access_service.usecases.services import Services, operate
from access_service.usecases.tokens.keyring import check_tokens_held
from access_service.usecases.upkeep.backups import Opened, identities_for, look_at
from access_service.usecases.upkeep.key_files import keys_beside
from access_service.usecases.upkeep.paper_files import files_in_backup

BECAUSE = "khôi phục từ bản sao lưu"


@dataclass(frozen=True, slots=True)
class CameBack:
    """One register after its restore."""

    register: str
    from_revision: int
    to_revision: int
    """The revision that records the restore."""
    recorded_at: datetime
    """What was recorded later is not here."""
    sessions: int
    codes: tuple[str, ...]
    """Accounts whose activation code ended; `access-service codes` draws new first ones."""
    recoveries: tuple[str, ...]
    """Recoveries that were stopped; they are asked for again."""
    clients: tuple[str, ...]
    """Clients whose tokens are worth nothing any more."""
    waiting: tuple[str, ...]
    """Acts that wait for a second person again; somebody may have declined one of them since."""


@dataclass(frozen=True, slots=True)
class KeysBack:
    """Where the keys come from, and where they go."""

    file: Path
    folder: Path


def restore_backup(
    url: str,
    clock: Callable[[], datetime],
    folder: Path,
    opened: Opened,
    *,
    keys: KeysBack | None = None,
    files: FileStore | None = None,
    clock_gap: timedelta,
    is_clock_right: bool = False,
) -> tuple[Manifest, tuple[CameBack, ...]]:
    """Restore into the empty database that `url` names; all of it or nothing.

    Raises `BackupError` for a backup that is not whole or of another version, encrypted for somebody else, keys of
    another database, a database in use, not empty or newer; `ClockError` for a clock that cannot be right.
    """
    manifest = look_at(folder)
    identities = identities_for(folder, manifest, opened)
    check_restored_at(clock(), None, manifest, clock_gap, is_right=is_clock_right)
    with ExitStack() as stack:
        beside, put = None, _nothing
        if keys is not None:
            beside, put = stack.enter_context(keys_beside(keys.folder, _opened_keys(keys.file, opened)))
        connection = stack.enter_context(empty_database(url, put))
        # A toy clock is compared with none (`storage.db`).
        witness = database_clock(connection) if hasattr(clock, "running") else None
        check_restored_at(clock(), witness, manifest, clock_gap, is_right=is_clock_right)
        bring_up(connection, manifest.schema)
        with age.reading(folder / DATA, identities) as source:
            rows_in(connection, source, manifest.tables)
        if manifest.schema != HEAD:
            bring_up(connection)
        if registers_in(connection) != manifest.registers:
            raise BackupError("the registers are not where the manifest says; take another copy of this backup")
        within = Within(url, clock, connection)
        if beside is not None:
            _check_keys(within, beside)
        if files is not None and manifest.has_files:
            # A file that nothing names does no harm, a name without its file would.
            with age.reading(folder / FILES, identities) as source:
                for data in files_in_backup(source):
                    files.put(data)
        came_back = tuple(_record(within, register, manifest) for register in manifest.registers)
    return manifest, came_back


def record_recovery(db: Database) -> tuple[CameBack, ...]:
    """The database was brought back by its own means, to an instant: end what was open, and say so in the log.

    Raises `BackupError` where a service uses it already, and `ClockError` for a clock that is behind the record.
    """
    check_nobody_else(db)
    with db.connect() as connection:
        stood = registers_in(connection)
    if not stood:
        raise BackupError("the database has no register: there is nothing to record")
    for register in stood:
        check_recorded_by(db.now(), register)
    return tuple(_record(db, register, None) for register in stood)


def _nothing() -> None:
    """No keys are put in place."""


def _opened_keys(file: Path, opened: Opened) -> bytes:
    content = file.read_bytes()
    if age.has_passphrase(content):
        if opened.passphrase is None:
            raise BackupError(f"`{file}` is closed with a passphrase; give it with --passphrase-file")
        return age.open_with_passphrase(content, opened.passphrase)
    return age.decrypt(content, opened.identities, f"`{file.name}`")


def _check_keys(db: Database, folder: Path) -> None:
    try:
        for own in OWN.values():
            check_held(db, folder, own)
        check_tokens_held(db, folder)
    except UnavailableError as error:
        raise BackupError(
            "the keys are of another database; give the file that was made with this backup"
        ) from error


def _record(db: Database, stood: CopiedRegister, manifest: Manifest | None) -> CameBack:
    register = RegisterId(stood.id)
    with operate(Services(db, temporary()), register, whatever_is_recorded=True) as doing:
        tx = doing.tx
        ended = end_what_was_open(tx.connection, register)
        recoveries = [
            replace(r, stopped_because=BECAUSE, valid_to=tx.now)
            for r in tx.find(Recovery)
            if state_at(r, tx.now) in (RecoveryState.WAITING, RecoveryState.OPEN)
        ]
        clients = [replace(c, revoked_before=tx.now) for c in tx.find(Client) if c.disabled_at is None]
        # What was cut over since would be open once more: whoever still observes is told to begin again.
        observing = [replace(o, valid_to=tx.now) for o in tx.find(Observation) if tx.now in o.interval]
        waiting = [w for w in tx.find(WaitingAct) if is_waiting(w, tx.now)]
        tx.put(*recoveries, *clients, *observing)
        tx.happened(
            "register.restore",
            register,
            unit="",
            **{"from": tx.before, "to": tx.revision},
            head=stood.head,
            made_at=None if manifest is None else instant(manifest.made_at),
            recorded_at=instant(stood.recorded_at),
            sessions=ended.sessions,
            codes=len(ended.codes),
            recoveries=[r.id for r in recoveries],
            clients=[str(c.id) for c in clients],
            observing=[str(o.id) for o in observing],
        )
        tx.touches_everybody()
        return CameBack(
            register=register,
            from_revision=tx.before,
            to_revision=tx.revision,
            recorded_at=stood.recorded_at,
            sessions=ended.sessions,
            codes=ended.codes,
            recoveries=tuple(r.id for r in recoveries),
            clients=tuple(str(c.id) for c in clients),
            waiting=tuple(w.id for w in waiting),
        )

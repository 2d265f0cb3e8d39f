"""A backup: every row of one snapshot, encrypted, in a new folder; the keys apart, and only when asked for.

It is made while the service answers. The snapshot is one transaction that reads; nobody waits for it.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread, get_native_id
from typing import TypeVar

from access_service.domain.backups import (
    DATA,
    FILES,
    IDENTITY,
    LONGEST_MANIFEST,
    MANIFEST,
    BackupError,
    Manifest,
    Part,
    check_part,
    check_passphrase,
    check_schema,
    read_manifest,
)
from access_service.signing import age
from access_service.signing.canonical import sha256_hex
from access_service.storage.copying import count_rows, registers_in, rows_out
from access_service.storage.db import Database
from access_service.storage.migrate import HEAD, known_versions
from access_service.storage.paper_pages import FileStore, files_in
from access_service.usecases.upkeep.key_files import keys_as_bytes, put_file, saying_where, sync_folder
from access_service.usecases.upkeep.paper_files import files_in_backup, files_out

QUIET = 10
"""How much the copying lets other work go before it (nice), where there is nothing better."""
BUSY = 2
"""So many who want each processor make the machine one that is never idle."""
_BLOCK = 1 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Closed:
    """Who can open a backup: recipients of age, or whoever knows a passphrase."""

    recipients: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """With what a backup is opened: identities of age, or the passphrase."""

    identities: tuple[age.Identity, ...] = ()
    passphrase: str | None = field(default=None, repr=False)


def make_backup(
    db: Database,
    folder: Path,
    closed: Closed,
    *,
    program: str,
    keys_dir: Path,
    keys_file: Path | None = None,
    files: FileStore | None = None,
) -> Manifest:
    """Copy the database into `folder`, which is new and whole when this returns, or not there at all.

    With `keys_file` the folder of keys goes into that file, likewise encrypted: who has both has the service.
    `files` are the files of papers; every one that the snapshot names is copied.
    """
    if closed.passphrase is not None:
        check_passphrase(closed.passphrase)
    closed = replace(closed, recipients=tuple(map(age.check_recipient, closed.recipients)))
    if not closed.recipients and closed.passphrase is None:
        raise BackupError("a backup is encrypted: name a recipient or a passphrase")
    for path in filter(None, (folder, keys_file)):
        if path.exists():
            raise BackupError(f"`{path}` is there already; name a new one")
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    beside.mkdir(mode=0o700)
    try:
        with saying_where(folder), ExitStack() as undone:
            manifest, keys = _quietly(
                lambda: _copy(db, beside, closed, program, keys_dir if keys_file else None, files)
            )
            put_file(beside / MANIFEST, manifest.to_bytes())
            sync_folder(beside)
            if keys_file is not None:
                with saying_where(keys_file):
                    put_file(keys_file, _closed_keys(keys, closed))
                undone.callback(keys_file.unlink)
            # The last step makes it a backup; before it, there is none.
            beside.rename(folder)
            undone.pop_all()
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _copy(
    db: Database, folder: Path, closed: Closed, program: str, keys_dir: Path | None, files: FileStore | None
) -> tuple[Manifest, bytes]:
    recipients, parts = closed.recipients, []
    if closed.passphrase is not None:
        identity = age.new_identity()
        recipients = (*recipients, identity.recipient)
        wrapped = age.close_with_passphrase(f"{identity.secret}\n".encode(), closed.passphrase)
        put_file(folder / IDENTITY, wrapped)
        parts.append(Part(IDENTITY, len(wrapped), sha256_hex(wrapped)))
    with db.connect() as connection:
        # The first question fixes the snapshot; keys that are rotated later are not in it.
        keys = keys_as_bytes(keys_dir, lambda: registers_in(connection)) if keys_dir is not None else b""
        registers = registers_in(connection)
        with age.writing(folder / DATA, recipients) as (sink, written):
            tables = rows_out(connection, sink)
        parts.append(Part(DATA, written().size, written().sha256))
        named = [] if files is None else list(files_in(connection))
        if files is not None and named:
            with age.writing(folder / FILES, recipients) as (sink, written):
                files_out(files, named, sink)
            parts.append(Part(FILES, written().size, written().sha256))
    manifest = Manifest(
        program=program,
        schema=HEAD,
        database="sqlite" if db.is_sqlite else "postgresql",
        made_at=db.now(),
        recipients=closed.recipients,
        has_passphrase=closed.passphrase is not None,
        registers=registers,
        tables=tables,
        parts=tuple(parts),
    )
    return manifest, keys


def _closed_keys(keys: bytes, closed: Closed) -> bytes:
    """For the same recipients; with a passphrase alone, a file that the passphrase opens by itself."""
    if closed.recipients:
        return age.encrypt(keys, closed.recipients)
    return age.close_with_passphrase(keys, closed.passphrase or "")


def _quietly(work: Callable[[], T]) -> T:
    """Run the work in a thread that lets others go first: whoever asks the service must not notice.

    An idle thread (SCHED_IDLE) is put aside the moment another one wakes, in the middle of its slice; one that is
    only nice goes on to the end of it, and every question that arrives meanwhile waits. On a machine that is never
    idle it would not end, so there it is only nice.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        # On Linux both are of the thread, and its threads inherit them.
        thread_id = get_native_id()
        # Never back to more than it began with, which is refused to anybody but root.
        given = os.getpriority(os.PRIO_PROCESS, thread_id)
        os.setpriority(os.PRIO_PROCESS, thread_id, max(QUIET, given))
        if hasattr(os, "SCHED_IDLE") and os.getloadavg()[0] < BUSY * len(os.sched_getaffinity(0)):
            with suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 it is raised again where it is waited for
            failed.append(error)

    thread = Thread(target=run, name="backup")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


# -- reading one


def look_at(folder: Path) -> Manifest:
    """The manifest of a backup whose files are whole, as far as can be told without opening them.

    Raises `BackupError` for a folder that is none, was changed or cut short, or is of another version.
    """
    if not folder.is_dir():
        raise BackupError(f"`{folder}` is no folder of a backup")
    try:
        with (folder / MANIFEST).open("rb") as file:
            manifest = read_manifest(file.read(LONGEST_MANIFEST))
    except FileNotFoundError:
        raise BackupError(f"`{folder}` holds no `{MANIFEST}`: it is no backup, or was not finished") from None
    check_schema(manifest.schema, known_versions())
    for part in manifest.parts:
        path = folder / part.name
        if Path(part.name).name != part.name or not path.is_file():
            raise BackupError(f"`{folder}` lacks `{part.name}`; copy the whole folder again")
        check_part(part, path.stat().st_size, _sha256(path))
    return manifest


def identities_for(folder: Path, manifest: Manifest, opened: Opened) -> tuple[age.Identity, ...]:
    """What opens the data; `BackupError` where it was encrypted for somebody else, naming for whom."""
    found = opened.identities
    if opened.passphrase is not None and manifest.has_passphrase:
        wrapped = (folder / IDENTITY).read_bytes()
        found = (*found, *age.read_identities(age.open_with_passphrase(wrapped, opened.passphrase).decode()))
    elif not {identity.recipient for identity in found} & set(manifest.recipients):
        ways = [*manifest.recipients, *(["a passphrase"] if manifest.has_passphrase else [])]
        raise BackupError(
            f"the backup is encrypted for {' or '.join(ways)}; give the identity or passphrase of one"
        )
    return found


def check_backup(folder: Path, opened: Opened) -> Manifest:
    """Read all of a backup and store nothing: could it be restored?"""
    manifest = look_at(folder)
    with age.reading(folder / DATA, identities_for(folder, manifest, opened)) as source:
        count_rows(source, manifest.tables)
    if manifest.has_files:
        with age.reading(folder / FILES, identities_for(folder, manifest, opened)) as source:
            for _ in files_in_backup(source):
                pass
    return manifest


def _sha256(path: Path) -> str:

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

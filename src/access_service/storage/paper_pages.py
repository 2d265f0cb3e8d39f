"""Files of papers by their hash, the rows that name them, and who was shown which page.

A file is written under another name and renamed: what is there is whole. Several nodes share the folder; the same
bytes have the same name, so that two who write at once write the same.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, DocumentId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.connecting import open_new
from access_service.storage.tables import insert_once, table
from access_service.storage.tables_pages import DocumentFileRow, ShownRow

_files = table(DocumentFileRow)
_shown = table(ShownRow)


class FileKind(StrEnum):
    """What a file is to its document."""

    FINAL = "final"
    """The signed paper as it was first given out."""
    FORM = "form"
    """A form that was given out to be signed elsewhere: what comes back begins with it."""
    UPLOADED = "uploaded"
    """What came back signed, byte for byte."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A file that belongs to a version of a document."""

    sha256: str
    document: DocumentId
    version: int
    kind: FileKind
    media_type: str
    size: int
    made_at: datetime
    erased_at: datetime | None = None


class FileStore:
    """A folder of files named by their SHA-256: `ab/cd/<hash>`."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first file is put into it."""
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep the bytes; their hash. They are on the disk when this returns."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if path.exists() and self.get(sha256) is not None:
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(open_new(beside), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The bytes of that hash; None where they are missing, or are others."""
        with suppress(FileNotFoundError):
            data = self._path(sha256).read_bytes()
            return data if hashlib.sha256(data).hexdigest() == sha256 else None
        return None

    def has(self, sha256: str) -> bool:
        """Is there a file of that name? Its bytes are not looked at."""
        return self._path(sha256).is_file()

    def require(self, sha256: str) -> bytes:
        """The bytes of that hash, or `UnavailableError`."""
        data = self.get(sha256)
        if data is None:
            raise UnavailableError(f"the folder of files lacks `{sha256}`, or holds other bytes under its name")
        return data

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def file_of(
    connection: Connection, register: RegisterId, document: DocumentId, version: int, kind: FileKind
) -> DocumentFile | None:
    """The file of that kind that was kept first for a version."""
    row = (
        connection.execute(
            select(_files)
            .where(
                _files.c.register_id == register,
                _files.c.document == document,
                _files.c.version == version,
                _files.c.kind == str(kind),
            )
            .order_by(_files.c.made_at, _files.c.sha256)
        )
        .mappings()
        .first()
    )
    return None if row is None else _file(row)


def files_of_version(
    connection: Connection, register: RegisterId, document: DocumentId, version: int
) -> list[DocumentFile]:
    """Every file of a version, in the order in which they were kept."""
    rows = connection.execute(
        select(_files)
        .where(_files.c.register_id == register, _files.c.document == document, _files.c.version == version)
        .order_by(_files.c.made_at, _files.c.size, _files.c.sha256)
    ).mappings()
    return [_file(row) for row in rows]


def files_in(connection: Connection) -> Iterator[DocumentFile]:
    """Every file whose bytes are kept, of all registers, each hash once."""
    rows = connection.execute(
        select(_files).where(_files.c.erased_at.is_(None)).order_by(_files.c.sha256)
    ).mappings()
    last = ""
    for row in rows:
        if row["sha256"] != last:
            last = row["sha256"]
            yield _file(row)


def files_of(connection: Connection, register: RegisterId) -> Iterator[DocumentFile]:
    """Every file that a register names, also one whose bytes were erased."""
    rows = connection.execute(
        select(_files).where(_files.c.register_id == register).order_by(_files.c.sha256)
    ).mappings()
    for row in rows:
        yield _file(row)


def add_file(connection: Connection, register: RegisterId, file: DocumentFile) -> None:
    """Name a file, unless it is named already; its bytes are in the folder."""
    row = {
        "register_id": register,
        "sha256": file.sha256,
        "document": file.document,
        "version": file.version,
        "kind": str(file.kind),
        "media_type": file.media_type,
        "size": file.size,
        "made_at": file.made_at,
        "erased_at": file.erased_at,
    }
    insert_once(connection, _files, row)


def _file(row: Any) -> DocumentFile:
    erased = row["erased_at"]
    return DocumentFile(
        sha256=row["sha256"],
        document=DocumentId(row["document"]),
        version=row["version"],
        kind=FileKind(row["kind"]),
        media_type=row["media_type"],
        size=row["size"],
        made_at=utc(row["made_at"]),
        erased_at=None if erased is None else utc(erased),
    )


def keep_shown(
    connection: Connection,
    register: RegisterId,
    versions: Iterable[tuple[DocumentId, int]],
    account: AccountId,
    at: datetime,
) -> None:
    """These versions were sent to the account as pages; the first time counts."""
    for_all = {"register_id": register, "account": account, "at": at}
    rows = [{"document": document, "version": version, **for_all} for document, version in sorted(set(versions))]
    insert_once(connection, _shown, *rows)


def shown_at(
    connection: Connection, register: RegisterId, document: DocumentId, version: int, account: AccountId
) -> datetime | None:
    """When this version was first sent to the account as a page; None: never, whatever was read as JSON."""
    found = connection.execute(
        select(_shown.c.at).where(
            _shown.c.register_id == register,
            _shown.c.document == document,
            _shown.c.version == version,
            _shown.c.account == account,
        )
    ).scalar_one_or_none()
    return None if found is None else utc(found)

"""The words of papers: kept with their hash, read back, one day erased while the hash stays."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from access_service.domain.names import DocumentId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_papers import DocumentPrintRow

_prints = table(DocumentPrintRow)


@dataclass(frozen=True, slots=True)
class StoredPrint:
    """The canonical print of one version of a document."""

    document: DocumentId
    version: int
    sha256: str
    body: str | None
    """None once it was erased."""
    erased_at: datetime | None = None
    erased_basis: str | None = None


def keep_print(connection: Connection, register: RegisterId, printed: StoredPrint) -> None:
    """Store the words of a version; a version is composed once, and a version that came before stays."""
    connection.execute(
        insert(_prints).values(
            register_id=register,
            document=printed.document,
            version=printed.version,
            sha256=printed.sha256,
            body=printed.body,
        )
    )


def print_of(
    connection: Connection, register: RegisterId, document: DocumentId, version: int
) -> StoredPrint | None:
    """The words of one version; None for a document of format 1."""
    row = (
        connection.execute(
            select(_prints).where(
                _prints.c.register_id == register, _prints.c.document == document, _prints.c.version == version
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    erased = row["erased_at"]
    return StoredPrint(
        document=DocumentId(row["document"]),
        version=row["version"],
        sha256=row["sha256"],
        body=row["body"],
        erased_at=None if erased is None else utc(erased),
        erased_basis=row["erased_basis"],
    )

"""The words of papers: kept with their hash, read back, one day erased while the hash stays."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, RowMapping, delete, insert, select

from access_service.domain.names import DocumentId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.facts import Reader
from access_service.storage.tables import table
from access_service.storage.tables_papers import DocumentPrintRow

_prints = table(DocumentPrintRow)
_CHUNK = 500


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
    """Store the words of a version, in place of those of the same version as it was drafted; earlier ones stay."""
    connection.execute(
        delete(_prints).where(
            _prints.c.register_id == register,
            _prints.c.document == printed.document,
            _prints.c.version == printed.version,
        )
    )
    connection.execute(
        insert(_prints).values(
            register_id=register,
            document=printed.document,
            version=printed.version,
            sha256=printed.sha256,
            body=printed.body,
        )
    )


def prints_of(
    connection: Connection, register: RegisterId, documents: Collection[DocumentId]
) -> dict[tuple[DocumentId, int], StoredPrint]:
    """The words of every version of these documents."""
    found: dict[tuple[DocumentId, int], StoredPrint] = {}
    wanted = sorted(documents)
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        rows = connection.execute(
            select(_prints).where(_prints.c.register_id == register, _prints.c.document.in_(some))
        ).mappings()
        found |= {(printed.document, printed.version): printed for printed in map(_stored, rows)}
    return found


def print_in(reader: Reader, document: DocumentId, version: int) -> StoredPrint | None:
    """The words of one version; a reader that remembers asks once."""
    return reader.once(
        (_prints.name, document, version),
        lambda: print_of(reader.connection, reader.register, document, version),
    )


def read_prints_ahead(reader: Reader, versions: Collection[tuple[DocumentId, int]]) -> None:
    """Let a reader that remembers know the words of many versions by one question."""
    found = prints_of(reader.connection, reader.register, {document for document, _ in versions})
    for document, version in versions:
        printed = found.get((document, version))
        reader.once((_prints.name, document, version), partial(_given, printed))


def _given(printed: StoredPrint | None) -> StoredPrint | None:
    return printed


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
    return None if row is None else _stored(row)


def _stored(row: RowMapping) -> StoredPrint:
    erased = row["erased_at"]
    return StoredPrint(
        document=DocumentId(row["document"]),
        version=row["version"],
        sha256=row["sha256"],
        body=row["body"],
        erased_at=None if erased is None else utc(erased),
        erased_basis=row["erased_basis"],
    )


def checked_prints(connection: Connection, register: RegisterId) -> Iterator[tuple[str, int, str, bool]]:
    """Every print: document, version, the hash that it is kept under, and whether its words still have it."""
    statement = select(_prints).where(_prints.c.register_id == register)
    for row in connection.execute(statement, execution_options={"yield_per": 500}).mappings():
        body = row["body"]
        is_whole = body is None or hashlib.sha256(body.encode()).hexdigest() == row["sha256"]
        yield row["document"], row["version"], row["sha256"], is_whole

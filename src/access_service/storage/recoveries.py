"""A recovery is found by its code alone: whoever opens an account with it names neither register nor account."""

from sqlalchemy import Connection, select

from access_service.domain.names import RegisterId
from access_service.storage.tables import table
from access_service.storage.tables_accounts import RecoveryRow

_recoveries = table(RecoveryRow)


def place_of_code(connection: Connection, sha256: str) -> tuple[RegisterId, str] | None:
    """Register and id of the recovery of that code."""
    columns = _recoveries.c
    row = connection.execute(
        select(columns.register_id, columns.id).where(columns.code_sha256 == sha256, columns.to_rev.is_(None))
    ).first()
    return None if row is None else (RegisterId(row.register_id), row.id)

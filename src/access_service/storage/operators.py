"""Operators who have a credential of their own."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from access_service.domain.names import RegisterId
from access_service.storage.tables import table
from access_service.storage.tables_acts import OperatorRow

_operators = table(OperatorRow)


def operators_of(connection: Connection, register: RegisterId) -> dict[str, str]:
    """The SHA-256 of each operator's secret, by name."""
    rows = connection.execute(select(_operators).where(_operators.c.register_id == register)).mappings()
    return {row["name"]: row["secret_sha256"] for row in rows}


def keep_operator(connection: Connection, register: RegisterId, name: str, sha256: str, now: datetime) -> None:
    """Store an operator whose name is new."""
    connection.execute(
        insert(_operators).values(register_id=register, name=name, secret_sha256=sha256, created_at=now)
    )

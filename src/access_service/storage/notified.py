"""The notice that a commit sends: one row, before the commit, in the same transaction."""

from sqlalchemy import Connection, func, select

from access_service.domain.names import RegisterId

CHANNEL = "access_service_moved"


def notify(connection: Connection, register: RegisterId, revision: int) -> None:
    """Tell every node that listens, once this is committed; PostgreSQL alone has anybody to tell."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, f"{revision} {register}")))

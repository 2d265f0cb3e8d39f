"""What is stored of tokens: nothing when one is issued; single ones revoked; assertions that were used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.db import Database
from access_service.storage.tables import DeniedTokenRow, RevisionRow, UsedAssertionRow, insert_once, table

_denied = table(DeniedTokenRow)
_used = table(UsedAssertionRow)
_revisions = table(RevisionRow)

CHUNK = 500
"""Revisions read at once."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One revision, and whose rights it may have changed."""

    revision: int
    recorded_at: datetime
    accounts: frozenset[AccountId] | None
    """None: anybody's."""


def deny(connection: Connection, register: RegisterId, jti: str, expires_at: datetime, now: datetime) -> None:
    """Revoke one token until it would have expired; those that have expired meanwhile are forgotten."""
    connection.execute(delete(_denied).where(_denied.c.expires_at <= now))
    insert_once(connection, _denied, {"register_id": register, "jti": jti, "expires_at": expires_at})


def read_denied(connection: Connection, register: RegisterId, now: datetime) -> Mapping[str, datetime]:
    """Every single token that was revoked and would not have expired yet: `jti` to expiry."""
    statement = select(_denied.c.jti, _denied.c.expires_at).where(
        _denied.c.register_id == register, _denied.c.expires_at > now
    )
    return {jti: utc(expires_at) for jti, expires_at in connection.execute(statement)}


def use_once(db: Database, key: str, expires_at: datetime, now: datetime, *, is_brief: bool = False) -> bool:
    """Is this the first use of that key? True once only, on all nodes together, until it expires.

    A short transaction of its own that takes no register's counter: an assertion makes no revision. `is_brief`: for
    what is good for a minute, and need not have reached a disk of PostgreSQL's before its request is answered.
    """
    dialect = sqlite if db.is_sqlite else postgresql
    statement = (
        dialect.insert(_used).values(key=key, expires_at=expires_at).on_conflict_do_nothing().returning(_used.c.key)
    )
    try:
        with db.engine.begin() as connection:
            if is_brief and not db.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            is_first = connection.execute(statement).first() is not None
            connection.execute(delete(_used).where(_used.c.expires_at <= now, _used.c.key != key))
    except OperationalError as error:
        raise UnavailableError("the database cannot be written now") from error
    return is_first


def changes_since(connection: Connection, register: RegisterId, since: datetime) -> list[Changed]:
    """The revisions recorded after an instant, oldest first."""
    found: list[Changed] = []
    before: int | None = None
    while True:
        # From the newest down the primary key: instants are not indexed, and most revisions are long past.
        chunk = _changes(connection, register, _revisions.c.n < before if before is not None else true(), CHUNK)
        recent = [change for change in chunk if change.recorded_at > since]
        found += recent
        if len(recent) < CHUNK:
            return found[::-1]
        before = recent[-1].revision


def changes_after(connection: Connection, register: RegisterId, revision: int) -> list[Changed]:
    """The revisions after one, oldest first."""
    return _changes(connection, register, _revisions.c.n > revision, None)[::-1]


def _changes(
    connection: Connection, register: RegisterId, where: ColumnElement[bool], limit: int | None
) -> list[Changed]:
    statement = (
        select(_revisions.c.n, _revisions.c.recorded_at, _revisions.c.accounts)
        .where(_revisions.c.register_id == register, where)
        .order_by(_revisions.c.n.desc())
        .limit(limit)
    )
    return [
        Changed(
            n,
            utc(recorded),
            None if accounts is None else frozenset(AccountId(account) for account in json.loads(accounts)),
        )
        for n, recorded, accounts in connection.execute(statement)
    ]

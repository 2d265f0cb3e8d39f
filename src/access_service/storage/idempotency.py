"""Idempotency keys: taken before the act, settled with its answer, dropped when there was none.

A key is taken in a transaction of its own, so that of two requests at once only one goes on. Status 0 marks a key
whose request is still being carried out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, RegisterId
from access_service.storage.db import Database
from access_service.storage.tables import IdempotencyRow, table

_answers = table(IdempotencyRow)
PENDING = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answered under an idempotency key."""

    request_sha256: str
    status: int
    body: str


def answer_under(connection: Connection, register: RegisterId, account: AccountId, key: str) -> Answer | None:
    """What was answered under this key, if anything."""
    row = (
        connection.execute(
            select(_answers).where(
                _answers.c.register_id == register, _answers.c.account == account, _answers.c.key == key
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else Answer(row["request_sha256"], row["status"], row["body"])


@contextmanager
def _writing(db: Database) -> Iterator[Connection]:
    """A short transaction that takes no register's counter: keys make no revision."""
    try:
        with db.engine.begin() as connection:
            yield connection
    except OperationalError as error:
        raise UnavailableError("the database cannot be written now") from error


def take(
    db: Database,
    register: RegisterId,
    account: AccountId,
    key: str,
    *,
    request_sha256: str,
    now: datetime,
    forget_before: datetime,
) -> bool:
    """Take the key for this request; False when it is taken. Keys of the account older than that are forgotten."""
    try:
        with _writing(db) as connection:
            connection.execute(
                delete(_answers).where(
                    _answers.c.register_id == register,
                    _answers.c.account == account,
                    _answers.c.created_at < forget_before,
                )
            )
            connection.execute(
                insert(_answers).values(
                    register_id=register,
                    account=account,
                    key=key,
                    request_sha256=request_sha256,
                    status=PENDING,
                    body="",
                    created_at=now,
                )
            )
    except IntegrityError:
        return False
    return True


def settle(db: Database, register: RegisterId, account: AccountId, key: str, *, status: int, body: str) -> None:
    """Keep what was answered."""
    with _writing(db) as connection:
        connection.execute(
            update(_answers)
            .where(_answers.c.register_id == register, _answers.c.account == account, _answers.c.key == key)
            .values(status=status, body=body)
        )


def drop(db: Database, register: RegisterId, account: AccountId, key: str) -> None:
    """Give the key back: nothing happened under it."""
    with _writing(db) as connection:
        connection.execute(
            delete(_answers).where(
                _answers.c.register_id == register, _answers.c.account == account, _answers.c.key == key
            )
        )

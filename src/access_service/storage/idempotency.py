"""Idempotency keys: taken before the act, marked in the act's own transaction, settled with what was answered.

A row is `PENDING` while nothing was done under its key, `ACTED` from the commit of the first act on, and holds the
status of the answer once there is one. What is done is written by the very transaction that does it, so whatever
becomes of an answer, the row says whether the act was committed. `body` holds the attempt that has the key, the
revisions it made, and behind a line feed the answer, closed.

A key whose request is no longer carried out may be taken over: from then on the mark of the former attempt fails,
and with it its act, so that however wrongly somebody was thought to be gone, one of the two acts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from access_service.domain.errors import UnavailableError
from access_service.domain.idempotency import DoneUnderKey, Taken
from access_service.domain.names import AccountId, RegisterId
from access_service.storage.codec import utc
from access_service.storage.db import Database, Transaction
from access_service.storage.tables import EventRow, IdempotencyRow, table

KEPT = timedelta(days=7)
"""How long a key is remembered; after that it may be used again."""
_answers = table(IdempotencyRow)
_events = table(EventRow)
PENDING, ACTED = 0, 1
_ANSWER = "\n"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a request with a key."""

    request_sha256: str
    status: int
    body: str
    taken_at: datetime

    @property
    def attempt(self) -> str:
        """The attempt that has the key."""
        return self.body.partition(_ANSWER)[0].partition(" ")[0]

    @property
    def revisions(self) -> tuple[int, ...]:
        """The revisions that were made under the key."""
        return tuple(int(n) for n in self.body.partition(_ANSWER)[0].split(" ")[1:] if n.isdigit())

    @property
    def made(self) -> tuple[tuple[int, str], ...]:
        """The jobs that were asked for under the key, each with the revision that stood then."""
        marks = [mark.partition(":") for mark in self.body.partition(_ANSWER)[0].split(" ")[1:]]
        return tuple((int(revision), id_) for revision, found, id_ in marks if found)

    @property
    def closed(self) -> str | None:
        """The answer as it is kept; None where there is none, or from before answers were closed."""
        _, found, closed = self.body.partition(_ANSWER)
        return closed if found else None


def _row(register: RegisterId, account: AccountId, key: str) -> ColumnElement[bool]:
    return and_(_answers.c.register_id == register, _answers.c.account == account, _answers.c.key == key)


def _of(taken: Taken, *statuses: int) -> ColumnElement[bool]:
    """The row of the key, while this attempt has it."""
    is_its = or_(_answers.c.body == taken.attempt, _answers.c.body.startswith(f"{taken.attempt} "))
    return and_(_row(taken.register, taken.account, taken.key), _answers.c.status.in_(statuses), is_its)


def kept_under(connection: Connection, register: RegisterId, account: AccountId, key: str) -> Kept | None:
    """What is known of the request with this key, if anything."""
    row = connection.execute(select(_answers).where(_row(register, account, key))).mappings().first()
    return None if row is None else Kept(row["request_sha256"], row["status"], row["body"], utc(row["created_at"]))


def take(db: Database, taken: Taken, *, request_sha256: str, now: datetime, forget_before: datetime) -> bool:
    """Take the key for this request; False when it is taken. Keys of the account older than that are forgotten."""
    try:
        with db.aside() as connection:
            connection.execute(
                delete(_answers).where(
                    _answers.c.register_id == taken.register,
                    _answers.c.account == taken.account,
                    _answers.c.created_at < forget_before,
                )
            )
            connection.execute(
                insert(_answers).values(
                    register_id=taken.register,
                    account=taken.account,
                    key=taken.key,
                    request_sha256=request_sha256,
                    status=PENDING,
                    body=taken.attempt,
                    created_at=now,
                )
            )
    except IntegrityError:
        return False
    return True


def take_over(db: Database, taken: Taken, former: Kept, now: datetime) -> bool:
    """Take the key from a request under which nothing was done; False when something was, or it has another."""
    with db.aside() as connection:
        found = connection.execute(
            update(_answers)
            .where(
                _row(taken.register, taken.account, taken.key),
                _answers.c.status == PENDING,
                _answers.c.body == former.body,
            )
            .values(body=taken.attempt, created_at=now)
        )
        return found.rowcount == 1


_under: ContextVar[Taken | None] = ContextVar("idempotency_key", default=None)


@contextmanager
def under(taken: Taken) -> Iterator[None]:
    """Do the acts of this block under the key, in whichever thread the block runs them."""
    token = _under.set(taken)
    try:
        yield
    finally:
        _under.reset(token)


def mark(tx: Transaction) -> None:
    """Mark the key under which an act is done, as its last write: act and mark are committed together, or neither.

    Raises `UnavailableError` where the attempt has lost the key: the act is undone.
    """
    _mark(tx.connection, str(tx.revision))


def mark_made(connection: Connection, revision: int, id_: str) -> None:
    """The same for a job that is asked for: it makes no revision, so the one that stood then is told."""
    _mark(connection, f"{revision}:{id_}")


def _mark(connection: Connection, said: str) -> None:
    taken = _under.get()
    if taken is None:
        return
    found = connection.execute(
        update(_answers)
        .where(_of(taken, PENDING, ACTED))
        .values(status=ACTED, body=_answers.c.body.concat(f" {said}"))
    )
    if found.rowcount != 1:
        raise UnavailableError("a repeat of this request has taken its key")


def settle(db: Database, taken: Taken, *, status: int, closed: str) -> None:
    """Keep what was answered; `closed` is empty, or nobody reads it without the key."""
    with db.aside() as connection:
        connection.execute(
            update(_answers)
            .where(_of(taken, PENDING, ACTED))
            .values(status=status, body=_answers.c.body.concat(f"{_ANSWER}{closed}"))
        )


def drop(db: Database, taken: Taken) -> bool:
    """Give the key back where nothing was done under it; False where something was.

    Waits for a transaction that holds the row: one whose connection was lost while it committed is over afterwards.
    """
    with db.aside() as connection:
        return connection.execute(delete(_answers).where(_of(taken, PENDING))).rowcount == 1


def done_in(connection: Connection, register: RegisterId, revisions: Sequence[int]) -> list[DoneUnderKey]:
    """What these revisions did, in order."""
    rows = connection.execute(
        select(_events.c.revision, _events.c.action, _events.c.target)
        .where(_events.c.register_id == register, _events.c.revision.in_(revisions), _events.c.outcome == "done")
        .order_by(_events.c.seq)
    )
    return [DoneUnderKey(revision, action, target) for revision, action, target in rows]

"""A few columns of every right, duty, person and account: what a page of the matrix is found by."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.org import Assignment, Person
from access_service.storage.codec import utc
from access_service.storage.facts import CODECS, Reader

NEVER = float("inf")


class RightRow(NamedTuple):
    """A grant; instants are seconds since the epoch."""

    id: str
    account: str
    role: str
    assignment: str | None
    scope: str
    """As it is stored: a JSON object."""
    starts: float
    activated: float
    """`NEVER` where it is not."""
    over: float
    """The earlier of its end on paper and the end it was given."""


class DutyRow(NamedTuple):
    """An assignment."""

    id: str
    person: str
    unit: str
    starts: float
    over: float


class PersonNameRow(NamedTuple):
    """Somebody's name, and what it is sorted by."""

    id: str
    name: str
    sort_key: str


class AccountNameRow(NamedTuple):
    """An account's name and holder."""

    id: str
    kind: str
    unit: str
    person: str | None
    username: str
    starts: float
    over: float


def _seconds(t: datetime | None) -> float:
    return NEVER if t is None else utc(t).timestamp()


def _rows(reader: Reader, value_type: type[Any], names: str, after: int) -> Iterator[Any]:
    """Columns of the facts that a revision later than `after` recorded."""
    columns = CODECS[value_type].table.c
    statement = select(*(columns[name] for name in names.split())).where(reader.visible(value_type))
    if after:
        statement = statement.where(columns.from_rev > after)
    yield from reader.connection.execute(statement)


def right_rows(reader: Reader, *, after: int = 0) -> Iterator[RightRow]:
    """Every grant, also those that are over."""
    names = "id account role assignment scope valid_from activated_at ended_at valid_to"
    for id_, account, role, assignment, scope, starts, activated, ended, ends in _rows(reader, Grant, names, after):
        over = min(_seconds(ended), _seconds(ends))
        yield RightRow(id_, account, role, assignment, scope, _seconds(starts), _seconds(activated), over)


def duty_rows(reader: Reader, *, after: int = 0) -> Iterator[DutyRow]:
    """Every duty."""
    for id_, person, unit, starts, ends in _rows(reader, Assignment, "id person unit valid_from valid_to", after):
        yield DutyRow(id_, person, unit, _seconds(starts), _seconds(ends))


def person_rows(reader: Reader, *, after: int = 0) -> Iterator[PersonNameRow]:
    """Everybody."""
    yield from map(PersonNameRow._make, _rows(reader, Person, "id name sort_key", after))


def account_rows(reader: Reader, *, after: int = 0) -> Iterator[AccountNameRow]:
    """Every account."""
    names = "id kind unit person username valid_from valid_to"
    for id_, kind, unit, person, username, starts, ends in _rows(reader, Account, names, after):
        yield AccountNameRow(id_, kind, unit, person, username, _seconds(starts), _seconds(ends))

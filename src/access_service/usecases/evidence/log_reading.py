"""The log, read by day, by who acted, by unit: page by page, and whole as a file.

An event names ids of every unit, so the department alone reads it: its custodian, its head, who inspects it.
Reading leaves an event, too: pages of ten minutes one together, every file one of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from access_service.domain.accounts import Account
from access_service.domain.audit import Doer, Event
from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.org import Person, Unit
from access_service.domain.time import start_of_day
from access_service.storage.audit import LogConnection, LogFilter, count_events, events, newest_events
from access_service.storage.db import Database
from access_service.usecases.log.readers import check_reads_log
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, ReadView, Services, look
from access_service.usecases.upkeep.writing_looks import record_look

MOST_ROWS = 1_000_000
"""Most events of one file: a spreadsheet takes no more."""


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Which events somebody asks for."""

    first: date | None = None
    last: date | None = None
    """Days on a Vietnamese clock, both within."""
    actor: str | None = None
    """An account, or a person."""
    unit: UnitId | None = None
    target: str | None = None
    action: str | None = None

    def as_filter(self) -> LogFilter:
        """The same in instants; `InvalidError` where the days are the wrong way round."""
        if self.first is not None and self.last is not None and self.last < self.first:
            raise InvalidError("the last day is before the first")
        since = None if self.first is None else start_of_day(self.first)
        until = None if self.last is None else start_of_day(self.last + timedelta(days=1))
        return LogFilter(self.target, self.action, self.actor, self.unit, since, until)

    def hash(self, **more: object) -> str:
        """How the event of reading names it."""
        return hash_parameters(**asdict(self), **more)


@dataclass(frozen=True, slots=True)
class EventNamed:
    """An event with names for whoever reads it."""

    event: Event
    who: str
    target: str
    """What the target is called; empty where it has no name."""
    unit: str


@dataclass(frozen=True, slots=True)
class LogExtract:
    """What goes into a file, from one snapshot."""

    register: RegisterId
    reader: Doer
    question: LogQuestion
    root: UnitId
    made_at: datetime
    events: Iterator[Event]


def _root_of(db: Database, register: RegisterId) -> UnitId:
    return next(UnitId(str(row["root"])) for row in db.registers() if row["id"] == register)


def read_events(
    services: Services, caller: Caller, question: LogQuestion, *, after: int, limit: int
) -> list[Event]:
    """One page of the log, in order, from the event after `after`."""
    root, wanted = _root_of(services.db, caller.register), question.as_filter()
    with look(services, caller) as seen:
        check_reads_log(services, seen, caller)
        asked = Look(
            *(caller.register, caller.doer, "log.read", root, seen.now),
            unit=question.unit or root,
            parameters=question.hash(after=after, limit=limit),
        )
        services.looks.count(asked)
        return list(events(seen.reader.connection, caller.register, after=after, limit=limit, wanted=wanted))


def read_log_page(
    services: Services, caller: Caller, question: LogQuestion, *, before: int | None, limit: int
) -> list[EventNamed]:
    """The newest events that were asked for, the newest first, with the names of whom and what they are about.

    An actor may be named by the user name of an account.
    """
    root = _root_of(services.db, caller.register)
    with look(services, caller) as seen:
        check_reads_log(services, seen, caller)
        wanted = _by_username(seen, question)
        asked = Look(
            *(caller.register, caller.doer, "log.read", root, seen.now),
            unit=question.unit or root,
            parameters=question.hash(before=before, limit=limit),
        )
        services.looks.count(asked)
        found = newest_events(seen.reader.connection, caller.register, limit, wanted.as_filter(), before)
        return _named(seen, found[::-1])


def read_event(services: Services, caller: Caller, seq: int) -> EventNamed:
    """One event, for the same readers."""
    found = read_events(services, caller, LogQuestion(), after=seq - 1, limit=1) if seq > 0 else []
    if not found or found[0].seq != seq:
        raise NotFoundError("event", str(seq))
    with look(services, caller) as seen:
        return _named(seen, found)[0]


def _by_username(seen: ReadView, question: LogQuestion) -> LogQuestion:
    account = seen.reader.find(Account, username=question.actor) if question.actor else []
    return replace(question, actor=str(account[0].id)) if account else question


def _named(seen: ReadView, found: list[Event]) -> list[EventNamed]:
    """The names of now: the log itself holds ids."""
    ids = sorted({i for e in found for i in (e.actor, e.person, e.happening.target, e.happening.unit) if i})
    accounts = {str(a.id): a for a in seen.reader.find(Account, id=ids)}
    holders = [a.person for a in accounts.values() if a.person]
    people = {str(p.id): p.name for p in seen.reader.find(Person, id=[*ids, *holders])}
    names = {str(u.id): u.name for u in seen.reader.find(Unit, id=ids)} | people
    names |= {i: a.username or people.get(str(a.person), i) for i, a in accounts.items()}
    names |= {str(d.id): d.number for d in seen.reader.find(Document, id=ids) if d.number}
    return [
        EventNamed(
            event,
            names.get(str(event.person), "") or names.get(event.actor, event.actor),
            names.get(event.happening.target, ""),
            names.get(event.happening.unit, ""),
        )
        for event in found
    ]


@contextmanager
def open_log(services: Services, caller: Caller, question: LogQuestion) -> Iterator[LogExtract]:
    """Everything that was asked for, for a file; `InvalidError` where that is more than one file holds."""
    root = _root_of(services.db, caller.register)
    with look(services, caller) as seen:
        check_reads_log(services, seen, caller)
        yield _extract(seen.reader.connection, caller.register, caller.doer, question, root, seen.now)


@contextmanager
def open_log_as_operator(db: Database, register: RegisterId, question: LogQuestion) -> Iterator[LogExtract]:
    """The same at the command line, which needs no account."""
    root = _root_of(db, register)
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        yield _extract(reader.connection, register, Doer("operator"), question, root, now)


def _extract(
    connection: LogConnection,
    register: RegisterId,
    reader: Doer,
    question: LogQuestion,
    root: UnitId,
    now: datetime,
) -> LogExtract:
    wanted = question.as_filter()
    count = count_events(connection, register, wanted)
    if count > MOST_ROWS:
        raise InvalidError(f"that is {count} events, and a file holds {MOST_ROWS}: ask for fewer days")
    return LogExtract(
        register, reader, question, root, now, events(connection, register, limit=None, wanted=wanted)
    )


def record_log_export(db: Database, found: LogExtract, *, form: str, rows: int, sha256: str) -> None:
    """Record that this part of the log was written out, before it leaves, or raise `UnavailableError`."""
    question = found.question
    made = Look(
        *(found.register, found.reader, "log.export", found.root, found.made_at),
        unit=question.unit or found.root,
        parameters=question.hash(),
        file=sha256,
    )
    record_look(db, made, format=form, rows=rows)


def read_newest(db: Database, register: RegisterId, question: LogQuestion, most: int) -> list[Event]:
    """The newest events that were asked for, in order, at the command line: one event that says so, first."""
    wanted = question.as_filter()
    with db.read(register) as reader:
        found = newest_events(reader.connection, register, most, wanted)
        now = db.now_in(reader.connection, register)
    asked = Look(
        *(register, Doer("operator"), "log.read", register, now),
        unit=question.unit or "",
        parameters=question.hash(newest=most),
    )
    record_look(db, asked, events=len(found))
    return found

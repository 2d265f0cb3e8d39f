"""Acts prepared beside: rules asked and facts made from a snapshot; the register is held to look, write and commit.

What was prepared holds as long as nothing that it read has changed. Every question is kept as it was asked, and a
revision says which facts it wrote: under the lock the facts that others wrote meanwhile are held against the
questions, as they were and as they are. What no fact answers (a session, a key) is asked again and compared.

An act that reads or writes in any other way than `find`, `ask`, `put` and `add` is not prepared: its first such
statement says so, and it is done under the lock, as all acts can be (docs/decisions/0158).
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, CursorResult, Select, bindparam, event, or_, select

from access_service.domain.audit import Doer
from access_service.domain.names import RegisterId
from access_service.storage.appending import Counter
from access_service.storage.asked_once import OnceReader
from access_service.storage.codec import Codec, utc
from access_service.storage.db import Database, Transaction
from access_service.storage.facts import CODECS, said_of
from access_service.storage.moved import MovedListener
from access_service.storage.progress import ProgressListener
from access_service.storage.staging import StagedRows
from access_service.storage.tables import CounterRow, RevisionRow, table

T = TypeVar("T")
MOST_AGE = timedelta(seconds=5)
"""What was prepared longer ago is prepared again: its instants would lie too far before its record."""
_counters = table(CounterRow)
_revisions = table(RevisionRow)
_STANDS = (
    select(_counters, _revisions.c.head.label("of_revision"))
    .join(_revisions, (_revisions.c.register_id == _counters.c.register_id) & (_revisions.c.n == _counters.c.n))
    .where(_counters.c.register_id == bindparam("register"))
)
_LATER = (
    select(_revisions.c.n, _revisions.c.head, _revisions.c.wrote)
    .where(_revisions.c.register_id == bindparam("register"), _revisions.c.n >= bindparam("known"))
    .order_by(_revisions.c.n)
)
_NOWHERE = object()


class NotPreparedError(Exception):
    """The act does what can only be done under the lock."""


class OvertakenError(Exception):
    """Somebody wrote what it had read, or it was prepared too long ago."""


class _SnapshotReader(OnceReader):
    """Remembers its answers, and lets nobody else ask."""

    def __init__(self, connection: Connection, register: RegisterId) -> None:
        super().__init__(connection, register)
        self._asks = False
        event.listen(connection, "before_cursor_execute", self._hear)

    def _hear(self, *_: Any) -> None:
        if not self._asks:
            raise NotPreparedError

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A question that is kept may be sent."""
        before, self._asks = self._asks, True
        try:
            yield
        finally:
            self._asks = before

    def _answers(self, codec: Codec[Any], *asked: Any) -> Iterator[CursorResult[Any]]:
        answers = super()._answers(codec, *asked)
        while True:
            with self.asking():
                rows = next(answers, None)
            if rows is None:
                return
            yield rows


@dataclass(slots=True)
class _Written:
    """Facts of one type that others wrote after the snapshot."""

    ids: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    """Whose versions were not looked at yet: questions by id need none."""
    versions: list[Any] = field(default_factory=list)
    """As they were at the snapshot, and every time since."""


class PreparingGround:
    """A register at one revision and instant, for acts that are prepared together."""

    def __init__(self, db: Database, connection: Connection, register: RegisterId) -> None:
        """`connection` is a snapshot of its own (`Database.connect`)."""
        row = connection.execute(_STANDS, {"register": register}).mappings().first()
        if row is None:
            raise NotPreparedError
        self.counter = Counter(row["n"], row["seq"], row["head"], utc(row["recorded_at"]))
        self.now = db.believed(self.counter.recorded_at)
        self.reader = _SnapshotReader(connection, register)
        self._seen = (self.counter.revision, str(row["of_revision"]))
        """Up to which revision, with which head, is known what was written."""
        self._later: dict[str, _Written] = {}

    def look(self, tx: Transaction) -> None:
        """Under the lock: hear what was written since the last look. Raises `OvertakenError`."""
        known = self.counter
        if (tx.counter.revision, tx.counter.seq, tx.counter.head) == (known.revision, known.seq, known.head):
            return
        rows = tx.connection.execute(_LATER, {"register": tx.register, "known": self._seen[0]}).all()
        if not rows or (rows[0][0], rows[0][1]) != self._seen:
            # The database has another history than the one that was looked at.
            raise OvertakenError
        for _, _, wrote in rows[1:]:
            if wrote is None:
                raise OvertakenError
            for name, ids in json.loads(wrote).items():
                found = self._later.setdefault(name, _Written())
                found.ids.update(ids)
                found.unread.update(ids)
        self._seen = (rows[-1][0], rows[-1][1])

    def written(
        self, value_type: type[Any], tx: Transaction, questions: Collection[dict[str, object] | None]
    ) -> _Written:
        """What others wrote of a type; with its versions where a question is by anything but ids."""
        codec = CODECS[value_type]
        found = self._later.get(codec.table.name)
        if found is None:
            return _Written()
        if found.unread and any(equals is not None and "id" not in equals for equals in questions):
            said = {"register": tx.register, "known": self.counter.revision, "ids": sorted(found.unread)}
            found.versions += codec.values(tx.connection.execute(_versions_since(codec), said))
            found.unread.clear()
        return found


@lru_cache(maxsize=128)
def _versions_since(codec: Codec[Any]) -> Select[Any]:
    c = codec.table.c
    is_later = or_(c.to_rev.is_(None), c.to_rev > bindparam("known"))
    ids = c.id.in_(bindparam("ids", expanding=True))
    return select(codec.table).where(c.register_id == bindparam("register"), ids, is_later)


@contextmanager
def snapshot(db: Database, register: RegisterId) -> Iterator[PreparingGround]:
    """A snapshot to prepare acts on. Few at once: readers need connections."""
    with db.preparing() as connection:
        yield PreparingGround(db, connection, register)


class PreparedTransaction(Transaction):
    """Looks to an act like the transaction in which it is done, and keeps what it would write."""

    def __init__(self, at: PreparingGround, doer: Doer) -> None:
        """Nothing of it stands until `write_on`."""
        super().__init__(at.reader.connection, at.reader.register, at.counter, at.now, doer)
        self._at = at
        self._asked: dict[type[Any], dict[Hashable, dict[str, object] | None]] = {}
        """Questions by what they are about; None: more than a list of columns says."""
        self._again: list[tuple[Callable[[Connection], Any], Any]] = []
        self._closes: dict[type[Any], dict[str, Any]] = {}
        self._adds: dict[type[Any], dict[str, Any]] = {}

    @property
    def revision(self) -> int:
        """Its number is known under the lock only."""
        raise NotPreparedError

    @revision.setter
    def revision(self, _: int) -> None:
        pass

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """As of a `Reader`: what the snapshot holds, with what this act has written."""
        own = {**self._closes.get(value_type, {}), **self._adds.get(value_type, {})}
        if where and own:
            raise NotPreparedError
        key: Hashable = None if where else tuple(sorted(said_of(equals)))
        self._asked.setdefault(value_type, {})[key] = None if where else equals
        found = self._at.reader.find(value_type, *where, **equals)
        if not own:
            return found
        found = [fact for fact in found if fact.id not in own]  # type: ignore[attr-defined]
        found += [fact for fact in own.values() if _meets(fact, equals)]
        return sorted(found, key=lambda fact: str(fact.id))  # type: ignore[attr-defined]

    def find_ids(self, value_type: type[Any], **equals: object) -> list[str]:
        """As of a `Reader`."""
        return [str(fact.id) for fact in self.find(value_type, **equals)]

    def ask(self, question: Callable[[Connection], T], *, is_settled: bool = False) -> T:
        """As of a `Reader`. Unless its answer is `is_settled`, it is asked again under the lock."""
        with self._at.reader.asking():
            answer = question(self.connection)
        if not is_settled:
            self._again.append((question, answer))
        return answer

    def put(self, *values: Any) -> None:
        """As of a `Writer`."""
        for value in values:
            new = self._adds.get(type(value), {})
            (new if value.id in new else self._closes.setdefault(type(value), {}))[value.id] = value

    def add(self, value_type: type[T], values: Iterable[T]) -> None:
        """As of a `Writer`."""
        self._adds.setdefault(value_type, {}).update({value.id: value for value in values})  # type: ignore[attr-defined]

    def insert(self, staged: StagedRows) -> Iterator[int]:  # noqa: ARG002
        """Rows of an import go in under the lock."""
        raise NotPreparedError

    def append(self, *_: Any, **__: Any) -> str:
        """The chain is the lock's."""
        raise NotPreparedError

    def finish(self) -> None:
        """It is finished by the transaction that it is written on."""
        raise NotPreparedError

    def ask_ahead(self) -> None:
        """Ask now what the transaction will ask before its commit."""
        values = [v for kind in (self._adds, self._closes) for facts in kind.values() for v in facts.values()]
        progress, moved = ProgressListener(), MovedListener()
        progress.hear(values)
        progress.units(self)
        moved.hear(values)
        if not moved.compares:
            moved.found(self, self.before, self.now)

    def write_on(self, tx: Transaction) -> None:
        """Under the lock: see that it holds, and write. Raises `OvertakenError`."""
        self._check_holds(tx)
        tx.remember(self._answers_that_stand())
        for value_type, values in self._adds.items():
            tx.add(value_type, values.values())
        for values in self._closes.values():
            tx.put(*values.values())
        tx.policy = self.policy
        tx.take_over(self)

    def _answers_that_stand(self) -> Iterator[tuple[type[Any], dict[str, object], list[Any]]]:
        for value_type, questions in self._asked.items():
            for equals in questions.values():
                if equals is not None:
                    yield value_type, equals, self._at.reader.find(value_type, **equals)

    def _check_holds(self, tx: Transaction) -> None:
        self._at.look(tx)
        for value_type, questions in self._asked.items():
            if _concerns(self._at.written(value_type, tx, questions.values()), questions.values()):
                raise OvertakenError
        for question, answer in self._again:
            if question(tx.connection) != answer:
                raise OvertakenError


def write_prepared(
    db: Database, prepared: PreparedTransaction, action: str, mark: Callable[[Transaction], None]
) -> None:
    """Write what was prepared, in a transaction of its own. Raises `OvertakenError`, and nothing was written.

    `mark` is what the transaction writes last.
    """
    with db.write(prepared.register, prepared.doer, action=action, at=prepared.now) as tx:
        if db.now() - prepared.now > MOST_AGE:
            raise OvertakenError
        prepared.write_on(tx)
        mark(tx)


def _concerns(written: "_Written", questions: Collection[dict[str, object] | None]) -> bool:
    """May facts that were written meanwhile change an answer, as they were or as they are?"""
    return bool(written.ids) and any(
        equals is None
        or ("id" in equals and not written.ids.isdisjoint(_many(equals["id"])))
        or ("id" not in equals and any(_may_meet(fact, equals) for fact in written.versions))
        for equals in questions
    )


def _many(wanted: object) -> set[str]:
    return set(map(str, wanted)) if isinstance(wanted, list | tuple | set | frozenset) else {str(wanted)}


def _meets(fact: Any, equals: Mapping[str, object]) -> bool:
    """Would a question with these columns find it? `NotPreparedError` for a column that is no field."""
    if any(getattr(fact, name, _NOWHERE) is _NOWHERE for name in equals):
        raise NotPreparedError
    return all(_is_one(getattr(fact, name), wanted) for name, wanted in equals.items())


def _may_meet(fact: Any, equals: Mapping[str, object]) -> bool:
    """The same; a column that is no field may hold anything."""
    return all(
        getattr(fact, name, _NOWHERE) is _NOWHERE or _is_one(getattr(fact, name), wanted)
        for name, wanted in equals.items()
    )


def _is_one(value: Any, wanted: object) -> bool:
    if isinstance(wanted, list | tuple | set | frozenset):
        return any(value == one for one in wanted)
    return bool(value == wanted)

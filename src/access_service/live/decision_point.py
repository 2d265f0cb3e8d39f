"""The decision point answers a question in one of two ways: from memory, or from one transaction.

From memory (`at_once` for one question, `moment` for many) nothing waits, and None means that memory cannot answer.
From one transaction (`reading`) everything is read anew. `decide` and `decide_all` take the second where the first
gave nothing.

What is kept in memory for a register is a *view*: everything in it belongs to one revision. A writer that advances
the view makes its `seq` odd while it works; a decision that saw `seq` change starts again from the database, so no
decision mixes two revisions (rule 15). What was loaded while somebody committed is not kept.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from access_service.domain.access import AccessRequest, Ask, Deny
from access_service.domain.errors import NotFoundError, PolicyError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.reasons import Reason
from access_service.engine.decide import Verdict, answer
from access_service.live.feed import UNSEEN, Feed
from access_service.live.gathered import LockIndex, Reading
from access_service.live.keeper import NotInViewError
from access_service.live.moment import Decided, DecidedAll, Item, Moment, cut_at
from access_service.live.revisions import check_known
from access_service.live.told import tell_decisions
from access_service.live.warming import Warming
from access_service.storage.audit import stands_now
from access_service.storage.db import Database
from access_service.storage.policy import load_all
from access_service.storage.spans import spanning


class DecisionPoint:
    """Answers for every register of one database. Safe from any number of threads."""

    def __init__(
        self,
        db: Database,
        *,
        cache_mib: int = 256,
        staleness_s: float = 2.0,
        poll_s: float = 0.1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """As `Feed`."""
        self.feed = Feed(db, cache_mib=cache_mib, staleness_s=staleness_s, poll_s=poll_s, monotonic=monotonic)
        self._db = db
        self.memory = db.memory
        self._timestamp = db.timestamp
        self._staleness_s = staleness_s
        self._monotonic = monotonic
        self._views = self.feed.views
        self._prepared: dict[RegisterId, int] = {}
        self._locks = LockIndex()
        self.warming = Warming(self.feed, self._locks)

    # -- deciding

    def decide(
        self, register: RegisterId, request: AccessRequest, *, now: datetime | None = None, at_least: int = 0
    ) -> Decided:
        """Allow or deny, at one revision and one instant.

        Raises `NotFoundError` for an unknown register, `StaleRevisionError` when the revision `at_least` does not
        appear within two seconds, `UnavailableError` when the register cannot be read or has not been looked at
        for longer than the staleness bound.
        """
        found = self.decide_all(register, (request.ask,), now=now, at_least=at_least)
        return Decided(found.answers[0], found.revision, found.instant)

    def at_once(self, register: RegisterId, ask: Ask) -> tuple[Verdict, int] | None:
        """The answer from memory, with its revision; None when memory cannot answer: ask `decide_all` then.

        Says what `moment` and its `answers` say to one question, without making an object on the way. Never blocks.
        """
        view = self._views.get(register)
        if view is None:
            return None
        seq, revision = view.seq, view.revision
        # `Feed.check_fresh`, written out: here a call is felt.
        if self.feed.watcher is not None and self._monotonic() - view.looked_at > self._staleness_s:
            raise UnavailableError(UNSEEN)
        instant = self._timestamp()
        if seq & 1 or instant < view.start:
            return None
        account, topic, resource_id, unit, class_id = ask
        try:
            snapshot = view.accounts[account]
            if instant >= view.places.until or instant >= snapshot.until:
                return None
            found = answer(topic, resource_id, unit, class_id, snapshot, view, instant)
        except NotInViewError:
            return None
        return (found, revision) if view.seq == seq else None

    def moment(self, register: RegisterId, now: datetime | None = None, at_least: int = 0) -> Moment | None:
        """What memory holds of a register at this instant; None when that is nothing, or behind `at_least`."""
        view = self._views.get(register)
        if view is None:
            return None
        seq, revision = view.seq, view.revision
        if seq & 1 or revision < at_least:
            return None
        self.feed.check_fresh(view)
        instant = self._timestamp() if now is None else now.timestamp()
        if instant < view.start:
            if now is None:
                instant = view.instant(self._timestamp)
            if instant < view.start:
                return None
        return Moment(view, seq, revision, instant)

    def decide_all(
        self,
        register: RegisterId,
        items: Sequence[Item],
        *,
        stop_at: bool | None = None,
        now: datetime | None = None,
        at_least: int = 0,
    ) -> DecidedAll:
        """Answer every item at one revision and instant; `stop_at` ends the list with the first such answer.

        From memory where it holds everything that is asked about, else all of it from one transaction.
        """
        moment = self.moment(register, now, at_least)
        answers = None if moment is None else moment.answers(items)
        if moment is not None and answers is not None and moment.holds():
            return DecidedAll(cut_at(answers, stop_at), moment.revision, moment.instant)
        with spanning(self._db.tracer, "decide", register) as span:
            self.feed.catch_up(register, at_least)
            decided = self._read(register, items, now=now, stop_at=stop_at)
            tell_decisions(span, items, decided.answers, decided.revision)
        return decided

    def _read(
        self, register: RegisterId, items: Sequence[Item], *, now: datetime | None, stop_at: bool | None
    ) -> DecidedAll:
        """Everything from one transaction, and what it read into the view if the view still stands there."""
        self.feed.check_fresh()
        with _as_unavailable(), self.feed.reading(register) as (reader, view, compared):
            stands = compared.stands
            # The clock may step back; a right taken back at the newest revision must not come back with it.
            instant = now or self._db.believed(stands.recorded_at)
            reading = Reading(reader, instant, self._locks)
            answers = _read_all(reading, items, stop_at)
        if now is None:
            self.feed.keep(view, stands, reading)
        return DecidedAll(answers, stands.revision, instant.timestamp())

    def decide_at(
        self, register: RegisterId, request: AccessRequest, *, at: datetime, known_at: int | None = None
    ) -> Decided:
        """What holds at `at`, as known now or as it was known at a revision. Always a fresh read."""
        with spanning(self._db.tracer, "decide_at", register) as span:
            with self.reading(register, at=at, known_at=known_at) as (reading, revision):
                answers = _read_all(reading, (request.ask,), None)
            tell_decisions(span, (request.ask,), answers, revision)
        return Decided(answers[0], revision, at.timestamp())

    @contextmanager
    def reading(
        self,
        register: RegisterId,
        *,
        at: datetime | None = None,
        known_at: int | None = None,
        decided: Decided | DecidedAll | None = None,
    ) -> Iterator[tuple[Reading, int]]:
        """One transaction at an instant, with the revision it stands for, for whoever explains a decision.

        `decided` reads at the very revision and instant of an answer already given (rule 15).
        """
        if decided is not None:
            known_at = decided.revision
        with _as_unavailable(), self._db.read(register, known_at) as reader:
            latest = stands_now(reader.connection, register)
            if latest is None:
                raise NotFoundError("register", register)
            check_known(register, latest.revision, known_at)
            now = decided.now if decided is not None else at or self._db.believed(latest.recorded_at)
            yield Reading(reader, now, self._locks), latest.revision if known_at is None else known_at

    def now(self) -> datetime:
        """The clock that decisions are made by."""
        return self._db.now()

    # -- keeping up

    def prepare(self, register: RegisterId) -> None:
        """Compile every pack that is in force now or will be, so that no question waits for it.

        Raises `UnavailableError` for one that this version cannot read.
        """
        revision = self.revision(register)
        if revision and self._prepared.get(register) == revision:
            return
        now = self._db.now()
        with _as_unavailable(), self._db.read(register) as reader:
            load_all(reader, now)
        self._prepared[register] = revision

    def prepare_all(self) -> None:
        """The same for every register, at the start. `/readyz` and questions say what cannot be prepared."""
        for row in self._db.registers():
            with suppress(UnavailableError):
                self.prepare(RegisterId(str(row["id"])))

    def revision(self, register: RegisterId) -> int:
        """As `Feed.revision`."""
        return self.feed.revision(register)

    def stands_at(self, register: RegisterId) -> tuple[int, str, float] | None:
        """As `Feed.stands_at`."""
        return self.feed.stands_at(register)

    def is_fresh(self) -> bool:
        """As `Feed.is_fresh`, of the database."""
        return self.feed.is_fresh()

    def advance(self, register: RegisterId) -> int:
        """As `Feed.advance`."""
        return self.feed.advance(register)

    def committed(self, register: RegisterId) -> None:
        """As `Feed.committed`."""
        self.feed.committed(register)

    def catch_up(self, register: RegisterId, at_least: int, wait_s: float = 2.0) -> None:
        """As `Feed.catch_up`."""
        self.feed.catch_up(register, at_least, wait_s)

    def watch(self) -> None:
        """As `Feed.watch`."""
        self.feed.watch()

    def close(self) -> None:
        """As `Feed.close`; nothing more is read into memory."""
        self.warming.close()
        self.feed.close()


def check(
    point: DecisionPoint,
    register: RegisterId,
    request: AccessRequest,
    *,
    at: datetime | None = None,
    known_at: int | None = None,
) -> Decided:
    """One question: now, or at an instant, or as it was answered at a revision."""
    if at is None and known_at is None:
        return point.decide(register, request)
    return point.decide_at(register, request, at=at or point.now(), known_at=known_at)


def _read_all(reading: Reading, items: Sequence[Item], stop_at: bool | None) -> list[Verdict]:
    """As `up_to`, asking for nothing that comes after it."""
    answers: list[Verdict] = []
    instant = reading.now.timestamp()
    for item in items:
        if isinstance(item, Reason):
            found: Verdict = Deny(item)
        else:
            account, topic, resource_id, unit, class_id = item
            found = answer(topic, resource_id, unit, class_id, reading.snapshot(account), reading, instant)
        answers.append(found)
        if stop_at is not None and (type(found) is tuple) is stop_at:
            break
    return answers


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """A stored pack that cannot be read any more is our failure, not the caller's."""
    try:
        yield
    except PolicyError as error:
        raise UnavailableError("a stored pack cannot be read by this version") from error

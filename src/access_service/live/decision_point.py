"""The decision point answers a question in one of two ways: from memory, or from one transaction.

From memory (`at_once` for one question, `moment` for many) nothing waits, and None means that memory cannot answer.
From one transaction (`reading`) everything is read anew. `decide` and `decide_all` take the second where the first
gave nothing.

What is kept in memory for a register is a *view*: everything in it belongs to one revision. A writer that advances
the view makes its `seq` odd while it works; a decision that saw `seq` change starts again from the database, so no
decision mixes two revisions (rule 15). What was loaded while somebody committed is not kept.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import msgspec

from access_service.domain.access import AccessRequest, Ask, Decision, Deny
from access_service.domain.errors import (
    AccessServiceError,
    ClockError,
    NotFoundError,
    PolicyError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.names import RegisterId
from access_service.domain.reasons import Reason
from access_service.engine.decide import Verdict, answer, as_decision
from access_service.live.gathered import LockIndex, Reading
from access_service.live.revisions import check_known
from access_service.live.told import tell_decisions
from access_service.live.view import MIB, NotInViewError, RegisterView
from access_service.storage.audit import stands_now, stands_since
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.policy import load_all
from access_service.storage.spans import spanning

Item = Ask | Reason
"""An item of a batch: a question, or the reason that its form alone earns."""
UNSEEN = "the register has not been seen for too long"
"""A caller must treat it as deny: nothing is answered from the past."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decision with the one revision and instant it belongs to."""

    found: Verdict
    revision: int
    instant: float
    """Seconds since the epoch."""

    @property
    def decision(self) -> Decision:
        """Allow or deny, as a value that cannot lie; the reason of a deny is worked out here."""
        return as_decision(self.found)

    @property
    def now(self) -> datetime:
        """The instant."""
        return datetime.fromtimestamp(self.instant, UTC)


class DecidedAll(msgspec.Struct, frozen=True):
    """Several decisions at one revision and instant, in the order asked."""

    answers: Sequence[Verdict]
    revision: int
    instant: float

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Each as a value that cannot lie."""
        return tuple(map(as_decision, self.answers))

    @property
    def now(self) -> datetime:
        """The instant."""
        return datetime.fromtimestamp(self.instant, UTC)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a register, at one revision and instant; good for as long as `holds`."""

    view: RegisterView
    seq: int
    revision: int
    instant: float

    def answers(self, items: Sequence[Item]) -> list[Verdict] | None:
        """Every answer from memory alone, or None when one of them takes the database. Never blocks."""
        view, instant = self.view, self.instant
        try:
            return [Deny(i) if isinstance(i, Reason) else view.answer(i, instant) for i in items]
        except NotInViewError:
            return None

    def holds(self) -> bool:
        """Has nothing changed in between? Otherwise the answers may be of two revisions: ask the database."""
        return self.view.seq == self.seq


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
        """`cache_mib` bounds what is kept in memory of each register."""
        self._db = db
        self.memory = db.memory
        self._timestamp = db.timestamp
        self._limit_bytes = cache_mib * MIB
        self._staleness_s = staleness_s
        self._poll_s = poll_s
        self._monotonic = monotonic
        self._views: dict[RegisterId, RegisterView] = {}
        self._prepared: dict[RegisterId, int] = {}
        self._making = threading.Lock()
        self._locks = LockIndex()
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self._looked_at = 0.0

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
        # `is_fresh`, written out: here a call is felt.
        if self._watcher is not None and self._monotonic() - view.looked_at > self._staleness_s:
            raise UnavailableError(UNSEEN)
        instant = self._timestamp()
        if seq & 1 or instant < view.start:
            return None
        account, topic, resource_id, unit, class_id = ask
        try:
            snapshot = view.accounts[account]
            if instant >= view.until or instant >= snapshot.until:
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
        if not self.is_fresh(view.looked_at):
            raise UnavailableError(UNSEEN)
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
            self.catch_up(register, at_least)
            decided = self._read(register, items, now=now, stop_at=stop_at)
            tell_decisions(span, items, decided.answers, decided.revision)
        return decided

    def _read(
        self, register: RegisterId, items: Sequence[Item], *, now: datetime | None, stop_at: bool | None
    ) -> DecidedAll:
        """Everything from one transaction, and what it read into the view if the view still stands there."""
        if not self.is_fresh():
            raise UnavailableError(UNSEEN)  # Whoever asked it would wait as long as the one who watches.
        view = self._view(register)
        looked_at = self._monotonic()
        with view.lock:
            base, head = view.revision, view.head
        with _readable(self._db, register) as reader:
            # The first statement fixes the snapshot; the revision it reports is that of everything after it.
            if (stands := stands_since(reader.connection, register, base, head)) is None:
                raise UnavailableError("the register is gone")
            # The clock may step back; a right taken back at the newest revision must not come back with it.
            instant = now or self._db.believed(stands.recorded_at)
            reading = Reading(reader, instant, self._locks)
            answers = _read_all(reading, items, stop_at)
        with view.lock:
            if view.follow(stands, base, head):
                view.looked_at = max(view.looked_at, looked_at)
            if (stands.revision, stands.head) == (view.revision, view.head) and now is None:
                if view.instant(self._timestamp) < view.start:
                    view.start_again(instant.timestamp())
                view.keep(reading)
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
        with _readable(self._db, register, known_at) as reader:
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
        with _readable(self._db, register) as reader:
            load_all(reader, now)
        self._prepared[register] = revision

    def prepare_all(self) -> None:
        """The same for every register, at the start. `/readyz` and questions say what cannot be prepared."""
        for row in self._db.registers():
            with suppress(UnavailableError):
                self.prepare(RegisterId(str(row["id"])))

    def revision(self, register: RegisterId) -> int:
        """The revision that answers from memory belong to; 0 before the first."""
        view = self._views.get(register)
        return 0 if view is None else view.revision

    def stands_at(self, register: RegisterId) -> tuple[int, str, float] | None:
        """Revision and head that memory stands at, and now in seconds since the epoch; None when it does not stand.

        For whoever keeps something else of the register beside it. `UnavailableError` as for a decision.
        """
        view = self._views.get(register)
        if view is None:
            return None
        seq, revision, head = view.seq, view.revision, view.head
        if seq & 1:
            return None
        if not self.is_fresh(view.looked_at):
            raise UnavailableError(UNSEEN)
        if view.seq != seq:
            return None
        return revision, head, max(self._timestamp(), view.recorded_at)

    def advance(self, register: RegisterId) -> int:
        """Look at the register's counter and drop what may have changed. Returns where it stands."""
        view = self._views.get(register)
        if view is None:
            return self._view(register).revision
        while True:
            looked_at = self._monotonic()
            with view.lock:
                base, head, seen = view.revision, view.head, view.counter
            # Looked at with nothing held: a database that does not answer keeps only who asks it.
            counter, stands = self._db.counter(register), None
            if counter is not None and (counter.revision, counter.head) != seen:
                with self._db.connect(is_quick=True) as connection:
                    stands = stands_since(connection, register, base, head)
            if counter is None or ((counter.revision, counter.head) != seen and stands is None):
                raise UnavailableError("the register is gone")
            with view.lock:
                if stands is not None and not view.follow(stands, base, head):
                    continue  # Somebody moved it meanwhile, and not to there.
                if stands is not None and counter.revision == view.revision == stands.revision:
                    view.counter = counter.revision, counter.head
                view.looked_at = max(view.looked_at, looked_at)
                return view.revision

    def committed(self, register: RegisterId) -> None:
        """Hear of a commit of this process. It is done, so a failure to look is none of the writer's business."""
        try:
            self.advance(register)
        except AccessServiceError:
            # Until somebody looks with success, what is kept is from before the commit: refuse to answer from it.
            self._views.pop(register, None)

    def catch_up(self, register: RegisterId, at_least: int, wait_s: float = 2.0) -> None:
        """Return when the view stands at `at_least` or later; `StaleRevisionError` after `wait_s`."""
        if self.revision(register) >= at_least:
            return
        deadline = self._monotonic() + wait_s
        while self.advance(register) < at_least:
            if self._monotonic() >= deadline:
                raise StaleRevisionError("this node has not seen that revision")
            time.sleep(0.02)

    def watch(self) -> None:
        """Look at the counters in a thread of its own until `close`, so that other processes' writes are seen."""
        if self._watcher is not None:
            return
        self._looked_at = self._monotonic()
        self._watcher = threading.Thread(target=self._watch, name="revision-watch", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """End the watching thread. Afterwards only commits of this process are noticed."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._stop.clear()

    def is_fresh(self, looked_at: float | None = None) -> bool:
        """Was the database, or the view last looked at then, seen within the staleness bound? The one check of it.

        Always, when nothing watches.
        """
        if self._watcher is None:
            return True
        return self._monotonic() - (self._looked_at if looked_at is None else looked_at) <= self._staleness_s

    def _watch(self) -> None:
        # Whatever goes wrong with the database, the next look begins anew; until then nothing is fresh.
        while not self._stop.wait(self._poll_s):
            with suppress(Exception):
                self._watch_on()

    def _watch_on(self) -> None:
        with self._db.marks() as mark:
            seen_mark: object = None
            while not self._stop.wait(self._poll_s):
                began = self._monotonic()
                if not self._clock_stands():
                    continue
                # Read before the counters: what is committed in between changes it again.
                found = None if mark is None else mark()
                views = list(self._views.items())
                if found is None or found != seen_mark or any(view.mark != found for _, view in views):
                    looked = [self._look(register) for register in (*(name for name, _ in views), None)]
                    if not all(looked):
                        continue
                    seen_mark = found
                for _, view in views:
                    view.mark = found
                    view.looked_at = max(view.looked_at, began)
                self._looked_at = began

    def _clock_stands(self) -> bool:
        """Has nobody set the clock since the start? Otherwise nothing kept answers: whoever asks is told why."""
        try:
            self._db.now()
        except ClockError:
            self._views.clear()
            return False
        return True

    def _look(self, register: RegisterId | None) -> bool:
        """One look at a register, or at the database alone. Whatever goes wrong, the staleness bound answers it."""
        try:
            if register is None:
                self._db.ping()
            else:
                self.advance(register)
        except ClockError:
            # What is kept may be of an instant that never was; whoever asks next is told why.
            self._views.clear()
            return False
        except Exception:  # noqa: BLE001 the thread must outlive every fault, or nothing is noticed ever after
            return False
        return True

    def _view(self, register: RegisterId) -> RegisterView:
        view = self._views.get(register)
        if view is not None:
            return view
        looked_at = self._monotonic()
        if self._db.counter(register) is None:
            raise NotFoundError("register", register)
        with self._db.connect(is_quick=True) as connection:
            stands = stands_now(connection, register)
        if stands is None:
            raise UnavailableError("the register is gone")
        with self._making:
            made = RegisterView(stands.revision, stands.head, stands.recorded_at, looked_at, self._limit_bytes)
            return self._views.setdefault(register, made)


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


def cut_at(answers: Sequence[Verdict], stop_at: bool | None) -> Sequence[Verdict]:
    """The answers up to the first that is `stop_at`; all of them where that is None."""
    if stop_at is not None:
        for number, found in enumerate(answers, start=1):
            if (type(found) is tuple) is stop_at:
                return answers[:number]
    return answers


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
def _readable(db: Database, register: RegisterId, known_at: int | None = None) -> Iterator[Reader]:
    """A read transaction; a stored pack that cannot be read any more is our failure, not the caller's."""
    try:
        with db.read(register, known_at) as reader:
            yield reader
    except PolicyError as error:
        raise UnavailableError("a stored pack cannot be read by this version") from error

"""The one feed of changes: it follows each register's counter and tells what is kept in memory what moved.

The counter is the truth. On SQLite a number that changes with every commit of another connection (`data_version`)
says when to look at it, on PostgreSQL a look takes one row; whoever hears of a commit sooner wakes the watcher
(`nudge`), and a word that is lost costs a moment and nothing else. What has not been seen for longer than the
staleness bound answers nothing. A register is known by its revision and the head of its events there: a database
that was restored, or took over without the last commits, has other facts under the same numbers, and then all that
was kept is dropped (`RegisterView.follow`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from access_service.domain.errors import (
    AccessServiceError,
    ClockError,
    NotFoundError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.names import RegisterId
from access_service.live.accounts import is_moved
from access_service.live.gathered import Reading
from access_service.live.keeper import MIB, Budget
from access_service.live.revoked import TokenNews, read_news
from access_service.live.view import RegisterView
from access_service.storage.audit import Stands, stands_now, stands_since
from access_service.storage.db import Database
from access_service.storage.facts import Reader

UNSEEN = "the register has not been seen for too long"
"""A caller must treat it as deny: nothing is answered from the past."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a transaction found a register, for a view that stood at `base`."""

    base: int
    head: str
    stands: Stands
    news: TokenNews | None


class Feed:
    """What is kept of every register of one database, and how it keeps up. Safe from any number of threads."""

    def __init__(
        self,
        db: Database,
        *,
        cache_mib: int = 256,
        staleness_s: float = 2.0,
        poll_s: float = 0.1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cache_mib` bounds what is kept in memory of all registers together.

        An eighth of it is for what the engine numbers (`Memory`), the rest for what is read and dropped meanwhile.
        """
        self.db = db
        self.views: dict[RegisterId, RegisterView] = {}
        self.budget = Budget(cache_mib * MIB // 2)
        self.monotonic = monotonic
        self.staleness_s = staleness_s
        self.poll_s = poll_s
        self.watcher: threading.Thread | None = None
        self._making = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._looked_at = 0.0

    # -- what is kept

    def view(self, register: RegisterId) -> RegisterView:
        """What is kept of the register. `NotFoundError` where there is none of that name."""
        view = self.views.get(register)
        if view is not None:
            return view
        looked_at = self.monotonic()
        if self.db.counter(register) is None:
            raise NotFoundError("register", register)
        with self.db.connect(is_quick=True) as connection:
            stands = stands_now(connection, register)
        if stands is None:
            raise UnavailableError("the register is gone")
        with self._making:
            made = RegisterView(stands.revision, stands.head, stands.recorded_at, looked_at, self.budget)
            return self.views.setdefault(register, made)

    def revision(self, register: RegisterId) -> int:
        """The revision that answers from memory belong to; 0 before the first."""
        view = self.views.get(register)
        return 0 if view is None else view.revision

    def stands_at(self, register: RegisterId) -> tuple[int, str, float] | None:
        """Revision and head that memory stands at, and now in seconds since the epoch; None when it does not stand.

        For whoever tells others of it. `UnavailableError` as for a decision.
        """
        view = self.views.get(register)
        if view is None:
            return None
        seq, (revision, head) = view.seq, view.stands()
        if seq & 1:
            return None
        self.check_fresh(view)
        return (revision, head, max(self.db.timestamp(), view.recorded_at)) if view.seq == seq else None

    def is_fresh(self, looked_at: float | None = None) -> bool:
        """Was the database, or the view last looked at then, seen within the staleness bound? The one check of it.

        Always, when nothing watches.
        """
        if self.watcher is None:
            return True
        return self.monotonic() - (self._looked_at if looked_at is None else looked_at) <= self.staleness_s

    def check_fresh(self, view: RegisterView | None = None) -> None:
        """Raise `UnavailableError` where it was not: whoever asked the database would wait as its watcher does."""
        if not self.is_fresh(None if view is None else view.looked_at):
            raise UnavailableError(UNSEEN)

    # -- keeping up

    @contextmanager
    def reading(self, register: RegisterId) -> Iterator[tuple[Reader, RegisterView, Followed]]:
        """A read transaction, compared with what is kept by its first statement; what is kept follows it."""
        view, looked_at = self.view(register), self.monotonic()
        with view.lock:
            base, head, wants_news = view.revision, view.head, view.revoked.taken is not None
        with self.db.read(register) as reader:
            compared = _compare(reader, base, head, wants_news=wants_news)
            if compared is None:
                raise UnavailableError("the register is gone")
            self._follow(view, compared, looked_at)
            yield reader, view, compared

    def _follow(self, view: RegisterView, compared: Followed, looked_at: float) -> bool:
        with view.lock:
            if not view.follow(compared.stands, compared.base, compared.head, compared.news):
                return False
            view.looked_at = max(view.looked_at, looked_at)
            return True

    def keep(self, view: RegisterView, stands: Stands, reading: Reading) -> None:
        """Keep what a transaction read, where the view still stands there; else whom nothing touched since."""
        with view.lock:
            if view.instant(self.db.timestamp) < view.start:
                view.start_again(reading.now.timestamp())
            if view.stands() == (stands.revision, stands.head):
                view.keep(reading)
                return
        self.keep_accounts(view, stands, reading)

    def keep_accounts(self, view: RegisterView, stands: Stands, reading: Reading) -> bool:
        """Keep the accounts alone, as `keep`; False where nobody can say what moved since they were read."""
        with view.lock:
            moved = view.moved_after(stands.revision, stands.head)
            if moved is None:
                return False
            view.start = max(view.start, reading.now.timestamp())
            view.keep_accounts((a, s) for a, s in reading.accounts.items() if not is_moved(moved, a, s))
            return True

    def advance(self, register: RegisterId) -> int:
        """Look at the register's counter and drop what may have changed. Returns where it stands."""
        view = self.views.get(register)
        if view is None:
            return self.view(register).revision
        while True:
            looked_at = self.monotonic()
            with view.lock:
                base, head, seen, wants_news = (
                    view.revision,
                    view.head,
                    view.counter,
                    view.revoked.taken is not None,
                )
            # Looked at with nothing held: a database that does not answer keeps only who asks it.
            counter, compared = self.db.counter(register), None
            if counter is not None and (counter.revision, counter.head) != seen:
                with self.db.connect(is_quick=True) as connection:
                    compared = _compare(Reader(connection, register), base, head, wants_news=wants_news)
            if counter is None or ((counter.revision, counter.head) != seen and compared is None):
                raise UnavailableError("the register is gone")
            with view.lock:
                if compared is not None:
                    stands = compared.stands
                    if not view.follow(stands, base, head, compared.news):
                        continue  # Somebody moved it meanwhile, and not to there.
                    if counter.revision == view.revision == stands.revision:
                        view.counter = counter.revision, counter.head
                view.looked_at = max(view.looked_at, looked_at)
                return view.revision

    def committed(self, register: RegisterId) -> None:
        """Hear of a commit of this process. It is done, so a failure to look is none of the writer's business."""
        try:
            self.advance(register)
        except AccessServiceError:
            # Until somebody looks with success, what is kept is from before the commit: refuse to answer from it.
            self.views.pop(register, None)

    def catch_up(self, register: RegisterId, at_least: int, wait_s: float = 2.0) -> None:
        """Return when the view stands at `at_least` or later; `StaleRevisionError` after `wait_s`."""
        if self.revision(register) >= at_least:
            return
        deadline = self.monotonic() + wait_s
        while self.advance(register) < at_least:
            if self.monotonic() >= deadline:
                raise StaleRevisionError("this node has not seen that revision")
            time.sleep(0.02)

    # -- watching

    def watch(self) -> None:
        """Look at the counters in a thread of its own until `close`, so that other processes' writes are seen."""
        if self.watcher is not None:
            return
        self._looked_at = self.monotonic()
        self.watcher = threading.Thread(target=self._watch, name="revision-watch", daemon=True)
        self.watcher.start()

    def nudge(self) -> None:
        """Look now: somebody heard that another process committed. Never blocks."""
        self._wake.set()

    def close(self) -> None:
        """End the watching thread. Afterwards only commits of this process are noticed."""
        self._stop.set()
        self._wake.set()
        if self.watcher is not None:
            self.watcher.join()
            self.watcher = None
        self._stop.clear()
        self._wake.clear()

    def _ends(self) -> bool:
        """Wait for the next look; true where there is to be none."""
        self._wake.wait(self.poll_s)
        if self._stop.is_set():
            return True
        # Cleared before the look: who nudges during it gets another.
        self._wake.clear()
        return False

    def _watch(self) -> None:
        # Whatever goes wrong with the database, the next look begins anew; until then nothing is fresh.
        while not self._ends():
            with suppress(Exception):
                self._watch_on()

    def _watch_on(self) -> None:
        with self.db.marks() as mark:
            seen_mark: object = None
            while not self._ends():
                began = self.monotonic()
                if not self._clock_stands():
                    continue
                # Read before the counters: what is committed in between changes it again.
                found = None if mark is None else mark()
                views = list(self.views.items())
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
            self.db.now()
        except ClockError:
            self.views.clear()
            return False
        return True

    def _look(self, register: RegisterId | None) -> bool:
        """One look at a register, or at the database alone. Whatever goes wrong, the staleness bound answers it."""
        try:
            if register is None:
                self.db.ping()
            else:
                self.advance(register)
        except ClockError:
            # What is kept may be of an instant that never was; whoever asks next is told why.
            self.views.clear()
            return False
        except Exception:  # noqa: BLE001 the thread must outlive every fault, or nothing is noticed ever after
            return False
        return True


def _compare(reader: Reader, base: int, head: str, *, wants_news: bool) -> Followed | None:
    """Where the register stands, for a view at `base`; None where it is gone. The transaction's first statement."""
    stands = stands_since(reader.connection, reader.register, base, head)
    if stands is None:
        return None
    is_newer = wants_news and stands.is_same and stands.revision > base
    return Followed(base, head, stands, read_news(reader, base, stands) if is_newer else None)

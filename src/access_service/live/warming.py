"""A register is read into memory in bulk: at the start, and after a change that took much of it from memory.

An account that is asked about and not kept costs a statement and a millisecond; all of a province's at once cost
whoever asks first thousands of times that. `Warming` reads them beside the answers, a batch at a time, as much as
fits without dropping what is kept. Nothing rests on it: what it has not read, or not yet, is read when it is asked.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from access_service.domain.accounts import Account
from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.names import AccountId, ClassId, RegisterId, UnitId
from access_service.domain.org import SchoolClass, SchoolYear, Unit
from access_service.live.accounts import weight
from access_service.live.feed import Feed, Followed
from access_service.live.gathered import LockIndex, Reading
from access_service.live.places import PLACE_BYTES, SITE_BYTES
from access_service.live.view import RegisterView
from access_service.storage.many_accounts import ManyAccountsReader

T = TypeVar("T")
AT_ONCE = 1_000
"""Accounts in a batch: what is read of them is in memory together."""
GIVES_WAY = 25
"""After so many whoever waits for the interpreter has it: some milliseconds."""
MUCH = 500
"""Accounts that were kept and are not any more, after which they are read again in bulk."""
LOOK_S = 1.0
"""How often it is looked whether so many are gone."""
FIRST_S = 15.0
"""How long `/readyz` waits for the first round: a register may be larger than what is kept of it."""

PATIENT_S = 0.4
"""How long whoever asks about readiness waits for a round that is about to end."""


class Warming:
    """Reads what is not kept, in a thread of its own until `close`."""

    def __init__(
        self,
        feed: Feed,
        locks: LockIndex,
        *,
        much: int = MUCH,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`much` accounts gone from memory begin another round."""
        self._feed = feed
        self._locks = locks
        self._much = much
        self._monotonic = monotonic
        self._kept: dict[RegisterId, int] = {}
        self._stop = threading.Event()
        self._first = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = 0.0

    def start(self, failed: Callable[[str], None] = lambda _why: None) -> None:
        """Begin; `failed` hears why a round came to nothing. The next look tries again."""
        self._since = self._monotonic()
        self._thread = threading.Thread(target=self._run, args=(failed,), name="warming", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, also in the middle of a batch."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_first_over(self) -> bool:
        """Has the first round ended, well or not, or was none begun?"""
        return self._thread is None or self._first.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the first round to end."""
        return self._first.wait(timeout_s)

    def check(self) -> None:
        """Raise `UnavailableError` while the first round goes on, for as long as readiness waits for it."""
        if self.is_first_over or self._first.wait(PATIENT_S):
            return
        if self._monotonic() - self._since < FIRST_S:
            raise UnavailableError("what is asked most is being read into memory")

    # -- rounds

    def _run(self, failed: Callable[[str], None]) -> None:
        wanted = [RegisterId(str(row["id"])) for row in self._registers(failed)]
        while True:
            for register in wanted:
                try:
                    self.warm(register)
                except AccessServiceError as error:
                    # It counts as lost: the next look tries again.
                    self._kept[register] = self._much
                    failed(str(error))
                except Exception as error:  # noqa: BLE001 the thread must outlive every fault
                    failed(type(error).__name__)
            self._first.set()
            if self._stop.wait(LOOK_S):
                return
            wanted = self.find_cooled()

    def _registers(self, failed: Callable[[str], None]) -> Sequence[dict[str, object]]:
        try:
            return self._feed.db.registers()
        except UnavailableError as error:
            failed(str(error))
            return ()

    def find_cooled(self) -> list[RegisterId]:
        """The registers of which much is not kept any more."""
        found = []
        for register, before in self._kept.items():
            view = self._feed.views.get(register)
            kept = 0 if view is None else count_kept(view)
            if before - kept >= self._much:
                found.append(register)
            self._kept[register] = kept
        return found

    def warm(self, register: RegisterId) -> int:
        """Read all that is not kept and fits; returns how many accounts are kept then."""
        with self._feed.reading(register) as (reader, view, followed):
            now = self._feed.db.believed(followed.stands.recorded_at)
            many = ManyAccountsReader(reader)
            reading = Reading(many, now, self._locks)
            self._places(many, reading, view, followed)
            missing = [AccountId(id_) for id_ in many.find_ids(Account) if not is_kept(view, AccountId(id_))]
            for batch in _batches(missing):
                if not self._accounts(batch, many, reading, view, followed):
                    break
        kept = self._kept[register] = count_kept(view)
        return kept

    def _places(self, many: ManyAccountsReader, reading: Reading, view: RegisterView, followed: Followed) -> None:
        """Units that stand, and the classes of the years that are not closed."""
        units = many.find_ids(Unit)
        years = [year.id for year in many.find(SchoolYear) if year.closes_at > reading.now]
        classes = many.hold_classes(years)
        if not self._feed.budget.is_roomy(len(units) * PLACE_BYTES + len(classes) * SITE_BYTES):
            return
        for unit in units:
            # What contradicts itself is refused when it is asked about.
            with suppress(KeyError, UnavailableError):
                reading.units[UnitId(unit)]
        for number, class_id in enumerate(classes):
            if number % GIVES_WAY == 0 and self._gives_way():
                return
            with suppress(KeyError, UnavailableError):
                reading.sites[ClassId(class_id)]
        many.let_go(SchoolClass)
        self._feed.keep(view, followed.stands, reading)

    def _accounts(
        self,
        batch: Sequence[AccountId],
        many: ManyAccountsReader,
        reading: Reading,
        view: RegisterView,
        followed: Followed,
    ) -> bool:
        """Keep a batch; False where there is no more room, or nobody can say what moved since it was read."""
        reading.read_accounts(many, batch)
        for number, account in enumerate(batch):
            if number % GIVES_WAY == 0 and self._gives_way():
                return False
            # An account whose facts contradict each other is refused when it is asked about.
            with suppress(UnavailableError):
                reading.snapshot(account)
        if not self._feed.budget.is_roomy(sum(map(weight, reading.accounts.values()))):
            return False
        is_known = self._feed.keep_accounts(view, followed.stands, reading)
        reading.forget_accounts()
        return is_known

    def _gives_way(self) -> bool:
        """Let whoever waits for the interpreter have it; True where this is to end."""
        time.sleep(0)
        return self._stop.is_set()


def is_kept(view: RegisterView, account: AccountId) -> bool:
    """Is the account in memory? Asked without a lock: a miss costs one reading more."""
    return account in view.accounts or account in view.accounts.old


def count_kept(view: RegisterView) -> int:
    """How many accounts of the register are in memory."""
    return len(view.accounts) + len(view.accounts.old)


def _batches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))

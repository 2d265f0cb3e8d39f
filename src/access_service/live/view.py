"""What a process keeps in memory of one register, at one revision, within a bound.

A writer that advances the view makes its `seq` odd while it works; a decision that saw `seq` change starts again
from the database, so no decision mixes two revisions (rule 15). Readers hold no lock.

Memory is bounded by two generations: what is kept goes into the young one; when that has grown to half the bound it
becomes the old one and the old one is dropped. What is asked for again moves back to the young. Nothing is counted
at a hit, and dropping half at once costs less than choosing one at a time.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from access_service.domain.access import Ask
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.domain.reasons import Reason
from access_service.engine.decide import Place, Site, Verdict, answer
from access_service.engine.snapshots import NEVER, Snapshot
from access_service.live.gathered import Reading
from access_service.storage.audit import Stands

K = TypeVar("K")
V = TypeVar("V")
MIB = 1 << 20
ACCOUNT_BYTES = 232
"""An account in memory apart from its grants: the slot in the dictionary, its id, the snapshot."""
GRANT_BYTES = 144
"""A grant: its id, its view, the place in the account's tuple."""
BITS_BYTES = 48
"""The classes of a grant that are its own unit's."""
MIXED_BYTES = 420
"""One class of a grant that has other subjects in each."""
ABSENT_KEPT = 4096
"""Ids of each kind that are known not to exist, until the next revision."""
NOBODY = Snapshot(Reason.ACCOUNT_UNKNOWN, None)
PLACE_BYTES, SITE_BYTES = 2048, 360
"""A unit with its chain; a class."""


class PlacesRead(Protocol):
    """Units and classes as read at one instant, and until when they are so."""

    until: float

    @property
    def units(self) -> Mapping[UnitId, Place]: ...  # noqa: D102
    @property
    def sites(self) -> Mapping[ClassId, Site]: ...  # noqa: D102


class NotInViewError(Exception):
    """The view does not hold what was asked about: the decision point catches this and reads the database."""


def weight(snapshot: Snapshot) -> int:
    """About how many bytes an account takes; `benchmarks/` compares the sum with what the process really takes."""
    total = ACCOUNT_BYTES
    for grant in snapshot.views:
        total += GRANT_BYTES
        if grant.classes is not None:
            total += BITS_BYTES if isinstance(grant.classes, int) else 240 + MIXED_BYTES * len(grant.classes)
    return total


class Recent(dict[K, V]):
    """A mapping that forgets what has not been asked for lately. What it does not hold raises `NotInViewError`.

    It is itself the young generation, so that a hit is one look-up of a dictionary.
    """

    def __init__(self, limit_bytes: int, weigh: Callable[[V], int], nobody: V | None = None) -> None:
        """`weigh` says about how many bytes a value takes, its key and slot included.

        What is known not to exist is answered with `nobody`, or with `KeyError` where that is None.
        """
        super().__init__()
        self.absent: set[K] = set()
        self._nobody = nobody
        self.old: dict[K, V] = {}
        self._limit_bytes = limit_bytes
        self._weigh = weigh
        self._young_bytes = 0
        self._lock = threading.Lock()

    def __missing__(self, key: K) -> V:
        with self._lock:
            # Taken out under the lock: what somebody drops at this moment does not come back.
            value = self.old.pop(key, None)
            if value is not None:
                self._keep(key, value)
                return value
        if key not in self.absent:
            raise NotInViewError
        if self._nobody is None:
            raise KeyError(key)
        return self._nobody

    def keep_absent(self, keys: Iterable[K]) -> None:
        """Remember that these do not exist: few of them, so that nobody can fill the memory by inventing ids."""
        for key in keys:
            if len(self.absent) >= ABSENT_KEPT:
                self.absent = set()
            self.absent.add(key)

    def keep(self, key: K, value: V) -> None:
        """Keep the value as the newest."""
        with self._lock:
            self.old.pop(key, None)
            self._keep(key, value)

    def _keep(self, key: K, value: V) -> None:
        bytes_ = self._weigh(value)
        if self._young_bytes + bytes_ > self._limit_bytes // 2:
            self.old = dict(self)
            self.clear()
            self._young_bytes = 0
        self._young_bytes += bytes_
        self[key] = value

    def drop(self, key: K) -> None:
        """Forget a key and its value."""
        self.drop_all((key,))

    def everything(self) -> list[tuple[K, V]]:
        """What is kept, in no order."""
        with self._lock:
            return [*self.items(), *self.old.items()]

    def drop_all(self, keys: Iterable[K]) -> None:
        """Forget these and their values."""
        with self._lock:
            for key in keys:
                self.pop(key, None)
                self.old.pop(key, None)


class RegisterView:
    """One register in memory, at one revision. Also the engine's `Places` over what is kept."""

    def __init__(self, revision: int, head: str, recorded: datetime, looked_at: float, limit_bytes: int) -> None:
        self.lock = threading.Lock()
        """Held to change anything below; readers hold nothing and compare `seq`."""
        self.seq = 0
        """Odd while the revision changes."""
        self.revision = revision
        self.head = head
        """Hash of the last event of that revision: another database may have other facts under its number."""
        self.counter = (revision, head)
        """Revision and head of the counter at the last look; refused acts move the head alone."""
        self.recorded_at = recorded.timestamp()
        """No question is answered for an earlier instant: the clock may step back."""
        self.start = self.recorded_at
        """The instant of the newest reading kept: what is kept says nothing of earlier ones."""
        self.looked_at = looked_at
        """When the database last confirmed the revision, by the monotonic clock."""
        self.mark: object = None
        """The database's mark (`Database.marks`) at which the revision was last confirmed."""
        self._limit_bytes = limit_bytes
        self._forget_accounts()
        self._forget_places()

    def _forget_accounts(self) -> None:
        self.accounts: Recent[AccountId, Snapshot] = Recent(self._limit_bytes // 2, weight, NOBODY)

    def _forget_places(self) -> None:
        self.units: Recent[UnitId, Place] = Recent(self._limit_bytes // 8, lambda _: PLACE_BYTES)
        self.sites: Recent[ClassId, Site] = Recent(self._limit_bytes // 8, lambda _: SITE_BYTES)
        self.until = NEVER
        """When time alone next changes something of the units and classes kept."""

    def answer(self, ask: Ask, instant: float) -> Verdict:
        """The answer at an instant (seconds since the epoch). `NotInViewError` for what is not kept."""
        account, topic, resource_id, unit, class_id = ask
        snapshot = self.accounts[account]
        if not self.start <= instant < self.until or instant >= snapshot.until:
            raise NotInViewError
        return answer(topic, resource_id, unit, class_id, snapshot, self, instant)

    def instant(self, clock: Callable[[], float]) -> float:
        """Now, for somebody who read the clock and found it before `start`: a moment ago or really back."""
        return max(clock(), self.recorded_at)

    def follow(self, stands: Stands, base: int, head: str) -> bool:
        """Come to where a transaction, which compared with `base`, found the register. The lock is held.

        False where somebody moved the view meanwhile, and what was found says nothing of where it stands.
        """
        if (stands.revision, stands.head) == (self.revision, self.head):
            return True
        if not stands.is_same:
            if (base, head) != (self.revision, self.head):
                return False
            # Another database under the same name: restored, or taken over without what was seen last.
            self.move(stands.revision, stands.head, None, stands.recorded_at)
        elif stands.revision > self.revision:
            # Counted from an earlier revision than the view may have by now: more, never less.
            self.move(stands.revision, stands.head, stands.moved, stands.recorded_at)
        return True

    def move(self, revision: int, head: str, moved: Moved | None, recorded: datetime) -> None:
        """Stand at another revision without what may have changed (None: anything). The lock is held."""
        # Looked for before anybody has to wait: under the lock nothing is added meanwhile.
        accounts, units, sites = ((), (), ()) if moved is None else self._resting_on(moved)
        self.seq += 1
        try:
            if moved is None:
                self._forget_accounts()
                self._forget_places()
            else:
                self.accounts.drop_all(accounts)
                self.units.drop_all(units)
                self.sites.drop_all(sites)
                # A new unit or class moves nobody; what did not exist may now.
                self.accounts.absent, self.sites.absent = set(), set()
            self.revision, self.head = revision, head
            self.counter = revision, head
            self.recorded_at = recorded.timestamp()
            self.start = max(self.start, self.recorded_at)
        finally:
            self.seq += 1

    def _resting_on(self, moved: Moved) -> tuple[Collection[AccountId], Collection[UnitId], Collection[ClassId]]:
        """What of the view may be otherwise after that."""
        names = moved.units
        if not names:
            return moved.accounts, (), ()
        is_hit: dict[int, bool] = {}
        accounts = set(moved.accounts)
        for account, snapshot in self.accounts.everything():
            rests = snapshot.rests
            # Equal names are mostly one object, and compared once.
            found = is_hit.get(id(rests))
            if found is None:
                found = is_hit[id(rests)] = not names.isdisjoint(rests)
            if found:
                accounts.add(account)
        if moved.moves_years:
            return accounts, [u for u, _ in self.units.everything()], [c for c, _ in self.sites.everything()]
        return (
            accounts,
            [unit for unit, place in self.units.everything() if not names.isdisjoint(place.chain)],
            [id_ for id_, site in self.sites.everything() if id_ in names or not names.isdisjoint(site.chain)],
        )

    def keep(self, reading: Reading) -> None:
        """Keep what was read at this very revision. The lock is held."""
        instant = reading.now.timestamp()
        self.start = max(self.start, instant)
        self.keep_accounts(reading.accounts.items())
        self.accounts.keep_absent(reading.unknown_accounts)
        self.sites.keep_absent(reading.unknown_classes)
        self.keep_places(instant, reading)

    def start_again(self, instant: float) -> None:
        """Forget everything: the clock stepped back, and nothing read later need hold now. The lock is held."""
        self.seq += 1
        try:
            self._forget_accounts()
            self._forget_places()
            self.start = instant
        finally:
            self.seq += 1

    def keep_accounts(self, accounts: Iterable[tuple[AccountId, Snapshot]]) -> None:
        """Keep snapshots of this revision. The lock is held."""
        for account, snapshot in accounts:
            self.accounts.keep(account, snapshot)

    def keep_places(self, instant: float, read: PlacesRead) -> None:
        """Keep units and classes as they are at `instant`, at this revision. The lock is held."""
        if instant >= self.until:
            # A reader may hold a place of the instant before: make it start again.
            self.seq += 1
            self._forget_places()
            self.seq += 1
        self.until = min(self.until, read.until)
        for unit, place in read.units.items():
            self.units.keep(unit, place)
        for class_id, site in read.sites.items():
            # A class whose unit does not stand has no boundary to be kept until.
            if site.place is not None:
                self.sites.keep(class_id, site)

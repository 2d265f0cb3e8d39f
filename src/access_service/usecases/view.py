"""What a process keeps in memory of one register, at one revision, within a bound.

A writer that advances the view makes its `seq` odd while it works; a decision that saw `seq` change starts again
from the database, so no decision mixes two revisions (rule 15). Readers hold no lock.

Memory is bounded by two generations: what is kept goes into the young one; when that has grown to half the bound it
becomes the old one and the old one is dropped. What is asked for again moves back to the young. Nothing is counted
at a hit, and dropping half at once costs less than choosing one at a time.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from access_service.domain.access import AccessRequest, Decision
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.engine.decide import Place, Site, decide
from access_service.engine.snapshots import ALWAYS, NEVER, Snapshot
from access_service.usecases.snapshots import Kept, Reading

K = TypeVar("K")
V = TypeVar("V")
MIB = 1 << 20
ACCOUNT_BYTES = 232
"""An account in memory apart from its grants: the slot in the dictionary, its id, the snapshot."""
GRANT_BYTES = 144
"""A grant: its id, its view, the place in the account's tuple."""
CLASS_BYTES = 16
"""One more class of a grant; its id is counted where classes are kept."""
MIXED_BYTES = 320
"""One class of a grant that has other subjects in each."""
PLACE_BYTES, SITE_BYTES = 2048, 360
"""A unit with its chain; a class."""


class MissError(Exception):
    """Something that the view does not hold; never leaves the decision point."""


def weight(snapshot: Snapshot) -> int:
    """About how many bytes an account takes; `benchmarks/` compares the sum with what the process really takes."""
    total = ACCOUNT_BYTES
    for grant in snapshot.views:
        total += GRANT_BYTES
        if grant.classes is not None:
            total += len(grant.classes) * (CLASS_BYTES if isinstance(grant.classes, tuple) else MIXED_BYTES) + 40
    return total


class Recent(Generic[K, V]):
    """A mapping that forgets what has not been asked for lately. Changed under the view's lock only."""

    def __init__(self, limit_bytes: int) -> None:
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}
        self.limit_bytes = limit_bytes
        self._young_bytes = 0

    def __len__(self) -> int:
        return len(self.young) + len(self.old)

    def keep(self, key: K, value: V, bytes_: int) -> None:
        """Newest first to stay. One value alone may exceed the bound: something must be answered from it."""
        self.old.pop(key, None)
        self.young[key] = value
        self._young_bytes += bytes_
        if self._young_bytes > self.limit_bytes // 2:
            self.old, self.young, self._young_bytes = self.young, {}, 0

    def drop(self, key: K) -> None:
        """Forget one."""
        self.young.pop(key, None)
        self.old.pop(key, None)

    def clear(self) -> None:
        """Forget everything. New dictionaries: a reader may be looking at these."""
        self.young, self.old, self._young_bytes = {}, {}, 0


class View:
    """One register in memory, at one revision. Also the engine's `Places` over what is kept."""

    def __init__(self, revision: int, recorded: datetime, looked_at: float, limit_bytes: int) -> None:
        self.lock = threading.Lock()
        """Held to change anything below; readers hold nothing and compare `seq`."""
        self.seq = 0
        """Odd while the revision changes."""
        self.revision = revision
        self.recorded_at = recorded
        self.looked_at = looked_at
        """When the database last confirmed the revision, by the monotonic clock."""
        self.accounts: Recent[AccountId, Snapshot] = Recent(limit_bytes * 3 // 4)
        self.places: dict[UnitId, Place] = {}
        self.sites: Recent[ClassId, Site] = Recent(limit_bytes // 8)
        self._places_limit = max(1, limit_bytes // 8 // PLACE_BYTES)
        self._start, self._until = ALWAYS, NEVER
        """Between these instants time alone changes nothing of units and classes."""

    def place(self, unit: UnitId, now: datetime) -> Place:
        """The unit as kept, or a miss."""
        found = self.places.get(unit)
        if found is None or not self._start <= now < self._until:
            raise MissError
        return found

    def site(self, class_id: ClassId, now: datetime) -> Site:
        """The class as kept, or a miss. Unknown ids are never kept: nobody can fill the memory with them."""
        sites = self.sites
        found = sites.young.get(class_id) or sites.old.get(class_id)
        if found is None or not self._start <= now < self._until:
            raise MissError
        return found

    def snapshot(self, account: AccountId, now: datetime) -> Snapshot:
        """The account as kept, or a miss."""
        accounts = self.accounts
        found = accounts.young.get(account)
        if found is None:
            found = accounts.old.get(account)
            if found is None:
                raise MissError
            self._renew(account, found)
        if not found.start <= now < found.until:
            raise MissError
        return found

    def answer(self, request: AccessRequest, now: datetime) -> Decision:
        """The decision, or a miss."""
        return decide(request, self.snapshot(request.account, now), self, now)

    def _renew(self, account: AccountId, snapshot: Snapshot) -> None:
        """Move to the young, unless somebody changes the view right now: then the next hit does it."""
        if self.lock.acquire(blocking=False):
            try:
                # It may have been dropped since it was read; only what still stands in the view is kept in it.
                if self.accounts.old.get(account) is snapshot:
                    self.accounts.keep(account, snapshot, weight(snapshot))
            finally:
                self.lock.release()

    def move(self, revision: int, touched: frozenset[AccountId] | None, recorded: datetime) -> None:
        """Stand at another revision without what may have changed (None: anything). The lock is held."""
        self.seq += 1
        try:
            if touched is None:
                self.accounts.clear()
                self._forget_places()
            else:
                for account in touched:
                    self.accounts.drop(account)
            self.revision = revision
            self.recorded_at = recorded
        finally:
            self.seq += 1

    def keep(self, reading: Reading) -> None:
        """Keep what was read at this very revision. The lock is held."""
        self.keep_accounts(reading.accounts.items())
        self.keep_places(reading.now, reading.places, reading.sites)

    def keep_accounts(self, accounts: Iterable[tuple[AccountId, Snapshot]]) -> None:
        """Keep snapshots of this revision. The lock is held."""
        for account, snapshot in accounts:
            self.accounts.keep(account, snapshot, weight(snapshot))

    def keep_places(
        self, now: datetime, places: Mapping[UnitId, Kept[Place]], sites: Mapping[ClassId, Kept[Site]]
    ) -> None:
        """Keep units and classes as they are at `now`, at this revision. The lock is held."""
        if not self._start <= now < self._until:
            # A reader may hold a place of the instant before: make it start again.
            self.seq += 1
            self._forget_places()
            self.seq += 1
        for unit, place in places.items():
            if len(self.places) >= self._places_limit:
                self.places = {}
            self._narrow(place.start, place.until)
            self.places[unit] = place.value
        for class_id, site in sites.items():
            # A class whose unit does not stand has no boundary to be kept until.
            if site.value.place is not None:
                self._narrow(site.start, site.until)
                self.sites.keep(class_id, site.value, SITE_BYTES)

    def _narrow(self, start: datetime, until: datetime) -> None:
        self._start, self._until = max(self._start, start), min(self._until, until)

    def _forget_places(self) -> None:
        self.places = {}
        self.sites.clear()
        self._start, self._until = ALWAYS, NEVER

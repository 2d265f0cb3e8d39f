"""What a process keeps in memory of one register: keepers that all belong to one revision of one history.

A writer that advances the view makes its `seq` odd while it works; whoever saw `seq` change starts again, so that
nothing mixes two revisions (rule 15). Readers hold no lock.
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

from access_service.domain.access import Ask
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId
from access_service.engine.decide import Verdict, answer
from access_service.engine.snapshots import Snapshot
from access_service.live.accounts import KeptAccounts
from access_service.live.gathered import Reading
from access_service.live.held_rights import KeptRights, RightsRead
from access_service.live.keeper import Budget, Keeper, NotInViewError
from access_service.live.org import KeptOrg
from access_service.live.places import KeptPlaces, PlacesRead
from access_service.live.revoked import Revoked, TokenNews
from access_service.storage.audit import Stands

MOVES_KEPT = 512
"""Moves of which it is remembered what they moved: as many commits may come while something is read."""
_SEQS = itertools.count(0, 1 << 40)
"""Where the `seq` of each view begins: no two views of a process ever have the same."""


class RegisterView:
    """One register in memory, at one revision. Also the engine's `Places` over what is kept."""

    def __init__(self, revision: int, head: str, recorded: datetime, looked_at: float, budget: Budget) -> None:
        self.lock = threading.Lock()
        """Held to change anything below; readers hold nothing and compare `seq`."""
        self.seq = next(_SEQS)
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
        self.budget = budget
        self.accounts = KeptAccounts(budget)
        self.places = KeptPlaces(budget)
        self.units, self.sites = self.places.units, self.places.sites
        """The same, as the engine asks for them."""
        self.org = KeptOrg(budget)
        self.rights = KeptRights(budget)
        self.revoked = Revoked()
        self._keepers: tuple[Keeper, ...] = (self.accounts, self.places, self.org, self.rights, self.revoked)
        self._moves: deque[tuple[int, str, Moved]] = deque(maxlen=MOVES_KEPT)

    def answer(self, ask: Ask, instant: float) -> Verdict:
        """The answer at an instant (seconds since the epoch). `NotInViewError` for what is not kept."""
        account, topic, resource_id, unit, class_id = ask
        snapshot = self.accounts[account]
        if not self.start <= instant < self.places.until or instant >= snapshot.until:
            raise NotInViewError
        return answer(topic, resource_id, unit, class_id, snapshot, self, instant)

    def instant(self, clock: Callable[[], float]) -> float:
        """Now, for somebody who read the clock and found it before `start`: a moment ago or really back."""
        return max(clock(), self.recorded_at)

    def stands(self) -> tuple[int, str]:
        """Revision and head; as long as the lock is held, or `seq` does not change."""
        return self.revision, self.head

    # -- moving

    def follow(self, stands: Stands, base: int, head: str, news: TokenNews | None = None) -> bool:
        """Come to where a transaction, which compared with `base`, found the register. The lock is held.

        False where somebody moved the view meanwhile, and what was found says nothing of where it stands.
        """
        if (stands.revision, stands.head) == self.stands():
            return True
        if self.moved_after(base, head) is None:
            # What was compared is not what the view came from: that history may be gone by now.
            return False
        if not stands.is_same:
            if (base, head) != self.stands():
                return False
            # Another database under the same name: restored, or taken over without what was seen last.
            self.leave(stands)
        elif stands.revision > self.revision:
            # Counted from an earlier revision than the view may have by now: more, never less.
            self.move(stands.revision, stands.head, stands.moved, stands.recorded_at, news)
        return True

    def move(
        self, revision: int, head: str, moved: Moved | None, recorded: datetime, news: TokenNews | None = None
    ) -> None:
        """Stand at a later revision without what may have changed (None: anything). The lock is held."""
        # Looked for before anybody has to wait: under the lock nothing is added meanwhile.
        droppings = [keeper.plan(moved) for keeper in self._keepers]
        self.seq += 1
        try:
            if moved is None:
                self._moves.clear()
            else:
                self._moves.append((self.revision, self.head, moved))
            self.revoked.hear(self.revision, news)
            self.rights.hear(news)
            for drop in droppings:
                drop()
            self._stand(revision, head, recorded)
        finally:
            self.seq += 1

    def leave(self, stands: Stands) -> None:
        """Stand where another history does, and know nothing of it yet. The lock is held."""
        self.seq += 1
        try:
            self._forget()
            self._stand(stands.revision, stands.head, stands.recorded_at)
        finally:
            self.seq += 1

    def start_again(self, instant: float) -> None:
        """Forget everything: the clock stepped back, and nothing read later need hold now. The lock is held."""
        self.seq += 1
        try:
            self._forget()
            self.start = instant
        finally:
            self.seq += 1

    def _forget(self) -> None:
        self._moves.clear()
        for keeper in self._keepers:
            keeper.forget()

    def _stand(self, revision: int, head: str, recorded: datetime) -> None:
        self.revision, self.head = revision, head
        self.counter = revision, head
        self.recorded_at = recorded.timestamp()
        self.start = max(self.start, self.recorded_at)

    def moved_after(self, revision: int, head: str) -> Moved | None:
        """What may have changed since this view stood there; None where nobody can say."""
        if self.stands() == (revision, head):
            return Moved()
        found = Moved()
        for before, its_head, moved in reversed(self._moves):
            found |= moved
            if (before, its_head) == (revision, head):
                return found
        return None

    # -- keeping

    def keep(self, reading: Reading) -> None:
        """Keep what was read at this very revision. The lock is held."""
        instant = reading.now.timestamp()
        self.start = max(self.start, instant)
        self.keep_accounts(reading.accounts.items())
        self.accounts.keep_absent(reading.unknown_accounts)
        self.sites.keep_absent(reading.unknown_classes)
        self.keep_places(instant, reading)

    def keep_accounts(self, accounts: Iterable[tuple[AccountId, Snapshot]]) -> None:
        """Keep snapshots of this revision. The lock is held."""
        for account, snapshot in accounts:
            self.accounts.keep(account, snapshot)

    def keep_rights(self, instant: float, read: RightsRead) -> None:
        """Keep what a token asked about, at this revision. The lock is held."""
        if instant >= self.rights.org_until:
            # As below.
            self.seq += 1
            self.rights.forget_chains()
            self.seq += 1
        read.keep(self.rights)

    def keep_places(self, instant: float, read: PlacesRead) -> None:
        """Keep units and classes as they are at `instant`, at this revision. The lock is held."""
        if instant >= self.places.until:
            # A reader may hold a place of the instant before: make it start again.
            self.seq += 1
            self.places.forget()
            self.seq += 1
        self.places.keep(read)

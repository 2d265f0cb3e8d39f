"""Accounts in memory: the snapshots that decisions and searches compare with."""

from collections.abc import Collection

from access_service.domain.moved import Moved
from access_service.domain.names import AccountId
from access_service.domain.reasons import Reason
from access_service.engine.snapshots import Snapshot
from access_service.live.keeper import Budget, Dropping, Recent

ACCOUNT_BYTES = 232
"""An account in memory apart from its grants: the slot in the dictionary, its id, the snapshot."""
GRANT_BYTES = 144
"""A grant: its id, its view, the place in the account's tuple."""
BITS_BYTES = 48
"""The classes of a grant that are its own unit's."""
MIXED_BYTES = 420
"""One class of a grant that has other subjects in each."""
NOBODY = Snapshot(Reason.ACCOUNT_UNKNOWN, None)


def weight(snapshot: Snapshot) -> int:
    """About how many bytes an account takes; `benchmarks/` compares the sum with what the process really takes."""
    total = ACCOUNT_BYTES
    for grant in snapshot.views:
        total += GRANT_BYTES
        if grant.classes is not None:
            total += BITS_BYTES if isinstance(grant.classes, int) else 240 + MIXED_BYTES * len(grant.classes)
    return total


class KeptAccounts(Recent[AccountId, Snapshot]):
    """The snapshots of one register, at one revision. Each says from when and until when it holds."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget, weight, NOBODY)

    def plan(self, moved: Moved | None) -> Dropping:
        """Whose snapshots are named or rest on a name, and what is known not to exist: it may now."""
        if moved is None:
            return self.forget
        accounts: Collection[AccountId] = moved.accounts
        if moved.units:
            # Equal names are mostly one object, and compared once.
            is_hit: dict[int, bool] = {}
            accounts = set(accounts)
            for account, snapshot in self.everything():
                found = is_hit.get(id(snapshot.rests))
                if found is None:
                    found = is_hit[id(snapshot.rests)] = not moved.units.isdisjoint(snapshot.rests)
                if found:
                    accounts.add(account)

        def drop() -> None:
            self.drop_all(accounts)
            self.absent = set()

        return drop


def is_moved(moved: Moved, account: AccountId, snapshot: Snapshot) -> bool:
    """May the snapshot, read before, be another after that?"""
    return account in moved.accounts or not moved.units.isdisjoint(snapshot.rests)

"""What somebody who keeps answers is told of a change: the ids that they may see, or that something moved.

An enforcement point may ask about every account, and learns of those that lie below the units of its software's
approvals which of them a change concerns. Where a change concerns others, it hears only that something moved.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import AccountId, UnitId
from access_service.domain.reasons import Refusal

SCOPES = frozenset({"evaluate", "introspect"})
"""Of which a watcher's token has one."""
MOST_NAMED = 1_000
"""Most ids that one event names; with more of them everything is said to have moved."""
MOST_MISSED = 1_000
"""Most revisions that are told of afterwards; who missed more drops everything."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom a change concerns, each with the units above, its own among them; None: anybody."""

    accounts: Mapping[AccountId, frozenset[UnitId]] | None
    units: Mapping[UnitId, frozenset[UnitId]] | None


@dataclass(frozen=True, slots=True)
class Told:
    """What one watcher hears of it."""

    accounts: tuple[AccountId, ...] = ()
    units: tuple[UnitId, ...] = ()
    everything: bool = False
    """Something moved that may not be named to this watcher."""


EVERYTHING = Told(everything=True)


def tell(concerned: Concerned, reached: Collection[UnitId]) -> Told:
    """What a watcher whose approvals reach those units, and what is below them, hears of a change."""
    accounts, units = concerned.accounts, concerned.units
    if accounts is None or units is None or len(accounts) + len(units) > MOST_NAMED:
        return EVERYTHING
    if not all(chain.intersection(reached) for chain in (*accounts.values(), *units.values())):
        return EVERYTHING
    return Told(tuple(sorted(accounts)), tuple(sorted(units)))


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """How many may watch at once."""

    in_all: int
    per_client: int


def check_may_watch(limits: WatchLimits, in_all: int, of_client: int) -> None:
    """Raise `too_many_watchers` for one more of a client than may, `UnavailableError` for one more of all."""
    if of_client >= limits.per_client:
        raise RefusedError(
            Refusal.TOO_MANY_WATCHERS, "too many connections of this client watch already", limit=limits.per_client
        )
    if in_all >= limits.in_all:
        raise UnavailableError("as many watch already as may")

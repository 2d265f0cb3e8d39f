"""Nhắc: a unit above reminds a unit of what it has not done; dated, in the log, and a task on that unit's pages."""

from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain import edges
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import manager_of
from access_service.domain.reasons import Refusal

MOST_REMINDED = 2_000
"""Units in one act: every school of a province."""
SHOWN_FOR = timedelta(days=30)
"""So long a reminder stays on the unit's pages, unless the work is done."""
ONCE_IN = timedelta(hours=20)
"""Whoever reminds twice a day says nothing new."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A unit was reminded."""

    id: str
    unit: UnitId
    by: UnitId
    """The unit that reminded it."""
    person: PersonId
    """Who did, for that unit."""
    about: str
    """What is expected, in the words of whoever reminds; empty where the numbers say it."""
    valid_from: datetime

    def is_shown(self, now: datetime) -> bool:
        """Does it still stand on the unit's pages?"""
        return self.valid_from <= now < self.valid_from + SHOWN_FOR


def check_reminds(ground: Ground, holder: Holder, unit: UnitId) -> None:
    """(4) Only a unit above reminds: whoever acts for the direct manager or for one above that."""
    manager = manager_of(ground.org, unit, ground.now)
    if manager is None or not edges.acts_for(ground, holder, manager):
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"a unit above `{unit}` reminds it", unit=unit)


def check_many(units: Sized) -> None:
    """Some units, and not more than a province has."""
    if not units:
        raise InvalidError("name at least one unit")
    if len(units) > MOST_REMINDED:
        raise RefusedError(Refusal.BATCH_TOO_LARGE, f"at most {MOST_REMINDED} units at once")

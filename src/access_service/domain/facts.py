"""What a rule may ask: dated facts, the organisation, the packs in force, all at one instant.

Every door brings its own: an act and the command line bring the register as stored (`storage.facts.Reader`), an
import the register together with the rows read so far. So a rule stands once, here in `domain`, and no door knows
a shorter one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from access_service.domain.names import UnitId
from access_service.domain.org import OrgView
from access_service.domain.policy import Pack

T = TypeVar("T")


class Facts(Protocol):
    """Facts as known at one revision."""

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        """Values whose attributes equal what is named (a list or set: any of them), ordered by id."""
        ...

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule stands on: everything that it may look at, at one revision and instant (rule 15)."""

    facts: Facts
    org: OrgView
    now: datetime
    pack_for: Callable[[UnitId], Pack]
    """The pack in force for a unit at `now`; raises `RefusedError(no_policy)` where there is none."""

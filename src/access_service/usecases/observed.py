"""What an enforcement point would have been answered where it only observes, until it is written down.

Counted by kind, within a bound; `usecases.upkeep.writing_uses` writes it every minute and when the process stops.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from access_service.domain.names import ClientId, RegisterId, UnitId
from access_service.domain.observing import Mode, ObservedAnswer, mode_at
from access_service.domain.time import Interval

MOST_KINDS = 20_000
"""Most kinds of answers that a process tells apart between two writings; more are counted without their words."""


class Watch(NamedTuple):
    """Where the answers of one client are not enforced, as its token was checked."""

    register: RegisterId
    client: ClientId
    units: Mapping[UnitId, Interval]

    def mode(self, unit: UnitId | None, now: datetime) -> Mode:
        """What counts at a unit now."""
        return mode_at(self.units, unit, now)


class ObservedAnswers:
    """The answers of one process that were not enforced, register by register. Safe from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[RegisterId, Counter[ObservedAnswer]] = {}

    def count(self, register: RegisterId, answer: ObservedAnswer, number: int = 1) -> None:
        """One more of its kind."""
        with self._lock:
            counts = self._counts.setdefault(register, Counter())
            if answer not in counts and len(counts) >= MOST_KINDS:
                answer = answer._replace(category="", action="")
            counts[answer] += number

    def take(self) -> Mapping[RegisterId, Mapping[ObservedAnswer, int]]:
        """What was counted since the last time; from now on it begins anew."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def put_back(self, taken: Mapping[RegisterId, Mapping[ObservedAnswer, int]]) -> None:
        """What could not be written waits for the next time."""
        for register, counts in taken.items():
            for answer, number in counts.items():
                self.count(register, answer, number)

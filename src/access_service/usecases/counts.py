"""Numbers that take long to count, remembered for some minutes by this process."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from access_service.domain.names import RegisterId, UnitId

KEPT_FOR = timedelta(minutes=10)
MOST_KEPT = 2_000
"""Units whose numbers are remembered."""


class RememberedCounts:
    """One number a unit; the oldest is forgotten first."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._kept: OrderedDict[tuple[RegisterId, UnitId], tuple[datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, register: RegisterId, unit: UnitId, now: datetime, count: Callable[[], int]) -> int:
        """The number as of now or some minutes ago."""
        key = (register, unit)
        with self._lock:
            known = self._kept.get(key)
        if known is not None and known[0] <= now < known[0] + KEPT_FOR:
            return known[1]
        number = count()
        with self._lock:
            self._kept[key] = (now, number)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return number

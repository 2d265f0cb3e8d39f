"""What may be used once, remembered in memory for the little while that it is good for (DPoP proofs)."""

import threading
from collections import deque
from datetime import datetime

from access_service.domain.errors import UnavailableError

MOST = 200_000
"""Proofs remembered; a minute's worth of more than two thousand a second."""


class UsedOnce:
    """Keys that were used, each until it would have expired. Safe from any number of threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._used: dict[str, datetime] = {}
        self._order: deque[str] = deque()
        self._lock = threading.Lock()

    def claim(self, key: str, until: datetime, now: datetime) -> bool:
        """True the first time. `UnavailableError` when too many are remembered: nothing is forgotten too early."""
        with self._lock:
            if key in self._used:
                return False
            # They come about in the order in which they expire.
            while self._order and self._used[self._order[0]] <= now:
                del self._used[self._order.popleft()]
            if len(self._order) >= self._most:
                raise UnavailableError("too many proofs are being used")
            self._used[key] = until
            self._order.append(key)
            return True

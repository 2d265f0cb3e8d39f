"""Sign-ins under names that no account has: counted by source, told to the log once a minute, never the name."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

EVERY_S = 60.0
"""How often, in seconds, one source's attempts are written into the log."""
MOST = 1000
"""Most sources remembered; the one that was silent longest is forgotten with what it had not told yet."""


class UnknownNames:
    """The attempts of one process. Whoever tries a list of names must not fill the log with it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` is the machine's clock, in seconds."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._waiting: OrderedDict[tuple[str, str | None], tuple[float, int]] = OrderedDict()

    def count(self, register: str, source: str | None) -> int:
        """Count an attempt. Returns how many are to be written down now, this one included, or 0 for later."""
        key, now = (register, source), self._monotonic()
        with self._lock:
            told_at, waiting = self._waiting.pop(key, (now - EVERY_S, 0))
            is_due = now - told_at >= EVERY_S
            self._waiting[key] = (now, 0) if is_due else (told_at, waiting + 1)
            if len(self._waiting) > MOST:
                self._waiting.popitem(last=False)
        return waiting + 1 if is_due else 0

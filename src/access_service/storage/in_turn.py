"""Whose turn it is to write: who came first is first.

SQLite hands its lock to nobody: whoever waits sleeps in growing steps and tries again, so that the newest comer is
the likeliest to find it free and the oldest gives up after ten seconds, with the file free for most of them.
"""

from collections import deque
from threading import Lock


class Turns:
    """So many at once; the rest wait in the order in which they came."""

    def __init__(self, many: int) -> None:
        """`many` may go on together."""
        self._guard = Lock()
        self._free = many
        self._waiting: deque[Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait so many seconds for a turn. False: it did not come."""
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout):
            return True
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        # It came between the last look and this one.
        return True

    def release(self) -> None:
        """Hand the turn to whoever waits longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

"""One bound in bytes for everything that a process keeps in memory of its registers.

Memory is bounded by two generations: what is kept goes into the young one; when that has grown to half the bound it
becomes the old one and the old one is dropped, of everything that shares the bound at once. What is asked for again
moves back to the young. Nothing is counted at a hit, and dropping half costs less than choosing one at a time.
"""

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from access_service.domain.moved import Moved

K = TypeVar("K")
V = TypeVar("V")
MIB = 1 << 20
ABSENT_KEPT = 4096
"""Ids of each kind that are known not to exist, until the next revision."""
Dropping = Callable[[], None]
"""Drops what was looked for before anybody has to wait."""


class NotInViewError(Exception):
    """Memory does not hold what was asked about: whoever asked catches this and reads the database."""


class Keeper(Protocol):
    """One kind of what is kept of a register. The view moves all of them at once."""

    def plan(self, moved: Moved | None) -> Dropping:
        """Look for what a later revision may have changed (None: anything). The view's lock is held."""
        ...

    def forget(self) -> None:
        """Drop everything: the register has another history, or the clock stepped back. The lock is held."""
        ...


class Budget:
    """How many bytes all keepers of a process may hold together."""

    def __init__(self, limit_bytes: int) -> None:
        """The bound counts both generations."""
        self.lock = threading.Lock()
        """Held to change a generation, of whichever register."""
        self.limit_bytes = limit_bytes
        self._young_bytes = 0
        self._wholes: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()
        self._whole_bytes = 0
        self._sharing: list[weakref.ref[Recent[object, object]]] = []

    @property
    def room(self) -> int:
        """What the young generation takes before it becomes the old one."""
        return max(0, self.limit_bytes - self._whole_bytes) // 2

    def share(self, recent: "Recent[K, V]") -> None:
        """Turn its generations with those of all others."""
        with self.lock:
            self._sharing.append(weakref.ref(recent))  # type: ignore[arg-type]

    def take(self, bytes_: int) -> None:
        """Make room for something young. The lock is held."""
        if self._young_bytes + bytes_ > self.room:
            self._sharing = [ref for ref in self._sharing if ref() is not None]
            for ref in self._sharing:
                recent = ref()
                if recent is not None:
                    recent.turn()
            self._young_bytes, self._whole_bytes = 0, sum(self._wholes.values())
        self._young_bytes += bytes_

    def give_back(self, bytes_: int) -> None:
        """Something young was dropped. The lock is held."""
        self._young_bytes = max(0, self._young_bytes - bytes_)

    def is_roomy(self, bytes_: int) -> bool:
        """Would so much more fit beside what is kept, so that nothing is dropped for it?"""
        with self.lock:
            return self._young_bytes + bytes_ <= self.room

    def has_room(self, owner: object, bytes_: int) -> bool:
        """Would `keep_whole` make room for so much?"""
        with self.lock:
            others = sum(taken for other, taken in self._wholes.items() if other is not owner)
            return others + bytes_ <= self.limit_bytes // 2

    def keep_whole(self, owner: object, bytes_: int) -> bool:
        """Make room for the one thing that its owner keeps as a whole: False where such would take more than half.

        Given back with 0, or with the owner.
        """
        with self.lock:
            self._wholes.pop(owner, None)
            is_kept = sum(self._wholes.values()) + bytes_ <= self.limit_bytes // 2
            if bytes_ and is_kept:
                self._wholes[owner] = bytes_
            self._whole_bytes = sum(self._wholes.values())
            return is_kept


class Recent(dict[K, V]):
    """A mapping that forgets what has not been asked for lately. What it does not hold raises `NotInViewError`.

    It is itself the young generation, so that a hit is one look-up of a dictionary.
    """

    def __init__(self, budget: Budget, weigh: Callable[[V], int], nobody: V | None = None) -> None:
        """`weigh` says about how many bytes a value takes, its key and slot included.

        What is known not to exist is answered with `nobody`, or with `KeyError` where that is None.
        """
        super().__init__()
        self.absent: set[K] = set()
        self.old: dict[K, V] = {}
        self._nobody = nobody
        self._weigh = weigh
        self._budget = budget
        budget.share(self)

    def __missing__(self, key: K) -> V:
        with self._budget.lock:
            # Taken out under the lock: what somebody drops at this moment does not come back.
            value = self.old.pop(key, None)
            if value is not None:
                self._keep(key, value)
                return value
        if key not in self.absent:
            raise NotInViewError
        if self._nobody is None:
            raise KeyError(key)
        return self._nobody

    def keep_absent(self, keys: Iterable[K]) -> None:
        """Remember that these do not exist: few of them, so that nobody can fill the memory by inventing ids."""
        for key in keys:
            if len(self.absent) >= ABSENT_KEPT:
                self.absent = set()
            self.absent.add(key)

    def keep(self, key: K, value: V) -> None:
        """Keep the value as the newest."""
        with self._budget.lock:
            self._drop(key)
            self._keep(key, value)

    def _keep(self, key: K, value: V) -> None:
        self._budget.take(self._weigh(value))
        self[key] = value

    def turn(self) -> None:
        """Let the young generation be the old one, and drop the old one. The budget's lock is held."""
        self.old = dict(self)
        self.clear()

    def drop(self, key: K) -> None:
        """Forget a key and its value."""
        self.drop_all((key,))

    def drop_all(self, keys: Iterable[K]) -> None:
        """Forget these and their values."""
        with self._budget.lock:
            for key in keys:
                self._drop(key)

    def everything(self) -> list[tuple[K, V]]:
        """What is kept, in no order."""
        with self._budget.lock:
            return [*self.items(), *self.old.items()]

    def _drop(self, key: K) -> None:
        value = self.pop(key, None)
        if value is not None:
            self._budget.give_back(self._weigh(value))
        self.old.pop(key, None)

    def forget(self) -> None:
        """Forget everything, also what was known not to exist."""
        with self._budget.lock:
            self._budget.give_back(sum(map(self._weigh, self.values())))
            self.clear()
            self.old = {}
            self.absent = set()

"""What belongs to one process: connections, locks, tokens. A fork inherits them and uses none of them.

Two processes that write to one connection read each other's answers, and a lock that some other thread held at the
moment of the fork is held for ever in the child. So whatever is of a process is made again at its first use there.
"""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_forks = 0


def _forked() -> None:
    global _forks  # noqa: PLW0603 the module is what a process has once
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def mark() -> tuple[int, int]:
    """Which process this is: how many forks lie before it, and its id.

    The id alone may be an ancestor's that has ended; the count alone misses a fork that Python was not told of.
    """
    return _forks, os.getpid()


class Owned(Generic[T]):
    """A value that each process makes for itself.

    What was inherited is kept and never touched: to close it would take locks that may be held, and would take
    sockets from an event loop that the parent still waits on.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        """`make` gives a fresh value; its errors come here, at the start, and not at the first use."""
        self._make = make
        self._of: dict[tuple[int, int], T] = {mark(): make()}

    @property
    def mine(self) -> T:
        """This process's own."""
        here = mark()
        found = self._of.get(here)
        # One step of the interpreter: threads that come at once are all given the value that was first.
        return found if found is not None else self._of.setdefault(here, self._make())

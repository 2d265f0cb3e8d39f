"""Threads for what waits for the database, few and with a bounded queue before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from access_service.domain.errors import UnavailableError

T = TypeVar("T")
THREADS = 4
WAITING = 256
"""Most questions that may wait for the database; the next one is told to come back."""


class Pool:
    """The threads of one application."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "edge")
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run the work in a thread; `UnavailableError` when too much waits already."""
        if self._waiting >= WAITING:
            raise UnavailableError("too many requests are waiting")
        self._waiting += 1
        try:
            # With the context: what the caller's trace is goes along.
            return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        finally:
            self._waiting -= 1

    def shutdown(self) -> None:
        """Wait for the work that runs."""
        self._threads.shutdown()

"""The answer to `/readyz` comes in time, whatever the database does: who asks it has a time limit, too."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from access_service.domain.errors import UnavailableError

WITHIN_S = 0.8
"""How long the check may take."""


class Readiness:
    """One thread, whose check serves everybody who asks while it runs."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "readiness")
        self._running: Future[None] | None = None

    async def ask(self, check: Callable[[], None]) -> None:
        """Return if the check says so in time; `UnavailableError`, or what the check raised, otherwise."""
        running = self._running
        if running is None or running.done():
            running = self._running = self._thread.submit(check)
        # Not `wait_for`: what is waited for goes on, for whoever asks next.
        done, _ = await asyncio.wait({waited := asyncio.wrap_future(running)}, timeout=WITHIN_S)
        if not done:
            waited.add_done_callback(_heard)
            raise UnavailableError("the database has not answered in time")
        waited.result()

    def shutdown(self) -> None:
        """Begin no more checks; one that runs ends by the time-outs of the database."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _heard(late: asyncio.Future[None]) -> None:
    """Take the error of a check for which nobody waits any more: else asyncio reports it as never retrieved."""
    if not late.cancelled():
        late.exception()

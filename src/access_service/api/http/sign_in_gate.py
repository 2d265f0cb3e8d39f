"""Where sign-ins wait: in line, never in a thread and never refused because others guess.

As many at once as are hashed at once; the others wait their turn without holding anything. A source from which many
wrong ones came lately, over whatever accounts, has one lane: whoever is right there waits longer, and gets in.
"""

import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from fastapi import Request

from access_service.domain.addresses import source_of_host
from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal
from access_service.usecases.identity.sign_in import most_at_once

T = TypeVar("T")
WINDOW_S, MANY = 60.0, 10
"""So many wrong ones in so long from one source: it has one lane from then on."""
MOST_SOURCES = 10_000
REFUSED_EVERY_S = 0.25
"""A refused sign-in is answered this long after it came, or twice, or three times."""


def source_of(request: Request) -> str | None:
    """The caller's address; None where it is not known, as behind a proxy on this machine that says nothing.

    The server believes `X-Forwarded-For` of trusted proxies only (`FORWARDED_ALLOW_IPS`), so nobody chooses theirs.
    """
    return source_of_host(request.client.host if request.client is not None else "")


class SignInGate:
    """Lets sign-ins wait for one another; an application has one gate."""

    def __init__(self) -> None:
        """Open."""
        self._all = CapacityLimiter(most_at_once())
        self._lanes: OrderedDict[str, CapacityLimiter] = OrderedDict()
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    async def run(self, source: str | None, work: Callable[[], T]) -> T:
        """Do the work in a thread when it is its turn."""
        async with self._lane(source):
            return await anyio.to_thread.run_sync(work, limiter=self._all)

    async def let_in(self, source: str | None, work: Callable[[], T]) -> T:
        """Sign somebody in. A wrong one counts against its source, and its answer does not tell by its time."""
        began = anyio.current_time()
        try:
            return await self.run(source, work)
        except RefusedError as refused:
            if refused.code is not Refusal.SECOND_FACTOR_REQUIRED:
                self.was_wrong(source)
            # Only a name that exists has failures to count: without the wait, the time would tell which names do.
            await anyio.sleep((began - anyio.current_time()) % REFUSED_EVERY_S)
            raise

    def was_wrong(self, source: str | None) -> None:
        """Count one more wrong sign-in from that source."""
        if source is None:
            return
        times = self._wrong.setdefault(source, deque(maxlen=MANY))
        times.append(time.monotonic())
        self._wrong.move_to_end(source)
        while len(self._wrong) > MOST_SOURCES:
            self._wrong.popitem(last=False)

    def is_slow(self, source: str | None) -> bool:
        """Did many wrong sign-ins come from that source lately?"""
        times = self._wrong.get(source or "", deque())
        return len(times) == MANY and time.monotonic() - times[0] < WINDOW_S

    @asynccontextmanager
    async def _lane(self, source: str | None) -> AsyncIterator[None]:
        if source is None or not self.is_slow(source):
            yield
            return
        lane = self._lanes.setdefault(source, CapacityLimiter(1))
        self._lanes.move_to_end(source)
        if len(self._lanes) > MOST_SOURCES:
            self._lanes.popitem(last=False)
        async with lane:
            yield


def gate_of(request: Request) -> SignInGate:
    """The gate of the application."""
    gate: SignInGate | None = getattr(request.app.state, "sign_in_gate", None)
    if gate is None:
        gate = request.app.state.sign_in_gate = SignInGate()
    return gate

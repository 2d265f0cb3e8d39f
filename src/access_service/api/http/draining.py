"""Being stopped: first nobody sends new requests here, then what is in progress ends, then the process.

A load balancer asks `/readyz` every few seconds. Were the listener closed at once, requests would fail until then;
so for a while the answer there is 503, kept connections are told to close, and all else is served as before.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def draining(seconds: float, begin: Callable[[], None]) -> Iterator[None]:
    """Within the block SIGTERM calls `begin` at once, and whoever handled it before after `seconds`.

    A second signal does not wait. Without seconds, or in a thread that hears no signals, nothing changes.
    """
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
    waiting: list[asyncio.TimerHandle] = []

    def end() -> None:
        if callable(before):
            before(signal.SIGTERM, None)

    def first() -> None:
        if waiting:
            waiting[0].cancel()
            end()
            return
        begin()
        waiting.append(loop.call_later(seconds, end))

    def heard(_signal: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(first)

    signal.signal(signal.SIGTERM, heard)
    try:
        yield
    finally:
        for handle in waiting:
            handle.cancel()
        signal.signal(signal.SIGTERM, before)

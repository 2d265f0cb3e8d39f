"""The stream of changes (`GET /v1/watch`), followed by one thread or one task of each process.

Whoever follows goes on from the last place that it was told, renews its token, comes back after every loss with
growing pauses, and says each loss and each return. docs/client.md says what rests on it.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from access_service.client.core import log
from access_service.client.errors import AccessUnavailableError, ClientError
from access_service.client.flows import (
    TEXT,
    Authorize,
    Failed,
    Flow,
    Listen,
    Outcome,
    Send,
    Sleep,
    Step,
    run,
    run_async,
)
from access_service.client.heard import HeardChanges, StreamStatus
from access_service.client.process import Owned
from access_service.client.transport import AwaitingTransport, BlockingTransport
from access_service.client.wire import Reply, refused

WATCH_PATH = "/v1/watch"
PAUSE_S = (0.2, 1.0)
"""Before coming back to a stream that was there; drawn at random, for all come back together."""
LONGEST_PAUSE_S = 30.0
"""Pauses double up to this while there is none."""
STEADY_S = 5.0
"""A stream whose token ended sooner than that, twice, is lost."""
OnChange = Callable[[StreamStatus], None]


@dataclass(frozen=True, slots=True)
class StreamTerms:
    """How a stream is followed. Seconds."""

    base_url: str
    silence_s: float
    max_stale_s: float
    keep_s: float
    timeout_s: float
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    on_change: OnChange | None

    def __post_init__(self) -> None:
        for name in ("silence_s", "max_stale_s", "timeout_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` is a number of seconds above 0")
        if self.keep_s < 0:
            raise ValueError("`keep_s` is a number of seconds, 0 to keep no answer")

    def heard(self, changed: OnChange) -> HeardChanges:
        """A fresh one, of which nothing was heard yet."""

        def both(status: StreamStatus) -> None:
            try:
                if self.on_change is not None:
                    self.on_change(status)
            finally:
                changed(status)

        return HeardChanges(
            silence_s=self.silence_s,
            max_stale_s=self.max_stale_s,
            keep_s=self.keep_s,
            clock=self.clock,
            monotonic=self.monotonic,
            changed=both,
        )


def following(terms: StreamTerms, heard: HeardChanges) -> Flow[None]:
    """Follow for ever."""
    stale: bytes | None = None
    pause = PAUSE_S[1]
    while True:
        heard.connecting()
        begun_at, authorization = terms.monotonic(), b""
        try:
            given = yield Authorize(stale)
            authorization = given if isinstance(given, bytes) else b""
            outcome = yield Listen(_call(terms, heard, authorization), heard)
            error = _why_over(heard, outcome)
        except ClientError as problem:
            error = problem
        # A token that ended is renewed without a word, once: that happens every few minutes.
        is_refused = error.code == "refused" or _status_of(error) == HTTPStatus.UNAUTHORIZED
        is_first = stale is None or (heard.has_begun and terms.monotonic() - begun_at > STEADY_S)
        if is_refused and authorization and is_first:
            stale = authorization
            continue
        stale = authorization if is_refused and authorization else None
        heard.lost(error)
        if heard.has_begun:
            pause = PAUSE_S[1]
            yield Sleep(random.uniform(*PAUSE_S))  # noqa: S311 spreads load, hides nothing
        else:
            yield Sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_S)


def _call(terms: StreamTerms, heard: HeardChanges, authorization: bytes) -> Send:
    headers: dict[str, str | bytes] = {"Accept": "text/event-stream", "Authorization": authorization}
    if heard.place is not None:
        headers["Last-Event-ID"] = heard.place
    return Send("GET", terms.base_url + WATCH_PATH, headers, timeout_s=terms.timeout_s)


def _why_over(heard: HeardChanges, outcome: Outcome) -> ClientError:
    if heard.error is not None:
        return heard.error
    if isinstance(outcome, Reply):
        return refused(outcome)
    if isinstance(outcome, Failed):
        code = "silent" if outcome.how == "late" else "unavailable"
        return AccessUnavailableError(code, TEXT[outcome.how])
    return AccessUnavailableError("unavailable", "the stream of changes was cut off")


def _status_of(error: ClientError) -> int:
    return getattr(error, "status", 0)


class _StoppedError(Exception):
    """Nobody follows any more."""


@dataclass(slots=True, eq=False)
class _Thread:
    """What a process has for itself."""

    heard: HeardChanges
    live: threading.Event
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None


class ChangeStream:
    """What `AccessClient.watch` gives: one thread of each process follows what moves.

    Another process that comes from a fork begins with its own thread, at the first question it is needed for.
    """

    def __init__(
        self, terms: StreamTerms, authorization: Callable[[bytes | None], bytes], transport: BlockingTransport
    ) -> None:
        """For `AccessClient.watch`. `authorization` gives the header, never again the one that was refused."""
        self.base_url = terms.base_url
        self._terms, self._authorization, self._transport = terms, authorization, transport
        self._is_closed = False
        self._own = Owned(self._fresh)

    @property
    def heard(self) -> HeardChanges:
        """What was heard; begins to listen at the first question."""
        own = self._own.mine
        if own.thread is None:
            self._start(own)
        return own.heard

    @property
    def status(self) -> StreamStatus:
        """Does it live, and since when, or why not?"""
        return self._own.mine.heard.status

    def start(self) -> None:
        """Begin to listen."""
        self._start(self._own.mine)

    def wait(self, seconds: float) -> bool:
        """Until the stream lives, at most so long; does it?"""
        self.start()
        return self._own.mine.live.wait(seconds) and self.status.is_live

    def close(self) -> None:
        """Listen no more. The thread ends with the next thing that it hears, or after `silence_s`."""
        own = self._own.mine
        self._is_closed = own.heard.is_closed = True
        own.stop.set()

    def _fresh(self) -> _Thread:
        live = threading.Event()
        return _Thread(self._terms.heard(lambda status: live.set() if status else live.clear()), live)

    def _start(self, own: _Thread) -> None:
        with own.lock:
            if own.thread is None and not self._is_closed:
                own.thread = threading.Thread(
                    target=self._follow, args=(own,), name="access-service-watch", daemon=True
                )
                own.thread.start()

    def _follow(self, own: _Thread) -> None:
        def done(step: Step) -> Outcome:
            if own.stop.is_set():
                raise _StoppedError
            if isinstance(step, Listen):
                return self._transport.listen(Listen(step.call, _Stoppable(step.hearer, own.stop.is_set)))
            if isinstance(step, Sleep):
                own.stop.wait(step.seconds)
            return self._authorization(step.refused) if isinstance(step, Authorize) else None

        while not own.stop.is_set():
            try:
                run(following(self._terms, own.heard), done)
            except _StoppedError:
                break
            except Exception as error:  # noqa: BLE001 it is written down, and begun anew
                _failed(own.heard, error)
                own.stop.wait(LONGEST_PAUSE_S)
        self._transport.close()


class _Stoppable:
    """A hearer that stops when it is told to, between two pieces."""

    def __init__(self, hearer: Any, is_stopped: Callable[[], bool]) -> None:
        self._hearer, self._is_stopped = hearer, is_stopped
        self.silence_s: float = hearer.silence_s

    def opened(self, headers: Any) -> bool:
        return not self._is_stopped() and bool(self._hearer.opened(headers))

    def feed(self, chunk: bytes) -> bool:
        return not self._is_stopped() and bool(self._hearer.feed(chunk))


@dataclass(slots=True, eq=False)
class _Task:
    """What a process has for itself."""

    heard: HeardChanges
    live: asyncio.Event
    task: asyncio.Task[None] | None = None


class AsyncChangeStream:
    """`ChangeStream` as a task of one event loop."""

    def __init__(
        self,
        terms: StreamTerms,
        authorization: Callable[[bytes | None], Awaitable[bytes]],
        transport: AwaitingTransport,
    ) -> None:
        """For `AsyncAccessClient.watch`."""
        self.base_url = terms.base_url
        self._terms, self._authorization, self._transport = terms, authorization, transport
        self._is_closed = False
        self._own = Owned(self._fresh)

    @property
    def heard(self) -> HeardChanges:
        """What was heard; begins to listen at the first question."""
        own = self._own.mine
        if own.task is None or own.task.done():
            self._start(own)
        return own.heard

    @property
    def status(self) -> StreamStatus:
        """Does it live, and since when, or why not?"""
        return self._own.mine.heard.status

    def start(self) -> None:
        """Begin to listen. To be called within the event loop."""
        self._start(self._own.mine)

    async def wait(self, seconds: float) -> bool:
        """Until the stream lives, at most so long; does it?"""
        self.start()
        try:
            await asyncio.wait_for(self._own.mine.live.wait(), seconds)
        except TimeoutError:
            return False
        return self.status.is_live

    async def close(self) -> None:
        """Listen no more."""
        own = self._own.mine
        self._is_closed = own.heard.is_closed = True
        task = own.task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._transport.close()

    def _fresh(self) -> _Task:
        live = asyncio.Event()
        return _Task(self._terms.heard(lambda status: live.set() if status else live.clear()), live)

    def _start(self, own: _Task) -> None:
        if not self._is_closed and (own.task is None or own.task.done()):
            own.task = asyncio.get_running_loop().create_task(self._follow(own))

    async def _follow(self, own: _Task) -> None:
        async def done(step: Step) -> Outcome:
            if isinstance(step, Listen):
                return await self._transport.listen(step)
            if isinstance(step, Sleep):
                await asyncio.sleep(step.seconds)
            return await self._authorization(step.refused) if isinstance(step, Authorize) else None

        while True:
            try:
                await run_async(following(self._terms, own.heard), done)
            except Exception as error:  # noqa: BLE001 it is written down, and begun anew
                _failed(own.heard, error)
                await asyncio.sleep(LONGEST_PAUSE_S)


def _failed(heard: HeardChanges, error: Exception) -> None:
    """What nobody foresaw ends no following: it begins anew after a while."""
    log.error("following the stream of changes failed", exc_info=error)
    heard.forget()
    heard.lost(AccessUnavailableError("failed", "following the stream of changes failed"))

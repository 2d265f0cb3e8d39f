"""The client for an event loop."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

import httpx2

from access_service.client.core import (
    Conduct,
    Core,
    actions_wanted,
    resources_wanted,
    subjects_wanted,
    wall_clock,
)
from access_service.client.errors import ClientError
from access_service.client.flows import Flow, Listen, Outcome, Patience, Send, Sleep, Step, run_async
from access_service.client.heard import StreamStatus
from access_service.client.oauth import (
    SESSION_TYPE,
    TRY_AGAIN_S,
    AccessToken,
    ClientCredentials,
    Held,
    StaticKey,
    check_credentials,
    exchanged,
    own_token,
)
from access_service.client.process import Owned
from access_service.client.transport import AwaitingTransport
from access_service.client.values import Decision, Explain, Question, Resource, Results
from access_service.client.watch import AsyncChangeStream, StreamTerms

T = TypeVar("T")


@dataclass(slots=True)
class _Own:
    """What a process has for itself: its token, and the lock of whoever renews it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: Held | None = None


class AsyncAccessClient:
    """`AccessClient` for one event loop of a process, with the same methods, awaited; keep one for its life.

    async with AsyncAccessClient("https://phanquyen.example.vn", StaticKey(key)) as access:
        if await access.check(account, "read", student("000000000001", class_=code, category="STU-ACA")):
            ...
    """

    def __init__(
        self,
        base_url: str,
        credentials: StaticKey | ClientCredentials,
        *,
        timeout_s: float = 3.0,
        retries: int = 2,
        on_failure: Literal["deny", "raise"] = "deny",
        explain: Explain | None = None,
        carry_revision: bool = False,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """As `AccessClient`."""
        check_credentials(credentials)
        patience = Patience(timeout_s, retries, monotonic)
        self._core = Core(base_url, patience, Conduct(on_failure, explain, carry_revision))
        self._credentials = credentials
        self._clock, self._sleep = clock, sleep
        self._transport = AwaitingTransport(monotonic, tls, transport)
        self._own = Owned(_Own)
        self._tls, self._given = tls, transport
        self._watching: AsyncChangeStream | None = None

    @property
    def watching(self) -> AsyncChangeStream | None:
        """What `watch` gave; None before."""
        return self._watching

    @property
    def revision(self) -> str | None:
        """The newest revision that is known to have been seen."""
        return self._core.revision

    async def check(
        self,
        account: str,
        action: str,
        resource: Resource,
        *,
        function: str | None = None,
        explain: Explain | None = None,
        at_least: str | None = None,
        old_answer: bool | None = None,
    ) -> Decision:
        """May this account do this to that, now? Only `Allow` is true.

        `at_least` is a revision: the answer is of that state or a newer one, or there is none. `old_answer` is what
        the system in place answered, while the service only observes.
        """
        question = Question(account, action, resource, function, old_answer)
        kept = None if self._watching is None else self._watching.heard.answers
        return await self._run(self._core.check(question, explain, at_least, kept))

    async def check_many(
        self, questions: Sequence[Question], *, explain: Explain | None = None, at_least: str | None = None
    ) -> list[Decision]:
        """The same for many, in their order; up to 1,000 are answered at one revision and one instant."""
        return await self._run(self._core.check_many(questions, explain, at_least))

    async def search_resources(
        self,
        account: str,
        action: str,
        type_: Literal["class", "unit"],
        *,
        category: str,
        at_least: str | None = None,
        **properties: str,
    ) -> Results:
        """To which classes or units may this account do that? Raises `ClientError`; never a part of the list."""
        said = resources_wanted(account, action, type_, {"category": category, **properties})
        return await self._run(self._core.search("resource", said, at_least))

    async def search_subjects(self, action: str, resource: Resource, *, at_least: str | None = None) -> Results:
        """Which accounts may do this to that? Raises `ClientError`; the service logs who asks of sensitive data."""
        return await self._run(self._core.search("subject", subjects_wanted(action, resource), at_least))

    async def search_actions(
        self, account: str, resource: Resource, *, at_least: str | None = None
    ) -> tuple[str, ...]:
        """What may this account do here? Raises `ClientError`."""
        found = await self._run(self._core.search("action", actions_wanted(account, resource), at_least))
        return found.ids

    async def exchange(
        self,
        subject_token: str,
        *,
        subject_type: str = SESSION_TYPE,
        resource: str | None = None,
        details: Sequence[Mapping[str, Any]] = (),
    ) -> AccessToken:
        """A token with which this client acts for the person of a session (RFC 8693). Raises `ClientError`.

        `details` are `authorization_details` (RFC 9396): what is asked for; less may be given. Takes
        `ClientCredentials`: a static key opens no exchange.
        """
        if not isinstance(self._credentials, ClientCredentials):
            raise ValueError("an exchange takes client credentials")
        core = self._core
        return await self._run(
            exchanged(
                core.base_url,
                self._credentials,
                subject_token,
                subject_type,
                details,
                resource,
                core.patience,
                self._clock,
            )
        )

    def watch(
        self,
        *,
        keep_s: float = 0.0,
        on_change: Callable[[StreamStatus], None] | None = None,
        silence_s: float = 7.0,
        max_stale_s: float = 15.0,
    ) -> AsyncChangeStream:
        """Follow what moves (`GET /v1/watch`): for verifiers (`watch=`), and for answers that are kept.

        `keep_s`: `check` keeps an answer for so long, until a change about its account is told; nothing is answered
        from what is kept while the stream is lost. `on_change` is told of each loss and each return. `silence_s`: a
        stream that says nothing for longer is lost; the service speaks every two seconds. `max_stale_s`: so is one
        that tells what is older.

        It begins with the first question, or with `start()` within the event loop; `close` of the client ends it.
        """
        if self._watching is not None:
            raise ValueError("this client watches already")
        if keep_s and self._core.conduct.carry_revision:
            raise ValueError("`carry_revision` reads every own write: no answer is kept beside it")
        monotonic = self._core.patience.monotonic
        terms = StreamTerms(
            self._core.base_url,
            silence_s,
            max_stale_s,
            keep_s,
            self._core.patience.timeout_s,
            self._clock,
            monotonic,
            on_change,
        )
        transport = AwaitingTransport(monotonic, self._tls, self._given)
        self._watching = AsyncChangeStream(terms, self._authorization, transport)
        return self._watching

    async def close(self) -> None:
        """Close every connection, and watch no more."""
        if self._watching is not None:
            await self._watching.close()
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        return await run_async(flow, self._done)

    async def _done(self, step: Step) -> Outcome:
        if isinstance(step, Send):
            return await self._transport.send(step)
        if isinstance(step, Sleep):
            await self._sleep(step.seconds)
            return None
        if isinstance(step, Listen):
            raise TypeError("a question is no stream")
        return await self._authorization(step.refused)

    async def _authorization(self, refused: bytes | None) -> bytes:
        """The header to send; the client's own token is fetched by one thread, for all."""
        if isinstance(self._credentials, StaticKey):
            return b"Bearer " + self._credentials.key.encode()
        own, now = self._own.mine, self._core.patience.monotonic()
        held = own.held
        is_good = held is not None and now < held.expires_at and held.header != refused
        if held is not None and is_good and now < held.renew_at:
            return held.header
        # Who still has a good token does not wait for the one who renews it.
        if held is not None and is_good and own.lock.locked():
            return held.header
        async with own.lock:
            if own.held is not held and own.held is not None and own.held.header != refused:
                return own.held.header
            return await self._renewed(own, held if is_good else None)

    async def _renewed(self, own: _Own, still_good: Held | None) -> bytes:
        core = self._core
        if not isinstance(self._credentials, ClientCredentials):
            raise RuntimeError("a static key is not renewed")
        try:
            own.held = await self._run(own_token(core.base_url, self._credentials, core.patience, self._clock))
        except ClientError:
            if still_good is None:
                own.held = None
                raise
            still_good.renew_at = core.patience.monotonic() + TRY_AGAIN_S
            return still_good.header
        return own.held.header

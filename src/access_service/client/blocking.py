"""The client for threads."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
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
from access_service.client.flows import Flow, Listen, Outcome, Patience, Send, Sleep, Step, run
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
from access_service.client.transport import BlockingTransport
from access_service.client.values import Decision, Explain, Question, Resource, Results
from access_service.client.watch import ChangeStream, StreamTerms

T = TypeVar("T")


@dataclass(slots=True)
class _Own:
    """What a process has for itself: its token, and the lock of whoever renews it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: Held | None = None


class AccessClient:
    """Asks the access service, from any thread; keep one for the life of the process, and for those that it forks.

        with AccessClient("https://phanquyen.example.vn", StaticKey(key)) as access:
            if access.check(account, "read", student("000000000001", class_=code, category="STU-ACA")):
                ...

    Fails closed. `check` and `check_many` give a `Deny` for every failure: no connection, too late, an answer that
    cannot be read, a wrong key; `Deny.is_answer` tells it from a no, and `on_failure="raise"` raises it instead.
    Searches and exchanges always raise: an empty list would be a lie.
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
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`timeout_s` is for one question with all its attempts; `retries` are those after the first.

        `carry_revision` sends the revision seen last with every question, so that no answer is from an older state
        than one before it. `tls` names other certificates than the system's. The last four are for tests.
        """
        check_credentials(credentials)
        patience = Patience(timeout_s, retries, monotonic)
        self._core = Core(base_url, patience, Conduct(on_failure, explain, carry_revision))
        self._credentials = credentials
        self._clock, self._sleep = clock, sleep
        self._transport = BlockingTransport(monotonic, tls, transport)
        self._own = Owned(_Own)
        self._tls, self._given = tls, transport
        self._watching: ChangeStream | None = None

    @property
    def watching(self) -> ChangeStream | None:
        """What `watch` gave; None before."""
        return self._watching

    @property
    def revision(self) -> str | None:
        """The newest revision that is known to have been seen."""
        return self._core.revision

    def check(
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
        return self._run(self._core.check(question, explain, at_least, kept))

    def check_many(
        self, questions: Sequence[Question], *, explain: Explain | None = None, at_least: str | None = None
    ) -> list[Decision]:
        """The same for many, in their order; up to 1,000 are answered at one revision and one instant."""
        return self._run(self._core.check_many(questions, explain, at_least))

    def search_resources(
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
        return self._run(self._core.search("resource", said, at_least))

    def search_subjects(self, action: str, resource: Resource, *, at_least: str | None = None) -> Results:
        """Which accounts may do this to that? Raises `ClientError`; the service logs who asks of sensitive data."""
        return self._run(self._core.search("subject", subjects_wanted(action, resource), at_least))

    def search_actions(self, account: str, resource: Resource, *, at_least: str | None = None) -> tuple[str, ...]:
        """What may this account do here? Raises `ClientError`."""
        return self._run(self._core.search("action", actions_wanted(account, resource), at_least)).ids

    def exchange(
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
        return self._run(
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
    ) -> ChangeStream:
        """Follow what moves (`GET /v1/watch`): for verifiers (`watch=`), and for answers that are kept.

        `keep_s`: `check` keeps an answer for so long, until a change about its account is told; nothing is answered
        from what is kept while the stream is lost. `on_change` is told of each loss and each return. `silence_s`: a
        stream that says nothing for longer is lost; the service speaks every two seconds. `max_stale_s`: so is one
        that tells what is older.

        It begins at once in this process, and in one that is forked from it with the first question.
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
        transport = BlockingTransport(monotonic, self._tls, self._given)
        self._watching = ChangeStream(terms, self._authorization, transport)
        self._watching.start()
        return self._watching

    def close(self) -> None:
        """Close every connection, and watch no more."""
        if self._watching is not None:
            self._watching.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        return run(flow, self._done)

    def _done(self, step: Step) -> Outcome:
        if isinstance(step, Send):
            return self._transport.send(step)
        if isinstance(step, Sleep):
            self._sleep(step.seconds)
            return None
        if isinstance(step, Listen):
            raise TypeError("a question is no stream")
        return self._authorization(step.refused)

    def _authorization(self, refused: bytes | None) -> bytes:
        """The header to send; the client's own token is fetched by one thread, for all."""
        if isinstance(self._credentials, StaticKey):
            return b"Bearer " + self._credentials.key.encode()
        own, now = self._own.mine, self._core.patience.monotonic()
        held = own.held
        is_good = held is not None and now < held.expires_at and held.header != refused
        if held is not None and is_good and now < held.renew_at:
            return held.header
        # Who still has a good token does not wait for the one who renews it.
        if held is not None and is_good:
            if not own.lock.acquire(blocking=False):
                return held.header
        else:
            own.lock.acquire()
        try:
            if own.held is not held and own.held is not None and own.held.header != refused:
                return own.held.header
            return self._renewed(own, held if is_good else None)
        finally:
            own.lock.release()

    def _renewed(self, own: _Own, still_good: Held | None) -> bytes:
        core = self._core
        if not isinstance(self._credentials, ClientCredentials):
            raise RuntimeError("a static key is not renewed")
        try:
            own.held = self._run(own_token(core.base_url, self._credentials, core.patience, self._clock))
        except ClientError:
            if still_good is None:
                own.held = None
                raise
            still_good.renew_at = core.patience.monotonic() + TRY_AGAIN_S
            return still_good.header
        return own.held.header

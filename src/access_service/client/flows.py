"""What the client does, without doing it: generators of steps, for one driver that blocks and one that awaits.

A flow yields `Send`, `Listen`, `Sleep` or `Authorize` and is given back what came of it. Retries, deadlines, pages
and the reading of answers are written once, here.
"""

import random
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal, Protocol, TypeVar

from access_service.client.errors import AccessRequestError, AccessUnavailableError, ClientError
from access_service.client.values import Entity, Results
from access_service.client.wire import Reply, answer_of, page_of

T = TypeVar("T")

RETRY_FIRST_S = 0.05
"""The first pause after a connection that failed; it doubles, with jitter."""
RETRY_AFTER_MOST_S = 5.0
"""Longest pause that a server may ask for."""
RESTARTS = 3
"""How often a list is begun again whose rights change while it is read."""


@dataclass(frozen=True, slots=True)
class Send:
    """One HTTP request."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 0.0
    """What is left of the whole time; 0 before it is known."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Authorize:
    """The `Authorization` header of the next request; never again the one that was refused."""

    refused: bytes | None = None


class Hearer(Protocol):
    """Takes a stream as it arrives."""

    silence_s: float
    """A stream that says nothing for longer is over."""

    def opened(self, headers: Mapping[str, str]) -> bool:
        """It was answered 200, with these headers (names in lower case); False ends it."""

    def feed(self, chunk: bytes) -> bool:
        """Bytes of it; False ends it."""


@dataclass(frozen=True, slots=True)
class Listen:
    """One HTTP request whose answer has no end; what came of it is None, or why there was none."""

    call: Send
    hearer: Hearer


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: `connect` says that the request never left, `lost` and `late` that nobody knows."""

    how: Literal["connect", "lost", "late", "large"]


Step = Send | Sleep | Authorize | Listen
Outcome = Reply | Failed | bytes | None
Flow = Generator[Step, Outcome, T]

TEXT = {
    "connect": "no connection to the service",
    "lost": "the connection to the service was lost",
    "late": "the service did not answer in time",
    "large": "the service's answer is too large",
}


def run(flow: Flow[T], done: Callable[[Step], Outcome]) -> T:
    """Take every step of a flow; an error of `done` is thrown into it, where it becomes a deny or goes on."""
    outcome: Outcome = None
    problem: ClientError | None = None
    while True:
        try:
            step = flow.send(outcome) if problem is None else flow.throw(problem)
        except StopIteration as end:
            result: T = end.value
            return result
        outcome, problem = None, None
        try:
            outcome = done(step)
        except ClientError as error:
            problem = error


async def run_async(flow: Flow[T], done: Callable[[Step], Awaitable[Outcome]]) -> T:
    """The same, awaiting."""
    outcome: Outcome = None
    problem: ClientError | None = None
    while True:
        try:
            step = flow.send(outcome) if problem is None else flow.throw(problem)
        except StopIteration as end:
            result: T = end.value
            return result
        outcome, problem = None, None
        try:
            outcome = await done(step)
        except ClientError as error:
            problem = error


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often."""

    timeout_s: float
    """For everything: waiting for a connection, every attempt, every pause."""
    retries: int
    """Attempts after the first."""
    monotonic: Callable[[], float]


def sent(call: Send, patience: Patience, *, is_question: bool) -> Flow[Reply]:
    """Send until there is an answer, within the time.

    Sent again: what never left (no connection), and a question, which changes nothing, when it was lost on the way
    or answered 503 with `Retry-After`. A request for a token may have counted a draw: it is not repeated.
    """
    deadline = patience.monotonic() + patience.timeout_s
    pause = RETRY_FIRST_S
    for attempt in range(patience.retries + 1):
        left = deadline - patience.monotonic()
        if left <= 0:
            raise AccessUnavailableError("unavailable", TEXT["late"])
        outcome = yield replace(call, timeout_s=left)
        if isinstance(outcome, Reply):
            wait = _retry_after(outcome) if is_question else None
            if wait is None:
                return outcome
            problem = AccessUnavailableError("unavailable", f"the service answered {outcome.status}")
        else:
            how = outcome.how if isinstance(outcome, Failed) else "lost"
            problem = AccessUnavailableError("unavailable", TEXT[how])
            if how in ("late", "large") or (how == "lost" and not is_question):
                raise problem
            wait, pause = pause * random.uniform(0.5, 1.5), pause * 2  # noqa: S311 spreads load, hides nothing
        if attempt == patience.retries or patience.monotonic() + wait >= deadline:
            raise problem
        yield Sleep(wait)
    raise AccessUnavailableError("unavailable", TEXT["late"])


def _retry_after(reply: Reply) -> float | None:
    """The pause that a 503 asks for, in seconds; None for every other answer."""
    said = reply.headers.get("retry-after", "")
    if reply.status != HTTPStatus.SERVICE_UNAVAILABLE or not (said.isascii() and said.isdigit()) or len(said) > 4:  # noqa: PLR2004 hours
        return None
    return min(float(said), RETRY_AFTER_MOST_S) * random.uniform(0.8, 1.0)  # noqa: S311


def asked(call: Send, patience: Patience) -> Flow[tuple[dict[str, Any], str | None]]:
    """A question's answer and its revision. A token that is refused is renewed once."""
    authorization = yield Authorize()
    for is_last in (False, True):
        headers = {**call.headers, "Authorization": _bytes(authorization)}
        reply = yield from sent(replace(call, headers=headers), patience, is_question=True)
        if reply.status == HTTPStatus.UNAUTHORIZED and not is_last:
            renewed = yield Authorize(refused=_bytes(authorization))
            if renewed != authorization:
                authorization = renewed
                continue
        return answer_of(reply), reply.headers.get("x-access-revision")
    raise RuntimeError("unreachable")


def _bytes(given: Outcome) -> bytes:
    if not isinstance(given, bytes):
        raise RuntimeError("a driver answers `Authorize` with bytes")
    return given


def searched(question: Callable[[str], Send], patience: Patience) -> Flow[Results]:
    """A whole list, page by page; begun again when what it rests on changes meanwhile (409 `restart`).

    `question` gives the request for the page with this token, the empty one first. A list that cannot be finished
    is an error, never a shorter list.
    """
    for attempt in range(RESTARTS + 1):
        found: list[Entity] = []
        token, seen, revision = "", set[str](), None
        try:
            while True:
                answer, revision = yield from asked(question(token), patience)
                page, token = page_of(answer)
                found += page
                if not token:
                    return Results(tuple(found), revision)
                if token in seen:
                    raise AccessUnavailableError("unreadable", "the service's pages go round in a circle")
                seen.add(token)
        except AccessRequestError as error:
            if error.code != "restart":
                raise
            if attempt < RESTARTS:
                yield Sleep(RETRY_FIRST_S * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
    raise AccessUnavailableError("restart", "the list changed each time it was read")

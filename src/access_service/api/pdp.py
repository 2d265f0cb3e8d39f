"""What stands behind the AuthZEN routes: a register's decision point, or one policy pack alone.

The routes (`api.authzen.access`, `api.authzen.search`) know HTTP: bodies, defaults, semantics, pages, headers. A
`Pdp` knows what a question means. Both ends speak the structs of `api.authzen.schemas`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from access_service.domain.access import Wanted

Explain = Literal["none", "code", "full"]
LogDecisions = Literal["none", "deny", "all"]
KEY = "key"
"""Whoever asks with the static key."""


class Bodies(NamedTuple):
    """The types that bodies are read as; their members have the same names, their properties differ."""

    evaluation: type[msgspec.Struct]
    evaluations: type[msgspec.Struct]
    search: type[msgspec.Struct]
    are_closed: bool
    """Does every member have a type of its own? Then nothing of a body is kept that was not looked at."""


class BodyAnswers(NamedTuple):
    """The answers to one body, all at one revision and one instant, in the order asked."""

    answers: Sequence[bytes]
    """Each rendered: a `schemas.Answer`."""
    counts: Mapping[tuple[str, str], int]
    """How often each outcome with its reason; the reason is empty for an allow and where nobody asked for it."""
    records: Sequence[dict[str, Any]]
    """What the log says of those it wants: ids, reason, grant; never the id of a pupil or member of staff."""
    revision: str
    """As it stands in `X-Access-Revision`."""


class AtOnce(NamedTuple):
    """One evaluation, answered without waiting for anything."""

    answer: bytes
    """Rendered: a `schemas.Answer`."""
    outcome: tuple[str, str]
    """As in `Answered.counts`."""
    record: bytes
    """What the log says of it: members of a JSON object, each after a comma; empty where the log wants nothing."""
    revision: bytes


class Start(NamedTuple):
    """Where a later page continues; from a signed token, so it is what an earlier page said."""

    after: str
    """The last id already given."""
    revision: str
    now: datetime


class FoundPage(NamedTuple):
    """One page of a search."""

    results: Sequence[dict[str, str]]
    """`{"type", "id"}` or `{"name"}`, in the order of their ids, byte for byte."""
    after: str | None
    """The last id of this page when more may follow; None at the end."""
    revision: str
    now: datetime
    record: dict[str, Any] | None = None
    """What the log may say of it: ids, never that of a pupil or of a member of staff."""
    sensitive: bool = False
    """Somebody asked who may see data that the pack marks as sensitive: logged whatever else is."""
    is_past: bool = False
    """Somebody asked as of an instant of their own: logged whatever else is."""


class Pdp(Protocol):
    """Answers questions whose form the routes have checked."""

    bodies: Bodies

    async def evaluate(
        self,
        items: Sequence[Any],
        *,
        stop_at: bool | None,
        explain: Explain,
        log: LogDecisions,
        is_clean: bool,
        asker: str = KEY,
    ) -> BodyAnswers:
        """Answer items of `bodies.evaluation` with their defaults filled in.

        `explain` is what an item gets that does not say; `stop_at` ends the list with the first such decision;
        `log` says which decisions are recorded. Incomplete items are answered with a deny. `is_clean`: every word
        is known to be short, in NFC and free of control characters. `asker` reads what is explained in full: the
        log counts it.
        """
        ...

    def at_once(self, body: bytes, log: LogDecisions) -> AtOnce | None:
        """The answer to the body of one evaluation, where memory alone has it; None for the way above.

        Never another answer than that way would give; it only leaves out what most questions do not need.
        """
        ...

    async def search(self, wanted: Wanted, sent: Any, *, limit: int, start: Start | None) -> FoundPage:
        """The next at most `limit` results after `start`. Raises `RestartError` when a page cannot be continued."""
        ...

    async def audience(self) -> str:
        """What answers, for the tokens of pages: those of another register or pack are none of ours."""
        ...

    def check_ready(self) -> None:
        """Raise `UnavailableError` unless a question would be answered. May read the database."""
        ...

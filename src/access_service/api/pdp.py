"""What stands behind the AuthZEN routes: a register's decision point, or one policy pack alone.

The routes (`api.access`, `api.search`) know HTTP: bodies, defaults, semantics, pages, headers. A `Pdp` knows what a
question means. Both ends speak the structs of `api.schemas`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

Wanted = Literal["subject", "resource", "action"]
"""What a search looks for."""


class Bodies(NamedTuple):
    """The types that bodies are read as; their members have the same names, their properties differ."""

    evaluation: type[msgspec.Struct]
    evaluations: type[msgspec.Struct]
    search: type[msgspec.Struct]


class Verdict(NamedTuple):
    """One answer, and what the log may say of it."""

    answer: msgspec.Struct
    """A `schemas.Answer`."""
    record: dict[str, Any]
    """Ids, reason, grant: never the id of a pupil or of a member of staff."""


class Answered(NamedTuple):
    """The answers to one body, all at one revision and one instant, in the order asked."""

    verdicts: Sequence[Verdict]
    revision: str
    """As it stands in `X-Access-Revision`."""


class Start(NamedTuple):
    """Where a later page continues; from a signed token, so it is what an earlier page said."""

    after: str
    """The last id already given."""
    revision: str
    now: datetime


class Found(NamedTuple):
    """One page of a search."""

    results: Sequence[dict[str, str]]
    """`{"type", "id"}` or `{"name"}`, in the order of their ids, byte for byte."""
    after: str | None
    """The last id of this page when more may follow; None at the end."""
    revision: str
    now: datetime


class Pdp(Protocol):
    """Answers questions whose form the routes have checked."""

    bodies: Bodies

    async def evaluate(
        self, items: Sequence[Any], *, stop_at: bool | None, explain: str, request_id: str
    ) -> Answered:
        """Answer items of `bodies.evaluation` with their defaults filled in.

        `explain` is what an item gets that does not say (`none`, `code`, `full`); `stop_at` ends the list with the
        first such decision. Incomplete items are answered with a deny.
        """
        ...

    async def search(self, wanted: Wanted, sent: Any, *, limit: int, start: Start | None) -> Found:
        """The next at most `limit` results after `start`. Raises `RestartError` when a page cannot be continued."""
        ...

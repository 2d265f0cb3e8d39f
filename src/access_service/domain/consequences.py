"""What an act takes from people, as one list: what falls, how, and from when (rules 3 and 10).

The list is read from what the act changed, never from what the act says of itself: a fact before it and the same
fact after it. The rehearsed act and the act done therefore have one list, whoever asks and by whichever door.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentState, SuspendableKind
from access_service.domain.org import Assignment, SchoolYear, Unit
from access_service.domain.reasons import Refusal
from access_service.domain.software import Approval, Client, Software


class Matter(StrEnum):
    """Of what sort it is that somebody loses or keeps."""

    PERSON = "person"
    GRANT = "grant"
    AUTHORITY = "authority"
    DUTY = "duty"
    CUSTODY = "custody"
    ACCOUNT = "account"
    DOCUMENT = "document"
    UNIT = "unit"
    YEAR = "school_year"
    SOFTWARE = "software"
    APPROVAL = "approval"
    CLIENT = "client"
    TOKENS = "tokens"
    """The accounts whose tokens stop: a token is not kept when it is given, so its holders are what is counted."""
    SESSION = "session"


class How(StrEnum):
    """What happens to it."""

    ENDS = "ends"
    """For good."""
    NARROWS = "narrows"
    """It goes on with less."""
    PAUSES = "pauses"
    """Until the pause is lifted."""
    RESUMES = "resumes"
    """The pause is lifted."""
    STAYS = "stays"


@dataclass(frozen=True, slots=True, order=True)
class Falling:
    """One thing that does not go on as it was."""

    matter: Matter
    id: str
    how: How
    at: datetime


_GONE = frozenset(
    {
        DocumentState.DECLINED,
        DocumentState.CANCELLED,
        DocumentState.LAPSED,
        DocumentState.SUPERSEDED,
        DocumentState.WITHDRAWN,
        DocumentState.HANDED_BACK,
    }
)
_SUSPENDED = {
    SuspendableKind.ACCOUNT: Matter.ACCOUNT,
    SuspendableKind.UNIT: Matter.UNIT,
    SuspendableKind.AUTHORITY: Matter.AUTHORITY,
    SuspendableKind.GRANT: Matter.GRANT,
}


def _document_end(document: Document) -> datetime | None:
    if document.state not in _GONE:
        return None
    return document.ended_at or document.state_since


_ENDS: Mapping[type[Any], tuple[Matter, Callable[[Any], datetime | None]]] = {
    Grant: (Matter.GRANT, lambda g: g.ended_at),
    Authority: (Matter.AUTHORITY, lambda a: a.valid_to),
    Assignment: (Matter.DUTY, lambda a: a.valid_to),
    Custody: (Matter.CUSTODY, lambda c: c.valid_to),
    Account: (Matter.ACCOUNT, lambda a: a.valid_to),
    Document: (Matter.DOCUMENT, _document_end),
    Unit: (Matter.UNIT, lambda u: u.valid_to),
    SchoolYear: (Matter.YEAR, lambda y: y.closes_at),
    Software: (Matter.SOFTWARE, lambda s: s.valid_to),
    Approval: (Matter.APPROVAL, lambda a: a.withdrawn_at),
    Client: (Matter.CLIENT, lambda c: c.disabled_at),
}
COUNTED: tuple[type[Any], ...] = (*_ENDS, Suspension)
"""The types of facts that somebody can lose."""


def falling_of(before: Any | None, after: Any, now: datetime) -> Falling | None:
    """What one changed fact took from somebody; None where it took nothing."""
    if isinstance(after, Suspension):
        return _paused(before, after)
    if before is None:
        return None
    matter, end_of = _ENDS[type(after)]
    old, new = end_of(before), end_of(after)
    if isinstance(after, Authority) and new != now and (before.scope != after.scope or old != new):
        return Falling(matter, after.id, How.NARROWS, now)
    if new is None or (old is not None and old <= new):
        return None
    return Falling(matter, after.id, How.ENDS, new)


def _paused(before: Suspension | None, after: Suspension) -> Falling | None:
    matter = _SUSPENDED[after.kind]
    if before is None:
        return Falling(matter, after.target, How.PAUSES, after.valid_from)
    if before.valid_to is None and after.valid_to is not None:
        return Falling(matter, after.target, How.RESUMES, after.valid_to)
    return None


def as_narrowed(falling: Falling, replaced: Collection[str | None]) -> Falling:
    """A line that ends because a narrower one took its place on the same paper goes on with less."""
    if falling.matter is Matter.GRANT and falling.how is How.ENDS and falling.id in replaced:
        return replace(falling, how=How.NARROWS)
    return falling


def digest_of(falling: Iterable[Falling]) -> str:
    """The list in one hash: what falls and how. Instants that are only "now" differ between asking and doing."""
    lines = sorted([str(f.matter), f.id, str(f.how)] for f in falling)
    return hashlib.sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()


def check_as_shown(shown: str, falling: Iterable[Falling]) -> None:
    """(10) Who takes back has seen what falls: where that has changed since, the act is refused and shown anew."""
    if digest_of(falling) != shown:
        raise RefusedError(Refusal.CONSEQUENCES_CHANGED, "what this would end has changed since it was shown")


UNDONE_BY: Mapping[str, str] = {
    **{f"{kind}.suspend": f"{kind}.resume" for kind in SuspendableKind},
    **{f"{kind}.resume": f"{kind}.suspend" for kind in SuspendableKind},
    "school_year.close": "school_year.reopen",
}
"""Which act takes an act back; what is not named here is final, and the page says so before."""

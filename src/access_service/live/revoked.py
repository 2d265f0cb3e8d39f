"""What was taken back in the last life of a token, in memory: single tokens, and whose rights may have changed.

From it come the answer whether a token still holds and the list for those who verify without a call. It is read
once; afterwards whoever looks at the database for a newer revision brings what that revision says (`TokenNews`), so
that neither a token nor the list waits for the database after a change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from access_service.domain.moved import Moved
from access_service.domain.names import AccountId
from access_service.domain.observing import Observation
from access_service.domain.software import Client, Software
from access_service.live.keeper import Dropping
from access_service.storage.audit import Stands
from access_service.storage.facts import CODECS, Reader
from access_service.storage.tokens import Changed, changes_after, changes_since, read_denied

LIST_S = 1.0
"""How long, in seconds, one list serves: what expires meanwhile stays on it."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was taken back in the last life of a token: instants in seconds since the epoch."""

    as_of: float
    tokens: tuple[str, ...]
    """A token is over whose `jti` is one of these, or begins with one of these and a full stop."""
    subjects: Mapping[str, float]
    """Account to instant: what was issued earlier to or through that account is over."""
    all_before: float | None
    """What was issued earlier is over, whosever it is."""


class TokenNews(NamedTuple):
    """What the revisions after one say that concerns tokens."""

    changes: Sequence[Changed]
    """Oldest first."""
    denied: Mapping[str, datetime]
    clients: frozenset[str]
    """Clients of which something was recorded: their own row, their software's, where they observe."""


def read_all(reader: Reader, life: timedelta, now: datetime) -> tuple[Sequence[Changed], Mapping[str, datetime]]:
    """What was recorded and revoked in the last life of a token."""
    connection, register = reader.connection, reader.register
    return changes_since(connection, register, now - life), read_denied(connection, register, now)


def read_news(reader: Reader, after: int, stands: Stands) -> TokenNews:
    """What was recorded after a revision, in the same transaction as where the register stands."""
    connection, register = reader.connection, reader.register
    denied = read_denied(connection, register, stands.recorded_at)
    return TokenNews(changes_after(connection, register, after), denied, _clients_after(reader, after))


def _clients_after(reader: Reader, after: int) -> frozenset[str]:
    observing = reader.find(Observation, CODECS[Observation].table.c.from_rev > after)
    software = [s.id for s in reader.find(Software, CODECS[Software].table.c.from_rev > after)]
    clients = reader.find(Client, CODECS[Client].table.c.from_rev > after)
    clients += reader.find(Client, software=software) if software else []
    return frozenset(o.client for o in observing) | {c.id for c in clients}


class RevokedNow:
    """What was taken back in the last life of a token, as of one revision. Never changed, but replaced."""

    __slots__ = ("_list", "changes", "denied", "life", "touched")

    def __init__(self, changes: Sequence[Changed], denied: Mapping[str, datetime], life: timedelta) -> None:
        """What `read_all` read, for tokens that live that long."""
        self.changes, self.life = changes, life
        self.denied = denied
        """Single tokens that were revoked, with their expiry."""
        self.touched: Mapping[AccountId, int] = touched_by(changes)
        """The newest revision that may have changed an account's rights, of those in the last life of a token."""
        self._list: Revocations | None = None

    def followed_by(self, revision: int, news: TokenNews) -> "RevokedNow":
        """With what was recorded after `revision`, and without what is too old by now."""
        newer = [change for change in news.changes if change.revision > revision]
        since = newer[-1].recorded_at - self.life if newer else None
        kept = [c for c in self.changes if since is None or c.recorded_at > since]
        return RevokedNow([*kept, *newer], news.denied, self.life)

    def listed(self, now: float, as_of: float) -> Revocations:
        """The list, from memory alone; `as_of` is when the database last confirmed it."""
        kept = self._list
        if kept is not None and 0 <= as_of - kept.as_of <= LIST_S:
            return kept
        since = now - self.life.total_seconds()
        subjects: dict[str, float] = {}
        everybody: float | None = None
        recent = takewhile(lambda change: change.recorded_at.timestamp() > since, reversed(self.changes))
        for change in reversed(list(recent)):
            recorded = change.recorded_at.timestamp()
            if change.accounts is None:
                everybody = recorded
            else:
                subjects.update(dict.fromkeys(change.accounts, recorded))
        single = sorted(jti for jti, expiry in self.denied.items() if expiry.timestamp() > now)
        found = self._list = Revocations(as_of, tuple(single), subjects, everybody)
        return found


class Revoked:
    """What was taken back in one register, as of the view's revision. Swapped whole, never changed in place."""

    def __init__(self) -> None:
        self.taken: RevokedNow | None = None
        """None until somebody asks: until then nobody reads anything for it."""

    def hear(self, revision: int, news: TokenNews | None) -> None:
        """The view moves on from `revision`. Without news of what came after, everything is read again."""
        taken = self.taken
        self.taken = None if taken is None or news is None else taken.followed_by(revision, news)

    def plan(self, moved: Moved | None) -> Dropping:  # noqa: ARG002 what is revoked is heard in `hear`
        """Nothing more than what was heard."""
        return lambda: None

    def forget(self) -> None:
        """Everything is to be read again: other facts may stand under the same numbers."""
        self.taken = None


def touched_by(changes: Iterable[Changed]) -> dict[AccountId, int]:
    """The newest revision that named each account; oldest change first."""
    return {account: change.revision for change in changes for account in change.accounts or ()}


def lineage(jti: str) -> Iterator[str]:
    """The id of a token after those that it was exchanged from: `a`, `a.b`, `a.b.c`."""
    end = jti.find(".")
    while end >= 0:
        yield jti[:end]
        end = jti.find(".", end + 1)
    yield jti

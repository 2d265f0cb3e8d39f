"""What moved in a register, for enforcement points that keep answers: whom it concerns, and what tokens lost by it.

A place is a revision with the head of the register's events there: after a database was restored, or took over
without the last commits, other facts stand under the same numbers, and who comes from such a place is told so.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from access_service.domain.accounts import Account, Home
from access_service.domain.errors import InvalidError, UnavailableError
from access_service.domain.names import AccountId, RegisterId, UnitId
from access_service.domain.org import chain_of
from access_service.domain.tokens import Claims
from access_service.domain.watching import MOST_MISSED, MOST_NAMED, Concerned
from access_service.live.revisions import parse_revision, revision_text
from access_service.storage.audit import head_of, stands_now, stands_since
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.tokens import changes_after, read_denied
from access_service.usecases.tokens.introspect import enforcement_point
from access_service.usecases.tokens.issue import TokenPoint

HEAD_LETTERS = 16
"""As much of a head as tells two histories apart."""
PLACE = re.compile(r"(r[0-9a-z]{1,12})\.([0-9a-f]{16})")
Begun = Literal["goes_on", "reset", "restored"]
"""`reset`: where the watcher comes from is unknown, or too long ago. `restored`: it is of another history."""


class WatchPlace(NamedTuple):
    """A revision of one history."""

    revision: int
    head: str

    @property
    def text(self) -> str:
        """As watchers are given it, and give it back."""
        return f"{revision_text(self.revision)}.{self.head[:HEAD_LETTERS]}"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back of tokens, as the list has it: single ones, and whose were issued before an instant."""

    as_of: float
    tokens: tuple[str, ...]
    subjects: Mapping[str, float]
    all_before: float | None


@dataclass(frozen=True, slots=True)
class News:
    """What came after a place. Without `concerned` everything before it is over: another history stands there."""

    place: WatchPlace
    concerned: Concerned | None
    taken_back: TakenBack | None


def begin(db: Database, register: RegisterId, since: str | None) -> tuple[Begun, WatchPlace]:
    """From which place a watcher goes on that was last told `since`; what is not plainly ours begins anew."""
    with db.read(register) as reader:
        stands = stands_now(reader.connection, register)
        if stands is None:
            raise UnavailableError("the register is gone")
        now = WatchPlace(stands.revision, stands.head)
        given = None if since is None else PLACE.fullmatch(since)
        if given is None:
            return "reset", now
        try:
            revision = parse_revision(given[1])
        except InvalidError:
            return "reset", now
        if revision > now.revision:
            return "restored", now
        if now.revision - revision > MOST_MISSED:
            return "reset", now
        head = head_of(reader.connection, register, revision)
    if not head or head[:HEAD_LETTERS] != given[2]:
        return "restored", now
    return "goes_on", WatchPlace(revision, head)


def read_news(db: Database, register: RegisterId, after: WatchPlace) -> News:
    """What was recorded after a place, from one transaction."""
    with db.read(register) as reader:
        connection = reader.connection
        stands = stands_since(connection, register, after.revision, after.head)
        if stands is None:
            raise UnavailableError("the register is gone")
        place = WatchPlace(stands.revision, stands.head)
        if not stands.is_same:
            return News(place, None, None)
        now = db.now_in(connection, register)
        concerned = Concerned(_accounts(reader, stands.touched, now), {})
        subjects: dict[str, float] = {}
        everybody: float | None = None
        for change in changes_after(connection, register, after.revision):
            recorded = change.recorded_at.timestamp()
            if change.accounts is None:
                everybody = recorded
            else:
                subjects.update(dict.fromkeys(change.accounts, recorded))
        single = tuple(sorted(read_denied(connection, register, now)))
        return News(place, concerned, TakenBack(now.timestamp(), single, subjects, everybody))


def _accounts(
    reader: Reader, touched: Collection[AccountId] | None, now: datetime
) -> Mapping[AccountId, frozenset[UnitId]] | None:
    """Each with the units above where it lives; None for anybody, and for more than are named."""
    if touched is None or len(touched) > MOST_NAMED:
        return None
    if not touched:
        return {}
    org, ids = StoredOrg(reader), sorted(touched)
    homes = {home.account: home.unit for home in reader.find(Home, account=ids) if now in home.interval}
    lives = {account.id: homes.get(account.id, account.unit) for account in reader.find(Account, id=ids)}
    chains = {unit: frozenset(chain_of(org, unit, now)) | {unit} for unit in set(lives.values())}
    return {id_: chains[lives[id_]] if id_ in lives else frozenset() for id_ in ids}


def reached_by(point: TokenPoint, claims: Claims) -> frozenset[UnitId] | None:
    """The units of the approvals of the software that watches with a token; None once its time has passed.

    Raises `token_revoked` or `account_not_active` when it no longer holds. To be called by `TokenPoint.waiting`.
    """
    found = enforcement_point(point, claims)
    now, known = point.known(claims.client_id)
    if found is None or claims.exp <= now.instant:
        return None
    held = now.state.holding(known.software.account, now.instant)
    return frozenset(box.unit for right in held.rights.values() for box in right.boxes)

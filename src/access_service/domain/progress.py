"""How far a unit has come with handing its people their rights: each person counted once, by what is left to do.

The numbers are those of one instant and say until when they hold: what changes them later is an event, or an
instant that is known today (a term, a duty's day, a paper that waited too long).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from access_service.domain.names import DocumentState, PersonId, UnitId
from access_service.domain.time import Interval, next_boundary

LATE_AFTER = timedelta(days=7)
"""So long may work wait in a unit before those above call it late."""


class CustodyMark(StrEnum):
    """Whether somebody operates the unit's admin account."""

    HELD = "held"
    AWAITING = "awaiting"
    """The minutes wait for a signature."""
    VACANT = "vacant"


class PersonMark(StrEnum):
    """Where somebody who serves in the unit stands; work that is left comes before rights that are held."""

    TO_MEND = "to_mend"
    AWAITING_GIVER = "awaiting_giver"
    AWAITING_RECEIVER = "awaiting_receiver"
    WITH_RIGHTS = "with_rights"
    WITHOUT_RIGHTS = "without_rights"


_MARK_BY_STATE = {
    DocumentState.RETURNED: PersonMark.TO_MEND,
    DocumentState.AWAITING_GIVER: PersonMark.AWAITING_GIVER,
    DocumentState.AWAITING_RECEIVER: PersonMark.AWAITING_RECEIVER,
}
OPEN_STATES = tuple(_MARK_BY_STATE)
_MARKS = tuple(PersonMark)


@dataclass(frozen=True, slots=True)
class OpenPaper:
    """A paper that hands something to somebody of the unit and is not signed yet."""

    person: PersonId
    state: DocumentState
    since: datetime
    lapses_at: datetime | None
    """None for one that was sent back: it waits for nobody's signature."""


@dataclass(frozen=True, slots=True)
class Served:
    """A span of somebody: of a duty, or of a right that rests on one."""

    person: PersonId
    interval: Interval


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """A unit at one instant."""

    unit: UnitId
    people: int
    with_rights: int
    awaiting_receiver: int
    awaiting_giver: int
    to_mend: int
    custody: CustodyMark
    custodian: PersonId | None
    custody_since: datetime | None
    """Since when it is held, or vacant; None where it never was held."""
    waiting_since: datetime | None
    """The oldest of what waits: a paper, or somebody who serves without any right; None where nothing does."""
    holds_until: datetime | None
    """The instant from which the numbers may be others without any event; None: for good."""

    @property
    def without_rights(self) -> int:
        """Who serves there with no right and no paper under way."""
        return self.people - self.with_rights - self.awaiting_receiver - self.awaiting_giver - self.to_mend

    @property
    def is_done(self) -> bool:
        """Somebody operates the account, and nothing waits."""
        return self.custody is CustodyMark.HELD and self.with_rights == self.people

    def is_late(self, now: datetime) -> bool:
        """Has something waited longer than those above let it?"""
        return self.waiting_since is not None and self.waiting_since + LATE_AFTER <= now

    def holds(self, now: datetime) -> bool:
        """Are these the numbers of that instant, while nothing was recorded since?"""
        return self.holds_until is None or now < self.holds_until


def mark_people(
    duties: Iterable[Served], papers: Iterable[OpenPaper], rights: Iterable[Served], now: datetime
) -> Mapping[PersonId, tuple[PersonMark, datetime | None]]:
    """Where everybody who serves now stands, and since when what is left to do has waited."""
    begun: dict[PersonId, datetime] = {}
    for duty in duties:
        if now in duty.interval:
            begun[duty.person] = min(duty.interval.start, begun.get(duty.person, duty.interval.start))
    holding = {r.person for r in rights if now in r.interval}
    found: dict[PersonId, tuple[PersonMark, datetime | None]] = {
        person: (PersonMark.WITH_RIGHTS, None) if person in holding else (PersonMark.WITHOUT_RIGHTS, start)
        for person, start in begun.items()
    }
    for paper in papers:
        if paper.person not in found or (paper.lapses_at is not None and paper.lapses_at <= now):
            continue
        mark, here = _MARK_BY_STATE[paper.state], found[paper.person]
        was = here[1] if here[0] in _MARK_BY_STATE.values() else None
        since = paper.since if was is None else min(paper.since, was)
        found[paper.person] = (min(mark, here[0], key=_MARKS.index), since)
    return found


def count_unit(
    unit: UnitId,
    duties: Iterable[Served],
    papers: Iterable[OpenPaper],
    rights: Iterable[Served],
    custody: tuple[CustodyMark, PersonId | None, datetime | None],
    turns: Iterable[datetime | None],
    now: datetime,
) -> UnitProgress:
    """The numbers of a unit; `turns` are the instants at which its custody changes by itself."""
    duties, papers, rights = list(duties), list(papers), list(rights)
    marks = mark_people(duties, papers, rights, now)
    number = dict.fromkeys(PersonMark, 0)
    for mark, _ in marks.values():
        number[mark] += 1
    spans = [s.interval for s in (*duties, *rights)]
    instants = [*turns, *(p.lapses_at for p in papers), *(t for i in spans for t in (i.start, i.end))]
    held, custodian, custody_since = custody
    return UnitProgress(
        unit=unit,
        people=len(marks),
        with_rights=number[PersonMark.WITH_RIGHTS],
        awaiting_receiver=number[PersonMark.AWAITING_RECEIVER],
        awaiting_giver=number[PersonMark.AWAITING_GIVER],
        to_mend=number[PersonMark.TO_MEND],
        custody=held,
        custodian=custodian,
        custody_since=custody_since,
        waiting_since=min((since for _, since in marks.values() if since is not None), default=None),
        holds_until=next_boundary(now, instants),
    )


def order_worst_first(progress: UnitProgress, now: datetime) -> tuple[int, float, int]:
    """Nobody operates the account; then late, the longest wait first; then work that is left; then done."""
    since = progress.waiting_since
    waits = 0.0 if since is None else since.timestamp()
    left = progress.people - progress.with_rights
    if progress.custody is CustodyMark.VACANT:
        vacant = progress.custody_since
        return 0, 0.0 if vacant is None else vacant.timestamp(), -left
    if progress.is_late(now):
        return 1, waits, -left
    return (3, 0.0, 0) if progress.is_done else (2, waits, -left)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over many units."""

    units: int = 0
    vacant: int = 0
    late: int = 0
    done: int = 0
    people: int = 0
    with_rights: int = 0
    awaiting_receiver: int = 0
    awaiting_giver: int = 0
    to_mend: int = 0


def add_up(units: Iterable[UnitProgress], now: datetime) -> Totals:
    """The sums of these units."""
    found = list(units)
    return Totals(
        units=len(found),
        vacant=sum(p.custody is CustodyMark.VACANT for p in found),
        late=sum(p.is_late(now) for p in found),
        done=sum(p.is_done for p in found),
        people=sum(p.people for p in found),
        with_rights=sum(p.with_rights for p in found),
        awaiting_receiver=sum(p.awaiting_receiver for p in found),
        awaiting_giver=sum(p.awaiting_giver for p in found),
        to_mend=sum(p.to_mend for p in found),
    )

"""How a right ended: by what, through whom, and why, as the log and the facts have it.

An end that somebody recorded has the event `grant.end`; in the same revision stands the act that it follows from.
An end that a date brought has none: the date says it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access_service.domain.audit import Event
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import AssignmentId, DocumentId, GrantEnd, GrantId, PersonId
from access_service.domain.org import Assignment
from access_service.domain.standing import OVER, GrantFacts, grant_state
from access_service.storage.audit import events_about
from access_service.storage.facts import Reader


class EndedBy(StrEnum):
    """How a right is over that nobody ended: a date did."""

    TERM = "term"
    """The end that it was given with, or the school year's."""
    DUTY = "duty"
    """The day on which the duty ends."""
    NOT_CONFIRMED = "not_confirmed"
    """A new head did not confirm it in time, where silence means that."""
    OUTSIDE = "outside"
    """It lies outside what its giver may hand down since."""
    UNSIGNED = "unsigned"
    """Nobody signed its paper in time."""


_END = "grant.end"
_CAUSES = (
    *("grant.revoke", "grant.narrow", "inspection.leave", "school_year.close", "duty.end", "duty.lapse"),
    *("authority.end", "authority.narrow", "document.cancel", "document.close", "unit.succeed"),
    *("unit.change_manager", "authority.succeed"),
)
"""Acts that rights end with, the nearest first."""


@dataclass(frozen=True, slots=True)
class GrantEnding:
    """How one right ended."""

    how: str
    """A `GrantEnd`, or an `EndedBy`."""
    at: datetime | None
    """From when on it is over."""
    recorded_at: datetime | None
    """When that was recorded; later than `at` for an end that was entered late. None: a date did it."""
    action: str
    """The act that it follows from; empty where a date did it, or it was imported."""
    account: str
    person: PersonId | None
    """Who did that, by which account."""
    reason: str
    """What was given as the reason, or the number of the decision."""
    seq: int | None
    """The act's event."""


def endings_of(reader: Reader, facts: Iterable[GrantFacts], at: datetime) -> dict[GrantId, GrantEnding]:
    """How those of the rights ended that are over at an instant; a few questions, however many they are."""
    over = [f for f in facts if grant_state(f, at) in OVER]
    recorded = [f.grant for f in over if f.grant.ended_at is not None and f.grant.ended_at <= at]
    ends = {
        event.happening.target: event
        for event in events_about(
            reader.connection, reader.register, [g.id for g in recorded], [_END], reader.known_at
        )
    }
    beside = {g.id: set(_beside(g)) for g in recorded}
    causes: dict[tuple[str, int], list[Event]] = {}
    about = {target for targets in beside.values() for target in targets}
    for event in events_about(reader.connection, reader.register, about, _CAUSES, reader.known_at):
        causes.setdefault((event.happening.target, event.revision), []).append(event)
    duties = {d.id: d for d in reader.find(Assignment, id=_ids(g.assignment for g in recorded))}
    papers = {d.id: d for d in reader.find(Document, id=_ids(g.document for g in recorded))}
    found = {}
    for each in over:
        grant = each.grant
        if grant.id not in beside:
            found[grant.id] = _by_date(each, at)
            continue
        end = ends.get(grant.id)
        cause = None if end is None else _nearest(causes, beside[grant.id], end.revision) or end
        found[grant.id] = GrantEnding(
            how=str(grant.ended_as or ""),
            at=grant.ended_at,
            recorded_at=None if cause is None else cause.recorded_at,
            action="" if cause is None else cause.happening.action,
            account="" if cause is None else cause.actor,
            person=None if cause is None or cause.person is None else PersonId(cause.person),
            reason=_reason(cause, grant, duties, papers),
            seq=None if cause is None else cause.seq,
        )
    return found


def _ids(ids: Iterable[str | None]) -> list[str]:
    return sorted({id_ for id_ in ids if id_ is not None})


def _beside(grant: Grant) -> Iterator[str]:
    """Everything that an act which ends the right may have been done to."""
    yield from filter(None, (grant.id, grant.assignment, grant.authority, grant.document, grant.replaces))
    yield from filter(None, (grant.unit, grant.scope.unit, grant.scope.school_year))


def _nearest(causes: dict[tuple[str, int], list[Event]], targets: set[str], revision: int) -> Event | None:
    found = [event for target in targets for event in causes.get((target, revision), ())]
    return min(found, key=lambda e: (_CAUSES.index(e.happening.action), e.seq), default=None)


def _reason(
    cause: Event | None, grant: Grant, duties: dict[AssignmentId, Assignment], papers: dict[DocumentId, Document]
) -> str:
    said = {} if cause is None else cause.happening.details or {}
    for name in ("reason", "decision", "basis"):
        if said.get(name):
            return str(said[name])
    paper = None if grant.document is None else papers.get(grant.document)
    if grant.ended_as in (GrantEnd.DOCUMENT_WITHDRAWN, GrantEnd.CANCELLED) and paper is not None and paper.reason:
        return paper.reason
    duty = None if grant.assignment is None else duties.get(grant.assignment)
    if grant.ended_as is GrantEnd.ASSIGNMENT_ENDED and duty is not None:
        return duty.decision_number
    return ""


def _by_date(facts: GrantFacts, at: datetime) -> GrantEnding:
    """Nobody ended it: which date did, in the order in which decisions ask."""
    grant = facts.grant
    terms = [end for end in (grant.valid_to, facts.year_closes_at) if end is not None and end <= at]
    how, when = EndedBy.OUTSIDE, None
    if terms:
        how, when = EndedBy.TERM, min(terms)
    elif not facts.is_outside and facts.lapses_at is not None and facts.lapses_at <= at:
        how, when = EndedBy.NOT_CONFIRMED, facts.lapses_at
    elif not facts.is_outside and facts.assignment is not None and at not in facts.assignment:
        how, when = EndedBy.DUTY, facts.assignment.end
    elif not facts.is_outside and facts.paper_lapses_at is not None:
        how, when = EndedBy.UNSIGNED, facts.paper_lapses_at
    return GrantEnding(str(how), when, None, "", "", None, "", None)

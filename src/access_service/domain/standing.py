"""What stands behind an account at one instant: facts, dated, become what holds now, grant by grant.

Every reader (decision, explanation, matrix, lists, acts) asks here, so that one state has one answer: what has
lapsed, who heads a unit, whether the past reads otherwise today. `now` is given; nothing reads a clock (rule 15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from access_service.domain.accounts import Account, Suspension, is_covered, state_of
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    AuthorityId,
    GrantEnd,
    GrantId,
    GrantState,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.policy import CommitmentText
from access_service.domain.reasons import Reason
from access_service.domain.scope import Scope
from access_service.domain.software import SOFTWARE_ROLE, ApprovalFacts, Share, as_grant, instants, shares_in_force
from access_service.domain.time import Interval, next_boundary


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """One grant with every dated fact that may stop it."""

    grant: Grant
    required: frozenset[str] = frozenset()
    """Documents the pack asks for: `minutes`, `commitment`, `inspection`."""
    document: Document | None = None
    """Its minutes, or the inspection decision."""
    commitments: Sequence[Document] = ()
    """What the holder has committed to the issuing unit, every version."""
    texts: Sequence[CommitmentText] = ()
    assignment: Interval | None = None
    """When the duty it rests on holds; None when it rests on none."""
    absences: Sequence[Interval] = ()
    """When somebody stands in for the holder (rule 11), or the holder is on leave (rule 12)."""
    suspensions: Sequence[Interval] = ()
    """Of the grant itself."""
    unit_suspensions: Sequence[Interval] = ()
    """Of the issuing unit, a unit above it in the chain of authority, or the unit of the holder's duty."""
    authority_suspensions: Sequence[Interval] = ()
    paper_lapses_at: datetime | None = None
    """When the minutes, still waiting for a signature, lapse; None when they wait for none."""
    lapses_at: datetime | None = None
    """When a new head's silence ends it, where the pack says so (rule 9)."""
    year_closes_at: datetime | None = None
    is_outside: bool = False
    """Does it lie outside its giver's authority on the day asked (rule 3)? What lies within is left in `grant`."""
    turns: Sequence[datetime] = ()
    """When its chain of authority may hang otherwise, or a link of it be over."""
    above: frozenset[UnitId] = frozenset()
    """The units that its chain of authority is about: containment follows their edges."""
    rests: frozenset[str] = frozenset()
    """What else it rests on, by the names that a change of it is known by (`domain.moved`)."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Everything about one account that a decision depends on, as known at one revision."""

    account: Account
    suspensions: Sequence[Suspension] = ()
    grants: Sequence[GrantFacts] = ()
    approvals: Sequence[ApprovalFacts] = ()
    """Of a service account, in place of grants (rule 13)."""

    @property
    def rests(self) -> frozenset[str]:
        """Units, authorities, classes and school years of which a change may change the account's rights."""
        grants, approvals = (g.rests for g in self.grants), (a.rests for a in self.approvals)
        return frozenset[str]().union(*grants, *approvals)


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """A grant at one instant: the stages it fails by itself, before any request is seen."""

    grant: Grant
    early: Reason | None
    """Stage *unit*: a suspended unit or authority."""
    late: Reason | None
    """Stages *documents* and *validity*."""
    outside: Reason | None = None
    """What whatever lies outside of it is called, where that is not said axis by axis."""


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """An account at one instant."""

    account: AccountId
    stopped: Reason | None
    """Why the account as a whole is denied, or None."""
    grants: tuple[GrantStanding, ...]
    until: datetime | None
    """The next instant at which this may change by time alone; None if never."""


def standing(facts: AccountFacts, now: datetime) -> AccountStanding:
    """Work out what holds for the account at `now`, and until when that stays true without a new fact."""
    state = state_of(facts.account, facts.suspensions, now)
    return AccountStanding(
        account=facts.account.id,
        stopped=None if state is AccountState.ACTIVE else Reason.ACCOUNT_NOT_ACTIVE,
        grants=_software_standing(facts, now)
        if facts.account.kind is AccountKind.SERVICE
        else tuple(
            GrantStanding(g.grant, _stopped_above(g, now), documents_reason(g, now) or validity_reason(g, now))
            for g in sorted(facts.grants, key=lambda g: g.grant.id)
        ),
        until=next_boundary(now, _instants(facts)),
    )


def _software_standing(facts: AccountFacts, now: datetime) -> tuple[GrantStanding, ...]:
    """(13) What approvals give software now; without one in force a line that says so whatever is asked.

    Where one is in force the others say nothing: what it leaves out is `outside_approval`, not missing.
    """
    found = sorted(facts.approvals, key=lambda a: a.approval.id)
    standings = tuple(
        GrantStanding(as_grant(a, share), _stopped_above(share, now), None, Reason.OUTSIDE_APPROVAL)
        for a in found
        for share in shares_in_force(a, now)
    )
    if standings:
        return standings
    lines = [as_grant(a, None) for a in found] or [_no_approval(facts.account)]
    missing = Reason.APPROVAL_MISSING
    return tuple(GrantStanding(line, missing, None, missing) for line in lines)


def _no_approval(account: Account) -> Grant:
    """Stands for the approval that software lacks; its empty id is none of the register's."""
    return Grant(
        id=GrantId(""),
        account=account.id,
        role=SOFTWARE_ROLE,
        scope=Scope(unit=account.unit),
        unit=account.unit,
        authority=AuthorityId(""),
        assignment=None,
        document=None,
        valid_from=account.valid_from,
        valid_to=None,
    )


def approval_state(facts: ApprovalFacts, now: datetime) -> GrantState:
    """Where an approval stands, in the words of grants: pending while the pack's demands are not met."""
    if shares := shares_in_force(facts, now):
        # One authority that is not suspended is enough.
        paused = all(_stopped_above(share, now) is not None for share in shares)
        return GrantState.SUSPENDED if paused else GrantState.EFFECTIVE
    approval = facts.approval
    closed = facts.year_closes_at is not None and facts.year_closes_at <= now
    if approval.withdrawn_at is not None and approval.withdrawn_at <= now:
        return GrantState.ENDED
    if approval.valid_to <= now or closed:
        return GrantState.EXPIRED
    if facts.software.valid_to is not None and facts.software.valid_to <= now:
        return GrantState.ENDED
    if now < approval.interval.start:
        return GrantState.SCHEDULED
    return GrantState.PENDING if facts.unmet is not None else GrantState.ENDED


def _stopped_above(facts: GrantFacts | Share, now: datetime) -> Reason | None:
    if is_covered(facts.unit_suspensions, now):
        return Reason.UNIT_SUSPENDED
    if is_covered(facts.authority_suspensions, now):
        return Reason.AUTHORITY_SUSPENDED
    return None


def documents_reason(facts: GrantFacts, now: datetime) -> Reason | None:
    """Which paper is missing now (rule 5), or None."""
    if facts.required & {"minutes", "inspection"} and not _is_signed(facts.document, now):
        return Reason.MINUTES_UNSIGNED
    if "commitment" in facts.required:
        return _commitment_reason(facts, now)
    return None


def _is_signed(document: Document | None, now: datetime) -> bool:
    """Signed by then; a document that stopped carrying its grants has ended them itself (`ended_as`)."""
    return document is not None and document.signed_at is not None and document.signed_at <= now


def is_paper_lapsed(facts: GrantFacts, now: datetime) -> bool:
    """Did nobody sign the minutes in time? Then the line is over, whether or not a clerk said so."""
    lapses = facts.paper_lapses_at
    return lapses is not None and lapses <= now and not _is_signed(facts.document, now)


def refusal_lapses_at(grant: Grant, document: Document | None, wait: timedelta) -> datetime | None:
    """(A8) Until when a line that was refused although all had signed is tried again; None where it was not."""
    if grant.refused is None or grant.activated_at is not None or document is None or document.signed_at is None:
        return None
    return document.signed_at + wait


def as_lapsed(grant: Grant, document: Document | None, wait: timedelta, now: datetime) -> Grant:
    """(A8) The line as it stands: after that day it has lapsed, whether or not anybody tried it again."""
    lapses = refusal_lapses_at(grant, document, wait)
    if lapses is None or now < lapses or grant.ended_at is not None:
        return grant
    return replace(grant, ended_at=lapses, ended_as=GrantEnd.LAPSED)


def _commitment_reason(facts: GrantFacts, now: datetime) -> Reason | None:
    held = [d for d in facts.commitments if _is_signed(d, now) and not (d.ended_at and d.ended_at <= now)]
    if not held:
        return Reason.COMMITMENT_MISSING
    in_force = max(
        (t for t in facts.texts if t.effective_from <= now), key=lambda t: t.effective_from, default=None
    )
    if in_force is None or any(d.text_version == in_force.version for d in held):
        return None
    # A new text binds new grants at once and existing ones after the pack's re-signing period.
    activated = facts.grant.activated_at
    is_older = activated is not None and activated < in_force.effective_from
    if is_older and now < in_force.effective_from + in_force.resign_within:
        return None
    return Reason.COMMITMENT_OUTDATED


def validity_reason(facts: GrantFacts, now: datetime) -> Reason | None:
    """Which of time, suspension, ending stops the grant now, or None."""
    grant = facts.grant
    if grant.ended_at is not None and grant.ended_at <= now:
        if grant.ended_as is GrantEnd.ASSIGNMENT_ENDED:
            return Reason.ASSIGNMENT_ENDED
        return Reason.EXPIRED if grant.ended_as is GrantEnd.YEAR_CLOSED else Reason.GRANT_ENDED
    if any(end is not None and end <= now for end in (grant.valid_to, facts.year_closes_at)):
        return Reason.EXPIRED
    if facts.is_outside:
        return Reason.GRANT_ENDED
    if facts.lapses_at is not None and facts.lapses_at <= now:
        return Reason.CONFIRMATION_LAPSED
    if is_paper_lapsed(facts, now):
        return Reason.GRANT_ENDED
    if grant.activated_at is None or now < max(grant.valid_from, grant.activated_at):
        return Reason.NOT_YET_VALID
    if facts.assignment is not None and now not in facts.assignment:
        return Reason.ASSIGNMENT_ENDED if now >= facts.assignment.start else Reason.NOT_YET_VALID
    if is_covered((*facts.suspensions, *facts.absences), now):
        return Reason.GRANT_SUSPENDED
    return None


_STATES = {
    Reason.UNIT_SUSPENDED: GrantState.SUSPENDED,
    Reason.AUTHORITY_SUSPENDED: GrantState.SUSPENDED,
    Reason.GRANT_SUSPENDED: GrantState.SUSPENDED,
    Reason.EXPIRED: GrantState.EXPIRED,
    Reason.CONFIRMATION_LAPSED: GrantState.ENDED,
    Reason.GRANT_ENDED: GrantState.ENDED,
    Reason.ASSIGNMENT_ENDED: GrantState.ENDED,
    Reason.NOT_YET_VALID: GrantState.SCHEDULED,
}


OVER = frozenset({GrantState.ENDED, GrantState.EXPIRED})
"""States that nothing leads out of."""


def grant_state(facts: GrantFacts, now: datetime) -> GrantState:
    """Where the grant stands: pending names what is missing through `documents_reason`."""
    validity = validity_reason(facts, now)
    if validity is not None and _STATES[validity] in OVER:
        return _STATES[validity]
    if documents_reason(facts, now) is not None or facts.grant.activated_at is None:
        return GrantState.PENDING
    reason = _stopped_above(facts, now) or validity
    return GrantState.EFFECTIVE if reason is None else _STATES[reason]


def _instants(facts: AccountFacts) -> Iterator[datetime | None]:
    """Every instant at which `standing` may change."""
    yield from (facts.account.activated_at, facts.account.valid_to)
    for approval in facts.approvals:
        yield from instants(approval)
    for suspension in facts.suspensions:
        yield from (suspension.valid_from, suspension.valid_to)
    for g in facts.grants:
        grant = g.grant
        yield from (grant.valid_from, grant.valid_to, grant.activated_at, grant.ended_at)
        yield from (g.lapses_at, g.year_closes_at, *g.turns)
        intervals = [*g.absences, *g.suspensions, *g.unit_suspensions, *g.authority_suspensions]
        for interval in intervals + ([g.assignment] if g.assignment else []):
            yield from (interval.start, interval.end)
        for document in (*g.commitments, *([g.document] if g.document else [])):
            yield from (document.signed_at, document.ended_at)
        for text in g.texts:
            yield from (text.effective_from, text.effective_from + text.resign_within)


def head_at(heads: Iterable[Assignment], now: datetime) -> Assignment | None:
    """Who heads a unit at an instant, among everybody who ever did: whoever came last."""
    return max((a for a in heads if now in a.interval), key=lambda a: (a.valid_from, a.id), default=None)


_NO_PAST = "state_since"
"""Every later move of a document changes that instant, and none of them the past."""


def has_no_end(grant: Grant) -> bool:
    """(B) Handed down without an end, when that was possible: it keeps none, and whoever reads it is told."""
    return grant.valid_to is None and grant.ended_at is None and grant.assignment is not None


def reads_otherwise(then: Any | None, now: Any, at: datetime) -> bool:
    """(16) Does a fact say of the time up to `at` something else today than was known then?

    `then` is the fact as known at `at`, None where it was not: what came, or was to come, by `at` is compared.
    """
    if then is None:
        return True
    pairs = [(getattr(then, f.name), getattr(now, f.name)) for f in fields(now) if f.name != _NO_PAST]
    return any(
        _come(old, at) != _come(new, at)
        for old, new in pairs
        if isinstance(old, datetime) or isinstance(new, datetime)
    )


def _come(t: datetime | None, at: datetime) -> datetime | None:
    return t if t is not None and t <= at else None

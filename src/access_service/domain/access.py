"""Decisions: what stands behind an account at one instant, and the answer as a value that cannot lie.

`standing` turns facts (dated, from storage or from a test) into what holds at `now`, grant by grant; the engine
(`engine.decide`) then compares a request with it. Both take `now`; neither reads a clock (rule 15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from access_service.domain.accounts import Account, Suspension, is_covered, state_of
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    AuthorityId,
    ClassId,
    GrantEnd,
    GrantId,
    GrantState,
    UnitId,
)
from access_service.domain.policy import CommitmentText, PeriodLock, RoleRule
from access_service.domain.reasons import Reason
from access_service.domain.scope import Scope
from access_service.domain.software import SOFTWARE_ROLE, ApprovalFacts, Share, as_grant, instants, shares_in_force
from access_service.domain.time import Interval, next_boundary


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """What a question is about, apart from who asks and which record. One object for equal topics (`topic_of`)."""

    action: str
    resource_type: str
    category: str | None
    subject: str | None
    level: str | None
    grade: str | None
    school_year: str | None
    function: str | None
    names_place: bool
    """Is the record's id that of a unit or class?"""


TOPICS_KEPT = 1 << 14
"""Topics remembered; what callers invent fills it, and then equal topics are made anew."""
_topics: dict[tuple[str | None, ...], Topic] = {}


def topic_of(
    action: str,
    resource_type: str,
    category: str | None,
    subject: str | None,
    level: str | None,
    grade: str | None,
    school_year: str | None,
    function: str | None,
) -> Topic:
    """The topic of these words: compared and hashed by identity from here on."""
    key = (action, resource_type, category, subject, level, grade, school_year, function)
    found = _topics.get(key)
    if found is None:
        if len(_topics) >= TOPICS_KEPT:
            _topics.clear()
        found = _topics.setdefault(key, Topic(*key, names_place=resource_type in ("unit", "class")))
    return found


Ask = tuple[AccountId, Topic, str, UnitId | None, ClassId | None]
"""A question in its shortest form: account, topic, id of the record, unit, class."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question: may this account do this to this record? Decoded, not yet resolved against the register."""

    account: AccountId
    action: str
    resource_type: str
    resource_id: str
    category: str | None = None
    unit: UnitId | None = None
    class_id: ClassId | None = None
    subject: str | None = None
    level: str | None = None
    grade: str | None = None
    school_year: str | None = None
    function: str | None = None
    topic: Topic = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        topic = topic_of(
            self.action,
            self.resource_type,
            self.category,
            self.subject,
            self.level,
            self.grade,
            self.school_year,
            self.function,
        )
        object.__setattr__(self, "topic", topic)

    @property
    def ask(self) -> Ask:
        """The same in its shortest form."""
        return self.account, self.topic, self.resource_id, self.unit, self.class_id

    @classmethod
    def of(cls, ask: Ask) -> AccessRequest:
        """The request of a question in its shortest form."""
        account, topic, resource_id, unit, class_id = ask
        return cls(
            account=account,
            action=topic.action,
            resource_type=topic.resource_type,
            resource_id=resource_id,
            category=topic.category,
            unit=unit,
            class_id=class_id,
            subject=topic.subject,
            level=topic.level,
            grade=topic.grade,
            school_year=topic.school_year,
            function=topic.function,
        )


class Allow(NamedTuple):
    """Yes, because of this grant and this rule. (A named tuple: one is made for every decision.)"""

    grant: GrantId
    rule: RoleRule

    def __bool__(self) -> Literal[True]:
        return True


class Deny(NamedTuple):
    """No, with the reason of the grant that got furthest."""

    reason: Reason
    grant: GrantId | None = None
    because: RoleRule | PeriodLock | None = None
    """The explicit deny that matched, for `denied_by_rule` and `period_locked`."""

    def __bool__(self) -> Literal[False]:
        return False


Decision = Allow | Deny


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
    lapses_at: datetime | None = None
    """When a new head's silence ends it, where the pack says so (rule 9)."""
    year_closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Everything about one account that a decision depends on, as known at one revision."""

    account: Account
    suspensions: Sequence[Suspension] = ()
    grants: Sequence[GrantFacts] = ()
    approvals: Sequence[ApprovalFacts] = ()
    """Of a service account, in place of grants (rule 13)."""


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
class Standing:
    """An account at one instant."""

    account: AccountId
    stopped: Reason | None
    """Why the account as a whole is denied, or None."""
    grants: tuple[GrantStanding, ...]
    until: datetime | None
    """The next instant at which this may change by time alone; None if never."""


def standing(facts: AccountFacts, now: datetime) -> Standing:
    """What holds for the account at `now`, and until when that stays true without a new fact."""
    state = state_of(facts.account, facts.suspensions, now)
    return Standing(
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
    if any(end is not None and end <= now for end in (grant.valid_to, facts.lapses_at, facts.year_closes_at)):
        return Reason.EXPIRED
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
    Reason.GRANT_ENDED: GrantState.ENDED,
    Reason.ASSIGNMENT_ENDED: GrantState.ENDED,
    Reason.NOT_YET_VALID: GrantState.SCHEDULED,
}


def grant_state(facts: GrantFacts, now: datetime) -> GrantState:
    """Where the grant stands: pending names what is missing through `documents_reason`."""
    validity = validity_reason(facts, now)
    if validity in (Reason.EXPIRED, Reason.GRANT_ENDED, Reason.ASSIGNMENT_ENDED):
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
        yield from (g.lapses_at, g.year_closes_at)
        intervals = [*g.absences, *g.suspensions, *g.unit_suspensions, *g.authority_suspensions]
        for interval in intervals + ([g.assignment] if g.assignment else []):
            yield from (interval.start, interval.end)
        for document in (*g.commitments, *([g.document] if g.document else [])):
            yield from (document.signed_at, document.ended_at)
        for text in g.texts:
            yield from (text.effective_from, text.effective_from + text.resign_within)

"""Bodies and answers about authorities, minutes of handover and grants."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from access_service.api.http.errors import problem_of
from access_service.api.manage.bodies import (
    MOST,
    Day,
    Id,
    Instant,
    Out,
    Prose,
    RequestBody,
    SchoolYearCode,
    Some,
    SubjectCode,
    TextLine,
    frozen,
)
from access_service.api.manage.documents_bodies import DocumentOut, Numbered
from access_service.api.manage.org_bodies import AssignmentOut, ClassPart, ClassPartOut, Level, class_parts
from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import AccessServiceError
from access_service.domain.names import (
    AssignmentId,
    AuthorityId,
    EducationLevel,
    GrantEnd,
    GrantId,
    GrantState,
    UnitId,
)
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.usecases.evidence.reading_papers import Awaiting, GrantSeen
from access_service.usecases.handover.documents import EnteredLine as HandoverLine
from access_service.usecases.handover.documents import Prepared
from access_service.usecases.handover.regaining import Proposal


class Axes(RequestBody):
    """The axes of a scope beside its unit; one that is left out is whole."""

    levels: Some[Level] | None = None
    grades: Some[TextLine] | None = None
    classes: Some[ClassPart] | None = None
    subjects: Some[SubjectCode] | None = None
    school_year: SchoolYearCode | None = None
    categories: Some[TextLine] | None = None
    actions: Some[TextLine] | None = None

    def within(self, unit: str) -> Scope:
        """The scope in a unit."""
        return Scope(
            unit=UnitId(unit),
            levels=frozen(self.levels),
            grades=frozen(self.grades),
            classes=frozen([c.pair() for c in self.classes]) if self.classes else None,
            subjects=frozen(self.subjects),
            school_year=self.school_year,
            categories=frozen(self.categories),
            actions=frozen(self.actions),
        )


class ScopeBody(Axes):
    """A scope: a unit with what is below it, and axes."""

    unit: Id

    def scope(self) -> Scope:
        """As the domain has it."""
        return self.within(self.unit)


class NewAuthority(RequestBody):
    """What a unit may hand down, given by its direct manager."""

    unit: Id
    scope: ScopeBody | None = None
    """Left out: everything about the unit itself and what is below it."""
    basis: TextLine
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    parent: Id | None = None
    """Which authority of the giver; may be left out where it holds one."""


class Narrowing(RequestBody):
    """A smaller scope, an earlier end, or both."""

    scope: ScopeBody
    valid_to: Instant | None = None
    """The end; left out only where there was none."""


class NewLine(Axes):
    """One grant line of minutes."""

    role: TextLine
    assignment: Id
    scope_unit: Id | None = None
    """Left out: the unit that hands over."""
    valid_from: Instant
    valid_to: Instant | None = None
    authority: Id | None = None
    replaces: Id | None = None
    """The grant that this line supersedes once both have signed."""

    def line(self, unit: str) -> HandoverLine:
        """As the use case wants it."""
        return HandoverLine(
            role=self.role,
            assignment=AssignmentId(self.assignment),
            scope=self.within(self.scope_unit or unit),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            authority=AuthorityId(self.authority) if self.authority else None,
            replaces=GrantId(self.replaces) if self.replaces else None,
        )


class NewHandover(Numbered):
    """Minutes of handover with one person."""

    unit: Id
    receiver: Id
    dated: Day
    draft: bool = False
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=MOST)]


class NewRenewals(RequestBody):
    """Minutes for every class duty of a school year that has no grant yet."""

    school_year: SchoolYearCode
    number_prefix: TextLine | None = None
    """Stands after each number, in place of the type and the unit's abbreviation."""
    out_of_order: Prose | None = None
    """Why the minutes bear an earlier day than what was numbered before them."""
    dated: Day
    authority: Id | None = None
    """Which authority of the unit; may be left out where it holds one."""


class NewProposals(RequestBody):
    """Minutes for what narrowings took and an authority would let be handed over again."""

    number_prefix: TextLine | None = None
    """Stands after each number, in place of the type and the unit's abbreviation."""
    out_of_order: Prose | None = None
    """Why the minutes bear an earlier day than what was numbered before them."""
    dated: Day


class ScopeOut(Out):
    """A scope; an axis that is null is whole."""

    unit: str
    levels: list[EducationLevel] | None
    grades: list[str] | None
    classes: list[ClassPartOut] | None
    subjects: list[str] | None
    school_year: str | None
    categories: list[str] | None
    actions: list[str] | None

    @classmethod
    def of(cls, scope: Scope) -> "ScopeOut":
        """In order, so that equal scopes are equal bytes."""
        return cls(
            unit=scope.unit,
            levels=_listed(scope.levels),
            grades=_listed(scope.grades),
            classes=class_parts(scope.classes),
            subjects=_listed(scope.subjects),
            school_year=scope.school_year,
            categories=_listed(scope.categories),
            actions=_listed(scope.actions),
        )


def _listed(axis: frozenset[Any] | None) -> list[Any] | None:
    return None if axis is None else sorted(axis)


class AuthorityOut(Out):
    """What a unit may hand down."""

    id: str
    unit: str
    parent: str | None
    scope: ScopeOut
    basis: str
    valid_from: datetime
    valid_to: datetime | None
    succeeds: str | None

    @classmethod
    def plain(cls, found: Authority) -> dict[str, Any]:
        """Members by name."""
        names = AuthorityOut.model_fields.keys() - {"scope"}
        return {**{name: getattr(found, name) for name in names}, "scope": ScopeOut.of(found.scope)}

    @classmethod
    def of(cls, found: Authority) -> "AuthorityOut":
        """From the domain's value."""
        return cls(**cls.plain(found))


class AuthoritySeenOut(AuthorityOut):
    """An authority and whether it is suspended now."""

    suspended: bool


class AuthoritiesOut(Out):
    """Authorities, by id."""

    authorities: list[AuthoritySeenOut]


class GrantOut(Out):
    """A grant as it stands on paper."""

    id: str
    account: str
    role: str
    scope: ScopeOut
    unit: str
    authority: str
    assignment: str | None
    document: str | None
    valid_from: datetime
    valid_to: datetime | None
    replaces: str | None
    activated_at: datetime | None
    ended_at: datetime | None
    ended_as: GrantEnd | None

    @classmethod
    def plain(cls, grant: Grant) -> dict[str, Any]:
        """Members by name."""
        names = GrantOut.model_fields.keys() - {"scope"}
        return {**{name: getattr(grant, name) for name in names}, "scope": ScopeOut.of(grant.scope)}

    @classmethod
    def of(cls, grant: Grant) -> "GrantOut":
        """From the domain's value."""
        return cls(**cls.plain(grant))


class GrantSeenOut(GrantOut):
    """A grant and where it stands now."""

    state: GrantState
    missing: Reason | Refusal | None
    """The paper that it waits for, or why it was refused when the last one was signed."""
    """Which paper a pending grant lacks."""
    can: list[str] = Field(default_factory=list)
    """What the caller may do with it; said where one is read, not in lists."""

    @classmethod
    def of_seen(cls, seen: GrantSeen) -> "GrantSeenOut":
        """From what the use case found."""
        return cls(**cls.plain(seen.grant), state=seen.state, missing=seen.missing, can=sorted(seen.can))


class GrantsOut(Out):
    """Grants, by id."""

    grants: list[GrantSeenOut]


class PreparedOut(Out):
    """What a proposal made: the minutes, their lines, and the commitment that is due with them."""

    document: DocumentOut
    grants: list[GrantOut]
    commitment: DocumentOut | None
    taken_back: list[str]
    """Grants on the same duties that somebody took back before."""

    @classmethod
    def of(cls, prepared: Prepared) -> "PreparedOut":
        """From what the use case made."""
        return cls(
            document=DocumentOut.model_validate(prepared.document),
            grants=[GrantOut.of(g) for g in prepared.grants],
            commitment=DocumentOut.model_validate(prepared.commitment) if prepared.commitment else None,
            taken_back=list(prepared.taken_back),
        )


class ProposalOut(Out):
    """A line that a narrowing took and that could be handed over again."""

    grant: str
    """The one that was taken."""
    person: str
    role: str
    scope: ScopeOut
    stands: str | None
    """What is left of it."""


class RegainableOut(Out):
    """Every such line of a unit under one authority."""

    proposals: list[ProposalOut]

    @classmethod
    def of(cls, found: list[Proposal]) -> "RegainableOut":
        """From the use case."""
        return cls(
            proposals=[
                ProposalOut(
                    grant=p.lost.id,
                    person=p.person,
                    role=p.lost.role,
                    scope=ScopeOut.of(p.lost.scope),
                    stands=None if p.stands is None else p.stands.id,
                )
                for p in found
            ]
        )


class RenewalOut(Out):
    """One person's proposal: prepared, or refused by itself with a problem."""

    prepared: PreparedOut | None = None
    problem: dict[str, Any] | None = None

    @classmethod
    def of(cls, found: Prepared | AccessServiceError, path: str) -> "RenewalOut":
        """From one answer of the use case."""
        if isinstance(found, Prepared):
            return cls(prepared=PreparedOut.of(found))
        return cls(problem=problem_json(found, path))


class RenewalsOut(Out):
    """Every proposal, by receiver."""

    results: list[RenewalOut]


def problem_json(error: AccessServiceError, path: str) -> dict[str, Any]:
    """An error as a problem document inside an answer."""
    found: dict[str, Any] = json.loads(bytes(problem_of(error, path).body))
    return found


class ConfirmationOut(Out):
    """A new head confirmed what the office had granted."""

    id: str
    unit: str
    assignment: str
    valid_from: datetime


class AwaitingOut(Out):
    """What a new head has to confirm."""

    unit: str
    head: AssignmentOut | None
    confirmed_at: datetime | None
    due_at: datetime | None
    overdue: bool
    silence: str | None
    """What the policy lets silence mean: `flag` or `lapse`."""
    grants: list[GrantSeenOut]

    @classmethod
    def of(cls, found: Awaiting) -> "AwaitingOut":
        """From what the use case found."""
        return cls(
            unit=found.unit,
            head=AssignmentOut.of(found.head) if found.head else None,
            confirmed_at=found.confirmed_at,
            due_at=found.due_at,
            overdue=found.is_overdue,
            silence=found.silence,
            grants=[GrantSeenOut.of_seen(g) for g in found.grants],
        )

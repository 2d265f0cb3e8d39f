"""The rules of delegation: who may hand what to whom (architecture section 3, rules 3 to 9).

Nothing here reads a clock or a database: callers bring `now` and the facts; the answer is None or a `RefusedError`.
Each check carries the number of its rule. Authority is compared with what is handed down, never with the
custodian's own use rights.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain.accounts import Account, Custody
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.grades import check_grades
from access_service.domain.names import (
    HEAD_RANKS,
    AccountId,
    AccountKind,
    AssignmentId,
    AuthorityId,
    Capacity,
    DocumentId,
    GrantEnd,
    GrantId,
    PersonId,
    Rank,
    UnitId,
)
from access_service.domain.org import Assignment, OrgView, is_below, manager_of, normalise
from access_service.domain.policy import DelegationRule, Pack
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_subjects, subjects_of
from access_service.domain.scope import Scope, first_axis_outside
from access_service.domain.time import Interval

OWN_UNIT = "own_unit"
DIRECT_MANAGER = "direct_manager"

LEADERS = {
    Rank.HEAD: Capacity.HEAD,
    Rank.ACTING_HEAD: Capacity.ACTING,
    Rank.DEPUTY_IN_CHARGE: Capacity.DEPUTY,
    Rank.DEPUTY: Capacity.DEPUTY,
}
"""Ranks that may sign for their office, and how (NĐ 30/2020 Đ13)."""

HEADS = HEAD_RANKS
"""Ranks that run the office: their own giver is the direct manager (rule 7)."""

TAKEN_BACK = frozenset({GrantEnd.REVOKED, GrantEnd.AUTHORITY_WITHDRAWN, GrantEnd.DOCUMENT_WITHDRAWN})
"""How a right ends that somebody decided to take back: proposed again it carries a mark."""

SIGNS_BY_ORDER = "signs_by_order"
BY_PAPER = {SIGNS_BY_ORDER: Capacity.BY_ORDER, "signs_by_authorisation": Capacity.BY_AUTHORISATION}
"""Positions that a pack may name to let somebody sign TL. or TUQ.; only where the pack lists that capacity."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Thẩm quyền phân cấp: what a unit may hand down, given by its direct manager. No right to read anything."""

    id: AuthorityId
    unit: UnitId
    parent: AuthorityId | None
    """The giving unit's authority; None only for the register's root."""
    scope: Scope
    basis: str
    """Number of the decision that gives it."""
    valid_from: datetime
    valid_to: datetime | None = None
    succeeds: AuthorityId | None = None
    """The authority of a unit whose office this one took over (rule 9)."""

    @property
    def interval(self) -> Interval:
        """When it holds."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Grant:
    """Quyền được cấp: use account x role x scope x validity, resting on a duty and on documents."""

    id: GrantId
    account: AccountId
    role: str
    scope: Scope
    unit: UnitId
    """The issuing unit."""
    authority: AuthorityId
    assignment: AssignmentId | None
    """The duty it rests on; None for an inspection, which rests on its decision (rule 14)."""
    document: DocumentId | None
    """Minutes of handover, or the inspection decision."""
    valid_from: datetime
    valid_to: datetime | None
    replaces: GrantId | None = None
    """The line this one supersedes once both have signed (supplementary minutes)."""
    activated_at: datetime | None = None
    """The latest of the last required signature and the commit that recorded it."""
    ended_at: datetime | None = None
    ended_as: GrantEnd | None = None
    refused: str | None = None
    """The code with which it was refused when its last paper was signed, until it is activated (A8)."""

    @property
    def interval(self) -> Interval:
        """The validity written on the paper."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A new head confirmed what the office had granted before (rule 9)."""

    id: str
    unit: UnitId
    assignment: AssignmentId
    """The new head's appointment."""
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Inspection:
    """Đoàn kiểm tra by decision: read-only access to dossiers and matrices of the units named (rule 14)."""

    id: str
    document: DocumentId
    unit: UnitId
    """The unit that decided it."""
    units: frozenset[UnitId]
    """The units inspected, each with what is below it."""
    members: frozenset[PersonId]
    content: str
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class LeavingCase:
    """Somebody's duty ended; the case closes with return minutes (rule 12, #125)."""

    id: str
    person: PersonId
    unit: UnitId
    assignment: AssignmentId
    valid_from: datetime
    """When the duty ended."""
    valid_to: datetime | None = None
    """When the return minutes were countersigned."""
    document: DocumentId | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """A unit as giver: everything about it that a proposal is checked against, read at one instant."""

    org: OrgView
    pack: Pack
    now: datetime
    unit: UnitId
    custody: Custody | None
    authorities: Sequence[Authority]
    """The authority used, then its parent and so on up to the root."""
    suspended: bool
    """Is the unit, or a unit or an authority in the chain, suspended now?"""


def check_office(office: Office) -> None:
    """What must hold before any hand-down: (6) a custodian, (2) nothing suspended, (8) depth within the pack."""
    if office.custody is None:
        raise RefusedError(
            Refusal.CUSTODY_VACANT, f"nobody operates the admin account of `{office.unit}`", unit=office.unit
        )
    if office.suspended:
        raise RefusedError(Refusal.SUSPENDED, f"`{office.unit}` or its authority is suspended", unit=office.unit)
    depth, bound = len(office.authorities), office.pack.number("max_depth")
    if depth > bound:
        raise RefusedError(
            Refusal.DEPTH_EXCEEDED, f"{depth} authorities from the root, {bound} allowed", bound=bound
        )


def issuer_relation(office: Office, assignment: Assignment, position_rank: Rank) -> str:
    """(4) Is the issuing unit the holder's own, or the direct manager of the unit that the holder heads?

    (7) A head's giver is the direct manager, never the head's own office.
    """
    if position_rank in HEADS:
        if manager_of(office.org, assignment.unit, office.now) != office.unit:
            raise RefusedError(
                Refusal.SELF_SERVICE if assignment.unit == office.unit else Refusal.NOT_DIRECT_MANAGER,
                f"the head of `{assignment.unit}` receives from its direct manager",
                unit=assignment.unit,
            )
        return DIRECT_MANAGER
    if assignment.unit != office.unit:
        raise RefusedError(
            Refusal.NOT_DIRECT_MANAGER,
            f"the people of `{assignment.unit}` receive from their own unit",
            unit=assignment.unit,
        )
    return OWN_UNIT


def realm_of(office: Office, unit: UnitId) -> UnitId:
    """The unit whose data the people of `unit` work on, for an office that hands something down."""
    return working_unit(office.org, office.pack, office.now, unit)


def working_unit(org: OrgView, pack: Pack, at: datetime, unit: UnitId) -> UnitId:
    """The unit whose data the people of `unit` work on: itself, or its manager for a division, campus or site."""
    found = org.unit(unit)
    kind = pack.unit_kinds.get(found.kind) if found else None
    if kind is None or not kind.part_of_manager:
        return unit
    return manager_of(org, unit, at) or unit


def axis_outside_duty(org: OrgView, pack: Pack, at: datetime, scope: Scope, assignment: Assignment) -> str | None:
    """(#57) The first axis on which a scope exceeds the duty that it rests on; None where it is within."""
    duty = Scope(
        unit=working_unit(org, pack, at, assignment.unit),
        levels=assignment.levels if scope.classes is None else None,
        classes=assignment.classes,
        subjects=assignment.subjects if assignment.classes is None else None,
    )
    return first_axis_outside(scope, duty, is_below=lambda unit, root: is_below(org, unit, root, at))


def complete(office: Office, grant: Grant, assignment: Assignment | None = None) -> Grant:
    """The same grant with its scope normalised and an end: none is handed down without one (rule 11).

    One that names none gets the latest that is allowed: the closing of its school year, or what the pack, the duty
    and the authority leave to a function grant. It stands on the paper that is signed.
    """
    scope = normalise(office.org, grant.scope)
    valid_to = grant.valid_to
    if valid_to is None and scope.school_year is not None:
        year = office.org.school_year(scope.school_year)
        valid_to = year.closes_at if year else None
    elif valid_to is None:
        longest = grant.valid_from + timedelta(days=office.pack.number("grant_days_max"))
        others = (assignment.valid_to if assignment is not None else None, office.authorities[0].valid_to)
        valid_to = min([longest, *(t for t in others if t is not None)])
    return replace(grant, scope=scope, valid_to=valid_to)


def check_own_head(office: Office, held: Iterable[Assignment]) -> None:
    """(7) A head's giver is the direct manager, whatever other duty the head has in the unit.

    `held` are the receiver's duties. Who signs KT. signs in the head's place: the head would be giver and receiver
    of one document.
    """
    positions = office.pack.positions
    for duty in held:
        position = positions.get(duty.position)
        is_held = duty.unit == office.unit and office.now in duty.interval
        if is_held and position is not None and position.rank in HEADS:
            raise RefusedError(
                Refusal.SELF_SERVICE,
                f"the head of `{office.unit}` receives from its direct manager",
                unit=office.unit,
            )


def check_grant(
    office: Office,
    grant: Grant,
    account: Account,
    assignment: Assignment | None,
    *,
    held: Iterable[Assignment],
) -> DelegationRule:
    """Every condition on a proposed grant, at its proposal and again at its activation (rule 5).

    `held` are the receiver's duties in the issuing unit; `grant` is complete (see `complete`). Returns the pack's
    row that allows it, which names the documents needed.
    """
    check_office(office)
    if account.kind is not AccountKind.USE or account.person is None:
        raise InvalidError("a grant goes to a person's use account", account=account.id)
    if assignment is None or assignment.person != account.person:
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, "the holder has no such duty", account=account.id)
    check_own_head(office, held)
    position = office.pack.positions.get(assignment.position)
    if position is None:
        raise InvalidError(f"the policy knows no position `{assignment.position}`")
    relation = issuer_relation(office, assignment, position.rank)
    rule = _rule_for(office, grant.role, assignment.position, relation)
    check_words(office.pack, grant.scope)
    _check_narrowing(office.pack, grant)
    _check_assignment(office, grant, assignment)
    _check_year(office, grant)
    check_within(office, grant.scope, grant.interval)
    return rule


def _rule_for(office: Office, role: str, position: str, relation: str) -> DelegationRule:
    unit = office.org.unit(office.unit)
    kind = unit.kind if unit else ""
    rule = office.pack.delegation_rule(role, position, kind, relation)
    if rule is None:
        raise RefusedError(
            Refusal.ROLE_NOT_ALLOWED,
            f"a {kind} does not hand `{role}` to the position `{position}`",
            role=role,
            position=position,
        )
    return rule


def check_words(pack: Pack, scope: Scope) -> None:
    """What a scope names is in the pack: a category or an action that nobody knows would be a right to nothing."""
    for noun, words, known in (
        ("category", scope.categories, pack.categories),
        ("action", scope.actions, pack.actions),
    ):
        for word in sorted((words or frozenset()) - known.keys()):
            raise InvalidError(f"the policy knows no {noun} `{word}`", **{noun: word})
    check_subjects(subjects_of(scope))
    check_grades(pack, scope.grades, scope.levels)


def _check_narrowing(pack: Pack, grant: Grant) -> None:
    """(#53, #56, #57) Some roles exist only within levels, classes, subjects or a school year."""
    for axis in sorted(pack.roles[grant.role].narrows_by):
        if getattr(grant.scope, axis) is None:
            code = Refusal.LEVEL_REQUIRED if axis == "levels" else Refusal.INVALID
            raise RefusedError(code, f"a grant of `{grant.role}` names its {axis}", axis=axis)


def _check_assignment(office: Office, grant: Grant, assignment: Assignment) -> None:
    """(#57) A grant follows the duty assigned: its time, its classes, subjects and levels."""
    if not grant.interval.within(assignment.interval):
        raise RefusedError(
            Refusal.ASSIGNMENT_MISSING,
            "the grant reaches beyond the assignment's dates",
            assignment=assignment.id,
        )
    axis = axis_outside_duty(office.org, office.pack, office.now, grant.scope, assignment)
    if axis is not None:
        raise RefusedError(
            Refusal.ASSIGNMENT_MISSING,
            f"the duty does not cover the grant's {axis}",
            assignment=assignment.id,
            axis=axis,
        )


def _check_year(office: Office, grant: Grant) -> None:
    """(11) A class grant ends when its school year closes, at the latest."""
    year = office.org.school_year(grant.scope.school_year) if grant.scope.school_year is not None else None
    if grant.scope.school_year is not None and year is None:
        raise InvalidError(f"no school year `{grant.scope.school_year}`")
    # Before the dates: a grant completed to the end of a closed year would only seem to end before it begins.
    if year is not None and year.closes_at <= office.now:
        raise RefusedError(Refusal.CLOSED_YEAR, f"the school year `{year.id}` is closed", school_year=year.id)
    if grant.valid_to is not None and grant.valid_to <= grant.valid_from:
        raise InvalidError("the grant ends before it begins")
    if year is None:
        days = office.pack.number("grant_days_max")
        if grant.valid_to is not None and (grant.valid_to - grant.valid_from).days > days:
            raise InvalidError(f"a grant lasts at most {days} days", limit=days)
        return
    if grant.valid_to is None or grant.valid_to > year.closes_at:
        raise RefusedError(Refusal.CLOSED_YEAR, f"the school year `{year.id}` closes first", school_year=year.id)


def check_within(office: Office, scope: Scope, interval: Interval) -> None:
    """(3) What is handed down lies within the giving unit's authority on every axis, time included."""
    authority = office.authorities[0]
    if office.now not in authority.interval:
        raise RefusedError(Refusal.WIDER_THAN_AUTHORITY, "the authority is not in force", authority=authority.id)
    axis = first_axis_outside(
        scope, authority.scope, is_below=lambda unit, root: is_below(office.org, unit, root, office.now)
    )
    if axis is None and not interval.within(
        Interval(min(authority.valid_from, interval.start), authority.valid_to)
    ):
        axis = "time"
    if axis is not None:
        raise RefusedError(
            Refusal.WIDER_THAN_AUTHORITY,
            f"wider than the authority of `{authority.unit}` in its {axis}",
            authority=authority.id,
            axis=axis,
        )


def check_authority(office: Office, authority: Authority) -> None:
    """(3), (4), (8) A unit gives authority to a unit it directly manages, within its own."""
    if office.suspended:
        raise RefusedError(Refusal.SUSPENDED, f"`{office.unit}` is suspended", unit=office.unit)
    if manager_of(office.org, authority.unit, office.now) != office.unit:
        raise RefusedError(
            Refusal.NOT_DIRECT_MANAGER,
            f"`{office.unit}` does not manage `{authority.unit}`",
            unit=office.unit,
        )
    realm = realm_of(office, authority.unit)
    if not is_below(office.org, authority.scope.unit, realm, office.now):
        raise InvalidError("an authority is about the unit itself and what is below it")
    if len(office.authorities) >= office.pack.number("max_depth"):
        raise RefusedError(
            Refusal.DEPTH_EXCEEDED,
            f"already {len(office.authorities)} authorities from the root",
            bound=office.pack.number("max_depth"),
        )
    check_words(office.pack, authority.scope)
    check_within(office, authority.scope, authority.interval)


def signing_capacity(
    pack: Pack, assignments: Iterable[Assignment], now: datetime, claimed: Capacity | None, *, kind: str
) -> tuple[Capacity, Assignment]:
    """(5) In which capacity a person signs for a unit of that kind, and the decision that gives it.

    `assignments` are the signer's in that unit. A claim must be one that an assignment on file supports. By order
    (TL.) signs whoever holds a position that the pack names for it, by a decision with number and date on file.
    """
    capacities = pack.capacities_of(kind)
    held = [a for a in assignments if now in a.interval]
    by_order = pack.by_order.get(kind)
    lacks_position = by_order is not None and not any(a.position in by_order for a in held)
    found: list[tuple[Capacity, Assignment]] = []
    for assignment in held:
        position = pack.positions.get(assignment.position)
        if position is None or (lacks_position and position.id == SIGNS_BY_ORDER):
            continue
        capacity = LEADERS.get(position.rank) or BY_PAPER.get(position.id)
        if capacity is not None:
            found.append((capacity, assignment))
    if not found:
        raise RefusedError(Refusal.SIGNER_NOT_LEADER, "only the unit's leadership signs for it")
    allowed = [pair for pair in found if pair[0] in capacities and claimed in (None, pair[0])]
    if not allowed:
        raise RefusedError(
            Refusal.SIGNER_NO_CAPACITY, "the signer holds no such capacity", claimed=claimed or found[0][0]
        )
    order, ranks = list(Capacity), list(Rank)

    def place(pair: tuple[Capacity, Assignment]) -> tuple[int, int, int, str]:
        """Of two decisions by which one signs alike: the higher rank's, then the newer; never by chance."""
        capacity, duty = pair
        rank = ranks.index(pack.positions[duty.position].rank)
        return order.index(capacity), rank, -duty.decision_date.toordinal(), duty.id

    return min(allowed, key=place)


def check_parties(giver: PersonId, receiver: PersonId | None) -> None:
    """(7) Nobody is giver and receiver of one document."""
    if giver == receiver:
        raise RefusedError(Refusal.SELF_SERVICE, "giver and receiver are the same person")


def is_narrower(org: OrgView, now: datetime, new: Scope, old: Scope) -> bool:
    """Is a change one-sided (narrowing, at once) rather than one both must sign (widening)?"""
    return first_axis_outside(new, old, is_below=lambda u, r: is_below(org, u, r, now)) is None

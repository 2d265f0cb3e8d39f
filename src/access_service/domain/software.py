"""Software that draws data: its entry in the register, the department's approval, draws, clients (rule 13).

The entry has the columns of the report form (Hải Phòng 2023, #18 to #24) with the security level and the connection
to the data axis (TP.HCM 2024, #33 to #38). Only the department's written approval gives a right (#7); everything
about it is a dated fact, and what it gives now is worked out from those: the term, withdrawal, the pack's
preconditions, and what the contracting unit's authority leaves of the scope.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import (
    AccountId,
    ApprovalId,
    AuthorityId,
    ClientId,
    Confirmable,
    DocumentId,
    DrawMethod,
    Frequency,
    GrantEnd,
    GrantId,
    ReceiverRole,
    RegisterId,
    SoftwareConfirmationId,
    SoftwareId,
    UnitId,
)
from access_service.domain.org import SchoolYear
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import Interval, local, start_of_day

SOFTWARE_ROLE = "software"
"""The role of every approval: what a pack lets software be approved for at most."""
PEP_SCOPES = frozenset({"evaluate", "search", "explain", "introspect"})
"""What an enforcement point may be let in for."""
ACTIONS_BY_METHOD = {
    DrawMethod.AXIS: frozenset({"read"}),
    DrawMethod.API: frozenset({"read"}),
    DrawMethod.FILE: frozenset({"export"}),
}
"""What a method of drawing is called among the actions: files leave by `export` alone (#22, #36)."""
REQUIRED, FORBIDDEN = "required", "forbidden"
CONFIRMED = frozenset({"software_security_level", "software_on_axis"})
"""The pack's demands that only the department's confirmation meets."""
LEVELS = range(1, 6)
"""Cấp độ an toàn hệ thống thông tin (NĐ 85/2016 Đ7 to Đ11)."""


@dataclass(frozen=True, slots=True)
class Software:
    """Phần mềm: one line of the report form, and the service account that stands for it."""

    id: SoftwareId
    unit: UnitId
    """Đơn vị sử dụng: the unit that contracts it."""
    account: AccountId
    name: str
    supplier: str
    """Đơn vị cung cấp (#19)."""
    data_fields: str
    """Các trường dữ liệu (#20), in words."""
    data_scope: str
    """Phạm vi: khối, lớp… (#20), in words; what counts is the approval's scope."""
    frequency: str
    """Tần suất lấy dữ liệu (#21), in words; what counts is the approval's."""
    method: str
    """Hình thức lấy dữ liệu (#22), in words; what counts is the approval's."""
    cost: str
    """Chi phí sử dụng phần mềm (#23)."""
    legal_standing: str
    """Tính pháp lý của phần mềm (#24)."""
    security_level: int | None
    """Cấp độ an toàn hệ thống thông tin, 1 to 5 (NĐ 85/2016, #34), as stated; `counted` says what counts."""
    security_standard: str | None
    """The decision or standard by which it has that level."""
    on_axis: bool
    """Connected to the data axis (#33, #35), as the unit states it."""
    is_enforcement_point: bool
    """It asks for decisions about others, and needs no approval for that."""
    valid_from: datetime
    valid_to: datetime | None = None
    """When its use ended; final."""

    @property
    def interval(self) -> Interval:
        """When it is in use."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Approval:
    """Văn bản đồng ý của Sở (#7): what software may draw, how often, by which method, in which term."""

    id: ApprovalId
    software: SoftwareId
    number: str
    dated: date
    sha256: str
    """SHA-256 (hex) of the paper."""
    scope: Scope
    frequency: Frequency
    method: DrawMethod
    valid_from: datetime
    valid_to: datetime
    recorded_at: datetime
    """When the department recorded it: recording late never makes a past draw allowed."""
    withdrawn_at: datetime | None = None
    withdrawn_because: str | None = None
    purpose: str | None = None
    """For what the data is used; like what follows None only in what was recorded before it was asked."""
    agreement_number: str | None = None
    """Of the unit's agreement with who receives the data."""
    agreement_dated: date | None = None
    agreement_sha256: str | None = None
    receiver_role: ReceiverRole | None = None
    retention: str | None = None
    """How long the receiver keeps the data, in words."""
    deletion: str | None = None
    """How the data is deleted afterwards, in words."""

    @property
    def interval(self) -> Interval:
        """When it lets the software draw, as far as the paper goes."""
        end = self.valid_to if self.withdrawn_at is None else min(self.valid_to, self.withdrawn_at)
        return Interval(max(self.valid_from, self.recorded_at), end)


@dataclass(frozen=True, slots=True)
class SoftwareConfirmation:
    """Xác nhận của Sở: a security level, or a connection to the data axis, counts from when it is recorded."""

    id: SoftwareConfirmationId
    software: SoftwareId
    subject: Confirmable
    level: int | None
    """The security level that is confirmed; None for the axis."""
    number: str
    dated: date
    issuer: str
    sha256: str
    """SHA-256 (hex) of the paper."""
    valid_from: datetime
    """When the department recorded it: nothing counts for the past."""
    valid_to: datetime | None
    """When it ends, as the paper says or as it was taken back."""
    withdrawn_because: str | None = None

    @property
    def interval(self) -> Interval:
        """When it counts."""
        return Interval(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw under an approval whose frequency is counted; one row each, never overwritten."""

    id: str
    software: SoftwareId
    approval: ApprovalId
    period: str
    """`2026-2027` (school year), `2026-2027/1` (term), `2026-09-05` (day in Vietnam)."""
    valid_from: datetime
    """When it was counted."""


@dataclass(frozen=True, slots=True)
class Client:
    """With what software proves to be itself at the token endpoint: a secret's hash, or public keys."""

    id: ClientId
    register: RegisterId
    software: SoftwareId
    secret_sha256: str | None
    old_secret_sha256: str | None
    """The secret before a rotation, good until `old_secret_until`."""
    old_secret_until: datetime | None
    jwks: str | None
    """Public keys for `private_key_jwt`, a JSON Web Key Set (RFC 7517) as text."""
    pep_scopes: frozenset[str]
    """Part of `PEP_SCOPES`; empty unless the software is an enforcement point."""
    resource_types: frozenset[str]
    """Which types an enforcement point may ask about, part of `RESOURCE_TYPES`."""
    resource: str | None
    """Audience (RFC 8707): URL of the resource server that the software calls."""
    created_at: datetime
    disabled_at: datetime | None = None
    serves: str | None = None
    """The audience as which it is called itself: a token addressed to it, it may exchange (RFC 8693)."""
    revoked_before: datetime | None = None
    """What was issued to it earlier is worth nothing: its secret had leaked."""
    serves_approved_at: datetime | None = None
    """When the department said that this address is the software's own; until then it serves nothing."""
    redirect_uris: frozenset[str] = frozenset()
    """Where people are sent back to who were signed in for it: exactly these, letter by letter."""
    post_logout_uris: frozenset[str] = frozenset()
    """Where people may be sent who signed out there."""

    @property
    def address(self) -> str | None:
        """As which it is called, once the department has said that the address is its own (A10)."""
        return self.serves if self.serves_approved_at is not None else None

    def names(self) -> frozenset[str]:
        """What a session or token names that is meant for it (A9): its id, and its own address."""
        return frozenset({self.id} if self.address is None else {self.id, self.address})

    def accepts(self, secret_sha256: str, now: datetime) -> bool:
        """Is that the hash of its secret, or of the one before while both hold? In constant time."""
        found = self.secret_sha256 is not None and hmac.compare_digest(self.secret_sha256, secret_sha256)
        until = self.old_secret_until
        if self.old_secret_sha256 is not None and until is not None and now < until:
            found = hmac.compare_digest(self.old_secret_sha256, secret_sha256) or found
        return found

    def is_enabled(self, now: datetime) -> bool:
        """May it be used now, as far as the client itself goes?"""
        return self.disabled_at is None or now < self.disabled_at


@dataclass(frozen=True, slots=True)
class Share:
    """What one authority of the contracting unit leaves of an approval."""

    authority: Authority
    scope: Scope | None
    """What approval and authority have in common; None where that is nothing."""
    unit_suspensions: Sequence[Interval] = ()
    authority_suspensions: Sequence[Interval] = ()


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """An approval with every dated fact that may stop it."""

    approval: Approval
    software: Software
    unmet: str | None = None
    """What of the pack's demands the software or the method does not meet now; None when all is met."""
    shares: Sequence[Share] = ()
    year_closes_at: datetime | None = None
    """When the school year of its classes closes (rule 11)."""
    confirmations: Sequence[SoftwareConfirmation] = ()
    """What the department has confirmed of the software, past and withdrawn ones too."""
    rests: frozenset[str] = frozenset()
    """What it rests on, by the names that a change of it is known by (`domain.moved`)."""


def shares_in_force(facts: ApprovalFacts, now: datetime) -> tuple[Share, ...]:
    """What the approval gives now, authority by authority; nothing when it is not in force."""
    if now not in facts.approval.interval or now not in facts.software.interval or facts.unmet is not None:
        return ()
    if facts.year_closes_at is not None and facts.year_closes_at <= now:
        return ()
    return tuple(s for s in facts.shares if s.scope is not None and now in s.authority.interval)


def instants(facts: ApprovalFacts) -> list[datetime | None]:
    """Every instant at which what it gives may change."""
    approval, software = facts.approval, facts.software
    found = [approval.valid_from, approval.valid_to, approval.recorded_at, approval.withdrawn_at]
    found += [software.valid_from, software.valid_to, facts.year_closes_at]
    found += [instant for c in facts.confirmations for instant in (c.valid_from, c.valid_to)]
    for share in facts.shares:
        found += [share.authority.valid_from, share.authority.valid_to]
        for interval in (*share.unit_suspensions, *share.authority_suspensions):
            found += [interval.start, interval.end]
    return found


def ends_at(facts: ApprovalFacts, shares: Sequence[Share]) -> datetime:
    """When what these shares give ends at the latest, as known now."""
    approval, software = facts.approval, facts.software
    ends = [approval.interval.end, software.valid_to, facts.year_closes_at]
    ends += [share.authority.valid_to for share in shares]
    return min((t for t in ends if t is not None), default=approval.valid_to)


def as_grant(facts: ApprovalFacts, share: Share | None) -> Grant:
    """The approval in the shape of a grant, as decisions, explanations and the matrix compare it."""
    approval, software = facts.approval, facts.software
    return Grant(
        id=GrantId(approval.id),
        account=software.account,
        role=SOFTWARE_ROLE,
        scope=approval.scope if share is None or share.scope is None else share.scope,
        unit=software.unit,
        authority=share.authority.id if share is not None else AuthorityId(""),
        assignment=None,
        document=DocumentId(approval.id),
        valid_from=approval.valid_from,
        valid_to=approval.valid_to,
        activated_at=approval.recorded_at,
        ended_at=approval.withdrawn_at,
        ended_as=None if approval.withdrawn_at is None else GrantEnd.DOCUMENT_WITHDRAWN,
    )


def read_confirmed(
    software: Software, confirmations: Iterable[SoftwareConfirmation], now: datetime
) -> tuple[int, bool]:
    """Security level and connection to the axis that count now: what the unit states, as far as it is confirmed."""
    held = [c for c in confirmations if c.software == software.id and now in c.interval]
    confirmed = max((c.level or 0 for c in held if c.subject is Confirmable.SECURITY_LEVEL), default=0)
    is_joined = any(c.subject is Confirmable.DATA_AXIS for c in held)
    return min(software.security_level or 0, confirmed), software.on_axis and is_joined


def check_software_confirmation(confirmation: SoftwareConfirmation) -> None:
    """A confirmation names a level or the axis, ends after it begins, and rests on a paper that is there."""
    has_level = confirmation.subject is Confirmable.SECURITY_LEVEL
    if has_level and confirmation.level not in LEVELS:
        raise InvalidError(f"a security level is {LEVELS[0]} to {LEVELS[-1]}", level=confirmation.level or 0)
    if not has_level and confirmation.level is not None:
        raise InvalidError("the data axis has no level", level=confirmation.level)
    if confirmation.valid_to is None or confirmation.valid_to <= confirmation.valid_from:
        raise InvalidError("the confirmation is over when it is recorded")
    if confirmation.dated > local(confirmation.valid_from).date():
        raise InvalidError("the paper is dated later than today", dated=confirmation.dated.isoformat())


def find_unmet(
    pack: Pack,
    software: Software,
    method: DrawMethod,
    confirmations: Iterable[SoftwareConfirmation],
    now: datetime,
) -> tuple[Refusal, str] | None:
    """(#33–#38) Which of the pack's demands is not met: the refusal's code and the limit's name; or None."""
    level, on_axis = read_confirmed(software, confirmations, now)
    if level < pack.number("software_security_level"):
        return Refusal.PRECONDITION_MISSING, "software_security_level"
    if not on_axis and pack.choice("software_on_axis") == REQUIRED:
        return Refusal.PRECONDITION_MISSING, "software_on_axis"
    if method is DrawMethod.FILE and pack.choice("software_raw_files") == FORBIDDEN:
        return Refusal.METHOD_FORBIDDEN, "software_raw_files"
    return None


def check_preconditions(
    pack: Pack,
    software: Software,
    method: DrawMethod,
    confirmations: Iterable[SoftwareConfirmation],
    now: datetime,
) -> None:
    """Raise `RefusedError` with the code of the first demand that is not met."""
    found = find_unmet(pack, software, method, confirmations, now)
    if found is not None:
        code, limit = found
        raise RefusedError(code, f"the policy in force does not allow that: `{limit}`", limit=limit)


def check_approval(pack: Pack, approval: Approval, year: SchoolYear | None, now: datetime) -> None:
    """What the paper itself must say: a term that is not over, actions that fit the method, and its terms."""
    said = (approval.purpose, approval.agreement_number, approval.agreement_sha256, approval.retention)
    if not all((*said, approval.deletion, approval.agreement_dated, approval.receiver_role)):
        raise InvalidError("an approval names purpose, agreement, role of the receiver, retention and deletion")
    if approval.dated > local(now).date():
        raise InvalidError("the paper is dated later than today", dated=approval.dated.isoformat())
    if approval.agreement_dated is not None and approval.agreement_dated > approval.dated:
        raise InvalidError(
            "the agreement that an approval names is not younger than it",
            agreement_dated=approval.agreement_dated.isoformat(),
        )
    if approval.scope.categories is None:
        raise InvalidError("an approval names the categories of data that may be drawn")
    if approval.valid_to <= max(approval.valid_from, now):
        raise InvalidError("the approval ends before it begins, or is over")
    if approval.scope.school_year is not None and year is None:
        raise InvalidError(f"no school year `{approval.scope.school_year}`")
    if year is not None and year.closes_at <= now:
        raise RefusedError(Refusal.CLOSED_YEAR, f"the school year `{year.id}` is closed", school_year=year.id)
    beyond = (approval.scope.actions or frozenset()) - ACTIONS_BY_METHOD[approval.method]
    if beyond:
        raise InvalidError(
            f"the method `{approval.method}` is not for the action `{min(beyond)}`",
            method=str(approval.method),
        )
    if SOFTWARE_ROLE not in pack.roles:
        raise RefusedError(Refusal.ROLE_NOT_ALLOWED, "the policy in force approves no software")


def period_of(frequency: Frequency, now: datetime, years: Sequence[SchoolYear], pack: Pack) -> str | None:
    """The period in which one draw is counted; None where draws are not counted.

    The school year is the one that began last; a second term begins on the day the pack names. Raises
    `InvalidError` where no school year has begun: what cannot be counted is not let through.
    """
    if frequency is Frequency.UNLIMITED:
        return None
    today = local(now).date()
    if frequency is Frequency.ONCE_A_DAY:
        return today.isoformat()
    begun = [year for year in years if year.starts_at <= now]
    if not begun:
        raise InvalidError("no school year has begun in this register, so the draw cannot be counted")
    year = max(begun, key=lambda y: (y.starts_at, y.id))
    if frequency is Frequency.ONCE_A_SCHOOL_YEAR:
        return year.id
    first = local(year.starts_at).date()
    second = date(first.year, pack.number("second_term_month"), pack.number("second_term_day"))
    if second <= first:
        second = date(first.year + 1, second.month, second.day)
    return f"{year.id}/{1 if now < start_of_day(second) else 2}"

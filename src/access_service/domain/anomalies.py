"""What looks wrong about the rights of a unit at one instant, and what would put it right: one function a kind.

Nothing here denies anything. Each function takes what stands at an instant (`ExaminedUnit`) and says what somebody
should look at, since when, by which article, and how it is cleared. Thresholds are limits of the pack.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from access_service.domain.accounts import Account, Custody
from access_service.domain.delegation import Confirmation
from access_service.domain.documents import Document
from access_service.domain.names import AccountId, ClassId, GrantId, GrantState, Method, PersonId, Side, UnitId
from access_service.domain.numbering import BookedNumber
from access_service.domain.org import Assignment, SchoolClass, Unit
from access_service.domain.policy import DEFAULT, Pack
from access_service.domain.software import ApprovalFacts
from access_service.domain.standing import GrantFacts
from access_service.domain.time import local


class AnomalyCode(StrEnum):
    """The kinds, in the order in which they are listed."""

    COMMITMENT_MISSING = "commitment_missing"
    COMMITMENT_OUTDATED = "commitment_outdated"
    MINUTES_MISSING = "minutes_missing"
    ADMIN_WITHOUT_HANDOVER = "admin_without_handover"
    CUSTODY_VACANT = "custody_vacant"
    ADMIN_WITHOUT_FACTOR = "admin_without_factor"
    HOMEROOM_TWICE = "homeroom_twice"
    HOMEROOM_NONE = "homeroom_none"
    BEYOND_DUTY = "beyond_duty"
    CONFLICTING_DUTIES = "conflicting_duties"
    ISSUER_LEFT = "issuer_left"
    DUTY_MISSING = "duty_missing"
    UNUSED = "unused"
    NEVER_USED = "never_used"
    SENSITIVE_MANY = "sensitive_many"
    EXPORT_SENSITIVE = "export_sensitive"
    RECORDED_LATE = "recorded_late"
    PAPER_ONLY = "paper_only"
    APPROVAL_ENDING = "approval_ending"
    SOFTWARE_UNFIT = "software_unfit"
    NUMBER_DUPLICATE = "number_duplicate"
    NUMBER_GAP = "number_gap"
    PASSWORD_OPENS_FACTORS = "password_opens_factors"  # noqa: S105 -- the name of a kind
    REACH_BEYOND = "reach_beyond"
    TWO_BRANCHES = "two_branches"
    OUTSIDE_AUTHORITY = "outside_authority"
    RECOVERED_THEN_SIGNED = "recovered_then_signed"
    DUTIES_MEET = "duties_meet"


class AnomalySeverity(StrEnum):
    """How much of a reviewer's time it deserves."""

    FIX = "fix"
    """Something is missing that has to be there."""
    LOOK = "look"
    """It may be right; somebody should know."""
    INFO = "info"


ANOMALY_LIMITS: Mapping[str, int] = {
    "unused_days": 45,
    "custody_vacant_days": 7,
    "homeroom_none_days": 14,
    "duty_missing_days": 45,
    "sensitive_holders": 5,
    "sensitive_holders_percent": 10,
    "recorded_late_days": 3,
    "paper_only_days": 366,
    "approval_ending_days": 30,
}
"""Thresholds as a pack reads that was stored without them."""
CLEARED_BY: Mapping[AnomalyCode, str] = {
    AnomalyCode.COMMITMENT_MISSING: "người nhận ký bản cam kết",
    AnomalyCode.COMMITMENT_OUTDATED: "người nhận ký lại bản cam kết theo mẫu đang áp dụng",
    AnomalyCode.MINUTES_MISSING: "lập và ký lại biên bản, hoặc bổ sung chữ ký, bản chụp còn thiếu",
    AnomalyCode.ADMIN_WITHOUT_HANDOVER: "hai bên ký biên bản giao quản lý tài khoản quản trị",
    AnomalyCode.CUSTODY_VACANT: "thủ trưởng nhận quản lý, hoặc giao cho cán bộ bằng biên bản",
    AnomalyCode.ADMIN_WITHOUT_FACTOR: "người quản lý đăng ký xác thực hai yếu tố cho tài khoản quản trị",
    AnomalyCode.HOMEROOM_TWICE: "thu hồi quyền của người thôi chủ nhiệm",
    AnomalyCode.HOMEROOM_NONE: "phân công chủ nhiệm và bàn giao quyền",
    AnomalyCode.BEYOND_DUTY: "thu hẹp quyền theo quyết định phân công, hoặc ra quyết định phân công mới",
    AnomalyCode.CONFLICTING_DUTIES: "giao một trong hai nhiệm vụ cho người khác, hoặc thủ trưởng ghi rõ lý do",
    AnomalyCode.ISSUER_LEFT: "thủ trưởng mới xác nhận, hoặc thu hồi các quyền đã cấp trước đó",
    AnomalyCode.DUTY_MISSING: "bàn giao quyền theo nhiệm vụ, hoặc đóng tài khoản",
    AnomalyCode.UNUSED: "thu hồi quyền nếu không còn cần",
    AnomalyCode.NEVER_USED: "thu hồi quyền nếu không cần",
    AnomalyCode.SENSITIVE_MANY: "rà soát, thu hẹp số người được giao nhóm dữ liệu nhạy cảm",
    AnomalyCode.EXPORT_SENSITIVE: "chỉ để biết; thu hẹp nếu không cần xuất danh sách, biểu mẫu",
    AnomalyCode.RECORDED_LATE: "chỉ để biết; ghi nhận kịp thời các quyết định sau",
    AnomalyCode.PAPER_ONLY: "bàn giao lại trong hệ thống để hai bên ký xác nhận",
    AnomalyCode.APPROVAL_ENDING: "xin gia hạn, hoặc chuẩn bị ngừng lấy dữ liệu và xoá dữ liệu",
    AnomalyCode.SOFTWARE_UNFIT: "bổ sung xác nhận còn thiếu, hoặc ngừng cho phần mềm lấy dữ liệu",
    AnomalyCode.NUMBER_DUPLICATE: "cấp lại số cho một trong các văn bản và ghi chú vào sổ đăng ký văn bản đi",
    AnomalyCode.NUMBER_GAP: "nhập văn bản mang số còn thiếu, hoặc ghi rõ lý do vào sổ đăng ký văn bản đi",
    AnomalyCode.PASSWORD_OPENS_FACTORS: "đăng ký xác thực hai yếu tố cho tài khoản này",
    AnomalyCode.REACH_BEYOND: "thu hồi quyền ở nơi thứ hai nếu không còn cần, hoặc để cấp trên chung khôi phục",
    AnomalyCode.TWO_BRANCHES: "giao một trong các đơn vị cho người khác, hoặc cấp trên chung ghi rõ lý do",
    AnomalyCode.OUTSIDE_AUTHORITY: "thu hồi hoặc thu hẹp quyền; đơn vị quản lý mới cấp lại nếu còn cần",
    AnomalyCode.RECOVERED_THEN_SIGNED: "hỏi người ký có đúng họ đã ký; nếu không, thu hồi quyền và khoá tài khoản",
    AnomalyCode.DUTIES_MEET: "giao một trong hai nhiệm vụ cho người khác, hoặc thủ trưởng cấp trên ghi rõ lý do",
}


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that looks wrong."""

    code: AnomalyCode
    severity: AnomalySeverity
    unit: UnitId
    vi: str
    en: str
    """The same in English; what a pack or the register names keeps its name."""
    article: str
    since: datetime | None = None
    person: PersonId | None = None
    account: AccountId | None = None
    grant: GrantId | None = None
    class_id: ClassId | None = None
    document: str | None = None
    is_new: bool = False
    """Found by the newest daily check and by none before; what is examined at each reading is never new."""

    @property
    def cleared_by(self) -> str:
        """What would clear it, in words."""
        return CLEARED_BY[self.code]


@dataclass(frozen=True, slots=True)
class ExaminedGrant:
    """A right of somebody of the unit, with what stands around it at the instant."""

    facts: GrantFacts
    state: GrantState
    duty: Assignment | None
    person: PersonId | None
    account: Account | None
    can_sign_in: bool
    """Is the account active?"""
    rights: frozenset[tuple[str, str]]
    """What it permits, as (category, action)."""
    role_vi: str
    role_article: str
    handover_article: str
    """Of the pack's row by which the role was handed to the position."""
    signed: frozenset[Side] = frozenset()
    """Sides that have signed the version of the minutes in force."""
    sides: tuple[Side, ...] = ()
    """Sides that sign such a paper."""
    giver: PersonId | None = None
    giver_leads: bool = True
    """Does whoever signed for the giver lead that office at the instant?"""
    head_of_giver: Assignment | None = None
    confirmed: bool = False
    """Has that head confirmed what the office granted before (rule 9)?"""
    outside_duty: str | None = None
    """The axis on which the right exceeds its duty; None where it does not."""
    last_used: date | None = None
    recorded_at: datetime | None = None
    """When the right, or the duty under it, was first recorded: the later of the two."""


@dataclass(frozen=True, slots=True)
class ExaminedAccount:
    """Somebody's use account, for which the unit answers."""

    account: Account
    is_active: bool
    has_duty: bool
    is_without_grant_since: datetime | None
    """Since when it has had no right that is not over; None while it has one."""


@dataclass(frozen=True, slots=True)
class ExaminedUnit:
    """A unit at one instant."""

    unit: Unit
    pack: Pack
    at: datetime
    grants: Sequence[ExaminedGrant] = ()
    accounts: Sequence[ExaminedAccount] = ()
    staff: int = 0
    """People with a duty there."""
    classes: Sequence[SchoolClass] = ()
    """The classes of an open school year."""
    year_started: datetime | None = None
    admin: Account | None = None
    admin_is_active: bool = False
    admin_has_factor: bool = True
    custody: Custody | None = None
    custody_paper: Document | None = None
    vacant_since: datetime | None = None
    approvals: Sequence[ApprovalFacts] = ()
    numbers: Sequence[BookedNumber] = ()
    """Of the papers that the unit's books know by the instant."""
    used_since: date | None = None
    """The first day of which the register knows any use; None where it counts none."""
    names: Mapping[PersonId, str] = field(default_factory=dict)
    confirmations: Sequence[Confirmation] = ()


Examine = Callable[[ExaminedUnit], Iterable[Anomaly]]


def limit_article(pack: Pack, limit: str) -> str:
    """The article of a threshold; the product's own where the pack has none."""
    found = pack.limits.get(limit)
    return DEFAULT if found is None else found.article


def days(pack: Pack, limit: str) -> timedelta:
    """A threshold in days."""
    return timedelta(days=pack.number(limit))


def day_vi(t: datetime | date | None) -> str:
    """dd/mm/yyyy in Vietnam."""
    if t is None:
        return ""
    return f"{local(t):%d/%m/%Y}" if isinstance(t, datetime) else f"{t:%d/%m/%Y}"


def in_force(unit: ExaminedUnit) -> Iterator[ExaminedGrant]:
    """The rights that are in force."""
    return (g for g in unit.grants if g.state is GrantState.EFFECTIVE)


def is_attested(document: Document | None) -> bool:
    """Was it signed on paper elsewhere?"""
    return document is not None and document.method is Method.ATTESTED

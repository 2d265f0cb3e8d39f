"""The words of the domain as types: ids that were checked, and closed vocabularies.

Ids are opaque strings compared byte for byte after NFC; a `NewType` says which noun an id belongs to.
Vocabularies that a province may extend (roles, positions, unit kinds, categories, actions) are pack data and stay
plain strings here; the enums below are fixed by the regulations or by our own rules.
"""

from enum import StrEnum
from typing import NewType

RegisterId = NewType("RegisterId", str)
UnitId = NewType("UnitId", str)
"""A unit's code, as the sector writes it; leading zeros are part of it."""
ClassId = NewType("ClassId", str)
"""`<school code>:<school year>:<class code>`, the form on the wire."""
PersonId = NewType("PersonId", str)
AccountId = NewType("AccountId", str)
AssignmentId = NewType("AssignmentId", str)
AuthorityId = NewType("AuthorityId", str)
GrantId = NewType("GrantId", str)
DocumentId = NewType("DocumentId", str)
SoftwareId = NewType("SoftwareId", str)
ApprovalId = NewType("ApprovalId", str)
SoftwareConfirmationId = NewType("SoftwareConfirmationId", str)
ObligationId = NewType("ObligationId", str)
ClientId = NewType("ClientId", str)
ObservationId = NewType("ObservationId", str)


class EducationLevel(StrEnum):
    """Cấp học. The values are English words; `code` is the sector's two-digit code."""

    PRESCHOOL = "preschool"
    PRIMARY = "primary"
    LOWER_SECONDARY = "lower_secondary"
    UPPER_SECONDARY = "upper_secondary"
    CONTINUING = "continuing"


class AccountKind(StrEnum):
    """Loại tài khoản."""

    ADMIN = "admin"
    USE = "use"
    SERVICE = "service"
    INSPECTOR = "inspector"
    """Of somebody from outside whom a decision sends to inspect: it opens what is inspected, and no more."""


class AccountState(StrEnum):
    """Trạng thái tài khoản at one instant; derived from dated facts, never stored as a word."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Rank(StrEnum):
    """What a position may do for its office, read from the pack."""

    HEAD = "head"
    ACTING_HEAD = "acting_head"
    DEPUTY_IN_CHARGE = "deputy_in_charge"
    DEPUTY = "deputy"
    STAFF = "staff"


HEAD_RANKS = frozenset({Rank.HEAD, Rank.ACTING_HEAD, Rank.DEPUTY_IN_CHARGE})
"""Who leads an office, for good or meanwhile."""


class HomeHow(StrEnum):
    """How a unit came to answer for somebody's account."""

    ISSUE = "issue"
    RELEASE = "release"
    CONFIRMATION = "confirmation"
    TRANSFER = "transfer"
    VACATED = "vacated"
    """Its holder had gone, and the nearest unit above took it."""
    UPGRADE = "upgrade"
    """Written once for what was issued before this was a fact."""


class Capacity(StrEnum):
    """How somebody signs (NĐ 30/2020 Đ13). `SELF` is a receiver or declarant signing for themselves."""

    HEAD = "head"
    ACTING = "Q."
    DEPUTY = "KT."
    BY_ORDER = "TL."
    BY_AUTHORISATION = "TUQ."
    SELF = "self"
    WITNESS = "witness"


class DocumentKind(StrEnum):
    """Loại văn bản kept by the evidence store."""

    HANDOVER_MINUTES = "handover_minutes"
    SUPPLEMENTARY_MINUTES = "supplementary_minutes"
    RETURN_MINUTES = "return_minutes"
    CUSTODY_MINUTES = "custody_minutes"
    COMMITMENT = "commitment"
    INSPECTION_DECISION = "inspection_decision"
    ASSIGNMENT_DECISION = "assignment_decision"
    APPROVAL_LETTER = "approval_letter"
    SOFTWARE_REPORT = "software_report"


class DocumentState(StrEnum):
    """The life of a document."""

    DRAFT = "draft"
    AWAITING_GIVER = "awaiting_giver"
    AWAITING_RECEIVER = "awaiting_receiver"
    SIGNED = "signed"
    RETURNED = "returned"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    HANDED_BACK = "handed_back"


class Side(StrEnum):
    """Whose signature it is: bên giao, bên nhận, người cam kết, người làm chứng."""

    GIVER = "giver"
    RECEIVER = "receiver"
    DECLARANT = "declarant"
    WITNESS = "witness"


class Method(StrEnum):
    """How a signature came to us."""

    IN_SYSTEM = "in_system"
    """Xác nhận của hệ thống: confirmation by electronic means, password entered again; no signature in law."""
    PASSKEY = "passkey"
    """Xác nhận của hệ thống by a passkey: the authenticator's own signature over the statement; no class in law."""
    PADES = "pades"
    """Chữ ký số: by the signer's own certificate, on a file that came back from another program."""
    ATTESTED = "attested"
    """The importer attests a paper document signed elsewhere, by reference, hash and dates."""


class GrantEnd(StrEnum):
    """Why a grant is over."""

    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    RETURNED = "returned"
    ASSIGNMENT_ENDED = "assignment_ended"
    AUTHORITY_WITHDRAWN = "authority_withdrawn"
    DOCUMENT_WITHDRAWN = "document_withdrawn"
    YEAR_CLOSED = "year_closed"
    CANCELLED = "cancelled"
    UNIT_ENDED = "unit_ended"
    INSPECTION_ENDED = "inspection_ended"
    UNIT_MOVED = "unit_moved"
    """Its unit has another manager; what the new one goes on with stands as a new line."""
    LAPSED = "lapsed"


class GrantState(StrEnum):
    """Where a grant stands at one instant; derived, never stored."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    EFFECTIVE = "effective"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    ENDED = "ended"


class SuspendableKind(StrEnum):
    """What a suspension may be laid on; each beats every allow (rule 2)."""

    ACCOUNT = "account"
    UNIT = "unit"
    AUTHORITY = "authority"
    GRANT = "grant"


class Frequency(StrEnum):
    """Tần suất lấy dữ liệu: how often an approval lets software draw."""

    UNLIMITED = "unlimited"
    """Liên tục."""
    ONCE_A_SCHOOL_YEAR = "once_a_school_year"
    """1 lần đầu năm học."""
    ONCE_A_TERM = "once_a_term"
    ONCE_A_DAY = "once_a_day"


class DrawMethod(StrEnum):
    """Hình thức lấy dữ liệu."""

    AXIS = "axis"
    """Qua Trục dữ liệu."""
    API = "api"
    """Tự động lấy dữ liệu."""
    FILE = "file"
    """Nhập dữ liệu từ tệp."""


class Confirmable(StrEnum):
    """What of software counts only from the day on which the department has confirmed it."""

    SECURITY_LEVEL = "security_level"
    DATA_AXIS = "data_axis"


class ReceiverRole(StrEnum):
    """As what the supplier receives personal data: bên kiểm soát, bên xử lý, cả hai, bên thứ ba."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"
    CONTROLLER_AND_PROCESSOR = "controller_and_processor"
    THIRD_PARTY = "third_party"


class ObligationKind(StrEnum):
    """What is still owed to the department."""

    DELETE_DATA = "delete_data"


class ObligationState(StrEnum):
    """Where an obligation stands at an instant."""

    LATER = "later"
    """The approval that it follows from has not ended."""
    CARRIED_ON = "carried_on"
    """Another approval in force names the same data."""
    OPEN = "open"
    CONFIRMED = "confirmed"

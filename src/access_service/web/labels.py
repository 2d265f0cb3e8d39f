"""What states and kinds are called on screens, and by which shape they are known: word, icon, then colour."""

from collections.abc import Mapping
from enum import StrEnum

from access_service.domain.drafting_ground import GridRowState
from access_service.domain.jobs import JobState
from access_service.domain.names import AccountKind, AccountState, DocumentKind, DocumentState, GrantState
from access_service.domain.recovery import RecoveryState
from access_service.usecases.evidence.explanation import APPROVAL, CONFIRMATIONS
from access_service.web.phrases import t

_OF: Mapping[StrEnum, tuple[str, str, str]] = {
    GrantState.PENDING: ("Chờ ký đủ", "wait", "half"),
    GrantState.SCHEDULED: ("Chưa đến ngày", "act", "clock"),
    GrantState.EFFECTIVE: ("Đang hiệu lực", "ok", "check"),
    GrantState.SUSPENDED: ("Tạm khoá", "wait", "pause"),
    GrantState.EXPIRED: ("Hết hiệu lực", "off", "clock"),
    GrantState.ENDED: ("Đã chấm dứt", "off", "cross"),
    AccountState.INVITED: ("Chưa kích hoạt", "wait", "ring"),
    AccountState.ACTIVE: ("Đang hoạt động", "ok", "check"),
    AccountState.SUSPENDED: ("Tạm khoá", "wait", "pause"),
    AccountState.CLOSED: ("Đã đóng", "off", "cross"),
    DocumentState.DRAFT: ("Nháp", "off", "ring"),
    DocumentState.AWAITING_GIVER: ("Chờ bên giao ký", "wait", "half"),
    DocumentState.AWAITING_RECEIVER: ("Chờ bên nhận ký", "wait", "half"),
    DocumentState.SIGNED: ("Đã ký đủ", "ok", "check"),
    DocumentState.RETURNED: ("Bị trả lại", "bad", "swap"),
    DocumentState.DECLINED: ("Bị từ chối", "bad", "cross"),
    DocumentState.CANCELLED: ("Đã huỷ", "off", "cross"),
    DocumentState.LAPSED: ("Quá hạn ký", "off", "clock"),
    DocumentState.SUPERSEDED: ("Được thay thế", "off", "swap"),
    DocumentState.WITHDRAWN: ("Đã thu hồi", "off", "cross"),
    DocumentState.HANDED_BACK: ("Đã bàn giao lại", "off", "swap"),
    DocumentKind.HANDOVER_MINUTES: ("Biên bản bàn giao", "", ""),
    DocumentKind.SUPPLEMENTARY_MINUTES: ("Biên bản bổ sung", "", ""),
    DocumentKind.RETURN_MINUTES: ("Biên bản bàn giao lại", "", ""),
    DocumentKind.CUSTODY_MINUTES: ("Biên bản giao tài khoản quản trị", "", ""),
    DocumentKind.COMMITMENT: ("Bản cam kết", "", ""),
    DocumentKind.INSPECTION_DECISION: ("Quyết định kiểm tra", "", ""),
    DocumentKind.ASSIGNMENT_DECISION: ("Quyết định phân công", "", ""),
    DocumentKind.APPROVAL_LETTER: ("Văn bản đồng ý", "", ""),
    DocumentKind.SOFTWARE_REPORT: ("Báo cáo phần mềm", "", ""),
    GridRowState.TO_MEND: ("Cần sửa", "bad", "alert"),
    GridRowState.NEW: ("Mới", "new", "plus"),
    GridRowState.CHANGED: ("Có thay đổi", "wait", "swap"),
    GridRowState.AS_BEFORE: ("Như năm trước", "off", "check"),
    GridRowState.HELD: ("Đã có quyền", "ok", "check"),
    GridRowState.LEFT_OUT: ("Bỏ qua", "off", "bar"),
    GridRowState.MADE: ("Đã lập biên bản", "act", "paper"),
    AccountKind.ADMIN: ("Tài khoản quản trị", "", ""),
    AccountKind.USE: ("Tài khoản khai thác, sử dụng", "", ""),
    AccountKind.SERVICE: ("Tài khoản phần mềm", "", ""),
    AccountKind.INSPECTOR: ("Tài khoản thành viên đoàn kiểm tra", "", ""),
}


_APART: Mapping[type[StrEnum], Mapping[StrEnum, tuple[str, str, str]]] = {
    JobState: {
        JobState.WAITING: ("Đang chờ", "wait", "ring"),
        JobState.RUNNING: ("Đang làm", "act", "clock"),
        JobState.DONE: ("Xong", "ok", "check"),
        JobState.FAILED: ("Không làm được", "bad", "alert"),
        JobState.CANCELLED: ("Đã dừng", "off", "cross"),
    },
    RecoveryState: {
        RecoveryState.WAITING: ("Đang chờ", "wait", "clock"),
        RecoveryState.OPEN: ("Mã đã mở", "act", "key"),
        RecoveryState.STOPPED: ("Đã dừng", "off", "cross"),
        RecoveryState.USED: ("Đã dùng", "ok", "check"),
        RecoveryState.LAPSED: ("Đã quá hạn", "off", "clock"),
    },
}
"""States that share their code with another noun's: members of two enumerations with one value are equal."""


def _said(value: StrEnum) -> tuple[str, str, str]:
    return _APART.get(type(value), _OF)[value]


def label(value: StrEnum) -> str:
    """The word for a state or kind; the value itself for one that has none yet is a mistake, and raises."""
    return t(_said(value)[0])


def paper_names() -> Mapping[str, str]:
    """What explanations call the papers they rest on: documents, approvals, and what the department confirms."""
    found = {str(kind): label(kind) for kind in DocumentKind}
    confirmed = t("Văn bản xác nhận của Sở")
    return found | {APPROVAL: t("Văn bản đồng ý")} | dict.fromkeys(CONFIRMATIONS.values(), confirmed)


def shape_of(value: StrEnum) -> tuple[str, str]:
    """The class of a state's pill and its icon."""
    return _said(value)[1:]


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [text for found in (_OF, *_APART.values()) for text, _, _ in found.values()]

"""The Vietnamese words of what files and the command line show: states, capacities, scopes, days."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

from access_service.domain.names import AccountKind, Capacity, Method
from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.domain.vocabulary import LEVEL_TEXT
from access_service.usecases.evidence.matrix_values import Note

LEVELS = {level: text.vi for level, text in LEVEL_TEXT.items()}
KINDS = {
    AccountKind.ADMIN: "Tài khoản quản trị",
    AccountKind.USE: "Tài khoản khai thác sử dụng",
    AccountKind.SERVICE: "Tài khoản dịch vụ",
    AccountKind.INSPECTOR: "Tài khoản kiểm tra",
}
STATES = {
    "pending": "Chờ ký đủ văn bản",
    "scheduled": "Chưa đến ngày hiệu lực",
    "effective": "Đang hiệu lực",
    "suspended": "Tạm khoá",
    "expired": "Hết hiệu lực",
    "ended": "Đã chấm dứt",
    "invited": "Chưa kích hoạt",
    "active": "Đang hoạt động",
    "closed": "Đã đóng",
    "vacant": "Chưa có người quản lý",
}
CAPACITIES = {
    Capacity.HEAD: "Thủ trưởng",
    Capacity.ACTING: "Q. – quyền thủ trưởng",
    Capacity.DEPUTY: "KT. – ký thay thủ trưởng",
    Capacity.BY_ORDER: "TL. – ký thừa lệnh",
    Capacity.BY_AUTHORISATION: "TUQ. – ký thừa ủy quyền",
    Capacity.SELF: "Bên nhận ký",
    Capacity.WITNESS: "Người làm chứng",
}
HOLDERS = {
    "head": "Thủ trưởng đơn vị",
    "deputy_in_charge": "Cấp phó phụ trách đơn vị",
    "officer": "Cán bộ được giao quản lý bằng văn bản",
}
NOTES = {
    Note.RECORDED_LATE: "ghi nhận muộn, sau thời điểm của ma trận",
    Note.CHANGED_LATER: "phạm vi đã thay đổi sau thời điểm của ma trận",
    Note.ATTESTED: "biên bản ký trên giấy, do người nhập dữ liệu khai",
    Note.NO_END: "quyền được giao không ghi ngày hết hiệu lực",
    Note.CODE_SEEN: "người ký bên giao đã được biết mã kích hoạt của bên nhận; bên nhận chưa xác nhận tài khoản",
    Note.EXTERNAL: "thành viên đoàn kiểm tra ngoài ngành",
    Note.UNCONFIRMED: "chưa được thủ trưởng mới xác nhận",
    Note.ACCOUNT_INVITED: "tài khoản chưa kích hoạt",
    Note.ACCOUNT_SUSPENDED: "tài khoản đang tạm khoá",
    Note.ACCOUNT_CLOSED: "tài khoản đã đóng",
    Note.VACANT: "tài khoản quản trị chưa có người quản lý",
    Note.NO_POLICY: "chưa có bộ quy tắc phân quyền áp dụng",
    Note.NOT_CONFIRMED: "cấp độ an toàn hoặc kết nối Trục dữ liệu chưa được Sở GDĐT xác nhận",
    Note.DUTIES_MEET: "kiêm nhiệm hai nhiệm vụ nên tách cho hai người",
}
CUSTODY_ROLE = "Quản lý tài khoản quản trị của đơn vị"
CUSTODY_SCOPE = "Không kèm quyền đối với dữ liệu"

METHODS = {
    Method.IN_SYSTEM: "Xác nhận của hệ thống",
    Method.PASSKEY: "Xác nhận của hệ thống (khoá truy cập)",
    Method.PADES: "Chữ ký số",
    Method.ATTESTED: "Bản giấy, người nhập dữ liệu khai",
}
ACCOUNT_STATES = {
    "invited": "tài khoản chưa kích hoạt",
    "suspended": "tài khoản đang tạm khoá",
    "closed": "tài khoản đã đóng",
}
"""What of an account is said in the cell of a right's state: it opens nothing while this is so."""


@lru_cache(4096)
def instant_text(t: datetime | None) -> str:
    """`dd/mm/yyyy HH:MM` on a Vietnamese clock (UTC+7); empty for None."""
    return "" if t is None else local(t).strftime("%d/%m/%Y %H:%M")


@lru_cache(4096)
def day_text(day: date | None) -> str:
    """`dd/mm/yyyy`; empty for None."""
    return "" if day is None else day.strftime("%d/%m/%Y")


def scope_text(scope: Scope | None, class_names: Sequence[str] = ()) -> str:
    """The scope in words, the unit left out: levels, grades, classes, subjects, school year."""
    if scope is None:
        return CUSTODY_SCOPE
    parts = []
    if scope.levels is not None and scope.classes is None:
        parts.append("cấp học: " + ", ".join(vi for level, vi in LEVELS.items() if level in scope.levels))
    if scope.grades is not None and scope.classes is None:
        parts.append("khối: " + ", ".join(sorted(scope.grades)))
    if scope.classes is not None:
        parts.append("lớp: " + ", ".join(class_names or sorted(scope.class_ids)))
    if scope.subjects is not None:
        parts.append("môn: " + ", ".join(sorted(scope.subjects)))
    if scope.school_year is not None:
        parts.append(f"năm học {scope.school_year}")
    return "; ".join(parts) or "toàn bộ"


def state_text(state: str, account_state: str = "") -> str:
    """The state of a right, and in the same breath what keeps its account from using it."""
    words = STATES.get(state, state)
    return f"{words}; {ACCOUNT_STATES[account_state]}" if account_state in ACCOUNT_STATES else words


def signed_as(capacity: Capacity, title: str) -> str:
    """As papers print it: a head by the position's own title, whoever signs in their place by both."""
    words = CAPACITIES[capacity]
    if not title or capacity in (Capacity.SELF, Capacity.WITNESS):
        return words
    return title.upper() if capacity is Capacity.HEAD else f"{words}, {title.upper()}"

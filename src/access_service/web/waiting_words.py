"""What an act that waits for a second person is called."""

from collections.abc import Mapping

from access_service.domain.waiting import WaitingAct, WaitingKind
from access_service.web.phrases import t

_OF: Mapping[WaitingKind, str] = {
    WaitingKind.APPOINT: "Bổ nhiệm, phân công nhiệm vụ",
    WaitingKind.RELEASE: "Cho thôi nhiệm vụ",
    WaitingKind.MOVE: "Chuyển cơ quan quản lý",
    WaitingKind.SUCCEED: "Sáp nhập, giải thể đơn vị",
    WaitingKind.BIND: "Áp dụng bộ quy tắc",
    WaitingKind.CLOSE_YEAR: "Đóng năm học",
    WaitingKind.REOPEN_YEAR: "Mở lại năm học",
    WaitingKind.CORRECT_YEAR: "Đính chính năm học",
    WaitingKind.CORRECT_DUTY: "Đính chính phân công nhiệm vụ",
    WaitingKind.ADD_OPERATOR: "Thêm người vận hành",
}


def act_word(kind: WaitingKind) -> str:
    """The word for a kind of act."""
    return t(_OF[kind])


def page_of(act: WaitingAct) -> str | None:
    """Where what it would change is seen before it is confirmed; None where its own lines say it all."""
    return f"/quy-tac/cho/{act.id}" if act.kind is WaitingKind.BIND else None


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return list(_OF.values())

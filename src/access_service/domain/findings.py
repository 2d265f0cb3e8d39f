"""What `verify` can find: a code for programs, how grave it is, and a sentence for whoever reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding means."""

    BROKEN = "broken"
    """Somebody changed something, or a part of the evidence is gone."""
    LOOK = "look"
    """Nothing is known to be wrong; it could not be proved as far as one may wish."""


class FindingCode(StrEnum):
    """What does not hold; stable, for programs."""

    EVENT_HASH = "event_hash"
    EVENT_GAP = "event_gap"
    EVENT_ORDER = "event_order"
    EVENT_UNREADABLE = "event_unreadable"
    CHAIN_BROKEN = "chain_broken"
    UNIT_CHAIN_BROKEN = "unit_chain_broken"
    LEAF_MISMATCH = "leaf_mismatch"
    TILE_MISMATCH = "tile_mismatch"
    COUNTER_BEHIND = "counter_behind"
    REVISION_BROKEN = "revision_broken"
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    CHECKPOINT_INCONSISTENT = "checkpoint_inconsistent"
    LOG_FORKED = "log_forked"
    PIN_AHEAD = "pin_ahead"
    PIN_MISSING = "pin_missing"
    PROOF_BAD = "proof_bad"
    TIME_BACK = "time_back"
    TIME_UNANCHORED = "time_unanchored"
    KEY_UNKNOWN = "key_unknown"
    KEY_INTERVAL = "key_interval"
    FACT_BROKEN = "fact_broken"
    DOCUMENT_HASH = "document_hash"
    PRINT_HASH = "print_hash"
    DOCUMENT_WITHOUT_EVENT = "document_without_event"
    EVENT_WITHOUT_DOCUMENT = "event_without_document"
    GRANT_WITHOUT_EVENT = "grant_without_event"
    VERSION_MISSING = "version_missing"
    SIGNATURE_MISSING = "signature_missing"
    CONFIRMATION_BAD = "confirmation_bad"
    STATEMENT_MISMATCH = "statement_mismatch"
    PDF_HASH = "pdf_hash"
    PASSKEY_BAD = "passkey_bad"
    PASSKEY_NOT_LOGGED = "passkey_not_logged"
    GRANT_WITHOUT_PAPER = "grant_without_paper"
    PACK_DIGEST = "pack_digest"
    ERASED = "erased"


LOOKS = frozenset({FindingCode.TIME_UNANCHORED, FindingCode.ERASED})
"""What is told and breaks nothing."""

SAID: Mapping[FindingCode, str] = {
    FindingCode.EVENT_HASH: "Sự kiện đã bị sửa sau khi ghi.",
    FindingCode.EVENT_GAP: "Thiếu sự kiện: số thứ tự trong nhật ký không liền nhau.",
    FindingCode.EVENT_ORDER: "Sự kiện không đứng đúng thứ tự trong sổ.",
    FindingCode.EVENT_UNREADABLE: "Không đọc được sự kiện.",
    FindingCode.CHAIN_BROKEN: "Chuỗi sự kiện bị đứt: sự kiện đứng trước không phải sự kiện đã ghi.",
    FindingCode.UNIT_CHAIN_BROKEN: "Chuỗi sự kiện của đơn vị bị đứt: có sự kiện bị bỏ ra hoặc bị thay.",
    FindingCode.LEAF_MISMATCH: "Mã băm lưu cùng sự kiện không khớp nội dung sự kiện.",
    FindingCode.TILE_MISMATCH: "Cây băm lưu trong cơ sở dữ liệu không khớp các sự kiện.",
    FindingCode.COUNTER_BEHIND: "Bộ đếm của sổ không khớp cuối nhật ký: nhật ký bị cắt hoặc bị thêm.",
    FindingCode.REVISION_BROKEN: "Danh sách phiên bản của sổ không khớp nhật ký.",
    FindingCode.CHECKPOINT_SIGNATURE: "Chữ ký của điểm mốc không đúng.",
    FindingCode.CHECKPOINT_INCONSISTENT: "Nhật ký hiện tại không nối tiếp điểm mốc này.",
    FindingCode.LOG_FORKED: "Nhật ký không nối tiếp điểm mốc mà máy chủ đã ký gần nhất.",
    FindingCode.PIN_AHEAD: "Nhật ký ngắn hơn điểm mốc mà máy chủ đã ký gần nhất: phần cuối đã mất.",
    FindingCode.PIN_MISSING: "Thiếu tệp ghi nhớ điểm mốc đã ký gần nhất trong thư mục khoá.",
    FindingCode.PROOF_BAD: "Bằng chứng không chứng minh được sự kiện này.",
    FindingCode.TIME_BACK: "Sự kiện được ghi với thời điểm sớm hơn sự kiện đứng trước.",
    FindingCode.TIME_UNANCHORED: "Chưa có dấu thời gian của bên ngoài cho các sự kiện này.",
    FindingCode.KEY_UNKNOWN: "Không biết khoá đã ký.",
    FindingCode.KEY_INTERVAL: "Khoá đã ký khi chưa có hoặc đã hết hiệu lực.",
    FindingCode.FACT_BROKEN: "Dòng dữ liệu không đọc được, hoặc không có chỗ trong sổ.",
    FindingCode.DOCUMENT_HASH: "Nội dung văn bản đã bị sửa.",
    FindingCode.PRINT_HASH: "Phần chữ của văn bản không phải phần chữ đã xác nhận.",
    FindingCode.DOCUMENT_WITHOUT_EVENT: "Văn bản hoặc chữ ký không có sự kiện nào ghi lại.",
    FindingCode.EVENT_WITHOUT_DOCUMENT: "Nhật ký có sự kiện, nhưng văn bản, chữ ký hoặc quyền tương ứng không còn.",
    FindingCode.GRANT_WITHOUT_EVENT: "Quyền không có sự kiện nào ghi lại.",
    FindingCode.VERSION_MISSING: "Thiếu phiên bản văn bản đã được ký.",
    FindingCode.SIGNATURE_MISSING: "Văn bản ghi là đã ký đủ nhưng thiếu chữ ký.",
    FindingCode.CONFIRMATION_BAD: "Xác nhận của hệ thống trên chữ ký không đúng.",
    FindingCode.STATEMENT_MISMATCH: "Văn bản không phải nội dung đã được ký.",
    FindingCode.PDF_HASH: "Tệp của văn bản đã ký bị sửa, bị thay hoặc không còn.",
    FindingCode.PASSKEY_BAD: "Chữ ký của khoá truy cập không đúng với nội dung đã xác nhận.",
    FindingCode.PASSKEY_NOT_LOGGED: "Nhật ký không ghi khoá truy cập đã ký là của tài khoản này vào lúc ký.",
    FindingCode.GRANT_WITHOUT_PAPER: "Quyền có hiệu lực mà không có văn bản đã ký làm căn cứ.",
    FindingCode.PACK_DIGEST: "Bộ quy tắc đã áp dụng bị sửa hoặc không còn.",
    FindingCode.ERASED: "Nội dung đã được xoá theo thời hạn lưu trữ; mã băm còn giữ.",
}


@dataclass(frozen=True, slots=True)
class EvidenceFinding:
    """Something that does not hold, or could not be proved."""

    code: FindingCode
    place: str
    message: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity.LOOK if self.code in LOOKS else Severity.BROKEN

    @property
    def vi(self) -> str:
        """What it means, for whoever reads it."""
        return SAID[self.code]

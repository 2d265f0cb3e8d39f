"""What lists of an old system's accounts are told about each row, in both languages: pages, sheets and commands."""

from collections.abc import Mapping
from types import MappingProxyType

from access_service.domain.matching import MatchReason, MatchStanding
from access_service.domain.old_rights import PaperState
from access_service.domain.text import Text

STANDING_SAID: Mapping[MatchStanding, Text] = MappingProxyType(
    {
        MatchStanding.SURE: Text("Chắc chắn", "Sure"),
        MatchStanding.DOUBTFUL: Text("Nghi vấn", "Doubtful"),
        MatchStanding.ORPHAN: Text("Không rõ của ai", "Nobody's"),
    }
)
REASON_SAID: Mapping[MatchReason, Text] = MappingProxyType(
    {
        MatchReason.EXTERNAL_ID: Text(
            "Mã tài khoản đã ghi cho người này, họ tên khớp",
            "The account is recorded for them, and the name agrees",
        ),
        MatchReason.NATIONAL_ID: Text(
            "Mã định danh ngành đã ghi cho người này, họ tên khớp",
            "The sector's id is recorded for them, and the name agrees",
        ),
        MatchReason.NAME_AND_DUTY: Text(
            "Chỉ một người của đơn vị có họ tên này, và nhiệm vụ khớp",
            "One person of the unit bears the name, and a duty agrees",
        ),
        MatchReason.DECIDED: Text("Đã có người xác nhận", "Somebody said so"),
        MatchReason.NAME_ONLY: Text(
            "Một người cùng họ tên, nhưng không nhiệm vụ nào khớp", "One person of that name, and no duty agrees"
        ),
        MatchReason.NAMESAKES: Text(
            "Đơn vị có nhiều người cùng họ tên", "Several people of the unit bear the name"
        ),
        MatchReason.NAME_TWICE: Text(
            "Tệp có nhiều tài khoản cùng họ tên, không có mã hay ngày sinh để phân biệt",
            "Several accounts bear the name, and neither id nor birth date says that they are one person's",
        ),
        MatchReason.SPELLING: Text("Họ tên viết gần giống", "The name is nearly somebody's"),
        MatchReason.OTHER_UNIT: Text("Tài khoản ghi đơn vị khác", "The account is another unit's"),
        MatchReason.LEFT: Text(
            "Người này không còn nhiệm vụ ở đơn vị mà tài khoản vẫn còn",
            "They have no duty in the unit any more, and the account goes on",
        ),
        MatchReason.ID_DIFFERS: Text(
            "Mã đã ghi cho người khác tên, hoặc người này đã có mã khác",
            "The id is recorded under another name, or they have another id",
        ),
        MatchReason.IDS_DISAGREE: Text(
            "Mã tài khoản và mã định danh trỏ đến hai người", "The account and the sector's id name two people"
        ),
        MatchReason.ACCOUNT_TWICE: Text("Một tài khoản mang hai họ tên", "One account bears two names"),
        MatchReason.DECISION_STALE: Text(
            "Người đã xác nhận không còn trong danh sách của đơn vị",
            "Whoever was chosen is none of the unit's any more",
        ),
        MatchReason.NOBODY: Text("Đơn vị không có ai tên như vậy", "Nobody of the unit is called so"),
        MatchReason.NO_NAME: Text("Tài khoản không ghi họ tên", "The account bears no name"),
        MatchReason.UNREADABLE: Text("Ô họ tên hoặc mã không đọc được", "The name or id cannot be read"),
        MatchReason.DECIDED_NEW: Text("Đã xác nhận: người mới, chưa có trong hồ sơ", "Said: somebody new"),
        MatchReason.DECIDED_NOBODY: Text(
            "Đã xác nhận: tài khoản dùng chung, không của riêng ai", "Said: an account of no person"
        ),
    }
)
PAPER_SAID: Mapping[PaperState, Text] = MappingProxyType(
    {
        PaperState.COVERED: Text("Có văn bản", "By paper"),
        PaperState.WIDER: Text("Rộng hơn văn bản", "Wider than paper"),
        PaperState.WAITING: Text("Văn bản chờ ký", "Paper waits"),
        PaperState.MISSING: Text("Không có văn bản", "No paper"),
        PaperState.NOBODY: Text("Chưa rõ của ai", "Nobody's yet"),
        PaperState.UNREAD: Text("Chưa rõ là quyền gì", "Not understood"),
    }
)

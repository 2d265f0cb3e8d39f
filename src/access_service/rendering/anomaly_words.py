"""What each kind of what looks wrong is called, in a list, a file and on a page."""

from collections.abc import Mapping

from access_service.domain.anomalies import AnomalyCode

ANOMALY_WORDS: Mapping[str, str] = {
    AnomalyCode.COMMITMENT_MISSING: "Thiếu bản cam kết",
    AnomalyCode.COMMITMENT_OUTDATED: "Cam kết theo mẫu cũ",
    AnomalyCode.MINUTES_MISSING: "Biên bản chưa đủ",
    AnomalyCode.ADMIN_WITHOUT_HANDOVER: "Cán bộ quản lý tài khoản quản trị chưa có biên bản",
    AnomalyCode.CUSTODY_VACANT: "Tài khoản quản trị không có người quản lý",
    AnomalyCode.ADMIN_WITHOUT_FACTOR: "Tài khoản quản trị chưa có xác thực hai yếu tố",
    AnomalyCode.HOMEROOM_TWICE: "Lớp có nhiều người chủ nhiệm",
    AnomalyCode.HOMEROOM_NONE: "Lớp chưa có chủ nhiệm",
    AnomalyCode.BEYOND_DUTY: "Quyền vượt nhiệm vụ được phân công",
    AnomalyCode.CONFLICTING_DUTIES: "Kiêm nhiệm hai nhiệm vụ nên tách",
    AnomalyCode.ISSUER_LEFT: "Người cấp đã thôi, thủ trưởng mới chưa xác nhận",
    AnomalyCode.DUTY_MISSING: "Tài khoản không có nhiệm vụ hoặc không có quyền",
    AnomalyCode.UNUSED: "Quyền lâu không dùng",
    AnomalyCode.NEVER_USED: "Quyền chưa dùng lần nào",
    AnomalyCode.SENSITIVE_MANY: "Nhiều người có dữ liệu nhạy cảm",
    AnomalyCode.EXPORT_SENSITIVE: "Được xuất dữ liệu nhạy cảm",
    AnomalyCode.NUMBER_DUPLICATE: "Trùng số văn bản",
    AnomalyCode.NUMBER_GAP: "Thiếu số trong sổ văn bản",
    AnomalyCode.RECORDED_LATE: "Ghi nhận muộn",
    AnomalyCode.PAPER_ONLY: "Chỉ có bản giấy",
    AnomalyCode.APPROVAL_ENDING: "Văn bản đồng ý sắp hết hiệu lực",
    AnomalyCode.SOFTWARE_UNFIT: "Phần mềm không còn đủ điều kiện",
    AnomalyCode.PASSWORD_OPENS_FACTORS: "Mật khẩu mở được tài khoản hai yếu tố",
    AnomalyCode.REACH_BEYOND: "Tài khoản với tới ngoài phạm vi phụ trách",
    AnomalyCode.TWO_BRANCHES: "Lãnh đạo hai đơn vị không thuộc nhau",
    AnomalyCode.OUTSIDE_AUTHORITY: "Quyền vượt quyền của bên cấp",
    AnomalyCode.RECOVERED_THEN_SIGNED: "Ký ngay sau khi được khôi phục tài khoản",
    AnomalyCode.DUTIES_MEET: "Nhiệm vụ ở hai đơn vị nên tách",
}

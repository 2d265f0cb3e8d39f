"""Security level 3: what TCVN 14423 asks of this service, by which control it is met, and where the evidence is.

Clauses and figures are those of `docs/level-3.md`, which says where they were taken from; every limit is a pack's,
and what a pack says otherwise is judged here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from access_service.domain.sign_in import SignInRules


class ClauseVerdict(StrEnum):
    """How far a clause is met."""

    MET = "met"
    """By the service as it stands."""
    OPERATOR = "operator"
    """By what the operator does beside it; the evidence says what that is."""
    PARTLY = "partly"
    NOT_MET = "not_met"


VERDICT_TEXT = {
    ClauseVerdict.MET: "Đáp ứng",
    ClauseVerdict.OPERATOR: "Đơn vị vận hành thực hiện",
    ClauseVerdict.PARTLY: "Đáp ứng một phần",
    ClauseVerdict.NOT_MET: "Chưa đáp ứng",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, how it is met, and where that can be seen."""

    number: str
    asks: str
    control: str
    evidence: str
    verdict: ClauseVerdict
    lacking: tuple[str, ...] = ()
    """What is not as asked for, in words."""


CLAUSES: Sequence[Clause] = (
    Clause(
        "5.4.2.1d",
        "Rà soát quyền truy cập ít nhất 6 tháng một lần",
        "ma trận phân quyền của mọi thời điểm, bất thường, nhật ký xuất ma trận",
        "access-service matrix; sự kiện matrix.export, matrix.read; docs/for-reviewers.md",
        ClauseVerdict.OPERATOR,
    ),
    Clause(
        "5.4.2.3",
        "Ma trận phân quyền",
        "ma trận theo đơn vị, từng tài khoản, từng quyền, văn bản và chữ ký làm căn cứ",
        "access-service matrix; docs/for-reviewers.md",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.4.2.4",
        "Mã hoá khi lưu trữ và khi truyền; vòng đời khoá",
        "bản sao lưu và yếu tố thứ hai được mã hoá; TLS; khoá có vòng đời; ổ đĩa do đơn vị vận hành mã hoá",
        "docs/rotate.md; docs/back-up.md; access-service keys list",
        ClauseVerdict.OPERATOR,
    ),
    Clause(
        "5.4.2.5",
        "Mã kiểm tra toàn vẹn",
        "chuỗi băm SHA-256 của nhật ký, mã băm của từng văn bản, niêm phong Ed25519",
        "access-service verify",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.4.2.8",
        "Chữ ký số cho dữ liệu quan trọng",
        "xác nhận bằng phương tiện điện tử gắn với nội dung văn bản; chữ ký số thì chưa",
        "docs/decisions; access-service verify",
        ClauseVerdict.PARTLY,
        ("chữ ký số PAdES của thủ trưởng đơn vị",),
    ),
    Clause(
        "5.5.2.2",
        "Tự khoá phiên, khoá tài khoản khi đăng nhập sai, mở khoá khẩn cấp",
        "giới hạn của bộ quy tắc; access-service unlock",
        "docs/sign-in.md; policy/base/pack.toml",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.6",
        "Danh sách tài khoản, một tài khoản một người, mật khẩu, xác thực nhiều yếu tố, khoá khi không dùng",
        "danh sách tài khoản của báo cáo này; giới hạn của bộ quy tắc; hai yếu tố bắt buộc với tài khoản quản trị",
        "access-service report level-3 --accounts; docs/sign-in.md",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.8",
        "Nhật ký: nguồn, tài khoản, thời gian, hành động; giữ ít nhất 3 tháng",
        "nhật ký của sổ không bị xoá; nhật ký yêu cầu có tài khoản và nguồn khi bật ACCESS_SERVICE_LOG_CALLERS",
        "docs/watch.md; access-service verify",
        ClauseVerdict.OPERATOR,
    ),
    Clause(
        "5.11",
        "Sao lưu tự động, mã hoá, tách rời, có thử khôi phục",
        "lệnh sao lưu và khôi phục; lịch chạy và nơi cất do đơn vị vận hành",
        "docs/back-up.md; docs/restore.md; scripts/drill",
        ClauseVerdict.OPERATOR,
    ),
    Clause(
        "5.14",
        "Cam kết bảo mật; thu hồi khi thôi nhiệm vụ; tập huấn hằng năm",
        "cam kết từng người có chữ ký; quyền chấm dứt cùng nhiệm vụ; tập huấn ngoài hệ thống",
        "docs/for-heads.md; sự kiện duty.end, grant.end",
        ClauseVerdict.OPERATOR,
    ),
    Clause(
        "5.15",
        "Danh sách nhà cung cấp và văn bản trách nhiệm",
        "sổ phần mềm, văn bản đồng ý của Sở, thoả thuận, thời hạn lưu và xoá",
        "docs/software.md; access-service software",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.16",
        "Xử lý sự cố",
        "nhật ký, đình chỉ và thu hồi tức thời; sổ sự cố an toàn dữ liệu thì chưa",
        "docs/watch.md; docs/api.md",
        ClauseVerdict.PARTLY,
        ("sổ sự cố với thời hạn 24 giờ và 72 giờ",),
    ),
    Clause(
        "5.17",
        "Phát triển phần mềm an toàn",
        "kiểm thử tự động, máy đóng vai kẻ tấn công, kiểm tra mã nguồn trong CI",
        "docs/development.md",
        ClauseVerdict.MET,
    ),
    Clause(
        "5.18",
        "Kiểm thử xâm nhập",
        "do bên độc lập thực hiện",
        "báo cáo của bên kiểm thử",
        ClauseVerdict.OPERATOR,
    ),
)
IDLE, ADMIN_IDLE = timedelta(minutes=15), timedelta(minutes=5)
FAILED_LOGINS = 5
LOCKOUT = timedelta(hours=12), timedelta(days=30)
INACTIVE = timedelta(days=45)
ADMIN_PASSWORD_LIFE, ADMIN_HISTORY = timedelta(days=62), 10
LENGTH, CLASSES, LENGTH_WITH_FACTOR = 14, 4, 8


def judge_clauses(use: SignInRules, admin: SignInRules) -> Iterator[Clause]:
    """Every clause, with what the pack in force says otherwise than the standard asks."""
    lacking = {"5.5.2.2": (*_session(use, admin),), "5.6": (*_accounts(use, admin),)}
    for clause in CLAUSES:
        found = clause.lacking + lacking.get(clause.number, ())
        verdict = ClauseVerdict.PARTLY if found and clause.verdict is ClauseVerdict.MET else clause.verdict
        yield replace(clause, lacking=found, verdict=verdict)


def _session(use: SignInRules, admin: SignInRules) -> Iterator[str]:
    if use.idle > IDLE:
        yield f"phiên làm việc tự khoá sau {_minutes(use.idle)} phút, yêu cầu nhiều nhất {_minutes(IDLE)}"
    if admin.idle > ADMIN_IDLE:
        yield f"phiên quản trị tự khoá sau {_minutes(admin.idle)} phút, yêu cầu nhiều nhất {_minutes(ADMIN_IDLE)}"
    if use.failed_logins > FAILED_LOGINS:
        yield f"khoá sau {use.failed_logins} lần sai, yêu cầu nhiều nhất {FAILED_LOGINS}"
    if not LOCKOUT[0] <= use.lockout <= LOCKOUT[1]:
        yield f"khoá {_minutes(use.lockout)} phút, yêu cầu từ 12 giờ đến 30 ngày"


def _accounts(use: SignInRules, admin: SignInRules) -> Iterator[str]:
    if use.inactive > INACTIVE:
        yield f"khoá sau {use.inactive.days} ngày không dùng, yêu cầu nhiều nhất {INACTIVE.days}"
    if use.length < LENGTH or use.classes < CLASSES:
        yield f"mật khẩu một mình: {use.length} ký tự, {use.classes} loại; yêu cầu {LENGTH} ký tự, {CLASSES} loại"
    if use.length_with_factor < LENGTH_WITH_FACTOR:
        yield f"mật khẩu kèm yếu tố thứ hai: {use.length_with_factor} ký tự, yêu cầu {LENGTH_WITH_FACTOR}"
    if not admin.needs_factor:
        yield "tài khoản quản trị không bắt buộc yếu tố thứ hai"
    if admin.password_life is None or admin.password_life > ADMIN_PASSWORD_LIFE:
        yield "mật khẩu quản trị không đổi mỗi hai tháng"
    if admin.history < ADMIN_HISTORY:
        yield f"mật khẩu quản trị cũ được dùng lại sau {admin.history} lần, yêu cầu {ADMIN_HISTORY}"


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)

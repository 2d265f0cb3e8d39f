"""The example province: real places as text, invented schools and people, today's school year.

Communes are the offices since 1 July 2025; the two schools of Cẩm Giàng and Cẩm Giang were managed by a district
office until then, and stand under the regulation of the province they came from.
"""

from dataclasses import dataclass
from datetime import date

from access_service.domain.names import EducationLevel, UnitId

PRESCHOOL, PRIMARY, LOWER, UPPER, CONTINUING = EducationLevel

ROOT = UnitId("31")
ROOT_NAME = "Sở Giáo dục và Đào tạo thành phố Hải Phòng (dữ liệu minh hoạ)"
DISTRICT = UnitId("30295")
DISTRICT_NAME = "Phòng Giáo dục và Đào tạo huyện Cẩm Giàng (đến 30/6/2025)"
DISTRICTS_ENDED = date(2025, 7, 1)
LONG_AGO = date(2020, 8, 1)
DECREE = "Nghị định 142/2025/NĐ-CP"

COMMUNES: tuple[tuple[UnitId, str], ...] = (
    (UnitId("3111359"), "UBND phường Gia Viên"),
    (UnitId("3111383"), "UBND phường Lê Chân"),
    (UnitId("3111755"), "UBND xã Tiên Lãng"),
    (UnitId("3111914"), "UBND đặc khu Cát Hải"),
    (UnitId("3110888"), "UBND xã Cẩm Giang"),
    (UnitId("3110903"), "UBND xã Cẩm Giàng"),
)
HAI_DUONG = (UnitId("3110888"), UnitId("3110903"))
"""Communes that stand under the Hải Dương regulation until the two are merged."""


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """A school of the example: where it is, what it teaches, its classes as (code, level, grade)."""

    id: UnitId
    name: str
    manager: UnitId
    kind: str
    classes: tuple[tuple[str, EducationLevel, str], ...]

    @property
    def levels(self) -> frozenset[EducationLevel]:
        """The levels of its classes."""
        return frozenset(level for _, level, _ in self.classes)


def _classes(level: EducationLevel, *codes: str) -> tuple[tuple[str, EducationLevel, str], ...]:
    def grade(code: str) -> str:
        if level is PRESCHOOL:
            return f"mẫu giáo {code[:-1]} tuổi"
        digits = "".join(c for c in code if c.isdigit())
        return digits[:-1] if len(digits) > 1 else digits

    return tuple((code, level, grade(code)) for code in codes)


def _school(
    number: str,
    name: str,
    manager: str,
    *classes: tuple[tuple[str, EducationLevel, str], ...],
    kind: str = "school",
) -> DemoSchool:
    return DemoSchool(UnitId(number), name, UnitId(manager), kind, tuple(c for group in classes for c in group))


SCHOOLS: tuple[DemoSchool, ...] = (
    _school("311135901", "Trường Mầm non Gia Viên", "3111359", _classes(PRESCHOOL, "3-4A", "4-5A", "5-6A")),
    _school("311135902", "Trường Tiểu học Gia Viên", "3111359", _classes(PRIMARY, "1A", "3B", "5A")),
    _school("311138301", "Trường THCS Lê Chân", "3111383", _classes(LOWER, "6A1", "6A2", "7A1", "9A3")),
    _school(
        "311138302",
        "Trường Tiểu học và THCS Lê Chân",
        "3111383",
        _classes(PRIMARY, "4A", "5B"),
        _classes(LOWER, "6A1", "8A1"),
    ),
    _school("311175501", "Trường Mầm non Tiên Lãng", "3111755", _classes(PRESCHOOL, "3-4A", "5-6B")),
    _school("311175502", "Trường THCS Tiên Lãng", "3111755", _classes(LOWER, "6A1", "9A1")),
    _school(
        "311191401",
        "Trường Tiểu học và THCS Cát Hải",
        "3111914",
        _classes(PRIMARY, "1A", "5A"),
        _classes(LOWER, "9A1"),
    ),
    _school("311191402", "Trường Mầm non Cát Hải", "3111914", _classes(PRESCHOOL, "4-5A")),
    _school("311088801", "Trường THCS Cẩm Giang", "3110888", _classes(LOWER, "6A1", "7A1", "8A1")),
    _school("311090301", "Trường THCS Cẩm Giàng", "3110903", _classes(LOWER, "6A1", "7A1")),
    _school("310000001", "Trường THPT Hồng Bàng (minh hoạ)", "31", _classes(UPPER, "10A1", "11A1", "12C2")),
    _school(
        "310000002",
        "Trung tâm GDNN-GDTX Tiên Lãng (minh hoạ)",
        "31",
        _classes(CONTINUING, "10A1", "12A1"),
        kind="centre",
    ),
)
CLOSED_EDGES = (UnitId("311088801"), UnitId("311090301"))
"""Schools whose management by the district office is history."""

MAIN = UnitId("311138301")
"""The school in which every answer of the example is shown."""

PUPIL = "000000000001"
"""An invented pupil; the service holds no pupils, only who may see which class."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the example, and the reason when the answer is no."""

    name: str
    who: str
    action: str
    class_code: str | None
    category: str
    reason: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    unit: UnitId | None = None
    """Asked about a unit instead of a pupil."""
    school: UnitId = MAIN


_TWO_LEVELS = UnitId("311138302")
_TOAN, _VAN = (("subject", "TOAN"),), (("subject", "NGUVAN"),)
REVOCABLE = Question("Quyền sẽ bị thu hồi", "revocable", "read", "7A1", "STU-ACA")
QUESTIONS: tuple[Question, ...] = (
    Question("Giáo viên chủ nhiệm đọc kết quả học tập của lớp mình", "homeroom", "read", "6A1", "STU-ACA"),
    Question("Giáo viên chủ nhiệm ghi chuyên cần của lớp mình", "homeroom", "write", "6A1", "STU-ATT"),
    Question(
        "Giáo viên Toán ghi điểm Toán của lớp được phân công", "subject", "write", "6A1", "STU-ACA", None, _TOAN
    ),
    Question("Y tế học đường ghi sức khoẻ học sinh", "health", "write", "9A3", "STU-HEA"),
    Question("Hiệu trưởng duyệt học bạ", "head", "approve", "7A1", "STU-LLD"),
    Question("Giáo viên chủ nhiệm đọc thông tin liên hệ gia đình", "homeroom", "read", "6A1", "STU-CON"),
    Question("Y tế học đường đọc hồ sơ học sinh", "health", "read", "6A2", "STU-ID"),
    Question("Hiệu trưởng đọc kết quả học tập của mọi lớp", "head", "read", "6A2", "STU-ACA"),
    Question("Hiệu trưởng đọc thông tin trường", "head", "read", None, "SCH", None, (), MAIN),
    Question(
        "Cán bộ phụ trách tiểu học đọc số liệu tiểu học của trường TH và THCS",
        "primary_officer",
        "read",
        None,
        "STA",
        None,
        (("level", "primary"),),
        _TWO_LEVELS,
    ),
    Question(
        "Cán bộ phụ trách tiểu học không đọc số liệu trường THCS",
        "primary_officer",
        "read",
        None,
        "STA",
        "outside_level",
        (),
        MAIN,
    ),
    Question("Giáo viên chủ nhiệm không đọc lớp khác", "homeroom", "read", "6A2", "STU-ACA", "outside_class"),
    Question(
        "Giáo viên Toán không ghi điểm Ngữ văn", "subject", "write", "6A1", "STU-ACA", "outside_subject", _VAN
    ),
    Question(
        "Giáo viên chủ nhiệm không đọc hồ sơ tư vấn",
        "homeroom",
        "read",
        "6A1",
        "STU-VIO",
        "outside_category",
    ),
    Question("Giáo viên chủ nhiệm không duyệt", "homeroom", "approve", "6A1", "STU-ACA", "action_not_in_role"),
    Question(
        "Y tế của trường này không vào trường khác",
        "health",
        "read",
        "6A1",
        "STU-HEA",
        "outside_unit",
        school=_TWO_LEVELS,
    ),
    Question("Yêu cầu thiếu lớp", "homeroom", "read", None, "STU-ACA", "resource_incomplete"),
    Question("Động từ không có trong chính sách", "homeroom", "delete", "6A1", "STU-ACA", "unknown_action"),
    Question("Chưa ký đủ biên bản bàn giao", "unsigned", "read", "9A3", "STU-ACA", "minutes_unsigned"),
    Question("Quyền đã bị thu hồi", "revoked", "write", "6A1", "STU-ID", "grant_ended"),
    Question("Quyền đang tạm khoá", "suspended", "read", None, "SCH", "grant_suspended", (), MAIN),
    Question("Tài khoản đang tạm khoá", "locked", "read", None, "FIN", "account_not_active", (), MAIN),
    Question("Giáo viên chủ nhiệm ghi khen thưởng, kỷ luật", "homeroom", "write", "6A1", "STU-REW"),
    Question("Hiệu trưởng xuất kết quả học tập", "head", "export", "7A1", "STU-ACA"),
)

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý")
_MIDDLES = ("Văn", "Thị", "Minh", "Thu", "Đức", "Ngọc", "Hữu", "Thanh")
_GIVEN = (
    "An",
    "Ánh",
    "Ân",
    "Bình",
    "Dung",
    "Đạt",
    "Giang",
    "Hà",
    "Khánh",
    "Lan",
    "Mai",
    "Nga",
    "Oanh",
    "Ơn",
    "Phúc",
)


def invented_name(number: int) -> str:
    """The n-th invented name; the parts turn at different speeds so that names seldom repeat."""
    surname = _SURNAMES[number % len(_SURNAMES)]
    middle = _MIDDLES[(number // 3) % len(_MIDDLES)]
    return f"{surname} {middle} {_GIVEN[(number * 7) % len(_GIVEN)]}"


def school_year_of(today: date) -> tuple[str, date, date]:
    """The school year of a day: its name, its first day, and the first day on which it is closed."""
    first = today.year if today >= date(today.year, 8, 16) else today.year - 1
    return f"{first}-{first + 1}", date(first, 8, 16), date(first + 1, 8, 16)

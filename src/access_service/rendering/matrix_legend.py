"""What the words, letters, colours and filters of a matrix mean, for the sheet that explains the others."""

from collections.abc import Iterable, Iterator, Sequence

from access_service.rendering.matrix_columns import LETTERS, OTHER_LETTER, SENSITIVE, SHEET_NAMES
from access_service.rendering.sheets import ACCOUNT_STATES, KINDS, STATES
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixHead, MatrixShape

ACTIONS = {
    "read": "xem",
    "write": "sửa",
    "approve": "duyệt",
    "export": "xuất danh sách, biểu mẫu",
    "submit": "gửi báo cáo",
    "export_raw": "tải bảng dữ liệu từng dòng",
}
"""The actions that have a letter."""
_STATES = {
    "pending": "hai bên chưa ký đủ biên bản, hoặc chưa có bản cam kết theo mẫu đang áp dụng",
    "scheduled": "đã đủ văn bản, chưa đến ngày bắt đầu",
    "effective": "đủ văn bản, đúng thời hạn, không bị tạm khoá; có ghi thêm về tài khoản thì chưa dùng được",
    "suspended": "quyền, đơn vị hoặc thẩm quyền phân cấp đang bị tạm khoá",
    "expired": "đã qua ngày hết hiệu lực, hoặc năm học đã đóng",
    "ended": "đã chấm dứt trước hạn",
    "vacant": "tài khoản quản trị không có người quản lý",
}
_SHAPES = {
    MatrixShape.PERSON: "mỗi dòng một quyền được giao, hoặc một người quản lý tài khoản quản trị",
    MatrixShape.CLASS: "mỗi dòng một lớp, với mọi người tới được dữ liệu của lớp",
    MatrixShape.CATEGORY: "mỗi dòng một nhóm dữ liệu trong một quyền; nhóm nhạy cảm đứng trước",
    MatrixShape.ANOMALY: "mỗi dòng một điều cần xem: ai, quyền nào, từ khi nào, căn cứ, cách khắc phục",
    MatrixShape.CHANGE: "mỗi dòng một thay đổi của một quyền giữa hai thời điểm, và nguyên nhân",
}


def legend_lines(
    head: MatrixHead, shapes: Sequence[MatrixShape], colours: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Word and meaning; a heading where there is no meaning."""
    yield "Các bảng", ""
    for shape in shapes:
        yield SHEET_NAMES[shape], _SHAPES[shape]
    yield "Từ cấp trên", "người, phần mềm không thuộc đơn vị mà quyền bao trùm đơn vị hoặc một phần của đơn vị"
    yield "Bộ lọc", ""
    yield from filter_lines(head.filters)
    yield "Chữ cái của hành động", ""
    for action, letter in LETTERS.items():
        yield letter, ACTIONS[action]
    yield OTHER_LETTER, "hành động khác của bộ quy tắc"
    yield "Nhóm dữ liệu", ""
    for category in head.categories:
        yield category.id, category.vi + (f"{SENSITIVE} (nhạy cảm)" if category.sensitive else "")
    yield "Trạng thái", ""
    for state, meaning in _STATES.items():
        yield STATES[state], meaning
    for words in ACCOUNT_STATES.values():
        yield f"… {words}", "quyền còn đó nhưng chưa dùng được"
    yield "Màu", ""
    for words in colours:
        name, _, meaning = words.partition(": ")
        yield name, meaning
    yield "Nguồn gốc", ""
    yield (
        "Lần dùng gần nhất",
        (
            "ngày gần nhất dịch vụ trả lời cho phép, hoặc cấp mã truy cập, theo quyền này; không gồm việc bên khác "
            "tự kiểm tra mã truy cập; khi máy dừng đột ngột có thể thiếu phút cuối"
        ),
    )
    yield "Bộ quy tắc", "; ".join(f"{p.name} {p.version}: SHA-256 {p.digest}" for p in head.packs) or "không có"
    yield (
        "Nhật ký",
        (
            "việc lập tệp này được ghi vào nhật ký (sự kiện matrix.export của đơn vị) cùng mã băm SHA-256 của tệp; "
            "cùng câu hỏi cho cùng một tệp"
        ),
    )


def filter_lines(filters: MatrixFilters) -> Iterator[tuple[str, str]]:
    """What was asked for, in words."""
    said = (
        ("Vai trò", filters.role),
        ("Nhóm dữ liệu", filters.category),
        ("Hành động", None if filters.action is None else ACTIONS.get(filters.action, filters.action)),
        ("Lớp", None if filters.class_id is None else filters.class_id.rpartition(":")[2]),
        ("Nhạy cảm", None if filters.sensitive is None else ("có" if filters.sensitive else "không")),
        ("Trạng thái", None if filters.state is None else STATES.get(filters.state, filters.state)),
        ("Loại tài khoản", None if filters.kind is None else KINDS[filters.kind]),
        ("Loại đơn vị", filters.unit_kind),
        ("Người", filters.person),
    )
    asked = [(name, value) for name, value in said if value is not None]
    yield from asked or [("Không có", "toàn bộ các dòng")]

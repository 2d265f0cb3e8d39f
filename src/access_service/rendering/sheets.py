"""A matrix as a sheet: CSV, XLSX or JSON, row by row, so that a province fits in little memory.

Text stays text: a cell that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab, carriage return) is
written as a string in XLSX and behind an apostrophe in CSV. CSV is UTF-8 with a byte order mark, lines end in CRLF
(RFC 4180).
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter

from access_service.domain.names import AccountKind, Capacity
from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.domain.vocabulary import LEVEL_TEXT
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.matrix_values import Matrix, MatrixHead, MatrixRow, Note
from access_service.usecases.live.revisions import revision_text

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

SHEET_ROWS = 1_000_000
"""Rows of one worksheet; XLSX ends at 1,048,576, and the rest goes on in a next one."""
TITLE_LINES = 5
"""Lines above the table; one empty row follows."""
LINE_POINTS = 12
"""Height of a line of text."""
CELL_LIMIT = 32_767
"""Characters of one XLSX cell."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = {code: " " for code in range(32) if chr(code) not in "\t\n\r"}
"""Characters that XML 1.0 cannot hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet."""

    heading: str
    width: int
    """In characters, as spreadsheets measure."""
    text: Callable[[MatrixRow], str]


def instant_text(t: datetime | None) -> str:
    """`dd/mm/yyyy HH:MM` on a Vietnamese clock (UTC+7); empty for None."""
    return "" if t is None else local(t).strftime("%d/%m/%Y %H:%M")


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


def _scope(row: MatrixRow) -> str:
    words = scope_text(row.scope, row.class_names)
    # Heads of schools are given theirs by the office: say where, when it is not where they serve.
    return words if row.scope is None or row.scope.unit == row.unit else f"đơn vị {row.scope.unit}; {words}"


def _rights(row: MatrixRow) -> str:
    return "; ".join(f"{right.category_vi}: {', '.join(right.actions_vi)}" for right in row.rights)


def _minutes(row: MatrixRow) -> str:
    if row.document is None:
        return ""
    return f"{row.document_number or 'chưa có số'} ngày {day_text(row.document_dated)}"


def _commitment(row: MatrixRow) -> str:
    if row.committed_at is None:
        return ""
    return f"mẫu {row.commitment_version or '?'}, ký {local(row.committed_at):%d/%m/%Y}"


def _signer(row: MatrixRow) -> str:
    if row.capacity is None:
        return ""
    return f"{row.signer_name} ({signed_as(row.capacity, row.signer_title)})"


def signed_as(capacity: Capacity, title: str) -> str:
    """As papers print it: a head by the position's own title, whoever signs in their place by both."""
    words = CAPACITIES[capacity]
    if not title or capacity in (Capacity.SELF, Capacity.WITNESS):
        return words
    return title.upper() if capacity is Capacity.HEAD else f"{words}, {title.upper()}"


def _notes(row: MatrixRow) -> str:
    words = [NOTES[note] for note in row.notes]
    if row.answerable_name:
        words.append(f"thủ trưởng chịu trách nhiệm: {row.answerable_name}")
    return "; ".join(words)


COLUMNS: tuple[Column, ...] = (
    Column("Mã đơn vị", 10, lambda row: row.unit),
    Column("Tên đơn vị", 20, lambda row: row.unit_name),
    Column("Tài khoản", 14, lambda row: row.username),
    Column("Loại tài khoản", 14, lambda row: KINDS[row.account_kind]),
    Column("Họ và tên", 18, lambda row: row.person_name),
    Column(
        "Chức vụ, nhiệm vụ",
        18,
        lambda row: HOLDERS.get(row.position, "") if row.grant is None else row.position_vi or row.position,
    ),
    Column("Vai trò", 18, lambda row: CUSTODY_ROLE if row.grant is None else row.role_vi),
    Column("Phạm vi", 22, _scope),
    Column("Nhóm dữ liệu và hành động được phép", 46, _rights),
    Column("Hiệu lực từ", 11, lambda row: instant_text(row.starts_at)),
    Column("Hiệu lực đến", 11, lambda row: instant_text(row.ends_at)),
    Column("Trạng thái", 12, lambda row: STATES.get(row.state, row.state)),
    Column("Đơn vị cấp", 20, lambda row: f"{row.issuer} – {row.issuer_name}" if row.issuer else ""),
    Column("Biên bản (số, ngày)", 15, _minutes),
    Column("Bản cam kết (mẫu, ngày ký)", 14, _commitment),
    Column("Người ký bên giao (tư cách)", 20, _signer),
    Column("Ghi chú", 26, _notes),
)


def title_lines(head: MatrixHead) -> tuple[str, ...]:
    """What stands above the table: unit, instant, revision, digests of the packs in force."""
    packs = [f"{p.name} {p.version} (SHA-256 {p.digest})" for p in head.packs] or ["không có"]
    recorded = f", ghi nhận {instant_text(head.recorded_at)}" if head.recorded_at else ""
    return (
        "MA TRẬN PHÂN QUYỀN",
        f"Đơn vị: {head.unit} – {head.unit_name} (gồm {head.units} đơn vị)",
        f"Thời điểm: {instant_text(head.at)} (giờ Việt Nam, UTC+7)"
        + ("; gồm cả quyền đã chấm dứt" if head.include_ended else ""),
        f"Phiên bản dữ liệu: {revision_text(head.revision)}{recorded}",
        f"Bộ quy tắc: {'; '.join(packs)}",
    )


def write_csv(matrix: Matrix, stream: IO[bytes]) -> int:
    """The rows as CSV, without title lines, so that programs read it too. Returns how many."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.heading for column in COLUMNS])
    count = 0
    for row in matrix.rows:
        writer.writerow([_guarded(column.text(row)) for column in COLUMNS])
        count += 1
    text.detach()
    return count


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_xlsx(matrix: Matrix, stream: IO[bytes], *, sheet_rows: int = SHEET_ROWS) -> int:
    """The rows as a workbook for A4 landscape. Returns how many rows."""
    book = xlsxwriter.Workbook(
        stream,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    # The instant asked about, not the clock: the same question gives the same file.
    book.set_properties(
        {"title": "Ma trận phân quyền", "subject": matrix.head.unit, "created": matrix.head.at.replace(tzinfo=None)}
    )
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "line": book.add_format({}),
        "heading": book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "bg_color": "#DDE6F0"}
        ),
        "cell": book.add_format({"text_wrap": True, "valign": "top", "border": 1, "font_size": 9}),
    }
    count, sheet, at = 0, None, 0
    for row in matrix.rows:
        if sheet is None or count % sheet_rows == 0:
            _close_sheet(sheet, at)
            sheet = _new_sheet(book, matrix.head, styles, count // sheet_rows)
            at = TITLE_LINES + 1
        at += 1
        texts = [_cell(column.text(row)) for column in COLUMNS]
        sheet.set_row(at, _height(texts))
        for number, text in enumerate(texts):
            if text:
                sheet.write_string(at, number, text, styles["cell"])
            else:
                sheet.write_blank(at, number, None, styles["cell"])
        count += 1
    if sheet is None:
        sheet, at = _new_sheet(book, matrix.head, styles, 0), TITLE_LINES + 1
    _close_sheet(sheet, at)
    book.close()
    return count


def _cell(text: str) -> str:
    """What a cell can hold: no control characters, and a mark where the text had to be cut."""
    if not text.isprintable():
        text = text.translate(_CONTROL)
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"


def _height(texts: Sequence[str]) -> float:
    """Points for the longest wrapped cell: not every program fits the rows of a file that it opens."""
    lines = max(-(-len(text) // (column.width - 1)) for text, column in zip(texts, COLUMNS, strict=True))
    return min(max(lines, 1) * LINE_POINTS + 3, 409)


def _new_sheet(book: Any, head: MatrixHead, styles: dict[str, Any], number: int) -> Any:
    sheet = book.add_worksheet("Ma trận" if number == 0 else f"Ma trận {number + 1}")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    # Seventeen columns on one sheet of A4 could not be read: two abreast, both with unit and account.
    sheet.fit_to_pages(2, 0)
    sheet.repeat_columns(0, 2)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&RTrang &P/&N")
    for index, column in enumerate(COLUMNS):
        sheet.set_column(index, index, column.width)
    lines = title_lines(head)
    for index, line in enumerate(lines):
        sheet.write_string(index, 0, _cell(line), styles["title" if index == 0 else "line"])
    first = TITLE_LINES + 1
    sheet.set_row(first, 32)
    for index, column in enumerate(COLUMNS):
        sheet.write_string(first, index, column.heading, styles["heading"])
    sheet.freeze_panes(first + 1, 3)
    sheet.repeat_rows(first)
    return sheet


def _close_sheet(sheet: Any, last: int) -> None:
    """The filter and the printed area, once it is known where the rows end."""
    if sheet is not None:
        first = TITLE_LINES + 1
        sheet.autofilter(first, 0, max(last, first), len(COLUMNS) - 1)


def write_json(matrix: Matrix, stream: IO[bytes]) -> int:
    """Head and rows as one JSON object, codes and words; instants ISO 8601 with offset. Returns how many rows."""
    opening = json.dumps(head_json(matrix.head), ensure_ascii=False, separators=(",", ":"))[:-1]
    stream.write(f'{opening},"rows":['.encode())
    count = 0
    for row in matrix.rows:
        line = json.dumps(row_json(row), ensure_ascii=False, separators=(",", ":"))
        stream.write((",\n" if count else "\n").encode() + line.encode())
        count += 1
    stream.write(b"\n]}\n")
    return count


def head_json(head: MatrixHead) -> dict[str, Any]:
    """What the rows are about, as JSON; the revision is the opaque string of the wire."""
    return {**json_value(head), "revision": revision_text(head.revision)}


def row_json(row: MatrixRow) -> dict[str, Any]:
    """One row as JSON: every code, with the Vietnamese of state and scope beside it."""
    return {
        **json_value(row),
        "state_vi": STATES.get(row.state, row.state),
        "scope_vi": _scope(row),
    }


WRITERS: dict[str, tuple[Callable[[Matrix, IO[bytes]], int], str]] = {
    "json": (write_json, "application/json"),
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""By format: the writer and the media type."""

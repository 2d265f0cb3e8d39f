"""The units below with their progress as a sheet for a meeting: one row a unit, the worst first."""

from datetime import datetime
from io import BytesIO

import xlsxwriter

from access_service.domain.progress import CustodyMark
from access_service.domain.time import local
from access_service.rendering.sheets import day_text, instant_text
from access_service.usecases.tasks.units_below import UnitLine, UnitsBelow

_COLUMNS = (
    ("Mã đơn vị", 14),
    ("Đơn vị", 42),
    ("Người quản lý tài khoản quản trị", 30),
    ("Số người", 10),
    ("Đã có quyền", 12),
    ("Chờ người nhận ký", 12),
    ("Chờ bên giao ký", 12),
    ("Cần sửa", 10),
    ("Chưa có quyền", 12),
    ("Việc chờ lâu nhất từ ngày", 14),
    ("Chậm", 8),
    ("Đã nhắc ngày", 12),
)
_CUSTODY = {CustodyMark.AWAITING: "chờ ký biên bản giao", CustodyMark.VACANT: "chưa có người quản lý"}


def write_units(found: UnitsBelow, unit_name: str, at: datetime) -> bytes:
    """The sheet as a file."""
    held = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(held, options) as book:
        sheet = book.add_worksheet("Đơn vị trực thuộc")
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "text_wrap": True, "border": 1})
        sheet.write_string(0, 0, f"Tiến độ bàn giao quyền của các đơn vị trực thuộc {unit_name}", bold)
        sheet.write_string(1, 0, f"Thời điểm: {instant_text(at)} (UTC+7); {found.total} đơn vị")
        for column, (word, width) in enumerate(_COLUMNS):
            sheet.write_string(3, column, word, head)
            sheet.set_column(column, column, width)
        for row, line in enumerate(found.items, start=4):
            _write(sheet, row, line)
        sheet.freeze_panes(4, 2)
        sheet.autofilter(3, 0, 3 + max(1, len(found.items)), len(_COLUMNS) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(3)
    return held.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, line: UnitLine) -> None:
    p = line.progress
    sheet.write_string(row, 0, line.unit.id)
    sheet.write_string(row, 1, line.unit.name)
    sheet.write_string(row, 2, line.custodian or _CUSTODY.get(p.custody, ""))
    numbers = (p.people, p.with_rights, p.awaiting_receiver, p.awaiting_giver, p.to_mend, p.without_rights)
    for column, number in enumerate(numbers, start=3):
        sheet.write_number(row, column, number)
    sheet.write_string(row, 9, day_text(None if p.waiting_since is None else local(p.waiting_since).date()))
    sheet.write_string(row, 10, "có" if line.is_late else "")
    said = None if line.reminded is None else local(line.reminded.valid_from).date()
    sheet.write_string(row, 11, day_text(said))

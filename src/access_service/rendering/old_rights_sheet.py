"""An old system's accounts and rights beside paper, as a workbook for a unit's meeting: three sheets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO

import xlsxwriter

from access_service.domain.names import PersonId
from access_service.domain.old_words import PAPER_SAID, REASON_SAID, STANDING_SAID
from access_service.rendering.sheets import instant_text
from access_service.usecases.old_systems.old_exports import OldExportSeen

RIGHTS_HEAD = (
    "Dòng",
    "Tài khoản",
    "Họ và tên",
    "Quyền ở hệ thống cũ",
    "Văn bản",
    "Phần không có văn bản",
    "Số văn bản",
)
ALONE_HEAD = ("Họ và tên", "Quyền có văn bản, hệ thống cũ không có", "Số văn bản")
MATCH_HEAD = ("Dòng", "Tài khoản", "Họ và tên trong tệp", "Danh sách", "Vì sao", "Người trong hồ sơ", "Có thể là")
_WIDTHS = (8, 20, 28, 40, 20, 34, 40)


def write_old_rights(seen: OldExportSeen, at: datetime) -> bytes:
    """The workbook as a file."""
    held = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(held, options) as book:
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "text_wrap": True, "border": 1})

        def add(name: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, f"{title} – {seen.unit_name}", bold)
            source = f"Hệ thống cũ: {seen.export.system}; tệp “{seen.export.name}”"
            sheet.write_string(1, 0, f"{source}; thời điểm: {instant_text(at)} (UTC+7)")
            for column, word in enumerate(columns):
                sheet.write_string(3, column, word, head)
                sheet.set_column(column, column, _WIDTHS[column])
            last = 3
            for last, row in enumerate(rows, start=4):
                for column, cell in enumerate(row):
                    sheet.write_string(last, column, cell)
            sheet.freeze_panes(4, 0)
            sheet.autofilter(3, 0, max(4, last), len(columns) - 1)
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(3)

        add("Quyền và văn bản", "Quyền ở hệ thống cũ đối chiếu văn bản", RIGHTS_HEAD, _rights(seen))
        add("Chỉ có văn bản", "Quyền có văn bản mà hệ thống cũ không có", ALONE_HEAD, _alone(seen))
        add("Tài khoản", "Tài khoản ở hệ thống cũ là của ai", MATCH_HEAD, _matches(seen))
    return held.getvalue()


def _name(seen: OldExportSeen, person: PersonId | None) -> str:
    return "" if person is None else seen.names.get(person, "")


def _rights(seen: OldExportSeen) -> Iterable[Sequence[str]]:
    for x in seen.lines:
        numbers = ", ".join(dict.fromkeys(filter(None, (seen.papers.get(g, "") for g in x.grants))))
        name = _name(seen, x.person) or x.row.name
        yield str(x.row.line), x.row.account, name, x.said, PAPER_SAID[x.paper].vi, x.beyond, numbers


def _alone(seen: OldExportSeen) -> Iterable[Sequence[str]]:
    for x in seen.alone:
        yield _name(seen, x.person), x.said, seen.papers.get(x.grant, "")


def _matches(seen: OldExportSeen) -> Iterable[Sequence[str]]:
    for m in seen.matches:
        could = "; ".join(f"{seen.names.get(p, '')} ({seen.titles.get(p, '')})" for p in m.candidates)
        standing, reason = STANDING_SAID[m.standing].vi, REASON_SAID[m.reason].vi
        yield str(m.row.line), m.row.account, m.row.name, standing, reason, _name(seen, m.person), could

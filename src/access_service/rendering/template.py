"""A template of the import files: headers, a small office that would be valid as it stands, and what columns mean.

The example is a school under a department: the department's officer operates its admin account, the principal the
school's, and the principal is given the school's data by the department. Everything in it is invented.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

from access_service.domain.external_ids import NATIONAL, ExternalKind
from access_service.domain.names import AccountKind, Capacity, DocumentKind, EducationLevel
from access_service.domain.policy import Pack
from access_service.usecases.imports.csv_files import COLUMNS, GUIDE

_BEHIND_GUIDE = 5
"""The first column of words to choose from, on the sheet of the guide."""
_TITLE, _MESSAGE, _LAST_ROW = 32, 255, 100_000
"""Most characters that Excel shows of a title and of a message; how far down the lists reach."""
_ROOT, _SCHOOL = "31", "3111305001"
_DIRECTOR, _OFFICER, _PRINCIPAL = "000000000001", "000000000002", "000000000003"


def _scan(code: str) -> str:
    """There is no scan of an invented paper; the hash of its code stands for it."""
    return hashlib.sha256(code.encode()).hexdigest()


def _minutes(code: str, kind: str, dated: str, unit: str, receiver: str, giver: str) -> tuple[str, ...]:
    number = f"{code[-2:]}/BB-SGDĐT"
    paper = (f"HS-2024/{code}", _scan(code))
    return (code, kind, number, dated, unit, receiver, giver, "head", dated, dated, "", *paper)


EXAMPLE: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "units": (
            (_ROOT, "Sở Giáo dục và Đào tạo", "department", "", "01/01/2016", ""),
            (_SCHOOL, "Trường THCS Mẫu", "school", "lower_secondary", "01/01/2016", ""),
        ),
        "edges": ((_SCHOOL, _ROOT, "01/QĐ-SGDĐT", "01/01/2016", ""),),
        "school_years": (("2024-2025", "05/09/2024", "15/08/2025"),),
        "classes": ((_SCHOOL, "2024-2025", "6A1", "Lớp 6A1", "lower_secondary", "6"),),
        "persons": (
            (_DIRECTOR, "Nguyễn Thị Mẫu"),
            (_OFFICER, "Trần Văn Mẫu"),
            (_PRINCIPAL, "Lê Thị Mẫu"),
        ),
        "accounts": (
            (f"QT-{_ROOT}", "admin", "qt.31", "", _ROOT, "01/07/2024", ""),
            (f"QT-{_SCHOOL}", "admin", f"qt.{_SCHOOL}", "", _SCHOOL, "01/07/2024", ""),
            (f"TK-{_PRINCIPAL}", "use", f"cbql.{_PRINCIPAL}", _PRINCIPAL, _ROOT, "01/07/2024", ""),
        ),
        "assignments": (
            ("PC-1", _DIRECTOR, _ROOT, "director", "02/QĐ-UBND", "01/03/2023", "01/03/2023", *("",) * 7),
            (
                *("PC-2", _OFFICER, _ROOT, "officer_in_charge_of_admin_account", "03/QĐ-SGDĐT"),
                *("01/03/2024", "01/03/2024", *("",) * 7),
            ),
            ("PC-3", _PRINCIPAL, _SCHOOL, "principal", "04/QĐ-SGDĐT", "01/03/2023", "01/03/2023", *("",) * 7),
        ),
        "authorities": (
            (f"TQ-{_ROOT}", _ROOT, *("",) * 6, "05/QĐ-UBND", "01/01/2016", ""),
            (
                *(f"TQ-{_SCHOOL}", _SCHOOL, f"TQ-{_ROOT}", "lower_secondary", "", "", "", ""),
                *("06/QĐ-SGDĐT", "01/07/2024", ""),
            ),
        ),
        "documents": (
            _minutes("BB-01", "custody_minutes", "05/07/2024", _ROOT, _OFFICER, _DIRECTOR),
            _minutes("BB-02", "custody_minutes", "10/07/2024", _ROOT, _PRINCIPAL, _DIRECTOR),
            _minutes("BB-03", "handover_minutes", "20/08/2024", _ROOT, _PRINCIPAL, _DIRECTOR),
            (
                *("CK-01", "commitment", "01/CK-SGDĐT", "20/08/2024", _ROOT, _PRINCIPAL, "", "", ""),
                *("20/08/2024", "1", "HS-2024/CK-01", _scan("CK-01")),
            ),
        ),
        "custodies": (
            (f"QL-{_ROOT}", _ROOT, _OFFICER, "BB-01", "06/07/2024", ""),
            (f"QL-{_SCHOOL}", _SCHOOL, _PRINCIPAL, "BB-02", "11/07/2024", ""),
        ),
        "external_ids": (("person", _PRINCIPAL, _SCHOOL, NATIONAL, "0000000003", "05/09/2024"),),
        "grants": (
            (
                *("Q-1", f"TK-{_PRINCIPAL}", "principal", _ROOT, _SCHOOL, f"TQ-{_ROOT}", "PC-3", "BB-03"),
                *("", "", "", "lower_secondary", "", "05/09/2024", "15/08/2025"),
            ),
        ),
    }
)
"""Rows that the importer takes into a new register whose root is `31`."""

_EVERYWHERE: Mapping[str, str] = MappingProxyType(
    {
        "code": "Mã, không trùng trong trang tính; chữ số 0 ở đầu là một phần của mã",
        "kind": "Loại",
        "name": "Tên",
        "unit": "Mã đơn vị",
        "person": "Mã người, ở trang persons",
        "valid_from": "Ngày bắt đầu, dd/mm/yyyy",
        "valid_to": "Ngày kết thúc (từ 00:00 ngày này không còn hiệu lực); để trống nếu chưa có",
        "school_year": "Năm học, ví dụ 2024-2025",
        "classes": "Mã lớp của đơn vị, cách nhau bằng dấu ;  9A1 là cả lớp, 9A1:TOAN là một môn",
        "subjects": "Mã môn học, cách nhau bằng dấu ;",
        "levels": "preschool, primary, lower_secondary, upper_secondary, continuing; cách nhau bằng dấu ;",
        "categories": "Nhóm dữ liệu, cách nhau bằng dấu ;  để trống là tất cả",
        "decision_number": "Số, ký hiệu quyết định",
        "document": "Mã biên bản, ở trang documents",
    }
)
"""What a column means in every sheet that has it and does not say otherwise below."""

_IN_SHEET: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("units", "kind"): "Loại đơn vị: department, division, district_office, commune, school, centre, …",
        ("units", "levels"): "Cấp học của trường, trung tâm; cách nhau bằng dấu ;",
        ("edges", "unit"): "Đơn vị được quản lý tài khoản",
        ("edges", "manager"): "Cơ quan quản lý trực tiếp theo phân cấp quản lý tài khoản",
        ("edges", "basis"): "Số, ký hiệu văn bản làm căn cứ",
        ("school_years", "starts_on"): "Ngày khai giảng",
        (
            "school_years",
            "closes_on",
        ): "Ngày đóng năm học, sau thi lại và kết chuyển; từ đó hết quyền theo lớp",
        ("classes", "school"): "Mã trường",
        ("classes", "code"): "Mã lớp trong trường và năm học, không có dấu : và ;",
        ("classes", "level"): "Cấp học",
        ("classes", "grade"): "Khối",
        ("persons", "name"): "Họ và tên; chỉ trang này có tên người",
        (
            "accounts",
            "kind",
        ): "admin: tài khoản quản trị của đơn vị; use: tài khoản sử dụng của một người",
        ("accounts", "username"): "Tên đăng nhập",
        ("accounts", "person"): "Mã người; để trống với tài khoản quản trị",
        ("accounts", "unit"): "Đơn vị của tài khoản quản trị, hoặc đơn vị cấp tài khoản sử dụng",
        ("accounts", "issued_on"): "Ngày cấp",
        ("accounts", "activation_code_sha256"): "SHA-256 của mã kích hoạt; để trống thì hệ thống tự tạo mã",
        ("assignments", "position"): "Vị trí, nhiệm vụ theo quy tắc phân quyền, ví dụ principal",
        ("assignments", "decision_date"): "Ngày ký quyết định",
        ("assignments", "substitutes"): "Mã phân công của người được dạy thay, làm thay",
        (
            "assignments",
            "leads",
        ): "yes: người phụ trách chính trong số giáo viên của nhóm, lớp mầm non; để trống nếu không",
        ("authorities", "parent"): "Mã thẩm quyền của cơ quan quản lý trực tiếp; chỉ Sở để trống",
        ("authorities", "grades"): "Khối, cách nhau bằng dấu ;  để trống là tất cả",
        ("authorities", "actions"): "Thao tác, cách nhau bằng dấu ;  để trống là tất cả",
        ("documents", "kind"): "handover_minutes, custody_minutes hoặc commitment",
        ("documents", "number"): "Số, ký hiệu văn bản",
        ("documents", "dated"): "Ngày văn bản",
        ("documents", "unit"): "Đơn vị bên giao, hoặc đơn vị nhận bản cam kết",
        ("documents", "receiver"): "Mã người nhận bàn giao hoặc người cam kết",
        ("documents", "giver_signer"): "Mã người ký bên giao; để trống với bản cam kết",
        ("documents", "giver_capacity"): "head, KT. hoặc Q.; để trống với bản cam kết",
        ("documents", "giver_signed_on"): "Ngày bên giao ký; để trống với bản cam kết",
        ("documents", "receiver_signed_on"): "Ngày bên nhận ký, hoặc ngày ký cam kết",
        ("documents", "text_version"): "Phiên bản nội dung cam kết; để trống với biên bản",
        ("documents", "reference"): "Nơi lưu bản giấy",
        ("documents", "sha256"): "SHA-256 của bản quét, 64 chữ số thập lục phân",
        ("custodies", "person"): "Mã người quản lý tài khoản quản trị",
        ("custodies", "document"): "Mã biên bản bàn giao tài khoản quản trị",
        ("external_ids", "kind"): "person: người; account: tài khoản; unit: đơn vị; class: lớp",
        ("external_ids", "target"): "Mã của người, tài khoản, đơn vị, hoặc lớp (trường:năm học:lớp)",
        ("external_ids", "unit"): "Mã đơn vị chịu trách nhiệm về mã ngoài này",
        ("external_ids", "system"): "Tên hệ thống ngoài, ví dụ smas, csdl-gddt",
        ("external_ids", "value"): "Mã ở hệ thống ngoài, giữ nguyên cách viết",
        ("grants", "account"): "Mã tài khoản sử dụng",
        ("grants", "role"): "Vai trò theo quy tắc phân quyền, ví dụ homeroom_teacher",
        ("grants", "unit"): "Đơn vị cấp quyền",
        ("grants", "scope_unit"): "Đơn vị có dữ liệu; để trống là đơn vị cấp quyền",
        ("grants", "authority"): "Mã thẩm quyền của đơn vị cấp quyền",
        ("grants", "assignment"): "Mã phân công làm căn cứ",
    }
)


def guide() -> list[tuple[str, str, str]]:
    """(sheet, column, meaning in Vietnamese) for every column of the format."""
    return [
        (sheet, column, _IN_SHEET.get((sheet, column)) or _EVERYWHERE[column])
        for sheet, columns in COLUMNS.items()
        for column in columns
    ]


_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("classes", "level"): tuple(map(str, EducationLevel)),
        ("accounts", "kind"): (str(AccountKind.ADMIN), str(AccountKind.USE)),
        ("external_ids", "kind"): tuple(map(str, ExternalKind)),
        ("assignments", "leads"): ("yes",),
        ("documents", "kind"): tuple(
            map(str, (DocumentKind.HANDOVER_MINUTES, DocumentKind.CUSTODY_MINUTES, DocumentKind.COMMITMENT))
        ),
        ("documents", "giver_capacity"): tuple(map(str, (Capacity.HEAD, Capacity.DEPUTY, Capacity.ACTING))),
    }
)
"""Columns whose words are few and the same everywhere."""


def lists_of(pack: Pack) -> dict[tuple[str, str], tuple[str, ...]]:
    """What may stand in a column where one of several words does: the pack's, and the same in all."""
    return {
        **_WORDS,
        ("units", "kind"): tuple(pack.unit_kinds),
        ("assignments", "position"): tuple(pack.positions),
        ("grants", "role"): tuple(pack.roles),
    }


def write_template(path: Path, *, xlsx: bool, pack: Pack | None = None) -> None:
    """Write headers, the example and the guide: one workbook at `path`, or CSV files in the directory `path`.

    A workbook explains each column in Vietnamese where somebody stands, and offers the words of `pack` to choose
    from. The guide (sheet or file `guide`) is never read back.
    """
    sheets: list[tuple[str, Iterable[tuple[str, ...]]]] = [
        (GUIDE, [("Trang tính", "Cột", "Ý nghĩa"), *guide()]),
        *((sheet, [columns, *EXAMPLE[sheet]]) for sheet, columns in COLUMNS.items()),
    ]
    if xlsx:
        _write_workbook(path, sheets, dict(_WORDS) if pack is None else lists_of(pack))
        return
    path.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets:
        # Spreadsheet programs take a CSV file for UTF-8 only when it begins with a byte order mark.
        with (path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _write_workbook(
    path: Path,
    sheets: Iterable[tuple[str, Iterable[tuple[str, ...]]]],
    lists: Mapping[tuple[str, str], tuple[str, ...]],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ranges: Mapping[tuple[str, str], str] = {}
    # Text stays text: a leading "=" is no formula, and a code keeps its zeros even where somebody retypes it.
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        as_text = book.add_format({"num_format": "@"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(COLUMNS.get(name, ("",) * 3)) - 1, 24, as_text)
            for number, row in enumerate(rows):
                for column, text in enumerate(row):
                    sheet.write_string(number, column, text, as_text)
            if name == GUIDE:
                ranges = _write_lists(sheet, lists, as_text)
            else:
                _explain_columns(sheet, name, ranges)


def _write_lists(
    sheet: Worksheet, lists: Mapping[tuple[str, str], tuple[str, ...]], as_text: Format
) -> dict[tuple[str, str], str]:
    """The words to choose from, a column each behind the guide; where they stand, as a formula."""
    ranges: dict[tuple[str, str], str] = {}
    for place, (key, found) in enumerate(lists.items()):
        column = _BEHIND_GUIDE + place
        for row, text in enumerate((f"{key[0]}.{key[1]}", *found)):
            sheet.write_string(row, column, text, as_text)
        ranges[key] = f"={GUIDE}!{xl_range_abs(1, column, len(found), column)}"
    return ranges


def _explain_columns(sheet: Worksheet, name: str, ranges: Mapping[tuple[str, str], str]) -> None:
    meanings = {column: text for of, column, text in guide() if of == name}
    for number, column in enumerate(COLUMNS[name]):
        told: dict[str, Any] = {
            "validate": "any",
            "input_title": column[:_TITLE],
            "input_message": meanings[column][:_MESSAGE],
        }
        if (name, column) in ranges:
            told |= {
                "validate": "list",
                "source": ranges[name, column],
                "error_title": "Ngoài danh sách",
                "error_message": "Hãy chọn một từ trong danh sách; danh sách có ở trang guide.",
            }
        sheet.data_validation(1, number, _LAST_ROW, number, told)

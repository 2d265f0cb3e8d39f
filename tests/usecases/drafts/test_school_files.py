"""A school's own workbook becomes text exactly, or is refused with a code that says how to go on."""

from __future__ import annotations

import io
import zipfile

import pytest

from access_service.domain.drafting import ReadSheet
from access_service.domain.drafting_sheets import rows_of_sheet
from access_service.domain.errors import RefusedError
from access_service.domain.headings import MOST_BYTES, MOST_ROWS, recognise
from access_service.domain.reasons import Refusal
from access_service.usecases.drafts.school_files import read_school_file
from usecases.drafts.grids import workbook


def only(content: bytes, name: str = "PC.xlsx") -> ReadSheet:
    [sheet] = read_school_file(name, content).sheets
    return sheet


def refused(content: bytes, name: str = "PC.xlsx") -> RefusedError:
    with pytest.raises(RefusedError) as error:
        read_school_file(name, content)
    return error.value


def people(sheet: ReadSheet) -> list[tuple[str, ...]]:
    mapping = recognise(sheet.name, sheet.rows)
    assert mapping is not None
    return [cells.texts() for cells, _, _ in rows_of_sheet(sheet, mapping)[0]]


def test_text_numbers_keep_their_zeros_and_numbers_lose_their_point() -> None:
    sheet = only(workbook([["Mã", "Họ và tên", "Số"], ["000112", "An", 17], ["0007", "Bình", 2.5]]))
    assert sheet.rows[1:] == (("000112", "An", "17"), ("0007", "Bình", "2.5"))
    assert sheet.lines == (1, 2, 3)


def test_text_is_composed_however_it_was_typed() -> None:
    assert only(workbook([["Họ và tên", "Dạy"], ["Đặng Ngọc Ánh", "x"]])).rows[1][0] == "Đặng Ngọc Ánh"


def test_joined_cells_are_filled_down_and_marked() -> None:
    def shape(_book: object, sheet: object) -> None:
        sheet.merge_range(1, 0, 2, 0, "Dương Đức An")  # type: ignore[attr-defined]

    sheet = only(workbook([["Họ và tên", "Dạy"], [None, "Toán 7A1"], [None, "Tin 7A2"], ["Bình", "Văn 6A"]], shape))
    assert sheet.merged == {2}
    assert people(sheet) == [("Dương Đức An", "", "", "Toán 7A1; Tin 7A2", ""), ("Bình", "", "", "Văn 6A", "")]


def test_a_teacher_on_several_lines_is_one_person_and_remarks_are_nobody() -> None:
    sheet = only(
        workbook(
            [
                ["BẢNG PHÂN CÔNG"],
                ["STT", "Họ đệm", "Tên", "Môn", "Lớp dạy", "Chức vụ"],
                ["I", "Tổ Toán - Tin"],
                ["1", "Dương Đức", "An", "Toán", "7A1, 7A2", "Tổ trưởng Toán"],
                ["", "", "", "Tin học", "7A1"],
                ["2", "Lê", "Bình", "Văn", "6A"],
                ["", "Người lập", "", "", "Hiệu trưởng"],
            ]
        )
    )
    assert people(sheet)[-2:] == [
        ("Dương Đức An", "", "", "Toán 7A1, 7A2; Tin học 7A1", "Tổ trưởng Toán"),
        ("Lê Bình", "", "", "Văn 6A", ""),
    ]


def test_a_line_a_class_is_turned_into_a_row_a_teacher() -> None:
    sheet = only(
        workbook(
            [["Lớp", "GVCN", "Toán", "Ngữ văn"], ["7A1", "An", "An", "Bình, Chi"], ["7A2", "Bình", "An", "Bình"]]
        )
    )
    mapping = recognise(sheet.name, sheet.rows)
    assert mapping is not None
    entries, classes = rows_of_sheet(sheet, mapping)
    assert classes == ("7A1", "7A2")
    assert [cells.texts() for cells, _, _ in entries] == [
        ("An", "", "7A1", "Toán 7A1, 7A2", ""),
        ("Bình", "", "7A2", "Ngữ văn 7A1, 7A2", ""),
        ("Chi", "", "", "Ngữ văn 7A1", ""),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_unicode_with_any_separator(encoding: str, separator: str) -> None:
    text = f"Họ và tên{separator}CN\nÁnh{separator}6A1\n"
    assert only(text.encode(encoding), "pc.csv").rows == (("Họ và tên", "CN"), ("Ánh", "6A1"))


def test_a_formula_counts_as_the_result_that_is_stored_with_it() -> None:
    def shape(_book: object, sheet: object) -> None:
        sheet.write_formula(1, 1, "=1+1", None, "7A1")  # type: ignore[attr-defined]

    assert only(workbook([["Họ và tên", "CN"], ["An"]], shape)).rows[1] == ("An", "7A1")


def without_results(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            new.writestr(part, old.read(part).replace(b"<v>0</v>", b""))
    return target.getvalue()


def test_a_formula_without_a_result_is_refused_by_its_cell() -> None:
    def shape(_book: object, sheet: object) -> None:
        sheet.write_formula(1, 1, "=1+1")  # type: ignore[attr-defined]

    found = refused(without_results(workbook([["Họ và tên", "CN"], ["An"]], shape)))
    assert (found.code, found.details["cell"]) == (Refusal.SHEET_FORMULA, "B2")


def packed(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (OLE + b"\0" * 600, "pc.xls", Refusal.SHEET_OLD_FORMAT),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "pc.xlsx", Refusal.SHEET_LOCKED),
        (packed(**{"xl__vbaProject.bin": b"x"}), "pc.xlsm", Refusal.SHEET_OLD_FORMAT),
        (packed(mimetype=b"application/vnd.oasis"), "pc.ods", Refusal.SHEET_OLD_FORMAT),
        (packed(**{"xl__workbook.bin": b"x"}), "pc.xlsb", Refusal.SHEET_OLD_FORMAT),
        (b"%PDF-1.7", "pc.pdf", Refusal.SHEET_OLD_FORMAT),
        (packed(anything=b"x"), "pc.xlsx", Refusal.SHEET_UNREADABLE),
        (b"PK\x03\x04 torn", "pc.xlsx", Refusal.SHEET_UNREADABLE),
        (b"\xff\xfeB", "pc.csv", Refusal.SHEET_UNREADABLE),
        ("Họ tên,CN".encode("cp1258", "replace"), "pc.csv", Refusal.SHEET_UNREADABLE),
        (b"a" * (MOST_BYTES + 1), "pc.csv", Refusal.SHEET_TOO_LARGE),
        (packed(bomb=b"\0" * (51 << 20)), "pc.xlsx", Refusal.SHEET_TOO_LARGE),
        (b"a,b\n" * (MOST_ROWS + 1), "pc.csv", Refusal.SHEET_TOO_LARGE),
        (b"," * 60 + b"\n", "pc.csv", Refusal.SHEET_TOO_LARGE),
    ],
)
def test_what_is_no_school_workbook_is_refused_with_a_code(content: bytes, name: str, code: Refusal) -> None:
    assert refused(content, name).code is code


def test_a_file_is_called_by_its_last_name_alone() -> None:
    assert read_school_file("C:\\Users\\x\\PC.csv", b"a,b").name == "PC.csv"


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose one sheet is that XML."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["Họ và tên"], ["An"]]))) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            is_sheet = item.filename.startswith("xl/worksheets/sheet")
            new.writestr(item, xml if is_sheet else old.read(item.filename))
    return target.getvalue()


NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def test_cells_joined_over_ten_million_rows_cost_no_more_than_the_rows_there_are() -> None:
    rows = b'<row r="1"><c r="A1" t="inlineStr"><is><t>An</t></is></c></row>'
    joined = b'<mergeCell ref="A1:A9999999"/>' * 1000
    xml = b'<worksheet xmlns="%s"><sheetData>%s</sheetData><mergeCells>%s</mergeCells></worksheet>'
    assert only(with_sheet(xml % (NAMESPACE, rows, joined))).rows == (("An",),)


def test_an_empty_error_far_to_the_right_is_a_column_too_many() -> None:
    rows = b'<row r="1"><c r="A1" t="inlineStr"><is><t>An</t></is></c><c r="XFD1" t="e"><v/></c></row>'
    xml = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (NAMESPACE, rows)
    assert refused(with_sheet(xml)).code is Refusal.SHEET_TOO_LARGE

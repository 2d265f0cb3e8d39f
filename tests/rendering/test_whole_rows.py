"""A row that is written whole is, byte for byte, the row that XlsxWriter writes cell by cell."""

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from access_service.rendering.whole_rows import RowSheet

HARD = [
    "",
    "6A",
    " trước và sau ",
    "a & b < c > d",
    "_x000D_",
    "hai\ndòng",
    "\tthẻ",
    "=1+1",
    "Nguyễn Thị Mười",
    "x" * 300,
]
ROWS = st.lists(st.lists(st.sampled_from(HARD) | st.text(max_size=12), min_size=1, max_size=30), max_size=6)
HEIGHTS = (15.0, 27.0, 409.0)


def book_of(stream: io.BytesIO) -> Any:
    return xlsxwriter.Workbook(
        stream, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )


def sheet_in(stream: io.BytesIO) -> bytes:
    with zipfile.ZipFile(stream) as package:
        return package.read("xl/worksheets/sheet1.xml")


def is_markup(text: str) -> bool:
    """XlsxWriter writes such a text as it stands."""
    return text.startswith("<r>")


def cell_by_cell(rows: list[list[str]], runs: tuple[str, ...] = ()) -> bytes:
    stream = io.BytesIO()
    book = book_of(stream)
    plain, bold = book.add_format({"font_size": 9}), book.add_format({"bold": True})
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "đầu trang", bold)
    for at, texts in enumerate(rows, start=2):
        sheet.set_row(at, HEIGHTS[at % len(HEIGHTS)])
        for number, text in enumerate(texts):
            if text:
                sheet.write_string(at, number, text, plain)
            else:
                sheet.write_blank(at, number, None, plain)
        if runs:
            sheet.write_rich_string(at, len(texts), bold, runs[0], plain, runs[1], plain)
    book.close()
    return sheet_in(stream)


def row_by_row(rows: list[list[str]], runs: tuple[str, ...] = ()) -> bytes:
    stream = io.BytesIO()
    book = book_of(stream)
    plain, bold = book.add_format({"font_size": 9}), book.add_format({"bold": True})
    sheet = book.add_worksheet(worksheet_class=RowSheet)
    sheet.write_string(0, 0, "đầu trang", bold)
    for at, texts in enumerate(rows, start=2):
        sheet.begin_line(at)
        cells = [sheet.text_cell(text, plain) for text in texts]
        if runs:
            cells.append(sheet.rich_cell([bold, runs[0], plain, runs[1]], plain))
        sheet.write_line(HEIGHTS[at % len(HEIGHTS)], cells)
    book.close()
    return sheet_in(stream)


@given(rows=ROWS)
def test_a_row_written_whole_is_the_row_written_cell_by_cell(rows: list[list[str]]) -> None:
    kept = [[text for text in texts if not is_markup(text)] or ["6A"] for texts in rows]
    assert row_by_row(kept) == cell_by_cell(kept)


@pytest.mark.parametrize("runs", [("Hồ sơ *: xem", "; điểm & kết quả"), (" trước", "_x0041_")])
def test_a_cell_in_runs_is_the_cell_in_runs_of_the_library(runs: tuple[str, ...]) -> None:
    rows = [["6A"], ["6B", ""]]
    assert row_by_row(rows, runs) == cell_by_cell(rows, runs)


def test_a_name_that_looks_like_markup_stays_a_name() -> None:
    """Cell by cell it would stand in the sheet as markup of its own."""
    name = "<r><t>Nguyễn</t></r>"
    assert name.encode() in cell_by_cell([[name]])
    assert b"&lt;r&gt;&lt;t&gt;" in row_by_row([[name]])
    assert name.encode() not in row_by_row([[name]])

"""Reading files that people and strangers made: strict about text, bounded about size."""

import io
import zipfile
from datetime import date

import pytest
import xlsxwriter

from access_service.domain.errors import ImportRefusedError
from access_service.rendering.template import GUIDE, guide, write_template
from access_service.usecases.imports import package, source
from access_service.usecases.imports.csv_files import COLUMNS
from access_service.usecases.imports.source import read_source
from usecases.import_world import PROJECT, example, write


def faults_of(path):
    with pytest.raises(ImportRefusedError) as refused:
        read_source(path)
    return [str(fault) for fault in refused.value.faults]


def workbook(path, sheet, *rows, columns=None):
    with xlsxwriter.Workbook(str(path)) as index:
        written = index.add_worksheet(sheet)
        for number, row in enumerate([columns or COLUMNS.get(sheet, ()), *rows]):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    written.write_datetime(number, column, cell, index.add_format({"num_format": "dd/mm/yyyy"}))
                else:
                    written.write(number, column, cell)
    return path


def rewritten(path, part, change):
    """The same workbook with one part changed."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_one_csv_file_is_named_after_its_sheet(tmp_path):
    write(tmp_path, example())

    sheets = read_source(tmp_path / "persons.csv")

    assert list(sheets.by_name) == ["persons"]
    assert list(sheets.by_name["persons"].numbers) == [2, 3, 4]


def test_rows_are_numbered_by_the_line_they_begin_on(tmp_path):
    (tmp_path / "persons.csv").write_text('code,name\n1,"Mẫu\nMột"\n\n2,Mẫu Hai\n3\n', encoding="utf-8")

    sheets = read_source(tmp_path)

    assert list(sheets.by_name["persons"].numbers) == [5]
    assert [f.place for f in sheets.faults] == ["persons.csv:2", "persons.csv:6"]


def test_columns_may_stand_in_any_order_but_none_is_missing_or_unknown(tmp_path):
    (tmp_path / "persons.csv").write_text("name,code\nMẫu,1\n", encoding="utf-8")
    assert read_source(tmp_path).by_name["persons"].columns == ("name", "code")

    (tmp_path / "persons.csv").write_text("code,nickname,code\n1,Mẫu,1\n", encoding="utf-8")
    text = "\n".join(faults_of(tmp_path))
    assert "persons.csv:1: unknown column `nickname`" in text
    assert "persons.csv:1: column `name` is missing" in text
    assert "persons.csv:1: column `code` stands twice" in text


def test_broken_utf_8_is_refused_with_its_line(tmp_path):
    (tmp_path / "persons.csv").write_bytes(b"code,name\n1,M\xe1\xba\xabu\n2,M\xabu\n")

    assert faults_of(tmp_path)[0].startswith("persons.csv:3: the line is not UTF-8")


def test_a_file_of_no_sheet_and_a_folder_of_no_file_are_refused(tmp_path):
    assert "holds no csv file" in faults_of(tmp_path)[0]
    (tmp_path / "people.csv").write_text("code,name\n", encoding="utf-8")
    assert "no sheet is called `people`" in faults_of(tmp_path)[0]
    assert "neither" in faults_of(tmp_path / "nowhere")[0]


def test_csv_beyond_the_limits_is_refused(tmp_path, monkeypatch):
    (tmp_path / "persons.csv").write_text("code,name\n1,Mẫu\n2,Mẫu\n", encoding="utf-8")
    monkeypatch.setattr(source, "MAX_ROWS", 1)
    assert "more than 1 rows" in faults_of(tmp_path)[0]
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 10)
    assert "larger than 10 bytes" in faults_of(tmp_path)[0]


def test_an_open_quote_is_refused(tmp_path):
    (tmp_path / "persons.csv").write_text('code,name\n1,"Mẫu\n2,Mẫu\n', encoding="utf-8")

    assert "persons.csv:2: not CSV" in faults_of(tmp_path)[0]


def test_a_formula_is_refused_with_its_cell(tmp_path):
    path = workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"], ["2", '=CONCATENATE("M","u")'])

    places = [f.place for f in read_source(path).faults]

    assert places == ["a.xlsx:persons:B3"]


def test_a_formula_across_two_chunks_is_found(tmp_path, monkeypatch):
    path = workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"], ["2", "=1+1"])

    for size in range(1, 40):
        monkeypatch.setattr(package, "_CHUNK", size)
        assert [f.place for f in read_source(path).faults] == ["a.xlsx:persons:B3"], size


def test_a_number_has_lost_its_zeros_and_is_refused_as_a_code(tmp_path):
    path = workbook(tmp_path / "a.xlsx", "persons", [1, "Mẫu"], ["002", "Mẫu"])

    sheets = read_source(path)

    assert sheets.by_name["persons"].rows == [("002", "Mẫu")]
    assert [(f.place, "leading zeros" in f.hint) for f in sheets.faults] == [("a.xlsx:persons:A2", True)]


def test_days_and_grades_may_be_typed_as_excel_likes(tmp_path):
    years = workbook(tmp_path / "a.xlsx", "school_years", ["2024-2025", date(2024, 9, 5), date(2025, 8, 15)])
    classes = workbook(tmp_path / "b.xlsx", "classes", ["1", "2024-2025", "6A1", "Lớp 6A1", "lower_secondary", 6])

    assert read_source(years).by_name["school_years"].rows == [("2024-2025", "05/09/2024", "15/08/2025")]
    assert read_source(classes).by_name["classes"].rows[0][-1] == "6"


def test_an_unknown_sheet_is_refused_and_the_guide_is_not_read(tmp_path):
    write_template(tmp_path / "t.xlsx", xlsx=True)
    assert GUIDE not in read_source(tmp_path / "t.xlsx").by_name

    assert "no sheet is called `Sheet1`" in faults_of(workbook(tmp_path / "a.xlsx", "Sheet1"))[0]


def test_a_cell_right_of_the_last_column_is_a_bad_row(tmp_path):
    path = workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu", "lời nhắn"])

    assert [f.place for f in read_source(path).faults] == ["a.xlsx:persons:C2"]


def test_a_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "MAX_FILE_BYTES", 1 << 20)
    path = rewritten(
        workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"]), SHEET, lambda xml: xml + b" " * (2 << 20)
    )
    assert path.stat().st_size < 1 << 16

    assert "once unpacked" in faults_of(path)[0]


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "MAX_FILE_BYTES", 1 << 20)
    path = rewritten(
        workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"]), SHEET, lambda xml: xml + b" " * (2 << 20)
    )
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert content.count(size) == 2, "in the part's own header and in the directory"
    path.write_bytes(content.replace(size, (1_000).to_bytes(4, "little")))

    assert "once unpacked" in faults_of(path)[0]


@pytest.mark.parametrize("cell", ["B900000", "b2", "zz900000", "XFE2", "B02", "B0", "2B", "B2B2", "Б2"])
def test_a_cell_whose_place_is_none_is_refused_where_it_stands(tmp_path, cell):
    path = rewritten(
        workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"]),
        SHEET,
        lambda xml: xml.replace(b'r="B2"', f"r='{cell}'".encode()),
    )

    assert [str(f).partition(" (")[0] for f in read_source(path).faults] == [
        "a.xlsx:persons:B2: `name` holds a cell whose place cannot be read"
    ]


def test_a_lone_cell_far_away_costs_what_it_takes_to_write(tmp_path):
    far_right = rewritten(
        workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"]),
        SHEET,
        lambda xml: xml.replace(b'r="B2"', b'r="XFD2"'),
    )
    assert [f.place for f in read_source(far_right).faults] == ["a.xlsx:persons:XFD2"]

    far_below = rewritten(
        workbook(tmp_path / "b.xlsx", "persons", ["1", "Mẫu"]),
        SHEET,
        lambda xml: xml.replace(b'<row r="2"', b'<row r="1048576"').replace(b'2" t=', b'1048576" t='),
    )
    assert list(read_source(far_below).by_name["persons"].numbers) == [1_048_576]


def test_a_sheet_in_another_encoding_is_refused(tmp_path):
    path = rewritten(
        workbook(tmp_path / "a.xlsx", "persons", ["1", "Mẫu"]), SHEET, lambda xml: xml.decode().encode("utf-16")
    )

    assert "not UTF-8 XML" in faults_of(path)[0]


def test_what_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 nothing")

    assert "not a workbook" in faults_of(tmp_path / "a.xlsx")[0]


def test_the_guide_explains_every_column():
    explained = [(sheet, column) for sheet, column, meaning in guide() if meaning]

    assert explained == [(sheet, column) for sheet, columns in COLUMNS.items() for column in columns]


def test_the_documentation_names_the_same_columns():
    page = (PROJECT / "docs" / "import.md").read_text(encoding="utf-8")

    for sheet, columns in COLUMNS.items():
        assert f"\n{sheet}: {','.join(columns)}\n" in page


@pytest.mark.parametrize("sign", ["\x1f", "\x1c", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("column", ["valid_to", "levels"])
def test_a_cell_of_characters_that_show_nothing_is_no_empty_cell(tmp_path, sign, column):
    """Python calls them white space: a limit that was damaged on the way became no limit."""
    rows = example()
    rows["grants"][0][column] = sign
    write(tmp_path, {"grants": rows["grants"]})

    sheets = read_source(tmp_path)

    assert [(f.place, f.message) for f in sheets.faults] == [
        ("grants.csv:2", f"`{column}` holds an invisible character")
    ]

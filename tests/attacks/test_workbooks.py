"""Stories of files that say something else than they show, or cost more than they hold."""

import resource
import struct
import zipfile

import pytest

import workbooks
from access_service.domain.errors import ImportRefusedError
from access_service.usecases.imports import csv_files, package
from access_service.usecases.imports.csv_files import COLUMNS
from access_service.usecases.imports.source import read_source
from workbooks import DAY, DAY_MONTH, DIGITS, MAIN, MONTH_YEAR, PERCENT, TIME, of_columns, parts, sheet, text

YEARS = COLUMNS["school_years"]
CLASSES = COLUMNS["classes"]


def said(path):
    """What is said of a file: of all of it, or of its rows."""
    try:
        return [str(fault) for fault in read_source(path).faults]
    except ImportRefusedError as refused:
        return [str(fault) for fault in refused.faults]


def read(path, name):
    sheets = read_source(path)
    assert sheets.faults == ()
    return sheets.by_name[name].rows


def book(path, name, content, **more):
    return workbooks.write(path / "a.xlsx", parts(name, content, **more))


def year(path, closes, code=None):
    """A school year whose last day stands in a cell of any kind."""
    return book(
        path,
        "school_years",
        of_columns(YEARS, [code or text("A2", "2024-2025"), text("B2", "05/09/2024"), closes]),
    )


def numbered(path, cell):
    """A paper's number in a cell of any kind: `document` has `number` in the third column."""
    return book(path, "documents", of_columns(COLUMNS["documents"], [text("A2", "BB-1"), cell]))


# -- an empty cell means empty, everything else is read or refused


@pytest.mark.parametrize(
    "error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#GETTING_DATA"]
)
def test_an_error_cell_is_never_an_empty_one(tmp_path, error):
    for cell in (f'<c r="C2" t="e"><v>{error}</v></c>', f'<c r="C2" s="1" t="e"><v>{error}</v><extLst/></c>'):
        assert said(year(tmp_path, cell)) == [
            f"a.xlsx:school_years:C2: `closes_on` holds the error {error} (correct it, or clear the cell)"
        ]
    assert "a.xlsx:school_years:C2" in said(year(tmp_path, '<c r="C2" t="e"/>'))[0]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "########", "Err:502", "#NAME?"])
def test_an_error_that_became_text_is_refused_too(tmp_path, error):
    assert "holds the error" in said(year(tmp_path, text("C2", error)))[0]
    (tmp_path / "school_years.csv").write_text(f"{','.join(YEARS)}\n2024-2025,05/09/2024,{error}\n")
    assert said(tmp_path / "school_years.csv")[0].startswith("school_years.csv:2: `closes_on` holds the error")


def test_an_empty_cell_in_every_spelling_is_empty(tmp_path):
    for cell in (
        "",
        '<c r="C2"/>',
        '<c r="C2" s="1"/>',
        '<c r="C2" t="s"/>',
        '<c r="C2" t="inlineStr"><is><t/></is></c>',
    ):
        rows = read(year(tmp_path, cell), "school_years")
        assert rows == [("2024-2025", "05/09/2024", "")]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="C2"><f>A1</f><v>45884</v></c>',
        '<c r="C2"><f>A1</f></c>',
        '<c r="C2" t="str"><f>A1</f><v>15/08/2025</v></c>',
        '<c r="C2"><f t="shared" si="0"/><v>1</v></c>',
        '<c r="C2"><v>45884</v><f>A1</f></c>',
    ],
)
@pytest.mark.parametrize("part", ["ws/sheet1.xml", "worksheets\\Sheet1.XML", "WorkSheets/SHEET1.bin", "odd"])
def test_a_formula_is_found_whatever_its_part_is_called(tmp_path, cell, part):
    content = of_columns(YEARS, [text("A2", "2024-2025"), text("B2", "05/09/2024"), cell])
    path = book(tmp_path, "school_years", content, part=part)

    assert said(path)[0].startswith("a.xlsx:school_years:C2: a formula is not a value")


def test_a_part_is_found_in_another_case_and_behind_a_backslash(tmp_path):
    found = parts("school_years", of_columns(YEARS, [text("A2", "2024-2025"), text("B2", "05/09/2024")]))
    renamed = {name.replace("xl/", "XL\\"): content for name, content in found.items()}

    assert len(read(workbooks.write(tmp_path / "a.xlsx", renamed), "school_years")) == 1


def test_a_prefix_and_the_strict_namespace_are_read_alike(tmp_path):
    content = of_columns(
        YEARS, [text("A2", "2024-2025"), text("B2", "05/09/2024"), '<c r="C2" t="e"><v>#N/A</v></c>']
    )
    prefixed = (
        content.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    )
    assert "holds the error #N/A" in said(book(tmp_path, "school_years", prefixed))[0]

    strict = {name: c.replace(MAIN, workbooks.STRICT) for name, c in parts("school_years", content).items()}
    assert "holds the error #N/A" in said(workbooks.write(tmp_path / "s.xlsx", strict))[0]


@pytest.mark.parametrize(
    ("style", "value"), [(DAY_MONTH, "46174"), (MONTH_YEAR, "44927"), (DAY, "46174"), (TIME, "0.25"), (14, "1")]
)
def test_a_date_that_a_program_made_of_a_code_is_refused(tmp_path, style, value):
    cells = [text("A2", "31"), text("B2", "2024-2025"), f'<c r="C2" s="{style}"><v>{value}</v></c>']
    path = book(tmp_path, "classes", of_columns(CLASSES, cells))
    assert said(path)[0].startswith("a.xlsx:classes:C2: `code` holds a")

    assert said(numbered(tmp_path, f'<c r="C2" s="{style}"><v>{value}</v></c>'))[0].startswith(
        "a.xlsx:documents:C2: `number` holds a"
    )


def test_a_day_is_taken_only_where_its_day_month_and_year_are_shown(tmp_path):
    assert read(year(tmp_path, f'<c r="C2" s="{DAY}"><v>45884</v></c>'), "school_years")[0][2] == "15/08/2025"
    for style in (DAY_MONTH, MONTH_YEAR, TIME, DIGITS, PERCENT, 0, 99):
        assert "a.xlsx:school_years:C2" in said(year(tmp_path, f'<c r="C2" s="{style}"><v>45884</v></c>'))[0]
    for value in ("45884.5", "1E+400", "NaN", "-1", "60", "2958466", "INF", "", "４５８８４"):
        assert "a.xlsx:school_years:C2" in said(year(tmp_path, f'<c r="C2" s="{DAY}"><v>{value}</v></c>'))[0]


def test_days_of_the_calendar_from_1904_and_of_iso_8601_are_read_as_they_are_shown(tmp_path):
    found = parts(
        "school_years",
        of_columns(
            YEARS,
            [
                text("A2", "2024-2025"),
                '<c r="B2" t="d"><v>2024-09-05T00:00:00</v></c>',
                f'<c r="C2" s="{DAY}"><v>44422</v></c>',
            ],
        ),
    )
    found["xl/workbook.xml"] = found["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    path = workbooks.write(tmp_path / "a.xlsx", found)

    assert read(path, "school_years") == [("2024-2025", "05/09/2024", "15/08/2025")]
    assert "a date with a time" in said(year(tmp_path, '<c r="C2" t="d"><v>2025-08-15T08:30:00</v></c>'))[0]


@pytest.mark.parametrize(
    "value",
    ["12345678901234567890", "1.2345678901234567E+19", "1E+400", "NaN", "0.5", "1E3", "-1", "007", "1_0", "１"],
)
def test_a_number_is_taken_with_all_its_digits_or_not_at_all(tmp_path, value):
    assert "a.xlsx:documents:C2" in said(numbered(tmp_path, f'<c r="C2"><v>{value}</v></c>'))[0]


def test_a_number_shown_otherwise_than_stored_is_refused(tmp_path):
    assert read(numbered(tmp_path, '<c r="C2"><v>17</v></c>'), "documents")[0][2] == "17"
    for style in (DIGITS, PERCENT, 99):
        assert "shown otherwise" in said(numbered(tmp_path, f'<c r="C2" s="{style}"><v>17</v></c>'))[0]


@pytest.mark.parametrize("cell", ['<c r="C2" t="b"><v>1</v></c>', '<c r="C2" t="b"><v>0</v></c>'])
def test_a_truth_value_is_no_text_and_no_number(tmp_path, cell):
    assert "`number` holds the truth value" in said(numbered(tmp_path, cell))[0]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="C2" t="s"><v>2</v></c>',
        '<c r="C2" t="s"><v>-1</v></c>',
        '<c r="C2" t="s"><v/></c>',
        '<c r="C2" t="x"><v>1</v></c>',
        '<c r="C2"><v></v></c>',
        '<c r="C2">5</c>',
        '<c r="C2"><v>1</v><v>2</v></c>',
        '<c r="C2"><v>1<y/></v></c>',
        '<c r="C2" t="inlineStr"><v>1</v></c>',
        '<c r="C2" t="inlineStr"><is><x/></is></c>',
        '<c r="C2" t="e"><is><t>x</t></is></c>',
    ],
)
def test_a_cell_that_is_none_of_the_format_is_refused_where_it_stands(tmp_path, cell):
    assert said(numbered(tmp_path, cell))[0].startswith("a.xlsx:documents:C2: `number` holds")


def test_something_between_the_cells_is_refused(tmp_path):
    assert said(numbered(tmp_path, "<y/>"))[0].startswith("a.xlsx:documents:B2: `kind` holds something that is not")


def test_shared_rich_and_escaped_texts_are_read_whole(tmp_path):
    people = of_columns(
        ("code", "name"),
        [text("A2", "1"), '<c r="B2" t="s"><v>1</v></c>'],
        [text("A3", "2"), text("B3", "B_x1EA3_o &amp; An")],
        [text("A4", "3"), '<c r="B4" t="str"><v>Bình</v></c>'],
    )

    assert read(book(tmp_path, "persons", people), "persons") == [
        ("1", "Nguyễn An"),
        ("2", "Bảo & An"),
        ("3", "Bình"),
    ]
    ends = of_columns(("code", "name"), [text("A2", "1"), text("B2", "A_x000D_B")])
    assert "invisible" in said(book(tmp_path, "persons", ends))[0]


# -- what nobody saw is not imported


@pytest.mark.parametrize("state", ["hidden", "veryHidden", "?"])
def test_a_hidden_sheet_is_refused(tmp_path, state):
    content = of_columns(YEARS, [text("A2", "2024-2025"), text("B2", "05/09/2024")])

    assert said(book(tmp_path, "school_years", content, state=state))[0].startswith(
        "a.xlsx:school_years: the sheet is hidden"
    )


def test_hidden_rows_and_columns_and_joined_cells_are_refused(tmp_path):
    cells = [text("A2", "2024-2025"), text("B2", "05/09/2024"), text("C2", "15/08/2025")]
    content = of_columns(YEARS, cells)
    for hidden in ('<row r="2" hidden="1">', '<row r="2" ht="0">'):
        path = book(tmp_path, "school_years", content.replace('<row r="2">', hidden))
        assert said(path) == ["a.xlsx:school_years:2: the row is hidden (show it, or delete it)"]
    for hidden in ('<col min="3" max="3" hidden="1"/>', '<col min="3" max="9" width="0"/>'):
        path = book(tmp_path, "school_years", of_columns(YEARS, cells, before=f"<cols>{hidden}</cols>"))
        assert said(path) == ["a.xlsx:school_years:C: the column is hidden (show it)"]
    merged = '<mergeCells><mergeCell ref="C2:C4"/></mergeCells>'
    path = book(tmp_path, "school_years", of_columns(YEARS, cells, behind=merged))
    assert said(path)[0].startswith("a.xlsx:school_years:C2:C4: cells are joined")
    path = book(tmp_path, "school_years", of_columns(YEARS, cells, before='<sheetFormatPr zeroHeight="1"/>'))
    assert said(path)[0].startswith("a.xlsx:school_years: its rows are hidden")


# -- text of other encodings


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("NguyÔn V¨n An", "TCVN3"),
        ("Nguyeãn Vaên An", "VNI"),
        ("Nguyá»…n VÄƒn An", "decoded as another"),
        ("Nguy\ufffdn An", "lost"),
        ("Nguy?n An", "lost"),
        ("Nguy&amp;#7877;n An", "numbers"),
    ],
)
def test_text_of_another_encoding_is_refused_in_files_of_both_kinds(tmp_path, name, encoding):
    people = of_columns(("code", "name"), [text("A2", "1"), text("B2", name)])
    found = said(book(tmp_path, "persons", people))
    assert found[0].startswith("a.xlsx:persons:2: `name` holds")
    assert encoding in found[0]

    (tmp_path / "persons.csv").write_text(f"code,name\n1,{name.replace('&amp;', '&')}\n", encoding="utf-8")
    assert said(tmp_path / "persons.csv")[0].startswith("persons.csv:2: `name` holds")


# -- packages that lie


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        "<!-- nothing -->",
        "<?nothing?>",
    ],
)
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/texts.xml", "_rels/.rels"])
def test_a_document_type_is_refused_in_every_part(tmp_path, head, part):
    found = parts("school_years", of_columns(YEARS, [text("A2", "2024-2025")]))
    found[part] = found[part].replace(workbooks.HEAD, workbooks.HEAD + head)

    assert "a.xlsx" in said(workbooks.write(tmp_path / "a.xlsx", found))[0]


def test_an_entity_of_nobody_and_another_encoding_are_refused(tmp_path):
    found = parts("school_years", of_columns(YEARS, [text("A2", "&x;")]))
    assert "not the XML of a workbook" in said(workbooks.write(tmp_path / "a.xlsx", found))[0]
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        part = found["xl/worksheets/sheet1.xml"].replace("&x;", "x").encode(name)
        path = workbooks.write(tmp_path / "a.xlsx", found | {"xl/worksheets/sheet1.xml": part})
        assert "not UTF-8 XML" in said(path)[0]
    for name in ("windows-1258", "utf-7", "ISO-8859-1"):
        part = found["xl/worksheets/sheet1.xml"].replace("&x;", "x").replace("UTF-8", name)
        path = workbooks.write(tmp_path / "a.xlsx", found | {"xl/worksheets/sheet1.xml": part})
        assert "not UTF-8 XML" in said(path)[0]
    part = found["xl/worksheets/sheet1.xml"].replace("&x;", "x").encode() + b"\xff"
    assert (
        "not UTF-8 XML" in said(workbooks.write(tmp_path / "a.xlsx", found | {"xl/worksheets/sheet1.xml": part}))[0]
    )


def test_rows_of_another_place_or_of_our_own_making_are_refused(tmp_path):
    good = f'<row r="2">{text("A2", "2024-2025")}</row>'
    for rows in (
        good.replace('"2"', '"*1"'),
        good + good,
        f'<row r="3">{text("A3", "2024-2025")}</row>{good}',
        f'<row r="2">{text("A2", "x")}{good}</row>',
        f'<row r="1048577">{text("A1048577", "x")}</row>',
        f"<x>{good}</x>",
        f'<row xmlns="urn:x" r="2">{text("A2", "x")}</row>',
    ):
        content = of_columns(YEARS).replace("</sheetData>", f"{rows}</sheetData>")
        assert said(book(tmp_path, "school_years", content))[0].startswith("a.xlsx:school_years"), rows
    for around in (
        f'</sheetData><sheetData xmlns="urn:x">{good}',
        f"</sheetData><extLst>{good}</extLst><sheetData>",
    ):
        content = of_columns(YEARS).replace("</sheetData>", f"{around}</sheetData>")
        assert said(book(tmp_path, "school_years", content))[0].startswith("a.xlsx:school_years"), around


def test_links_to_nowhere_and_outside_and_parts_that_stand_twice_are_refused(tmp_path):
    good = parts("school_years", of_columns(YEARS, [text("A2", "2024-2025")]))
    rels = good["xl/_rels/workbook.xml.rels"]
    for changed in (
        {"xl/_rels/workbook.xml.rels": rels.replace("worksheets/sheet1.xml", "worksheets/none.xml")},
        {"xl/_rels/workbook.xml.rels": rels.replace('Id="rId1"', 'Id="rId9"')},
        {"xl/_rels/workbook.xml.rels": rels.replace('Id="rId2"', 'Id="rId1"')},
        {"xl/_rels/workbook.xml.rels": rels.replace('sheet1.xml"', 'sheet1.xml" TargetMode="External"')},
        {"xl/_rels/workbook.xml.rels": rels.replace("/worksheet", "/chartsheet")},
        {"_rels/.rels": workbooks.relationships()},
        {"xl/Worksheets/sheet1.xml": good["xl/worksheets/sheet1.xml"]},
        {
            "xl/workbook.xml": good["xl/workbook.xml"].replace(
                "<sheets>", '<sheets><sheet name="persons" r:id="rId1"/>'
            )
        },
    ):
        assert said(workbooks.write(tmp_path / "a.xlsx", good | changed)), changed
        with pytest.raises(ImportRefusedError):
            read_source(tmp_path / "a.xlsx")


def test_encrypted_old_and_unfinished_files_are_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000))
    assert "an .xls of old under another name, or a workbook under a password" in said(path)[0]

    whole = book(tmp_path, "school_years", of_columns(YEARS)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "not a workbook" in said(path)[0]

    content = bytearray(whole)
    at = 0
    while (at := content.find(b"PK\x01\x02", at) + 1) > 0:
        content[at + 7] |= 1
    path.write_bytes(content)
    assert "it is encrypted" in said(path)[0]


def test_a_directory_of_a_thousand_parts_and_another_packing_are_refused(tmp_path):
    found = parts("school_years", of_columns(YEARS)) | {f"x{number}": "" for number in range(1_001)}
    assert "more than 1000 parts" in said(workbooks.write(tmp_path / "a.xlsx", found))[0]

    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in parts("school_years", of_columns(YEARS)).items():
            archive.writestr(name, content)
    assert "packed as no workbook is" in said(tmp_path / "b.xlsx")[0]


def test_zip64_that_claims_the_sky_is_refused(tmp_path):
    path = book(tmp_path, "school_years", of_columns(YEARS))
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 0xFFFF_FFFE)
    path.write_bytes(content)
    assert "once unpacked" in said(path)[0]
    struct.pack_into("<I", content, at + 24, 0xFFFF_FFFF)
    path.write_bytes(content)
    assert said(path)


# -- what a file costs is what it holds


def _peak(work):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


@pytest.mark.parametrize(
    "cells",
    [
        '<c r="zz900000"/>',
        '<c t="n"/>' * 20_000,
        '<c r="ZZ900000"><v>1</v></c>',
        '<c r="a1048576"/>' * 3,
        "<c/>" * 9,
    ],
)
def test_a_small_workbook_costs_little_whatever_its_cells_say(tmp_path, cells):
    rows = "<row/>" * 50 + f"<row>{cells}</row>"
    path = book(tmp_path, "school_years", of_columns(YEARS).replace("</sheetData>", f"{rows}</sheetData>"))
    assert path.stat().st_size < 4_000

    assert _peak(lambda: said(path)) < 64


@pytest.mark.parametrize(
    "inside",
    [
        "<x>" * 2_000 + "</x>" * 2_000,
        "".join(f"<x{number}/>" for number in range(2_000)),
        "".join(f'<x a{number}=""/>' for number in range(2_000)),
        f'<x a="{">" * (2 << 20)}"/>',
        "<x/>" * 310_000,
        "<row/><x/>" * 310_000,
        "x" * (2 << 20),
    ],
)
def test_xml_that_grows_in_memory_is_refused(tmp_path, inside):
    path = book(tmp_path, "school_years", of_columns(YEARS).replace("</sheetData>", f"{inside}</sheetData>"))

    assert said(path)[0].startswith("a.xlsx:school_years")


def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "_BOMB_BYTES", 1 << 20)
    rows = f'<row r="2">{text("A2", "2024-2025")}</row>' + '<row  spans="1:3"/>' * 200_000
    path = book(tmp_path, "school_years", of_columns(YEARS).replace("</sheetData>", f"{rows}</sheetData>"))

    assert "once unpacked" in said(path)[0]


def test_reading_ends_where_too_much_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "_COUNTED", 5)
    rows = [[text(f"A{n}", "1"), f'<c r="B{n}" t="b"><v>1</v></c>'] for n in range(2, 30)]

    assert len(said(book(tmp_path, "persons", of_columns(("code", "name"), *rows)))) == 5
    (tmp_path / "persons.csv").write_text("code,name\n" + "1\n" * 30, encoding="utf-8")
    assert len(said(tmp_path / "persons.csv")) == 5


# -- comma separated values


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"code,name\n1,A\x00B\n", "persons.csv:2"),
        (b"\xef\xbb\xbfcode,name\n1,\xef\xbb\xbfA\n", "persons.csv:2"),
        (b"\xff\xfec\x00o\x00d\x00e\x00", "persons.csv:1"),
        (b"code,name\n1,Nguy\xd4n\n", "persons.csv:2"),
        (b'code,name\n1,"A"B"\n', "persons.csv:2"),
        (b'code,name\n1,"A\n', "persons.csv:2"),
        (b"code,name\n1," + b"A" * 140_000 + b"\n", "persons.csv:2"),
        (b"code,name\n1," + b"A" * 40_000 + b"\n", "persons.csv:2"),
        (b"code,name\n1,A,B\n", "persons.csv:2"),
        (b"code:name\n1:A\n", "persons.csv:1"),
        (b"code,name\n1,A\xed\xa0\x80\n", "persons.csv:2"),
        (b"", "persons.csv:1"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(tmp_path, content, place):
    (tmp_path / "persons.csv").write_bytes(content)

    assert said(tmp_path)[0].startswith(f"{place}: ")


def test_one_sheet_in_two_files_is_refused(tmp_path):
    (tmp_path / "persons.csv").write_text("code,name\n1,A\n", encoding="utf-8")
    (tmp_path / "persons.CSV").write_text("code,name\n2,B\n", encoding="utf-8")

    assert "the sheet `persons` stands in two files" in said(tmp_path)[0]


def test_a_sheet_without_a_header_is_refused(tmp_path):
    assert "no header row" in said(book(tmp_path, "school_years", sheet([])))[0]

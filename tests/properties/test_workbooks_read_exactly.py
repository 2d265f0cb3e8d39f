"""Whatever a workbook holds: it is read exactly or refused with its place, and its bytes may be anything."""

import random
import zipfile
from datetime import date, datetime, timedelta

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbooks
from access_service.domain.errors import ImportRefusedError
from access_service.rendering.template import write_template
from access_service.usecases.imports.cells import PlainRows
from access_service.usecases.imports.csv_files import COLUMNS, DAYS
from access_service.usecases.imports.source import read_source
from sampled import times

COLUMN = COLUMNS["documents"]
NUMBERS = {"number", "text_version"}
FORMATS = (
    "General",
    "0",
    "@",
    "0000",
    "#,##0",
    "0.00",
    "0%",
    "dd/mm/yyyy",
    "d/m",
    "mm/yyyy",
    "hh:mm",
    "dd/mm/yyyy hh:mm",
)
DAY_FORMATS = {"dd/mm/yyyy", "dd/mm/yyyy hh:mm"}
FIRST, LAST = datetime(1945, 1, 1), datetime(2199, 12, 31)  # noqa: DTZ001 -- a workbook has no zones
LETTERS = st.text(st.sampled_from("ABCxyz0123/-. Đặngễộ&<>\"'_x000D"), min_size=1, max_size=12)
CELLS = st.one_of(
    st.none(),
    LETTERS.map(lambda text: ("text", text, "@")),
    st.tuples(
        st.just("number"),
        st.integers(-10, 10**21) | st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(FORMATS),
    ),
    st.tuples(st.just("date"), st.dates(date(1945, 1, 1), date(2199, 12, 31)), st.sampled_from(FORMATS)),
    st.tuples(st.just("date"), st.datetimes(FIRST, LAST), st.sampled_from(FORMATS)),
    st.booleans().map(lambda value: ("boolean", value, "General")),
    st.sampled_from(["=1/0", "=A1", '="x"']).map(lambda text: ("formula", text, "General")),
    st.sampled_from(["#N/A", "#REF!"]).map(lambda text: ("error", text, "General")),
)


def _write(path, rows):
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        formats = {name: book.add_format({"num_format": name}) for name in FORMATS}
        sheet = book.add_worksheet("documents")
        sheet.write_row(0, 0, COLUMN)
        for number, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                kind, value, form = cell
                if kind == "text":
                    sheet.write_string(number, column, value, formats[form])
                elif kind == "number":
                    sheet.write_number(number, column, value, formats[form])
                elif kind == "date":
                    sheet.write_datetime(number, column, value, formats[form])
                elif kind == "boolean":
                    sheet.write_boolean(number, column, value)
                elif kind == "formula":
                    sheet.write_formula(number, column, value)
                else:
                    sheet.write_formula(number, column, "=NA()", None, value)
    return path


def _expected(column, cell):
    """What may be read of a cell; None where it must be refused."""
    if cell is None:
        return ""
    kind, value, form = cell
    if kind == "text":
        text = value.strip()
        return text if text.isprintable() and "_x000D_" not in text else None
    if kind == "number" and column in NUMBERS and form in {"General", "0", "@"}:
        return str(int(value)) if value == int(value) and 0 <= value < 10**15 else None
    if kind == "date" and column in DAYS and form in DAY_FORMATS:
        is_day = not isinstance(value, datetime) or value == datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return f"{value:%d/%m/%Y}" if is_day else None
    if kind == "number" and column in DAYS and form in DAY_FORMATS:
        # A number shown as a day is that day: a program stores nothing else.
        is_day = value == int(value) and 60 < value < 2_958_466
        return f"{date(1899, 12, 30) + timedelta(days=int(value)):%d/%m/%Y}" if is_day else None
    if kind == "date" and column in NUMBERS and form in {"General", "0", "@"}:
        # What is shown is the number of the day; that it was a date is nowhere in the file.
        whole = not isinstance(value, datetime) or value == datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return (
            str((value if type(value) is date else value.date()).toordinal() - date(1899, 12, 30).toordinal())
            if whole
            else None
        )
    return None


def _read(path):
    try:
        found = read_source(path)
    except ImportRefusedError as refused:
        assert all(fault.place and fault.message for fault in refused.faults)  # noqa: PT017 -- or else rows
        return None
    sheet = found.by_name["documents"]
    return dict(zip(sheet.numbers, sheet.rows, strict=True)), tuple(map(str, found.faults))


@settings(max_examples=times(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=len(COLUMN), max_size=len(COLUMN)), min_size=1, max_size=4))
def test_a_random_workbook_is_read_exactly_or_refused_with_its_place(tmp_path, rows):
    path = _write(tmp_path / "a.xlsx", rows)

    found, faults = _read(path)
    for number, cells in enumerate(rows, start=2):
        wanted = [_expected(column, cell) for column, cell in zip(COLUMN, cells, strict=True)]
        if None in wanted:
            assert number not in found
            column = chr(65 + wanted.index(None))
            assert any(
                fault.startswith((f"a.xlsx:documents:{column}{number}:", f"a.xlsx:documents:{number}:"))
                for fault in faults
            ), (cells, faults)
        elif any(wanted):
            if number in found:
                assert list(found[number]) == wanted
            else:
                # Text that looks like an error or another encoding.
                assert any(fault.startswith(f"a.xlsx:documents:{number}:") for fault in faults)
        else:
            assert number not in found


@settings(max_examples=times(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=len(COLUMN), max_size=len(COLUMN)), min_size=1, max_size=4), st.integers())
def test_rows_taken_out_of_the_text_say_what_the_parser_says(tmp_path, rows, seed):
    path = _write(tmp_path / "a.xlsx", rows)
    spoilt = _spoilt_part(path, tmp_path / "b.xlsx", random.Random(seed))  # noqa: S311

    for file in (path, spoilt):
        quickly = _read(file)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PlainRows, "shorten", lambda _self, texts: texts)
            slowly = _read(file)
        # A document that ends badly may have been read further by one than by the other, and no character of a row
        # that the parser would refuse is taken by either.
        assert quickly == slowly or slowly is None


PIECES = (
    b"<",
    b">",
    b"&",
    b'"',
    b"/",
    b" ",
    b"\x00",
    b"\xff",
    b"r=",
    b"<row>",
    b"</row>",
    b"<c/>",
    b"*1",
    b"&#1;",
    b"]]>",
)


def _spoilt_part(source, target, chance):
    """The workbook with a few bytes of one part changed."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([n for n in parts if n.endswith((".xml", ".rels"))])
    content = bytearray(parts[name])
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[at] = chance.randrange(256)
            case 1:
                del content[at : at + chance.randint(1, 40)]
            case 2:
                content[at:at] = chance.choice(PIECES)
            case _:
                other = chance.randrange(len(content))
                content[at:at] = content[other : other + chance.randint(1, 60)]
    return workbooks.write(target, parts | {name: bytes(content)})


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "t.xlsx"
    write_template(path, xlsx=True)
    return path


def test_no_bytes_of_a_workbook_give_anything_but_rows_or_a_refusal(tmp_path, template):
    whole, chance = template.read_bytes(), random.Random(9)  # noqa: S311
    path = tmp_path / "a.xlsx"
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(content))
            if chance.random() < 0.5:
                content[at] = chance.randrange(256)
            else:
                del content[at : at + chance.randint(1, 300)]
        path.write_bytes(content)
        _take(path)
        _take(_spoilt_part(template, path, chance))


def _take(path):
    try:
        found = read_source(path)
    except ImportRefusedError as refused:
        assert refused.faults  # noqa: PT017 -- or else rows
        return
    assert all(isinstance(cell, str) for sheet in found.by_name.values() for row in sheet.rows for cell in row)

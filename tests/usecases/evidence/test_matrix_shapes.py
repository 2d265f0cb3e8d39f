"""One reading, three tables: by person, by class, by category; what stands in them is text, whatever it holds."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from access_service.domain.names import AccountKind, SuspendableKind
from access_service.domain.org import Person
from access_service.domain.scope import Scope
from access_service.rendering.matrix_book import ALL_SHAPES_UNITS, write_xlsx
from access_service.rendering.matrix_columns import CLASS_TABLE, TITLE_LINES, guard_cell, row_state, write_out
from access_service.rendering.matrix_files import write_csv, write_json
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import (
    CategoryLine,
    MatrixClass,
    MatrixFilters,
    MatrixRow,
    MatrixShape,
)
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from prepared import as_it_is, copied
from world import CLASS_6A, CLASS_6B, LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def staff(world: World) -> dict[str, Someone]:
    """A homeroom teacher of 6A, one of mathematics there, the school's registrar, an officer of the office."""
    homeroom = hire_homeroom(world)
    world.hand_over(SCHOOL, homeroom, homeroom_line(world, homeroom))
    maths = frozenset({(CLASS_6A, "TOAN")})
    subject = world.hire("toan", SCHOOL, "subject_teaching", SCHOOL, classes=maths)
    line = EnteredLine("subject_teacher", subject.duty, Scope(SCHOOL, classes=maths), world.clock.now)
    world.hand_over(SCHOOL, subject, line)
    registrar, _ = world.hire_granted("giaovu")
    officer = world.hire("cbthcs", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    wide = EnteredLine("level_officer", officer.duty, Scope(OFFICE, levels=frozenset({LOWER})), world.clock.now)
    world.hand_over(OFFICE, officer, wide)
    return {"homeroom": homeroom, "subject": subject, "registrar": registrar, "officer": officer}


def written(world: World, write: Any, by: MatrixShape | None = None, unit: Any = SCHOOL, **asked: Any) -> bytes:
    stream = io.BytesIO()
    with read_matrix(world.services.db, world.register, unit, **asked) as matrix:
        write(matrix, stream, by)
    return stream.getvalue()


def table(world: World, by: MatrixShape | None = None, unit: Any = SCHOOL, **asked: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(world, write_csv, by, unit, **asked).decode("utf-8-sig"))))


def test_a_class_is_a_row_with_everybody_who_reaches_it(world: World) -> None:
    staff(world)
    one, other = table(world, MatrixShape.CLASS)
    assert (one["Lớp"], one["Khối"], one["Mã đơn vị"], one["Mã lớp"]) == ("6A", "6", SCHOOL, CLASS_6A)
    assert one["Chủ nhiệm (người, tài khoản, từ – đến)"] == (
        "Người Thử gvcn (000.gvcn), 20/08/2026 08:00 – 01/08/2027 00:00"
    )
    assert one["Bộ môn (môn: người)"] == "TOAN: Người Thử toan"
    assert "Người Thử giaovu" in one["Người khác tới được lớp (vai trò)"]
    assert "Cán bộ phụ trách cấp học (UBND xã Thử): 1 người" in one["Người khác tới được lớp (vai trò)"]
    assert "Sức khoẻ" in one["Nhạy cảm"] or "nhạy cảm" in one["Nhạy cảm"] or " *: " in one["Nhạy cảm"]
    assert (other["Lớp"], other["Chủ nhiệm (người, tài khoản, từ – đến)"], other["Bộ môn (môn: người)"]) == (
        "6B",
        "",
        "",
    )


def test_in_the_offices_matrix_its_officer_reaches_the_schools_classes_just_as(world: World) -> None:
    staff(world)
    of_school, of_office = table(world, MatrixShape.CLASS), table(world, MatrixShape.CLASS, OFFICE)
    assert of_office == of_school


def test_whoever_has_charge_but_no_active_account_says_so(world: World) -> None:
    people = staff(world)
    delegation.suspend(
        world.services,
        world.admins[SCHOOL],
        kind=SuspendableKind.ACCOUNT,
        target=people["homeroom"].account,
        reason="thử",
    )
    one, _ = table(world, MatrixShape.CLASS)
    assert one["Chủ nhiệm (người, tài khoản, từ – đến)"].endswith("[Đang hiệu lực; tài khoản đang tạm khoá]")
    [row] = [row for row in table(world) if row["Tài khoản"] == "000.gvcn"]
    assert row["Trạng thái"] == "Đang hiệu lực; tài khoản đang tạm khoá"


@pytest.mark.parametrize(
    ("account_state", "words"),
    [
        ("active", "Đang hiệu lực"),
        ("invited", "Đang hiệu lực; tài khoản chưa kích hoạt"),
        ("closed", "Đang hiệu lực; tài khoản đã đóng"),
    ],
)
def test_a_state_says_in_the_same_cell_what_keeps_the_account_out(
    world: World, account_state: str, words: str
) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        [row] = [row for row in matrix.rows if row.grant]
    assert row_state(replace(row, account_state=account_state)) == words


def test_by_category_what_is_sensitive_comes_first(world: World) -> None:
    staff(world)
    lines = table(world, MatrixShape.CATEGORY)
    said = [line["Nhạy cảm"] == "Nhạy cảm" for line in lines]
    assert said == sorted(said, reverse=True)
    assert True in said
    assert False in said
    assert all(line["Nhóm dữ liệu"].endswith(" *") is (line["Nhạy cảm"] != "") for line in lines)
    officer = [line for line in lines if line["Tài khoản"] == "000.cbthcs"]
    assert {line["Phần"] for line in officer} == {"Từ cấp trên, từ ngoài đơn vị"}


def test_every_right_by_person_is_a_line_by_category_and_no_other(world: World) -> None:
    staff(world)
    with read_matrix(world.services.db, world.register, OFFICE) as matrix:
        rights = {(row.grant, right.category) for row in [*matrix.rows, *matrix.above] for right in row.rights}
    lines = table(world, MatrixShape.CATEGORY, OFFICE)
    assert {(line["Mã quyền"], line["Mã nhóm dữ liệu"]) for line in lines} == rights
    assert len(lines) == len(rights)


def test_letters_say_what_the_words_say(world: World) -> None:
    staff(world)
    [row] = [row for row in table(world) if row["Tài khoản"] == "000.gvcn"]
    academic = next(cell for heading, cell in row.items() if heading.startswith("Kết quả học tập"))
    assert "X" in academic
    assert "Kết quả học tập, rèn luyện: xem" in row["Nhóm dữ liệu và hành động được phép"]
    assert row["Mã quyền"].startswith("grn_")
    assert row["Mã số tài khoản"].startswith("acc_")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (MatrixFilters(role="homeroom_teacher"), {"000.gvcn"}),
        (MatrixFilters(kind=AccountKind.ADMIN), {f"quantri.{SCHOOL}"}),
        (MatrixFilters(person="người thử toan"), {"000.toan"}),
        (MatrixFilters(person="nguoi thu TOAN"), {"000.toan"}),
        (MatrixFilters(person="000.giaovu"), {"000.giaovu"}),
        (MatrixFilters(state="vacant"), set()),
        (MatrixFilters(state="active", role="subject_teacher"), {"000.toan"}),
        (MatrixFilters(unit_kind="commune"), {"000.cbthcs"}),
        (MatrixFilters(category="khong-co"), set()),
    ],
)
def test_filters_keep_what_fits_all_of_them(world: World, filters: MatrixFilters, expected: set[str]) -> None:
    staff(world)
    assert {row["Tài khoản"] for row in table(world, filters=filters)} == expected


def test_sensitive_and_not_sensitive_are_everybody_together(world: World) -> None:
    staff(world)
    both = [{row["Tài khoản"] for row in table(world, filters=MatrixFilters(sensitive=s))} for s in (True, False)]
    assert both[0] | both[1] == {row["Tài khoản"] for row in table(world)}
    assert not both[0] & both[1]


def test_json_has_the_shape_that_was_asked_for(world: World) -> None:
    staff(world)
    by_class = json.loads(written(world, write_json, MatrixShape.CLASS))
    assert by_class["by"] == "class"
    assert [row["id"] for row in by_class["rows"]] == [CLASS_6A, CLASS_6B]
    assert by_class["rows"][0]["homeroom"][0]["username"] == "000.gvcn"
    by_person = json.loads(written(world, write_json))
    assert [row["username"] for row in by_person["above"]] == ["000.cbthcs"]
    assert {row["part"] for row in by_person["rows"]} == {"unit"}
    by_category = json.loads(written(world, write_json, MatrixShape.CATEGORY))
    assert by_category["rows"][0]["sensitive"] is True
    assert "rights" not in by_category["rows"][0]


def test_a_workbook_of_one_school_has_every_sheet_and_explains_itself(world: World) -> None:
    staff(world)
    book = CalamineWorkbook.from_filelike(io.BytesIO(written(world, write_xlsx)))
    assert book.sheet_names == [
        "Ma trận",
        "Từ cấp trên",
        "Theo lớp",
        "Theo nhóm dữ liệu",
        "Bất thường",
        "Giải thích",
    ]
    classes = book.get_sheet_by_name("Theo lớp").to_python()
    assert classes[TITLE_LINES + 1] == [column.heading for column in CLASS_TABLE.columns]
    explained = {str(row[0]): str(row[1]) for row in book.get_sheet_by_name("Giải thích").to_python()}
    assert explained["X"] == "xem"
    assert explained["Không có"] == "toàn bộ các dòng"
    assert any("nền đỏ nhạt" in word for word in explained)


def test_the_same_question_is_the_same_file(world: World) -> None:
    staff(world)
    at = world.clock.now
    first = written(world, write_xlsx, at=at)
    world.clock.forward(hours=3)
    assert written(world, write_xlsx, at=at) == first


def test_many_units_have_the_sheet_by_person_unless_another_is_asked_for(world: World) -> None:
    staff(world)
    stream = io.BytesIO()
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        write_xlsx(replace(matrix, head=replace(matrix.head, units=ALL_SHAPES_UNITS + 1)), stream)
    assert CalamineWorkbook.from_filelike(io.BytesIO(stream.getvalue())).sheet_names == [
        "Ma trận",
        "Từ cấp trên",
        "Giải thích",
    ]
    classes = CalamineWorkbook.from_filelike(io.BytesIO(written(world, write_xlsx, MatrixShape.CLASS)))
    assert classes.sheet_names == ["Theo lớp", "Giải thích"]


def test_a_sensitive_category_stands_out_in_words_and_in_colour(world: World) -> None:
    staff(world)
    content = written(world, write_xlsx, MatrixShape.PERSON)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    run = sheet.split("FF9C1C1C", 1)[1].split("</r>", 1)[0]
    assert " *: " in run


def test_a_name_that_looks_like_the_writers_own_markup_stays_text(world: World) -> None:
    """What is bracketed like a string in runs would go into the sheet as it stands: with whatever it holds."""
    people = staff(world)
    name = "<r><t>Thử</t></r><f>1+1</f><r><t>x</t></r>"
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Person, people["homeroom"].person), name=name))
        tx.happened("person.rename", people["homeroom"].person)
    content = written(world, write_xlsx)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert not [n for n in book.namelist() if "sheet" in n and b"<f>" in book.read(n)]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Ma trận").to_python()
    assert name in {str(row[4]).strip() for row in rows}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "−", "\t", "\r"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u200b", "\ufeff", " \u2003 "])
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(start: str, before: str) -> None:
    assert guard_cell(f"{before}{start}HYPERLINK()").startswith("'")


@pytest.mark.parametrize("text", ["", "Nguyễn Thử", "6A – 6B", "1/2", "'=x", "  x=1"])
def test_other_text_is_left_alone(text: str) -> None:
    assert guard_cell(text) == text


def test_marks_that_nobody_sees_are_written_out() -> None:
    assert write_out("An\u202ehnì\x07B") == "AnU+202EhnìU+0007B"
    assert write_out("Nguyễn\u00a0Thử\nhai dòng") == "Nguyễn\u00a0Thử\nhai dòng"


def test_rows_of_every_shape_are_of_these_types(world: World) -> None:
    staff(world)
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        for batch in matrix.batches:
            assert all(isinstance(row, MatrixRow) for row in batch.rows)
            assert all(isinstance(found, MatrixClass) for found in batch.classes())
    assert CategoryLine.__slots__

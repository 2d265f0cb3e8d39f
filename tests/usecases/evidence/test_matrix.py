"""The matrix says who might do what at an instant, on which paper, and what a reviewer should look at twice."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from access_service.domain import words
from access_service.domain.delegation import Grant
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountKind, Capacity, GrantId, GrantState, SuspendableKind, UnitId
from access_service.domain.org import Person
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.vietnamese import name_key
from access_service.live.revisions import revision_text
from access_service.rendering.matrix_book import write_xlsx
from access_service.rendering.matrix_columns import PERSON_COLUMNS, TITLE_LINES, person_table, title_lines
from access_service.rendering.matrix_files import write_csv, write_json
from access_service.storage.audit import revision_at
from access_service.usecases.evidence import matrix_rows
from access_service.usecases.evidence.matrix import open_matrix, read_matrix
from access_service.usecases.evidence.matrix_values import VACANT, MatrixRow, MatrixShape, Note
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.inspection import Team, propose_inspection
from access_service.usecases.organisation.leaving import end_duty
from prepared import as_it_is, copied
from world import (
    CLASS_6A,
    CLASS_6B,
    OFFICE,
    SCHOOL,
    YEAR,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def rows(world: World, unit: UnitId = SCHOOL, **asked: Any) -> list[MatrixRow]:
    with read_matrix(world.services.db, world.register, unit, **asked) as matrix:
        return list(matrix.rows)


def grants(world: World, unit: UnitId = SCHOOL, **asked: Any) -> list[MatrixRow]:
    return [row for row in rows(world, unit, **asked) if row.grant is not None]


def cells(row: MatrixRow) -> dict[str, str]:
    return {column.heading: column.text(row) for column in PERSON_COLUMNS}


MATHS = frozenset({(CLASS_6A, "TOAN"), (CLASS_6B, "TOAN")})


def hire_for_maths(world: World, key: str) -> Someone:
    return world.hire(key, SCHOOL, "subject_teaching", SCHOOL, classes=MATHS)


def maths_line(world: World, teacher: Someone) -> EnteredLine:
    return EnteredLine("subject_teacher", teacher.duty, Scope(unit=SCHOOL, classes=MATHS), world.clock.now)


def newest(world: World) -> int:
    with world.services.db.read(world.register) as reader:
        return revision_at(reader.connection, world.register, datetime.max.replace(tzinfo=world.clock.now.tzinfo))


def test_a_row_says_who_what_where_until_when_and_on_which_signature(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    [row] = grants(world)
    said = cells(row)
    assert said["Mã đơn vị"] == SCHOOL
    assert said["Tên đơn vị"] == "Trường THCS Thử"
    assert said["Tài khoản"] == "000.gvcn"
    assert said["Loại tài khoản"] == "Tài khoản khai thác sử dụng"
    assert said["Họ và tên"] == "Người Thử gvcn"
    assert said["Chức vụ, nhiệm vụ"] == "Giáo viên chủ nhiệm"
    assert said["Vai trò"] == "Giáo viên chủ nhiệm"
    assert said["Phạm vi"] == "lớp: 6A; năm học 2026-2027"
    assert "Kết quả học tập, rèn luyện: xem" in said["Nhóm dữ liệu và hành động được phép"]
    assert said["Hiệu lực từ"] == "20/08/2026 08:00"
    assert said["Hiệu lực đến"] == "01/08/2027 00:00"
    assert said["Trạng thái"] == "Đang hiệu lực"
    assert said["Đơn vị cấp"] == "0003101 – Trường THCS Thử"
    assert said["Biên bản (số, ngày)"] == "01/BB-THCST ngày 20/08/2026"
    assert said["Bản cam kết (mẫu, ngày ký)"] == "mẫu 1, ký 20/08/2026"
    assert said["Người ký bên giao (tư cách)"] == "Người Thử head:0003101 (HIỆU TRƯỞNG)"
    assert said["Ghi chú"].endswith("; thủ trưởng chịu trách nhiệm: Người Thử head:0003101")
    assert "được biết mã kích hoạt của bên nhận" in said["Ghi chú"]
    assert row.capacity is Capacity.HEAD


def test_every_admin_account_stands_with_who_operates_it(world: World) -> None:
    admins = [row for row in rows(world, world.root) if row.account_kind is AccountKind.ADMIN]
    assert [row.unit for row in admins] == [world.root, OFFICE, SCHOOL]
    assert [row.person_name for row in admins] == [
        "Người Thử Giám Đốc",
        "Người Thử head:00031001",
        "Người Thử head:0003101",
    ]
    school = cells(admins[2])
    assert school["Chức vụ, nhiệm vụ"] == "Thủ trưởng đơn vị"
    assert school["Vai trò"] == "Quản lý tài khoản quản trị của đơn vị"
    assert school["Phạm vi"] == "Không kèm quyền đối với dữ liệu"
    assert school["Đơn vị cấp"] == "00031001 – UBND xã Thử"
    assert school["Biên bản (số, ngày)"] == "01/BB-UBNDXT ngày 20/08/2026"
    assert school["Trạng thái"] == "Đang hoạt động"
    assert not admins[2].rights


def test_an_admin_account_nobody_operates_is_said_to_be_vacant(world: World) -> None:
    head = world.people[f"head:{SCHOOL}"]
    before = world.clock.now
    world.clock.forward(days=1)
    end_duty(world.services, world.admins[OFFICE], head.duty, on=words.day("21/08/2026"), decision_number="9/QĐ")
    world.clock.forward(hours=1)
    [row] = [r for r in rows(world) if r.grant is None]
    assert (row.state, row.person, row.notes) == (VACANT, None, (Note.VACANT,))
    [past] = [r for r in rows(world, at=before) if r.grant is None]
    assert past.person == head.person
    both = [r.state for r in rows(world, include_ended=True) if r.grant is None]
    assert both == [GrantState.ENDED, VACANT]


def test_rows_stand_by_unit_then_by_vietnamese_name(world: World) -> None:
    names = {"c": "Thử Đặng", "a": "Thử Ánh", "d": "Thử Dương", "b": "Thử Ân"}
    for key, name in names.items():
        someone = hire_for_maths(world, key)
        with world.services.db.write(world.register, "operator") as tx:
            tx.put(replace(tx.require(Person, someone.person), name=name, sort_key=name_key(name)))
            tx.happened("person.rename", someone.person)
        world.hand_over(SCHOOL, someone, maths_line(world, someone))
    found_names = [row.person_name for row in grants(world, world.root)]
    assert found_names == ["Thử Ánh", "Thử Ân", "Thử Dương", "Thử Đặng"]
    assert grants(world)[0].class_names == ("6A (TOAN)", "6B (TOAN)")
    units = [row.unit for row in rows(world, world.root)]
    assert units == [world.root, OFFICE, *[SCHOOL] * 5]


def test_small_batches_give_the_same_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in "abcde":
        someone = hire_for_maths(world, key)
        world.hand_over(SCHOOL, someone, maths_line(world, someone))
    whole = rows(world, world.root)
    monkeypatch.setattr(matrix_rows, "UNITS_AT_ONCE", 1)
    monkeypatch.setattr(matrix_rows, "GRANTS_AT_ONCE", 2)
    assert rows(world, world.root) == whole
    assert len(whole) == 8


def test_what_has_ended_is_listed_only_when_asked_for(world: World) -> None:
    teacher = hire_homeroom(world)
    prepared = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    during = world.clock.now
    world.clock.forward(days=3)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], prepared.grants[0].id, reason="thử")
    assert not grants(world)
    [ended] = grants(world, include_ended=True)
    assert cells(ended)["Trạng thái"] == "Đã chấm dứt"
    assert ended.ends_at == world.clock.now
    [then] = grants(world, at=during)
    assert then.state == GrantState.EFFECTIVE
    assert then.notes == (Note.CODE_SEEN,)


def test_at_a_revision_it_repeats_what_was_known_then(world: World) -> None:
    teacher = hire_homeroom(world)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    revision, then = newest(world), world.clock.now
    world.clock.forward(hours=1)
    other = hire_homeroom(world, "gvcn hai", CLASS_6B)
    prepared = world.propose(SCHOOL, other, homeroom_line(world, other, CLASS_6B))
    assert len(grants(world)) == 2
    [known] = grants(world, known_at=revision, at=then)
    assert known.grant != prepared.grants[0].id
    assert known.state == GrantState.PENDING
    with pytest.raises(InvalidError):
        rows(world, known_at=newest(world) + 1)


def test_what_was_recorded_after_the_instant_is_flagged(world: World) -> None:
    teacher = hire_homeroom(world)
    before = world.clock.now
    world.clock.forward(days=10)
    line = replace(homeroom_line(world, teacher), valid_from=before)
    world.hand_over(SCHOOL, teacher, line)
    [row] = grants(world, at=before + timedelta(days=1))
    assert row.state == GrantState.PENDING
    assert Note.RECORDED_LATE in row.notes
    assert "ghi nhận muộn" in cells(row)["Ghi chú"]
    [now] = grants(world)
    assert now.notes == (Note.CODE_SEEN,)


def test_what_was_neither_recorded_nor_begun_then_is_not_there(world: World) -> None:
    teacher = hire_homeroom(world)
    before = world.clock.now
    world.clock.forward(days=10)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert not grants(world, at=before, include_ended=True)


def test_a_scope_narrowed_since_is_shown_as_it_was(world: World) -> None:
    teacher = world.hire("gvcn", SCHOOL, "homeroom", SCHOOL, classes=frozenset({(CLASS_6A, ""), (CLASS_6B, "")}))
    line = EnteredLine(
        role="homeroom_teacher",
        assignment=teacher.duty,
        scope=Scope(unit=SCHOOL, classes=frozenset({(CLASS_6A, ""), (CLASS_6B, "")})),
        valid_from=world.clock.now,
    )
    grant = world.hand_over(SCHOOL, teacher, line).grants[0]
    wide = world.clock.now
    world.clock.forward(days=1)
    delegation.narrow_grant(
        world.services,
        world.admins[SCHOOL],
        grant.id,
        scope=Scope(unit=SCHOOL, classes=frozenset({(CLASS_6B, "")}), school_year=YEAR),
        valid_to=grant.valid_to,
    )
    [row] = grants(world, at=wide)
    assert row.class_names == ("6A", "6B")
    [now] = grants(world)
    assert (now.class_names, now.notes) == (("6B",), (Note.CODE_SEEN,))


def test_a_suspended_account_is_noted(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="thử"
    )
    [row] = grants(world)
    assert row.notes == (Note.CODE_SEEN, Note.ACCOUNT_SUSPENDED)


def test_a_new_head_who_has_not_confirmed_is_noted_until_they_do(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(days=1)
    old = world.people[f"head:{SCHOOL}"]
    end_duty(world.services, world.admins[OFFICE], old.duty, on=words.day("21/08/2026"), decision_number="9/QĐ")
    world.clock.forward(hours=1)
    new = world.hire("moi", SCHOOL, "principal", OFFICE)
    [row] = grants(world)
    assert Note.UNCONFIRMED in row.notes
    assert row.answerable == new.person
    world.clock.forward(hours=1)
    delegation.confirm_grants(world.services, new.caller, SCHOOL)
    [row] = grants(world)
    assert Note.UNCONFIRMED not in row.notes


def test_inspectors_stand_with_the_unit_they_inspect(world: World) -> None:
    member = world.people["focal"]
    document = propose_inspection(
        world.services,
        world.admins[world.root],
        Team(
            number="",
            dated=world.clock.now.date(),
            units=frozenset({SCHOOL}),
            members=frozenset({member.person}),
            content="kiểm tra",
            valid_from=world.clock.now,
            valid_to=world.clock.now + timedelta(days=30),
        ),
    )
    world.sign(world.people["director"], document.id)
    [row] = grants(world)
    assert (row.unit, row.role, row.person, row.issuer) == (SCHOOL, "inspector", member.person, world.root)
    assert cells(row)["Biên bản (số, ngày)"].startswith("01/QĐ-SGDĐTTN")
    assert [r.category for r in row.rights]
    assert not [r for r in row.rights if r.category.startswith("STU")]


def may_open(world: World, caller: Any, unit: UnitId) -> None:
    with open_matrix(world.services, caller, unit) as matrix:
        list(matrix.rows)


def test_leadership_units_above_and_inspectors_may_open_it_and_nobody_else(world: World) -> None:
    teacher = hire_homeroom(world)
    other = world.add_unit("00031002", "commune", "UBND xã Khác", world.root)
    may_open(world, world.admins[SCHOOL], SCHOOL)
    may_open(world, world.people[f"head:{SCHOOL}"].caller, SCHOOL)
    may_open(world, world.admins[OFFICE], SCHOOL)
    may_open(world, world.people["director"].caller, SCHOOL)
    with pytest.raises(RefusedError) as refused:
        may_open(world, teacher.caller, SCHOOL)
    assert refused.value.code is Refusal.FORBIDDEN
    with pytest.raises(RefusedError) as refused:
        may_open(world, world.admins[SCHOOL], OFFICE)
    assert refused.value.code is Refusal.FORBIDDEN
    for unit in (other, UnitId("khong-co")):
        with pytest.raises(NotFoundError):
            may_open(world, world.admins[SCHOOL], unit)


def test_a_foreign_register_sees_no_unit_of_ours(world: World) -> None:
    foreign = found(world.services, world.clock, name="khac")
    with pytest.raises(NotFoundError):
        may_open(world, foreign.admins[foreign.root], SCHOOL)


@contextmanager
def with_hostile_names(world: World) -> Iterator[None]:
    teacher = hire_homeroom(world)
    name = '=HYPERLINK("http://example.invalid")\x07'
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Person, teacher.person), name=name))
        tx.happened("person.rename", teacher.person)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    yield


def written(world: World, write: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    with read_matrix(world.services.db, world.register, world.root) as matrix:
        write(matrix, stream, **options)
    return stream.getvalue()


def test_csv_is_read_by_spreadsheets_and_runs_nothing(world: World) -> None:
    with with_hostile_names(world):
        content = written(world, write_csv)
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    table = list(csv.reader(lines[:-1]))
    assert table[0][: len(PERSON_COLUMNS)] == [column.heading for column in PERSON_COLUMNS]
    assert len(table) == 5
    assert table[-1][4].startswith("'=HYPERLINK")
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_xlsx_holds_text_only_and_says_what_it_is_about(world: World) -> None:
    with with_hostile_names(world):
        content = written(world, write_xlsx)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert 'orientation="landscape"' in sheet
    assert 'paperSize="9"' in sheet
    assert "<autoFilter" in sheet
    assert 'state="frozen"' in sheet
    table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    with read_matrix(world.services.db, world.register, world.root) as matrix:
        assert [row[0] for row in table[:TITLE_LINES]] == list(title_lines(matrix.head))
        assert revision_text(matrix.head.revision) in str(table[3][0])
        assert matrix.head.packs[0].digest in str(table[4][0])
    assert table[TITLE_LINES + 1] == [column.heading for column in person_table(matrix.head).columns]
    assert str(table[-1][4]).startswith("=HYPERLINK")
    assert table[-1][0] == "0003101"


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(world: World) -> None:
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(written(world, write_xlsx, by=MatrixShape.PERSON, sheet_rows=2))
    )
    assert book.sheet_names == ["Ma trận", "Ma trận 2", "Giải thích"]
    sizes = [len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names[:2]]
    assert sizes == [TITLE_LINES + 4, TITLE_LINES + 3]


def test_json_carries_codes_beside_the_words(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    found_json = json.loads(written(world, write_json))
    assert found_json["unit"] == world.root
    assert found_json["revision"].startswith("r")
    assert found_json["units"] == 3
    row = found_json["rows"][-1]
    assert row["scope"]["classes"] == [["0003101:2026-2027:6A", ""]]
    assert (row["state"], row["state_vi"]) == ("effective", "Đang hiệu lực")
    assert row["starts_at"] == "2026-08-20T08:00:00+07:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-07T17:00:00+07:00", "2026-10-07T10:00:00+00:00"),
        ("2026-10-07T10:00:00Z", "2026-10-07T10:00:00+00:00"),
        ("07/10/2026 17:00", "2026-10-07T10:00:00+00:00"),
        ("7/10/2026", "2026-10-06T17:00:00+00:00"),
    ],
)
def test_an_instant_is_rfc_3339_or_a_vietnamese_day(text: str, expected: str) -> None:
    assert words.instant(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-10-07",
        "2026-10-07T17:00:00",
        "31/02/2026",
        "07/10/26",
        "07/10/2026 25:00",
        "0001-01-01T00:00:00+07:00",
    ],
)
def test_anything_else_is_no_instant(text: str) -> None:
    with pytest.raises(InvalidError):
        words.instant(text)


def test_duties_that_should_be_two_peoples_are_noted_and_deny_nothing(world: World) -> None:
    """Who looks after accounts and enters marks: the reviewer sees it on both lines, the teacher loses nothing."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert [row.notes for row in rows(world) if row.account == teacher.account] == [(Note.CODE_SEEN,)]
    with world.services.db.write(world.register, "test") as tx:
        [held] = tx.find(Grant, account=teacher.account)
        tx.put(replace(held, id=GrantId("grn_2"), role="account_officer", scope=Scope(unit=SCHOOL)))
        tx.happened("test", teacher.account)
        tx.touches_everybody()
    noted = {row.role: row.notes for row in rows(world) if row.account == teacher.account}
    assert noted == dict.fromkeys(("homeroom_teacher", "account_officer"), (Note.CODE_SEEN, Note.DUTIES_MEET))

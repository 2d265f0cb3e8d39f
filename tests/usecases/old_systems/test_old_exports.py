"""A list of accounts becomes three lists; every row says why, and what somebody said of it stays."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.external_ids import NATIONAL, ExternalKind
from access_service.domain.matching import MatchReason, MatchStanding, RowMatch
from access_service.domain.names import PersonId
from access_service.domain.old_rights import PaperState
from access_service.domain.old_rows import OldChoice, OldField, field_of_export
from access_service.domain.reasons import Refusal
from access_service.usecases.drafts import keeping
from access_service.usecases.old_systems import carrying_over, naming_ids, old_exports
from access_service.usecases.organisation import org
from access_service.usecases.services import rehearse
from prepared import copied
from usecases.drafts.grids import admin, workbook
from usecases.old_systems.exports import HEAD, ROWS, SYSTEM, add_teacher, furnish, line, match_of, read, say
from world import OFFICE, SCHOOL, YEAR, World

pytestmark = pytest.mark.backends("sqlite")
SURE, DOUBTFUL, ORPHAN = MatchStanding.SURE, MatchStanding.DOUBTFUL, MatchStanding.ORPHAN


@pytest.fixture
def school(tmp_path: Path) -> World:
    world, _ = copied(tmp_path, furnish, None)
    return world


def stands(match: RowMatch) -> tuple[MatchStanding, MatchReason]:
    return match.standing, match.reason


def person_named(world: World, name: str) -> PersonId:
    shown = old_exports.show_export(world.services, admin(world), SCHOOL)
    return next(id_ for id_, known in shown.names.items() if known == name)


def test_every_account_stands_in_one_of_three_lists_and_says_why(school: World) -> None:
    seen = read(school, *ROWS)
    assert {m.row.account: stands(m) for m in seen.matches} == {
        "gvcn.6a": (SURE, MatchReason.NAME_AND_DUTY),
        "an.duong": (SURE, MatchReason.NAME_AND_DUTY),
        "anh.dang": (SURE, MatchReason.NAME_AND_DUTY),
        "thu.le": (DOUBTFUL, MatchReason.NAMESAKES),
        "an.ly": (DOUBTFUL, MatchReason.SPELLING),
        "cu.tran": (ORPHAN, MatchReason.NOBODY),
        "may.in": (ORPHAN, MatchReason.NO_NAME),
    }
    assert seen.count() == {SURE: 3, DOUBTFUL: 2, ORPHAN: 2}
    assert len(match_of(seen, "thu.le").candidates) == 2
    [near] = match_of(seen, "an.ly").candidates
    assert (seen.names[near], seen.titles[near]) == ("Lý Minh Ân", "Nhân viên thư viện")


def test_a_name_alone_is_nobodys_proof(school: World) -> None:
    seen = read(
        school,
        line("a", "Dương Đức An", teaching="Toán 6B"),
        line("b", "Dương Đức Ân", teaching="Toán 6A"),
        line("c", "Đặng Hoà Ánh", unit="Trường THCS Khác", teaching="Văn 6B"),
        line("d", "Ly Minh An", rights="Thư viện"),
    )
    assert [stands(m)[1] for m in seen.matches] == [
        MatchReason.NAME_ONLY,
        MatchReason.SPELLING,
        MatchReason.OTHER_UNIT,
        MatchReason.SPELLING,
    ]
    assert all(m.person is None and m.candidates for m in seen.matches)


def test_two_accounts_of_one_name_are_one_persons_only_where_the_file_says_so(school: World) -> None:
    rows = [line(a, "Dương Đức An", born=b, teaching="Toán 6A") for a, b in (("a", "12/03/1985"), ("b", ""))]
    assert {m.reason for m in read(school, *rows).matches} == {MatchReason.NAME_TWICE}
    rows = [line(a, "Dương Đức An", born="12/03/1985", teaching="Toán 6A") for a in ("a", "b")]
    assert {m.reason for m in read(school, *rows).matches} == {MatchReason.NAME_AND_DUTY}


def test_an_id_that_is_recorded_is_sure_while_the_name_agrees(school: World) -> None:
    read(school, *ROWS)
    person = person_named(school, "Lý Minh Ân")
    services, caller = school.services, admin(school)
    for system, value in ((SYSTEM, "tv.01"), (NATIONAL, "0000000099")):
        naming_ids.set_external_id(
            services, caller, SCHOOL, kind=ExternalKind.PERSON, target=person, system=system, value=value
        )
    seen = read(
        school,
        line("tv.01", "Ly Minh An"),
        line("tv.02", "LÝ MINH ÂN", national="0000000099"),
        line("tv.03", "Người Kế Nhiệm", national="0000000099"),
        line("TV.01", "Lý Minh Ân", rights="Thư viện", national="0000000098"),
    )
    assert [stands(m) for m in seen.matches] == [
        (SURE, MatchReason.EXTERNAL_ID),
        (SURE, MatchReason.NATIONAL_ID),
        (DOUBTFUL, MatchReason.ID_DIFFERS),
        (DOUBTFUL, MatchReason.NAME_TWICE),
    ]
    assert stands(match_of(read(school, line("x", "Lý Minh Ân", rights="Thư viện", national="1")), "x")) == (
        DOUBTFUL,
        MatchReason.ID_DIFFERS,
    )


def test_whoever_has_left_is_never_sure(school: World) -> None:
    person = org.add_person(school.services, admin(school), name="Vũ Thị Nghỉ").id
    tomorrow = school.clock.now + timedelta(days=1)
    school.assign(person, SCHOOL, "librarian", SCHOOL, valid_to=tomorrow)
    rows = [line("nghi", "Vũ Thị Nghỉ", rights="Thư viện")]
    assert stands(read(school, *rows).matches[0]) == (SURE, MatchReason.NAME_AND_DUTY)
    carrying_over.take_ids(school.services, admin(school), SCHOOL)
    school.clock.forward(days=2)
    seen = read(school, *rows)
    assert stands(seen.matches[0]) == (DOUBTFUL, MatchReason.LEFT)
    assert seen.matches[0].candidates == (person,)
    assert [x.paper for x in seen.lines] == [PaperState.NOBODY]


def test_what_was_said_of_a_row_is_kept_with_who_and_when_for_the_same_file_and_a_newer_one(school: World) -> None:
    seen = read(school, *ROWS)
    one = match_of(seen, "thu.le").candidates[0]
    seen = say(school, "thu.le", OldChoice.PERSON, one)
    match = match_of(seen, "thu.le")
    assert (*stands(match), match.person) == (SURE, MatchReason.DECIDED, one)
    assert match.decision is not None
    assert (match.decision.by, match.decision.at) == (admin(school).account, school.clock.now)
    assert seen.deciders == {match.decision.by: f"quantri.{SCHOOL}"}
    again = read(school, *ROWS, name="TaiKhoan (1).xlsx")
    assert match_of(again, "thu.le").person == one
    newer = read(school, line("thu.le", "Lê Thu", teaching="Tin 6B"))
    assert match_of(newer, "thu.le").person == one
    other = read(school, line("thu.le", "Lê Thu", born="01/01/1990"))
    assert match_of(other, "thu.le").reason is MatchReason.NAMESAKES
    read(school, *ROWS)
    assert match_of(say(school, "thu.le", None), "thu.le").reason is MatchReason.NAMESAKES
    assert say(school, "may.in", OldChoice.NOBODY).matches[-1].reason is MatchReason.DECIDED_NOBODY


def test_a_decision_names_somebody_of_the_unit_about_a_row_of_the_file(school: World) -> None:
    read(school, *ROWS)
    head = school.people[f"head:{OFFICE}"].person
    with pytest.raises(NotFoundError):
        say(school, "thu.le", OldChoice.PERSON, head)
    with pytest.raises(InvalidError):
        say(school, "thu.le", OldChoice.NEW, person_named(school, "Lê Thu"))
    with pytest.raises(NotFoundError):
        old_exports.decide_rows(
            school.services, admin(school), SCHOOL, [old_exports.SaidOfRow("0" * 64, OldChoice.NEW)]
        )
    with pytest.raises(RefusedError):
        old_exports.read_export(
            school.services, school.admins[OFFICE], SCHOOL, system="smas", name="a.csv", content=b""
        )


def test_rights_are_compared_with_paper_both_ways(school: World) -> None:
    seen = read(school, *ROWS)
    said = [(line_.row.account, line_.paper, line_.said, line_.beyond) for line_ in seen.lines]
    assert said[0] == ("gvcn.6a", PaperState.COVERED, "Giáo viên chủ nhiệm: 6A", "")
    assert seen.papers[seen.lines[0].grants[0]]
    assert said[1][1:3] == (PaperState.MISSING, "Giáo viên bộ môn: Toán 6A, 6B")
    assert ("anh.dang", PaperState.UNREAD, "Quản trị trường", "Quản trị trường") in said
    assert ("cu.tran", PaperState.NOBODY) in [row[:2] for row in said]
    assert seen.alone == ()
    wider = read(school, line("gvcn.6a", "Người Thử gvcn", homeroom="6A, 6B"))
    assert [(x.paper, x.beyond) for x in wider.lines] == [(PaperState.WIDER, "Giáo viên chủ nhiệm: 6B")]
    fewer = read(school, line("gvcn.6a", "Người Thử gvcn", homeroom="6A", state="Đã khoá"))
    assert fewer.lines == ()
    assert [x.said for x in fewer.alone] == ["Giáo viên chủ nhiệm: 6A"]


def test_the_ids_of_sure_rows_are_recorded_by_one_act_that_is_asked_first(school: World) -> None:
    read(school, *ROWS, line("thuvien", "Lý Minh Ân", rights="Thư viện", national="0000000042"))
    services, caller = school.services, admin(school)
    told = rehearse(services, lambda s: carrying_over.take_ids(s, caller, SCHOOL)).answer
    assert naming_ids.list_external_ids(services, caller, SCHOOL) == []
    done = carrying_over.take_ids(services, caller, SCHOOL)
    assert [(e.system, e.value) for e in done.new] == [(e.system, e.value) for e in told.new]
    assert {e.value for e in done.new} == {"gvcn.6a", "an.duong", "anh.dang", "thuvien", "0000000042"}
    again = carrying_over.take_ids(services, caller, SCHOOL)
    assert (again.new, again.known, again.refused) == ((), 5, ())
    seen = read(school, line("an.duong", "Lê Thu"), line("gvcn.6a", "Người Thử gvcn"))
    assert [m.reason for m in seen.matches] == [MatchReason.ID_DIFFERS, MatchReason.EXTERNAL_ID]
    say(school, "an.duong", OldChoice.PERSON, person_named(school, "Lê Thu"))
    refused = carrying_over.take_ids(services, caller, SCHOOL)
    assert [code for *_, code in refused.refused] == ["external_id_taken"]


def test_whoever_lacks_paper_becomes_a_row_of_the_grid_once(school: World) -> None:
    read(school, *ROWS)
    say(school, "cu.tran", OldChoice.NEW)
    services, caller = school.services, admin(school)
    done = carrying_over.carry_into_grid(services, caller, SCHOOL, YEAR)
    assert (done.added, done.already) == (3, 0)
    grid = keeping.show_draft(services, caller, SCHOOL, YEAR)
    by_name = {row.name: row for row in grid.rows}
    assert by_name["Dương Đức An"].rights == ("Giáo viên bộ môn Toán 6B",)
    assert by_name["Trần Văn Cũ"].makes_person
    assert [f.kind for f in by_name["Đặng Hoà Ánh"].faults] == ["duty_unknown"]
    assert "Người Thử gvcn" not in by_name
    again = carrying_over.carry_into_grid(services, caller, SCHOOL, YEAR)
    assert (again.added, again.already) == (0, 3)


def test_an_export_is_read_in_any_layout_and_normal_form(school: World) -> None:
    add_teacher(school, "Phạm Thị Hằng", ("6A", "NGUVAN"))
    text = "Username;Full name;Nhóm quyền;Lớp;Môn\nhang;Phạm Thị Hằng;GVBM;6A;Ngữ văn\n;;;6B;Ngữ văn\n"
    content = unicodedata.normalize("NFD", text).encode()
    seen = old_exports.read_export(
        school.services, admin(school), SCHOOL, system="vnedu", name="a.csv", content=content
    )
    assert [(m.row.account, m.standing) for m in seen.matches] == [("hang", SURE)]
    assert [line_.said for line_ in seen.lines] == ["Giáo viên bộ môn: Ngữ văn 6A, 6B"]


def test_a_line_a_right_is_one_account_and_one_account_under_two_names_is_doubtful(school: World) -> None:
    seen = read(
        school,
        line("an", "Dương Đức An", teaching="Toán 6A"),
        line("an", "Dương Đức An", rights="Thư viện"),
        line("b", "Lý Minh Ân", rights="Thư viện"),
        line("b", "Lê Thu"),
    )
    assert [(m.row.account, m.reason) for m in seen.matches] == [
        ("an", MatchReason.NAME_AND_DUTY),
        ("b", MatchReason.ACCOUNT_TWICE),
    ]
    assert [x.said for x in seen.lines][:2] == ["Giáo viên bộ môn: Toán 6A", "Nhân viên thư viện"]


def test_what_cannot_be_read_is_not_taken_for_empty(school: World) -> None:
    def shape(_book: object, sheet: object) -> None:
        sheet.write_formula(2, 2, "=NA()", None, "#N/A")  # type: ignore[attr-defined]
        sheet.write_formula(3, 6, "=NA()", None, "#N/A")  # type: ignore[attr-defined]

    rows = [["x"], HEAD, line("a", "", teaching="Toán 6A"), line("an", "Dương Đức An", teaching="Toán 6A")]
    seen = old_exports.read_export(
        school.services, admin(school), SCHOOL, system="smas", name="a.xlsx", content=workbook(rows, shape)
    )
    assert [m.reason for m in seen.matches] == [MatchReason.UNREADABLE, MatchReason.NAME_AND_DUTY]
    assert PaperState.UNREAD in {line_.paper for line_ in seen.lines if line_.row.account == "an"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xls", bytes.fromhex("d0cf11e0a1b11ae1"), Refusal.SHEET_OLD_FORMAT),
        ("a.csv", "Tên hàng;Giá\nBút;5\n".encode(), Refusal.SHEET_NO_HEADING),
        ("a.csv", b"", Refusal.SHEET_NO_HEADING),
        ("a.csv", b"\xff\xfeB", Refusal.SHEET_UNREADABLE),
        ("a.csv", b"a,b\n" * 5001, Refusal.SHEET_TOO_LARGE),
        ("a.csv", "Họ và tên;Vai trò\nNguyÔn V¨n Thö;Kế toán\n".encode(), Refusal.SHEET_UNREADABLE),
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_refused_with_a_code(
    name: str, content: bytes, code: Refusal
) -> None:
    with pytest.raises(RefusedError) as refused:
        old_exports.parse_export(SCHOOL, "smas", name, content)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Tên đăng nhập (*)", OldField.ACCOUNT),
        ("HỌ VÀ TÊN", OldField.NAME),
        ("Mã định danh Bộ GD&ĐT", OldField.NATIONAL),
        ("Mã giáo viên", OldField.CODE),
        ("Nhóm người dùng", OldField.RIGHTS),
        ("Chức vụ", OldField.RIGHTS),
        ("Trạng thái", OldField.STATE),
        ("Ghi chú", OldField.UNUSED),
    ],
)
def test_columns_are_known_by_what_old_systems_call_them(heading: str, field: OldField) -> None:
    assert field_of_export(heading) is field


def test_five_thousand_namesakes_and_variants_take_no_more_than_their_number(school: World) -> None:
    rows = [f"u{n};{'Dương Đức An' if n % 2 else f'Đường Đức A{n % 9}'};Toán 6A" for n in range(4_900)]
    content = "\n".join(["Tên đăng nhập;Họ và tên;Dạy", *rows]).encode()
    seen = old_exports.read_export(
        school.services, admin(school), SCHOOL, system="smas", name="a.csv", content=content
    )
    assert len(seen.matches) == 4_900
    assert seen.count()[SURE] == 0


def test_an_export_that_has_served_is_dropped_and_what_was_said_stays(school: World) -> None:
    seen = read(school, *ROWS)
    one = match_of(seen, "thu.le").candidates[0]
    say(school, "thu.le", OldChoice.PERSON, one)
    old_exports.drop_export(school.services, admin(school), SCHOOL)
    with pytest.raises(NotFoundError):
        old_exports.show_export(school.services, admin(school), SCHOOL)
    assert match_of(read(school, *ROWS), "thu.le").person == one

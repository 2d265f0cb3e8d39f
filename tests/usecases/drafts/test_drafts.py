"""A unit's grid: what its rows mean, what is wrong with them, and every way out; nobody overwrites anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.delegation import Authority
from access_service.domain.drafting import GridCells, GridFaultKind
from access_service.domain.drafting_ground import GridRowState
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import ClassId
from access_service.domain.reasons import Refusal
from access_service.usecases.drafts import keeping, reading_sheets
from access_service.usecases.drafts.keeping import GridSeen
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import org
from usecases.drafts.grids import HEAD, admin, read, row_of, seen, workbook
from world import CLASS_6A, OFFICE, SCHOOL, YEAR, World, hire_homeroom, homeroom_line

NEW = "Dương Đức An"
pytestmark = pytest.mark.backends("sqlite")


def kinds(grid: GridSeen, name: str) -> list[GridFaultKind]:
    return [fault.kind for fault in row_of(grid, name).faults]


def press(world: World, name: str, key: str) -> GridSeen:
    row = row_of(seen(world), name).row
    keeping.mend_row(world.services, admin(world), SCHOOL, YEAR, row.id, row.version, key)
    return seen(world)


def test_a_row_says_in_words_what_would_be_handed_over(school_world: World) -> None:
    grid = read(school_world, [HEAD, [NEW, "6A", "Toán 6A, 6B; Tin 6B", "Thư viện; tổ trưởng"]])
    row = row_of(grid, NEW)
    assert row.faults == ()
    assert row.rights == (
        "Giáo viên chủ nhiệm 6A",
        "Giáo viên bộ môn Tin học 6B; Toán 6A, 6B",
        "Nhân viên thư viện",
        "Tổ trưởng chuyên môn Tin học, Toán",
    )
    assert row.state is GridRowState.NEW
    assert (row.makes_person, row.makes_account) == (True, True)
    assert grid.ready == (row,)


def test_a_heading_that_was_mapped_once_is_read_at_once(school_world: World) -> None:
    first = reading_sheets.read_file(
        school_world.services, admin(school_world), SCHOOL, YEAR, "a.xlsx", workbook([HEAD, [NEW, "6A"]])
    )
    assert not first.is_taken
    assert (
        reading_sheets.pending_file(school_world.services, admin(school_world), SCHOOL, YEAR).mapping
        == first.mapping
    )
    assert first.mapping is not None
    chosen = replace(first.mapping, fields=("name", "unused", "teaching", "other"))
    reading_sheets.map_file(school_world.services, admin(school_world), SCHOOL, YEAR, chosen)
    second = reading_sheets.read_file(
        school_world.services,
        admin(school_world),
        SCHOOL,
        YEAR,
        "b.xlsx",
        workbook([["Trường THCS Thử"], [h.upper() for h in HEAD], [NEW, "6A", "Toán 6B"]]),
    )
    assert second.is_taken
    assert second.mapping is not None
    assert second.mapping.fields == chosen.fields
    grid = seen(school_world)
    assert row_of(grid, NEW).rights == ("Giáo viên bộ môn Toán 6B",)
    assert grid.draft.source is not None
    assert (grid.draft.source.name, grid.draft.source.fields, grid.draft.pending) == ("b.xlsx", 3, None)


def test_a_name_that_is_nearly_somebodys_offers_the_nearest_and_somebody_new(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    grid = read(school_world, [HEAD, ["Người Thử gvnc", "", "Toán 6A"]])
    [fault] = row_of(grid, "Người Thử gvnc").faults
    assert fault.kind is GridFaultKind.PERSON_UNKNOWN
    keys = [remedy.key for remedy in fault.remedies]
    assert f"person:{teacher.person}" in keys
    assert keys[-2:] == ["new-person", "leave-out"]
    assert not seen(school_world).ready
    grid = press(school_world, "Người Thử gvnc", f"person:{teacher.person}")
    assert row_of(grid, "Người Thử gvcn").person == teacher.person


def test_other_marks_are_another_name_and_none_are_the_only_one(school_world: World) -> None:
    person = org.add_person(school_world.services, admin(school_world), name="Lê Thị Ân").id
    school_world.assign(person, SCHOOL, "librarian", SCHOOL)
    grid = read(school_world, [HEAD, ["Lê Thị An", "", "Toán 6A"]])
    assert kinds(grid, "Lê Thị An") == [GridFaultKind.PERSON_AMBIGUOUS]
    grid = read(school_world, [HEAD, ["le thi an", "", "Toán 6A"]])
    assert row_of(grid, "Lê Thị Ân").person == person
    grid = read(school_world, [HEAD, ["Lê Thị Ân", "", "Toán 6A"], ["Lê Thị Ấn", "", "Toán 6B"]])
    assert row_of(grid, "Lê Thị Ấn").makes_person


def test_namesakes_are_told_apart_by_whoever_knows_them(school_world: World) -> None:
    for _ in range(2):
        person = org.add_person(school_world.services, admin(school_world), name="Lê Thu").id
        school_world.assign(person, SCHOOL, "librarian", SCHOOL)
    grid = read(school_world, [HEAD, ["lê thu", "", "Toán 6A"]])
    assert kinds(grid, "lê thu") == [GridFaultKind.PERSON_AMBIGUOUS]


def test_a_class_with_two_in_charge_is_kept_or_given_and_others_need_not_wait(school_world: World) -> None:
    rows = [HEAD, ["Trần Đức Bình", "6A", "Sử 6A"], ["Vũ Thị Ơn", "6A", "Văn 6A"], [NEW, "6B", ""]]
    grid = read(school_world, rows)
    assert grid.rows[0].name == "Vũ Thị Ơn"
    assert {row.name for row in grid.ready} == {"Trần Đức Bình", NEW}
    grid = press(school_world, "Vũ Thị Ơn", "take:6A")
    assert row_of(grid, "Trần Đức Bình").row.cells.homeroom == ""
    assert row_of(grid, "Vũ Thị Ơn").rights[0] == "Giáo viên chủ nhiệm 6A"
    assert len(grid.ready) == 3


def test_whoever_has_the_class_today_gives_it_up_by_their_own_row_or_by_a_remedy(school_world: World) -> None:
    hire_homeroom(school_world)
    grid = read(school_world, [HEAD, [NEW, "6A", ""]])
    assert kinds(grid, NEW) == [GridFaultKind.CLASS_TAKEN]
    grid = press(school_world, NEW, "take:6A")
    assert row_of(grid, NEW).duties[0].replaces == school_world.people["gvcn"].duty
    grid = read(school_world, [HEAD, [NEW, "6A", ""], ["Người Thử gvcn", "6B", ""]])
    assert row_of(grid, NEW).duties[0].replaces == school_world.people["gvcn"].duty


def test_what_is_unknown_offers_what_is_near(school_world: World) -> None:
    grid = read(school_world, [HEAD, [NEW, "", "Toan 6A; Đan 6B; Văn 6C", "Kế tóan; Bảo vệ"]])
    assert kinds(grid, NEW) == [
        GridFaultKind.SUBJECT_UNKNOWN,
        GridFaultKind.CLASS_UNKNOWN,
    ]
    grid = press(school_world, NEW, "without:teaching:Đan")
    grid = press(school_world, NEW, "class:teaching:6C:6A")
    assert row_of(grid, NEW).row.cells.teaching == "Toan 6A; 6B; Văn 6A"


def test_a_class_that_somebody_adds_is_made_with_the_rest(school_world: World) -> None:
    read(school_world, [HEAD, [NEW, "6C", ""]])
    grid = press(school_world, NEW, "new-class:6C")
    assert grid.new_classes == ("6C",)
    assert row_of(grid, NEW).rights == ("Giáo viên chủ nhiệm 6C",)
    keeping.drop_class(school_world.services, admin(school_world), SCHOOL, YEAR, "6C")
    assert kinds(seen(school_world), NEW) == [GridFaultKind.CLASS_UNKNOWN]


def test_a_deputy_says_of_what_and_a_group_leader_of_which_subjects(school_world: World) -> None:
    grid = read(school_world, [HEAD, [NEW, "", "", "Phó hiệu trưởng"], ["Lê Bình", "", "", "TTCM"]])
    assert kinds(grid, NEW) == [GridFaultKind.ROLE_UNCLEAR]
    assert kinds(grid, "Lê Bình") == [GridFaultKind.SUBJECTS_MISSING]
    grid = press(school_world, NEW, "role:deputy_facilities")
    assert row_of(grid, NEW).rights == ("Phó thủ trưởng phụ trách cơ sở vật chất",)


def test_the_heads_own_row_is_shown_and_never_made(school_world: World) -> None:
    grid = read(school_world, [HEAD, [f"Người Thử head:{SCHOOL}", "", "Toán 6A"]])
    [row] = grid.rows
    [fault] = row.faults
    assert fault.kind is GridFaultKind.OWN_HEAD
    assert "UBND xã Thử" in fault.text.vi
    assert not grid.ready


def test_an_officer_prepares_nothing_for_themselves(school_world: World) -> None:
    school_world.hand_to_officer(SCHOOL)
    grid = read(school_world, [HEAD, ["Người Thử cán bộ", "", "Toán 6A"]])
    assert [f.kind for f in grid.rows[0].faults] == [GridFaultKind.CUSTODIAN]


def test_a_rule_of_the_register_is_a_fault_of_the_row_with_its_code(school_world: World) -> None:
    person = org.add_person(school_world.services, admin(school_world), name=NEW).id
    school_world.assign(person, SCHOOL, "librarian", SCHOOL)
    with school_world.services.db.read(school_world.register) as reader:
        [authority] = reader.find(Authority, unit=SCHOOL)
    delegation.narrow_authority(
        school_world.services,
        school_world.admins[OFFICE],
        authority.id,
        scope=replace(authority.scope, grades=frozenset({"7"})),
        valid_to=authority.valid_to,
    )
    grid = read(school_world, [HEAD, [NEW, "6A", ""]])
    [fault] = row_of(grid, NEW).faults
    assert (fault.kind, fault.code) == (GridFaultKind.RULE, Refusal.WIDER_THAN_AUTHORITY)


def test_a_right_that_is_held_is_not_handed_over_again(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    grid = read(school_world, [HEAD, ["Người Thử gvcn", "6A", ""]])
    assert row_of(grid, "Người Thử gvcn").state is GridRowState.HELD
    assert not grid.ready


def test_two_rows_of_one_person_are_joined(school_world: World) -> None:
    read(school_world, [HEAD, [NEW, "6A", ""], [NEW, "", "Toán 6B"]])
    twice = next(row for row in seen(school_world).rows if row.faults)
    keeping.mend_row(
        school_world.services, admin(school_world), SCHOOL, YEAR, twice.row.id, twice.row.version, "join"
    )
    states = {row.row.place: row.state for row in seen(school_world).rows}
    assert states == {1: GridRowState.NEW, 2: GridRowState.LEFT_OUT}


def test_two_people_at_one_row_never_overwrite_each_other_unseen(school_world: World) -> None:
    row = row_of(read(school_world, [HEAD, [NEW, "6A", ""]]), NEW).row
    services, who = school_world.services, admin(school_world)
    first = keeping.save_row(
        services, who, SCHOOL, YEAR, row.id, row.version, cells=replace(row.cells, homeroom="6B")
    )
    with pytest.raises(RefusedError) as stale:
        keeping.save_row(services, who, SCHOOL, YEAR, row.id, row.version, cells=row.cells)
    assert (stale.value.code, stale.value.details["version"]) == (Refusal.STALE_VERSION, first.version)
    assert row_of(seen(school_world), NEW).row.cells.homeroom == "6B"
    keeping.save_row(services, who, SCHOOL, YEAR, row.id, first.version, ticked=False)
    assert not row_of(seen(school_world), NEW).is_ready
    keeping.undo_row(services, who, SCHOOL, YEAR, row.id, first.version + 1)
    assert row_of(seen(school_world), NEW).row.cells == row.cells
    keeping.save_row(services, who, SCHOOL, YEAR, row.id, first.version + 2, cells=GridCells("Ai đó"))
    assert keeping.undo_all(services, who, SCHOOL, YEAR) == 1
    assert row_of(seen(school_world), NEW).is_ready


def test_a_draft_is_its_custodians_and_its_heads(school_world: World) -> None:
    read(school_world, [HEAD, [NEW, "6A", ""]])
    teacher = hire_homeroom(school_world, "khac", ClassId(CLASS_6A.replace("6A", "6B")))
    head = school_world.people[f"head:{SCHOOL}"]
    assert not keeping.show_draft(school_world.services, head.caller, SCHOOL, YEAR).may_change
    for stranger in (
        teacher.caller,
        school_world.admins[school_world.root],
        school_world.people["director"].caller,
    ):
        with pytest.raises(RefusedError):
            keeping.show_draft(school_world.services, stranger, SCHOOL, YEAR)
    for stranger in (teacher.caller, head.caller, school_world.admins[school_world.root]):
        with pytest.raises(RefusedError):
            keeping.add_row(school_world.services, stranger, SCHOOL, YEAR, GridCells("Ai"))


def test_the_grid_is_filled_from_last_year_and_says_what_changed(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    school_world.assign(teacher.person, SCHOOL, "subject_teaching", SCHOOL, classes=frozenset({(CLASS_6A, "TOAN")}))
    school_world.assign(
        teacher.person, SCHOOL, "subject_group_leader", SCHOOL, subjects=frozenset({"TOAN", "TINHOC"})
    )
    org.open_school_year(
        school_world.services,
        school_world.admins[school_world.root],
        id_="2027-2028",
        starts_on=date(2027, 8, 1),
        closes_on=date(2028, 8, 1),
    )
    services, who = school_world.services, admin(school_world)
    assert reading_sheets.renew_draft(services, who, SCHOOL, "2027-2028") == 1
    grid = keeping.show_draft(services, who, SCHOOL, "2027-2028")
    [row] = grid.rows
    assert row.row.cells == GridCells("Người Thử gvcn", "", "6A", "Toán 6A", "Tổ trưởng chuyên môn Tin học - Toán")
    assert (row.state, grid.last_year, grid.new_classes) == (GridRowState.AS_BEFORE, YEAR, ("6A", "6B"))
    keeping.save_row(
        services, who, SCHOOL, "2027-2028", row.row.id, row.row.version, cells=replace(row.row.cells, homeroom="6B")
    )
    [row] = keeping.show_draft(services, who, SCHOOL, "2027-2028").rows
    assert (row.state, row.changes) == (GridRowState.CHANGED, 2)


def test_a_year_that_nobody_opened_has_no_draft(school_world: World) -> None:
    with pytest.raises(NotFoundError):
        keeping.add_row(school_world.services, admin(school_world), SCHOOL, "2050-2051", GridCells("An"))

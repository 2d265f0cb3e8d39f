"""Who would take over more than accounts: by an id of another system, by a list, by a name in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, Managed, managing

from access_service.domain.errors import RefusedError
from access_service.domain.external_ids import ExternalKind
from access_service.domain.old_rows import MOST_SAID, UNREADABLE
from access_service.domain.reasons import Reason, Refusal
from access_service.rendering.old_rights_sheet import write_old_rights
from access_service.usecases.old_systems import naming_ids, old_exports
from prepared import copied
from usecases.drafts.grids import admin, workbook
from usecases.old_systems.exports import HEAD, furnish, line, read
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, World, hire_homeroom

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def school(tmp_path: Path) -> World:
    world, _ = copied(tmp_path, furnish, None)
    return world


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("muon")) as found:
        yield found


def test_a_custodian_who_calls_a_colleague_by_their_own_account_elsewhere_is_answered_as_nobody(
    managed: Managed,
) -> None:
    """SMAS lets the custodian in as `toi`; whoever asks by that id would be answered by the colleague's papers."""
    person = managed.person("van-thu").person
    body = {"kind": "person", "target": person, "system": "smas", "value": "toi"}
    assert managed.post(ADMIN, f"units/{SCHOOL}/external-ids", body).status_code == 201
    for subject in ({"type": "person", "id": "smas:toi"}, {"type": "account", "id": "smas:toi"}):
        asked = {
            "subject": subject,
            "action": {"name": "read"},
            "resource": {"type": "class", "id": CLASS_6A, "properties": {"category": "STU-ACA", "subject": "TOAN"}},
        }
        answer = managed.served.ask(asked).json()
        assert answer["decision"] is False
        assert answer["context"]["reason"]["code"] == Reason.ACCOUNT_UNKNOWN


def test_a_school_lists_no_people_of_another(school: World) -> None:
    head = school.people[f"head:{OFFICE}"].person
    seen = read(school, line("ct", f"Người Thử head:{OFFICE}", unit=OFFICE), line("x", f"Người Thử head:{OFFICE}"))
    assert seen.export.elsewhere == 1
    assert [m.row.account for m in seen.matches] == ["x"]
    assert head not in seen.names
    naming_ids.set_external_id(
        school.services,
        school.admins[OFFICE],
        OFFICE,
        kind=ExternalKind.PERSON,
        target=head,
        system="smas",
        value="ct",
    )
    [match] = read(school, line("ct", f"Người Thử head:{OFFICE}")).matches
    assert match.person is None
    assert head not in match.candidates


def test_a_list_gives_nobody_a_right_or_an_account(school: World) -> None:
    def told() -> list[int]:
        with school.services.db.connect() as connection:
            tables = ("accounts", "grants", "documents", "assignments", "external_ids")
            return [connection.exec_driver_sql(f"select count(*) from {t}").scalar() or 0 for t in tables]  # noqa: S608

    before = told()
    read(school, line("root", "Người Thử gvcn", rights="Hiệu trưởng; Quản trị hệ thống", homeroom="6A, 6B"))
    assert told() == before


def test_a_cell_of_the_list_is_text_in_the_workbook_and_on_the_page(school: World) -> None:
    seen = read(school, line("=HYPERLINK(1)", "@SUM(1)", rights="=cmd|' /C calc'!A0"))
    with zipfile.ZipFile(io.BytesIO(write_old_rights(seen, school.clock.now))) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
        text = book.read("xl/sharedStrings.xml").decode()
    assert not any("<f>" in sheet for sheet in sheets)
    assert "=HYPERLINK(1)" in text


def macro(content: bytes) -> bytes:
    made = io.BytesIO(content)
    with zipfile.ZipFile(made, "a") as book:
        book.writestr("xl/vbaProject.bin", b"x")
    return made.getvalue()


def bomb(content: bytes) -> bytes:
    made = io.BytesIO(content)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/a.bin", b"\0" * (60 << 20))
    return made.getvalue()


@pytest.mark.parametrize(
    ("bend", "code"), [(macro, Refusal.SHEET_OLD_FORMAT), (bomb, Refusal.SHEET_TOO_LARGE)], ids=["macro", "bomb"]
)
def test_a_workbook_with_more_than_rows_is_refused(bend: Any, code: Refusal) -> None:
    content = bend(workbook([HEAD, line("an", "Dương Đức An")]))
    with pytest.raises(RefusedError) as refused:
        old_exports.parse_export(SCHOOL, "smas", "a.xlsx", content)
    assert refused.value.code is code


def test_an_account_on_thousands_of_lines_says_so_much_and_then_that_there_is_more() -> None:
    lines = [f"gv,Người Thử,{n} {'x' * 480}" for n in range(60)]
    content = "\n".join(["Tên đăng nhập,Họ và tên,Vai trò", *lines]).encode("utf-8-sig")
    (row,) = old_exports.parse_export(SCHOOL, "smas", "ds.csv", content).rows
    assert len(row.rights) <= MOST_SAID
    assert row.rights.split("; ")[-1] == UNREADABLE
    assert row.rights.split("; ")[:2] == [f"{n} {'x' * 480}" for n in range(2)]


def test_joined_cells_say_of_each_row_what_they_show() -> None:
    def shape(_book: object, sheet: object) -> None:
        sheet.merge_range(1, 2, 2, 2, "Dương Đức An")  # type: ignore[attr-defined]

    rows = [HEAD, line("a", "", teaching="Toán 6A"), line("b", "", teaching="Toán 6B")]
    export = old_exports.parse_export(SCHOOL, "smas", "a.xlsx", workbook(rows, shape))
    assert [(row.account, row.name) for row in export.rows] == [("a", "Dương Đức An"), ("b", "Dương Đức An")]


def test_another_schools_custodian_decides_and_reads_nothing(school: World) -> None:
    other = hire_homeroom(school, "khac", CLASS_6B)
    seen = read(school, line("an", "Dương Đức An"))
    said = [old_exports.SaidOfRow(seen.matches[0].key, None)]
    for caller in (school.admins[OFFICE], other.caller):
        with pytest.raises(RefusedError):
            old_exports.decide_rows(school.services, caller, SCHOOL, said)
        with pytest.raises(RefusedError):
            old_exports.show_export(school.services, caller, SCHOOL)
        with pytest.raises(RefusedError):
            old_exports.drop_export(school.services, caller, SCHOOL)
    assert len(old_exports.show_export(school.services, admin(school), SCHOOL).matches) == 1

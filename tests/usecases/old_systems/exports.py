"""Lists of accounts as old systems export them, and a school whose people they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from access_service.domain.matching import RowMatch
from access_service.domain.names import PersonId
from access_service.usecases.old_systems import old_exports
from access_service.usecases.old_systems.old_exports import OldExportSeen, SaidOfRow
from access_service.usecases.organisation import org
from usecases.drafts.grids import admin, workbook
from world import CLASS_6A, CLASS_6B, SCHOOL, World, hire_homeroom, homeroom_line

HEAD = (
    "STT",
    "Tên đăng nhập",
    "Họ và tên",
    "Ngày sinh",
    "Mã định danh",
    "Đơn vị",
    "Vai trò",
    "Chủ nhiệm",
    "Dạy",
    "Trạng thái",
)
SYSTEM = "smas"


def line(account: str, name: str, **cells: str) -> list[str]:
    """One account of the list."""
    columns = ("born", "national", "unit", "rights", "homeroom", "teaching", "state")
    return ["1", account, name, *(cells.get(column, "") for column in columns)]


def read(world: World, *rows: Sequence[Any], system: str = SYSTEM, name: str = "TaiKhoan.xlsx") -> OldExportSeen:
    """The rows as the school's custodian reads them."""
    content = workbook([["DANH SÁCH TÀI KHOẢN NGƯỜI DÙNG"], HEAD, *rows])
    return old_exports.read_export(world.services, admin(world), SCHOOL, system=system, name=name, content=content)


def match_of(seen: OldExportSeen, account: str) -> RowMatch:
    """The row of that account."""
    [found] = [m for m in seen.matches if m.row.account == account]
    return found


def add_teacher(world: World, name: str, *classes: tuple[str, str]) -> PersonId:
    """Somebody who teaches these classes and subjects, without any right."""
    person = org.add_person(world.services, admin(world), name=name).id
    named = {"6A": CLASS_6A, "6B": CLASS_6B}
    world.assign(
        person, SCHOOL, "subject_teaching", SCHOOL, classes=frozenset((named[code], s) for code, s in classes)
    )
    return person


def furnish(world: World) -> Any:
    """A school that comes from SMAS: a homeroom teacher with paper, teachers without, namesakes, a librarian."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    add_teacher(world, "Dương Đức An", ("6A", "TOAN"))
    add_teacher(world, "Đặng Hoà Ánh", ("6B", "NGUVAN"))
    for _ in range(2):
        add_teacher(world, "Lê Thu", ("6A", "TINHOC"))
    librarian = org.add_person(world.services, admin(world), name="Lý Minh Ân").id
    world.assign(librarian, SCHOOL, "librarian", SCHOOL)
    return teacher


ROWS = (
    line("gvcn.6a", "Người Thử gvcn", rights="Giáo viên chủ nhiệm", homeroom="6A"),
    line("an.duong", "Dương Đức An", born="12/03/1985", rights="Giáo viên bộ môn", teaching="Toán 6A, 6B"),
    line("anh.dang", "Đặng Hòa Ánh", teaching="Văn 6B", rights="Quản trị trường"),
    line("thu.le", "Lê Thu", rights="Giáo viên bộ môn", teaching="Tin 6A"),
    line("an.ly", "Lý Minh An", rights="Thư viện"),
    line("cu.tran", "Trần Văn Cũ", rights="Giáo viên bộ môn", teaching="Toán 6A"),
    line("may.in", "", rights="Kế toán"),
)
"""Seven accounts: three sure (of whom one goes beyond paper), two doubtful, two of nobody."""


def say(
    world: World, account: str, choice: Any, person: PersonId | None = None, seen: OldExportSeen | None = None
) -> OldExportSeen:
    """Say whom a row is about."""
    shown = seen or old_exports.show_export(world.services, admin(world), SCHOOL)
    said = SaidOfRow(match_of(shown, account).key, choice, person)
    return old_exports.decide_rows(world.services, admin(world), SCHOOL, [said])

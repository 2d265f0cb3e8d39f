"""A school's classes, another homeroom teacher, its admin account, one account, and what it may hand down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind, DocumentState
from access_service.domain.org import Assignment
from access_service.domain.recovery import Recovery
from world import CLASS_6A, OFFICE, PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line

TEACHER, AT = "000.gvcn", f"/don-vi/{SCHOOL}"
CHANGE = f"{AT}/lop/{CLASS_6A}/chu-nhiem"


def furnish(world: World) -> Someone:
    """A homeroom teacher with a right, and another teacher without a class."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.hire("bo mon", SCHOOL, "academic_registrar", SCHOOL)
    return teacher


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One service for what only looks."""
    with visiting(tmp_path_factory.mktemp("lop"), furnish=furnish) as found:
        yield found


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own for what changes something."""
    with visiting(tmp_path_factory.mktemp("doi"), furnish=furnish) as found:
        yield found


def as_office(visitor: Visitor) -> Visitor:
    """The chair of the commune, with its admin account over the personal one."""
    visitor.sign_in(visitor.enrolled(f"000.head:{OFFICE}"))
    visitor.put_on(visitor.enrolled(f"quantri.{OFFICE}"))
    return visitor


def test_the_head_sees_who_has_charge_of_each_class_and_a_teacher_the_classes_alone(kept: Visitor) -> None:
    page = kept.other().as_head().get(f"{AT}/lop")
    assert page.status == 200
    assert "Người Thử gvcn" in page.words
    assert "Đổi chủ nhiệm" not in page.words
    teacher = kept.other()
    teacher.sign_in(TEACHER)
    page = teacher.get(f"{AT}/lop")
    assert "6A" in page.words
    assert "Chủ nhiệm" not in page.words


def test_the_homeroom_changes_after_what_falls_was_shown(service: Visitor) -> None:
    world, visitor = service.world, service.other().as_custodian()
    page = visitor.get(CHANGE)
    new = world.people["bo mon"].person
    page = visitor.send(page, CHANGE, nguoi=new, so="45/QĐ", ngay="mai")
    assert page.status == 422
    assert 'value="45/QĐ"' in page.html
    page = visitor.send(page, CHANGE, nguoi=new, so="45/QĐ", ngay="25/08/2026")
    assert page.status == 200
    assert "Người Thử gvcn" in page.words
    assert world.get(Assignment, service.made.duty).valid_to is None
    page = visitor.send(page, CHANGE)
    assert "Đã đổi chủ nhiệm và lập biên bản" in page.words
    assert world.get(Assignment, service.made.duty).valid_to is not None
    with world.services.db.read(world.register) as reader:
        duties = reader.find(Assignment, person=new, position="homeroom")
        [line] = reader.find(Grant, assignment=[d.id for d in duties])
        papers = reader.find(Document, receiver=new, kind=str(DocumentKind.HANDOVER_MINUTES))
    assert line.role == "homeroom_teacher"
    assert [p.state for p in papers] == [DocumentState.AWAITING_GIVER]


def test_the_admin_account_is_given_and_taken_back_with_its_consequences(service: Visitor) -> None:
    world, office = service.world, as_office(service.other())
    place = f"{AT}/tai-khoan-quan-tri"
    page = office.get(place)
    assert f"Người Thử head:{SCHOOL}" in page.words
    page = office.get(f"{place}/thu-hoi")
    assert "1 việc quản lý tài khoản quản trị" in page.words
    page = office.send(page, f"{place}/thu-hoi")
    assert "Chưa có người quản lý" in page.words
    head = world.people[f"head:{SCHOOL}"].person
    page = office.send(page, place, nguoi=head)
    assert "Đã lập biên bản giao tài khoản quản trị" in page.words
    with world.services.db.read(world.register) as reader:
        minutes = reader.find(Document, receiver=head, kind=str(DocumentKind.CUSTODY_MINUTES))
    assert [m.state for m in minutes].count(DocumentState.AWAITING_GIVER) == 1


def test_a_teacher_sees_neither_custody_nor_anybodys_account(kept: Visitor) -> None:
    visitor = kept.other()
    visitor.sign_in(TEACHER)
    head = kept.world.people[f"head:{SCHOOL}"].account
    for path in (f"{AT}/tai-khoan-quan-tri", f"/tai-khoan/{head}", "/tai-khoan/acc_0"):
        assert visitor.get(path).status == 404, path
    page = visitor.get(f"/tai-khoan/{kept.made.account}")
    assert "Đang hoạt động" in page.words
    assert "Khôi phục tài khoản" not in page.words


def test_a_recovery_code_is_shown_once_to_whoever_proved_themselves(service: Visitor) -> None:
    visitor = service.other().as_custodian()
    path = f"/tai-khoan/{service.made.account}"
    page = visitor.get(path)
    page = visitor.send(page, path, mat_khau="sai mật khẩu 000")
    assert page.status == 401
    assert "sai mật khẩu" not in page.html
    page = visitor.send(page, path, mat_khau=PASSWORD, mat_thiet_bi="1")
    assert page.status == 401
    assert "nhập mã dùng một lần hoặc dùng khoá truy cập" in page.words
    code = visitor.code_of(f"quantri.{SCHOOL}")
    page = visitor.send(page, path, mat_khau=PASSWORD, ma=f" {code[:3]} {code[3:]} ")
    assert "Mã dùng một lần, chỉ hiện lần này" in page.words
    assert "Mã dùng một lần, chỉ hiện lần này" not in visitor.get(path).words
    with service.world.services.db.read(service.world.register) as reader:
        assert len(reader.find(Recovery, account=service.made.account)) == 1


def test_what_a_unit_may_hand_down_is_stopped_from_above_alone(service: Visitor) -> None:
    head = service.other().as_head().get(f"{AT}/tham-quyen")
    assert "Đang hiệu lực" in head.words
    assert "Thu hồi thẩm quyền" not in head.words
    office = as_office(service.other())
    page = office.get(f"{AT}/tham-quyen")
    address = page.html.partition('href="/tham-quyen/')[2].partition("/")[0]
    page = office.get(f"/tham-quyen/{address}/tam-khoa?dv={SCHOOL}")
    assert "1 quyền tạm khoá" in page.words
    page = office.send(page, f"/tham-quyen/{address}/tam-khoa", ly_do="rà soát")
    assert page.address == f"{AT}/tham-quyen"
    assert "Mở lại thẩm quyền" in page.words

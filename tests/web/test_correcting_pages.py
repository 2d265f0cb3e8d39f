"""Names, classes, duties and school years are set right through the pages, beside what was known before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountKind
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear
from access_service.domain.waiting import WaitingAct
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, YEAR, Someone, World, hire_homeroom, homeroom_line

TEACHER, AT = "000.gvcn", f"/don-vi/{SCHOOL}"


def furnish(world: World) -> Someone:
    """A homeroom teacher of 6A with a right."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(minutes=1)
    return teacher


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("dinh-chinh"), furnish=furnish) as found:
        yield found


def as_office(visitor: Visitor) -> Visitor:
    visitor.sign_in(visitor.enrolled(f"000.head:{OFFICE}"))
    visitor.put_on(visitor.enrolled(f"quantri.{OFFICE}"))
    return visitor


def names_of_root(world: World) -> tuple[str, str]:
    """Under which names whoever operates the department's admin account signs in: their own, and the account's."""
    admin = world.admins[world.root]
    with world.services.db.read(world.register) as reader:
        [own] = reader.find(Account, person=admin.person, kind=str(AccountKind.USE))
        return own.username, reader.require(Account, admin.account).username


def as_root(visitor: Visitor) -> Visitor:
    """Whoever operates the department's admin account, under both hats."""
    own, admin = names_of_root(visitor.world)
    visitor.sign_in(visitor.enrolled(own))
    visitor.put_on(visitor.enrolled(admin))
    return visitor


def test_a_name_is_corrected_and_what_was_known_stands_beside_it(service: Visitor) -> None:
    visitor, person = service.other().as_custodian(), service.made.person
    page = visitor.get(f"/nguoi/{person}")
    assert f"/nguoi/{person}/dinh-chinh" in page.html
    path = f"/nguoi/{person}/dinh-chinh"
    page = visitor.get(path)
    assert "Chưa đính chính lần nào" in page.words
    wrong = visitor.send(page, path, ten="Đặng Ngọc Ánh", ly_do=" ")
    assert (wrong.status, 'value="Đặng Ngọc Ánh"' in wrong.html) == (422, True)
    done = visitor.send(wrong, path, ten="Đặng Ngọc Ánh", ly_do="ghi nhầm họ tên")
    assert (done.address, "Đã đính chính họ tên." in done.words) == (f"/nguoi/{person}", True)
    assert service.world.get(Person, person).name == "Đặng Ngọc Ánh"
    page = visitor.get(path)
    assert "Người Thử gvcn" in page.words
    assert f"Người Thử head:{SCHOOL} đính chính: ghi nhầm họ tên" in page.words


def test_nobody_corrects_their_own_name_or_reads_anothers_history(service: Visitor) -> None:
    teacher = service.other()
    teacher.sign_in(TEACHER)
    assert "dinh-chinh" not in teacher.get("/toi").html
    assert teacher.get(f"/nguoi/{service.made.person}/dinh-chinh").status == 403
    head = service.world.people[f"head:{SCHOOL}"]
    assert teacher.get(f"/nguoi/{head.person}/dinh-chinh").status in (403, 404)
    custodian = service.other().as_custodian()
    assert custodian.get(f"/nguoi/{head.person}/dinh-chinh").status == 403
    assert custodian.get("/nguoi/per_0/dinh-chinh").status == 404


def test_a_class_in_use_keeps_its_grade_and_takes_another_name(service: Visitor) -> None:
    visitor, path = service.other().as_custodian(), f"{AT}/lop/{CLASS_6A}/dinh-chinh"
    page = visitor.get(path)
    assert "Cấp học và khối giữ nguyên" in page.words
    assert visitor.send(page, path, ten="6A", ly_do="nhầm").status == 422
    done = visitor.send(page, path, ten="6A chuyên", ly_do="thiếu chữ")
    assert "Đã đính chính lớp." in done.words
    assert service.world.get(SchoolClass, CLASS_6A).name == "6A chuyên"
    other = visitor.get(f"{AT}/lop/{CLASS_6B}/dinh-chinh")
    assert dict(other.form(f"{AT}/lop/{CLASS_6B}/dinh-chinh").fields)["khoi"] == "6"
    assert visitor.get(f"/don-vi/{OFFICE}/lop/{CLASS_6A}/dinh-chinh").status == 404


def test_a_duty_is_corrected_after_the_rights_that_it_no_longer_bears_were_shown(service: Visitor) -> None:
    visitor, world, teacher = service.other().as_custodian(), service.world, service.made
    path = f"/phan-cong/{teacher.duty}/dinh-chinh"
    page = visitor.get(path)
    assert dict(page.form(path).fields)["chu_nhiem"] == "6A"
    assert visitor.send(page, path, chu_nhiem="6X", ly_do="nhầm lớp").status == 422
    page = visitor.send(page, path, so="45/QĐ-THCS", ly_do="nhầm số")
    assert "Đã đính chính phân công." in page.words
    assert world.get(Assignment, teacher.duty).decision_number == "45/QĐ-THCS"
    page = visitor.send(visitor.get(path), path, chu_nhiem="6B", ly_do="nhầm lớp")
    assert "1 quyền chấm dứt" in page.words
    assert world.get(Assignment, teacher.duty).classes == frozenset({(CLASS_6A, "")})
    page = visitor.send(page, path)
    assert "Đã đính chính phân công." in page.words
    assert world.get(Assignment, teacher.duty).classes == frozenset({(CLASS_6B, "")})
    with world.services.db.read(world.register) as reader:
        [grant] = reader.find(Grant, assignment=teacher.duty)
    assert grant.ended_at is not None
    page = visitor.get(path)
    assert "nhầm số" in page.words
    assert "6A" in page.words


def test_a_school_year_waits_for_a_second_person(service: Visitor) -> None:
    root = service.world.root
    visitor, path = as_root(service.other()), f"/don-vi/{root}/cac-nam-hoc"
    page = visitor.get(path)
    assert YEAR in page.words
    page = visitor.get(f"{path}/{YEAR}")
    before = service.world.get(SchoolYear, YEAR)
    page = visitor.send(page, f"{path}/{YEAR}", den_ngay="15/08/2027", ly_do="theo kế hoạch thời gian năm học")
    assert "chờ người thứ hai xác nhận" in page.words
    assert service.world.get(SchoolYear, YEAR) == before
    with service.world.services.db.read(service.world.register) as reader:
        [waiting] = reader.find(WaitingAct, kind="correct_year")
    assert waiting.target == YEAR
    page = visitor.get(f"/don-vi/{root}/cho-xac-nhan")
    assert "Đính chính năm học" in page.words
    assert as_office(service.other()).get(f"/don-vi/{OFFICE}/cac-nam-hoc").status == 404

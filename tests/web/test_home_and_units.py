"""The first page, a unit, its people, what is below it, and the search field, in a browser without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

import pytest
from visiting import Visitor, visiting

from access_service.domain.recounting import MOST_TOLD
from access_service.domain.tasks import TaskKind
from access_service.usecases.tasks.units_below import remind
from access_service.web import task_words, unit_words
from access_service.web.phrases import english
from world import LOWER, OFFICE, PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line


def furnished(world: World) -> None:
    """Somebody whose paper waits, somebody without rights, and a school beside that nobody operates."""
    teacher = hire_homeroom(world)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.hire("thừa", SCHOOL, "academic_registrar", SCHOOL)
    world.add_unit("0003109", "school", "Trường THCS Số 9", OFFICE, LOWER)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("viec"), furnish=furnished) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    return service.other()


def as_office(visitor: Visitor) -> Visitor:
    visitor.sign_in(visitor.enrolled(f"000.head:{OFFICE}"))
    visitor.put_on(visitor.enrolled(f"quantri.{OFFICE}"))
    return visitor


def test_a_head_sees_what_waits_with_one_filled_button_and_the_unit_beside(visitor: Visitor) -> None:
    page = visitor.as_head().get("/viec")
    assert page.status == 200
    assert "1 văn bản chờ tôi ký bên giao" in page.words
    assert "Người Thử gvcn" in page.words
    assert "người có nhiệm vụ mà chưa có quyền" in page.words
    assert "Bàn giao quyền năm học 2026-2027" in page.words
    assert page.html.count('class="btn go"') <= 1
    assert f'href="/don-vi/{SCHOOL}"' in page.html


def test_a_head_is_told_what_happened_lately_and_a_teacher_is_not(visitor: Visitor) -> None:
    page = visitor.as_head().get("/viec")
    assert "Còn 16 ngày đến khai giảng." in page.words
    lately = page.html.partition(">Vừa diễn ra<")[2]
    assert f"Người Thử head:{SCHOOL}: " in lately
    assert "đăng nhập" not in lately
    assert lately.count("<li>") <= MOST_TOLD
    other = visitor.other()
    other.sign_in("000.gvcn")
    page = other.get("/viec")
    assert "Vừa diễn ra" not in page.words
    assert "khai giảng" not in page.words


def test_whoever_acts_from_above_is_told_by_their_units_name(service: Visitor) -> None:
    remind(service.world.services, service.world.enter(service.world.admins[OFFICE].account), [SCHOOL])
    page = service.other().as_head().get("/viec")
    assert "UBND xã Thử: nhắc đơn vị" in page.words


def test_a_teacher_finds_what_concerns_them_and_no_numbers_of_the_school(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    page = visitor.get("/viec")
    assert "Bàn giao quyền năm học" not in page.words
    assert "chờ tôi ký bên giao" not in page.words


def test_the_people_of_a_unit_are_found_however_they_were_typed_and_by_where_they_stand(visitor: Visitor) -> None:
    visitor.as_head()
    page = visitor.get(f"/don-vi/{SCHOOL}/nguoi?q=nguoi+thu+gvcn")
    assert "Người Thử gvcn" in page.words
    assert "Người Thử thừa" not in page.words
    page = visitor.get(f"/don-vi/{SCHOOL}/nguoi?chi=awaiting_giver")
    assert "Người Thử gvcn" in page.words
    assert "Người Thử thừa" not in page.words
    assert "“không ai”" in visitor.get(f"/don-vi/{SCHOOL}/nguoi?q=không+ai").words
    page = visitor.get(f"/don-vi/{SCHOOL}/nguoi?muc=tai-khoan&trang_thai=active")
    assert f"quantri.{SCHOOL}" in page.words
    for odd in ("tu=-1", "tu=99999999999999999999", "chi=khong", "trang_thai=khong&muc=tai-khoan", "tu=²"):
        assert visitor.get(f"/don-vi/{SCHOOL}/nguoi?{odd}").status == 200, odd


def test_what_was_typed_into_a_search_is_shown_as_text(visitor: Visitor) -> None:
    visitor.as_head()
    for path in (f"/don-vi/{SCHOOL}/nguoi", "/tim"):
        page = visitor.get(f"{path}?q=%3Cscript%3Ealert(1)%3C/script%3E")
        assert "<script>alert" not in page.html
        assert "&lt;script&gt;" in page.html


def test_one_field_finds_people_and_units_for_the_office_and_nothing_beside_for_a_teacher(visitor: Visitor) -> None:
    page = as_office(visitor).get("/tim?q=thu+gvcn")
    assert "Người Thử gvcn" in page.words
    assert "Trường THCS Số 9" in visitor.get("/tim?q=so+9").words
    other = visitor.other()
    other.sign_in("000.gvcn")
    page = other.get("/tim?q=thu+thừa")
    assert "Không tìm thấy gì" in page.words


@pytest.mark.parametrize("path", ["", "/nguoi", "/truc-thuoc"])
def test_a_unit_that_is_not_the_callers_answers_as_one_that_does_not_exist(visitor: Visitor, path: str) -> None:
    visitor.as_head()
    foreign, nothing = visitor.get(f"/don-vi/0003109{path}"), visitor.get(f"/don-vi/0009999{path}")
    assert (foreign.status, nothing.status) == (404, 404)
    assert foreign.html.replace("0003109", "") == nothing.html.replace("0009999", "")


def test_numbers_of_units_below_are_for_those_above_alone(visitor: Visitor) -> None:
    visitor.sign_in("000.gvcn")
    assert visitor.get(f"/don-vi/{OFFICE}/truc-thuoc").status == 404
    page = visitor.get(f"/don-vi/{OFFICE}")
    assert page.status == 200
    assert "đã có quyền" not in page.words


def test_an_office_reminds_every_late_unit_in_three_steps_and_the_school_finds_it_on_its_first_page(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with visiting(tmp_path_factory.mktemp("nhac"), furnish=furnished) as visitor:
        visitor.world.clock.forward(days=8)
        as_office(visitor)
        page = visitor.get(f"/don-vi/{OFFICE}/truc-thuoc?chi=late")
        assert "Trường" in page.words
        action = f"/don-vi/{OFFICE}/truc-thuoc"
        page = visitor.send(page, action, tat_ca="1", noi_dung="Xong trước khai giảng")
        assert "Đã nhắc 1 đơn vị." in page.words
        assert page.address.endswith("?chi=late")
        page = visitor.send(page, action, chon=[SCHOOL])
        assert "đã được nhắc trong ngày" in page.words
        page = visitor.send(page, action)
        assert "Chưa chọn đơn vị nào" in page.words
        head = visitor.other().as_head()
        assert "Xong trước khai giảng" in head.get("/viec").words


def test_a_school_reminds_nobody_whatever_it_sends(visitor: Visitor) -> None:
    visitor.as_head()
    page = visitor.get("/viec")
    assert all("nhac" not in form.action for form in page.forms)
    token = dict(page.form("/dang-xuat").fields)["_ma"]
    sent = {"_ma": token, "_lan": "0123456789abcdef", "noi_dung": "thử"}
    answer = visitor.client.post(f"/don-vi/{SCHOOL}/nhac", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403


def test_every_sentence_of_these_pages_has_its_english(visitor: Visitor) -> None:
    known = english()
    assert [s for s in (*task_words.list_words(), *unit_words.list_words()) if s not in known] == []
    assert set(task_words._OF) == set(TaskKind)


def test_whoevers_code_was_seen_confirms_the_account_and_the_task_goes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with visiting(tmp_path_factory.mktemp("rieng"), furnish=furnished) as visitor:
        visitor.sign_in("000.gvcn")
        assert "Người khác đã thấy mã kích hoạt" in visitor.get("/viec").words
        assert "Thêm mã dùng một lần" in visitor.get("/toi/bao-mat").words
        other = visitor.other()
        other.sign_in(other.enrolled("000.gvcn"))
        page = other.get("/toi/bao-mat")
        page = other.send(page, "/toi/bao-mat/rieng", mat_khau="Sai mật khẩu 000", ma="")
        assert page.status == 401
        page = other.send(page, "/toi/bao-mat/rieng", mat_khau=PASSWORD, ma=other.code_of("000.gvcn"))
        assert "Đã xác nhận tài khoản do một mình tôi dùng." in page.words
        assert "Người khác đã thấy mã kích hoạt" not in other.get("/viec").words


def test_the_units_below_are_saved_as_a_sheet_with_the_filter_that_is_shown(visitor: Visitor) -> None:
    office = as_office(visitor)
    page = office.get(f"/don-vi/{OFFICE}/truc-thuoc?chi=vacant")
    assert f"/don-vi/{OFFICE}/truc-thuoc/bang.xlsx?chi=vacant" in page.html
    answer = office.client.get(f"/don-vi/{OFFICE}/truc-thuoc/bang.xlsx?chi=vacant")
    with ZipFile(BytesIO(answer.content)) as book:
        said = book.read("xl/sharedStrings.xml").decode()
    assert "Trường THCS Số 9" in said
    assert f">{SCHOOL}<" not in said
    assert visitor.other().get(f"/don-vi/{OFFICE}/truc-thuoc/bang.xlsx").address.startswith("/dang-nhap")

"""Taking over without scripts: a list read, three lists, what is said kept, ids seen first, the grid filled."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from story import telling, told
from visiting import Shown, Visitor, visiting

from usecases.drafts.grids import workbook
from usecases.old_systems.exports import HEAD, ROWS, furnish
from world import OFFICE, SCHOOL, YEAR

AT = f"/don-vi/{SCHOOL}/tiep-nhan"
LIST = workbook([["DANH SÁCH TÀI KHOẢN NGƯỜI DÙNG"], HEAD, *ROWS])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("tiep"), furnish=furnish) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    return service.other().as_custodian()


def upload(visitor: Visitor, content: bytes = LIST, name: str = "TaiKhoan.xlsx", system: str = "smas") -> Shown:
    page = visitor.get(AT)
    return visitor.send(page, AT, files={"tep": (name, content)}, press=("lam", "doc"), he_thong=system, lam="doc")


def test_a_list_becomes_three_lists_with_their_reasons(visitor: Visitor) -> None:
    assert "Đọc danh sách" in visitor.get(AT).words
    page = upload(visitor)
    assert page.status == 200
    assert "Đã đọc 7 tài khoản." in page.words
    assert "Nghi vấn 2" in page.words
    assert "Chắc chắn 3" in page.words
    assert "Không rõ của ai 2" in page.words
    assert "Đơn vị có nhiều người cùng họ tên" in page.words
    assert "Lý Minh Ân – Nhân viên thư viện" in page.words
    rights = visitor.get(f"{AT}?muc=quyen")
    assert "Giáo viên bộ môn: Toán 6A, 6B" in rights.words
    assert "Không có văn bản" in rights.words
    assert 'href="/quyen/grt_' in rights.html or 'href="/quyen/' in rights.html


def test_what_is_said_is_saved_and_shown_with_who_said_it(visitor: Visitor) -> None:
    upload(visitor)
    page = visitor.get(f"{AT}?muc=nghi-van")
    names = re.findall(r'name="(chon\.[0-9a-f]{64})"', page.html)
    [person] = set(re.findall(r'<option value="(per_[0-9a-f]+)">Lý Minh Ân', page.html))
    said = visitor.send(page, AT, press=("lam", "quyet"), **{names[1]: person, names[0]: ""})
    assert said.address == f"{AT}?muc=nghi-van"
    assert "Đã ghi 1 xác nhận." in said.words
    sure = visitor.get(f"{AT}?muc=chac-chan")
    assert f"quantri.{SCHOOL}" in sure.words
    assert "Đã có người xác nhận" in sure.words
    upload(visitor)
    assert "Đã có người xác nhận" in visitor.get(f"{AT}?muc=chac-chan").words
    taken_back = visitor.send(visitor.get(f"{AT}?muc=chac-chan"), AT, press=("lam", "quyet"), **{names[1]: ""})
    assert "Đã ghi 1 xác nhận." in taken_back.words


def test_a_wrong_file_or_name_says_what_to_do_and_keeps_what_was_typed(visitor: Visitor) -> None:
    page = upload(visitor, b"a;b\n1;2\n", "a.csv")
    assert page.status == 422
    assert 'value="smas"' in page.html
    wrong = upload(visitor, system="SM AS!")
    assert wrong.status == 422
    assert 'value="SM AS!"' in wrong.html
    nothing = visitor.send(visitor.get(AT), AT, press=("lam", "doc"), he_thong="smas")
    assert nothing.status == 422


def test_ids_are_seen_before_they_are_recorded(visitor: Visitor) -> None:
    upload(visitor)
    page = visitor.send(visitor.get(AT), AT, press=("lam", "ma-xem"))
    assert "Sẽ ghi" in page.words
    done = visitor.send(page, AT, press=("lam", "ma"))
    assert "Đã ghi" in done.words
    again = visitor.send(visitor.get(AT), AT, press=("lam", "ma-xem"))
    assert "Sẽ ghi 0 mã" in again.words


def test_whoever_lacks_paper_goes_into_the_grid(visitor: Visitor) -> None:
    upload(visitor)
    page = visitor.get(AT)
    [form] = [f for f in page.forms if ("lam", "bang") in f.buttons]
    page.forms.remove(form)
    page.forms.insert(0, form)
    grid = visitor.send(page, AT, press=("lam", "bang"))
    assert grid.address == f"/don-vi/{SCHOOL}/phan-quyen?nam={YEAR}"
    assert "Dương Đức An" in grid.words


def test_the_comparison_is_a_workbook(visitor: Visitor) -> None:
    upload(visitor)
    answer = visitor.client.get(f"{AT}/doi-chieu.xlsx")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        text = book.read("xl/sharedStrings.xml").decode()
    assert "Giáo viên bộ môn: Toán 6A, 6B" in text
    assert "Rộng hơn văn bản" in text or "Không có văn bản" in text
    assert "Đơn vị có nhiều người cùng họ tên" in text


def test_another_units_list_is_not_there(service: Visitor) -> None:
    upload(service.other().as_custodian())
    above = service.other()
    above.sign_in(above.enrolled(f"000.head:{OFFICE}"))
    assert above.get(AT).status == 403
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    for path in (AT, f"{AT}/doi-chieu.xlsx"):
        assert teacher.get(path).status in (403, 404)
    assert teacher.get("/don-vi/khong-co/tiep-nhan").status == 404


def test_the_head_reads_and_the_list_is_deleted_when_it_has_served(visitor: Visitor, service: Visitor) -> None:
    upload(visitor)
    head = service.other().as_head().get(AT)
    assert head.status == 200
    assert "Ghi xác nhận" not in head.words
    page = visitor.get(AT)
    page.forms.sort(key=lambda form: ("lam", "quen") not in form.buttons)
    gone = visitor.send(page, AT, press=("lam", "quen"))
    assert "Đã xoá danh sách" in gone.words
    assert "Đọc danh sách" in gone.words


@told("phone", "plain")
def test_a_school_takes_over_its_accounts_in_a_browser(tmp_path: Path, way: str) -> None:
    file = tmp_path / "TaiKhoan.xlsx"
    file.write_bytes(LIST)
    with telling(f"tiep-nhan-{way}", tmp_path, furnish, way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
            story.world.enrol(name)
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        story.open(AT)
        story.look("doc")
        story.interactions = 0
        story.fill("Tên hệ thống cũ", "smas")
        story.choose("Danh sách tài khoản (.xlsx hoặc .csv)", file)
        story.click("Đọc danh sách")
        story.sees("Đã đọc 7 tài khoản.")
        story.look("nghi-van")
        story.page.get_by_label("an.ly, dòng 7, là của ai").select_option(index=1)
        story.interactions += 1
        story.click("Ghi xác nhận")
        story.sees("Đã ghi 1 xác nhận.")
        for tab, name in (
            ("chac-chan", "Chắc chắn"),
            ("khong-ro", "Không rõ của ai"),
            ("quyen", "Quyền và văn bản"),
        ):
            story.open(f"{AT}?muc={tab}")
            story.sees(name)
            story.look(tab)
        story.click("Xem trước")
        story.sees("Sẽ ghi 4 mã")
        story.look("ma-xem")
        story.click("Ghi 4 mã")
        story.sees("Đã ghi 4 mã.")
        story.click("Đưa vào bảng")
        story.sees("Đã đưa 3 người vào bảng")
        assert story.interactions == 8

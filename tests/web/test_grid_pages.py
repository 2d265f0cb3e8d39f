"""The grid without scripts: a file read, rows mended and saved, nothing typed lost, papers made, slips printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from visiting import Shown, Visitor, visiting

from usecases.drafts.grids import HEAD, workbook
from world import SCHOOL, YEAR

AT = f"/don-vi/{SCHOOL}/phan-quyen"
DECIDED = ["(Kèm theo Quyết định số 41/QĐ-THCS ngày 20/08/2026)"]
ROWS = [DECIDED, HEAD, ["Dương Đức An", "", "Toán 6A", "Thư viện"], ["Lê Bình", "6X", "", ""]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("bang"), job_workers=1) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    return service.other().as_custodian()


def upload(visitor: Visitor, content: bytes, name: str = "PC.xlsx", **fields: str) -> Shown:
    page = visitor.get(f"{AT}/nhap?nam={YEAR}")
    return visitor.send(page, f"{AT}/nhap", files={"tep": (name, content)}, **fields)


def filled(visitor: Visitor) -> Shown:
    """The grid with a row that is ready and one that has to be mended."""
    page = upload(visitor, workbook(ROWS), ghep_lai="1")
    return visitor.send(page, f"{AT}/ghep-cot")


def ids(page: Shown) -> list[str]:
    return re.findall(r'id="r-(row_[0-9a-f]+)"', page.html)


def test_a_file_goes_by_its_columns_into_the_grid_and_the_next_one_at_once(visitor: Visitor) -> None:
    page = upload(visitor, workbook(ROWS), ghep_lai="1")
    assert page.address.startswith(f"{AT}/ghep-cot")
    assert 'value="41/QĐ-THCS"' in page.html
    assert 'value="20/08/2026"' in page.html
    page = visitor.send(page, f"{AT}/ghep-cot")
    assert page.status == 200
    assert "Đã đọc 2 dòng." in page.words
    assert "Căn cứ: Quyết định số 41/QĐ-THCS ngày 20/08/2026" in page.words
    assert "1 dòng cần sửa" in page.words
    assert "Giáo viên bộ môn Toán 6A; Nhân viên thư viện" in page.words
    page = upload(visitor, workbook(ROWS))
    assert page.address.partition("?")[0] == AT


def test_columns_can_be_read_otherwise_and_a_heading_chosen(visitor: Visitor) -> None:
    page = upload(visitor, workbook(ROWS), ghep_lai="1")
    other = visitor.get(f"{AT}/ghep-cot?nam={YEAR}&trang=PCCM&dong=0&kieu=by_class")
    assert "Mỗi dòng một lớp" in other.words
    refused = visitor.send(other, f"{AT}/ghep-cot", so="7/QĐ", ngay="1/9/2026")
    assert refused.status == 422
    assert 'value="7/QĐ"' in refused.html
    taken = visitor.send(page, f"{AT}/ghep-cot", **{"cot.3": "unused"})
    assert "Nhân viên thư viện" not in taken.words


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("pc.xls", bytes.fromhex("d0cf11e0a1b11ae1"), "không phải .xlsx hoặc .csv"),
        ("pc.csv", b"\xff\xfeB", "Không đọc được tệp"),
        ("pc.csv", b"a,b\n" * 5001, "Tệp quá lớn"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(visitor: Visitor, name: str, content: bytes, says: str) -> None:
    page = upload(visitor, content, name)
    assert page.status in (413, 422)
    assert says in page.words


def test_a_file_beyond_five_megabytes_is_refused_before_it_is_read(visitor: Visitor) -> None:
    assert upload(visitor, b"a" * (7 << 20), "pc.csv").status == 413


def test_every_button_saves_what_was_typed_and_a_remedy_mends(visitor: Visitor) -> None:
    page = filled(visitor)
    bad, good = ids(page)
    version = next(v for n, v in page.form(AT).fields if n == f"v.{bad}")
    typed = {f"day.{good}": "Toán 6A, 6B"}
    page = visitor.send(page, AT, press=("sua", f"{bad}|{version}|without:homeroom:6X"), **typed)
    assert page.status == 200
    assert "Toán 6A, 6B" in page.words
    assert "cần sửa." not in page.words
    page = visitor.send(page, AT, press=("lam", f"khoi-phuc:{good}"))
    assert "Giáo viên bộ môn Toán 6A;" in page.words
    page = visitor.send(page, AT, press=("lam", "bo"))
    assert "1 dòng cần sửa" in page.words


def test_somebody_elses_change_meanwhile_stands_beside_what_was_typed(visitor: Visitor) -> None:
    page = filled(visitor)
    _, good = ids(page)
    visitor.send(visitor.get(f"{AT}?nam={YEAR}"), AT, press=("lam", "luu"), **{f"day.{good}": "Tin 6B"})
    stale = visitor.send(page, AT, press=("lam", "luu"), **{f"day.{good}": "Văn 6B"})
    assert stale.status == 409
    assert "Tin 6B" in stale.words
    assert "Văn 6B" in stale.words
    kept = visitor.send(stale, AT, press=("lam", "luu"))
    assert kept.status == 200
    assert "Ngữ văn 6B" in kept.words


def test_tabs_and_the_search_narrow_what_is_shown_and_lose_nothing(visitor: Visitor) -> None:
    filled(visitor)
    assert len(ids(visitor.get(f"{AT}?nam={YEAR}&loc=can-sua"))) == 1
    assert len(ids(visitor.get(f"{AT}?nam={YEAR}&tim=duong+duc"))) == 1
    page = visitor.get(f"{AT}?nam={YEAR}&loc=can-sua")
    visitor.send(page, AT, press=("lam", "luu"))
    assert "1 biên bản" in visitor.get(f"{AT}?nam={YEAR}").words


def test_markup_in_a_name_is_text_and_a_formula_leaves_as_text(visitor: Visitor) -> None:
    page = visitor.send(filled(visitor), AT, press=("lam", "them"))
    new = next(i for i in ids(page) if f'name="ten.{i}" value=""' in page.html)
    name = '=cmd|<script>alert("1")</script>'
    page = visitor.send(page, AT, press=("lam", "luu"), **{f"ten.{new}": name, f"khac.{new}": "Kế toán"})
    assert "<script>alert" not in page.html
    file = visitor.get(f"{AT}/tai?nam={YEAR}")
    assert "'=cmd" in file.html
    assert visitor.get(f"{AT}/mau").html.startswith("\ufeffHọ và tên")


def test_minutes_are_seen_before_they_are_made_and_nothing_is_numbered_or_stored(visitor: Visitor) -> None:
    page, world = filled(visitor), visitor.world
    before = (world.revision, len(world.log()))
    shown = visitor.send(page, AT, press=("lam", "xem"))
    assert shown.address.startswith(f"{AT}/xem-truoc")
    assert "DỰ THẢO" in shown.words
    assert "Dương Đức An" in shown.html
    assert "Biên bản 1 trong 1" in shown.words
    assert world.revision == before[0]
    assert [e.happening.action for e in world.log()[before[1] :] if "document" in e.happening.action] == []
    assert not re.search(r"Số: *[0-9]", shown.words)
    again = visitor.get(f"{AT}/xem-truoc?nam={YEAR}")
    assert again.status == 200
    assert "DỰ THẢO" in again.words


def test_a_row_that_has_to_be_mended_has_no_minutes_to_look_at(visitor: Visitor) -> None:
    bad, _ = ids(filled(visitor))
    for row in (bad, "row_khong_co"):
        page = visitor.get(f"{AT}/xem-truoc?nam={YEAR}&dong={row}")
        assert page.status == 404
        assert "DỰ THẢO" not in page.words


def test_papers_are_made_and_slips_printed_once(visitor: Visitor) -> None:
    page = filled(visitor)
    page = visitor.send(page, AT, press=("lam", "lap"))
    assert page.address.startswith("/cong-viec/")
    for _ in range(600):
        page = visitor.get(page.address)
        if page.address == "/ky":
            break
    assert page.address == "/ky"
    page = visitor.get(f"{AT}?nam={YEAR}&loc=da-lap")
    assert "Xem biên bản" in page.words
    assert "Dương Đức An" in page.words
    page = visitor.get(f"/don-vi/{SCHOOL}/phieu-kich-hoat")
    assert "Dương Đức An" in page.words
    slips = visitor.send(page, f"/don-vi/{SCHOOL}/phieu-kich-hoat")
    code = re.search(r'class="code">([^<]+)<', slips.html)
    assert code is not None
    assert f"andd.{SCHOOL}" in slips.words
    assert visitor.world.activate(code[1])
    assert "Không có tài khoản nào chờ" in visitor.get(f"/don-vi/{SCHOOL}/phieu-kich-hoat").words


def test_a_grid_of_another_school_or_of_nobody_is_not_there(service: Visitor) -> None:
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    assert teacher.get(AT).status in (403, 404)
    head = service.other().as_head()
    assert head.get("/don-vi/0009999/phan-quyen").status == 404
    assert head.get(AT).address.startswith("/quan-tri/dang-nhap")


def test_last_year_is_shown_before_anything_is_kept(visitor: Visitor) -> None:
    page = visitor.get(f"/don-vi/{SCHOOL}/nam-hoc?nam={YEAR}")
    assert page.status == 200
    assert "năm học 2026-2027" in page.words

"""The matrix, the question why, and what looks wrong, as pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from visiting import Visitor, visiting

from access_service.usecases.handover import delegation
from access_service.web.cookies import LANGUAGE
from access_service.web.phrases import english
from world import CLASS_6A, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line

VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
PATH = f"/don-vi/{SCHOOL}/ma-tran"


def furnish(world: World) -> None:
    """A school with a homeroom teacher, two clerks, and a right that was taken back on the next day."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    for number in (1, 2):
        world.hire_granted(f"giáo vụ {number}")
    _, grant = world.hire_granted("người thôi")
    world.clock.forward(days=1)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("ma-tran"), furnish=furnish) as found:
        yield found


@pytest.fixture
def head(service: Visitor) -> Visitor:
    return service.other().as_head()


def test_a_head_sees_the_lines_with_who_allowed_them_and_what_they_permit(head: Visitor) -> None:
    page = head.get(PATH)
    assert page.status == 200
    assert "Người Thử gvcn" in page.words
    assert "Người Thử giáo vụ 1" in page.words
    assert "Người Thử người thôi" not in page.words
    assert "HIỆU TRƯỞNG" in page.words
    assert "nhạy cảm" in page.words
    assert "Người Thử người thôi" in head.get(f"{PATH}?het=1").words


def test_a_question_is_understood_and_the_links_carry_it(head: Visitor) -> None:
    page = head.get(f"{PATH}?hoi=suc+khoe+6a+20/8/2026")
    assert "Nhóm dữ liệu: Sức khoẻ, y tế học đường, khuyết tật" in page.words
    assert "Lớp: 6A (2026-2027)" in page.words
    assert "Tại ngày: 20/08/2026" in page.words
    assert "1 người" in page.words
    assert "nhom=STU-HEA" in page.html
    assert "Không hiểu: 9z" in head.get(f"{PATH}?hoi=9z").words


def test_against_another_day_new_and_gone_are_marked_and_counted(head: Visitor) -> None:
    page = head.get(f"{PATH}?so=20/08/2026")
    assert "thêm 0, bớt 1" in page.words
    assert "Không còn" in page.words
    assert "<del>" in page.html


def test_why_opens_the_chain_below_the_line(head: Visitor) -> None:
    page = head.get(f"{PATH}?nhom=STU-HEA&lop={CLASS_6A}")
    link = page.html.partition('class="why" href="')[2].partition('"')[0].replace("&amp;", "&")
    opened = head.get(link.partition("#")[0])
    assert "Vì sao Người Thử gvcn được xem Sức khoẻ" in opened.words
    assert "BB-THCST" in opened.words
    assert "Thẩm quyền được giao" in opened.words


def test_nobody_says_who_could_the_day_before(head: Visitor) -> None:
    page = head.get(f"{PATH}?nguoi=người+thôi&tai=2026-08-21")
    assert "Không ai." in page.words
    assert "Hôm trước có 1 dòng" in page.words


def test_the_workbook_is_what_the_filters_cover_and_stands_in_the_log(head: Visitor) -> None:
    answer = head.client.get(f"{PATH}.xlsx?vt=homeroom_teacher")
    assert (answer.status_code, answer.content[:2]) == (200, b"PK")
    last = head.world.log()[-1].happening
    assert (last.action, (last.details or {})["role"]) == ("matrix.export", "homeroom_teacher")


def people_in(file: bytes) -> list[str]:
    """Who stands in the first sheet of a workbook, a name a row."""
    found = CalamineWorkbook.from_filelike(BytesIO(file))
    rows = found.get_sheet_by_name(found.sheet_names[0]).to_python()
    start = next(n for n, row in enumerate(rows) if "Họ và tên" in row)
    return sorted(str(row[rows[start].index("Họ và tên")]) for row in rows[start + 1 :] if any(row))


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"lop={CLASS_6A}",
        "hd=write&nhom=STU-ETH",
        "tt=effective",
        "tt=ended&het=1",
        "so=20/08/2026",
        "hd=approve",
    ],
)
def test_the_workbook_has_the_lines_that_the_pages_have(head: Visitor, query: str) -> None:
    page = head.get(f"{PATH}?{query}")
    shown = re.findall(r'<th scope="row" class="pin">([^<]+)<span', page.html)
    answer = head.client.get(f"{PATH}.xlsx?{query}")
    assert people_in(answer.content) == sorted(shown)
    assert f"đúng {len(shown)} dòng" in page.words


def test_lines_are_found_by_their_state(head: Visitor) -> None:
    page = head.get(f"{PATH}?tt=ended&het=1")
    assert "Người Thử người thôi" in page.words
    assert "Người Thử gvcn" not in page.words
    assert "Trạng thái: Đã chấm dứt" in page.words
    assert "Không ai." in head.get(f"{PATH}?tt=suspended").words
    assert head.get(f"{PATH}?tt=khong-co").status == 422


def test_an_answer_is_kept_with_the_dossiers_and_no_name_with_it(head: Visitor) -> None:
    page = head.get(f"{PATH}?nhom=STU-HEA&lop={CLASS_6A}&tt=effective")
    form = next(f for f in page.forms if ("lam", "ho-so") in f.buttons)
    kept = head.send(page, form.action.partition("?")[0], press=("lam", "ho-so"))
    assert kept.address.startswith(f"/don-vi/{SCHOOL}/ho-so")
    assert "Ma trận phân quyền, ngày 21/08/2026 · STU-HEA, 6A, effective" in kept.words
    assert "Lưu vào hồ sơ" not in head.get(f"{PATH}?nguoi=gvcn").words


def test_by_class_and_by_category_say_who_reaches_what(head: Visitor) -> None:
    page = head.get(f"{PATH}/theo-lop")
    assert "Lớp 6A" in page.words
    assert "Chủ nhiệm Người Thử gvcn" in page.words
    assert "Sức khoẻ : 1 người" in page.words or "Sức khoẻ: 1 người" in page.words
    page = head.get(f"{PATH}/theo-nhom?hoi=suc+khoe")
    assert "Sức khoẻ, y tế học đường, khuyết tật" in page.words
    assert "Người Thử gvcn" in page.words
    assert "giáo vụ" not in page.words
    assert head.get("/don-vi/000999/ma-tran/theo-lop").status == 404


def test_a_foreign_unit_and_a_missing_one_are_the_same_page_and_staff_are_refused(
    service: Visitor, head: Visitor
) -> None:
    foreign, missing = head.get(f"/don-vi/{OFFICE}/ma-tran"), head.get("/don-vi/000999/ma-tran")
    assert missing.status == 404
    assert foreign.status in (403, 404)
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    assert teacher.get(PATH).status == 403
    assert teacher.get(f"/don-vi/{SCHOOL}/bat-thuong").status == 403
    assert head.get("/don-vi/000999/bat-thuong").html == missing.html


@pytest.mark.parametrize(
    "query", ["trang=0", "trang=x", "nhom=khong-co", "tai=hom+qua", "tk=x", "xep=x", "lop=0003101:2026-2027:9Z"]
)
def test_what_cannot_be_read_is_refused_with_a_sentence(head: Visitor, query: str) -> None:
    assert head.get(f"{PATH}?{query}").status in (404, 422)


def test_a_teacher_asks_about_herself(service: Visitor) -> None:
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    page = teacher.get(f"/tra-cuu?hd=read&nhom=STU-HEA&lop={CLASS_6A}")
    assert (page.status, "ĐƯỢC" in page.words) == (200, True)
    page = teacher.get(f"/tra-cuu?hd=write&nhom=STU-ETH&lop={CLASS_6A}")
    assert "KHÔNG" in page.words
    assert "Đã xét 1 quyền" in page.words
    assert teacher.get(f"/tra-cuu?ai=giáo+vụ&hd=read&nhom=STU-HEA&lop={CLASS_6A}").status == 403


def test_a_head_asks_about_somebody_by_name_and_chooses_among_several(head: Visitor) -> None:
    asked = f"hd=read&nhom=STU-HEA&lop={CLASS_6A}"
    page = head.get(f"/tra-cuu?ai=gvcn&{asked}")
    assert "ĐƯỢC" in page.words
    assert "Người Thử gvcn" in page.words
    several = head.get(f"/tra-cuu?ai=giao+vu&{asked}")
    assert "Có 2 người tên như vậy" in several.words
    chosen = several.html.partition('<li><a href="/tra-cuu?')[2].partition('"')[0].replace("&amp;", "&")
    assert "KHÔNG" in head.get(f"/tra-cuu?{chosen}").words
    assert "Không có ai tên như vậy" in head.get(f"/tra-cuu?ai=ai+do&{asked}").words


def test_what_looks_wrong_is_grouped_by_what_has_to_be_done(head: Visitor) -> None:
    page = head.get(f"/don-vi/{SCHOOL}/bat-thuong")
    assert page.status == 200
    assert "Cách khắc phục" in page.words
    assert "đơn vị 1–1 trong 1" in page.words


def test_the_pages_are_in_english_too(head: Visitor) -> None:
    page = head.get(PATH)
    head.send(page, "/ngon-ngu", press=("tieng", "en"))
    assert "Access matrix" in head.get(PATH).words
    assert "What looks wrong" in head.get(f"/don-vi/{SCHOOL}/bat-thuong").words
    assert english()["Vì sao?"] == "Why?"


def test_what_looks_wrong_is_said_in_english_too(service: Visitor) -> None:
    head = service.other().as_head()
    path = f"/don-vi/{SCHOOL}/bat-thuong"
    assert "Cách khắc phục" in head.get(path).words
    head.client.cookies.set(LANGUAGE, "en")
    page = head.get(path)
    shown = page.html.partition("<main")[2].partition("</main")[0]
    assert "To clear it" in shown
    assert "The admin account" in shown
    own = {"Người Thử", "Trường THCS Thử"}
    said = [text for text in re.split(r"<[^>]*>|\s{2,}", shown) if not any(name in text for name in own)]
    assert [text for text in said if VIETNAMESE.search(text)] == []
    asked = head.get(f"{PATH}?hd=read&tai=2026-08-20")
    assert "Hành động: " not in asked.words

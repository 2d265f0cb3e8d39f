"""Papers in the pages: lists that say how many, one paper with all about it, and what a version says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.documents import Document
from access_service.domain.names import DocumentState
from access_service.domain.scope import Scope
from access_service.usecases.evidence.paper_lists import list_papers
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.paper_sheets import compare_lines
from world import PASSWORD, SCHOOL, World


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One service for the file."""
    with visiting(tmp_path_factory.mktemp("van-ban")) as found:
        yield found


def minutes_of(world: World, key: str) -> str:
    clerk = world.hire(key, SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    return world.propose(SCHOOL, clerk, line).document.id


def test_a_head_finds_a_paper_by_state_kind_and_the_receivers_name_without_marks(service: Visitor) -> None:
    world = service.world
    waiting = minutes_of(world, "Đặng Ánh")
    head = service.other().as_head()
    page = head.get("/van-ban")
    assert "Dòng 1–" in page.words
    assert waiting in page.html
    found = head.get("/van-ban?q=nguoi+thu+dang+anh&trang_thai=awaiting_giver&loai=handover_minutes")
    assert waiting in found.html
    assert "Dòng 1–1 trong 1" in found.words
    assert "Không có văn bản nào như đã chọn." in head.get("/van-ban?q=khong-ai-ten-the").words
    assert head.get("/van-ban?trang_thai=la&loai=la&trang=-1").status == 200


def test_everybody_else_sees_their_own_papers_alone(service: Visitor) -> None:
    world = service.world
    mine, other = minutes_of(world, "văn thư 1"), minutes_of(world, "văn thư 2")
    clerk = service.other()
    clerk.sign_in("000.văn thư 1")
    page = clerk.get(f"/van-ban?dv={SCHOOL}")
    assert mine in page.html
    assert other not in page.html
    addresses = [f"/van-ban/{other}{end}" for end in ("", "/so-sanh", "/van-ban.pdf", "/tra-lai")]
    answers = {clerk.get(address).html.replace(address, "") for address in addresses}
    assert answers == {clerk.get("/van-ban/doc_none").html.replace("/van-ban/doc_none", "")}


def test_one_paper_shows_its_words_who_signed_and_how(service: Visitor) -> None:
    world = service.world
    id_ = minutes_of(world, "văn thư 3")
    world.sign(world.head_of(SCHOOL), id_)
    clerk = service.other()
    clerk.sign_in("000.văn thư 3")
    page = clerk.get(f"/van-ban/{id_}")
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in page.words
    assert "Nhập lại mật khẩu trong phiên của mình . Xác nhận của hệ thống kiểm tra đúng." in page.words.replace(
        "mình.", "mình ."
    )
    assert "Chờ bên nhận ký" in page.words
    assert world.get(Document, id_).sha256 in page.html
    assert 'style="' not in page.html
    file = clerk.client.get(f"/van-ban/{id_}/van-ban.pdf")
    assert file.content.startswith(b"%PDF-")
    assert file.headers["content-type"] == "application/pdf"


def test_a_deputy_names_themselves_on_the_page_and_signs(service: Visitor) -> None:
    world = service.world
    id_ = minutes_of(world, "văn thư 4")
    world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    deputy = service.other()
    deputy.sign_in(deputy.enrolled("000.phó"))
    assert id_ not in deputy.get("/ky").html
    page = deputy.get(f"/van-ban/{id_}")
    page = deputy.send(page, f"/van-ban/{id_}/nguoi-ky")
    assert "Đã đổi người ký." in page.words
    shown = deputy.get(f"/van-ban/{id_}/so-sanh")
    assert "KT. HIỆU TRƯỞNG" in shown.words
    page = deputy.get("/ky")
    told = deputy.send(page, "/ky", mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert "Đã ký" in told.words
    assert world.get(Document, id_).state is DocumentState.AWAITING_RECEIVER


def test_the_office_cancels_what_is_not_signed_and_withdraws_what_is(service: Visitor) -> None:
    world = service.world
    open_, signed = minutes_of(world, "văn thư 5"), minutes_of(world, "văn thư 6")
    world.sign(world.head_of(SCHOOL), signed)
    world.sign(world.people["văn thư 6"], signed)
    custodian = service.other().as_custodian()
    page = custodian.get(f"/van-ban/{open_}")
    page = custodian.send(page, f"/van-ban/{open_}/huy", ly_do="lập nhầm")
    assert "Đã huỷ văn bản." in page.words
    assert f'href="/van-ban/{signed}/thu-hoi"' in custodian.get(f"/van-ban/{signed}").html
    page = custodian.get(f"/van-ban/{signed}/thu-hoi")
    page = custodian.send(page, f"/van-ban/{signed}/thu-hoi", ly_do="lập sai")
    assert "Đã thu hồi văn bản." in page.words
    assert world.get(Document, signed).state is DocumentState.WITHDRAWN


def test_a_list_says_exactly_how_many_there_are_and_turns_its_pages(service: Visitor) -> None:
    world = service.world
    found = list_papers(world.services, world.admins[SCHOOL], SCHOOL)
    assert found.total == len({line.document.id for line in found.lines})
    beyond = list_papers(world.services, world.admins[SCHOOL], SCHOOL, page=99)
    assert (beyond.lines, beyond.first, beyond.total) == ((), 0, found.total)


def test_lines_are_compared_word_by_word() -> None:
    changes = compare_lines(["Số: 01/BB", "Bên giao: A", "hết"], ["Số: 02/BB", "Bên giao: A", "thêm", "hết"])
    assert [change.kind for change in changes] == ["both", "same", "new", "same"]
    assert changes[0].old == ((False, "Số:"), (True, "01/BB"))
    assert changes[0].new == ((False, "Số:"), (True, "02/BB"))


def test_the_pages_are_in_english_too(service: Visitor) -> None:
    head = service.other().as_head()
    page = head.get("/van-ban")
    head.send(page, "/ngon-ngu", press=("tieng", "en"))
    assert "Receiver's name or number" in head.get("/van-ban").words.replace("&#39;", "'")

"""A person's page, one's own, a right with its chain, and every act that takes back with what it would do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind
from access_service.domain.scope import Scope
from access_service.usecases.handover.documents import EnteredLine
from world import SCHOOL

TEACHER = "000.gvcn"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One service for what only looks."""
    with visiting(tmp_path_factory.mktemp("nguoi")) as found:
        yield found


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own for what changes something."""
    with visiting(tmp_path_factory.mktemp("thu")) as found:
        yield found


def grant_of(visitor: Visitor) -> Grant:
    with visitor.world.services.db.read(visitor.world.register) as reader:
        [grant] = reader.find(Grant, account=visitor.made.account)
    return grant


def test_a_teacher_reads_her_rights_in_sentences(kept: Visitor) -> None:
    visitor = kept.other()
    visitor.sign_in(TEACHER)
    page = visitor.get("/toi")
    assert page.status == 200
    assert "Lớp 6A:" in page.words
    assert "Đang hiệu lực" in page.words
    assert "Thu hồi" not in page.words
    assert "Trả lại quyền" in page.words


def test_the_head_sees_a_person_and_what_can_be_done(kept: Visitor) -> None:
    visitor = Visitor(kept.world, kept.other().client, kept.folder, kept.made).as_head()
    page = visitor.get(f"/nguoi/{kept.made.person}")
    assert page.status == 200
    for word in ("Người Thử gvcn", "Lớp 6A", "Thu hồi", "Thôi nhiệm vụ", "Tạm khoá tài khoản"):
        assert word in page.words, word
    page = visitor.get(f"/nguoi/{kept.made.person}?tai=hom+qua")
    assert page.status == 422
    assert "không phải là thời điểm" in page.words or "hom qua" in page.html


def test_a_right_that_waits_says_until_when_it_may_be_signed(service: Visitor) -> None:
    """Its paper lapses earlier than the right would end: that day is no end of the right."""
    world = service.world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.propose(SCHOOL, clerk, EnteredLine("clerk", clerk.duty, Scope(SCHOOL), world.clock.now))
    page = service.as_head().get(f"/nguoi/{clerk.person}")
    assert "Hạn ký:" in page.words
    [row] = [row for row in page.html.split("<tr>") if "Hạn ký:" in row]
    assert " – " not in row.partition("Hạn ký:")[2].partition("</td>")[0]


def test_somebody_elses_page_and_nobodys_are_alike(kept: Visitor) -> None:
    visitor = kept.other()
    visitor.sign_in(TEACHER)
    paths = (
        f"/nguoi/{kept.world.people['director'].person}",
        "/nguoi/per_0",
        "/quyen/grn_0",
        "/quyen/grn_0/thu-hoi",
    )
    pages = [visitor.get(path) for path in paths]
    assert {page.status for page in pages} == {404}
    # The way back for the change of language names the address that was asked.
    assert len({page.html.replace(path, "") for page, path in zip(pages, paths, strict=True)}) == 1


def test_a_right_shows_the_chain_that_it_comes_by(kept: Visitor) -> None:
    visitor = Visitor(kept.world, kept.other().client, kept.folder, kept.made).as_head()
    page = visitor.get(f"/quyen/{grant_of(kept).id}")
    assert page.status == 200
    assert page.html.count("<li><b>") >= 3
    for word in ("Quyền đến từ đâu", "Người Thử gvcn", "Thu hồi quyền", "Tạm khoá quyền"):
        assert word in page.words, word


def test_revoking_shows_what_falls_and_it_falls(service: Visitor) -> None:
    visitor = service.as_head()
    grant = grant_of(service)
    page = visitor.get(f"/quyen/{grant.id}/thu-hoi")
    assert "Người Thử gvcn" in page.words
    assert "Vẫn giữ nguyên" in page.words
    assert grant_of(service).ended_at is None
    page = visitor.send(page, f"/quyen/{grant.id}/thu-hoi", ly_do="")
    assert page.status == 422
    page = visitor.send(page, f"/quyen/{grant.id}/thu-hoi", ly_do="thôi phụ trách lớp")
    assert "Đã thu hồi quyền." in page.words
    assert grant_of(service).ended_at is not None


def test_a_list_that_changed_is_shown_anew_with_what_was_typed(service: Visitor) -> None:
    visitor = service.as_head()
    duty = service.made.duty
    path = f"/phan-cong/{duty}/thoi"
    page = visitor.get(f"{path}?nguoi={service.made.person}")
    world = service.world
    world.hire_granted("khac", "academic_registrar")
    page = visitor.send(page, path, so="12/QĐ", ngay="ngày mai")
    assert page.status == 422
    assert 'value="12/QĐ"' in page.html
    form = page.form(path)
    form.fields = [(n, "0" * 64 if n == "da_xem" else v) for n, v in form.fields]
    page = visitor.send(page, path, so="12/QĐ", ngay="24/08/2026")
    assert page.status == 409
    assert "đã thay đổi" in page.words
    assert 'value="24/08/2026"' in page.html
    page = visitor.send(page, path)
    assert page.address == f"/nguoi/{service.made.person}"
    assert "Đã ghi nhận thôi nhiệm vụ." in page.words


def test_suspending_and_resuming_an_account_leads_back_to_the_person(service: Visitor) -> None:
    visitor = service.as_head()
    person = service.made.person
    page = visitor.get(f"/tai-khoan/{service.made.account}/tam-khoa?nguoi={person}")
    page = visitor.send(page, f"/tai-khoan/{service.made.account}/tam-khoa", ly_do="rà soát")
    assert page.address == f"/nguoi/{person}"
    assert "Mở lại tài khoản" in page.words
    page = visitor.get(f"/tai-khoan/{service.made.account}/mo-lai?nguoi={person}")
    page = visitor.send(page, f"/tai-khoan/{service.made.account}/mo-lai")
    assert "Đã mở lại tài khoản." in page.words


def test_narrowing_shows_first_and_keeps_what_was_unticked(service: Visitor) -> None:
    visitor = service.as_custodian()
    grant = grant_of(service)
    path = f"/quyen/{grant.id}/thu-hep"
    page = visitor.get(path)
    page = visitor.send(page, path, thao_tac=["read"])
    assert page.status == 200
    assert 'name="da_xem"' in page.html
    page = visitor.send(page, path)
    assert "Đã thu hẹp quyền." in page.words
    with service.world.services.db.read(service.world.register) as reader:
        held = [g for g in reader.find(Grant, account=service.made.account) if g.ended_at is None]
    assert [g.scope.actions for g in held] == [frozenset({"read"})]


def test_a_teacher_hands_back_on_her_page(service: Visitor) -> None:
    service.sign_in(TEACHER)
    page = service.get("/toi/tra-lai")
    page = service.send(page, "/toi/tra-lai", ngay="hôm qua")
    assert page.status == 422
    assert 'value="hôm qua"' in page.html
    service.send(page, "/toi/tra-lai", ngay="")
    with service.world.services.db.read(service.world.register) as reader:
        [minutes] = reader.find(Document, kind=str(DocumentKind.RETURN_MINUTES))
    assert minutes.receiver == service.made.person

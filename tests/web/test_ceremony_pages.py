"""Signing through the pages: what is ticked is signed as it was shown, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import FROM_US, Visitor, visiting

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentState, GrantState
from access_service.domain.scope import Scope
from access_service.usecases.evidence.reading_papers import read_grant
from access_service.usecases.handover import naming
from access_service.usecases.handover.documents import EnteredLine
from world import PASSWORD, SCHOOL, World


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One service for the file; each test has papers and a browser of its own."""
    with visiting(tmp_path_factory.mktemp("ky")) as found:
        yield found


def prepared(world: World, key: str) -> tuple[str, str, str]:
    """A new clerk's user name, and the minutes and the commitment that wait for the head and for them."""
    clerk = world.hire(key, SCHOOL, "clerk", SCHOOL)
    made = world.propose(SCHOOL, clerk, EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now))
    assert made.commitment is not None
    return f"000.{key}", made.document.id, made.commitment.id


def ticks(html: str, document: str) -> str:
    """The value by which the page ticks that paper."""
    start = html.index(f'value="{document}.') + len('value="')
    return html[start : html.index('"', start)]


def test_a_head_signs_what_is_ticked_and_the_teacher_what_they_receive(service: Visitor) -> None:
    world = service.world
    name, minutes, commitment = prepared(world, "vt-1")
    head = service.other().as_head()
    page = head.get("/ky")
    assert "Người Thử vt-1" in page.words
    told = head.send(page, "/ky", vb=[ticks(page.html, minutes)], mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert told.address.startswith("/ky/")
    assert "Đã ký 1 văn bản." in told.words
    assert world.get(Document, minutes).state is DocumentState.AWAITING_RECEIVER
    world.clock.forward(minutes=1)
    teacher = service.other()
    teacher.sign_in(name)
    page = teacher.get("/ky")
    assert "Nhận bàn giao quyền" in page.words
    assert "Trường THCS Thử: xem thông tin trường" in page.words
    assert "Hạn ký:" in page.words
    told = teacher.send(page, "/ky", mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert "Đã ký 2 văn bản." in told.words
    assert "Đang hiệu lực" in told.words
    assert teacher.get(told.address).words.count("Đã ký đủ") == 2
    assert "Không có văn bản nào chờ ký." in teacher.get("/ky").words
    assert service.other().as_head().get(told.address).status == 404
    with world.services.db.read(world.register) as reader:
        assert {s.sha256 for s in reader.find(Signature, document=commitment)} == {
            reader.require(Document, commitment).sha256
        }
        [grant] = reader.find(Grant, document=minutes)
    assert read_grant(world.services, world.people["vt-1"].caller, grant.id).state is GrantState.EFFECTIVE


def test_what_is_not_ticked_waits_on(service: Visitor) -> None:
    world = service.world
    _, first, _ = prepared(world, "vt-2")
    _, second, _ = prepared(world, "vt-3")
    head = service.other().as_head()
    page = head.get("/ky")
    head.send(page, "/ky", vb=[ticks(page.html, second)], mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert world.get(Document, first).state is DocumentState.AWAITING_GIVER
    assert world.get(Document, second).state is DocumentState.AWAITING_RECEIVER


def test_with_nothing_ticked_nothing_is_signed_and_the_page_says_so(service: Visitor) -> None:
    name, _, commitment = prepared(service.world, "vt-4")
    clerk = service.other()
    clerk.sign_in(name)
    page = clerk.get("/ky")
    again = clerk.send(page, "/ky", vb=None, mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert again.status == 422
    assert "Chưa chọn văn bản nào để ký." in again.words
    assert service.world.get(Document, commitment).state is DocumentState.AWAITING_RECEIVER


def test_a_wrong_password_keeps_the_ticks_and_never_the_password(service: Visitor) -> None:
    world = service.world
    prepared(world, "vt-5")
    _, second, _ = prepared(world, "vt-6")
    head = service.other().as_head()
    page = head.get("/ky")
    ticked = ticks(page.html, second)
    again = head.send(page, "/ky", vb=[ticked], mat_khau="Sai mật khẩu 000", press=("cach", "mat_khau"))
    assert again.status == 401
    assert "Sai mật khẩu" not in again.html
    form = again.form("/ky")
    assert [value for name, value in form.fields if name == "vb"] == [ticked]
    told = head.send(again, "/ky", mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert "Đã ký 1 văn bản." in told.words


def test_words_that_changed_since_the_page_was_shown_are_not_signed(service: Visitor) -> None:
    """The office named somebody else meanwhile: the page that stands open is of an older version."""
    world = service.world
    _, minutes, _ = prepared(world, "vt-7")
    head = service.other().as_head()
    page = head.get("/ky")
    naming.name_signer(world.services, world.admins[SCHOOL], minutes, world.head_of(SCHOOL).person)
    told = head.send(page, "/ky", vb=[ticks(page.html, minutes)], mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert told.status == 409
    assert world.get(Document, minutes).state is DocumentState.AWAITING_GIVER
    shown = head.get(f"/van-ban/{minutes}/so-sanh")
    assert "Hai bản có cùng lời văn." in shown.words


def test_a_form_without_its_token_signs_nothing(service: Visitor) -> None:
    world = service.world
    _, minutes, _ = prepared(world, "vt-8")
    head = service.other().as_head()
    page = head.get("/ky")
    sent = {"vb": ticks(page.html, minutes), "mat_khau": PASSWORD, "cach": "mat_khau"}
    assert head.client.post("/ky", data=sent, headers=FROM_US).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    whole = sent | dict(page.form("/ky").fields)
    assert head.client.post("/ky", data=whole, headers=foreign).status_code == 403
    assert world.get(Document, minutes).state is DocumentState.AWAITING_GIVER


def test_somebody_elses_tick_is_a_page_that_there_is_not(service: Visitor) -> None:
    world = service.world
    _, minutes, _ = prepared(world, "vt-9")
    mine, _, _ = prepared(world, "vt-10")
    shown = world.get(Document, minutes)
    clerk = service.other()
    clerk.sign_in(mine)
    page = clerk.get("/ky")
    told = clerk.send(
        page, "/ky", vb=[f"{minutes}.1.{shown.sha256}"], mat_khau=PASSWORD, press=("cach", "mat_khau")
    )
    assert told.status in (403, 404)
    assert world.get(Document, minutes).state is DocumentState.AWAITING_GIVER


def test_a_receiver_sends_back_with_a_reason_and_declines_for_good(service: Visitor) -> None:
    world = service.world
    name, minutes, _ = prepared(world, "vt-11")
    other, declined, _ = prepared(world, "vt-12")
    head = service.other().as_head()
    page = head.get("/ky")
    both = [ticks(page.html, minutes), ticks(page.html, declined)]
    head.send(page, "/ky", vb=both, mat_khau=PASSWORD, press=("cach", "mat_khau"))
    clerk = service.other()
    clerk.sign_in(name)
    page = clerk.get(f"/van-ban/{minutes}/tra-lai")
    again = clerk.send(page, f"/van-ban/{minutes}/tra-lai")
    assert (again.status, "Chọn hoặc ghi lý do." in again.words) == (422, True)
    sent = clerk.send(again, f"/van-ban/{minutes}/tra-lai", chon="Sai thời hạn", ly_do="từ tháng 9")
    assert "Đã trả lại văn bản để sửa." in sent.words
    stands = world.get(Document, minutes)
    assert (stands.state, stands.reason) == (DocumentState.RETURNED, "Sai thời hạn: từ tháng 9")
    clerk = service.other()
    clerk.sign_in(other)
    page = clerk.get(f"/van-ban/{declined}/tu-choi")
    clerk.send(page, f"/van-ban/{declined}/tu-choi", ly_do="Đã chuyển công tác")
    assert world.get(Document, declined).state is DocumentState.DECLINED
    assert clerk.get(f"/van-ban/{declined}/tu-choi").status == 409


def test_the_admin_hat_signs_nothing(service: Visitor) -> None:
    """The page wears the personal hat, whatever lies over it."""
    world = service.world
    _, minutes, _ = prepared(world, "vt-13")
    both = service.other().as_custodian()
    page = both.get("/ky")
    told = both.send(page, "/ky", vb=[ticks(page.html, minutes)], mat_khau=PASSWORD, press=("cach", "mat_khau"))
    assert "Đã ký 1 văn bản." in told.words
    with world.services.db.read(world.register) as reader:
        [signature] = reader.find(Signature, document=minutes)
    assert signature.account == world.head_of(SCHOOL).account


def test_a_code_beside_the_password_stands_in_what_was_signed(service: Visitor) -> None:
    world = service.world
    _, minutes, _ = prepared(world, "vt-14")
    head = service.other().as_head()
    page = head.get("/ky")
    code = head.code_of(f"000.head:{SCHOOL}")
    ticked = [ticks(page.html, minutes)]
    told = head.send(page, "/ky", vb=ticked, mat_khau=PASSWORD, ma=code, press=("cach", "mat_khau"))
    assert "Đã ký 1 văn bản." in told.words
    with world.services.db.read(world.register) as reader:
        [signature] = reader.find(Signature, document=minutes)
    assert signature.how is not None
    assert signature.how.auth == "password+totp"


def test_an_answer_to_a_ceremony_that_nobody_asked_for_signs_nothing(service: Visitor) -> None:
    """Another session's, an invented one, and one that is answered with no passkey's words."""
    world = service.world
    _, minutes, _ = prepared(world, "vt-15")
    head = service.other().as_head()
    page = head.get("/ky")
    kept = {name: value for name, value in page.form("/ky").fields if name.startswith("_")}
    for answer, status in (("{}", 409), ('{"id": "x"}', 409), ("[]", 422), ("không phải", 422)):
        sent = {**kept, "_lan": f"{kept['_lan']}{len(answer)}", "khoa": answer}
        told = head.client.post("/ky/cer_khongco", data=sent, headers=FROM_US)
        assert told.status_code == status, told.text
    assert head.get("/ky/khong-phai-mot-luc").status == 404
    assert world.get(Document, minutes).state is DocumentState.AWAITING_GIVER

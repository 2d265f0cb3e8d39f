"""A head registers a certificate, signs a paper in another program and brings it back, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from visiting import Shown, Visitor, visiting

from access_service.domain.scope import Scope
from access_service.signing.pdf_fields import GIVER_FIELD, HOLDER_FIELD
from access_service.usecases.handover.documents import EnteredLine
from signing.pki import Authority, Leaf, sign_elsewhere
from world import PASSWORD, SCHOOL

OWN = "/toi/chung-thu"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def service(tmp_path: Path, authority: Authority) -> Iterator[Visitor]:
    trust = tmp_path / "trust"
    (trust / "roots").mkdir(parents=True)
    (trust / "roots" / "ca-thu.pem").write_bytes(authority.root.pem)
    with visiting(tmp_path / "trang", trust_dir=trust) as found:
        yield found


def register(visitor: Visitor, leaf: Leaf, authority: Authority, **more: str) -> Shown:
    page = visitor.get(OWN)
    page = visitor.send(page, f"{OWN}/phieu", mat_khau=PASSWORD, **more)
    assert "Phiếu đăng ký đang chờ" in page.words, page.words
    at = next(form.action for form in page.forms if form.action.endswith("/phieu-da-ky"))
    file = visitor.client.get(at.replace("/phieu-da-ky", "/phieu.pdf"))
    assert file.headers["content-type"] == "application/pdf"
    signed = sign_elsewhere(file.content, HOLDER_FIELD, leaf, authority.root)
    return visitor.send(page, at, files={"tep": ("phieu.pdf", signed)})


def minutes_of(service: Visitor, key: str) -> str:
    world = service.world
    clerk = world.hire(key, SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    return world.propose(SCHOOL, clerk, line).document.id


def test_a_head_registers_signs_elsewhere_and_brings_the_paper_back(service: Visitor, authority: Authority) -> None:
    document = minutes_of(service, "văn thư")
    head, leaf = service.other().as_head(), authority.issue("Hiệu Trưởng Thử")
    page = register(head, leaf, authority)
    assert "Đã đăng ký chứng thư." in page.words
    assert "CN=Hiệu Trưởng Thử" in page.words
    paper = head.get(f"/van-ban/{document}")
    assert f"/van-ban/{document}/ky-ngoai" in paper.html
    page = head.get(f"/van-ban/{document}/ky-ngoai")
    form = head.client.get(f"/van-ban/{document}/ky-ngoai/ban-de-ky.pdf").content
    refused = head.send(page, f"/van-ban/{document}/ky-ngoai", files={"tep": ("a.pdf", form)})
    assert (refused.status, "Tệp chưa có chữ ký số nào" in refused.words) == (422, True)
    signed = sign_elsewhere(form, GIVER_FIELD, leaf, authority.root)
    taken = head.send(refused, f"/van-ban/{document}/ky-ngoai", files={"tep": ("a.pdf", signed)})
    assert "Đã nhận tệp" in taken.words
    assert "Bên giao" in taken.words
    assert "tính từ lúc gửi tệp" in taken.words
    shown = head.get(f"/van-ban/{document}")
    assert "Chờ bên nhận ký" in shown.words
    assert "Ký số bằng chứng thư của người ký" in shown.words


def test_what_is_missing_is_said_and_what_is_not_ones_own_is_not_there(
    service: Visitor, authority: Authority
) -> None:
    head = service.other().as_head()
    page = head.get(OWN)
    assert "Chưa đăng ký chứng thư nào." in page.words
    wrong = head.send(page, f"{OWN}/phieu", mat_khau="không-đúng")
    assert wrong.status == 401
    asked = head.send(page, f"{OWN}/phieu", mat_khau=PASSWORD)
    bring = next(form.action for form in asked.forms if form.action.endswith("/phieu-da-ky"))
    assert head.send(asked, bring).status == 422
    assert head.get(f"{OWN}/phieu/cer_000/phieu.pdf").status == 404
    leaf = authority.issue("Người Thử")
    page = register(head, leaf, authority)
    [end] = [form.action for form in page.forms if form.action.endswith("/thoi")]
    ended = head.send(page, end, ly_do="mất thiết bị")
    assert "đã thôi dùng từ" in ended.words


def test_where_nobody_is_trusted_no_page_offers_it(tmp_path: Path) -> None:
    with visiting(tmp_path) as found:
        document = minutes_of(found, "văn thư")
        assert "ky-ngoai" not in found.other().as_head().get(f"/van-ban/{document}").html

"""The page behind a one-time link: whose account it is, a password twice, and on; every other way a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from story import telling
from visiting import FROM_US, Shown, Visitor, visiting

from access_service.web import activation
from world import SCHOOL

NEW = "Mật khẩu mới 000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("trang")) as found:
        yield found


@pytest.fixture
def visitor(service: Visitor) -> Visitor:
    return service.other()


def code_for(visitor: Visitor) -> str:
    world = visitor.world
    return world.recover(world.admins[SCHOOL], world.people["gvcn"].account).activation_code


def asked(visitor: Visitor, code: str) -> Shown:
    """The page after the code alone."""
    return visitor.send(visitor.get("/activate"), "/activate", ma_kich_hoat=code)


def test_a_code_says_whose_it_is_sets_the_password_once_and_leads_on(visitor: Visitor) -> None:
    code = code_for(visitor)
    page = asked(visitor, f" {code} ")
    assert (page.status, "000.gvcn" in page.html, page.headers["Cache-Control"]) == (200, True, "no-store")
    page = visitor.send(page, "/activate", mat_khau_moi=NEW, nhac_lai=NEW)
    assert page.address == "/viec"
    assert visitor.get("/toi/bao-mat").address == "/toi/bao-mat"
    late = asked(visitor.other(), code)
    assert (late.status, activation.REFUSED in late.words) == (401, True)


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [(NEW, "khác đi một chút", activation.UNLIKE), ("ngắn", "ngắn", activation.SHORT)],
)
def test_a_password_that_is_refused_leaves_the_code_as_it_is(
    visitor: Visitor, password: str, again: str, sentence: str
) -> None:
    page = asked(visitor, code_for(visitor))
    page = visitor.send(page, "/activate", mat_khau_moi=password, nhac_lai=again)
    assert (page.status, sentence in page.words) == (422, True)
    assert again not in page.html
    page = visitor.send(page, "/activate", mat_khau_moi=f"{NEW} 1", nhac_lai=f"{NEW} 1")
    assert page.address == "/viec"


@pytest.mark.parametrize("code", ["<script>", "", "x" * 256, "đ"])
def test_what_is_no_code_is_one_sentence(visitor: Visitor, code: str) -> None:
    page = asked(visitor, code)
    assert (page.status, activation.REFUSED in page.words) == (401, True)
    assert "<script>" not in page.html


@pytest.mark.parametrize(
    ("body", "status"), [(b"\xff\xfe=1", 422), (b"ma_kich_hoat=" + b"x" * 20_000, 413), (b"a&b&c", 422)]
)
def test_an_unreadable_form_is_refused(visitor: Visitor, body: bytes, status: int) -> None:
    headers = FROM_US | {"Content-Type": "application/x-www-form-urlencoded"}
    assert visitor.client.post("/activate", content=body, headers=headers).status_code == status


def test_a_letter_may_call_it_by_its_vietnamese_name(visitor: Visitor) -> None:
    assert visitor.get("/kich-hoat").address == "/activate"


def test_a_teacher_activates_on_a_phone(tmp_path: Path) -> None:
    """The link holds the code behind the #: three interactions, and no server hears the link."""
    with telling("kich-hoat", tmp_path, way="phone") as story:
        code = story.world.recover(story.world.admins[SCHOOL], story.world.people["gvcn"].account).activation_code
        heard: list[str] = []
        story.page.on("request", lambda request: heard.append(request.url))
        story.open(f"/activate#code={code}")
        story.sees("Đặt mật khẩu")
        story.look("dat-mat-khau")
        story.fill("Mật khẩu mới", NEW)
        story.fill("Nhập lại mật khẩu mới", NEW)
        story.click("Đặt mật khẩu")
        story.page.wait_for_url("**/viec")
        assert story.interactions == 3
        assert not [url for url in heard if code in url]

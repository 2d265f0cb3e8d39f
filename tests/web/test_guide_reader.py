"""The reader of guides: it takes the sentences of its grammar, refuses others, and does not guess."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from guide import Follower, LostError, read_guide, telephone
from story import browsing

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PAGE = """<!doctype html><title>t</title>
<section aria-labelledby=a><h2 id=a>Một</h2><label>Tên <input></label><button>Lưu 3 dòng</button></section>
<section aria-labelledby=b><h2 id=b>Hai</h2><label>Tên <input></label>
<label>Lớp <select><option>6A1<option>7A1 · chủ nhiệm</select></label><label><input type=checkbox> Đã đọc</label>
<fieldset><legend>Lý do</legend><label><input type=radio name=r> Sai tên</label></fieldset></section>
<table><tr><td>An<td><a href="#x">Xem</a><tr><td>Bình<td><a href="#y">Xem</a></table>
<p>Mã kích hoạt: <b>K7-Q2</b></p><button>Xoá</button><button>Xoá</button>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with browsing() as context:
        yield context.new_page()


@pytest.fixture
def follower(page: Any) -> Follower:
    page.set_content(PAGE)
    return Follower("", lambda _: page, lambda: NOW, "tôi", {"tên": "Lan"}, wait_s=0.2)


def test_only_numbered_lines_are_done_and_each_sentence_must_be_known() -> None:
    text = (
        "Lời dẫn. Bấm vào đâu đó.\n\n1. Mở trang «/a.b». Thấy «Xong.».\n"
        "   Bấm **«Ký»**.\n\n![x](../pictures/x.png)\n"
    )
    assert [(s.verb, s.parts[0], s.line) for s in read_guide(text)] == [
        ("open", "/a.b", 3),
        ("see", "Xong.", 3),
        ("press", "Ký", 3),
        ("picture", "x.png", 6),
    ]
    for wrong in ("1. Bấm vào nút Ký.", "1. Bấm «Ký». Rồi chờ.", "1. Bấm «Ký». rồi chờ"):
        with pytest.raises(ValueError, match="line 1"):
            read_guide(wrong)


def test_a_reader_does_what_the_sentences_say(follower: Follower) -> None:
    follower.follow(
        "1. Điền tên vào ô «Tên» ở mục «Hai». Chọn «7A1…» ở ô «Lớp». Đánh dấu ô «Đã đọc».\n"
        "2. Chọn «Sai tên» ở ô «Lý do». Bấm «Xem» ở dòng «Bình». Bấm «Lưu … dòng».\n"
        "3. Chép chữ đứng sau «Mã kích hoạt:». Thấy «Lan». Không thấy «Hà».\n"
        "3. Nếu thấy «Không có» thì bấm «Xoá». Điền chữ đã chép vào ô «Tên» ở mục «Một».\n"
    )
    page = follower.page
    assert page.url.endswith("#y")
    assert [field.input_value() for field in page.get_by_label("Tên", exact=True).all()] == ["K7-Q2", "Lan"]
    assert page.get_by_label("Lớp").input_value() == "7A1 · chủ nhiệm"
    assert page.get_by_label("Đã đọc").is_checked()
    assert page.get_by_label("Sai tên").is_checked()
    assert follower.interactions == 7


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("Bấm «Xoá».", "stands there 2 times"),
        ("Bấm «Xem».", "stands there 2 times"),
        ("Điền «x» vào ô «Tên».", "stands there 2 times"),
        ("Bấm «Gửi».", "is not there"),
        ("Thấy «Gửi».", "does not stand there"),
        ("Không thấy «An».", "stands there"),
        ("Chọn «8A1» ở ô «Lớp».", "is 0 of"),
        ("Điền mật khẩu vào ô «Tên» ở mục «Một».", "has no “mật khẩu”"),
    ],
)
def test_a_reader_who_cannot_know_what_is_meant_says_so(follower: Follower, sentence: str, why: str) -> None:
    with pytest.raises(LostError, match=why):
        follower.follow(f"1. {sentence}")


def test_a_telephone_shows_no_code_twice() -> None:
    now = [NOW]

    def on() -> None:
        now[0] += timedelta(seconds=30)

    shown = telephone("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", lambda: now[0], on)
    assert len({shown() for _ in range(4)}) == 4

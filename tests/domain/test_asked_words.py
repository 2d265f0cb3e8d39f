"""The question field: a fixed grammar, nothing guessed, and what was not understood is said."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.asked_words import LONGEST, AskedWords, know_words, understand

KNOWN = know_words(
    categories=(
        ("STU-HEA", "Sức khoẻ, y tế học đường, khuyết tật"),
        ("STU-ETH", "Dân tộc, tôn giáo"),
        ("STU-ID", "Định danh học sinh"),
        ("STU-POL", "Diện chính sách, hộ nghèo, hỗ trợ"),
    ),
    actions=(("read", "xem"), ("write", "sửa"), ("export", "xuất danh sách, biểu mẫu để in, ký")),
    roles=(("homeroom_teacher", "Giáo viên chủ nhiệm"), ("health", "Y tế học đường")),
    classes={"6A1": "0003101:2026-2027:6A1", "Mẫu giáo lớn": "0003101:2026-2027:ML"},
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suc khoe 6a1 12/3/2026", AskedWords("STU-HEA", None, None, "0003101:2026-2027:6A1", date(2026, 3, 12))),
        (
            "Sức khoẻ lớp 6A1 ngày 12-03-2026",
            AskedWords("STU-HEA", class_id="0003101:2026-2027:6A1", day=date(2026, 3, 12)),
        ),
        ("ai được sửa dân tộc", AskedWords("STU-ETH", "write")),
        ("giáo viên chủ nhiệm Đặng Ngọc Ánh", AskedWords(role="homeroom_teacher", person="Đặng Ngọc Ánh")),
        ("stu-hea", AskedWords("STU-HEA")),
        ("y te hoc duong", AskedWords("STU-HEA")),
        ("định danh học sinh", AskedWords("STU-ID")),
        ("nguyen van tai", AskedWords(person="nguyen van tai")),
        ("9z 31/2/2026 Lan", AskedWords(person="Lan", unread=("31/2/2026", "9z"))),
        ("sức khoẻ dân tộc", AskedWords("STU-HEA", unread=("dân tộc",))),
        ("1/3/2026 2/3/2026", AskedWords(day=date(2026, 3, 1), unread=("2/3/2026",))),
        ("", AskedWords()),
        ("   ,;? ", AskedWords()),
    ],
)
def test_a_question_is_read_so(text: str, said: AskedWords) -> None:
    assert understand(text, KNOWN) == said


def test_a_part_that_two_names_share_stands_for_neither() -> None:
    known = know_words([("A", "Hồ sơ, chung"), ("B", "Kết quả, chung")], [], [])
    assert understand("chung", known) == AskedWords(person="chung")
    assert understand("hồ sơ, chung", known) == AskedWords("A")


@given(st.text(max_size=400))
def test_whatever_is_typed_is_read_or_said_to_be_no_word(text: str) -> None:
    found = understand(text, KNOWN)
    assert len(found.person or "") <= LONGEST

"""A refusal says in Vietnamese, too, what exactly was wrong."""

import pytest

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.reasons import Refusal
from access_service.domain.said import _PATTERNS, said_in_vietnamese, sentence
from access_service.domain.text import REFUSAL_TEXT


@pytest.mark.parametrize(
    ("error", "vi"),
    [
        (
            InvalidError("the policy knows no grade `06` of `lower_secondary`", grade="06"),
            "`06` không phải là khối lớp của cấp học này",
        ),
        (InvalidError("something new", category="KHAC"), "nhóm dữ liệu `KHAC`"),
        (
            RefusedError(Refusal.DUPLICATE, "there is a class `a:b:6A`; rename one of the two first"),
            "đã có lớp `a:b:6A`",
        ),
        (RefusedError(Refusal.DUPLICATE, "the username `x` is taken"), "tên đăng nhập `x` đã được dùng"),
    ],
)
def test_duplicate_and_invalid_name_what_is_wrong_in_vietnamese(error: RefusedError, vi: str) -> None:
    assert said_in_vietnamese(error) == vi
    assert sentence(error, REFUSAL_TEXT[error.code].vi) == f"{REFUSAL_TEXT[error.code].vi}: {vi}"


def test_a_witness_and_an_inspector_hear_what_is_meant_for_them() -> None:
    general = REFUSAL_TEXT[Refusal.SELF_SERVICE].vi
    witness = RefusedError(Refusal.SELF_SERVICE, "the witness is a third person of the unit")
    assert sentence(witness, general) == "Người làm chứng phải là người thứ ba của đơn vị"
    assert sentence(RefusedError(Refusal.SELF_SERVICE, "anything else"), general) == general


def test_other_codes_keep_their_sentence() -> None:
    error = RefusedError(Refusal.CYCLE, "the person has an account", unit="a")
    assert said_in_vietnamese(error) is None
    assert sentence(error, "Câu") == "Câu"


def test_every_template_takes_what_its_pattern_finds() -> None:
    for pattern, vi in _PATTERNS:
        assert vi.format(*["x"] * pattern.groups)

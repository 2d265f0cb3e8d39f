"""A refusal says in Vietnamese, too, what exactly was wrong."""

import ast
from pathlib import Path

import pytest

import access_service
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.reasons import Refusal
from access_service.domain.sentences import _PATTERNS, say_in_vietnamese, sentence
from access_service.domain.text import REFUSAL_TEXT

SOURCE = Path(access_service.__file__).parent


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
    assert say_in_vietnamese(error) == vi
    assert sentence(error, REFUSAL_TEXT[error.code].vi) == f"{REFUSAL_TEXT[error.code].vi}: {vi}"


def test_a_witness_and_an_inspector_hear_what_is_meant_for_them() -> None:
    general = REFUSAL_TEXT[Refusal.SELF_SERVICE].vi
    witness = RefusedError(Refusal.SELF_SERVICE, "the witness is a third person of the unit")
    assert sentence(witness, general) == "Người làm chứng phải là người thứ ba của đơn vị"
    assert sentence(RefusedError(Refusal.SELF_SERVICE, "anything else"), general) == general


def test_other_codes_keep_their_sentence() -> None:
    error = RefusedError(Refusal.CYCLE, "the person has an account", unit="a")
    assert say_in_vietnamese(error) is None
    assert sentence(error, "Câu") == "Câu"


def test_every_template_takes_what_its_pattern_finds() -> None:
    for pattern, vi in _PATTERNS:
        assert vi.format(*["x"] * pattern.groups)


@pytest.mark.parametrize(
    ("message", "vi"),
    [
        ("there is an operator `A`", "đã có người vận hành `A`"),
        ("`000-1` is somebody else's number", "mã `000-1` là của người khác"),
        ("it overlaps the school year 2025-2026", "trùng thời gian với năm học 2025-2026"),
        (
            "minutes for `clerk` on that duty wait already",
            "biên bản giao vai trò `clerk` theo phân công này đang chờ ký",
        ),
    ],
)
def test_whatever_is_recorded_already_is_named(message: str, vi: str) -> None:
    assert say_in_vietnamese(RefusedError(Refusal.DUPLICATE, message)) == vi


def test_every_duplicate_of_the_rules_and_acts_is_said_in_vietnamese() -> None:
    """A message that nobody translated leaves a clerk guessing: the source is read, so that none is forgotten."""
    unsaid = []
    for path in [*(SOURCE / "domain").glob("*.py"), *(SOURCE / "usecases").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "RefusedError":
                continue
            if getattr(node.args[0], "attr", "") != "DUPLICATE" or len(node.args) < 2:
                continue
            parts = node.args[1].values if isinstance(node.args[1], ast.JoinedStr) else [node.args[1]]
            message = "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in parts)
            if not any(pattern.fullmatch(message) for pattern, _ in _PATTERNS):
                unsaid.append(f"{path.name}: {message}")
    assert unsaid == []

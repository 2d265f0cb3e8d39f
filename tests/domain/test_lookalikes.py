"""Names that deceive (G): what folds alike is one name, what looks alike is refused, Vietnamese stays whole."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain import words
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.lookalikes import fold, skeleton
from access_service.domain.names import ClassId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_class_code, check_unit_code, username_to_give

KEPT = "cbql.0000011"
DECEIVING = {
    "capitals": "CBQL.0000011",
    "digits as letters": "cbql.OOOOOll",
    "a capital I": "cbql.00000I1",
}
OTHER_LETTERS = {
    "Cyrillic": "сbql.0000011",
    "full width": "ｃｂｑｌ.0000011",
    "Greek": "cbql.ο000011",
    "a soft hyphen": "cb\u00adql.0000011",
    "U+202E": "\u202ecbql.0000011",
    "a zero width joiner": "cbql\u200d.0000011",
    "a Hangul filler": "cbql\u3164.0000011",
    "a variation selector": "cbql\ufe0f.0000011",
    "a grapheme joiner": "cbql\u034f.0000011",
    "a Braille blank": "cbql\u2800.0000011",
    "an Icelandic eth": "ðbql",
    "a Turkish capital": "İbql",
    "a Cherokee letter": "\u13df",
    "a no-break blank": "cb\u00a0ql",
    "two blanks": "cb  ql",
    "a dot at the end": "cbql.",
    "Arabic digits": "cbql.\u0660\u0661",
    "a superscript": "cbql.00000¹",
    "an en dash": "cbql–1",
}


@pytest.mark.parametrize("name", DECEIVING.values(), ids=DECEIVING)
def test_a_new_username_that_looks_like_one_that_exists_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="taken") as refused:
        username_to_give(name, [KEPT])
    assert refused.value.code is Refusal.DUPLICATE


@pytest.mark.parametrize("name", OTHER_LETTERS.values(), ids=OTHER_LETTERS)
def test_a_new_username_holds_what_every_keyboard_here_types(name: str) -> None:
    with pytest.raises(InvalidError):
        username_to_give(name, [])


@pytest.mark.parametrize(
    "name", ["сbql.0000011", "ｃｂｑｌ.0000011", "cbql.ο000011", "CBQL.0000011", "cb\u00adql.0000011"]
)
def test_a_name_of_before_that_deceives_keeps_the_one_it_imitates_from_being_given(name: str) -> None:
    with pytest.raises(RefusedError, match="taken"):
        username_to_give(KEPT, [name])


def test_names_that_readers_of_vietnamese_tell_apart_are_given() -> None:
    others = ["gv.lân", "gv.lan", "gv.lăn", "gv.lán", "gv.đan", "gv.dan"]
    for number, name in enumerate(others):
        assert username_to_give(name, others[:number] + others[number + 1 :]) == name
    assert username_to_give("GV.Đặng Thị", []) == "gv.đặng thị"


@given(st.text(alphabet="abcilmnor01IOLđẤ.-_", min_size=1, max_size=12))
def test_what_folds_alike_looks_alike(name: str) -> None:
    assert fold(fold(name)) == fold(name)
    assert skeleton(fold(name)) == skeleton(name) == skeleton(name.upper())


@given(st.text(max_size=200))
def test_folding_takes_every_text(text: str) -> None:
    assert isinstance(skeleton(text), str)
    assert fold(fold(text)) == fold(text) or not text.isascii()


def test_names_of_people_keep_vietnamese_whole() -> None:
    for name in ("Đặng Thị Ngọc Ánh", "Nguyễn Thử Ước", "Hồ Ỷ Ẩn", "H'Hen Niê", "Müller-Đỗ"):
        assert words.line(unicodedata.normalize("NFD", name)) == name


@pytest.mark.parametrize(
    "hidden",
    ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\x07", "\u3164", "\ufe0f", "\u034f", "\u2800"],
)
def test_names_of_people_hold_nothing_that_cannot_be_seen(hidden: str) -> None:
    with pytest.raises(InvalidError, match="cannot be seen"):
        words.line(f"Nguyễn{hidden} Thử")


def test_a_name_does_not_begin_with_a_mark() -> None:
    with pytest.raises(InvalidError, match="mark"):
        words.line("\u0301Nguyễn")


@pytest.mark.parametrize("read", [words.identifier, words.class_code], ids=lambda read: read.__name__)
@pytest.mark.parametrize("text", ["12/QÐ-SGDĐT", "12/ＱĐ", "6А", "12–QĐ", "6\u00adA"])
def test_numbers_of_documents_and_class_codes_are_vietnamese_and_ascii(read: words.WordReader, text: str) -> None:
    assert words.identifier("1234/QĐ-SGDĐT (bản sao)") == "1234/QĐ-SGDĐT (bản sao)"
    with pytest.raises(InvalidError):
        read(text)


def test_a_unit_code_looks_like_no_other_units() -> None:
    for code in ("thpt-01", "THPT-O1", "THPT-0l", "THPT-0I"):
        with pytest.raises(RefusedError, match="taken"):
            check_unit_code(UnitId(code), [UnitId("THPT-01")])
    check_unit_code(UnitId("THPT-02"), [UnitId("THPT-01"), UnitId("THPT-02")])


def test_classes_of_a_school_and_year_differ_in_more_than_capitals() -> None:
    with pytest.raises(RefusedError, match="capital"):
        check_class_code(ClassId("0003:2026-2027:6a"), [ClassId("0003:2026-2027:6A")])
    check_class_code(ClassId("0003:2026-2027:10AI"), [ClassId("0003:2026-2027:10A1")])

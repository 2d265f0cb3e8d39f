"""The order that a Vietnamese reader expects, and a search that forgives missing marks."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.vietnamese import name_key, sort_key

IN_ORDER = ["An", "An Bình", "Anh", "Ánh", "Ân", "Bình", "Dương", "Đặng", "Oanh", "Ơn", "Uyên", "Ước"]


def test_names_sort_as_in_a_vietnamese_register():
    by_code_point = sorted(IN_ORDER)

    assert by_code_point != IN_ORDER
    assert sorted(by_code_point, key=sort_key) == IN_ORDER


def test_tones_decide_only_between_the_same_letters():
    tones = ["ma", "mà", "mả", "mã", "má", "mạ"]

    assert sorted(set(tones), key=sort_key) == tones
    assert sort_key("mạ") < sort_key("mai"), "letters come before tones"
    assert sort_key("Cẩm Giang") < sort_key("Cẩm Giàng")


def test_small_letters_come_before_capitals_of_the_same_word():
    assert sort_key("an") < sort_key("An") < sort_key("án")


def test_a_key_is_digits_and_small_letters_so_that_every_collation_agrees():
    assert sort_key("Đỗ Thị Ơn-2").isascii()
    assert sort_key("Đỗ Thị Ơn-2").isalnum()
    assert sort_key("Đỗ Thị Ơn-2") == sort_key("Đỗ Thị Ơn-2").lower()


def test_an_empty_text_has_a_key_below_all():
    assert sort_key("") < sort_key(" ") < sort_key("1") < sort_key("a")


@given(st.text())
def test_composed_and_decomposed_text_have_the_same_key(text):
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)

    assert sort_key(composed) == sort_key(decomposed)


def test_people_are_listed_by_given_name_first() -> None:
    names = ["Trần Văn An", "Nguyễn Thị Bình", "Lê Ánh", "Đỗ Văn An", "Nguyễn Văn Ân", "Phạm Đạt", "Lê Dung"]
    assert sorted(names, key=name_key) == [
        "Đỗ Văn An",
        "Trần Văn An",
        "Lê Ánh",
        "Nguyễn Văn Ân",
        "Nguyễn Thị Bình",
        "Lê Dung",
        "Phạm Đạt",
    ]
    assert name_key("") == name_key("   ")

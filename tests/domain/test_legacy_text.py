"""Text of other encodings is told from Vietnamese, and from the names of others, by its syllables."""

import pytest

from access_service.domain import legacy, words
from access_service.domain.errors import InvalidError

TCVN3 = (
    "NguyÔn V¨n An",
    "TrÇn ThÞ B×nh",
    "Hoµng",
    "Hång",
    "Lª",
    "Ph¹m",
    "TRÇN",
    "H¶i Phßng",
    "Tr\xadêng THCS",
    "Hãa",
)
VNI = ("Nguyeãn Vaên Ñöùc", "Traàn Thò Höông", "Leâ", "Haèng", "Phaïm", "NGUYEÃN")
TWICE = ("Nguyá»…n", "VÄƒn An", "Tráº§n", "LÃª", "HĂ³a", "Äáº·ng", "Trường Nguyá»…n")
LOST = ("Nguyễn V\ufffdn", "Nguy?n", "Tr?n Th? B")
GOOD = (
    *("Müller", "François", "José", "Núñez", "Björn", "Noël", "Zoë", "Chloé", "René"),
    *("Y Niê", "Mlô", "Byă", "H'Ñing", "Y Êban", "Kbuôr", "Ksor", "Hmông", "Kon Tum", "Đắk Lắk", "Ia HDreh", "Ñai"),
    *("Nguyễn Bỉnh Khiêm", "NGUYỄN THỊ YẾN", "Hoà", "Thuý", "Khuỷu", "Ngoằn ngoèo", "Xoong", "Giếng", "Quốc", "Ỷ"),
    *(
        "«Lá»",
        "“XÃ”",
        "3×4",
        "n°1",
        "m²",
        "A·B",
        "6/1",
        "01/QĐ-SGDĐT",
        "đâu?",
        "Lớp 6A1?",
        "https://a.vn/x?y=z",
        "AT&T",
    ),
)


def test_words_of_other_encodings_are_known():
    assert {text: legacy.encoding_of(text) for text in TCVN3} == dict.fromkeys(TCVN3, legacy.TCVN3)
    assert {text: legacy.encoding_of(text) for text in VNI} == dict.fromkeys(VNI, legacy.VNI)
    assert {text: legacy.encoding_of(text) for text in TWICE} == dict.fromkeys(TWICE, legacy.TWICE)
    assert {text: legacy.encoding_of(text) for text in LOST} == dict.fromkeys(LOST, legacy.LOST)
    assert legacy.encoding_of("Nguy&#7877;n") == legacy.ESCAPED


def test_vietnamese_and_the_names_of_others_are_left_alone():
    assert {text: legacy.encoding_of(text) for text in GOOD} == dict.fromkeys(GOOD)


@pytest.mark.parametrize("text", ["NguyÔn V¨n An", "Nguyá»…n", "Nguy\ufffdn"])
def test_no_door_takes_a_line_of_another_encoding(text):
    with pytest.raises(InvalidError, match="Unicode"):
        words.line(text)


@pytest.mark.parametrize("sign", ["\x1f", "\x1c", "\x0b", "\x85", "\u2028", "\u2029"])
def test_what_no_keyboard_makes_is_refused_at_the_ends_of_a_text_too(sign: str) -> None:
    for text in (f"Mẫu{sign}", f"{sign}Mẫu", sign):
        for read in (words.line, words.prose, words.code, words.username, words.instant, words.day):
            with pytest.raises(InvalidError):
                read(text)
    assert words.line("\u00a0 Mẫu\u3000\t") == "Mẫu"

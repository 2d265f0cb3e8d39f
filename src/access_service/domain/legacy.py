"""Text whose letters were lost or stand for others: TCVN3, VNI, UTF-8 that was decoded twice, replaced characters.

Such text is a sequence of letters that everybody may write, so that no table of characters finds it. What is asked
is whether a word that is no Vietnamese syllable becomes one when it is read as the old encodings were. Names from
abroad and those of other peoples of the country (`Müller`, `Niê`, `Mlô`) do not.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

LOST = "letters that were lost"
TWICE = "UTF-8 that was decoded as another encoding"
TCVN3, VNI = "the encoding TCVN3 (ABC)", "the encoding VNI"
ESCAPED = "letters written as numbers (`&#…;`)"

_LETTER = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
_SIGN = re.compile("[?\u00a1-\u00ff\u0102\ufffd]|&#")
"""One of these is in all such text, and in half of what is written."""
_HOLE = re.compile(f"[{_LETTER}]\\?[{_LETTER}]")
_NUMBER = re.compile(r"&#(?:[0-9]{2,7}|[xX][0-9A-Fa-f]{2,6});")
_CONTINUED = "\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122\u00a1-\u00bf"
"""What the second and third bytes of UTF-8 look like in Windows-1252."""
_TWICE = re.compile(
    f"\u00e1[\u00ba\u00bb][{_CONTINUED}]|\u00e2\u20ac|\u00c4[\u2018\u0192\u201a]|\u00c6[\u00b0\u00a1\u00af]"
    "|[\u00c3\u0102][\u00a1\u00a2\u00a3\u00a8\u00a9\u00aa\u00ac\u00b2\u00b3\u00b4\u00b5\u00b9\u00ba\u00bd]"
)
_OLD_WORD = re.compile("[A-Za-z]*[\u00a1-\u00ff][A-Za-z\u00a1-\u00ff]*")
"""A word that an encoding of one byte a character could hold, with a letter that is none of ASCII."""

_SYLLABLE = re.compile(
    "(?:b|ch?|d|đ|gh?|gi|h|kh?|l|m|ngh?|nh?|ph?|qu|r|s|th?|tr|v|x)?"
    "(?:"
    "(?:a|e|ê|i|o|ô|ơ|u|ư|y|oa|oe|uê|uy)(?:ch|c|m|ng|nh|n|p|t)?"
    "|(?:ă|â|oă|uâ|iê|yê|uô|ươ|uyê|oo)(?:ch|c|m|ng|nh|n|p|t)"
    "|ai|ao|au|ay|âu|ây|eo|êu|ia|iêu|iu|oai|oao|oay|oeo|oi|ôi|ơi|ua|uây|ui|uôi|uơ|uya|uyu|ưa|ưi|ươi|ươu|ưu|yêu"
    ")"
)
_TONES: Mapping[str, str] = {
    vowels[0]: vowels
    for vowels in (
        *("aàảãáạ", "ăằẳẵắặ", "âầẩẫấậ", "eèẻẽéẹ", "êềểễếệ", "iìỉĩíị"),
        *("oòỏõóọ", "ôồổỗốộ", "ơờởỡớợ", "uùủũúụ", "ưừửữứự", "yỳỷỹýỵ"),
    )
}
"""Each vowel: level, falling, asking, broken, rising, heavy."""
_LETTERS = {toned: vowel for vowel, vowels in _TONES.items() for toned in vowels[1:]}
_TONED, _BARE = re.compile(f"[{''.join(_LETTERS)}]"), str.maketrans(_LETTERS)

_TCVN3: Mapping[int, str] = {
    code: letter
    for first, letters in (
        (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"),
        (0xB5, "àảãáạ"),
        (0xBB, "ằẳẵắ"),
        (0xC6, "ặầẩẫấậè"),
        (0xCE, "ẻẽéẹềểễếệìỉ"),
        (0xDC, "ĩíịò"),
        (0xE1, "ỏõóọồổỗốộờởỡớợù"),
        (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
    )
    for code, letter in enumerate(letters, start=first)
}

_VNI: Mapping[str, str] = {
    **{base + mark: _TONES[base][tone] for base in "aeouy" for tone, mark in enumerate("øûõùï", start=1)},
    **{f"ô{mark}": _TONES["ơ"][tone] for tone, mark in enumerate("øûõùï", start=1)},
    **{f"ö{mark}": _TONES["ư"][tone] for tone, mark in enumerate("øûõùï", start=1)},
    **{
        base + mark: _TONES[roofed][tone]
        for base, roofed in ("aâ", "eê", "oô")
        for tone, mark in enumerate("âàåãáä")
    },
    **{f"a{mark}": _TONES["ă"][tone] for tone, mark in enumerate("êèúüéë")},
    "ô": "ơ",
    "ö": "ư",
    "ñ": "đ",
    "í": "í",
    "ì": "ì",
    "æ": "ỉ",
    "ó": "ĩ",
    "ò": "ị",
    "î": "ỵ",
}
"""What stands for a letter: a vowel, and its marks behind it as one of Windows-1252."""
_VNI_PIECE = re.compile("|".join(sorted(_VNI, key=len, reverse=True)) + "|[a-z]")


def encoding_of(text: str) -> str | None:
    """What the text was written in where that was not Unicode; None for text that says what it shows."""
    if _SIGN.search(text) is None:
        return None
    if "\ufffd" in text or (_HOLE.search(text) and "/" not in text):
        return LOST
    if "&#" in text and _NUMBER.search(text):
        return ESCAPED
    if text.isascii():
        return None
    if _TWICE.search(text) or _decodes_twice(text):
        return TWICE
    for word in _OLD_WORD.findall(text):
        found = _old(word)
        if found is not None:
            return found
    return None


def _decodes_twice(text: str) -> bool:
    try:
        text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True


@lru_cache(maxsize=10_000)
def _old(word: str) -> str | None:
    if not word.isalpha() or not _is_cased(word) or not _is_syllable(word):
        if not any("A" <= letter <= "z" for letter in word):
            return None
        if _is_syllable(_from_vni(word)):
            return VNI
        if _is_syllable(word.translate(_TCVN3)):
            return TCVN3
    return None


def _is_cased(word: str) -> bool:
    """Is it written as words are? `NguyÔn` is not."""
    return word in (word.lower(), word.upper(), word.capitalize())


def _is_syllable(word: str) -> bool:
    """Is it a Vietnamese syllable, as far as its letters say, with one tone at most?"""
    word = word.lower()
    return len(_TONED.findall(word)) <= 1 and _SYLLABLE.fullmatch(word.translate(_BARE)) is not None


def _from_vni(word: str) -> str:
    """The word as VNI wrote it: marks behind their letter. Empty where it cannot be that.

    A lone `ñ` proves nothing: the people of the Central Highlands write it.
    """
    word = word.lower()
    pieces = _VNI_PIECE.findall(word)
    if "".join(pieces) != word or not any(piece in _VNI and piece != "ñ" for piece in pieces):
        return ""
    return "".join(_VNI.get(piece, piece) for piece in pieces)

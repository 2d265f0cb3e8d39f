"""Vietnamese order: keys that compare right byte for byte, on every database.

SQLite has no Vietnamese collation and PostgreSQL's depends on how it was built, so names are stored with a key of
ASCII digits and small letters, whose order is the same everywhere.
"""

import unicodedata
from functools import lru_cache

from access_service.domain import words

TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
"""Huyền, hỏi, ngã, sắc, nặng after ngang (`0`): the order of dictionaries."""

_LETTERS = {
    ("a", "\u0306"): "a1",
    ("a", "\u0302"): "a2",
    ("e", "\u0302"): "e1",
    ("o", "\u0302"): "o1",
    ("o", "\u031b"): "o2",
    ("u", "\u031b"): "u1",
}
"""Ă, Â, Ê, Ô, Ơ, Ư are letters of their own, each after the letter it is written with."""

_END, _BLANK, _OTHER = "00", "01", "02"
"""Below every letter and digit, so that `An` comes before `An Bình` and both before `Anh`."""


@lru_cache(maxsize=4096)
def _weights(character: str) -> tuple[str, str, str]:
    """(letter, tone, case) of one character; each compares as text."""
    small = character.lower()
    case = "0" if small == character else "1"
    parts = unicodedata.normalize("NFD", small)
    base, marks = parts[0], parts[1:]
    tone = next((TONES[mark] for mark in marks if mark in TONES), "0")
    if base == "đ":
        return "d1", tone, case
    if base.isascii() and base.isalpha():
        return next((_LETTERS[base, m] for m in marks if (base, m) in _LETTERS), f"{base}0"), tone, case
    if base.isascii() and base.isdigit():
        return f"1{base}", tone, case
    return (_BLANK if base.isspace() else _OTHER), tone, case


def sort_key(text: str) -> str:
    """A key that sorts as Vietnamese does: An < Ánh < Ân < Bình < Dương < Đặng < Oanh < Ơn. Of a line, no more.

    Letters first (a ă â b c d đ e ê … o ô ơ …), then tones, then small before capital, each over the whole text.
    """
    weights = [_weights(character) for character in words.normalise_text(text, 4 * words.LINE)]
    letters, tones, cases = ("".join(level) for level in zip(*weights, strict=True)) if weights else ("", "", "")
    return f"{letters}{_END}{tones}{_END}{cases}"


def name_key(name: str) -> str:
    """How a class list orders people: by given name (tên), then by surname and middle names (họ, đệm)."""
    *before, given = name.split() or [""]
    return f"{sort_key(given)}{_END}{sort_key(' '.join(before))}"


def without_marks(text: str) -> str:
    """The text in small letters without tones, accents and đ, as somebody types who has no such keyboard."""
    parts = words.normalise_text(text.casefold(), 4 * words.LINE, "NFD")
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("đ", "d")

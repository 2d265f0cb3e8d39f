"""Vietnamese order and search: keys that compare right byte for byte, on every database.

SQLite has no Vietnamese collation and PostgreSQL's depends on how it was built, so names are stored with a key of
ASCII digits and small letters, whose order is the same everywhere.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

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
    return _drop_marks(_decompose(text))


def _decompose(text: str) -> str:
    """Small letters, and each mark behind the letter that it is on."""
    return words.normalise_text(text.casefold(), 4 * words.LINE, "NFD")


_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
"""The marks of the first block; the next one of any other script is `_OTHER_MARKS`."""
_OTHER_MARKS = "\u0483"


def _drop_marks(parts: str) -> str:
    bare = _MARKS.sub("", parts)
    if bare and max(bare) >= _OTHER_MARKS:
        bare = "".join(c for c in bare if not unicodedata.combining(c))
    return bare.replace("đ", "d")


class ListedName(NamedTuple):
    """A line of a list before it is shown: what it is, and by which key it is sorted."""

    id: str
    name: str
    sort_key: str


_RUNS = re.compile(r"[0-9]+|[^0-9]+")
_WORDS = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def natural_key(text: str) -> str:
    """As `sort_key`, with numbers by their value: 6A2 < 6A10 < 10A1, Trường số 2 < Trường số 10.

    A list of a province's units is sorted for every page of it, so the keys of some thousand names are remembered.
    """
    key = []
    for run in _RUNS.findall(words.normalise_text(text, 4 * words.LINE)):
        digits = run.lstrip("0") if run[0].isascii() and run[0].isdigit() else None
        # How many digits comes before the digits: the longer number is the larger.
        key.append(sort_key(run) if digits is None else f"1{len(digits):03d}{digits}")
    return "".join(key) + _END


def _word(word: str) -> tuple[str, str]:
    """The letters of a small word without its tone, and the tone: `Hoà` and `Hòa` are one word."""
    parts = _decompose(word)
    tone = next((TONES[c] for c in parts if c in TONES), "0")
    letters = "".join(c for c in parts if c not in TONES)
    return words.normalise_text(letters, len(letters)), tone


def _exact_words(text: str) -> list[tuple[str, str]]:
    found = _WORDS.findall(words.normalise_text(text.casefold(), 4 * words.LINE))
    return [_word(word) for word in found]


def name_words(name: str) -> tuple[tuple[str, str], ...]:
    """By which two names are the same: letters and tones of each word, wherever the tone is written (Hoà, Hòa)."""
    return tuple(_exact_words(name[: words.LINE]))


def search_words(text: str) -> tuple[str, ...]:
    """The words of a text as they are looked for: without capitals, tones, accents and đ."""
    return tuple(_WORDS.findall(without_marks(text)))


def search_key(text: str) -> str:
    """What is stored to be looked through: a blank before each word, so that words are met where they begin.

    A name of an old register may be longer than any is now: it is found by how it begins.
    """
    return "".join(f" {word}" for word in search_words(text[: words.LINE]))


def is_found(query: str, key: str) -> bool:
    """Does every word of the query begin a word of what has this `search_key`? An empty query finds everything."""
    return all(f" {word}" in key for word in search_words(query))


def has_marks(text: str) -> bool:
    """Was it typed with tones or marks, so that they say which of two alike is meant?"""
    parts = _decompose(text)
    return _drop_marks(parts) != parts


def search_rank(query: str, text: str) -> int:
    """0 where the marks agree as well, else 1: who types `Cẩm Giàng` is shown it before `Cẩm Giang`."""
    held = _exact_words(text)
    *whole, last = _exact_words(query) or [("", "0")]
    # The last word may still be being typed: its tone counts once there is one.
    is_met = last in held or any(
        word != last[0] and word.startswith(last[0]) and last[1] in ("0", tone) for word, tone in held
    )
    return 0 if (is_met or not last[0]) and all(word in held for word in whole) else 1

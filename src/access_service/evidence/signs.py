"""Which signs a page may show. One that is invisible, turns the line round or is in no font is shown by its number.

A PDF/A file refuses a letter that its font lacks, and a mark of direction would show a name in another order than
it is written. What is printed is therefore decided here, for every family of type alike.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from access_service.domain.errors import InvalidError
from access_service.domain.words import normalise_text

VIETNAMESE = (
    "".join(
        normalise_text(base + mark, 4)
        for base in "AĂÂEÊIOÔƠUƯYaăâeêioôơuưy"
        for mark in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
        if base + mark not in "AEIOUYaeiouy"
    )
    + "Đđ"
)
"""The letters of Vietnamese that ASCII lacks: 134."""

_RANGES = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x2E4),
    (0x300, 0x34E),
    (0x350, 0x36F),
    (0x384, 0x3CE),
    (0x401, 0x45F),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x2030, 0x2037),
    (0x2039, 0x203E),
    (0x2074, 0x2079),
    (0x20AB, 0x20AC),
    (0x2190, 0x2193),
)
_SINGLE = "\n№™−≈≠≤≥■□"
LONGEST_WORD = 28
"""A word longer than this may be broken anywhere: a number of a key, or somebody's mischief."""
_MARKS_IN_A_ROW = 4


@lru_cache(maxsize=4096)
def is_printed(sign: str) -> bool:
    """Do all families that we use have this sign, and is it one that can be seen?"""
    if sign in _SINGLE:
        return True
    code = ord(sign)
    is_known = any(first <= code <= last for first, last in _RANGES)
    return is_known and unicodedata.category(sign) not in {"Cn", "Cc", "Cf"}


def _plain_signs() -> Iterator[str]:
    """The signs that are printed as they are wherever they stand: no mark that goes onto another sign."""
    for first, last in (*_RANGES, *((ord(sign), ord(sign)) for sign in _SINGLE)):
        yield from (s for s in map(chr, range(first, last + 1)) if is_printed(s) and not unicodedata.combining(s))


_PLAIN = re.compile(f"[{re.escape(''.join(_plain_signs()))}]*")
"""What nearly every text is: one look at it takes a fiftieth of a look at each sign."""


def show(text: str) -> str:
    """The text as it is printed: NFC, and `[U+202E]` for what cannot be shown."""
    if _PLAIN.fullmatch(text) and unicodedata.is_normalized("NFC", text):
        return text
    shown, marks = [], 0
    # What is piled too high stays as it is: its marks are shown by their numbers.
    with suppress(InvalidError):
        text = normalise_text(text, len(text))
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        is_shown = is_printed(sign) and marks <= _MARKS_IN_A_ROW
        shown.append(sign if is_shown else f"[U+{ord(sign):04X}]")
    return "".join(shown)


def breakable(text: str) -> str:
    """The same with places to break inside words that no line could hold."""
    return re.sub(
        rf"\S{{{LONGEST_WORD + 1},}}",
        lambda word: "\u200b".join(re.findall(rf".{{1,{LONGEST_WORD // 2}}}", word[0])),
        text,
    )

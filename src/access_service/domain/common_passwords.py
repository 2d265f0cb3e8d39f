"""Passwords that are tried first: words of the trade, names at hand, years and runs of keys, alone or put together.

The list is generated, not taken from anywhere: what stands here with digits and signs around it is guessed in
seconds, whatever classes of characters it has.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from access_service.domain import words
from access_service.domain.errors import InvalidError

_TRADE = (
    "matkhau password passwd pass admin administrator quantri quantrivien taikhoan dangnhap login user welcome "
    "hello truong truonghoc hieutruong hieupho giaovien hocsinh phuhuynh lophoc lop giaoduc daotao sogiaoduc sogd "
    "phonggiaoduc phonggd ubnd mamnon tieuhoc thcs thpt vanthu ketoan thuvien csdl csdlnganh vnedu smas bogiaoduc "
    "vietnam haiphong haiduong hanoi hochiminh saigon iloveyou anhyeuem emyeuanh yeu secret monkey dragon master "
    "letmein default changeme test demo abc xyz namhoc"
)
_LONGEST = 1024
"""Characters of a password or name, four times what either may have."""
_CORE = re.compile(r"[a-z](?:.*[a-z])?", re.DOTALL)
"""What stands between the first letter and the last."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_MOST_WORDS = 3
_MOST_SIGNS = 2
_LEET = str.maketrans("@013457$!", "aoieastsi")
_BETWEEN = re.compile(r"(?<=[a-z])[@013457$!](?=[a-z])")
_SHORTEST_RUN = 4
_SHORTEST_NAME = 2


def _plain(text: str) -> str:
    """Small letters without marks; everything else as it is."""
    small = words.normalise_text(text, _LONGEST, "NFKC").casefold().replace("đ", "d")
    bare = words.normalise_text(small, 4 * _LONGEST, "NFD")
    return "".join(character for character in bare if not unicodedata.combining(character))


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    return frozenset(_TRADE.split())


def _is_run(letters: str) -> bool:
    """One letter repeated, or keys that lie beside each other, forwards or back."""
    if len(set(letters)) <= 1:
        return True
    return len(letters) >= _SHORTEST_RUN and any(letters in row or letters[::-1] in row for row in _ROWS)


def _is_made_of(letters: str, words: frozenset[str], most: int) -> bool:
    if letters in words or _is_run(letters):
        return True
    return most > 1 and any(
        letters[:cut] in words and _is_made_of(letters[cut:], words, most - 1) for cut in range(2, len(letters) - 1)
    )


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Is nothing in it but such words, and digits and signs around them? `about`: the names that stand by it."""
    names: set[str] = set()
    alone: set[str] = set()
    for name in about:
        parts = re.findall(r"[a-z]+", _plain(name))
        names |= {"".join(parts), *("".join(parts[-n:]) for n in (2, 3) if len(parts) >= n)}
        alone |= set(parts[-1:])
    words = _words() | frozenset(name for name in names if len(name) >= _SHORTEST_NAME)
    words |= frozenset(name for name in alone if len(name) >= _SHORTEST_RUN)
    return any(letters in alone or _is_made_of(letters, words, _MOST_WORDS) for letters in _readings(password))


def _readings(password: str) -> Iterator[str]:
    """What letters it may be read as: digits and signs stand around words, between them, or for letters in them."""
    plain = _plain(password)
    found = _CORE.search(plain)
    if found is None:
        yield ""
        return
    start, end = found.span()
    yield "".join(re.findall(r"[a-z]{2,}", plain[start:end]))
    between = _BETWEEN.sub(lambda sign: sign[0].translate(_LEET), plain[start:end])
    yield "".join(re.findall(r"[a-z]{2,}", between))
    # One or two signs at either end may be letters as well: `@dmin`, `matkh@`.
    for before in range(_MOST_SIGNS + 1):
        for after in range(_MOST_SIGNS + 1):
            text = plain[max(0, start - before) : end + after].translate(_LEET)
            yield "".join(re.findall(r"[a-z]{2,}", text))


def check_not_common(password: str, about: Iterable[str] = ()) -> None:
    """Raise `InvalidError` for a password that is tried first."""
    if is_common(password, about):
        raise InvalidError("that password is among the first that are tried; take words that nobody puts together")

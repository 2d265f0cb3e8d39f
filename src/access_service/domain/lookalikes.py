"""Names that deceive: which spellings mean one name, and which names look alike although they are two.

Usernames are compared folded (`fold`), as RFC 8265 (UsernameCaseMapped) has it: width, letter case and composition
make no difference. What is newly given is compared by its skeleton as well, as in UTS 39: nobody tells two names
with one skeleton apart. New names hold Vietnamese letters and ASCII only (`words`), so that the letters of other
scripts matter here only for names that were given before.
"""

from collections.abc import Iterable

from access_service.domain import words
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.reasons import Refusal

_CYRILLIC = ("авгеѐёһіїјкмнопԛрсѕтуѵԝхԁъь", "abreeehiijkmhonqpcstyvwxdbb")
_GREEK = ("αβγεζηικμνορτυχω", "abyeznikmvoptuxw")
_ARMENIAN = ("օսհոցզգ", "ouhngqq")
_LATIN = ("ıɑɡɩʟðɖǎ", "iagilđđă")
_SIGNS = ("‐‑‒–—―−‧·․∙‚", "-------....,")
_ALIKE = (*(_CYRILLIC, _GREEK, _ARMENIAN, _LATIN, _SIGNS), ("01i|", "olll"))


def _table() -> dict[int, str]:
    found: dict[int, str] = {}
    for letters, shapes in _ALIKE:
        found |= {ord(letter): shape for letter, shape in zip(letters, shapes, strict=True)}
    # What a letter looks like may itself look like another: Cyrillic і is i, and i is l.
    return {letter: found.get(ord(shape), shape) for letter, shape in found.items()}


_SHAPES = _table()


def fold(text: str) -> str:
    """A username as it is compared; what is no username at all folds to itself and meets nobody's."""
    if text.isascii():
        return text.strip().lower()
    try:
        wide = words.normalise_text(text.strip(), words.LINE, "NFKC")
        return words.normalise_text(wide.lower(), 32 * words.LINE)
    except InvalidError:
        return text


def skeleton(text: str) -> str:
    """What is left to see of a name: 0 is o; 1 and i are l; rn is m; other scripts are what they look like.

    Marks stay: to whoever reads Vietnamese, `a` and `á` are two letters.
    """
    folded = fold(text)
    if not folded.isascii():
        folded = "".join(filter(words.is_seen, folded))
    return folded.translate(_SHAPES).replace("rn", "m")


def check_told_apart(noun: str, name: str, others: Iterable[str]) -> None:
    """A new name looks like none of the others; which one it looks like is not said."""
    folded, seen = fold(name), skeleton(name)
    alike = [other for other in others if skeleton(other) == seen]
    if any(fold(other) == folded for other in alike):
        raise RefusedError(Refusal.DUPLICATE, f"the {noun} `{name}` is taken")
    if alike:
        raise RefusedError(Refusal.DUPLICATE, f"the {noun} `{name}` looks like one that is taken")

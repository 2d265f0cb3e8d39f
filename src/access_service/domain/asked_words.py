"""The question field of the matrix: a small fixed grammar, nothing guessed.

`suc khoe 6a1 12/3/2026`: a day is a day, a class's code a class, the name of a category, action or role that, and
what is left over a person's name. What was not understood is said, never left out in silence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from access_service.domain.vietnamese import without_marks

LONGEST = 200
"""Characters of a question."""
_DAY = re.compile(r"([0-3]?[0-9])[/.-]([01]?[0-9])[/.-]([0-9]{4})")
_WORD = re.compile(r"[^\s,;?!“”\"()]+")
_CLASS = re.compile(r"[0-9]{1,2}[a-z][a-z0-9./-]*")
_PARTS = re.compile(r",|;| va | - ")
_FILLING = frozenset({"duoc", "cua", "lop", "ngay", "nhung"})
"""Words that join the others; no name is written so."""
LONGEST_PHRASE = 12
"""Words of the longest name of a category or role that is looked for."""


class AskedKind(StrEnum):
    """What a word of the question is about."""

    CATEGORY = "category"
    ACTION = "action"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class KnownWords:
    """What the packs in force and the unit have names for."""

    phrases: Mapping[str, tuple[AskedKind, str]]
    """By the name without marks."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """The unit's classes: the id by the code without marks."""


@dataclass(frozen=True, slots=True)
class AskedWords:
    """What was understood."""

    category: str | None = None
    action: str | None = None
    role: str | None = None
    class_id: str | None = None
    day: date | None = None
    person: str | None = None
    unread: tuple[str, ...] = ()
    """Words that look like a class or a day and are none."""


def know_words(
    categories: Iterable[tuple[str, str]],
    actions: Iterable[tuple[str, str]],
    roles: Iterable[tuple[str, str]],
    classes: Mapping[str, str] | None = None,
) -> KnownWords:
    """From pairs of id and name. A part of a name between commas stands for the whole where only one has it.

    A name that a category and a role share is the category's.
    """
    phrases: dict[str, tuple[AskedKind, str]] = {}
    for kind, pairs in ((AskedKind.ROLE, roles), (AskedKind.ACTION, actions), (AskedKind.CATEGORY, categories)):
        parts: dict[str, set[str]] = {}
        whole: dict[str, str] = {}
        for id_, name in pairs:
            folded = _folded(name)
            for part in filter(None, map(str.strip, _PARTS.split(folded))):
                parts.setdefault(" ".join(_WORD.findall(part)), set()).add(id_)
            whole[" ".join(_WORD.findall(folded))] = id_
            whole[_folded(id_)] = id_
        phrases |= {part: (kind, *ids) for part, ids in parts.items() if len(ids) == 1}  # type: ignore[misc]
        phrases |= {name: (kind, id_) for name, id_ in whole.items()}
    return KnownWords(phrases, {_folded(code): id_ for code, id_ in (classes or {}).items()})


def understand(text: str, known: KnownWords) -> AskedWords:
    """Read a question; the first of two that are about the same counts, the second was not understood."""
    day, rest, unread = _take_day(text[:LONGEST])
    words = _WORD.findall(rest)
    folded = [_folded(word) for word in words]
    found: dict[AskedKind, str] = {}
    class_id: str | None = None
    left: list[str] = []
    n = 0
    while n < len(words):
        size, meant = _longest(folded, n, known)
        if meant is not None:
            kind, id_ = meant
            if found.setdefault(kind, id_) != id_:
                unread.append(" ".join(words[n : n + size]))
        elif folded[n] in known.classes and class_id is None:
            class_id = known.classes[folded[n]]
        elif _CLASS.fullmatch(folded[n]):
            unread.append(words[n])
        elif folded[n] not in _FILLING and not (n == 0 and folded[n] == "ai"):
            left.append(words[n])
        n += size
    return AskedWords(
        category=found.get(AskedKind.CATEGORY),
        action=found.get(AskedKind.ACTION),
        role=found.get(AskedKind.ROLE),
        class_id=class_id,
        day=day,
        person=" ".join(left) or None,
        unread=tuple(unread),
    )


def _take_day(text: str) -> tuple[date | None, str, list[str]]:
    """The first day of the question, the rest of it, and days that there are not."""
    unread: list[str] = []
    day: date | None = None
    for match in _DAY.finditer(text):
        try:
            read = date(int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            unread.append(match[0])
            continue
        if day is not None or not 1945 <= read.year < 2199:  # noqa: PLR2004 as every other day here
            unread.append(match[0])
        else:
            day = read
    return day, _DAY.sub(" ", text), unread


def _longest(folded: list[str], start: int, known: KnownWords) -> tuple[int, tuple[AskedKind, str] | None]:
    for size in range(min(LONGEST_PHRASE, len(folded) - start), 0, -1):
        meant = known.phrases.get(" ".join(folded[start : start + size]))
        if meant is not None:
            return size, meant
    return 1, None


def _folded(text: str) -> str:
    return without_marks(text).strip()

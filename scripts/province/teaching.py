"""Classes of a school, the subjects taught in them, and how teachers share both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from province.words import Level

GRADES: dict[Level, tuple[str, ...]] = {
    "preschool": ("nhà trẻ", "mẫu giáo 3-4 tuổi", "mẫu giáo 4-5 tuổi", "mẫu giáo 5-6 tuổi"),
    "primary": ("1", "2", "3", "4", "5"),
    "lower_secondary": ("6", "7", "8", "9"),
    "upper_secondary": ("10", "11", "12"),
    "continuing": ("10", "11", "12"),
}
"""Level to its grades (khối)."""

_PRESCHOOL_CODES = {
    "nhà trẻ": "NT",
    "mẫu giáo 3-4 tuổi": "MGB",
    "mẫu giáo 4-5 tuổi": "MGN",
    "mẫu giáo 5-6 tuổi": "MGL",
}

# The 2018 general education programme and the five fields of the preschool programme, as short codes.
OWN_CLASS: dict[Level, tuple[str, ...]] = {
    "preschool": ("PTNT", "PTNN", "PTTCXH"),
    "primary": ("TOAN", "TIENGVIET", "DAODUC", "TNXH", "HDTN"),
    "lower_secondary": ("HDTNHN",),
    "upper_secondary": ("HDTNHN",),
    "continuing": (),
}
"""What a homeroom teacher teaches in their own class."""

_CLASS_TEACHERS: frozenset[Level] = frozenset({"preschool", "primary"})
"""Where homeroom teachers teach nearly everything in their class, and others the rest."""

SHARED: dict[Level, tuple[str, ...]] = {
    "preschool": ("PTTC", "PTTM"),
    "primary": ("NGOAINGU1", "GDTC", "AMNHAC", "MITHUAT", "TINHOC"),
    "lower_secondary": (
        *("TOAN", "NGUVAN", "NGOAINGU1", "KHTN", "LSDL", "GDCD", "CONGNGHE", "TINHOC", "GDTC", "AMNHAC"),
        "MITHUAT",
    ),
    "upper_secondary": (
        *("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "VATLI", "HOAHOC", "SINHHOC", "DIALI", "GDKTPL", "TINHOC"),
        *("CONGNGHE", "GDTC", "GDQPAN"),
    ),
    "continuing": ("TOAN", "NGUVAN", "LICHSU", "DIALI", "VATLI", "HOAHOC", "SINHHOC", "GDKTPL", "TINHOC"),
}
"""What the level's teachers divide among themselves."""

GROUPS: dict[Level, tuple[tuple[str, ...], ...]] = {
    "preschool": (("PTNT", "PTNN", "PTTCXH"), ("PTTC", "PTTM")),
    "primary": (
        ("TOAN", "TIENGVIET", "DAODUC", "TNXH", "HDTN"),
        ("NGOAINGU1", "TINHOC"),
        ("GDTC", "AMNHAC", "MITHUAT"),
    ),
    "lower_secondary": (
        ("TOAN", "TINHOC"),
        ("KHTN", "CONGNGHE"),
        ("NGUVAN", "LSDL", "GDCD"),
        ("NGOAINGU1",),
        ("GDTC", "AMNHAC", "MITHUAT", "HDTNHN"),
    ),
    "upper_secondary": (
        ("TOAN", "TINHOC"),
        ("VATLI", "CONGNGHE"),
        ("HOAHOC", "SINHHOC"),
        ("NGUVAN",),
        ("LICHSU", "DIALI", "GDKTPL"),
        ("NGOAINGU1",),
        ("GDTC", "GDQPAN", "HDTNHN"),
    ),
    "continuing": (
        ("TOAN", "VATLI", "HOAHOC", "SINHHOC", "TINHOC"),
        ("NGUVAN", "LICHSU", "DIALI", "GDKTPL"),
    ),
}
"""Tổ chuyên môn: subjects under one leader."""

VISITING_SUBJECT, VISITED_GRADE = "GDDP", "9"
"""What a teacher of a neighbouring school comes to teach (dạy liên trường), and to which grade."""

_TEACHERS_A_CLASS: dict[Level, float] = {
    "preschool": 1.35,
    "primary": 1.2,
    "lower_secondary": 1.45,
    "upper_secondary": 1.7,
    "continuing": 1.3,
}
"""Chosen so that 500 schools of about 30 classes have about 25,000 staff."""

SMALLEST, LARGEST = 20, 40
"""Classes a school."""


@dataclass(frozen=True, slots=True)
class Class:
    """One class; the code is local to the school and the school year."""

    code: str
    name: str
    level: Level
    grade: str


@dataclass(slots=True)
class Post:
    """One teacher's work at one level: at most one class to look after, and pairs of class and subject."""

    level: Level
    homeroom: Class | None = None
    pairs: list[tuple[Class, str]] = field(default_factory=list)


def draw_classes(rng: Random, levels: Sequence[Level]) -> list[Class]:
    """20 to 40 classes, shared among the school's levels by their number of grades."""
    total = rng.randint(SMALLEST, LARGEST)
    grades = sum(len(GRADES[level]) for level in levels)
    classes: list[Class] = []
    done = 0
    for level in levels:
        done += len(GRADES[level])
        classes += _classes_of(level, total * done // grades - len(classes))
    return classes


def _classes_of(level: Level, count: int) -> Iterable[Class]:
    grades = GRADES[level]
    for index, grade in enumerate(grades):
        for number in range(1, count * (index + 1) // len(grades) - count * index // len(grades) + 1):
            if level == "preschool":
                letter = chr(ord("A") + number - 1)
                yield Class(
                    f"{_PRESCHOOL_CODES[grade]}{letter}", f"{grade[0].upper()}{grade[1:]} {letter}", level, grade
                )
            else:
                code = f"{grade}{'C' if level == 'continuing' else 'A'}{number}"
                yield Class(code, f"Lớp {code}", level, grade)


def plan_posts(level: Level, classes: Sequence[Class]) -> list[Post]:
    """The level's teachers: one homeroom a class, every class taught every subject, by exactly one teacher each.

    In secondary schools all share all subjects, and a class goes to somebody who teaches in it while there is one.
    """
    count = max(len(classes) + 1, round(len(classes) * _TEACHERS_A_CLASS[level]))
    posts = [Post(level) for _ in range(count)]
    pairs = [(school_class, subject) for subject in SHARED[level] for school_class in classes]
    if level in _CLASS_TEACHERS:
        for post, school_class in zip(posts, classes, strict=False):
            post.homeroom = school_class
        _share(pairs, posts[len(classes) :])
    else:
        _share(pairs, posts)
        free = list(posts)
        for school_class in classes:
            teaches = (post for post in free if any(each is school_class for each, _ in post.pairs))
            chosen = next(teaches, free[0])
            chosen.homeroom = school_class
            free.remove(chosen)
    for post in posts:
        if post.homeroom is not None:
            post.pairs += [(post.homeroom, subject) for subject in OWN_CLASS[level]]
    return posts


def _share(pairs: Sequence[tuple[Class, str]], posts: Sequence[Post]) -> None:
    """Contiguous shares of nearly equal size: a teacher has one subject, or two that follow one another."""
    for index, post in enumerate(posts):
        start, end = (len(pairs) * step // len(posts) for step in (index, index + 1))
        post.pairs = list(pairs[start:end])

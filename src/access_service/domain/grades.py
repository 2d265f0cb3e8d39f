"""Khối lớp: which grades an education level has is pack data; every door reads a grade with these functions."""

from collections.abc import Collection

from access_service.domain.errors import InvalidError
from access_service.domain.names import EducationLevel
from access_service.domain.policy import Pack


def check_grade(pack: Pack, level: EducationLevel, grade: str) -> None:
    """A class's grade is one of its level, in the pack's own words: `6`, never `06`, `6.0`, `six` or `Khối 6`.

    A pack that names no grades at all, as those put in force before `[grades]` existed, compares nothing.
    """
    if pack.grades and grade not in pack.grades.get(level, ()):
        raise InvalidError(f"the policy knows no grade `{grade}` of `{level}`", grade=grade, level=str(level))


def takes_pupil(
    pack: Pack,
    levels: Collection[str],
    years: Collection[str],
    *,
    level: str,
    grade: str,
    year: str,
) -> bool:
    """(J) May a pupil who has no class yet be one of a school of these levels: do level, grade and year fit?

    A pack without a vocabulary of grades cannot say that a grade fits, so there such a pupil fits nowhere.
    """
    if level not in set(EducationLevel) or level not in levels or year not in years:
        return False
    return grade in pack.grades.get(EducationLevel(level), ())


def check_grades(pack: Pack, grades: frozenset[str] | None, levels: frozenset[EducationLevel] | None) -> None:
    """The grades that a scope names are grades of the levels it names, or of any where it names none."""
    if not pack.grades or grades is None:
        return
    among = pack.grades.keys() if levels is None else levels
    known = {grade for level in among for grade in pack.grades.get(level, ())}
    for grade in sorted(grades - known):
        raise InvalidError(f"the policy knows no grade `{grade}` here", grade=grade)

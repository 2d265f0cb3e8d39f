"""What of a question is wrong, and what would be right: told to whoever wrote the service that asks.

A mistake names one member as it stands on the wire, what was read there, and the right word or form where that
gives nothing away. Whether an account exists is not told beyond the answer's code; how an account's id looks is.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.names import ClassId, EducationLevel
from access_service.domain.reasons import Reason

MOST_SHOWN = 64
"""Characters of what was read that are told back."""
EXPLAINED = frozenset(
    {
        Reason.RESOURCE_INCOMPLETE,
        Reason.RESOURCE_CONTRADICTORY,
        Reason.UNKNOWN_ACTION,
        Reason.ACCOUNT_UNKNOWN,
    }
)
"""The reasons that are mistakes of whoever asks, and no matter of rights."""
ACCOUNT_PREFIX = "acc_"
CLASS_FORM = "<school code>:<school year>:<class code>"
TYPE, ID = "resource.type", "resource.id"
CATEGORY, UNIT, CLASS = "resource.properties.category", "resource.properties.unit", "resource.properties.class"
SUBJECT, LEVEL = "resource.properties.subject", "resource.properties.level"
GRADE, YEAR = "resource.properties.grade", "resource.properties.school_year"
FUNCTION, ACTION, ACCOUNT = "context.function", "action.name", "subject.id"
FIELDS = "resource.properties.fields"
"""Reserved: a question about some fields of a category is not decided yet, so it is denied."""

_CLASS = re.compile(r"[^:;]+:[0-9]{4}-[0-9]{4}:[^:;]+")
_NEAR = 0.6


@dataclass(frozen=True, slots=True)
class Mistake:
    """One member of a question that is wrong or missing."""

    field: str
    read: str | None
    """What was read there, shortened; None where nothing stood there."""
    expected: str | None = None
    """What would be right: a word, several, or a form."""
    nearest: str | None = None
    """The known word that is most like what was read."""


def make_mistake(field: str, read: str | None, expected: str | None = None, nearest: str | None = None) -> Mistake:
    """A mistake; of a long word only the beginning is told back."""
    return Mistake(field, None if read is None else read[:MOST_SHOWN], expected, nearest)


def is_class_id(text: str) -> bool:
    """Does it have the form of a class's id?"""
    return _CLASS.fullmatch(text) is not None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, whatever its case and separators; None where none is like it."""
    folded = {_folded(name): name for name in sorted(known)}
    found = difflib.get_close_matches(_folded(word[:MOST_SHOWN]), folded, n=1, cutoff=_NEAR)
    return folded[found[0]] if found else None


def _folded(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))


def list_words(words: Iterable[str]) -> str:
    """Words that would all be right, in order."""
    return ", ".join(sorted(words))


def wrong_account(id_: str) -> Mistake:
    """An id that no account has. Its form alone is judged: a username says nothing of whether somebody has it."""
    if id_.startswith(ACCOUNT_PREFIX):
        return make_mistake(ACCOUNT, id_)
    return make_mistake(
        ACCOUNT, id_, f"the account's id, `{ACCOUNT_PREFIX}…`, as issued here; no username, name or person's number"
    )


def wrong_subject_type(type_: str) -> Mistake:
    """Another type of subject than accounts."""
    return make_mistake("subject.type", type_, "account")


def wrong_action(action: str, known: Iterable[str]) -> Mistake:
    """A verb that the pack in force does not know."""
    known = tuple(known)
    return make_mistake(ACTION, action, list_words(known), nearest(action, known))


def wrong_type(type_: str, known: Iterable[str] = RESOURCE_TYPES) -> Mistake:
    """A type of resource that there is none of, or that the category is not about."""
    known = tuple(known)
    return make_mistake(TYPE, type_, list_words(known), nearest(type_, known))


def wrong_category(category: str, known: Iterable[str]) -> Mistake:
    """A category that the pack in force does not know."""
    known = tuple(known)
    return make_mistake(CATEGORY, category, list_words(known), nearest(category, known))


def wrong_class(field: str, class_id: ClassId, *, unit_stands: bool) -> Mistake:
    """A class that the register does not have: by its form, by its school, or by itself."""
    if not is_class_id(class_id):
        return make_mistake(field, class_id, CLASS_FORM)
    if not unit_stands:
        return make_mistake(
            field, class_id, f"{CLASS_FORM}, with the code of a school that is in the register today"
        )
    return make_mistake(field, class_id, f"{CLASS_FORM}, with a class that this school has in that school year")


def missing_class() -> Mistake:
    """A pupil without a class."""
    return make_mistake(
        CLASS,
        None,
        f"{CLASS_FORM}; of a pupil who has no class yet `unit`, `level`, `grade` and `school_year` instead",
    )


def wrong_level(level: str | None, right: Iterable[str]) -> Mistake:
    """A level that the school does not teach or the class is not of, or none where one is needed."""
    right = tuple(right) or tuple(map(str, EducationLevel))
    return make_mistake(LEVEL, level, list_words(right), None if level is None else nearest(level, right))

"""Members of a question that nobody reads, and which of them somebody meant to be read.

AuthZEN asks that unknown members be ignored, so that callers may send what other decision points read. What by its
name is one of ours, in another place or in another spelling, was meant: ignored, it would be answered to a question
that nobody asked, mostly a wider one.
"""

from collections.abc import Iterable

LONGEST_NAME = 64
MOST_NAMED = 32
"""Most members that an explanation names."""

_INSTANTS = ("at", "as_of", "known_at", "valid_at", "effective_at", "revision", "at_least")
"""Decisions are of now; the past is the matrix's."""
_ACTING = ("grant", "authority", "assignment", "register")
"""Accounts are asked about, with all their rights."""
_RECORD = (
    *("category", "unit", "school", "class", "klass", "clazz", "subject", "level", "grade", "school_year", "year"),
    "field",
    *("don_vi", "truong", "lop", "mon", "mon_hoc", "khoi", "cap_hoc", "nam_hoc", "nhom_du_lieu"),
)
_QUESTION = (
    "role",
    "function",
    "explain",
    "evaluation",
    "evaluations_semantic",
    "evaluation_semantic",
    "semantic",
    "action",
    "resource",
)
_PAGE = ("token", "next_token", "limit", "size", "page_size", "offset", "cursor", "count", "page")

_ENDINGS = ("", "s", "es", "id", "ids", "code", "codes")


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _spellings(names: Iterable[str]) -> frozenset[str]:
    singular = {_folded(name) for name in names}
    plural = {name.removesuffix("y") + "ies" for name in singular if name.endswith("y")}
    return frozenset(name + ending for name in singular for ending in _ENDINGS) | plural


_OF_A_PERSON = _spellings((*_INSTANTS, *_ACTING))
"""What else is said of whoever would act describes them: `role`, `unit`."""
_OF_A_QUESTION = _spellings((*_INSTANTS, *_ACTING, *_RECORD, *_QUESTION))
_OF_A_PAGE = _spellings(_PAGE)


def is_meant(path: str) -> bool:
    """Was a member that is not known meant to be read? `path` is `context.at`, `resource.properties.klass`."""
    place, _, name = path.rpartition(".")
    if len(name) > LONGEST_NAME:
        return False
    if place == "page":
        return _folded(name) in _OF_A_PAGE
    return _folded(name) in (_OF_A_PERSON if place == "subject.properties" else _OF_A_QUESTION)


def is_near(name: str, known: Iterable[str]) -> bool:
    """Is a name one of those known, but for case, separators and endings?"""
    return _folded(name) in _spellings(known) | {_folded(word).removesuffix("s") for word in known}


def show_member(name: str) -> str:
    """A name as it may stand in an answer."""
    return ascii(name[:LONGEST_NAME])[1:-1]

"""Where people and units stand, in words: the tabs and pills of their lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from access_service.domain.names import EducationLevel
from access_service.domain.progress import CustodyMark, PersonMark, Totals
from access_service.usecases.tasks.units_below import Showing
from access_service.web.phrases import t

_MARKS: Mapping[PersonMark, tuple[str, str, str]] = {
    PersonMark.TO_MEND: ("Cần sửa", "bad", "alert"),
    PersonMark.AWAITING_GIVER: ("Chờ bên giao ký", "act", "half"),
    PersonMark.AWAITING_RECEIVER: ("Chờ người nhận ký", "wait", "half"),
    PersonMark.WITH_RIGHTS: ("Đã có quyền", "ok", "check"),
    PersonMark.WITHOUT_RIGHTS: ("Chưa có quyền", "off", "ring"),
}
_SHOWINGS: Mapping[Showing, str] = {
    Showing.ALL: "Tất cả",
    Showing.VACANT: "Chưa có người quản lý tài khoản",
    Showing.LATE: "Chậm",
    Showing.OPEN: "Còn việc",
    Showing.DONE: "Xong",
}
_CUSTODY: Mapping[CustodyMark, tuple[str, str, str]] = {
    CustodyMark.HELD: ("Có người quản lý", "ok", "check"),
    CustodyMark.AWAITING: ("Chờ ký biên bản giao", "wait", "half"),
    CustodyMark.VACANT: ("Chưa có người quản lý", "bad", "alert"),
}
_LEVELS: Mapping[EducationLevel, str] = {
    EducationLevel.PRESCHOOL: "Mầm non",
    EducationLevel.PRIMARY: "Tiểu học",
    EducationLevel.LOWER_SECONDARY: "Trung học cơ sở",
    EducationLevel.UPPER_SECONDARY: "Trung học phổ thông",
    EducationLevel.CONTINUING: "Giáo dục thường xuyên",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of a row of filters that exclude each other."""

    word: str
    count: int
    question: str
    is_here: bool


def mark_word(mark: PersonMark) -> tuple[str, str, str]:
    """Word, class and icon."""
    word, tone, icon = _MARKS[mark]
    return t(word), tone, icon


def custody_word(mark: CustodyMark) -> tuple[str, str, str]:
    """Word, class and icon."""
    word, tone, icon = _CUSTODY[mark]
    return t(word), tone, icon


def level_word(level: EducationLevel) -> str:
    """A level of education."""
    return t(_LEVELS[level])


def levels_shown() -> list[tuple[str, str]]:
    """The levels, for a field of choices."""
    return [("", t("tất cả")), *((str(level), t(word)) for level, word in _LEVELS.items())]


def _question(filters: Mapping[str, str]) -> str:
    asked = urlencode({name: value for name, value in filters.items() if value})
    return f"?{asked}" if asked else "?"


def marks_shown(marks: Mapping[PersonMark, int], here: PersonMark | None, query: str) -> list[Tab]:
    """Everybody, then those who stand where anybody does."""
    every = Tab(t("Tất cả"), sum(marks.values()), _question({"q": query}), here is None)
    found = [
        Tab(t(word), marks[mark], _question({"chi": str(mark), "q": query}), here is mark)
        for mark, (word, _, _) in _MARKS.items()
        if marks.get(mark) or here is mark
    ]
    return [every, *found]


def showings_shown(sums: Totals, here: Showing, filters: Mapping[str, str]) -> list[Tab]:
    """All units and the parts of them."""
    counts = {
        Showing.ALL: sums.units,
        Showing.VACANT: sums.vacant,
        Showing.LATE: sums.late,
        Showing.OPEN: sums.units - sums.done,
        Showing.DONE: sums.done,
    }
    return [
        Tab(
            t(word),
            counts[showing],
            _question({"chi": "" if showing is Showing.ALL else str(showing), **filters}),
            here is showing,
        )
        for showing, word in _SHOWINGS.items()
    ]


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [
        "tất cả",
        *(word for word, _, _ in (*_MARKS.values(), *_CUSTODY.values())),
        *_SHOWINGS.values(),
        *_LEVELS.values(),
    ]

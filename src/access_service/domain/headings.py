"""What the columns of a school's own workbook mean: recognised by their heading, else by what stands in them.

Schools keep their assignment in two layouts: a line a teacher, or a line a class and a column a subject. Lists of
staff and classes that EMIS, SMAS, vnEdu and the sector's database export are read by the same headings.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from access_service.domain.errors import RefusedError
from access_service.domain.notation import MOST_CELL, fold, looks_like_class, subject_of
from access_service.domain.reasons import Refusal

MOST_ROWS, MOST_COLUMNS, MOST_BYTES, MOST_UNPACKED = 5_000, 60, 5 << 20, 50 << 20
"""Of a school's workbook. The largest school has about two hundred people."""
_SEARCHED = 40
"""Rows from the top among which a heading stands."""
_SAMPLED = 60
"""Rows below a heading that say what a column without one is about."""
_MOSTLY = 0.6
"""From this share of filled cells on, a column is about what its cells look like."""
_FEWEST = 2


class SheetField(StrEnum):
    """What a column is read as. `subject:TOAN` is the column of one subject in a line a class."""

    UNUSED = "unused"
    NAME = "name"
    SURNAME = "surname"
    """Họ và tên đệm, where the given name has a column of its own."""
    GIVEN = "given"
    CODE = "code"
    HOMEROOM = "homeroom"
    """In a line a teacher: of which class."""
    TEACHING = "teaching"
    """Subject and classes in one cell."""
    SUBJECT = "subject"
    CLASSES = "classes"
    OTHER = "other"
    """Chức vụ, kiêm nhiệm, vị trí việc làm."""
    CLASS = "class"
    """In a line a class: which one."""
    GRADE = "grade"
    TEACHER = "teacher"
    """In a line a class: who has charge of it."""


class SheetLayout(StrEnum):
    """What a line is about."""

    BY_PERSON = "by_person"
    BY_CLASS = "by_class"


OF_SUBJECT = "subject:"
"""Before the code of a subject that has a column."""

_SYNONYMS: Mapping[SheetField, tuple[str, ...]] = {
    SheetField.NAME: (
        "ho va ten",
        "ho ten",
        "ho ten giao vien",
        "ho va ten giao vien",
        "ten giao vien",
        "giao vien",
        "gv",
        "ho ten gv",
        "ho va ten gv",
        "ho ten can bo",
        "ho va ten can bo giao vien",
        "ten can bo",
        "can bo giao vien",
        "ho ten nhan su",
        "ho va ten nhan vien",
        "ten nhan su",
        "ho ten cbgvnv",
        "ho va ten cbgvnv",
        "cbgvnv",
        "ho ten cb gv nv",
        "ho va ten cb gv nv",
        "nguoi nhan",
        "full name",
        "name",
    ),
    SheetField.SURNAME: ("ho", "ho dem", "ho va dem", "ho va ten dem", "ho ten dem", "ho lot", "ho va chu lot"),
    SheetField.GIVEN: ("ten", "ten goi", "ten gv"),
    SheetField.CODE: (
        "ma dinh danh",
        "ma giao vien",
        "ma gv",
        "ma can bo",
        "ma nhan su",
        "ma dinh danh bo gd dt",
        "ma so",
        "ma dinh danh gv",
        "ma dinh danh bo gddt",
        "ma dinh danh cbgvnv",
        "ma cbgvnv",
        "ma dinh danh nganh",
        "ma",
        "ma dinh danh csdl",
        "ma so giao vien",
        "code",
    ),
    SheetField.HOMEROOM: (
        "cn",
        "chu nhiem",
        "chu nhiem lop",
        "cn lop",
        "lop cn",
        "lop chu nhiem",
        "gvcn lop",
        "cong tac chu nhiem",
        "chu nhiem khoi lop",
        "homeroom",
    ),
    SheetField.TEACHING: (
        "day",
        "phan cong giang day",
        "phan cong chuyen mon",
        "mon va lop day",
        "mon lop day",
        "day mon lop",
        "giang day",
        "chuyen mon giang day",
        "mon day lop day",
        "phan cong",
        "noi dung phan cong",
        "day mon va lop",
        "phan cong day",
        "lop mon day",
        "teaching",
    ),
    SheetField.SUBJECT: ("mon", "mon day", "mon hoc", "bo mon", "day mon", "mon giang day", "mon phan cong"),
    SheetField.CLASSES: ("lop day", "day lop", "cac lop day", "lop giang day", "lop phan cong", "day cac lop"),
    SheetField.OTHER: (
        "nhiem vu khac",
        "kiem nhiem",
        "cong tac kiem nhiem",
        "cong viec kiem nhiem",
        "chuc vu",
        "nhiem vu",
        "vi tri viec lam",
        "cong tac khac",
        "chuc vu kiem nhiem",
        "nhom chuc vu",
        "chuc danh",
        "cong viec",
        "vi tri cong tac",
        "nhiem vu kiem nhiem",
        "other",
    ),
    SheetField.CLASS: ("lop", "ten lop", "ma lop", "lop hoc", "ten lop hoc", "class"),
    SheetField.GRADE: ("khoi", "khoi lop", "ten khoi", "khoi hoc"),
    SheetField.TEACHER: (
        "gvcn",
        "giao vien chu nhiem",
        "ho ten gvcn",
        "ho va ten gvcn",
        "ten gvcn",
        "gv chu nhiem",
        "chu nhiem gvcn",
        "ho ten giao vien chu nhiem",
        "ten giao vien chu nhiem",
        "ho va ten giao vien chu nhiem",
    ),
}
_FIELD_OF = {synonym: field for field, synonyms in _SYNONYMS.items() for synonym in synonyms}
_NOISE = re.compile(r"\((?:[^()]*)\)|\*")
"""Of a heading: remarks in brackets, the star of what must be filled in."""


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """How a sheet is read: its heading's row (from 0), its layout, and each column's field."""

    sheet: str
    heading: int
    layout: SheetLayout
    fields: tuple[str, ...]
    """By column: a `SheetField`, or `subject:` and a code."""

    def column(self, field: SheetField) -> int | None:
        """The first column that is read as this."""
        return next((number for number, found in enumerate(self.fields) if found == field), None)


def field_of_heading(heading: str) -> str:
    """What a column of this heading is; `unused` where nobody knows."""
    folded = fold(_NOISE.sub(" ", heading))
    if folded in _FIELD_OF:
        return _FIELD_OF[folded]
    code = subject_of(folded)
    return SheetField.UNUSED if code is None else f"{OF_SUBJECT}{code}"


def heading_key(headings: Sequence[str]) -> str:
    """By which a mapping is remembered: the heading row, however it is written."""
    joined = "\x1f".join(fold(heading) for heading in headings)
    return hashlib.sha256(joined.encode()).hexdigest()


def recognise(sheet: str, rows: Sequence[Sequence[str]]) -> SheetMapping | None:
    """The heading of a sheet and what its columns are; None where no row looks like one.

    Of the rows at the top the one counts that names the most columns, whoever or whichever class it is about among
    them. A column that no heading explains is known by its content, once nothing else is that already.
    """
    best: tuple[int, int] | None = None
    for number, row in enumerate(rows[:_SEARCHED]):
        found = [field_of_heading(cell) for cell in row]
        known = [field for field in found if field != SheetField.UNUSED]
        if not _is_about_somebody(known) or len(known) < _FEWEST:
            continue
        if best is None or len(known) > best[0]:
            best = (len(known), number)
    if best is None:
        return None
    return map_under(sheet, rows, best[1])


def map_under(
    sheet: str, rows: Sequence[Sequence[str]], heading: int, layout: SheetLayout | None = None
) -> SheetMapping:
    """What the columns under that row are, as far as anything is recognised; in that layout, where one is said."""
    row = rows[heading] if heading < len(rows) else ()
    fields = _once([field_of_heading(cell) for cell in row])
    layout = layout or _layout(fields)
    return SheetMapping(
        sheet, heading, layout, _as_laid_out(_by_content(fields, rows[heading + 1 :], layout), layout)
    )


def _is_about_somebody(known: Sequence[str]) -> bool:
    names = SheetField.NAME in known or {SheetField.SURNAME, SheetField.GIVEN} <= set(known)
    return names or SheetField.CLASS in known


def _once(fields: Sequence[str]) -> list[str]:
    """Each field at its first column: two columns that say the same are looked at by a person."""
    seen: set[str] = set()
    found: list[str] = []
    for field in fields:
        found.append(SheetField.UNUSED if field in seen else field)
        seen.add(field)
    return found


def _layout(fields: Sequence[str]) -> SheetLayout:
    has_subjects = sum(field.startswith(OF_SUBJECT) for field in fields) >= _FEWEST
    has_people = SheetField.NAME in fields or SheetField.GIVEN in fields
    is_by_class = SheetField.CLASS in fields and (has_subjects or SheetField.TEACHER in fields or not has_people)
    return SheetLayout.BY_CLASS if is_by_class else SheetLayout.BY_PERSON


def _by_content(fields: list[str], rows: Sequence[Sequence[str]], layout: SheetLayout) -> list[str]:
    if layout is SheetLayout.BY_CLASS:
        return fields
    found = list(fields)
    for number, field in enumerate(fields):
        if field != SheetField.UNUSED:
            continue
        cells = [row[number] for row in rows[:_SAMPLED] if number < len(row) and row[number]]
        if len(cells) < _FEWEST:
            continue
        bare = sum(looks_like_class(cell) for cell in cells) / len(cells)
        mixed = sum(_looks_like_teaching(cell) for cell in cells) / len(cells)
        if bare >= _MOSTLY and SheetField.HOMEROOM not in found and SheetField.CLASSES not in found:
            found[number] = SheetField.HOMEROOM
        elif mixed >= _MOSTLY and SheetField.TEACHING not in found:
            found[number] = SheetField.TEACHING
    return found


def _looks_like_teaching(cell: str) -> bool:
    words = cell.replace(",", " ").replace(";", " ").replace(":", " ").split()
    return any(map(looks_like_class, words)) and any(subject_of(fold(word)) is not None for word in words)


def _as_laid_out(fields: Sequence[str], layout: SheetLayout) -> tuple[str, ...]:
    """Headings that mean another thing in the other layout: `Lớp` in a line a teacher, for one."""
    if layout is SheetLayout.BY_CLASS:
        turned = {SheetField.HOMEROOM: SheetField.TEACHER, SheetField.NAME: SheetField.TEACHER}
        if SheetField.TEACHER in fields:
            turned = dict.fromkeys(turned, SheetField.UNUSED)
        return tuple(turned.get(field, field) for field in fields)  # type: ignore[call-overload]
    turned = {
        SheetField.TEACHER: SheetField.UNUSED if SheetField.HOMEROOM in fields else SheetField.HOMEROOM,
        SheetField.CLASS: SheetField.UNUSED if SheetField.CLASSES in fields else SheetField.CLASSES,
    }
    return tuple(
        SheetField.UNUSED if field.startswith(OF_SUBJECT) else turned.get(field, field)  # type: ignore[call-overload]
        for field in fields
    )


_DECISION = re.compile(
    r"(?:quyết định|qđ)\s+(?:phân công\s+)?số\s*:?\s*([^\s,;()]{1,60})[^0-9]{0,40}?ngày\s+"
    r"(?:([0-9]{1,2})\s*[/.-]\s*([0-9]{1,2})\s*[/.-]\s*([0-9]{4})"
    r"|([0-9]{1,2})\s+tháng\s+([0-9]{1,2})\s+năm\s+([0-9]{4}))",
    re.IGNORECASE,
)


def find_decision(rows: Sequence[Sequence[str]], heading: int) -> tuple[str, date] | None:
    """The decision that a sheet names above its heading: `(Kèm theo Quyết định số 41/QĐ ngày 20/08/2026)`."""
    for row in rows[:heading]:
        for cell in row:
            found = _DECISION.search(cell[:MOST_CELL])
            if found is None:
                continue
            day, month, year = (part for part in found.groups()[1:] if part is not None)
            try:
                return found[1], date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None


def check_mapping(mapping: SheetMapping, rows: Sequence[Sequence[str]]) -> None:
    """A mapping that somebody chose names people, or classes, and a heading that is there."""
    known = [field for field in mapping.fields if field != SheetField.UNUSED]
    is_one = mapping.layout is SheetLayout.BY_CLASS
    has_whom = (
        SheetField.CLASS in known if is_one else _is_about_somebody([f for f in known if f != SheetField.CLASS])
    )
    if not 0 <= mapping.heading < len(rows) or not has_whom:
        raise RefusedError(
            Refusal.SHEET_NO_HEADING,
            "say which column holds the classes" if is_one else "say which column holds the names",
            layout=str(mapping.layout),
        )

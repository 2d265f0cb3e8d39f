"""From a sheet to rows: one entry a person, whichever way round the school keeps its assignment."""

from collections.abc import Sequence
from dataclasses import replace

from access_service.domain.drafting import GridCells, ReadSheet
from access_service.domain.headings import OF_SUBJECT, SheetField, SheetLayout, SheetMapping
from access_service.domain.notation import fold, split_classes
from access_service.domain.vocabulary import SUBJECT_TEXT

_FEWEST_FILLED = 2
"""Cells of a line that is about somebody; a remark or a heading within the table has one."""
_NO_NAMES = frozenset(
    {
        *("nguoi lap", "nguoi lap bieu", "nguoi lap bang", "hieu truong", "pho hieu truong", "tong cong", "tong"),
        *("cong", "thu truong don vi", "ho va ten", "ho ten", "giao vien", "ghi chu", "ky ten", "t m nha truong"),
    }
)
"""What stands under a table, or once more on its second page, and is nobody's name."""


SheetEntry = tuple[GridCells, int, bool]
"""What a sheet says of one person, on which line, and whether a cell of it was filled down."""


def rows_of_sheet(sheet: ReadSheet, mapping: SheetMapping) -> tuple[list[SheetEntry], tuple[str, ...]]:
    """What the lines below the heading say, one entry a person, and the classes that the sheet lists."""
    if mapping.layout is SheetLayout.BY_CLASS:
        return _by_class(sheet, mapping)
    return _by_person(sheet, mapping), ()


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _by_person(sheet: ReadSheet, mapping: SheetMapping) -> list[SheetEntry]:
    found: list[SheetEntry] = []
    for number in range(mapping.heading + 1, len(sheet.rows)):
        row, line, is_merged = sheet.rows[number], sheet.lines[number], number in sheet.merged
        cells = _cells(row, mapping)
        says = any((cells.homeroom, cells.teaching, cells.other))
        same = bool(found) and is_merged and fold(cells.name) == fold(found[-1][0].name) and bool(cells.name)
        if found and says and (same or not cells.name):
            # One teacher on several lines: the name stands on the first, or is joined over all of them.
            found[-1] = (_joined(found[-1][0], cells), found[-1][1], found[-1][2] or is_merged)
        elif cells.name and fold(cells.name) not in _NO_NAMES and sum(map(bool, row)) >= _FEWEST_FILLED:
            found.append((cells, line, is_merged))
    return found


def _cells(row: Sequence[str], mapping: SheetMapping) -> GridCells:
    at = {f: _cell(row, mapping.column(f)) for f in SheetField}
    name = at[SheetField.NAME] or f"{at[SheetField.SURNAME]} {at[SheetField.GIVEN]}"
    teaching = at[SheetField.TEACHING]
    if at[SheetField.CLASSES] or (at[SheetField.SUBJECT] and mapping.column(SheetField.CLASSES) is not None):
        said = f"{at[SheetField.SUBJECT]} {at[SheetField.CLASSES]}".strip() if at[SheetField.CLASSES] else ""
        teaching = "; ".join(filter(None, (teaching, said)))
    return GridCells(name, at[SheetField.CODE], at[SheetField.HOMEROOM], teaching, at[SheetField.OTHER]).cut()


def _joined(first: GridCells, second: GridCells) -> GridCells:
    def both(a: str, b: str) -> str:
        return a if not b or fold(a) == fold(b) else "; ".join(filter(None, (a, b)))

    return replace(
        first,
        code=first.code or second.code,
        homeroom=both(first.homeroom, second.homeroom),
        teaching=both(first.teaching, second.teaching),
        other=both(first.other, second.other),
    ).cut()


def _by_class(sheet: ReadSheet, mapping: SheetMapping) -> tuple[list[SheetEntry], tuple[str, ...]]:
    """A line a class and a column a subject, turned into a row a teacher."""
    names: dict[str, str] = {}
    homeroom: dict[str, list[str]] = {}
    teaching: dict[str, dict[str, list[str]]] = {}
    lines: dict[str, tuple[int, bool]] = {}
    listed: list[str] = []
    for number in range(mapping.heading + 1, len(sheet.rows)):
        row = sheet.rows[number]
        written = _cell(row, mapping.column(SheetField.CLASS))
        codes = split_classes(written.removeprefix("Lớp ").removeprefix("lớp "))
        if len(codes) != 1 or sum(map(bool, row)) < _FEWEST_FILLED:
            continue
        listed.append(codes[0])
        for column, field_ in enumerate(mapping.fields):
            is_subject = field_.startswith(OF_SUBJECT)
            if not is_subject and field_ != SheetField.TEACHER:
                continue
            for name in _people_in(_cell(row, column)):
                key = fold(name)
                names.setdefault(key, name)
                lines.setdefault(key, (sheet.lines[number], number in sheet.merged))
                if is_subject:
                    by_subject = teaching.setdefault(key, {})
                    by_subject.setdefault(field_.removeprefix(OF_SUBJECT), []).append(codes[0])
                else:
                    homeroom.setdefault(key, []).append(codes[0])
    found = []
    for key, name in names.items():
        taught = "; ".join(f"{_subject(s)} {', '.join(c)}" for s, c in teaching.get(key, {}).items())
        cells = GridCells(name, "", ", ".join(homeroom.get(key, ())), taught).cut()
        found.append((cells, *lines[key]))
    return found, tuple(dict.fromkeys(listed))


def _people_in(cell: str) -> list[str]:
    parts = cell.replace("\n", ",").replace(";", ",").replace("/", ",").split(",")
    return [name for part in parts if fold(name := " ".join(part.split())) and fold(name) not in _NO_NAMES]


def _subject(code: str) -> str:
    return SUBJECT_TEXT[code].vi if code in SUBJECT_TEXT else code

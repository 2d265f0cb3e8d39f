"""Reading a workbook (.xlsx) that a stranger may have made: each cell exactly, or refused with its place.

`import_package` finds and bounds the parts, `import_cells` says what stands in a cell; here a sheet's rows become
text in the format's columns. A sheet is never held as a table: it costs its length, wherever its cells stand.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from sys import intern
from typing import NamedTuple
from xml.etree.ElementTree import Element

from access_service.domain.errors import Fault
from access_service.domain.words import BLANKS
from access_service.usecases.imports.cells import (
    MAX_ROWS,
    CellKind,
    CellReader,
    NumberFormat,
    PlainRows,
    SheetCell,
    cells_across,
    letters_of,
    shown_by_styles,
    text_of,
)
from access_service.usecases.imports.csv_files import (
    COLUMNS,
    DAYS,
    GUIDE,
    Sheet,
    Sheets,
    Source,
    check_count,
    clean,
    header_faults,
    is_readable,
    refuse,
    unknown_sheet,
)
from access_service.usecases.imports.package import MAX_LOOSE, Link, Package, open_package

_MAIN = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
_LINK_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_SAVE = "save it again as .xlsx"
_ALL_OF_A_PART = 1 << 40
_TRUE = frozenset({"1", "true"})

_NUMBERS = frozenset({"grade", "grades", "text_version", "number", "decision_number", "name"})
"""Columns in which a number cell can only mean its digits; in codes a number has lost its leading zeros."""
_WHOLE = re.compile(r"(0|[1-9][0-9]*)(?:\.0*)?")
_MOST_DIGITS = 15
"""More than spreadsheet programs keep of a number."""
_MOST_COLUMNS = 256
"""Of a header that is looked at; the format's are fewer."""
_ROW = re.compile("[1-9][0-9]{0,6}")
_STYLE = re.compile("[0-9]{1,9}")
_NOTHING = re.compile(r"0*(?:\.0*)?")
_NAME = 40
"""Characters of a stranger's word that a fault repeats."""


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet as the workbook names it."""

    name: str
    kind: str
    part: str
    is_hidden: bool


class _Problems(NamedTuple):
    """What is wrong: with the file as a whole, and with single rows."""

    fatal: list[Fault]
    faults: list[Fault]


def read_workbook(path: Path) -> Sheets:
    """Every sheet of the workbook, in the format's columns; see `import_source.read_source`."""
    problems = _Problems([], [])
    sheets: dict[str, Sheet] = {}
    with open_package(path) as (package, sha256):
        workbook = WorkbookParts(package)
        for found in workbook.sheets:
            if found.name == GUIDE:
                continue
            place = f"{path.name}:{found.name}"
            if found.name not in COLUMNS:
                problems.fatal.append(unknown_sheet(place, found.name))
            elif found.is_hidden:
                message = "the sheet is hidden; what is imported is what people have seen"
                problems.fatal.append(Fault(place, message, "show it, or delete it"))
            elif found.kind != "worksheet":
                problems.fatal.append(Fault(place, "not a sheet of cells", "make it a worksheet"))
            else:
                sheet = _SheetReader(package, workbook, found, problems).read()
                if sheet is not None:
                    sheets[found.name] = sheet
    if not sheets and not problems.fatal:
        problems.fatal.append(
            Fault(path.name, "holds no sheet of the format", f"the sheets are {', '.join(COLUMNS)}")
        )
    refuse(problems.fatal)
    return Sheets(sheets, (Source("workbook", sha256),), tuple(problems.faults))


class WorkbookParts:
    """The workbook's own part, its texts and its styles."""

    def __init__(self, package: Package, *, takes_results: bool = False) -> None:
        """Raises `ImportRefusedError` where there is no workbook; `takes_results` as in `CellReader`."""
        self._package = package
        part = package.the_one("", "officeDocument")
        if not part:
            package.fault("", "not a workbook that can be read: no part of it is one", _SAVE)
        root = package.tree(part)
        self.ns = next((ns for ns in _MAIN if root.tag == f"{ns}workbook"), "")
        if not self.ns:
            package.fault("", "not a workbook that can be read: its first part is none", _SAVE)
        self.sheets = tuple(self._sheets(root, package.links(part)))
        strings, styles = package.the_one(part, "sharedStrings"), package.the_one(part, "styles")
        properties = root.find(f"{self.ns}workbookPr")
        is_1904 = properties is not None and properties.get("date1904", "0") in _TRUE
        self.cells = CellReader(
            self.ns,
            () if strings is None else self._strings(strings),
            () if styles is None else self._styles(styles),
            date(1904, 1, 1) if is_1904 else date(1899, 12, 30),
            takes_results=takes_results,
        )

    def _sheets(self, root: Element, links: Mapping[str, Link]) -> Iterator[SheetPart]:
        names: set[str] = set()
        parts: set[str] = set()
        for element in root.findall(f"{self.ns}sheets/{self.ns}sheet"):
            name = element.get("name", "")
            link = links.get(next(filter(None, map(element.get, _LINK_ID)), ""))
            if link is None or not link.target:
                self._package.fault(name[:_NAME], "the sheet has no part", _SAVE)
            if name.lower() in names or link.target in parts:
                self._package.fault(name[:_NAME], "the sheet stands twice", _SAVE)
            names.add(name.lower())
            parts.add(link.target)
            is_hidden = element.get("state", "visible") != "visible"
            yield SheetPart(name, link.kind, link.target, is_hidden)

    def _strings(self, part: str) -> Sequence[str | None]:
        """The shared texts in their order; None for one that cannot be read."""
        item, texts, root, kept = f"{self.ns}si", [], None, 0
        for elements in self._package.elements(part, most=_ALL_OF_A_PART):
            for element in elements:
                if element.tag == item:
                    texts.append(text_of(element, self.ns))
                    kept -= len(list(element.iter()))
                    element.clear()
                kept += 1
                root = element
            if kept > MAX_LOOSE:
                break
        children = () if root is None else tuple(root)
        if kept > MAX_LOOSE or sum(child.tag == item for child in children) != len(texts):
            self._package.fault(part, "not the texts of a workbook", _SAVE)
        return texts

    def _styles(self, part: str) -> Sequence[NumberFormat]:
        root, ns = self._package.tree(part), self.ns
        codes: dict[int, str] = {}
        for own in root.findall(f"{ns}numFmts/{ns}numFmt"):
            codes[self._style_number(own)] = own.get("formatCode", "")
        formats = [self._style_number(style) for style in root.findall(f"{ns}cellXfs/{ns}xf")]
        return shown_by_styles(formats, codes)

    def _style_number(self, element: Element) -> int:
        text = element.get("numFmtId", "0")
        if not _STYLE.fullmatch(text):
            self._package.fault("styles", "a number format that cannot be read", _SAVE)
        return int(text)


class _SheetReader:
    """Reads one sheet, row by row."""

    def __init__(self, package: Package, workbook: WorkbookParts, sheet: SheetPart, problems: _Problems) -> None:
        self._package = package
        self._cells = workbook.cells
        self._ns = workbook.ns
        self._sheet = sheet
        self._problems = problems
        self._place = f"{package.name}:{sheet.name}"
        self._header: tuple[str, ...] = ()
        self._is_readable = True
        self._number = 0
        self._rows: list[tuple[str, ...]] = []
        self._numbers = array("L")

    def read(self) -> Sheet | None:
        """The sheet; None where its header is not the format's, which is said."""
        row, root, kept, count = f"{self._ns}row", None, 0, 0
        plain, name = PlainRows(self._cells), self._sheet.name
        for elements in self._package.elements(self._sheet.part, name, _ALL_OF_A_PART, plain.shorten):
            for element in elements:
                if element.tag == row:
                    count += 1
                    # What stands beside the rows is never let go: it is counted, and little.
                    kept -= len(list(element.iter()))
                    self._next(element, plain)
                    element.clear()
                kept += 1
                root = element
            if kept > MAX_LOOSE:
                self._package.fault(name, "more beside its rows than a sheet has", _SAVE)
        self._check(root, row, count if plain.are_all_taken() else -1)
        if not self._header and self._is_readable:
            hint = f"the columns are {','.join(COLUMNS[self._sheet.name])}"
            self._problems.fatal.append(Fault(self._place, "no header row", hint))
        if not self._header or not self._is_readable:
            return None
        return Sheet(self._sheet.name, self._place, self._header, self._rows, self._numbers)

    def _check(self, root: Element | None, row: str, count: int) -> None:
        """Around the rows: they are where rows are, and nothing joins cells or hides them."""
        ns = self._ns
        data = [] if root is None or root.tag != f"{ns}worksheet" else root.findall(f"{ns}sheetData")
        if root is None or len(data) != 1 or len(data[0]) != count or any(child.tag != row for child in data[0]):
            self._package.fault(self._sheet.name, "not the XML of a sheet", _SAVE)
        faults = self._problems.faults
        for merged in root.findall(f"{ns}mergeCells/{ns}mergeCell"):
            reference = merged.get("ref", "")
            if cells_across(reference) != 1:
                place = f"{self._place}:{reference[:_NAME]}"
                faults.append(Fault(place, "cells are joined, so that all but one are empty", "split them"))
                check_count(faults)
        for columns in root.findall(f"{ns}cols/{ns}col"):
            first = columns.get("min", "1")
            is_ours = not _ROW.fullmatch(first) or int(first) <= len(self._header)
            if is_ours and _is_hidden(columns, "width"):
                name = letters_of(int(first)) if _ROW.fullmatch(first) else "A"
                faults.append(Fault(f"{self._place}:{name}", "the column is hidden", "show it"))
                check_count(faults)
        shape = root.find(f"{ns}sheetFormatPr")
        if shape is not None and shape.get("zeroHeight", "0") in _TRUE:
            faults.append(Fault(self._place, "its rows are hidden", "show them"))

    def _next(self, element: Element, plain: PlainRows) -> None:
        """The next row: its number, and its cells."""
        text = element.get("r")
        if text is not None and text.startswith("*"):
            found = plain.take(text)
            number, cells = found or (0, [])
        else:
            number = self._number + 1 if text is None else int(text) if _ROW.fullmatch(text) else 0
            cells = list(self._cells.cells(element, number)) if number else []
        if not self._number < number <= MAX_ROWS:
            message = f"row `{(text or '')[:_NAME]}` is out of order, or no row"
            self._package.fault(f"{self._sheet.name}:{self._number + 1}", message, _SAVE)
        self._number = number
        if self._is_readable:
            self._take(number, cells, is_hidden=_is_hidden(element, "ht"))

    def _take(self, number: int, cells: Sequence[SheetCell], *, is_hidden: bool) -> None:
        if number == 1:
            self._take_header(cells)
        elif not self._header:
            self._is_readable = False
            hint = f"the columns are {','.join(COLUMNS[self._sheet.name])}"
            self._problems.fatal.append(Fault(self._place, "no header row", hint))
        else:
            row = self._row(cells)
            if row is not None and is_hidden:
                self._fault(number, "", "the row is hidden", "show it, or delete it")
            elif row is not None:
                self._rows.append(row)
                self._numbers.append(number)

    def _take_header(self, cells: Sequence[SheetCell]) -> None:
        header = [""] * min(max((cell.column for cell in cells), default=0), _MOST_COLUMNS)
        for cell in cells[:_MOST_COLUMNS]:
            if cell.kind is not CellKind.TEXT or cell.column > _MOST_COLUMNS:
                self._is_readable = False
                place = f"{self._place}:{letters_of(cell.column)}1"
                self._problems.fatal.append(Fault(place, "not the name of a column", "enter it as text"))
            else:
                header[cell.column - 1] = clean(cell.text)
        while header and not header[-1]:
            header.pop()
        if not header or not self._is_readable:
            return
        self._header = tuple(header)
        wrong = list(header_faults(self._sheet.name, self._place, self._header))
        self._problems.fatal.extend(wrong)
        self._is_readable = not wrong

    def _row(self, cells: Sequence[SheetCell]) -> tuple[str, ...] | None:
        """The row's text, None for an empty row or one with a cell that cannot be taken."""
        header = self._header
        row, width, is_good = [""] * len(header), len(header), True
        for cell in cells:
            position = cell.column - 1
            if position >= width:
                is_good = False
                self._fault(cell.row, letters_of(cell.column), f"a cell right of the last column `{header[-1]}`")
                break
            if cell.kind is CellKind.TEXT:
                text = cell.text
                row[position] = intern(text.strip(BLANKS)) if text.isascii() else clean(text)
            else:
                text, message, hint = _taken(header[position], cell)
                row[position] = text
                if message:
                    is_good = False
                    self._fault(cell.row, letters_of(cell.column), message, hint)
        if not is_good or not any(row):
            return None
        place = f"{self._place}:{self._number}"
        return tuple(row) if is_readable(row, header, place, self._problems.faults) else None

    def _fault(self, row: int, column: str, message: str, hint: str = "delete it") -> None:
        self._problems.faults.append(Fault(f"{self._place}:{column}{row}", message, hint))
        check_count(self._problems.faults)


def _is_hidden(element: Element, size: str) -> bool:
    return element.get("hidden", "0") in _TRUE or _NOTHING.fullmatch(element.get(size, "1")) is not None


def _taken(column: str, cell: SheetCell) -> tuple[str, str, str]:
    """What a cell that is not text means in its column: the text, or what is wrong with it and what to do."""
    as_text = f"format the column as text and enter the {_noun(column)} again"
    match cell.kind:
        case CellKind.DATE if column in DAYS:
            return cell.text, "", ""
        case CellKind.NUMBER if column in _NUMBERS:
            found = _WHOLE.fullmatch(cell.text)
            if found is not None and len(found[1]) <= _MOST_DIGITS:
                return found[1], "", ""
            message = f"`{column}` holds the number `{cell.text[:_NAME]}`, whose digits may not be those typed"
            return "", message, as_text
        case CellKind.NUMBER | CellKind.DATE if column in DAYS:
            return "", f"`{column}` holds a number, not a day", "write days as dd/mm/yyyy"
        case CellKind.NUMBER:
            return "", f"`{column}` holds a number, not text", f"{as_text}, with its leading zeros"
        case CellKind.DATE:
            return "", f"`{column}` holds a date, not what was typed", as_text
        case CellKind.BOOLEAN:
            return "", f"`{column}` holds the truth value {cell.text}", as_text
        case CellKind.ERROR:
            return "", f"`{column}` holds the error {cell.text}", "correct it, or clear the cell"
        case CellKind.FORMULA:
            return "", "a formula is not a value", "copy the cells and paste them as values"
        case _:
            return "", f"`{column}` holds {cell.text}", as_text


def _noun(column: str) -> str:
    return "day" if column in DAYS else "value"

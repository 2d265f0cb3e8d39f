"""Reading a workbook (.xlsx) that a stranger may have made: bounded before it is opened, formulas refused.

The parts are unpacked once as a stream, counted and searched, before the spreadsheet reader sees the file. That
reader holds a sheet as a dense table and silently drops formulas without a kept value, so both are looked for here.
"""

import copy
import hashlib
import re
import zipfile
from array import array
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, load_workbook

from access_service.domain.errors import Fault
from access_service.usecases.import_sheets import (
    COLUMNS,
    GUIDE,
    MAX_FILE_BYTES,
    Sheet,
    Sheets,
    Source,
    clean,
    header_faults,
    is_readable,
    refuse,
    unknown_sheet,
)

MAX_PARTS = 1_000
MAX_XLSX_ROWS = 1_048_576
"""Rows of a sheet (ECMA-376)."""

_GAPS = 1_000
"""Rows beyond ten times those written: a lone cell far below would make the reader hold everything above it."""

_CHUNK = 1 << 20
_LONGEST_TAG = 8 << 20
"""Bytes without the beginning of a tag: a sheet's cells are far shorter."""

_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?\br=["']([A-Z]+)([0-9]+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CELL_OR_FORMULA = re.compile(_CELL.pattern + b"|" + _FORMULA.pattern)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_SHEET = re.compile(r'<(?:\w+:)?sheet\s[^<>]*?\bname="([^"]*)"[^<>]*?\b(?:\w+:)?id="([^"]*)"')
_TARGET = re.compile(r"<(?:\w+:)?Relationship\s([^<>]*)>")
_ATTRIBUTE = re.compile(r'\b(\w+)="([^"]*)"')

_NUMBERS = frozenset({"grade", "grades", "text_version", "number", "decision_number", "name"})
"""Columns in which a number cell can only mean its digits; in codes a number has lost its leading zeros."""


def read_workbook(path: Path) -> Sheets:
    """Every sheet of the workbook, in the format's columns; see `import_source.read_source`."""
    if path.stat().st_size > MAX_FILE_BYTES:
        refuse([Fault(path.name, f"larger than {MAX_FILE_BYTES} bytes")])
    formulas = _inspect(path)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        book = load_workbook(str(path))
    except (CalamineError, OSError) as error:
        refuse([Fault(path.name, f"not a workbook that can be read: {error}")])
        raise
    fatal: list[Fault] = []
    faults: list[Fault] = list(formulas)
    sheets: dict[str, Sheet] = {}
    with book:
        for name in book.sheet_names:
            if name == GUIDE:
                continue
            place = f"{path.name}:{name}"
            if name not in COLUMNS:
                fatal.append(unknown_sheet(place, name))
                continue
            sheet = _read_sheet(book.get_sheet_by_name(name), name, place, fatal, faults)
            if sheet is not None:
                sheets[name] = sheet
    if not sheets and not fatal:
        fatal.append(Fault(path.name, "holds no sheet of the format", f"the sheets are {', '.join(COLUMNS)}"))
    refuse(fatal)
    return Sheets(sheets, (Source("workbook", sha256),), tuple(faults))


def _inspect(path: Path) -> list[Fault]:
    """Unpack every part within bounds without keeping it. Returns the formulas found; raises for the rest."""
    left = MAX_FILE_BYTES
    formulas: list[Fault] = []
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                refuse([Fault(path.name, f"{len(parts)} parts, {MAX_PARTS} allowed")])
            if sum(part.file_size for part in parts) > left:
                refuse([_too_large(path)])
            names = _sheet_names(archive)
            for part in parts:
                place = f"{path.name}:{names.get(part.filename, part.filename)}"
                is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
                look = _Look(place) if is_sheet else None
                for chunk in _unpacked(archive, part, left):
                    left -= len(chunk)
                    if left < 0:
                        refuse([_too_large(path)])
                    if look is not None:
                        look.at(chunk)
                if look is not None:
                    look.check()
                    formulas += look.formulas
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        refuse([Fault(path.name, f"not a workbook that can be read: {error}", "save it as .xlsx, unprotected")])
    return formulas


def _too_large(path: Path) -> Fault:
    return Fault(path.name, f"more than {MAX_FILE_BYTES} bytes once unpacked", "import csv files, or in parts")


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> Iterator[bytes]:
    """The part's real bytes, to beyond what is `left`: the size that the archive claims is not believed."""
    real = copy.copy(part)
    real.file_size = left + _CHUNK + 1
    with archive.open(real) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Part to sheet name, so that a formula is reported where its author sees it; best effort."""
    try:
        book = archive.read("xl/workbook.xml").decode()
        links = archive.read("xl/_rels/workbook.xml.rels").decode()
    except (KeyError, UnicodeDecodeError):
        return {}
    targets = {}
    for found in _TARGET.finditer(links):
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        targets[attributes.get("Id", "")] = attributes.get("Target", "").removeprefix("/xl/")
    return {f"xl/{targets[id_]}": name for name, id_ in _SHEET.findall(book) if id_ in targets}


class _Look:
    """Looks through one sheet's XML as it streams by."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.formulas: list[Fault] = []
        self._tail = b""
        self._is_first = True
        self._rows = 0
        self._last_row = 0
        self._last_column = ""
        self._cell = b""

    def at(self, chunk: bytes) -> None:
        """The next bytes."""
        if self._is_first:
            self._is_first = False
            if not chunk.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
                # UTF-16 would hide every tag from the patterns above.
                refuse([Fault(self.place, "not UTF-8 XML", "save it again as .xlsx")])
        data = self._tail + chunk
        # A tag cut off at the end is left for the next round, so that none is missed where two chunks meet.
        cut = max(data.rfind(b"<"), 0)
        self._tail = data[cut:]
        if len(self._tail) > _LONGEST_TAG:
            refuse([Fault(self.place, "not the XML of a sheet", "save it again as .xlsx")])
        self._search(data[:cut])

    def _search(self, data: bytes) -> None:
        self._rows += len(_ROW.findall(data))
        cells, last = _CELL.findall(data), self._cell
        if cells:
            self._last_row = max(self._last_row, *(int(row) for _, row in cells))
            self._last_column = max(self._last_column, *{c.decode() for c, _ in cells}, key=_in_order)
            self._cell = b"".join(cells[-1])
        if _FORMULA.search(data):
            self._report(data, last)

    def _report(self, data: bytes, cell: bytes) -> None:
        """A formula stands in the cell that was opened last, here or in the bytes before."""
        for found in _CELL_OR_FORMULA.finditer(data):
            if found[1] is not None:
                cell = found[1] + found[2]
            else:
                where = f"{self.place}:{cell.decode()}"
                hint = "copy the cells and paste them as values"
                self.formulas.append(Fault(where, "a formula is not a value", hint))

    def check(self) -> None:
        """After the last byte: is the table of a size that may be held?"""
        self._search(self._tail)
        if self._rows > MAX_XLSX_ROWS or self._last_row > 10 * self._rows + _GAPS:
            refuse([Fault(self.place, "rows far below the others", "delete everything below the last row")])
        if len(self._last_column) > 1:
            refuse([Fault(self.place, f"a cell in column {self._last_column}", "keep only the format's columns")])


def _in_order(column: str) -> tuple[int, str]:
    return len(column), column


def _read_sheet(source: Any, name: str, place: str, fatal: list[Fault], faults: list[Fault]) -> Sheet | None:
    numbers, rows = array("L"), []
    header: tuple[str, ...] = ()
    for number, cells in enumerate(source.iter_rows(), start=1):
        if number == 1:
            header = tuple(clean(str(cell)) for cell in cells)
            while header and not header[-1]:
                header = header[:-1]
            wrong = list(header_faults(name, place, header))
            if wrong:
                fatal += wrong
                return None
            continue
        row = _row(cells, header, f"{place}:{number}", faults)
        if row is not None:
            rows.append(row)
            numbers.append(number)
    if not header:
        fatal.append(Fault(place, "no header row", f"the columns are {','.join(COLUMNS[name])}"))
        return None
    return Sheet(name, place, header, rows, numbers)


def _row(cells: list[Any], header: tuple[str, ...], place: str, faults: list[Fault]) -> tuple[str, ...] | None:
    """The row's text, None for an empty row or one with a cell that cannot be taken."""
    if not any(cell not in ("", None) for cell in cells):
        return None
    row, is_good = [], True
    for column, cell in zip(header, cells, strict=False):
        if isinstance(cell, str):
            row.append(clean(cell))
            continue
        text = _text(column, cell)
        if text is None:
            is_good = False
            hint = "format the column as text and enter the code again, with its leading zeros"
            faults.append(Fault(place, f"`{column}` holds a {type(cell).__name__}, not text", hint))
        row.append(text or "")
    if any(cell not in ("", None) for cell in cells[len(header) :]):
        is_good = False
        faults.append(Fault(place, f"a cell right of the last column `{header[-1]}`", "delete it"))
    row += [""] * (len(header) - len(row))
    return tuple(row) if is_good and any(row) and is_readable(row, header, place, faults) else None


def _text(column: str, cell: object) -> str | None:
    """A cell that is not text, as the format writes it; None where it cannot be."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y}" if cell.time() == time() else None
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if column in _NUMBERS and isinstance(cell, int | float) and not isinstance(cell, bool) and cell == int(cell):
        return str(int(cell))
    return None

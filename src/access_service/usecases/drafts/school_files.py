"""A school's own workbook (.xlsx, .csv) as text: bounded before it is unpacked, joined cells filled down.

The workbook's parts, XML and cells are read by the reader of imports, which knows what strangers put into them.
Whatever it refuses is refused here with a code that says how to go on.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import NoReturn

from access_service.domain import legacy
from access_service.domain.drafting import PendingSheets, ReadSheet
from access_service.domain.errors import ImportRefusedError, RefusedError
from access_service.domain.headings import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, MOST_UNPACKED
from access_service.domain.notation import MOST_CELL
from access_service.domain.reasons import Refusal
from access_service.domain.words import BLANKS, compose_text
from access_service.usecases.imports.cells import COLUMN_OF, CellKind, SheetCell, letters_of
from access_service.usecases.imports.package import BROKEN, Package
from access_service.usecases.imports.workbook import SheetPart, WorkbookParts

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MACROS = "vbaproject.bin"
_MOST_NAME = 255
_MOST_PARTS = 1_000
_MOST_SHEETS = 20
_SEPARATORS = ",;\t"
UNREAD = "#?"
"""In place of a cell that shows something else than it stores, or an error: nobody is called that."""


def refuse_file(code: Refusal, message: str, **details: object) -> NoReturn:
    """Refuse a file as a whole."""
    raise RefusedError(code, message, **details)


def read_school_file(name: str, content: bytes) -> PendingSheets:
    """The visible sheets of a file as text, empty rows left out."""
    if len(content) > MOST_BYTES:
        refuse_file(Refusal.SHEET_TOO_LARGE, "the file is too large", limit=MOST_BYTES)
    name = " ".join(name.replace("\\", "/").rpartition("/")[2].split())[:_MOST_NAME]
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(b"PK"):
        return PendingSheets(name, digest, _workbook(name, content))
    if content.startswith(_OLE):
        is_locked = _ENCRYPTED in content
        refuse_file(
            Refusal.SHEET_LOCKED if is_locked else Refusal.SHEET_OLD_FORMAT,
            "a workbook under a password" if is_locked else "a workbook of before 2007",
        )
    if not name.lower().endswith((".csv", ".txt", ".tsv")):
        refuse_file(Refusal.SHEET_OLD_FORMAT, "neither .xlsx nor .csv")
    return PendingSheets(name, digest, (_csv(content),))


# -- .csv


def _csv(content: bytes) -> ReadSheet:
    text = _decoded(content)
    first = text[: 1 << 14]
    separator = max(_SEPARATORS, key=first.count)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        for row in reader:
            _check_size(len(rows), len(row))
            cells = _cut([_clean(cell) for cell in row])
            if any(cells):
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        refuse_file(Refusal.SHEET_UNREADABLE, f"not CSV: {error}")
    _check_text(rows)
    return ReadSheet("csv", tuple(rows), tuple(lines))


def _decoded(content: bytes) -> str:
    for encoding, mark in (("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"), ("utf-8-sig", b"")):
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                break
    refuse_file(Refusal.SHEET_UNREADABLE, "not UTF-8; save it as CSV UTF-8")


# -- .xlsx


def _workbook(name: str, content: bytes) -> tuple[ReadSheet, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive)
            package = Package(archive, name, len(content), MOST_UNPACKED)
            workbook = WorkbookParts(package, takes_results=True)
            shown = [s for s in workbook.sheets if not s.is_hidden and s.kind == "worksheet"][:_MOST_SHEETS]
            return tuple(_sheet(package, workbook, sheet) for sheet in shown)
    except ImportRefusedError as refused:
        # A part that unpacks further than it claims says so as a size.
        is_large = "unpacked" in str(refused)
        code = Refusal.SHEET_TOO_LARGE if is_large else Refusal.SHEET_UNREADABLE
        refuse_file(code, refused.faults[0].message)
    except BROKEN as error:
        refuse_file(Refusal.SHEET_UNREADABLE, f"not a workbook that can be read: {type(error).__name__}")


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    if any(part.flag_bits & 1 for part in parts):
        refuse_file(Refusal.SHEET_LOCKED, "an archive under a password")
    if any(name.endswith(_MACROS) for name in names) or "mimetype" in names:
        refuse_file(Refusal.SHEET_OLD_FORMAT, "a workbook with macros, or of another office program")
    if any(name.endswith("workbook.bin") for name in names):
        refuse_file(Refusal.SHEET_OLD_FORMAT, "a binary workbook")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        refuse_file(Refusal.SHEET_TOO_LARGE, "too large once unpacked", limit=MOST_UNPACKED)


def _sheet(package: Package, workbook: WorkbookParts, sheet: SheetPart) -> ReadSheet:
    """The sheet's rows; a joined cell's text stands in each of its rows, in the first of its columns."""
    ns, row_tag = workbook.ns, f"{workbook.ns}row"
    found: dict[int, list[SheetCell]] = {}
    merged: list[str] = []
    last = 0
    for elements in package.elements(sheet.part, sheet.name):
        for element in elements:
            if element.tag == row_tag:
                text = element.get("r", "")
                number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else last + 1  # noqa: PLR2004
                if number <= last:
                    refuse_file(Refusal.SHEET_UNREADABLE, "rows out of order")
                last = number
                cells = list(workbook.cells.cells(element, number))
                element.clear()
                if cells:
                    found[number] = cells
                    _check_size(len(found) - 1, max(c.column for c in cells))
            elif element.tag == f"{ns}mergeCell":
                merged.append(element.get("ref", ""))
    rows = {number: _texts(sheet.name, cells) for number, cells in found.items()}
    filled = _fill(rows, merged)
    kept = [(number, cells) for number, cells in sorted(rows.items()) if any(cells)]
    read = ReadSheet(
        sheet.name[:_MOST_NAME],
        tuple(cells for _, cells in kept),
        tuple(number for number, _ in kept),
        frozenset(place for place, (number, _) in enumerate(kept) if number in filled),
    )
    _check_text(read.rows)
    return read


def _texts(sheet: str, cells: Sequence[SheetCell]) -> tuple[str, ...]:
    row: list[str] = [""] * max(cell.column for cell in cells)
    for cell in cells:
        if cell.kind is CellKind.FORMULA:
            place = f"{letters_of(cell.column)}{cell.row}"
            refuse_file(
                Refusal.SHEET_FORMULA, f"`{place}` holds a formula without a result", cell=place, sheet=sheet
            )
        if cell.kind in (CellKind.ERROR, CellKind.UNREADABLE):
            row[cell.column - 1] = UNREAD
        else:
            text = cell.text
            is_whole = cell.kind is CellKind.NUMBER and "." in text and not text.partition(".")[2].strip("0")
            row[cell.column - 1] = _clean(text.partition(".")[0] if is_whole else text)
    return _cut(row)


def _fill(rows: dict[int, tuple[str, ...]], merged: Iterable[str]) -> set[int]:
    """Fill joined cells down; the numbers of the rows that were filled."""
    filled: set[int] = set()
    last, steps = max(rows, default=0), 0
    for reference in merged:
        first, _, second = reference.partition(":")
        place, end = _place(first), _place(second or first)
        if place is None or end is None or place[0] not in rows:
            continue
        column, text = place[1], ""
        if column <= len(rows[place[0]]):
            text = rows[place[0]][column - 1]
        for number in range(place[0] + 1, min(end[0], last) + 1) if text else ():
            steps += 1
            if steps > MOST_ROWS * MOST_COLUMNS:
                refuse_file(Refusal.SHEET_UNREADABLE, "joined cells lie over one another", sheet="")
            if number in rows:
                row = [*rows[number], *[""] * (column - len(rows[number]))]
                row[column - 1] = text
                rows[number] = tuple(row)
                filled.add(number)
    return filled


def _place(reference: str) -> tuple[int, int] | None:
    """Row and column of a reference."""
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    if letters not in COLUMN_OF or not digits or len(digits) > 7:  # noqa: PLR2004
        return None
    return int(digits), COLUMN_OF[letters]


# -- both


def _clean(text: str) -> str:
    text = " ".join(text[: 4 * MOST_CELL].replace("\n", "; ").split()).strip(BLANKS)[:MOST_CELL]
    return compose_text(text, 4 * MOST_CELL) if not text.isascii() else text


def _cut(row: Sequence[str]) -> tuple[str, ...]:
    """Without the empty cells at its end."""
    cells = list(row)
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _check_size(rows: int, columns: int) -> None:
    if rows >= MOST_ROWS or columns > MOST_COLUMNS:
        refuse_file(Refusal.SHEET_TOO_LARGE, "more rows or columns than an assignment has", rows=MOST_ROWS)


def _check_text(rows: Sequence[Sequence[str]]) -> None:
    """No text in an encoding of before Unicode: it would be nobody's name."""
    for row in rows[:200]:
        for cell in row:
            if cell and legacy.encoding_of(cell) is not None:
                refuse_file(Refusal.SHEET_UNREADABLE, f"text in {legacy.encoding_of(cell)}")

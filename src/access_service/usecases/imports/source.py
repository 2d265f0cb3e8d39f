"""Reading what an operator hands in: a folder of CSV files, one CSV file, or a workbook."""

import csv
import hashlib
import io
from array import array
from pathlib import Path

from access_service.domain.errors import Fault
from access_service.usecases.imports.csv_files import (
    COLUMNS,
    GUIDE,
    MAX_FILE_BYTES,
    MAX_ROWS,
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
from access_service.usecases.imports.workbook import read_workbook


def read_source(path: Path) -> Sheets:
    """Read a directory of CSV files, one `.csv` named after its sheet, or one `.xlsx`.

    Raises `ImportRefusedError` where a file as a whole cannot be taken: unknown sheet or column, broken UTF-8, too
    large, no workbook. Rows that cannot be read are kept as faults, to be listed together with what they say.
    """
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return read_workbook(path)
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix.lower() == ".csv" and f.stem != GUIDE)
    elif path.suffix.lower() == ".csv" and path.is_file():
        files = [path]
    else:
        refuse([Fault(path.name, "neither a directory of csv files, nor a csv file, nor an xlsx workbook")])
        return Sheets({}, ())
    if not files:
        refuse([Fault(path.name, "holds no csv file", f"the sheets are {', '.join(COLUMNS)}")])
    fatal: list[Fault] = []
    faults: list[Fault] = []
    sheets, sources = {}, []
    for file in files:
        content = _content(file, fatal)
        if content is None:
            continue
        if file.stem in sheets:
            fatal.append(Fault(file.name, f"the sheet `{file.stem}` stands in two files", "keep one of them"))
            continue
        sources.append(Source(file.stem, hashlib.sha256(content).hexdigest()))
        sheet = _read_csv(file, content, fatal, faults)
        if sheet is not None:
            sheets[sheet.name] = sheet
    refuse(fatal)
    return Sheets(sheets, tuple(sources), tuple(faults))


def _content(file: Path, fatal: list[Fault]) -> bytes | None:
    if file.stem not in COLUMNS:
        fatal.append(unknown_sheet(file.name, file.stem))
        return None
    if not file.is_file():
        fatal.append(Fault(file.name, "not a regular file"))
        return None
    if file.stat().st_size > MAX_FILE_BYTES:
        fatal.append(Fault(file.name, f"larger than {MAX_FILE_BYTES} bytes"))
        return None
    return file.read_bytes()


def _decoded(file: Path, content: bytes, fatal: list[Fault]) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "save the file as CSV UTF-8"
        fatal.append(Fault(f"{file.name}:{line}", "the line is not UTF-8", hint))
        return None


def _read_csv(file: Path, content: bytes, fatal: list[Fault], faults: list[Fault]) -> Sheet | None:
    text = _decoded(file, content, fatal)
    if text is None:
        return None
    delimiter = _delimiter(file.stem, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    sheet = Sheet(file.stem, file.name, (), [], array("L"))
    begins = 1
    try:
        header = _without_empty_end(tuple(clean(cell) for cell in next(reader, [])))
        wrong = list(header_faults(sheet.name, file.name, header))
        if wrong:
            fatal += wrong
            return None
        begins = reader.line_num + 1
        for cells in reader:
            _keep(sheet, header, cells, begins, faults)
            begins = reader.line_num + 1
            if len(sheet.rows) > MAX_ROWS:
                fatal.append(Fault(f"{file.name}:{begins}", f"more than {MAX_ROWS} rows", "import in parts"))
                return None
    except csv.Error as error:
        hint = "quote cells with commas or quotes" if delimiter == "," else "quote cells that hold the sign between"
        fatal.append(Fault(f"{file.name}:{begins}", f"not CSV: {error}", hint))
        return None
    return Sheet(sheet.name, sheet.place, header, sheet.rows, sheet.numbers)


def _delimiter(name: str, text: str) -> str:
    """What parts the cells: a Vietnamese Excel writes semicolons, as the header then says."""
    first = text.partition("\n")[0]
    for sign in (";", "\t"):
        if {clean(cell).strip('"') for cell in first.split(sign)} & set(COLUMNS[name]) and "," not in first:
            return sign
    return ","


def _without_empty_end(header: tuple[str, ...]) -> tuple[str, ...]:
    while header and not header[-1]:
        header = header[:-1]
    return header


def _keep(sheet: Sheet, header: tuple[str, ...], cells: list[str], number: int, faults: list[Fault]) -> None:
    """One row, unless it is empty: people leave blank lines between and below."""
    row = tuple(map(clean, cells))
    if not any(row):
        return
    if len(row) > len(header) and not any(row[len(header) :]):
        # A spreadsheet writes empty cells behind the last column that it has a width for.
        row = row[: len(header)]
    if len(row) != len(header):
        message = f"{len(row)} cells instead of {len(header)}"
        faults.append(Fault(f"{sheet.place}:{number}", message, "a cell with a comma in it needs quotes"))
        check_count(faults)
        return
    if is_readable(row, header, f"{sheet.place}:{number}", faults):
        sheet.rows.append(row)
        sheet.numbers.append(number)

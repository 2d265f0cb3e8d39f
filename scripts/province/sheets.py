"""The import format of docs/import.md: its sheets and columns, written row by row as CSV files or as one XLSX."""

import csv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

SHEETS: Mapping[str, tuple[str, ...]] = {
    "units": ("code", "name", "kind", "levels", "valid_from", "valid_to"),
    "edges": ("unit", "manager", "basis", "valid_from", "valid_to"),
    "school_years": ("code", "starts_on", "closes_on"),
    "classes": ("school", "school_year", "code", "name", "level", "grade"),
    "persons": ("code", "name"),
    "accounts": ("code", "kind", "username", "person", "unit", "issued_on", "activation_code_sha256"),
    "assignments": (
        *("code", "person", "unit", "position", "decision_number", "decision_date", "valid_from", "valid_to"),
        *("school_year", "classes", "subjects", "levels", "substitutes", "leads"),
    ),
    "authorities": (
        *("code", "unit", "parent", "levels", "grades", "subjects", "categories", "actions"),
        *("decision_number", "valid_from", "valid_to"),
    ),
    "documents": (
        *("code", "kind", "number", "dated", "unit", "receiver", "giver_signer", "giver_capacity"),
        *("giver_signed_on", "receiver_signed_on", "text_version", "reference", "sha256"),
    ),
    "custodies": ("code", "unit", "person", "document", "valid_from", "valid_to"),
    "grants": (
        *("code", "account", "role", "unit", "scope_unit", "authority", "assignment", "document"),
        *("school_year", "classes", "subjects", "levels", "categories", "valid_from", "valid_to"),
    ),
    "external_ids": ("kind", "target", "unit", "system", "value", "valid_from"),
}
"""Sheet (file stem) to its columns, in order."""

SEPARATOR = ";"
"""Between several values in one cell."""

XLSX_NAME = "province.xlsx"
_XLSX_ROWS = 1_048_576
"""Rows a sheet of the format can hold, its header included (ECMA-376)."""

_XLSX_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 -- the format's document properties have no zone
"""Fixed, so that the same seed gives the same workbook."""


class SheetError(Exception):
    """The rows do not fit the format asked for."""


def cell(value: object) -> str:
    """One value as the format writes it: dates `dd/mm/yyyy`, None empty, several values joined by `;`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, Iterable):
        return SEPARATOR.join(map(str, value))
    raise TypeError(f"no cell form for {type(value).__name__}")


class Sheets(Protocol):
    """Where rows go; a context manager that finishes the files when it closes."""

    def write(self, sheet: str, **values: object) -> None:
        """Append one row; columns that are not named stay empty, unknown ones are caller misuse."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def row_of(sheet: str, values: dict[str, object]) -> list[str]:
    """The row's cells in the sheet's order."""
    row = [cell(values.pop(column, None)) for column in SHEETS[sheet]]
    if values:
        raise TypeError(f"sheet {sheet} has no column {', '.join(values)}")
    return row


class CSVSheets:
    """One UTF-8 file a sheet under `directory`, which is made where it is missing."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._files = ExitStack()
        self._writers: dict[str, Any] = {}
        for sheet, columns in SHEETS.items():
            file = self._files.enter_context((directory / f"{sheet}.csv").open("w", encoding="utf-8", newline=""))
            self._writers[sheet] = csv.writer(file, lineterminator="\n")
            self._writers[sheet].writerow(columns)

    def write(self, sheet: str, **values: object) -> None:
        """Append one row."""
        self._writers[sheet].writerow(row_of(sheet, values))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()


class XLSXSheets:
    """One workbook with a sheet a name; rows go to disk as they come (`constant_memory`), cells are all text."""

    def __init__(self, directory: Path) -> None:
        try:
            import xlsxwriter  # noqa: PLC0415 -- CSV files need nothing but the standard library
        except ImportError as error:
            raise SheetError("format xlsx needs the project's environment, with xlsxwriter") from error
        directory.mkdir(parents=True, exist_ok=True)
        # Text is written as text: a leading "=" must never become a formula, nor a code lose its zeros.
        self._book = xlsxwriter.Workbook(
            str(directory / XLSX_NAME),
            {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._book.set_properties({"created": _XLSX_CREATED})
        self._sheets: dict[str, Any] = {}
        self._next: dict[str, int] = {}
        for sheet, columns in SHEETS.items():
            self._sheets[sheet] = self._book.add_worksheet(sheet)
            self._next[sheet] = 0
            self._append(sheet, list(columns))

    def write(self, sheet: str, **values: object) -> None:
        """Append one row; raises `SheetError` when the sheet is full."""
        self._append(sheet, row_of(sheet, values))

    def _append(self, sheet: str, row: list[str]) -> None:
        number = self._next[sheet]
        if number >= _XLSX_ROWS:
            raise SheetError(f"sheet `{sheet}` has more than {_XLSX_ROWS} rows, write csv instead")
        self._next[sheet] = number + 1
        write_string = self._sheets[sheet].write_string
        for column, text in enumerate(row):
            if text:
                write_string(number, column, text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()


FORMATS: Mapping[str, type[CSVSheets] | type[XLSXSheets]] = {"csv": CSVSheets, "xlsx": XLSXSheets}

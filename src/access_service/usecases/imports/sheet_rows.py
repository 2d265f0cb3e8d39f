"""Rows of import files, cell by cell: words, days, codes, references; each fault with its place and its remedy."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from typing import ParamSpec, TypeVar

from access_service.domain import words
from access_service.domain.errors import Fault, InvalidError, RefusedError
from access_service.domain.names import EducationLevel
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_subjects
from access_service.domain.time import start_of_day
from access_service.usecases.imports.csv_files import COLUMNS, Sheet, Sheets

T = TypeVar("T")
P = ParamSpec("P")

NOUNS: Mapping[str, str] = {
    "units": "unit",
    "school_years": "school year",
    "classes": "class",
    "persons": "person",
    "accounts": "account",
    "assignments": "assignment",
    "authorities": "authority",
    "documents": "document",
}

HINTS: Mapping[Refusal, str] = {
    Refusal.ASSIGNMENT_MISSING: "correct the assignment, or narrow the grant to what it covers",
    Refusal.CLOSED_YEAR: "end it when the school year closes at the latest",
    Refusal.CUSTODY_TAKEN: "end the earlier custody on the day the next one begins",
    Refusal.CUSTODY_VACANT: "add the unit to sheet `custodies`, with its custody minutes",
    Refusal.CYCLE: "correct the manager in sheet `edges`",
    Refusal.DEPTH_EXCEEDED: "hand down along fewer units",
    Refusal.DUPLICATE: "end the earlier one on the day the next one begins",
    Refusal.EXTERNAL_ID_TAKEN: "correct it; where the register is wrong, end the earlier one there first",
    Refusal.INVALID: "correct the cells that it is about",
    Refusal.LEVEL_REQUIRED: "fill in `levels`",
    Refusal.NOT_DIRECT_MANAGER: "name the unit that directly manages accounts there on that day, see sheet `edges`",
    Refusal.NOT_FOUND: "name the unit whose it is: where the person serves, whose class or account it is",
    Refusal.REDELEGATION_FORBIDDEN: "give the admin account to somebody whom the policy allows",
    Refusal.ROLE_NOT_ALLOWED: "choose a role that the policy hands to that position from that kind of unit",
    Refusal.SELF_SERVICE: "somebody else gives: the unit's head, and for a head the direct manager",
    Refusal.SIGNER_NOT_LEADER: "name who signed, and give their appointment in sheet `assignments`",
    Refusal.SIGNER_NO_CAPACITY: "correct `giver_capacity`, or add the appointment that gives it",
    Refusal.SUSPENDED: "resume the unit and its authority first",
    Refusal.WIDER_THAN_AUTHORITY: "repeat the narrowing of the authority above; an empty axis is the whole axis",
}
"""What to do about a refusal of the rules."""

_DAY = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONG_AGO = start_of_day(date(1945, 1, 1))
"""Stands in for a day that was refused, so that the rest of its row is still checked."""

_ORDER = {sheet: position for position, sheet in enumerate(COLUMNS)}


@lru_cache(maxsize=100_000)
def day_of(text: str) -> date | None:
    """The day `dd/mm/yyyy`, or None when it is none."""
    try:
        return words.vietnamese_day(text) if _DAY.fullmatch(text) else None
    except InvalidError:
        return None


@lru_cache(maxsize=100_000)
def instant_of(text: str) -> datetime | None:
    """00:00 of the Vietnamese day `dd/mm/yyyy`, or None."""
    day = day_of(text)
    return None if day is None else start_of_day(day)


class Faults:
    """Everything wrong with the files, and which rows nothing more can be said about."""

    def __init__(self, sheets: Sheets) -> None:
        """Starts with the rows that could not be read."""
        self._found: list[tuple[int, int, Fault]] = [(-1, i, fault) for i, fault in enumerate(sheets.faults)]
        self.broken: dict[str, set[str]] = {sheet: set() for sheet in COLUMNS}
        """Codes of rows with faults: whoever refers to them is not told that they are missing."""

    def add(self, sheet: Sheet, number: int, message: str, hint: str) -> None:
        """Add a fault."""
        self._found.append((_ORDER[sheet.name], number, Fault(f"{sheet.place}:{number}", message, hint)))

    def in_order(self) -> list[Fault]:
        """By sheet and row."""
        return [fault for _, _, fault in sorted(self._found, key=lambda found: found[:2])]


class SheetRow:
    """One row being read. A fault makes it `ok = False`; reading goes on, so that all its faults are listed."""

    __slots__ = ("_cells", "_faults", "_positions", "number", "ok", "sheet")

    def __init__(self, sheet: Sheet, index: int, positions: Mapping[str, int], faults: Faults) -> None:
        """`index` counts the sheet's rows from 0; `positions` says where each column stands."""
        self.sheet = sheet
        self.number = sheet.numbers[index]
        self.ok = True
        self._cells = sheet.rows[index]
        self._positions = positions
        self._faults = faults

    def __getitem__(self, column: str) -> str:
        return self._cells[self._positions[column]]

    def fault(self, message: str, hint: str = "") -> None:
        """Note a fault of this row."""
        self.ok = False
        self._faults.add(self.sheet, self.number, message, hint)

    def refused(self, error: RefusedError) -> None:
        """Note that a rule of the domain refuses this row."""
        self.fault(error.message, HINTS.get(error.code, ""))

    @contextmanager
    def rules(self) -> Iterator[None]:
        """Turn a refusal within the block into a fault of this row."""
        try:
            yield
        except RefusedError as error:
            self.refused(error)

    def passes(self, rule: Callable[P, object], *args: P.args, **named: P.kwargs) -> bool:
        """Does a rule of the domain let the row pass?"""
        try:
            rule(*args, **named)
        except RefusedError as error:
            self.refused(error)
        return self.ok

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        text = self[column]
        # A cell is composed and seen already (`import_sheets`): its length alone is left of what a line must be.
        return text if 0 < len(text) <= words.LINE else self.read(column, words.line)

    def identifier(self, column: str) -> str:
        """What names something: the number of a document."""
        text = self.text(column)
        if text and not words.is_identifier(text):
            return self.read(column, words.identifier)
        return text

    def code(self, column: str = "code") -> str:
        """An id that this row gives."""
        return self.read(column, words.code)

    def read(self, column: str, reader: words.WordReader) -> str:
        """A cell as `domain.words` reads it at every door."""
        text = self[column]
        try:
            return reader(text)
        except InvalidError as error:
            self.fault(f"`{column}` {error.message}", "correct it" if text else "fill it in")
        return text

    def sha256(self, column: str) -> str:
        """64 hexadecimal digits, small letters."""
        digest = self[column].lower()
        if not _SHA256.fullmatch(digest):
            self.fault(f"`{column}` is no SHA-256", "enter its 64 hexadecimal digits")
        return digest

    def word(self, column: str, known: Collection[str]) -> str:
        """One word of a vocabulary."""
        word = self.text(column)
        if word and word not in known:
            self.fault(f"unknown {column} `{word}`", f"one of {', '.join(sorted(known))}")
        return word

    def words(self, column: str, known: Collection[str] | None = None) -> frozenset[str] | None:
        """Several values separated by `;`; None where the cell is empty."""
        if not self[column]:
            return None
        found = [part.strip(words.BLANKS) for part in self[column].split(";")]
        if not all(found):
            self.fault(f"an empty value in `{column}`", "separate values by one semicolon")
        for word in found:
            if word and known is not None and word not in known:
                self.fault(f"unknown {column} `{word}`", f"some of {', '.join(sorted(known))}")
        return frozenset(found)

    def subjects(self) -> frozenset[str] | None:
        """The column `subjects`."""
        found = self.words("subjects")
        self.passes(check_subjects, found or ())
        return found

    def levels(self) -> frozenset[EducationLevel] | None:
        """The column `levels`."""
        found = self.words("levels", _LEVELS)
        return None if found is None else _levels(found)

    def flag(self, column: str) -> bool | None:
        """`yes` or `no`; None where the cell is empty."""
        word = self[column]
        if word not in ("", "yes", "no"):
            self.fault(f"unknown {column} `{word}`", "write `yes`, or leave it empty")
        return word == "yes" if word else None

    def day(self, column: str) -> date:
        """A day that must be there."""
        day = day_of(self[column])
        if day is None:
            self._no_day(column)
        return day or _LONG_AGO.date()

    def instant(self, column: str) -> datetime:
        """00:00 of a day that must be there."""
        return self.maybe_instant(column, required=True) or _LONG_AGO

    def maybe_instant(self, column: str, *, required: bool = False) -> datetime | None:
        """00:00 of a day, None where the cell is empty."""
        text = self[column]
        if not text and not required:
            return None
        instant = instant_of(text)
        if instant is None:
            self._no_day(column)
        return instant

    def _no_day(self, column: str) -> None:
        text = self[column]
        message = f"`{text}` in `{column}` is no day" if text else f"`{column}` is empty"
        self.fault(message, "write days as dd/mm/yyyy, for example 05/09/2024")

    def past(self, column: str, now: datetime) -> datetime:
        """A day that has come."""
        instant = self.instant(column)
        if instant > now:
            self.fault(f"`{column}` lies in the future", "an import attests what has happened")
        return instant

    def interval(self, start: str = "valid_from", end: str = "valid_to") -> tuple[datetime, datetime | None]:
        """A first day and the day on which it is over."""
        begins, ends = self.instant(start), self.maybe_instant(end)
        if ends is not None and ends <= begins:
            self.fault(f"`{end}` is not after `{start}`", f"exchange them, or leave `{end}` empty")
        return begins, ends

    def refers(self, column: str, known: Mapping[str, T], sheet: str) -> T | None:
        """What the cell's code names, in these files or in the register."""
        code = self.text(column)
        found = known.get(code)
        if found is None and code:
            if code in self._faults.broken[sheet]:
                self.ok = False
            else:
                noun = NOUNS[sheet]
                self.fault(f"no {noun} `{code}`", f"add it to sheet `{sheet}`, or correct `{column}`")
        return found


_LEVELS = frozenset(map(str, EducationLevel))


@lru_cache(maxsize=1_000)
def _levels(words: frozenset[str]) -> frozenset[EducationLevel]:
    return frozenset(EducationLevel(word) for word in words if word in _LEVELS)


def rows_of(sheets: Sheets, name: str, faults: Faults) -> Iterator[SheetRow]:
    """The rows of a sheet; none where the files have no such sheet."""
    sheet = sheets.by_name.get(name)
    if sheet is None:
        return
    positions = {column: position for position, column in enumerate(sheet.columns)}
    for index in range(len(sheet.rows)):
        yield SheetRow(sheet, index, positions, faults)


def cells_of(sheets: Sheets, name: str, *columns: str) -> set[str]:
    """What stands in some columns of a sheet, without the empty cells."""
    sheet = sheets.by_name.get(name)
    if sheet is None:
        return set()
    positions = [sheet.columns.index(column) for column in columns]
    return {row[position] for row in sheet.rows for position in positions} - {""}

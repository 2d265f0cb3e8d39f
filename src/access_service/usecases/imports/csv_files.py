"""Import files as rows of text: a directory of CSV files, one CSV file, or one workbook (docs/import.md).

What is read here is only text in its place: blanks around it dropped, composed (NFC), with the number of its row.
Codes stay text, so leading zeros stay and `Cẩm Giang` is not `Cẩm Giàng`.
"""

import re
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from access_service.domain import legacy, words
from access_service.domain.errors import Fault, ImportRefusedError, InvalidError

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
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
)
"""Every sheet with its columns, in the order in which rows are checked and stored."""

DAYS = frozenset(
    {
        *("valid_from", "valid_to", "starts_on", "closes_on", "issued_on", "decision_date", "dated"),
        *("giver_signed_on", "receiver_signed_on"),
    }
)
"""Columns that hold days."""

GUIDE = "guide"
"""A template's own explanation; never read."""

MAX_ROWS = 2_000_000
"""Rows of one sheet. The largest province of 2026 has about 300,000 documents a school year."""

MAX_FILE_BYTES = 512 * 1024 * 1024
"""One CSV file, or everything in a workbook once unpacked."""

MAX_TEXT = 4 * words.PROSE
"""Characters of a cell."""

LISTED = 1_000
"""Faults listed one by one; the rest are counted, and the count is said."""
_COUNTED = 20_000
"""Faults after which a file is read no further."""

_ERROR = re.compile("#(?:N/A|[A-Z0-9/_]+[!?])|#+|Err:[0-9]{3}")
"""What a spreadsheet shows for a value that it could not work out, or has no room to show."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet."""

    name: str
    place: str
    """`grants.csv`, or `province.xlsx:grants`."""
    columns: tuple[str, ...]
    """As they stand in the file."""
    rows: list[tuple[str, ...]] = field(repr=False)
    numbers: "array[int]" = field(repr=False)
    """Where each row stands in its file: its first line in a CSV file, its row in a workbook; both from 1."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was read."""

    sheet: str
    """The sheet it holds; `workbook` when it holds several."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """Everything that was read, and the single rows that could not be."""

    by_name: Mapping[str, Sheet]
    sources: tuple[Source, ...]
    faults: tuple[Fault, ...] = ()


def clean(text: str) -> str:
    """The text of a cell: composed (NFC), without blanks around it. Repeated words share their memory."""
    text = text.strip(words.BLANKS)
    if not text.isascii():
        with suppress(InvalidError):
            # What is too long to compose stays as it is: `is_readable` refuses it, with its place.
            text = words.compose_text(text, words.PROSE)
    return sys.intern(text)


def refuse(faults: list[Fault]) -> None:
    """Raise `ImportRefusedError` with the first `LISTED` faults and the number of the others, if there are any."""
    if not faults:
        return
    rest = len(faults) - LISTED
    listed = list(faults[:LISTED])
    if rest > 0:
        listed.append(Fault("import", f"{rest} more faults are not listed", "correct these and try again"))
    raise ImportRefusedError(tuple(listed))


def check_count(faults: list[Fault]) -> None:
    """Read no further where so much is wrong; raises `ImportRefusedError`."""
    if len(faults) >= _COUNTED:
        refuse(faults)


def unknown_sheet(place: str, name: str) -> Fault:
    """The fault of a sheet that the format does not have."""
    return Fault(place, f"no sheet is called `{name}`", f"the sheets are {', '.join(COLUMNS)}")


def header_faults(sheet: str, place: str, header: tuple[str, ...]) -> Iterator[Fault]:
    """What is wrong with a sheet's first row: the columns are exactly those of the format, in any order."""
    wanted = COLUMNS[sheet]
    for column in header:
        if column not in wanted:
            yield Fault(f"{place}:1", f"unknown column `{column}`", f"the columns are {','.join(wanted)}")
        elif header.count(column) > 1:
            yield Fault(f"{place}:1", f"column `{column}` stands twice")
    for column in wanted:
        if column not in header:
            yield Fault(f"{place}:1", f"column `{column}` is missing", "leave its cells empty, not the column")


def is_readable(row: Sequence[str], header: Sequence[str], place: str, faults: list[Fault]) -> bool:
    """Does every cell of the row say what it shows? Two codes that look the same must be the same."""
    joined = " ".join(row)
    # Most rows hold no sign that any of the readings below begins with.
    if joined.isprintable() and len(joined) <= MAX_TEXT and not _SIGNS.search(joined):
        return True
    found = [(column, wrong) for column, text in zip(header, row, strict=False) if (wrong := _wrong(text))]
    faults.extend(Fault(place, f"`{column}` {message}", hint) for column, (message, hint) in found)
    check_count(faults)
    return not found


_SIGNS = re.compile("[#?\u00a1-\u00ff\u0102\u0300-\u036f\ufffd]|Err:")
"""One of these is in every error, in all text of another encoding (`legacy`), and in letters under many marks."""


@lru_cache(maxsize=1 << 14)
def _wrong(text: str) -> tuple[str, str] | None:
    """What is wrong with a cell's text as such, and what to do about it."""
    if len(text) > MAX_TEXT:
        return f"holds more than {MAX_TEXT} characters", "shorten it"
    if not words.is_seen(text):
        return "holds an invisible character", "enter the cell again, on one line"
    if _ERROR.fullmatch(text):
        return f"holds the error {text[:16]}", "correct it, or clear the cell"
    try:
        words.compose_text(text, words.PROSE)
    except InvalidError as error:
        return error.message, "enter the cell again"
    encoding = legacy.encoding_of(text)
    if encoding is not None:
        return f"holds {encoding}", "convert the file to Unicode, then enter the cell again"
    return None

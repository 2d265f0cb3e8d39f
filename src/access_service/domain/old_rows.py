"""Lists of accounts with rights as EMIS, SMAS and vnEdu export them: columns by heading, one entry an account.

An entry is what the old system says. Nothing of it is a right here, and a cell that cannot be read is not taken for
an empty one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from access_service.domain.drafting import ReadSheet
from access_service.domain.headings import SheetField, field_of_heading
from access_service.domain.names import AccountId, PersonId, UnitId
from access_service.domain.notation import MOST_CELL, fold

UNREADABLE = "#?"
"""What the reader of sheets puts in place of an error, or of a cell that shows something else than it stores."""
MOST_SAID = 20_000
"""Most characters that the lines of one account say of one thing; what is more stands as unreadable."""
_MORE = f"; {UNREADABLE}"
_SEARCHED = 40
_FEWEST = 2


class OldField(StrEnum):
    """What a column of an export says."""

    UNUSED = "unused"
    ACCOUNT = "account"
    NAME = "name"
    SURNAME = "surname"
    GIVEN = "given"
    BORN = "born"
    NATIONAL = "national"
    """Mã định danh of the sector's database."""
    CODE = "code"
    """The old system's own number of a person, where it lists no account."""
    UNIT = "unit"
    RIGHTS = "rights"
    """Vai trò, nhóm quyền, chức vụ: several columns may say it."""
    HOMEROOM = "homeroom"
    TEACHING = "teaching"
    SUBJECT = "subject"
    CLASSES = "classes"
    STATE = "state"


_SYNONYMS: Mapping[OldField, tuple[str, ...]] = {
    OldField.ACCOUNT: (
        *("ten dang nhap", "tai khoan", "ten tai khoan", "username", "user name", "user", "account", "login"),
        *("ma dang nhap", "ten truy cap", "ma tai khoan", "tai khoan dang nhap", "ten nguoi dung", "tk"),
    ),
    OldField.BORN: ("ngay sinh", "ngay thang nam sinh", "nam sinh", "ngaysinh", "ntns", "date of birth"),
    OldField.UNIT: (
        *("don vi", "truong", "ten truong", "ma truong", "ma don vi", "ten don vi", "co so giao duc"),
        *("don vi cong tac", "truong hoc", "noi cong tac", "csgd"),
    ),
    OldField.RIGHTS: (
        *("vai tro", "quyen", "nhom quyen", "phan quyen", "nhom nguoi dung", "quyen han", "quyen su dung", "role"),
        *("roles", "nhom", "loai tai khoan", "vai tro nguoi dung", "nhom tai khoan", "chuc nang", "quyen truy cap"),
    ),
    OldField.STATE: ("trang thai", "tinh trang", "trang thai tai khoan", "status", "tinh trang tai khoan"),
}
_FIELD_OF = {synonym: field for field, synonyms in _SYNONYMS.items() for synonym in synonyms}
_AS_IN_SHEETS: Mapping[str, OldField] = {
    SheetField.NAME: OldField.NAME,
    SheetField.SURNAME: OldField.SURNAME,
    SheetField.GIVEN: OldField.GIVEN,
    SheetField.HOMEROOM: OldField.HOMEROOM,
    SheetField.TEACHING: OldField.TEACHING,
    SheetField.SUBJECT: OldField.SUBJECT,
    SheetField.CLASSES: OldField.CLASSES,
    SheetField.CLASS: OldField.CLASSES,
    SheetField.OTHER: OldField.RIGHTS,
}
"""Headings that mean the same in a school's own workbook."""
_CLOSED = frozenset(
    {
        *("khoa", "da khoa", "bi khoa", "ngung", "ngung hoat dong", "ngung su dung", "khong hoat dong", "tam khoa"),
        *("vo hieu", "vo hieu hoa", "inactive", "locked", "disabled", "da nghi", "nghi viec", "chua kich hoat"),
    }
)


@dataclass(frozen=True, slots=True)
class OldRow:
    """One account of the old system, or one person where it lists no accounts."""

    line: int
    """Of the file; the first, where several say it."""
    account: str
    name: str
    born: str = ""
    national: str = ""
    unit: str = ""
    homeroom: str = ""
    teaching: str = ""
    rights: str = ""
    is_closed: bool = False
    """The old system lets nobody in by it any more."""
    other_names: tuple[str, ...] = ()
    """Other names under which the file has the same account."""

    @property
    def is_unreadable(self) -> bool:
        """Is what tells it apart no text?"""
        return UNREADABLE in (self.account, self.name, self.born, self.national)

    def key(self, system: str) -> str:
        """By which a decision about it is kept: what tells it apart, and none of its rights."""
        told = (system, self.account, self.name, self.born, self.national, self.unit)
        return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OldExport:
    """What a unit has read of an old system; the file itself is not kept."""

    unit: UnitId
    system: str
    name: str
    """Of the file."""
    sha256: str
    rows: tuple[OldRow, ...]
    skipped: tuple[str, ...] = ()
    """Sheets without a heading that anybody knows."""
    elsewhere: int = 0
    """Rows of the file that are other units': they are not kept here."""
    version: int = 0
    read_by: AccountId | None = None
    read_at: datetime | None = None


class OldChoice(StrEnum):
    """What somebody said of a row."""

    PERSON = "person"
    """Somebody of the unit."""
    NEW = "new"
    """Somebody whom the register does not know yet."""
    NOBODY = "nobody"
    """An account of no person: shared, for tests, of a machine."""


@dataclass(frozen=True, slots=True)
class OldDecision:
    """Whom somebody said that a row is about."""

    key: str
    choice: OldChoice
    person: PersonId | None
    by: AccountId
    at: datetime


def field_of_export(heading: str) -> OldField:
    """What a column of this heading says; `unused` where nobody knows."""
    folded = fold(heading)
    if folded in _FIELD_OF:
        return _FIELD_OF[folded]
    found = field_of_heading(heading)
    if found == SheetField.CODE:
        return OldField.NATIONAL if "dinh danh" in folded else OldField.CODE
    return _AS_IN_SHEETS.get(found, OldField.UNUSED)


def find_columns(rows: Sequence[Sequence[str]]) -> tuple[int, tuple[OldField, ...]] | None:
    """The heading of an export, from 0, and what its columns say; None where no row looks like one."""
    best: tuple[int, int, tuple[OldField, ...]] | None = None
    for number, row in enumerate(rows[:_SEARCHED]):
        fields = tuple(field_of_export(cell) for cell in row)
        known = {field for field in fields if field is not OldField.UNUSED}
        names = OldField.NAME in known or {OldField.SURNAME, OldField.GIVEN} <= known
        if (
            len(known) >= _FEWEST
            and (names or OldField.ACCOUNT in known)
            and (best is None or len(known) > best[0])
        ):
            best = (len(known), number, fields)
    return None if best is None else best[1:]


def rows_of_export(sheet: ReadSheet) -> list[OldRow] | None:
    """The accounts of a sheet, several lines of one joined; None where it has no heading."""
    found = find_columns(sheet.rows)
    if found is None:
        return None
    heading, fields = found
    rows: list[OldRow] = []
    for number in range(heading + 1, len(sheet.rows)):
        said = _row(sheet.rows[number], sheet.lines[number], fields)
        if said.account or fold(said.name) or said.is_unreadable:
            if sum(map(bool, sheet.rows[number])) >= _FEWEST:
                rows.append(said)
        elif rows and (said.homeroom or said.teaching or said.rights):
            # One account on several lines: what tells it apart stands on the first.
            rows[-1] = join_rows(rows[-1], said)
    return rows


def _row(cells: Sequence[str], line: int, fields: Sequence[OldField]) -> OldRow:
    at: dict[OldField, list[str]] = {}
    for field, cell in zip(fields, cells, strict=False):
        if cell:
            at.setdefault(field, []).append(" ".join(cell[:MOST_CELL].split()))

    def first(field: OldField) -> str:
        return at.get(field, [""])[0]

    name = first(OldField.NAME) or f"{first(OldField.SURNAME)} {first(OldField.GIVEN)}".strip()
    teaching = [first(OldField.TEACHING)]
    if OldField.CLASSES in at:
        teaching.append(f"{first(OldField.SUBJECT)} {first(OldField.CLASSES)}".strip())
    return OldRow(
        line=line,
        account=first(OldField.ACCOUNT) or (first(OldField.CODE) if OldField.ACCOUNT not in fields else ""),
        name=name,
        born=first(OldField.BORN),
        national=first(OldField.NATIONAL),
        unit=first(OldField.UNIT),
        homeroom=first(OldField.HOMEROOM),
        teaching="; ".join(filter(None, teaching)),
        rights="; ".join(at.get(OldField.RIGHTS, ())),
        is_closed=fold(first(OldField.STATE)) in _CLOSED,
    )


def join_rows(first: OldRow, second: OldRow) -> OldRow:
    """Two lines of one account; it is closed where both say so.

    Past `MOST_SAID` what they say ends with `UNREADABLE`: work on it is bounded, and nobody takes it for the whole.
    """

    def both(a: str, b: str) -> str:
        if not b or b == a or a.endswith(_MORE) or b in a.split("; "):
            return a
        joined = "; ".join(filter(None, (a, b)))
        return joined if len(joined) <= MOST_SAID else a[: MOST_SAID - len(_MORE)].rpartition("; ")[0] + _MORE

    other = (*first.other_names, *([second.name] if second.name and second.name != first.name else []))
    return replace(
        first,
        homeroom=both(first.homeroom, second.homeroom),
        teaching=both(first.teaching, second.teaching),
        rights=both(first.rights, second.rights),
        is_closed=first.is_closed and second.is_closed,
        other_names=tuple(dict.fromkeys(other)),
    )


def join_accounts(rows: Sequence[OldRow]) -> tuple[OldRow, ...]:
    """Every account once: a system that writes a line a right names an account on many."""
    found: dict[tuple[str, ...], OldRow] = {}
    for row in rows:
        same = (row.account, row.unit) if row.account else ("", row.name, row.born, row.national, row.unit)
        known = found.get(same)
        found[same] = row if known is None else join_rows(known, row)
    return tuple(found.values())

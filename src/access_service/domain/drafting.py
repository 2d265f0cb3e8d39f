"""The draft of a unit's grid for a school year: rows as the school writes them, and what is wrong with one.

A draft is nobody's right and no fact of the register: it is work that the unit's custodian has begun, kept so that
nothing typed is lost. `domain.drafting_rules` says what its rows mean.
"""

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from access_service.domain.accounts import Custody
from access_service.domain.acting import check_operates
from access_service.domain.edges import Holder, leads
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.headings import SheetMapping
from access_service.domain.names import (
    HEAD_RANKS,
    AccountId,
    AccountKind,
    AssignmentId,
    DocumentId,
    PersonId,
    UnitId,
)
from access_service.domain.notation import MOST_CELL
from access_service.domain.reasons import Refusal
from access_service.domain.text import Text

MOST_GRID_ROWS = 1_000
"""Rows of a draft: five times the staff of the largest school."""


@dataclass(frozen=True, slots=True)
class GridCells:
    """What a row says, in the school's own notation."""

    name: str
    code: str = ""
    """The person's code, where the sheet has one."""
    homeroom: str = ""
    teaching: str = ""
    other: str = ""

    def cut(self) -> "GridCells":
        """Each cell on one line and of bounded length."""
        return GridCells(*(" ".join(text[:MOST_CELL].split()) for text in self.texts()))

    def texts(self) -> tuple[str, str, str, str, str]:
        """The cells in their order."""
        return (self.name, self.code, self.homeroom, self.teaching, self.other)


@dataclass(frozen=True, slots=True)
class RowMade:
    """What *Lập* made of a row."""

    person: PersonId
    account: AccountId | None = None
    is_new_account: bool = False
    duties: tuple[AssignmentId, ...] = ()
    document: DocumentId | None = None
    commitment: DocumentId | None = None
    waiting: tuple[str, ...] = ()
    """Duties that wait until the leadership has confirmed them; their rights come with the next *Lập*."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One person's row."""

    id: str
    place: int
    """Where it stands among the rows, as they were read."""
    version: int
    cells: GridCells
    original: GridCells
    """As it was read, or taken over from last year."""
    line: int | None = None
    """Of the file."""
    person: PersonId | None = None
    """Whom somebody said it is about; None: whoever has that code or name."""
    is_new_person: bool = False
    """Somebody said that nobody in the register is meant."""
    takes: tuple[str, ...] = ()
    """Classes whose charge passes to this row from whoever has it now."""
    is_left_out: bool = False
    ticked: bool = True
    is_merged: bool = False
    """A cell of it was joined with others in the file and filled down."""
    made: RowMade | None = None
    refused: str | None = None
    """Why the last *Lập* made nothing of it: a refusal's code."""
    changed_by: AccountId | None = None
    changed_at: datetime | None = None

    def undone(self) -> "GridRow":
        """As it was read."""
        return replace(
            self,
            cells=self.original,
            person=None,
            is_new_person=False,
            takes=(),
            is_left_out=False,
            ticked=True,
            refused=None,
        )

    @property
    def has_papers(self) -> bool:
        """Were minutes made of it?"""
        return self.made is not None and self.made.document is not None

    @property
    def is_touched(self) -> bool:
        """Does it differ from what was read?"""
        return replace(self.undone(), refused=self.refused) != self


@dataclass(frozen=True, slots=True)
class SheetSource:
    """The file that a draft was read from; the file itself is not kept."""

    name: str
    sha256: str
    rows: int
    fields: int
    """Columns that are read."""


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """A sheet as text, its empty rows left out."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    """Each row's number in the file, from 1."""
    merged: frozenset[int] = frozenset()
    """Rows (by position here) with a cell that was filled down."""


@dataclass(frozen=True, slots=True)
class PendingSheets:
    """What was read of a file and waits for somebody to say what its columns are."""

    name: str
    sha256: str
    sheets: tuple[ReadSheet, ...]


@dataclass(frozen=True, slots=True)
class GridDraft:
    """A unit's draft for one school year."""

    unit: UnitId
    school_year: str
    version: int
    decision_number: str = ""
    decision_date: date | None = None
    source: SheetSource | None = None
    new_classes: tuple[str, ...] = ()
    """Classes that the sheet or somebody named and the register does not have yet."""
    pending: PendingSheets | None = None
    changed_at: datetime | None = None
    mapping: SheetMapping | None = field(default=None, compare=False)


class GridFaultKind(StrEnum):
    """Why a row has to be mended before anything is made of it."""

    PERSON_UNKNOWN = "person_unknown"
    PERSON_AMBIGUOUS = "person_ambiguous"
    PERSON_TWICE = "person_twice"
    NAME_MISSING = "name_missing"
    CLASS_TAKEN = "class_taken"
    CLASS_UNKNOWN = "class_unknown"
    SUBJECT_UNKNOWN = "subject_unknown"
    DUTY_UNKNOWN = "duty_unknown"
    ROLE_UNCLEAR = "role_unclear"
    SUBJECTS_MISSING = "subjects_missing"
    OWN_HEAD = "own_head"
    CUSTODIAN = "custodian"
    RULE = "rule"
    """A rule of the register refuses it; `code` says which."""


@dataclass(frozen=True, slots=True)
class GridRemedy:
    """One way to mend a row, as a button: the rows as they then stand."""

    key: str
    text: Text
    rows: tuple[GridRow, ...]
    new_class: str = ""
    """A class that is made as well."""


@dataclass(frozen=True, slots=True)
class GridFault:
    """One thing wrong with a row, and every way out."""

    kind: GridFaultKind
    text: Text
    remedies: tuple[GridRemedy, ...] = ()
    code: str = ""
    column: str = ""
    """Which cell it is about, by the name of the field of `GridCells`."""


def check_version(stood: int, said: int, **details: Any) -> None:
    """Whoever changes a row or a draft has seen it as it stands: nobody's typing is overwritten unseen."""
    if stood != said:
        raise RefusedError(
            Refusal.STALE_VERSION,
            "somebody changed it meanwhile; look at both and choose",
            version=stood,
            **details,
        )


def check_not_made(row: GridRow) -> None:
    """What *Lập* has made papers of is changed on the papers."""
    if row.made is not None and row.made.document is not None:
        raise RefusedError(
            Refusal.DUPLICATE, "minutes were made of that row already", document=row.made.document, row=row.id
        )


def check_room(count: int) -> None:
    """A draft holds so many rows."""
    if count > MOST_GRID_ROWS:
        raise RefusedError(Refusal.SHEET_TOO_LARGE, "more people than a unit has", limit=MOST_GRID_ROWS)


def check_decision(draft: GridDraft) -> tuple[str, date]:
    """The decision that assigns the duties, which every paper cites (#57)."""
    if not draft.decision_number or draft.decision_date is None:
        raise InvalidError("name the decision that assigns the duties", decision_number="")
    return draft.decision_number, draft.decision_date


def check_mended(faults: Sequence[GridFault], duties: Sized) -> None:
    """Nothing is made of a row that says what cannot be, or says nothing."""
    if faults or not duties:
        raise InvalidError("the row has to be mended first", fault=str(faults[0].kind) if faults else "empty")


def check_reads_draft(ground: Ground, holder: Holder, unit: UnitId, custody: Custody | None) -> None:
    """A school's draft is its custodian's and its head's; whoever is above sees numbers."""
    if not leads(ground, holder.person, unit, HEAD_RANKS) or holder.kind is not AccountKind.USE:
        check_operates(ground, holder, unit, custody)

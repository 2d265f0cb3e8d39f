"""A unit's grid as it is sent and told: cells as the school writes them, what each row means, and its faults."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from access_service.api.manage.bodies import Day, Id, Number, Out, RequestBody
from access_service.domain.drafting import GridCells, GridFault, GridFaultKind, GridRow
from access_service.domain.drafting_ground import GridRowState, RowMeaning
from access_service.domain.headings import MOST_COLUMNS, MOST_ROWS, SheetLayout, SheetMapping
from access_service.domain.notation import MOST_CELL
from access_service.usecases.drafts.keeping import GridSeen
from access_service.usecases.drafts.reading_sheets import SheetRead
from access_service.usecases.drafts.slips import ActivationSlip, WaitingSlip

CellText = Annotated[str, Field(max_length=MOST_CELL)]
"""A cell, in the school's own notation."""
_SHOWN = 3


class CellsIn(RequestBody):
    """What a row says."""

    name: CellText
    """The person's whole name."""
    code: CellText = ""
    """The person's code in the register, where the school writes one."""
    homeroom: CellText = ""
    """`7A1`: the classes that the person has charge of."""
    teaching: CellText = ""
    """`Ngữ văn 6A1, 6A2; Tin học 6A1`."""
    other: CellText = ""
    """`Tổ trưởng Toán; Thư viện`."""

    def cells(self) -> GridCells:
        """As the domain has them."""
        return GridCells(self.name, self.code, self.homeroom, self.teaching, self.other)


class CellsOut(Out):
    """What a row says."""

    name: str
    code: str
    homeroom: str
    teaching: str
    other: str


class RowChange(RequestBody):
    """A row, over the version that was seen."""

    version: int
    cells: CellsIn | None = None
    ticked: bool | None = None


class RowSeen(RequestBody):
    """The version that was seen."""

    version: int


class RemedyIn(RequestBody):
    """A remedy of a row, over the version that was seen."""

    version: int
    remedy: Annotated[str, Field(max_length=2 * MOST_CELL)]
    """Its `key`."""


class DecisionIn(RequestBody):
    """The decision that assigns the duties of all rows."""

    decision_number: Number
    decision_date: Day


class MappingIn(RequestBody):
    """How the file that waits is read."""

    sheet: Annotated[str, Field(max_length=255)]
    heading: Annotated[int, Field(ge=0, lt=MOST_ROWS)]
    """The heading's place among the rows that hold anything, from 0."""
    layout: Annotated[SheetLayout, Field(strict=False)]
    """Is a line a teacher, or a class?"""
    fields: Annotated[list[Annotated[str, Field(max_length=48)]], Field(max_length=MOST_COLUMNS)]
    """By column: `name`, `surname`, `given`, `code`, `homeroom`, `teaching`, `subject`, `classes`, `other`,
    `class`, `teacher`, `grade`, `unused`, or `subject:` and a subject's code."""

    def mapping(self) -> SheetMapping:
        """As the domain has it."""
        return SheetMapping(self.sheet, self.heading, self.layout, tuple(self.fields))


class MappingOut(Out):
    """How a file is read."""

    sheet: str
    heading: int
    layout: SheetLayout
    fields: list[str]


class SheetOut(Out):
    """One sheet of the file: its rows from the top, as many as say what the columns are."""

    name: str
    rows: int
    """How many rows hold anything."""
    top: list[list[str]]
    """The first rows, heading and three more among them."""


class SheetReadOut(Out):
    """What became of a file."""

    name: str
    sha256: str
    is_taken: bool
    """Do its rows stand in the draft? Else say first what its columns are (`mapping`)."""
    rows: int
    mapping: MappingOut | None
    """How it was read, or was recognised; null where no heading was found."""
    sheets: list[SheetOut]

    @classmethod
    def of(cls, found: SheetRead) -> "SheetReadOut":
        """From what the use case found."""
        mapping = found.mapping
        until = _SHOWN + 1 + (0 if mapping is None else mapping.heading)
        return cls(
            name=found.pending.name,
            sha256=found.pending.sha256,
            is_taken=found.is_taken,
            rows=found.rows,
            mapping=None if mapping is None else MappingOut.model_validate(mapping),
            sheets=[
                SheetOut(name=s.name, rows=len(s.rows), top=[list(row) for row in s.rows[:until]])
                for s in found.pending.sheets
            ],
        )


class RemedyOut(Out):
    """One way out of a fault."""

    key: str
    vi: str
    en: str


class FaultOut(Out):
    """One thing wrong with a row."""

    kind: GridFaultKind
    code: str
    """Of the rule that refuses, for `rule`."""
    column: str
    """Which cell it is about; empty for the whole row."""
    vi: str
    en: str
    remedies: list[RemedyOut]

    @classmethod
    def of(cls, fault: GridFault) -> "FaultOut":
        """From the domain's."""
        return cls(
            kind=fault.kind,
            code=fault.code,
            column=fault.column,
            vi=fault.text.vi,
            en=fault.text.en,
            remedies=[RemedyOut(key=r.key, vi=r.text.vi, en=r.text.en) for r in fault.remedies],
        )


class GridRowOut(Out):
    """One person's row and what it means today."""

    id: str
    version: int
    line: int | None
    """Of the file it was read from."""
    cells: CellsOut
    original: CellsOut
    """As it was read."""
    ticked: bool
    is_merged: bool
    """A cell of it was joined with others in the file and filled down."""
    state: GridRowState
    changes: int
    """How many duties differ from last year's."""
    person: str | None
    makes_person: bool
    makes_account: bool
    rights: list[str]
    """What would be handed over, in words."""
    details: list[str]
    dropped: list[str]
    """Duties of this year that the row leaves out: they end where duties end."""
    faults: list[FaultOut]
    refused: str | None
    """Why the last `POST …/jobs` made nothing of it."""
    document: str | None
    """The minutes that were made of it."""
    commitment: str | None

    @classmethod
    def of(cls, meant: RowMeaning) -> "GridRowOut":
        """From the domain's."""
        row = meant.row
        return cls(
            id=row.id,
            version=row.version,
            line=row.line,
            cells=CellsOut.model_validate(row.cells),
            original=CellsOut.model_validate(row.original),
            ticked=row.ticked,
            is_merged=row.is_merged,
            state=meant.state,
            changes=meant.changes,
            person=meant.person,
            makes_person=meant.makes_person,
            makes_account=meant.makes_account,
            rights=list(meant.rights),
            details=list(meant.details),
            dropped=list(meant.dropped),
            faults=[FaultOut.of(fault) for fault in meant.faults],
            refused=row.refused,
            document=None if row.made is None else row.made.document,
            commitment=None if row.made is None else row.made.commitment,
        )


class SavedRowOut(Out):
    """A row as it was saved; the draft says what it means."""

    id: str
    version: int
    cells: CellsOut
    ticked: bool

    @classmethod
    def of(cls, row: GridRow) -> "SavedRowOut":
        """From the domain's."""
        return cls(id=row.id, version=row.version, cells=CellsOut.model_validate(row.cells), ticked=row.ticked)


class SavedRowsOut(Out):
    """Rows as they were saved."""

    rows: list[SavedRowOut]


class GridDraftOut(Out):
    """A unit's draft: what has to be mended first, then by given name."""

    unit: str
    school_year: str
    last_year: str | None
    decision_number: str
    decision_date: date | None
    source: str | None
    """Name of the file it was read from."""
    source_sha256: str | None
    changed_at: datetime | None
    new_classes: list[str]
    """Classes that are made with the rest."""
    ready: int
    """Of how many rows papers would be made."""
    rows: list[GridRowOut]

    @classmethod
    def of(cls, seen: GridSeen) -> "GridDraftOut":
        """From what the use case found."""
        draft = seen.draft
        return cls(
            unit=draft.unit,
            school_year=draft.school_year,
            last_year=seen.last_year,
            decision_number=draft.decision_number,
            decision_date=draft.decision_date,
            source=None if draft.source is None else draft.source.name,
            source_sha256=None if draft.source is None else draft.source.sha256,
            changed_at=draft.changed_at,
            new_classes=list(seen.new_classes),
            ready=len(seen.ready),
            rows=[GridRowOut.of(row) for row in seen.rows],
        )


class RenewedOut(Out):
    """How many rows a draft has that was filled from last year, or how many were undone."""

    rows: int


class SlipsIn(RequestBody):
    """Whose slips are printed; those of all who wait when left out."""

    accounts: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None


class WaitingSlipOut(Out):
    """An account that nobody ever opened."""

    account: str
    person: str
    name: str
    username: str
    issued_at: datetime

    @classmethod
    def of(cls, slip: WaitingSlip) -> "WaitingSlipOut":
        """From the use case's."""
        return cls.model_validate(slip)


class WaitingSlipsOut(Out):
    """Accounts that nobody ever opened, by given name."""

    slips: list[WaitingSlipOut]


class SlipOut(Out):
    """What one person is handed: the code is shown once and counts from now."""

    account: str
    person: str
    name: str
    username: str
    activation_code: str
    activation_until: datetime

    @classmethod
    def of(cls, slip: ActivationSlip) -> "SlipOut":
        """From the use case's."""
        return cls(
            account=slip.account,
            person=slip.person,
            name=slip.name,
            username=slip.username,
            activation_code=slip.code,
            activation_until=slip.valid_until,
        )


class SlipsOut(Out):
    """Activation slips, by given name."""

    slips: list[SlipOut]

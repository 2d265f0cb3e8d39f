"""A draft of a unit's grid: begun, shown, mended row by row, undone. It gives nobody a right.

Rows are saved each on its own under the version that whoever saves has seen, so that two people at one grid never
overwrite each other unseen, and a session that ends costs nothing that was typed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain.drafting import (
    GridCells,
    GridDraft,
    GridRemedy,
    GridRow,
    check_not_made,
    check_reads_draft,
    check_room,
    check_version,
)
from access_service.domain.drafting_ground import GridRowState, RowMeaning
from access_service.domain.drafting_rules import understand_rows
from access_service.domain.errors import NotFoundError
from access_service.domain.names import UnitId
from access_service.domain.org import SchoolClass, SchoolYear
from access_service.domain.powers import powerless
from access_service.domain.vietnamese import name_key
from access_service.storage import drafts as stored
from access_service.usecases.drafts.grounds import grid_ground
from access_service.usecases.services import Caller, ReadView, Services, look

WORK = "a draft is work begun: nobody has a right by it"


@dataclass(frozen=True, slots=True)
class GridSeen:
    """A draft as its page shows it: what has to be mended first, then by given name."""

    draft: GridDraft
    rows: tuple[RowMeaning, ...]
    last_year: str | None
    people: int
    """How many people of the unit the register knows."""
    new_classes: tuple[str, ...]
    """Those of the draft that the register still lacks."""
    may_change: bool
    """Does whoever looks operate the unit's admin account?"""

    def count(self) -> Mapping[GridRowState, int]:
        """How many rows stand where."""
        counted = dict.fromkeys(GridRowState, 0)
        for row in self.rows:
            counted[row.state] += 1
        return counted

    @property
    def ready(self) -> tuple[RowMeaning, ...]:
        """The rows of which *Lập* would make papers."""
        return tuple(row for row in self.rows if row.is_ready)


def show_draft(services: Services, caller: Caller, unit: UnitId, school_year: str) -> GridSeen:
    """The unit's draft for a school year with what each row means today; an empty one where none was begun."""
    with look(services, caller) as seen:
        may_change = _check_reads(seen, unit)
        found = stored.draft_of(seen.reader.connection, caller.register, unit, school_year)
        rows = stored.rows_of(seen.reader.connection, caller.register, unit, school_year)
        draft = found or GridDraft(unit, school_year, 0)
        return see_grid(seen, draft, rows, may_change=may_change)


def see_grid(seen: ReadView, draft: GridDraft, rows: Sequence[GridRow], *, may_change: bool) -> GridSeen:
    """What the rows mean over the register as this view has it."""
    on = grid_ground(seen, draft)
    meant = understand_rows(on, draft, rows)
    known = {c.id.rpartition(":")[2] for c in on.classes.values()}
    return GridSeen(
        draft=draft,
        rows=tuple(
            sorted(meant, key=lambda m: (m.state is not GridRowState.TO_MEND, name_key(m.name), m.row.place))
        ),
        last_year=None if on.last_year is None else on.last_year.id,
        people=len(on.people),
        new_classes=tuple(code for code in draft.new_classes if code not in known),
        may_change=may_change,
    )


def _check_reads(seen: ReadView, unit: UnitId) -> bool:
    """The custodian and the head read; true where the caller may change it too."""
    seen.check_visible(unit)
    caller = seen.require_caller()
    custody = seen.custody_of(unit)
    check_reads_draft(seen.ground, caller, unit, custody)
    return caller.unit == unit and str(caller.kind) == "admin"


@dataclass(slots=True)
class Changing:
    """One change of a draft: what stands, under the lock, and how it is stored."""

    connection: stored.Held
    caller: Caller
    now: datetime
    draft: GridDraft
    rows: list[GridRow]
    has_classes: bool
    """Does the register have classes of the unit in that year?"""

    def row(self, id_: str) -> GridRow:
        """The row of that id."""
        found = next((row for row in self.rows if row.id == id_), None)
        if found is None:
            raise NotFoundError("row", id_)
        return found

    def put(self, *rows: GridRow) -> None:
        """Store rows, each over the version that stands."""
        for row in rows:
            marked = replace(row, changed_by=self.caller.account, changed_at=self.now)
            stands = stored.put_row(self.connection, self.caller.register, self.draft, marked)
            check_version(row.version if stands else row.version + 1, row.version, row=row.id)

    def put_draft(self, draft: GridDraft) -> None:
        """Store the draft over the version that stands."""
        stands = stored.put_draft(self.connection, self.caller.register, draft, self.now)
        check_version(draft.version if stands else draft.version + 1, draft.version)

    def drop(self, rows: Sequence[GridRow]) -> None:
        """Forget rows."""
        stored.drop_rows(self.connection, self.caller.register, self.draft, [row.id for row in rows])


@powerless(WORK)
@contextmanager
def changing(
    services: Services, caller: Caller, unit: UnitId, school_year: str, *, begins: bool = False
) -> Iterator[Changing]:
    """Change a draft as the unit's custodian; `begins` makes one where there is none."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        seen.reader.require(SchoolYear, school_year)
        now = seen.now
        has_classes = bool(seen.reader.find(SchoolClass, school=unit, school_year=school_year))
    with services.db.aside() as connection:
        stored.hold_drafts(connection)
        draft = stored.draft_of(connection, caller.register, unit, school_year)
        if draft is None and begins:
            stored.put_draft(connection, caller.register, GridDraft(unit, school_year, 0), now)
            draft = stored.draft_of(connection, caller.register, unit, school_year)
        if draft is None:
            raise NotFoundError("draft of unit", unit)
        rows = stored.rows_of(connection, caller.register, unit, school_year)
        yield Changing(connection, caller, now, draft, rows, has_classes)


@powerless(WORK)
def name_decision(
    services: Services, caller: Caller, unit: UnitId, school_year: str, *, decision_number: str, decision_date: date
) -> GridDraft:
    """The decision that assigns the duties of all rows (#57)."""
    with changing(services, caller, unit, school_year, begins=True) as change:
        change.put_draft(replace(change.draft, decision_number=decision_number, decision_date=decision_date))
    return _draft(services, caller, unit, school_year)


@powerless(WORK)
def add_row(services: Services, caller: Caller, unit: UnitId, school_year: str, cells: GridCells) -> GridRow:
    """One more person at the end of the grid."""
    id_ = services.new_id("row")
    with changing(services, caller, unit, school_year, begins=True) as change:
        check_room(len(change.rows) + 1)
        place = max((row.place for row in change.rows), default=0) + 1
        change.put(GridRow(id_, place, 0, cells.cut(), cells.cut()))
    return _row(services, caller, unit, school_year, id_)


@powerless(WORK)
def save_row(
    services: Services,
    caller: Caller,
    unit: UnitId,
    school_year: str,
    row: str,
    version: int,
    *,
    cells: GridCells | None = None,
    ticked: bool | None = None,
) -> GridRow:
    """Save what was typed into one row, or whether it is ticked; `stale_version` where somebody was faster."""

    def change(found: GridRow) -> GridRow:
        new = found.cells if cells is None else cells.cut()
        renamed = (new.name, new.code) != (found.cells.name, found.cells.code)
        chosen = None if renamed else found.person
        return replace(
            found,
            cells=new,
            person=chosen,
            is_new_person=found.is_new_person and not renamed,
            ticked=found.ticked if ticked is None else ticked,
            is_left_out=found.is_left_out and cells is None,
            refused=None,
        )

    return _change_row(services, caller, unit, school_year, row, version, change)


@powerless(WORK)
def undo_row(services: Services, caller: Caller, unit: UnitId, school_year: str, row: str, version: int) -> GridRow:
    """The row as it was read."""
    return _change_row(services, caller, unit, school_year, row, version, GridRow.undone)


def _change_row(
    services: Services,
    caller: Caller,
    unit: UnitId,
    school_year: str,
    id_: str,
    version: int,
    change: Callable[[GridRow], GridRow],
) -> GridRow:
    with changing(services, caller, unit, school_year) as held:
        found = held.row(id_)
        check_version(found.version, version, row=id_)
        check_not_made(found)
        new = change(found)
        if new != found:
            held.put(new)
    return _row(services, caller, unit, school_year, id_)


@powerless(WORK)
def undo_all(services: Services, caller: Caller, unit: UnitId, school_year: str) -> int:
    """Every row as it was read; how many had been changed. Rows that were added stay."""
    with changing(services, caller, unit, school_year) as change:
        touched = [row for row in change.rows if row.is_touched and not _is_made(row)]
        change.put(*(row.undone() for row in touched))
    return len(touched)


@powerless(WORK)
def mend_row(
    services: Services, caller: Caller, unit: UnitId, school_year: str, row: str, version: int, remedy: str
) -> tuple[GridRow, ...]:
    """Press a remedy of the row: the rows as they then stand. `not_found` once the row has no such fault."""
    shown = show_draft(services, caller, unit, school_year)
    found = _remedy(shown, row, remedy)
    before = {meant.row.id: meant.row for meant in shown.rows}
    with changing(services, caller, unit, school_year) as change:
        check_version(change.row(row).version, version, row=row)
        for new in found.rows:
            # What the remedy was computed from still stands.
            check_version(change.row(new.id).version, before[new.id].version, row=new.id)
            check_not_made(change.row(new.id))
        change.put(*(new for new in found.rows if new != change.row(new.id)))
        if found.new_class and found.new_class not in change.draft.new_classes:
            change.put_draft(replace(change.draft, new_classes=(*change.draft.new_classes, found.new_class)))
    return tuple(_row(services, caller, unit, school_year, new.id) for new in found.rows)


def _remedy(shown: GridSeen, row: str, key: str) -> GridRemedy:
    meant = next((meant for meant in shown.rows if meant.row.id == row), None)
    if meant is None:
        raise NotFoundError("row", row)
    found = next((r for fault in meant.faults for r in fault.remedies if r.key == key), None)
    if found is None:
        raise NotFoundError("remedy", key)
    return found


@powerless(WORK)
def drop_class(services: Services, caller: Caller, unit: UnitId, school_year: str, code: str) -> GridDraft:
    """A class that the sheet named is not made after all."""
    with changing(services, caller, unit, school_year) as change:
        left = tuple(known for known in change.draft.new_classes if known != code)
        if left == change.draft.new_classes:
            raise NotFoundError("class", code)
        change.put_draft(replace(change.draft, new_classes=left))
    return _draft(services, caller, unit, school_year)


def _is_made(row: GridRow) -> bool:
    return row.made is not None and row.made.document is not None


def _draft(services: Services, caller: Caller, unit: UnitId, school_year: str) -> GridDraft:
    with services.db.connect() as connection:
        found = stored.draft_of(connection, caller.register, unit, school_year)
    if found is None:
        raise NotFoundError("draft of unit", unit)
    return found


def _row(services: Services, caller: Caller, unit: UnitId, school_year: str, id_: str) -> GridRow:
    with services.db.connect() as connection:
        found = stored.row_of(connection, caller.register, unit, school_year, id_)
    if found is None:
        raise NotFoundError("row", id_)
    return found

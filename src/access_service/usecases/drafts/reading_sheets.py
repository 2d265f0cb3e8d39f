"""A school's own file read into its draft: columns recognised, asked for once, remembered; or last year's taken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from access_service.domain.drafting import (
    GridCells,
    GridDraft,
    GridRow,
    PendingSheets,
    ReadSheet,
    SheetSource,
    check_room,
)
from access_service.domain.drafting_ground import (
    GridGround,
    code_of,
    last_years,
    natural,
    roles_for,
    taught_in_words,
)
from access_service.domain.drafting_sheets import SheetEntry, rows_of_sheet
from access_service.domain.duties import HOMEROOM
from access_service.domain.errors import NotFoundError
from access_service.domain.headings import (
    SheetField,
    SheetMapping,
    check_mapping,
    find_decision,
    heading_key,
    recognise,
)
from access_service.domain.names import PersonId, UnitId
from access_service.domain.notation import grade_of, split_classes
from access_service.domain.numbering import follow_cited
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.domain.vietnamese import name_key
from access_service.domain.wording import subject_in_words
from access_service.storage import drafts as stored
from access_service.usecases.drafts.grounds import grid_ground
from access_service.usecases.drafts.keeping import WORK, Changing, GridSeen, changing, see_grid
from access_service.usecases.drafts.school_files import read_school_file, refuse_file
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class SheetRead:
    """What became of a file: its rows stand in the draft, or somebody says first what its columns are."""

    pending: PendingSheets
    mapping: SheetMapping | None
    """How it was read, or would be; None where no heading was found."""
    is_taken: bool
    rows: int = 0


@powerless(WORK)
def read_file(
    services: Services,
    caller: Caller,
    unit: UnitId,
    school_year: str,
    name: str,
    content: bytes,
    *,
    asks_again: bool = False,
) -> SheetRead:
    """Read a school's own workbook. A heading mapped before is read so at once, unless the caller `asks_again`."""
    with changing(services, caller, unit, school_year, begins=True):
        pass
    pending = read_school_file(name, content)
    found = [(sheet, mapping) for sheet in pending.sheets if (mapping := recognise(sheet.name, sheet.rows))]
    with changing(services, caller, unit, school_year, begins=True) as change:
        for sheet, mapping in found:
            known = _remembered(change, sheet, mapping)
            if known is not None and not asks_again:
                rows = _take(services, change, pending, sheet, known)
                return SheetRead(pending, known, is_taken=True, rows=rows)
        if not found and not any(sheet.rows for sheet in pending.sheets):
            refuse_file(Refusal.SHEET_NO_HEADING, "no sheet holds anything")
        change.put_draft(replace(change.draft, pending=pending))
    best = max(found, key=lambda pair: sum(f != SheetField.UNUSED for f in pair[1].fields), default=None)
    return SheetRead(pending, None if best is None else best[1], is_taken=False)


def _remembered(change: Changing, sheet: ReadSheet, mapping: SheetMapping) -> SheetMapping | None:
    key = heading_key(sheet.rows[mapping.heading])
    known = stored.mapping_of(change.connection, change.caller.register, change.draft.unit, key)
    return None if known is None else replace(known, sheet=sheet.name, heading=mapping.heading)


def pending_file(services: Services, caller: Caller, unit: UnitId, school_year: str) -> SheetRead:
    """The file that waits for its columns, with what was recognised."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        draft = stored.draft_of(seen.reader.connection, caller.register, unit, school_year)
    pending = _pending(draft, unit)
    found = [m for sheet in pending.sheets if (m := recognise(sheet.name, sheet.rows)) is not None]
    best = max(found, key=lambda m: sum(f != SheetField.UNUSED for f in m.fields), default=None)
    return SheetRead(pending, best, is_taken=False)


def _pending(draft: GridDraft | None, unit: UnitId) -> PendingSheets:
    if draft is None or draft.pending is None:
        raise NotFoundError("file of unit", unit)
    return draft.pending


@powerless(WORK)
def map_file(
    services: Services, caller: Caller, unit: UnitId, school_year: str, mapping: SheetMapping
) -> SheetRead:
    """Read the file that waits as this mapping says, and remember it for the unit and heading."""
    with changing(services, caller, unit, school_year) as change:
        pending = _pending(change.draft, unit)
        sheet = next((s for s in pending.sheets if s.name == mapping.sheet), None)
        if sheet is None:
            raise NotFoundError("sheet", mapping.sheet)
        check_mapping(mapping, sheet.rows)
        key = heading_key(sheet.rows[mapping.heading])
        stored.keep_mapping(change.connection, caller.register, unit, key, mapping, change.now)
        rows = _take(services, change, pending, sheet, mapping)
    return SheetRead(pending, mapping, is_taken=True, rows=rows)


def _take(
    services: Services, change: Changing, pending: PendingSheets, sheet: ReadSheet, mapping: SheetMapping
) -> int:
    """The rows of a sheet in place of those of the draft; what papers were made of stays."""
    entries, listed = rows_of_sheet(sheet, mapping)
    kept = [row for row in change.rows if row.made is not None]
    check_room(len(entries) + len(kept))
    change.drop([row for row in change.rows if row.made is None])
    change.put(
        *(
            GridRow(services.new_id("row"), place, 0, cells, cells, line=line, is_merged=is_merged)
            for place, (cells, line, is_merged) in enumerate(entries, 1 + max((r.place for r in kept), default=0))
        )
    )
    used = sum(field != SheetField.UNUSED for field in mapping.fields)
    source = SheetSource(pending.name, pending.sha256, len(entries), used)
    classes = _classes_named(change, listed, entries)
    number, day = change.draft.decision_number, change.draft.decision_date
    if not number:
        number, day = find_decision(sheet.rows, mapping.heading) or ("", None)
    change.put_draft(
        replace(
            change.draft,
            source=source,
            pending=None,
            mapping=mapping,
            new_classes=classes,
            decision_number=number,
            decision_date=day,
        )
    )
    return len(entries)


def _classes_named(change: Changing, listed: Sequence[str], entries: Sequence[SheetEntry]) -> tuple[str, ...]:
    """Classes that a list of classes names; what only a teacher's cell names is asked about, row by row.

    Where the register has no class of the year yet, those count that have somebody in charge.
    """
    led = [] if change.has_classes else [code for cells, _, _ in entries for code in split_classes(cells.homeroom)]
    return tuple(dict.fromkeys([*change.draft.new_classes, *listed, *led]))


# -- last year -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _LastYear:
    """What last year's duties come to: a row a person, and the classes that the new year lacks."""

    entries: tuple[tuple[PersonId, GridCells], ...]
    missing: tuple[str, ...]


def _last_year(seen: ReadView, draft: GridDraft) -> _LastYear:
    on = grid_ground(seen, draft)
    before: list[SchoolClass] = []
    if on.last_year is not None:
        before = seen.reader.find(SchoolClass, school=draft.unit, school_year=on.last_year.id)
    entries = [(person, cells) for person in on.people if (cells := _as_last_year(on, person)) is not None]
    known = {code_of(c) for c in on.classes.values()}
    missing = {code_of(c) for c in before if code_of(c) not in known and grade_of(code_of(c))}
    entries.sort(key=lambda pair: name_key(pair[1].name))
    return _LastYear(tuple(entries), tuple(sorted(missing, key=natural)))


def preview_renewal(services: Services, caller: Caller, unit: UnitId, school_year: str) -> GridSeen:
    """The grid as `renew_draft` would fill it; nothing is kept."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        empty = GridDraft(unit, school_year, 0)
        found = _last_year(seen, empty)
        rows = [
            GridRow(f"row-{place}", place, 0, cells, cells, person=person)
            for place, (person, cells) in enumerate(found.entries, 1)
        ]
        return see_grid(seen, replace(empty, new_classes=found.missing), rows, may_change=True)


def propose_decision(services: Services, caller: Caller, unit: UnitId) -> tuple[str, date]:
    """Number and day that the unit's next decision would have, as far as the register knows those before it."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        today = local(seen.now).date()
        cited = [(d.decision_number, d.decision_date) for d in seen.reader.find(Assignment, unit=unit)]
        return follow_cited(cited, today.year), today


@powerless(WORK)
def renew_draft(services: Services, caller: Caller, unit: UnitId, school_year: str) -> int:
    """Fill the grid from what was assigned at the end of last year; returns how many rows it has then."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        draft = stored.draft_of(seen.reader.connection, caller.register, unit, school_year)
        found = _last_year(seen, draft or GridDraft(unit, school_year, 0))
    with changing(services, caller, unit, school_year, begins=True) as change:
        kept = [row for row in change.rows if row.made is not None]
        check_room(len(found.entries) + len(kept))
        done = {row.made.person for row in kept if row.made is not None}
        first = 1 + max((row.place for row in kept), default=0)
        change.drop([row for row in change.rows if row.made is None])
        change.put(
            *(
                GridRow(services.new_id("row"), place, 0, cells, cells, person=person)
                for place, (person, cells) in enumerate(found.entries, first)
                if person not in done
            )
        )
        change.put_draft(replace(change.draft, source=None, pending=None, mapping=None, new_classes=found.missing))
    return len(found.entries)


def _as_last_year(on: GridGround, person: PersonId) -> GridCells | None:
    """A person's row in the school's own notation, from last year's duties."""
    duties = last_years(on, person)
    if not duties:
        return None
    homeroom = sorted(
        {_code(id_) for d in duties if d.position == HOMEROOM for id_, _ in d.classes or ()}, key=natural
    )
    taught = [pair for d in duties if d.position != HOMEROOM for pair in d.classes or ()]
    others = [_other_in_words(on, duty) for duty in duties if not duty.classes]
    return GridCells(on.people[person], "", ", ".join(homeroom), taught_in_words(taught), "; ".join(others)).cut()


def _code(class_id: str) -> str:
    return class_id.rpartition(":")[2]


def _other_in_words(on: GridGround, duty: Assignment) -> str:
    position = on.pack.positions.get(duty.position)
    if position is None:
        return duty.position
    account = on.accounts.get(duty.person)
    held = [] if account is None else [g.role for g in on.grants.get(account.id, ()) if g.assignment == duty.id]
    roles = roles_for(on.pack, duty.position, on.kind)
    if len(roles) > 1 and held:
        return on.pack.roles[held[-1]].vi if held[-1] in on.pack.roles else position.vi
    if duty.subjects:
        return f"{position.vi} {' - '.join(subject_in_words(s) for s in sorted(duty.subjects))}"
    return position.vi

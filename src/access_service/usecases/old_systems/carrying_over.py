"""What follows from an export once its rows are matched: ids recorded by one act, and rows for the unit's grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from access_service.domain.drafting import GridCells, GridRow, check_room
from access_service.domain.errors import RefusedError
from access_service.domain.external_ids import NATIONAL, ExternalId, ExternalKind, read_value
from access_service.domain.matching import RowMatch
from access_service.domain.names import PersonId, UnitId
from access_service.domain.notation import fold
from access_service.domain.old_rights import PaperState
from access_service.domain.old_rows import OldExport, join_rows
from access_service.domain.powers import powerless
from access_service.storage import old_exports as stored
from access_service.usecases.drafts.keeping import changing
from access_service.usecases.old_systems.naming_ids import OPENS_NOTHING, put_external_id
from access_service.usecases.old_systems.old_exports import (
    WORK,
    OldExportSeen,
    require_export,
    see_export,
    show_export,
)
from access_service.usecases.services import Caller, Services, act

_WANTING = (PaperState.MISSING, PaperState.WIDER)


@dataclass(frozen=True, slots=True)
class IdsTaken:
    """What recording the ids of an export did, or would do."""

    new: tuple[ExternalId, ...]
    known: int
    """Recorded before."""
    refused: tuple[tuple[int, str, str], ...]
    """Line of the file, system and code: an id that names somebody else, or that cannot be one."""


@powerless(OPENS_NOTHING)
def take_ids(services: Services, caller: Caller, unit: UnitId) -> IdsTaken:
    """Record account names and national ids of every row that is sure; ids of other rows are left alone.

    Ask it first by `services.rehearse`: it answers the same and changes nothing.
    """
    with act(services, caller, "old_export.take", unit) as doing:
        doing.as_custodian(unit)
        export = require_export(doing, unit)
        decisions = stored.decisions_of(doing.tx.connection, caller.register, unit)
        matches = see_export(doing, export, decisions).matches
        new: list[ExternalId] = []
        refused: list[tuple[int, str, str]] = []
        known = 0
        for match, system, value in _ids_of(export, matches):
            try:
                read = read_value(value)
                said, is_new = put_external_id(doing, unit, ExternalKind.PERSON, str(match.person), system, read)
            except RefusedError as error:
                refused.append((match.row.line, system, str(error.code)))
                continue
            known += not is_new
            new += [said] if is_new else []
        doing.tx.happened(
            "old_export.take",
            unit,
            unit=unit,
            system=export.system,
            file=export.sha256,
            new=len(new),
            known=known,
            refused=len(refused),
        )
        return IdsTaken(tuple(new), known, tuple(refused))


def _ids_of(export: OldExport, matches: Sequence[RowMatch]) -> Iterable[tuple[RowMatch, str, str]]:
    for match in matches:
        if match.person is not None:
            for system, value in ((export.system, match.row.account), (NATIONAL, match.row.national)):
                if value:
                    yield match, system, value


@dataclass(frozen=True, slots=True)
class RowsCarried:
    """How many rows went into the grid."""

    school_year: str
    added: int
    already: int
    """Whose row was there: what stands in the grid is never overwritten."""


@powerless(WORK)
def carry_into_grid(services: Services, caller: Caller, unit: UnitId, school_year: str) -> RowsCarried:
    """A row of the unit's grid for everybody whose rights in the old system lack paper; their head signs, or not.

    What the old system says goes in as it is written, so that words which nobody knows are mended in the grid and
    do not disappear. Rows that nobody has matched stay out.
    """
    wanting = _wanting(show_export(services, caller, unit))
    with changing(services, caller, unit, school_year, begins=True) as change:
        there = {row.person for row in change.rows if row.person} | {
            row.made.person for row in change.rows if row.made is not None
        }
        open_rows = [row for row in change.rows if row.person is None]
        named = {fold(row.cells.name) for row in open_rows if not row.is_new_person}
        new_names = {fold(row.cells.name) for row in open_rows}
        rows: list[GridRow] = []
        place = max((row.place for row in change.rows), default=0)
        for person, cells, line in wanting:
            if person in there or fold(cells.name) in (new_names if person is None else named):
                continue
            place += 1
            id_ = services.new_id("row")
            rows.append(
                GridRow(id_, place, 0, cells, cells, line=line, person=person, is_new_person=person is None)
            )
        check_room(len(change.rows) + len(rows))
        change.put(*rows)
    return RowsCarried(school_year, len(rows), len(wanting) - len(rows))


def _wanting(seen: OldExportSeen) -> list[tuple[PersonId | None, GridCells, int]]:
    """Whoever's rights lack paper, with everything that their accounts say."""
    lacks = {line.person for line in seen.lines if line.paper in _WANTING and line.person is not None}
    found: dict[str, tuple[PersonId | None, RowMatch]] = {}
    for match in seen.matches:
        row = match.row
        if row.is_closed or not (match.makes_person or match.person in lacks):
            continue
        if match.makes_person and not (row.homeroom or row.teaching or row.rights):
            continue
        key = str(match.person or f"new {match.key}")
        if key in found:
            _, first = found[key]
            match = _joined(first, match)  # noqa: PLW2901 several accounts of one person are one row
        found[key] = (match.person, match)
    return [
        (
            person,
            GridCells(
                seen.names[person] if person is not None else match.row.name,
                "",
                match.row.homeroom,
                match.row.teaching,
                match.row.rights,
            ).cut(),
            match.row.line,
        )
        for person, match in found.values()
    ]


def _joined(first: RowMatch, second: RowMatch) -> RowMatch:
    row = join_rows(first.row, second.row)
    return RowMatch(first.key, row, first.standing, first.reason, first.person)

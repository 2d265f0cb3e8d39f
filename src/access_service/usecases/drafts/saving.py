"""Many rows of a grid saved at once, as a page without scripts sends them: each over the version that it showed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from access_service.domain.drafting import GridCells, GridRow
from access_service.domain.drafting_ground import pick_year
from access_service.domain.names import UnitId
from access_service.domain.org import SchoolYear
from access_service.domain.powers import powerless
from access_service.usecases.drafts.keeping import WORK, changing
from access_service.usecases.services import Caller, Services, look


@dataclass(frozen=True, slots=True)
class TypedRow:
    """A row as it was sent back."""

    id: str
    version: int
    """That was shown."""
    cells: GridCells
    ticked: bool


@dataclass(frozen=True, slots=True)
class RowsSaved:
    """What became of the rows that were sent."""

    versions: Mapping[str, int]
    """Of every row that stands as it was sent."""
    stale: tuple[tuple[GridRow, GridCells], ...] = ()
    """Rows that somebody changed meanwhile, each with what was typed: nobody's is lost."""


@powerless(WORK)
def save_rows(
    services: Services, caller: Caller, unit: UnitId, school_year: str, rows: Sequence[TypedRow]
) -> RowsSaved:
    """Save what was typed into these rows. One that somebody changed meanwhile is left as it stands, and told."""
    versions: dict[str, int] = {}
    stale: list[tuple[GridRow, GridCells]] = []
    with changing(services, caller, unit, school_year) as change:
        known = {row.id: row for row in change.rows}
        for typed in rows:
            found = known.get(typed.id)
            if found is None or (found.made is not None and found.made.document is not None):
                continue
            new = _typed_into(found, typed)
            if new == found:
                versions[typed.id] = found.version
            elif found.version == typed.version:
                change.put(new)
                versions[typed.id] = found.version + 1
            else:
                stale.append((found, typed.cells.cut()))
    return RowsSaved(versions, tuple(stale))


def _typed_into(found: GridRow, typed: TypedRow) -> GridRow:
    new = typed.cells.cut()
    is_renamed = new.name != found.cells.name
    changed = new != found.cells
    return replace(
        found,
        cells=new,
        person=None if is_renamed else found.person,
        is_new_person=found.is_new_person and not is_renamed,
        ticked=typed.ticked,
        is_left_out=found.is_left_out and not changed,
        refused=None if changed else found.refused,
    )


@dataclass(frozen=True, slots=True)
class DraftYears:
    """The school years whose grids can be worked on."""

    years: tuple[str, ...]
    """The newest first."""
    chosen: str | None
    """The one that was asked for, else the one that work is on now; None where none is open."""


def list_draft_years(services: Services, caller: Caller, unit: UnitId, asked: str = "") -> DraftYears:
    """School years that are not closed; which one is meant where nobody says."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        open_ = [year for year in seen.reader.find(SchoolYear) if year.closes_at > seen.now]
        open_.sort(key=lambda year: year.starts_at, reverse=True)
        chosen = asked if any(year.id == asked for year in open_) else pick_year(open_, seen.now)
        return DraftYears(tuple(year.id for year in open_), chosen)

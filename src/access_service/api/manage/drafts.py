"""The grid of a unit: the school's own file read, rows mended, everything made by one job, slips printed."""

from typing import Annotated

from fastapi import Body, Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.drafts_bodies import (
    CellsIn,
    DecisionIn,
    GridDraftOut,
    MappingIn,
    RemedyIn,
    RenewedOut,
    RowChange,
    RowSeen,
    SavedRowOut,
    SavedRowsOut,
    SheetReadOut,
    SlipOut,
    SlipsIn,
    SlipsOut,
    WaitingSlipOut,
    WaitingSlipsOut,
)
from access_service.api.manage.jobs import TOO_MANY
from access_service.api.manage.jobs_bodies import JobOut
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import AccountId, UnitId
from access_service.usecases.drafts import keeping, propose_many, reading_sheets, slips

router = manage("drafts")


@router.get("/units/{id}/drafts/{year}")
def show_draft(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> GridDraftOut:  # noqa: A002
    """The unit's draft for a school year and what each row means today; for its custodian and its head."""
    return GridDraftOut.of(keeping.show_draft(services, caller, UnitId(id), year))


@router.put("/sheets/{id}/{year}")
def read_file(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    name: Annotated[
        str, Query(max_length=255, description="the file's name, by which it is read as a workbook or as CSV")
    ],
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> SheetReadOut:
    """The school's own workbook, `.xlsx` or `.csv`, at most 5 MB. A heading mapped before is read at once."""
    return SheetReadOut.of(reading_sheets.read_file(services, caller, UnitId(id), year, name, body))


@router.get("/sheets/{id}/{year}")
def pending_file(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> SheetReadOut:  # noqa: A002
    """The file that waits for its columns, with what was recognised."""
    return SheetReadOut.of(reading_sheets.pending_file(services, caller, UnitId(id), year))


@router.post("/units/{id}/drafts/{year}/mapping")
def map_file(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    body: MappingIn,
) -> SheetReadOut:
    """Read the file that waits as this says, and remember it for the unit and heading."""
    return SheetReadOut.of(reading_sheets.map_file(services, caller, UnitId(id), year, body.mapping()))


@router.post("/units/{id}/drafts/{year}/renew")
def renew_draft(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> RenewedOut:  # noqa: A002
    """Fill the draft from what was assigned at the end of last year."""
    return RenewedOut(rows=reading_sheets.renew_draft(services, caller, UnitId(id), year))


@router.post("/units/{id}/drafts/{year}/decision")
def name_decision(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    body: DecisionIn,
) -> GridDraftOut:
    """The decision that assigns the duties of all rows, which every paper cites."""
    unit = UnitId(id)
    keeping.name_decision(
        services, caller, unit, year, decision_number=body.decision_number, decision_date=body.decision_date
    )
    return GridDraftOut.of(keeping.show_draft(services, caller, unit, year))


@router.post("/units/{id}/drafts/{year}/rows", status_code=201)
def add_row(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    body: CellsIn,
) -> SavedRowOut:
    """One more person."""
    return SavedRowOut.of(keeping.add_row(services, caller, UnitId(id), year, body.cells()))


@router.post("/units/{id}/drafts/{year}/rows/{row}")
def save_row(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    row: PathId,
    body: RowChange,
) -> SavedRowOut:
    """Save a row over the version that was seen; 409 `stale_version` where somebody was faster."""
    cells = None if body.cells is None else body.cells.cells()
    return SavedRowOut.of(
        keeping.save_row(services, caller, UnitId(id), year, row, body.version, cells=cells, ticked=body.ticked)
    )


@router.post("/units/{id}/drafts/{year}/rows/{row}/undo")
def undo_row(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    row: PathId,
    body: RowSeen,
) -> SavedRowOut:
    """The row as it was read."""
    return SavedRowOut.of(keeping.undo_row(services, caller, UnitId(id), year, row, body.version))


@router.post("/units/{id}/drafts/{year}/rows/{row}/remedy")
def mend_row(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    row: PathId,
    body: RemedyIn,
) -> SavedRowsOut:
    """Press a remedy of the row's faults; it may change another row as well."""
    mended = keeping.mend_row(services, caller, UnitId(id), year, row, body.version, body.remedy)
    return SavedRowsOut(rows=[SavedRowOut.of(row) for row in mended])


@router.post("/units/{id}/drafts/{year}/undo")
def undo_all(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> RenewedOut:  # noqa: A002
    """Every row as it was read; how many had been changed."""
    return RenewedOut(rows=keeping.undo_all(services, caller, UnitId(id), year))


@router.delete("/units/{id}/drafts/{year}/classes/{code}")
def drop_class(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    code: PathId,
) -> GridDraftOut:
    """A class that the sheet named is not made after all."""
    keeping.drop_class(services, caller, UnitId(id), year, code)
    return GridDraftOut.of(keeping.show_draft(services, caller, UnitId(id), year))


@router.post("/units/{id}/drafts/{year}/jobs", status_code=202, responses=TOO_MANY)
def propose(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> JobOut:  # noqa: A002
    """Make persons, duties, accounts, classes and papers of every ticked row that has nothing to be mended."""
    return JobOut.of_job(propose_many.ask_propose_many(services, caller, UnitId(id), year))


@router.post("/units/{id}/drafts/{year}/rows/{row}/papers", status_code=201)
def propose_row(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: PathId,
    row: PathId,
) -> GridDraftOut:
    """The same of one row, at once; of a row that has its papers nothing more."""
    propose_many.propose_row(services, caller, UnitId(id), year, row)
    return GridDraftOut.of(keeping.show_draft(services, caller, UnitId(id), year))


@router.get("/units/{id}/activation-slips")
def waiting_slips(services: ServicesDep, caller: CallerDep, id: PathId) -> WaitingSlipsOut:  # noqa: A002
    """Accounts of the unit's own people that nobody ever opened."""
    found = slips.list_waiting_slips(services, caller, UnitId(id))
    return WaitingSlipsOut(slips=[WaitingSlipOut.of(slip) for slip in found])


@router.post("/units/{id}/activation-slips")
def draw_slips(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: SlipsIn,
) -> SlipsOut:
    """Draw first codes for them, on the day they are handed out: each is shown once, earlier ones are void."""
    accounts = None if body.accounts is None else [AccountId(a) for a in body.accounts]
    found = slips.draw_slips(services, caller, UnitId(id), accounts)
    return SlipsOut(slips=[SlipOut.of(slip) for slip in found])

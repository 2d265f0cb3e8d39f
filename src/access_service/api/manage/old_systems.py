"""Taking over what exists: ids of other systems, lists of their accounts, and rights that no paper gives."""

from typing import Annotated

from fastapi import Body, Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import TextLine
from access_service.api.manage.old_exports_bodies import (
    IdsTakenOut,
    OldDecisionsIn,
    OldExportOut,
    OldRightsOut,
    RowsCarriedOut,
)
from access_service.api.manage.old_systems_bodies import ExternalIdOut, ExternalIdsOut, NewExternalId
from access_service.api.manage.org_bodies import Because
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.external_ids import ExternalKind
from access_service.domain.names import UnitId
from access_service.usecases.old_systems import carrying_over, naming_ids, old_exports
from access_service.usecases.services import rehearse

router = manage("old systems")


@router.get("/external-ids")
def find_external(
    services: ServicesDep,
    caller: CallerDep,
    system: TextLine,
    value: TextLine,
    kind: Annotated[
        ExternalKind | None, Query(description="needed where the id names things of several kinds")
    ] = None,
) -> ExternalIdOut:
    """Who or what is meant by an id of another system. It finds; no decision is asked by it."""
    return ExternalIdOut.of(naming_ids.find_external(services, caller, system, value, kind))


@router.get("/units/{id}/external-ids")
def list_external_ids(services: ServicesDep, caller: CallerDep, id: PathId) -> ExternalIdsOut:  # noqa: A002
    """What the unit, its classes, people and accounts are called elsewhere now."""
    found = naming_ids.list_external_ids(services, caller, UnitId(id))
    return ExternalIdsOut(external_ids=[ExternalIdOut.of(f) for f in found])


@router.post("/units/{id}/external-ids", status_code=201)
def set_external_id(services: ServicesDep, caller: CallerDep, id: PathId, body: NewExternalId) -> ExternalIdOut:  # noqa: A002
    """Say what one of the unit's own is called in another system; its custodian does."""
    said = naming_ids.set_external_id(
        services,
        caller,
        UnitId(id),
        kind=body.kind,
        target=body.target,
        system=body.system,
        value=body.value,
    )
    return ExternalIdOut.of(said)


@router.post("/external-ids/{id}/end")
def end_external_id(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> ExternalIdOut:  # noqa: A002
    """It names its target no more; the unit that said so, or one above."""
    return ExternalIdOut.of(naming_ids.end_external_id(services, caller, id, reason=body.reason))


# -- lists of accounts


@router.put("/old-exports/{id}")
def read_export(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    system: TextLine,
    name: Annotated[
        str, Query(max_length=255, description="the file's name, by which it is read as a workbook or as CSV")
    ],
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> OldExportOut:
    """A list of an old system's accounts with their rights, `.xlsx` or `.csv`, at most 5 MB."""
    seen = old_exports.read_export(services, caller, UnitId(id), system=system, name=name, content=body)
    return OldExportOut.of(seen)


@router.get("/units/{id}/old-export")
def show_export(services: ServicesDep, caller: CallerDep, id: PathId) -> OldExportOut:  # noqa: A002
    """What was read last, matched as of now; for the unit's custodian and its head."""
    return OldExportOut.of(old_exports.show_export(services, caller, UnitId(id)))


@router.delete("/units/{id}/old-export", status_code=204)
def drop_export(services: ServicesDep, caller: CallerDep, id: PathId) -> None:  # noqa: A002
    """Forget the rows once they have served; what was decided of them stays."""
    old_exports.drop_export(services, caller, UnitId(id))


@router.post("/units/{id}/old-export/decisions")
def decide_rows(services: ServicesDep, caller: CallerDep, id: PathId, body: OldDecisionsIn) -> OldExportOut:  # noqa: A002
    """Say whom rows are about, all of them or none."""
    said = [one.said() for one in body.decisions]
    return OldExportOut.of(old_exports.decide_rows(services, caller, UnitId(id), said))


@router.get("/units/{id}/old-export/rights")
def show_old_rights(services: ServicesDep, caller: CallerDep, id: PathId) -> OldRightsOut:  # noqa: A002
    """Every right that the old system gives, beside paper; and paper that it does not know."""
    return OldRightsOut.of(old_exports.show_export(services, caller, UnitId(id)))


@router.post("/units/{id}/old-export/external-ids")
def take_ids(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: Annotated[bool, Query(description="Only tell what would be recorded.")] = False,
) -> IdsTakenOut:
    """Record account names and national ids of every row that is sure, by one act."""
    unit = UnitId(id)
    if dry_run:
        told = rehearse(services, lambda s: carrying_over.take_ids(s, caller, unit))
        return IdsTakenOut.of(told.answer, dry_run=True)
    return IdsTakenOut.of(carrying_over.take_ids(services, caller, unit), dry_run=False)


@router.post("/units/{id}/old-export/grid/{year}")
def carry_into_grid(services: ServicesDep, caller: CallerDep, id: PathId, year: PathId) -> RowsCarriedOut:  # noqa: A002
    """A row of the unit's grid for everybody whose rights lack paper; what stands there is never overwritten."""
    return RowsCarriedOut.of(carrying_over.carry_into_grid(services, caller, UnitId(id), year))

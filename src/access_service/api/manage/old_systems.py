"""Taking over what exists: ids of other systems, and who is meant by one."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import TextLine
from access_service.api.manage.old_systems_bodies import ExternalIdOut, ExternalIdsOut, NewExternalId
from access_service.api.manage.org_bodies import Because
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.external_ids import ExternalKind
from access_service.domain.names import UnitId
from access_service.usecases.old_systems import naming_ids

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

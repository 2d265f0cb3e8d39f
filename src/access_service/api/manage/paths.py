"""Who could come to read a unit's data, by which acts."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import Id
from access_service.api.manage.paths_bodies import PathsOut
from access_service.api.manage.routing import manage
from access_service.domain import words
from access_service.domain.names import UnitId
from access_service.usecases.evidence.paths import MOST_ACCOMPLICES, ask_paths_to

router = manage("paths")


@router.get("/units/{unit}/paths", summary="Who could come to read a unit's data, by which acts")
def paths(
    services: ServicesDep,
    caller: CallerDep,
    unit: Id,
    category: Annotated[Id, Query(description="category of data")],
    *,
    with_: Annotated[
        int, Query(alias="with", ge=0, le=MOST_ACCOMPLICES, description="how many others take part by a new paper")
    ] = 0,
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
) -> PathsOut:
    """For the leadership and admin account of the unit, and of those above; to others there is no such unit.

    Every question is an event of the log, `paths.read`: a map of weak points is itself sensitive.
    """
    instant = None if at is None else words.instant(at)
    return PathsOut.of(ask_paths_to(services, caller, UnitId(unit), category, accomplices=with_, at=instant))

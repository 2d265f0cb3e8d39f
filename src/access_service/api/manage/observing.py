"""Observing and cutting over: an enforcement point's answers are logged first, and enforced unit by unit."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.observing_bodies import (
    CutOverOut,
    NewObservations,
    ObservationsOut,
    ObservingOut,
    UnitsToCutOver,
)
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import ClientId, SoftwareId, UnitId
from access_service.usecases.evidence.observed_units import DAYS, report_observing, software_of_client
from access_service.usecases.services import rehearse
from access_service.usecases.third_party import cutting_over

router = manage("software")


@router.get("/software/{id}/observing")
def read_observing(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    days: Annotated[int, Query(ge=1, le=31, description="how many days, today the last")] = DAYS,
) -> ObservingOut:
    """Where clients of the software observe, and by unit how the old system's answers and ours differ."""
    return ObservingOut.of(report_observing(services, caller, SoftwareId(id), days=days))


@router.post("/clients/{id}/observe", status_code=201)
def begin_observing(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewObservations,
) -> ObservationsOut:
    """Log the client's answers at these units until then, and enforce none; the department's custodian."""
    units = frozenset(map(UnitId, body.units))
    return ObservationsOut.of(cutting_over.begin_observing(services, caller, ClientId(id), units, until=body.until))


@router.post("/clients/{id}/cut-over")
def cut_over(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: UnitsToCutOver,
    dry_run: Annotated[bool, Query(description="Only show what the last days would have been.")] = False,
) -> CutOverOut:
    """Enforce the client's answers at these units from now on; the department's custodian.

    With `dry_run` nothing happens: the answer shows what the last days would have been.
    """
    before = report_observing(services, caller, software_of_client(services, caller, ClientId(id)))
    if dry_run:
        told = rehearse(services, lambda s: cutting_over.cut_over(s, caller, ClientId(id), body.wanted()))
        return CutOverOut.of(told.answer, before, is_dry_run=True)
    ended = cutting_over.cut_over(services, caller, ClientId(id), body.wanted())
    return CutOverOut.of(ended, before, is_dry_run=False)

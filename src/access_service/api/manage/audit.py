"""The log, the register, and the packs in force."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.audit_bodies import EventOut, EventsOut, NewBinding, RegisterOut
from access_service.api.manage.bodies import Id
from access_service.api.manage.routing import manage
from access_service.domain.names import UnitId
from access_service.usecases import policy
from access_service.usecases.evidence import reading, reading_papers

MOST_EVENTS = 1000
LAST_SEQ = 1 << 53
"""Beyond it no JSON number is exact."""
router = manage("audit")


@router.get("/events")
def events(
    services: ServicesDep,
    caller: CallerDep,
    after: Annotated[int, Query(ge=0, le=LAST_SEQ)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
    target: Annotated[Id | None, Query()] = None,
    action: Annotated[Id | None, Query()] = None,
) -> EventsOut:
    """The log of the whole register, in order; for the department's custodian, head and inspectors."""
    found = reading_papers.read_events(services, caller, after=after, limit=limit, target=target, action=action)
    return EventsOut(
        events=[EventOut.of(e) for e in found], next_after=found[-1].seq if len(found) == limit else None
    )


@router.get("/register")
def register(services: ServicesDep, caller: CallerDep) -> RegisterOut:
    """The register, its newest revision, and the packs bound to the units the caller sees."""
    return RegisterOut.of(reading.read_register(services, caller))


@router.post("/pack-bindings", status_code=201)
def bind_pack(services: ServicesDep, caller: CallerDep, body: NewBinding) -> None:
    """Refused with `operator_only`: the pack of every unit is bound at the command line, by a decision."""
    policy.bind_pack(services, caller, unit=UnitId(body.unit))

"""What waits for a second person: who signs, where units stand, packs, school years."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.waiting_bodies import WaitingActOut, WaitingActsOut
from access_service.usecases.second_person import confirming

router = manage("waiting")


@router.get("/waiting-acts")
def waiting_acts(
    services: ServicesDep, caller: CallerDep, ended: Annotated[bool, Query(strict=False)] = False
) -> WaitingActsOut:
    """What waits for the leadership of the caller's office; with `ended` what was confirmed or declined, too."""
    found = confirming.waiting_acts(services, caller, include_ended=ended)
    return WaitingActsOut(waiting_acts=[WaitingActOut.of(a) for a in found])


@router.post("/waiting-acts/{id}/confirm")
def confirm(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> WaitingActOut | RehearsedOut:
    """One of the office's leadership, not who prepared it, confirms it in a personal session; then it is done."""
    return done_or_told(services, dry_run, lambda s: confirming.confirm(s, caller, id), WaitingActOut.of)


@router.post("/waiting-acts/{id}/decline")
def decline(services: ServicesDep, caller: CallerDep, id: PathId) -> WaitingActOut:  # noqa: A002
    """One of the office's leadership declines it, or who prepared it takes it back."""
    return WaitingActOut.of(confirming.decline(services, caller, id))

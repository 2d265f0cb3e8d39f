"""What waits for the caller, how far units have come, and reminding them."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, LeavingCallerDep, ServicesDep
from access_service.api.manage.bodies import TextLine
from access_service.api.manage.lists import StartLine
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.tasks_bodies import NewReminder, ProgressOut, RemindedOut, TasksOut, UnitsBelowOut
from access_service.domain.names import EducationLevel, UnitId
from access_service.usecases.tasks import units_below as below
from access_service.usecases.tasks.units_below import Showing
from access_service.usecases.tasks.waiting_for import tasks_of

router = manage("tasks")


@router.get("/tasks")
def tasks(services: ServicesDep, caller: LeavingCallerDep) -> TasksOut:
    """What waits for whoever asks, under all of their accounts, in the order of a home page."""
    return TasksOut.of(tasks_of(services, caller))


@router.get("/units/{id}/progress")
def progress(services: ServicesDep, caller: CallerDep, id: PathId) -> ProgressOut:  # noqa: A002
    """How far a unit has come with handing its people their rights; for those who act for it or inspect it."""
    return ProgressOut.model_validate(below.progress_of(services, caller, UnitId(id)))


@router.get("/units/{id}/units-below")
def units_below(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    q: Annotated[TextLine | None, Query(description="words of a name, or a code")] = None,
    show: Annotated[Showing, Query(description="which of them")] = Showing.ALL,
    level: Annotated[EducationLevel | None, Query(description="those that teach at this level")] = None,
    start: StartLine = 0,
) -> UnitsBelowOut:
    """Every unit below, the worst first, fifty a page; sums are over all that was found."""
    return UnitsBelowOut.of(
        below.units_below(services, caller, UnitId(id), query=q or "", showing=show, level=level, start=start)
    )


@router.post("/reminders", status_code=201)
def remind(services: ServicesDep, caller: CallerDep, body: NewReminder) -> RemindedOut:
    """Remind units below: a task on the pages of each, and an event in each one's log; all of them or none."""
    units = [UnitId(unit) for unit in body.units]
    return RemindedOut.of(below.remind(services, caller, units, body.about or ""))

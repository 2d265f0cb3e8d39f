"""The log, the register, and the packs in force."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import IO, Annotated

from fastapi import Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.audit_bodies import EventOut, EventsOut, NewBinding, RegisterOut
from access_service.api.manage.bodies import Id
from access_service.api.manage.routing import manage
from access_service.domain import words
from access_service.domain.names import UnitId
from access_service.rendering.event_lines import write_log_file
from access_service.usecases import policy
from access_service.usecases.evidence import log_reading, reading
from access_service.usecases.evidence.log_reading import LogQuestion

MOST_EVENTS = 1000
LAST_SEQ = 1 << 53
"""Beyond it no JSON number is exact."""
CSV = "text/csv; charset=utf-8"
EXAMPLE = "Số thứ tự,Thời điểm,Tài khoản,Người thực hiện,Việc,…\r\n1,20/08/2026 08:00:00,operator,,register.init,…"
PART = 1 << 16
"""Bytes that are sent at once."""
router = manage("audit")
_exports = ThreadPoolExecutor(1, "log-exports")
"""Never in the threads that decisions wait for."""


def _day(text: str | None) -> date | None:
    return None if text is None else words.day(text)


def _question(
    first: Annotated[
        str | None, Query(alias="from", description="first day, yyyy-mm-dd or dd/mm/yyyy, in Vietnam")
    ] = None,
    last: Annotated[str | None, Query(alias="to", description="last day, itself within")] = None,
    actor: Annotated[Id | None, Query(description="who acted: an account, or the person behind it")] = None,
    unit: Annotated[Id | None, Query(description="whose dossier the events belong to")] = None,
    target: Annotated[Id | None, Query()] = None,
    action: Annotated[Id | None, Query()] = None,
) -> LogQuestion:
    return LogQuestion(_day(first), _day(last), actor, None if unit is None else UnitId(unit), target, action)


QuestionDep = Annotated[LogQuestion, Depends(_question)]


@router.get("/events")
def events(
    services: ServicesDep,
    caller: CallerDep,
    question: QuestionDep,
    after: Annotated[int, Query(ge=0, le=LAST_SEQ)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
) -> EventsOut:
    """The log of the whole register, in order; for the department's custodian, head and inspectors."""
    found = log_reading.read_events(services, caller, question, after=after, limit=limit)
    return EventsOut(
        events=[EventOut.of(e) for e in found], next_after=found[-1].seq if len(found) == limit else None
    )


@router.get(
    "/events/export",
    summary="The same as a CSV file",
    response_class=StreamingResponse,
    responses={200: {"description": "The events.", "content": {"text/csv": {"example": EXAMPLE}}}},
)
async def export(services: ServicesDep, caller: CallerDep, question: QuestionDep) -> StreamingResponse:
    """For the same readers; leaves the event `log.export` with the file's SHA-256 before the first byte leaves."""
    file = await asyncio.get_running_loop().run_in_executor(_exports, write_log_file, services, caller, question)
    size = file.seek(0, 2)
    file.seek(0)
    headers = {"Content-Length": str(size), "Content-Disposition": "attachment; filename*=UTF-8''nhat-ky.csv"}
    return StreamingResponse(_parts(file), media_type=CSV, headers=headers)


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while part := await run_in_threadpool(file.read, PART):
            yield part
    finally:
        file.close()


@router.get("/register")
def register(services: ServicesDep, caller: CallerDep) -> RegisterOut:
    """The register, its newest revision, and the packs bound to the units the caller sees."""
    return RegisterOut.of(reading.read_register(services, caller))


@router.post("/pack-bindings", status_code=201)
def bind_pack(services: ServicesDep, caller: CallerDep, body: NewBinding) -> None:
    """Refused with `operator_only`: the pack of every unit is bound at the command line, by a decision."""
    policy.bind_pack(services, caller, unit=UnitId(body.unit))

"""Long work: asked for, looked at, cancelled, its result fetched."""

from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

from starlette.responses import StreamingResponse

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.http.errors import PROBLEM_JSON, Problem
from access_service.api.http.openapi import reference
from access_service.api.manage.jobs_bodies import DossierJobIn, JobOut, JobsOut, MatrixJobIn
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import UnitId
from access_service.rendering.dossier_jobs import DOSSIER
from access_service.rendering.job_exports import KINDS, MATRIX
from access_service.usecases.jobs import asking

router = manage("jobs")
PART = 1 << 16
TOO_MANY: dict[int | str, dict[str, Any]] = {
    429: {
        "description": "Three of the account's jobs wait or run already.",
        "content": {PROBLEM_JSON: {"schema": reference(Problem)}},
    }
}


@router.post("/units/{id}/matrix-jobs", status_code=202, responses=TOO_MANY)
def matrix_job(services: ServicesDep, caller: CallerDep, id: PathId, body: MatrixJobIn) -> JobOut:  # noqa: A002
    """The matrix of a unit, written in the background: for a province, which takes longer than a request may."""
    asked = body.to_export(services.db.now()).parameters()
    return JobOut.of_job(asking.ask_job(services, caller, MATRIX, UnitId(id), asked))


@router.post("/units/{id}/dossier-jobs", status_code=202, responses=TOO_MANY)
def dossier_job(services: ServicesDep, caller: CallerDep, id: PathId, body: DossierJobIn) -> JobOut:  # noqa: A002
    """The dossier of a unit as a ZIP that proves itself, for its leadership, units above it and its inspectors."""
    asked = body.to_request(UnitId(id))
    return JobOut.of_job(asking.ask_job(services, caller, DOSSIER, UnitId(id), asked.parameters()))


@router.get("/jobs")
def jobs(services: ServicesDep, caller: CallerDep) -> JobsOut:
    """The caller's own jobs of the last seven days, the newest first."""
    return JobsOut(jobs=[JobOut.of_job(job) for job in asking.list_jobs(services, caller)])


@router.get("/jobs/{id}")
def job(services: ServicesDep, caller: CallerDep, id: PathId) -> JobOut:  # noqa: A002
    """One job: how far it is, or what became of it. To others there is no such job."""
    return JobOut.of_job(asking.show_job(services, caller, id))


@router.delete("/jobs/{id}")
def cancel(services: ServicesDep, caller: CallerDep, id: PathId) -> JobOut:  # noqa: A002
    """Stop a job that waits or runs; one that is over stays as it is."""
    return JobOut.of_job(asking.cancel_job(services, caller, id))


@router.get(
    "/jobs/{id}/result",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file.",
            "content": {"application/octet-stream": {"example": "Mã đơn vị,Tên đơn vị,…"}},
        }
    },
)
def result(services: ServicesDep, caller: CallerDep, id: PathId) -> StreamingResponse:  # noqa: A002
    """The file of a job that is done, for whoever asked for it and may still have it."""
    output, file = asking.open_result(services, caller, KINDS, id)
    headers = {
        "Content-Length": str(output.size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(output.name, safe='')}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_parts(file), media_type=output.media_type, headers=headers)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part

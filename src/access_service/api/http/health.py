"""Is the process alive, can it decide, and what has it done."""

from contextlib import suppress

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from access_service.api.http.edge import edge_of
from access_service.api.http.openapi import READ_PROBLEMS
from access_service.domain.errors import UnavailableError

router = APIRouter(tags=["health"])
METRICS_EXAMPLE = 'access_decisions_total{decision="allow",reason=""} 128.0\n'


@router.get("/healthz", summary="Is the process alive?", response_class=JSONResponse)
async def healthz() -> dict[str, str]:
    """200 as long as the process answers at all; it says nothing of the database."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can it decide?", response_class=JSONResponse, responses={503: READ_PROBLEMS[503]})
async def readyz(request: Request) -> dict[str, str | int]:
    """200 when a question would be answered: the register can be read and has been seen lately.

    503 otherwise, and from the first SIGTERM on. `degraded` where a log does not go on from what was signed of it:
    decisions go on, and somebody should look (docs/watch.md). `observed_units`, where there are any: there some
    enforcement point logs its answers and does not enforce them.
    """
    edge = edge_of(request)
    edge.check_goes_on()
    found: dict[str, int] = {}

    def check() -> None:
        edge.pdp.check_ready()
        if edge.observed_units is not None and (units := edge.observed_units()):
            found["observed_units"] = units

    await edge.readiness.ask(check)
    state = {"status": "degraded", "because": "log_forked"} if edge.has_forked_log() else {"status": "ready"}
    return {**state, **found}


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"description": "The text format.", "content": {"text/plain": {"example": METRICS_EXAMPLE}}}},
)
async def metrics(request: Request) -> Response:
    """Requests by route and status, decisions by outcome and reason, times; of every process of this service."""
    edge = edge_of(request)
    counted = edge.metrics if edge.shared is None else await run_in_threadpool(edge.shared.summed)
    if edge.open_jobs is not None:
        # What is counted is told whether the database answers or not.
        with suppress(UnavailableError):
            counted.open_jobs = await run_in_threadpool(edge.open_jobs)
    if edge.observed_units is not None:
        with suppress(UnavailableError):
            counted.observed_units = await run_in_threadpool(edge.observed_units)
    return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)

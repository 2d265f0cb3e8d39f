"""The access matrix of a unit, as JSON, CSV or XLSX.

It is written to a temporary file first: the transaction is over before the first byte leaves, however slow the
caller reads, and a refusal is still a problem document.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Annotated, Literal
from urllib.parse import quote

from fastapi import Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, StreamingResponse

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import Id
from access_service.api.manage.matrix_schema import matrix_schema, page_schema
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain import words
from access_service.domain.names import AccountKind, ClassId, UnitId
from access_service.domain.time import local
from access_service.live.revisions import parse_revision, revision_text
from access_service.rendering.matrix_files import WRITERS, row_json
from access_service.usecases.evidence.matrix import file_sha256, open_matrix, record_matrix
from access_service.usecases.evidence.matrix_paging import show_matrix_page
from access_service.usecases.evidence.matrix_questions import MatrixOrder, PageQuestion
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixHead, MatrixShape
from access_service.usecases.evidence.who import read_known_at

router = manage("matrix")

IN_MEMORY = 1 << 20
"""Bytes of a matrix kept in memory; a larger one goes to a temporary file."""
PART = 1 << 16
_exports = ThreadPoolExecutor(2, "matrix")
"""A province takes many seconds to write: never in the threads that decisions wait for."""


@router.get(
    "/units/{unit}/matrix",
    summary="Who may do what in a unit and below it, at any instant and revision",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The matrix.",
            "content": {
                media_type.partition(";")[0]: {"schema": matrix_schema()} if form == "json" else {}
                for form, (_, media_type) in WRITERS.items()
            },
        }
    },
)
async def matrix(
    services: ServicesDep,
    caller: CallerDep,
    unit: PathId,
    *,
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
    known_at: Annotated[str | None, Query(description="a revision: what was known then")] = None,
    format: Literal["json", "csv", "xlsx", "pdf"] = "json",  # noqa: A002 the name on the wire
    all: Annotated[bool, Query(description="grants that have ended too")] = False,  # noqa: A002 the name on the wire
    by: Annotated[
        MatrixShape | None, Query(description="what a row is about; a workbook of few units has all when left out")
    ] = None,
    diff: Annotated[
        str | None, Query(description="another instant: what changed between the two, sums on top")
    ] = None,
    role: Annotated[str | None, Query(description="rows of this role alone")] = None,
    category: Annotated[str | None, Query(description="rows with a right to this category of data")] = None,
    sensitive: Annotated[bool | None, Query(description="rows with a right to sensitive data, or to none")] = None,
    state: Annotated[str | None, Query(description="state of the right or of its account, or `vacant`")] = None,
    kind: Annotated[AccountKind | None, Query(description="kind of account")] = None,
    unit_kind: Annotated[str | None, Query(description="kind of the holder's unit")] = None,
    person: Annotated[str | None, Query(description="id, username, or a part of the name")] = None,
    action: Annotated[str | None, Query(description="rows with a right to do this")] = None,
    class_: Annotated[Id | None, Query(alias="class", description="rows that reach this class")] = None,
) -> StreamingResponse:
    """For the unit's leadership, units above it, and inspections of it; to others there is no such unit."""
    instant = None if at is None else words.instant(at)
    other = None if diff is None else words.instant(diff)
    revision = None if known_at is None else parse_revision(known_at)
    write, media_type = WRITERS[format]
    class_id = None if class_ is None else ClassId(class_)
    filters = MatrixFilters(role, category, sensitive, state, kind, unit_kind, person, action, class_id)

    def work() -> tuple[MatrixHead, IO[bytes]]:
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 closed when it has been sent
        try:
            with open_matrix(
                services,
                caller,
                UnitId(unit),
                at=instant,
                known_at=revision,
                include_ended=all,
                filters=filters,
                diff=other,
            ) as found:
                rows = write(found, file, by)
            digest = file_sha256(file)
            record_matrix(services.db, found.head, caller.account, form=format, rows=rows, sha256=digest, by=by)
        except BaseException:
            file.close()
            raise
        return found.head, file

    head, file = await asyncio.get_running_loop().run_in_executor(_exports, work)
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    headers = {"Content-Length": str(size), "X-Access-Revision": revision_text(head.revision)}
    if format != "json":
        name = quote(f"ma-tran-{unit}-{local(head.at):%Y%m%d-%H%M}.{format}", safe="")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return StreamingResponse(_parts(file), media_type=media_type, headers=headers)


@router.get(
    "/units/{unit}/matrix/page",
    summary="Fifty lines of the matrix of however many there are, with exact totals",
    response_class=JSONResponse,
    responses={200: {"description": "The page.", "content": {"application/json": {"schema": page_schema()}}}},
)
def matrix_page(
    services: ServicesDep,
    caller: CallerDep,
    unit: PathId,
    *,
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
    known_at: Annotated[
        str | None, Query(description="a revision, or `then`: what was known at the instant")
    ] = None,
    diff: Annotated[str | None, Query(description="another instant, compared line by line")] = None,
    all: Annotated[bool, Query(description="lines that have ended too")] = False,  # noqa: A002 the name on the wire
    category: Annotated[str | None, Query(description="lines with a right to this category of data")] = None,
    action: Annotated[str | None, Query(description="lines with a right to do this")] = None,
    sensitive: Annotated[bool | None, Query(description="lines with a right to sensitive data, or to none")] = None,
    role: Annotated[str | None, Query(description="lines of this role alone")] = None,
    class_: Annotated[Id | None, Query(alias="class", description="lines that reach this class")] = None,
    person: Annotated[str | None, Query(description="id, username, or a part of the name")] = None,
    kind: Annotated[AccountKind | None, Query(description="kind of account")] = None,
    unit_kind: Annotated[str | None, Query(description="kind of the holder's unit")] = None,
    state: Annotated[
        str | None, Query(description="state of the right or of its account; of at most 30 units")
    ] = None,
    order: Annotated[MatrixOrder, Query(description="in which order")] = MatrixOrder.UNIT,
    page: Annotated[int, Query(description="number of the page, from 1")] = 1,
) -> JSONResponse:
    """For the unit's leadership, units above it, and inspections of it; the log counts who looked.

    A line is there while its own words and its duty's hold; one that something above it has ended says so.
    """
    question = PageQuestion(
        category=category,
        action=action,
        sensitive=sensitive,
        role=role,
        class_id=None if class_ is None else ClassId(class_),
        person=person,
        kind=kind,
        unit_kind=unit_kind,
        state=state,
        include_ended=all,
        order=order,
        page=page,
        diff=None if diff is None else words.instant(diff),
    )
    instant, known = None if at is None else words.instant(at), read_known_at(known_at)
    found = show_matrix_page(services, caller, UnitId(unit), question, at=instant, known_at=known)
    revision = revision_text(found.head.revision)
    body = {
        "unit": unit,
        "at": local(found.head.at).isoformat(),
        "revision": revision,
        **{name: getattr(found, name) for name in ("total", "people", "added", "gone", "pages")},
        "page": page,
        "rows": [row_json(line.row) | {"change": str(line.change)} for line in found.lines],
    }
    return JSONResponse(body, headers={"X-Access-Revision": revision, "Cache-Control": "no-store"})


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while part := await run_in_threadpool(file.read, PART):
            yield part
    finally:
        file.close()

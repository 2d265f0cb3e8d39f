"""Pages of a unit's dossier for the team that inspects it, from the first day of the decision to its last."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import Out
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import DocumentId, UnitId
from access_service.rendering.dossier_sheets import SHEETS, make_sheet
from access_service.rendering.matrix_files import WRITERS
from access_service.usecases.dossiers import online_pages

router = manage("documents")
MATRICES = {path: (about, WRITERS[form][1]) for path, (about, form, *_) in SHEETS.items()}
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_pages = ThreadPoolExecutor(2, "inspected")
"""Matrices and pages of paper are made here, never in the threads that decisions wait for."""
PagePath = Annotated[str, Query(max_length=200, description="where the page stands, as the list says it")]


class DossierPageOut(Out):
    """One page of a dossier."""

    path: str
    """Where it stands, as in the ZIP."""
    about: str
    """What it is, in Vietnamese."""
    media_type: str
    """How it is written."""


class DossierPagesOut(Out):
    """The pages of a unit's dossier that a decision to inspect opens."""

    unit: str
    """The unit inspected."""
    inspection: str
    """The decision."""
    first: date
    """The first day of what it opens: that of the period which the decision names."""
    last: date
    """Today."""
    pages: list[DossierPageOut]
    """In the order of the ZIP's folders."""


@router.get("/inspections/{document}/units/{unit}/dossier")
def list_dossier_pages(services: ServicesDep, caller: CallerDep, document: PathId, unit: PathId) -> DossierPagesOut:
    """For the team, from the first day of the decision to its last; to everybody else there is none."""
    shown = online_pages.list_pages(services, caller, DocumentId(document), UnitId(unit), MATRICES)
    return DossierPagesOut.model_validate(shown)


@router.get(
    "/inspections/{document}/units/{unit}/dossier/page",
    response_class=Response,
    responses={
        200: {
            "description": "The page.",
            "content": {"application/octet-stream": {"schema": {"type": "string"}, "example": '{"units":[…]}'}},
        }
    },
)
async def show_dossier_page(
    services: ServicesDep, caller: CallerDep, document: PathId, unit: PathId, path: PagePath
) -> Response:
    """As it stands now; a signed paper is the file that was kept. Each page is the event `dossier.page`."""
    file = await asyncio.get_running_loop().run_in_executor(
        _pages,
        online_pages.read_page,
        services,
        caller,
        DocumentId(document),
        UnitId(unit),
        path,
        MATRICES,
        make_sheet,
    )
    name = quote(path.rpartition("/")[2], safe="")
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(file.data, media_type=file.media_type, headers=headers)

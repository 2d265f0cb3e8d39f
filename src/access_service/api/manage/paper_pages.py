"""Papers as pages: what a signer reads, as HTML, and the file as PDF."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import HTMLResponse, Response

from access_service.api.http.deps import LeavingCallerDep, ServicesDep
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import DocumentId
from access_service.evidence.html import STYLE_POLICY
from access_service.usecases import forms_given_out, paper_pages

router = manage("documents")

TEXT = {"type": "string"}
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_pages = ThreadPoolExecutor(2, "pages")
"""Setting a page takes tens of milliseconds of a core: never in the threads that decisions wait for."""

Version = Annotated[int | None, Query(ge=1, le=999_999, description="an earlier version; the newest when left out")]


@router.get(
    "/documents/{id}/paper.html",
    summary="The document as a page that a person reads before signing",
    response_class=HTMLResponse,
    responses={
        200: {"description": "The page.", "content": {"text/html": {"schema": TEXT, "example": "<!doctype html>…"}}}
    },
)
async def show_paper_page(
    services: ServicesDep,
    caller: LeavingCallerDep,
    id: PathId,  # noqa: A002
    version: Version = None,
) -> HTMLResponse:
    """The words that are signed, in the format of Decree 30; that they were shown is written down."""
    page = await asyncio.get_running_loop().run_in_executor(
        _pages, paper_pages.show_html, services, caller, DocumentId(id), version
    )
    policy = f"default-src 'none'; style-src {STYLE_POLICY}; base-uri 'none'; frame-ancestors 'self'"
    return HTMLResponse(page, headers={**HEADERS, "Content-Security-Policy": policy})


@router.get(
    "/documents/{id}/paper.pdf",
    summary="The document as a file: PDF/A-3, what was signed inside",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/pdf": {"schema": TEXT, "example": "%PDF-1.7…"}}}
    },
)
async def show_paper_file(
    services: ServicesDep,
    caller: LeavingCallerDep,
    id: PathId,  # noqa: A002
    version: Version = None,
) -> Response:
    """A draft says so across the page; a signed document is the same file for everybody."""
    data = await asyncio.get_running_loop().run_in_executor(
        _pages, paper_pages.show_pdf, services, caller, DocumentId(id), version
    )
    name = quote(f"{id}.pdf", safe="")
    headers = {**HEADERS, "Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    return Response(data, media_type=paper_pages.PDF, headers=headers)


@router.get(
    "/documents/{id}/form.pdf",
    summary="The document as a form to be signed elsewhere, in ink or with a certificate",
    response_class=Response,
    responses={
        200: {"description": "The form.", "content": {"application/pdf": {"schema": TEXT, "example": "%PDF-1.7…"}}}
    },
)
async def show_form(
    services: ServicesDep,
    caller: LeavingCallerDep,
    id: PathId,  # noqa: A002
) -> Response:
    """While it waits for signatures; the event `document.form` names the hash of the file."""
    data = await asyncio.get_running_loop().run_in_executor(
        _pages, forms_given_out.show_form, services, caller, DocumentId(id)
    )
    name = quote(f"{id}-form.pdf", safe="")
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, media_type=paper_pages.PDF, headers=headers)

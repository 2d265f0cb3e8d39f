"""Certificates of people and units; papers that come back signed from another program."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.parse import quote

from fastapi import Body, Query
from starlette.responses import Response

from access_service.api.http.deps import CallerDep, LeavingCallerDep, ServicesDep
from access_service.api.manage.org_bodies import Because
from access_service.api.manage.paper_pages import HEADERS, TEXT
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.signed_files_bodies import (
    AskedForKeyOut,
    CertificateOut,
    CertificatesOut,
    FileTakenOut,
    NewKeyPage,
)
from access_service.domain.names import DocumentId, UnitId
from access_service.usecases import signed_elsewhere
from access_service.usecases.handover import certificates
from access_service.usecases.paper_pages import PDF

router = manage("documents")

FILE_BYTES = 20 << 20
"""Largest file that comes back."""
FILES = {"/signed-pdf": FILE_BYTES, "/signed": FILE_BYTES}
"""Addresses that end so take a file."""
_files = ThreadPoolExecutor(2, "signed-files")
"""Who brings a file waits for a process that looks at it: never in the threads that decisions wait for."""
Pdf = Annotated[bytes, Body(media_type=PDF)]


@router.get("/certificates")
def list_certificates(services: ServicesDep, caller: CallerDep) -> CertificatesOut:
    """The caller's own certificates; in an admin account those of the unit."""
    found = certificates.list_certificates(services, caller)
    return CertificatesOut(certificates=[CertificateOut.model_validate(one) for one in found])


@router.post("/certificate-pages", status_code=201)
def ask_for_key(services: ServicesDep, caller: CallerDep, body: NewKeyPage) -> AskedForKeyOut:
    """Prepare the page that a certificate's key signs, for this session and a day."""
    asked = certificates.ask_for_key(
        services,
        caller,
        body.password,
        code=body.totp,
        unit=None if body.unit is None else UnitId(body.unit),
        basis=body.basis,
    )
    return AskedForKeyOut.model_validate(asked)


@router.get(
    "/certificate-pages/{id}",
    summary="The page to be signed",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/pdf": {"schema": TEXT, "example": "%PDF-1.7…"}}}
    },
)
async def show_key_page(services: ServicesDep, caller: CallerDep, id: PathId) -> Response:  # noqa: A002
    """The same bytes each time; sign them with the certificate, in any program that adds its signature behind."""
    data = await asyncio.get_running_loop().run_in_executor(
        _files, certificates.show_key_page, services, caller, id
    )
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(id, safe='')}.pdf"}
    return Response(data, media_type=PDF, headers=headers)


@router.post("/certificate-pages/{id}/signed", status_code=201)
async def register_certificate(services: ServicesDep, caller: CallerDep, id: PathId, body: Pdf) -> CertificateOut:  # noqa: A002
    """The page came back signed: its certificate is the caller's, or the unit's, from now on."""
    made = await asyncio.get_running_loop().run_in_executor(
        _files, certificates.register_certificate, services, caller, id, body
    )
    return CertificateOut.model_validate(made)


@router.post("/certificates/{id}/end")
def end_certificate(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> CertificateOut:  # noqa: A002
    """Nobody signs by it from now on; what it signed stands."""
    return CertificateOut.model_validate(certificates.end_certificate(services, caller, id, reason=body.reason))


@router.post("/documents/{id}/signed-pdf")
async def take_signed_pdf(
    services: ServicesDep,
    caller: LeavingCallerDep,
    id: PathId,  # noqa: A002
    body: Pdf,
    version: Annotated[int, Query(ge=1, le=999_999, description="the version whose form was signed")],
) -> FileTakenOut:
    """A form that came back signed from another program, at most 20 MB; each new signature is answered."""
    taken = await asyncio.get_running_loop().run_in_executor(
        _files, signed_elsewhere.take_signed_pdf, services, caller, DocumentId(id), version, body
    )
    return FileTakenOut.of(taken)

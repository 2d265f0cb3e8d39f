"""The vocabulary: for whoever may ask for decisions or has signed in."""

from typing import cast

from fastapi import APIRouter, Request

from access_service.api.authzen.callers import asker
from access_service.api.authzen.register_pdp import RegisterPdp
from access_service.api.http.deps import services_of
from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.limits import check_no_query
from access_service.api.http.openapi import READ_PROBLEMS
from access_service.api.manage.vocabulary_bodies import VocabularyOut
from access_service.domain.names import RegisterId
from access_service.usecases.evidence.vocabulary import read_vocabulary
from access_service.usecases.identity.open_sessions import caller_from_token

router = APIRouter(prefix="/v1", tags=["vocabulary"])
PATH = "/v1/vocabulary"


@router.get(
    "/vocabulary",
    summary="The words of questions and answers, of every pack in force",
    openapi_extra={"security": [{"key": []}, {"session": []}]},
    responses={status: found for status, found in READ_PROBLEMS.items() if status in (401, 503)},
)
async def vocabulary(request: Request) -> VocabularyOut:
    """With the static key, an access token for decisions, or a session. It changes when a pack is put in force."""
    edge = edge_of(request)
    register = await _register(edge, request)
    check_no_query(request.url.query)
    services = services_of(request)
    found = await edge.in_pool(lambda: read_vocabulary(services, register))
    return VocabularyOut.model_validate(found)


async def _register(edge: Edge, request: Request) -> RegisterId:
    """Of which register, by whoever asks; `not_authenticated` for nobody that we know."""
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        if name in (b"authorization", b"dpop"):
            headers[name] = b"" if name in headers else value
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    token = given.strip().decode("utf-8", "replace")
    is_session = scheme.lower() == b"bearer" and token and "." not in token and not edge.is_key(token)
    if is_session:
        services = services_of(request)
        return (await edge.in_pool(lambda: caller_from_token(services, token))).register
    await asker(edge, PATH, headers, method="GET")
    return await cast("RegisterPdp", edge.pdp).register()

"""AuthZEN Authorization API 1.0: searches. Who may do this, to what may they, what may they: never silently short.

What a question means, and every decision, is the decision point's (`pdp.Pdp.search`). Here are bodies, limits and
page tokens: a token is bound to the kind of search, to everything that was sent but `page`, to the caller and to
what answers, and lives for a minute.
"""

import json
import time
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.authzen.callers import SEARCH, asker
from access_service.api.authzen.examples import FOUND, SEARCHES
from access_service.api.authzen.search_schemas import LIMIT, Entities, NextPage, Results, Search, Verbs
from access_service.api.http.body_reader import convert
from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.errors import AUTHZEN, PROBLEM_JSON, Problem
from access_service.api.http.limits import ON_LOOP_BYTES, check_no_query, read_object
from access_service.api.http.openapi import READ_PROBLEMS, json_answer, json_body, reference
from access_service.api.pdp import FoundPage, Start
from access_service.domain.access import Wanted
from access_service.domain.errors import InvalidError, PageTokenError
from access_service.domain.pages import PageToken, search_digest

router = APIRouter(tags=["access"])

REQUIRED: dict[Wanted, dict[str, tuple[str, ...]]] = {
    "subject": {"subject": ("type",), "action": ("name",), "resource": ("type", "id")},
    "resource": {"subject": ("type", "id"), "action": ("name",), "resource": ("type",)},
    "action": {"subject": ("type", "id"), "resource": ("type", "id")},
}
"""What a search must say. Of what is searched for its type alone; a search for actions names none."""
_encoder = msgspec.json.Encoder()


def _documented(answer: type[msgspec.Struct], wanted: Wanted) -> dict[str, Any]:
    """How the three operations are described in `/openapi.json`."""
    own = {
        403: "The static key may not search (`ACCESS_SERVICE_API_KEY_SEARCH`), or the token lacks the scope.",
        409: "`restart`: what the pages rest on has changed, or a right has ended meanwhile. Begin again.",
    }
    problems = {
        status: {"description": text, "content": {PROBLEM_JSON: {"schema": reference(Problem)}}}
        for status, text in own.items()
    }
    return {
        "response_class": Response,
        "openapi_extra": {"requestBody": json_body(Search, SEARCHES[wanted]), "security": [{"key": []}]},
        "responses": {
            200: json_answer("One page, in the byte order of ids.", answer, FOUND[wanted]),
            **READ_PROBLEMS,
            **problems,
        },
    }


@router.post(
    f"{AUTHZEN}search/subject", summary="Who may do this to that record?", **_documented(Entities, "subject")
)
async def search_subject(request: Request) -> Response:
    """Accounts that may do this to that record."""
    return await _search(request, "subject")


@router.post(
    f"{AUTHZEN}search/resource",
    summary="To which classes or units may this account do that?",
    **_documented(Entities, "resource"),
)
async def search_resource(request: Request) -> Response:
    """Classes or units to which this account may do that."""
    return await _search(request, "resource")


@router.post(f"{AUTHZEN}search/action", summary="What may this account do here?", **_documented(Verbs, "action"))
async def search_action(request: Request) -> Response:
    """Actions that this account may do to that record."""
    return await _search(request, "action")


async def _search(request: Request, wanted: Wanted) -> Response:
    edge = edge_of(request)
    who = await asker(edge, request.url.path, _headers(request))
    who.require(SEARCH)
    check_no_query(request.url.query)
    sent: Any = await _sent(request, edge, wanted)
    _check_said(sent, wanted)
    who.check_types([sent.resource.type])
    search = search_digest(wanted.encode(), (await edge.pdp.audience()).encode(), who.id.encode(), _query(sent))
    limit, start = _start(edge, sent, search)
    began = time.perf_counter()
    found = await edge.pdp.search(wanted, sent, limit=limit, start=start)
    edge.metrics.searched[wanted].observe(time.perf_counter() - began)
    _log(request, edge, who.client, wanted, found, is_first=start is None)
    return _respond(edge, found, search, limit)


def _headers(request: Request) -> dict[bytes, bytes]:
    """What says who asks; a header that stands twice says nothing."""
    found: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        if name in (b"authorization", b"dpop"):
            found[name] = b"" if name in found else value
    return found


async def _sent(request: Request, edge: Edge, wanted: Wanted) -> msgspec.Struct:
    """The body as the decision point reads it; `InvalidError` names the member, never its value.

    What is searched for has no id yet: one that is sent is ignored, and may be no text (AuthZEN 1.0).
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise InvalidError("the content type must be `application/json`")
    body = await request.body()
    found = read_object(body) if len(body) <= ON_LOOP_BYTES else await edge.in_pool(lambda: read_object(body))
    about, member = found.get(wanted), "name" if wanted == "action" else "id"
    if isinstance(about, dict) and not isinstance(about.get(member), str):
        about.pop(member, None)
    return convert(found, edge.pdp.bodies.search)


def _check_said(sent: Any, wanted: Wanted) -> None:
    for name, members in REQUIRED[wanted].items():
        entity = getattr(sent, name)
        if entity is None:
            raise InvalidError(f"`{name}` is missing")
        for member in members:
            if not getattr(entity, member):
                raise InvalidError(f"`{name}.{member}` is required")


def _query(sent: Any) -> bytes:
    """Everything that was sent but `page`, in one spelling: unknown members are left out, order says nothing."""
    said = msgspec.to_builtins(msgspec.structs.replace(sent, page=None))
    return json.dumps(said, sort_keys=True).encode()


def _start(edge: Edge, sent: Any, search: bytes) -> tuple[int, Start | None]:
    """How many results, and from where."""
    limit = None if sent.page is None else sent.page.limit
    if limit is not None and not 1 <= limit <= LIMIT:
        raise InvalidError(f"`page.limit` is a number from 1 to {LIMIT}", limit=LIMIT)
    if sent.page is None or not sent.page.token:
        return limit or LIMIT, None
    token = edge.pages.read(sent.page.token, search, edge.clock())
    if limit not in (None, token.limit):
        raise PageTokenError("the page token belongs to pages of another length")
    return token.limit, Start(token.after, token.revision, token.now)


def _respond(edge: Edge, found: FoundPage, search: bytes, limit: int) -> Response:
    token = ""
    if found.after is not None:
        token = edge.pages.write(
            PageToken(search, limit, found.now, edge.clock(), found.revision, found.after),
        )
    return Response(
        _encoder.encode(Results(NextPage(token, len(found.results)), found.results)),
        media_type="application/json",
        headers={"X-Access-Revision": found.revision},
    )


def _log(
    request: Request, edge: Edge, client: str | None, wanted: Wanted, found: FoundPage, *, is_first: bool
) -> None:
    """Who may see sensitive data is itself worth knowing: whoever asked for it is on record, always."""
    if found.sensitive or found.is_past or edge.log_decisions == "all":
        edge.log.info(
            "search",
            request_id=request.state.request_id,
            client=client,
            wanted=wanted,
            first=is_first,
            count=len(found.results),
            revision=found.revision,
            **(found.record or {}),
        )

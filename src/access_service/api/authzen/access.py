"""AuthZEN Authorization API 1.0: one question, or a batch of them.

Every POST to the two hot routes is answered ahead of the framework (`api.authzen.hot`); their routes below describe
them and answer other methods with 405. A deny is always 200 with `decision` false; only what cannot be read is an
error.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.authzen.callers import EVALUATE, Asker, asker
from access_service.api.authzen.examples import BATCH, DECISIONS, DENIED, METADATA_EXAMPLE, QUESTION
from access_service.api.authzen.observe import mark_observed
from access_service.api.authzen.schemas import Answer, Answers, Evaluation, Evaluations, Metadata
from access_service.api.http.body_reader import list_unused, note_unused
from access_service.api.http.edge import Edge, edge_of
from access_service.api.http.errors import AUTHZEN
from access_service.api.http.limits import ON_LOOP_BYTES, QUICK_ON_LOOP_BYTES
from access_service.api.http.openapi import READ_PROBLEMS, json_answer, json_body
from access_service.api.pdp import BodyAnswers
from access_service.domain.errors import InvalidError

router = APIRouter(tags=["access"])

EVALUATION, EVALUATIONS = f"{AUTHZEN}evaluation", f"{AUTHZEN}evaluations"
METADATA = "/.well-known/authzen-configuration"
ENDPOINTS = {
    "access_evaluation_endpoint": EVALUATION,
    "access_evaluations_endpoint": EVALUATIONS,
    "search_subject_endpoint": f"{AUTHZEN}search/subject",
    "search_resource_endpoint": f"{AUTHZEN}search/resource",
    "search_action_endpoint": f"{AUTHZEN}search/action",
}
STOP_AT = {"deny_on_first_deny": False, "permit_on_first_permit": True}
MEMBERS = (("subject", ("type", "id")), ("action", ("name",)), ("resource", ("type", "id")))
_encoder = msgspec.json.Encoder()


class Reply(NamedTuple):
    """A successful answer."""

    body: bytes
    answered: BodyAnswers
    client: str | None = None
    """Who asked, by an access token; None for the static key."""


class NotReachedError(RuntimeError):
    """A hot route was looked for by the framework: the application is no `api.authzen.hot.Application`."""


def _described(type_: type[Evaluation | Evaluations], example: object) -> dict[str, object]:
    return {"requestBody": json_body(type_, example), "security": [{"key": []}]}


@router.post(
    EVALUATION,
    summary="May this account do this to this record, now?",
    response_class=Response,
    openapi_extra=_described(Evaluation, QUESTION),
    responses={200: json_answer("The decision; a deny is no error.", Answer, DENIED), **READ_PROBLEMS},
)
async def evaluation() -> Response:
    """One decision."""
    raise NotReachedError


@router.post(
    EVALUATIONS,
    summary="The same for up to 1,000 questions",
    response_class=Response,
    openapi_extra=_described(Evaluations, BATCH),
    responses={
        200: json_answer(
            "The decisions, in order; without items, one decision as for a single question.", Answers, DECISIONS
        ),
        **READ_PROBLEMS,
    },
)
async def evaluations() -> Response:
    """Several decisions at one revision and one instant."""
    raise NotReachedError


@router.get(
    METADATA,
    summary="What this decision point offers",
    response_class=Response,
    responses={200: json_answer("The endpoints that exist.", Metadata, METADATA_EXAMPLE)},
)
async def metadata(request: Request) -> Response:
    """AuthZEN metadata, made from the routes there are."""
    edge = edge_of(request)
    paths = request.app.openapi()["paths"]
    found = {name: f"{edge.public_url}{path}" for name, path in ENDPOINTS.items() if path in paths}
    body = Metadata(policy_decision_point=edge.public_url, **found)
    return Response(_encoder.encode(body), media_type="application/json")


HEADERS_READ = frozenset({b"authorization", b"content-type", b"dpop"})
"""What `reply` looks at."""


async def admit(edge: Edge, path: str, headers: Mapping[bytes, bytes]) -> Asker:
    """Find out who asks and whether they may, before anything is read of what they ask."""
    who = await asker(edge, path, headers)
    who.require(EVALUATE)
    return who


async def reply(edge: Edge, who: Asker, path: str, headers: Mapping[bytes, bytes], body: bytes) -> Reply:
    """The answer to a body posted to one of the two routes. Raises what `api.http.errors` has a status for."""
    media_type = headers.get(b"content-type", b"")
    if media_type != b"application/json" and media_type.partition(b";")[0].strip().lower() != b"application/json":
        raise InvalidError("the content type must be `application/json`")
    if path == EVALUATION:
        return await _single(edge, who, *await _read(edge, edge.readers.evaluation, body))
    sent, is_clean = await _read(edge, edge.readers.evaluations, body)
    if not sent.evaluations:
        return await _single(edge, who, sent, is_clean)
    return await _batch(edge, who, sent, is_clean)


async def _read(edge: Edge, reader: Any, body: bytes) -> tuple[Any, bool]:
    """The body, and whether its words are known to be clean."""
    if len(body) <= QUICK_ON_LOOP_BYTES:
        found = reader.quickly(body)
        if found is not None:
            return found, True
    if len(body) <= ON_LOOP_BYTES:
        return reader.strictly(body), False
    return await edge.in_pool(lambda: reader.strictly(body)), False


async def _single(edge: Edge, who: Asker, sent: Any, is_clean: bool) -> Reply:
    if not _is_complete(sent):
        raise InvalidError(_missing(sent))
    who.check_items((sent,))
    answered = await edge.pdp.evaluate(
        (sent,), stop_at=None, explain="code", log=edge.log_decisions, is_clean=is_clean, asker=who.id
    )
    if who.watch is not None:
        answered = mark_observed(edge, who.watch, (sent,), answered, edge.clock())
    return Reply(answered.answers[0], answered, who.client)


async def _batch(edge: Edge, who: Asker, sent: Any, is_clean: bool) -> Reply:
    """Whole entities stand in for those that an item leaves out, never parts of them (AuthZEN 1.0)."""
    subject, action, resource, context = sent.subject, sent.action, sent.resource, sent.context
    for item in sent.evaluations:
        item.subject = item.subject or subject
        item.action = item.action or action
        item.resource = item.resource or resource
        item.context = item.context or context
    ignored = (*list_unused(sent), *(f"options.{name}" for name in list_unused(sent.options)))
    if ignored:
        for item in sent.evaluations:
            note_unused(item, (*list_unused(item), *ignored))
    who.check_items(sent.evaluations)
    semantic = (sent.options.evaluations_semantic if sent.options else None) or "execute_all"
    answered = await edge.pdp.evaluate(
        sent.evaluations,
        stop_at=STOP_AT.get(semantic),
        # What is not enforced is counted with its reason.
        explain="none" if who.watch is None else "code",
        log=edge.log_decisions,
        is_clean=is_clean,
        asker=who.id,
    )
    if who.watch is not None:
        answered = mark_observed(edge, who.watch, sent.evaluations, answered, edge.clock())
    return Reply(b'{"evaluations":[' + b",".join(answered.answers) + b"]}", answered, who.client)


def _is_complete(sent: Any) -> bool:
    subject, action, resource = sent.subject, sent.action, sent.resource
    return bool(
        subject
        and action
        and resource
        and subject.type
        and subject.id
        and action.name
        and resource.type
        and resource.id
    )


def _missing(sent: Any) -> str:
    for name, members in MEMBERS:
        entity = getattr(sent, name)
        if entity is None:
            return f"`{name}` is missing"
        for member in members:
            if not getattr(entity, member):
                return f"`{name}.{member}` is required"
    raise RuntimeError("nothing is missing")

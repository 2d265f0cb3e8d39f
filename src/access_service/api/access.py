"""AuthZEN Authorization API 1.0: one question, or a batch of them.

A question that memory can answer is answered on the event loop; what takes the database goes to a bounded pool. A
deny is always 200 with `decision` false; only what cannot be read is an error.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from access_service.api.edge import Edge, edge_of
from access_service.api.errors import AUTHZEN
from access_service.api.limits import BATCH_ITEMS, ON_LOOP_BYTES, clean, read_object
from access_service.api.schemas import (
    PROBLEMS,
    Action,
    Answer,
    AnswerContext,
    Answers,
    Context,
    Evaluation,
    Evaluations,
    Metadata,
    ReasonText,
    Resource,
    ResourceProperties,
    Subject,
    json_answer,
    json_body,
)
from access_service.domain.access import AccessRequest, Allow, Decision, Deny
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountId, ClassId, RegisterId, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.text import REASON_TEXT
from access_service.usecases.access import Ask, DecidedAll, parse_revision, revision_text
from access_service.usecases.explanation import explanation_json

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
ON_LOOP_ITEMS = 50
"""Larger batches would keep the event loop from others, even from memory."""
EXPLAINED_ITEMS = 50
"""Most items of one batch that may ask for a full explanation."""
STOP_AT = {"deny_on_first_deny": False, "permit_on_first_permit": True}
DETAIL = 200
"""Characters of a message that may quote what was sent."""
S = TypeVar("S", bound=msgspec.Struct)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Question:
    """One item, read: what to ask the decision point, and how much to say of the answer."""

    ask: Ask
    explain: str
    at_least: int


def _described(type_: type[Evaluation | Evaluations]) -> dict[str, object]:
    return {"requestBody": json_body(type_), "security": [{"key": []}]}


@router.post(
    EVALUATION,
    summary="May this account do this to this record, now?",
    response_class=Response,
    openapi_extra=_described(Evaluation),
    responses={200: json_answer("The decision; a deny is no error.", Answer), **PROBLEMS},
)
async def evaluation(request: Request) -> Response:
    """One decision."""
    edge = edge_of(request)
    edge.check_key(request)
    register = await edge.register()
    sent = _convert(await _object(request, edge), Evaluation)
    return await _single(request, edge, register, sent)


@router.post(
    EVALUATIONS,
    summary="The same for up to 1,000 questions",
    response_class=Response,
    openapi_extra=_described(Evaluations),
    responses={
        200: json_answer("The decisions, in order; without items, one decision as for a single question.", Answers),
        **PROBLEMS,
    },
)
async def evaluations(request: Request) -> Response:
    """Several decisions at one revision and one instant."""
    edge = edge_of(request)
    edge.check_key(request)
    register = await edge.register()
    found = await _object(request, edge)
    items = found.get("evaluations")
    if isinstance(items, list) and len(items) > BATCH_ITEMS:
        raise RefusedError(Refusal.BATCH_TOO_LARGE, f"a batch has at most {BATCH_ITEMS} items", limit=BATCH_ITEMS)
    sent = _convert(found, Evaluations)
    if not sent.evaluations:
        alone = Evaluation(sent.subject, sent.action, sent.resource, sent.context)
        return await _single(request, edge, register, alone)
    questions = [_question(_with_defaults(item, sent), "none") for item in sent.evaluations]
    if sum(q.explain == "full" for q in questions) > EXPLAINED_ITEMS:
        raise InvalidError(f"at most {EXPLAINED_ITEMS} items of a batch are explained in full")
    semantic = (sent.options.evaluations_semantic if sent.options else None) or "execute_all"
    decided = await _decide(edge, register, questions, STOP_AT.get(semantic))
    _log(request, edge, register, questions, decided)
    answers = []
    for question, decision in zip(questions, decided.decisions, strict=False):
        answer = await _answer(edge, register, question, decision, decided)
        answers.append(answer)
    return _respond(Answers(answers), decided.revision)


@router.get(
    METADATA,
    summary="What this decision point offers",
    response_class=Response,
    responses={200: json_answer("The endpoints that exist.", Metadata)},
)
async def metadata(request: Request) -> Response:
    """AuthZEN metadata, made from the routes there are."""
    edge = edge_of(request)
    paths = request.app.openapi()["paths"]
    found = {name: f"{edge.public_url}{path}" for name, path in ENDPOINTS.items() if path in paths}
    body = Metadata(policy_decision_point=edge.public_url, **found)
    return Response(_encoder.encode(body), media_type="application/json")


async def _single(request: Request, edge: Edge, register: RegisterId, sent: Evaluation) -> Response:
    for what, entity in (("subject", sent.subject), ("action", sent.action), ("resource", sent.resource)):
        if entity is None:
            raise InvalidError(f"`{what}` is missing")
    if not _is_complete(sent):
        raise InvalidError(
            "`subject.type`, `subject.id`, `action.name`, `resource.type`, `resource.id` are required"
        )
    question = _question(sent, "code")
    decided = await _decide(edge, register, (question,), None)
    _log(request, edge, register, (question,), decided)
    return _respond(await _answer(edge, register, question, decided.decisions[0], decided), decided.revision)


async def _object(request: Request, edge: Edge) -> dict[str, object]:
    """The JSON object sent; `InvalidError` for everything else."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise InvalidError("the content type must be `application/json`")
    body = await request.body()
    if len(body) > ON_LOOP_BYTES:
        return await edge.in_pool(lambda: read_object(body))
    return read_object(body)


def _convert(found: dict[str, object], type_: type[S]) -> S:
    """The object as one of our types; the message names the member, never its value."""
    try:
        return msgspec.convert(found, type_)
    except msgspec.ValidationError as error:
        text = str(error)[:DETAIL]
        raise InvalidError(text[:1].lower() + text[1:]) from None
    except UnicodeEncodeError:
        # Half a surrogate pair, escaped: valid JSON, and no text.
        raise InvalidError("the body holds half a surrogate pair") from None


def _with_defaults(item: Evaluation, batch: Evaluations) -> Evaluation:
    """Whole entities stand in, never parts of them (AuthZEN 1.0)."""
    return Evaluation(
        subject=item.subject or batch.subject,
        action=item.action or batch.action,
        resource=item.resource or batch.resource,
        context=item.context or batch.context,
    )


def _is_complete(item: Evaluation) -> bool:
    subject, action, resource = item.subject, item.action, item.resource
    if subject is None or action is None or resource is None:
        return False
    return all((subject.type, subject.id, action.name, resource.type, resource.id))


def _question(item: Evaluation, explain: str) -> Question:
    context = item.context or Context()
    return Question(
        ask=_ask(item, context),
        explain=context.explain or explain,
        at_least=0 if context.at_least is None else parse_revision(context.at_least),
    )


def _ask(item: Evaluation, context: Context) -> Ask:
    """The question in our words, or the deny that its form alone earns. Every word is checked in either case."""
    subject, action, resource = item.subject or Subject(), item.action or Action(), item.resource or Resource()
    said = resource.properties or ResourceProperties()
    kind = _word(resource.type, "resource.type") or ""
    id_ = _word(resource.id, "resource.id") or ""
    unit = _word(said.unit, "resource.properties.unit")
    class_id = _word(said.class_, "resource.properties.class")
    account_type = _word(subject.type, "subject.type")
    request = AccessRequest(
        account=AccountId(_word(subject.id, "subject.id") or ""),
        action=_word(action.name, "action.name") or "",
        resource_type=kind,
        resource_id=id_,
        category=_word(said.category, "resource.properties.category"),
        unit=None if unit is None else UnitId(unit),
        class_id=None if class_id is None else ClassId(class_id),
        subject=_word(said.subject, "resource.properties.subject"),
        level=_word(said.level, "resource.properties.level"),
        grade=_word(said.grade, "resource.properties.grade"),
        school_year=_word(said.school_year, "resource.properties.school_year"),
        function=_word(context.function, "context.function"),
    )
    if not _is_complete(item):
        return Deny(Reason.RESOURCE_INCOMPLETE)
    if (kind == "unit" and unit not in (None, id_)) or (kind == "class" and class_id not in (None, id_)):
        return Deny(Reason.RESOURCE_CONTRADICTORY)
    if account_type != "account":
        return Deny(Reason.ACCOUNT_UNKNOWN)
    return request


def _word(text: str | None, what: str) -> str | None:
    return None if text is None else clean(text, what)


async def _decide(
    edge: Edge, register: RegisterId, questions: Sequence[Question], stop_at: bool | None
) -> DecidedAll:
    """From memory on the loop where that is quick, else from the database in the pool."""
    asks = [q.ask for q in questions]
    at_least = max(q.at_least for q in questions)
    await edge.catch_up(register, at_least)
    began, source = time.perf_counter(), "memory"
    decided = None
    if len(asks) <= ON_LOOP_ITEMS:
        decided = edge.point.warm_all(register, asks, stop_at=stop_at, at_least=at_least)
    if decided is None:
        source = "database"
        decided = await edge.in_pool(
            lambda: edge.point.decide_all(register, asks, stop_at=stop_at, at_least=at_least)
        )
    edge.metrics.latency.labels(source).observe(time.perf_counter() - began)
    return decided


async def _answer(
    edge: Edge, register: RegisterId, question: Question, decision: Decision, decided: DecidedAll
) -> Answer:
    """How much of the decision is said: nothing, the reason of a deny, or everything behind it."""
    if question.explain == "none" or (question.explain == "code" and isinstance(decision, Allow)):
        return Answer(bool(decision))
    context = AnswerContext()
    if isinstance(decision, Deny):
        text = REASON_TEXT[decision.reason]
        context.reason = ReasonText(str(decision.reason), text.en, text.vi)
    ask = question.ask
    if question.explain == "full" and isinstance(ask, AccessRequest):
        explanation = await edge.in_pool(lambda: edge.point.explain(register, ask, decided=decided))
        context.explanation = explanation_json(explanation)
    return Answer(bool(decision), context if context.reason or context.explanation else None)


def _respond(body: Answer | Answers, revision: int) -> Response:
    return Response(
        _encoder.encode(body),
        media_type="application/json",
        headers={"X-Access-Revision": revision_text(revision)},
    )


def _log(
    request: Request, edge: Edge, register: RegisterId, questions: Sequence[Question], decided: DecidedAll
) -> None:
    """Count every decision, and log those the operator wants. The record's own id may be a pupil's: left out."""
    for question, decision in zip(questions, decided.decisions, strict=False):
        edge.count(decision)
        if edge.log_decisions == "none" or (edge.log_decisions == "deny" and decision):
            continue
        ask = question.ask
        asked = (
            {"account": ask.account, "action": ask.action, "type": ask.resource_type, "category": ask.category}
            if isinstance(ask, AccessRequest)
            else {}
        )
        edge.log.info(
            "decision",
            request_id=request.state.request_id,
            register=register,
            revision=decided.revision,
            decision="allow" if decision else "deny",
            reason=decision.reason if isinstance(decision, Deny) else None,
            grant=decision.grant,
            **asked,
        )

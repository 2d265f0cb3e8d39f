"""Reading what came back, strictly: what is not exactly an answer is none.

JSON is one object in UTF-8 without duplicate members and without NaN: `{"decision": false, "decision": true}` is
read by no two parsers alike, so it is no answer at all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from access_service.client.errors import AccessRequestError, AccessUnavailableError, ClientError
from access_service.client.values import Allow, Decision, Deny, Entity, Reason

BODY_BYTES = 16 << 20
"""Largest answer that is read."""
OBSERVE = "observe"
"""The mode of an answer that is not enforced; without one, or with any other, it is."""
WORDS = 512
"""Longest text of a problem that is shown."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def read_json(body: bytes) -> dict[str, Any]:
    """The one JSON object of a body; `ValueError` for anything else."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _never(name: str) -> Any:
    raise ValueError(f"`{name}` is not JSON")


def answer_of(reply: Reply) -> dict[str, Any]:
    """The JSON of a 200; `AccessRequestError` for a refusal, `AccessUnavailableError` for anything else."""
    if reply.status != HTTPStatus.OK:
        raise refused(reply)
    if reply.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise unreadable()
    try:
        return read_json(reply.body)
    except ValueError:
        raise unreadable() from None


def unreadable() -> AccessUnavailableError:
    """What came back cannot be read as an answer."""
    return AccessUnavailableError("unreadable", "the service's answer cannot be read")


def refused(reply: Reply) -> ClientError:
    """The error that another status than 200 is."""
    if not HTTPStatus.BAD_REQUEST <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return AccessUnavailableError("unavailable", f"the service answered {reply.status}")
    try:
        told = read_json(reply.body)
    except ValueError:
        told = {}
    # RFC 9457 with our `code`, or RFC 6749 section 5.2 with `error`.
    code = _word(told.get("code")) or _word(told.get("error")) or f"http_{reply.status}"
    text = _word(told.get("detail")) or _word(told.get("error_description")) or code
    vi, en = _word(told.get("vi")), _word(told.get("en"))
    return AccessRequestError(code, text, reply.status, vi, en)


def _word(found: Any) -> str:
    return found[:WORDS] if isinstance(found, str) and found.isprintable() else ""


def decision_of(found: Any, revision: str | None) -> Decision:
    """One decision; only a `decision` that is exactly true is an allow."""
    if not isinstance(found, dict) or not isinstance(found.get("decision"), bool):
        raise unreadable()
    context = found.get("context", {})
    if not isinstance(context, dict):
        raise unreadable()
    explanation = context.get("explanation")
    if explanation is not None and not isinstance(explanation, dict):
        raise unreadable()
    observed = context.get("mode") == OBSERVE
    if found["decision"] is True:
        return Allow(revision, explanation, observed)
    reason = context.get("reason")
    if reason is None:
        return Deny(None, revision, explanation, observed=observed)
    if not isinstance(reason, dict) or not _word(reason.get("code")):
        raise unreadable()
    words = {name: _word(reason.get(name)) for name in ("code", "vi", "en", "field", "read", "expected", "nearest")}
    return Deny(Reason(**words), revision, explanation, observed=observed)


def decisions_of(found: Mapping[str, Any], count: int, revision: str | None) -> list[Decision]:
    """The decisions of a batch, one for each question and in their order."""
    answers = found.get("evaluations")
    if not isinstance(answers, list) or len(answers) != count:
        raise unreadable()
    return [decision_of(answer, revision) for answer in answers]


def page_of(found: Mapping[str, Any]) -> tuple[list[Entity], str]:
    """One page of a search: what was found, and the token of the next page, empty at the end.

    A page without a token would be a list of which nobody knows whether it is whole.
    """
    page, results = found.get("page"), found.get("results")
    token = page.get("next_token") if isinstance(page, dict) else None
    if not isinstance(token, str) or not isinstance(results, list):
        raise unreadable()
    return [_entity(result) for result in results], token


def _entity(found: Any) -> Entity:
    if isinstance(found, dict):
        name = found.get("name")
        if isinstance(name, str) and name:
            return Entity("action", name)
        type_, id_ = found.get("type"), found.get("id")
        if isinstance(type_, str) and isinstance(id_, str) and type_ and id_:
            return Entity(type_, id_)
    raise unreadable()

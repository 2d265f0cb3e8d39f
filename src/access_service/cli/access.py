"""`check` and `explain`: the same question as over HTTP, from the command line."""

from collections.abc import Sequence

import typer

from access_service.cli.errors import DONE, REFUSED, UsageError
from access_service.cli.explanation import write_explanation
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain import words
from access_service.domain.access import AccessRequest, Allow, Deny
from access_service.domain.audit import Doer
from access_service.domain.errors import InvalidError
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.domain.text import REASON_TEXT
from access_service.domain.time import local
from access_service.live.decision_point import DecisionPoint, check
from access_service.live.revisions import parse_revision, revision_text
from access_service.rendering.sheets import instant_text
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.upkeep.writing_looks import record_look

PROPERTIES = ("category", "class", "function", "grade", "level", "school_year", "subject", "unit")


def parse_request(subject: str, action: str, resource: str, properties: Sequence[str]) -> AccessRequest:
    """The question in our words, in NFC. Raises `UsageError` for what is no `type:id` or no known property."""
    kind, colon, id_ = _word(resource).partition(":")
    if not colon or not kind or not id_:
        raise UsageError(f"`{resource}` is no resource; write type:id, such as class:0003101:2026-2027:6A")
    said: dict[str, str] = {}
    for pair in properties:
        name, equals, value = _word(pair).partition("=")
        if not equals or not value:
            raise UsageError(f"`{pair}` is no property; write name=value")
        if name not in PROPERTIES:
            raise UsageError(f"no property `{name}`; there are {', '.join(PROPERTIES)}")
        if name in said:
            raise UsageError(f"the property `{name}` is given twice")
        said[name] = value
    unit, class_id = said.get("unit"), said.get("class")
    return AccessRequest(
        account=AccountId(_word(subject)),
        action=_word(action),
        resource_type=kind,
        resource_id=id_,
        category=said.get("category"),
        unit=None if unit is None else UnitId(unit),
        class_id=None if class_id is None else ClassId(class_id),
        subject=said.get("subject"),
        level=said.get("level"),
        grade=said.get("grade"),
        school_year=said.get("school_year"),
        function=said.get("function"),
    )


def _word(text: str) -> str:
    """An argument in NFC; of type and id, and of name and value, there are two words in one."""
    try:
        return words.normalise_text(text, 2 * words.ID_BYTES)
    except InvalidError as error:
        raise UsageError(f"`{text[:32]}` {error.message}") from None


def run_check(
    request: AccessRequest,
    *,
    database: str | None,
    register: str | None,
    at: str | None,
    known_at: str | None,
    as_json: bool,
) -> int:
    """Decide and say so; 0 for allow, 1 for deny."""
    instant = None if at is None else words.instant(at)
    revision = None if known_at is None else parse_revision(known_at)
    with open_database(settings_for(database)) as db:
        decided = check(DecisionPoint(db), register_of(db, register), request, at=instant, known_at=revision)
    decision = decided.decision
    if as_json:
        body: dict[str, object] = {"decision": bool(decision), "grant": decision.grant}
        if isinstance(decision, Deny):
            text = REASON_TEXT[decision.reason]
            body["reason"] = {"code": str(decision.reason), "en": text.en, "vi": text.vi}
        body |= {"now": local(decided.now).isoformat(), "revision": revision_text(decided.revision)}
        say_json(body)
    else:
        if isinstance(decision, Allow):
            typer.echo(f"Được phép / allowed, theo quyền {decision.grant}")
        else:
            text = REASON_TEXT[decision.reason]
            typer.echo(f"Không được phép / denied: {decision.reason}")
            typer.echo(f"{text.vi} / {text.en}")
        typer.echo(f"{instant_text(decided.now)} (UTC+7), {revision_text(decided.revision)}")
    return DONE if decision else REFUSED


def run_explain(
    request: AccessRequest,
    *,
    database: str | None,
    register: str | None,
    at: str | None,
    known_at: str | None,
    as_json: bool,
) -> int:
    """Decide and say why, down to the signatures; 0 for allow, 1 for deny."""
    instant = None if at is None else words.instant(at)
    revision = None if known_at is None else parse_revision(known_at)
    with open_database(settings_for(database)) as db:
        named = register_of(db, register)
        found = explain(DecisionPoint(db), named, request, at=instant, known_at=revision)
        asked = hash_parameters(request=[str(part) for part in request.ask], at=at, known_at=known_at)
        record_look(db, Look(named, Doer("operator"), "explain", request.account, found.now, parameters=asked))
    if as_json:
        say_json(explanation_json(found))
    else:
        typer.echo("\n".join(write_explanation(found)))
    return DONE if found.allowed else REFUSED

"""Searches as a register understands them: what was sent as a question, and a page as it is answered."""

from datetime import datetime
from typing import Any

from access_service.api.authzen.schemas import Action, Resource, ResourceProperties, Subject
from access_service.api.authzen.search_schemas import Search, SearchContext
from access_service.api.http.limits import clean
from access_service.api.pdp import FoundPage, Start
from access_service.domain import words
from access_service.domain.access import AccessRequest, Wanted
from access_service.domain.errors import InvalidError
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.live.revisions import parse_revision, revision_text
from access_service.live.search import PageStart, SearchPage

ACCOUNT = "account"
"""The one type of subject."""


def read_search(wanted: Wanted, sent: Search) -> AccessRequest:
    """Read the question of a search, with an empty word for what is searched for, whatever was sent in its place.

    Nobody is of another type of subject than ours: the question then is about no record at all, and finds nothing.
    Raises `InvalidError` for words that cannot be any.
    """
    subject, action, resource = sent.subject or Subject(), sent.action or Action(), sent.resource or Resource()
    if _word(subject.type, "subject.type") != ACCOUNT:
        return AccessRequest(AccountId(""), "", "", "")
    said, context = resource.properties or ResourceProperties(), sent.context or SearchContext()
    unit = _word(said.unit, "resource.properties.unit")
    class_id = _word(said.class_, "resource.properties.class")
    return AccessRequest(
        account=AccountId("" if wanted == "subject" else _word(subject.id, "subject.id") or ""),
        action="" if wanted == "action" else _word(action.name, "action.name") or "",
        resource_type=_word(resource.type, "resource.type") or "",
        resource_id="" if wanted == "resource" else _word(resource.id, "resource.id") or "",
        category=_word(said.category, "resource.properties.category"),
        unit=None if unit is None else UnitId(unit),
        class_id=None if class_id is None else ClassId(class_id),
        subject=_word(said.subject, "resource.properties.subject"),
        level=_word(said.level, "resource.properties.level"),
        grade=_word(said.grade, "resource.properties.grade"),
        school_year=_word(said.school_year, "resource.properties.school_year"),
        function=_word(context.function, "context.function"),
    )


def read_instant(sent: Search) -> datetime | None:
    """As of when is asked; None for now. Raises `InvalidError` for text that is no instant."""
    text = None if sent.context is None else _word(sent.context.at, "context.at")
    try:
        return None if text is None else words.instant(text)
    except InvalidError as error:
        raise InvalidError(f"`context.at`: {error.message}") from None


def read_start(start: Start | None) -> PageStart | None:
    """Where a later page of a search begins; None for the first page."""
    return None if start is None else PageStart(start.after, parse_revision(start.revision), start.now)


def render_page(wanted: Wanted, request: AccessRequest, page: SearchPage, at: datetime | None = None) -> FoundPage:
    """Write a page of results as the wire has it, with what the log may say of it."""
    if wanted == "action":
        results = [{"name": id_} for id_ in page.ids]
    else:
        type_ = ACCOUNT if wanted == "subject" else request.resource_type
        results = [{"type": type_, "id": id_} for id_ in page.ids]
    return FoundPage(
        results=results,
        after=page.after,
        revision=revision_text(page.revision),
        now=page.now,
        record=_record(wanted, request) | ({} if at is None else {"at": at.isoformat()}),
        sensitive=page.sensitive,
        is_past=at is not None,
    )


def _record(wanted: Wanted, request: AccessRequest) -> dict[str, Any]:
    """What was asked. The id of a record may be a pupil's: only those of classes and units are said."""
    is_ours = request.resource_type in ("class", "unit") and wanted != "resource"
    return {
        "account": None if wanted == "subject" else request.account,
        "action": None if wanted == "action" else request.action,
        "type": request.resource_type,
        "category": request.category,
        "unit": request.resource_id if is_ours and request.resource_type == "unit" else request.unit,
        "class": request.resource_id if is_ours and request.resource_type == "class" else request.class_id,
    }


def _word(text: str | None, what: str) -> str | None:
    return None if text is None else clean(text, what)

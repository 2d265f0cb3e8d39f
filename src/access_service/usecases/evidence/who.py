"""Who could do this to that class's data on day D, by which paper: one question, for whoever may see the matrix.

Everybody listed is somebody whom a decision of that instant allows: candidates come from an index that leaves out
nothing but what can never be allowed, and each goes through `engine.decide`. It is as known now, or at a revision.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Literal

from access_service.domain.access import AccessRequest
from access_service.domain.audit import Happening, Json, instant
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import AccountId, ClassId, DocumentKind, RegisterId, Side, UnitId
from access_service.domain.org import SchoolClass, Unit
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope
from access_service.domain.software import SOFTWARE_ROLE
from access_service.engine.decide import Place, decide
from access_service.live.gathered import LockIndex, Reading
from access_service.live.revisions import check_known, parse_revision
from access_service.storage.audit import revision_at
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.search import BulkGatherer, read_holders
from access_service.usecases.evidence.explain import explain_decision
from access_service.usecases.evidence.explanation import ExplainedDocument
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, ReadView, Services

CHUNK = 200
"""Accounts gathered at once."""
THEN = "then"
"""In place of a revision: what was known at the instant asked about."""


@dataclass(frozen=True, slots=True)
class WhoQuestion:
    """What would be done, to which category of data, of a class or of a unit."""

    action: str
    category: str
    class_id: ClassId | None = None
    unit: UnitId | None = None
    subject: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class WhoSigned:
    """A paper behind a right, with who signed it for the giver."""

    id: str
    kind: str
    number: str
    dated: date
    sha256: str
    method: str
    signer: str | None
    signer_name: str
    capacity: str | None
    signer_title: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WhoMay:
    """Somebody who could, by which right and paper."""

    account: str
    person: str | None
    """None for software."""
    name: str
    grant: str
    role: str
    role_vi: str
    scope: Scope
    issuer: UnitId
    issuer_name: str
    valid_from: datetime
    valid_to: datetime | None
    assignment_vi: str
    article: str | None
    """The article of the rule that allows it."""
    papers: tuple[WhoSigned, ...]
    answered_then: bool
    """What was answered at that instant, as the register was known then."""


@dataclass(frozen=True, slots=True)
class WhoAnswer:
    """Everybody who could, at one instant and one revision."""

    register: RegisterId
    revision: int
    at: datetime
    action: str
    action_vi: str
    category: str
    category_vi: str
    sensitive: bool
    unit: UnitId
    unit_name: str
    class_id: ClassId | None
    class_name: str
    people: tuple[WhoMay, ...]


def ask_who(
    services: Services,
    caller: Caller,
    question: WhoQuestion,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
) -> WhoAnswer:
    """The answer for the unit's leadership, units above it and inspections of it; the log says that they asked.

    Raises `NotFoundError` for a class or unit that is none of the caller's business, `InvalidError` for an unknown
    category, action or revision.
    """
    with services.db.connect() as connection:
        now = services.db.now_in(connection, caller.register)
        view = ReadView(Reader(connection, caller.register), caller, now)
        unit = _unit_of(view.reader, question)
        if not inspects(view, caller.person, unit):
            view.as_above(unit)
        answer = _answer(view.reader, question, at=at, known_at=known_at, now=now)
    record_reading(services.db, caller.account, answer)
    return answer


def read_who(
    db: Database,
    register: RegisterId,
    question: WhoQuestion,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
) -> WhoAnswer:
    """The same for the operator at the command line, who needs no account."""
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        answer = _answer(reader, question, at=at, known_at=known_at, now=now)
    record_reading(db, "operator", answer)
    return answer


def read_known_at(text: str | None) -> int | Literal["then"] | None:
    """A revision that an answer named, or the word that stands for what was known at the instant asked about."""
    if text is None:
        return None
    return "then" if text == THEN else parse_revision(text)


def record_reading(db: Database, actor: str, answer: WhoAnswer) -> None:
    """Record that it was asked and what, before the answer leaves: it names everybody with that right."""
    details: dict[str, Json] = {
        "action": answer.action,
        "at": instant(answer.at),
        "category": answer.category,
        "known_at": answer.revision,
        "people": len(answer.people),
    }
    if answer.class_id is not None:
        details["class"] = answer.class_id
    db.note(answer.register, actor, Happening("who.read", answer.unit, details=details, unit=answer.unit))


def _unit_of(reader: Reader, question: WhoQuestion) -> UnitId:
    if (question.class_id is None) == (question.unit is None):
        raise InvalidError("name a class or a unit")
    if question.class_id is not None:
        return reader.require(SchoolClass, question.class_id).school
    return reader.require(Unit, question.unit or "").id


def _answer(
    newest: Reader,
    question: WhoQuestion,
    *,
    at: datetime | None,
    known_at: int | Literal["then"] | None,
    now: datetime,
) -> WhoAnswer:
    connection, register = newest.connection, newest.register
    last = revision_at(connection, register)
    known = revision_at(connection, register, at or now) if known_at == THEN else known_at
    assert known is None or isinstance(known, int)
    check_known(register, last, known)
    reader = newest if known is None else Reader(connection, register, known)
    moment = at or now
    unit = _unit_of(reader, question)
    reading = Reading(reader, moment, LockIndex())
    place = _place(reading, unit)
    pack = _pack(place, unit)
    if question.category not in pack.categories or question.action not in pack.actions:
        field = "category" if question.category not in pack.categories else "action"
        raise InvalidError(f"the pack has no such {field}", field=field)
    category = pack.categories[question.category]
    request = request_about(question, unit, category.resource_types)
    found = _allowed(reading, reader, place, request, pack)
    revision = last if known is None else known
    stands, school_class = reader.get(Unit, unit), question.class_id and reader.get(SchoolClass, question.class_id)
    return WhoAnswer(
        register=register,
        revision=revision,
        at=moment,
        action=question.action,
        action_vi=pack.actions[question.action],
        category=question.category,
        category_vi=category.vi,
        sensitive=category.sensitive,
        unit=unit,
        unit_name=stands.name if stands else "",
        class_id=question.class_id,
        class_name=school_class.name if school_class else "",
        people=tuple(_may(reading, account, request, revision, moment) for account in found),
    )


def _place(reading: Reading, unit: UnitId) -> Place:
    try:
        return reading.units[unit]
    except KeyError:
        raise NotFoundError("unit", unit) from None


def _pack(place: Place, unit: UnitId) -> Pack:
    if place.tables is None:
        raise InvalidError(f"no policy is in force for `{unit}` then", unit=unit)
    return place.tables.pack


def request_about(question: WhoQuestion, unit: UnitId, types: frozenset[str]) -> AccessRequest:
    """About the class or unit itself where the category's records can be; else about somebody's record there."""
    if question.class_id is not None:
        kind, id_ = ("class", str(question.class_id)) if "class" in types else ("student", "0")
    else:
        kind, id_ = ("unit", str(unit)) if "unit" in types else ("staff", "0")
    return AccessRequest(
        account=AccountId(""),
        action=question.action,
        resource_type=kind,
        resource_id=id_,
        category=question.category,
        unit=None if question.class_id is not None else unit,
        class_id=question.class_id,
        subject=question.subject,
        function=question.function,
    )


def _allowed(reading: Reading, reader: Reader, place: Place, request: AccessRequest, pack: Pack) -> list[AccountId]:
    """The accounts that a decision lets do it, in byte order."""
    cell = (request.category or "", request.action)
    roles = frozenset(role for role in pack.roles if cell in pack.cells.get(role, frozenset()))
    gather = BulkGatherer(reader, reading.org)
    reading.gather = gather
    candidates = iter(read_holders(reader, place.chain, roles, reading.now))
    found = []
    while chunk := list(islice(candidates, CHUNK)):
        gather.fetch(chunk, reading.now)
        for account in chunk:
            asked = replace(request, account=account)
            if decide(asked, reading.snapshot(account), reading, reading.now):
                found.append(account)
    return found


def _may(reading: Reading, account: AccountId, request: AccessRequest, revision: int, at: datetime) -> WhoMay:
    asked = replace(request, account=account)
    decision = decide(asked, reading.snapshot(account), reading, reading.now)
    why = explain_decision(reading, asked, decision, revision=revision, at=at)
    grant = why.grant
    if grant is None:
        raise RuntimeError("an allow names its grant")
    issuer = reading.org.unit(UnitId(grant.unit))
    return WhoMay(
        account=account,
        person=why.holder.id if why.holder and grant.role != SOFTWARE_ROLE else None,
        name=why.holder.name if why.holder else "",
        grant=grant.id,
        role=grant.role,
        role_vi=grant.role_vi,
        scope=grant.scope,
        issuer=UnitId(grant.unit),
        issuer_name=issuer.name if issuer else "",
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        assignment_vi=grant.assignment_vi,
        article=why.rule.article if why.rule else None,
        papers=tuple(_papers(why.documents)),
        answered_then=why.then is None or why.then.allowed,
    )


def _papers(documents: Iterable[ExplainedDocument]) -> Iterable[WhoSigned]:
    """The paper of the right first, then commitments; each with who signed for the giver, or committed."""
    for document in documents:
        signed = [s for s in document.signatures if s.side in (Side.GIVER, Side.DECLARANT)]
        last = max(signed, key=lambda s: s.signed_at, default=None)
        yield WhoSigned(
            id=document.id,
            kind=document.kind,
            number=document.number,
            dated=document.dated,
            sha256=document.sha256,
            method=document.method,
            signer=last.person.id if last else None,
            signer_name=last.person.name if last else "",
            capacity=last.capacity if last else None,
            signer_title=last.title if last else "",
            signed_at=last.signed_at if last else document.signed_at,
        )


def is_commitment(paper: WhoSigned) -> bool:
    """Is it the holder's own commitment?"""
    return paper.kind == DocumentKind.COMMITMENT

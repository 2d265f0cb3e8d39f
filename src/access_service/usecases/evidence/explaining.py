"""Why may somebody, or why not: for themselves, and for whoever may have the matrix of the unit it is about."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import msgspec

from access_service.domain.access import AccessRequest
from access_service.domain.audit import Doer
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import AccountId, UnitId
from access_service.domain.org import SchoolClass, Unit
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason
from access_service.engine.decide import decide
from access_service.live.gathered import LockIndex, Reading
from access_service.live.revisions import check_known
from access_service.storage.audit import revision_at
from access_service.storage.facts import Reader
from access_service.usecases.evidence.explain import explain_decision
from access_service.usecases.evidence.explanation import Explanation
from access_service.usecases.evidence.who import WhoQuestion, request_about
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, ReadView, Services


@dataclass(frozen=True, slots=True)
class TriedRight:
    """One of the account's rights, and why it does not allow it."""

    id: str
    role: str
    role_vi: str
    reason: Reason | None
    """None: it allows."""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """An explanation, every right that was tried, and by which roles it would be allowed."""

    explanation: Explanation
    tried: tuple[TriedRight, ...]
    roles: tuple[str, ...]
    """Names of the roles that the pack lets do it."""


def explain_to(
    services: Services,
    caller: Caller,
    account: AccountId,
    question: WhoQuestion,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
) -> WhyAnswer:
    """Explain what a decision of that instant is, to the account itself or to whoever may have the unit's matrix.

    Somebody else's leaves an event. Raises `NotFoundError` for what is none of the caller's business,
    `InvalidError` for an unknown category, action or revision.
    """
    with services.db.connect() as connection:
        newest = Reader(connection, caller.register)
        now = services.db.now_in(connection, caller.register)
        view = ReadView(newest, caller, now)
        unit = _unit_of(newest, question)
        is_own = account == caller.account
        if not is_own and not inspects(view, caller.person, unit):
            view.as_above(unit)
        last = revision_at(connection, caller.register)
        known = revision_at(connection, caller.register, at or now) if known_at == "then" else known_at
        assert known is None or isinstance(known, int)
        check_known(caller.register, last, known)
        reader = newest if known is None else Reader(connection, caller.register, known)
        found = _answer(reader, account, question, unit, at or now, last if known is None else known)
    if not is_own:
        asked = hash_parameters(account=account, question=question, at=found.explanation.now, known_at=known_at)
        doer = Doer(caller.account, caller.person, caller.unit)
        services.looks.tell(Look(caller.register, doer, "explain", account, now, unit, asked))
    return found


def _unit_of(reader: Reader, question: WhoQuestion) -> UnitId:
    if (question.class_id is None) == (question.unit is None):
        raise InvalidError("name a class or a unit")
    if question.class_id is not None:
        return reader.require(SchoolClass, question.class_id).school
    return reader.require(Unit, question.unit or "").id


def _answer(
    reader: Reader, account: AccountId, question: WhoQuestion, unit: UnitId, at: datetime, revision: int
) -> WhyAnswer:
    reading = Reading(reader, at, LockIndex())
    try:
        place = reading.units[unit]
    except KeyError:
        raise NotFoundError("unit", unit) from None
    pack = None if place.tables is None else place.tables.pack
    asked = _request(question, unit, pack, account)
    snapshot = reading.snapshot(account)
    decision = decide(asked, snapshot, reading, reading.now)
    explanation = explain_decision(reading, asked, decision, revision=revision, at=at)
    tried = []
    for view in () if snapshot is None else snapshot.views:
        assert snapshot is not None
        alone = msgspec.structs.replace(snapshot, first=msgspec.structs.replace(view, next=None))
        one = decide(asked, alone, reading, reading.now)
        role = view.shape.role
        named = pack.roles[role].vi if pack is not None and role in pack.roles else role
        tried.append(TriedRight(view.id, role, named, getattr(one, "reason", None)))
    cell = (question.category, question.action)
    roles = () if pack is None else tuple(r.vi for id_, r in pack.roles.items() if cell in pack.cells.get(id_, ()))
    return WhyAnswer(explanation, tuple(tried), roles)


def _request(question: WhoQuestion, unit: UnitId, pack: Pack | None, account: AccountId) -> AccessRequest:
    if pack is None:
        raise InvalidError(f"no policy is in force for `{unit}` then", unit=unit)
    for field, words in (("category", pack.categories), ("action", pack.actions)):
        if getattr(question, field) not in words:
            raise InvalidError(f"the pack has no such {field}", field=field)
    types = pack.categories[question.category].resource_types
    return replace(request_about(question, unit, types), account=account)

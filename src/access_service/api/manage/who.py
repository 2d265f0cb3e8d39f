"""Who could do this to that class's data on a day, by which paper."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import Id
from access_service.api.manage.routing import manage
from access_service.api.manage.who_bodies import WhoOut, WhyOut
from access_service.domain import words
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.usecases.evidence.explaining import explain_to
from access_service.usecases.evidence.who import WhoQuestion, ask_who, read_known_at

router = manage("who")


@router.get("/who", summary="Who could do this to that class's data on a day, by which paper")
def who(
    services: ServicesDep,
    caller: CallerDep,
    action: Annotated[Id, Query(description="verb of the pack")],
    category: Annotated[Id, Query(description="category of data")],
    *,
    class_: Annotated[Id | None, Query(alias="class", description="the class; or name a unit")] = None,
    unit: Annotated[Id | None, Query(description="the unit; or name a class")] = None,
    subject: Annotated[Id | None, Query(description="a subject taught in the class")] = None,
    function: Annotated[Id | None, Query(description="part of the software, where the pack asks for it")] = None,
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
    known_at: Annotated[
        str | None, Query(description="a revision, or `then`: what was known at the instant asked about")
    ] = None,
) -> WhoOut:
    """For the unit's leadership, units above it, and inspections of it; to others there is no such class.

    Everybody listed is somebody whom a decision of that instant allows. The log says that it was asked.
    """
    question = WhoQuestion(
        action=action,
        category=category,
        class_id=None if class_ is None else ClassId(class_),
        unit=None if unit is None else UnitId(unit),
        subject=subject,
        function=function,
    )
    instant = None if at is None else words.instant(at)
    known = read_known_at(known_at)
    return WhoOut.of(ask_who(services, caller, question, at=instant, known_at=known))


@router.get("/explanation", summary="May somebody do this to that class's data on a day, and why or why not")
def explanation(
    services: ServicesDep,
    caller: CallerDep,
    account: Annotated[Id, Query(description="id of the account")],
    action: Annotated[Id, Query(description="verb of the pack")],
    category: Annotated[Id, Query(description="category of data")],
    *,
    class_: Annotated[Id | None, Query(alias="class", description="the class; or name a unit")] = None,
    unit: Annotated[Id | None, Query(description="the unit; or name a class")] = None,
    subject: Annotated[Id | None, Query(description="a subject taught in the class")] = None,
    function: Annotated[Id | None, Query(description="part of the software, where the pack asks for it")] = None,
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
    known_at: Annotated[
        str | None, Query(description="a revision, or `then`: what was known at the instant asked about")
    ] = None,
) -> WhyOut:
    """For the account itself, and for whoever may have the unit's matrix; of somebody else's the log says so."""
    question = WhoQuestion(
        action=action,
        category=category,
        class_id=None if class_ is None else ClassId(class_),
        unit=None if unit is None else UnitId(unit),
        subject=subject,
        function=function,
    )
    instant = None if at is None else words.instant(at)
    found = explain_to(services, caller, AccountId(account), question, at=instant, known_at=read_known_at(known_at))
    return WhyOut.of(found)

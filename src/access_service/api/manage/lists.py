"""Lists of a unit's people and accounts, and one field that finds people, units, classes and papers."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import TextLine
from access_service.api.manage.lists_bodies import AccountsOut, FoundOut, PeopleOut
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.names import AccountState, UnitId
from access_service.domain.progress import PersonMark
from access_service.usecases.evidence import people as listing
from access_service.usecases.evidence.finding import find_named

router = manage("lists")
QueryText = Annotated[TextLine | None, Query(alias="q", description="words of a name, however they were typed")]
StartLine = Annotated[int, Query(ge=0, le=1_000_000, description="how many lines to leave out")]


@router.get("/units/{id}/people")
def people(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    q: QueryText = None,
    mark: Annotated[PersonMark | None, Query(description="those who stand there alone")] = None,
    start: StartLine = 0,
) -> PeopleOut:
    """Who serves in a unit now, fifty a page, by given name; whole for those who act for it."""
    return PeopleOut.of(listing.people_of(services, caller, UnitId(id), query=q or "", mark=mark, start=start))


@router.get("/units/{id}/accounts")
def accounts(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    q: QueryText = None,
    state: Annotated[AccountState | None, Query(description="of one state alone")] = None,
    start: StartLine = 0,
) -> AccountsOut:
    """The accounts that a unit answers for, fifty a page, its admin account first."""
    return AccountsOut.of(
        listing.accounts_of(services, caller, UnitId(id), query=q or "", state=state, start=start)
    )


@router.get("/find")
def find(
    services: ServicesDep, caller: CallerDep, q: Annotated[TextLine, Query(description="words of a name")]
) -> FoundOut:
    """People, units, classes and papers of what the caller acts for, with all below; marks are forgiven."""
    return FoundOut.of(find_named(services, caller, q))

"""What lists of people and accounts, the search field and one's own sessions are answered with."""

from datetime import datetime

from access_service.api.manage.bodies import Out
from access_service.api.manage.org_bodies import AssignmentOut
from access_service.domain.names import AccountKind, AccountState
from access_service.domain.progress import PersonMark
from access_service.domain.vietnamese import ListedName
from access_service.usecases.evidence.finding import Found
from access_service.usecases.evidence.people import AccountLine, ListPage, PeoplePage, PersonLine
from access_service.usecases.identity.own_sessions import OwnSession


class AccountLineOut(Out):
    """An account in a list."""

    id: str
    kind: AccountKind
    username: str
    state: AccountState
    person: str | None
    name: str
    """Of its holder; of an admin account, of whoever operates it."""
    activated_at: datetime | None

    @classmethod
    def of(cls, line: AccountLine) -> "AccountLineOut":
        """From the use case's value."""
        a = line.account
        return cls(
            id=a.id,
            kind=a.kind,
            username=a.username,
            state=line.state,
            person=a.person,
            name=line.name,
            activated_at=a.activated_at,
        )


class PersonLineOut(Out):
    """Somebody who serves in the unit."""

    id: str
    name: str
    duties: list[AssignmentOut]
    titles: list[str]
    account: AccountLineOut | None
    roles: list[str]
    """Of the rights that are in their time."""
    mark: PersonMark
    """What is left to do."""

    @classmethod
    def of(cls, line: PersonLine) -> "PersonLineOut":
        """From the use case's value."""
        return cls(
            id=line.person,
            name=line.name,
            duties=[AssignmentOut.of(d) for d in line.duties],
            titles=list(line.titles),
            account=None if line.account is None else AccountLineOut.of(line.account),
            roles=sorted(line.roles),
            mark=line.mark,
        )


class PeopleOut(Out):
    """A page of a unit's people, by given name."""

    people: list[PersonLineOut]
    total: int
    start: int
    marks: dict[PersonMark, int]
    """How many of those found stand where, whichever are shown."""
    can: list[str]
    """What the caller may do with the unit."""

    @classmethod
    def of(cls, found: PeoplePage) -> "PeopleOut":
        """From the use case's value."""
        page = found.listed
        people = [PersonLineOut.of(line) for line in page.items]
        return cls(people=people, total=page.total, start=page.start, marks=found.marks, can=sorted(page.can))


class AccountsOut(Out):
    """A page of the accounts that a unit answers for."""

    accounts: list[AccountLineOut]
    total: int
    start: int
    can: list[str]
    """What the caller may do with the unit."""

    @classmethod
    def of(cls, page: ListPage[AccountLine]) -> "AccountsOut":
        """From the use case's value."""
        accounts = [AccountLineOut.of(line) for line in page.items]
        return cls(accounts=accounts, total=page.total, start=page.start, can=sorted(page.can))


class NamedOut(Out):
    """Something found, by id and name."""

    id: str
    name: str


class FoundPersonOut(NamedOut):
    """Somebody found, and where they serve."""

    units: list[NamedOut]


class FoundOut(Out):
    """What was found, of each kind at most fifty."""

    people: list[FoundPersonOut]
    units: list[NamedOut]
    classes: list[NamedOut]
    documents: list[NamedOut]

    @classmethod
    def of(cls, found: Found) -> "FoundOut":
        """From the use case's value."""
        return cls(
            people=[
                FoundPersonOut(
                    id=p.person, name=p.name, units=[NamedOut(id=u, name=found.names.get(u, "")) for u in p.units]
                )
                for p in found.people
            ],
            units=[_named(n) for n in found.units],
            classes=[_named(n) for n in found.classes],
            documents=[_named(n) for n in found.documents],
        )


def _named(named: ListedName) -> NamedOut:
    return NamedOut(id=named.id, name=named.name)


class OwnSessionOut(Out):
    """A session of the caller's account that is open."""

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    audience: str | None
    is_current: bool


class OwnSessionsOut(Out):
    """The account's open sessions, this one first."""

    sessions: list[OwnSessionOut]

    @classmethod
    def of(cls, found: list[OwnSession]) -> "OwnSessionsOut":
        """From the use case's values."""
        return cls(sessions=[OwnSessionOut.model_validate(s) for s in found])


class EndedOut(Out):
    """How many sessions were ended."""

    ended: int

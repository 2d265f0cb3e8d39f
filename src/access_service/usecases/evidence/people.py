"""The people and accounts of a unit as lists, and one person as a page: with what the caller may do with each.

Lists are of pages of fifty with an exact total, people by given name as a class register has them. They are whole
for whoever acts for the unit or one above it or inspects it; everybody else finds themselves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from access_service.domain.accounts import Account, answers_for, state_of
from access_service.domain.allowed import Can, can_with_account, can_with_duty, can_with_unit
from access_service.domain.delegation import Grant
from access_service.domain.external_ids import ExternalId, ExternalKind
from access_service.domain.names import AccountKind, AccountState, AssignmentId, PersonId, UnitId
from access_service.domain.org import Assignment, Person, Unit
from access_service.domain.progress import PersonMark
from access_service.domain.vietnamese import ListedName, is_found, name_key, search_key
from access_service.storage.lists import accounts_at, names_of, people_serving
from access_service.storage.progress import marks_of
from access_service.storage.search import read_roles_held
from access_service.storage.standing import suspensions_by_account
from access_service.usecases.evidence.reading import find_person
from access_service.usecases.evidence.reading_papers import GrantSeen, acts_for, grants_seen
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, ReadView, Services, look

T = TypeVar("T")
PAGE = 50
"""Lines a page."""


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    total: int
    """Lines of the whole list, as filtered."""
    start: int
    """How many lines stand before this page."""
    can: Can
    """What the caller may do with the unit that it is of."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in a list."""

    account: Account
    state: AccountState
    name: str
    """Of its holder; of an admin account, of whoever operates it; empty where nobody does."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who serves in the unit."""

    person: PersonId
    name: str
    duties: tuple[Assignment, ...]
    """Those in the unit that hold now."""
    titles: tuple[str, ...]
    """What the duties are called in the pack in force."""
    account: AccountLine | None
    """The use account, unless it is closed."""
    roles: frozenset[str]
    """Roles of the rights that are in their time, whoever gave them; papers and suspensions are not asked here."""
    mark: PersonMark
    """What is left to do."""


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of a unit's people, with how many of those found stand where."""

    listed: ListPage[PersonLine]
    marks: Mapping[PersonMark, int]
    unit: Unit


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One person, as far as the caller may see them."""

    person: Person
    duties: tuple[Assignment, ...]
    """In units that the caller sees, over or not, the newest first."""
    account: AccountLine | None
    grants: tuple[GrantSeen, ...]
    """Over or not; those of units that the caller acts for, and one's own."""
    can: Can
    """With the account."""
    can_with: Mapping[AssignmentId, Can]
    """With each duty."""
    external: tuple[ExternalId, ...] = ()
    """What they and their account are called in other systems, as units say whose people the caller sees."""


def _page(found: Sequence[T], start: int) -> Sequence[T]:
    return found[max(0, start) : max(0, start) + PAGE]


def sees_all(seen: ReadView, unit: UnitId) -> bool:
    """Is a list of the unit's people whole for the caller? `NotFoundError` where they see not even the unit."""
    caller = seen.require_caller()
    if inspects(seen, caller.person, unit):
        return True
    seen.check_visible(unit)
    return acts_for(seen, unit)


def _use_accounts(seen: ReadView, people: Iterable[ListedName]) -> dict[PersonId, AccountLine]:
    names = {p.id: p.name for p in people}
    found = seen.reader.find(Account, person=sorted(names), kind=str(AccountKind.USE))
    lines = (_line(account, names) for account in _with_states(seen, found))
    return {x.account.person: x for x in lines if x.account.person and x.state is not AccountState.CLOSED}


def _with_states(seen: ReadView, accounts: Sequence[Account]) -> list[tuple[Account, AccountState]]:
    laid_on = suspensions_by_account(seen.reader, accounts)
    return [(account, state_of(account, laid_on[account.id], seen.now)) for account in accounts]


def _line(found: tuple[Account, AccountState], names: Mapping[str, str]) -> AccountLine:
    account, state = found
    return AccountLine(account, state, names.get(account.person or "", ""))


def people_of(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    query: str = "",
    mark: PersonMark | None = None,
    start: int = 0,
) -> PeoplePage:
    """Who serves in a unit now, found by the words of a name however it was typed, and by what is left to do."""
    with look(services, caller) as seen:
        is_whole = sees_all(seen, unit)
        named = people_serving(seen.reader, unit, seen.now, query)
        if not is_whole:
            named = [n for n in named if n.id == caller.person]
        marks = {id_: found for id_, (found, _) in marks_of(seen.reader, unit, seen.now).items()}
        stands = [marks.get(PersonId(n.id), PersonMark.WITHOUT_RIGHTS) for n in named]
        sums = {m: stands.count(m) for m in PersonMark}
        named = [n for n, stand in zip(named, stands, strict=True) if mark in (None, stand)]
        shown = _page(named, start)
        duties: dict[str, list[Assignment]] = {}
        for duty in seen.reader.find(Assignment, unit=unit, person=[n.id for n in shown]):
            if seen.now in duty.interval:
                duties.setdefault(duty.person, []).append(duty)
        accounts = _use_accounts(seen, shown)
        roles = read_roles_held(seen.reader, [x.account.id for x in accounts.values()], seen.now)
        positions = titles_in(seen, unit)
        lines = []
        for n in shown:
            account = accounts.get(PersonId(n.id))
            held = tuple(duties.get(n.id, ()))
            lines.append(
                PersonLine(
                    PersonId(n.id),
                    n.name,
                    held,
                    tuple(sorted({positions.get(d.position, d.position) for d in held})),
                    account,
                    roles.get(account.account.id, frozenset()) if account else frozenset(),
                    marks.get(PersonId(n.id), PersonMark.WITHOUT_RIGHTS),
                )
            )
        found = seen.require_unit(unit)
        can = can_with_unit(seen.ground, caller, found)
        return PeoplePage(ListPage(lines, len(named), max(0, start), can), sums, found)


def titles_in(seen: ReadView, unit: UnitId) -> Mapping[str, str]:
    """What the positions are called where the unit stands; nothing where no policy is in force."""
    tables = seen.gather.tables_for(unit, seen.now)
    return {} if tables is None else {id_: position.vi for id_, position in tables.pack.positions.items()}


def accounts_of(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    query: str = "",
    state: AccountState | None = None,
    start: int = 0,
) -> ListPage[AccountLine]:
    """The accounts that a unit answers for, by name: found by holder or username, of one state or of all."""
    with look(services, caller) as seen:
        is_whole = sees_all(seen, unit)
        found = accounts_at(seen.reader, unit, seen.now)
        if not is_whole:
            found = [a for a in found if a.id == caller.account]
        custody = seen.custody_of(unit)
        people = names_of(seen.reader, [*(a.person for a in found), custody.person if custody else None])
        names: dict[str, str] = {id_: person.name for id_, person in people.items()}
        lines = []
        for account, where in _with_states(seen, found):
            holder = account.person or (custody.person if account.kind is AccountKind.ADMIN and custody else None)
            name = names.get(holder or "", "")
            wanted = is_found(query, search_key(f"{name} {account.username}"))
            if wanted and state in (None, where):
                lines.append(AccountLine(account, where, name))
        lines.sort(key=lambda x: (x.account.kind is not AccountKind.ADMIN, name_key(x.name), x.account.id))
        can = can_with_unit(seen.ground, caller, seen.require_unit(unit))
        return ListPage(_page(lines, start), len(lines), max(0, start), can)


def see_person(services: Services, caller: Caller, id_: PersonId) -> PersonSeen:
    """One person with their duties, account and rights, and what the caller may do with each."""
    with look(services, caller) as seen:
        person = find_person(seen, caller, id_)
        is_own = caller.person == id_
        duties = [d for d in seen.reader.find(Assignment, person=id_) if is_own or seen.is_related(d.unit)]
        duties.sort(key=lambda d: (_over(d.valid_to, seen.now), -d.valid_from.timestamp(), d.id))
        whole = {unit for unit in {d.unit for d in duties} if is_own or sees_all(seen, unit)}
        duties = [d for d in duties if d.unit in whole]
        use = seen.use_account_of(id_)
        account, can = None, Can()
        grants: list[Grant] = []
        if use is not None and (is_own or acts_for(seen, answers_for(seen.ground, use)) or whole):
            (found,) = _with_states(seen, [use])
            account = AccountLine(use, found[1], person.name)
            can = can_with_account(seen.ground, caller, use, found[1])
            grants = [g for g in seen.reader.find(Grant, account=use.id) if is_own or acts_for(seen, g.unit)]
        return PersonSeen(
            person,
            tuple(duties),
            account,
            tuple(grants_seen(seen, grants)),
            can,
            {d.id: can_with_duty(seen.ground, caller, d) for d in duties},
            external_ids_of(seen, [id_, *([use.id] if use is not None and account else [])], whole),
        )


def external_ids_of(seen: ReadView, targets: Sequence[str], units: Collection[UnitId]) -> tuple[ExternalId, ...]:
    """What these are called in other systems now, as these units say."""
    found = seen.reader.find(ExternalId, target=list(targets))
    named = [f for f in found if f.unit in units and f.kind is not ExternalKind.CLASS and seen.now in f.interval]
    return tuple(sorted(named, key=lambda f: (f.system, f.value)))


def _over(end: datetime | None, now: datetime) -> bool:
    return end is not None and end <= now


def units_acted_for(seen: ReadView) -> list[UnitId]:
    """The units for which the caller acts in person: that of the admin account, those they lead or inspect."""
    caller = seen.require_caller()
    if caller.kind is AccountKind.ADMIN:
        return [caller.unit]
    duties = seen.reader.find(Assignment, person=caller.person)
    return sorted({d.unit for d in duties if seen.now in d.interval and seen.leading(caller.person, d.unit)})

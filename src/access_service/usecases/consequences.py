"""What an act that takes back would do, in one shape for all of them: asked first, and held to (web.md 4.7).

`consequences_of` rehearses the act itself, so no rule is written twice; `as_shown` does it only if it still takes
what was shown. Numbers are exact, names are the first ten.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.consequences import (
    COUNTED,
    UNDONE_BY,
    Falling,
    How,
    Matter,
    as_narrowed,
    check_as_shown,
    digest_of,
    falling_of,
)
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.names import AccountKind, GrantState, PersonId, RegisterId, SuspendableKind, UnitId
from access_service.domain.org import Assignment, Person, SchoolYear, Unit
from access_service.domain.software import Approval, Client, Software
from access_service.domain.standing import grant_state
from access_service.storage.accounts import count_sessions
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.services import Act, Rehearsed, Services, rehearse

T = TypeVar("T")
NAMED = 10
"""How many of each sort are named; the number beside them is of all."""


@dataclass(frozen=True, slots=True)
class NamedThing:
    """One of what falls or stays, as a person would call it."""

    id: str
    name: str
    """A person's name, a unit's, a paper's number; of a right the holder's."""
    what: str = ""
    """The role of a right, the position of a duty, the kind of a document."""


@dataclass(frozen=True, slots=True)
class SortFalling:
    """Everything of one sort that the same happens to."""

    matter: Matter
    how: How
    number: int
    at: datetime | None
    """When the first of them does not go on as it was; None for what stays."""
    first: tuple[NamedThing, ...]


@dataclass(frozen=True, slots=True)
class Consequences(Generic[T]):
    """What the act would do; nothing of it has happened."""

    act: str
    """Its name in the log, `grant.revoke`."""
    revision: int
    """What the register knew when this was worked out."""
    at: datetime
    """From when: the first instant at which something falls."""
    falls: tuple[SortFalling, ...]
    stays: tuple[SortFalling, ...]
    undone_by: str | None
    """The act that takes it back; None where it is final."""
    digest: str
    """The list in one hash: the act is held to it (`as_shown`)."""
    rehearsed: Rehearsed[T]


@dataclass(frozen=True, slots=True)
class _Weighed:
    act: str
    register: RegisterId
    revision: int
    falling: frozenset[Falling]
    falls: tuple[SortFalling, ...]
    stays: tuple[SortFalling, ...]
    accounts: frozenset[str]
    """Whose sessions end."""
    now: datetime


def consequences_of(services: Services, run: Callable[[Services], T]) -> Consequences[T]:
    """Run the act to its end with every rule asked, read what it would take from whom, and undo it."""
    weighed: list[_Weighed] = []
    told = rehearse(replace(services, at_end=lambda doing: weighed.append(_weigh(doing))), run)
    falling = frozenset(f for one in weighed for f in one.falling)
    last = weighed[-1]
    return Consequences(
        act=last.act,
        revision=last.revision,
        at=min((f.at for f in falling), default=last.now),
        falls=tuple(listed for one in weighed for listed in (*one.falls, *_sessions(services, one))),
        stays=tuple(listed for one in weighed for listed in one.stays),
        undone_by=UNDONE_BY.get(last.act),
        digest=digest_of(falling),
        rehearsed=told,
    )


def as_shown(services: Services, shown: str | None) -> Services:
    """The services with which an act is done only if it takes exactly what was shown (`Consequences.digest`)."""
    if shown is None:
        return services

    def check(doing: Act) -> None:
        check_as_shown(shown, _find_falling(doing))

    return replace(services, at_end=check)


def _sessions(services: Services, one: _Weighed) -> list[SortFalling]:
    """Open sessions that would end. They stand beside the facts, so they are counted once the act is undone."""
    with services.db.connect() as connection:
        number = count_sessions(connection, one.register, one.accounts, one.now)
    return [SortFalling(Matter.SESSION, How.ENDS, number, one.now, ())] if number else []


# -- what falls ------------------------------------------------------------------------------------------------


def _find_falling(doing: Act) -> frozenset[Falling]:
    before = _before(doing)
    found: set[Falling] = set()
    replaced = {g.replaces for g in doing.tx.find(Grant, id=doing.tx.written.get(Grant, set()))} - {None}
    for value_type in COUNTED:
        ids = doing.tx.written.get(value_type, set())
        old = {value.id: value for value in before.find(value_type, id=ids)}
        for value in doing.tx.find(value_type, id=ids):
            falling = falling_of(old.get(value.id), value, doing.now)
            if falling is not None:
                found.add(as_narrowed(falling, replaced))
    found |= _approvals(doing, found)
    return frozenset(found | _paused_below(doing, before, found) | _custodies(doing, before))


def _approvals(doing: Act, found: Collection[Falling]) -> set[Falling]:
    """What software was agreed to ends with its use: the papers stay as they are, and let nothing be drawn."""
    over = {f.id: f for f in found if f.matter is Matter.SOFTWARE and f.how is How.ENDS}
    papers = doing.tx.find(Approval, software=set(over))
    return {
        Falling(Matter.APPROVAL, p.id, How.ENDS, over[p.software].at) for p in papers if doing.now in p.interval
    }


def _before(doing: Act) -> Reader:
    """The register as it was known before this act."""
    return Reader(doing.tx.connection, doing.tx.register, doing.tx.before)


def _paused_below(doing: Act, before: Reader, found: Collection[Falling]) -> set[Falling]:
    """Rights that a pause, its end, or the closing of a year reaches, though no row of theirs changed."""
    pauses = [f for f in found if f.how in (How.PAUSES, How.RESUMES) or f.matter is Matter.YEAR]
    known = {f.id for f in found if f.matter is Matter.GRANT}
    candidates = {g.id: g for f in pauses for g in _resting_on(doing, f) if g.id not in known}
    if not candidates:
        return set()
    grants = [candidates[id_] for id_ in sorted(candidates)]
    at = {g.id: min(f.at for f in pauses) for g in grants}
    stopped = {f.id: f for f in pauses if f.matter is Matter.ACCOUNT}
    then = {f.grant.id: grant_state(f, doing.now) for f in Gatherer(before).grants(grants, doing.now)}
    now = {f.grant.id: grant_state(f, doing.now) for f in Gatherer(doing.tx).grants(grants, doing.now)}
    below: set[Falling] = set()
    for grant in grants:
        if grant.account in stopped and now[grant.id] is GrantState.EFFECTIVE:
            pause = stopped[grant.account]
            below.add(Falling(Matter.GRANT, grant.id, pause.how, pause.at))
        elif then[grant.id] is not now[grant.id]:
            how = {GrantState.SUSPENDED: How.PAUSES, GrantState.EFFECTIVE: How.RESUMES}.get(now[grant.id], How.ENDS)
            below.add(Falling(Matter.GRANT, grant.id, how, at[grant.id]))
    return below


def _resting_on(doing: Act, pause: Falling) -> list[Grant]:
    """The rights that rest on what is paused or closed."""
    tx = doing.tx
    if pause.matter is Matter.ACCOUNT:
        return tx.find(Grant, account=pause.id)
    if pause.matter is Matter.YEAR:
        return [g for g in tx.find(Grant) if g.scope.school_year == pause.id and g.ended_at is None]
    if pause.matter is Matter.UNIT:
        duties = tx.find(Assignment, unit=pause.id)
        held = tx.find(Grant, assignment=[d.id for d in duties])
        return held + _handed_down(doing, tx.find(Authority, unit=pause.id))
    if pause.matter is Matter.AUTHORITY:
        return _handed_down(doing, tx.find(Authority, id=pause.id))
    return tx.find(Grant, id=pause.id)


def _handed_down(doing: Act, authorities: Iterable[Authority]) -> list[Grant]:
    """Every right of these authorities and of those that hang under them, now or after a move."""
    known = {a.id for a in authorities}
    below = set(known)
    while below:
        moved = {m.authority for m in doing.gather.moves if m.parent in below}
        below = ({a.id for a in doing.tx.find(Authority, parent=below)} | moved) - known
        known |= below
    return [g for g in doing.tx.find(Grant, authority=known) if g.ended_at is None or g.ended_at > doing.now]


def _custodies(doing: Act, before: Reader) -> set[Falling]:
    """Custodies that end with the duty they rest on: their dates follow, no row of theirs changes (A5)."""
    duties = doing.tx.find(Assignment, id=doing.tx.written.get(Assignment, set()))
    found: set[Falling] = set()
    old, new = Gatherer(before), Gatherer(doing.tx)
    for unit in sorted({d.unit for d in duties}):
        then = {c.id: i.end for c, i in old.custodies(unit, doing.now).held if doing.now in i}
        after = {c.id: i.end for c, i in new.custodies(unit, doing.now).held}
        for id_, end in then.items():
            ends = after.get(id_, doing.now)
            if ends is not None and (end is None or ends < end):
                found.add(Falling(Matter.CUSTODY, id_, How.ENDS, ends))
    return found


# -- in words --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Behind:
    """Who and what stands behind what falls."""

    grants: dict[str, Grant]
    accounts: dict[str, Account]
    people: dict[PersonId, Person]

    def holder(self, account: str) -> Person | None:
        found = self.accounts.get(account)
        return None if found is None or found.person is None else self.people.get(found.person)


def _weigh(doing: Act) -> _Weighed:
    falling = _find_falling(doing)
    ids: dict[Matter, set[str]] = defaultdict(set)
    for one in falling:
        ids[one.matter].add(one.id)
    behind, accounts, people = _find_behind(doing, ids)
    stopping = {f.id for f in falling if f.matter is Matter.ACCOUNT and f.how is not How.RESUMES}
    custodies = doing.tx.find(Custody, id=ids[Matter.CUSTODY])
    falls = _people(people, behind, falling) + _listed(doing, behind, falling)
    lost = [f.id for f in falling if f.matter is Matter.GRANT and f.how is not How.RESUMES]
    holders = {str(behind.grants[id_].account) for id_ in lost} | stopping
    agreed = {a.software for a in doing.tx.find(Approval, id=ids[Matter.APPROVAL])}
    holders |= {str(s.account) for s in doing.tx.find(Software, id={*ids[Matter.SOFTWARE], *agreed})}
    if holders:
        at = min(f.at for f in falling)
        falls.append(SortFalling(Matter.TOKENS, How.ENDS, len(holders), at, ()))
    return _Weighed(
        act=doing.action,
        register=doing.tx.register,
        revision=doing.tx.before,
        falling=falling,
        falls=tuple(falls),
        stays=tuple(_stays(doing, behind, falling, accounts, people)),
        accounts=frozenset(stopping | {c.account for c in custodies}),
        now=doing.now,
    )


def _find_behind(doing: Act, ids: dict[Matter, set[str]]) -> tuple[_Behind, set[str], set[PersonId]]:
    tx = doing.tx
    grants = {g.id: g for g in tx.find(Grant, id=ids[Matter.GRANT])}
    accounts = {g.account for g in grants.values()} | ids[Matter.ACCOUNT]
    found = {a.id: a for a in tx.find(Account, id=accounts)}
    people = {a.person for a in found.values() if a.person is not None}
    people |= {d.person for d in tx.find(Assignment, id=ids[Matter.DUTY])}
    people |= {c.person for c in tx.find(Custody, id=ids[Matter.CUSTODY])}
    named = {p.id: p for p in tx.find(Person, id=people)}
    behind = _Behind({str(k): v for k, v in grants.items()}, {str(k): v for k, v in found.items()}, named)
    return behind, {str(a) for a in accounts}, people


def _listed(doing: Act, behind: _Behind, falling: Iterable[Falling]) -> list[SortFalling]:
    groups: dict[tuple[Matter, How], list[Falling]] = defaultdict(list)
    for one in falling:
        groups[one.matter, one.how].append(one)
    order = list(Matter)
    return [
        SortFalling(
            matter,
            how,
            len(group),
            min(f.at for f in group),
            _first(doing, behind, matter, [f.id for f in group]),
        )
        for (matter, how), group in sorted(groups.items(), key=lambda g: (order.index(g[0][0]), g[0][1]))
    ]


def _people(people: Collection[PersonId], behind: _Behind, falling: Collection[Falling]) -> list[SortFalling]:
    """Everybody whom it concerns, once, whatever they lose."""
    if not people:
        return []
    named = sorted((behind.people[p] for p in people if p in behind.people), key=lambda p: (p.sort_key, p.id))
    hows = {f.how for f in falling}
    how = next((h for h in How if h in hows), How.ENDS)
    first = tuple(NamedThing(p.id, p.name) for p in named[:NAMED])
    return [SortFalling(Matter.PERSON, how, len(people), min(f.at for f in falling), first)]


def _first(doing: Act, behind: _Behind, matter: Matter, ids: Collection[str]) -> tuple[NamedThing, ...]:
    """The first ten as people call them: by the holder's name, as a register of a class is sorted."""
    if matter is Matter.GRANT:
        return _first_grants(doing, behind, [behind.grants[id_] for id_ in ids])
    named = [_named(doing, behind, matter, value) for value in doing.tx.find(_TYPES[matter], id=set(ids))]
    return tuple(sorted(named, key=lambda n: (n.name, n.id))[:NAMED])


_TYPES: dict[Matter, type[Any]] = {
    Matter.GRANT: Grant,
    Matter.AUTHORITY: Authority,
    Matter.DUTY: Assignment,
    Matter.CUSTODY: Custody,
    Matter.ACCOUNT: Account,
    Matter.DOCUMENT: Document,
    Matter.UNIT: Unit,
    Matter.YEAR: SchoolYear,
    Matter.SOFTWARE: Software,
    Matter.APPROVAL: Approval,
    Matter.CLIENT: Client,
}


def _first_grants(doing: Act, behind: _Behind, grants: Iterable[Grant]) -> tuple[NamedThing, ...]:
    def key(grant: Grant) -> tuple[str, str, str]:
        person = behind.holder(grant.account)
        return ("" if person is None else person.sort_key, grant.role, grant.id)

    return tuple(
        NamedThing(
            grant.id,
            "" if (person := behind.holder(grant.account)) is None else person.name,
            _role(doing, grant),
        )
        for grant in sorted(grants, key=key)[:NAMED]
    )


def _role(doing: Act, grant: Grant) -> str:
    tables = doing.gather.tables_for(grant.unit, doing.now)
    role = None if tables is None else tables.pack.roles.get(grant.role)
    return grant.role if role is None else role.vi


def _position(doing: Act, duty: Assignment) -> str:
    tables = doing.gather.tables_for(duty.unit, doing.now)
    position = None if tables is None else tables.pack.positions.get(duty.position)
    return duty.position if position is None else position.vi


def _unit_name(doing: Act, unit: UnitId) -> str:
    found = doing.tx.get(Unit, unit)
    return unit if found is None else found.name


def _named(doing: Act, behind: _Behind, matter: Matter, value: Any) -> NamedThing:
    if isinstance(value, Assignment | Custody):
        person = behind.people.get(value.person)
        what = _position(doing, value) if isinstance(value, Assignment) else _unit_name(doing, value.unit)
        return NamedThing(value.id, value.person if person is None else person.name, what)
    if isinstance(value, Account):
        software = doing.tx.first(Software, account=value.id) if value.kind is AccountKind.SERVICE else None
        if software is not None:
            return NamedThing(value.id, software.name)
        holder = behind.holder(value.id)
        return NamedThing(value.id, value.username if holder is None else holder.name, value.username)
    if isinstance(value, Authority):
        return NamedThing(value.id, _unit_name(doing, value.unit), value.basis)
    if isinstance(value, Document):
        return NamedThing(value.id, value.number, str(value.kind))
    if isinstance(value, Unit | Software):
        return NamedThing(value.id, value.name)
    return NamedThing(value.id, str(getattr(value, "number", value.id)), str(matter))


# -- what stays ------------------------------------------------------------------------------------------------


def _stays(
    doing: Act, behind: _Behind, falling: Collection[Falling], accounts: set[str], people: set[PersonId]
) -> list[SortFalling]:
    """What the same people keep, the papers that are kept, and what an office granted when its custodian goes."""
    gone = {(f.matter, f.id) for f in falling if f.how is not How.RESUMES}
    tx, now = doing.tx, doing.now
    mine = tx.find(Account, person=people)
    custodies = tx.find(Custody, id={id_ for matter, id_ in gone if matter is Matter.CUSTODY})
    issued = tx.find(Grant, unit={c.unit for c in custodies})
    rights = {g.id: g for g in (*tx.find(Grant, account={a.id for a in mine} | accounts), *issued)}
    stopped = {id_ for matter, id_ in gone if matter is Matter.ACCOUNT}
    kept_rights = [
        g
        for g in rights.values()
        if (Matter.GRANT, g.id) not in gone
        and g.account not in stopped
        and _holds(g, now)
        # What the same person has at a unit that the caller may not see stays unsaid.
        and doing.is_related(g.scope.unit)
    ]
    kept_duties = [
        d
        for d in tx.find(Assignment, person=people)
        if now in d.interval and (Matter.DUTY, d.id) not in gone and doing.is_related(d.unit)
    ]
    laid = tx.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target={a.id for a in mine})
    paused = {s.target for s in laid if now in s.interval}
    open_accounts = [a for a in mine if a.id not in stopped | paused and (a.valid_to is None or a.valid_to > now)]
    papers = {g.document for g in behind.grants.values() if g.document is not None}
    kept_papers = [d for d in papers if (Matter.DOCUMENT, d) not in gone]
    every = _Behind(
        behind.grants | {str(g.id): g for g in kept_rights},
        behind.accounts
        | {str(a.id): a for a in mine}
        | {str(a.id): a for a in tx.find(Account, id={g.account for g in kept_rights})},
        behind.people,
    )
    missing = {a.person for a in every.accounts.values() if a.person is not None} - every.people.keys()
    every.people.update({p.id: p for p in tx.find(Person, id=missing)})
    found = (
        (Matter.GRANT, [str(g.id) for g in kept_rights]),
        (Matter.DUTY, [str(d.id) for d in kept_duties]),
        (Matter.ACCOUNT, [str(a.id) for a in open_accounts]),
        (Matter.DOCUMENT, [str(d) for d in kept_papers]),
    )
    return [
        SortFalling(matter, How.STAYS, len(ids), None, _first(doing, every, matter, ids))
        for matter, ids in found
        if ids
    ]


def _holds(grant: Grant, now: datetime) -> bool:
    return (
        grant.activated_at is not None
        and (grant.ended_at is None or grant.ended_at > now)
        and (grant.valid_to is None or grant.valid_to > now)
    )

"""One right with the chain that it comes by, and what the pages about a person need beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account
from access_service.domain.allowed import Can, can_with_authority, can_with_grant
from access_service.domain.delegation import Authority, Grant, LeavingCase
from access_service.domain.duties import title_of
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import GrantId, PersonId, UnitId
from access_service.domain.org import Assignment, Person, SchoolClass, Unit
from access_service.domain.preparing import check_no_return_waits, find_handed_back
from access_service.domain.rights_said import place_of
from access_service.domain.vocabulary import LEVEL_TEXT
from access_service.usecases.evidence.reading import authorities_of
from access_service.usecases.evidence.reading_papers import GrantSeen, read_grant
from access_service.usecases.evidence.rights import PersonRight, rights_of
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class RightsLink:
    """A unit through which a right comes, with what it may hand down."""

    unit: UnitId
    name: str
    basis: str
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class UnitToHandBack:
    """A unit that is owed a return, with what is handed back."""

    unit: UnitId
    name: str
    rights: int
    """How many are not over yet."""
    left_at: datetime | None
    """When the duty ended; None while it lasts."""
    is_prepared: bool
    """The return minutes stand already, and wait for somebody."""


@dataclass(frozen=True, slots=True)
class GrantPage:
    """One right in full."""

    seen: GrantSeen
    right: PersonRight | None
    """Its sentences, signer and paper; None where the caller sees the right and not its holder's others."""
    person: PersonId | None
    person_name: str
    duty: str
    """What the duty is called on which it rests."""
    chain: tuple[RightsLink, ...]
    """From the register's root down to the unit that gave it."""
    parts: tuple[tuple[str, str], ...]
    """Each class, or subject in one: its word in a form, and its name."""
    actions: tuple[tuple[str, str], ...]
    """What may be done by it, as the pack calls it."""

    @property
    def grant(self) -> Grant:
        """The right itself."""
        return self.seen.grant

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The words of the parts."""
        return tuple(id_ for id_, _ in self.parts)

    @property
    def action_ids(self) -> tuple[str, ...]:
        """The words of the actions."""
        return tuple(id_ for id_, _ in self.actions)


def see_grant(services: Services, caller: Caller, id_: GrantId) -> GrantPage:
    """One right: its holder's, and for those who act for the issuing unit or inspect it."""
    seen_grant = read_grant(services, caller, id_)
    grant = seen_grant.grant
    with look(services, caller) as seen:
        account = seen.reader.require(Account, grant.account)
        person = None if account.person is None else seen.reader.get(Person, account.person)
        duty = None if grant.assignment is None else seen.reader.get(Assignment, grant.assignment)
        chain = tuple(
            RightsLink(a.unit, _unit_name(seen, a.unit), a.basis, a.valid_to)
            for a in reversed(seen.gather.chain_of_authority(grant.authority, seen.now))
        )
        classes = {c.id: c.name for c in seen.reader.find(SchoolClass, id=grant.scope.class_ids)}
        title = "" if duty is None else title_of_duty(seen, duty)
        pairs = sorted(grant.scope.classes or ())
    right = None if person is None else _right(services, caller, person.id, id_)
    return GrantPage(
        seen=seen_grant,
        right=right,
        person=None if person is None else person.id,
        person_name="" if person is None else person.name,
        duty=title,
        chain=chain,
        parts=tuple((f"{c}|{s}", f"{classes.get(c, c)}{f' ({s})' if s else ''}") for c, s in pairs),
        actions=_actions(right),
    )


def _right(services: Services, caller: Caller, person: PersonId, id_: GrantId) -> PersonRight | None:
    try:
        found = rights_of(services, caller, person, include_ended=True)
    except NotFoundError:
        return None
    return next((r for r in found.rights if r.row.grant == id_), None)


def _actions(right: PersonRight | None) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for cell in right.row.rights if right is not None else ():
        found.update(zip(cell.actions, cell.actions_vi, strict=True))
    return tuple(found.items())


def _unit_name(seen: ReadView, unit: UnitId) -> str:
    found = seen.reader.get(Unit, unit)
    return unit if found is None else found.name


def title_of_duty(seen: ReadView, duty: Assignment) -> str:
    """What a duty is called in the pack in force."""
    tables = seen.gather.tables_for(duty.unit, seen.now)
    return title_of(tables.pack if tables else None, duty, seen.org.school_class) or duty.position


def titles_of(services: Services, caller: Caller, duties: Iterable[Assignment]) -> Mapping[str, tuple[str, str]]:
    """What each duty is called, and in which unit."""
    with look(services, caller) as seen:
        return {d.id: (title_of_duty(seen, d), _unit_name(seen, d.unit)) for d in duties}


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """What a unit may hand down, and what the caller may do with it."""

    authority: Authority
    place: str
    is_suspended: bool
    is_now: bool
    can: Can


def authorities_seen(services: Services, caller: Caller, unit: UnitId) -> list[AuthorityLine]:
    """What a unit may hand down, past and present, the newest first."""
    found = authorities_of(services, caller, unit)
    with look(services, caller) as seen:
        lines = [
            AuthorityLine(
                authority,
                _place(seen, authority),
                is_suspended,
                seen.now in authority.interval,
                can_with_authority(seen.ground, caller, authority),
            )
            for authority, is_suspended in found
        ]
    return sorted(lines, key=lambda x: (not x.is_now, -x.authority.valid_from.timestamp(), x.authority.id))


def _place(seen: ReadView, authority: Authority) -> str:
    scope, unit = authority.scope, seen.reader.get(Unit, authority.scope.unit)
    whole = unit is not None and scope.levels == unit.levels
    levels = () if whole else tuple(text.vi for x, text in LEVEL_TEXT.items() if x in (scope.levels or ()))
    return place_of(scope, scope.unit if unit is None else unit.name, (), levels)


def grants_allowed(services: Services, caller: Caller, seen_grants: Iterable[GrantSeen]) -> Mapping[str, Can]:
    """What the caller may do with each of these rights."""
    with look(services, caller) as seen:
        return {g.grant.id: can_with_grant(seen.ground, caller, g.grant, g.state) for g in seen_grants}


def units_to_hand_back(services: Services, caller: Caller) -> list[UnitToHandBack]:
    """The units to which the caller has something to hand back: rights, or the paper that closes a leaving."""
    with look(services, caller) as seen:
        account = seen.reader.get(Account, caller.account)
        units = sorted({g.unit for g in seen.reader.find(Grant, account=caller.account)})
        found = [_to_hand_back(seen, account, caller.person, unit) for unit in units]
        return [one for one in found if one is not None]


def _to_hand_back(seen: ReadView, account: Account | None, person: PersonId, unit: UnitId) -> UnitToHandBack | None:
    held = find_handed_back(seen.ground, account, unit)
    rights = sum(g.ended_at is None or g.ended_at > seen.now for g in held)
    cases = [c for c in seen.reader.find(LeavingCase, person=person, unit=unit) if c.valid_to is None]
    if not held or not (rights or cases):
        return None
    try:
        check_no_return_waits(seen.ground, person, unit)
    except RefusedError:
        is_waiting = True
    else:
        is_waiting = False
    left = min((c.valid_from for c in cases), default=None)
    return UnitToHandBack(unit, _unit_name(seen, unit), rights, left, is_waiting)

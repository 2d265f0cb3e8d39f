"""What a signed-in caller may read of the organisation and the accounts.

A caller sees the units of their own chain and those below their own. What is not theirs is missing: the same error
for both. Lists about other people (duties, documents, grants) are whole for whoever acts for the unit or a unit
above it, and shortened to their own lines for everybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from access_service.domain.accounts import Account, Custody, Suspension, answers_for
from access_service.domain.allowed import Can, can_with_unit
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    DocumentState,
    PersonId,
    RegisterId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit, manager_of
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval
from access_service.usecases.evidence.reading_papers import (
    GrantSeen,
    acts_for,
    grants_seen,
    head_of,
    is_open,
    pack_or_none,
)
from access_service.usecases.identity.accounts import account_state
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """A unit with what stands around it now."""

    unit: Unit
    manager: UnitId | None
    chain: tuple[UnitId, ...]
    """The unit, its manager and so on; for a unit that is over, its successors and theirs."""
    custody: Custody | None
    head: Assignment | None
    people: Mapping[PersonId, str]
    """Names of the custodian and the head."""
    is_suspended: bool
    can: Can
    """What the caller may do with it."""


@dataclass(frozen=True, slots=True)
class Me:
    """The caller, as the register knows them."""

    account: Account
    state: AccountState
    person: Person
    unit: Unit
    duties: tuple[Assignment, ...]
    grants: tuple[GrantSeen, ...]
    waiting: tuple[Document, ...]
    """Documents that wait for the caller's signature."""


@dataclass(frozen=True, slots=True)
class RegisterSeen:
    """The register and the packs bound to the units that the caller sees."""

    id: RegisterId
    revision: int
    bindings: tuple[PackBinding, ...]


def register_named(services: Services, wanted: str | None) -> RegisterId:
    """The register to sign in to: the one named, or the only one. One that is missing is not told apart."""
    if wanted is not None:
        return RegisterId(wanted)
    found = services.db.registers()
    if len(found) > 1:
        raise InvalidError("there are several registers; name one")
    return RegisterId(str(found[0]["id"]) if found else "")


def _names(seen: ReadView, *people: PersonId | None) -> dict[PersonId, str]:
    return {p.id: p.name for p in seen.reader.find(Person, id=[p for p in people if p is not None])}


def read_unit(services: Services, caller: Caller, id_: UnitId) -> UnitSeen:
    """One unit: its chain, who operates its admin account, who heads it."""
    with look(services, caller) as seen:
        seen.check_visible(id_)
        custody, head = seen.custody_of(id_), head_of(seen, id_)
        return UnitSeen(
            unit=seen.require_unit(id_),
            manager=manager_of(seen.org, id_, seen.now),
            chain=seen.office_chain(id_),
            custody=custody,
            head=head,
            people=_names(seen, custody.person if custody else None, head.person if head else None),
            is_suspended=is_unit_suspended(seen, id_),
            can=can_with_unit(seen.ground, caller, seen.require_unit(id_)),
        )


def is_unit_suspended(seen: ReadView, unit: UnitId) -> bool:
    """Is the unit paused now?"""
    laid = seen.reader.find(Suspension, kind=str(SuspendableKind.UNIT), target=unit)
    return any(seen.now in s.interval for s in laid)


def units_under(services: Services, caller: Caller, id_: UnitId) -> list[Unit]:
    """The units that a unit directly manages now and that the caller sees, by code."""
    with look(services, caller) as seen:
        seen.check_visible(id_)
        edges = seen.reader.find(ManagementEdge, manager=id_)
        below = [e.unit for e in edges if seen.now in Interval(e.valid_from, e.valid_to)]
        return [u for u in seen.reader.find(Unit, id=below) if seen.is_related(u.id)]


def school_years(services: Services, caller: Caller) -> list[SchoolYear]:
    """Every school year of the register."""
    with look(services, caller) as seen:
        return seen.reader.find(SchoolYear)


def classes_of(services: Services, caller: Caller, school: UnitId, school_year: str | None) -> list[SchoolClass]:
    """The classes of a school, of one year or of all."""
    with look(services, caller) as seen:
        seen.check_visible(school)
        years = {} if school_year is None else {"school_year": school_year}
        return seen.reader.find(SchoolClass, school=school, **years)


def read_person(services: Services, caller: Caller, id_: PersonId) -> Person:
    """A person: oneself, somebody with a duty in a unit the caller sees, or one who has no duty anywhere yet."""
    with look(services, caller) as seen:
        return find_person(seen, caller, id_)


def find_person(seen: ReadView, caller: Caller, id_: PersonId) -> Person:
    """A person whom the caller may see, else not found."""
    person = seen.reader.require(Person, id_)
    if person.id == caller.person:
        return person
    duties = seen.reader.find(Assignment, person=id_)
    if any(seen.is_related(a.unit) for a in duties):
        return person
    # Entered by a custodian and not yet assigned: no unit's person, so every custodian may look.
    if not duties and caller.kind is AccountKind.ADMIN:
        return person
    raise NotFoundError("person", id_)


def assignments_of(services: Services, caller: Caller, unit: UnitId) -> list[Assignment]:
    """Duties in a unit, past and present; one's own for those who do not act for it."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        whose = {} if acts_for(seen, unit) else {"person": caller.person}
        return seen.reader.find(Assignment, unit=unit, **whose)


def read_account(services: Services, caller: Caller, id_: AccountId) -> tuple[Account, AccountState]:
    """One's own account, or one of a unit the caller acts for."""
    with look(services, caller) as seen:
        account = seen.reader.require(Account, id_)
        if account.id != caller.account and not acts_for(seen, answers_for(seen.ground, account)):
            raise NotFoundError("account", id_)
        return account, account_state(seen.reader, account, seen.now)


def authorities_of(services: Services, caller: Caller, unit: UnitId) -> list[tuple[Authority, bool]]:
    """What a unit may hand down, past and present, and whether it is suspended now."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        found = seen.reader.find(Authority, unit=unit)
        laid = seen.reader.find(
            Suspension, kind=str(SuspendableKind.AUTHORITY), target=[a.id for a in found] or [""]
        )
        stopped = {s.target for s in laid if seen.now in s.interval}
        return [(a, a.id in stopped) for a in found]


def read_me(services: Services, caller: Caller) -> Me:
    """Everything about the caller: account, duties, grants, and what waits for their signature."""
    with look(services, caller) as seen:
        reader = seen.reader
        account = reader.require(Account, caller.account)
        duties = reader.find(Assignment, person=caller.person)
        return Me(
            account=account,
            state=account_state(reader, account, seen.now),
            person=reader.require(Person, caller.person),
            unit=reader.require(Unit, caller.unit),
            duties=tuple(a for a in duties if a.valid_to is None or a.valid_to > seen.now),
            grants=tuple(grants_seen(seen, reader.find(Grant, account=caller.account))),
            waiting=tuple(_waiting_for(seen, caller, duties)),
        )


def _waiting_for(seen: ReadView, caller: Caller, duties: list[Assignment]) -> list[Document]:
    """A receiver's, and the giver's where the caller leads the office; nobody signs as an admin account."""
    if caller.kind is not AccountKind.USE:
        return []
    reader = seen.reader
    found = reader.find(Document, receiver=caller.person, state=str(DocumentState.AWAITING_RECEIVER))
    for unit in sorted({a.unit for a in duties if seen.now in a.interval}):
        if pack_or_none(seen, unit) is not None and seen.leading(caller.person, unit):
            at_giver = reader.find(Document, unit=unit, state=str(DocumentState.AWAITING_GIVER))
            found += [d for d in at_giver if d.receiver != caller.person]
    return [d for d in found if is_open(seen, d)]


def read_register(services: Services, caller: Caller) -> RegisterSeen:
    """The register, its newest revision, and the packs bound to the units that the caller sees."""
    counter = services.db.counter(caller.register)
    if counter is None:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
    with look(services, caller) as seen:
        bindings = [b for b in seen.reader.find(PackBinding) if seen.is_related(b.unit)]
    return RegisterSeen(caller.register, counter.revision, tuple(bindings))

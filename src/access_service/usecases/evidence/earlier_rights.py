"""What a new head has to confirm, with the names that a reader needs."""

from dataclasses import dataclass

from access_service.domain.accounts import Account
from access_service.domain.errors import RefusedError
from access_service.domain.names import UnitId
from access_service.domain.taking import headship_to_confirm
from access_service.storage.lists import names_of
from access_service.usecases.evidence.reading_papers import Awaiting, GrantSeen, awaiting_confirmation
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class EarlierRight:
    """A right that was given before the head came."""

    seen: GrantSeen
    person: str
    role: str
    """What the role is called in the pack in force."""


@dataclass(frozen=True, slots=True)
class EarlierRights:
    """What waits for the new head of a unit."""

    awaiting: Awaiting
    unit_name: str
    head: str
    rights: tuple[EarlierRight, ...]
    may_confirm: bool
    """Would the caller's word confirm them now?"""


def earlier_rights(services: Services, caller: Caller, unit: UnitId) -> EarlierRights:
    """For whoever acts for the unit or one above it; by name."""
    awaiting = awaiting_confirmation(services, caller, unit)
    with look(services, caller) as seen:
        accounts = {a.id: a for a in seen.reader.find(Account, id=[g.grant.account for g in awaiting.grants])}
        head = awaiting.head.person if awaiting.head is not None else None
        people = names_of(seen.reader, [head, *(a.person for a in accounts.values())])
        tables = seen.gather.tables_for(unit, seen.now)
        roles = {} if tables is None else tables.pack.roles
        found = []
        for grant in awaiting.grants:
            person = accounts[grant.grant.account].person if grant.grant.account in accounts else None
            known = people.get(person) if person is not None else None
            role = roles.get(grant.grant.role)
            named = EarlierRight(grant, known.name if known else "", role.vi if role else grant.grant.role)
            found.append((known.sort_key if known else "", grant.grant.id, named))
        found.sort(key=lambda line: line[:2])
        return EarlierRights(
            awaiting=awaiting,
            unit_name=seen.require_unit(unit).name,
            head=people[head].name if head in people and head is not None else "",
            rights=tuple(named for _, _, named in found),
            may_confirm=bool(found) and _may_confirm(seen, caller, unit),
        )


def _may_confirm(seen: ReadView, caller: Caller, unit: UnitId) -> bool:
    try:
        headship_to_confirm(seen.ground, caller, unit)
    except RefusedError:
        return False
    return True

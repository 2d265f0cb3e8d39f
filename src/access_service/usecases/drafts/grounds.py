"""What the rows of a unit's draft are understood over: read once, asked many times."""

from typing import Any, TypeVar

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.drafting import GridDraft
from access_service.domain.drafting_ground import GridGround
from access_service.domain.errors import NotFoundError
from access_service.domain.facts import Facts, Ground
from access_service.domain.names import AccountId, AccountKind, PersonId, UnitId
from access_service.domain.notation import class_key
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear
from access_service.domain.taking import own_authority
from access_service.domain.time import start_of_day
from access_service.usecases.services import ReadView

T = TypeVar("T")


class _AskedOnce:
    """Facts, each question of which is put to the database once: sixty rows ask the same."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._found: dict[Any, Any] = {}

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        key = (value_type, tuple(sorted((k, _hashable(v)) for k, v in equals.items())))
        if key not in self._found:
            self._found[key] = self._facts.find(value_type, **equals)
        found: list[T] = self._found[key]
        return found

    def get(self, value_type: type[T], id_: str) -> T | None:
        key = (value_type, id_)
        if key not in self._found:
            self._found[key] = self._facts.get(value_type, id_)
        found: T | None = self._found[key]
        return found


def _hashable(value: object) -> object:
    if isinstance(value, list | set | frozenset | tuple):
        return tuple(sorted(map(str, value)))
    return str(value)


def grid_ground(seen: ReadView, draft: GridDraft) -> GridGround:
    """Read everything that the rows of a draft may be about."""
    reader, unit_id = seen.reader, draft.unit
    unit = seen.require_unit(unit_id)
    years = sorted(reader.find(SchoolYear), key=lambda y: y.starts_at)
    year = next((y for y in years if y.id == draft.school_year), None)
    if year is None:
        raise NotFoundError("school year", draft.school_year)
    duties = reader.find(Assignment, unit=unit_id)
    people = sorted({duty.person for duty in duties})
    names = {p.id: p.name for p in reader.find(Person, id=people)} if people else {}
    held = reader.find(Account, person=people, kind=str(AccountKind.USE)) if people else []
    accounts: dict[PersonId, Account] = {
        a.person: a for a in held if a.person is not None and (a.valid_to is None or a.valid_to > seen.now)
    }
    grants: dict[AccountId, list[Grant]] = {}
    for grant in reader.find(Grant, unit=unit_id):
        grants.setdefault(grant.account, []).append(grant)
    custody = seen.custody_of(unit_id)
    ground = seen.ground
    ground = Ground(_AskedOnce(ground.facts), ground.org, ground.now, ground.pack_for)
    found = reader.find(SchoolClass, school=unit_id, school_year=year.id)
    classes = {class_key(c.id.rpartition(":")[2]): c for c in found}
    return GridGround(
        ground=ground,
        office=seen.office(unit_id, own_authority(ground, unit_id, None)),
        unit=UnitId(unit_id),
        kind=unit.kind,
        levels=unit.levels,
        year=year,
        last_year=next((y for y in reversed(years) if y.starts_at < year.starts_at), None),
        people=names,
        classes=classes,
        duties=duties,
        accounts=accounts,
        grants=grants,
        custodian=None if custody is None else custody.person,
        new_classes=frozenset(draft.new_classes),
        begins=None if draft.decision_date is None else start_of_day(draft.decision_date),
    )

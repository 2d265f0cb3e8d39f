"""What waits for a second person, in words: the acts of one office as its leadership sees them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountKind, PersonId, UnitId
from access_service.domain.org import Unit
from access_service.domain.waiting import WaitingAct, WaitingKind, check_leader_confirms, is_waiting
from access_service.storage.lists import names_of, names_of_units
from access_service.usecases.evidence.people import titles_in
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act that waits, with the names that a reader needs."""

    act: WaitingAct
    unit_name: str
    person: str
    """Whom it is about; empty where it is about nobody."""
    prepared_by: str
    """Who prepared it; an operator by name."""
    title: str
    """What the duty is called that it gives or ends; empty for other acts."""
    may_confirm: bool
    may_decline: bool


@dataclass(frozen=True, slots=True)
class ActsOfOffice:
    """What waits for an office's leadership, what is due first at the top."""

    unit: Unit
    acts: tuple[ShownAct, ...]


def acts_of_office(services: Services, caller: Caller, office: UnitId) -> ActsOfOffice:
    """For the office's leadership and whoever operates its admin account; others hear of none."""
    with look(services, caller) as seen:
        leads = caller.kind is AccountKind.USE and bool(seen.leading(caller.person, office))
        if not leads and not (caller.kind is AccountKind.ADMIN and caller.unit == office):
            raise NotFoundError("unit", office)
        found = [a for a in seen.reader.find(WaitingAct, office=office, valid_to=None) if is_waiting(a, seen.now)]
        found.sort(key=lambda a: (a.lapses_at, a.id))
        return ActsOfOffice(seen.require_unit(office), tuple(_shown(seen, found, caller, leads=leads)))


def _shown(seen: ReadView, acts: list[WaitingAct], caller: Caller, *, leads: bool) -> list[ShownAct]:
    people = names_of(seen.reader, [p for a in acts for p in (a.person, a.prepared_by)])
    units = names_of_units(seen.reader, {a.unit for a in acts})

    def name(person: PersonId | None) -> str:
        return people[person].name if person is not None and person in people else ""

    return [
        ShownAct(
            act=a,
            unit_name=units.get(a.unit, a.unit),
            person=name(a.person) or _named_in(a),
            prepared_by=name(a.prepared_by) or a.operator or "",
            title=_title(seen, a),
            may_confirm=_may_confirm(a, caller, leads=leads),
            may_decline=leads or caller.person == a.prepared_by,
        )
        for a in acts
    ]


def _may_confirm(act: WaitingAct, caller: Caller, *, leads: bool) -> bool:
    try:
        check_leader_confirms(act, caller.person, leads=leads, is_personal=caller.kind is AccountKind.USE)
    except RefusedError:
        return False
    return True


def _body(act: WaitingAct) -> Mapping[str, Any]:
    # The secret of a new operator is nobody's to see.
    return {} if act.kind is WaitingKind.ADD_OPERATOR else json.loads(act.body)


def _named_in(act: WaitingAct) -> str:
    """A person whom the register does not know yet, by the name that the act gives."""
    said = _body(act).get("name")
    return said if isinstance(said, str) else ""


def _title(seen: ReadView, act: WaitingAct) -> str:
    position = _body(act).get("position")
    return titles_in(seen, act.unit).get(position, position) if isinstance(position, str) else ""

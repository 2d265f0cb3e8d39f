"""Another teacher takes charge of a class: the decision is recorded, and the minutes that hand over its rights."""

from dataclasses import dataclass
from datetime import date

from access_service.domain.duties import HOMEROOM, role_of_charge
from access_service.domain.names import AssignmentId, ClassId, PersonId
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.scope import Scope
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover.documents import EnteredLine, Prepared, prepare_handover
from access_service.usecases.organisation.org import Duty, enter_duty
from access_service.usecases.services import Caller, Services, act, as_missing


@dataclass(frozen=True, slots=True)
class NewHomeroom:
    """The duty that was recorded, and its minutes where they were wanted and the pack has a role for it."""

    duty: Assignment | WaitingAct
    prepared: Prepared | None


@power(yields(Power.OFFICE, Power.ACCOUNT) | ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT))
def change_homeroom(
    services: Services,
    caller: Caller,
    class_id: ClassId,
    person: PersonId,
    *,
    on: date,
    decision_number: str,
    replaces: AssignmentId | None,
    with_minutes: bool = True,
) -> NewHomeroom:
    """The class has another homeroom teacher from a day: whom they replace loses the class that day (rule 11).

    One act with its minutes, so that a press is the whole of it; where those are refused, nothing is recorded.
    """
    with act(services, caller, "duty.assign", class_id) as doing:
        found = doing.tx.require(SchoolClass, class_id)
        with as_missing("class", class_id):
            doing.check_visible(found.school)
        unit, today = doing.require_unit(found.school), local(doing.now).date()
        classes, begins = frozenset({(class_id, "")}), start_of_day(on)
        made = enter_duty(
            doing,
            Duty(
                person=person,
                unit=unit.id,
                position=HOMEROOM,
                decision_number=decision_number,
                decision_date=min(on, today),
                valid_from=begins,
                classes=classes,
                replaces=replaces,
            ),
        )
        role = role_of_charge(doing.pack_for(unit.id), unit.kind)
        if not with_minutes or role is None or not isinstance(made, Assignment):
            return NewHomeroom(made, None)
        line = EnteredLine(role, made.id, Scope(unit=unit.id, classes=classes), max(doing.now, begins))
        prepared = prepare_handover(doing, unit=unit.id, receiver=person, number="", dated=today, lines=[line])
        return NewHomeroom(made, prepared)

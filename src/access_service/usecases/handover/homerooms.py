"""Another teacher takes charge of a class: the decision is recorded, and the minutes that hand over its rights."""

from dataclasses import dataclass
from datetime import date

from access_service.domain.duties import HOMEROOM, role_of_charge
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, PersonId
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.scope import Scope
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover.documents import EnteredLine, Prepared, propose_handover
from access_service.usecases.organisation.org import Duty, assign_duty
from access_service.usecases.services import Caller, Services, look


@dataclass(frozen=True, slots=True)
class NewHomeroom:
    """The duty that was recorded, and its minutes; where those were refused, why."""

    duty: Assignment | WaitingAct
    prepared: Prepared | None
    refused: RefusedError | None


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
) -> NewHomeroom:
    """The class has another homeroom teacher from a day: whom they replace loses the class that day (rule 11).

    Two acts: the duty stands even where the minutes cannot be prepared yet, and then the answer says why.
    """
    with look(services, caller) as seen:
        found = seen.reader.get(SchoolClass, class_id)
        if found is None or not seen.is_related(found.school):
            raise NotFoundError("class", class_id)
        unit = seen.require_unit(found.school)
        role = role_of_charge(seen.pack_for(unit.id), unit.kind)
        today, now = local(seen.now).date(), seen.now
    classes = frozenset({(class_id, "")})
    begins = start_of_day(on)
    duty = Duty(
        person=person,
        unit=unit.id,
        position=HOMEROOM,
        decision_number=decision_number,
        decision_date=min(on, today),
        valid_from=begins,
        classes=classes,
        replaces=replaces,
    )
    made = assign_duty(services, caller, duty)
    if services.rehearsal is not None or role is None or not isinstance(made, Assignment):
        # Minutes rest on a duty that is there; who only asks is told what the duty changes.
        return NewHomeroom(made, None, None)
    line = EnteredLine(role, made.id, Scope(unit=unit.id, classes=classes), max(now, begins))
    try:
        prepared = propose_handover(
            services, caller, unit=unit.id, receiver=person, number="", dated=today, lines=[line]
        )
    except RefusedError as refused:
        return NewHomeroom(made, None, refused)
    return NewHomeroom(made, prepared, None)

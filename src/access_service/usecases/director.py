"""A new director: the one appointment that nobody in the register can make, because nobody is above the root.

The operator enters the competent authority's decision. The director before leaves office, the admin account is
handed to the new one, credentials are reset; nothing that was granted moves (rules 6 and 9).
"""

from dataclasses import dataclass, replace
from datetime import date

from access_service.domain.accounts import Custody
from access_service.domain.delegation import HEADS, LeavingCase
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import AccountKind, AssignmentId, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, Person
from access_service.domain.time import start_of_day
from access_service.domain.vietnamese import name_key
from access_service.usecases.accounts import Issued, new_account, new_activation
from access_service.usecases.effects import (
    admin_account,
    end_custodies_of,
    end_custody,
    end_grants_of_assignment,
    suspend_account_if_last,
)
from access_service.usecases.register import DIRECTOR
from access_service.usecases.services import Act, Services, operate


@dataclass(frozen=True, slots=True)
class Appointment:
    """The decision that appoints a director."""

    name: str
    decision_number: str
    decision_date: date
    decision_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Appointed:
    """The new director's accounts, each with a one-time activation code."""

    person: PersonId
    assignment: AssignmentId
    admin: Issued
    director: Issued


def appoint_director(services: Services, register: RegisterId, appointment: Appointment) -> Appointed:
    """Record a new director from today on. Raises `NotFoundError` for an unknown register."""
    root = next((row["root"] for row in services.db.registers() if row["id"] == register), None)
    if root is None:
        raise NotFoundError("register", register)
    with operate(services, register) as doing:
        unit = UnitId(root)
        if start_of_day(appointment.decision_date) > doing.now:
            raise InvalidError("a director takes office today at the earliest")
        _end_headship(doing, unit)
        person = Person(PersonId(doing.new_id("per")), appointment.name, name_key(appointment.name))
        duty = Assignment(
            id=AssignmentId(doing.new_id("asg")),
            person=person.id,
            unit=unit,
            position=DIRECTOR,
            decision_number=appointment.decision_number,
            decision_date=appointment.decision_date,
            decision_sha256=appointment.decision_sha256,
            classes=None,
            subjects=None,
            levels=None,
            substitutes=None,
            valid_from=doing.now,
        )
        account = admin_account(doing, unit)
        current = doing.custody_of(unit)
        if current is not None:
            end_custody(doing, current)
        custody = Custody(doing.new_id("cus"), unit, account.id, person.id, "head", None, doing.now)
        doing.tx.put(person, duty, custody)
        admin = new_activation(doing, account, is_new_holder=True)
        own = new_account(
            doing, unit=unit, kind=AccountKind.USE, person=person.id, username=f"director.{person.id[-6:]}.{unit}"
        )
        doing.tx.happened("director.appoint", duty.id, person=person.id, unit=unit)
        doing.tx.touches_everybody()
        return Appointed(person.id, duty.id, admin, own)


def _end_headship(doing: Act, unit: UnitId) -> None:
    """Whoever headed the department leaves that office now; their case waits for return minutes."""
    positions = doing.pack_for(unit).positions
    for duty in doing.tx.find(Assignment, unit=unit):
        position = positions.get(duty.position)
        if position is None or position.rank not in HEADS or doing.now not in duty.interval:
            continue
        ended = replace(duty, valid_to=doing.now)
        doing.tx.put(ended, LeavingCase(doing.new_id("cas"), duty.person, unit, duty.id, doing.now))
        end_grants_of_assignment(doing, ended)
        end_custodies_of(doing, ended)
        suspend_account_if_last(doing, duty.person, doing.now)
        doing.tx.happened("duty.end", duty.id)

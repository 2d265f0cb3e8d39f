"""People leave, go on leave, and school years turn: duties end and with them the grants (rules 11 and 12)."""

from dataclasses import replace
from datetime import date

from access_service.domain.accounts import Custody
from access_service.domain.delegation import HEADS, OFFICER, TAKEN_BACK, Grant, LeavingCase
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountKind, AssignmentId, AuthorityId, PersonId, UnitId
from access_service.domain.org import Assignment, manager_of
from access_service.domain.powers import Power, ends, power, powerless
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.documents import Line, Prepared, propose_handover
from access_service.usecases.effects import (
    end_custodies_of,
    end_custody,
    end_grants_of_assignment,
    suspend_account_if_last,
)
from access_service.usecases.services import Act, Caller, Services, act, as_missing, look


@power(ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT))
def end_duty(
    services: Services, caller: Caller, id_: AssignmentId, *, on: date, decision_number: str
) -> LeavingCase:
    """A duty ends at 00:00 of a day (transfer, retirement, another post): its grants end then, a case opens.

    With the last duty the account is suspended. The case closes with return minutes (#125).
    """
    with act(services, caller, "duty.end", id_) as doing:
        duty = doing.tx.require(Assignment, id_)
        at = start_of_day(on)
        with as_missing("assignment", id_):
            office = _as_releasing(doing, duty)
        if duty.person == caller.person:
            raise RefusedError(Refusal.SELF_SERVICE, "nobody ends their own duty")
        if duty.valid_to is not None and duty.valid_to <= at:
            raise InvalidError("the duty ends earlier already")
        ended = replace(duty, valid_to=max(at, duty.valid_from))
        doing.tx.put(ended)
        end_grants_of_assignment(doing, ended)
        end_custodies_of(doing, ended)
        suspend_account_if_last(doing, duty.person, max(at, duty.valid_from))
        case = LeavingCase(doing.new_id("cas"), duty.person, office, duty.id, at)
        doing.tx.put(case)
        doing.tx.happened("duty.end", id_, decision=decision_number, on=on.isoformat(), case=case.id)
        doing.touch_person(duty.person)
        return case


def _as_releasing(doing: Act, duty: Assignment) -> UnitId:
    """Heads are released from above, everybody else by their own unit: the office that takes the account back."""
    pack = doing.pack_for(duty.unit)
    position = pack.positions.get(duty.position)
    manager = manager_of(doing.org, duty.unit, doing.now)
    is_head = position is not None and position.rank in HEADS
    office = manager if is_head and manager is not None else duty.unit
    doing.as_above(office)
    return office


@power(ends(Power.CUSTODY))
def take_back_custody(services: Services, caller: Caller, unit: UnitId) -> Custody:
    """The head, or a unit above, takes the admin account back from an officer; a unit above, from the head.

    It is vacant until given; existing grants stand (rule 6).
    """
    with act(services, caller, "custody.take_back", unit) as doing:
        custody = doing.custody_of(unit)
        doing.as_above(unit)
        manager = manager_of(doing.org, unit, doing.now)
        if custody is not None and custody.holder != OFFICER and custody.person != caller.person:
            if manager is None:
                raise RefusedError(Refusal.FORBIDDEN, "nobody is above the head of the root", unit=unit)
            doing.as_above(manager)
        if custody is None:
            raise RefusedError(Refusal.CUSTODY_VACANT, f"nobody operates the account of `{unit}`", unit=unit)
        if custody.person == caller.person:
            raise RefusedError(Refusal.SELF_SERVICE, "hand it over in writing instead", unit=unit)
        end_custody(doing, custody)
        return replace(custody, valid_to=doing.now)


@powerless("proposals to sign, not rights")
def propose_for_year(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    school_year: str,
    number_prefix: str,
    dated: date,
    authority: AuthorityId | None = None,
) -> list[Prepared | RefusedError]:
    """Minutes to sign for every class duty of a new school year that has no grant yet: proposals, not rights.

    What was taken back and is proposed again is marked, on the minutes too: who signs knows that somebody decided.
    """
    if caller.kind is not AccountKind.ADMIN or caller.unit != unit:
        with act(services, caller, "year.propose", unit) as doing:
            doing.as_custodian(unit)
    wanted: dict[PersonId, list[Line]] = {}
    with look(services, caller) as seen:
        reader, now = seen.reader, seen.now
        pack = seen.pack_for(unit)
        kind = seen.require_unit(unit).kind
        for duty in reader.find(Assignment, unit=unit):
            is_of_year = any(c.split(":")[1] == school_year for c, _ in duty.classes or ())
            is_over = duty.valid_to is not None and duty.valid_to <= now
            if not is_of_year or is_over or duty.person == caller.person:
                continue
            earlier = reader.find(Grant, assignment=duty.id)
            if any(g.ended_at is None for g in earlier):
                continue
            again = tuple(g.id for g in earlier if g.ended_as in TAKEN_BACK)
            rule = next(
                (
                    r
                    for r in pack.delegation
                    if r.position == duty.position and r.unit_kind == kind and r.issuer == "own_unit"
                ),
                None,
            )
            if rule is not None:
                scope = Scope(unit=unit, classes=duty.classes, school_year=school_year)
                line = Line(
                    rule.role,
                    duty.id,
                    scope,
                    max(duty.valid_from, now),
                    duty.valid_to,
                    authority,
                    taken_back=again,
                )
                wanted.setdefault(duty.person, []).append(line)
    prepared: list[Prepared | RefusedError] = []
    for order, (person, lines) in enumerate(sorted(wanted.items()), start=1):
        try:
            prepared.append(
                propose_handover(
                    services,
                    caller,
                    unit=unit,
                    receiver=person,
                    number=f"{order:02d}/{number_prefix}" if number_prefix else "",
                    dated=dated,
                    lines=lines,
                )
            )
        except RefusedError as refused:
            prepared.append(refused)
    return prepared

"""A second person confirms what somebody prepared, or declines it; only then is it done (rulings A1 and J)."""

from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountKind, RegisterId
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.waiting import (
    Outcome,
    WaitingAct,
    check_leader_confirms,
    check_operator_confirms,
    check_waiting,
    is_waiting,
)
from access_service.usecases.handover.assignment_papers import cancel_decision
from access_service.usecases.handover.confirmed_papers import sign_decision
from access_service.usecases.operators import OperatorKey, check_operator, root_of
from access_service.usecases.second_person.enacting import enact
from access_service.usecases.services import Act, Caller, ReadView, Services, act, look, operate
from access_service.usecases.waiting import close


def waiting_acts(services: Services, caller: Caller, *, include_ended: bool = False) -> list[WaitingAct]:
    """What waits for the leadership of a unit that the caller leads, or whose admin account they operate.

    With `include_ended` what was confirmed, declined or lapsed, too: leaders at the root see what operators did.
    """
    with look(services, caller) as seen:
        return [
            found
            for found in seen.reader.find(WaitingAct)
            if _may_see(seen, found) and (include_ended or is_waiting(found, seen.now))
        ]


def _may_see(seen: ReadView, found: WaitingAct) -> bool:
    caller = seen.require_caller()
    if caller.kind is AccountKind.ADMIN:
        return caller.unit == found.office
    return bool(seen.leading(caller.person, found.office))


@power(
    yields(
        Power.PAPER,
        Power.OFFICE,
        Power.ACCOUNT,
        Power.CUSTODY,
        Power.POLICY,
        Power.YEAR,
        Power.UNIT,
        Power.AUTHORITY,
    )
    | ends(Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT, Power.POLICY, Power.YEAR, Power.SOFTWARE)
    | ends(Power.UNIT, Power.AUTHORITY)
)
def confirm(services: Services, caller: Caller, id_: str) -> WaitingAct:
    """One of the office's leadership confirms it in a personal session; every rule is asked again, now."""
    with act(services, caller, "waiting.confirm", id_) as doing:
        found = _leaders(doing, id_)
        check_waiting(found, doing.now)
        # Where there is a decision, its signature does it: before a new duty makes somebody else come first.
        if sign_decision(doing, found):
            return doing.tx.require(WaitingAct, id_)
        return enact(doing, found, caller.person)


@powerless("what is declined gives nobody anything, and takes nothing from anybody")
def decline(services: Services, caller: Caller, id_: str) -> WaitingAct:
    """One of the office's leadership declines it, or who prepared it takes it back."""
    with act(services, caller, "waiting.decline", id_) as doing:
        found = doing.tx.require(WaitingAct, id_)
        if found.prepared_by is None or caller.person != found.prepared_by:
            found = _leaders(doing, id_)
        check_waiting(found, doing.now)
        cancel_decision(doing, found)
        return close(doing, found, Outcome.DECLINED, caller.person)


def _leaders(doing: Act, id_: str) -> WaitingAct:
    """The act, for somebody who may confirm it; who has nothing to do with that office hears of none."""
    caller, found = doing.require_caller(), doing.tx.require(WaitingAct, id_)
    if not _may_see(doing, found) and not doing.is_related(found.office):
        raise NotFoundError("waiting act", id_)
    leads = bool(doing.leading(caller.person, found.office))
    check_leader_confirms(found, caller.person, leads=leads, is_personal=caller.kind is AccountKind.USE)
    return found


def confirm_as_operator(services: Services, register: RegisterId, id_: str, operator: OperatorKey) -> WaitingAct:
    """A second operator, with a credential of their own, confirms what an operator prepared."""
    root_of(services, register)
    with operate(services, register) as doing:
        name = check_operator(doing, operator)
        found = doing.tx.require(WaitingAct, id_)
        check_operator_confirms(found, name)
        check_waiting(found, doing.now)
        return enact(doing, found, name)


def waiting_for_operators(services: Services, register: RegisterId) -> list[WaitingAct]:
    """What operators prepared and nobody has confirmed."""
    root_of(services, register)
    with services.db.read(register) as reader:
        now = services.db.now_in(reader.connection, register)
        return [a for a in reader.find(WaitingAct) if a.operator is not None and is_waiting(a, now)]

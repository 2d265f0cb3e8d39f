"""Until its day the end of a duty is undone, with everything that was to end that day because of it (rule 12)."""

from dataclasses import replace
from typing import Any, TypeVar

from access_service.domain.accounts import Suspension
from access_service.domain.custody import LAST_DUTY
from access_service.domain.delegation import Grant
from access_service.domain.names import AssignmentId, GrantEnd, SuspendableKind
from access_service.domain.org import Assignment
from access_service.domain.powers import Power, power, yields
from access_service.domain.undoing import check_end_undone, coming_end
from access_service.domain.waiting import check_reason
from access_service.storage.appending import unit_of
from access_service.usecases.services import Act, Caller, Services, act, as_missing

T = TypeVar("T")


@power(yields(Power.OFFICE, Power.GRANT, Power.ACCOUNT))
def undo_end(services: Services, caller: Caller, id_: AssignmentId, *, reason: str) -> Assignment:
    """The duty goes on as it was before its end was recorded, and so do the rights that were to end with it.

    What was taken back, narrowed or handed back meanwhile stays so: only what that one act ended is restored.
    """
    with act(services, caller, "duty.undo_end", id_) as doing:
        duty = doing.tx.require(Assignment, id_)
        with as_missing("assignment", id_):
            doing.check_visible(duty.unit)
        case = coming_end(doing.ground, duty)
        revision = 0 if case is None else doing.tx.history(type(case), case.id)[0][0]
        before = _before(doing, duty, revision) or duty
        check_end_undone(doing.ground, caller, duty, before)
        why = check_reason(reason)
        doing.tx.put(before)
        if case is not None:
            doing.tx.put(replace(case, valid_to=case.valid_from))
        _restore(doing, duty, revision)
        _keep_open(doing, duty)
        doing.tx.happened("duty.undo_end", id_, unit=duty.unit, reason=why)
        doing.touch_person(duty.person)
        return before


def _before(doing: Act, value: T, revision: int) -> T | None:
    """How a fact stood before that revision closed it, where nothing has changed it since."""
    versions = doing.tx.history(type(value), _id(value))
    if versions[-1][0] != revision:
        return None
    return next((known for _, until, known in versions if until == revision), None)


def _id(value: Any) -> str:
    return str(value.id)


def _restore(doing: Act, duty: Assignment, revision: int) -> None:
    """What ended with the duty in the same act: its rights, and who was to stand in for its holder with theirs."""
    for grant in doing.tx.find(Grant, assignment=duty.id):
        before = _before(doing, grant, revision)
        is_to_come = grant.ended_at is not None and grant.ended_at > doing.now
        if before is not None and is_to_come and grant.ended_as is GrantEnd.ASSIGNMENT_ENDED:
            doing.tx.put(before)
            doing.tx.touches(grant.account)
    for other in doing.tx.find(Assignment, substitutes=duty.id):
        stood = _before(doing, other, revision)
        if stood is not None:
            doing.tx.put(stood)
            _restore(doing, other, revision)
            _keep_open(doing, other)
            doing.touch_person(other.person)


def _keep_open(doing: Act, duty: Assignment) -> None:
    """The account was to stop with the last duty: it does not."""
    account = doing.use_account_of(duty.person)
    if account is None:
        return
    for laid in doing.tx.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=account.id):
        if laid.reason == LAST_DUTY and laid.valid_to is None and laid.valid_from == duty.valid_to:
            doing.tx.put(replace(laid, valid_to=laid.valid_from))
            unit = unit_of(doing.tx, account.id)
            doing.tx.happened("account.resume", account.id, unit=unit, suspension=laid.id)
            doing.tx.touches(account.id)

"""What was recorded wrongly is set right: names, classes, school years, duties; leavers' accounts closed."""

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.accounts_bodies import AccountOut
from access_service.api.manage.correcting_bodies import (
    AccountsClosedOut,
    AccountsClosing,
    ClassCorrection,
    DutyCorrection,
    NameCorrection,
    YearCorrection,
)
from access_service.api.manage.org_bodies import AssignmentOut, Because, ClassOut, PersonOut
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.waiting_bodies import WaitingActOut
from access_service.domain.names import AccountId, AssignmentId, ClassId, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.waiting import WaitingAct
from access_service.usecases.identity import closing
from access_service.usecases.organisation import correcting, undoing_ends

router = manage("organisation")


@router.post("/persons/{id}/correct")
def correct_name(services: ServicesDep, caller: CallerDep, id: PathId, body: NameCorrection) -> PersonOut:  # noqa: A002
    """Write a person's name as it is; papers that were signed keep the words that were signed."""
    done = correcting.correct_name(services, caller, PersonId(id), name=body.name, reason=body.reason)
    return PersonOut.model_validate(done)


@router.post("/classes/{id}/correct")
def correct_class(services: ServicesDep, caller: CallerDep, id: PathId, body: ClassCorrection) -> ClassOut:  # noqa: A002
    """Write a class as it should have been entered; level and grade stay while rights or duties rest on it."""
    done = correcting.correct_class(
        services,
        caller,
        ClassId(id),
        name=body.name,
        level=body.level,
        grade=body.grade,
        reason=body.reason,
    )
    return ClassOut.model_validate(done)


@router.post("/school-years/{id}/correct")
def correct_school_year(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: YearCorrection,
) -> WaitingActOut:
    """Set the dates of a school year right: a second person of the department's leadership confirms it."""
    done = correcting.correct_school_year(
        services, caller, id, starts_on=body.starts_on, closes_on=body.closes_on, reason=body.reason
    )
    return WaitingActOut.of(done)


@router.post("/assignments/{id}/correct")
def correct_duty(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: DutyCorrection,
    dry_run: DryRun,
) -> AssignmentOut | WaitingActOut | RehearsedOut:
    """Record a duty as its decision says; rights that the corrected duty does not bear end now.

    About somebody who signs, entered by an officer, it waits for the office's leadership.
    """

    def shown(done: Assignment | WaitingAct) -> AssignmentOut | WaitingActOut:
        return WaitingActOut.of(done) if isinstance(done, WaitingAct) else AssignmentOut.of(done)

    return done_or_told(
        services,
        dry_run,
        lambda s: correcting.correct_duty(s, caller, AssignmentId(id), body.changes(), reason=body.reason),
        shown,
    )


@router.post("/accounts/{id}/close")
def close_account(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Because,
    dry_run: DryRun,
) -> AccountOut | RehearsedOut:
    """Close the account of somebody who has left and handed back; final."""
    return done_or_told(
        services,
        dry_run,
        lambda s: closing.close_account(s, caller, AccountId(id), reason=body.reason),
        AccountOut.model_validate,
    )


@router.post("/units/{id}/accounts/close")
def close_accounts(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: AccountsClosing,
    dry_run: DryRun,
) -> AccountsClosedOut | RehearsedOut:
    """Close the accounts of several leavers of a unit, all or none; final."""
    return done_or_told(
        services,
        dry_run,
        lambda s: closing.close_accounts(s, caller, UnitId(id), body.ids(), reason=body.reason),
        AccountsClosedOut.of,
    )


@router.post("/assignments/{id}/undo-end")
def undo_end(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> AssignmentOut:  # noqa: A002
    """Until its day, undo the end of a duty that was recorded: the duty and its rights go on as before."""
    return AssignmentOut.of(undoing_ends.undo_end(services, caller, AssignmentId(id), reason=body.reason))

"""Accounts: issue, suspend, resume, recover; and who operates a unit's admin account."""

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.accounts_bodies import (
    AccountStateOut,
    AskedOut,
    CustodyOut,
    HomeOut,
    IssuedOut,
    MyHome,
    NewAccount,
    NewCustody,
    NewHome,
    NewRecovery,
    RecoveriesOut,
    RecoveryApproval,
    RecoveryOut,
    SuspensionOut,
)
from access_service.api.manage.documents_bodies import DocumentOut
from access_service.api.manage.org_bodies import Noted
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told, resume, suspend
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.sign_in_bodies import Again
from access_service.domain.names import AccountId, AccountKind, PersonId, SuspendableKind, UnitId
from access_service.usecases.evidence import reading
from access_service.usecases.handover import documents
from access_service.usecases.identity import accounts, homes, recoveries
from access_service.usecases.organisation import leaving

router = manage("accounts")


@router.post("/accounts", status_code=201)
def issue_account(services: ServicesDep, caller: CallerDep, body: NewAccount) -> IssuedOut:
    """Issue an account; the answer holds the one-time activation code."""
    issued = accounts.issue_account(
        services,
        caller,
        unit=UnitId(body.unit),
        kind=AccountKind(body.kind),
        person=None if body.person is None else PersonId(body.person),
        username=body.username,
    )
    return IssuedOut.of(issued)


@router.get("/accounts/{id}")
def read_account(services: ServicesDep, caller: CallerDep, id: PathId) -> AccountStateOut:  # noqa: A002
    """One's own account, or one of a unit the caller acts for."""
    return AccountStateOut.of(*reading.read_account(services, caller, AccountId(id)))


@router.post("/accounts/{id}/suspend")
def suspend_account(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Noted | None = None,
) -> SuspensionOut | RehearsedOut:
    """Pause it, end its sessions."""
    return suspend(services, caller, SuspendableKind.ACCOUNT, id, body, dry_run)


@router.post("/accounts/{id}/resume")
def resume_account(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> SuspensionOut | RehearsedOut:
    """End the pause; the unit that ordered it, or one above."""
    return resume(services, caller, SuspendableKind.ACCOUNT, id, dry_run)


@router.post("/accounts/{id}/recover")
def recover(services: ServicesDep, caller: CallerDep, id: PathId, body: NewRecovery) -> AskedOut:  # noqa: A002
    """Ask for a one-time code for somebody who lost theirs, with the own password and second factor.

    It opens when a second person has confirmed it, or after the wait.
    """
    asked = recoveries.ask_recovery(
        services,
        caller,
        AccountId(id),
        password=body.password,
        second=body.second,
        reset_second_factor=body.reset_second_factor,
    )
    return AskedOut.of_asked(asked)


@router.get("/recoveries")
def list_recoveries(services: ServicesDep, caller: CallerDep) -> RecoveriesOut:
    """Recoveries of the last thirty days that concern the caller; nothing takes one off this list earlier."""
    return RecoveriesOut.of(recoveries.recoveries_of(services, caller))


@router.post("/recoveries/{id}/approve")
def approve_recovery(services: ServicesDep, caller: CallerDep, id: PathId, body: RecoveryApproval) -> RecoveryOut:  # noqa: A002
    """The second person confirms; with `slip`, an officer who has seen the holder in person."""
    done = recoveries.approve_recovery(
        services, caller, id, password=body.password, slip=body.slip, slip_sha256=body.slip_sha256
    )
    return RecoveryOut.model_validate(done)


@router.post("/recoveries/{id}/stop")
def stop_recovery(services: ServicesDep, caller: CallerDep, id: PathId, body: Noted) -> RecoveryOut:  # noqa: A002
    """The holder, the head, or a unit above stops it."""
    done = recoveries.stop_recovery(services, caller, id, reason=Noted.reason_of(body))
    return RecoveryOut.model_validate(done)


@router.post("/accounts/{id}/release")
def release_account(services: ServicesDep, caller: CallerDep, id: PathId, body: NewHome) -> HomeOut:  # noqa: A002
    """The unit that answers for the account gives it to another where its holder has a duty."""
    done = homes.release(services, caller, AccountId(id), to=UnitId(body.to), basis=body.basis)
    return HomeOut.model_validate(done)


@router.post("/accounts/{id}/transfer")
def transfer_account(services: ServicesDep, caller: CallerDep, id: PathId, body: NewHome) -> HomeOut:  # noqa: A002
    """A decision of a unit above both moves the account; it needs no release."""
    done = homes.transfer(services, caller, AccountId(id), to=UnitId(body.to), basis=body.basis)
    return HomeOut.model_validate(done)


@router.post("/me/home")
def confirm_home(services: ServicesDep, caller: CallerDep, body: MyHome) -> HomeOut:
    """The holder confirms that their account belongs to another unit now, where they have a duty."""
    done = homes.confirm_home(services, caller, body.password, unit=UnitId(body.unit))
    return HomeOut.model_validate(done)


@router.post("/units/{id}/custody", status_code=201)
def propose_custody(services: ServicesDep, caller: CallerDep, id: PathId, body: NewCustody) -> DocumentOut:  # noqa: A002
    """Prepare the written handover of the unit's admin account: both sides sign, then it is the receiver's."""
    minutes = documents.propose_custody(
        services,
        caller,
        unit=UnitId(id),
        receiver=PersonId(body.receiver),
        number=body.number or "",
        dated=body.dated,
        numbering=body.numbering(),
    )
    return DocumentOut.model_validate(minutes)


@router.post("/units/{id}/custody/take-back")
def take_back_custody(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> CustodyOut | RehearsedOut:
    """Take the admin account back: from an officer it goes back to the head, from the head it is vacant."""
    return done_or_told(
        services, dry_run, lambda s: leaving.take_back_custody(s, caller, UnitId(id)), CustodyOut.model_validate
    )


@router.post("/units/{id}/custody/open")
def open_custody(services: ServicesDep, caller: CallerDep, id: PathId, body: Again) -> IssuedOut:  # noqa: A002
    """The head opens the admin account that went back to them; the answer holds the one-time code."""
    return IssuedOut.of(leaving.open_custody(services, caller, body.password, UnitId(id)))

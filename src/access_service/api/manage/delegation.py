"""Authorities, minutes of handover, grants, confirmation by a new head."""

from fastapi import Request

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.accounts_bodies import SuspensionOut
from access_service.api.manage.delegation_bodies import (
    AuthoritiesOut,
    AuthorityOut,
    AuthoritySeenOut,
    AwaitingOut,
    ConfirmationOut,
    GrantOut,
    GrantSeenOut,
    GrantsOut,
    Narrowing,
    NewAuthority,
    NewHandover,
    NewProposals,
    NewRenewals,
    PreparedOut,
    RegainableOut,
    RenewalOut,
    RenewalsOut,
)
from access_service.api.manage.org_bodies import Because, Noted
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told, resume, suspend
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.delegation import Authority, Grant
from access_service.domain.names import AuthorityId, GrantId, PersonId, SuspendableKind, UnitId
from access_service.domain.scope import Scope
from access_service.usecases.evidence import reading, reading_papers
from access_service.usecases.handover import delegation, documents, regaining
from access_service.usecases.organisation import leaving
from access_service.usecases.services import Services

router = manage("delegation")


@router.post("/authorities", status_code=201)
def give_authority(services: ServicesDep, caller: CallerDep, body: NewAuthority) -> AuthorityOut:
    """Give a unit authority to hand down, within one's own; its direct manager does it."""
    unit = UnitId(body.unit)
    given = delegation.give_authority(
        services,
        caller,
        unit=unit,
        scope=body.scope.scope() if body.scope else Scope(unit=unit),
        basis=body.basis,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        parent=None if body.parent is None else AuthorityId(body.parent),
    )
    return AuthorityOut.of(given)


@router.get("/units/{id}/authorities")
def authorities_of(services: ServicesDep, caller: CallerDep, id: PathId) -> AuthoritiesOut:  # noqa: A002
    """What a unit may hand down, past and present."""
    found = reading.authorities_of(services, caller, UnitId(id))
    return AuthoritiesOut(
        authorities=[AuthoritySeenOut(**AuthorityOut.plain(a), suspended=stopped) for a, stopped in found]
    )


@router.post("/authorities/{id}/narrow")
def narrow_authority(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Narrowing,
    dry_run: DryRun,
) -> AuthorityOut | RehearsedOut:
    """Narrow it at once; what below exceeds it ends for good, and only that."""

    def run(services: Services) -> Authority:
        return delegation.narrow_authority(
            services, caller, AuthorityId(id), scope=body.scope.scope(), valid_to=body.valid_to
        )

    return done_or_told(services, dry_run, run, AuthorityOut.of)


@router.post("/authorities/{id}/withdraw")
def withdraw_authority(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> AuthorityOut | RehearsedOut:
    """Withdraw it now, with everything below it, for good."""
    return done_or_told(
        services, dry_run, lambda s: delegation.withdraw_authority(s, caller, AuthorityId(id)), AuthorityOut.of
    )


@router.get("/authorities/{id}/proposals")
def read_regainable(services: ServicesDep, caller: CallerDep, id: PathId) -> RegainableOut:  # noqa: A002
    """What narrowings took and this authority would let be handed over again; nothing of it is in force."""
    return RegainableOut.of(regaining.read_regainable(services, caller, AuthorityId(id)))


@router.post("/authorities/{id}/proposals")
def propose_regained(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewProposals,
) -> RenewalsOut:
    """Minutes for it, marked as taken back; each person's is answered separately."""
    found = regaining.propose_regained(
        services,
        caller,
        AuthorityId(id),
        number_prefix=body.number_prefix or "",
        dated=body.dated,
        out_of_order=body.out_of_order,
    )
    return RenewalsOut(results=[RenewalOut.of(item, request.url.path) for item in found])


@router.post("/authorities/{id}/suspend")
def suspend_authority(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Noted | None = None,
) -> SuspensionOut | RehearsedOut:
    """Pause it and what is below it."""
    return suspend(services, caller, SuspendableKind.AUTHORITY, id, body, dry_run)


@router.post("/authorities/{id}/resume")
def resume_authority(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> SuspensionOut | RehearsedOut:
    """End the pause; what is below is as it was."""
    return resume(services, caller, SuspendableKind.AUTHORITY, id, dry_run)


@router.post("/handovers", status_code=201)
def propose_handover(services: ServicesDep, caller: CallerDep, body: NewHandover) -> PreparedOut:
    """Prepare minutes of handover with one person; nothing is in force before both have signed."""
    prepared = documents.propose_handover(
        services,
        caller,
        unit=UnitId(body.unit),
        receiver=PersonId(body.receiver),
        number=body.number or "",
        dated=body.dated,
        numbering=body.numbering(),
        lines=[line.line(body.unit) for line in body.lines],
        is_draft=body.draft,
    )
    return PreparedOut.of(prepared)


@router.post("/units/{id}/renewals")
def propose_for_year(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewRenewals,
) -> RenewalsOut:
    """Minutes for every class duty of a school year without a grant; each person's is answered separately."""
    found = leaving.propose_for_year(
        services,
        caller,
        unit=UnitId(id),
        school_year=body.school_year,
        number_prefix=body.number_prefix or "",
        dated=body.dated,
        out_of_order=body.out_of_order,
        authority=None if body.authority is None else AuthorityId(body.authority),
    )
    return RenewalsOut(results=[RenewalOut.of(item, request.url.path) for item in found])


@router.get("/grants/{id}")
def read_grant(services: ServicesDep, caller: CallerDep, id: PathId) -> GrantSeenOut:  # noqa: A002
    """A grant and where it stands now."""
    return GrantSeenOut.of_seen(reading_papers.read_grant(services, caller, GrantId(id)))


@router.get("/units/{id}/grants")
def grants_of(services: ServicesDep, caller: CallerDep, id: PathId) -> GrantsOut:  # noqa: A002
    """What a unit issued; one's own for those who do not act for it."""
    found = reading_papers.grants_of(services, caller, UnitId(id))
    return GrantsOut(grants=[GrantSeenOut.of_seen(g) for g in found])


@router.post("/grants/{id}/revoke")
def revoke_grant(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Because,
    dry_run: DryRun,
) -> GrantOut | RehearsedOut:
    """Take it back at once, with a reason."""
    return done_or_told(
        services,
        dry_run,
        lambda s: delegation.revoke_grant(s, caller, GrantId(id), reason=body.reason),
        GrantOut.of,
    )


@router.post("/grants/{id}/narrow")
def narrow_grant(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Narrowing,
    dry_run: DryRun,
) -> GrantOut | RehearsedOut:
    """Narrow it at once; widening takes supplementary minutes."""

    def run(services: Services) -> Grant:
        return delegation.narrow_grant(
            services, caller, GrantId(id), scope=body.scope.scope(), valid_to=body.valid_to
        )

    return done_or_told(services, dry_run, run, GrantOut.of)


@router.post("/grants/{id}/suspend")
def suspend_grant(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Noted | None = None,
) -> SuspensionOut | RehearsedOut:
    """Pause it."""
    return suspend(services, caller, SuspendableKind.GRANT, id, body, dry_run)


@router.post("/grants/{id}/resume")
def resume_grant(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> SuspensionOut | RehearsedOut:
    """End the pause."""
    return resume(services, caller, SuspendableKind.GRANT, id, dry_run)


@router.post("/units/{id}/confirmations", status_code=201)
def confirm_grants(services: ServicesDep, caller: CallerDep, id: PathId) -> ConfirmationOut:  # noqa: A002
    """A new head confirms, in their own session, what the office granted before them."""
    return ConfirmationOut.model_validate(delegation.confirm_grants(services, caller, UnitId(id)))


@router.get("/units/{id}/confirmations")
def awaiting_confirmation(services: ServicesDep, caller: CallerDep, id: PathId) -> AwaitingOut:  # noqa: A002
    """What awaits a new head's confirmation, and whether the time for it is over."""
    return AwaitingOut.of(reading_papers.awaiting_confirmation(services, caller, UnitId(id)))

"""The register of software, the department's approvals, and clients (rule 13)."""

from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.documents_bodies import DocumentOut
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.api.manage.software_bodies import (
    ApprovalOut,
    ClientOut,
    IssuedClientOut,
    NewApproval,
    NewApprovalLetter,
    NewClientBody,
    NewConfirmation,
    NewDeletion,
    NewKeys,
    NewSoftware,
    NewSoftwareReport,
    ObligationOut,
    Rotation,
    SignInAddresses,
    SoftwareChanges,
    SoftwareConfirmationOut,
    SoftwareListOut,
    SoftwareOut,
    SoftwareSeenOut,
    Withdrawal,
)
from access_service.domain.names import ApprovalId, ClientId, SoftwareConfirmationId, SoftwareId, UnitId
from access_service.usecases.evidence import software_seen
from access_service.usecases.handover import software_letters
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.handover.software_letters import Request
from access_service.usecases.third_party import clients, software, software_papers

router = manage("software")


@router.post("/software", status_code=201)
def register_software(services: ServicesDep, caller: CallerDep, body: NewSoftware) -> SoftwareOut:
    """Enter software that one's unit contracts; it gets a service account and no right."""
    return SoftwareOut.model_validate(software.register_software(services, caller, body.entry()))


@router.get("/software/{id}")
def read_software(services: ServicesDep, caller: CallerDep, id: PathId) -> SoftwareSeenOut:  # noqa: A002
    """Software with its approvals and their state, its clients and its counted draws."""
    return SoftwareSeenOut.of_seen(software_seen.read_software(services, caller, SoftwareId(id)))


@router.get("/units/{id}/software")
def software_of_unit(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    below: Annotated[bool, Query()] = False,
    text: Annotated[str, Query(max_length=256, description="part of a name or supplier, marks or not")] = "",
) -> SoftwareListOut:
    """The report form's lines of a unit; `below` for every unit below it too, `text` for those called so."""
    found = software_seen.software_of_unit(services, caller, UnitId(id), below=below, text=text)
    return SoftwareListOut(software=[SoftwareSeenOut.of_seen(seen) for seen in found])


@router.post("/software/{id}/change")
def change_software(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: SoftwareChanges,
    dry_run: DryRun,
) -> SoftwareOut | RehearsedOut:
    """Bring an entry up to date; approvals are checked against it anew."""
    return done_or_told(
        services,
        dry_run,
        lambda s: software.change_software(s, caller, SoftwareId(id), body.changes()),
        SoftwareOut.model_validate,
    )


@router.post("/software/{id}/end")
def end_software(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> SoftwareOut | RehearsedOut:
    """Its use is over: account closed, clients disabled, nothing rests on it any more."""
    return done_or_told(
        services, dry_run, lambda s: software.end_software(s, caller, SoftwareId(id)), SoftwareOut.model_validate
    )


@router.post("/software/{id}/confirmations", status_code=201)
def confirm_software(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: NewConfirmation,
) -> SoftwareConfirmationOut:
    """Confirm a security level or the connection to the axis, which counts from now; the department's custodian."""
    found = software_papers.confirm_software(services, caller, body.paper(SoftwareId(id)))
    return SoftwareConfirmationOut.model_validate(found)


@router.post("/software-confirmations/{id}/withdraw")
def withdraw_confirmation(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Withdrawal | None = None,
) -> SoftwareConfirmationOut | RehearsedOut:
    """Take a confirmation back at once; the department's custodian."""
    reason = (body.reason or "") if body is not None else ""
    return done_or_told(
        services,
        dry_run,
        lambda s: software_papers.withdraw_confirmation(s, caller, SoftwareConfirmationId(id), reason=reason),
        SoftwareConfirmationOut.model_validate,
    )


@router.post("/approvals/{id}/deletion")
def confirm_deletion(services: ServicesDep, caller: CallerDep, id: PathId, body: NewDeletion) -> ObligationOut:  # noqa: A002
    """Say in writing that the data of an approval that has ended is deleted; the contracting unit's custodian."""
    return ObligationOut.of(software_papers.confirm_deletion(services, caller, body.paper(ApprovalId(id))))


@router.post("/approval-letters", status_code=201)
def propose_approval(services: ServicesDep, caller: CallerDep, body: NewApprovalLetter) -> DocumentOut:
    """Prepare the letter that agrees to sharing; signed by the office's leadership it is the approval."""
    request = None if body.request is None else Request(body.request.number, body.request.dated)
    numbering = Numbering(out_of_order=body.out_of_order)
    terms = body.terms(body.number or "", "")
    return DocumentOut.model_validate(
        software_letters.propose_approval(services, caller, terms, request, numbering)
    )


@router.post("/software-reports", status_code=201)
def propose_report(services: ServicesDep, caller: CallerDep, body: NewSoftwareReport) -> DocumentOut:
    """Prepare the report of a unit's software in the columns of the form, also of none; its head signs it."""
    return DocumentOut.model_validate(software_letters.propose_report(services, caller, UnitId(body.unit)))


@router.post("/approvals", status_code=201)
def record_approval(services: ServicesDep, caller: CallerDep, body: NewApproval) -> ApprovalOut:
    """Record the department's signed approval; the department's custodian."""
    return ApprovalOut.of(software.record_approval(services, caller, body.paper()))


@router.post("/approvals/{id}/withdraw")
def withdraw_approval(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
    body: Withdrawal | None = None,
) -> ApprovalOut | RehearsedOut:
    """Take an approval back at once; the department's custodian."""
    reason = (body.reason or "") if body is not None else ""
    return done_or_told(
        services,
        dry_run,
        lambda s: software.withdraw_approval(s, caller, ApprovalId(id), reason=reason),
        ApprovalOut.of,
    )


@router.post("/clients", status_code=201)
def create_client(services: ServicesDep, caller: CallerDep, body: NewClientBody) -> IssuedClientOut:
    """Make a client of software; a secret is shown once."""
    return IssuedClientOut.of_issued(clients.create_client(services, caller, body.wanted()))


@router.post("/clients/{id}/rotate")
def rotate_secret(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Rotation | None = None,
) -> IssuedClientOut:
    """A new secret beside the old one, which stays good for a while unless `at_once`."""
    at_once = body is not None and body.at_once
    return IssuedClientOut.of_issued(clients.rotate_secret(services, caller, ClientId(id), at_once=at_once))


@router.post("/clients/{id}/keys")
def replace_keys(services: ServicesDep, caller: CallerDep, id: PathId, body: NewKeys) -> ClientOut:  # noqa: A002
    """Other public keys in place of those before."""
    return ClientOut.of(clients.replace_keys(services, caller, ClientId(id), body.jwks))


@router.post("/clients/{id}/sign-in")
def change_sign_in(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: SignInAddresses,
    dry_run: DryRun,
) -> ClientOut | RehearsedOut:
    """Other addresses to come back to, for software that signs people in."""
    back, signed_out = frozenset(body.redirect_uris or ()), frozenset(body.post_logout_uris or ())
    return done_or_told(
        services,
        dry_run,
        lambda s: clients.change_sign_in(s, caller, ClientId(id), back, signed_out),
        ClientOut.of,
    )


@router.post("/clients/{id}/address/approve")
def approve_address(services: ServicesDep, caller: CallerDep, id: PathId) -> ClientOut:  # noqa: A002
    """The address that the client names (`serves`) is its own; the department's custodian."""
    return ClientOut.of(clients.approve_address(services, caller, ClientId(id)))


@router.post("/clients/{id}/address/withdraw")
def withdraw_address(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> ClientOut | RehearsedOut:
    """It is not, after all; what the software was issued so far is revoked. The department's custodian."""
    return done_or_told(
        services, dry_run, lambda s: clients.withdraw_address(s, caller, ClientId(id)), ClientOut.of
    )


@router.post("/clients/{id}/disable")
def disable_client(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    dry_run: DryRun,
) -> ClientOut | RehearsedOut:
    """Let it in no more, for good."""
    return done_or_told(services, dry_run, lambda s: clients.disable_client(s, caller, ClientId(id)), ClientOut.of)

"""Documents, signatures, commitments, returns, inspections."""

from typing import Annotated

from fastapi import Query, Request

from access_service.api.http.deps import CallerDep, LeavingCallerDep, ServicesDep
from access_service.api.manage.accounts_bodies import IssuedOut
from access_service.api.manage.delegation_bodies import problem_json
from access_service.api.manage.documents_bodies import (
    AskedToSignOut,
    DocumentDetailOut,
    DocumentLeftOut,
    DocumentOut,
    DocumentsOut,
    NamedSigner,
    NewCommitment,
    NewInspection,
    NewReturn,
    NewSignatures,
    PresentedDocument,
    RecordedReturn,
    RegisterBookOut,
    Revision,
    SignaturesOut,
    SignedOut,
    SigningOptions,
    Submission,
)
from access_service.api.manage.org_bodies import Because
from access_service.api.manage.rehearsal import DryRun, RehearsedOut, done_or_told
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain.errors import InvalidError
from access_service.domain.names import DocumentId, DocumentState, PersonId, UnitId
from access_service.domain.statements import SigningWay
from access_service.usecases.evidence import reading_papers, register_book
from access_service.usecases.handover import ceremonies, documents, inspection, naming, returns, signatures
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.handover.signatures import BatchAnswer, BrokenOffError, Presented, Signed

router = manage("documents")


@router.get("/documents/{id}")
def read_document(services: ServicesDep, caller: LeavingCallerDep, id: PathId) -> DocumentDetailOut:  # noqa: A002
    """A document: what is signed as JSON and as exact bytes, its hash, and every signature."""
    return DocumentDetailOut.of(reading_papers.read_document(services, caller, DocumentId(id)))


@router.get("/units/{id}/documents")
def documents_of(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    state: Annotated[DocumentState | None, Query()] = None,
) -> DocumentsOut:
    """Documents of a unit; those one receives for those who do not act for it."""
    return DocumentsOut.of(reading_papers.documents_of(services, caller, UnitId(id), state))


@router.get("/units/{id}/register-book")
def read_register_book(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    year: Annotated[int, Query(ge=1900, le=2200)],
) -> RegisterBookOut:
    """The papers that a unit numbered in a year (sổ đăng ký văn bản đi), in the ten columns of Decree 30."""
    return RegisterBookOut.of(register_book.register_book(services, caller, UnitId(id), year))


@router.post("/documents/{id}/submit")
def submit(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Submission | None = None,
) -> DocumentOut:
    """Put a draft before its first signer; it gets its number, and is another version then."""
    numbering = Numbering(out_of_order=None if body is None else body.out_of_order)
    return DocumentOut.model_validate(documents.submit(services, caller, DocumentId(id), numbering))


@router.post("/documents/{id}/signer")
def name_signer(services: ServicesDep, caller: CallerDep, id: PathId, body: NamedSigner) -> DocumentOut:  # noqa: A002
    """A new version in the name and capacity of who will sign for the office, before anybody has signed."""
    return DocumentOut.model_validate(naming.name_signer(services, caller, DocumentId(id), PersonId(body.person)))


@router.post("/documents/{id}/revise")
def revise(services: ServicesDep, caller: CallerDep, id: PathId, body: Revision) -> DocumentOut:  # noqa: A002
    """A new version of a draft or returned document; its signatures are void."""
    revised = documents.revise(
        services,
        caller,
        DocumentId(id),
        number=body.number or "",
        dated=body.dated,
        version=body.version,
        numbering=body.numbering(),
    )
    return DocumentOut.model_validate(revised)


@router.post("/documents/{id}/return")
def return_document(services: ServicesDep, caller: CallerDep, id: PathId, body: Because) -> DocumentOut:  # noqa: A002
    """Send it back, with a reason, instead of signing."""
    done = documents.return_document(services, caller, DocumentId(id), reason=body.reason)
    return DocumentOut.model_validate(done)


@router.post("/documents/{id}/decline")
def decline(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Because,
    dry_run: DryRun,
) -> DocumentOut | RehearsedOut:
    """The receiver declines; final."""
    return done_or_told(
        services,
        dry_run,
        lambda s: documents.decline(s, caller, DocumentId(id), reason=body.reason),
        DocumentOut.model_validate,
    )


@router.post("/documents/{id}/cancel")
def cancel(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Because,
    dry_run: DryRun,
) -> DocumentOut | RehearsedOut:
    """The giver's office takes an unsigned document back."""
    return done_or_told(
        services,
        dry_run,
        lambda s: documents.cancel(s, caller, DocumentId(id), reason=body.reason),
        DocumentOut.model_validate,
    )


@router.post("/documents/{id}/withdraw")
def withdraw(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    body: Because,
    dry_run: DryRun,
) -> DocumentOut | RehearsedOut:
    """The giver's office, or a unit above it, withdraws a signed document: what rests on it stops."""
    return done_or_told(
        services,
        dry_run,
        lambda s: documents.withdraw(s, caller, DocumentId(id), reason=body.reason),
        DocumentOut.model_validate,
    )


@router.post("/commitments", status_code=201)
def prepare_commitment(services: ServicesDep, caller: CallerDep, body: NewCommitment) -> DocumentOut:
    """Prepare one's own commitment to a unit with the text in force."""
    return DocumentOut.model_validate(documents.prepare_commitment(services, caller, UnitId(body.unit)))


@router.post("/returns", status_code=201)
def hand_back(services: ServicesDep, caller: LeavingCallerDep, body: NewReturn) -> DocumentOut:
    """Prepare return minutes for everything the caller holds from a unit; signing them ends the grants."""
    minutes = returns.hand_back(
        services,
        caller,
        UnitId(body.unit),
        number=body.number or "",
        dated=body.dated,
        ends_at=body.ends_at,
        state_of_work=body.state_of_work,
        files_left=body.files_left,
    )
    return DocumentOut.model_validate(minutes)


@router.post("/leaving-cases/{id}/record-return", status_code=201)
def record_return(services: ServicesDep, caller: CallerDep, id: PathId, body: RecordedReturn) -> DocumentOut:  # noqa: A002
    """The head prepares the return of somebody who cannot, before a witness; both sign it as any paper."""
    minutes = returns.return_in_absence(services, caller, id, PersonId(body.witness), because=body.because)
    return DocumentOut.model_validate(minutes)


@router.post("/signatures/options")
def ask_to_sign(
    request: Request, services: ServicesDep, caller: LeavingCallerDep, body: SigningOptions
) -> AskedToSignOut:
    """Put statements before the signer: what a passkey is asked to sign, or the password is entered for."""
    asked = ceremonies.ask_to_sign(
        services,
        caller,
        _presented(body.documents),
        way=None if body.way is None else SigningWay(body.way),
        credential=body.credential,
    )
    path = request.url.path
    left_out = [DocumentLeftOut(document=id_, problem=problem_json(why, path)) for id_, why in asked.refused]
    return AskedToSignOut.of(asked, left_out)


@router.post("/signatures")
def sign(request: Request, services: ServicesDep, caller: LeavingCallerDep, body: NewSignatures) -> SignaturesOut:
    """Sign what was shown, by password or passkey; each document is answered separately."""
    if (body.ceremony is None) is (body.documents is None):
        raise InvalidError("send `documents`, or the `ceremony` in which they were put before the signer")
    if body.ceremony is not None:
        answers = ceremonies.answer_ceremony(
            services, caller, body.ceremony, password=body.password, code=body.totp, passkey=body.passkey
        )
    elif body.documents is None or body.password is None or body.passkey is not None:
        raise InvalidError("`documents` are signed with the password; a passkey answers a `ceremony`")
    else:
        presented = _presented(body.documents)
        batch = signatures.sign_batch(services, caller, body.password, presented, code=body.totp)
        answers = [(item.document, answer) for item, answer in zip(presented, batch, strict=True)]
    return SignaturesOut(results=[_answered(id_, answer, request.url.path) for id_, answer in answers])


def _presented(documents: list[PresentedDocument]) -> list[Presented]:
    return [Presented(DocumentId(d.document), d.version, d.sha256, d.capacity) for d in documents]


def _answered(document: DocumentId, answer: BatchAnswer, path: str) -> SignedOut:
    if isinstance(answer, Signed):
        return SignedOut.of(answer)
    is_signed = answer.is_signed if isinstance(answer, BrokenOffError) else False
    return SignedOut(document=document, signed=is_signed, problem=problem_json(answer, path))


@router.post("/inspections", status_code=201)
def propose_inspection(services: ServicesDep, caller: CallerDep, body: NewInspection) -> DocumentOut:
    """Prepare a decision to inspect; the head's signature puts it in force."""
    return DocumentOut.model_validate(inspection.propose_inspection(services, caller, body.team()))


@router.post("/inspections/{document}/externals/{person}/account")
def admit_external(services: ServicesDep, caller: CallerDep, document: PathId, person: PathId) -> IssuedOut:
    """The one-time code of a member from outside, once the head has signed; their account does nothing else."""
    return IssuedOut.of(inspection.admit_external(services, caller, DocumentId(document), PersonId(person)))


@router.post("/inspections/{document}/end")
def end_inspection(
    services: ServicesDep, caller: CallerDep, document: PathId, body: Because, dry_run: DryRun
) -> DocumentOut | RehearsedOut:
    """End it early; the deciding unit or one above, never the inspected."""
    return done_or_told(
        services,
        dry_run,
        lambda s: inspection.end_inspection(s, caller, DocumentId(document), reason=body.reason),
        DocumentOut.model_validate,
    )

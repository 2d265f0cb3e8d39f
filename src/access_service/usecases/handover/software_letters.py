"""Papers about software that are signed here: the letter that agrees to sharing, and the report of the form."""

from dataclasses import dataclass
from datetime import date

from access_service.domain import approving, papers
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.letters import ApprovalBody, ReportBody, ReportRow
from access_service.domain.names import ApprovalId, DocumentKind, UnitId
from access_service.domain.powers import powerless
from access_service.domain.software import Approval, Software
from access_service.domain.time import local
from access_service.domain.vietnamese import sort_key
from access_service.usecases.handover.documents import new_document
from access_service.usecases.handover.numbering import PLAIN, Numbering
from access_service.usecases.services import Act, Caller, Services, act, as_missing
from access_service.usecases.third_party.approvers import as_approver
from access_service.usecases.third_party.software import ApprovalPaper, check_terms, enter_approval


@dataclass(frozen=True, slots=True)
class Request:
    """The letter in which the unit asked."""

    number: str
    dated: date


@powerless("nothing is agreed before one of the leadership has signed")
def propose_approval(
    services: Services,
    caller: Caller,
    terms: ApprovalPaper,
    request: Request | None = None,
    numbering: Numbering = PLAIN,
) -> Document:
    """Prepare the letter (#7, #109): whoever approves for the unit; every rule is asked now, and when it is signed.

    `terms` holds number and day of the letter; its hash is known when it is signed.
    """
    with act(services, caller, "approval.propose", terms.software) as doing:
        software = doing.tx.require(Software, terms.software)
        with as_missing("software", terms.software):
            as_approver(doing, software.unit)
        approval = check_terms(doing, software, terms, ApprovalId(doing.new_id("apv")))
        body = ApprovalBody(
            approval=approval.id,
            software=software.id,
            scope=approval.scope,
            frequency=terms.frequency,
            method=terms.method,
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
            purpose=terms.purpose,
            agreement_number=terms.agreement_number,
            agreement_dated=terms.agreement_dated,
            agreement_sha256=terms.agreement_sha256,
            receiver_role=terms.receiver_role,
            retention=terms.retention,
            deletion=terms.deletion,
            request_number=None if request is None else request.number,
            request_dated=None if request is None else request.dated,
        )
        return new_document(
            doing,
            kind=DocumentKind.APPROVAL_LETTER,
            unit=caller.unit,
            number=terms.number,
            dated=terms.dated,
            receiver=None,
            numbering=numbering,
            body=body,
        )


def begin_approval(doing: Act, document: Document) -> Approval:
    """The letter is signed: the approval stands, with the letter's number, day and hash."""
    body = papers.read(document.content, ApprovalBody)
    software = doing.tx.require(Software, body.software)
    approving.check_approver(doing.ground, document.office, software.unit)
    terms = ApprovalPaper(
        software=body.software,
        number=document.number,
        dated=document.dated,
        sha256=document.sha256,
        scope=body.scope,
        frequency=body.frequency,
        method=body.method,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        purpose=body.purpose,
        agreement_number=body.agreement_number,
        agreement_dated=body.agreement_dated,
        agreement_sha256=body.agreement_sha256,
        receiver_role=body.receiver_role,
        retention=body.retention,
        deletion=body.deletion,
    )
    return enter_approval(doing, software, terms, body.approval)


@powerless("a report of what is in use")
def propose_report(services: Services, caller: Caller, unit: UnitId) -> Document:
    """Prepare the unit's report of its software in use, by name, also of none; its custodian does."""
    with act(services, caller, "report.propose", unit) as doing:
        doing.check_visible(unit)
        doing.as_custodian(unit)
        if doing.org.unit(unit) is None:
            raise NotFoundError("unit", unit)
        used = [s for s in doing.tx.find(Software, unit=unit) if doing.now in s.interval]
        rows = [_row(doing, software) for software in sorted(used, key=lambda s: (sort_key(s.name), s.id))]
        return new_document(
            doing,
            kind=DocumentKind.SOFTWARE_REPORT,
            unit=unit,
            number="",
            dated=local(doing.now).date(),
            receiver=None,
            body=ReportBody(doing.now, tuple(rows)),
        )


def _row(doing: Act, software: Software) -> ReportRow:
    approvals = [a for a in doing.tx.find(Approval, software=software.id) if doing.now in a.interval]
    newest = max(approvals, key=lambda a: (a.recorded_at, a.id), default=None)
    return ReportRow(
        software=software.id,
        name=software.name,
        supplier=software.supplier,
        data=f"{software.data_fields}; {software.data_scope}",
        frequency=software.frequency,
        method=software.method,
        cost=software.cost,
        legal=software.legal_standing,
        security_level=software.security_level,
        standard=software.security_standard,
        on_axis=software.on_axis,
        approval=None if newest is None else newest.id,
    )

"""What is written of software beside its approvals (rule 13).

The department confirms a security level or a connection to the axis; the contracting unit confirms in writing that
the data of an approval that has ended is deleted. The operator enters either at the command line.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain import approving
from access_service.domain.errors import NotFoundError
from access_service.domain.names import (
    ApprovalId,
    Confirmable,
    RegisterId,
    SoftwareConfirmationId,
    SoftwareId,
)
from access_service.domain.obligations import Obligation, check_deletion
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.software import (
    Approval,
    Software,
    SoftwareConfirmation,
    check_software_confirmation,
)
from access_service.usecases.services import Act, Caller, Services, act, as_missing, operate
from access_service.usecases.third_party.approvers import as_department
from access_service.usecases.third_party.software import answered_software


@dataclass(frozen=True, slots=True)
class ConfirmingPaper:
    """The department's written confirmation of what a unit states of its software."""

    software: SoftwareId
    subject: Confirmable
    level: int | None
    number: str
    dated: date
    issuer: str
    sha256: str
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class DeletionPaper:
    """The written confirmation that the data of an approval is deleted."""

    approval: ApprovalId
    number: str
    dated: date
    sha256: str


# -- the department confirms


@power(yields(Power.SOFTWARE))
def confirm_software(services: Services, caller: Caller, paper: ConfirmingPaper) -> SoftwareConfirmation:
    """A security level, or the connection to the axis, counts from now on; only the department's admin account."""
    with act(services, caller, "software.confirm", paper.software) as doing:
        software = doing.tx.require(Software, paper.software)
        with as_missing("software", paper.software):
            as_department(doing, software.unit)
        return _confirm(doing, software, paper)


def confirm_software_as_operator(
    services: Services, register: RegisterId, paper: ConfirmingPaper
) -> SoftwareConfirmation:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _confirm(doing, doing.tx.require(Software, paper.software), paper)


def _confirm(doing: Act, software: Software, paper: ConfirmingPaper) -> SoftwareConfirmation:
    approving.check_in_use(doing.ground, software)
    confirmation = SoftwareConfirmation(
        id=SoftwareConfirmationId(doing.new_id("sco")),
        software=software.id,
        subject=paper.subject,
        level=paper.level,
        number=paper.number,
        dated=paper.dated,
        issuer=paper.issuer,
        sha256=paper.sha256,
        valid_from=doing.now,
        valid_to=paper.valid_to,
    )
    check_software_confirmation(confirmation)
    doing.tx.put(confirmation)
    doing.tx.happened(
        "software.confirm",
        software.id,
        unit=software.unit,
        subject=str(paper.subject),
        level=paper.level,
        sha256=paper.sha256,
    )
    doing.tx.touches(software.account)
    return confirmation


@power(ends(Power.SOFTWARE))
def withdraw_confirmation(
    services: Services, caller: Caller, id_: SoftwareConfirmationId, *, reason: str
) -> SoftwareConfirmation:
    """The department takes a confirmation back; approvals that presuppose it stop with this commit."""
    with act(services, caller, "software.unconfirm", id_) as doing:
        confirmation = doing.tx.require(SoftwareConfirmation, id_)
        with as_missing("software confirmation", id_):
            as_department(doing, doing.tx.require(Software, confirmation.software).unit)
        return _unconfirm(doing, confirmation, reason)


def withdraw_confirmation_as_operator(
    services: Services, register: RegisterId, id_: SoftwareConfirmationId, *, reason: str
) -> SoftwareConfirmation:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _unconfirm(doing, doing.tx.require(SoftwareConfirmation, id_), reason)


def _unconfirm(doing: Act, confirmation: SoftwareConfirmation, reason: str) -> SoftwareConfirmation:
    approving.check_confirmation_runs(doing.ground, confirmation)
    software = doing.tx.require(Software, confirmation.software)
    ended = replace(confirmation, valid_to=doing.now, withdrawn_because=reason)
    doing.tx.put(ended)
    doing.tx.happened(
        "software.unconfirm", software.id, unit=software.unit, confirmation=confirmation.id, reason=reason
    )
    doing.tx.touches(software.account)
    return ended


# -- what is owed after an approval


@powerless("a written confirmation closes an obligation; no right rests on one")
def confirm_deletion(services: Services, caller: Caller, paper: DeletionPaper) -> Obligation:
    """Xác nhận đã xoá, huỷ dữ liệu: the contracting unit, or the department, once the approval has ended."""
    with act(services, caller, "obligation.confirm", paper.approval) as doing:
        approval = doing.tx.require(Approval, paper.approval)
        with as_missing("approval", paper.approval):
            answered_software(doing, approval.software)
        return _delete(doing, paper)


def confirm_deletion_as_operator(services: Services, register: RegisterId, paper: DeletionPaper) -> Obligation:
    """The same at the command line."""
    with operate(services, register) as doing:
        doing.tx.require(Approval, paper.approval)
        return _delete(doing, paper)


def _delete(doing: Act, paper: DeletionPaper) -> Obligation:
    obligation = doing.tx.first(Obligation, approval=paper.approval)
    if obligation is None:
        raise NotFoundError("obligation", paper.approval)
    check_deletion(obligation, paper.dated, doing.now)
    closed = replace(
        obligation,
        valid_to=doing.now,
        number=paper.number,
        dated=paper.dated,
        sha256=paper.sha256,
        confirmed_by=doing.caller.account if doing.caller is not None else None,
    )
    doing.tx.put(closed)
    doing.tx.happened(
        "obligation.confirm", obligation.id, unit=obligation.unit, approval=paper.approval, sha256=paper.sha256
    )
    # No decision rests on it.
    doing.tx.touches()
    return closed

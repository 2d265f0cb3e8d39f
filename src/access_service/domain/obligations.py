"""What is owed to the department: after an approval of software, the word that the data is deleted (rule 13).

An obligation is a dated fact from the day on which its approval is recorded: it opens when the approval ends, by
its term or by an act, and is closed by a written confirmation with number, date and hash.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import (
    AccountId,
    ApprovalId,
    ObligationId,
    ObligationKind,
    ObligationState,
    SoftwareId,
    UnitId,
)
from access_service.domain.reasons import Refusal
from access_service.domain.scope import first_axis_outside
from access_service.domain.software import Approval, Software
from access_service.domain.time import local

OBLIGATION_VI = {ObligationKind.DELETE_DATA: "xác nhận đã xoá, huỷ dữ liệu"}
"""What an obligation is called where it is printed."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Nghĩa vụ: what a unit still owes after an approval of its software."""

    id: ObligationId
    kind: ObligationKind
    approval: ApprovalId
    software: SoftwareId
    unit: UnitId
    """The contracting unit, which owes it."""
    valid_from: datetime
    """When it opens: the end of the approval."""
    valid_to: datetime | None = None
    """When it was confirmed."""
    number: str | None = None
    """Number of the written confirmation."""
    dated: date | None = None
    sha256: str | None = None
    confirmed_by: AccountId | None = None


def obligation_of(id_: ObligationId, approval: Approval, software: Software) -> Obligation:
    """What an approval that is being recorded will leave behind."""
    return Obligation(id_, ObligationKind.DELETE_DATA, approval.id, software.id, software.unit, approval.valid_to)


def obligation_state(obligation: Obligation, approvals: Iterable[Approval], now: datetime) -> ObligationState:
    """Where an obligation stands; `approvals` are those of the same software, its own among them.

    While another approval in force names all of the data, nothing is to be deleted yet.
    """
    if obligation.valid_to is not None and obligation.valid_to <= now:
        return ObligationState.CONFIRMED
    if now < obligation.valid_from:
        return ObligationState.LATER
    papers = {approval.id: approval for approval in approvals}
    ended = papers.pop(obligation.approval, None)
    if ended is not None and any(now in a.interval and _names_all(a, ended) for a in papers.values()):
        return ObligationState.CARRIED_ON
    return ObligationState.OPEN


def _names_all(newer: Approval, older: Approval) -> bool:
    outside = first_axis_outside(older.scope, newer.scope, is_below=lambda inner, outer: inner == outer)
    return outside is None


def check_deletion(obligation: Obligation, dated: date, now: datetime) -> None:
    """The deletion is confirmed once, after the approval has ended, by a paper of a day between then and today."""
    if now < obligation.valid_from:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the approval has not ended", approval=obligation.approval)
    if obligation.valid_to is not None:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the deletion is confirmed", approval=obligation.approval)
    if not local(obligation.valid_from).date() <= dated <= local(now).date():
        raise InvalidError(
            "the paper is of a day before the approval ended, or still to come", dated=dated.isoformat()
        )

"""The decision of an appointment which waits: drafted when it is prepared, signed when it is confirmed (A1)."""

from dataclasses import replace

from access_service.domain import papers
from access_service.domain.assigning import AssignmentBody, DutyLine
from access_service.domain.delegation import signing_capacity
from access_service.domain.documents import Document
from access_service.domain.names import AssignmentId, DocumentId, DocumentKind, DocumentState, Side
from access_service.domain.org import Assignment
from access_service.domain.statements import SigningWay
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover.composing import compose
from access_service.usecases.handover.documents import new_document
from access_service.usecases.handover.numbering import Numbering, number_paper
from access_service.usecases.handover.signatures import (
    Turn,
    add_signature,
    check_leads_with_factor,
    describe_how,
    make_signature,
    new_nonce,
)
from access_service.usecases.services import Act

CONFIRMED = "quyết định ghi ngày xác nhận"
"""Why it may bear an earlier day than what was numbered before it."""


def decision_of(waiting: WaitingAct) -> DocumentId:
    """The paper that goes with what waits."""
    return DocumentId(f"doc_{waiting.id.partition('_')[2]}")


def draft_decision(doing: Act, waiting: WaitingAct, duty: Assignment, replaces: AssignmentId | None) -> Document:
    """What the officer prepared, as a paper that the office's leadership reads before it confirms."""
    return new_document(
        doing,
        id_=decision_of(waiting),
        kind=DocumentKind.ASSIGNMENT_DECISION,
        unit=waiting.office,
        number="",
        dated=local(doing.now).date(),
        receiver=None,
        body=AssignmentBody((DutyLine.of(duty),), waiting.id, replaces),
        is_draft=True,
    )


def sign_decision(doing: Act, waiting: WaitingAct) -> None:
    """Whoever confirms signs the decision: numbered and dated now, in their name and capacity.

    What waits from before there was a paper has none.
    """
    caller, draft = doing.require_caller(), doing.tx.get(Document, decision_of(waiting))
    if draft is None or draft.state is not DocumentState.DRAFT:
        return
    check_leads_with_factor(doing)
    kind = doing.require_unit(waiting.office).kind
    held = doing.tx.find(Assignment, person=caller.person, unit=waiting.office)
    capacity, duty = signing_capacity(doing.pack_for(waiting.office), held, doing.now, None, kind=kind)
    body = papers.read(draft.content, AssignmentBody)
    before = replace(
        draft, state=DocumentState.AWAITING_GIVER, state_since=doing.now, dated=local(doing.now).date()
    )
    numbered = number_paper(doing, before, Numbering(out_of_order=CONFIRMED))
    # Number and day are given by this very act: other words, another version, which nobody has been shown.
    decision = compose(doing, replace(numbered, version=draft.version + 1), body, caller.person)
    turn = Turn(decision, (), Side.GIVER, capacity, f"{duty.decision_number} ({duty.id})", None)
    how = describe_how(turn, SigningWay.SESSION, nonce=new_nonce())
    add_signature(doing, turn, make_signature(doing, turn, SigningWay.SESSION, how, doing.now))


def cancel_decision(doing: Act, waiting: WaitingAct) -> None:
    """What was declined is no paper any more; as a draft it had no number."""
    draft = doing.tx.get(Document, decision_of(waiting))
    if draft is not None and draft.state is DocumentState.DRAFT:
        doing.tx.put(replace(draft, state=DocumentState.CANCELLED, state_since=doing.now))
        doing.tx.happened("document.cancel", draft.id, unit=draft.office)

"""Whoever confirms an appointment or a release in their session signs its decision by that (A1)."""

from dataclasses import replace

from access_service.domain import papers
from access_service.domain.assigning import AssignmentBody
from access_service.domain.delegation import signing_capacity
from access_service.domain.documents import Document
from access_service.domain.names import DocumentState, Side
from access_service.domain.org import Assignment
from access_service.domain.statements import SigningWay
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover.assignment_papers import OPEN, decision_of
from access_service.usecases.handover.composing import compose
from access_service.usecases.handover.numbering import Numbering, number_paper
from access_service.usecases.handover.signatures import (
    Presented,
    Turn,
    add_signature,
    check_leads_with_factor,
    describe_how,
    find_turn,
    make_signature,
    new_nonce,
)
from access_service.usecases.services import Act

CONFIRMED = "quyết định ghi ngày xác nhận"
"""Why it may bear an earlier day than what was numbered before it."""


def sign_decision(doing: Act, waiting: WaitingAct) -> bool:
    """Sign the decision, which does what waited; False where there is none, as before there were papers of it.

    A draft is numbered and dated now, in the name and capacity of whoever confirms. One that was put before its
    signer already is signed as it stands, by the one whom it names.
    """
    found = doing.tx.get(Document, decision_of(waiting))
    if found is None or found.state not in OPEN:
        return False
    if found.state is DocumentState.DRAFT:
        turn = _number(doing, waiting, found)
    else:
        turn = find_turn(doing, Presented(found.id, found.version, found.sha256))
    how = describe_how(turn, SigningWay.SESSION, nonce=new_nonce())
    add_signature(doing, turn, make_signature(doing, turn, SigningWay.SESSION, how, doing.now))
    return True


def _number(doing: Act, waiting: WaitingAct, draft: Document) -> Turn:
    caller = doing.require_caller()
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
    return Turn(decision, (), Side.GIVER, capacity, f"{duty.decision_number} ({duty.id})", None)

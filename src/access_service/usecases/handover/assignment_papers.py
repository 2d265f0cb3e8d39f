"""The decision of an appointment or a release that waits: drafted when it is prepared (A1).

`confirmed_papers` signs it.
"""

from dataclasses import replace

from access_service.domain.assigning import AssignmentBody
from access_service.domain.documents import Document
from access_service.domain.names import DocumentId, DocumentKind, DocumentState
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover.documents import new_document
from access_service.usecases.services import Act

OPEN = frozenset({DocumentState.DRAFT, DocumentState.AWAITING_GIVER})
"""What becomes of a decision in these states becomes of it with its act."""


def decision_of(waiting: WaitingAct) -> DocumentId:
    """The paper that goes with what waits."""
    return DocumentId(f"doc_{waiting.id.partition('_')[2]}")


def draft_decision(doing: Act, waiting: WaitingAct, body: AssignmentBody) -> Document:
    """What the officer prepared, as a paper that the office's leadership reads before it confirms."""
    return new_document(
        doing,
        id_=decision_of(waiting),
        kind=DocumentKind.ASSIGNMENT_DECISION,
        unit=waiting.office,
        number="",
        dated=local(doing.now).date(),
        receiver=None,
        body=body,
        is_draft=True,
    )


def cancel_decision(doing: Act, waiting: WaitingAct) -> None:
    """What was declined is no paper any more; its number, where it had one, stays in the book as not issued."""
    found = doing.tx.get(Document, decision_of(waiting))
    if found is not None and found.state in OPEN:
        doing.tx.put(replace(found, state=DocumentState.CANCELLED, state_since=doing.now))
        doing.tx.happened("document.cancel", found.id, unit=found.office)

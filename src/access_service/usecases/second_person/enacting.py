"""What is done once a second person has agreed: by confirming it, or by signing its decision (rulings A1 and J)."""

import json
from collections.abc import Callable, Mapping

from access_service.domain import papers
from access_service.domain.assigning import AssignmentBody
from access_service.domain.documents import Document, Signature
from access_service.domain.papers import Consequence
from access_service.domain.waiting import Outcome, WaitingAct, WaitingKind
from access_service.usecases import operators, policy
from access_service.usecases.handover.signatures import Signed, follow
from access_service.usecases.organisation import correcting, leaving, moving, org, succession, years
from access_service.usecases.second_person import root_office
from access_service.usecases.services import Act
from access_service.usecases.waiting import close


def enact(doing: Act, found: WaitingAct, by: str) -> WaitingAct:
    """Every rule is asked again, now; then it is done, and waits no more."""
    result, body = _ENACT[found.kind](doing, found)
    return close(doing, found, Outcome.CONFIRMED, by, result=result, body=body)


def _appoint(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    if found.operator is not None:
        return root_office.enact_appointment(doing, found), None
    return org.enact_duty(doing, found), None


def _release(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    if found.operator is not None:
        return root_office.enact_release(doing, found), None
    return leaving.enact_release(doing, found), None


def _move(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    return moving.enact_move(doing, found), None


def _succeed(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    return succession.enact_succession(doing, found), None


def _bind(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    return policy.enact_binding(doing, found), None


def _add_operator(doing: Act, found: WaitingAct) -> tuple[str, str | None]:
    said = json.loads(found.body)
    operators.enter(doing, found.office, said["name"], said["secret_sha256"], None)
    return said["name"], None


_ENACT: Mapping[WaitingKind, Callable[[Act, WaitingAct], tuple[str, str | None]]] = {
    WaitingKind.APPOINT: _appoint,
    WaitingKind.RELEASE: _release,
    WaitingKind.MOVE: _move,
    WaitingKind.SUCCEED: _succeed,
    WaitingKind.BIND: _bind,
    WaitingKind.CLOSE_YEAR: years.enact_closing,
    WaitingKind.REOPEN_YEAR: years.enact_reopening,
    WaitingKind.ADD_OPERATOR: _add_operator,
    WaitingKind.CORRECT_YEAR: correcting.enact_year,
    WaitingKind.CORRECT_DUTY: correcting.enact_duty,
}


def _confirmed_by_signature(doing: Act, document: Document, signature: Signature) -> Signed:
    waiting = doing.tx.require(WaitingAct, papers.read(document.content, AssignmentBody).waiting)
    enact(doing, waiting, signature.person)
    return Signed(document, signature)


follow(Consequence.ACT_CONFIRMED, _confirmed_by_signature)

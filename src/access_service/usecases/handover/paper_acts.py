"""What this caller may do with a paper now: each rule is asked, and nothing is done."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from access_service.domain import papers, turns
from access_service.domain.composing import find_office_signer
from access_service.domain.documents import Document, Signature, check_waiting, move
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, DocumentKind, DocumentState
from access_service.domain.preparing import check_receiver
from access_service.usecases.services import ReadView


class PaperAct(StrEnum):
    """What can be done with a paper."""

    SIGN = "sign"
    RETURN = "return"
    DECLINE = "decline"
    REVISE = "revise"
    """A new version of what came back."""
    SUBMIT = "submit"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    NAME_MYSELF = "name_myself"
    """The caller leads the office, and the paper names somebody else to sign it."""


def acts_on(
    view: ReadView, document: Document, given: tuple[Signature, ...], wanted: Iterable[PaperAct] = PaperAct
) -> frozenset[PaperAct]:
    """Those that would not be refused now."""
    return frozenset(act for act in wanted if _passes(_ASKED[act], view, document, given))


def _passes(
    asked: Callable[[ReadView, Document, tuple[Signature, ...]], None],
    view: ReadView,
    document: Document,
    given: tuple[Signature, ...],
) -> bool:
    try:
        asked(view, document, given)
    except RefusedError:
        return False
    return True


def _move(view: ReadView, document: Document, act: str) -> None:
    move(document, act, now=view.now, lapse_after=view.lapse_after(document.office))


def _sign(view: ReadView, document: Document, given: tuple[Signature, ...]) -> None:
    caller = view.require_caller()
    check_waiting(document, now=view.now, lapse_after=view.lapse_after(document.office))
    turns.check_left_signs(document, is_leaving=caller.leaving)
    turns.check_not_signed(document, given, caller.person)
    if document.state is DocumentState.AWAITING_RECEIVER:
        turns.check_turn(caller, document)
        return
    _check_leads(view, document)
    turns.check_named(document, caller.person)
    turns.check_not_sent(document, caller.person)


def _check_leads(view: ReadView, document: Document) -> None:
    caller = view.require_caller()
    body = papers.read_any(document.kind, document.content)
    found = None
    if caller.kind is AccountKind.USE:
        found = find_office_signer(view.ground, document, body, caller.person)
    turns.check_signs_for(document, found)


def _return(view: ReadView, document: Document, _: tuple[Signature, ...]) -> None:
    caller = view.require_caller()
    _move(view, document, "return")
    if document.state is DocumentState.AWAITING_RECEIVER:
        turns.check_turn(caller, document)
    else:
        turns.check_sends_back(view.ground, caller, document)


def _decline(view: ReadView, document: Document, _: tuple[Signature, ...]) -> None:
    _move(view, document, "decline")
    turns.check_turn(view.require_caller(), document)


def _by_office(act: str) -> Callable[[ReadView, Document, tuple[Signature, ...]], None]:
    def asked(view: ReadView, document: Document, _: tuple[Signature, ...]) -> None:
        _move(view, document, act)
        view.as_above(document.office)

    return asked


def _withdraw(view: ReadView, document: Document, given: tuple[Signature, ...]) -> None:
    _by_office("withdraw")(view, document, given)
    caller = view.require_caller()
    turns.check_withdrawn_by_another(caller, document)
    turns.check_lines_are_theirs(view.ground, caller, document)


def _revise(view: ReadView, document: Document, given: tuple[Signature, ...]) -> None:
    _by_office("revise")(view, document, given)
    if document.kind in (DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES):
        check_receiver(view.require_caller(), document.receiver)


def _name_myself(view: ReadView, document: Document, given: tuple[Signature, ...]) -> None:
    turns.check_renamed(document, given)
    _check_leads(view, document)
    if papers.named_signer(document.content) == view.require_caller().person:
        turns.check_signs_for(document, None)


_ASKED = {
    PaperAct.SIGN: _sign,
    PaperAct.RETURN: _return,
    PaperAct.DECLINE: _decline,
    PaperAct.REVISE: _revise,
    PaperAct.SUBMIT: _by_office("submit"),
    PaperAct.CANCEL: _by_office("cancel"),
    PaperAct.WITHDRAW: _withdraw,
    PaperAct.NAME_MYSELF: _name_myself,
}

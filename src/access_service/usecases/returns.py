"""Return minutes (biên bản bàn giao lại, #125): by the holder themselves, or by the head before a witness."""

from datetime import date, datetime

from access_service.domain.accounts import state_of
from access_service.domain.delegation import Grant, LeavingCase, signing_capacity
from access_service.domain.documents import Document, is_waiting
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import (
    AccountKind,
    AccountState,
    DocumentKind,
    PersonId,
    Side,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.papers import ReturnBody, lines_of
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.storage.access import suspensions_on
from access_service.usecases.accounts import confirm_password
from access_service.usecases.documents import new_document
from access_service.usecases.services import Act, Caller, Services, act
from access_service.usecases.signatures import Signed, add_signature


@powerless("the signature on the return minutes ends the grants, not the draft")
def hand_back(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    number: str = "",
    dated: date | None = None,
    ends_at: datetime | None = None,
) -> Document:
    """Prepare return minutes for everything the caller holds from a unit (biên bản bàn giao lại, #125).

    The holder's own signature (through `sign`) is the declaration; the head countersigns. The grants end at the
    instant that the minutes name (`ends_at`), at the latest with the duty; without one at the declaration.
    """
    with act(services, caller, "return.propose", unit) as doing:
        if caller.kind is not AccountKind.USE:
            raise RefusedError(Refusal.FORBIDDEN, "a person hands back in their own session")
        if ends_at is not None and ends_at <= doing.now:
            raise InvalidError("the rights end after this moment, or at the declaration", ends_at=ends_at)
        grants = [
            g for g in doing.tx.find(Grant, account=caller.account) if g.unit == unit and g.activated_at is not None
        ]
        if not grants:
            raise NotFoundError("grant from unit", unit)
        check_no_return_waits(doing, caller.person, unit)
        return new_document(
            doing,
            kind=DocumentKind.RETURN_MINUTES,
            unit=unit,
            number=number,
            dated=dated or doing.now.date(),
            receiver=caller.person,
            body=ReturnBody(lines_of(grants), ends_at=ends_at),
        )


def check_no_return_waits(doing: Act, person: PersonId, unit: UnitId) -> None:
    """One return of a person to a unit at a time."""
    waiting = doing.tx.find(Document, receiver=person, unit=unit, kind=str(DocumentKind.RETURN_MINUTES))
    for document in waiting:
        if is_waiting(document, now=doing.now, lapse_after=doing.lapse_after(unit)):
            raise RefusedError(Refusal.DUPLICATE, "return minutes wait already", unit=unit, document=document.id)


@power(yields(Power.PAPER) | ends(Power.PAPER, Power.GRANT))
def return_in_absence(services: Services, caller: Caller, password: str, case: str, witness: PersonId) -> Signed:
    """The head records the return of somebody who cannot, before a witness of the unit (#125, rule 12).

    The head's signature is given here; the witness gives theirs in a session of their own (rule 7), and only then
    the rights end and the case closes. A witness without an account cannot, and such a return is refused.
    """
    if caller.kind is not AccountKind.USE:
        with act(services, caller, "return.record", case):
            raise RefusedError(Refusal.FORBIDDEN, "a person signs in their own session")
    confirm_password(services, caller, password)
    with act(services, caller, "return.record", case) as doing:
        leaving = doing.tx.require(LeavingCase, case)
        if not doing.is_related(leaving.unit):
            raise NotFoundError("leaving case", case)
        if leaving.valid_to is not None:
            raise RefusedError(Refusal.DOCUMENT_STATE, "the case is closed", case=case)
        _check_witness(doing, leaving, witness)
        check_no_return_waits(doing, leaving.person, leaving.unit)
        pack = doing.pack_for(leaving.unit)
        held = doing.tx.find(Assignment, person=caller.person, unit=leaving.unit)
        capacity, duty = signing_capacity(pack, held, doing.now, None, kind=doing.require_unit(leaving.unit).kind)
        account = doing.use_account_of(leaving.person)
        grants = [
            g
            for g in (doing.tx.find(Grant, account=account.id) if account else [])
            if g.unit == leaving.unit and g.activated_at is not None
        ]
        document = new_document(
            doing,
            kind=DocumentKind.RETURN_MINUTES,
            unit=leaving.unit,
            number="",
            dated=doing.now.date(),
            receiver=leaving.person,
            body=ReturnBody(lines_of(grants), witness=witness, case=case),
        )
        doing.tx.happened("return.record", case, witness=witness)
        basis = f"{duty.decision_number} ({duty.id})"
        return add_signature(doing, document, [], Side.GIVER, caller.person, capacity, basis)


def _check_witness(doing: Act, leaving: LeavingCase, witness: PersonId) -> None:
    """(7) A third person who serves the unit today and can sign for themselves."""
    head = doing.require_caller().person
    duties = doing.tx.find(Assignment, person=witness, unit=leaving.unit)
    is_third = witness not in (head, leaving.person) and head != leaving.person
    if not is_third or not any(doing.now in a.interval for a in duties):
        raise RefusedError(Refusal.SELF_SERVICE, "the witness is a third person of the unit", unit=leaving.unit)
    account = doing.use_account_of(witness)
    laid_on = suspensions_on(doing.tx, account) if account else []
    if account is None or state_of(account, laid_on, doing.now) is not AccountState.ACTIVE:
        raise RefusedError(
            Refusal.ACCOUNT_NOT_ACTIVE,
            "the witness signs in a session of their own and has no account that is open",
            witness=witness,
        )

"""Return minutes (biên bản bàn giao lại, #125): by the holder themselves, or by the head before a witness."""

from datetime import date, datetime

from access_service.domain import preparing
from access_service.domain.accounts import Account
from access_service.domain.acting import check_personal
from access_service.domain.delegation import LeavingCase, signing_capacity
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.names import DocumentKind, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.papers import ReturnBody, lines_of
from access_service.domain.powers import powerless
from access_service.domain.time import local
from access_service.usecases.handover.documents import new_document
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.services import Caller, Services, act, refusing

LATE = "biên bản bàn giao lại lập theo ngày bàn giao"
"""Why return minutes may bear an earlier day: handing back waits for no book."""


@powerless("the signature on the return minutes ends the grants, not the draft")
def hand_back(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    number: str = "",
    dated: date | None = None,
    ends_at: datetime | None = None,
    state_of_work: str | None = None,
    files_left: str | None = None,
) -> Document:
    """Prepare return minutes for everything the caller holds from a unit (biên bản bàn giao lại, #125).

    The holder's own signature (through `sign`) is the declaration; the head countersigns. The grants end at the
    instant that the minutes name (`ends_at`), at the latest with the duty; without one at the declaration.
    """
    with act(services, caller, "return.propose", unit) as doing:
        check_personal(caller, "a person hands back in their own session")
        grants = preparing.find_handed_back(doing.ground, doing.tx.get(Account, caller.account), unit)
        preparing.check_handing_back(doing.ground, grants, unit, ends_at)
        preparing.check_no_return_waits(doing.ground, caller.person, unit)
        return new_document(
            doing,
            kind=DocumentKind.RETURN_MINUTES,
            unit=unit,
            number=number,
            dated=dated or local(doing.now).date(),
            receiver=caller.person,
            numbering=Numbering(out_of_order=LATE),
            body=ReturnBody(lines_of(grants), ends_at=ends_at, state_of_work=state_of_work, files_left=files_left),
        )


@powerless("the signatures of the head and the witness end the grants, not the draft")
def return_in_absence(
    services: Services, caller: Caller, case: str, witness: PersonId, *, because: str | None = None
) -> Document:
    """The head prepares the return of somebody who cannot, before a witness of the unit (#125, rule 12).

    The head signs it when they have been shown it, as any paper; the witness gives theirs in a session of their own
    (rule 7), and only then the rights end and the case closes. A witness without an account cannot, and such a
    return is refused.
    """
    with refusing(services, caller, "return.record", case):
        check_personal(caller, "a person signs in their own session")
    with act(services, caller, "return.record", case) as doing:
        leaving = doing.tx.require(LeavingCase, case)
        if not doing.is_related(leaving.unit):
            raise NotFoundError("leaving case", case)
        preparing.check_case_open(leaving)
        preparing.check_witness(doing.ground, leaving, caller.person, witness)
        preparing.check_no_return_waits(doing.ground, leaving.person, leaving.unit)
        held = doing.tx.find(Assignment, person=caller.person, unit=leaving.unit)
        kind = doing.require_unit(leaving.unit).kind
        signing_capacity(doing.pack_for(leaving.unit), held, doing.now, None, kind=kind)
        grants = preparing.find_handed_back(doing.ground, doing.use_account_of(leaving.person), leaving.unit)
        document = new_document(
            doing,
            kind=DocumentKind.RETURN_MINUTES,
            unit=leaving.unit,
            number="",
            dated=local(doing.now).date(),
            numbering=Numbering(out_of_order=LATE),
            receiver=leaving.person,
            body=ReturnBody(lines_of(grants), witness=witness, case=case, absent_because=because),
            signer=caller.person,
        )
        doing.tx.happened("return.record", case, unit=leaving.unit, witness=witness)
        return document

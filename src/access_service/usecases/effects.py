"""What follows from an act: grants end, custody begins, accounts are reset.

Shared by the acts. No rule stands here that `domain` does not state, and every effect happens in the transaction of
its cause (rule 10).
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from access_service.domain import duties as duty_rules
from access_service.domain import edges
from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.acting import operates
from access_service.domain.custody import (
    LAST_DUTY,
    as_assignment,
    begins_same_day,
    lapse_unwritten,
    list_left_unwritten,
    list_unwritten,
)
from access_service.domain.delegation import (
    Authority,
    Grant,
    Inspection,
    LeavingCase,
    check_grant,
)
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.inspecting import External
from access_service.domain.names import (
    AccountKind,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.policy import Pack
from access_service.domain.preparing import admin_account_of, check_not_paused, check_prepares, check_replaced_stand
from access_service.domain.reasons import Reason
from access_service.domain.separations import check_separations
from access_service.domain.standing import GrantFacts, documents_reason, refusal_lapses_at
from access_service.domain.statements import check_strengths, is_open
from access_service.domain.undoing import is_kept
from access_service.storage import accounts as stored
from access_service.storage.appending import unit_of
from access_service.usecases.identity.accounts import factors_in, new_activation
from access_service.usecases.identity.factor_events import forget_factors
from access_service.usecases.services import Act


def end_grants(doing: Act, grants: Iterable[Grant], how: GrantEnd, at: datetime | None = None) -> list[GrantId]:
    """End grants for good from `at` (now when left out), unless they ended earlier. Returns which."""
    ended = []
    for grant in grants:
        end = at or doing.now
        if grant.activated_at is not None:
            # (A5) A grant that was activated after the day of an end recorded late ends when it began.
            end = max(end, grant.activated_at)
        if grant.ended_at is not None and grant.ended_at <= end:
            continue
        doing.tx.put(replace(grant, ended_at=end, ended_as=how))
        doing.tx.touches(grant.account)
        doing.tx.happened("grant.end", grant.id, unit=grant.unit, how=str(how))
        ended.append(grant.id)
    return ended


def end_grants_of_assignment(doing: Act, assignment: Assignment) -> list[GrantId]:
    """(12) When a duty ends, its grants end at the same instant; (11) so does standing in for its holder."""
    ended = end_grants(
        doing,
        doing.tx.find(Grant, assignment=assignment.id),
        GrantEnd.ASSIGNMENT_ENDED,
        assignment.valid_to,
    )
    for duty in duty_rules.cut_with(doing.ground, assignment):
        doing.tx.put(duty)
        doing.tx.happened("duty.end", duty.id, unit=duty.unit, substitutes=assignment.id)
        ended += end_grants_of_assignment(doing, duty)
        end_custodies_of(doing, duty)
        suspend_account_if_last(doing, duty.person, duty.valid_to or doing.now)
        doing.touch_person(duty.person)
    return ended


def activate_ready(doing: Act, unit: UnitId, grants: Iterable[Grant]) -> list[GrantId]:
    """(5) Activate the grants whose last paper was just signed; every condition is checked again.

    A grant is effective from the latest of its start, the last signature, and this commit.
    """
    waiting = [g for g in grants if g.activated_at is None and g.ended_at is None]
    check_replaced_stand(doing.ground, waiting)
    activated = []
    by_id = {g.id: g for g in waiting}
    for facts in doing.gather.grants(waiting, doing.now):
        if _lacks_paper(facts, doing.now):
            continue
        # As it stands on the paper: what an authority no longer covers is refused, never cut in silence.
        grant = by_id[facts.grant.id]
        account = doing.tx.require(Account, grant.account)
        assignment = doing.tx.get(Assignment, grant.assignment) if grant.assignment else None
        authority = doing.tx.require(Authority, grant.authority)
        held = doing.tx.find(Assignment, person=account.person, unit=unit)
        check_grant(doing.office(unit, authority), grant, account, assignment, held=held)
        check_not_paused(doing.ground, grant)
        pack = doing.pack_for(unit)
        check_separations(doing.ground, pack, account.id, [grant.role])
        _check_signed_well(doing, pack, facts)
        doing.tx.put(replace(grant, activated_at=doing.now, refused=None))
        doing.tx.touches(grant.account)
        doing.tx.happened("grant.activate", grant.id, unit=grant.unit)
        activated.append(grant.id)
        if grant.replaces is not None:
            _supersede(doing, grant.replaces)
    return activated


def _check_signed_well(doing: Act, pack: Pack, facts: GrantFacts) -> None:
    """(5) Papers begun under the pack in force are signed in ways that it takes; older ones were judged then."""
    for document in (facts.document, *facts.commitments):
        if document is None or not document.content or is_open(pack, document.kind):
            continue
        if json.loads(document.content).get("policy") == doing.tx.policy:
            check_strengths(pack, document, doing.tx.find(Signature, document=document.id))


def try_again(doing: Act, unit: UnitId, grants: Iterable[Grant]) -> tuple[list[GrantId], dict[GrantId, str]]:
    """(A8) Activate each grant whose papers are signed; a refusal stands on the grant and in the answer.

    It is tried again until an unsigned paper of the unit would have lapsed; then the line lapses too.
    """
    activated: list[GrantId] = []
    refused_as: dict[GrantId, str] = {}
    for grant in grants:
        if grant.activated_at is not None or grant.ended_at is not None:
            continue
        document = doing.tx.get(Document, grant.document) if grant.document is not None else None
        lapses_on = refusal_lapses_at(grant, document, doing.lapse_after(unit))
        if lapses_on is not None and lapses_on <= doing.now:
            end_grants(doing, [grant], GrantEnd.LAPSED, lapses_on)
            continue
        try:
            activated += activate_ready(doing, unit, [grant])
        except RefusedError as refused:
            # Last year's line must not keep a person from committing.
            refused_as[grant.id] = str(refused.code)
            if grant.refused != str(refused.code):
                doing.tx.put(replace(grant, refused=str(refused.code)))
                doing.tx.happened("grant.wait", grant.id, unit=unit, code=str(refused.code))
    return activated, refused_as


def try_refused_again(doing: Act, unit: UnitId) -> list[GrantId]:
    """(A8) Try the refused lines of a unit once more: what stood in their way may be gone."""
    waiting = [g for g in doing.tx.find(Grant, unit=unit) if g.refused is not None]
    return try_again(doing, unit, waiting)[0]


def as_preparing(doing: Act, unit: UnitId, receiver: PersonId) -> None:
    """(A8) Who prepares a paper of the unit: see `check_prepares`. To strangers there is no such unit."""
    caller = doing.require_caller()
    if not operates(caller, unit):
        doing.check_visible(unit)
    factors = factors_in(doing.tx, caller.account)
    check_prepares(doing.ground, caller, unit, receiver, doing.custody_of(unit), factors)


def _lacks_paper(facts: GrantFacts, now: datetime) -> Reason | None:
    """Which paper a grant lacks; a document that no longer stands carries nothing, whoever signed it."""
    document = facts.document
    if document is not None and document.state is not DocumentState.SIGNED:
        return Reason.MINUTES_UNSIGNED
    return documents_reason(facts, now)


def _supersede(doing: Act, old_id: GrantId) -> None:
    """The old line held until both signed the new one; its minutes are superseded with their last line."""
    old = doing.tx.require(Grant, old_id)
    end_grants(doing, [old], GrantEnd.SUPERSEDED)
    if old.document is None:
        return
    lines = doing.tx.find(Grant, document=old.document)
    if all(line.ended_at is not None and line.ended_at <= doing.now for line in lines):
        minutes = doing.tx.require(Document, old.document)
        if minutes.state is DocumentState.SIGNED:
            close_document(doing, minutes, DocumentState.SUPERSEDED, None)


def close_document(
    doing: Act, document: Document, state: DocumentState, reason: str | None, at: datetime | None = None
) -> Document:
    """A signed document stops carrying what rests on it: grants (the caller ends them), custody, an inspection."""
    closed = replace(document, state=state, state_since=doing.now, ended_at=at or doing.now, reason=reason)
    doing.tx.put(closed)
    doing.tx.happened("document.close", document.id, unit=document.office, state=str(state))
    if document.receiver is not None:
        doing.touch_person(document.receiver)
    for custody in doing.tx.find(Custody, document=document.id):
        if doing.now in custody.interval:
            end_custody(doing, custody)
    for inspection in doing.tx.find(Inspection, document=document.id):
        if inspection.valid_to > doing.now:
            doing.tx.put(replace(inspection, valid_to=max(doing.now, inspection.valid_from)))
    for external in doing.tx.find(External, document=document.id):
        _close_inspector(doing, external)
    return closed


def _close_inspector(doing: Act, external: External) -> None:
    """(A4) The account of a member from outside is over with the inspection."""
    for account in doing.tx.find(Account, person=external.person, kind=str(AccountKind.INSPECTOR)):
        if account.valid_to is None or account.valid_to > doing.now:
            doing.tx.put(replace(account, valid_to=doing.now))
            stored.end_sessions_of(doing.tx.connection, doing.tx.register, account.id)
            doing.tx.touches(account.id)


def as_taking_back(doing: Act, unit: UnitId, custody: Custody | None) -> Custody:
    """(6, A7) The caller may end this custody, by whatever door: the head an officer's, a unit above the head's."""
    doing.as_above(unit)
    edges.check_takes_back(doing.ground, doing.require_caller(), custody, unit)
    if custody is None:
        raise RuntimeError("vacant custody was checked")
    return custody


def begin_custody(doing: Act, document: Document, *, unit: UnitId, holder: str) -> str:
    """(6) The receiver operates the admin account from now; credentials are reset, sessions end, no grant moves.

    Returns the one-time code with which the new custodian sets a password.
    """
    account = admin_account(doing, unit)
    settle_custodies(doing, unit)
    current = doing.custody_of(unit)
    if current is not None:
        doing.tx.put(replace(current, valid_to=doing.now))
    if document.receiver is None:
        raise RuntimeError("custody without a receiver")
    custody = Custody(
        id=doing.new_id("cus"),
        unit=unit,
        account=account.id,
        person=document.receiver,
        holder=holder,
        document=document.id,
        valid_from=doing.now,
        assignment=as_assignment(json.loads(document.content)),
    )
    doing.tx.put(custody)
    issued = new_activation(doing, account, is_new_holder=True)
    doing.tx.happened("custody.begin", custody.id, unit=unit, person=document.receiver, holder=holder)
    doing.tx.touches(account.id)
    try_refused_again(doing, unit)
    return issued.activation_code


def end_custody(doing: Act, custody: Custody, at: datetime | None = None) -> Custody:
    """The person operates the account no longer, from `at` (now when left out); existing grants stand (rule 6).

    Whoever operates it today keeps what opens it (A5): only the newest custodian's credentials are reset.
    """
    ended = replace(custody, valid_to=max(custody.valid_from, min(at or doing.now, doing.now)))
    doing.tx.put(ended)
    later = [
        c
        for c in doing.tx.find(Custody, unit=custody.unit)
        if c.id != custody.id
        and c.valid_from >= custody.valid_from
        and (c.valid_to is None or c.valid_to > c.valid_from)
    ]
    if not later:
        stored.end_sessions_of(doing.tx.connection, doing.tx.register, custody.account)
        credential = stored.credential_of(doing.tx.connection, doing.tx.register, custody.account)
        if credential is not None:
            closed = replace(credential, password=None, activation_sha256=None)
            stored.save_credential(doing.tx.connection, closed)
        # The next custodian has a device of their own.
        forget_factors(doing, custody.account, custody.unit)
    doing.tx.happened("custody.end", custody.id, unit=custody.unit, person=custody.person)
    doing.tx.touches(custody.account)
    return ended


def settle_custodies(doing: Act, unit: UnitId) -> None:
    """(A7) Write down what the dates of duties did to the custodies of a unit; every answer stays as it was.

    An officer's custody that ended goes back to whoever headed the unit then.
    """
    for custody, end in list_unwritten(doing.gather.custodies(unit, doing.now), doing.now):
        if not custody.id:
            back = replace(custody, id=doing.new_id("cus"), valid_to=end)
            doing.tx.put(back)
            doing.tx.happened("custody.return", back.id, unit=unit, person=back.person, holder=back.holder)
            doing.tx.touches(back.account)
        else:
            end_custody(doing, custody, end)


def settle_person(doing: Act, person: PersonId, *, new: Assignment | None = None) -> None:
    """(A7, 12) Whose duties in a unit ended by their own date has a leaving case; with the last the account stops.

    Both are dated with the duty. `new` is a duty that this very act assigns.
    """
    duties = doing.tx.find(Assignment, person=person)
    cases = [c.assignment for c in doing.tx.find(LeavingCase, person=person) if is_kept(c)]
    for duty in list_left_unwritten(duties, cases, doing.now):
        if duty.valid_to is not None:
            case = LeavingCase(
                doing.new_id("cas"), person, duty_rules.releasing_office(doing.ground, duty), duty.id, duty.valid_to
            )
            doing.tx.put(case)
            doing.tx.happened("duty.lapse", duty.id, unit=duty.unit, case=case.id)
    account = doing.use_account_of(person)
    before = [d for d in duties if new is None or d.id != new.id]
    if account is None:
        return
    rows = doing.tx.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=account.id)
    lapse = lapse_unwritten(account, before, rows, doing.now)
    if lapse is not None and not (new is not None and begins_same_day(lapse, new)):
        suspension = replace(lapse, id=doing.new_id("sus"))
        doing.tx.put(suspension)
        stored.end_sessions_of(doing.tx.connection, doing.tx.register, account.id)
        doing.tx.happened(
            "account.suspend", account.id, unit=unit_of(doing.tx, account.id), suspension=suspension.id
        )
        doing.tx.touches(account.id)


def end_custodies_of(doing: Act, duty: Assignment) -> None:
    """(A5) Custody ends with the duty that it rests on, on that day, and for that person alone."""
    settle_custodies(doing, duty.unit)


def admin_account(doing: Act, unit: UnitId) -> Account:
    """The unit's admin account; its direct manager issues it first."""
    return admin_account_of(doing.ground, unit)


def suspend_account_if_last(doing: Act, person: PersonId, at: datetime) -> None:
    """(12) With the last duty the account is suspended, from the instant the duty ends."""
    if any(a.valid_to is None or a.valid_to > at for a in doing.tx.find(Assignment, person=person)):
        return
    account = doing.use_account_of(person)
    if account is None:
        return
    suspension = Suspension(
        id=doing.new_id("sus"),
        kind=SuspendableKind.ACCOUNT,
        target=account.id,
        unit=account.unit,
        reason=LAST_DUTY,
        valid_from=at,
    )
    doing.tx.put(suspension)
    if at <= doing.now:
        stored.end_sessions_of(doing.tx.connection, doing.tx.register, account.id)
    doing.tx.happened("account.suspend", account.id, unit=unit_of(doing.tx, account.id), suspension=suspension.id)
    doing.tx.touches(account.id)


def keep_account_open(doing: Act, assignment: Assignment) -> None:
    """A new duty that begins on the day on which the last one ends: nobody has to resume the account (A7, J).

    One that begins later finds the account suspended; whoever answers for it resumes it.
    """
    settle_person(doing, assignment.person, new=assignment)
    account = doing.use_account_of(assignment.person)
    if account is None:
        return
    for suspension in doing.tx.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=account.id):
        if suspension.valid_to is None and begins_same_day(suspension, assignment):
            until = max(suspension.valid_from, assignment.valid_from)
            doing.tx.put(replace(suspension, valid_to=until))
            doing.tx.happened(
                "account.resume", account.id, unit=unit_of(doing.tx, account.id), suspension=suspension.id
            )
            doing.tx.touches(account.id)


def close_cases(doing: Act, document: Document) -> None:
    """Signed return minutes close the holder's open cases in that unit (#125) and hand back the minutes."""
    if document.receiver is None:
        raise RuntimeError("return minutes without a holder")
    # What was handed over by an office that is over is handed back to the one that keeps its papers.
    offices = {document.unit, document.office}
    for case in doing.tx.find(LeavingCase, person=document.receiver, unit=offices):
        if case.valid_to is None:
            doing.tx.put(replace(case, valid_to=doing.now, document=document.id))
            doing.tx.happened("case.close", case.id, unit=case.unit)
    kept = doing.tx.find(Document, receiver=document.receiver, kept_by=document.office)
    own = doing.tx.find(Document, receiver=document.receiver, unit=document.unit)
    for minutes in {d.id: d for d in (*own, *kept)}.values():
        is_minutes = minutes.kind in (DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES)
        if is_minutes and minutes.state is DocumentState.SIGNED:
            lines = doing.tx.find(Grant, document=minutes.id)
            ends = [line.ended_at for line in lines if line.ended_at is not None]
            if len(ends) == len(lines):
                # What is handed back early still carries its lines until the day that was named.
                close_document(doing, minutes, DocumentState.HANDED_BACK, None, max([doing.now, *ends]))

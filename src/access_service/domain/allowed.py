"""What a caller may do with what they are shown, asked of the same rules that the acts ask.

A door shows a button where the word stands here and nowhere else; the act asks again when it is pressed.
"""

from access_service.domain import acting, edges, turns
from access_service.domain.accounts import Account, Suspension, check_closes, home_of
from access_service.domain.appointing import may_correct_duty
from access_service.domain.delegation import Authority, Grant, LeavingCase
from access_service.domain.documents import MOVES, Document
from access_service.domain.edges import Holder
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    AccountKind,
    AccountState,
    DocumentKind,
    DocumentState,
    GrantState,
    SuspendableKind,
)
from access_service.domain.org import Assignment, Unit, manager_of
from access_service.domain.recovery import Recovery
from access_service.domain.standing import OVER
from access_service.domain.undoing import may_undo_end

Can = frozenset[str]
"""Words for acts, as the acts are called."""


def _words(**said: bool) -> Can:
    return frozenset(word for word, may in said.items() if may)


def _is_stopped(ground: Ground, kind: SuspendableKind, target: str) -> bool:
    laid = ground.facts.find(Suspension, kind=str(kind), target=target)
    return any(ground.now in suspension.interval for suspension in laid)


def can_with_unit(ground: Ground, holder: Holder, unit: Unit) -> Can:
    """With a unit: see its people, prepare papers, hand its admin account on or back, stop it, remind it."""
    manager = manager_of(ground.org, unit.id, ground.now)
    is_above = manager is not None and edges.acts_for(ground, holder, manager)
    stopped, may_stop = _is_stopped(ground, SuspendableKind.UNIT, unit.id), edges.may_suspend(ground, holder, unit)
    custody = edges.kept_by(ground, unit.id)
    return _words(
        see_people=edges.acts_for(ground, holder, unit.id),
        prepare=acting.operates(holder, unit.id),
        give_custody=custody is None and manager is not None and acting.operates(holder, manager),
        take_back_custody=custody is not None and edges.may_take_back_custody(ground, holder, unit.id),
        suspend=may_stop and not stopped,
        resume=may_stop and stopped,
        remind=is_above,
    )


def can_with_account(ground: Ground, holder: Holder, account: Account, state: AccountState) -> Can:
    """With an account: stop it, let it go on, get its holder back in, close it after leaving."""
    may_stop = state is not AccountState.CLOSED and edges.may_suspend(ground, holder, account)
    return _words(
        suspend=may_stop and state is not AccountState.SUSPENDED,
        resume=may_stop and state is AccountState.SUSPENDED,
        recover=state is not AccountState.CLOSED and edges.may_recover(ground, holder, account),
        close=_may_close(ground, holder, account),
    )


def _may_close(ground: Ground, holder: Holder, account: Account) -> bool:
    if account.kind is not AccountKind.USE or account.person in (None, holder.person):
        return False
    duties = ground.facts.find(Assignment, person=account.person)
    cases = [c for c in ground.facts.find(LeavingCase, person=account.person) if c.valid_to is None]
    try:
        check_closes(account, duties, cases, ground.now)
    except RefusedError:
        return False
    return edges.acts_for(ground, holder, home_of(ground, account))


def can_with_duty(ground: Ground, holder: Holder, duty: Assignment) -> Can:
    """With a duty: end it, undo an end that is to come, or set right how it was recorded, while it is not over."""
    is_over = duty.valid_to is not None and duty.valid_to <= ground.now
    try:
        return _words(
            end_duty=not is_over and edges.may_end_duty(ground, holder, duty),
            correct=may_correct_duty(ground, holder, duty),
            undo_end=may_undo_end(ground, holder, duty),
        )
    except RefusedError:
        # Where no policy is in force nobody's duty is ended.
        return frozenset()


def can_with_grant(ground: Ground, holder: Holder, grant: Grant, state: GrantState) -> Can:
    """With a right: take it back, narrow it, stop it; one's own is handed back."""
    if state in OVER:
        return frozenset()
    may_take = edges.may_revoke(ground, holder, grant)
    stopped = _is_stopped(ground, SuspendableKind.GRANT, grant.id)
    return _words(
        revoke=may_take,
        narrow=acting.operates(holder, grant.unit) and may_take,
        suspend=may_take and not stopped,
        resume=may_take and stopped,
        hand_back=holder.kind is AccountKind.USE and holder.account == grant.account,
    )


def can_with_authority(ground: Ground, holder: Holder, authority: Authority) -> Can:
    """With what a unit may hand down: take it back or stop it, from above."""
    if authority.parent is None or ground.now not in authority.interval:
        return frozenset()
    may_take = edges.may_suspend(ground, holder, authority)
    stopped = _is_stopped(ground, SuspendableKind.AUTHORITY, authority.id)
    return _words(withdraw=may_take, suspend=may_take and not stopped, resume=may_take and stopped)


def can_with_recovery(ground: Ground, holder: Holder, recovery: Recovery) -> Can:
    """With a recovery: confirm it as the second person, or stop it."""
    return _words(
        approve=edges.may_approve_recovery(ground, holder, recovery),
        stop=edges.may_stop_recovery(ground, holder, recovery),
    )


def signs_now(ground: Ground, holder: Holder, document: Document, state: DocumentState) -> bool:
    """Does the paper, in this state, wait for this caller's signature?"""
    if holder.kind is not AccountKind.USE:
        return False
    awaited = turns.find_awaited(document)
    if state is DocumentState.AWAITING_RECEIVER:
        return holder.person == awaited
    is_giver = state is DocumentState.AWAITING_GIVER and edges.leads(ground, holder.person, document.office)
    return is_giver and holder.person not in (awaited, document.receiver)


def can_with_document(ground: Ground, holder: Holder, document: Document, state: DocumentState) -> Can:
    """With a paper, in this state: sign it, send it back, decline it, mend it, cancel or withdraw it."""
    moves = {act for act, (allowed, _) in MOVES.items() if state in allowed}
    if document.kind is DocumentKind.ASSIGNMENT_DECISION and state is DocumentState.DRAFT:
        # It moves with the act that it decides.
        moves.clear()
    acts = edges.acts_for(ground, holder, document.office)
    is_turn = holder.kind is AccountKind.USE and holder.person == turns.find_awaited(document)
    is_last = state is DocumentState.AWAITING_RECEIVER
    is_theirs = document.receiver is not None and document.receiver == holder.person
    sends_back = is_turn if is_last else edges.leads(ground, holder.person, document.unit)
    return _words(
        sign=signs_now(ground, holder, document, state),
        send_back="return" in moves and sends_back,
        decline="decline" in moves and is_last and is_turn,
        submit="submit" in moves and acts,
        revise="revise" in moves and acts and not is_theirs,
        cancel="cancel" in moves and acts,
        withdraw="withdraw" in moves and acts and not is_theirs and _is_all_theirs(ground, holder, document),
    )


def _is_all_theirs(ground: Ground, holder: Holder, document: Document) -> bool:
    try:
        turns.check_lines_are_theirs(ground, holder, document)
    except RefusedError:
        return False
    return True

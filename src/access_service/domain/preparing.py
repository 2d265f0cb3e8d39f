"""Preparing papers: who may receive what, on which duty, and that one paper waits at a time (rules 5, 6, 7; A8, G).

Minutes of handover, commitments, custody and return minutes ask here before anything is written. Each function is
about one paper over a `Ground`, raises `RefusedError`, and changes nothing.
"""

from collections.abc import Iterable, Sized
from datetime import datetime, timedelta

from access_service.domain import edges
from access_service.domain.accounts import Account, Custody, Suspension, state_of
from access_service.domain.acting import check_not_oneself, check_operates, laid_on, operates
from access_service.domain.custody import (
    check_custody,
    check_not_for_themselves,
    check_preparer,
    custody_duty,
    ranks_in,
)
from access_service.domain.delegation import HEADS, TAKEN_BACK, Grant, LeavingCase
from access_service.domain.documents import Document, is_open, is_waiting
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    AccountKind,
    AccountState,
    DocumentKind,
    DocumentState,
    GrantId,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, manager_of
from access_service.domain.papers import CustodyBody
from access_service.domain.policy import CommitmentText, Pack
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import check_has_factor

ONLY_FOR_OTHERS = "a custodian prepares nothing for themselves"


def waits_at_most(pack: Pack) -> timedelta:
    """How long a paper waits for a signature."""
    return timedelta(days=pack.number("document_lapse_days"))


# -- minutes of handover


def check_receiver(holder: Holder, receiver: PersonId | None) -> None:
    """(7) Who prepares minutes is not the one who receives by them."""
    check_not_oneself(holder, receiver, ONLY_FOR_OTHERS)


def check_prepares(
    ground: Ground, holder: Holder, unit: UnitId, receiver: PersonId, custody: Custody | None, factors: Sized
) -> None:
    """(A8) The custodian prepares; for the custodian, the head in the personal session with a second factor.

    Where nobody but the custodian heads the unit, the direct manager's custodian prepares. `custody` says who
    operates the unit's admin account now, `factors` are the holder's.
    """
    if operates(holder, unit):
        check_not_for_themselves(custody, receiver)
        return
    heads = heads_of(ground, unit) - {custody.person if custody is not None else None}
    is_about_custodian = custody is not None and custody.person == receiver
    if holder.kind is AccountKind.USE and holder.person in heads and is_about_custodian:
        check_preparer(custody, receiver, unit, person=holder.person, heads=[holder.person])
        check_has_factor(factors)
        return
    manager = manager_of(ground.org, unit, ground.now)
    is_manager = holder.kind is AccountKind.ADMIN and holder.unit == manager
    if not (is_manager and is_about_custodian and not heads):
        check_operates(ground, holder, unit, custody)


def heads_of(ground: Ground, unit: UnitId) -> set[PersonId | None]:
    """Whoever leads the unit today."""
    rank_of = ranks_in(ground.pack_for(unit))
    duties = ground.facts.find(Assignment, unit=unit)
    return {d.person for d in duties if ground.now in d.interval and rank_of(d.position) in HEADS}


def use_account_of(ground: Ground, person: PersonId) -> Account | None:
    """The person's one use account, unless it is closed."""
    held = ground.facts.find(Account, person=person, kind=str(AccountKind.USE))
    return next((a for a in held if a.valid_to is None or a.valid_to > ground.now), None)


def receiving_account(ground: Ground, person: PersonId) -> Account:
    """The use account that the rights go to: nobody is handed what they cannot open."""
    account = use_account_of(ground, person)
    if account is None:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the receiver has no use account yet")
    return account


def check_lines(lines: Sized) -> None:
    """Minutes hand something over."""
    if not lines:
        raise InvalidError("minutes have at least one line")


def check_role(pack: Pack, role: str) -> None:
    """A line names a role of the policy in force."""
    if role not in pack.roles:
        raise InvalidError(f"the policy knows no role `{role}`", role=role)


def check_replaces(ground: Ground, grant: Grant) -> None:
    """A supplementary line replaces one of the same account and office that is not over."""
    if grant.replaces is None:
        return
    old = ground.facts.get(Grant, grant.replaces)
    if old is None or old.account != grant.account or old.unit != grant.unit:
        raise NotFoundError("grant", grant.replaces)
    if old.ended_at is not None:
        raise RefusedError(Refusal.GRANT_ENDED, "the grant to be replaced is over", grant=old.id)


def check_replaced_stand(ground: Ground, grants: Iterable[Grant]) -> None:
    """(3) A line that replaces another stands or falls with it: what was taken back is not brought back."""
    for old in ground.facts.find(Grant, id=[g.replaces for g in grants if g.replaces is not None]):
        if old.ended_at is not None and old.ended_at <= ground.now:
            raise RefusedError(Refusal.GRANT_ENDED, "the grant to be replaced is over", grant=old.id)


def check_not_paused(ground: Ground, grant: Grant) -> None:
    """(2, 10) What an act has suspended is resumed by whoever suspended it, not given once more on another paper.

    Asked when the paper is prepared and when it is signed: the same role of the same unit, and what it replaces.
    """
    held = ground.facts.find(Grant, account=grant.account, unit=grant.unit)
    same = [
        g.id
        for g in held
        if g.id != grant.id
        and (g.role == grant.role or g.id == grant.replaces)
        and (g.ended_at is None or g.ended_at > ground.now)
    ]
    for pause in ground.facts.find(Suspension, kind=str(SuspendableKind.GRANT), target=same) if same else ():
        if ground.now in pause.interval:
            raise RefusedError(
                Refusal.GRANT_SUSPENDED, "whoever suspended that right resumes it first", grant=pause.target
            )


def taken_back_before(ground: Ground, grant: Grant) -> list[GrantId]:
    """(J) What of the same role on the same duty somebody took back: whoever signs it once more is told so."""
    earlier = ground.facts.find(Grant, assignment=grant.assignment, role=grant.role)
    return [g.id for g in earlier if g.ended_as in TAKEN_BACK]


def check_none_waits(ground: Ground, grant: Grant) -> None:
    """(G) One open paper for a duty and role: what waits is signed, revised or cancelled before another is made."""
    lines = ground.facts.find(Grant, assignment=grant.assignment, role=grant.role)
    waiting = [g.document for g in lines if g.activated_at is None and g.ended_at is None and g.document]
    for document in ground.facts.find(Document, id=waiting):
        if is_open(document, now=ground.now, lapse_after=waits_at_most(ground.pack_for(document.unit))):
            raise RefusedError(
                Refusal.DUPLICATE,
                f"minutes for `{grant.role}` on that duty wait already",
                document=document.id,
                assignment=grant.assignment or "",
                role=grant.role,
            )


# -- commitments


def text_in_force(ground: Ground, unit: UnitId) -> CommitmentText:
    """The text that a commitment to the unit promises today."""
    text = ground.pack_for(unit).commitment_in_force(ground.now)
    if text is None:
        raise RefusedError(Refusal.NO_POLICY, "the policy has no commitment text in force", unit=unit)
    return text


def is_promised(ground: Ground, person: PersonId, unit: UnitId) -> bool:
    """Does a commitment of the person to the unit, with the text in force, stand or wait?"""
    version, days = (
        text_in_force(ground, unit).version,
        waits_at_most(ground.pack_for(unit)),
    )
    held = ground.facts.find(Document, receiver=person, unit=unit, kind=str(DocumentKind.COMMITMENT))
    return any(
        c.text_version == version
        and (c.state is DocumentState.SIGNED or is_waiting(c, now=ground.now, lapse_after=days))
        for c in held
    )


def check_promising(ground: Ground, person: PersonId, unit: UnitId) -> None:
    """(#55) Who serves a unit today commits to it, once a text."""
    if not any(ground.now in a.interval for a in ground.facts.find(Assignment, person=person, unit=unit)):
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, f"no duty in `{unit}`", unit=unit)
    if is_promised(ground, person, unit):
        raise RefusedError(Refusal.DUPLICATE, "a commitment with the text in force stands or waits")


# -- custody


def custody_terms(
    ground: Ground, unit: UnitId, *, giver: UnitId, receiver: PersonId, current: Custody | None
) -> tuple[Assignment, str]:
    """(6) On which duty, and as what, the person may operate the account now, handed over by `giver`."""
    pack = ground.pack_for(unit)
    found = custody_duty(pack, ground.facts.find(Assignment, person=receiver, unit=unit), ground.now)
    if found is None:
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, f"the receiver has no duty in `{unit}`", unit=unit)
    duty, holder = found
    manager = manager_of(ground.org, unit, ground.now)
    check_custody(pack, holder=holder, giver=giver, unit=unit, manager=manager, current=current)
    return duty, holder


def check_terms_again(
    ground: Ground, body: CustodyBody, *, giver: UnitId, receiver: PersonId, current: Custody | None
) -> None:
    """(5, 6) What held when custody was proposed holds when the last side signs: nobody took it over in between."""
    unit = body.custody_of
    _, holder = custody_terms(ground, unit, giver=giver, receiver=receiver, current=current)
    if holder != body.holder:
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, "the receiver's duty is another one by now", unit=unit)


def check_handing_on(holder: Holder, receiver: PersonId) -> None:
    """(7) Nobody hands a unit's admin account to themselves."""
    check_not_oneself(holder, receiver, "nobody hands an account to themselves")


def admin_account_of(ground: Ground, unit: UnitId) -> Account:
    """The unit's admin account; its direct manager issues it first."""
    found = ground.facts.find(Account, unit=unit, kind=str(AccountKind.ADMIN))
    if not found:
        raise RefusedError(Refusal.CUSTODY_VACANT, f"`{unit}` has no admin account yet", unit=unit)
    return found[0]


# -- return minutes


def find_handed_back(ground: Ground, account: Account | None, unit: UnitId) -> list[Grant]:
    """Everything that the account holds, or held, from the unit."""
    lines = ground.facts.find(Grant, account=account.id) if account is not None else []
    return [g for g in lines if g.unit == unit and g.activated_at is not None]


def check_handing_back(ground: Ground, grants: Sized, unit: UnitId, ends_at: datetime | None) -> None:
    """(J) What is handed back was given by that unit, and ends at the declaration or later."""
    if ends_at is not None and ends_at <= ground.now:
        raise InvalidError("the rights end after this moment, or at the declaration", ends_at=ends_at)
    if not grants:
        raise NotFoundError("grant from unit", unit)


def check_no_return_waits(ground: Ground, person: PersonId, unit: UnitId) -> None:
    """One return of a person to a unit at a time."""
    days = waits_at_most(ground.pack_for(edges.keeper_of(ground, unit)))
    for document in ground.facts.find(Document, receiver=person, unit=unit, kind=str(DocumentKind.RETURN_MINUTES)):
        if is_waiting(document, now=ground.now, lapse_after=days):
            raise RefusedError(Refusal.DUPLICATE, "return minutes wait already", unit=unit, document=document.id)


def check_case_open(case: LeavingCase) -> None:
    """(12) What was handed back is not handed back again."""
    if case.valid_to is not None:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the case is closed", case=case.id)


def check_witness(ground: Ground, case: LeavingCase, head: PersonId, witness: PersonId) -> None:
    """(7, A6) A third person who serves the unit today and can sign for themselves."""
    duties = ground.facts.find(Assignment, person=witness, unit=case.unit)
    is_third = witness not in (head, case.person) and head != case.person
    if not is_third or not any(ground.now in a.interval for a in duties):
        raise RefusedError(Refusal.SELF_SERVICE, "the witness is a third person of the unit", unit=case.unit)
    account = use_account_of(ground, witness)
    if account is None or state_of(account, laid_on(ground.facts, account), ground.now) is not AccountState.ACTIVE:
        raise RefusedError(
            Refusal.ACCOUNT_NOT_ACTIVE,
            "the witness signs in a session of their own and has no account that is open",
            witness=witness,
        )

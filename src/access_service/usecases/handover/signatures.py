"""Signing: one re-authentication, then every document shown, hashed, signed and answered separately.

A signature is the signer's in-system confirmation, made in their own session with the password entered again, or
by their passkey (`ceremonies`); the service confirms the canonical statement with its Ed25519 key. What a last
signature brings about (grants, custody, an inspection) happens in the same transaction.
"""

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from access_service.domain import papers, preparing, turns
from access_service.domain.accounts import Account, Custody
from access_service.domain.assigning import AssignmentBody
from access_service.domain.audit import instant
from access_service.domain.custody import check_giver_prepared_nothing, tell_instead
from access_service.domain.delegation import Grant, check_parties, signing_capacity
from access_service.domain.documents import (
    Assertion,
    Document,
    Signature,
    SignedHow,
    check_presented,
    check_waiting,
    next_side,
    waits_for,
)
from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import (
    AccountKind,
    Capacity,
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    Method,
    PersonId,
    Side,
)
from access_service.domain.org import Assignment
from access_service.domain.papers import Consequence, CustodyBody, ReturnBody
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.printing import Print, capacity_printed
from access_service.domain.sign_in import check_has_factor
from access_service.domain.statements import MEETS, METHODS, SigningWay, check_finishes, check_shown, check_strength
from access_service.domain.time import Interval, local
from access_service.domain.waiting import WaitingAct, check_leader_confirms
from access_service.domain.waiting import check_waiting as check_still_waiting
from access_service.signing.documents import confirm
from access_service.storage.paper_pages import shown_at
from access_service.storage.prints import print_of
from access_service.usecases.effects import activate_ready, begin_custody, close_cases, end_grants, try_again
from access_service.usecases.handover.documents import visible
from access_service.usecases.handover.inspection import begin_inspection, leave_own_inspections
from access_service.usecases.handover.software_letters import begin_approval
from access_service.usecases.identity.accounts import confirm_password, factors_in, must_show_factor
from access_service.usecases.identity.homes import follow_signature
from access_service.usecases.identity.second_factor import Second, show_again
from access_service.usecases.keys import sealing
from access_service.usecases.performing import ActToDo, Performance
from access_service.usecases.services import Act, Caller, ReadView, Services, look, refusing

log = logging.getLogger(__name__)
NONCE_BYTES = 16


def new_nonce() -> str:
    """What makes a statement unlike any other, hex."""
    return secrets.token_hex(NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class Presented:
    """A document as the signer saw it."""

    document: DocumentId
    version: int
    sha256: str
    capacity: Capacity | None = None
    """In which capacity the giver signs; left out, the highest that is on file."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What one signature did."""

    document: Document
    signature: Signature
    activated: tuple[GrantId, ...] = ()
    activation_code: str | None = None
    """For the receiver of an admin account: the one-time code with which they set its password."""
    refused: tuple[tuple[GrantId, str], ...] = ()
    """Grants whose papers are signed and which were refused all the same, each with the code (A8)."""


class BrokenOffError(UnavailableError):
    """What became of a document after its batch broke off."""

    def __init__(self, message: str, is_signed: bool | None) -> None:
        """`is_signed` is None where nobody can tell."""
        super().__init__(message)
        self.is_signed = is_signed


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is on a paper, and on what their signature would rest."""

    document: Document
    given: tuple[Signature, ...]
    side: Side
    capacity: Capacity
    basis: str | None
    shown_at: datetime | None
    told: tuple[PersonId, ...] = ()
    """The leaders who are told that the custodian signed in their place (A8)."""


BatchAnswer = Signed | RefusedError | BrokenOffError
_ACT = "document.sign"


@power(
    yields(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT, Power.SOFTWARE)
    | ends(Power.PAPER, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT)
)
def sign_batch(
    services: Services, caller: Caller, password: str, presented: Sequence[Presented], *, code: str | None = None
) -> list[BatchAnswer]:
    """Sign many documents after one re-authentication; each succeeds or is refused by itself.

    `code` is a one-time code shown beside the password; the statements then say so. Where it breaks off in the
    middle, the rest is left, and each is answered with what became of it.
    """
    with refusing(services, caller, _ACT, presented[0].document if presented else ""):
        turns.check_batch(caller, presented)
    way = show_password(services, caller, password, code)
    return sign_each(services, caller, presented, lambda doing, item: _sign(doing, item, way))


@powerless("it only checks who signs")
def show_password(services: Services, caller: Caller, password: str, code: str | None) -> SigningWay:
    """The signer enters the password again, and a one-time code where they wish."""
    credential = confirm_password(services, caller, password)
    if code is None:
        return SigningWay.PASSWORD
    with services.db.read(caller.register) as reader:
        factors = factors_in(reader, caller.account)
    show_again(services, caller, credential, factors, Second(totp=code))
    return SigningWay.PASSWORD_AND_CODE


def sign_each(
    services: Services, caller: Caller, presented: Sequence[Presented], sign: Callable[[Act, Presented], Signed]
) -> list[BatchAnswer]:
    """Sign one after the other, prepared together, each in a transaction of its own."""
    answers: list[BatchAnswer] = []

    def to_do(item: Presented) -> ActToDo[Signed]:
        return ActToDo(item.document, lambda doing: sign(doing, item))

    todo = [to_do(item) for item in presented]
    for item, done in zip(presented, Performance(services, caller, _ACT, todo), strict=True):
        try:
            answers.append(done())
        except RefusedError as refused:
            answers.append(refused)
        except Exception as error:
            answers.append(_became(services, caller, item))
            if not any(isinstance(answer, Signed) for answer in answers):
                raise
            log.warning("a batch of signatures broke off", exc_info=error)
            rest = len(presented) - len(answers)
            return [*answers, *(BrokenOffError("not signed: an earlier one broke off", False) for _ in range(rest))]
    return answers


def _became(services: Services, caller: Caller, item: Presented) -> Signed | BrokenOffError:
    """What became of a signature whose commit was not answered: it is looked up before anything is said."""
    try:
        with look(services, caller) as view:
            document = view.reader.require(Document, item.document)
            given = view.reader.find(Signature, document=item.document)
            own = [s for s in given if s.person == caller.person and s.version == item.version]
            if not own:
                return BrokenOffError("not signed: it broke off", False)
            lines = view.reader.find(Grant, document=item.document)
            active = [g.id for g in lines if g.activated_at is not None]
            refused = [(g.id, g.refused) for g in lines if g.activated_at is None and g.refused is not None]
            return Signed(document, own[-1], tuple(active), refused=tuple(refused))
    except UnavailableError:
        return BrokenOffError("nobody can tell now whether it was signed: look at the document", None)


def _sign(doing: Act, item: Presented, way: SigningWay) -> Signed:
    turn = find_turn(doing, item)
    how = describe_how(turn, way, nonce=new_nonce())
    return add_signature(doing, turn, make_signature(doing, turn, way, how, doing.now))


def find_turn(view: ReadView, item: Presented, *, is_shown: bool = False) -> Turn:
    """Whose turn it is on a document: the caller's, on the version they were shown, by every rule.

    `is_shown`: they signed the page itself, in another program.
    """
    caller = view.require_caller()
    document = visible(view, item.document)
    turns.check_left_signs(document, is_leaving=caller.leaving)
    given = tuple(view.reader.find(Signature, document=document.id))
    check_presented(document, version=item.version, sha256=item.sha256)
    turns.check_not_signed(document, given, caller.person)
    check_waiting(document, now=view.now, lapse_after=view.lapse_after(document.office))
    if document.kind is DocumentKind.ASSIGNMENT_DECISION:
        _check_confirms(view, document)
    side = next_side(document, given)
    if side is None:
        raise RuntimeError("a waiting document that lacks no signature")
    told: tuple[PersonId, ...] = ()
    if side is Side.GIVER:
        capacity, basis, told = _giver_capacity(view, document, item.capacity)
    elif side is Side.WITNESS:
        turns.check_turn(caller, document)
        capacity, basis = Capacity.WITNESS, None
    else:
        turns.check_turn(caller, document)
        capacity, basis = Capacity.SELF, None
    if is_shown:
        return Turn(document, given, side, capacity, basis, None, told)
    register = view.reader.register
    seen_at = view.reader.ask(
        # The first time counts: once there, it stays.
        lambda c: shown_at(c, register, document.id, document.version, caller.account),
        is_settled=True,
    )
    return Turn(document, given, side, capacity, basis, check_shown(document, seen_at), told)


def _check_confirms(view: ReadView, document: Document) -> None:
    """(A1) Whoever signs the decision of an act that waits confirms it, by the same rules."""
    caller = view.require_caller()
    waiting = view.reader.require(WaitingAct, papers.read(document.content, AssignmentBody).waiting)
    leads = bool(view.leading(caller.person, waiting.office))
    check_leader_confirms(waiting, caller.person, leads=leads, is_personal=caller.kind is AccountKind.USE)
    check_still_waiting(waiting, view.now)


def _giver_capacity(
    view: ReadView, document: Document, claimed: Capacity | None
) -> tuple[Capacity, str | None, tuple[PersonId, ...]]:
    """(5) The head's, KT. by a deputy, or an acting head's; checked now, and it binds the office."""
    caller = view.require_caller()
    check_parties(caller.person, document.receiver)
    check_leads_with_factor(view)
    office = document.office
    held = view.reader.find(Assignment, person=caller.person, unit=office)
    kind = view.require_unit(office).kind
    capacity, duty = signing_capacity(view.pack_for(office), held, view.now, claimed, kind=kind)
    turns.check_not_sent(document, caller.person)
    turns.check_not_witness(document, caller.person)
    turns.check_named(document, caller.person)
    turns.check_capacity_named(document, _capacity_printed(view, document), capacity)
    prepared = Interval(document.valid_from, document.valid_from if document.version == 1 else view.now)
    held_custodies = view.reader.find(Custody, person=caller.person)
    told: tuple[PersonId, ...] = ()
    try:
        check_giver_prepared_nothing(held_custodies, caller.person, document.prepared_by, prepared, document.id)
    except RefusedError:
        # (A8) A small school with one deputy, where the pack lets it be: then the head is told.
        told = tuple(tell_instead(view.ground, document.unit, caller.person))
        if not told:
            raise
    return capacity, f"{duty.decision_number} ({duty.id})", told


def _capacity_printed(view: ReadView, document: Document) -> Capacity | None:
    """What the paper's own words say; None for one of format 1, and where the words were erased."""
    register = view.reader.register
    # The words of a version never change; erased, they say nothing more than they said.
    stored = view.reader.ask(lambda c: print_of(c, register, document.id, document.version), is_settled=True)
    return None if stored is None or stored.body is None else capacity_printed(Print.read(json.loads(stored.body)))


def check_leads_with_factor(view: ReadView) -> None:
    """(A8) Who signs for an office has a second factor: sessions opened before they came to lead had none due."""
    caller = view.require_caller()
    account = view.reader.require(Account, caller.account)
    if caller.session and must_show_factor(view.gather, account, view.now):
        check_has_factor(factors_in(view.reader, caller.account))


def describe_how(
    turn: Turn, way: SigningWay, *, nonce: str, credential: str | None = None, assertion: Assertion | None = None
) -> SignedHow | None:
    """What the statement says beside the content; None for a paper of format 1, which finishes as it began."""
    words = papers.print_hash_of(turn.document.content)
    if words is None:
        check_finishes(turn.document, way)
        return None
    seen = None if turn.shown_at is None else instant(turn.shown_at)
    return SignedHow(str(way), nonce, words, seen, credential, assertion)


def make_signature(
    view: ReadView, turn: Turn, way: SigningWay, how: SignedHow | None, signed_at: datetime
) -> Signature:
    """The signature that the caller's turn asks for, not yet confirmed."""
    caller, document = view.require_caller(), turn.document
    check_strength(view.pack_for(document.office), document, str(turn.side), MEETS[way])
    return Signature(
        id="",
        document=document.id,
        version=document.version,
        sha256=document.sha256,
        side=turn.side,
        person=caller.person,
        account=caller.account,
        capacity=turn.capacity,
        capacity_basis=turn.basis,
        method=METHODS[way],
        signed_at=signed_at,
        key="",
        confirmation="",
        valid_from=view.now,
        how=how,
    )


def add_signature(doing: Act, turn: Turn, made: Signature) -> Signed:
    """Record a signature with the service's confirmation, move the document, and do what follows."""
    document, seal = turn.document, doing.tx.ask(lambda c: sealing(doing.services, c))
    signature = replace(made, id=doing.new_id("sig"), key=seal.id)
    signature = replace(signature, confirmation=confirm(seal, doing.tx.register, signature))
    state = waits_for(next_side(document, [*turn.given, signature]))
    signed = replace(document, state=state, state_since=doing.now)
    if state is DocumentState.SIGNED:
        # Now and not when the last signer was asked: nothing begins before it is recorded.
        signed = replace(signed, signed_at=doing.now)
        methods = {s.method for s in (*turn.given, signature) if s.version == document.version}
        if methods == {Method.PADES}:
            signed = replace(signed, method=Method.PADES)
        if papers.is_dated_when_signed(document.content):
            signed = replace(signed, dated=local(doing.now).date())
    doing.tx.add(Signature, [signature])
    doing.tx.put(signed)
    if turn.told:
        doing.tx.happened(
            "document.tell", document.id, unit=document.office, to=[*turn.told], signed_by=signature.person
        )
    doing.tx.happened(
        _ACT,
        document.id,
        unit=document.office,
        version=document.version,
        side=str(signature.side),
        person=signature.person,
        capacity=str(signature.capacity),
        sha256=document.sha256,
        **_told_how(signature),
    )
    if document.receiver is not None:
        doing.touch_person(document.receiver)
    if signature.side in (Side.RECEIVER, Side.DECLARANT):
        follow_signature(doing, signature.person, document.id, document.unit)
    followed = _consequences(doing, signed, signature)
    leave_own_inspections(doing, signature.person)
    return followed


def _told_how(signature: Signature) -> dict[str, str]:
    """How it was signed, as the log has it."""
    how = signature.how
    if how is None:
        return {"method": str(signature.method)}
    said = {"method": str(signature.method), "auth": how.auth, "print_sha256": how.print_sha256}
    if signature.method is Method.PADES and how.credential is not None:
        return said | {"certificate": how.credential}
    return said if how.assertion is None else said | {"key_sha256": how.assertion.key}


def _consequences(doing: Act, document: Document, signature: Signature) -> Signed:
    """What the signature brings about, by the one table of papers."""
    if document.kind is DocumentKind.RETURN_MINUTES and signature.side in (Side.DECLARANT, Side.WITNESS):
        _end_returned(doing, document)
    if document.state is not DocumentState.SIGNED:
        return Signed(document, signature)
    return _CONSEQUENCES[papers.KINDS[document.kind].consequence](doing, document, signature)


def _lines_activate(doing: Act, document: Document, signature: Signature) -> Signed:
    lines = doing.tx.find(Grant, document=document.id)
    return Signed(document, signature, tuple(activate_ready(doing, document.unit, lines)))


def _waiting_activate(doing: Act, document: Document, signature: Signature) -> Signed:
    activated, refused = _activate_waiting(doing, document)
    return Signed(document, signature, tuple(activated), refused=tuple(refused.items()))


def _custody_begins(doing: Act, document: Document, signature: Signature) -> Signed:
    body = papers.read(document.content, CustodyBody)
    if document.receiver is None:
        raise RuntimeError("custody without a receiver")
    current = doing.custody_of(body.custody_of)
    preparing.check_terms_again(
        doing.ground, body, giver=document.unit, receiver=document.receiver, current=current
    )
    code = begin_custody(doing, document, unit=body.custody_of, holder=body.holder)
    return Signed(document, signature, activation_code=code)


def _cases_close(doing: Act, document: Document, signature: Signature) -> Signed:
    close_cases(doing, document)
    return Signed(document, signature)


def _inspection_begins(doing: Act, document: Document, signature: Signature) -> Signed:
    return Signed(document, signature, tuple(begin_inspection(doing, document)))


def _approval_begins(doing: Act, document: Document, signature: Signature) -> Signed:
    begin_approval(doing, document)
    return Signed(document, signature)


Following = Callable[[Act, Document, Signature], Signed]


def follow(consequence: Consequence, following: Following) -> None:
    """What a last signature brings about in a room that this one does not know: that room says so, once."""
    _CONSEQUENCES[consequence] = following


_CONSEQUENCES: dict[Consequence, Following] = {
    Consequence.LINES_ACTIVATE: _lines_activate,
    Consequence.WAITING_ACTIVATE: _waiting_activate,
    Consequence.CUSTODY_BEGINS: _custody_begins,
    Consequence.CASES_CLOSE: _cases_close,
    Consequence.INSPECTION_BEGINS: _inspection_begins,
    Consequence.APPROVAL_BEGINS: _approval_begins,
    Consequence.NONE: lambda _, document, signature: Signed(document, signature),
}


def _end_returned(doing: Act, document: Document) -> None:
    """The grants end when the minutes say, at the latest with their duty, else at once; the case closes later."""
    body = papers.read(document.content, ReturnBody)
    at = max(doing.now, body.ends_at or doing.now)
    for line in body.lines:
        end_grants(doing, [doing.tx.require(Grant, line.grant)], GrantEnd.RETURNED, at)


def _activate_waiting(doing: Act, commitment: Document) -> tuple[list[GrantId], dict[GrantId, str]]:
    """Grants of this person from this unit that waited for the commitment only, and those that were refused."""
    if commitment.receiver is None:
        raise RuntimeError("a commitment by nobody")
    account = doing.use_account_of(commitment.receiver)
    lines = [] if account is None else doing.tx.find(Grant, account=account.id)
    return try_again(doing, commitment.unit, [g for g in lines if g.unit == commitment.unit])

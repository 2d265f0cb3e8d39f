"""Minutes, commitments, returns: prepare, show, sign, return, decline, cancel, withdraw, hand back.

Who may sign for an office is checked when it is signed and binds the office (rule 5). The content is composed here
from ids only, made canonical and hashed by `signing`, and frozen by the first signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain import edges, papers, preparing, turns
from access_service.domain.delegation import (
    Authority,
    Grant,
    check_grant,
    check_office,
    complete,
)
from access_service.domain.documents import Document, move, waits_for
from access_service.domain.errors import NotFoundError
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    AuthorityId,
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    Method,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, Person, Succession
from access_service.domain.papers import (
    CommitmentBody,
    CustodyBody,
    HandoverBody,
    PaperBody,
    lines_of,
)
from access_service.domain.policy import CommitmentText
from access_service.domain.powers import Power, ends, power, powerless
from access_service.domain.scope import Scope
from access_service.domain.separations import check_separations
from access_service.domain.taking import own_authority
from access_service.domain.time import local
from access_service.usecases.effects import (
    admin_account,
    as_preparing,
    as_taking_back,
    close_document,
    end_grants,
)
from access_service.usecases.handover.composing import compose
from access_service.usecases.handover.numbering import PLAIN, Numbering, number_paper
from access_service.usecases.services import Act, Caller, ReadView, Services, act


@dataclass(frozen=True, slots=True)
class EnteredLine:
    """One grant line of minutes, as the custodian enters it."""

    role: str
    assignment: AssignmentId
    scope: Scope
    valid_from: datetime
    valid_to: datetime | None = None
    authority: AuthorityId | None = None
    replaces: GrantId | None = None
    taken_back: tuple[GrantId, ...] = ()
    """Rights on the same duty that somebody took back before: the minutes say so."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a proposal made: the minutes, their grant lines, and the commitment that is due with them, if any."""

    document: Document
    grants: tuple[Grant, ...] = ()
    commitment: Document | None = None
    taken_back: tuple[GrantId, ...] = ()
    """What was taken back before and is proposed here again."""


@powerless("nothing is in force before both have signed")
def propose_handover(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    receiver: PersonId,
    number: str,
    dated: date,
    lines: Sequence[EnteredLine],
    is_draft: bool = False,
    numbering: Numbering = PLAIN,
) -> Prepared:
    """Prepare minutes of handover with one person, several grant lines (#54, #58; rules 3 to 8).

    The custodian prepares; nothing is in force before both have signed. Lines that replace a grant make the minutes
    supplementary. A commitment to the unit is prepared beside them when the pack asks for one and none stands.
    """
    with act(services, caller, "handover.propose", unit) as doing:
        return prepare_handover(
            doing,
            unit=unit,
            receiver=receiver,
            number=number,
            dated=dated,
            lines=lines,
            is_draft=is_draft,
            numbering=numbering,
        )


def prepare_handover(
    doing: Act,
    *,
    unit: UnitId,
    receiver: PersonId,
    number: str,
    dated: date,
    lines: Sequence[EnteredLine],
    is_draft: bool = False,
    numbering: Numbering = PLAIN,
) -> Prepared:
    """Prepare minutes of handover within an act of whoever may."""
    as_preparing(doing, unit, receiver)
    doing.tx.require(Person, receiver)
    preparing.check_receiver(doing.require_caller(), receiver)
    account = preparing.receiving_account(doing.ground, receiver)
    preparing.check_lines(lines)
    duties = doing.tx.find(Assignment, person=receiver, unit=unit)
    document_id, grants, needs = DocumentId(doing.new_id("doc")), [], set[str]()
    again = {id_ for line in lines for id_ in line.taken_back}
    for line in lines:
        held = own_authority(doing.ground, unit, line.authority)
        office = doing.office(unit, held)
        preparing.check_role(office.pack, line.role)
        grant = Grant(
            id=GrantId(doing.new_id("grn")),
            account=account.id,
            role=line.role,
            scope=line.scope,
            unit=unit,
            authority=held.id,
            assignment=line.assignment,
            document=document_id,
            valid_from=line.valid_from,
            valid_to=line.valid_to,
            replaces=line.replaces,
        )
        duty = doing.tx.require(Assignment, line.assignment)
        grant = complete(office, grant, duty)
        rule = check_grant(office, grant, account, duty, held=duties)
        preparing.check_replaces(doing.ground, grant)
        preparing.check_not_paused(doing.ground, grant)
        preparing.check_none_waits(doing.ground, grant)
        needs |= rule.documents
        again.update(preparing.taken_back_before(doing.ground, grant))
        grants.append(grant)
    check_separations(doing.ground, doing.pack_for(unit), account.id, [grant.role for grant in grants])
    kind = (
        DocumentKind.SUPPLEMENTARY_MINUTES
        if any(line.replaces for line in lines)
        else DocumentKind.HANDOVER_MINUTES
    )
    taken_back = sorted(again)
    document = new_document(
        doing,
        id_=document_id,
        kind=kind,
        unit=unit,
        number=number,
        dated=dated,
        receiver=receiver,
        body=HandoverBody(account.id, lines_of(grants), tuple(taken_back)),
        supersedes=_minutes_replaced(doing, grants),
        is_draft=is_draft,
        numbering=numbering,
    )
    doing.tx.put(*grants)
    for grant in grants:
        doing.tx.happened("grant.propose", grant.id, unit=grant.unit, document=document.id)
    doing.tx.touches(account.id)
    commitment = _commitment_due(doing, unit, receiver) if "commitment" in needs else None
    return Prepared(document, tuple(grants), commitment, tuple(taken_back))


def _minutes_replaced(doing: Act, grants: Sequence[Grant]) -> DocumentId | None:
    """The minutes that supplementary ones supplement, when all replaced lines stand in the same."""
    replaced = {doing.tx.require(Grant, grant.replaces).document for grant in grants if grant.replaces}
    return replaced.pop() if len(replaced) == 1 else None


def new_document(
    doing: Act,
    *,
    kind: DocumentKind,
    unit: UnitId,
    number: str,
    dated: date,
    receiver: PersonId | None,
    body: PaperBody,
    id_: DocumentId | None = None,
    text_version: str | None = None,
    supersedes: DocumentId | None = None,
    is_draft: bool = False,
    numbering: Numbering = PLAIN,
    signer: PersonId | None = None,
) -> Document:
    """Compose, hash and store a document that waits for its first signature; it has its number then.

    `signer` is whom it names for the office; left out, whoever comes first there today.
    """
    caller, keeper = doing.require_caller(), edges.keeper_of(doing.ground, unit)
    document = Document(
        id=id_ or DocumentId(doing.new_id("doc")),
        kind=kind,
        unit=unit,
        number=number,
        dated=dated,
        version=1,
        state=DocumentState.DRAFT if is_draft else waits_for(papers.sides_for(kind, body)[0]),
        receiver=receiver,
        prepared_by=caller.account,
        content="",
        sha256="",
        method=Method.IN_SYSTEM,
        valid_from=doing.now,
        state_since=doing.now,
        text_version=text_version,
        supersedes=supersedes,
        kept_by=None if keeper == unit else keeper,
    )
    document = compose(doing, number_paper(doing, document, numbering), body, signer)
    doing.tx.put(document)
    doing.tx.happened("document.prepare", document.id, unit=document.office, kind=str(kind))
    return document


def _commitment_due(doing: Act, unit: UnitId, person: PersonId) -> Document | None:
    """Prepare a commitment unless one to this unit stands, or waits, with the text in force."""
    text = preparing.text_in_force(doing.ground, unit)
    return None if preparing.is_promised(doing.ground, person, unit) else _commitment(doing, unit, person, text)


def _commitment(doing: Act, unit: UnitId, person: PersonId, text: CommitmentText) -> Document:
    return new_document(
        doing,
        kind=DocumentKind.COMMITMENT,
        unit=unit,
        number="",
        dated=local(doing.now).date(),
        receiver=person,
        body=CommitmentBody(text.version, text.vi, text.items),
        text_version=text.version,
    )


@powerless("one's own promise, still unsigned")
def prepare_commitment(services: Services, caller: Caller, unit: UnitId) -> Document:
    """A person prepares their own commitment, for instance when a new text binds (#55, #59)."""
    with act(services, caller, "commitment.prepare", unit) as doing:
        doing.check_visible(unit)
        preparing.check_promising(doing.ground, caller.person, unit)
        return _commitment(doing, unit, caller.person, preparing.text_in_force(doing.ground, unit))


@powerless("nothing is handed over before both have signed")
def propose_custody(
    services: Services,
    caller: Caller,
    *,
    unit: UnitId,
    receiver: PersonId,
    number: str,
    dated: date,
    numbering: Numbering = PLAIN,
) -> Document:
    """Prepare the written handover of a unit's admin account (#51, rule 6).

    To the head or a deputy in charge by the direct manager; to an officer by the unit itself. The officer acts for
    the head, takes nothing from the head, and may not hand it on.
    """
    with act(services, caller, "custody.propose", unit) as doing:
        doing.check_visible(unit)
        giver = caller.unit
        if caller.kind is not AccountKind.ADMIN:
            doing.as_custodian(unit)
        duty, holder = _custody_terms(doing, unit, giver=giver, receiver=receiver)
        preparing.check_handing_on(caller, receiver)
        account = admin_account(doing, unit)
        return new_document(
            doing,
            kind=DocumentKind.CUSTODY_MINUTES,
            unit=giver,
            number=number,
            dated=dated,
            receiver=receiver,
            body=CustodyBody(account.id, duty.id, unit, holder),
            numbering=numbering,
        )


def _custody_terms(doing: Act, unit: UnitId, *, giver: UnitId, receiver: PersonId) -> tuple[Assignment, str]:
    """On which duty, and as what, the person may operate the account now, handed over by `giver` (rule 6)."""
    doing.tx.require(Person, receiver)
    current = doing.custody_of(unit)
    return preparing.custody_terms(doing.ground, unit, giver=giver, receiver=receiver, current=current)


@powerless("a draft goes to its first signer")
def submit(services: Services, caller: Caller, id_: DocumentId, numbering: Numbering = PLAIN) -> Document:
    """Put a draft before its first signer: it gets its number, so that its words are composed anew."""
    with act(services, caller, "document.submit", id_) as doing:
        document = _prepared(doing, id_)
        state = move(document, "submit", now=doing.now, lapse_after=doing.lapse_after(document.office))
        submitted = replace(document, state=state, state_since=doing.now, reason=None)
        if document.kind is DocumentKind.ASSIGNMENT_DECISION:
            submitted = replace(submitted, dated=local(doing.now).date())
        numbered = number_paper(doing, submitted, numbering)
        if numbered.number != document.number:
            # Other words are another version: whoever was shown the draft has not seen them.
            numbered = replace(numbered, version=document.version + 1)
            numbered = compose(doing, numbered, _body_now(doing, numbered), papers.named_signer(document.content))
        doing.tx.put(numbered)
        doing.tx.happened("document.submit", id_, unit=numbered.office, version=numbered.version)
        return numbered


@powerless("a new version that nobody has signed")
def revise(
    services: Services,
    caller: Caller,
    id_: DocumentId,
    *,
    number: str,
    dated: date,
    version: int,
    numbering: Numbering = PLAIN,
) -> Document:
    """A new version of a returned document or draft: its signatures are void, its lines stand to be signed anew.

    It keeps its number where none is given; one that is given leaves the old one in the book, void.
    """
    with act(services, caller, "document.revise", id_) as doing:
        document = _prepared(doing, id_)
        is_minutes = document.kind in (DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES)
        preparing.check_receiver(caller, document.receiver if is_minutes else None)
        turns.check_version(document, version)
        state = move(document, "revise", now=doing.now, lapse_after=doing.lapse_after(document.office))
        lines = doing.tx.find(Grant, document=id_)
        for grant in lines:
            authority = doing.tx.require(Authority, grant.authority)
            check_office(doing.office(document.unit, authority))
        new = replace(
            document,
            number=number,
            dated=dated,
            version=document.version + 1,
            state=state,
            state_since=doing.now,
            reason=None,
        )
        revised = compose(doing, number_paper(doing, new, numbering), _body_now(doing, document))
        doing.tx.put(revised)
        doing.tx.happened("document.revise", id_, unit=revised.office, version=revised.version)
        return revised


def _body_now(doing: Act, document: Document) -> PaperBody:
    """What the paper says today: a line that was narrowed stands as it is, one that ended stands no more."""
    body = papers.read_any(document.kind, document.content)
    if not isinstance(body, HandoverBody):
        return body
    lines = doing.tx.find(Grant, document=document.id)
    return replace(body, lines=lines_of(g for g in lines if g.ended_at is None))


def _prepared(doing: Act, id_: DocumentId) -> Document:
    """A document of the caller's own office."""
    document = visible(doing, id_)
    doing.as_above(document.office)
    return document


def readers_of(doing: ReadView, unit: UnitId) -> list[UnitId]:
    """(9) Who took something of a dissolved unit: each may read its papers, whoever keeps them."""
    return sorted({heir for s in doing.reader.find(Succession, predecessor=unit) for heir in s.heirs or ()})


def visible(doing: ReadView, id_: DocumentId) -> Document:
    """A document the caller may hear of: its receiver, its signers, the units on its chain; else not found.

    Hearing of it is not reading it (`reading_papers.read_document`): it lets a wrong signer be told why.
    """
    caller = doing.require_caller()
    document = doing.reader.require(Document, id_)
    is_named = caller.person in (document.receiver, turns.find_awaited(document))
    offices = (document.office, *readers_of(doing, document.unit))
    is_own = is_named or bool(doing.leading(caller.person, document.office))
    if not is_own and not any(doing.is_related(office) for office in offices):
        raise NotFoundError("document", id_)
    return document


def _moved(doing: Act, document: Document, state: DocumentState, reason: str | None, action: str) -> Document:
    moved = replace(document, state=state, state_since=doing.now, reason=reason)
    doing.tx.put(moved)
    doing.tx.happened(action, document.id, unit=document.office, version=document.version)
    return moved


@powerless("an open paper goes back to who prepared it")
def return_document(services: Services, caller: Caller, id_: DocumentId, *, reason: str) -> Document:
    """The one whose turn it is sends it back, with a reason; a new version voids the signatures."""
    with act(services, caller, "document.return", id_) as doing:
        document = visible(doing, id_)
        state = move(document, "return", now=doing.now, lapse_after=doing.lapse_after(document.office))
        if document.state is DocumentState.AWAITING_RECEIVER:
            turns.check_turn(caller, document)
        else:
            turns.check_sends_back(doing.ground, caller, document)
        return _moved(doing, document, state, reason, "document.return")


@power(ends(Power.GRANT))
def decline(services: Services, caller: Caller, id_: DocumentId, *, reason: str) -> Document:
    """The receiver declines; final. The lines are over."""
    with act(services, caller, "document.decline", id_) as doing:
        document = visible(doing, id_)
        state = move(document, "decline", now=doing.now, lapse_after=doing.lapse_after(document.office))
        turns.check_turn(caller, document)
        end_grants(doing, doing.tx.find(Grant, document=id_), GrantEnd.CANCELLED)
        return _moved(doing, document, state, reason, "document.decline")


@power(ends(Power.GRANT))
def cancel(services: Services, caller: Caller, id_: DocumentId, *, reason: str) -> Document:
    """The giver's office takes an unsigned document back."""
    with act(services, caller, "document.cancel", id_) as doing:
        document = _prepared(doing, id_)
        state = move(document, "cancel", now=doing.now, lapse_after=doing.lapse_after(document.office))
        end_grants(doing, doing.tx.find(Grant, document=id_), GrantEnd.CANCELLED)
        return _moved(doing, document, state, reason, "document.cancel")


@power(ends(Power.PAPER, Power.GRANT, Power.CUSTODY))
def withdraw(services: Services, caller: Caller, id_: DocumentId, *, reason: str) -> Document:
    """The giver's office, or a unit above it, withdraws a signed document: what rests on it stops (rules 5, 10)."""
    with act(services, caller, "document.withdraw", id_) as doing:
        document = _prepared(doing, id_)
        turns.check_withdrawn_by_another(caller, document)
        turns.check_lines_are_theirs(doing.ground, caller, document)
        _check_custody_stands(doing, document)
        state = move(document, "withdraw", now=doing.now, lapse_after=doing.lapse_after(document.office))
        end_grants(doing, doing.tx.find(Grant, document=id_), GrantEnd.DOCUMENT_WITHDRAWN)
        return close_document(doing, document, state, reason)


def _check_custody_stands(doing: Act, document: Document) -> None:
    """(6, A7) Custody that rests on the paper ends by the rule of taking it back, whoever once signed for it."""
    if document.kind is not DocumentKind.CUSTODY_MINUTES:
        return
    unit = papers.read(document.content, CustodyBody).custody_of
    custody = edges.kept_by(doing.ground, unit)
    if custody is not None and custody.document == document.id:
        as_taking_back(doing, unit, custody)

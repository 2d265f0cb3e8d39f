"""What a signed-in caller may read of grants, documents, signatures, leaving cases and the log."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain import turns
from access_service.domain.allowed import Can, can_with_document, can_with_grant
from access_service.domain.codes import CodeShown, is_seen_by_giver
from access_service.domain.delegation import Confirmation, Grant, LeavingCase
from access_service.domain.documents import Document, Signature, state_at
from access_service.domain.duties import is_successor
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.letters import ApprovalBody
from access_service.domain.names import (
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantId,
    GrantState,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.papers import read, sides_of
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Software
from access_service.domain.standing import OVER, GrantFacts, documents_reason, grant_state, head_at
from access_service.storage.prints import StoredPrint, print_in
from access_service.usecases.handover.documents import readers_of, visible
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, ReadView, Services, look

_OPEN = frozenset({DocumentState.AWAITING_GIVER, DocumentState.AWAITING_RECEIVER})


@dataclass(frozen=True, slots=True)
class GrantSeen:
    """A grant, where it stands now, and which paper it lacks while pending."""

    grant: Grant
    state: GrantState
    missing: Reason | Refusal | None
    """Where nothing is missing, why it was refused when its last paper was signed (A8)."""
    can: Can = frozenset()
    """What the caller may do with it; said where one is read, not in lists."""


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """A document in its newest version with every signature it was given, void ones included."""

    document: Document
    state: DocumentState
    """With lapsing applied."""
    signatures: tuple[Signature, ...]
    printed: StoredPrint | None = None
    """The words on the paper; None for a document of format 1."""
    code_seen_by_giver: bool = False
    """Whoever signed for the giver was shown the receiver's code, and the receiver has not confirmed since (A3)."""
    can: Can = frozenset()
    """What the caller may do with it; said where one is read."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """What a new head of a unit has to confirm (rule 9)."""

    unit: UnitId
    head: Assignment | None
    confirmed_at: datetime | None
    due_at: datetime | None
    """When the pack's time to confirm is over; None when there is nobody or nothing to wait for."""
    is_overdue: bool
    silence: str | None
    """What the pack lets silence mean: `flag` or `lapse`."""
    grants: tuple[GrantSeen, ...]


def acts_for(seen: ReadView, unit: UnitId) -> bool:
    """Does the caller act for this unit or one above it, as custodian or leader?"""
    try:
        seen.as_above(unit)
    except RefusedError:
        return False
    return True


def _may_read(seen: ReadView, unit: UnitId) -> bool:
    """Whose office it is, who is above, and who inspects it by decision (rule 14)."""
    return acts_for(seen, unit) or inspects(seen, seen.require_caller().person, unit)


def pack_or_none(seen: ReadView, unit: UnitId) -> Pack | None:
    """The pack in force for a unit; none for a unit that is over."""
    tables = seen.gather.tables_for(unit, seen.now)
    return None if tables is None else tables.pack


def head_of(seen: ReadView, unit: UnitId) -> Assignment | None:
    """The appointment of whoever heads the unit now."""
    pack = pack_or_none(seen, unit)
    return None if pack is None else head_at(seen.gather.heads_of(unit, pack), seen.now)


def state_now(seen: ReadView, document: Document) -> DocumentState:
    """The state with lapsing applied; a unit that is over has no pack and nothing of it lapses any more."""
    pack = pack_or_none(seen, document.office)
    if pack is None:
        return document.state
    wait = timedelta(days=pack.number("document_lapse_days"))
    return state_at(document, now=seen.now, lapse_after=wait)


def is_open(seen: ReadView, document: Document) -> bool:
    """Does it still wait for a signature?"""
    return state_now(seen, document) in _OPEN


def _missing(facts: GrantFacts, now: datetime) -> Reason | Refusal | None:
    paper = documents_reason(facts, now)
    refused = facts.grant.refused
    return paper if paper is not None or refused is None else Refusal(refused)


def grants_seen(seen: ReadView, grants: list[Grant]) -> list[GrantSeen]:
    """Where each grant stands now, in the order given."""
    return [
        GrantSeen(
            facts.grant,
            state,
            _missing(facts, seen.now) if state is GrantState.PENDING else None,
        )
        for facts in seen.gather.grants(grants, seen.now)
        for state in [grant_state(facts, seen.now)]
    ]


def read_grant(services: Services, caller: Caller, id_: GrantId) -> GrantSeen:
    """One grant: its holder's, and for those who act for the issuing unit or inspect it."""
    with look(services, caller) as seen:
        grant = seen.reader.require(Grant, id_)
        if caller.account != grant.account and not _may_read(seen, grant.unit):
            raise NotFoundError("grant", id_)
        (found,) = grants_seen(seen, [grant])
        return replace(found, can=can_with_grant(seen.ground, caller, grant, found.state))


def _is_whole(seen: ReadView, unit: UnitId) -> bool:
    """May the caller see everybody's lines of this unit? `NotFoundError` where they see not even the unit."""
    seen.check_visible(unit)
    return acts_for(seen, unit)


def grants_of(services: Services, caller: Caller, unit: UnitId) -> list[GrantSeen]:
    """What a unit issued, over or not; one's own for those who do not act for it."""
    with look(services, caller) as seen:
        whose = {} if _is_whole(seen, unit) else {"account": caller.account}
        return grants_seen(seen, seen.reader.find(Grant, unit=unit, **whose))


def awaiting_confirmation(services: Services, caller: Caller, unit: UnitId) -> Awaiting:
    """The grants in force that were activated before the present head took office and are not confirmed.

    A deputy in charge is no successor, and is shown the list after the pack's days; that spares no later head.
    """
    with look(services, caller) as seen:
        seen.check_visible(unit)
        seen.as_above(unit)
        pack = seen.pack_for(unit)
        head = head_of(seen, unit)
        silence = pack.choice("confirmation_silence")
        if head is None:
            return Awaiting(unit, None, None, None, is_overdue=False, silence=silence, grants=())
        done = next((c for c in seen.reader.find(Confirmation, unit=unit) if c.assignment == head.id), None)
        if done is not None:
            return Awaiting(unit, head, done.valid_from, None, is_overdue=False, silence=silence, grants=())
        days = timedelta(days=pack.number("confirmation_days"))
        is_shown = is_successor(pack, head) or seen.now >= head.valid_from + days
        older = [
            g
            for g in seen.reader.find(Grant, unit=unit)
            if is_shown and g.activated_at is not None and g.activated_at < head.valid_from
        ]
        left = tuple(g for g in grants_seen(seen, older) if g.state not in OVER)
        due = head.valid_from + days if left and is_successor(pack, head) else None
        late = due is not None and seen.now >= due
        return Awaiting(unit, head, None, due, is_overdue=late, silence=silence, grants=left)


def read_document(services: Services, caller: Caller, id_: DocumentId) -> DocumentSeen:
    """One document with its signatures: its receiver's, and for those who act for its office or inspect it."""
    with look(services, caller) as seen:
        found = find_document(seen, caller, id_)
        tell_read(services, seen, found)
        return replace(found, can=can_with_document(seen.ground, caller, found.document, found.state))


def find_document(seen: ReadView, caller: Caller, id_: DocumentId) -> DocumentSeen:
    """A document that the caller may read, else not found; whoever hands it out says that it was read."""
    document = visible(seen, id_)
    if caller.leaving and document.kind is not DocumentKind.RETURN_MINUTES:
        raise NotFoundError("document", id_)
    offices = (document.office, *readers_of(seen, document.unit))
    is_named = caller.person in (document.receiver, turns.find_awaited(document))
    if (
        not is_named
        and not any(_may_read(seen, office) for office in offices)
        and not _is_addressed(seen, document)
    ):
        raise NotFoundError("document", id_)
    return see_document(seen, document)


def _is_addressed(seen: ReadView, document: Document) -> bool:
    """A signed letter is read by the unit to which it goes."""
    if document.kind is not DocumentKind.APPROVAL_LETTER or document.state is not DocumentState.SIGNED:
        return False
    software = seen.reader.get(Software, read(document.content, ApprovalBody).software)
    return software is not None and acts_for(seen, software.unit)


def see_document(seen: ReadView, document: Document) -> DocumentSeen:
    """A document with what was signed and its words, for a reader who was let in."""
    signed = _signatures(seen, document)
    shown = seen.reader.find(CodeShown, holder=document.receiver) if document.receiver else []
    is_seen = is_seen_by_giver(document, signed, shown, seen.now)
    printed = print_in(seen.reader, document.id, document.version)
    return DocumentSeen(document, state_now(seen, document), signed, printed, is_seen)


def tell_read(services: Services, seen: ReadView, found: DocumentSeen, *, file: str = "") -> None:
    """Whoever reads a paper that is not theirs stands in the log; its parties are those whom it names.

    `file` is the SHA-256 of the bytes that are handed out, where there are some.
    """
    caller, document = seen.require_caller(), found.document
    parties = {document.receiver, turns.find_awaited(document), *(s.person for s in found.signatures)}
    if caller.person in parties or document.prepared_by == caller.account:
        return
    asked = hash_parameters(document=document.id, version=document.version)
    services.looks.tell(
        Look(
            *(caller.register, caller.doer, "document.read", document.id, seen.now, document.office),
            parameters=asked,
            file=file,
        )
    )


def _signatures(seen: ReadView, document: Document) -> tuple[Signature, ...]:
    """By version, then as given; at one instant in the order of the sides, a witness in the declarant's place."""
    sides = sides_of(document.kind, document.content)

    def order(signature: Signature) -> tuple[int, datetime, int]:
        place = sides.index(signature.side) if signature.side in sides else 0
        return signature.version, signature.signed_at, place

    return tuple(sorted(seen.reader.find(Signature, document=document.id), key=order))


def documents_of(
    services: Services, caller: Caller, unit: UnitId, state: DocumentState | None
) -> list[tuple[Document, DocumentState]]:
    """Documents of a unit; those one receives for those who do not act for it."""
    with look(services, caller) as seen:
        listed = [*seen.reader.find(Document, unit=unit), *seen.reader.find(Document, kept_by=unit)]
        found = [(d, state_now(seen, d)) for d in listed]
        is_heir = any(acts_for(seen, heir) for heir in readers_of(seen, unit))
        if not is_heir and not _is_whole(seen, unit):
            found = [(d, s) for d, s in found if caller.person in (d.receiver, turns.find_awaited(d))]
        return [(d, s) for d, s in found if state is None or s is state]


def leaving_cases_of(services: Services, caller: Caller, unit: UnitId) -> list[LeavingCase]:
    """Leaving cases of a unit, open and closed; one's own for those who do not act for it."""
    with look(services, caller) as seen:
        whose = {} if _is_whole(seen, unit) else {"person": caller.person}
        return seen.reader.find(LeavingCase, unit=unit, **whose)

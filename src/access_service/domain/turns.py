"""Whose turn it is: who signs or sends back which version of a paper (rules 5, 7, 12; A8)."""

from collections.abc import Iterable, Sized

from access_service.domain import edges
from access_service.domain.acting import check_not_oneself, check_personal
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountKind, Capacity, DocumentKind, DocumentState, PersonId
from access_service.domain.papers import InspectionBody, named_signer, print_hash_of, read, witness_of
from access_service.domain.reasons import Refusal

MOST_AT_ONCE = 200
"""Documents in one batch."""


def check_batch(holder: Holder, presented: Sized) -> None:
    """(5) A person signs, in their own session, some papers and not too many after one password."""
    if not presented:
        raise InvalidError("nothing to sign")
    check_personal(holder, "a person signs in their own session, never as an admin account")
    if len(presented) > MOST_AT_ONCE:
        raise RefusedError(Refusal.BATCH_TOO_LARGE, f"at most {MOST_AT_ONCE} documents at once")


def find_awaited(document: Document) -> PersonId | None:
    """Who signs once the office has signed: the receiver, or the witness in their place."""
    return witness_of(document.kind, document.content) or document.receiver


def check_turn(holder: Holder, document: Document) -> None:
    """(7) The one person, in their own session, for whom the document waits."""
    if holder.kind is not AccountKind.USE or holder.person != find_awaited(document):
        raise RefusedError(Refusal.FORBIDDEN, "it waits for somebody else", document=document.id)


def check_sends_back(ground: Ground, holder: Holder, document: Document) -> None:
    """(5) While a document waits for the office, one of the giver's leadership sends it back."""
    if not edges.leads(ground, holder.person, document.unit):
        raise RefusedError(Refusal.SIGNER_NOT_LEADER, "only the giver's leadership returns it")


def check_left_signs(document: Document, *, is_leaving: bool) -> None:
    """(12) Whoever has left signs nothing but what hands back."""
    if is_leaving and document.kind is not DocumentKind.RETURN_MINUTES:
        raise RefusedError(Refusal.HAND_BACK_DUE, "only return minutes are signed now", document=document.id)


def check_not_signed(document: Document, given: Iterable[Signature], person: PersonId) -> None:
    """(5) One signature of a person on a version."""
    if any(s.person == person and s.version == document.version for s in given):
        raise RefusedError(Refusal.SIGNED_ALREADY, "you signed this version", document=document.id)


def check_not_sent(document: Document, person: PersonId) -> None:
    """(7) Nobody signs the decision that sends themselves to inspect."""
    is_decision = document.kind is DocumentKind.INSPECTION_DECISION
    if is_decision and person in read(document.content, InspectionBody).members:
        raise RefusedError(Refusal.SELF_SERVICE, "nobody sends themselves to inspect", document=document.id)


def check_not_witness(document: Document, person: PersonId) -> None:
    """(7, A6) The witness signs as a third person, and nobody twice: for the office somebody else does."""
    if person == witness_of(document.kind, document.content):
        raise RefusedError(
            Refusal.SELF_SERVICE, "the witness signs after the office, not for it", document=document.id
        )


def check_renamed(document: Document, given: Iterable[Signature]) -> None:
    """(5) Whom a paper names to sign is changed before anybody has signed that version."""
    is_signed = any(s.version == document.version for s in given)
    if is_signed or document.state not in (
        DocumentState.DRAFT,
        DocumentState.AWAITING_GIVER,
        DocumentState.AWAITING_RECEIVER,
    ):
        raise RefusedError(
            Refusal.DOCUMENT_STATE, "the signer is named before anybody has signed", document=document.id
        )


def check_signs_for(document: Document, found: object | None) -> None:
    """(5) A paper names nobody who could not sign it."""
    if found is None:
        raise RefusedError(
            Refusal.SIGNER_NOT_LEADER, "that person does not sign for the office", document=document.id
        )


def check_named(document: Document, person: PersonId) -> None:
    """(5) Whoever signs for the office is the one whose name stands on the paper that was shown to everybody.

    A paper of format 1 has no words, and names nobody.
    """
    if print_hash_of(document.content) is not None and named_signer(document.content) != person:
        raise RefusedError(
            Refusal.SIGNER_NOT_NAMED, "the paper names another signer; name them first", document=document.id
        )


def check_capacity_named(document: Document, printed: Capacity | None, capacity: Capacity) -> None:
    """(5) They sign in the capacity over their name: a deputy who heads the unit by now is named anew."""
    if printed is not None and printed is not capacity:
        raise RefusedError(
            Refusal.SIGNER_NOT_NAMED,
            "the paper names them in another capacity; name them anew",
            document=document.id,
            capacity=printed,
        )


def check_version(document: Document, version: int) -> None:
    """Who revises a paper has seen its newest version."""
    if version != document.version:
        raise RefusedError(Refusal.STALE_VERSION, f"version {document.version} is the newest")


def check_withdrawn_by_another(holder: Holder, document: Document) -> None:
    """(7) Who received by a paper hands back; they do not withdraw it."""
    check_not_oneself(holder, document.receiver, "hand it back instead", document=document.id)


def check_lines_are_theirs(ground: Ground, holder: Holder, document: Document) -> None:
    """(4, 10) A line that passed to another unit is that one's to take back, whose paper it ever stood on."""
    for line in ground.facts.find(Grant, document=document.id):
        is_live = line.valid_from <= ground.now and (line.ended_at is None or line.ended_at > ground.now)
        if is_live and not edges.acts_for(ground, holder, line.unit):
            raise RefusedError(Refusal.FORBIDDEN, "its rights passed to another unit", document=document.id)

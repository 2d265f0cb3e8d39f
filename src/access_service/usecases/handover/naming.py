"""Whom a paper names to sign for its office: changed before anybody has signed, by composing it anew."""

from dataclasses import replace

from access_service.domain import papers, turns
from access_service.domain.composing import find_office_signer
from access_service.domain.documents import Document, Signature, check_waiting
from access_service.domain.names import DocumentId, DocumentState, PersonId
from access_service.domain.powers import powerless
from access_service.usecases.handover.composing import compose
from access_service.usecases.handover.documents import visible
from access_service.usecases.services import Caller, Services, act


@powerless("a paper that nobody has signed names somebody else who may")
def name_signer(services: Services, caller: Caller, id_: DocumentId, person: PersonId) -> Document:
    """A new version in the name and capacity of who will sign it: its office says so, a leader for themselves too.

    The head is named where nobody says otherwise; a deputy who signs KT. is named first, and a new head on what
    names the one before them.
    """
    with act(services, caller, "document.name", id_) as doing:
        document = visible(doing, id_)
        doing.as_above(document.office)
        turns.check_renamed(document, doing.tx.find(Signature, document=id_))
        if document.state is not DocumentState.DRAFT:
            check_waiting(document, now=doing.now, lapse_after=doing.lapse_after(document.office))
        body = papers.read_any(document.kind, document.content)
        turns.check_signs_for(document, find_office_signer(doing.ground, document, body, person))
        named = compose(doing, replace(document, version=document.version + 1), body, person)
        doing.tx.put(named)
        doing.tx.happened("document.name", id_, unit=named.office, version=named.version, person=person)
        return named

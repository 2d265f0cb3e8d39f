"""Inspections as they are read: by the unit that decides, those above it, and the team while it inspects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from access_service.domain.accounts import Account
from access_service.domain.delegation import Inspection
from access_service.domain.documents import Document
from access_service.domain.edges import inspections_of
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.inspecting import External, first_day_inspected, inspection_in_force
from access_service.domain.names import AccountKind, DocumentId, DocumentKind, DocumentState, PersonId, UnitId
from access_service.domain.org import Person, Unit, is_below
from access_service.domain.papers import InspectionBody, read
from access_service.usecases.evidence.reading_papers import acts_for, state_now
from access_service.usecases.services import Caller, ReadView, Services, look

LISTED = 200
"""Most decisions of one list, the newest first."""


@dataclass(frozen=True, slots=True)
class InspectionListed:
    """A decision in a list."""

    document: Document
    state: DocumentState
    body: InspectionBody
    is_running: bool


@dataclass(frozen=True, slots=True)
class InspectionSeen:
    """A decision with the names of whom and what it is about."""

    document: Document
    state: DocumentState
    body: InspectionBody
    is_running: bool
    is_of_team: bool
    """Does the caller inspect by it now?"""
    may_end: bool
    may_admit: bool
    """May the caller give members from outside the code that opens their account?"""
    units: Mapping[UnitId, str]
    people: Mapping[PersonId, str]
    externals: tuple[External, ...]
    opened: tuple[UnitId, ...]
    """Inspected units whose dossier the caller may read now."""
    since: date | None
    """The first day that the team may look at; None before it begins."""


def list_inspections(services: Services, caller: Caller) -> list[InspectionListed]:
    """Those that the caller takes part in now, and those that the caller's unit has decided, the newest first."""
    with look(services, caller) as seen:
        found = {i.document: seen.reader.get(Document, i.document) for i in _running(seen, caller)}
        if acts_for(seen, caller.unit):
            kind = str(DocumentKind.INSPECTION_DECISION)
            found |= {d.id: d for d in seen.reader.find(Document, unit=caller.unit, kind=kind)}
        listed = [_listed(seen, d) for d in found.values() if d is not None and d.content]
        return sorted(listed, key=lambda x: (x.document.dated, x.document.id), reverse=True)[:LISTED]


def read_inspection(services: Services, caller: Caller, id_: DocumentId) -> InspectionSeen:
    """One decision, for the unit that decided it, those above it, and its team while it inspects."""
    with look(services, caller) as seen:
        document = seen.reader.get(Document, id_)
        own = [i for i in _running(seen, caller) if i.document == id_]
        decides = document is not None and acts_for(seen, document.office)
        if document is None or document.kind is not DocumentKind.INSPECTION_DECISION or not (own or decides):
            raise NotFoundError("decision to inspect", id_)
        listed = _listed(seen, document)
        body = listed.body
        opened = [u for u in sorted(body.units) if own and _opens(seen, caller, u, id_)]
        is_running = listed.is_running
        return InspectionSeen(
            document,
            listed.state,
            body,
            is_running,
            is_of_team=bool(own),
            may_end=decides and listed.state is DocumentState.SIGNED,
            may_admit=caller.kind is AccountKind.ADMIN and caller.unit == document.unit and is_running,
            units={u.id: u.name for u in seen.reader.find(Unit, id=sorted(body.units))},
            people={p.id: p.name for p in seen.reader.find(Person, id=sorted(body.members))},
            externals=tuple(seen.reader.find(External, document=id_)),
            opened=tuple(opened),
            since=first_day_inspected(seen.ground, own[0]) if own else None,
        )


def inspections_over(services: Services, caller: Caller, unit: UnitId) -> list[Document]:
    """The decisions in force for which a dossier of that unit may be made: the caller's own, or all of them."""
    with look(services, caller) as seen:
        found = {i.document for i in inspections_of(seen.ground, caller.person, unit)}
        if acts_for(seen, unit):
            found |= {i.document for i in seen.reader.find(Inspection) if _is_in_force(seen, i.document, unit)}
        return seen.reader.find(Document, id=sorted(found))


def first_day_open(services: Services, caller: Caller, unit: UnitId) -> date | None:
    """From when on the unit's dossier is open to the caller; None where no inspection bounds it."""
    with look(services, caller) as seen:
        if acts_for(seen, unit):
            return None
        own = inspections_of(seen.ground, caller.person, unit)
        return min((first_day_inspected(seen.ground, i) for i in own), default=None)


def _is_in_force(seen: ReadView, document: DocumentId, unit: UnitId) -> bool:
    try:
        inspection_in_force(seen.ground, document, unit)
    except RefusedError:
        return False
    return True


def _running(seen: ReadView, caller: Caller) -> list[Inspection]:
    """What the caller inspects now, in at least one of the units."""
    mine = [i for i in seen.reader.find(Inspection) if caller.person in i.members]
    return [i for i in mine if any(_opens(seen, caller, unit, i.document) for unit in i.units)]


def _opens(seen: ReadView, caller: Caller, unit: UnitId, document: DocumentId) -> bool:
    return any(i.document == document for i in inspections_of(seen.ground, caller.person, unit))


def _listed(seen: ReadView, document: Document) -> InspectionListed:
    body, state = read(document.content, InspectionBody), state_now(seen, document)
    begun = seen.reader.find(Inspection, document=document.id)
    is_running = state is DocumentState.SIGNED and any(i.valid_from <= seen.now < i.valid_to for i in begun)
    return InspectionListed(document, state, body, is_running)


def units_to_inspect(services: Services, caller: Caller, most: int) -> list[Unit] | None:
    """The units below the caller's, by name, to choose from; None where they are too many for a list."""
    with look(services, caller) as seen:
        found = [u for u in seen.reader.find(Unit) if u.id != caller.unit and _is_now(seen, u)]
        below = [u for u in found if is_below(seen.org, u.id, caller.unit, seen.now)]
        return None if len(below) > most else sorted(below, key=lambda u: (u.name, u.id))


def _is_now(seen: ReadView, unit: Unit) -> bool:
    return unit.valid_from <= seen.now and (unit.valid_to is None or seen.now < unit.valid_to)


def people_by_username(services: Services, caller: Caller, usernames: list[str]) -> frozenset[PersonId]:
    """Who has these accounts; an account that there is not, or that nobody uses, is not found."""
    with look(services, caller) as seen:
        found = {a.username: a.person for a in seen.reader.find(Account, username=usernames) if a.person}
    missing = [name for name in usernames if name not in found]
    if missing:
        raise NotFoundError("account", missing[0])
    return frozenset(found[name] for name in usernames)

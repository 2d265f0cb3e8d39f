"""Lists of papers: those that wait for the caller's signature, those of a unit, those of one's own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from access_service.domain import papers, turns
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountKind, DocumentId, DocumentKind, DocumentState, PersonId, UnitId
from access_service.domain.org import Assignment, Person
from access_service.domain.vietnamese import name_key, without_marks
from access_service.domain.words import LINE
from access_service.usecases.evidence.reading_papers import (
    GrantSeen,
    acts_for,
    grants_seen,
    state_now,
)
from access_service.usecases.handover.documents import readers_of
from access_service.usecases.services import Caller, ReadView, Services, look

_FIRST_DIGITS = re.compile(r"[0-9]{1,6}")
PAGE = 50
"""Lines of one page of a list."""


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper as a list shows it."""

    document: Document
    state: DocumentState
    """With lapsing applied."""
    receiver: str
    """By name; empty where nobody receives."""
    signer: str
    """Whom it names for the office, by name."""


@dataclass(frozen=True, slots=True)
class PaperList:
    """One page of a list, with how many there are."""

    lines: tuple[PaperLine, ...]
    first: int
    """The number of its first line, from 1; 0 for an empty list."""
    total: int


@dataclass(frozen=True, slots=True)
class PaperSigned:
    """A paper that the caller signed, and what stands on it since."""

    line: PaperLine
    grants: tuple[GrantSeen, ...]


def papers_to_sign(services: Services, caller: Caller) -> list[PaperLine]:
    """What waits for the caller's own signature, as the office's named signer, as receiver or as witness.

    In the order of kinds, then of names as a register of names has them.
    """
    if caller.kind is AccountKind.ADMIN:
        return []
    with look(services, caller) as seen:
        units = {duty.unit for duty in seen.reader.find(Assignment, person=caller.person)}
        led = [unit for unit in sorted(units) if seen.leading(caller.person, unit)]
        found = {d.id: d for d in _waiting_for_office(seen, led) if _is_named(d, caller.person)}
        mine = seen.reader.find(Document, receiver=caller.person, state=str(DocumentState.AWAITING_RECEIVER))
        witnessed = seen.reader.find(
            Document,
            unit=sorted(units),
            kind=str(DocumentKind.RETURN_MINUTES),
            state=str(DocumentState.AWAITING_RECEIVER),
        )
        found |= {d.id: d for d in (*mine, *witnessed) if turns.find_awaited(d) == caller.person}
        if caller.leaving:
            found = {id_: d for id_, d in found.items() if d.kind is DocumentKind.RETURN_MINUTES}
        waits = [d for d in found.values() if state_now(seen, d) is d.state]
        return _in_order(_lines(seen, waits))


def _in_order(lines: list[PaperLine]) -> list[PaperLine]:
    """By kind, then by name as a register of names has them."""
    kinds = list(DocumentKind)
    return sorted(lines, key=lambda x: (kinds.index(x.document.kind), name_key(x.receiver[:LINE]), x.document.id))


def _waiting_for_office(seen: ReadView, units: list[UnitId]) -> Iterable[Document]:
    waits = str(DocumentState.AWAITING_GIVER)
    own = seen.reader.find(Document, unit=units, state=waits)
    kept = seen.reader.find(Document, kept_by=units, state=waits)
    return (d for d in (*own, *kept) if d.office in units)


def _is_named(document: Document, person: PersonId) -> bool:
    """One of format 1 names nobody: it waits for each of the leadership that does not receive it."""
    if papers.print_hash_of(document.content) is None:
        return document.receiver != person
    return papers.named_signer(document.content) == person


def _lines(seen: ReadView, found: list[Document]) -> list[PaperLine]:
    named = {d.id: papers.named_signer(d.content) for d in found}
    people = {p for d in found for p in (d.receiver, named[d.id]) if p is not None}
    names = {p.id: p.name for p in seen.reader.find(Person, id=sorted(people))}
    return [
        PaperLine(
            d,
            state_now(seen, d),
            names.get(d.receiver, "") if d.receiver else "",
            names.get(signer, "") if (signer := named[d.id]) else "",
        )
        for d in found
    ]


def list_papers(
    services: Services,
    caller: Caller,
    unit: UnitId | None,
    *,
    state: DocumentState | None = None,
    kind: DocumentKind | None = None,
    text: str = "",
    page: int = 1,
) -> PaperList:
    """The papers of a unit for those who act for it, newest first; without a unit, and for others, one's own.

    `text` is part of the receiver's name, however it is accented, or of the number.
    """
    with look(services, caller) as seen:
        found = _of_unit(seen, caller, unit) if unit is not None else _own(seen, caller)
        lines = [
            line
            for line in _lines(seen, [d for d in found if kind is None or d.kind is kind])
            if (state is None or line.state is state) and _has(line, text)
        ]
    lines.sort(key=_newest_first)
    start = max(page - 1, 0) * PAGE
    shown = tuple(lines[start : start + PAGE])
    return PaperList(shown, start + 1 if shown else 0, len(lines))


def _newest_first(line: PaperLine) -> tuple[int, str, int, str]:
    """By day, then as a book of numbers counts, the highest first."""
    document = line.document
    n = _FIRST_DIGITS.match(document.number)
    return -document.dated.toordinal(), str(document.kind), -int(n.group()) if n else 0, document.id


def _own(seen: ReadView, caller: Caller) -> list[Document]:
    return seen.reader.find(Document, receiver=caller.person)


def _of_unit(seen: ReadView, caller: Caller, unit: UnitId) -> list[Document]:
    seen.check_visible(unit)
    found = [*seen.reader.find(Document, unit=unit), *seen.reader.find(Document, kept_by=unit)]
    if acts_for(seen, unit) or any(acts_for(seen, heir) for heir in readers_of(seen, unit)):
        return found
    return [d for d in found if caller.person in (d.receiver, turns.find_awaited(d))]


def _has(line: PaperLine, text: str) -> bool:
    wanted = without_marks(text.strip())
    return (
        not wanted or wanted in without_marks(line.receiver[:LINE]) or wanted in without_marks(line.document.number)
    )


def sees_whole(services: Services, caller: Caller, unit: UnitId) -> bool:
    """Is every paper of the unit shown to the caller?"""
    with look(services, caller) as seen:
        return acts_for(seen, unit)


def signed_at_once(services: Services, caller: Caller, at: datetime) -> list[PaperSigned]:
    """What the caller signed at that instant, as it stood before them; `NotFoundError` where there is nothing."""
    with look(services, caller) as seen:
        given = [s for s in seen.reader.find(Signature, person=caller.person) if s.signed_at == at]
        if not given:
            raise NotFoundError("signatures", at.isoformat())
        found = seen.reader.find(Document, id=sorted({s.document for s in given}))
        lines = _in_order(_lines(seen, found))
        return [PaperSigned(line, tuple(_grants(seen, line.document.id))) for line in lines]


def _grants(seen: ReadView, id_: DocumentId) -> list[GrantSeen]:
    return grants_seen(seen, seen.reader.find(Grant, document=id_))

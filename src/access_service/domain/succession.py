"""A dissolved unit: everything of it has one successor, each paper too, or nothing happens (rule 9, ruling H)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from access_service.domain.acting import check_named_beside, check_operates
from access_service.domain.custody import custody_at
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, is_open
from access_service.domain.duties import Hand, hand_over_signers
from access_service.domain.edges import Holder, is_related
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.moves import children_of, lives
from access_service.domain.names import ClassId, DocumentKind, UnitId
from access_service.domain.org import Assignment, ManagementEdge, SchoolClass, Unit, chain_of
from access_service.domain.reasons import Refusal
from access_service.domain.reorganising import check_class_passes, manager_of_all

_BY_LINES = (DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES)


@dataclass(frozen=True, slots=True)
class Heirs:
    """Who takes what of a dissolved unit."""

    predecessor: UnitId
    successor: UnitId
    named: Mapping[UnitId, UnitId]
    """Units that pass to another one than the successor."""
    archive: UnitId | None = None
    """Which one keeps the papers that concern no single unit; it may be left out where there is one heir."""

    @property
    def units(self) -> frozenset[UnitId]:
        """Everyone who takes something."""
        return frozenset({self.successor, *self.named.values()})

    @property
    def archivist(self) -> UnitId:
        """Who keeps the papers that concern no single unit."""
        return self.archive or self.successor

    def of(self, units: Iterable[UnitId]) -> UnitId | None:
        """The one heir of these units of the predecessor's; None where there are several, or none."""
        found = {self.named.get(unit, self.successor) for unit in units}
        return found.pop() if len(found) == 1 else None

    def keeper(self, concerned: frozenset[UnitId]) -> UnitId:
        """Who keeps a paper that is over: the heir of what it is about, else the archive."""
        own = None if self.predecessor in concerned else self.of(concerned)
        return own or self.archivist

    @property
    def readers(self) -> frozenset[UnitId]:
        """Who may read every paper, whoever keeps it."""
        return self.units | {self.archivist}


def managed_by(ground: Ground, unit: UnitId) -> frozenset[UnitId]:
    """The units that the unit manages, now or later."""
    edges = ground.facts.find(ManagementEdge, manager=unit)
    return frozenset(e.unit for e in edges if e.valid_to is None or e.valid_to > ground.now)


def find_concerned(ground: Ground, predecessor: UnitId, paper: Document) -> frozenset[UnitId]:
    """Which of the predecessor's units a paper is about; the predecessor itself for its own staff's.

    Lines are about the unit of the duty they rest on, custody about the unit of the account, an inspection about
    what it inspects; a commitment or a return about where its signer serves.
    """
    facts, found = ground.facts, set[UnitId]()
    said = json.loads(paper.content) if paper.content else {}
    if paper.kind is DocumentKind.CUSTODY_MINUTES and "custody_of" in said:
        found = {UnitId(said["custody_of"])}
    elif paper.kind is DocumentKind.INSPECTION_DECISION and "units" in said:
        found = {UnitId(unit) for unit in said["units"]}
    else:
        lines = facts.find(Grant, document=paper.id) if paper.kind in _BY_LINES else []
        ids = sorted({g.assignment for g in lines if g.assignment is not None})
        duties = facts.find(Assignment, id=ids) if ids else []
        if not duties and paper.receiver is not None:
            duties = facts.find(Assignment, person=paper.receiver)
            standing = [d for d in duties if ground.now in d.interval]
            duties = standing or duties
        found = {d.unit for d in duties}
    own = managed_by(ground, predecessor) | {predecessor}
    return frozenset(branch for unit in found for branch in [_branch(ground, unit, own)] if branch is not None)


def _branch(ground: Ground, unit: UnitId, own: frozenset[UnitId]) -> UnitId | None:
    """The predecessor's unit that this one is, or lies in."""
    return next((above for above in chain_of(ground.org, unit, ground.now) if above in own), None)


def succession_body(heirs: Heirs, on: date) -> dict[str, Any]:
    """Who takes what, and from when, as plain JSON values; read back by `succession_in`."""
    return {
        "successor": heirs.successor,
        "schools": dict(heirs.named),
        "archive": heirs.archive,
        "on": on.isoformat(),
    }


def succession_in(body: Mapping[str, Any], predecessor: UnitId) -> tuple[Heirs, date]:
    """Who takes what of that unit, and from when."""
    named = {UnitId(unit): UnitId(heir) for unit, heir in body["schools"].items()}
    archive = None if body["archive"] is None else UnitId(body["archive"])
    heirs = Heirs(predecessor, UnitId(body["successor"]), named, archive)
    return heirs, date.fromisoformat(body["on"])


def hand_in_succeeding(ground: Ground, holder: Holder, heirs: Heirs, at: datetime) -> Hand:
    """(9, A1) How far the holder comes with dissolving the unit: it is done, or prepared for a second person.

    Whoever operates the account of the unit that manages all of them decides. With the unit the duties end of those
    who sign for it, and its admin account is nobody's: an officer only prepares that.
    """
    check_named_beside(ground, holder, heirs.successor)
    manager = manager_of_all(ground, heirs.predecessor, heirs.units)
    check_operates(ground, holder, manager, custody_at(ground, manager))
    check_passes(ground, heirs, manager, at)
    return hand_over_signers(ground, manager)


def may_succeed(ground: Ground, holder: Holder, heirs: Heirs, at: datetime) -> Hand | None:
    """How far the holder comes with dissolving the unit; None where a rule refuses them."""
    if ground.org.unit(heirs.predecessor) is None or not is_related(ground, holder, heirs.predecessor):
        return None
    try:
        return hand_in_succeeding(ground, holder, heirs, at)
    except RefusedError:
        return None


def check_passes(ground: Ground, heirs: Heirs, manager: UnitId, at: datetime) -> None:
    """(9) Everything that must hold when an office passes, asked when it is prepared and when it is confirmed."""
    old, new = _standing(ground, heirs.predecessor), _standing(ground, heirs.successor)
    check_heirs(ground, old, new, heirs, manager, at)
    for _, id_ in passing_classes(ground, old, new):
        check_class_passes(ground.org, id_)


def _standing(ground: Ground, id_: UnitId) -> Unit:
    found = ground.org.unit(id_)
    if found is None:
        raise RuntimeError("what somebody manages is in the register")
    return found


def passing_classes(ground: Ground, old: Unit, new: Unit) -> list[tuple[SchoolClass, ClassId]]:
    """The classes of school years that are still open, each with the id that it has at the successor."""
    passing = []
    for found in ground.facts.find(SchoolClass, school=old.id):
        year = ground.org.school_year(found.school_year)
        if year is not None and year.closes_at > ground.now and found.level in new.levels:
            local_code = found.id.rpartition(":")[2]
            passing.append((found, ClassId(f"{new.id}:{found.school_year}:{local_code}")))
    return passing


def check_heirs(ground: Ground, old: Unit, new: Unit, heirs: Heirs, manager: UnitId, at: datetime) -> None:
    """(9) Each unit, authority, open class and open paper has exactly one heir; else the list of what has not."""
    if old.id in heirs.units or old.valid_to is not None or at > ground.now:
        raise InvalidError("a unit is succeeded by another, today at the latest, and once")
    if heirs.archive is not None and heirs.archive not in heirs.units | {manager}:
        raise InvalidError("the papers are kept by one that takes something, or by the unit above")
    missing = _without_heir(ground, new, heirs)
    if missing:
        raise RefusedError(
            Refusal.SUCCESSOR_MISSING,
            f"no one successor for {', '.join(missing)}",
            unit=old.id,
            missing=missing,
        )


def _without_heir(ground: Ground, new: Unit, heirs: Heirs) -> list[str]:
    """What would have no heir, or two: named units, authorities, classes, open papers, the archive.

    The one heir is the unit that manages it from that day; what another one manages by then has its own.
    """
    facts, org, now, predecessor = ground.facts, ground.org, ground.now, heirs.predecessor
    managed = managed_by(ground, predecessor)
    missing = [f"unit {unit}" for unit in sorted(heirs.named) if unit not in managed]
    for authority in facts.find(Authority, unit=predecessor):
        if lives(authority, now):
            children = children_of(facts, authority.id, now)
            missing += [f"authority {child.id}" for child in children if child.unit not in managed]
    for found in facts.find(SchoolClass, school=predecessor):
        year = org.school_year(found.school_year)
        is_going_on = year is not None and year.closes_at > now and (found.valid_to is None or found.valid_to > now)
        if is_going_on and found.level not in new.levels:
            missing.append(f"class {found.id}")
    for paper in open_papers(ground, predecessor):
        about = find_concerned(ground, predecessor, paper)
        if about and about != {predecessor} and (predecessor in about or heirs.of(about) is None):
            missing.append(f"paper {paper.id}")
    if len(heirs.units) > 1 and heirs.archive is None:
        missing.append("archive")
    return missing


def papers_of(ground: Ground, unit: UnitId) -> list[Document]:
    """Everything that it wrote and still keeps, and what it keeps for a unit that was dissolved before."""
    own = [d for d in ground.facts.find(Document, unit=unit) if d.kept_by is None]
    return [*own, *ground.facts.find(Document, kept_by=unit)]


def open_papers(ground: Ground, unit: UnitId) -> list[Document]:
    """The papers that may still come to be signed."""
    try:
        days = ground.pack_for(unit).number("document_lapse_days")
    except RefusedError:
        return []
    wait = timedelta(days=days)
    return [d for d in papers_of(ground, unit) if is_open(d, now=ground.now, lapse_after=wait)]

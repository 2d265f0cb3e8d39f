"""One approval beside what was asked, the approvals of a unit or class, and one client, for the pages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from access_service.domain import approving
from access_service.domain.acting import operates
from access_service.domain.allowed import Can
from access_service.domain.names import ApprovalId, ClassId, ClientId, GrantState, ObligationState, UnitId
from access_service.domain.obligations import Obligation
from access_service.domain.org import SchoolClass, Unit
from access_service.domain.software import SOFTWARE_ROLE, Approval, Client, Software, shares_in_force
from access_service.domain.standing import OVER
from access_service.usecases.evidence.one_software import (
    ApprovalSeen,
    approval_in_words,
    categories_in_words,
    place_in_words,
)
from access_service.usecases.evidence.reading_papers import pack_or_none
from access_service.usecases.evidence.software_seen import SoftwareSeen, read_software, software_of_unit
from access_service.usecases.services import Caller, ReadView, Services, as_missing, look


@dataclass(frozen=True, slots=True)
class InForce:
    """What an approval gives now by one authority of the contracting unit."""

    place: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """One approval in full."""

    of: SoftwareSeen
    unit_name: str
    seen: ApprovalSeen
    in_force: tuple[InForce, ...]
    """What is left of it within the unit's authority; empty while it gives nothing."""
    drawn: int
    last_drawn: datetime | None
    owed: tuple[Obligation, ObligationState] | None
    can: Can


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """One approval in a list."""

    software: Software
    unit_name: str
    seen: ApprovalSeen


@dataclass(frozen=True, slots=True)
class ApprovalsOfUnit:
    """The approvals of a unit's software and that of units below, those in force first."""

    unit: Unit
    school_class: SchoolClass | None
    """The one class that they are about, where one was asked for."""
    lines: tuple[ApprovalLine, ...]
    counts: Mapping[GrantState, int]


@dataclass(frozen=True, slots=True)
class ClientPage:
    """One client of software, without anything that opens it."""

    client: Client
    software: Software
    is_enabled: bool
    can: Can


@dataclass(frozen=True, slots=True)
class ApprovalGround:
    """Among what an approval is chosen: the software with what its unit asks for, and the pack's categories."""

    software: Software
    unit: Unit
    categories: tuple[tuple[str, str], ...]
    """Those that software may be approved for: code and name."""
    classes: tuple[SchoolClass, ...]
    """Of the school year that is open, else the newest."""


def see_approval(services: Services, caller: Caller, id_: ApprovalId) -> ApprovalPage:
    """One approval, for whoever sees its software."""
    with look(services, caller) as seen:
        approval = seen.reader.require(Approval, id_)
    with as_missing("approval", id_):
        found = read_software(services, caller, approval.software)
    with look(services, caller) as seen:
        facts, state = next(pair for pair in found.approvals if pair[0].approval.id == id_)
        unit = seen.reader.get(Unit, found.software.unit)
        pack = pack_or_none(seen, found.software.unit)
        drawn = [d.valid_from for d in found.draws if d.approval == id_]
        shares = [s.scope for s in shares_in_force(facts, seen.now) if s.scope is not None]
        return ApprovalPage(
            of=found,
            unit_name=found.software.unit if unit is None else unit.name,
            seen=approval_in_words(seen, facts, state, pack),
            in_force=tuple(InForce(place_in_words(seen, s), categories_in_words(s, pack)) for s in shares),
            drawn=len(drawn),
            last_drawn=max(drawn, default=None),
            owed=next((pair for pair in found.obligations if pair[0].approval == id_), None),
            can=_can_with_approval(seen, caller, found, approval, state),
        )


def _can_with_approval(
    seen: ReadView, caller: Caller, found: SoftwareSeen, approval: Approval, state: GrantState
) -> Can:
    ground, unit = seen.ground, found.software.unit
    answers = approving.is_department(ground, caller) or operates(caller, approving.entering_unit(ground, unit))
    owed = next((stands for o, stands in found.obligations if o.approval == approval.id), None)
    said = {
        "withdraw": state not in OVER and approving.approves(ground, caller, unit),
        "confirm_deletion": answers and owed in (ObligationState.OPEN, ObligationState.CARRIED_ON),
    }
    return frozenset(word for word, may in said.items() if may)


def approvals_of_unit(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    class_id: ClassId | None = None,
    state: GrantState | None = None,
) -> ApprovalsOfUnit:
    """Every approval of software in use at a unit or below it; those about one class where it is named."""
    found = software_of_unit(services, caller, unit, below=True)
    with look(services, caller) as seen:
        wanted = None if class_id is None else seen.reader.require(SchoolClass, class_id)
        if wanted is not None:
            with as_missing("class", wanted.id):
                seen.check_visible(wanted.school)
        lines = []
        for one in found:
            place = seen.reader.get(Unit, one.software.unit)
            pack = pack_or_none(seen, one.software.unit)
            for facts, stands in one.approvals:
                if wanted is None or approving.reaches_class(seen.ground, facts.approval, wanted):
                    words = approval_in_words(seen, facts, stands, pack)
                    name = one.software.unit if place is None else place.name
                    lines.append(ApprovalLine(one.software, name, words))
        counts = Counter(line.seen.state for line in lines)
        kept = [line for line in lines if state in (None, line.seen.state)]
        order = [GrantState.EFFECTIVE, GrantState.SUSPENDED, GrantState.SCHEDULED]
        kept.sort(
            key=lambda x: (
                order.index(x.seen.state) if x.seen.state in order else len(order),
                x.seen.approval.valid_to,
                x.software.name,
                x.seen.approval.id,
            )
        )
        return ApprovalsOfUnit(seen.require_unit(unit), wanted, tuple(kept), counts)


def approval_ground(services: Services, caller: Caller, found: SoftwareSeen) -> ApprovalGround:
    """What the form of a new approval offers, for whoever approves for the software's unit."""
    with look(services, caller) as seen:
        unit = found.software.unit
        with as_missing("software", found.software.id):
            seen.check_visible(unit)
        approving.check_approves(seen.ground, caller, unit)
        pack = seen.pack_for(unit)
        allowed = {category for category, _ in pack.cells.get(SOFTWARE_ROLE, frozenset())}
        classes = seen.reader.find(SchoolClass, school=unit)
        newest = max((c.school_year for c in classes), default="")
        return ApprovalGround(
            found.software,
            seen.require_unit(unit),
            tuple((c.id, c.vi) for c in pack.categories.values() if c.id in allowed),
            tuple(c for c in classes if c.school_year == newest),
        )


def see_client(services: Services, caller: Caller, id_: ClientId) -> ClientPage:
    """One client, for whoever sees its software, with what the caller may do with it."""
    with look(services, caller) as seen:
        client = seen.reader.require(Client, id_)
    with as_missing("client", id_):
        found = read_software(services, caller, client.software)
    with look(services, caller) as seen:
        ground, unit = seen.ground, found.software.unit
        department = approving.is_department(ground, caller)
        answers = department or operates(caller, approving.entering_unit(ground, unit))
        is_enabled = client.is_enabled(seen.now)
        is_used = is_enabled and seen.now in found.software.interval
        said = {
            "change": answers and is_used,
            "disable": answers and is_enabled and is_used,
            "approve_address": department and is_used and client.serves is not None and client.address is None,
            "withdraw_address": department and is_enabled and client.address is not None,
        }
        return ClientPage(client, found.software, is_enabled, frozenset(w for w, may in said.items() if may))

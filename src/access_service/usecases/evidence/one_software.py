"""The software of a unit and below as a list, and one piece with its conditions and approvals, for the pages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from access_service.domain import approving
from access_service.domain.acting import operates
from access_service.domain.allowed import Can
from access_service.domain.names import GrantState, SoftwareId, UnitId
from access_service.domain.org import Unit
from access_service.domain.policy import Pack
from access_service.domain.rights_said import place_of
from access_service.domain.scope import Scope
from access_service.domain.software import REQUIRED, Approval, ApprovalFacts
from access_service.domain.vocabulary import LEVEL_TEXT
from access_service.usecases.evidence.matrix_values import class_names
from access_service.usecases.evidence.reading_papers import pack_or_none
from access_service.usecases.evidence.software_seen import SoftwareSeen, read_software, software_of_unit
from access_service.usecases.services import Caller, ReadView, Services, look

SOON = timedelta(days=30)
"""How long before its end an approval is said to be ending."""


class SoftwareStanding(StrEnum):
    """Where a piece of software stands with its approvals."""

    APPROVED = "approved"
    ENDING = "ending"
    MISSING = "missing"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SoftwareLine:
    """One line of the report form."""

    seen: SoftwareSeen
    unit_name: str
    standing: SoftwareStanding


@dataclass(frozen=True, slots=True)
class SoftwareList:
    """The software of a unit, and of the units below it where it has some."""

    unit: Unit
    lines: tuple[SoftwareLine, ...]
    counts: Mapping[SoftwareStanding, int]
    can: Can


@dataclass(frozen=True, slots=True)
class ApprovalSeen:
    """One approval with its scope in words."""

    approval: Approval
    state: GrantState
    place: str
    categories: tuple[str, ...]
    """As the pack calls them."""
    unmet: str | None
    """Which demand of the pack is not met now."""


@dataclass(frozen=True, slots=True)
class SoftwarePage:
    """One piece of software in full."""

    line: SoftwareLine
    approvals: tuple[ApprovalSeen, ...]
    level_wanted: int
    """The security level that the pack demands; 0: none."""
    axis_wanted: bool
    can: Can


def list_with_below(
    services: Services, caller: Caller, unit: UnitId, *, text: str = "", standing: SoftwareStanding | None = None
) -> SoftwareList:
    """Everything in use at a unit or below it, found by name or supplier; what lacks an approval first."""
    found = software_of_unit(services, caller, unit, below=True, text=text)
    with look(services, caller) as seen:
        lines = [_line(seen, one) for one in found]
        own = seen.require_unit(unit)
        can = frozenset({"enter"} if operates(caller, approving.entering_unit(seen.ground, unit)) else ())
    counts = Counter(line.standing for line in lines)
    order = [SoftwareStanding.MISSING, SoftwareStanding.ENDING, SoftwareStanding.APPROVED, SoftwareStanding.OVER]
    kept = [line for line in lines if standing in (None, line.standing)]
    kept.sort(key=lambda x: (order.index(x.standing), x.seen.software.name, x.seen.software.id))
    return SoftwareList(own, tuple(kept), counts, can)


def unit_to_enter_for(services: Services, caller: Caller, unit: UnitId) -> Unit:
    """The unit for which the caller's admin account enters software; to others there is none."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        seen.as_custodian(approving.entering_unit(seen.ground, unit))
        return seen.require_unit(unit)


def _line(seen: ReadView, one: SoftwareSeen) -> SoftwareLine:
    unit = seen.reader.get(Unit, one.software.unit)
    return SoftwareLine(one, one.software.unit if unit is None else unit.name, _standing(seen, one))


def _standing(seen: ReadView, one: SoftwareSeen) -> SoftwareStanding:
    if seen.now not in one.software.interval:
        return SoftwareStanding.OVER
    ends = [f.approval.valid_to for f, state in one.approvals if state is GrantState.EFFECTIVE]
    if not ends:
        return SoftwareStanding.MISSING
    return SoftwareStanding.ENDING if max(ends) <= seen.now + SOON else SoftwareStanding.APPROVED


def see_software(services: Services, caller: Caller, id_: SoftwareId) -> SoftwarePage:
    """One piece with its papers, for whoever acts for its unit or a unit above."""
    found = read_software(services, caller, id_)
    with look(services, caller) as seen:
        unit = found.software.unit
        pack = pack_or_none(seen, unit)
        approvals = [approval_in_words(seen, facts, state, pack) for facts, state in found.approvals]
        approvals.sort(key=lambda a: (a.state is not GrantState.EFFECTIVE, -a.approval.valid_from.timestamp()))
        return SoftwarePage(
            line=_line(seen, found),
            approvals=tuple(approvals),
            level_wanted=0 if pack is None else int(pack.number("software_security_level")),
            axis_wanted=pack is not None and pack.choice("software_on_axis") == REQUIRED,
            can=_allowed(seen, caller, found),
        )


def approval_in_words(seen: ReadView, facts: ApprovalFacts, state: GrantState, pack: Pack | None) -> ApprovalSeen:
    """An approval with its place and categories as people call them."""
    scope = facts.approval.scope
    return ApprovalSeen(
        facts.approval, state, place_in_words(seen, scope), categories_in_words(scope, pack), facts.unmet
    )


def categories_in_words(scope: Scope, pack: Pack | None) -> tuple[str, ...]:
    """The categories of a scope as the pack calls them."""
    names = {} if pack is None else {c.id: c.vi for c in pack.categories.values()}
    return tuple(names.get(c, c) for c in sorted(scope.categories or ()))


def place_in_words(seen: ReadView, scope: Scope) -> str:
    """Classes, grades or levels of a scope, else its unit."""
    known = {str(c): k for c in scope.class_ids if (k := seen.org.school_class(c)) is not None}
    place = seen.reader.get(Unit, scope.unit)
    name = scope.unit if place is None else place.name
    whole = place is not None and scope.levels == place.levels
    levels = () if whole else tuple(w.vi for x, w in LEVEL_TEXT.items() if x in (scope.levels or ()))
    return place_of(scope, name, class_names(scope, known), levels)


def _allowed(seen: ReadView, caller: Caller, found: SoftwareSeen) -> Can:
    if seen.now not in found.software.interval:
        return frozenset()
    ground, unit = seen.ground, found.software.unit
    answers = approving.is_department(ground, caller) or operates(caller, approving.entering_unit(ground, unit))
    words = {"end", "make_client"} if answers else set()
    return frozenset(words | ({"withdraw", "approve"} if approving.approves(ground, caller, unit) else set()))

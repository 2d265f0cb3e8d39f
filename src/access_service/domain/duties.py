"""Duties: what a decision may assign, to whom, beside whom, and who completes it (rules 4, 7, 11; rulings A1, J).

Every door asks the same functions over a `Ground`: an act stops at the first refusal, an import collects them all
with their rows. Each function is about one duty, raises `RefusedError`, and changes nothing.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from access_service.domain.custody import OFFICER, custody_at
from access_service.domain.delegation import BY_PAPER, HEADS, LEADERS
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AssignmentId, ClassId, Rank, UnitId
from access_service.domain.org import Assignment, SchoolClass, Succession, manager_of
from access_service.domain.policy import ONE, Pack, Position
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_subjects
from access_service.domain.time import Interval, start_of_day

SUCCESSORS = frozenset({Rank.HEAD, Rank.ACTING_HEAD})
"""Ranks that take an office over."""
HOMEROOM = "homeroom"
"""The position of who has charge of a class; what it is called depends on the level."""


class Hand(StrEnum):
    """How far an act goes that is about somebody who signs."""

    COMPLETES = "completes"
    PREPARES = "prepares"
    """It waits until one of the office's leadership has confirmed it."""


def signs(position: Position) -> bool:
    """Does somebody in this position sign for the office: its leadership, or TL., TUQ. by a paper?"""
    return position.rank in LEADERS or position.id in BY_PAPER


# -- what a duty is ------------------------------------------------------------------------------------------


def position_of(ground: Ground, duty: Assignment) -> Position:
    """The duty's position, which that kind of unit has."""
    unit, position = ground.org.unit(duty.unit), ground.pack_for(duty.unit).positions.get(duty.position)
    if unit is None or position is None or unit.kind not in position.unit_kinds:
        raise InvalidError(f"no position `{duty.position}` in that kind of unit", position=duty.position)
    return position


def check_dates(duty: Assignment) -> None:
    """A duty ends after it begins, and no decision is younger than the duty that it founds."""
    if duty.valid_to is not None and duty.valid_to <= duty.valid_from:
        raise InvalidError("the duty ends before it begins")
    if start_of_day(duty.decision_date) > duty.valid_from:
        raise InvalidError("the decision is younger than the duty it founds", decision_date=str(duty.decision_date))


def check_levels(ground: Ground, duty: Assignment) -> None:
    """A duty is about levels that its unit teaches; an office without levels is about those of its schools."""
    unit = ground.org.unit(duty.unit)
    if unit is not None and unit.levels and duty.levels and not duty.levels <= unit.levels:
        raise InvalidError(f"`{duty.unit}` does not teach that", levels=sorted(duty.levels - unit.levels))


def check_classes(ground: Ground, duty: Assignment) -> None:
    """The classes are the unit's own, and their school year is open when the duty begins."""
    for class_id in sorted({class_id for class_id, _ in duty.classes or ()}):
        school_class = ground.org.school_class(class_id)
        if school_class is None or school_class.school != duty.unit:
            raise InvalidError(f"no class `{class_id}` in `{duty.unit}`", classes=class_id)
        year = ground.org.school_year(school_class.school_year)
        if year is None or year.closes_at <= max(ground.now, duty.valid_from):
            raise RefusedError(
                Refusal.CLOSED_YEAR, f"the school year of `{class_id}` is closed then", classes=class_id
            )


# -- beside whom ---------------------------------------------------------------------------------------------


def check_substitution(ground: Ground, duty: Assignment, replaced: AssignmentId | None = None) -> None:
    """(11) A substitute's assignment cites the absent person's, in the same unit, and lies within it.

    The same position and no other class: citing pauses somebody's grant, and lets two hold one duty at a time.
    What is `replaced` ends when this one begins: who takes a duty over stands in for nobody.
    """
    if duty.substitutes is None:
        return
    if duty.substitutes == replaced:
        raise InvalidError("who takes a duty over does not stand in for it", substitutes=duty.substitutes)
    absent = ground.facts.get(Assignment, duty.substitutes)
    if absent is None:
        raise InvalidError(f"no assignment `{duty.substitutes}` to stand in for", substitutes=duty.substitutes)
    if absent.unit != duty.unit or absent.person == duty.person:
        raise InvalidError("a substitute stands in for somebody else of the same unit")
    if absent.substitutes is not None:
        raise InvalidError("a substitute's assignment cites the absent person's, not another substitute's")
    if duty.valid_to is None or not Interval(duty.valid_from, duty.valid_to).within(absent.interval):
        raise InvalidError("a substitution has an end, within the duty it cites")
    if duty.position != absent.position or not (duty.classes or frozenset()) <= (absent.classes or frozenset()):
        raise InvalidError("a substitute takes the duty it cites, and no more")


def cut_with(ground: Ground, ended: Assignment) -> list[Assignment]:
    """(11) The substitutions that cite a duty which ends earlier now, as they stand then: they end with it.

    Nobody stands in for somebody whose duty is over; who goes on there is given a duty of their own.
    """
    cut: list[Assignment] = []
    if ended.valid_to is None:
        return cut
    for duty in ground.facts.find(Assignment, substitutes=ended.id):
        end = max(ended.valid_to, duty.valid_from)
        if duty.valid_to is None or duty.valid_to > end:
            cut.append(replace(duty, valid_to=end))
    return cut


def check_leading(ground: Ground, duty: Assignment) -> None:
    """(J) Who leads a class leads one as a whole, of a level where one of several leads."""
    if not duty.leads:
        return
    pack = ground.pack_for(duty.unit)
    levels = {c.level for id_ in whole_classes(duty) if (c := ground.org.school_class(id_)) is not None}
    if not levels or not all(pack.homeroom(level).lead for level in levels):
        raise InvalidError("nobody leads such a class", leads=True)


def check_only_one(ground: Ground, duty: Assignment, replaced: AssignmentId | None = None) -> None:
    """One head a unit, and as many holders of a class as a whole as its level has, at a time; one of several leads.

    A substitute stands beside. `replaced` ends when this duty begins, and so is in nobody's way.
    """
    is_head = position_of(ground, duty).rank in HEADS
    classes = whole_classes(duty)
    if duty.substitutes is not None or not (is_head or classes):
        return
    positions = ground.pack_for(duty.unit).positions
    alone = frozenset(id_ for id_ in classes if _is_alone(ground, duty.unit, id_))
    for other in ground.facts.find(Assignment, unit=duty.unit):
        if other.id in (duty.id, replaced) or other.substitutes is not None:
            continue
        both_heads = is_head and other.position in positions and positions[other.position].rank in HEADS
        both_lead = bool(duty.leads and other.leads)
        shared = (classes if both_lead else alone) & whole_classes(other)
        same_class = other.position == duty.position and bool(shared)
        if (both_heads or same_class) and other.interval.overlaps(duty.interval):
            raise RefusedError(
                Refusal.DUPLICATE, "somebody holds that duty then; name the assignment it replaces", held=other.id
            )


def _is_alone(ground: Ground, unit: UnitId, id_: ClassId) -> bool:
    """Has a class of that level one holder at a time?"""
    found = ground.org.school_class(id_)
    return found is None or ground.pack_for(unit).homeroom(found.level).holders == ONE


def whole_classes(duty: Assignment) -> frozenset[ClassId]:
    """The classes that the duty is about as a whole (chủ nhiệm), not one subject in them."""
    return frozenset(class_id for class_id, subject in duty.classes or () if not subject)


def title_of(pack: Pack | None, duty: Assignment | None, class_of: Callable[[ClassId], SchoolClass | None]) -> str:
    """What a duty is called where it is printed; (J) charge of a class, as the pack calls it at that level."""
    position = pack.positions.get(duty.position) if pack is not None and duty is not None else None
    if pack is None or duty is None or position is None:
        return ""
    if position.id != HOMEROOM:
        return position.vi
    levels = {found.level for id_ in whole_classes(duty) if (found := class_of(id_)) is not None}
    return "; ".join(sorted({pack.homeroom(level).vi for level in levels})) or position.vi


def role_of_charge(pack: Pack, unit_kind: str) -> str | None:
    """The role that a unit of that kind may hand to its own teacher in charge of a class, if there is one."""
    rules = (rule for rule in pack.delegation if (rule.position, rule.unit_kind) == (HOMEROOM, unit_kind))
    return next((rule.role for rule in rules if "classes" in pack.roles[rule.role].narrows_by), None)


def check_replaced(old: Assignment, duty: Assignment) -> None:
    """The assignment to be replaced is one of the same unit, in force when the new one begins."""
    if old.unit != duty.unit or (old.valid_to is not None and old.valid_to <= duty.valid_from):
        raise InvalidError("the assignment to be replaced is not one of this unit in force then")


def check_duty(ground: Ground, duty: Assignment, replaced: AssignmentId | None = None) -> Position:
    """Everything that a duty must be, whoever enters it by whichever door; the position it is in."""
    position = position_of(ground, duty)
    check_dates(duty)
    check_levels(ground, duty)
    check_subjects(duty.subjects or ())
    check_subjects(subject for _, subject in duty.classes or () if subject)
    check_classes(ground, duty)
    check_substitution(ground, duty, replaced)
    check_leading(ground, duty)
    check_only_one(ground, duty, replaced)
    return position


# -- by whom -------------------------------------------------------------------------------------------------


def is_operators(ground: Ground, unit: UnitId, position: Position) -> bool:
    """(A1) Nobody in the register appoints or releases who signs for its root: that is the operator's."""
    return signs(position) and manager_of(ground.org, unit, ground.now) is None


def check_not_operators(ground: Ground, unit: UnitId, position: Position) -> None:
    """(A1) Refuse what is the operator's, whoever asks."""
    if is_operators(ground, unit, position):
        raise RefusedError(
            Refusal.OPERATOR_ONLY, "`access-service appoint` and `release` enter who signs for the root", unit=unit
        )


def check_entered(ground: Ground, duty: Assignment) -> None:
    """(A1) No sheet names who signs for the root: those are entered by a decision that a second person confirms.

    Whoever founds a register names the first one.
    """
    position = position_of(ground, duty)
    if not is_operators(ground, duty.unit, position):
        return
    positions = ground.pack_for(duty.unit).positions
    others = [other for other in ground.facts.find(Assignment, unit=duty.unit) if other.id != duty.id]
    if any((found := positions.get(other.position)) is not None and signs(found) for other in others):
        check_not_operators(ground, duty.unit, position)


def hand_in_appointing(ground: Ground, operated: UnitId | None, unit: UnitId, position: Position) -> Hand:
    """(4) Heads are appointed from above, everybody else by their own unit; deputies by either.

    `operated` is the unit whose admin account the caller operates. (A1) An officer who operates it only prepares
    what is about somebody who signs: who prepares papers does not choose who signs them.
    """
    check_not_operators(ground, unit, position)
    manager = manager_of(ground.org, unit, ground.now)
    if position.rank in HEADS and manager is not None and operated == unit:
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "a head is appointed from above", unit=unit)
    meant = appointing_unit(ground, unit, position)
    allowed = {meant, manager} if signs(position) and manager is not None else {meant}
    if operated is None or operated not in allowed:
        raise RefusedError(Refusal.NOT_CUSTODIAN, f"that takes the admin account of `{meant}`", unit=unit)
    return hand_over_signers(ground, operated) if signs(position) else Hand.COMPLETES


def appointing_unit(ground: Ground, unit: UnitId, position: Position) -> UnitId:
    """(4) Whose admin account assigns a duty: a head's the direct manager's, everybody else's their own unit's."""
    manager = manager_of(ground.org, unit, ground.now)
    return manager if position.rank in HEADS and manager is not None else unit


def hand_over_signers(ground: Ground, operated: UnitId) -> Hand:
    """(A1) How far an act about somebody who signs goes, done with this unit's admin account.

    A head who operates the account completes it alone; an officer prepares it.
    """
    custody = custody_at(ground, operated)
    return Hand.PREPARES if custody is None or custody.holder == OFFICER else Hand.COMPLETES


def check_ends(duty: Assignment, at: datetime) -> None:
    """(12) A duty is not ended later than it ends."""
    if duty.valid_to is not None and duty.valid_to <= at:
        raise InvalidError("the duty ends earlier already")


def check_still_releases(office: UnitId, chain: Collection[UnitId]) -> None:
    """(4) Who prepared a release still stands above the office that takes the account back."""
    if office not in chain:
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "that office is not above it any more", unit=office)


def operators_position(ground: Ground, duty: Assignment) -> Position:
    """(A1) The position, where it is the operator's to fill: everything else is the department's custodian's."""
    position = position_of(ground, duty)
    if not is_operators(ground, duty.unit, position):
        raise RefusedError(Refusal.NOT_CUSTODIAN, "the department's custodian assigns that duty", unit=duty.unit)
    return position


def the_holder(held: Sequence[Assignment], position: str) -> Assignment:
    """(A1) The one duty that a release means."""
    if not held:
        raise NotFoundError("holder of the position", position)
    if len(held) > 1:
        raise InvalidError("several people hold that position; name one", people=[d.person for d in held])
    return held[0]


def releasing_office(ground: Ground, duty: Assignment) -> UnitId:
    """The office that takes the account back: a head's the direct manager, everybody else's their own unit.

    Of a unit that is over, whoever has its office by now.
    """
    heirs = ground.facts.find(Succession, predecessor=duty.unit)
    if heirs and heirs[0].valid_from <= ground.now:
        return releasing_office(ground, replace(duty, unit=heirs[0].successor))
    position = ground.pack_for(duty.unit).positions.get(duty.position)
    manager = manager_of(ground.org, duty.unit, ground.now)
    is_head = position is not None and position.rank in HEADS
    return manager if is_head and manager is not None else duty.unit


def hand_in_releasing(ground: Ground, operated: UnitId | None, duty: Assignment) -> Hand:
    """(A1) How far a release goes; `operated` is the unit whose admin account the caller acts with, None in person.

    One of the leadership who releases somebody in a personal session completes it.
    """
    position = ground.pack_for(duty.unit).positions.get(duty.position)
    if position is None or not signs(position):
        return Hand.COMPLETES
    check_not_operators(ground, duty.unit, position)
    return Hand.COMPLETES if operated is None else hand_over_signers(ground, operated)


def is_successor(pack: Pack, head: Assignment) -> bool:
    """(9) Is what the office granted put before this head for confirmation? A deputy in charge is no successor."""
    position = pack.positions.get(head.position)
    return position is not None and position.rank in SUCCESSORS


def pack_pauses(pack: Pack | None) -> bool:
    """(J) Does a substitute's assignment pause the grants of the duty that it cites?"""
    return pack is None or pack.flag("substitute_pauses")

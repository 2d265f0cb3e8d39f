"""Units begin, change hands and end; years close early: what must hold before (rules 1, 8, 9, 11; rulings H, J)."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from access_service.domain.acting import check_named_beside, check_operates
from access_service.domain.custody import custody_at
from access_service.domain.duties import Hand, hand_over_signers
from access_service.domain.edges import Holder, is_related
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import ClassId, UnitId
from access_service.domain.org import (
    ManagementEdge,
    OrgView,
    SchoolClass,
    SchoolYear,
    Unit,
    chain_of,
    check_edge,
    manager_of,
)
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval, local, start_of_day
from access_service.domain.waiting import Outcome, WaitingAct, WaitingKind

# -- what is entered once


def check_new_unit(org: OrgView, id_: UnitId) -> None:
    """One unit has one code."""
    if org.unit(id_) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"there is a unit `{id_}`", unit=id_)


def check_new_year(org: OrgView, id_: str) -> None:
    """A school year is opened once."""
    if org.school_year(id_) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"there is a school year `{id_}`")


def year_to_enter(ground: Ground, id_: str) -> SchoolYear:
    """(11) A class is entered into a school year that is not over."""
    year = ground.org.school_year(id_)
    if year is None:
        raise InvalidError(f"no school year `{id_}`")
    if year.closes_at <= ground.now:
        raise RefusedError(Refusal.CLOSED_YEAR, f"the school year `{id_}` is closed")
    return year


def check_new_class(org: OrgView, id_: ClassId) -> None:
    """A class has one code in its school and year."""
    if org.school_class(id_) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"there is a class `{id_}`")


# -- another manager


def change_at(on: date, now: datetime) -> datetime:
    """When a change of that day takes effect: its beginning, today from now."""
    at = start_of_day(on)
    return max(at, now) if on == local(now).date() else at


def check_change_at(at: datetime, on: date, now: datetime) -> None:
    """(H) What was managed yesterday was managed by whoever managed it."""
    if at < now:
        raise InvalidError("a manager changes today at the earliest", on=on.isoformat())


def common_manager(ground: Ground, unit: UnitId, manager: UnitId) -> UnitId:
    """(1) The nearest unit above `unit` that is also at or above the new manager: it decides the change."""
    target = chain_of(ground.org, manager, ground.now)
    above = [u for u in chain_of(ground.org, unit, ground.now)[1:] if u in target]
    if not above:
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "no unit is above both", unit=unit)
    return above[0]


@dataclass(frozen=True, slots=True)
class Move:
    """A unit, whom it is to have as its direct manager from when on, and by which decision."""

    unit: UnitId
    manager: UnitId
    basis: str
    on: date


@dataclass(frozen=True, slots=True)
class _WithEdges:
    """The organisation with other edges above one unit."""

    org: OrgView
    moved: UnitId
    edges: tuple[ManagementEdge, ...]

    def unit(self, id_: UnitId) -> Unit | None:
        return self.org.unit(id_)

    def school_class(self, id_: ClassId) -> SchoolClass | None:
        return self.org.school_class(id_)

    def school_year(self, id_: str) -> SchoolYear | None:
        return self.org.school_year(id_)

    def edges_of(self, unit: UnitId) -> Iterable[ManagementEdge]:
        return self.edges if unit == self.moved else self.org.edges_of(unit)


def edges_moving(ground: Ground, move: Move, id_: str) -> tuple[list[ManagementEdge], ManagementEdge]:
    """The edges that end with a move, as they end, and the one that begins; refused where it makes a circle."""
    at = change_at(move.on, ground.now)
    check_change_at(at, move.on, ground.now)
    known = list(ground.org.edges_of(move.unit))
    old = [e for e in known if at in Interval(e.valid_from, e.valid_to)]
    ended = [replace(e, valid_to=at) for e in old]
    edge = ManagementEdge(id_, move.unit, move.manager, move.basis, at, old[0].valid_to if old else None)
    check_edge(_WithEdges(ground.org, move.unit, (*(e for e in known if e not in old), *ended)), edge)
    return ended, edge


def hand_in_moving(ground: Ground, holder: Holder, move: Move) -> Hand:
    """(1, A1) How far the holder comes with changing the manager: it is done, or prepared for a second person.

    Whoever operates the account of the nearest unit above both decides. The manager appoints and releases the head
    and answers for the head's account: an officer, who only prepares who signs, only prepares who chooses that.
    """
    check_named_beside(ground, holder, move.manager)
    above = common_manager(ground, move.unit, move.manager)
    check_operates(ground, holder, above, custody_at(ground, above))
    edges_moving(ground, move, "")
    return hand_over_signers(ground, above)


def may_move(ground: Ground, holder: Holder, move: Move) -> Hand | None:
    """How far the holder comes with changing the manager; None where a rule refuses them."""
    if ground.org.unit(move.unit) is None or not is_related(ground, holder, move.unit):
        return None
    try:
        return hand_in_moving(ground, holder, move)
    except RefusedError:
        return None


# -- succession


def manager_of_all(ground: Ground, predecessor: UnitId, heirs: Collection[UnitId]) -> UnitId:
    """(9) One unit manages the office that ends and all that take it over: it decides."""
    manager = manager_of(ground.org, predecessor, ground.now)
    if manager is None or any(manager_of(ground.org, heir, ground.now) != manager for heir in heirs):
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "one unit manages all of them", unit=predecessor)
    return manager


def check_class_passes(org: OrgView, id_: ClassId) -> None:
    """(9) A class that passes to the successor does not become one that is there."""
    if org.school_class(id_) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"there is a class `{id_}`; rename one of the two first")


# -- school years


def check_year_open(year: SchoolYear, now: datetime) -> None:
    """(11) A year that is closed stays so until it is opened again."""
    if year.closes_at <= now:
        raise RefusedError(Refusal.CLOSED_YEAR, f"the school year `{year.id}` is closed", school_year=year.id)


def check_year_closes(year: SchoolYear, now: datetime) -> None:
    """(11) Only a year that has begun, and is not closed, is closed before its date."""
    check_year_open(year, now)
    if year.starts_at >= now:
        raise InvalidError("a school year closes after it starts")


def date_before(ground: Ground, root: UnitId, year: SchoolYear, closings: Sequence[WaitingAct]) -> datetime:
    """(J) When the year would close, had it not been closed by an act that may still be undone."""
    days = timedelta(days=ground.pack_for(root).number("school_year_undo_days"))
    for found in closings:
        is_closing = found.kind is WaitingKind.CLOSE_YEAR and found.outcome is Outcome.CONFIRMED
        if is_closing and found.valid_to == year.closes_at and ground.now < year.closes_at + days:
            before = datetime.fromisoformat(json.loads(found.body)["closes_at"])
            if before > ground.now:
                return before
    raise RefusedError(Refusal.CLOSED_YEAR, f"the closing of `{year.id}` is not to be undone", school_year=year.id)

"""How far the units below have come, the worst first; and reminding those that are late."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from access_service.domain.allowed import Can, can_with_unit
from access_service.domain.errors import NotFoundError
from access_service.domain.names import EducationLevel, RegisterId, UnitId
from access_service.domain.org import Unit
from access_service.domain.powers import powerless
from access_service.domain.progress import CustodyMark, Totals, UnitProgress, add_up, order_worst_first
from access_service.domain.reminding import ONCE_IN, Reminder, check_many, check_reminds
from access_service.domain.vietnamese import is_found, natural_key, search_key
from access_service.storage.facts import Reader
from access_service.storage.lists import managed_units, names_of, subtree
from access_service.storage.progress import read_progress
from access_service.usecases.evidence.people import PAGE, sees_all
from access_service.usecases.services import Caller, ReadView, Services, act, look


class Showing(StrEnum):
    """Which of the units are shown."""

    ALL = "all"
    VACANT = "vacant"
    """Nobody operates the admin account."""
    LATE = "late"
    """Something has waited for more than a week."""
    OPEN = "open"
    """Something is left to do."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit below, with its numbers."""

    unit: Unit
    progress: UnitProgress
    custodian: str
    """Name of whoever operates its admin account; empty where nobody does."""
    is_late: bool
    reminded: Reminder | None
    """The newest reminder that still stands on its pages."""


@dataclass(frozen=True, slots=True)
class UnitsBelow:
    """A page of units."""

    items: Sequence[UnitLine]
    total: int
    """Units that are shown on all pages."""
    start: int
    sums: Totals
    """Over everything that was found, whatever part of it is shown."""
    chosen: tuple[UnitId, ...]
    """The units of all pages, for whoever reminds every one."""
    can: Can
    """What the caller may do with the unit that they are below."""


def units_below(
    services: Services,
    caller: Caller,
    unit: UnitId,
    *,
    query: str = "",
    showing: Showing = Showing.ALL,
    level: EducationLevel | None = None,
    start: int = 0,
    most: int = PAGE,
) -> UnitsBelow:
    """Everything below a unit, for whoever acts for it or one above it, or inspects it; to others it is missing."""
    with look(services, caller) as seen:
        if not sees_all(seen, unit):
            raise NotFoundError("unit", unit)
        below = subtree(managed_units(seen.reader, seen.now), [unit]) - {unit}
        found = {u.id: u for u in _units(seen.reader, below) if _is_wanted(u, query, level) and _stands(seen, u)}
        numbers = read_progress(seen.reader, found.keys(), seen.now)
        shown = sorted(
            (p for p in numbers.values() if _shows(showing, p, seen)),
            key=lambda p: (*order_worst_first(p, seen.now), natural_key(found[p.unit].name), p.unit),
        )
        page = shown[max(0, start) : max(0, start) + most]
        return UnitsBelow(
            items=_lines(seen, page, found),
            total=len(shown),
            start=max(0, start),
            sums=add_up(numbers.values(), seen.now),
            chosen=tuple(p.unit for p in shown),
            can=can_with_unit(seen.ground, caller, seen.require_unit(unit)),
        )


def _units(reader: Reader, ids: Collection[UnitId]) -> list[Unit]:
    return reader.find(Unit, id=sorted(ids))


def _stands(seen: ReadView, unit: Unit) -> bool:
    return unit.valid_to is None or seen.now < unit.valid_to


def _is_wanted(unit: Unit, query: str, level: EducationLevel | None) -> bool:
    is_level = level is None or level in unit.levels
    return is_level and (not query.strip() or unit.id == query.strip() or is_found(query, search_key(unit.name)))


def _shows(showing: Showing, progress: UnitProgress, seen: ReadView) -> bool:
    tests: Mapping[Showing, Callable[[], bool]] = {
        Showing.ALL: lambda: True,
        Showing.VACANT: lambda: progress.custody is CustodyMark.VACANT,
        Showing.LATE: lambda: progress.is_late(seen.now),
        Showing.OPEN: lambda: not progress.is_done,
        Showing.DONE: lambda: progress.is_done,
    }
    return tests[showing]()


def _lines(seen: ReadView, page: Sequence[UnitProgress], units: Mapping[UnitId, Unit]) -> list[UnitLine]:
    people = names_of(seen.reader, [p.custodian for p in page])
    reminded = newest_reminders(seen.reader, [p.unit for p in page])
    return [
        UnitLine(
            unit=units[p.unit],
            progress=p,
            custodian=people[p.custodian].name if p.custodian in people and p.custodian else "",
            is_late=p.is_late(seen.now),
            reminded=reminded[p.unit] if p.unit in reminded and reminded[p.unit].is_shown(seen.now) else None,
        )
        for p in page
    ]


def newest_reminders(reader: Reader, units: Collection[UnitId]) -> dict[UnitId, Reminder]:
    """The newest reminder of each of these units."""
    found: dict[UnitId, Reminder] = {}
    for reminder in sorted(reader.find(Reminder, unit=list(units)), key=lambda r: (r.valid_from, r.id)):
        found[reminder.unit] = reminder
    return found


def sums_below(seen: ReadView, unit: UnitId) -> Totals | None:
    """The sums over everything below a unit; None where nothing is."""
    below = subtree(managed_units(seen.reader, seen.now), [unit]) - {unit}
    return add_up(read_progress(seen.reader, below, seen.now).values(), seen.now) if below else None


def progress_of(services: Services, caller: Caller, unit: UnitId) -> UnitProgress:
    """The numbers of one unit, for its leadership and custodian, units above it and its inspectors."""
    with look(services, caller) as seen:
        if not sees_all(seen, unit):
            raise NotFoundError("unit", unit)
        return read_progress(seen.reader, [unit], seen.now)[unit]


def list_progress(services: Services, register: RegisterId, unit: UnitId) -> list[tuple[Unit, UnitProgress]]:
    """A unit and everything below it, the worst first: for the operator."""
    with services.db.read(register) as reader:
        reader.require(Unit, unit)
        now = services.db.now_in(reader.connection, register)
        units = {u.id: u for u in _units(reader, subtree(managed_units(reader, now), [unit]))}
        standing = {id_ for id_, u in units.items() if u.valid_to is None or now < u.valid_to}
        found = read_progress(reader, standing, now).values()
        ordered = sorted(found, key=lambda p: (*order_worst_first(p, now), natural_key(units[p.unit].name), p.unit))
        return [(units[p.unit], p) for p in ordered]


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of a reminder to many units."""

    reminders: tuple[Reminder, ...]
    already: tuple[UnitId, ...]
    """Reminded by the same unit within the day: nothing new is said to them."""


@powerless("it says what is expected, and gives nobody anything")
def remind(services: Services, caller: Caller, units: Collection[UnitId], about: str = "") -> Reminded:
    """Remind these units, all or none: a task on the pages of each, with a date, and an event in each one's log."""
    check_many(units)
    with act(services, caller, "unit.remind", caller.unit) as doing:
        for unit in sorted(units):
            doing.check_visible(unit)
            check_reminds(doing.ground, caller, unit)
        newest = newest_reminders(doing.tx, list(units))
        made, already = [], []
        for unit in sorted(set(units)):
            last = newest.get(unit)
            if last is not None and last.by == caller.unit and doing.now < last.valid_from + ONCE_IN:
                already.append(unit)
                continue
            made.append(Reminder(doing.new_id("rem"), unit, caller.unit, caller.person, about.strip(), doing.now))
        doing.tx.put(*made)
        for reminder in made:
            doing.tx.happened("unit.remind", reminder.unit, unit=reminder.unit, by=reminder.by, id=reminder.id)
        if not made:
            doing.tx.happened("unit.remind", caller.unit, unit=caller.unit, already=len(already))
        doing.tx.touches()
        return Reminded(tuple(made), tuple(already))

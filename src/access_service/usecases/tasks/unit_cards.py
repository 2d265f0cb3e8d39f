"""A unit as its own page and its people's home show it: who answers for it, how far it is, what may be done."""

from dataclasses import dataclass

from access_service.domain.accounts import Custody
from access_service.domain.allowed import Can, can_with_unit
from access_service.domain.documents import Document
from access_service.domain.external_ids import ExternalId
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import SchoolClass, SchoolYear, Unit, days_to_opening
from access_service.domain.policy import DEFAULT
from access_service.domain.progress import Totals, UnitProgress
from access_service.domain.recounting import ToldLine
from access_service.domain.reminding import Reminder
from access_service.storage.lists import names_of, names_of_units
from access_service.storage.progress import read_progress
from access_service.usecases.evidence.people import external_ids_of, sees_all
from access_service.usecases.evidence.reading import is_unit_suspended
from access_service.usecases.evidence.reading_papers import head_of
from access_service.usecases.services import Caller, ReadView, Services, look
from access_service.usecases.tasks.lately import lately_in
from access_service.usecases.tasks.units_below import newest_reminders, sums_below
from access_service.usecases.tasks.waiting_for import TasksSeen, tasks_in


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A unit with what stands around it now; numbers for those alone who may see its people."""

    unit: Unit
    chain: tuple[tuple[UnitId, str], ...]
    """The units above it by name, the nearest first."""
    custody: Custody | None
    custodian: str
    paper: str
    """Number of the minutes by which the admin account was handed over."""
    head: str
    head_id: PersonId | None
    school_year: str
    """The one that is open now; empty where none is."""
    classes: int
    """Of that year."""
    is_suspended: bool
    progress: UnitProgress | None
    sums: Totals | None
    """Over the units below; None where there are none, or the caller may not see them."""
    reminder: Reminder | None
    can: Can
    external: tuple[ExternalId, ...] = ()
    """What the unit is called in other systems."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """What somebody sees first: what waits, and the units that they act for."""

    waiting: TasksSeen
    cards: tuple[UnitCard, ...]
    articles: dict[str, str]
    """What is written for an article that a task names."""
    lately: dict[UnitId, tuple[ToldLine, ...]]
    """What happened in each of these units, the newest first."""
    days_to_opening: int | None
    """Until the first bell of the school year, while that is near; None for whoever answers for no unit."""


MOST_CARDS = 3
"""Units on one home page; whoever acts for more finds the others by their names."""


def home_of(services: Services, caller: Caller) -> HomePage:
    """What waits for the caller and the units that they lead or operate, all of one instant."""
    with look(services, caller) as seen:
        waiting = tasks_in(services, seen, caller)
        units = sorted({*waiting.led, *waiting.operated})
        cards = tuple(_card(seen, caller, unit) for unit in units[:MOST_CARDS])
        return HomePage(
            waiting,
            cards,
            _articles(seen, waiting),
            {card.unit.id: lately_in(seen, card.unit.id) for card in cards},
            days_to_opening(seen.reader.find(SchoolYear), seen.now) if cards else None,
        )


def _articles(seen: ReadView, waiting: TasksSeen) -> dict[str, str]:
    found: dict[str, str] = {}
    for task in waiting.tasks:
        tables = seen.gather.tables_for(task.unit, seen.now)
        article = None if tables is None else tables.pack.articles.get(task.article)
        if article is not None and task.article != DEFAULT:
            found[task.article] = ", ".join(part for part in (article.document, article.place) if part)
    return found


def see_unit(services: Services, caller: Caller, id_: UnitId) -> UnitCard:
    """One unit of the caller's chain, or below it, or one that they inspect."""
    with look(services, caller) as seen:
        return _card(seen, caller, id_)


def _card(seen: ReadView, caller: Caller, id_: UnitId) -> UnitCard:
    is_whole = sees_all(seen, id_)
    unit = seen.require_unit(id_)
    custody, head = seen.custody_of(id_), head_of(seen, id_)
    people = names_of(seen.reader, [custody.person if custody else None, head.person if head else None])
    paper = seen.reader.get(Document, custody.document) if custody is not None and custody.document else None
    years = [y for y in seen.reader.find(SchoolYear) if y.starts_at <= seen.now < y.closes_at]
    year = max(years, key=lambda y: y.starts_at, default=None)
    classes = [] if year is None else seen.reader.find(SchoolClass, school=id_, school_year=year.id)
    reminder = newest_reminders(seen.reader, [id_]).get(id_) if is_whole else None
    return UnitCard(
        unit=unit,
        chain=_chain(seen, id_),
        custody=custody,
        custodian=people[custody.person].name if custody and custody.person in people else "",
        paper="" if paper is None else paper.number,
        head=people[head.person].name if head and head.person in people else "",
        head_id=None if head is None else head.person,
        school_year="" if year is None else year.id,
        classes=len(classes),
        is_suspended=is_unit_suspended(seen, id_),
        progress=read_progress(seen.reader, [id_], seen.now)[id_] if is_whole else None,
        sums=sums_below(seen, id_) if is_whole else None,
        reminder=reminder if reminder is not None and reminder.is_shown(seen.now) else None,
        can=can_with_unit(seen.ground, caller, unit),
        external=external_ids_of(seen, [id_], [id_]),
    )


def _chain(seen: ReadView, unit: UnitId) -> tuple[tuple[UnitId, str], ...]:
    above = [u for u in seen.office_chain(unit) if u != unit]
    names = names_of_units(seen.reader, above)
    return tuple((u, names.get(u, "")) for u in above)

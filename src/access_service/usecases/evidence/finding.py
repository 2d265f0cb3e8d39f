"""One field that finds people, units, classes and papers, of what the caller may read in lists anyway."""

from collections.abc import Sequence
from dataclasses import dataclass

from access_service.domain.delegation import Inspection
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import SchoolYear
from access_service.domain.vietnamese import ListedName, search_words
from access_service.storage import lists
from access_service.usecases.evidence.people import units_acted_for
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody, and where they serve."""

    person: PersonId
    name: str
    units: tuple[UnitId, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, of each kind at most fifty; what agrees in its marks comes first."""

    people: Sequence[FoundPerson]
    units: Sequence[ListedName]
    classes: Sequence[ListedName]
    documents: Sequence[ListedName]
    names: dict[UnitId, str]
    """Of the units where the people serve and the classes are."""


NOTHING = Found((), (), (), (), {})


def find_named(services: Services, caller: Caller, query: str) -> Found:
    """People, classes and papers of units that the caller acts for or inspects, and those units, with all below.

    Whoever acts for no unit finds the units of their own chain, where they may look.
    """
    if not search_words(query):
        return NOTHING
    with look(services, caller) as seen:
        managed = lists.managed_units(seen.reader, seen.now)
        whole = lists.subtree(managed, [*units_acted_for(seen), *_inspected(seen)])
        known = whole | set(seen.office_chain(caller.unit))
        people, where = lists.find_people(seen.reader, whole, seen.now, query) if whole else ([], {})
        years = [y.id for y in seen.reader.find(SchoolYear) if seen.now < y.closes_at]
        classes = lists.find_classes(seen.reader, known, query, years)
        units = {unit for serving in where.values() for unit in serving}
        units |= {UnitId(c.id.partition(":")[0]) for c in classes}
        return Found(
            people=[FoundPerson(PersonId(n.id), n.name, tuple(where[n.id])) for n in people],
            units=lists.find_units(seen.reader, known, query),
            classes=classes,
            documents=lists.find_documents(seen.reader, whole, query, list(where)) if whole else (),
            names=lists.names_of_units(seen.reader, units),
        )


def _inspected(seen: ReadView) -> list[UnitId]:
    person, now = seen.require_caller().person, seen.now
    sent = [i for i in seen.reader.find(Inspection) if person in i.members and i.valid_from <= now < i.valid_to]
    return [unit for unit in sorted({u for i in sent for u in i.units}) if inspects(seen, person, unit)]

"""The classes of a school year with whoever has charge of them, and who teaches there."""

from collections.abc import Mapping
from dataclasses import dataclass

from access_service.domain.acting import operates
from access_service.domain.duties import whole_classes
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import Assignment, SchoolClass, SchoolYear, Unit
from access_service.domain.vietnamese import name_key, sort_key
from access_service.storage.lists import names_of
from access_service.usecases.evidence.people import sees_all
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class ClassCharge:
    """A class with its people: those in charge of it as a whole, and those who teach a subject there."""

    school_class: SchoolClass
    homeroom: tuple[tuple[Assignment, str], ...]
    """Each duty with its holder's name; a substitute's too."""
    subjects: tuple[tuple[str, str, PersonId], ...]
    """Subject, name, person."""


@dataclass(frozen=True, slots=True)
class ClassesPage:
    """The classes of one year."""

    unit: Unit
    school_year: str
    years: tuple[str, ...]
    classes: tuple[ClassCharge, ...]
    staff: tuple[tuple[PersonId, str], ...]
    """Who has a duty in the unit now, by name: from whom a new teacher is chosen."""
    is_whole: bool
    """Does the caller see everybody? Else the classes alone."""
    can_change: bool


def classes_with_charge(
    services: Services, caller: Caller, unit: UnitId, school_year: str | None = None
) -> ClassesPage:
    """The classes of a year; who has charge of them for whoever acts for the unit, one above it, or inspects it."""
    with look(services, caller) as seen:
        is_whole = sees_all(seen, unit)
        years = sorted(seen.reader.find(SchoolYear), key=lambda y: y.starts_at)
        year = school_year or _open_year(seen, years)
        found = seen.reader.find(SchoolClass, school=unit, school_year=year) if year else []
        duties = [d for d in seen.reader.find(Assignment, unit=unit) if seen.now in d.interval] if is_whole else []
        names = {str(id_): p.name for id_, p in names_of(seen.reader, [d.person for d in duties]).items()}
        found.sort(key=lambda c: (c.grade.zfill(3), sort_key(c.name), c.id))
        return ClassesPage(
            unit=seen.require_unit(unit),
            school_year=year,
            years=tuple(y.id for y in years),
            classes=tuple(_charge(c, duties, names) for c in found),
            staff=tuple(
                sorted({(d.person, names.get(d.person, "")) for d in duties}, key=lambda p: name_key(p[1]))
            ),
            is_whole=is_whole,
            can_change=operates(caller, unit),
        )


def _open_year(seen: ReadView, years: list[SchoolYear]) -> str:
    """The year that is open now, else the last there is."""
    now = [y.id for y in years if y.starts_at <= seen.now < y.closes_at]
    return (now or [y.id for y in years] or [""])[-1]


def _charge(found: SchoolClass, duties: list[Assignment], names: Mapping[str, str]) -> ClassCharge:
    homeroom = [(d, names.get(d.person, "")) for d in duties if found.id in whole_classes(d)]
    subjects = sorted(
        (subject, names.get(d.person, ""), d.person)
        for d in duties
        for class_id, subject in d.classes or ()
        if class_id == found.id and subject
    )
    return ClassCharge(found, tuple(homeroom), tuple(subjects))

"""What a page of the matrix can be asked about: the words of the packs in force there, and the unit's classes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.asked_words import AskedWords, KnownWords, know_words, understand
from access_service.domain.names import UnitId
from access_service.domain.org import SchoolClass, Unit
from access_service.storage.facts import Reader
from access_service.storage.policy import load_tables
from access_service.storage.standing import Gatherer
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class MatrixChoices:
    """Pairs of id and name, in the packs' order; classes by code, of the newest school year first."""

    unit: UnitId
    unit_name: str
    categories: tuple[tuple[str, str], ...]
    actions: tuple[tuple[str, str], ...]
    roles: tuple[tuple[str, str], ...]
    classes: tuple[tuple[str, str], ...]
    """Id, and the name with its school year."""
    known: KnownWords

    def understand(self, text: str) -> AskedWords:
        """Read a question typed into the field."""
        return understand(text, self.known)


def read_choices(services: Services, caller: Caller, unit: UnitId, *, at: datetime | None = None) -> MatrixChoices:
    """For everybody who sees the unit; to others there is no such unit."""
    with look(services, caller) as view:
        if not inspects(view, caller.person, unit):
            view.check_visible(unit)
        return _choices(view, unit, at or view.now)


def _choices(view: ReadView, unit: UnitId, at: datetime) -> MatrixChoices:
    reader = view.reader
    found, gather = reader.require(Unit, unit), Gatherer(reader)
    tables = gather.tables_for(unit, at) or gather.tables_for(unit, view.now)
    pack = None if tables is None else load_tables(reader.connection, tables.pack.digest).pack
    classes = _classes(reader, unit, at)
    categories = () if pack is None else tuple((c.id, c.vi) for c in pack.categories.values())
    actions = () if pack is None else tuple(pack.actions.items())
    roles = () if pack is None else tuple((id_, role.vi) for id_, role in pack.roles.items())
    by_code: dict[str, str] = {}
    for one in classes:
        by_code.setdefault(one.name, one.id)
        by_code.setdefault(one.id.rpartition(":")[2], one.id)
    return MatrixChoices(
        unit=unit,
        unit_name=found.name,
        categories=categories,
        actions=actions,
        roles=roles,
        classes=tuple((one.id, f"{one.name} ({one.school_year})") for one in classes),
        known=know_words(categories, actions, roles, by_code),
    )


def _classes(reader: Reader, unit: UnitId, at: datetime) -> list[SchoolClass]:
    """The classes of the year of that instant first, then the newest years; each year by name."""
    found = reader.find(SchoolClass, school=unit)
    years: Mapping[str, bool] = {
        one.school_year: one.valid_from <= at and (one.valid_to is None or at < one.valid_to) for one in found
    }
    order: Iterable[str] = sorted(years, key=lambda year: (years[year], year), reverse=True)
    return [one for year in order for one in sorted(found, key=lambda c: c.name) if one.school_year == year]

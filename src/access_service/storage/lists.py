"""Lists of people, accounts, classes, units and documents as a page shows them: by folded search, in order.

Only what a list needs is read; what a page of it shows in full is fetched by id afterwards.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from access_service.domain.accounts import Account, Home
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import AccountId, PersonId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, Unit
from access_service.domain.vietnamese import ListedName, has_marks, search_rank, search_words
from access_service.storage.facts import CODECS, Reader
from access_service.storage.search import IDS_AT_ONCE

MOST_FOUND = 50
"""Of one kind, in a search over everything that the caller may find."""


def _meets(column: ColumnElement[str], query: str) -> ColumnElement[bool]:
    """Every word of the query begins a word of the column; words hold letters and digits alone, so no wildcard."""
    return and_(true(), *(column.like(f"% {word}%") for word in search_words(query)))


def _holds(columns: Any, at: datetime) -> ColumnElement[bool]:
    return and_(columns.valid_from <= at, or_(columns.valid_to.is_(None), columns.valid_to > at))


def in_order(found: Iterable[Sequence[Any]], query: str) -> list[ListedName]:
    """Those whose marks agree with the query first, then as a register sorts them."""
    named = {row[0]: ListedName(row[0], row[1], row[2] or "") for row in found}
    ranks = has_marks(query)
    return sorted(named.values(), key=lambda n: (search_rank(query, n.name) if ranks else 0, n.sort_key, n.id))


def managed_units(reader: Reader, at: datetime) -> dict[UnitId, list[UnitId]]:
    """Which units each unit directly manages at that instant, in one question; nobody changes it."""
    return reader.once(("managed units", at), lambda: _managed_units(reader, at))


def _managed_units(reader: Reader, at: datetime) -> dict[UnitId, list[UnitId]]:
    columns = CODECS[ManagementEdge].table.c
    statement = select(columns.manager, columns.unit).where(reader.visible(ManagementEdge), _holds(columns, at))
    found: dict[UnitId, list[UnitId]] = {}
    for manager, unit in reader.connection.execute(statement):
        found.setdefault(UnitId(manager), []).append(UnitId(unit))
    return found


def subtree(managed: dict[UnitId, list[UnitId]], roots: Iterable[UnitId]) -> set[UnitId]:
    """These units and everything below them."""
    found, todo = set[UnitId](), list(roots)
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += managed.get(here, ())
    return found


def _serving(reader: Reader, at: datetime, query: str) -> Select[Any]:
    people, duties = CODECS[Person].table, CODECS[Assignment].table
    return (
        select(people.c.id, people.c.name, people.c.sort_key, duties.c.unit)
        .join(duties, and_(duties.c.register_id == people.c.register_id, duties.c.person == people.c.id))
        .where(
            reader.visible(Person),
            reader.visible(Assignment),
            _holds(duties.c, at),
            _meets(people.c.folded, query),
        )
    )


def people_serving(reader: Reader, unit: UnitId, at: datetime, query: str = "") -> list[ListedName]:
    """People with a duty in the unit at that instant, in the order of a class register."""
    duties = CODECS[Assignment].table.c
    return in_order(reader.connection.execute(_serving(reader, at, query).where(duties.unit == unit)), query)


def find_people(
    reader: Reader, units: Collection[UnitId], at: datetime, query: str
) -> tuple[list[ListedName], dict[str, list[UnitId]]]:
    """People with a duty in one of the units, at most `MOST_FOUND`, and where they serve."""
    ranks = has_marks(query)
    where: dict[str, list[UnitId]] = {}
    # Those whose marks agree come first, so that many of the others are in vain: as many of each are kept.
    kept: dict[int, list[ListedName]] = {0: [], 1: []}
    for batch in _batched(_people_named(reader, units, at, query)):
        serving = _where_serving(reader, [named.id for named in batch], units, at)
        for named in batch:
            rank = search_rank(query, named.name) if ranks else 0
            if named.id in serving and len(kept[rank]) < MOST_FOUND:
                kept[rank].append(named)
                where[named.id] = sorted(serving[named.id])
        if len(kept[0]) == MOST_FOUND:
            break
    found = [*kept[0], *kept[1]][:MOST_FOUND]
    return found, {named.id: where[named.id] for named in found}


def _people_named(reader: Reader, units: Collection[UnitId], at: datetime, query: str) -> Iterator[ListedName]:
    """Everybody of that name in order; of few units, those who serve there alone."""
    if len(units) <= IDS_AT_ONCE:
        statement = _serving(reader, at, query).where(CODECS[Assignment].table.c.unit.in_(sorted(units)))
        yield from in_order(reader.connection.execute(statement), "")
        return
    columns = CODECS[Person].table.c
    statement = (
        select(columns.id, columns.name, columns.sort_key)
        .where(reader.visible(Person), _meets(columns.folded, query))
        .order_by(columns.sort_key, columns.id)
    )
    for row in reader.connection.execute(statement):
        yield ListedName(row[0], row[1], row[2])


def _batched(found: Iterator[ListedName]) -> Iterator[list[ListedName]]:
    while batch := list(islice(found, IDS_AT_ONCE)):
        yield batch


def _where_serving(
    reader: Reader, people: Collection[str], units: Collection[UnitId], at: datetime
) -> dict[str, set[UnitId]]:
    """In which of these units each of these people serves."""
    columns = CODECS[Assignment].table.c
    statement = select(columns.person, columns.unit).where(
        reader.visible(Assignment), columns.person.in_(sorted(people)), _holds(columns, at)
    )
    found: dict[str, set[UnitId]] = {}
    for person, unit in reader.connection.execute(statement):
        if unit in units:
            found.setdefault(person, set()).add(UnitId(unit))
    return found


def find_units(reader: Reader, units: Collection[UnitId], query: str) -> list[ListedName]:
    """Units by name or code, at most `MOST_FOUND`."""
    columns = CODECS[Unit].table.c
    asked = or_(_meets(columns.folded, query), columns.id == query.strip())
    statement = select(columns.id, columns.name, columns.sort_key).where(reader.visible(Unit), asked)
    found = in_order((row for row in reader.connection.execute(statement) if row[0] in units), query)
    return sorted(found, key=lambda n: n.id != query.strip())[:MOST_FOUND]


def find_classes(reader: Reader, units: Collection[UnitId], query: str, years: Collection[str]) -> list[ListedName]:
    """Classes of these school years by name, at most `MOST_FOUND`."""
    columns = CODECS[SchoolClass].table.c
    statement = select(columns.id, columns.name, columns.sort_key, columns.school).where(
        reader.visible(SchoolClass), columns.school_year.in_(sorted(years)), _meets(columns.folded, query)
    )
    return in_order((row for row in reader.connection.execute(statement) if row[3] in units), query)[:MOST_FOUND]


def find_documents(
    reader: Reader, units: Collection[UnitId], query: str, people: Collection[str]
) -> list[ListedName]:
    """Papers of these units by how the number on them begins, or of these people; the newest first."""
    columns, wanted = CODECS[Document].table.c, query.strip()
    # Every number of a paper holds a digit; a name does not, and is looked for among people alone.
    by_number = any(c.isdigit() for c in wanted)
    if not by_number and not people:
        return []
    theirs = columns.receiver.in_(sorted(people))
    begins = columns.number.startswith(wanted, autoescape=True)
    statement = (
        select(columns.id, columns.number, columns.dated, columns.unit)
        .where(reader.visible(Document), or_(begins, theirs) if by_number else theirs)
        .order_by(columns.dated.desc(), columns.id)
    )
    rows = (row for row in reader.connection.execute(statement) if row[3] in units)
    return [ListedName(row[0], row[1], row[2].isoformat()) for row in islice(rows, MOST_FOUND)]


def accounts_at(reader: Reader, unit: UnitId, at: datetime) -> list[Account]:
    """The accounts that a unit answers for: its own admin account, and those that are at home there."""
    homes: dict[AccountId, Home] = {}
    issued = reader.find(Account, unit=unit)
    moved = {home.account for home in reader.find(Home, unit=unit)}
    for home in reader.find(Home, account=sorted(moved | {a.id for a in issued})):
        if at in home.interval and (home.account not in homes or home.valid_from >= homes[home.account].valid_from):
            homes[home.account] = home
    known = {a.id: a for a in (*issued, *reader.find(Account, id=sorted(moved - {a.id for a in issued})))}
    return [a for a in known.values() if (homes[a.id].unit if a.id in homes else a.unit) == unit]


def names_of(reader: Reader, people: Iterable[PersonId | None]) -> dict[PersonId, Person]:
    """The people of these ids."""
    return {p.id: p for p in reader.find(Person, id=sorted({p for p in people if p is not None}))}


def names_of_units(reader: Reader, units: Iterable[UnitId]) -> dict[UnitId, str]:
    """The names of these units."""
    return {u.id: u.name for u in reader.find(Unit, id=sorted(set(units)))}


def count_older_rights(reader: Reader, unit: UnitId, before: datetime, now: datetime) -> int:
    """Rights that a unit gave before an instant and that are still in their time."""
    columns = CODECS[Grant].table.c
    statement = select(func.count()).where(
        reader.visible(Grant),
        columns.unit == unit,
        columns.activated_at < before,
        columns.ended_at.is_(None),
        or_(columns.valid_to.is_(None), columns.valid_to > now),
    )
    return int(reader.connection.execute(statement).scalar_one())

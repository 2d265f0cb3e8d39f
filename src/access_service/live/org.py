"""A register's units and classes in memory, in the order in which searches list them.

`OrgIndex` is one register at one revision; a later one is made from it by what was recorded since, so that neither
a class that was added nor a unit that moved is ever missing. `Here` lets the engine decide about its classes
without a question to the database.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from access_service.domain.moved import Moved
from access_service.domain.names import ClassId, UnitId
from access_service.domain.org import ManagementEdge, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.domain.time import Interval
from access_service.engine.decide import OnDemand, Place, Site, class_site
from access_service.engine.snapshots import ALWAYS, NEVER
from access_service.live.gathered import Reading
from access_service.live.keeper import Budget, Dropping
from access_service.storage.audit import head_of
from access_service.storage.facts import CODECS, Reader
from access_service.storage.org import StoredOrg
from access_service.storage.search import ClassRow, class_rows, class_rows_of, organisation_size

T = TypeVar("T")
Run = tuple[int, int]
"""Positions `start <= n < end` in the list of all classes."""


@dataclass(frozen=True)
class Season:
    """The organisation between two instants at which time changes something of it."""

    start: float
    until: float
    """Seconds since the epoch: it holds from `start` until before `until`."""
    children: Mapping[UnitId, Sequence[UnitId]]
    """The units that each manages directly."""
    digests: frozenset[str]
    """The packs in force for some unit."""
    places: dict[UnitId, Place] = field(default_factory=dict)
    """What decisions have seen of the units so far; at most one of each."""

    def below(self, roots: Iterable[UnitId]) -> set[UnitId]:
        """The units of which one of the roots is in the chain."""
        found, todo = set[UnitId](), list(roots)
        while todo:
            unit = todo.pop()
            if unit not in found:
                found.add(unit)
                todo += self.children.get(unit, ())
        return found


class Frame:
    """Units, the edges between them, the packs bound to them: past and present, as known at one revision."""

    KINDS = (Unit, ManagementEdge, PackBinding, SchoolYear)
    """What it is made of; what decisions have seen of a unit knows the school years."""

    def __init__(self, reader: Reader, only: frozenset[UnitId] | None = None) -> None:
        """Reads everything, in three questions; or what stands there of some units."""
        self._only = only
        some: dict[str, object] = {} if only is None else {"unit": only}
        units = reader.find(Unit) if only is None else reader.find(Unit, id=only)
        self.units: dict[UnitId, Unit] = {unit.id: unit for unit in units}
        self.edges: dict[UnitId, list[ManagementEdge]] = {}
        for edge in reader.find(ManagementEdge, **some):
            self.edges.setdefault(edge.unit, []).append(edge)
        self.bindings: dict[UnitId, list[PackBinding]] = {}
        for binding in reader.find(PackBinding, **some):
            self.bindings.setdefault(binding.unit, []).append(binding)
        self._season: Season | None = None

    def knows(self, unit: UnitId) -> bool:
        """Was the unit read, whether there is one or not?"""
        return self._only is None or unit in self._only

    def season(self, now: datetime) -> Season:
        """The organisation at an instant. The one asked for last is kept."""
        found, instant = self._season, now.timestamp()
        if found is None or not found.start <= instant < found.until:
            found = self._season = self._made(now)
        return found

    def _made(self, now: datetime) -> Season:
        edges = [edge for edges in self.edges.values() for edge in edges]
        bindings = [binding for bindings in self.bindings.values() for binding in bindings]
        children: dict[UnitId, list[UnitId]] = {}
        for edge in edges:
            if now in Interval(edge.valid_from, edge.valid_to):
                children.setdefault(edge.manager, []).append(edge.unit)
        in_force = frozenset(b.digest for b in bindings if now in Interval(b.valid_from, b.valid_to))
        facts: list[Unit | ManagementEdge | PackBinding] = [*self.units.values(), *edges, *bindings]
        instants = {fact.valid_from for fact in facts}
        instants.update(fact.valid_to for fact in facts if fact.valid_to is not None)
        start = max((t.timestamp() for t in instants if t <= now), default=ALWAYS)
        until = min((t.timestamp() for t in instants if t > now), default=NEVER)
        return Season(start, until, children, in_force)


@dataclass(frozen=True)
class ClassIndex:
    """The classes of every school year, in the byte order of their ids."""

    rows: Mapping[ClassId, ClassRow]
    ids: Sequence[ClassId]
    runs: Mapping[UnitId, Sequence[Run]]
    """Where each school's classes stand in `ids`: in one place, as long as their ids begin with its code."""

    @classmethod
    def of(cls, rows: Mapping[ClassId, ClassRow]) -> "ClassIndex":
        """In order. (Text in Python compares by code point, which is the order of its bytes in UTF-8.)"""
        ids = sorted(rows)
        runs: dict[UnitId, list[Run]] = {}
        start = 0
        for n in range(1, len(ids) + 1):
            school = rows[ids[start]].school
            if n == len(ids) or rows[ids[n]].school != school:
                runs.setdefault(school, []).append((start, n))
                start = n
        return cls(rows, ids, runs)

    def run_of(self, id_: ClassId) -> Run:
        """Where one class stands; nowhere if there is none."""
        start = bisect_left(self.ids, id_)
        return start, start + (id_ in self.rows)

    def walk(self, runs: Iterable[Run], after: str) -> Iterator[ClassRow]:
        """The classes of the runs that come after an id, each once, in order."""
        position = bisect_right(self.ids, after)
        for start, end in sorted(runs):
            for n in range(max(start, position), end):
                yield self.rows[self.ids[n]]
            position = max(position, end)


@dataclass(frozen=True)
class OrgIndex:
    """One register at one revision."""

    revision: int
    head: str
    """Hash of its last event: a register restored from a backup has others under the same numbers."""
    frame: Frame
    classes: ClassIndex

    @classmethod
    def read(cls, reader: Reader, revision: int, head: str) -> "OrgIndex":
        """Everything. `reader` stands at `revision`."""
        return cls(revision, head, Frame(reader), ClassIndex.of(_by_id(class_rows(reader))))

    @classmethod
    def part(
        cls, reader: Reader, revision: int, head: str, roots: Collection[UnitId], classes: Collection[ClassId]
    ) -> "OrgIndex | None":
        """What lies below these units, these classes, and all that is above; None where that is very much.

        Past and present, so that it serves an earlier instant as well.
        """
        below = _along(reader, roots, "manager")
        if below is None:
            return None
        rows = _by_id(class_rows_of(reader, below, classes))
        around = _along(reader, below | {row.school for row in rows.values()}, "unit")
        return None if around is None else cls(revision, head, Frame(reader, around), ClassIndex.of(rows))

    def brought_to(self, reader: Reader, revision: int, head: str) -> "OrgIndex":
        """The register at a later revision: what was recorded since is read, and nothing else.

        Facts are never deleted (rule 16), so whatever changed has a version that is younger than this index.
        """
        if revision == self.revision:
            return self
        newer = _by_id(class_rows(reader, after=self.revision))
        classes = ClassIndex.of({**self.classes.rows, **newer}) if newer else self.classes
        moved = any(_recorded(reader, kind, self.revision) for kind in Frame.KINDS)
        return OrgIndex(revision, head, Frame(reader) if moved else self.frame, classes)


def _along(reader: Reader, start: Collection[UnitId], end: Literal["manager", "unit"]) -> frozenset[UnitId] | None:
    """These units and all that edges lead to from them: below where they manage, above where they are managed."""
    found, newest = set(start), set(start)
    while newest and len(found) <= MOST_OF_PART:
        edges = reader.find(ManagementEdge, **{end: newest})
        newest = {edge.unit if end == "manager" else edge.manager for edge in edges} - found
        found |= newest
    return frozenset(found) if len(found) <= MOST_OF_PART else None


def _recorded(reader: Reader, kind: type[T], after: int) -> list[T]:
    return reader.find(kind, CODECS[kind].table.c.from_rev > after)


def _by_id(rows: Iterable[ClassRow]) -> dict[ClassId, ClassRow]:
    """The rows; words that thousands of classes have in common are kept once."""
    words: dict[str, str] = {}

    def once(word: str) -> str:
        return words.setdefault(word, word)

    return {
        row.id: row._replace(
            school=UnitId(once(row.school)),
            level=once(row.level),
            grade=once(row.grade),
            school_year=once(row.school_year),
        )
        for row in rows
    }


class IndexedOrg(StoredOrg):
    """The organisation out of the index; school years and units, which it does not hold, out of the database."""

    def __init__(self, reader: Reader, frame: Frame) -> None:
        """`reader` and `frame` stand at one revision."""
        super().__init__(reader)
        self._frame = frame

    def unit(self, id_: UnitId) -> Unit | None:
        """The unit with this code."""
        return self._frame.units.get(id_) if self._frame.knows(id_) else super().unit(id_)

    def edges_of(self, unit: UnitId) -> Iterable[ManagementEdge]:
        """Edges upwards, past and present."""
        return self._frame.edges.get(unit, ()) if self._frame.knows(unit) else super().edges_of(unit)

    def bindings_of(self, unit: UnitId) -> list[PackBinding]:
        """Packs bound to this very unit, past and present."""
        if not self._frame.knows(unit):
            return super().bindings_of(unit)
        return list(self._frame.bindings.get(unit, ()))


class Here:
    """An `engine.decide.Places` over the index, at the one instant of a reading."""

    def __init__(self, reading: Reading, index: OrgIndex) -> None:
        """`reading` works out what the index has not seen yet; both stand at one revision."""
        self._reading, self._memory = reading, reading.memory
        self._places, self._rows = index.frame.season(reading.now).places, index.classes.rows
        self.units: OnDemand[UnitId, Place] = OnDemand(self._unit)
        self.sites: OnDemand[ClassId, Site] = OnDemand(self._site)

    def _unit(self, id_: UnitId) -> Place | None:
        """The unit, or None where the register has none that stands at that instant."""
        found = self._places.get(id_)
        if found is None:
            try:
                found = self._places[id_] = self._reading.units[id_]
            except KeyError:
                return None
        return found

    def _site(self, class_id: ClassId) -> Site | None:
        """The class and its school. A class of a past school year stays one: its records are still read."""
        row = self._rows.get(class_id)
        if row is None:
            return None
        try:
            place = self.units[row.school]
        except KeyError:
            return class_site(row.school, None, row.id, row.level, row.grade, row.school_year, memory=self._memory)
        # Not `site_of`: making a `SchoolClass` of each row would cost a search of 30,000 four times the index.
        return class_site(row.school, place, row.id, row.level, row.grade, row.school_year, memory=self._memory)


MOST_OF_PART = 2_000
"""Units of a part: with more, the whole is hardly dearer."""
CLASS_BYTES, UNIT_BYTES = 520, 4096
"""A class in the index; a unit with its edges, and what decisions have seen of it."""


class KeptOrg:
    """The index of one register, as far as it was brought: as a whole, where that is not too much to keep."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._index: OrgIndex | None = None
        self._has_room: bool | None = None
        """Whether the whole may be kept; None: nobody has counted."""
        self._lock = threading.Lock()

    def plan(self, moved: Moved | None) -> Dropping:  # noqa: ARG002 see below
        """Nothing: facts are never deleted, and the index is brought to a later revision when somebody asks."""
        return lambda: None

    def forget(self) -> None:
        """Drop it: of another history nothing holds."""
        with self._lock:
            self._set(None)

    def has_room(self, reader: Reader) -> bool:
        """May the whole be kept? Reading it for each search would take longer the larger the register is."""
        if self._has_room is None:
            classes, units = organisation_size(reader)
            self._has_room = self._budget.has_room(self, classes * CLASS_BYTES + units * UNIT_BYTES)
        return self._has_room

    def at(self, reader: Reader, revision: int, head: str) -> OrgIndex:
        """The index where `reader` stands; read anew where the one kept is ahead, or of another history."""
        index = self._index
        if index is None or index.revision > revision:
            return OrgIndex.read(reader, revision, head)
        known = head if index.revision == revision else head_of(reader.connection, reader.register, index.revision)
        if known != index.head:
            return OrgIndex.read(reader, revision, head)
        return index.brought_to(reader, revision, head)

    def keep(self, index: OrgIndex) -> None:
        """Keep it. The view's lock is held, and it stands where the index does or later in the same history."""
        with self._lock:
            if self._index is None or self._index.revision < index.revision:
                self._set(index)

    def _set(self, index: OrgIndex | None) -> None:
        bytes_ = 0
        if index is not None:
            bytes_ = len(index.classes.ids) * CLASS_BYTES + len(index.frame.units) * UNIT_BYTES
        is_kept = self._budget.keep_whole(self, bytes_)
        self._index, self._has_room = (index, None) if is_kept else (None, False)

"""Every right of a register in a few words, kept in memory: a page of fifty thousand is found without reading them.

An index is of one revision; a later one is made from it by what was recorded since. Nothing that a page says comes
from here but which lines it has, how many there are, and in which order.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec

from access_service.domain.names import AccountKind, RegisterId, UnitId
from access_service.domain.org import SchoolYear
from access_service.domain.software import SOFTWARE_ROLE, Approval, Software
from access_service.domain.vietnamese import sort_key, without_marks
from access_service.live.org import Frame
from access_service.storage.audit import head_of, revision_at, stands_since
from access_service.storage.db import Database
from access_service.storage.facts import CODECS, Reader
from access_service.storage.right_rows import (
    NEVER,
    AccountNameRow,
    DutyRow,
    PersonNameRow,
    RightRow,
    account_rows,
    duty_rows,
    person_rows,
    right_rows,
)

T = TypeVar("T")

REGISTERS_KEPT = 2
"""Indexes that a process keeps: one of fifty thousand rights takes about 60 MB."""


class ReachOfRight(msgspec.Struct, frozen=True, gc=False):
    """What a scope says, as pages are filtered by it."""

    unit: UnitId
    levels: frozenset[str] | None
    grades: frozenset[str] | None
    classes: frozenset[str] | None
    school_year: str | None
    categories: frozenset[str] | None
    actions: frozenset[str] | None


class _StoredScope(msgspec.Struct, gc=False):
    """A scope as it is stored, read in one pass."""

    unit: UnitId
    levels: frozenset[str] | None = None
    grades: frozenset[str] | None = None
    classes: list[tuple[str, str]] | None = None
    school_year: str | None = None
    categories: frozenset[str] | None = None
    actions: frozenset[str] | None = None


_read_scope = msgspec.json.Decoder(_StoredScope).decode


class IndexedRight(msgspec.Struct, frozen=True, gc=False):
    """A line of the matrix, as far as pages are made by it."""

    id: str
    """Of the grant or the approval; empty for an admin account, whose line is found by the account."""
    kind: AccountKind
    unit: UnitId
    person: str | None
    account: str
    role: str
    called: str
    """Name, username and ids without marks, to be searched."""
    order: tuple[str, str, str, float, str]
    """Within the unit: by name, then role and start."""
    reach: ReachOfRight | None
    """None for an admin account, which reaches no data."""
    starts: float
    activated: float
    over: float
    """From when on a date or an act has ended it, as far as its own words and its duty's say."""


@dataclass(frozen=True)
class RightsIndex:
    """The rights of one register at one revision. Replaced, never changed."""

    revision: int
    head: str
    frame: Frame
    grants: Mapping[str, RightRow]
    duties: Mapping[str, DutyRow]
    people: Mapping[str, PersonNameRow]
    accounts: Mapping[str, AccountNameRow]
    closes: Mapping[str, float]
    """When each school year closes."""
    by_unit: Mapping[UnitId, tuple[IndexedRight, ...]]
    elsewhere: Mapping[UnitId, tuple[IndexedRight, ...]]
    """By the unit that a right is about, where that is not the holder's."""

    @classmethod
    def read(cls, reader: Reader, revision: int) -> "RightsIndex":
        """Everything. `reader` stands at `revision`."""
        made = _Making(
            {row.id: row for row in right_rows(reader)},
            {row.id: row for row in duty_rows(reader)},
            {row.id: row for row in person_rows(reader)},
            {row.id: row for row in account_rows(reader)},
            {year.id: year.closes_at.timestamp() for year in reader.find(SchoolYear)},
        )
        by_unit = made.lines(reader, None)
        head = head_of(reader.connection, reader.register, revision) or ""
        return made.index(revision, head, Frame(reader), by_unit)

    def brought_to(self, reader: Reader, revision: int, head: str) -> "RightsIndex":
        """The register at a later revision: what was recorded since is read, and the units of it are made anew."""
        after = self.revision
        if _recorded(reader, SchoolYear, after):
            return RightsIndex.read(reader, revision)
        grants = {row.id: row for row in right_rows(reader, after=after)}
        duties = {row.id: row for row in duty_rows(reader, after=after)}
        people = {row.id: row for row in person_rows(reader, after=after)}
        accounts = {row.id: row for row in account_rows(reader, after=after)}
        software = {found.unit for found in _recorded(reader, Software, after)}
        approvals = {a.software for a in _recorded(reader, Approval, after)}
        moved = any(_recorded(reader, kind, after) for kind in Frame.KINDS)
        if not (grants or duties or people or accounts or software or approvals or moved):
            # A sign-in, a paper, a setting: a province has one every few seconds.
            return replace(self, revision=revision, head=head)
        made = _Making(
            {**self.grants, **grants},
            {**self.duties, **duties},
            {**self.people, **people},
            {**self.accounts, **accounts},
            self.closes,
        )
        units = self._units_of(grants, duties, people, accounts) | made.units_of(grants.values())
        units |= {UnitId(row.unit) for row in [*duties.values()]}
        units |= {UnitId(row.unit) for row in accounts.values()}
        units |= software
        if approvals:
            units |= {found.unit for found in reader.find(Software, id=approvals)}
        by_unit = {unit: lines for unit, lines in self.by_unit.items() if unit not in units}
        stood = {line.id for unit in units for line in self.by_unit.get(unit, ())}
        by_unit |= made.lines(reader, units, stood | grants.keys())
        return made.index(revision, head, Frame(reader) if moved else self.frame, by_unit)

    def _units_of(
        self,
        grants: Mapping[str, RightRow],
        duties: Mapping[str, DutyRow],
        people: Mapping[str, PersonNameRow],
        accounts: Mapping[str, AccountNameRow],
    ) -> set[UnitId]:
        """The units whose lines said something of these before."""
        found: set[UnitId] = set()
        if not (grants or duties or people or accounts):
            return found
        for unit, lines in self.by_unit.items():
            for line in lines:
                if line.id in grants or line.person in people or line.account in accounts:
                    found.add(unit)
                    break
        found |= {UnitId(self.duties[id_].unit) for id_ in duties if id_ in self.duties}
        return found


class _Making:
    """Makes the lines of some units, or of all."""

    def __init__(
        self,
        grants: Mapping[str, RightRow],
        duties: Mapping[str, DutyRow],
        people: Mapping[str, PersonNameRow],
        accounts: Mapping[str, AccountNameRow],
        closes: Mapping[str, float],
    ) -> None:
        self._grants, self._duties, self._people = grants, duties, people
        self._accounts, self._closes = accounts, closes
        self._reaches: dict[str, ReachOfRight] = {}
        self._called: dict[tuple[str, str], str] = {}

    def index(
        self, revision: int, head: str, frame: Frame, by_unit: Mapping[UnitId, tuple[IndexedRight, ...]]
    ) -> RightsIndex:
        """The index of these lines."""
        elsewhere: dict[UnitId, list[IndexedRight]] = {}
        for lines in by_unit.values():
            for line in lines:
                if line.reach is not None and line.reach.unit != line.unit:
                    elsewhere.setdefault(line.reach.unit, []).append(line)
        return RightsIndex(
            revision=revision,
            head=head,
            frame=frame,
            grants=self._grants,
            duties=self._duties,
            people=self._people,
            accounts=self._accounts,
            closes=self._closes,
            by_unit=by_unit,
            elsewhere={unit: tuple(lines) for unit, lines in elsewhere.items()},
        )

    def units_of(self, grants: Iterable[RightRow]) -> set[UnitId]:
        """The units in which these rights stand."""
        return {self._unit_of(row) for row in grants}

    def lines(
        self, reader: Reader, units: set[UnitId] | None, rights: Collection[str] = ()
    ) -> dict[UnitId, tuple[IndexedRight, ...]]:
        """The lines of these units, whose rights are among these; or of all; in order."""
        found: dict[UnitId, list[IndexedRight]] = {}
        rows = self._grants.values() if units is None else (self._grants[r] for r in rights if r in self._grants)
        for row in rows:
            unit = self._unit_of(row)
            if units is None or unit in units:
                found.setdefault(unit, []).append(self._right(row, unit))
        for line in (*self._admins(units), *self._software(reader, units)):
            found.setdefault(line.unit, []).append(line)
        # The admin account and software first, as the matrix has them.
        return {
            unit: tuple(sorted(lines, key=lambda line: (line.kind is AccountKind.USE, line.kind, line.order)))
            for unit, lines in found.items()
        }

    def _unit_of(self, row: RightRow) -> UnitId:
        duty = self._duties.get(row.assignment or "")
        return self._reach(row.scope).unit if duty is None else UnitId(duty.unit)

    def _right(self, row: RightRow, unit: UnitId) -> IndexedRight:
        duty, reach = self._duties.get(row.assignment or ""), self._reach(row.scope)
        account = self._accounts.get(row.account)
        person = duty.person if duty is not None else None if account is None else account.person
        named = self._people.get(person or "")
        closes = self._closes.get(reach.school_year or "", NEVER)
        return IndexedRight(
            id=row.id,
            kind=AccountKind.USE,
            unit=unit,
            person=person,
            account=row.account,
            role=row.role,
            called=self._called_as(named, account),
            order=("" if named is None else named.sort_key, person or "", row.role, row.starts, row.id),
            reach=reach,
            starts=row.starts,
            activated=row.activated,
            over=min(row.over, closes, NEVER if duty is None else duty.over),
        )

    def _admins(self, units: set[UnitId] | None) -> Iterator[IndexedRight]:
        for account in self._accounts.values():
            unit = UnitId(account.unit)
            if account.kind == AccountKind.ADMIN and (units is None or unit in units):
                yield IndexedRight(
                    id="",
                    kind=AccountKind.ADMIN,
                    unit=unit,
                    person=None,
                    account=account.id,
                    role="",
                    called=self._called_as(None, account),
                    order=("", "", "", account.starts, account.id),
                    reach=None,
                    starts=account.starts,
                    activated=account.starts,
                    over=account.over,
                )

    def _software(self, reader: Reader, units: set[UnitId] | None) -> Iterator[IndexedRight]:
        wanted = reader.find(Software) if units is None else reader.find(Software, unit=units)
        found = {software.id: software for software in wanted}
        for paper in reader.find(Approval, software=list(found)) if found else ():
            software = found[paper.software]
            ends = [t.timestamp() for t in (paper.valid_to, paper.withdrawn_at, software.valid_to) if t is not None]
            name = f"{software.name} ({software.supplier})"
            starts = paper.interval.start.timestamp()
            yield IndexedRight(
                id=paper.id,
                kind=AccountKind.SERVICE,
                unit=software.unit,
                person=None,
                account=software.account,
                role=SOFTWARE_ROLE,
                called=f"{without_marks(name)} {software.id} {software.account}",
                order=(sort_key(name), software.id, SOFTWARE_ROLE, starts, paper.id),
                reach=ReachOfRight(
                    paper.scope.unit,
                    _texts(paper.scope.levels),
                    _texts(paper.scope.grades),
                    _texts(paper.scope.class_ids) or None,
                    paper.scope.school_year,
                    _texts(paper.scope.categories),
                    _texts(paper.scope.actions),
                ),
                starts=starts,
                activated=starts,
                over=min([*ends, self._closes.get(paper.scope.school_year or "", NEVER)]),
            )

    def _called_as(self, person: PersonNameRow | None, account: AccountNameRow | None) -> str:
        key = ("" if person is None else person.id, "" if account is None else account.id)
        if key not in self._called:
            name = "" if person is None else without_marks(person.name)
            username = "" if account is None else without_marks(account.username)
            self._called[key] = f"{name} {username} {key[0]} {key[1]}"
        return self._called[key]

    def _reach(self, text: str) -> ReachOfRight:
        found = self._reaches.get(text)
        if found is None:
            said = _read_scope(text)
            classes = said.classes
            found = self._reaches[text] = ReachOfRight(
                said.unit,
                said.levels,
                said.grades,
                None if classes is None else frozenset([class_id for class_id, _ in classes]),
                said.school_year,
                said.categories,
                said.actions,
            )
        return found


def _texts(found: Iterable[str] | None) -> frozenset[str] | None:
    return None if found is None else frozenset(map(str, found))


def _recorded(reader: Reader, kind: type[T], after: int) -> list[T]:
    return reader.find(kind, CODECS[kind].table.c.from_rev > after)


@dataclass
class RightsIndexes:
    """The indexes that a process keeps, the newest of each register. Safe from any number of threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: "OrderedDict[RegisterId, RightsIndex]" = field(default_factory=OrderedDict)

    def at(self, reader: Reader) -> RightsIndex:
        """The index of what this transaction sees; one of an earlier revision is read, and not kept."""
        connection, register = reader.connection, reader.register
        newest = revision_at(connection, register)
        if reader.known_at is not None and reader.known_at != newest:
            return RightsIndex.read(reader, reader.known_at)
        with self._lock:
            held = self._kept.get(register)
            stands = None if held is None else stands_since(connection, register, held.revision, held.head)
            if held is None or stands is None or not stands.is_same:
                found = RightsIndex.read(reader, newest)
            elif held.revision == newest:
                return held
            else:
                found = held.brought_to(reader, newest, stands.head)
            self._kept[register] = found
            self._kept.move_to_end(register)
            if len(self._kept) > REGISTERS_KEPT:
                self._kept.popitem(last=False)
        return found


_indexes: "WeakKeyDictionary[Database, RightsIndexes]" = WeakKeyDictionary()


def indexes_of(db: Database) -> RightsIndexes:
    """What this process keeps of a database; forgotten with it."""
    found = _indexes.get(db)
    return _indexes.setdefault(db, RightsIndexes()) if found is None else found

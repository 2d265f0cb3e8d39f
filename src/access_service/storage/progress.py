"""The numbers of units, counted from facts for many at once, kept by event, and read.

`ProgressListener` hears every fact that a transaction writes; before the commit the numbers of the units concerned
are dropped. A keeper counts them anew beside the requests; who reads before it counts what is missing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, delete, insert, or_, select

from access_service.domain.accounts import Account, Custody
from access_service.domain.custody import CustodyStanding, custodies_of, ranks_in
from access_service.domain.delegation import HEADS, Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind, DocumentState, PersonId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Unit
from access_service.domain.papers import CustodyBody, read
from access_service.domain.policy import PackBinding
from access_service.domain.progress import (
    OPEN_STATES,
    CustodyMark,
    OpenPaper,
    PersonMark,
    Served,
    UnitProgress,
    count_unit,
    mark_people,
)
from access_service.domain.time import Interval
from access_service.storage.codec import utc
from access_service.storage.facts import CODECS, Reader
from access_service.storage.org import StoredOrg
from access_service.storage.standing import Gatherer
from access_service.storage.tables import table
from access_service.storage.tables_progress import ProgressRow

_rows = table(ProgressRow)
_DROP_ALL = delete(_rows).where(_rows.c.register_id == bindparam("register"))
_DROP = _DROP_ALL.where(_rows.c.unit.in_(bindparam("units", expanding=True)))
_AT_ONCE = 400
"""Units counted at once: their people stay below what one question may name."""
_HANDS = (DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES, DocumentKind.COMMITMENT)


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else utc(value)


def _chunks(ids: Collection[str], most: int = _AT_ONCE) -> Iterable[list[str]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), most):
        yield wanted[start : start + most]


class _Counting:
    """Counts units at one instant; packs and chains are read once."""

    def __init__(self, reader: Reader, now: datetime) -> None:
        self._reader, self._now = reader, now
        self._gather = Gatherer(reader, StoredOrg(reader))

    def count(self, units: Collection[UnitId]) -> list[UnitProgress]:
        duties = self._duties(units)
        rights = self._rights(duties)
        managers = self._managers(units)
        custodies = self._custodies(units)
        people = {PersonId(d["person"]) for found in duties.values() for d in found}
        papers = self._papers(people)
        found = []
        for unit in sorted(units):
            served = [Served(PersonId(d["person"]), _interval(d)) for d in duties.get(unit, ())]
            here = _about(served, papers, {unit, *managers.get(unit, ())})
            open_ = [self._open(p) for p in here if p["kind"] in _HANDS]
            mark, turns = self._custody(unit, custodies.get(unit, ()), here)
            found.append(count_unit(unit, served, open_, rights.get(unit, ()), mark, turns, self._now))
        return found

    def marks(self, unit: UnitId) -> Mapping[PersonId, tuple[PersonMark, datetime | None]]:
        duties = self._duties([unit])
        served = [Served(PersonId(d["person"]), _interval(d)) for d in duties.get(unit, ())]
        papers = self._papers({s.person for s in served})
        here = _about(served, papers, {unit, *self._managers([unit]).get(unit, ())})
        open_ = [self._open(p) for p in here if p["kind"] in _HANDS]
        return mark_people(served, open_, self._rights(duties).get(unit, ()), self._now)

    def _rows_of(self, statement: Any) -> Iterable[RowMapping]:
        return self._reader.connection.execute(statement).mappings()

    def _duties(self, units: Collection[UnitId]) -> Mapping[str, list[RowMapping]]:
        c = CODECS[Assignment].table.c
        found: dict[str, list[RowMapping]] = defaultdict(list)
        for chunk in _chunks(units):
            # What is over concerns nobody any more; what begins later is known to begin.
            left = or_(c.valid_to.is_(None), c.valid_to > self._now)
            statement = select(c.id, c.unit, c.person, c.valid_from, c.valid_to).where(
                self._reader.visible(Assignment), c.unit.in_(chunk), left
            )
            for row in self._rows_of(statement):
                found[row["unit"]].append(row)
        return found

    def _rights(self, duties: Mapping[str, list[RowMapping]]) -> Mapping[str, list[Served]]:
        """Rights by the unit of their duty, whoever gave them; papers and suspensions are not asked."""
        c, now = CODECS[Grant].table.c, self._now
        by_id = {d["id"]: d for found in duties.values() for d in found}
        found: dict[str, list[Served]] = defaultdict(list)
        for chunk in _chunks(by_id):
            statement = select(c.assignment, c.valid_from, c.valid_to, c.activated_at, c.ended_at).where(
                self._reader.visible(Grant),
                c.assignment.in_(chunk),
                c.activated_at.is_not(None),
                or_(c.ended_at.is_(None), c.ended_at > now),
                or_(c.valid_to.is_(None), c.valid_to > now),
            )
            for row in self._rows_of(statement):
                duty = by_id[row["assignment"]]
                start = max(utc(row["valid_from"]), utc(row["activated_at"]))
                end = min((utc(t) for t in (row["valid_to"], row["ended_at"]) if t is not None), default=None)
                found[duty["unit"]].append(Served(PersonId(duty["person"]), Interval(start, end)))
        return found

    def _managers(self, units: Collection[UnitId]) -> Mapping[str, list[str]]:
        c = CODECS[ManagementEdge].table.c
        found: dict[str, list[str]] = defaultdict(list)
        for chunk in _chunks(units):
            holds = and_(c.valid_from <= self._now, or_(c.valid_to.is_(None), c.valid_to > self._now))
            statement = select(c.unit, c.manager).where(
                self._reader.visible(ManagementEdge), c.unit.in_(chunk), holds
            )
            for unit, manager in self._reader.connection.execute(statement):
                found[unit].append(manager)
        return found

    def _papers(self, people: Collection[PersonId]) -> Mapping[str, list[RowMapping]]:
        c = CODECS[Document].table.c
        found: dict[str, list[RowMapping]] = defaultdict(list)
        wanted = (*_HANDS, DocumentKind.CUSTODY_MINUTES)
        for chunk in _chunks(people):
            statement = select(c.receiver, c.kind, c.unit, c.kept_by, c.state, c.state_since, c.content).where(
                self._reader.visible(Document),
                c.receiver.in_(chunk),
                c.state.in_([str(state) for state in OPEN_STATES]),
                c.kind.in_([str(kind) for kind in wanted]),
            )
            for row in self._rows_of(statement):
                found[row["receiver"]].append(row)
        return found

    def _open(self, row: RowMapping) -> OpenPaper:
        state, since = DocumentState(row["state"]), utc(row["state_since"])
        lapses = None
        if state is not DocumentState.RETURNED:
            tables = self._gather.tables_for(UnitId(row["kept_by"] or row["unit"]), self._now)
            if tables is not None:
                lapses = since + timedelta(days=tables.pack.number("document_lapse_days"))
        return OpenPaper(PersonId(row["receiver"]), state, since, lapses)

    def _custodies(self, units: Collection[UnitId]) -> Mapping[str, list[Custody]]:
        found: dict[str, list[Custody]] = defaultdict(list)
        for custody in self._reader.find(Custody, unit=list(units)):
            found[custody.unit].append(custody)
        return found

    def _standing(self, unit: UnitId, custodies: Sequence[Custody]) -> CustodyStanding:
        tables = self._gather.tables_for(unit, self._now) if custodies else None
        if tables is None:
            return CustodyStanding([(c, c.interval) for c in custodies])
        pack = tables.pack
        find = self._reader.find
        leading = [p.id for p in pack.positions.values() if p.rank in HEADS]
        own = find(Assignment, unit=unit, person=sorted({c.person for c in custodies}))
        known = {d.id: d for d in (*own, *find(Assignment, unit=unit, position=leading))}
        return custodies_of(custodies, list(known.values()), ranks_in(pack), pack.custody_holders)

    def _custody(
        self, unit: UnitId, custodies: Sequence[Custody], papers: Iterable[RowMapping]
    ) -> tuple[tuple[CustodyMark, PersonId | None, datetime | None], list[datetime | None]]:
        standing = self._standing(unit, custodies)
        turns = [t for _, interval in standing.held for t in (interval.start, interval.end)]
        held = next(((c, i) for c, i in standing.held if self._now in i), None)
        if held is not None:
            return (CustodyMark.HELD, held[0].person, held[1].start), turns
        ended = max((i.end for _, i in standing.held if i.end is not None and i.end <= self._now), default=None)
        waiting = [
            self._open(p)
            for p in papers
            if p["kind"] == DocumentKind.CUSTODY_MINUTES and read(p["content"], CustodyBody).custody_of == unit
        ]
        lapses = [p.lapses_at for p in waiting]
        is_awaited = any(p.lapses_at is not None and self._now < p.lapses_at for p in waiting)
        mark = CustodyMark.AWAITING if is_awaited else CustodyMark.VACANT
        return (mark, None, ended), [*turns, *lapses]


def _about(
    served: Iterable[Served], papers: Mapping[str, Sequence[RowMapping]], offices: Collection[str]
) -> list[RowMapping]:
    """The open papers of those who serve, given by the unit itself or its manager."""
    return [p for person in {s.person for s in served} for p in papers.get(person, ()) if p["unit"] in offices]


def _interval(row: RowMapping) -> Interval:
    return Interval(utc(row["valid_from"]), _utc(row["valid_to"]))


def marks_of(reader: Reader, unit: UnitId, now: datetime) -> Mapping[PersonId, tuple[PersonMark, datetime | None]]:
    """Where everybody who serves in the unit stands, and since when something has waited."""
    return _Counting(reader, now).marks(unit)


def count_units(reader: Reader, units: Collection[UnitId], now: datetime) -> list[UnitProgress]:
    """The numbers of these units at an instant, counted from facts."""
    counting = _Counting(reader, now)
    return [p for chunk in _chunks(units) for p in counting.count([UnitId(u) for u in chunk])]


def read_progress(reader: Reader, units: Collection[UnitId], now: datetime) -> dict[UnitId, UnitProgress]:
    """The numbers of these units as they are kept; those that are missing or whose time is over are counted."""
    wanted = frozenset(units)

    def read() -> dict[UnitId, UnitProgress]:
        found = {p.unit: p for p in _kept(reader, wanted) if p.unit in wanted and p.holds(now)}
        found |= {p.unit: p for p in count_units(reader, wanted - found.keys(), now)}
        return found

    return reader.once(("progress", wanted, now), read).copy()


def _kept(reader: Reader, units: Collection[UnitId] | None = None) -> Iterable[UnitProgress]:
    """What is kept of these units, or more: of many, all rows are read at once."""
    statement = select(_rows).where(_rows.c.register_id == reader.register)
    if units is not None and len(units) <= _AT_ONCE:
        statement = statement.where(_rows.c.unit.in_(sorted(units)))
    for row in reader.connection.execute(statement).mappings():
        yield UnitProgress(
            unit=UnitId(row["unit"]),
            people=row["people"],
            with_rights=row["with_rights"],
            awaiting_receiver=row["awaiting_receiver"],
            awaiting_giver=row["awaiting_giver"],
            to_mend=row["to_mend"],
            custody=CustodyMark(row["custody"]),
            custodian=None if row["custodian"] is None else PersonId(row["custodian"]),
            custody_since=_utc(row["custody_since"]),
            waiting_since=_utc(row["waiting_since"]),
            holds_until=_utc(row["holds_until"]),
        )


def keep_progress(reader: Reader, units: Collection[UnitId], now: datetime) -> int:
    """Count these units anew and keep their numbers: within a transaction that holds the register."""
    counted = count_units(reader, units, now)
    for chunk in _chunks([p.unit for p in counted]):
        reader.connection.execute(_DROP, {"register": reader.register, "units": chunk})
    if counted:
        names = [c.name for c in _rows.columns if c.name != "register_id"]
        rows = [{"register_id": reader.register, **{n: getattr(p, n) for n in names}} for p in counted]
        reader.connection.execute(insert(_rows), [{**r, "custody": str(r["custody"])} for r in rows])
    return len(counted)


def units_to_count(reader: Reader, now: datetime) -> set[UnitId]:
    """Units that stand and whose numbers are not kept, or not for this instant."""
    kept = {p.unit for p in _kept(reader) if p.holds(now)}
    c = CODECS[Unit].table.c
    stands = or_(c.valid_to.is_(None), c.valid_to > now)
    units = reader.connection.execute(select(c.id).where(reader.visible(Unit), stands)).scalars()
    return {UnitId(unit) for unit in units} - kept


class ProgressListener:
    """Hears which facts a transaction writes, and which units' numbers they may change."""

    def __init__(self) -> None:
        """Nothing was written yet."""
        self._units: set[UnitId] = set()
        self._people: set[str] = set()
        self._accounts: set[str] = set()
        self._all = False

    def hear(self, values: Iterable[object]) -> None:
        """These facts were written."""
        for value in values:
            match value:
                case Assignment() | Custody() | ManagementEdge():
                    self._units.add(value.unit)
                case Document():
                    self._people.update(p for p in (value.receiver,) if p is not None)
                case Grant():
                    self._accounts.add(value.account)
                case Unit():
                    self._units.add(value.id)
                case PackBinding():
                    self._all = True
                case _:
                    pass

    def hear_all(self) -> None:
        """So much was written that it is cheaper to count what is read."""
        self._all = True

    def write(self, reader: Reader) -> None:
        """Drop the numbers of the units concerned, before the commit: the keeper, or who reads first, counts anew.

        Counting a school takes longer than the act itself, and a batch of papers would count it for each.
        """
        if self._all:
            # Terms and whole imports: every unit.
            reader.connection.execute(_DROP_ALL, {"register": reader.register})
            return
        for chunk in _chunks(self.units(reader)):
            reader.connection.execute(_DROP, {"register": reader.register, "units": chunk})

    def units(self, reader: Reader) -> set[UnitId]:
        """Those whose numbers may be others now."""
        people = {*self._people, *self._holders(reader)}
        return self._units | {d.unit for d in reader.find(Assignment, person=sorted(people))}

    def _holders(self, reader: Reader) -> set[str]:
        if not self._accounts:
            return set()
        return {a.person for a in reader.find(Account, id=sorted(self._accounts)) if a.person is not None}

"""A page of the matrix: fifty lines of however many there are, with exact totals, and what another day had.

Which lines there are is found in memory (`RightsIndex`), by the words of the rights and of their duties. What is
shown of the fifty is read as the whole matrix reads it: a line that something above it has ended is among them, and
says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from access_service.domain.audit import Doer
from access_service.domain.delegation import Grant, Inspection
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import AccountId, AccountKind, GrantId, PersonId, UnitId
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.policy import Pack
from access_service.domain.software import Software
from access_service.domain.time import Interval
from access_service.domain.vietnamese import without_marks
from access_service.engine.compiled_pack import CompiledPack
from access_service.live.org import IndexedOrg
from access_service.live.revisions import check_known
from access_service.storage.audit import recorded_at, revision_at
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.policy import load_tables
from access_service.storage.right_rows import NEVER
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix import categories_of
from access_service.usecases.evidence.matrix_filters import RowKey, is_in_state
from access_service.usecases.evidence.matrix_lines import Line
from access_service.usecases.evidence.matrix_questions import (
    FURTHEST,
    MOST_UNITS_BY_STATE,
    PAGE,
    MatrixLineChange,
    MatrixOrder,
    MatrixPage,
    PageLine,
    PageQuestion,
)
from access_service.usecases.evidence.matrix_rows import Rows
from access_service.usecases.evidence.matrix_values import MatrixHead, MatrixPack, MatrixPart, MatrixRow
from access_service.usecases.evidence.rights_index import IndexedRight, ReachOfRight, RightsIndex, indexes_of
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, ReadView, Services


class _Found(NamedTuple):
    """The lines that fit at one instant."""

    own: list[IndexedRight]
    above: list[IndexedRight]

    @property
    def total(self) -> int:
        """How many."""
        return len(self.own) + len(self.above)

    def people(self) -> int:
        """People, software and admin accounts."""
        return len({right.person or right.account for right in (*self.own, *self.above)})


def show_matrix_page(
    services: Services,
    caller: Caller,
    unit: UnitId,
    question: PageQuestion,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
) -> MatrixPage:
    """A page for whoever may have the matrix: the unit's leadership, a unit above, or an inspection of it.

    The log counts that it was looked at. Raises `NotFoundError` for a unit or class that is none of the caller's
    business, `InvalidError` for a page, category or revision that there is not.
    """
    if not 1 <= question.page <= FURTHEST:
        raise InvalidError(f"a page is a number from 1 to {FURTHEST}", field="page")
    with services.db.connect() as connection:
        newest = Reader(connection, caller.register)
        now = services.db.now_in(connection, caller.register)
        view = ReadView(newest, caller, now)
        is_inspecting = inspects(view, caller.person, unit)
        if not is_inspecting:
            view.as_above(unit)
        found = _page(services.db, newest, unit, question, at=at, known_at=known_at, now=now)
        if is_inspecting:
            found = replace(found, inspected_until=_term(newest, caller, unit, now))
    _count_look(services, caller, unit, found, now)
    return found


def list_matrix_keys(
    services: Services,
    caller: Caller,
    unit: UnitId,
    question: PageQuestion,
    *,
    at: datetime | None = None,
    known_at: int | Literal["then"] | None = None,
) -> tuple[MatrixHead, frozenset[RowKey]]:
    """Every line that the pages of a question have, for a file that has the same."""
    with services.db.connect() as connection:
        newest = Reader(connection, caller.register)
        now = services.db.now_in(connection, caller.register)
        view = ReadView(newest, caller, now)
        if not inspects(view, caller.person, unit):
            view.as_above(unit)
        answer = _Answer(services.db, newest, unit, question, at=at, known_at=known_at, now=now)
        return answer.head, frozenset((right.id, right.account) for right in (*answer.ordered, *answer.gone))


def revision_known(services: Services, caller: Caller, at: datetime) -> int:
    """The revision that stood at an instant: what was known then."""
    with services.db.connect() as connection:
        return revision_at(connection, caller.register, at)


def read_matrix_page(
    db: Database,
    reader: Reader,
    unit: UnitId,
    question: PageQuestion,
    *,
    at: datetime | None = None,
) -> MatrixPage:
    """The same for the operator, who needs no account."""
    now = db.now_in(reader.connection, reader.register)
    return _page(db, reader, unit, question, at=at, known_at=None, now=now)


def _count_look(services: Services, caller: Caller, unit: UnitId, found: MatrixPage, now: datetime) -> None:
    asked = hash_parameters(question=found.question, at=found.head.at, known_at=found.head.revision)
    doer = Doer(caller.account, caller.person, caller.unit)
    services.looks.count(Look(caller.register, doer, "matrix.read", unit, now, unit, asked))


def _term(reader: Reader, caller: Caller, unit: UnitId, now: datetime) -> datetime | None:
    mine = [
        i for i in reader.find(Inspection) if caller.person in i.members and unit in i.units and now < i.valid_to
    ]
    return max((i.valid_to for i in mine), default=None)


def _page(
    db: Database,
    newest: Reader,
    unit: UnitId,
    question: PageQuestion,
    *,
    at: datetime | None,
    known_at: int | Literal["then"] | None,
    now: datetime,
) -> MatrixPage:
    return _Answer(db, newest, unit, question, at=at, known_at=known_at, now=now).page()


class _Answer:
    """Which lines a question has, on whichever page."""

    def __init__(
        self,
        db: Database,
        newest: Reader,
        unit: UnitId,
        question: PageQuestion,
        *,
        at: datetime | None,
        known_at: int | Literal["then"] | None,
        now: datetime,
    ) -> None:
        connection, register = newest.connection, newest.register
        last = revision_at(connection, register)
        known = revision_at(connection, register, at or now) if known_at == "then" else known_at
        assert known is None or isinstance(known, int)
        check_known(register, last, known)
        revision = last if known is None else known
        recorded = recorded_at(connection, register, revision)
        self.moment = at or max(filter(None, (now, recorded)))
        reader = newest if known is None else Reader(connection, register, known)
        self.question = question
        self.lines = lines = _Lines(db, reader, unit, question, self.moment)
        self.head = lines.head(revision, recorded)
        found = lines.at(self.moment, is_past=recorded is not None and self.moment < recorded)
        self.there = lines.in_state(found, self.head)
        own, above = (_in_order(part, question.order) for part in self.there)
        self.ordered = [*own, *above]
        self.news: frozenset[str] = frozenset()
        self.gone: list[IndexedRight] = []
        if question.diff is not None:
            then = lines.in_state(lines.at(question.diff, is_past=True), replace(self.head, at=question.diff))
            self.news, self.gone = _compared(self.ordered, [*then.own, *then.above])

    def page(self) -> MatrixPage:
        """The lines of the page that was asked for."""
        question, ordered, gone = self.question, self.ordered, self.gone
        start = (question.page - 1) * PAGE
        page, left = ordered[start : start + PAGE], max(0, start - len(ordered))
        page_gone = gone[left : left + PAGE - len(page)] if len(page) < PAGE else []
        return MatrixPage(
            head=self.head,
            question=question,
            total=self.there.total,
            people=self.there.people(),
            added=len(self.news),
            gone=len(gone),
            pages=-(-(len(ordered) + len(gone)) // PAGE),
            lines=tuple(self.lines.read(page, page_gone, self.news, self.head)),
            class_name=self.lines.class_name,
            day_before=0 if ordered else self._day_before(),
        )

    def _day_before(self) -> int:
        before = self.moment - timedelta(days=1)
        found = self.lines.at(before, is_past=True)
        return self.lines.in_state(found, replace(self.head, at=before)).total


def _in_order(found: list[IndexedRight], order: MatrixOrder) -> list[IndexedRight]:
    """`found` stands by unit."""
    if order is MatrixOrder.NAME:
        return sorted(found, key=lambda right: right.order)
    if order is MatrixOrder.ROLE:
        return sorted(found, key=lambda right: (right.role, right.order))
    if order is MatrixOrder.END:
        return sorted(found, key=lambda right: (right.over, right.order))
    return found


def _key(right: IndexedRight) -> str:
    return right.id or right.account


def _compared(now: list[IndexedRight], then: list[IndexedRight]) -> tuple[frozenset[str], list[IndexedRight]]:
    """What only now has, and the lines that only the other day had."""
    before, after = frozenset(map(_key, then)), frozenset(map(_key, now))
    return after - before, [right for right in then if _key(right) not in after]


class _Lines:
    """The lines of one question."""

    def __init__(
        self, db: Database, reader: Reader, unit: UnitId, question: PageQuestion, moment: datetime
    ) -> None:
        self._reader, self._unit, self._question, self._moment = reader, unit, question, moment
        self._index: RightsIndex = indexes_of(db).at(reader)
        self._org = IndexedOrg(reader, self._index.frame)
        if self._index.frame.units.get(unit) is None:
            raise NotFoundError("unit", unit)
        self._class = None if question.class_id is None else reader.require(SchoolClass, question.class_id)
        self.class_name = "" if self._class is None else self._class.name
        self._text = None if question.person is None else without_marks(question.person)
        self._permits: dict[tuple[UnitId, str, frozenset[str] | None, frozenset[str] | None], bool] = {}
        self._digests: dict[UnitId, str | None] = {}

    # -- which

    def at(self, moment: datetime, *, is_past: bool) -> _Found:
        """The lines that fit at an instant, by unit; then those from above.

        What begins only later is among them unless the instant is past: then nobody could have seen it.
        """
        within = self._within(moment)
        self._permits, self._digests = {}, {}
        t, by_unit = moment.timestamp(), self._index.by_unit
        latest = t if is_past else NEVER
        # Whatever ended before this is left out.
        since = -NEVER if self._question.include_ended else t
        tests = self._tests(moment)
        own: list[IndexedRight] = []
        for unit in within:
            own += [right for right in by_unit.get(unit, ()) if right.starts <= latest and right.over > since]
        above = [x for x in self._from_above(within, moment) if x.starts <= latest and x.over > since]
        for test in tests:
            own, above = list(filter(test, own)), list(filter(test, above))
        return _Found(own, above)

    def _within(self, moment: datetime) -> list[UnitId]:
        """The unit and what is below it, each manager before what it manages."""
        children = self._index.frame.season(moment).children
        ordered, todo = [], [self._unit]
        while todo:
            unit = todo.pop()
            ordered.append(unit)
            todo += sorted(children.get(unit, ()), reverse=True)
        return ordered

    def _from_above(self, within: Sequence[UnitId], moment: datetime) -> Iterator[IndexedRight]:
        """Who reaches the unit, or something below it, without a duty there: the highest units first."""
        inside, chain = frozenset(within), self._chain(self._unit, moment)
        above = chain[1:]
        unit = self._index.frame.units[self._unit]
        own = frozenset(map(str, unit.levels)) if unit.levels else None
        seen: set[str] = set()
        for higher in reversed(above):
            for right in (*self._index.by_unit.get(higher, ()), *self._index.elsewhere.get(higher, ())):
                reach = right.reach
                if reach is None or reach.unit != higher or right.unit in inside or right.id in seen:
                    continue
                if own is not None and reach.levels is not None and own.isdisjoint(reach.levels):
                    continue
                seen.add(right.id)
                yield right
        if above:
            for lower in within:
                for right in self._index.elsewhere.get(lower, ()):
                    if right.unit not in inside and right.id not in seen:
                        seen.add(right.id)
                        yield right

    def _chain(self, unit: UnitId, moment: datetime) -> list[UnitId]:
        found, seen = [unit], {unit}
        while True:
            edges = self._index.frame.edges.get(found[-1], ())
            now = next((e.manager for e in edges if moment in Interval(e.valid_from, e.valid_to)), None)
            if now is None or now in seen:
                return found
            found.append(now)
            seen.add(now)

    def _tests(self, moment: datetime) -> list[Callable[[IndexedRight], bool]]:
        """What is asked of each line."""
        asked, text = self._question, self._text
        kinds = self._index.frame.units
        tests: list[Callable[[IndexedRight], bool]] = []
        if asked.kind is not None:
            tests.append(lambda right: right.kind is asked.kind)
        if asked.role is not None:
            tests.append(lambda right: right.role == asked.role)
        if asked.unit_kind is not None:
            tests.append(lambda right: right.unit in kinds and kinds[right.unit].kind == asked.unit_kind)
        if text is not None:
            tests.append(lambda right: text in right.called)
        if self._class is not None:
            tests.append(self._reaches_class(self._class, moment))
        if asked.category is not None or asked.action is not None or asked.sensitive is not None:
            tests.append(lambda right: self._permitted(right, moment))
        return tests

    def _reaches_class(self, wanted: SchoolClass, moment: datetime) -> Callable[[IndexedRight], bool]:
        chain = frozenset(self._chain(wanted.school, moment))

        def reaches(right: IndexedRight) -> bool:
            reach = right.reach
            return (
                reach is not None
                and reach.unit in chain
                and (reach.classes is None or wanted.id in reach.classes)
                and (reach.levels is None or wanted.level in reach.levels)
                and (reach.grades is None or wanted.grade in reach.grades)
                and (reach.school_year is None or wanted.school_year == reach.school_year)
            )

        return reaches

    def _permitted(self, right: IndexedRight, moment: datetime) -> bool:
        """Does the pack where the records are, narrowed by the right, permit such a cell?"""
        reach = right.reach
        if reach is None:
            return False
        key = (reach.unit, right.role, reach.categories, reach.actions)
        found = self._permits.get(key)
        if found is None:
            found = self._permits[key] = self._permits_cell(reach, right.role, moment)
        return found

    def _permits_cell(self, reach: ReachOfRight, role: str, moment: datetime) -> bool:
        tables, asked = self._tables(reach.unit, moment), self._question
        if tables is None or role not in tables.roles:
            return False
        allowed = [
            (category, action)
            for category, action in tables.roles[role].allow
            if (reach.categories is None or category in reach.categories)
            and (reach.actions is None or action in reach.actions)
        ]
        if asked.category is not None or asked.action is not None:
            hit = any(asked.category in (None, c) and asked.action in (None, a) for c, a in allowed)
            if not hit:
                return False
        known = tables.pack.categories
        return asked.sensitive in (None, any(known[c].sensitive for c, _ in allowed))

    def _tables(self, unit: UnitId, moment: datetime) -> CompiledPack | None:
        digest = self._digest(unit, moment)
        return None if digest is None else load_tables(self._reader.connection, digest)

    def _digest(self, unit: UnitId, moment: datetime) -> str | None:
        """The pack in force for a unit: that of the nearest unit above, or its own."""
        if unit not in self._digests:
            bindings = self._index.frame.bindings
            self._digests[unit] = next(
                (
                    binding.digest
                    for each in self._chain(unit, moment)
                    for binding in bindings.get(each, ())
                    if moment in Interval(binding.valid_from, binding.valid_to)
                ),
                None,
            )
        return self._digests[unit]

    # -- what they say

    def head(self, revision: int, recorded: datetime | None) -> MatrixHead:
        """What the lines are about."""
        within, moment = self._within(self._moment), self._moment
        digests = {digest for unit in within if (digest := self._digest(unit, moment)) is not None}
        packs = [load_tables(self._reader.connection, digest).pack for digest in digests]
        packs.sort(key=lambda pack: (pack.name, pack.digest))
        self._check_words(packs)
        return MatrixHead(
            register=self._reader.register,
            unit=self._unit,
            unit_name=self._index.frame.units[self._unit].name,
            units=len(within),
            at=moment,
            revision=revision,
            recorded_at=recorded,
            packs=tuple(MatrixPack(p.name, p.version, p.digest) for p in packs),
            include_ended=True,
            categories=categories_of(packs),
            diff=self._question.diff,
        )

    def _check_words(self, packs: Sequence[Pack]) -> None:
        asked = self._question
        for name, word in (("category", asked.category), ("role", asked.role), ("action", asked.action)):
            known = {"category": "categories", "role": "roles", "action": "actions"}[name]
            if word is not None and not any(word in getattr(pack, known) for pack in packs):
                raise InvalidError(f"no pack in force there has such a {name}", field=name)

    def read(
        self, page: list[IndexedRight], gone: list[IndexedRight], news: frozenset[str], head: MatrixHead
    ) -> Iterator[PageLine]:
        """The lines of a page, as the whole matrix writes them; of another day where they are gone."""
        for right, row in self._read(page, head):
            yield PageLine(row, MatrixLineChange.NEW if _key(right) in news else MatrixLineChange.SAME)
        if head.diff is not None:
            for _, row in self._read(gone, replace(head, at=head.diff)):
                yield PageLine(row, MatrixLineChange.GONE)

    def in_state(self, found: _Found, head: MatrixHead) -> _Found:
        """Those in the state that is asked for, as they are read at the head's instant."""
        state = self._question.state
        if state is None:
            return found
        if head.units > MOST_UNITS_BY_STATE:
            raise InvalidError(f"a state is looked for in at most {MOST_UNITS_BY_STATE} units", field="state")

        def kept(lines: list[IndexedRight]) -> list[IndexedRight]:
            stand = {_key(right) for right, row in self._read(lines, head) if is_in_state(row, state)}
            return [right for right in lines if _key(right) in stand]

        return _Found(kept(found.own), kept(found.above))

    def _read(self, page: list[IndexedRight], head: MatrixHead) -> Iterator[tuple[IndexedRight, MatrixRow]]:
        if not page:
            return
        rows = Rows(Gatherer(self._reader, self._org), head, [self._unit])
        found: dict[tuple[str, str], MatrixRow] = {}
        by_id = {right.id: right for right in page if right.kind is AccountKind.USE}
        grants = self._reader.find(Grant, id=[GrantId(id_) for id_ in by_id])
        duties = {d.id: d for d in self._reader.find(Assignment, id=[g.assignment for g in grants if g.assignment])}
        people = {id_: PersonId(x.person) if x.person else None for id_, x in by_id.items()}
        held = {g.id: duties.get(g.assignment) if g.assignment else None for g in grants}
        lines = [Line(by_id[g.id].unit, g, held[g.id], people[g.id]) for g in grants]
        for row in rows.rows_of(lines):
            found[row.grant or "", row.account] = row
        for row in rows.of_admins(sorted({r.unit for r in page if r.kind is AccountKind.ADMIN})):
            # The last one: who operates it, or that nobody does.
            found["", row.account] = row
        software = {AccountId(right.account) for right in page if right.kind is AccountKind.SERVICE}
        for row in rows.of_software(self._reader.find(Software, account=software) if software else []):
            found.setdefault((row.grant or "", row.account), row)
        within = frozenset(self._within(head.at))
        for right in page:
            row_of = found.get((right.id, right.account))
            if row_of is not None:
                part = MatrixPart.UNIT if right.unit in within else MatrixPart.ABOVE
                yield right, row_of if row_of.part is part else replace(row_of, part=part)

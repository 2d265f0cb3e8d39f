"""The rows of an access matrix, batch by batch of units and of grants."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from access_service.domain.accounts import Account, Custody, state_of
from access_service.domain.delegation import Confirmation, Grant
from access_service.domain.documents import Document
from access_service.domain.duties import title_of, whole_classes
from access_service.domain.names import (
    AccountKind,
    AccountState,
    GrantId,
    GrantState,
    Method,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass
from access_service.domain.policy import Pack
from access_service.domain.separations import meetings
from access_service.domain.software import Software
from access_service.domain.standing import OVER, GrantFacts, grant_state, has_no_end, head_at
from access_service.domain.time import Interval
from access_service.engine.compiled_pack import CompiledPack
from access_service.storage.ahead import AheadReader
from access_service.storage.audit import revision_at
from access_service.storage.search import read_roles_held
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_lines import Line, OutsideReach, lines_beyond, lines_of
from access_service.usecases.evidence.matrix_papers import (
    ACCOUNT_NOTES,
    MatrixPapers,
    SeenAdmin,
    SeenBatch,
    SeenLine,
    late_among,
    read_papers,
)
from access_service.usecases.evidence.matrix_rights import RoleRights
from access_service.usecases.evidence.matrix_software import Shared, software_rows
from access_service.usecases.evidence.matrix_values import (
    VACANT,
    CategoryActions,
    MatrixHead,
    MatrixPart,
    MatrixRow,
    Note,
    class_names,
)
from access_service.usecases.handover.signed_as import Titles

T = TypeVar("T")

UNITS_AT_ONCE = 25
"""Units whose duties are held in memory together: a school has at most a few hundred people."""
GRANTS_AT_ONCE = 1_000
"""Grants whose paper is held in memory together."""


class Rows:
    """Goes through the rows in order: unit, admin account, software, then people by name, then role and start."""

    def __init__(self, gather: Gatherer, head: MatrixHead, units: list[UnitId]) -> None:
        """`units` in the order wanted; the gatherer's reader fixes register and revision."""
        self._gather = gather
        self._reader = gather.reader
        self._head = head
        self.titles = Titles(gather)
        self._at = head.at
        self._units = units
        self._rights = RoleRights()
        self._confirmed: dict[UnitId, list[Confirmation]] = {}
        self._names: dict[str, str] = {}
        self._meetings: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self._heads: dict[UnitId, Assignment | None] = {}
        self._tables_of: dict[UnitId, CompiledPack | None] = {}
        self._seen: list[SeenLine] = []
        self._admins: list[SeenAdmin] = []
        known = revision_at(self._reader.connection, self._reader.register, self._at)
        self._before = (
            AheadReader(self._reader.connection, self._reader.register, known) if known < head.revision else None
        )
        """What was known at the instant; None where nothing was recorded since."""
        self._then = None if self._before is None else Gatherer(self._before)

    def batches(self) -> Iterator[SeenBatch]:
        """Every row once, some units at a time, each time with what was read for them."""
        for start in range(0, len(self._units), UNITS_AT_ONCE):
            batch = self._units[start : start + UNITS_AT_ONCE]
            self._seen, self._admins = [], []
            self._read_ahead(batch)
            lines, duties = lines_of(self._reader, batch)
            yield SeenBatch(batch, list(self._batch(batch, lines)), self._seen, self._admins, duties)

    def _read_ahead(self, batch: list[UnitId]) -> None:
        """What the rows of these units ask about, each fact once; what the last ones asked is forgotten."""
        for reader in (self._reader, self._before):
            if isinstance(reader, AheadReader):
                reader.forget()
                for value_type in (Assignment, Account, Custody):
                    reader.read_ahead(value_type, "unit", batch)
        if isinstance(self._reader, AheadReader):
            self._reader.read_ahead(Software, "unit", batch)
            self._reader.read_ahead(SchoolClass, "school", batch)

    def _batch(self, batch: list[UnitId], lines: list[Line]) -> Iterator[MatrixRow]:
        custodies = self._custody_rows(batch)
        software = self._reader.find(Software, unit=batch)
        for unit, rows in software_rows(self._gather, self._head, software, self._shared()).items():
            custodies.setdefault(unit, []).extend(rows)
        done: set[UnitId] = set()
        for row in self.rows_of(lines):
            yield from _first_of(row.unit, batch, done, custodies)
            yield row
        yield from _first_of(None, batch, done, custodies)

    def above(self) -> tuple[MatrixRow, ...]:
        """Who reaches the unit or something below it from elsewhere: the highest units first."""
        reach = OutsideReach(self._gather, self._head.unit, frozenset(self._units), self._at)
        rows = list(self.rows_of(reach.lines()))
        for found in software_rows(self._gather, self._head, reach.software(), self._shared()).values():
            rows += [row for row in found if row.scope is not None and reach.meets(row.scope)]
        return tuple(
            replace(row, part=MatrixPart.ABOVE) for row in sorted(rows, key=lambda row: reach.place(row.unit))
        )

    def wide(self) -> list[MatrixRow]:
        """The rows whose right reaches below the holder's own unit, or lies elsewhere than it."""
        within = frozenset(self._units)
        edges = self._reader.find(ManagementEdge)
        inner = frozenset(e.manager for e in edges if self._at in Interval(e.valid_from, e.valid_to))
        rows = list(self.rows_of(lines_beyond(self._reader, self._units, inner)))
        software = [s for s in self._reader.find(Software) if s.unit in within]
        for made in software_rows(self._gather, self._head, software, self._shared()).values():
            rows += [r for r in made if r.scope and (r.scope.unit != r.unit or r.scope.unit in inner)]
        return rows

    def of_admins(self, units: list[UnitId]) -> list[MatrixRow]:
        """The rows of the units' admin accounts, unit by unit; of each account the newest holder last."""
        return [row for rows in self._custody_rows(units).values() for row in rows] if units else []

    def of_software(self, software: list[Software]) -> list[MatrixRow]:
        """The rows of software."""
        made = software_rows(self._gather, self._head, software, self._shared()) if software else {}
        return [row for rows in made.values() for row in rows]

    def rows_of(self, lines: list[Line]) -> Iterator[MatrixRow]:
        """The rows of these grants, in the order given."""
        for first in range(0, len(lines), GRANTS_AT_ONCE):
            yield from self._grant_rows(lines[first : first + GRANTS_AT_ONCE])

    # -- grants

    def _grant_rows(self, lines: list[Line]) -> Iterator[MatrixRow]:
        facts = {f.grant.id: f for f in self._gather.grants([line.grant for line in lines], self._at)}
        states = {id_: grant_state(found, self._at) for id_, found in facts.items()}
        stood = self._stood([line.grant for line in lines if states[line.grant.id] in OVER])
        facts |= stood
        states |= {id_: grant_state(found, self._at) for id_, found in stood.items()}
        wants_all = self._head.include_ended
        kept = [line for line in lines if wants_all or states[line.grant.id] not in OVER]
        papers = read_papers(
            self._reader,
            accounts={line.grant.account for line in kept},
            people={line.person for line in kept if line.person},
            documents={d.id: d for line in kept if (d := facts[line.grant.id].document) is not None},
            before=self._before if stood else None,
        )
        papers.stood = frozenset(stood)
        class_ids = {c for line in kept for c in line.grant.scope.class_ids}
        class_ids |= {c for line in kept if line.assignment is not None for c in whole_classes(line.assignment)}
        papers.roles = read_roles_held(self._reader, {line.grant.account for line in kept}, self._at)
        papers.classes = {c.id: c for c in self._reader.find(SchoolClass, id=class_ids)}
        self._mark_late(papers, kept, facts)
        for line in kept:
            if self._was_there(line.grant, papers):
                seen = SeenLine(line, facts[line.grant.id], states[line.grant.id], papers)
                self._seen.append(seen)
                yield self._grant_row(seen)

    def _stood(self, over: list[Grant]) -> dict[GrantId, GrantFacts]:
        """(A5) Lines that are over as known now and stood as known at the instant: decisions of then were allow.

        They are shown as they stood; that an end was recorded later is noted.
        """
        if self._before is None or self._then is None or not over:
            return {}
        then = self._before.find(Grant, id=[grant.id for grant in over])
        return {
            facts.grant.id: facts
            for facts in self._then.grants(then, self._at)
            if grant_state(facts, self._at) not in OVER
        }

    def _was_there(self, grant: Grant, papers: MatrixPapers) -> bool:
        """Not what was first recorded after the instant for a time after it: nobody could have seen it then."""
        return grant.valid_from <= self._at or grant.id not in papers.late

    def _grant_row(self, seen: SeenLine) -> MatrixRow:
        line, facts, papers = seen.line, seen.facts, seen.papers
        grant, duty = line.grant, line.assignment
        account = papers.accounts.get(grant.account)
        own = self.pack_of(grant.unit)
        tables = self.tables_of(grant.scope.unit)
        role = own.roles.get(grant.role) if own else None
        signature = papers.giver(facts.document, self._at)
        commitment = self._commitment(facts)
        answerable = self._answerable(line.unit)
        stands = papers.state_of(account, grant.id, self._at) if account else None
        activated = max(grant.valid_from, grant.activated_at or grant.valid_from)
        ends_at = _earliest(
            grant.valid_to, grant.ended_at, facts.year_closes_at, facts.lapses_at, facts.paper_lapses_at
        )
        return MatrixRow(
            unit=line.unit,
            unit_name=self._unit_name(line.unit),
            account=grant.account,
            username=account.username if account else "",
            account_kind=account.kind if account else AccountKind.USE,
            person=line.person,
            person_name=self._name(line.person, papers),
            position=duty.position if duty else "",
            position_vi=title_of(own, duty, papers.classes.get) or papers.sent_by(line.person),
            grant=grant.id,
            role=grant.role,
            role_vi=role.vi if role else grant.role,
            scope=grant.scope,
            class_names=class_names(grant.scope, papers.classes),
            rights=self.rights_of(grant, tables),
            starts_at=activated if ends_at is None or activated < ends_at else grant.valid_from,
            ends_at=ends_at,
            state=seen.state,
            issuer=grant.unit,
            issuer_name=self._unit_name(grant.unit),
            document=grant.document,
            document_number=facts.document.number if facts.document else "",
            document_dated=facts.document.dated if facts.document else None,
            commitment_version=commitment.text_version if commitment else None,
            committed_at=commitment.signed_at if commitment else None,
            signer=signature.person if signature else None,
            signer_name=self._name(signature.person if signature else None, papers),
            capacity=signature.capacity if signature else None,
            signer_title=self.titles.of(signature, facts.document.unit if facts.document else None),
            answerable=answerable,
            answerable_name=self._name(answerable, papers),
            notes=self._notes(line, facts.document, stands, tables, papers),
            account_state=stands or "",
            method=facts.document.method if facts.document else None,
            assignment=grant.assignment,
            replaces=grant.replaces,
        )

    def _notes(
        self,
        line: Line,
        document: Document | None,
        stands: AccountState | None,
        tables: CompiledPack | None,
        papers: MatrixPapers,
    ) -> tuple[Note, ...]:
        grant = line.grant
        said = (
            (Note.ATTESTED, document is not None and document.method is Method.ATTESTED),
            (Note.CODE_SEEN, papers.is_code_seen(document, self._at)),
            (Note.EXTERNAL, line.assignment is None and bool(papers.sent_by(line.person))),
            (Note.RECORDED_LATE, bool(papers.late & {grant.id, grant.assignment, grant.document})),
            (Note.CHANGED_LATER, grant.id in papers.narrowed),
            (Note.NO_END, has_no_end(grant)),
            (Note.UNCONFIRMED, self.is_unconfirmed(grant)),
        )
        notes = [note for note, is_so in said if is_so]
        notes += [ACCOUNT_NOTES[stands]] if stands in ACCOUNT_NOTES else []
        if tables is None:
            notes.append(Note.NO_POLICY)
        elif grant.role in self._met(tables.pack, papers.roles.get(grant.account, frozenset())):
            notes.append(Note.DUTIES_MEET)
        return tuple(notes)

    def _met(self, pack: Pack, held: frozenset[str]) -> frozenset[str]:
        """The roles, of those that one person holds, in which duties meet that should not."""
        key = (pack.digest, held)
        if key not in self._meetings:
            found = meetings(pack, held) if pack.separations and held else ()
            self._meetings[key] = frozenset(role for met in found for role in met.roles.split("+"))
        return self._meetings[key]

    def rights_of(self, grant: Grant, tables: CompiledPack | None) -> tuple[CategoryActions, ...]:
        """The pack's table of the role where the records are, narrowed by the grant."""
        return self._rights.of(grant, tables)

    def _commitment(self, facts: GrantFacts) -> Document | None:
        """The newest commitment to the issuing unit that was signed by then and stood."""
        held = [
            d
            for d in facts.commitments
            if d.signed_at is not None and d.signed_at <= self._at and (d.ended_at is None or d.ended_at > self._at)
        ]
        return max(held, key=lambda d: (d.signed_at, d.id), default=None)

    def is_unconfirmed(self, grant: Grant) -> bool:
        """(9) Has the office a head who took over after the grant and has not confirmed it by then?"""
        head = self.head_of(grant.unit)
        if head is None or grant.activated_at is None or head.valid_from <= grant.activated_at:
            return False
        if grant.unit not in self._confirmed:
            self._confirmed[grant.unit] = self._reader.find(Confirmation, unit=grant.unit)
        return not any(c.assignment == head.id and c.valid_from <= self._at for c in self._confirmed[grant.unit])

    # -- admin accounts

    def _custody_rows(self, units: list[UnitId]) -> dict[UnitId, list[MatrixRow]]:
        accounts = [
            a
            for a in self._reader.find(Account, unit=units, kind=str(AccountKind.ADMIN))
            if a.valid_from <= self._at
            and (self._head.include_ended or a.valid_to is None or a.valid_to > self._at)
        ]
        custodies: dict[str, list[Custody]] = {}
        stood = self._stood_custodies([a.unit for a in accounts])
        for custody in self._gather.held_custodies([a.unit for a in accounts], self._at):
            is_past = custody.valid_to is not None and custody.valid_to <= self._at and custody.id not in stood
            if custody.valid_from <= self._at and (self._head.include_ended or not is_past):
                custodies.setdefault(custody.account, []).append(custody)
        held = [c for found in custodies.values() for c in found]
        documents = {d.id: d for d in self._reader.find(Document, id=[c.document for c in held if c.document])}
        papers = read_papers(
            self._reader, accounts={a.id for a in accounts}, people={c.person for c in held}, documents=documents
        )
        papers.stood = stood
        papers.late = late_among(self._before, [*held, *documents.values()], self._at)
        rows: dict[UnitId, list[MatrixRow]] = {}
        for account in accounts:
            mine = sorted(custodies.get(account.id, ()), key=lambda c: (c.valid_from, c.id))
            standing = any(self._at in c.interval or c.id in stood for c in mine)
            held_by: list[Custody | None] = [*mine, *([] if standing else [None])]
            self._admins.append(self._admin(account, mine, papers))
            rows.setdefault(account.unit, []).extend(self._custody_row(account, c, papers) for c in held_by)
        return rows

    def _admin(self, account: Account, mine: list[Custody], papers: MatrixPapers) -> SeenAdmin:
        now = next((c for c in mine if self._at in c.interval), None)
        paper = papers.documents.get(now.document) if now is not None and now.document else None
        ended = (
            [c.valid_to for c in self._reader.find(Custody, account=account.id) if c.valid_to]
            if now is None
            else []
        )
        state = state_of(account, papers.suspensions.get(account.id, ()), self._at)
        past = [end for end in ended if end <= self._at]
        return SeenAdmin(account, state, now, paper, max(past, default=None))

    def _stood_custodies(self, units: list[UnitId]) -> frozenset[str]:
        """(A5) The custodies that stood as known at the instant, whatever was recorded of them since."""
        if self._then is None:
            return frozenset()
        held = self._then.held_custodies(units, self._at)
        return frozenset(c.id for c in held if c.id and self._at in c.interval)

    def _custody_row(self, account: Account, custody: Custody | None, papers: MatrixPapers) -> MatrixRow:
        document = papers.documents.get(custody.document) if custody and custody.document else None
        signature = papers.giver(document, self._at)
        state: str = state_of(account, papers.suspensions.get(account.id, ()), self._at)
        notes = [Note.CODE_SEEN] if papers.is_code_seen(document, self._at) else []
        if custody is None:
            state, notes = VACANT, [Note.VACANT]
        elif custody.valid_to is not None and custody.valid_to <= self._at and custody.id not in papers.stood:
            state = GrantState.ENDED
        if custody is not None and papers.late & {custody.id, custody.document}:
            notes.append(Note.RECORDED_LATE)
        answerable = self._answerable(account.unit)
        return MatrixRow(
            unit=account.unit,
            unit_name=self._unit_name(account.unit),
            account=account.id,
            username=account.username,
            account_kind=account.kind,
            person=custody.person if custody else None,
            person_name=self._name(custody.person if custody else None, papers),
            position=custody.holder if custody else "",
            position_vi="",
            grant=None,
            role=None,
            role_vi="",
            scope=None,
            class_names=(),
            rights=(),
            starts_at=custody.valid_from if custody else None,
            ends_at=custody.valid_to if custody else None,
            state=state,
            issuer=document.unit if document else None,
            issuer_name=self._unit_name(document.unit) if document else "",
            document=document.id if document else None,
            document_number=document.number if document else "",
            document_dated=document.dated if document else None,
            commitment_version=None,
            committed_at=None,
            signer=signature.person if signature else None,
            signer_name=self._name(signature.person if signature else None, papers),
            capacity=signature.capacity if signature else None,
            signer_title=self.titles.of(signature, document.unit if document else None),
            answerable=answerable,
            answerable_name=self._name(answerable, papers),
            notes=tuple(notes),
            account_state=state_of(account, papers.suspensions.get(account.id, ()), self._at),
            method=document.method if document else None,
        )

    # -- what both need

    def _answerable(self, unit: UnitId) -> PersonId | None:
        head = self.head_of(unit)
        return head.person if head else None

    def head_of(self, unit: UnitId) -> Assignment | None:
        """Who heads the unit at the instant."""
        if unit not in self._heads:
            pack = self.pack_of(unit)
            found = self._gather.heads_of(unit, pack) if pack else ()
            self._heads[unit] = head_at(found, self._at)
        return self._heads[unit]

    def pack_of(self, unit: UnitId) -> Pack | None:
        """The pack in force for a unit at the instant."""
        tables = self.tables_of(unit)
        return None if tables is None else tables.pack

    def tables_of(self, unit: UnitId) -> CompiledPack | None:
        """The same, compiled."""
        if unit not in self._tables_of:
            self._tables_of[unit] = self._gather.tables_for(unit, self._at)
        return self._tables_of[unit]

    def _shared(self) -> Shared:
        return Shared(
            tables=self.tables_of,
            rights=self.rights_of,
            unit_name=self._unit_name,
            answerable=lambda unit: (found := self._answerable(unit), self._name(found, None)),
        )

    def _unit_name(self, unit: UnitId) -> str:
        found = self._gather.org.unit(unit)
        return found.name if found else ""

    def _name(self, person: str | None, papers: MatrixPapers | None) -> str:
        """A name of the batch, or of somebody many rows share: a head."""
        if person is None:
            return ""
        if papers is not None and person in papers.people:
            return papers.people[person].name
        if person not in self._names:
            found = self._reader.get(Person, person)
            self._names[person] = found.name if found else ""
        return self._names[person]

    def _mark_late(self, papers: MatrixPapers, lines: list[Line], facts: dict[Any, GrantFacts]) -> None:
        """(16) What was recorded after the instant, or changed then with effect before it."""
        grants = [line.grant for line in lines]
        duties = [line.assignment for line in lines if line.assignment]
        documents = [d for line in lines if (d := facts[line.grant.id].document) is not None]
        papers.late = late_among(self._before, [*grants, *duties, *documents], self._at)
        if self._before is not None:
            before = {g.id: g for g in self._before.find(Grant, id=[g.id for g in grants])}
            papers.narrowed = frozenset(g.id for g in grants if g.id in before and before[g.id].scope != g.scope)


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((t for t in instants if t is not None), default=None)


def _first_of(
    unit: UnitId | None, batch: list[UnitId], done: set[UnitId], custodies: dict[UnitId, list[MatrixRow]]
) -> Iterator[MatrixRow]:
    """The admin rows of every unit up to and with this one (None: of all) that were not given yet."""
    if unit in done:
        return
    for each in batch:
        if each not in done:
            done.add(each)
            yield from custodies.get(each, ())
        if each == unit:
            return

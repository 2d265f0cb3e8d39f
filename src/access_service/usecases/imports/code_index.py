"""What an import is checked against: the register as it stands, and the rows read so far, under the same codes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.delegation import Authority, Grant, Office
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.facts import Ground
from access_service.domain.lookalikes import skeleton
from access_service.domain.names import AccountKind, DocumentKind, DocumentState, SuspendableKind, UnitId
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    Organisation,
    Person,
    SchoolClass,
    SchoolYear,
    Unit,
)
from access_service.domain.policy import Pack, PackBinding
from access_service.domain.time import Interval
from access_service.storage.accounts import usernames_like
from access_service.storage.booked_numbers import read_booked
from access_service.storage.facts import Reader
from access_service.storage.noted_questions import NotingReader, Questions
from access_service.storage.standing import Gatherer
from access_service.usecases.imports.csv_files import COLUMNS, Sheets
from access_service.usecases.imports.ground import DecidedByThen, ImportFacts
from access_service.usecases.imports.sheet_rows import Faults, SheetRow, cells_of, instant_of, rows_of
from access_service.usecases.services import Services

Progress = Callable[[str, int, int], None]
"""Called with (sheet, rows done, rows of it) as rows are stored."""

CHUNK = 20_000
"""Rows put aside and stored by one statement."""

MAX_AUTHORITIES = 64
"""No pack allows as many from the root to a grant."""

_MINUTES = frozenset({DocumentKind.HANDOVER_MINUTES, DocumentKind.SUPPLEMENTARY_MINUTES})


@dataclass(frozen=True, slots=True)
class ImportedPaper:
    """A signed document, from a row or from the register."""

    id: str
    kind: DocumentKind
    number: str
    dated: date
    unit: UnitId
    receiver: str | None
    signed_at: datetime
    """The last signature."""
    giver: str | None = None
    capacity: str = ""
    capacity_basis: str | None = None
    giver_signed_at: datetime | None = None
    text_version: str | None = None
    reference: str = ""
    sha256: str = ""

    @property
    def is_handover(self) -> bool:
        """May grants rest on it?"""
        return self.kind in _MINUTES


class CodeIndex:
    """What the register and the rows read so far say, by code; rows are checked against it."""

    def __init__(self, services: Services, known: Reader, sheets: Sheets, now: datetime) -> None:
        """Reads of the register what the files may refer to. Raises `RefusedError(no_policy)` without a pack."""
        self.questions = Questions()
        """What was asked of the register: what changes elsewhere meanwhile, changes nothing of this."""
        reader = NotingReader(known.connection, known.register, self.questions)
        root = next((r["root"] for r in services.db.registers() if r["id"] == reader.register), None)
        if root is None:
            raise NotFoundError("register", reader.register)
        self.root = UnitId(root)
        self.new_id = services.new_id
        self.now = now
        self.sheets = sheets
        self.faults = Faults(sheets)
        gather = Gatherer(reader)
        self.policy = gather.org.require_binding(self.root, now).digest
        tables = gather.tables_for(self.root, now)
        if tables is None:
            raise RuntimeError("a binding without a pack")
        self.pack: Pack = tables.pack
        self.new: dict[type[Any], list[Any]] = {}
        self.kept: dict[str, int] = {}
        """Rows about what `init` made, by sheet: the register's own facts stand."""
        self.unsure = set[str]()
        """Persons with an assignment that could not be taken: what they lack may stand there."""
        self.activations: dict[str, str] = {}
        """SHA-256 of the activation codes that the files give, by account."""
        self.papers: dict[str, ImportedPaper] = {}
        self.lines: dict[str, list[Grant]] = {}
        """New grants by the minutes they rest on."""
        self.facts = ImportFacts(reader)
        """What the rules may ask: the register's facts, and those of the rows."""
        self._read_org(reader)
        self._read_packs(reader, gather)
        self._read_people(reader)
        self._read_papers(reader)
        self._chains: dict[str, tuple[Authority, ...]] = {}
        self._offices: dict[tuple[str, datetime], Office] = {}
        self._grounds: dict[datetime, Ground] = {}
        self._decided: dict[datetime, Ground] = {}

    def _read_org(self, reader: Reader) -> None:
        self.units: dict[str, Unit] = {u.id: u for u in self.facts.read(Unit)}
        self.edges: dict[UnitId, tuple[ManagementEdge, ...]] = {}
        for edge in self.facts.read(ManagementEdge):
            self.edges[edge.unit] = (*self.edges.get(edge.unit, ()), edge)
        self.years: dict[str, SchoolYear] = {y.id: y for y in self.facts.read(SchoolYear)}
        ids = {f"{r['school']}:{r['school_year']}:{r['code']}" for r in self.plain("classes")}
        for name in ("assignments", "grants"):
            for row in self.plain(name):
                unit = (row["scope_unit"] or row["unit"]) if name == "grants" else row["unit"]
                for part in row["classes"].split(";") if row["classes"] else ():
                    ids.add(f"{unit}:{row['school_year']}:{part.strip().partition(':')[0]}")
        self.classes: dict[str, SchoolClass] = {c.id: c for c in reader.find(SchoolClass, id=ids)}
        schools = cells_of(self.sheets, "classes", "school")
        self.classes_beside = [c.id for c in reader.find(SchoolClass, school=schools)]
        """Every class of the schools whose classes the files enter."""
        # The rules look at the same dictionaries that the rows fill.
        self.org = Organisation(self.units, self.edges, self.classes, self.years)  # type: ignore[arg-type]

    def _read_packs(self, reader: Reader, gather: Gatherer) -> None:
        """Which pack is bound where, and who manages whom on the way up to it, as the files leave it today."""
        self._bound: dict[str, tuple[str, Pack]] = {self.root: (self.policy, self.pack)}
        for binding in reader.find(PackBinding):
            tables = gather.tables_for(binding.unit, self.now)
            if tables is not None and self.now in Interval(binding.valid_from, binding.valid_to):
                self._bound[binding.unit] = (binding.digest, tables.pack)
        self._above: dict[str, tuple[datetime, str]] = {}
        self._packs: dict[str, tuple[str, Pack]] = {}
        if len(self._bound) == 1:
            return
        edges = [(e.unit, e.valid_from, e.manager) for found in self.edges.values() for e in found]
        rows = [(r["unit"], instant_of(r["valid_from"]), r["manager"]) for r in self.plain("edges")]
        for unit, begins, manager in (*edges, *rows):
            if begins is not None and begins <= self.now:
                self._above[unit] = max(self._above.get(unit, (begins, "")), (begins, manager))

    def _policy(self, unit: str) -> tuple[str, Pack]:
        """Digest and pack of the nearest unit above, or this one, that has a binding; the root's at the last."""
        if len(self._bound) == 1:
            return self.policy, self.pack
        if unit not in self._packs:
            above, seen = unit, set[str]()
            while above not in self._bound and above in self._above and above not in seen:
                seen.add(above)
                above = self._above[above][1]
            self._packs[unit] = self._bound.get(above, (self.policy, self.pack))
        return self._packs[unit]

    def pack_for(self, unit: str) -> Pack:
        """The pack in force for a unit, of the register or of the files, as an act today would find it."""
        return self._policy(unit)[1]

    def policy_for(self, unit: str) -> str:
        """The digest of that pack."""
        return self._policy(unit)[0]

    def code_lasts(self, unit: str) -> timedelta:
        """How long an activation code of that unit's accounts opens."""
        return timedelta(hours=self.pack_for(unit).number("activation_code_hours"))

    def _read_people(self, reader: Reader) -> None:
        sheets = self.sheets
        holders = cells_of(sheets, "accounts", "person") | cells_of(sheets, "custodies", "person")
        signers = cells_of(sheets, "documents", "giver_signer")
        people = holders | signers | cells_of(sheets, "assignments", "person")
        codes = cells_of(sheets, "persons", "code") | people | cells_of(sheets, "documents", "receiver")
        self.persons: dict[str, Person] = {p.id: p for p in self.facts.read(Person, id=codes)}
        accounts = cells_of(sheets, "accounts", "code") | cells_of(sheets, "grants", "account")
        usernames = cells_of(sheets, "accounts", "username")
        found = [
            *self.facts.read(Account, id=accounts),
            *self.facts.read(Account, username=usernames),
            *self.facts.read(Account, person=holders),
            *self.facts.read(Account, kind=[AccountKind.ADMIN]),
        ]
        self.accounts: dict[str, Account] = {a.id: a for a in found}
        self.usernames: dict[str, list[str]] = {}
        """Those that the files could be taken for, by what is left to see of them."""
        like = usernames_like(reader.connection, reader.register, usernames)
        self.questions.note_like(Account, "username", skeleton, usernames)
        for username in {*like, *(a.username for a in found)}:
            self.usernames.setdefault(skeleton(username), []).append(username)
        self.admin_accounts: dict[str, Account] = {a.unit: a for a in found if a.kind is AccountKind.ADMIN}
        self.account_of: dict[str, str] = {
            a.person: a.id for a in found if a.person is not None and (a.valid_to is None or a.valid_to > self.now)
        }
        ids = cells_of(sheets, "assignments", "code", "substitutes") | cells_of(sheets, "grants", "assignment")
        units = cells_of(sheets, "assignments", "unit")
        duties = [
            *self.facts.read(Assignment, id=ids),
            *self.facts.read(Assignment, person=people),
            # Whoever heads a unit or looks after a class already stands in the way of another.
            *self.facts.read(Assignment, unit=units),
        ]
        self.assignments: dict[str, Assignment] = {}
        self.duties: dict[str, list[Assignment]] = {}
        for duty in duties:
            if duty.id not in self.assignments:
                self.add_duty(duty)
        self._read_founders(reader)

    def _read_founders(self, reader: Reader) -> None:
        """The director and the focal point whom `init` entered, as the first revision of the register has them."""
        first = Reader(reader.connection, reader.register, 1)
        self.founders = {p.id for p in first.find(Person)}
        self.founding_duties = {
            (d.person, d.unit, d.position): self.assignments.get(d.id, d) for d in first.find(Assignment)
        }

    def _read_papers(self, reader: Reader) -> None:
        sheets = self.sheets
        self.authorities: dict[str, Authority] = {a.id: a for a in self.facts.read(Authority)}
        self.custodies: dict[str, list[Custody]] = {}
        self.custody_ids = set[str]()
        for custody in self.facts.read(Custody):
            self.add_custody(custody)
        laid_on = reader.find(Suspension, kind=[str(SuspendableKind.UNIT), str(SuspendableKind.AUTHORITY)])
        self.suspended = {s.target for s in laid_on if self.now in s.interval}
        ids = cells_of(sheets, "documents", "code") | cells_of(sheets, "grants", "document")
        ids |= cells_of(sheets, "custodies", "document")
        self.document_ids = set[str]()
        for document in reader.find(Document, id=ids):
            self.document_ids.add(document.id)
            if document.state is DocumentState.SIGNED and document.signed_at is not None:
                self.papers[document.id] = _paper(document, document.signed_at)
        people = {
            account.person
            for code in cells_of(sheets, "grants", "account")
            if (account := self.accounts.get(code)) is not None and account.person is not None
        }
        self.commitments: set[tuple[str | None, str]] = {
            (d.receiver, d.unit)
            for d in reader.find(Document, receiver=people, kind=str(DocumentKind.COMMITMENT))
            if d.state is DocumentState.SIGNED
        }
        offices = {UnitId(unit) for unit in cells_of(sheets, "documents", "unit")}
        self.booked = read_booked(reader, offices, self.now)
        """The numbers that the offices' books have before the files."""
        self.grant_ids = {g.id for g in reader.find(Grant, id=cells_of(sheets, "grants", "code"))}

    def plain(self, name: str) -> Iterator[SheetRow]:
        """The rows of a sheet as they stand."""
        return rows_of(self.sheets, name, self.faults)

    def rows(self, name: str, *, has_code: bool = True, known: Iterable[str] = ()) -> Iterator[SheetRow]:
        """The rows of a sheet, codes checked: given once, and not in the register (`known`) before."""
        before, first = frozenset(known), dict[str, int]()
        for row in self.plain(name):
            if has_code:
                code = row["code"]
                if code in first:
                    row.fault(f"`{code}` stands in row {first[code]} too", "give each row a code of its own")
                elif code in before:
                    hint = "leave out what was imported before; changes are made in the service"
                    row.fault(f"`{code}` is in the register", hint)
                first.setdefault(code, row.number)
            yield row
            if not row.ok and has_code:
                self.faults.broken[name].add(row["code"])

    def add(self, value: object) -> None:
        """Add a fact that the rows bring."""
        self.new.setdefault(type(value), []).append(value)

    def keep(self, row: SheetRow) -> None:
        """Keep the register's own fact: the row says what `init` has made."""
        self.kept[row.sheet.name] = self.kept.get(row.sheet.name, 0) + 1

    def add_duty(self, duty: Assignment) -> None:
        """An assignment of the register, or a new one."""
        self.assignments[duty.id] = duty
        self.facts.add(duty)
        self.duties.setdefault(duty.person, []).append(duty)

    def add_custody(self, custody: Custody) -> None:
        """A custody of the register, or a new one."""
        self.custody_ids.add(custody.id)
        self.facts.add(custody)
        self.custodies.setdefault(custody.unit, []).append(custody)

    def ground(self, at: datetime) -> Ground:
        """What a rule stands on that is asked about a row, as of that instant."""
        if at not in self._grounds:
            self._grounds[at] = Ground(self.facts, self.org, at, self.pack_for)
        return self._grounds[at]

    def ground_decided(self, at: datetime) -> Ground:
        """The same, without the duties that nobody had decided by then: who became head later was not yet one."""
        if at not in self._decided:
            self._decided[at] = Ground(DecidedByThen(self.facts, at), self.org, at, self.pack_for)
        return self._decided[at]

    def duties_in(self, person: str, unit: str) -> list[Assignment]:
        """A person's assignments in one unit."""
        return [duty for duty in self.duties.get(person, ()) if duty.unit == unit]

    def chain(self, authority: Authority) -> tuple[Authority, ...]:
        """An authority, its parent and so on; a chain that runs in a circle is cut and does not end at the root."""
        if authority.id not in self._chains:
            chain: list[Authority] = []
            above: Authority | None = authority
            while above is not None and len(chain) < MAX_AUTHORITIES:
                chain.append(above)
                above = self.authorities.get(above.parent) if above.parent else None
            self._chains[authority.id] = tuple(chain)
        return self._chains[authority.id]

    def office(self, authority: Authority, at: datetime) -> Office:
        """The unit as giver on the day its paper was signed.

        The root's authority is the only one without an issuer: the register was set up on some day, the power of
        the department is older. Paper of before the first custodian counts, if there is one when it is recorded.
        """
        key = (authority.id, at)
        if key not in self._offices:
            chain = self.chain(authority)
            held = self.custodies.get(authority.unit, ())
            custody = next((c for c in held if at in c.interval), None)
            custody = custody or next((c for c in held if self.now in c.interval), None)
            if authority.parent is None and at < authority.valid_from:
                chain = (replace(authority, valid_from=at),)
            targets = {a.id for a in chain} | {a.unit for a in chain}
            self._offices[key] = Office(
                org=self.org,
                pack=self.pack_for(authority.unit),
                now=at,
                unit=authority.unit,
                # The importer prepares attested paper, not the custodian: nobody here prepares for themselves.
                custody=None if custody is None else replace(custody, person=_NOBODY),
                authorities=chain,
                suspended=not targets.isdisjoint(self.suspended),
            )
        return self._offices[key]

    def give_up(self) -> dict[type[Any], list[Any]]:
        """What is to be stored; what it was checked against is forgotten, because its place is needed."""
        new, self.new = self.new, {}
        self.facts.forget()
        for known in (
            *(self.persons, self.accounts, self.assignments, self.duties, self.papers, self.lines, self.classes),
            *(self.account_of, self.usernames, self.activations, self._grounds, self._decided, self._offices),
        ):
            known.clear()
        return new

    def counts(self) -> dict[str, int]:
        """New rows by sheet."""
        sheets = {name: self.sheets.by_name.get(name) for name in COLUMNS}
        return {n: len(s.rows) - self.kept.get(n, 0) for n, s in sheets.items() if s is not None}


_NOBODY: Any = ""


def _paper(document: Document, signed_at: datetime) -> ImportedPaper:
    return ImportedPaper(
        id=document.id,
        kind=document.kind,
        number=document.number,
        dated=document.dated,
        unit=document.unit,
        receiver=document.receiver,
        signed_at=signed_at,
        text_version=document.text_version,
    )

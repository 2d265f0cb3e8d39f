"""Reading and writing bitemporal facts: one way for every noun.

A `Reader` sees a register as known at one revision (or now); a `Writer` adds a revision. There is no update and no
delete of a fact: `put` closes what was known and inserts what is known from this revision on.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Insert,
    Integer,
    RowMapping,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from access_service.domain.accounts import Account, Custody, Home, Suspension
from access_service.domain.certificates import RegisteredCertificate
from access_service.domain.codes import CodeShown
from access_service.domain.delegation import Authority, Confirmation, Grant, Inspection, LeavingCase
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.external_ids import ExternalId
from access_service.domain.inspecting import External
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.numbering import DocumentNumber
from access_service.domain.obligations import Obligation
from access_service.domain.observing import Observation
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    Person,
    SchoolClass,
    SchoolYear,
    Succession,
    Unit,
)
from access_service.domain.policy import PackBinding
from access_service.domain.recovery import Recovery
from access_service.domain.reminding import Reminder
from access_service.domain.software import Approval, Client, Draw, Software, SoftwareConfirmation
from access_service.domain.vietnamese import natural_key, search_key
from access_service.domain.waiting import WaitingAct
from access_service.storage import (
    tables,
    tables_accounts,
    tables_acts,
    tables_certificates,
    tables_observed,
    tables_papers,
    tables_progress,
    tables_software,
    tables_taking,
)
from access_service.storage.bulk import ReadyRows, make_ready
from access_service.storage.codec import Codec
from access_service.storage.staging import StagedRows, insert_staged
from access_service.storage.tables_moves import AuthorityMoveRow, SuccessionRow

T = TypeVar("T")


def _scope_unit(right: Grant | Approval) -> str:
    return right.scope.unit


def _folded(named: Person | Unit | SchoolClass) -> str:
    return search_key(named.name)


def _natural(named: Unit | SchoolClass) -> str:
    return natural_key(named.name)


DERIVED: dict[type[Any], dict[str, Callable[[Any], str]]] = {
    Grant: {"scope_unit": _scope_unit},
    Approval: {"scope_unit": _scope_unit},
    Person: {"folded": _folded},
    Unit: {"folded": _folded, "sort_key": _natural},
    SchoolClass: {"folded": _folded, "sort_key": _natural},
}
"""Columns that repeat part of a value, to be found and sorted by."""

CODECS: dict[type[Any], Codec[Any]] = {
    value_type: Codec(value_type, tables.table(row_type), DERIVED.get(value_type))
    for value_type, row_type in (
        (Unit, tables.UnitRow),
        (ManagementEdge, tables.EdgeRow),
        (Succession, SuccessionRow),
        (SchoolYear, tables.SchoolYearRow),
        (SchoolClass, tables.SchoolClassRow),
        (Person, tables.PersonRow),
        (Assignment, tables.AssignmentRow),
        (Account, tables.AccountRow),
        (Home, tables_accounts.HomeRow),
        (Recovery, tables_accounts.RecoveryRow),
        (CodeShown, tables_accounts.CodeShownRow),
        (External, tables_accounts.ExternalRow),
        (Suspension, tables.SuspensionRow),
        (Custody, tables.CustodyRow),
        (Authority, tables.AuthorityRow),
        (AuthorityMove, AuthorityMoveRow),
        (Grant, tables.GrantRow),
        (Confirmation, tables.ConfirmationRow),
        (Inspection, tables.InspectionRow),
        (LeavingCase, tables.LeavingCaseRow),
        (Document, tables.DocumentRow),
        (Signature, tables.SignatureRow),
        (DocumentNumber, tables_papers.DocumentNumberRow),
        (PackBinding, tables.BindingRow),
        (Software, tables_software.SoftwareRow),
        (Approval, tables_software.ApprovalRow),
        (SoftwareConfirmation, tables_software.SoftwareConfirmationRow),
        (Obligation, tables_software.ObligationRow),
        (Draw, tables_software.DrawRow),
        (Client, tables_software.ClientRow),
        (Observation, tables_observed.ObservationRow),
        (WaitingAct, tables_acts.WaitingActRow),
        (Reminder, tables_progress.ReminderRow),
        (ExternalId, tables_taking.ExternalIdRow),
        (RegisteredCertificate, tables_certificates.CertificateRow),
    )
}
NOUNS = {
    DocumentNumber: "number",
    CodeShown: "code shown",
    External: "external member",
    ExternalId: "external id",
    RegisteredCertificate: "certificate",
    AuthorityMove: "authority move",
    ManagementEdge: "management edge",
    SchoolYear: "school year",
    SchoolClass: "class",
    LeavingCase: "leaving case",
    PackBinding: "pack binding",
    WaitingAct: "waiting act",
    SoftwareConfirmation: "software confirmation",
}
_LATER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where the instant of a transaction will be; it is in no row that is made ready."""
_FEW = 200
"""So many facts of one answer a transaction remembers; the answers of an act are smaller."""
_CHUNK = 500
"""Values in one `IN (…)`: well below every database's limit on parameters."""


@lru_cache(maxsize=512)
def _statement(
    codec: Codec[Any], is_past: bool, shape: tuple[tuple[str, str], ...], only: tuple[str, ...] = ()
) -> Select[Any]:
    """The query of that shape, made once: making one takes longer than SQLite takes to answer it."""
    table = codec.table
    columns = table.c
    conditions = [columns.register_id == bindparam("register")]
    if is_past:
        known_at: BindParameter[int] = bindparam("known_at", type_=Integer)
        conditions += [columns.from_rev <= known_at, or_(columns.to_rev.is_(None), columns.to_rev > known_at)]
    else:
        conditions.append(columns.to_rev.is_(None))
    for name, kind in shape:
        if kind == "null":
            conditions.append(columns[name].is_(None))
        elif kind == "in":
            conditions.append(columns[name].in_(bindparam(f"is_{name}", expanding=True)))
        else:
            conditions.append(columns[name] == bindparam(f"is_{name}"))
    asked = select(*(columns[name] for name in only)) if only else select(table)
    return asked.where(*conditions)


@lru_cache(maxsize=128)
def _inserting(codec: Codec[Any]) -> Insert:
    return insert(codec.table)


@lru_cache(maxsize=128)
def _closing(codec: Codec[Any]) -> tuple[Update, Delete]:
    """What ends the versions that are known, and what takes back those that this revision wrote: made once."""
    columns, revision = codec.table.c, bindparam("at_revision", type_=BigInteger)
    here = and_(
        columns.register_id == bindparam("of_register"), columns.id.in_(bindparam("of_ids", expanding=True))
    )
    close = update(codec.table).where(here, columns.to_rev.is_(None)).values(to_rev=revision)
    return close, delete(codec.table).where(here, columns.from_rev == revision)


def _chunks(many: tuple[str, Sequence[object]] | None) -> Iterator[dict[str, Sequence[object]]]:
    """Values of a long list, as many as one query may name."""
    if many is None:
        yield {}
        return
    name, items = many
    for start in range(0, len(items), _CHUNK):
        yield {f"is_{name}": items[start : start + _CHUNK]}


def said_of(equals: Mapping[str, object]) -> Iterator[tuple[str, Hashable]]:
    """What was asked for, comparable and hashable: any of several in one order, one of one as that one."""
    for name, wanted in equals.items():
        if not isinstance(wanted, list | tuple | set | frozenset):
            yield name, (False, wanted)
            continue
        many = sorted(set(map(str, wanted)))
        yield name, (False, many[0]) if len(many) == 1 and None not in wanted else (True, *many)


def _id_of(value: Any) -> str:
    return str(value.id)


def ready_facts(
    dialect: Dialect, register: RegisterId, value_type: type[T], values: Iterable[T], *stamped: str
) -> ReadyRows:
    """Facts whose ids are new, made ready; the instant of the transaction goes into the columns `stamped`."""
    codec = CODECS[value_type]
    stamps = dict.fromkeys([*stamped, *(["valid_from"] if codec.fills_valid_from else [])], timedelta())
    rows = (codec.row(value, register, 0, _LATER) for value in values)
    return make_ready(dialect, codec.table, rows, stamps)


class Reader:
    """One register, as known at one revision: every question of a use case sees the same state (rule 15)."""

    def __init__(self, connection: Connection, register: RegisterId, known_at: int | None = None) -> None:
        """`known_at` is a revision; None reads what is known now."""
        self.connection = connection
        self.register = register
        self.known_at = known_at
        self.asked = 0
        """How many questions the database was asked; see `usecases.services.ReadView.as_if_missing`."""

    def visible(self, value_type: type[Any], **narrowed: object) -> ColumnElement[bool]:
        """The rows of a fact as known at this revision, for queries of one's own.

        `narrowed` says which values the query names, for readers that note it (`storage.noted_questions`).
        """
        del narrowed
        columns = CODECS[value_type].table.c
        here = columns.register_id == self.register
        if self.known_at is None:
            return and_(here, columns.to_rev.is_(None))
        ended_later = or_(columns.to_rev.is_(None), columns.to_rev > self.known_at)
        return and_(here, columns.from_rev <= self.known_at, ended_later)

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """Values whose columns equal what is named (a list or set: any of them), ordered by id."""
        codec = CODECS[value_type]
        found: list[T] = []
        for rows in self._answers(codec, where, equals):
            found += codec.values(rows.all())
        # Not ORDER BY: a PostgreSQL collation may put ids in another order than bytes do, and chunks are apart.
        return sorted(found, key=_id_of)

    def find_ids(self, value_type: type[Any], **equals: object) -> list[str]:
        """The ids alone of what `find` finds, in their order."""
        return sorted(str(id_) for rows in self._answers(CODECS[value_type], (), equals, "id") for (id_,) in rows)

    def _answers(
        self, codec: Codec[Any], where: Sequence[ColumnElement[bool]], equals: dict[str, object], *columns: str
    ) -> Iterator[CursorResult[Any]]:
        """The rows in as many answers as the question has chunks: whole ones, or these columns of them."""
        self.asked += 1
        said: dict[str, Any] = {"register": self.register, "known_at": self.known_at}
        shape: list[tuple[str, str]] = []
        many: tuple[str, Sequence[object]] | None = None
        for name, wanted in equals.items():
            if isinstance(wanted, list | tuple | set | frozenset):
                items = sorted(set(wanted), key=str)
                if not items:
                    return
                shape.append((name, "in"))
                if len(items) > _CHUNK and many is None:
                    many = (name, items)
                said[f"is_{name}"] = items
            else:
                shape.append((name, "null" if wanted is None else "equal"))
                said[f"is_{name}"] = wanted
        statement = _statement(codec, self.known_at is not None, tuple(shape), columns)
        if where:
            statement = statement.where(*where)
        for chunk in _chunks(many):
            yield self.connection.execute(statement, said | chunk)

    def first(self, value_type: type[T], **equals: object) -> T | None:
        """The value with the smallest id among those found, or None."""
        return next(iter(self.find(value_type, **equals)), None)

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        return self.first(value_type, id=id_)

    def ask(self, question: Callable[[Connection], T], *, is_settled: bool = False) -> T:  # noqa: ARG002
        """Ask what no fact answers: a session, a key. `is_settled`: no later answer would be another one."""
        return question(self.connection)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:  # noqa: ARG002 for those who remember
        """What `read` finds; a reader that remembers does not read it twice. Nobody changes what it is given."""
        return read()

    def read_ahead(self, value_type: type[Any], column: str, wanted: Collection[str]) -> None:
        """Read every fact of the type whose column has one of these, for a reader that remembers; here nothing."""

    def read_account(self, account: AccountId) -> None:
        """Read everything behind the decisions about an account, for a reader that reads ahead; here nothing."""

    def ask_for_nothing(self, times: int) -> None:
        """Ask so many questions that find nothing: what is missing takes as long as what is somebody else's."""
        for _ in range(times):
            Reader.find(self, ManagementEdge, unit="")

    def has_any(self, value_type: type[Any]) -> bool:
        """Does the register hold any fact of this type?"""
        columns = CODECS[value_type].table.c
        statement = (
            select(columns.id).where(columns.register_id == self.register, columns.to_rev.is_(None)).limit(1)
        )
        return self.connection.execute(statement).first() is not None

    def has_changed_since(self, revision: int) -> bool:
        """Was any fact recorded after that revision? Sign-ins make revisions, too, and record none."""
        return next(self.changed_since(revision), None) is not None

    def changed_since(self, revision: int) -> Iterator[tuple[type[Any], RowMapping]]:
        """Every version of a fact that began or ended after that revision, with its type."""
        for kind, codec in CODECS.items():
            columns = codec.table.c
            # Asked apart, each is answered from an index.
            for later in (columns.from_rev > revision, columns.to_rev > revision):
                statement = select(codec.table).where(columns.register_id == self.register, later)
                for row in self.connection.execute(statement).mappings():
                    yield kind, row

    def require(self, value_type: type[T], id_: str) -> T:
        """The value with this id, or `NotFoundError`: missing and foreign look the same."""
        value = self.get(value_type, id_)
        if value is None:
            raise NotFoundError(NOUNS.get(value_type, value_type.__name__.lower()), id_)
        return value

    def history(self, value_type: type[T], id_: str) -> list[tuple[int, int | None, T]]:
        """Every version of a fact: (from revision, to revision, value), oldest first."""
        codec = CODECS[value_type]
        columns = codec.table.c
        statement = (
            select(codec.table)
            .where(columns.register_id == self.register, columns.id == id_)
            .order_by(columns.from_rev)
        )
        rows = self.connection.execute(statement).mappings()
        return [(row["from_rev"], row["to_rev"], codec.value(dict(row))) for row in rows]

    def versions_of(
        self, value_type: type[T], ids: Collection[str]
    ) -> Iterator[tuple[str, int, int | None, T | None]]:
        """As `versions`, of these facts alone."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), _CHUNK):
            among = CODECS[value_type].table.c.id.in_(wanted[start : start + _CHUNK])
            yield from self.versions(value_type, among)

    def versions(
        self, value_type: type[T], *where: ColumnElement[bool], after: int = 0
    ) -> Iterator[tuple[str, int, int | None, T | None]]:
        """Every version of every fact of a type: (id, from revision, to revision, value), those of an id in order.

        `after` leaves out those of that revision and before. The value is None where the row cannot be read as what
        it should be.
        """
        codec = CODECS[value_type]
        columns = codec.table.c
        statement = (
            select(codec.table)
            .where(columns.register_id == self.register, columns.from_rev > after, *where)
            .order_by(columns.id, columns.from_rev)
        )
        for row in self.connection.execute(statement, execution_options={"yield_per": 2000}).mappings():
            try:
                value = codec.value(dict(row))
            except (ValueError, TypeError, KeyError):
                value = None
            yield row["id"], row["from_rev"], row["to_rev"], value


class Writer(Reader):
    """One register inside one revision. Made by `db.Database.write` only."""

    def __init__(
        self, connection: Connection, register: RegisterId, revision: int, now: datetime, known: int
    ) -> None:
        """`known` is the revision before; `now` is the instant of everything in this transaction."""
        super().__init__(connection, register)
        self.revision = revision
        self.before = known
        self.now = now
        self.written: dict[type[Any], set[str]] = {}
        """Ids of the facts that this revision wrote, by type."""
        self._known: dict[type[Any], dict[Hashable, list[Any]]] = {}

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """As of a `Reader`. Asked twice it answers from memory, until a fact of the type is written here.

        Whoever holds the register is overtaken by nobody; each rule asks for itself, so that half of the questions
        are asked before.
        """
        if where:
            return super().find(value_type, *where, **equals)
        known, key = self._known.setdefault(value_type, {}), tuple(sorted(said_of(equals)))
        found: list[T] | None = known.get(key)
        if found is None:
            found = super().find(value_type, **equals)
            if len(found) <= _FEW:
                known[key] = found
        return found.copy()

    def remember(self, answers: Iterable[tuple[type[Any], dict[str, object], list[Any]]]) -> None:
        """Answers that were found before and stand: type, what was asked, facts."""
        for value_type, equals, found in answers:
            self._known.setdefault(value_type, {})[tuple(sorted(said_of(equals)))] = found

    def put(self, *values: Any) -> None:
        """Make each value what is known from this revision on, in place of what stood under its id."""
        by_type: dict[type[Any], list[Any]] = {}
        for value in values:
            by_type.setdefault(type(value), []).append(value)
        for value_type, group in by_type.items():
            self._close(value_type, [value.id for value in group])
            self.add(value_type, group)

    def insert(self, staged: StagedRows) -> Iterator[int]:
        """Insert facts whose ids are new, put aside before on this connection; tells how many are in."""
        self._known.clear()
        return insert_staged(self.connection, staged, self.revision, self.now)

    def add(self, value_type: type[T], values: Iterable[T]) -> None:
        """Insert facts whose ids are new."""
        codec = CODECS[value_type]
        values = list(values)
        self.written.setdefault(value_type, set()).update(_id_of(value) for value in values)
        self._known.pop(value_type, None)
        rows = [codec.row(value, self.register, self.revision, self.now) for value in values]
        if rows:
            self.connection.execute(_inserting(codec), rows)

    def _close(self, value_type: type[Any], ids: list[str]) -> None:
        close, undo = _closing(CODECS[value_type])
        known: Collection[str] = self.written.get(value_type, frozenset())
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            said = {"of_register": self.register, "of_ids": chunk, "at_revision": self.revision}
            if any(id_ in known for id_ in chunk):
                # Twice in one transaction is one change: what nobody has seen is not history.
                self.connection.execute(undo, said)
            self.connection.execute(close, said)

"""Reading and writing bitemporal facts: one way for every noun.

A `Reader` sees a register as known at one revision (or now); a `Writer` adds a revision. There is no update and no
delete of a fact: `put` closes what was known and inserts what is known from this revision on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.delegation import Authority, Confirmation, Grant, Inspection, LeavingCase
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.names import RegisterId
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
from access_service.storage import tables
from access_service.storage.codec import Codec

T = TypeVar("T")


def _scope_unit(grant: Grant) -> str:
    return grant.scope.unit


CODECS: dict[type[Any], Codec[Any]] = {
    value_type: Codec(
        value_type, tables.table(row_type), {"scope_unit": _scope_unit} if value_type is Grant else None
    )
    for value_type, row_type in (
        (Unit, tables.UnitRow),
        (ManagementEdge, tables.EdgeRow),
        (Succession, tables.SuccessionRow),
        (SchoolYear, tables.SchoolYearRow),
        (SchoolClass, tables.SchoolClassRow),
        (Person, tables.PersonRow),
        (Assignment, tables.AssignmentRow),
        (Account, tables.AccountRow),
        (Suspension, tables.SuspensionRow),
        (Custody, tables.CustodyRow),
        (Authority, tables.AuthorityRow),
        (Grant, tables.GrantRow),
        (Confirmation, tables.ConfirmationRow),
        (Inspection, tables.InspectionRow),
        (LeavingCase, tables.LeavingCaseRow),
        (Document, tables.DocumentRow),
        (Signature, tables.SignatureRow),
        (PackBinding, tables.BindingRow),
    )
}
NOUNS = {
    ManagementEdge: "management edge",
    SchoolYear: "school year",
    SchoolClass: "class",
    LeavingCase: "leaving case",
    PackBinding: "pack binding",
}
_CHUNK = 500
"""Values in one `IN (…)`: well below every database's limit on parameters."""


def _id_of(value: Any) -> str:
    return str(value.id)


class Reader:
    """One register, as known at one revision: every question of a use case sees the same state (rule 15)."""

    def __init__(self, connection: Connection, register: RegisterId, known_at: int | None = None) -> None:
        """`known_at` is a revision; None reads what is known now."""
        self.connection = connection
        self.register = register
        self.known_at = known_at

    def _visible(self, codec: Codec[Any]) -> ColumnElement[bool]:
        columns = codec.table.c
        if self.known_at is None:
            return and_(columns.register_id == self.register, columns.to_rev.is_(None))
        return and_(
            columns.register_id == self.register,
            columns.from_rev <= self.known_at,
            or_(columns.to_rev.is_(None), columns.to_rev > self.known_at),
        )

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """Values whose columns equal what is named (a list or set: any of them), ordered by id."""
        codec = CODECS[value_type]
        conditions = [self._visible(codec), *where]
        many: tuple[str, Sequence[object]] | None = None
        for name, wanted in equals.items():
            column = codec.table.c[name]
            if isinstance(wanted, list | tuple | set | frozenset):
                items = sorted(set(wanted), key=str)
                if not items:
                    return []
                if len(items) > _CHUNK and many is None:
                    many = (name, items)
                    continue
                conditions.append(column.in_(items))
            else:
                conditions.append(column.is_(None) if wanted is None else column == wanted)
        chunks: list[Sequence[object] | None] = [None]
        if many is not None:
            chunks = [many[1][i : i + _CHUNK] for i in range(0, len(many[1]), _CHUNK)]
        found: list[T] = []
        for chunk in chunks:
            here = [*conditions, codec.table.c[many[0]].in_(chunk)] if many and chunk else conditions
            statement = select(codec.table).where(*here)
            found += [codec.value(dict(row)) for row in self.connection.execute(statement).mappings()]
        # Not ORDER BY: a PostgreSQL collation may put ids in another order than bytes do, and chunks are apart.
        return sorted(found, key=_id_of)

    def first(self, value_type: type[T], **equals: object) -> T | None:
        """The value with the smallest id among those found, or None."""
        return next(iter(self.find(value_type, **equals)), None)

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        return self.first(value_type, id=id_)

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

    def put(self, *values: Any) -> None:
        """Make each value what is known from this revision on, in place of what stood under its id."""
        by_type: dict[type[Any], list[Any]] = {}
        for value in values:
            by_type.setdefault(type(value), []).append(value)
        for value_type, group in by_type.items():
            self._close(value_type, [value.id for value in group])
            self.add(value_type, group)

    def add(self, value_type: type[T], values: Iterable[T]) -> None:
        """Insert facts whose ids are new: the bulk way, for imports."""
        codec = CODECS[value_type]
        rows = [codec.row(value, self.register, self.revision, self.now) for value in values]
        if rows:
            self.connection.execute(insert(codec.table), rows)

    def _close(self, value_type: type[Any], ids: list[str]) -> None:
        columns = CODECS[value_type].table.c
        table = CODECS[value_type].table
        for start in range(0, len(ids), _CHUNK):
            here = and_(columns.register_id == self.register, columns.id.in_(ids[start : start + _CHUNK]))
            # Twice in one transaction is one change: what nobody has seen is not history.
            self.connection.execute(delete(table).where(here, columns.from_rev == self.revision))
            self.connection.execute(
                update(table).where(here, columns.to_rev.is_(None)).values(to_rev=self.revision)
            )

"""Finding accounts and classes in bulk: the candidates of a search, never its answer."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, and_, func, or_, select

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountId, ClassId, GrantId, UnitId
from access_service.domain.org import Assignment, SchoolClass, Unit
from access_service.domain.software import SOFTWARE_ROLE, Approval, ApprovalFacts, Software
from access_service.domain.standing import AccountFacts, GrantFacts
from access_service.storage.codec import utc
from access_service.storage.facts import CODECS, Reader
from access_service.storage.org import StoredOrg
from access_service.storage.standing import Gatherer, suspensions_by_account
from access_service.storage.tables import CounterRow, RevisionRow, table

_counters = table(CounterRow)
T = TypeVar("T", int, str)
IDS_AT_ONCE = 500
"""Ids in one query."""


class Newest(NamedTuple):
    """Where a register stands, as one transaction sees it."""

    revision: int
    recorded_at: datetime
    """When something was last recorded: no clock of ours may be before it."""


def read_newest(reader: Reader) -> Newest | None:
    """The register's counter, or None when there is no such register. The first statement fixes the snapshot."""
    columns = _counters.c
    statement = select(columns.n, columns.recorded_at).where(columns.register_id == reader.register)
    row = reader.connection.execute(statement).first()
    return None if row is None else Newest(int(row[0]), utc(row[1]))


class ClassRow(NamedTuple):
    """What a search needs to know of a class."""

    id: ClassId
    school: UnitId
    level: str
    grade: str
    school_year: str
    known_from: int
    """The revision that recorded it as it is."""


def class_rows(reader: Reader, *, after: int = 0) -> Iterator[ClassRow]:
    """Every class of the register that a revision later than `after` recorded, in no order."""
    statement = _class_rows(reader).where(CODECS[SchoolClass].table.c.from_rev > after)
    yield from map(ClassRow._make, reader.connection.execute(statement))


def _class_rows(reader: Reader) -> Select[Any]:
    columns = CODECS[SchoolClass].table.c
    names = (columns.id, columns.school, columns.level, columns.grade, columns.school_year, columns.from_rev)
    return select(*names).where(reader.visible(SchoolClass))


def class_rows_of(reader: Reader, schools: Collection[UnitId], classes: Collection[ClassId]) -> Iterator[ClassRow]:
    """The classes of these schools, and these classes, in no order; some come twice."""
    columns = CODECS[SchoolClass].table.c
    for column, wanted in ((columns.school, sorted(schools)), (columns.id, sorted(classes))):
        for start in range(0, len(wanted), IDS_AT_ONCE):
            statement = _class_rows(reader).where(column.in_(wanted[start : start + IDS_AT_ONCE]))
            yield from map(ClassRow._make, reader.connection.execute(statement))


def organisation_size(reader: Reader) -> tuple[int, int]:
    """How many classes and units the register has."""
    classes, units = (
        reader.connection.execute(
            select(func.count()).select_from(CODECS[kind].table).where(reader.visible(kind))
        ).scalar_one()
        for kind in (SchoolClass, Unit)
    )
    return int(classes), int(units)


def read_holders(
    reader: Reader, units: Collection[UnitId] | None, roles: Collection[str], now: datetime
) -> list[AccountId]:
    """Accounts with a grant of one of these roles whose scope's unit is one of `units` and whose time is not over.

    None as `units`: wherever it is. A superset of who may do something there: nothing but what can never allow at
    `now` is left out. In byte order.
    """
    codec = CODECS[Grant]
    columns = codec.table.c
    statement = select(columns.account).where(
        reader.visible(Grant),
        *([] if units is None else [columns.scope_unit.in_(sorted(units))]),
        columns.role.in_(sorted(roles)),
        or_(columns.ended_at.is_(None), columns.ended_at > now),
        or_(columns.valid_to.is_(None), columns.valid_to > now),
    )
    found = {AccountId(account) for (account,) in reader.connection.execute(statement)}
    if SOFTWARE_ROLE in roles:
        found |= _software(reader, units, now)
    # Not DISTINCT: SQLite would walk every grant by account instead of looking for the units. Not ORDER BY: a
    # PostgreSQL collation may put ids in another order than bytes do.
    return sorted(found)


def _software(reader: Reader, units: Collection[UnitId] | None, now: datetime) -> set[AccountId]:
    """Accounts of software with an approval for one of these units whose term is not over.

    What an authority leaves of an approval lies in the paper's unit or below, so `units`, a chain, names that too.
    """
    papers, software = CODECS[Approval], CODECS[Software]
    statement = (
        select(software.table.c.account)
        .join(
            papers.table,
            and_(
                papers.table.c.register_id == software.table.c.register_id,
                papers.table.c.software == software.table.c.id,
            ),
        )
        .where(
            reader.visible(Approval),
            reader.visible(Software),
            *([] if units is None else [papers.table.c.scope_unit.in_(sorted(units))]),
            papers.table.c.valid_to > now,
            or_(papers.table.c.withdrawn_at.is_(None), papers.table.c.withdrawn_at > now),
        )
    )
    return {AccountId(account) for (account,) in reader.connection.execute(statement)}


def read_grants_beyond(reader: Reader, inner: Collection[UnitId]) -> list[GrantId]:
    """Grants about another unit than that of their duty, or about one of `inner`, the units that manage others."""
    grants, duties = CODECS[Grant].table, CODECS[Assignment].table
    statement = (
        select(grants.c.id)
        .join(duties, and_(duties.c.register_id == grants.c.register_id, duties.c.id == grants.c.assignment))
        .where(
            reader.visible(Grant),
            reader.visible(Assignment),
            or_(duties.c.unit != grants.c.scope_unit, grants.c.scope_unit.in_(sorted(inner))),
        )
    )
    return [GrantId(id_) for (id_,) in reader.connection.execute(statement)]


def read_roles_held(reader: Reader, accounts: Iterable[str], at: datetime) -> dict[str, frozenset[str]]:
    """The roles of the rights in force at an instant, by account, whoever gave them; papers are not asked."""
    columns = CODECS[Grant].table.c
    found: dict[str, set[str]] = {}
    wanted = sorted(set(accounts))
    for start in range(0, len(wanted), IDS_AT_ONCE):
        statement = select(columns.account, columns.role).where(
            reader.visible(Grant),
            columns.account.in_(wanted[start : start + IDS_AT_ONCE]),
            columns.activated_at <= at,
            columns.valid_from <= at,
            or_(columns.ended_at.is_(None), columns.ended_at > at),
            or_(columns.valid_to.is_(None), columns.valid_to > at),
        )
        for account, role in reader.connection.execute(statement):
            found.setdefault(account, set()).add(role)
    return {account: frozenset(roles) for account, roles in found.items()}


def read_first_recorded(reader: Reader, value_type: type[Any], ids: Iterable[str]) -> dict[str, datetime]:
    """When each fact was first recorded, by its id."""
    columns, revisions = CODECS[value_type].table.c, table(RevisionRow).c
    first: dict[str, int] = {}
    for some in _chunks(ids):
        statement = (
            select(columns.id, func.min(columns.from_rev))
            .where(columns.register_id == reader.register, columns.id.in_(some))
            .group_by(columns.id)
        )
        first |= {str(id_): int(n) for id_, n in reader.connection.execute(statement)}
    recorded: dict[int, datetime] = {}
    for numbers in _chunks(first.values()):
        instants = select(revisions.n, revisions.recorded_at).where(
            revisions.register_id == reader.register, revisions.n.in_(numbers)
        )
        recorded |= {n: utc(at) for n, at in reader.connection.execute(instants)}
    return {id_: recorded[n] for id_, n in first.items() if n in recorded}


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    wanted = sorted(set(items))
    for start in range(0, len(wanted), IDS_AT_ONCE):
        yield wanted[start : start + IDS_AT_ONCE]


class BulkGatherer(Gatherer):
    """Gathers hundreds of accounts in as many questions as one takes."""

    def __init__(self, reader: Reader, org: StoredOrg) -> None:
        """`reader` fixes the register and the revision."""
        super().__init__(reader, org)
        self._fetched: dict[AccountId, AccountFacts] = {}

    def fetch(self, ids: Collection[AccountId], at: datetime) -> None:
        """Gather these accounts now; `account` then has them, for the same instant."""
        wanted = sorted(ids)
        found = self.reader.find(Account, id=wanted)
        suspensions = suspensions_by_account(self.reader, found)
        facts: dict[AccountId, list[GrantFacts]] = {}
        for g in self.grants(self.reader.find(Grant, account=wanted), at):
            facts.setdefault(g.grant.account, []).append(g)
        approvals: dict[AccountId, list[ApprovalFacts]] = {}
        for a in self.approvals(self.reader.find(Software, account=wanted), at):
            approvals.setdefault(a.software.account, []).append(a)
        for account in found:
            laid_on, held = suspensions[account.id], facts.get(account.id, ())
            allowed = approvals.get(account.id, ())
            self._fetched[account.id] = AccountFacts(account, tuple(laid_on), tuple(held), tuple(allowed))

    def account(self, id_: AccountId, at: datetime) -> AccountFacts | None:
        """Everything about one account, fetched before or asked for now."""
        return self._fetched.get(id_) or super().account(id_, at)

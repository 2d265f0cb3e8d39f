"""Everything that a decision about one account asks, in one statement.

A decision from cold asked some twenty small questions, each a tenth of a millisecond of work around a look-up of a
few microseconds. One statement gathers what they ask for: the account, its duties, grants, papers, what stands in
for it, and above its grants the authorities, units, edges, bound packs and pauses. `AccountReader` answers those
questions from what was read, and asks the database whatever else it is asked: what is read here saves time, and
nothing rests on its being complete.

PostgreSQL guesses that climbing from a handful of units ends at thousands, and walked every unit, edge and pause
beside them: in a nation an account from cold took as long as there were schools. What keeps it from that stands
where it is done (docs/decisions/0165).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.types import TypeEngine

from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import AccountId
from access_service.domain.org import Assignment, ManagementEdge, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.storage.bare import Bare, then
from access_service.storage.codec import Codec, Convert
from access_service.storage.facts import CODECS, Reader

T = TypeVar("T")
_WHOLE = (AuthorityMove, SchoolYear)
"""Of these a register has few, and all are read."""
_SHARED = (Authority, AuthorityMove, ManagementEdge, PackBinding, SchoolYear, Unit)
_NOTHING: dict[str, Any] = {}
_KEPT = 4_096
"""Values of each of these that are remembered by their rows."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """Which columns of the one statement are the fields of a type."""

    value_type: type[Any]
    places: tuple[tuple[int, Convert | None], ...]
    shared: Callable[[Any], Any] | None = None
    """As `value`, for facts that whole schools have in common: equal rows are one value."""

    def value(self, row: Any) -> Any:
        return self.value_type(
            *[item if (item := row[place]) is None or load is None else load(item) for place, load in self.places]
        )

    def read_by(self, loads: Sequence[Convert | None]) -> "_Branch":
        """The same for cells as a driver gives them. Of shared facts equal rows are looked at once."""
        places = tuple((place, then(loads[place], load)) for place, load in self.places)
        own = _Branch(self.value_type, places)
        return own if self.value_type not in _SHARED else replace(own, shared=lru_cache(_KEPT)(own.value))


class _Statement:
    """The one statement, and how its rows are read on each kind of database."""

    def __init__(self, asked: CompoundSelect[Any], types: Sequence[TypeEngine[Any]], branches: Sequence[_Branch]):
        self.asked = Bare(asked, types)
        self.types = tuple(branch.value_type for branch in branches)
        self._branches = branches
        self._read_by: dict[int, tuple[_Branch, ...]] = {}

    def branches(self, connection: Connection) -> tuple[_Branch, ...]:
        """By the number that a row begins with."""
        loads = self.asked.loads(connection)
        # A statement keeps the loads of each kind of database for good.
        found = self._read_by.get(id(loads))
        if found is None:
            made = tuple(branch.read_by(loads) for branch in self._branches)
            found = self._read_by.setdefault(id(loads), made)
        return found


def _known(value_type: type[Any], is_past: bool) -> list[ColumnElement[bool]]:
    columns = CODECS[value_type].table.c
    here: list[ColumnElement[bool]] = [columns.register_id == bindparam("register")]
    if not is_past:
        return [*here, columns.to_rev.is_(None)]
    known_at = bindparam("known_at", type_=Integer)
    return [*here, columns.from_rev <= known_at, or_(columns.to_rev.is_(None), columns.to_rev > known_at)]


def _of(value_type: type[Any], is_past: bool, *names: str) -> Select[Any]:
    columns = CODECS[value_type].table.c
    return select(*(columns[name] for name in names)).where(*_known(value_type, is_past))


def _among(column: ColumnElement[Any], asked: Select[Any], is_postgresql: bool) -> ColumnElement[bool]:
    """The column is one of those: for PostgreSQL an array, which it takes for ten and looks up by index."""
    if is_postgresql:
        return column == any_(func.array(asked.scalar_subquery()))
    return column.in_(asked)


def _givers(held: CTE, is_past: bool) -> CTE:
    """The authorities of these grants, what each hangs under or ever passed to, and so on up."""
    found: CTE = select(held.c.authority.label("id")).cte("givers", recursive=True)
    moves = _of(AuthorityMove, is_past, "authority", "parent").subquery()
    # A recursive part may name what it makes once: each authority stands twice, for its parent and for its moves.
    ways = union_all(select(literal(0).label("way")), select(literal(1))).subquery()
    # A question in place of a join: SQLite would walk every authority and look for it among the few.
    own = CODECS[Authority].table.c
    parent = select(own.parent).where(*_known(Authority, is_past), own.id == found.c.id).scalar_subquery()
    steps = (
        select(case((ways.c.way == 0, parent), else_=moves.c.parent))
        .select_from(found)
        .join(ways, true())
        .outerjoin(moves, and_(ways.c.way == 1, moves.c.authority == found.c.id))
    )
    # Above the root is NULL, which nothing equals.
    return found.union(steps)


def _places(seeds: Select[Any], is_past: bool, is_postgresql: bool) -> CTE:
    """Units, and every unit that manages one of them or ever did."""
    found: CTE = seeds.cte("places", recursive=True)
    if is_postgresql:
        # A question for each unit that was found; OFFSET keeps it from becoming a join with every edge.
        own = _of(ManagementEdge, is_past, "manager").where(CODECS[ManagementEdge].table.c.unit == found.c.id)
        each = own.offset(literal_column("0")).lateral()
        return found.union(select(each.c.manager).select_from(found.join(each, true())))
    edges = _of(ManagementEdge, is_past, "unit", "manager").subquery()
    return found.union(select(edges.c.manager).join(found, found.c.id == edges.c.unit))


@lru_cache(maxsize=4)
def _statement(is_past: bool, is_postgresql: bool) -> _Statement:
    """Made once for now and once for the past, for each database."""

    def among(column: ColumnElement[Any], asked: Select[Any]) -> ColumnElement[bool]:
        return _among(column, asked, is_postgresql)

    id_: BindParameter[str] = bindparam("account")
    c = {kind: CODECS[kind].table.c for kind in CODECS}
    account = _of(Account, is_past, "person").where(c[Account].id == id_)
    grants = (
        _of(Grant, is_past, "id", "document", "assignment", "authority", "unit", "scope_unit")
        .where(c[Grant].account == id_)
        .cte("held")
    )
    authorities = _givers(grants, is_past)
    givers = (
        _of(Authority, is_past, "id", "unit")
        .where(among(c[Authority].id, select(authorities.c[0])))
        .cte("standing")
    )
    duties = _of(Assignment, is_past, "unit").where(among(c[Assignment].id, select(grants.c.assignment)))
    seeds = union_all(
        select(grants.c.unit.label("id")), select(grants.c.scope_unit), select(givers.c.unit), duties
    ).subquery()
    units = _places(select(seeds.c.id), is_past, is_postgresql)
    wanted: list[tuple[type[Any], ColumnElement[bool] | None]] = [
        (Account, c[Account].id == id_),
        (Assignment, among(c[Assignment].person, account)),
        (Assignment, among(c[Assignment].substitutes, select(grants.c.assignment))),
        (Grant, c[Grant].account == id_),
        (Document, among(c[Document].id, select(grants.c.document))),
        (Document, among(c[Document].receiver, account)),
        (Suspension, c[Suspension].target == id_),
        (Suspension, among(c[Suspension].target, select(grants.c.id))),
        (Suspension, among(c[Suspension].target, select(authorities.c[0]))),
        (Suspension, among(c[Suspension].target, select(units.c[0]))),
        (Authority, among(c[Authority].id, select(authorities.c[0]))),
        (Unit, among(c[Unit].id, select(units.c[0]))),
        (ManagementEdge, among(c[ManagementEdge].unit, select(units.c[0]))),
        (PackBinding, among(c[PackBinding].unit, select(units.c[0]))),
        *((kind, None) for kind in _WHOLE),
    ]
    slots = _slots([CODECS[kind] for kind, _ in wanted])
    selects, branches = [], []
    for number, (kind, where) in enumerate(wanted):
        codec, taken, places = CODECS[kind], dict[int, Any](), []
        free = {key: iter(numbers) for key, numbers in slots[0].items()}
        for name, _, load in codec._fields:
            column = codec.table.c[name]
            slot = next(free[_key(column.type)])
            taken[slot] = column
            places.append((slot + 1, load))
        cells = [taken.get(slot, cast(null(), type_)) for slot, type_ in enumerate(slots[1])]
        asked = select(literal(number, Integer).label("n"), *(x.label(f"c{i}") for i, x in enumerate(cells)))
        asked = asked.select_from(codec.table).where(*_known(kind, is_past))
        selects.append(asked if where is None else asked.where(where))
        branches.append(_Branch(kind, tuple(places)))
    return _Statement(union_all(*selects), (Integer(), *slots[1]), branches)


def _key(type_: TypeEngine[Any]) -> str:
    """Types that share a column: text of any length is one."""
    return str(type_).replace("TEXT", "VARCHAR")


def _slots(codecs: Collection[Codec[Any]]) -> tuple[dict[str, list[int]], list[TypeEngine[Any]]]:
    """Columns that every type shares: of each kind as many as the type with most of them has."""
    most: dict[str, list[TypeEngine[Any]]] = {}
    for codec in codecs:
        own: dict[str, list[TypeEngine[Any]]] = {}
        for name, _, _ in codec._fields:
            type_ = codec.table.c[name].type
            own.setdefault(_key(type_), []).append(type_)
        for key, types in own.items():
            most[key] = max(most.get(key, []), types, key=len)
    numbers: dict[str, list[int]] = {}
    types_: list[TypeEngine[Any]] = []
    for key, types in most.items():
        numbers[key] = list(range(len(types_), len(types_) + len(types)))
        types_ += types
    return numbers, types_


class AccountReader(Reader):
    """A reader that reads what is about to be asked of an account before it is asked."""

    def __init__(self, reader: Reader) -> None:
        """The same register and revision, in the same transaction."""
        super().__init__(reader.connection, reader.register, reader.known_at)
        self._account: AccountId | None = None
        self._read: dict[type[Any], dict[str, Any]] = {}
        self._covered: dict[tuple[type[Any], str], frozenset[str | None]] = {}

    def read_account(self, account: AccountId) -> None:
        """Read everything about this account."""
        if self._account == account:
            return
        statement = _statement(self.known_at is not None, self.connection.dialect.name == "postgresql")
        said = {"register": self.register, "account": account}
        if self.known_at is not None:
            said["known_at"] = self.known_at  # type: ignore[assignment]
        read: dict[type[Any], dict[str, Any]] = {kind: {} for kind in statement.types}
        branches = statement.branches(self.connection)
        for row in statement.asked.rows(self.connection, said):
            branch = branches[row[0]]
            value = branch.shared(tuple(row)) if branch.shared is not None else branch.value(row)
            read[branch.value_type][value.id] = value
        self._account, self._read = account, read
        found, grants = read[Account].get(account), read[Grant].values()
        person = frozenset() if found is None or found.person is None else frozenset({found.person})
        units = frozenset(read[Unit])
        held = frozenset(g.assignment for g in grants if g.assignment is not None)
        targets = {account, *read[Grant], *read[Authority], *read[Unit]}
        self._covered = {
            (Account, "id"): frozenset({account}),
            (Assignment, "person"): person,
            (Assignment, "substitutes"): held,
            (Grant, "account"): frozenset({account}),
            (Document, "receiver"): person,
            (Suspension, "target"): frozenset(targets),
            (ManagementEdge, "unit"): units,
            (PackBinding, "unit"): units,
        }

    def get(self, value_type: type[T], id_: str) -> T | None:
        """From what was read, where it is there."""
        found: T | None = self._read.get(value_type, _NOTHING).get(id_)
        return super().get(value_type, id_) if found is None else found

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """From what was read where that is everything that is asked for."""
        known = self._read.get(value_type)
        if known is None or where:
            return super().find(value_type, *where, **equals)
        if len(equals) == 1:
            # Most questions are for one fact or for those of one unit.
            ((name, one),) = equals.items()
            if isinstance(one, str):
                if name == "id" and one in known:
                    return [known[one]]
                if one in self._covered.get((value_type, name), ()):
                    return sorted((v for v in known.values() if getattr(v, name) == one), key=_by_id)
        wanted = {name: _several(value) for name, value in equals.items()}
        if not self._is_covered(value_type, known, wanted):
            return super().find(value_type, **equals)
        ids = wanted.get("id")
        values: Iterable[T] = known.values() if ids is None else (known[i] for i in ids if i in known)
        rest = [(name, items) for name, items in wanted.items() if name != "id"]
        found = [v for v in values if all(getattr(v, name) in items for name, items in rest)]
        return sorted(found, key=_by_id)

    def _is_covered(self, value_type: type[Any], known: dict[str, Any], wanted: dict[str, frozenset[Any]]) -> bool:
        if value_type in _WHOLE:
            return True
        if any(not items for items in wanted.values()):
            return True
        ids = wanted.get("id")
        if ids is not None and known.keys() >= ids:
            return True
        return any(items <= self._covered.get((value_type, name), frozenset()) for name, items in wanted.items())


def _by_id(value: Any) -> str:
    return str(value.id)


def _several(value: object) -> frozenset[Any]:
    return frozenset(value) if isinstance(value, list | tuple | set | frozenset) else frozenset((value,))

"""What one read transaction knows of accounts, units and classes, in the shape that decisions compare with.

Everything read carries the time for which it stays true without a new fact, so that whoever keeps it in memory
knows when to look again (a decision is a function of revision and now, architecture section 6).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.domain.org import ManagementEdge, SchoolYear, chain_of
from access_service.domain.policy import PackBinding, PeriodLock
from access_service.domain.standing import standing
from access_service.domain.time import Interval
from access_service.engine.compiled_pack import CellKey, CompiledPack, locks_by_cell
from access_service.engine.decide import OnDemand, Place, Site, site_of
from access_service.engine.snapshots import NEVER, Snapshot, flatten
from access_service.storage.account_facts import AccountReader
from access_service.storage.connecting import memory_of
from access_service.storage.facts import Reader
from access_service.storage.many_accounts import ManyAccountsReader
from access_service.storage.org import StoredOrg
from access_service.storage.standing import Gatherer

Locks = Mapping[CellKey, tuple[PeriodLock, ...]]
"""Period locks by (category, action)."""


class LockIndex:
    """Period locks of a pack for one kind of unit, by (category, action); made once for each pack and kind."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Locks] = {}

    def of(self, tables: CompiledPack | None, kind: str) -> Locks:
        """The locks that concern this kind of unit."""
        if tables is None:
            return {}
        key = (tables.pack.digest, kind)
        if key not in self._found:
            self._found[key] = locks_by_cell(tables.pack, kind)
        return self._found[key]


class Reading:
    """An `engine.decide.Places` over one transaction at one instant; what it read can be kept by a `View`."""

    def __init__(self, reader: Reader, now: datetime, locks: LockIndex) -> None:
        """`reader` fixes register and revision, `now` the instant of every answer."""
        self.memory = memory_of(reader.connection)
        if not isinstance(reader, ManyAccountsReader):
            reader = AccountReader(reader)
        self.org = StoredOrg(reader)
        self.gather = Gatherer(reader, self.org)
        self.now = now
        self._instant = now.timestamp()
        self.accounts: dict[AccountId, Snapshot] = {}
        self.unknown_accounts: set[AccountId] = set()
        self.unknown_classes: set[ClassId] = set()
        self.until = NEVER
        """When time alone next changes something of the units and classes that were read."""
        self.units: OnDemand[UnitId, Place] = OnDemand(self._place)
        self.sites: OnDemand[ClassId, Site] = OnDemand(self._site)
        self._locks = locks
        self._above: dict[UnitId, float] = {}
        self._known_years: frozenset[str] | None = None

    def _site(self, class_id: ClassId) -> Site | None:
        """The class and its school. A class of a past school year stays one: its records are still read."""
        found = self.org.school_class(class_id)
        if found is None:
            self.unknown_classes.add(class_id)
            return None
        try:
            return site_of(found, self.units[found.school], self.memory)
        except KeyError:
            return site_of(found, None, self.memory)

    def snapshot(self, id_: AccountId) -> Snapshot | None:
        """The account at this instant; None when the register has no such account.

        Raises `UnavailableError` where the register contradicts itself, so that nothing is decided on it.
        """
        if id_ not in self.accounts:
            try:
                found = self._snapshot(id_)
            except RefusedError as error:
                raise UnavailableError(f"the facts behind the account cannot be read: {error.message}") from error
            if found is None:
                self.unknown_accounts.add(id_)
                return None
            self.accounts[id_] = found
        return self.accounts[id_]

    def read_accounts(self, many: ManyAccountsReader, accounts: Sequence[AccountId]) -> None:
        """Read what is behind these accounts at once, so that their snapshots ask nothing."""
        grants = many.load(accounts)
        try:
            self.gather.gather_ahead(grants, self.now)
        except RefusedError:
            # One whose facts contradict each other: each is gathered by itself.
            self.gather.forget_grants()

    def forget_accounts(self) -> None:
        """Let go of what was read of accounts, not of what they share."""
        self.accounts = {}
        self.unknown_accounts = set()
        self.gather.forget_grants()

    def _snapshot(self, id_: AccountId) -> Snapshot | None:
        facts = self.gather.account(id_, self.now)
        if facts is None:
            return None
        found = standing(facts, self.now)
        until = NEVER if found.until is None else found.until.timestamp()
        # Which documents a grant needs is the pack's, and the pack in force may change with a binding or an edge.
        units = {g.grant.unit for g in facts.grants}
        # Whether a grant lies within its giver's authority is asked along the edges of the day.
        units |= {unit for g in facts.grants for unit in (g.grant.scope.unit, *g.above)}
        for approval in facts.approvals:
            # What an authority leaves of an approval is compared unit by unit, along today's edges.
            units |= {approval.software.unit, approval.approval.scope.unit}
            units |= {share.authority.scope.unit for share in approval.shares}
        until = min([until, *map(self._until_above, units)])
        return flatten(found, self.memory, until, facts.rests, self._instant)

    def _until_above(self, unit: UnitId) -> float:
        """When time next changes something of the unit's chain or of the packs bound along it."""
        found = self._above.get(unit)
        if found is None:
            chain = chain_of(self.org, unit, self.now)
            found = self._above[unit] = _next(self.now, self._instants(chain))
        return found

    def _place(self, id_: UnitId) -> Place | None:
        """The unit, or None where the register has none that stands at that instant."""
        unit = self.org.unit(id_)
        if unit is None or self.now not in Interval(unit.valid_from, unit.valid_to):
            return None
        try:
            chain = chain_of(self.org, id_, self.now)
        except RefusedError as error:
            raise UnavailableError(error.message) from error
        tables = self.gather.tables_for(id_, self.now)
        self.until = min(self.until, _next(self.now, [unit.valid_from, unit.valid_to, *self._instants(chain)]))
        return Place(
            unit=id_,
            kind=unit.kind,
            levels=frozenset(map(str, unit.levels)),
            chain=frozenset(chain),
            tables=tables,
            locks=self._locks.of(tables, unit.kind),
            years=self._years(),
        )

    def _years(self) -> frozenset[str]:
        """Every school year of the register; a new one moves every place (`Moved.moves_years`)."""
        if self._known_years is None:
            self._known_years = frozenset(year.id for year in self.gather.reader.find(SchoolYear))
        return self._known_years

    def _instants(self, chain: Iterable[UnitId]) -> Iterator[datetime | None]:
        """Every instant at which the chain, or the pack bound along it, may change."""
        for unit in chain:
            facts: list[ManagementEdge | PackBinding] = [*self.org.edges_of(unit), *self.org.bindings_of(unit)]
            for fact in facts:
                yield from (fact.valid_from, fact.valid_to)


def _next(now: datetime, instants: Iterable[datetime | None]) -> float:
    """The nearest of the instants after `now`, in seconds since the epoch."""
    return min(
        (instant.timestamp() for instant in instants if instant is not None and instant > now), default=NEVER
    )

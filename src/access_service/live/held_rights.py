"""What issuing and checking tokens knows of a register, in memory, at one revision.

A right is a grant or an approval that is effective now, as boxes of data: the cells that the policy gives its role,
within its scope. What is held here is worked out from the same facts as decisions (`domain.access.standing`) and
carries the instant at which time alone changes it; a new revision drops what may have changed. Every look goes
through `RightsNow`, which refuses once the view has moved: what one token rests on is of one revision (rule 15).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

from access_service.domain.delegation import Grant
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId, AccountKind, ClassId, RegisterId, UnitId
from access_service.domain.observing import Observation, observed_units
from access_service.domain.org import is_below
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import DEPTH, Reason
from access_service.domain.software import Approval, Client, Software
from access_service.domain.standing import AccountFacts, standing
from access_service.domain.time import Interval
from access_service.domain.tokens import AccessDetail, details_of
from access_service.engine.compiled_pack import CellKey, CompiledPack
from access_service.engine.snapshots import NEVER
from access_service.live.gathered import LockIndex, Reading
from access_service.live.keeper import Budget, Dropping, NotInViewError, Recent
from access_service.live.revoked import RevokedNow, TokenNews, lineage
from access_service.storage.facts import Reader
from access_service.storage.software import client_by_id

K = TypeVar("K")
V = TypeVar("V")
MissKind = Literal["register", "client", "holding", "unit", "class", "database"]


class NotInStateError(Exception):
    """Memory does not hold what a token needs: `TokenPoint.waiting` reads it, who may not wait is refused."""

    def __init__(self, kind: MissKind, key: str, register: RegisterId | None = None) -> None:
        """`register` is None for a client whose register is not known yet."""
        super().__init__(kind)
        self.kind = kind
        self.key = key
        self.register = register


class Known(NamedTuple):
    """A client with the software whose it is."""

    client: Client
    software: Software
    observed: Mapping[UnitId, Interval] = MappingProxyType({})
    """Where its answers are not enforced, and in which time."""


class ClassPlace(NamedTuple):
    """Where a class lies."""

    school: UnitId
    level: str
    grade: str


NOWHERE = ClassPlace(UnitId(""), "", "")
"""Where a class lies that there is none of."""


@dataclass(frozen=True, slots=True)
class HeldRight:
    """A grant or approval that is effective."""

    id: str
    boxes: tuple[AccessDetail, ...]
    documents: frozenset[str]
    """Minutes, commitments, the decision; for an approval itself."""
    policy: frozenset[str]
    """SHA-256 of the packs that say what its role gives."""
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds from `start` until `until`, in seconds since the epoch."""

    account: AccountId
    is_service: bool
    stopped: Reason | None
    """Why the account as a whole holds nothing, or None."""
    rights: Mapping[str, HeldRight]
    lacking: Reason
    """Why there is no right, where there is none."""
    start: float
    until: float
    lost: Mapping[str, Reason] = field(default_factory=dict)
    """Why a grant or approval that it once had gives nothing now."""


CLIENT_BYTES, HOLDING_BYTES, RIGHT_BYTES, CHAIN_BYTES, CLASS_BYTES = 1200, 600, 1600, 480, 260
"""A client with its software; an account, and each of its rights with its boxes; a unit; a class."""


class KeptRights:
    """What tokens ask of one register, at one revision."""

    def __init__(self, budget: Budget) -> None:
        self.clients: Recent[str, Known] = Recent(budget, lambda _: CLIENT_BYTES)
        self.holdings: Recent[AccountId, Holding] = Recent(budget, _weigh_holding)
        self.chains: Recent[UnitId, frozenset[UnitId]] = Recent(budget, lambda _: CHAIN_BYTES)
        self.classes: Recent[ClassId, ClassPlace] = Recent(budget, lambda _: CLASS_BYTES)
        self.org_until = NEVER
        """When time alone next changes a chain that is kept."""

    def hear(self, news: TokenNews | None) -> None:
        """Which clients are to be read again; all of them where nobody looked."""
        if news is None:
            self.clients.forget()
            return
        for client in news.clients:
            self.clients.drop(client)

    def plan(self, moved: Moved | None) -> Dropping:
        """Rights of those who are named, of everybody where a unit or authority is; classes that were none."""
        if moved is None:
            return self.forget
        # A new class changes nobody's rights. What was no class may be one.
        absent = [id_ for id_, place in self.classes.everything() if place is NOWHERE or id_ in moved.units]

        def drop() -> None:
            self.classes.drop_all(absent)
            if moved.units:
                self.holdings.forget()
                self.chains.forget()
            else:
                self.holdings.drop_all(moved.accounts)

        return drop

    def forget(self) -> None:
        """Drop everything."""
        self.clients.forget()
        self.holdings.forget()
        self.classes.forget()
        self.forget_chains()

    def forget_chains(self) -> None:
        """Drop what time changes all at once."""
        self.chains.forget()
        self.org_until = NEVER


def _weigh_holding(held: Holding) -> int:
    return HOLDING_BYTES + RIGHT_BYTES * len(held.rights)


@dataclass(frozen=True, slots=True)
class RightsNow:
    """A register at one revision, as one question about a token sees it: nothing of a later one is mixed in."""

    register: RegisterId
    revision: int
    kept: KeptRights
    taken: RevokedNow
    """What was taken back in the last life of a token."""
    looked_at: float
    """When the database last confirmed the revision, by the monotonic clock."""
    holds: Callable[[], bool]
    """Does the view still stand where it stood when this was made?"""

    def client(self, id_: str) -> Known:
        """The client; `NotInStateError` when it is not kept."""
        return self._look(self.kept.clients, id_, "client")

    def holding(self, account: str, instant: float) -> Holding:
        """What the account holds at an instant; `NotInStateError` when that is not kept."""
        found = self._look(self.kept.holdings, AccountId(account), "holding")
        if not found.start <= instant < found.until:
            raise NotInStateError("holding", account, self.register)
        return found

    def is_below(self, unit: UnitId, root: UnitId, instant: float) -> bool:
        """Along the management edges of now; nothing is below or above a unit that does not stand."""
        if instant >= self.kept.org_until:
            raise NotInStateError("unit", unit, self.register)
        return root in self._look(self.kept.chains, unit, "unit")

    def place_of(self, class_id: str) -> ClassPlace | None:
        """Where a class lies; None when the register has no such class."""
        found = self._look(self.kept.classes, ClassId(class_id), "class")
        return None if found is NOWHERE else found

    def is_denied(self, jti: str) -> bool:
        """Was the token revoked, or one that it was exchanged from? Their ids begin its own."""
        denied = self.taken.denied
        return bool(denied) and any(part in denied for part in lineage(jti))

    def _look(self, known: Recent[K, V], key: K, kind: MissKind) -> V:
        try:
            found = known[key]
        except NotInViewError:
            raise NotInStateError(kind, str(key), self.register) from None
        if not self.holds():
            raise NotInStateError("register", self.register, self.register)
        return found


def trim(details: Iterable[AccessDetail], state: RightsNow, instant: float) -> tuple[AccessDetail, ...]:
    """Leave out the classes of each detail that another of its axes leaves out.

    Axes are compared one by one, and a class has a unit, a level and a grade of its own.
    """
    found = []
    for detail in details:
        if detail.classes is None:
            found.append(detail)
            continue
        inside = frozenset(c for c in detail.classes if _lies_in(detail, state.place_of(c), state, instant))
        if inside:
            found.append(replace(detail, classes=inside))
    return tuple(found)


def _lies_in(detail: AccessDetail, place: ClassPlace | None, state: RightsNow, instant: float) -> bool:
    return (
        place is not None
        and state.is_below(place.school, detail.unit, instant)
        and (detail.levels is None or place.level in detail.levels)
        and (detail.grades is None or place.grade in detail.grades)
    )


# -- reading


class RightsRead:
    """What one transaction read for a question that missed something: kept if the view stands where it stood."""

    def __init__(self, reader: Reader, now: datetime, locks: LockIndex) -> None:
        """Nothing is read yet."""
        self._reader, self._now, self._locks = reader, now, locks
        self._reading = Reading(reader, now, locks)
        self._clients: dict[str, Known] = {}
        self._holdings: dict[AccountId, Holding] = {}
        self._chains: dict[UnitId, frozenset[UnitId]] = {}
        self._classes: dict[ClassId, ClassPlace] = {}

    def read(self, miss: NotInStateError) -> bool:
        """Read what was missed. False for a client that there is none of; everything else is kept as such."""
        if miss.kind == "client":
            return self._read_client(miss.key)
        if miss.kind == "holding":
            found = holding_of(self._reader, AccountId(miss.key), self._now, self._locks)
            self._holdings[found.account] = found
            for right in found.rights.values():
                for class_id in {c for box in right.boxes for c in box.classes or ()}:
                    self._read_class(ClassId(class_id))
        elif miss.kind == "unit":
            try:
                self._chains[UnitId(miss.key)] = self._reading.units[UnitId(miss.key)].chain
            except KeyError:
                self._chains[UnitId(miss.key)] = frozenset()
        elif miss.kind == "class":
            self._read_class(ClassId(miss.key))
        return True

    def _read_client(self, id_: str) -> bool:
        reader = self._reader
        client = client_by_id(reader.connection, id_)
        software = None if client is None else reader.get(Software, client.software)
        if client is None or software is None or client.register != reader.register:
            return False
        observed = observed_units(reader.find(Observation, client=client.id), self._now)
        self._clients[client.id] = Known(client, software, observed)
        return True

    def _read_class(self, class_id: ClassId) -> None:
        if class_id not in self._classes:
            found = self._reading.org.school_class(class_id)
            self._classes[class_id] = (
                NOWHERE if found is None else ClassPlace(found.school, str(found.level), found.grade)
            )

    def keep(self, kept: KeptRights) -> None:
        """Keep it. The view's lock is held, and the view stands where this transaction does."""
        kept.org_until = min(kept.org_until, self._reading.until)
        for client, known in self._clients.items():
            kept.clients.keep(client, known)
        for account, held in self._holdings.items():
            kept.holdings.keep(account, held)
        for unit, chain in self._chains.items():
            kept.chains.keep(unit, chain)
        for class_id, place in self._classes.items():
            kept.classes.keep(class_id, place)


def holding_of(reader: Reader, id_: AccountId, now: datetime, locks: LockIndex) -> Holding:
    """What an account holds now, and until when that stays true without a new fact."""
    reading = Reading(reader, now, locks)
    instant = now.timestamp()
    facts, snapshot = reading.gather.account(id_, now), reading.snapshot(id_)
    if facts is None or snapshot is None:
        return Holding(id_, False, Reason.ACCOUNT_UNKNOWN, {}, Reason.ACCOUNT_UNKNOWN, instant, NEVER)
    found = standing(facts, now)
    effective = [g for g in found.grants if g.early is None and g.late is None]
    bindings = [b for b in reader.find(PackBinding) if now in Interval(b.valid_from, b.valid_to)]
    cells = _Cells(reading, bindings)
    rights: dict[str, HeldRight] = {}
    if found.stopped is None:
        approvals = {str(a.approval.id): a.approval for a in facts.approvals}
        for grant in (g.grant for g in effective):
            boxes = cells.boxes(grant)
            before = rights.get(grant.id)
            rights[grant.id] = HeldRight(
                id=grant.id,
                # One approval may rest on several authorities, each of which leaves a box of it.
                boxes=boxes if before is None else before.boxes + boxes,
                documents=_documents(facts, grant, now),
                policy=cells.digests(grant),
                approval=approvals.get(grant.id),
            )
    lost = {
        str(g.grant.id): r
        for g in found.grants
        if (r := g.early or g.late) is not None and g.grant.id not in rights
    }
    reasons = [r for g in found.grants if (r := g.early or g.late) is not None]
    until = min(snapshot.until, cells.until)
    lacking = max(reasons, key=DEPTH.__getitem__, default=Reason.NO_GRANT)
    is_service = facts.account.kind is AccountKind.SERVICE
    return Holding(id_, is_service, found.stopped, rights, lacking, instant, until, lost)


def _documents(facts: AccountFacts, grant: Grant, now: datetime) -> frozenset[str]:
    """The papers on which a grant rests."""
    found = {str(grant.document)} if grant.document is not None else set()
    for one in facts.grants:
        if one.grant.id == grant.id and "commitment" in one.required:
            found |= {
                str(d.id)
                for d in one.commitments
                if d.signed_at is not None and d.signed_at <= now and not (d.ended_at and d.ended_at <= now)
            }
    return frozenset(found)


class _Cells:
    """What the policies in force give the roles of one account's rights, less what they deny to everybody."""

    def __init__(self, reading: Reading, bindings: list[PackBinding]) -> None:
        self._reading = reading
        self._bindings = bindings
        self.until = NEVER
        """When a reporting period next locks or opens something."""

    def _tables(self, grant: Grant) -> list[CompiledPack]:
        """The packs that decide within the grant's scope: its unit's, and any bound below it."""
        reading, unit = self._reading, grant.scope.unit
        units = {unit}
        if grant.scope.classes is None:
            units |= {b.unit for b in self._bindings if is_below(reading.org, b.unit, unit, reading.now)}
        found = [reading.gather.tables_for(u, reading.now) for u in sorted(units)]
        return [] if None in found else [tables for tables in found if tables is not None]

    def digests(self, grant: Grant) -> frozenset[str]:
        return frozenset(tables.pack.digest for tables in self._tables(grant))

    def boxes(self, grant: Grant) -> tuple[AccessDetail, ...]:
        """The grant as boxes: categories with the same actions make one."""
        tables = self._tables(grant)
        common = frozenset.intersection(*(self._allowed(t, grant) for t in tables)) if tables else frozenset()
        actions: dict[str, set[str]] = {}
        for category, action in common:
            actions.setdefault(category, set()).add(action)
        groups: dict[frozenset[str], set[str]] = {}
        for category, allowed in actions.items():
            groups.setdefault(frozenset(allowed), set()).add(category)
        return tuple(
            box
            for allowed, categories in sorted(groups.items(), key=lambda group: sorted(group[1]))
            for box in details_of(grant.scope, grant.id, frozenset(categories), allowed)
        )

    def _allowed(self, tables: CompiledPack, grant: Grant) -> frozenset[CellKey]:
        """A token says no function, so a pack that demands one gives none; a role's allows are less its denies."""
        role = tables.roles.get(grant.role)
        if role is None or tables.pack.function_required:
            return frozenset()
        forbidden = set(tables.everyone_deny) | self._locked(tables, grant)
        return frozenset(role.allow.keys() - forbidden)

    def _locked(self, tables: CompiledPack, grant: Grant) -> set[CellKey]:
        """Cells that a reporting period locks now, for the unit's kind; for a subtree, for any kind in it."""
        found: set[CellKey] = set()
        now = self._reading.now
        unit = self._reading.org.unit(grant.scope.unit)
        for lock in tables.pack.locks:
            if grant.scope.classes is not None and unit is not None and unit.kind not in lock.unit_kinds:
                continue
            self.until = min([self.until, *(t.timestamp() for t in (lock.start, lock.end) if t > now)])
            if lock.start <= now < lock.end:
                found |= {(category, action) for category in lock.categories for action in lock.actions}
        return found

"""What issuing and checking tokens knows of a register, in memory, at one revision.

A right is a grant or an approval that is effective now, as boxes of data: the cells that the policy gives its role,
within its scope. What is held here is worked out from the same facts as decisions (`domain.access.standing`) and
carries the instant at which time alone changes it; a new revision drops what may have changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

from access_service.domain.delegation import Grant
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
from access_service.storage.facts import Reader
from access_service.storage.software import client_by_id
from access_service.storage.tokens import Changed

K = TypeVar("K")
V = TypeVar("V")
MissKind = Literal["register", "client", "holding", "unit", "class", "database"]
KEPT = 20_000
"""Accounts, units or classes kept of a register; beyond them all of that kind are read anew."""


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


@dataclass
class RegisterState:
    """A register at one revision. Only ever added to; another revision is another object."""

    register: RegisterId
    revision: int
    head: str
    """Hash of the last event of that revision (`storage.audit.since`)."""
    denied: Mapping[str, datetime]
    """Single tokens that were revoked, with their expiry."""
    touched: Mapping[AccountId, int]
    """The newest revision that may have changed an account's rights, of those in the last life of a token."""
    clients: dict[str, Known] = field(default_factory=dict)
    holdings: dict[AccountId, Holding] = field(default_factory=dict)
    chains: dict[UnitId, frozenset[UnitId]] = field(default_factory=dict)
    classes: dict[ClassId, ClassPlace | None] = field(default_factory=dict)
    org_until: float = NEVER
    """When time alone next changes a chain that is kept."""

    def moved(self, changes: Sequence[Changed], head: str, denied: Mapping[str, datetime]) -> "RegisterState":
        """The same after some revisions, without what may have changed. Clients are always read again."""
        revision, touched = changes[-1].revision, {**self.touched, **touched_by(changes)}
        if any(change.accounts is None for change in changes):
            return RegisterState(self.register, revision, head, denied, touched)
        kept = {a: held for a, held in self.holdings.items() if touched.get(a, 0) <= self.revision}
        places = dict(self.chains), dict(self.classes), self.org_until
        return RegisterState(self.register, revision, head, denied, touched, {}, kept, *places)

    def client(self, id_: str) -> Known:
        """The client; `NotInStateError` when it is not kept."""
        return self._kept(self.clients, id_, "client")

    def holding(self, account: str, instant: float) -> Holding:
        """What the account holds at an instant; `NotInStateError` when that is not kept."""
        found = self.holdings.get(AccountId(account))
        if found is None or not found.start <= instant < found.until:
            raise NotInStateError("holding", account, self.register)
        return found

    def is_below(self, unit: UnitId, root: UnitId, instant: float) -> bool:
        """Along the management edges of now; nothing is below or above a unit that does not stand."""
        if instant >= self.org_until:
            raise NotInStateError("unit", unit, self.register)
        return root in self._kept(self.chains, unit, "unit")

    def place_of(self, class_id: str) -> ClassPlace | None:
        """Where a class lies; None when the register has no such class."""
        return self._kept(self.classes, ClassId(class_id), "class")

    def is_denied(self, jti: str) -> bool:
        """Was the token revoked, or one that it was exchanged from? Their ids begin its own."""
        if not self.denied:
            return False
        return any(part in self.denied for part in lineage(jti))

    def _kept(self, known: Mapping[K, V], key: K, kind: MissKind) -> V:
        try:
            return known[key]
        except KeyError:
            raise NotInStateError(kind, str(key), self.register) from None


def touched_by(changes: Iterable[Changed]) -> dict[AccountId, int]:
    """The newest revision that named each account; oldest change first."""
    return {account: change.revision for change in changes for account in change.accounts or ()}


def lineage(jti: str) -> Iterator[str]:
    """The id of a token after those that it was exchanged from: `a`, `a.b`, `a.b.c`."""
    end = jti.find(".")
    while end >= 0:
        yield jti[:end]
        end = jti.find(".", end + 1)
    yield jti


def trim(details: Iterable[AccessDetail], state: RegisterState, instant: float) -> tuple[AccessDetail, ...]:
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


def _lies_in(detail: AccessDetail, place: ClassPlace | None, state: RegisterState, instant: float) -> bool:
    return (
        place is not None
        and state.is_below(place.school, detail.unit, instant)
        and (detail.levels is None or place.level in detail.levels)
        and (detail.grades is None or place.grade in detail.grades)
    )


# -- reading


def load(reader: Reader, state: RegisterState, miss: NotInStateError, now: datetime, locks: LockIndex) -> None:
    """Read what was missed, at the state's own revision. What is not there is kept as such, but for clients."""
    if miss.kind == "client":
        client = client_by_id(reader.connection, miss.key)
        software = None if client is None else reader.get(Software, client.software)
        if client is not None and software is not None and client.register == reader.register:
            observed = observed_units(reader.find(Observation, client=client.id), now)
            state.clients[client.id] = Known(client, software, observed)
    elif miss.kind == "holding":
        found = holding_of(reader, AccountId(miss.key), now, locks)
        _make_room(state.holdings)
        for right in found.rights.values():
            for box in right.boxes:
                for class_id in box.classes or ():
                    _load_class(Reading(reader, now, locks), state, ClassId(class_id))
        state.holdings[found.account] = found
    elif miss.kind == "unit":
        _load_unit(Reading(reader, now, locks), state, UnitId(miss.key))
    elif miss.kind == "class":
        _load_class(Reading(reader, now, locks), state, ClassId(miss.key))


def _make_room(known: dict[K, V]) -> None:
    if len(known) >= KEPT:
        known.clear()


def _load_unit(reading: Reading, state: RegisterState, unit: UnitId) -> None:
    instant = reading.now.timestamp()
    if instant >= state.org_until or len(state.chains) >= KEPT:
        state.chains, state.org_until = {}, NEVER
    try:
        chain = reading.units[unit].chain
    except KeyError:
        chain = frozenset()
    state.org_until = min(state.org_until, reading.until)
    state.chains[unit] = chain


def _load_class(reading: Reading, state: RegisterState, class_id: ClassId) -> None:
    if class_id in state.classes:
        return
    _make_room(state.classes)
    found = reading.org.school_class(class_id)
    state.classes[class_id] = None if found is None else ClassPlace(found.school, str(found.level), found.grade)


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

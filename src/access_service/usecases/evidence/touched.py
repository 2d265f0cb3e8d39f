"""Whom of today's people a change of packs touches: live grants asked under both, at one revision.

Each right in force is asked what the difference names, in a place of its own scope, by the function that answers
software. Which right is in force is today's: papers and terms that a new pack demands are in its difference.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from access_service.domain.access import AccessRequest
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.domain.org import SchoolClass, chain_of
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope
from access_service.domain.software import SOFTWARE_ROLE
from access_service.domain.standing import AccountFacts
from access_service.domain.time import Interval
from access_service.engine.compile import compile_pack
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.decide import OnDemand, Place, Site, decide, site_of
from access_service.engine.proofs.pack_cells import FUNCTION, PackDifference, allowed_cells, shut_at
from access_service.live.gathered import LockIndex, Reading
from access_service.storage.audit import revision_at
from access_service.storage.facts import Reader
from access_service.storage.lists import names_of_units
from access_service.storage.search import BulkGatherer, class_rows, read_holders

CHUNK = 200
"""Accounts gathered at once."""
AskedCell = tuple[str, str, str | None]
"""Category, action and function of one question."""
Governs = Callable[[Reading, UnitId], bool]
"""Is it this pack that is otherwise for the unit?"""


@dataclass(frozen=True, slots=True)
class TouchedGroup:
    """The people of one role at one unit who gain or lose something."""

    unit: UnitId
    unit_name: str
    role: str
    role_vi: str
    gain: tuple[AccountId, ...]
    lose: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class TouchedPeople:
    """Everybody whom the change touches, by unit and role."""

    revision: int
    at: datetime
    groups: tuple[TouchedGroup, ...]
    asked: int
    """Rights in force that were asked."""
    unasked: int
    """Rights for which no record could be named, such as those over pupils of a unit without any class."""

    @property
    def gain(self) -> frozenset[AccountId]:
        """Accounts that may do something new."""
        return frozenset(account for group in self.groups for account in group.gain)

    @property
    def lose(self) -> frozenset[AccountId]:
        """Accounts that may no longer do something."""
        return frozenset(account for group in self.groups for account in group.lose)


class _Under:
    """An `engine.decide.Places` over a reading in which one pack is in force everywhere."""

    def __init__(self, reading: Reading, tables: CompiledPack) -> None:
        self._reading = reading
        self._tables = tables
        self._locks = LockIndex()
        self.units: OnDemand[UnitId, Place] = OnDemand(self._place)
        self.sites: OnDemand[ClassId, Site] = OnDemand(self._site)

    def _place(self, unit: UnitId) -> Place:
        found = self._reading.units[unit]
        return replace(found, tables=self._tables, locks=self._locks.of(self._tables, found.kind))

    def _site(self, class_id: ClassId) -> Site | None:
        found = self._reading.org.school_class(class_id)
        if found is None:
            return None
        try:
            return site_of(found, self.units[found.school], self._reading.memory)
        except KeyError:
            return site_of(found, None, self._reading.memory)


def governed_by_name(*packs: Pack) -> Governs:
    """Units for which a pack of one of these names is in force."""
    names = {pack.name for pack in packs}

    def governs(reading: Reading, unit: UnitId) -> bool:
        place = reading.units[unit]
        return place.tables is not None and place.tables.pack.name in names

    return governs


def governed_from(bound: UnitId) -> Governs:
    """A unit and what is below it, but for what has a nearer pack of its own."""

    def governs(reading: Reading, unit: UnitId) -> bool:
        for above in chain_of(reading.org, unit, reading.now):
            if above == bound:
                return True
            if any(reading.now in Interval(b.valid_from, b.valid_to) for b in reading.org.bindings_of(above)):
                return False
        return False

    return governs


def find_touched(reader: Reader, difference: PackDifference, now: datetime, governs: Governs) -> TouchedPeople:
    """Ask every right in force what the difference names, under the old pack and under the new one."""
    questions = _questions(difference, now)
    reading = Reading(reader, now, LockIndex())
    gather = BulkGatherer(reader, reading.org)
    reading.gather = gather
    sides = tuple(_Under(reading, compile_pack(p, reading.memory)) for p in (difference.old, difference.new))
    asking = _Asking(reading, (sides[0], sides[1]), difference, questions, governs)
    candidates = iter(read_holders(reader, None, questions.keys(), now)) if questions else iter(())
    while chunk := list(islice(candidates, CHUNK)):
        gather.fetch(chunk, now)
        for account in chunk:
            facts = gather.account(account, now)
            if facts is not None:
                asking.ask(facts)
    return asking.told(revision_at(reader.connection, reader.register))


def _questions(difference: PackDifference, now: datetime) -> Mapping[str, frozenset[AskedCell]]:
    """By role, what may be answered otherwise today: changed cells, functions, and what a lock shuts now."""
    found: dict[str, set[AskedCell]] = defaultdict(set)
    for change in (*difference.allowed, *difference.no_longer):
        role, category, action = change.what
        found[role].add((category, action, None))
    for change in difference.of(FUNCTION):
        role, category, action, function = change.what
        found[role].add((category, action, function))
    shut = {triple[1:] for triple in shut_at(difference.old, now) ^ shut_at(difference.new, now)}
    for role, category, action in allowed_cells(difference.old) | allowed_cells(difference.new):
        if (category, action) in shut:
            found[role].add((category, action, None))
    return {role: frozenset(asked) for role, asked in found.items()}


class _Asking:
    """Asks one account after the other, and counts."""

    def __init__(
        self,
        reading: Reading,
        sides: tuple[_Under, _Under],
        difference: PackDifference,
        questions: Mapping[str, frozenset[AskedCell]],
        governs: Governs,
    ) -> None:
        self._reading = reading
        self._sides = sides
        self._packs = difference.old, difference.new
        self._questions = questions
        self._governs = governs
        self._gain: dict[tuple[UnitId, str], set[AccountId]] = defaultdict(set)
        self._lose: dict[tuple[UnitId, str], set[AccountId]] = defaultdict(set)
        self._asked = self._unasked = 0
        self._classes: dict[UnitId, list[ClassId]] | None = None

    def ask(self, facts: AccountFacts) -> None:
        """Every right of one account."""
        held = [(g.grant.role, g.grant.scope) for g in facts.grants]
        held += [(SOFTWARE_ROLE, a.approval.scope) for a in facts.approvals]
        for role, scope in held:
            questions = [asked for asked in sorted(self._questions.get(role, ()), key=str) if _is_in(scope, asked)]
            if not questions or not self._is_governed(scope.unit):
                continue
            requests = [self._request(facts.account.id, scope, asked) for asked in questions]
            self._asked += None not in requests
            self._unasked += None in requests
            for request in requests:
                if request is not None:
                    self._compare(request, scope.unit, role)

    def _is_governed(self, unit: UnitId) -> bool:
        try:
            return self._governs(self._reading, unit)
        except KeyError:
            # The unit no longer stands: nothing is decided there.
            return False

    def _compare(self, request: AccessRequest, unit: UnitId, role: str) -> None:
        snapshot, now = self._reading.snapshot(request.account), self._reading.now
        before, after = (bool(decide(request, snapshot, side, now)) for side in self._sides)
        if after and not before:
            self._gain[unit, role].add(request.account)
        if before and not after:
            self._lose[unit, role].add(request.account)

    def _request(self, account: AccountId, scope: Scope, asked: AskedCell) -> AccessRequest | None:
        """One question in a place that the scope covers; None where the register has no such record."""
        category, action, function = asked
        types = frozenset.union(
            *(p.categories[category].resource_types for p in self._packs if category in p.categories)
        )
        subject = next(iter(sorted(scope.subjects)), None) if scope.subjects else None
        class_id = None
        if scope.classes:
            class_id, taught = min(scope.classes)
            subject = taught or subject
        elif not types & {"unit", "staff"}:
            class_id = self._class_in(scope)
            if class_id is None:
                return None
        if class_id is not None and types & {"class", "student"}:
            type_ = "class" if "class" in types else "student"
            id_ = str(class_id) if type_ == "class" else "000"
            return AccessRequest(
                account, action, type_, id_, category, class_id=class_id, subject=subject, function=function
            )
        type_, id_ = ("unit", str(scope.unit)) if "unit" in types else ("staff", "000")
        return AccessRequest(account, action, type_, id_, category, scope.unit, subject=subject, function=function)

    def _class_in(self, scope: Scope) -> ClassId | None:
        """A class that the scope covers, the first by id."""
        for class_id in self._classes_below(scope.unit):
            found = self._reading.org.school_class(class_id)
            if found is not None and _covers(scope, found):
                return class_id
        return None

    def _classes_below(self, unit: UnitId) -> list[ClassId]:
        if self._classes is None:
            self._classes = defaultdict(list)
            for row in sorted(class_rows(self._reading.gather.reader), key=lambda row: row.id):
                try:
                    chain = self._reading.units[row.school].chain
                except KeyError:
                    continue
                for above in chain:
                    self._classes[above].append(row.id)
        return self._classes.get(unit, [])

    def told(self, revision: int) -> TouchedPeople:
        """What was found, by unit and role."""
        keys = sorted({*self._gain, *self._lose})
        units = names_of_units(self._reading.gather.reader, {unit for unit, _ in keys})
        groups = [
            TouchedGroup(
                unit,
                units.get(unit, unit),
                role,
                self._role_vi(role),
                tuple(sorted(self._gain.get((unit, role), ()))),
                tuple(sorted(self._lose.get((unit, role), ()))),
            )
            for unit, role in keys
        ]
        return TouchedPeople(revision, self._reading.now, tuple(groups), self._asked, self._unasked)

    def _role_vi(self, role: str) -> str:
        found = self._packs[1].roles.get(role) or self._packs[0].roles.get(role)
        return role if found is None else found.vi


def _is_in(scope: Scope, asked: AskedCell) -> bool:
    """Outside the right's categories and actions both packs deny."""
    category, action, _ = asked
    in_category = scope.categories is None or category in scope.categories
    return in_category and (scope.actions is None or action in scope.actions)


def _covers(scope: Scope, found: SchoolClass) -> bool:
    return (
        (scope.levels is None or found.level in scope.levels)
        and (scope.grades is None or found.grade in scope.grades)
        and (scope.school_year is None or found.school_year == scope.school_year)
    )

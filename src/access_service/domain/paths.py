"""Paths to power: which account could come to which other, by acts that the rules allow, alone or with others.

The edges are the rules themselves (`domain.edges`, `domain.accounts.responsible_units`, `domain.duties`), asked for
a whole register at once: who recovers an account opens it, and holds whatever its holder holds. A path is a chain
of such acts. What people could do by signing for an office is a coalition: who prepares, who signs, who receives.
Nothing here reads a clock or a database, and nothing is changed.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeGuard

from access_service.domain.accounts import Account, Custody, Suspension, is_led, responsible_units
from access_service.domain.delegation import DIRECT_MANAGER, HEADS, LEADERS, OWN_UNIT, Grant, working_unit
from access_service.domain.duties import Hand, hand_over_signers
from access_service.domain.edges import kept_by, office_chain
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, PersonId, UnitId
from access_service.domain.org import Assignment, Unit, is_below, manager_of
from access_service.domain.policy import Pack
from access_service.domain.time import Interval

READ = "read"


class ReadRight(NamedTuple):
    """A right to read that is in force."""

    account: AccountId
    grant: Grant


class PathStep(NamedTuple):
    """Somebody who opens `by` asks for a new code for `to`, and opens that one, too (rule 4)."""

    by: AccountId
    to: AccountId


@dataclass(frozen=True, slots=True)
class Path:
    """From an account to one that has the right: nobody else has to act."""

    start: AccountId
    steps: tuple[PathStep, ...]
    """In their order; none where the account has the right itself."""

    @property
    def end(self) -> AccountId:
        """The account that has the right."""
        return self.steps[-1].to if self.steps else self.start


@dataclass(frozen=True, slots=True)
class Coalition:
    """A new right by paper (rules 5, 7): one prepares with the admin account, one signs, one receives."""

    unit: UnitId
    """The issuing unit."""
    role: str
    article: str
    prepares: PersonId
    signs: PersonId
    receives: PersonId

    @property
    def people(self) -> frozenset[PersonId]:
        """Everybody who has to be in it."""
        return frozenset((self.prepares, self.signs, self.receives))


class Choke(NamedTuple):
    """An account without which so many paths would not be there."""

    account: AccountId
    closes: int


@dataclass(frozen=True, slots=True)
class WaysTo:
    """Everybody who reads a category of a unit, or could come to."""

    held: tuple[ReadRight, ...]
    paths: tuple[Path, ...]
    """The shortest of each account that has no such right."""
    coalitions: tuple[Coalition, ...]
    chokes: tuple[Choke, ...]


class PowerMap:
    """A register at one instant, as the acts that yield an account see it."""

    def __init__(self, ground: Ground, factors: Mapping[AccountId, int]) -> None:
        """`factors` counts what opens each account, a password included: credentials are no facts."""
        self.ground, self.factors = ground, factors
        now = ground.now
        paused = {s.target for s in ground.facts.find(Suspension, kind="account") if now in s.interval}
        self.accounts: dict[AccountId, Account] = {
            a.id: a
            for a in ground.facts.find(Account)
            if a.kind is not AccountKind.SERVICE
            and now in Interval(a.valid_from, a.valid_to)
            and a.id not in paused
        }
        """Every account that can be opened; software has none."""
        self.use_of: dict[PersonId, AccountId] = {
            a.person: a.id for a in self.accounts.values() if a.kind is AccountKind.USE and a.person is not None
        }
        self.admin_of: dict[UnitId, AccountId] = {
            a.unit: a.id for a in self.accounts.values() if a.kind is AccountKind.ADMIN
        }
        self._chains: dict[UnitId, tuple[UnitId, ...]] = {}
        self._packs: dict[UnitId, Pack | None] = {}
        self._kept: dict[UnitId, Custody | None] = {}

    def name_of(self, account: AccountId) -> tuple[str, AccountId]:
        """By what equals are ordered: the same register says the same words, whatever ids it has."""
        return self.accounts[account].username, account

    def said_as(self, target: str) -> str:
        """The name that an account or a person signs in with; what is neither, by its id."""
        account = AccountId(target) if target in self.accounts else self.use_of.get(PersonId(target))
        return target if account is None else self.accounts[account].username

    def _name_of_person(self, person: PersonId) -> tuple[str, str]:
        """The name that the person signs in with; somebody without an account comes first."""
        found = self.use_of.get(person)
        return ("", person) if found is None else self.name_of(found)

    # -- offices

    @cached_property
    def units(self) -> tuple[UnitId, ...]:
        """Every unit that stands."""
        now = self.ground.now
        return tuple(u.id for u in self.ground.facts.find(Unit) if now in Interval(u.valid_from, u.valid_to))

    def chain(self, unit: UnitId) -> tuple[UnitId, ...]:
        """The unit and what is above it."""
        if unit not in self._chains:
            self._chains[unit] = office_chain(self.ground, unit)
        return self._chains[unit]

    def pack(self, unit: UnitId) -> Pack | None:
        """The pack in force there."""
        if unit not in self._packs:
            try:
                self._packs[unit] = self.ground.pack_for(unit)
            except RefusedError:
                self._packs[unit] = None
        return self._packs[unit]

    def kept(self, unit: UnitId) -> Custody | None:
        """Who operates the unit's admin account."""
        if unit not in self._kept:
            self._kept[unit] = kept_by(self.ground, unit)
        return self._kept[unit]

    @cached_property
    def leaders(self) -> Mapping[UnitId, tuple[PersonId, ...]]:
        """Who signs for each unit."""
        found: defaultdict[UnitId, dict[PersonId, None]] = defaultdict(dict)
        for duty in self.ground.facts.find(Assignment):
            pack = self.pack(duty.unit) if self.ground.now in duty.interval else None
            position = pack.positions.get(duty.position) if pack is not None else None
            if position is not None and position.rank in LEADERS:
                found[duty.unit][duty.person] = None
        return {unit: tuple(people) for unit, people in found.items()}

    @cached_property
    def offices(self) -> Mapping[AccountId, frozenset[UnitId]]:
        """The units that each account acts for by itself: leads, or keeps the admin account of."""
        found: defaultdict[AccountId, set[UnitId]] = defaultdict(set)
        for unit, people in self.leaders.items():
            for person in people:
                if self._is_open(account := self.use_of.get(person)):
                    found[account].add(unit)
        for unit, account in self.admin_of.items():
            if self._is_open(account) and self.kept(unit) is not None:
                found[account].add(unit)
        return {account: frozenset(units) for account, units in found.items()}

    def _is_open(self, account: AccountId | None) -> TypeGuard[AccountId]:
        """Has it been activated, so that somebody can act with it?"""
        return account is not None and self.accounts[account].activated_at is not None

    @cached_property
    def by_office(self) -> Mapping[UnitId, tuple[AccountId, ...]]:
        """The accounts that act for each unit by itself."""
        found: defaultdict[UnitId, list[AccountId]] = defaultdict(list)
        for account, units in sorted(self.offices.items(), key=lambda pair: self.name_of(pair[0])):
            for unit in units:
                found[unit].append(account)
        return {unit: tuple(accounts) for unit, accounts in found.items()}

    @cached_property
    def officers(self) -> frozenset[AccountId]:
        """Admin accounts kept by an officer, who only prepares what concerns whoever signs (A1)."""
        kept = {unit: account for unit, account in self.admin_of.items() if account in self.offices}
        return frozenset(a for u, a in kept.items() if hand_over_signers(self.ground, u) is Hand.PREPARES)

    # -- recovering, one step

    @cached_property
    def answering(self) -> Mapping[AccountId, tuple[UnitId, ...]]:
        """For each account the units that answer for it; none for the root's own, which operators recover."""
        found: dict[AccountId, tuple[UnitId, ...]] = {}
        for id_, account in self.accounts.items():
            units = (
                responsible_units(self.ground, account, frozenset(LEADERS)) if self.pack(account.unit) else (None,)
            )
            if None not in units:
                found[id_] = tuple(u for u in units if u is not None)
        return found

    def recoverers(self, account: AccountId) -> Iterator[AccountId]:
        """Every account that may ask alone for a new code of this one, as `edges.may_recover` says of each pair."""
        units = self.answering.get(account)
        if units is None:
            return
        target = self.accounts[account]
        holders = {target.person, self.person_of(account)} - {None}
        is_strong = is_led(self.ground, target, LEADERS)
        first, *others = units
        for above in self.chain(first):
            for by in self.by_office.get(above, ()):
                if by == account or (is_strong and by in self.officers) or self.person_of(by) in holders:
                    continue
                if all(self.offices[by] & frozenset(self.chain(unit)) for unit in others):
                    yield by

    def person_of(self, account: AccountId) -> PersonId | None:
        """Whoever uses the account now."""
        found = self.accounts[account]
        if found.kind is AccountKind.ADMIN:
            custody = self.kept(found.unit)
            return None if custody is None else custody.person
        return found.person

    # -- how far

    @cached_property
    def recovered(self) -> Mapping[AccountId, tuple[AccountId, ...]]:
        """For each account those that it recovers alone, in one step."""
        found: defaultdict[AccountId, list[AccountId]] = defaultdict(list)
        for target in self.answering:
            for by in self.recoverers(target):
                found[by].append(target)
        return {by: tuple(sorted(targets, key=self.name_of)) for by, targets in found.items()}

    def reach(self, start: AccountId) -> Mapping[AccountId, int]:
        """Every account that somebody who opens this one could open, and after how many acts."""
        found, todo = {start: 0}, deque([start])
        while todo:
            by = todo.popleft()
            for target in self.recovered.get(by, ()):
                if target not in found:
                    found[target] = found[by] + 1
                    todo.append(target)
        del found[start]
        return found

    # -- to a right

    def held(self, unit: UnitId, category: str) -> tuple[ReadRight, ...]:
        """Rights in force by which somebody reads a record of the category in the unit, or in part of it."""
        org, now, above = self.ground.org, self.ground.now, self.chain(unit)
        places = [here for here in self.rights_by_unit if here in above or is_below(org, here, unit, now)]
        found = [
            ReadRight(grant.account, grant)
            for here in places
            for grant in self.rights_by_unit[here]
            if self._reads(grant, category)
        ]
        return tuple(sorted(found, key=lambda h: (self.name_of(h.account), h.grant.role, h.grant.id)))

    @cached_property
    def rights(self) -> tuple[Grant, ...]:
        """Rights of accounts that can be opened, begun and not over; papers and suspensions come and go."""
        now = self.ground.now
        return tuple(
            g
            for g in self.ground.facts.find(Grant)
            if g.activated_at is not None
            and g.activated_at <= now
            and (g.ended_at is None or g.ended_at > now)
            and g.valid_from <= now
            and (g.valid_to is None or g.valid_to > now)
            and g.account in self.accounts
        )

    @cached_property
    def rights_by_unit(self) -> Mapping[UnitId, Sequence[Grant]]:
        """The same by the unit that they are about."""
        found: defaultdict[UnitId, list[Grant]] = defaultdict(list)
        for grant in self.rights:
            found[grant.scope.unit].append(grant)
        return dict(found)

    def _reads(self, grant: Grant, category: str) -> bool:
        named = grant.scope.categories is None or category in grant.scope.categories
        acts = grant.scope.actions is None or READ in grant.scope.actions
        pack = self.pack(grant.unit)
        return named and acts and pack is not None and (category, READ) in pack.cells.get(grant.role, ())

    def ways_to(self, unit: UnitId, category: str, accomplices: int = 0) -> WaysTo:
        """Who reads it, who could come to, alone or (`accomplices` other people) by a new paper."""
        held = self.held(unit, category)
        paths = self.paths_to(dict.fromkeys(h.account for h in held))
        by = self._name_of_person
        coalitions = sorted(
            {c for c in self._coalitions(unit, category, held) if len(c.people) <= accomplices + 1},
            key=lambda c: (len(c.people), c.unit, c.role, *map(by, (c.prepares, c.signs, c.receives))),
        )
        return WaysTo(held, paths, tuple(coalitions), self._chokes(paths))

    def paths_to(self, targets: Collection[AccountId]) -> tuple[Path, ...]:
        """The shortest path of every account that comes to one of these, found backwards."""
        steps: dict[AccountId, PathStep | None] = dict.fromkeys(targets)
        todo = deque(targets)
        while todo:
            to = todo.popleft()
            for by in self.recoverers(to):
                if by not in steps:
                    steps[by] = PathStep(by, to)
                    todo.append(by)
        found = []
        for start, first in steps.items():
            walked: list[PathStep] = []
            step = first
            while step is not None:
                walked.append(step)
                step = steps[step.to]
            if walked:
                found.append(Path(start, tuple(walked)))
        return tuple(sorted(found, key=lambda p: (len(p.steps), self.name_of(p.start))))

    def _chokes(self, paths: Sequence[Path]) -> tuple[Choke, ...]:
        """Accounts by how many paths go through or begin at them; the one that closes most first."""
        found: defaultdict[AccountId, int] = defaultdict(int)
        for path in paths:
            for account in {step.by for step in path.steps}:
                found[account] += 1
        ranked = sorted(found.items(), key=lambda pair: (-pair[1], self.name_of(pair[0])))
        return tuple(Choke(*pair) for pair in ranked)

    def _coalitions(self, unit: UnitId, category: str, held: Iterable[ReadRight]) -> Iterator[Coalition]:
        """Who could hand down a role that reads it: the units that the data lies in, each by its own paper.

        Whoever has the role there already comes to nothing by it.
        """
        has = {(right.account, right.grant.unit, right.grant.role) for right in held}
        for issuer in self.chain(unit):
            pack, custody = self.pack(issuer), self.kept(issuer)
            if pack is None or custody is None or issuer not in self.admin_of:
                continue
            is_head = custody.holder != "officer"
            signers = [p for p in self.leaders.get(issuer, ()) if p in self.use_of]
            for person, role, article in self._receivers(pack, issuer, unit, category):
                if (self.use_of[person], issuer, role) in has:
                    continue
                for signer in signers:
                    # Whoever prepares for the head does not sign for the head, and nobody gives to themselves.
                    if person in (signer, custody.person) or (signer == custody.person and not is_head):
                        continue
                    yield Coalition(issuer, role, article, custody.person, signer, person)

    def _receivers(
        self, pack: Pack, issuer: UnitId, unit: UnitId, category: str
    ) -> Iterator[tuple[PersonId, str, str]]:
        """People with a duty on which the issuer may hand down such a role."""
        now, org = self.ground.now, self.ground.org
        kind = ((found := org.unit(issuer)) and found.kind) or ""
        below = [u for u in self.chain(unit) if manager_of(org, u, now) == issuer]
        for duty_unit, relation in ((issuer, OWN_UNIT), *((u, DIRECT_MANAGER) for u in below)):
            for duty in self.ground.facts.find(Assignment, unit=duty_unit):
                position = pack.positions.get(duty.position)
                if now not in duty.interval or position is None or duty.person not in self.use_of:
                    continue
                if (position.rank in HEADS) is not (relation == DIRECT_MANAGER):
                    continue
                if working_unit(org, pack, now, duty_unit) not in self.chain(unit):
                    continue
                for role in sorted(pack.roles):
                    rule = pack.delegation_rule(role, duty.position, kind, relation)
                    if rule is not None and (category, READ) in pack.cells.get(role, ()):
                        yield duty.person, role, rule.article

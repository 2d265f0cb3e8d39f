"""The world of a case file: units, people and papers as dated facts, held in memory.

Everything is what storage would have given: `domain.access.AccountFacts` for decisions, `domain.delegation.Office`
for acts. Nothing in a world knows the answer to a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from access_service.domain.accounts import Account, Custody, Suspension, custodian_at
from access_service.domain.delegation import Authority, Office
from access_service.domain.names import (
    AccountId,
    AssignmentId,
    AuthorityId,
    ClassId,
    PersonId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Organisation, chain_of
from access_service.domain.policy import Pack
from access_service.domain.software import ApprovalFacts, Software
from access_service.domain.standing import AccountFacts, GrantFacts
from access_service.domain.time import Interval
from access_service.engine.compiled_pack import CompiledPack, locks_by_cell
from access_service.engine.decide import OnDemand, Place, Site, site_of
from access_service.engine.memory import Memory


@dataclass(frozen=True)
class World:
    """A register in memory."""

    org: Organisation = field(default_factory=Organisation)
    bound: frozenset[UnitId] = frozenset()
    """Units for which, and for whatever is below them, the pack is in force."""
    accounts: Mapping[AccountId, Account] = field(default_factory=dict)
    duties: Mapping[AssignmentId, Assignment] = field(default_factory=dict)
    authorities: Mapping[AuthorityId, Authority] = field(default_factory=dict)
    custodies: Mapping[UnitId, Sequence[Custody]] = field(default_factory=dict)
    suspensions: Sequence[Suspension] = ()
    grants: Mapping[AccountId, Sequence[GrantFacts]] = field(default_factory=dict)
    software: Mapping[AccountId, Software] = field(default_factory=dict)
    approvals: Mapping[AccountId, Sequence[ApprovalFacts]] = field(default_factory=dict)

    def facts(self, account: AccountId) -> AccountFacts | None:
        """Everything about one account; None when the world has no such account."""
        found = self.accounts.get(account)
        if found is None:
            return None
        laid_on = [s for s in self.suspensions if (s.kind, s.target) == (SuspendableKind.ACCOUNT, account)]
        grants, approvals = self.grants.get(account, ()), self.approvals.get(account, ())
        return AccountFacts(found, tuple(laid_on), tuple(grants), tuple(approvals))

    def chain_of_authority(self, authority: AuthorityId) -> tuple[Authority, ...]:
        """An authority, its parent, and so on up to the root."""
        chain: list[Authority] = []
        found: Authority | None = self.authorities[authority]
        while found is not None and found not in chain:
            chain.append(found)
            found = self.authorities.get(found.parent) if found.parent is not None else None
        return tuple(chain)

    def authority_of(self, unit: UnitId) -> AuthorityId | None:
        """The unit's own authority: the one called after it, else the first that it holds."""
        own = AuthorityId(unit)
        if own in self.authorities and self.authorities[own].unit == unit:
            return own
        return next((a.id for a in self.authorities.values() if a.unit == unit), None)

    def custody(self, unit: UnitId, now: datetime) -> Custody | None:
        """Who operates the unit's admin account."""
        return custodian_at(self.custodies.get(unit, ()), now)

    def laid_on(self, kind: SuspendableKind, targets: Sequence[str]) -> tuple[Interval, ...]:
        """When any of these is suspended."""
        return tuple(s.interval for s in self.suspensions if s.kind is kind and s.target in targets)

    def laid_above(self, chain: Sequence[Authority]) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
        """Suspensions of the units and of the authorities of a chain."""
        units, authorities = [a.unit for a in chain], [a.id for a in chain]
        return self.laid_on(SuspendableKind.UNIT, units), self.laid_on(SuspendableKind.AUTHORITY, authorities)

    def office(self, pack: Pack, unit: UnitId, authority: AuthorityId, now: datetime) -> Office:
        """The unit as giver, for the rules of `domain.delegation`."""
        chain = self.chain_of_authority(authority)
        units, authorities = self.laid_above(chain)
        own = self.laid_on(SuspendableKind.UNIT, [unit])
        return Office(
            org=self.org,
            pack=pack,
            now=now,
            unit=unit,
            custody=self.custody(unit, now),
            authorities=chain,
            suspended=any(now in interval for interval in (*units, *authorities, *own)),
        )

    def duties_of(self, person: PersonId, unit: UnitId) -> list[Assignment]:
        """What a person does in a unit, past and present."""
        return [d for d in self.duties.values() if (d.person, d.unit) == (person, unit)]


class OnePack:
    """An `engine.decide.Places` over an organisation in memory, in parts of which one pack is in force."""

    def __init__(
        self, org: Organisation, bound: frozenset[UnitId], tables: CompiledPack, now: datetime, memory: Memory
    ) -> None:
        """`bound` are the units that the pack is bound to; `memory` is that of the snapshots compared with it."""
        self.units: Mapping[UnitId, Place] = OnDemand(lambda unit: _place(org, bound, tables, unit, now))
        self.sites: Mapping[ClassId, Site] = OnDemand(lambda id_: _site(org, self.units, id_, memory))


def _place(
    org: Organisation, bound: frozenset[UnitId], tables: CompiledPack, unit: UnitId, now: datetime
) -> Place | None:
    """The unit, or None where there is none that stands at that instant."""
    found = org.unit(unit)
    if found is None or now not in Interval(found.valid_from, found.valid_to):
        return None
    chain = frozenset(chain_of(org, unit, now))
    in_force = tables if chain & bound else None
    locks = {} if in_force is None else locks_by_cell(tables.pack, found.kind)
    levels = frozenset(map(str, found.levels))
    return Place(
        unit=unit,
        kind=found.kind,
        levels=levels,
        chain=chain,
        tables=in_force,
        locks=locks,
        years=frozenset(org.years),
    )


def _site(org: Organisation, units: Mapping[UnitId, Place], id_: ClassId, memory: Memory) -> Site | None:
    found = org.school_class(id_)
    if found is None:
        return None
    try:
        place = units[found.school]
    except KeyError:
        return site_of(found, None, memory)
    return site_of(found, place, memory)

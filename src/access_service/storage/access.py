"""What a decision about one account depends on, gathered from a reader."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from access_service.domain.access import AccountFacts, GrantFacts
from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import DIRECT_MANAGER, HEADS, OWN_UNIT, Authority, Confirmation, Grant
from access_service.domain.documents import Document
from access_service.domain.names import (
    AccountId,
    AuthorityId,
    DocumentKind,
    GrantId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.policy import DelegationRule, Pack
from access_service.domain.time import Interval
from access_service.engine.tables import Tables
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.policy import load_tables

WITHOUT_RULE = frozenset({"minutes", "commitment"})
"""What a grant needs whose row the pack no longer has: fail closed, ask for everything."""


class Gatherer:
    """Gathers facts of accounts within one transaction; what accounts share is read once."""

    def __init__(self, reader: Reader, org: StoredOrg | None = None) -> None:
        """`reader` fixes the register and the revision."""
        self.reader = reader
        self.org = org or StoredOrg(reader)
        self._gathered: defaultdict[datetime, dict[GrantId, GrantFacts]] = defaultdict(dict)
        self._authorities: dict[AuthorityId, Authority | None] = {}
        self._heads: dict[UnitId, list[Assignment]] = {}
        self._confirmed: dict[UnitId, set[str]] = {}

    def tables_for(self, unit: UnitId, at: datetime) -> Tables | None:
        """The compiled pack that decides for a unit at an instant."""
        binding = self.org.binding_for(unit, at)
        return None if binding is None else load_tables(self.reader.connection, binding.digest)

    def chain_of_authority(self, authority: AuthorityId) -> tuple[Authority, ...]:
        """An authority, its parent, and so on up to the root."""
        chain: list[Authority] = []
        next_id: AuthorityId | None = authority
        while next_id is not None:
            if next_id not in self._authorities:
                self._authorities[next_id] = self.reader.get(Authority, next_id)
            found = self._authorities[next_id]
            if found is None or found in chain:
                break
            chain.append(found)
            next_id = found.parent
        return tuple(chain)

    def account(self, id_: AccountId, at: datetime) -> AccountFacts | None:
        """Everything about one account; None when the register has no such account."""
        account = self.reader.get(Account, id_)
        if account is None:
            return None
        grants = self.reader.find(Grant, account=id_)
        suspensions = self.reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=id_)
        found = tuple(self.grants(grants, at))
        self._gathered[at].update({facts.grant.id: facts for facts in found})
        return AccountFacts(account, tuple(suspensions), found)

    def grant(self, grant: Grant, at: datetime) -> GrantFacts:
        """The facts behind one grant, which a decision may have gathered already."""
        found = self._gathered[at].get(grant.id)
        return next(iter(self.grants([grant], at))) if found is None else found

    def grants(self, grants: list[Grant], at: datetime) -> Iterable[GrantFacts]:
        """The facts behind many grants, in a handful of queries."""
        reader = self.reader
        documents = {
            d.id: d for d in reader.find(Document, id=[g.document for g in grants if g.document is not None])
        }
        assignments = {a.id: a for a in reader.find(Assignment, id=[g.assignment for g in grants if g.assignment])}
        people = {a.person for a in assignments.values()}
        commitments: dict[tuple[str, str], list[Document]] = {}
        for d in reader.find(Document, receiver=list(people), kind=str(DocumentKind.COMMITMENT)):
            commitments.setdefault((d.receiver or "", d.unit), []).append(d)
        stand_ins: dict[str, list[Interval]] = {}
        for a in reader.find(Assignment, substitutes=list(assignments)):
            stand_ins.setdefault(a.substitutes or "", []).append(a.interval)
        chains = {g.authority: self.chain_of_authority(g.authority) for g in grants}
        laid_on = self._suspensions(grants, chains, {a.unit for a in assignments.values()})
        for grant in grants:
            assignment = assignments.get(grant.assignment) if grant.assignment else None
            chain = chains[grant.authority]
            tables = self.tables_for(grant.unit, at)
            pack = tables.pack if tables else None
            key = (assignment.person if assignment else "", grant.unit)
            year = self.org.school_year(grant.scope.school_year) if grant.scope.school_year else None
            yield GrantFacts(
                grant=grant,
                required=self._required(grant, assignment, pack),
                document=documents.get(grant.document) if grant.document else None,
                commitments=tuple(commitments.get(key, ())),
                texts=pack.commitments if pack else (),
                assignment=assignment.interval if assignment else None,
                absences=tuple(stand_ins.get(grant.assignment or "", ())),
                suspensions=laid_on.get((SuspendableKind.GRANT, grant.id), ()),
                unit_suspensions=tuple(
                    interval
                    for unit in {a.unit for a in chain} | ({assignment.unit} if assignment else set())
                    for interval in laid_on.get((SuspendableKind.UNIT, unit), ())
                ),
                authority_suspensions=tuple(
                    i for a in chain for i in laid_on.get((SuspendableKind.AUTHORITY, a.id), ())
                ),
                lapses_at=self._lapses_at(grant, pack),
                year_closes_at=year.closes_at if year and grant.scope.classes else None,
            )

    def _suspensions(
        self, grants: list[Grant], chains: dict[AuthorityId, tuple[Authority, ...]], units: set[UnitId]
    ) -> dict[tuple[SuspendableKind, str], tuple[Interval, ...]]:
        """Suspensions of the grants, and of the units and authorities above them, by target."""
        above = [a for chain in chains.values() for a in chain]
        targets: set[str] = {g.id for g in grants}
        targets.update(a.id for a in above)
        targets.update(a.unit for a in above)
        targets.update(units)
        found: dict[tuple[SuspendableKind, str], tuple[Interval, ...]] = {}
        for s in self.reader.find(Suspension, target=targets):
            found[s.kind, s.target] = (*found.get((s.kind, s.target), ()), s.interval)
        return found

    def rule_of(self, grant: Grant, assignment: Assignment, pack: Pack) -> DelegationRule | None:
        """The pack's row by which the issuing unit handed that role to that position."""
        unit = self.org.unit(grant.unit)
        relation = OWN_UNIT if assignment.unit == grant.unit else DIRECT_MANAGER
        return pack.delegation_rule(grant.role, assignment.position, unit.kind, relation) if unit else None

    def _required(self, grant: Grant, assignment: Assignment | None, pack: Pack | None) -> frozenset[str]:
        """The documents that the pack in force for the issuing unit asks for."""
        if assignment is None:
            return frozenset({"inspection"})
        rule = None if pack is None else self.rule_of(grant, assignment, pack)
        return WITHOUT_RULE if rule is None else rule.documents

    def heads_of(self, unit: UnitId, pack: Pack) -> list[Assignment]:
        """Who has headed a unit, past and present, oldest first."""
        if unit not in self._heads:
            leading = [p.id for p in pack.positions.values() if p.rank in HEADS]
            found = self.reader.find(Assignment, unit=unit, position=leading)
            self._heads[unit] = sorted(found, key=lambda a: a.valid_from)
        return self._heads[unit]

    def _lapses_at(self, grant: Grant, pack: Pack | None) -> datetime | None:
        """(9) When a new head's silence ends the grant, where the pack says that silence lapses."""
        if pack is None or pack.choice("confirmation_silence") != "lapse" or grant.activated_at is None:
            return None
        if grant.unit not in self._confirmed:
            confirmations = self.reader.find(Confirmation, unit=grant.unit)
            self._confirmed[grant.unit] = {c.assignment for c in confirmations}
        wait = timedelta(days=pack.number("confirmation_days"))
        deadlines = [
            (head.valid_from + wait, head)
            for head in self.heads_of(grant.unit, pack)
            if head.valid_from > grant.activated_at and head.id not in self._confirmed[grant.unit]
        ]
        # A head who left before the deadline was not silent; the next one is asked.
        return min((d for d, head in deadlines if head.valid_to is None or head.valid_to > d), default=None)

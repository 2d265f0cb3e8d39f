"""What a decision about one account depends on, gathered from a reader."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from access_service.domain.accounts import Account, Custody, Suspension, state_of
from access_service.domain.acting import laid_on
from access_service.domain.custody import CustodyStanding, custodies_of, lapses, ranks_in
from access_service.domain.delegation import DIRECT_MANAGER, HEADS, OWN_UNIT, Authority, Confirmation, Grant
from access_service.domain.documents import Document, lapses_at
from access_service.domain.duties import is_successor, pack_pauses
from access_service.domain.moved import year_name
from access_service.domain.moves import AuthorityMove, box_of, chain_at, left_of
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    AuthorityId,
    DocumentKind,
    GrantEnd,
    GrantId,
    PersonId,
    SoftwareId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, common
from access_service.domain.policy import DelegationRule, Pack
from access_service.domain.scope import Scope
from access_service.domain.software import (
    Approval,
    ApprovalFacts,
    Share,
    Software,
    SoftwareConfirmation,
    find_unmet,
)
from access_service.domain.standing import AccountFacts, GrantFacts, as_lapsed
from access_service.domain.time import Interval
from access_service.engine.compiled_pack import CompiledPack
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.policy import load_tables

LaidOn = dict[tuple[SuspendableKind, str], tuple[Interval, ...]]
"""When each target is suspended."""
WITHOUT_RULE = frozenset({"minutes", "commitment"})
"""What a grant needs whose row the pack no longer has: fail closed, ask for everything."""


def suspensions_on(reader: Reader, account: Account) -> list[Suspension]:
    """What an act laid on the account, and when no duty held for its person (A7)."""
    return laid_on(reader, account)


def suspensions_by_account(reader: Reader, accounts: Iterable[Account]) -> dict[str, list[Suspension]]:
    """The same of many accounts, in two queries."""
    by_id = {a.id: a for a in accounts}
    found: dict[str, list[Suspension]] = {id_: [] for id_ in by_id}
    for suspension in reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=list(by_id)):
        found[suspension.target].append(suspension)
    duties: dict[str, list[Assignment]] = {}
    for duty in reader.find(Assignment, person=sorted({a.person for a in by_id.values() if a.person})):
        duties.setdefault(duty.person, []).append(duty)
    for account in by_id.values():
        found[account.id] += lapses(account, duties.get(account.person or "", ()))
    return found


class Gatherer:
    """Gathers facts of accounts within one transaction; what accounts share is read once."""

    def __init__(self, reader: Reader, org: StoredOrg | None = None) -> None:
        """`reader` fixes the register and the revision."""
        self.reader = reader
        self.org = org or StoredOrg(reader)
        self._gathered: defaultdict[datetime, dict[GrantId, GrantFacts]] = defaultdict(dict)
        self._ahead: dict[GrantId, GrantFacts] = {}
        self._authorities: dict[AuthorityId, Authority | None] = {}
        self._moves: list[AuthorityMove] | None = None
        self._boxes: dict[tuple[AuthorityId, datetime], Scope | None] = {}
        self._heads: dict[UnitId, list[Assignment]] = {}
        self._confirmed: dict[UnitId, set[str]] = {}
        self._rules: dict[tuple[str, str, str, str, str], DelegationRule | None] = {}

    def tables_for(self, unit: UnitId, at: datetime) -> CompiledPack | None:
        """The compiled pack that decides for a unit at an instant."""
        binding = self.org.binding_for(unit, at)
        return None if binding is None else load_tables(self.reader.connection, binding.digest)

    @property
    def moves(self) -> list[AuthorityMove]:
        """Every move of an authority; a register has few."""
        if self._moves is None:
            self._moves = self.reader.find(AuthorityMove)
        return self._moves

    def _authority(self, id_: AuthorityId) -> Authority | None:
        if id_ not in self._authorities:
            self._authorities[id_] = self.reader.get(Authority, id_)
        return self._authorities[id_]

    def chain_of_authority(self, authority: AuthorityId, at: datetime) -> tuple[Authority, ...]:
        """An authority, what it hangs under at that instant, and so on up to the root."""
        return chain_at(self._authority, self.moves, authority, at)

    def box_of_authority(self, authority: AuthorityId, at: datetime) -> Scope | None:
        """(3) What its whole chain has in common at that instant."""
        key = (authority, at)
        if key not in self._boxes:
            self._boxes[key] = box_of(self.org, self.chain_of_authority(authority, at), at)
        return self._boxes[key]

    def box_of_day(self, grant: Grant, at: datetime) -> Scope | None:
        """(3, 16) What is asked of a grant again on the day of the question.

        Before the day on which a narrowing took it, only the unit is compared: edges and moves are dated, but the
        narrowed authority is known by what is left, which must not hide what was right until then.
        """
        taken = grant.ended_as in (GrantEnd.AUTHORITY_WITHDRAWN, GrantEnd.SUPERSEDED)
        if not taken or grant.ended_at is None or grant.ended_at <= at:
            return self.box_of_authority(grant.authority, at)
        chain = self.chain_of_authority(grant.authority, at)
        return box_of(self.org, [replace(link, scope=Scope(unit=link.scope.unit)) for link in chain], at)

    def _turns(self, chain: Iterable[Authority]) -> tuple[datetime, ...]:
        """Every instant at which a chain of authority may hang otherwise, or a link of it be over."""
        ids = {a.id for a in chain}
        moved = (m.valid_from for m in self.moves if m.authority in ids)
        return (*moved, *(t for a in chain for t in (a.valid_to, a.valid_from if a.succeeds else None) if t))

    def custodies(self, unit: UnitId, at: datetime) -> CustodyStanding:
        """The custodies of a unit's admin account as its duties and the pack in force at `at` let them hold."""
        found = self.reader.find(Custody, unit=unit)
        tables = self.tables_for(unit, at) if found else None
        if tables is None:
            return CustodyStanding([(c, c.interval) for c in found])
        pack = tables.pack
        # Read anew each time: an act asks again after it has changed a duty.
        duties = self.reader.find(Assignment, unit=unit, person=sorted({c.person for c in found}))
        leading = [p.id for p in pack.positions.values() if p.rank in HEADS]
        heads = self.reader.find(Assignment, unit=unit, position=leading)
        known = {d.id: d for d in (*duties, *heads)}
        return custodies_of(found, list(known.values()), ranks_in(pack), pack.custody_holders)

    def custody(self, unit: UnitId, at: datetime) -> Custody | None:
        """Who operates a unit's admin account at an instant; None where it is vacant (A7)."""
        return self.custodies(unit, at).at(at)

    def held_custodies(self, units: Iterable[UnitId], at: datetime) -> list[Custody]:
        """Every custody of these units, each ending where its duties end it."""
        held = [pair for unit in units for pair in self.custodies(unit, at).held]
        return [replace(custody, valid_to=interval.end) for custody, interval in held]

    def is_stopped(self, person: PersonId, at: datetime) -> bool:
        """(A7) Is the person's own account suspended? An act that stops a person stops them everywhere."""
        return any(
            state_of(account, suspensions_on(self.reader, account), at) is AccountState.SUSPENDED
            for account in self.reader.find(Account, person=person, kind=str(AccountKind.USE))
        )

    def account(self, id_: AccountId, at: datetime) -> AccountFacts | None:
        """Everything about one account; None when the register has no such account."""
        self.reader.read_account(id_)
        account = self.reader.get(Account, id_)
        if account is None:
            return None
        suspensions = suspensions_on(self.reader, account)
        if account.kind is AccountKind.SERVICE:
            approvals = self.approvals(self.reader.find(Software, account=id_), at)
            return AccountFacts(account, tuple(suspensions), approvals=tuple(approvals))
        grants = self.reader.find(Grant, account=id_)
        found = tuple([self._ahead[g.id] for g in grants if g.id in self._ahead])
        if len(found) < len(grants):
            found = tuple(self.grants(grants, at))
        self._gathered[at].update({facts.grant.id: facts for facts in found})
        return AccountFacts(account, tuple(suspensions), found)

    def grant(self, grant: Grant, at: datetime) -> GrantFacts:
        """The facts behind one grant, which a decision may have gathered already."""
        found = self._gathered[at].get(grant.id)
        return next(iter(self.grants([grant], at))) if found is None else found

    def gather_ahead(self, grants: list[Grant], at: datetime) -> None:
        """Gather the facts behind the grants of many accounts at once, for `account` at that very instant."""
        self._ahead = {facts.grant.id: facts for facts in self.grants(grants, at)}

    def forget_grants(self) -> None:
        """Let go of the facts behind single grants; what they share stays."""
        self._gathered.clear()
        self._ahead = {}

    def approvals(self, software: Collection[Software], at: datetime) -> list[ApprovalFacts]:
        """The facts behind every approval of these at an instant, in a handful of queries (rule 13)."""
        by_id = {s.id: s for s in software}
        papers = self.reader.find(Approval, software=list(by_id))
        held: dict[UnitId, list[Authority]] = {}
        for authority in self.reader.find(Authority, unit={by_id[p.software].unit for p in papers}):
            held.setdefault(authority.unit, []).append(authority)
            self._authorities[authority.id] = authority
        chains = {a.id: self.chain_of_authority(a.id, at) for found in held.values() for a in found}
        laid_on = self._suspensions([], chains, set(held))
        said: dict[SoftwareId, list[SoftwareConfirmation]] = {}
        for confirmation in self.reader.find(SoftwareConfirmation, software={p.software for p in papers}):
            said.setdefault(confirmation.software, []).append(confirmation)
        return [
            self._approval(p, by_id[p.software], said.get(p.software, ()), held, chains, laid_on, at)
            for p in papers
        ]

    def _approval(
        self,
        paper: Approval,
        software: Software,
        said: Sequence[SoftwareConfirmation],
        held: Mapping[UnitId, list[Authority]],
        chains: Mapping[AuthorityId, tuple[Authority, ...]],
        laid_on: LaidOn,
        at: datetime,
    ) -> ApprovalFacts:
        tables = self.tables_for(software.unit, at)
        wrong = None if tables is None else find_unmet(tables.pack, software, paper.method, said, at)
        year = self.org.school_year(paper.scope.school_year) if paper.scope.school_year else None
        shares = []
        for authority in held.get(software.unit, ()):
            chain = chains[authority.id]
            units = {a.unit for a in chain} | {software.unit}
            box = self.box_of_authority(authority.id, at)
            shares.append(
                Share(
                    authority,
                    None if box is None else common(self.org, at, paper.scope, box),
                    tuple(i for unit in sorted(units) for i in laid_on.get((SuspendableKind.UNIT, unit), ())),
                    tuple(i for a in chain for i in laid_on.get((SuspendableKind.AUTHORITY, a.id), ())),
                )
            )
        return ApprovalFacts(
            approval=paper,
            software=software,
            unmet="no_policy" if tables is None else wrong[1] if wrong is not None else None,
            shares=tuple(shares),
            year_closes_at=year.closes_at if year and paper.scope.classes else None,
            confirmations=tuple(said),
            rests=_rests(
                [chains[a.id] for a in held.get(software.unit, ())],
                paper.scope,
                {software.unit, *paper.scope.class_ids},
            ),
        )

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
        unread = {g.authority for g in grants} - self._authorities.keys()
        self._authorities |= {a.id: a for a in reader.find(Authority, id=unread)}
        chains = {id_: self.chain_of_authority(id_, at) for id_ in {g.authority for g in grants}}
        laid_on = self._suspensions(grants, chains, {a.unit for a in assignments.values()})
        in_force = {unit: self.tables_for(unit, at) for unit in {g.unit for g in grants}}
        for grant in grants:
            assignment = assignments.get(grant.assignment) if grant.assignment else None
            chain = chains[grant.authority]
            tables = in_force[grant.unit]
            pack = tables.pack if tables else None
            paper = documents.get(grant.document) if grant.document else None
            who = assignment.person if assignment else ""
            # Who passed to another manager has committed to the office that prepared the paper.
            promised = {grant.unit, paper.unit if paper else grant.unit}
            year = self.org.school_year(grant.scope.school_year) if grant.scope.school_year else None
            box = self.box_of_day(grant, at)
            left = None if box is None else left_of(self.org, at, grant.scope, box)
            yield GrantFacts(
                # (3) Containment is asked again on the day of the question: what lies outside is not there.
                grant=_as_lapsed(_within(grant, left), paper, pack, at),
                is_outside=left is None,
                turns=self._turns(chain),
                above=frozenset(a.scope.unit for a in chain),
                required=self._required(grant, assignment, pack),
                document=documents.get(grant.document) if grant.document else None,
                commitments=tuple(d for unit in sorted(promised) for d in commitments.get((who, unit), ())),
                texts=pack.commitments if pack else (),
                assignment=assignment.interval if assignment else None,
                absences=tuple(stand_ins.get(grant.assignment or "", ())) if pack_pauses(pack) else (),
                suspensions=laid_on.get((SuspendableKind.GRANT, grant.id), ()),
                unit_suspensions=tuple(
                    interval
                    for unit in {a.unit for a in chain} | ({assignment.unit} if assignment else set())
                    for interval in laid_on.get((SuspendableKind.UNIT, unit), ())
                ),
                authority_suspensions=tuple(
                    i for a in chain for i in laid_on.get((SuspendableKind.AUTHORITY, a.id), ())
                ),
                paper_lapses_at=_paper_lapses_at(documents.get(grant.document) if grant.document else None, pack),
                lapses_at=self._lapses_at(grant, pack),
                year_closes_at=year.closes_at if year and grant.scope.classes else None,
                rests=_rests([chain], grant.scope, {grant.unit} | ({assignment.unit} if assignment else set())),
            )

    def _suspensions(
        self, grants: list[Grant], chains: dict[AuthorityId, tuple[Authority, ...]], units: set[UnitId]
    ) -> LaidOn:
        """Suspensions of the grants, and of the units and authorities above them, by target."""
        above = [a for chain in chains.values() for a in chain]
        targets: set[str] = {g.id for g in grants}
        targets.update(a.id for a in above)
        targets.update(a.unit for a in above)
        targets.update(units)
        found: LaidOn = {}
        for s in self.reader.find(Suspension, target=targets):
            found[s.kind, s.target] = (*found.get((s.kind, s.target), ()), s.interval)
        return found

    def rule_of(self, grant: Grant, assignment: Assignment, pack: Pack) -> DelegationRule | None:
        """The pack's row by which the issuing unit handed that role to that position."""
        unit = self.org.unit(grant.unit)
        relation = OWN_UNIT if assignment.unit == grant.unit else DIRECT_MANAGER
        if unit is None:
            return None
        key = (pack.digest, grant.role, assignment.position, unit.kind, relation)
        if key not in self._rules:
            self._rules[key] = pack.delegation_rule(*key[1:])
        return self._rules[key]

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
            if head.valid_from > grant.activated_at
            and head.id not in self._confirmed[grant.unit]
            and is_successor(pack, head)
        ]
        # A head who left before the deadline was not silent; the next one is asked.
        return min((d for d, head in deadlines if head.valid_to is None or head.valid_to > d), default=None)


def _rests(chains: Iterable[Iterable[Authority]], scope: Scope, others: Iterable[str]) -> frozenset[str]:
    """What a right rests on: every authority above it, their units and what they are about, and its school year."""
    found = {scope.unit, *others}
    for chain in chains:
        for authority in chain:
            found.update((authority.id, authority.unit, authority.scope.unit))
    if scope.school_year:
        found.add(year_name(scope.school_year))
    return frozenset(found)


def _within(grant: Grant, left: Scope | None) -> Grant:
    """The grant for what is left of its scope; most lie within and are themselves."""
    return grant if left is None or left is grant.scope else replace(grant, scope=left)


def _as_lapsed(grant: Grant, document: Document | None, pack: Pack | None, at: datetime) -> Grant:
    if grant.refused is None or pack is None:
        return grant
    return as_lapsed(grant, document, timedelta(days=pack.number("document_lapse_days")), at)


def _paper_lapses_at(document: Document | None, pack: Pack | None) -> datetime | None:
    """When unsigned minutes lapse; a unit that is over has no pack, and nothing of it lapses any more."""
    if document is None or pack is None:
        return None
    return lapses_at(document, timedelta(days=pack.number("document_lapse_days")))

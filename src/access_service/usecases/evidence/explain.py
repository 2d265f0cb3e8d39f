"""Why an answer is what it is: the grant, the paper, the signatures, the offices and the rule behind a decision.

Everything is read in the transaction that made the decision (rule 15). Names appear here and nowhere else on the
way of a decision: explanations are shown to those who may see them, never logged.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from access_service.domain.access import AccessRequest, Allow, Decision, Deny, asserted_of
from access_service.domain.accounts import Account, Suspension
from access_service.domain.codes import CodeShown, is_seen_by_giver
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.duties import title_of
from access_service.domain.inspecting import External
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import (
    AccountKind,
    AuthorityId,
    DocumentState,
    GrantState,
    PersonId,
    RegisterId,
    Side,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, Succession, Unit, chain_of
from access_service.domain.policy import Pack, PackBinding, PeriodLock, RoleRule
from access_service.domain.reasons import Reason
from access_service.domain.software import (
    Approval,
    ApprovalFacts,
    Software,
    SoftwareConfirmation,
    as_grant,
    shares_in_force,
)
from access_service.domain.standing import (
    GrantFacts,
    approval_state,
    grant_state,
    has_no_end,
    head_at,
    reads_otherwise,
)
from access_service.domain.text import INSPECTION_UNSIGNED, REASON_TEXT, UNMET_TEXT
from access_service.engine.decide import decide
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import LockIndex, Reading
from access_service.live.moment import Decided, DecidedAll
from access_service.signing.documents import check_confirmation
from access_service.signing.keys import BadSignatureError
from access_service.storage.audit import recorded_at, revision_at
from access_service.storage.facts import Reader
from access_service.storage.keys import public_key
from access_service.usecases.evidence.endings import endings_of
from access_service.usecases.evidence.explained_rules import (
    category_name,
    explain_articles,
    explain_lock,
    explain_rule,
    paper_of_approval,
    paper_of_confirmation,
)
from access_service.usecases.evidence.explanation import (
    ExplainedArticle,
    ExplainedAuthority,
    ExplainedDocument,
    ExplainedEnding,
    ExplainedExternal,
    ExplainedGrant,
    ExplainedHead,
    ExplainedPack,
    ExplainedPassage,
    ExplainedPerson,
    ExplainedSignature,
    ExplainedThen,
    ExplainedUnit,
    Explanation,
    LateRecord,
)
from access_service.usecases.handover.signed_as import Titles


def explain(
    point: DecisionPoint,
    register: RegisterId,
    request: AccessRequest,
    *,
    at: datetime | None = None,
    known_at: int | None = None,
    decided: Decided | DecidedAll | None = None,
) -> Explanation:
    """The decision with everything it rests on, from one transaction.

    `at` names a past instant; `decided` explains an answer already given, at its revision and instant (rule 15).
    """
    with point.reading(register, at=at, known_at=known_at, decided=decided) as (reading, revision):
        decision = decide(request, reading.snapshot(request.account), reading, reading.now)
        return explain_decision(reading, request, decision, revision=revision, at=at)


def explain_decision(
    reading: Reading, request: AccessRequest, decision: Decision, *, revision: int, at: datetime | None
) -> Explanation:
    """Explain a decision made from `reading`. `at` names the past instant asked about, if one was."""
    found = _Explainer(reading).explanation(request, decision, revision, at)
    return found if at is None else replace(found, then=_then(reading, request, revision, at))


def _then(reading: Reading, request: AccessRequest, revision: int, at: datetime) -> ExplainedThen | None:
    """(A5) The answer that was given at the instant; None where nothing has been recorded since."""
    reader = reading.gather.reader
    known = revision_at(reader.connection, reader.register, at)
    if known >= revision:
        return None
    before = Reading(Reader(reader.connection, reader.register, known), at, LockIndex())
    then = decide(request, before.snapshot(request.account), before, at)
    return ExplainedThen(bool(then), then.reason if isinstance(then, Deny) else None, known)


class _Explainer:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._reader = reading.gather.reader
        self._now = reading.now
        self._titles = Titles(reading.gather)
        self._used: dict[tuple[type[Any], str], Any] = {}

    def explanation(
        self, request: AccessRequest, decision: Decision, revision: int, at: datetime | None
    ) -> Explanation:
        account = self._get(Account, request.account)
        grant = self._get(Grant, decision.grant)
        facts = self._reading.gather.grant(grant, self._now) if grant else None
        used = self._software(account)
        approval = self._approval(used, decision.grant)
        if approval is not None:
            grant = as_grant(approval, next(iter(shares_in_force(approval, self._now)), None))
        unit = self._unit_of(request)
        pack = self._pack(unit) or (self._pack(grant.unit) if grant else None)
        because = decision.rule if isinstance(decision, Allow) else decision.because
        reason = decision.reason if isinstance(decision, Deny) else None
        chain = self._chain(unit or (grant.unit if grant else None))
        authorities = self._authorities(grant.authority) if grant else ()
        documents = self._documents(facts) if facts else ()
        explained = self._grant(facts.grant, grant_state(facts, self._now), pack) if facts else None
        if explained is not None and facts is not None:
            explained = replace(explained, ending=self._ending(facts))
        holder = self._person(account.person) if account and account.person else None
        if used is not None:
            holder = ExplainedPerson(used.id, used.name)
        if approval is not None and grant is not None:
            said = [c for c in approval.confirmations if self._now in c.interval]
            self._use(*approval.confirmations)
            documents = (paper_of_approval(approval.approval, self._now), *(paper_of_confirmation(c) for c in said))
            explained = replace(
                self._grant(grant, approval_state(approval, self._now), pack),
                unmet=approval.unmet,
                unmet_vi=UNMET_TEXT[approval.unmet].vi if approval.unmet is not None else "",
            )
        words = REASON_TEXT[reason] if reason else None
        if reason is Reason.MINUTES_UNSIGNED and grant is not None and grant.assignment is None:
            words = INSPECTION_UNSIGNED
        return Explanation(
            register=self._reader.register,
            revision=revision,
            now=self._now,
            allowed=bool(decision),
            reason=reason,
            reason_vi=words.vi if words else None,
            reason_en=words.en if words else None,
            request=request,
            holder=holder,
            grant=explained,
            chain=chain,
            authorities=authorities,
            documents=documents,
            rule=explain_rule(because, pack) if isinstance(because, RoleRule) else None,
            lock=explain_lock(because, pack) if isinstance(because, PeriodLock) else None,
            legal_bases=self._legal_bases(because, grant, pack),
            pack=ExplainedPack(pack.name, pack.version, pack.digest) if pack else None,
            late=self._late(request, grant, at) if at is not None else (),
            action_vi=pack.actions.get(request.action, "") if pack else "",
            category_vi=category_name(pack, request.category),
            asserted=asserted_of(request.topic, request.class_id),
            decision=decision,
            external=self._external(account),
        )

    def _legal_bases(
        self, because: RoleRule | PeriodLock | None, grant: Grant | None, pack: Pack | None
    ) -> tuple[ExplainedArticle, ...]:
        """The articles of the rule, of the role, and of the row by which the grant was handed down."""
        cited: list[tuple[str, Pack | None]] = [(because.article, pack)] if because is not None else []
        if grant is not None:
            if pack is not None and grant.role in pack.roles:
                cited.append((pack.roles[grant.role].article, pack))
            issuing = self._pack(grant.unit)
            duty = self._get(Assignment, grant.assignment)
            row = self._reading.gather.rule_of(grant, duty, issuing) if issuing and duty else None
            if row is not None:
                cited.append((row.article, issuing))
        found = {found.article: found for article, by in cited for found in explain_articles(article, by)}
        return tuple(found.values())

    def _get(self, value_type: type[Any], id_: str | None) -> Any:
        """A fact by id, remembered as one that the answer rests on."""
        if id_ is None:
            return None
        found = self._reader.get(value_type, id_)
        self._use(found)
        return found

    def _use(self, *found: Any) -> None:
        self._used.update({(type(fact), fact.id): fact for fact in found if fact is not None})

    def _unit_of(self, request: AccessRequest) -> UnitId | None:
        """The unit of the record asked about, as far as the request says."""
        class_id = request.resource_id if request.resource_type == "class" else request.class_id
        unit = UnitId(request.resource_id) if request.resource_type == "unit" else request.unit
        found = self._get(SchoolClass, class_id)
        if found is not None:
            unit = found.school
        return unit if unit is not None and self._get(Unit, unit) is not None else None

    def _pack(self, unit: UnitId | None) -> Pack | None:
        tables = self._reading.gather.tables_for(unit, self._now) if unit is not None else None
        return None if tables is None else tables.pack

    def _person(self, id_: PersonId) -> ExplainedPerson:
        found = self._reader.get(Person, id_)
        return ExplainedPerson(id_, found.name if found else "")

    def _external(self, account: Account | None) -> ExplainedExternal | None:
        if account is None or account.kind is not AccountKind.INSPECTOR:
            return None
        found = self._reader.first(External, person=account.person)
        return None if found is None else ExplainedExternal(found.body, found.decision)

    def _chain(self, unit: UnitId | None) -> tuple[ExplainedUnit, ...]:
        if unit is None:
            return ()
        units = []
        org = self._reading.org
        for id_ in chain_of(org, unit, self._now):
            found = org.unit(id_)
            self._use(found, *org.edges_of(id_), *org.bindings_of(id_))
            if found is not None:
                units.append(ExplainedUnit(id_, found.kind, found.name, self._head(id_)))
        return tuple(units)

    def _head(self, unit: UnitId) -> ExplainedHead | None:
        pack = self._pack(unit)
        if pack is None:
            return None
        newest = head_at(self._reading.gather.heads_of(unit, pack), self._now)
        if newest is None:
            return None
        return ExplainedHead(
            person=self._person(newest.person),
            position=newest.position,
            position_vi=pack.positions[newest.position].vi,
            decision_number=newest.decision_number,
            decision_date=newest.decision_date,
            since=newest.valid_from,
        )

    def _authorities(self, id_: AuthorityId) -> tuple[ExplainedAuthority, ...]:
        chain = self._reading.gather.chain_of_authority(id_, self._now)
        hung = {a.id for a in chain}
        # A link of the chain says what it hangs under on that day; recorded are the authority and its moves.
        self._use(*(self._reader.get(Authority, id_) for id_ in hung))
        self._use(*(m for m in self._reading.gather.moves if m.authority in hung and m.valid_from <= self._now))
        targets = {a.id for a in chain} | {a.unit for a in chain}
        stopped = self._reader.find(Suspension, target=targets)
        self._use(*stopped)
        since = {s.target: s.valid_from for s in stopped if self._now in s.interval}
        return tuple(self._authority(a, since.get(a.id) or since.get(a.unit)) for a in chain)

    def _authority(self, authority: Authority, suspended_since: datetime | None) -> ExplainedAuthority:
        unit = self._reading.org.unit(authority.unit)
        return ExplainedAuthority(
            id=authority.id,
            unit=authority.unit,
            unit_name=unit.name if unit else "",
            basis=authority.basis,
            valid_from=authority.valid_from,
            valid_to=authority.valid_to,
            passed=self._passages(authority),
            suspended_since=suspended_since,
        )

    def _passages(self, authority: Authority) -> tuple[ExplainedPassage, ...]:
        """(9) The old unit, the new one and the paper: of the office itself, and of what it hangs under."""
        found = []
        before = self._get(Authority, authority.succeeds)
        if before is not None:
            for s in self._reader.find(Succession, predecessor=before.unit, successor=authority.unit):
                self._use(s)
                found.append(self._passage(before.unit, authority.unit, s.basis, authority.valid_from))
        moves = [m for m in self._reading.gather.moves if m.authority == authority.id and m.valid_from <= self._now]
        own = self._reader.get(Authority, authority.id)
        parent = own.parent if own else None
        for move in sorted(moves, key=lambda m: (m.valid_from, m.id)):
            old, new = self._get(Authority, parent), self._get(Authority, move.parent)
            if old is not None and new is not None:
                found.append(self._passage(old.unit, new.unit, move.basis, move.valid_from))
            parent = move.parent
        return tuple(found)

    def _passage(self, old: UnitId, new: UnitId, basis: str, since: datetime) -> ExplainedPassage:
        names = [unit.name if (unit := self._reading.org.unit(id_)) else "" for id_ in (old, new)]
        return ExplainedPassage(old, names[0], new, names[1], basis, since)

    def _software(self, account: Account | None) -> Software | None:
        """The software that a service account stands for."""
        if account is None or account.kind is not AccountKind.SERVICE:
            return None
        found = self._reader.first(Software, account=account.id)
        self._use(found)
        return found

    def _approval(self, used: Software | None, id_: str | None) -> ApprovalFacts | None:
        """(13) The approval that takes the place of a grant in a decision about software."""
        if used is None or id_ is None:
            return None
        found = self._reading.gather.approvals([used], self._now)
        self._use(*(a.approval for a in found if a.approval.id == id_))
        return next((a for a in found if a.approval.id == id_), None)

    def _grant(self, grant: Grant, state: GrantState, pack: Pack | None) -> ExplainedGrant:
        assignment = self._get(Assignment, grant.assignment)
        role = pack.roles.get(grant.role) if pack else None
        return ExplainedGrant(
            id=grant.id,
            role=grant.role,
            role_vi=role.vi if role else "",
            scope=grant.scope,
            unit=grant.unit,
            state=state,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
            activated_at=grant.activated_at,
            ended_at=grant.ended_at,
            ended_as=grant.ended_as,
            assignment=grant.assignment,
            assignment_decision=assignment.decision_number if assignment else None,
            assignment_vi=title_of(
                self._pack(assignment.unit) if assignment else None, assignment, self._reading.org.school_class
            ),
            no_end=has_no_end(grant),
        )

    def _ending(self, facts: GrantFacts) -> ExplainedEnding | None:
        """How it ended, with who did it and when that was recorded."""
        found = endings_of(self._reader, [facts], self._now).get(facts.grant.id)
        if found is None:
            return None
        return ExplainedEnding(
            how=found.how,
            at=found.at,
            recorded_at=found.recorded_at,
            action=found.action,
            account=found.account,
            by=None if found.person is None else self._person(found.person),
            reason=found.reason,
            event=found.seq,
        )

    def _documents(self, facts: GrantFacts) -> tuple[ExplainedDocument, ...]:
        """The minutes or the inspection decision, and the commitments that count."""
        asked = facts.commitments if "commitment" in facts.required else ()
        found = [facts.document, *sorted(asked, key=lambda d: d.id)]
        return tuple(self._document(d) for d in found if d is not None)

    def _document(self, document: Document) -> ExplainedDocument:
        signatures = self._reader.find(Signature, document=document.id)
        newest = [s for s in signatures if s.version == document.version and s.signed_at <= self._now]
        self._use(document, *newest)
        signed = document.signed_at is not None and document.signed_at <= self._now
        ended = document.ended_at is not None and document.ended_at <= self._now
        order = list(Side)
        return ExplainedDocument(
            id=document.id,
            kind=document.kind,
            number=document.number,
            dated=document.dated,
            version=document.version,
            # What has happened to it since the instant asked about is not part of the answer.
            state=DocumentState.SIGNED if signed and not ended else document.state,
            sha256=document.sha256,
            method=document.method,
            signed_at=document.signed_at,
            ended_at=document.ended_at,
            signatures=tuple(
                self._signature(s, document.unit)
                for s in sorted(newest, key=lambda s: (s.signed_at, order.index(s.side)))
            ),
            code_seen_by_giver=is_seen_by_giver(document, newest, self._codes_of(document), self._now),
        )

    def _codes_of(self, document: Document) -> list[CodeShown]:
        return [] if document.receiver is None else self._reader.find(CodeShown, holder=document.receiver)

    def _signature(self, signature: Signature, unit: UnitId) -> ExplainedSignature:
        return ExplainedSignature(
            side=signature.side,
            person=self._person(signature.person),
            capacity=signature.capacity,
            capacity_basis=signature.capacity_basis,
            signed_at=signature.signed_at,
            method=signature.method,
            sha256=signature.sha256,
            key=signature.key,
            verified=self._is_verified(signature),
            title=self._titles.of(signature, unit),
        )

    def _is_verified(self, signature: Signature) -> bool | None:
        key = public_key(self._reader.connection, signature.key)
        if key is None:
            return None
        if key.valid_to is not None and signature.valid_from >= key.valid_to:
            return False
        try:
            check_confirmation(key.public_hex, self._reader.register, signature)
        except BadSignatureError:
            return False
        return True

    def _late(self, request: AccessRequest, grant: Grant | None, at: datetime) -> tuple[LateRecord, ...]:
        """Facts of the answer that were first recorded, or changed with effect by `at`, after `at`."""
        self._use(*self._reader.find(Suspension, target={request.account, *([grant.id] if grant else [])}))
        known = revision_at(self._reader.connection, self._reader.register, at)
        late = []
        for (value_type, id_), fact in self._used.items():
            versions = self._reader.history(value_type, id_)
            then = next((v for start, end, v in versions if start <= known and (end is None or end > known)), None)
            start = next(start for start, _, value in reversed(versions) if value == fact)
            if start > known and reads_otherwise(then, fact, at):
                when = recorded_at(self._reader.connection, self._reader.register, start)
                late.append(LateRecord(_NOUNS[value_type], id_, start, when))
        return tuple(sorted(late, key=lambda r: (r.revision, r.noun, r.id)))


_NOUNS: dict[type[Any], str] = {
    Account: "account",
    Approval: "approval",
    Assignment: "assignment",
    Authority: "authority",
    AuthorityMove: "authority_move",
    Document: "document",
    Grant: "grant",
    ManagementEdge: "management_edge",
    PackBinding: "pack_binding",
    SchoolClass: "class",
    Signature: "signature",
    Software: "software",
    SoftwareConfirmation: "software_confirmation",
    Succession: "succession",
    Suspension: "suspension",
    Unit: "unit",
}

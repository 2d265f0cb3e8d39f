"""The register of software, the department's approvals, and draws (rule 13).

The contracting unit registers its software; the department alone (the root's admin account) records and withdraws
approvals; the operator may do both at the command line. Nothing here gives a right by itself: what an approval
gives at an instant is worked out from dated facts (`domain.software`).
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime

from access_service.domain import approving
from access_service.domain.accounts import Account
from access_service.domain.audit import Happening
from access_service.domain.delegation import check_words
from access_service.domain.drawing import check_draw
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    ApprovalId,
    DrawMethod,
    Frequency,
    ObligationId,
    ReceiverRole,
    RegisterId,
    SoftwareId,
    UnitId,
)
from access_service.domain.obligations import Obligation, obligation_of
from access_service.domain.org import normalise
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.scope import Scope
from access_service.domain.software import (
    ACTIONS_BY_METHOD,
    Approval,
    Draw,
    Software,
    SoftwareConfirmation,
    check_approval,
    check_preconditions,
    ends_at,
    shares_in_force,
)
from access_service.domain.standing import AccountFacts, standing
from access_service.storage.facts import Reader
from access_service.storage.software import clients_of
from access_service.storage.standing import Gatherer
from access_service.usecases.services import Act, Caller, Services, act, as_missing, operate
from access_service.usecases.third_party.approvers import as_approver, as_department


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the report form, as a unit enters it."""

    unit: UnitId
    name: str
    supplier: str
    data_fields: str
    data_scope: str
    frequency: str
    method: str
    cost: str
    legal_standing: str
    security_level: int | None = None
    security_standard: str | None = None
    on_axis: bool = False
    is_enforcement_point: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What of an entry may change without being other software; None leaves it as it is."""

    data_fields: str | None = None
    data_scope: str | None = None
    frequency: str | None = None
    method: str | None = None
    cost: str | None = None
    legal_standing: str | None = None
    security_level: int | None = None
    security_standard: str | None = None
    on_axis: bool | None = None


@dataclass(frozen=True, slots=True)
class ApprovalPaper:
    """The department's written approval as it is recorded."""

    software: SoftwareId
    number: str
    dated: date
    sha256: str
    scope: Scope
    frequency: Frequency
    method: DrawMethod
    valid_from: datetime
    valid_to: datetime
    purpose: str
    agreement_number: str
    agreement_dated: date
    agreement_sha256: str
    receiver_role: ReceiverRole
    retention: str
    deletion: str


@dataclass(frozen=True, slots=True)
class EffectiveApproval:
    """An approval in force, as far as the contracting unit's authority goes."""

    approval: Approval
    software: Software
    scopes: tuple[Scope, ...]
    """What is left of the approval's scope, authority by authority; never empty."""
    ends_at: datetime
    """When it ends at the latest: nothing that rests on it outlives this."""


# -- the register


@power(yields(Power.ACCOUNT))
def register_software(services: Services, caller: Caller, entry: Entry) -> Software:
    """Enter software that the caller's unit contracts, with its service account; the admin account of that unit.

    An enforcement point asks about everybody in the register: only the department enters one.
    """
    with act(services, caller, "software.register", entry.unit) as doing:
        doing.check_visible(entry.unit)
        doing.as_custodian(approving.entering_unit(doing.ground, entry.unit))
        if entry.is_enforcement_point:
            as_department(doing, entry.unit)
        return _register(doing, entry)


def register_software_as_operator(services: Services, register: RegisterId, entry: Entry) -> Software:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _register(doing, entry)


def _register(doing: Act, entry: Entry) -> Software:
    doing.require_unit(entry.unit)
    id_ = SoftwareId(doing.new_id("sof"))
    account = Account(
        id=AccountId(doing.new_id("acc")),
        kind=AccountKind.SERVICE,
        unit=entry.unit,
        person=None,
        # It has no password: nothing signs in under this name.
        username=id_,
        valid_from=doing.now,
        activated_at=doing.now,
    )
    software = Software(id=id_, account=account.id, valid_from=doing.now, **asdict(entry))
    approving.check_entry(doing.ground, software)
    doing.tx.put(account, software)
    doing.tx.happened("account.issue", account.id, unit=entry.unit, kind=str(account.kind))
    doing.tx.happened("software.register", id_, unit=entry.unit, account=account.id)
    doing.tx.touches(account.id)
    return software


@power(ends(Power.SOFTWARE))
def change_software(services: Services, caller: Caller, id_: SoftwareId, changes: Changes) -> Software:
    """Bring the entry up to date: the contracting unit or the department. Approvals are checked against it anew."""
    with act(services, caller, "software.change", id_) as doing:
        software = own_software(doing, id_)
        given = {f.name: value for f in fields(changes) if (value := getattr(changes, f.name)) is not None}
        changed = replace(software, **given)
        approving.check_changed(software, changed)
        doing.tx.put(changed)
        doing.tx.happened("software.change", id_, unit=changed.unit, fields=sorted(given))
        doing.tx.touches(software.account)
        return changed


@power(ends(Power.SOFTWARE))
def end_software(services: Services, caller: Caller, id_: SoftwareId) -> Software:
    """Its use is over, for good: account closed, clients disabled, whatever rests on it stops (rule 10)."""
    with act(services, caller, "software.end", id_) as doing:
        return _end(doing, own_software(doing, id_))


def end_software_as_operator(services: Services, register: RegisterId, id_: SoftwareId) -> Software:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _end(doing, in_use(doing, id_))


def _end(doing: Act, software: Software) -> Software:
    ended = replace(software, valid_to=doing.now)
    account = doing.tx.require(Account, software.account)
    off = [replace(c, disabled_at=doing.now) for c in clients_of(doing.tx, software.id) if c.is_enabled(doing.now)]
    doing.tx.put(ended, replace(account, valid_to=doing.now), *off)
    doing.tx.happened("software.end", software.id, unit=software.unit)
    _owed_now(doing, doing.tx.find(Obligation, software=software.id))
    doing.tx.touches(software.account)
    return ended


def _owed_now(doing: Act, obligations: Sequence[Obligation]) -> None:
    """Open at once, with this act, the obligations that were to open later."""
    for obligation in obligations:
        if obligation.valid_from > doing.now:
            doing.tx.put(replace(obligation, valid_from=doing.now))
            doing.tx.happened(
                "obligation.open",
                obligation.id,
                unit=obligation.unit,
                kind=str(obligation.kind),
                approval=obligation.approval,
            )


def own_software(doing: Act, id_: SoftwareId) -> Software:
    """Software in use that the caller's admin account answers for: its unit's, or the department's."""
    software = answered_software(doing, id_)
    approving.check_in_use(doing.ground, software)
    return software


def answered_software(doing: Act, id_: SoftwareId) -> Software:
    """Software that the caller's admin account answers for, in use or not."""
    software = doing.tx.require(Software, id_)
    with as_missing("software", id_):
        if not approving.is_department(doing.ground, doing.require_caller()):
            doing.as_custodian(approving.entering_unit(doing.ground, software.unit))
    return software


def in_use(doing: Act, id_: SoftwareId) -> Software:
    """Software in use, whoever answers for it: for the operator."""
    software = doing.tx.require(Software, id_)
    approving.check_in_use(doing.ground, software)
    return software


# -- approvals


@power(yields(Power.SOFTWARE, Power.GRANT))
def record_approval(services: Services, caller: Caller, paper: ApprovalPaper) -> Approval:
    """Record the department's signed approval (#7); only the department's admin account.

    Refused outside the contracting unit's authority and where the pack's preconditions are not met.
    """
    with act(services, caller, "approval.record", paper.software) as doing:
        software = doing.tx.require(Software, paper.software)
        with as_missing("software", paper.software):
            as_approver(doing, software.unit)
        return enter_approval(doing, software, paper)


def record_approval_as_operator(services: Services, register: RegisterId, paper: ApprovalPaper) -> Approval:
    """The same at the command line."""
    with operate(services, register) as doing:
        return enter_approval(doing, doing.tx.require(Software, paper.software), paper)


def enter_approval(doing: Act, software: Software, paper: ApprovalPaper, id_: ApprovalId | None = None) -> Approval:
    """Store an approval that every rule lets pass, with the obligation that it leaves."""
    approval = check_terms(doing, software, paper, id_ or ApprovalId(doing.new_id("apv")))
    doing.tx.put(approval, obligation_of(ObligationId(doing.new_id("obl")), approval, software))
    doing.tx.happened("approval.record", approval.id, unit=software.unit, software=software.id, sha256=paper.sha256)
    doing.tx.touches(software.account)
    return approval


def check_terms(doing: Act, software: Software, paper: ApprovalPaper, id_: ApprovalId) -> Approval:
    """The approval as the paper has it, within what the contracting unit may share, its preconditions met (13)."""
    approving.check_in_use(doing.ground, software)
    pack = doing.pack_for(software.unit)
    scope = normalise(doing.org, paper.scope)
    if scope.actions is None:
        scope = replace(scope, actions=ACTIONS_BY_METHOD[paper.method])
    approval = Approval(
        id=id_,
        software=software.id,
        number=paper.number,
        dated=paper.dated,
        sha256=paper.sha256,
        scope=scope,
        frequency=paper.frequency,
        method=paper.method,
        valid_from=paper.valid_from,
        valid_to=paper.valid_to,
        recorded_at=doing.now,
        purpose=paper.purpose,
        agreement_number=paper.agreement_number,
        agreement_dated=paper.agreement_dated,
        agreement_sha256=paper.agreement_sha256,
        receiver_role=paper.receiver_role,
        retention=paper.retention,
        deletion=paper.deletion,
    )
    check_words(pack, scope)
    year = doing.org.school_year(scope.school_year) if scope.school_year is not None else None
    check_approval(pack, approval, year, doing.now)
    said = doing.tx.find(SoftwareConfirmation, software=software.id)
    check_preconditions(pack, software, paper.method, said, doing.now)
    offices = [doing.office(software.unit, held) for held in doing.authorities_of(software.unit)]
    approving.check_authority_covers(offices, software.unit, approval)
    return approval


@power(ends(Power.SOFTWARE, Power.GRANT))
def withdraw_approval(services: Services, caller: Caller, id_: ApprovalId, *, reason: str) -> Approval:
    """The department takes its approval back; whatever rests on it stops with this commit (rule 10)."""
    with act(services, caller, "approval.withdraw", id_) as doing:
        approval = doing.tx.require(Approval, id_)
        with as_missing("approval", id_):
            as_approver(doing, doing.tx.require(Software, approval.software).unit)
        return _withdraw(doing, approval, reason)


def withdraw_approval_as_operator(
    services: Services, register: RegisterId, id_: ApprovalId, *, reason: str
) -> Approval:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _withdraw(doing, doing.tx.require(Approval, id_), reason)


def _withdraw(doing: Act, approval: Approval, reason: str) -> Approval:
    approving.check_approval_runs(doing.ground, approval)
    software = doing.tx.require(Software, approval.software)
    withdrawn = replace(approval, withdrawn_at=doing.now, withdrawn_because=reason)
    doing.tx.put(withdrawn)
    doing.tx.happened("approval.withdraw", approval.id, unit=software.unit, reason=reason)
    _owed_now(doing, doing.tx.find(Obligation, approval=approval.id))
    doing.tx.touches(software.account)
    return withdrawn


# -- what is in force, and draws


def effective_approvals(reader: Reader, software: SoftwareId, now: datetime) -> list[EffectiveApproval]:
    """The approvals that let the software draw now, by id; none where its account or unit is stopped.

    What a decision about its service account would find, with the papers behind it (rule 15: the reader fixes the
    revision, `now` the instant).
    """
    found = reader.get(Software, software)
    facts = None if found is None else Gatherer(reader).account(found.account, now)
    return [] if facts is None else effective_of(facts, now)


def effective_of(facts: AccountFacts, now: datetime) -> list[EffectiveApproval]:
    """As `effective_approvals`, from facts that were gathered already."""
    stands = standing(facts, now)
    if stands.stopped is not None:
        return []
    free = {(str(s.grant.id), s.grant.authority) for s in stands.grants if s.early is None and s.late is None}
    effective = []
    for approval in sorted(facts.approvals, key=lambda a: a.approval.id):
        paper = approval.approval
        shares = [s for s in shares_in_force(approval, now) if (str(paper.id), s.authority.id) in free]
        scopes = tuple(s.scope for s in shares if s.scope is not None)
        if scopes:
            effective.append(EffectiveApproval(paper, approval.software, scopes, ends_at(approval, shares)))
    return effective


def draw(
    services: Services,
    register: RegisterId,
    software: Software,
    approvals: Approval | Collection[Approval],
    now: datetime,
) -> tuple[Draw, ...]:
    """Count one draw under each of these approvals whose frequency is counted: all of them or none.

    Called once for every token that lets software draw. Under an `unlimited` approval nothing is written. Raises
    `RefusedError`: `frequency_exceeded` where the period's draw has been made, `approval_missing` where an approval
    is no longer in force. The refusal is recorded.
    """
    named = [approvals] if isinstance(approvals, Approval) else approvals
    counted = [a for a in named if a.frequency is not Frequency.UNLIMITED]
    if not counted:
        return ()
    try:
        with services.db.write(register, software.account) as tx:
            drawn = _count(Act(services, tx, None), software, counted, now)
    except (InvalidError, NotFoundError):
        raise
    except RefusedError as refused:
        details = {k: v for k, v in refused.details.items() if isinstance(v, str | int)}
        happening = Happening("software.draw", software.id, "refused", str(refused.code), details)
        services.db.note(register, software.account, happening)
        raise
    services.after_commit(register)
    return drawn


def _count(doing: Act, software: Software, approvals: Sequence[Approval], now: datetime) -> tuple[Draw, ...]:
    in_force = {e.approval.id for e in effective_approvals(doing.tx, software.id, now)}
    ground = replace(doing.ground, now=now)
    drawn = []
    for approval in approvals:
        period = check_draw(ground, software, approval, in_force)
        if period is None:
            continue
        drawn.append(Draw(doing.new_id("drw"), software.id, approval.id, period, doing.now))
        doing.tx.happened("software.draw", software.id, unit=software.unit, approval=approval.id, period=period)
    doing.tx.put(*drawn)
    # No decision rests on draws: tokens that were given stay good.
    doing.tx.touches()
    return tuple(drawn)

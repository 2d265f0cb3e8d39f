"""Powers: what an act lets somebody come to hold, or takes from somebody else, and four sentences about both.

Every act declares its edges here (`power`, `powerless`), so that none is forgotten; `EVENTS` says which event in
the log is the mark of which edge, so that no declaration lies; `findings` judges the difference of two states by
four sentences that name no act (I1 to I4), so that a way to power which nobody thought of is found all the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.custody import custody_at
from access_service.domain.delegation import HEADS, LEADERS, Grant
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, GrantId, PersonId, SuspendableKind, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Succession, Unit, chain_of
from access_service.domain.policy import PackBinding

F = TypeVar("F", bound=Callable[..., object])


class Power(StrEnum):
    """What can be come to or lost."""

    OFFICE = "office"
    """A duty; where the pack says so, heading or signing for a unit."""
    ACCOUNT = "account"
    """Opening an account."""
    FACTORS = "factors"
    """The password and the second factors of one's own account."""
    CUSTODY = "custody"
    """Operating a unit's admin account."""
    GRANT = "grant"
    """A right to data."""
    AUTHORITY = "authority"
    """What a unit may hand down."""
    PAPER = "paper"
    """A signature that binds an office or a person."""
    UNIT = "unit"
    """Where a unit stands, and whether it works."""
    YEAR = "year"
    """A school year, on which class rights rest."""
    POLICY = "policy"
    """The pack that binds a unit."""
    SOFTWARE = "software"
    """An approval, or what opens a client."""


@dataclass(frozen=True, slots=True)
class PowerEdge:
    """One thing that an act does with a power."""

    power: Power
    ends: bool
    """Somebody else loses it, or it stops for a time; otherwise somebody comes to hold it."""


PowerEdges = frozenset[PowerEdge]


def yields(*powers: Power) -> PowerEdges:
    """Somebody comes to hold these."""
    return frozenset(PowerEdge(p, ends=False) for p in powers)


def ends(*powers: Power) -> PowerEdges:
    """Somebody else loses these, or they stop for a time."""
    return frozenset(PowerEdge(p, ends=True) for p in powers)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an act says of itself; without edges it says why it has none."""

    edges: PowerEdges
    why: str = ""


def power(edges: PowerEdges) -> Callable[[F], F]:
    """Declare the edges of a use case: `@power(yields(Power.GRANT) | ends(Power.GRANT))`."""
    if not edges:
        raise ValueError("an act with power has edges; one without says why it is `powerless`")
    return _declare(Declaration(edges))


def powerless(why: str) -> Callable[[F], F]:
    """Declare that nobody comes to anything by this use case, and nobody loses anything."""
    if not why:
        raise ValueError("say why the act is powerless")
    return _declare(Declaration(frozenset(), why))


def _declare(declaration: Declaration) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__powers__ = declaration  # type: ignore[attr-defined]
        return function

    return mark


def declared_by(function: Callable[..., object]) -> Declaration | None:
    """What a use case declares; None for a bare one."""
    found = getattr(function, "__powers__", None)
    return found if isinstance(found, Declaration) else None


HARMLESS: PowerEdges = frozenset()
"""An event that gives nobody anything and takes nothing from anybody."""

EVENTS: Mapping[str, PowerEdges] = {
    "account.activate": yields(Power.ACCOUNT),
    # What was open in the backup ends: sessions, codes, tokens. The rights that it brings back have their events.
    "register.restore": ends(Power.ACCOUNT) | ends(Power.SOFTWARE),
    "log.restored": HARMLESS,
    "recovery.approve": yields(Power.ACCOUNT),
    "recovery.stop": ends(Power.ACCOUNT),
    "home.move": yields(Power.ACCOUNT) | ends(Power.ACCOUNT),
    "home.upgrade": HARMLESS,
    # What something is called elsewhere: no decision is asked by it.
    "external_id.set": HARMLESS,
    "external_id.end": HARMLESS,
    "old_export.take": HARMLESS,
    "old_export.read": HARMLESS,
    # The holder outlived whoever saw the code: a mark on papers goes, no right moves.
    "account.confirm": HARMLESS,
    "account.issue": yields(Power.ACCOUNT),
    "account.recover": yields(Power.ACCOUNT),
    "account.resume": yields(Power.ACCOUNT),
    "account.suspend": ends(Power.ACCOUNT),
    "account.password": yields(Power.FACTORS),
    "factor.add": yields(Power.FACTORS),
    # With it somebody signs in another program, as with a passkey here.
    "certificate.register": yields(Power.FACTORS),
    "certificate.end": ends(Power.FACTORS),
    "document.upload": HARMLESS,
    "factor.begin": HARMLESS,
    "factor.remove": ends(Power.FACTORS),
    "approval.record": yields(Power.SOFTWARE),
    "approval.withdraw": ends(Power.SOFTWARE),
    "client.address": yields(Power.SOFTWARE) | ends(Power.SOFTWARE),
    "client.create": yields(Power.SOFTWARE),
    "client.disable": ends(Power.SOFTWARE),
    "client.keys": yields(Power.SOFTWARE),
    "client.rotate": yields(Power.SOFTWARE),
    "client.sign_in": yields(Power.SOFTWARE) | ends(Power.SOFTWARE),
    "software.register": HARMLESS,
    # What an enforcement point answers counts at a unit no more, or counts again.
    "software.observe": yields(Power.SOFTWARE),
    "software.cut_over": ends(Power.SOFTWARE),
    "software.confirm": yields(Power.SOFTWARE),
    "software.unconfirm": ends(Power.SOFTWARE),
    "obligation.open": HARMLESS,
    "obligation.confirm": HARMLESS,
    "software.change": ends(Power.SOFTWARE),
    "software.end": ends(Power.SOFTWARE),
    "software.draw": HARMLESS,
    "token.revoke": ends(Power.SOFTWARE),
    "authority.give": yields(Power.AUTHORITY),
    "authority.pass": yields(Power.AUTHORITY),
    "authority.succeed": yields(Power.AUTHORITY),
    "authority.resume": yields(Power.AUTHORITY),
    "authority.end": ends(Power.AUTHORITY),
    "authority.narrow": ends(Power.AUTHORITY),
    "authority.suspend": ends(Power.AUTHORITY),
    "case.close": HARMLESS,
    "unit.remind": HARMLESS,
    "matrix.export": HARMLESS,
    "matrix.read": HARMLESS,
    "who.read": HARMLESS,
    "paths.read": HARMLESS,
    "waiting.prepare": HARMLESS,
    "waiting.confirm": HARMLESS,
    "waiting.decline": HARMLESS,
    "operator.add": HARMLESS,
    "account.codes": yields(Power.ACCOUNT),
    # The row of a draft is marked as made; what was made has events of its own.
    "draft.propose": HARMLESS,
    "school_year.reopen": yields(Power.YEAR) | ends(Power.SOFTWARE),
    "return.record": HARMLESS,
    "class.create": HARMLESS,
    "person.add": HARMLESS,
    "person.correct": HARMLESS,
    "class.correct": HARMLESS,
    "school_year.correct": yields(Power.YEAR) | ends(Power.YEAR),
    "duty.correct": yields(Power.OFFICE),
    "account.close": ends(Power.ACCOUNT),
    "custody.begin": yields(Power.CUSTODY),
    "custody.end": ends(Power.CUSTODY),
    "factor.show": HARMLESS,
    "custody.open": yields(Power.CUSTODY),
    # It was the head's from the instant the duty ended; whichever act sees it first writes it down.
    "custody.return": HARMLESS,
    "duty.lapse": ends(Power.OFFICE),
    "document.prepare": HARMLESS,
    "document.revise": HARMLESS,
    "document.submit": HARMLESS,
    "document.tell": HARMLESS,
    "document.file": HARMLESS,
    "number.give": HARMLESS,
    "document.name": HARMLESS,
    "document.return": HARMLESS,
    "document.decline": HARMLESS,
    "document.cancel": HARMLESS,
    "document.pass": HARMLESS,
    "case.pass": HARMLESS,
    "documents.keep": HARMLESS,
    "document.sign": yields(Power.PAPER),
    "document.close": ends(Power.PAPER),
    "due": HARMLESS,
    "duty.assign": yields(Power.OFFICE),
    "director.appoint": yields(Power.OFFICE),
    "duty.end": ends(Power.OFFICE),
    "duty.undo_end": yields(Power.OFFICE),
    "grant.propose": HARMLESS,
    "grant.wait": HARMLESS,
    "grant.tell": HARMLESS,
    "grant.activate": yields(Power.GRANT),
    "grant.resume": yields(Power.GRANT),
    "inspection.begin": yields(Power.GRANT),
    "inspection.leave": ends(Power.GRANT),
    "grant.end": ends(Power.GRANT),
    "grant.narrow": ends(Power.GRANT),
    "grant.revoke": ends(Power.GRANT),
    "grant.suspend": ends(Power.GRANT),
    "grants.confirm": HARMLESS,
    "policy.bind": yields(Power.POLICY),
    "policy.unbind": ends(Power.POLICY),
    "policy.test": HARMLESS,
    "school_year.open": yields(Power.YEAR),
    "school_year.close": ends(Power.YEAR),
    "session.open": HARMLESS,
    "session.fail": HARMLESS,
    "session.unknown": HARMLESS,
    "session.close": HARMLESS,
    "unit.abbreviate": HARMLESS,
    "unit.create": yields(Power.UNIT),
    "unit.change_manager": yields(Power.UNIT),
    "unit.succeed": yields(Power.UNIT),
    "unit.resume": yields(Power.UNIT),
    "unit.suspend": ends(Power.UNIT),
}
"""The mark in the log of each edge. An event that stands here under no name is undeclared, whoever leaves it."""


def find_undeclared(declaration: Declaration, events: Iterable[str]) -> list[str]:
    """Events that an act left and did not declare, or that nobody has put into `EVENTS`."""
    declared = declaration.edges
    if ends(Power.CUSTODY) <= declared:
        # With the custody goes what opened the account: the next custodian has a device of their own (rule 6).
        declared |= ends(Power.FACTORS)
    return sorted({e for e in events if e not in EVENTS or not EVENTS[e] <= declared})


@dataclass(frozen=True, slots=True)
class State:
    """Who holds which power at one instant; what a coalition controls is said beside it."""

    now: datetime
    chains: Mapping[UnitId, tuple[UnitId, ...]]
    """Every unit, and above it its managers (for a unit that is over, its successors') up to the root."""
    heads: Mapping[UnitId, frozenset[PersonId]]
    signers: Mapping[UnitId, frozenset[PersonId]]
    duties: frozenset[Assignment]
    """Those that hold now."""
    accounts: Mapping[AccountId, Account]
    factors: Mapping[AccountId, int]
    """How many things open it: a password is one."""
    custody: Mapping[UnitId, PersonId]
    working: Mapping[GrantId, Grant]
    """Grants that are in force and not paused themselves."""
    bindings: frozenset[PackBinding]
    edges: frozenset[tuple[UnitId, UnitId, datetime]]
    """Which unit has which direct manager from when on, the days to come included."""


def state_at(ground: Ground, factors: Mapping[AccountId, int]) -> State:
    """Read the state; `factors` counts what opens each account, since credentials are no facts."""
    facts, now = ground.facts, ground.now
    units = facts.find(Unit)
    duties = [a for a in facts.find(Assignment) if now in a.interval]
    heads: dict[UnitId, set[PersonId]] = {}
    signers: dict[UnitId, set[PersonId]] = {}
    for duty in duties:
        try:
            position = ground.pack_for(duty.unit).positions.get(duty.position)
        except RefusedError:
            continue
        if position is not None and position.rank in LEADERS:
            signers.setdefault(duty.unit, set()).add(duty.person)
            if position.rank in HEADS:
                heads.setdefault(duty.unit, set()).add(duty.person)
    paused = {s.target for s in facts.find(Suspension, kind=str(SuspendableKind.GRANT)) if now in s.interval}
    kept = {unit: _custodian(ground, unit) for unit in sorted({c.unit for c in facts.find(Custody)})}
    return State(
        now=now,
        chains={u.id: _chain(ground, u.id, frozenset()) for u in units},
        heads={u: frozenset(p) for u, p in heads.items()},
        signers={u: frozenset(p) for u, p in signers.items()},
        duties=frozenset(duties),
        accounts={a.id: a for a in facts.find(Account)},
        factors=factors,
        custody={u: c.person for u, c in kept.items() if c is not None},
        working={g.id: g for g in facts.find(Grant) if _is_working(g, now) and g.id not in paused},
        bindings=frozenset(facts.find(PackBinding)),
        edges=frozenset((e.unit, e.manager, e.valid_from) for e in facts.find(ManagementEdge)),
    )


def _custodian(ground: Ground, unit: UnitId) -> Custody | None:
    try:
        return custody_at(ground, unit)
    except RefusedError:
        return None


def _is_working(grant: Grant, now: datetime) -> bool:
    is_over = grant.ended_at is not None and grant.ended_at <= now
    return grant.activated_at is not None and now in grant.interval and not is_over


def _chain(ground: Ground, unit: UnitId, seen: frozenset[UnitId]) -> tuple[UnitId, ...]:
    chain = list(chain_of(ground.org, unit, ground.now))
    for succession in ground.facts.find(Succession, predecessor=unit):
        if succession.successor not in seen:
            above = _chain(ground, succession.successor, seen | {unit})
            chain += [u for u in above if u not in chain]
    if len(chain) == 1:
        # A unit that begins later, or whose edge ended with it, still lies where its last edge put it.
        for edge in ground.facts.find(ManagementEdge, unit=unit):
            chain += [u for u in chain_of(ground.org, edge.manager, ground.now) if u not in chain]
    return tuple(chain)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a coalition's accounts stand for."""

    persons: frozenset[PersonId]
    leads: frozenset[UnitId]
    """Units that one of them signs for."""
    keeps: frozenset[UnitId]
    """Units whose admin account one of them opens."""

    @property
    def offices(self) -> frozenset[UnitId]:
        """Units that they lead or keep."""
        return self.leads | self.keeps


def reach_of(state: State, controlled: Iterable[AccountId]) -> Reach:
    """The persons and offices behind these accounts."""
    found = [state.accounts[a] for a in controlled if a in state.accounts]
    persons = frozenset(a.person for a in found if a.person is not None)
    return Reach(
        persons=persons,
        leads=frozenset(u for u, signers in state.signers.items() if signers & persons),
        keeps=frozenset(a.unit for a in found if a.kind is AccountKind.ADMIN),
    )


def is_under(state: State, unit: UnitId, offices: Iterable[UnitId], *, strictly: bool = False) -> bool:
    """Does the unit stand at or below one of these offices (strictly: below)?"""
    chain = state.chains.get(unit, (unit,))
    return not frozenset(chain[1:] if strictly else chain).isdisjoint(offices)


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence that an act broke, and about whom or what."""

    sentence: str
    target: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a coalition: the states around it and the accounts that it controls in each."""

    before: State
    after: State
    held: frozenset[AccountId]
    holds: frozenset[AccountId]
    laid: frozenset[str] = frozenset()
    """Duties that the coalition itself laid on people: they place nobody below it."""
    vouched: frozenset[tuple[PersonId, UnitId]] = frozenset()
    """Offices that somebody outside the coalition gave to one of its people."""
    own: frozenset[PersonId] = frozenset()
    """People whom the coalition entered, with accounts of their own making."""
    handed: frozenset[UnitId] = frozenset()
    """Units whose admin account somebody outside the coalition handed to one of its people in writing."""


def comes_to_office(step: Step) -> list[Finding]:
    """I1: nobody comes to head or sign for a unit unless an account they hold leads one strictly above it."""
    had, has = reach_of(step.before, step.held), reach_of(step.after, step.holds)
    found = []
    for word, old, new in (
        ("heads", step.before.heads, step.after.heads),
        ("signs for", step.before.signers, step.after.signers),
    ):
        for unit, persons in new.items():
            if had.persons & old.get(unit, frozenset()) or (word == "signs for" and unit in had.leads):
                continue
            gained = {p for p in persons & has.persons if (p, unit) not in step.vouched}
            if gained and not is_under(step.before, unit, had.leads, strictly=True):
                found.append(Finding("I1", unit, f"{min(gained)} {word} it"))
    return found


def comes_to_control(step: Step) -> list[Finding]:
    """I2: nobody comes to control an account whose holder's duties lie in no unit at or below theirs."""
    offices = reach_of(step.before, step.held).offices
    found = []
    for id_ in sorted(step.holds - step.held):
        account = step.after.accounts.get(id_)
        if account is None or _is_handed(step, account):
            continue
        places = {account.unit} if account.kind is not AccountKind.USE else _places(step, account)
        if not any(is_under(step.before, unit, offices) for unit in places):
            found.append(Finding("I2", id_, f"its holder serves in {sorted(places)}"))
    return found


def _is_handed(step: Step, account: Account) -> bool:
    return account.kind is AccountKind.ADMIN and account.unit in step.handed


def _places(step: Step, account: Account) -> set[UnitId]:
    """The units where the holder serves; whoever serves nowhere still belongs to the unit of their account."""
    is_own = account.person in step.own
    duties = step.before.duties | step.after.duties
    found = {d.unit for d in duties if d.person == account.person and (is_own or d.id not in step.laid)}
    return found or {account.unit}


def opens_stronger(step: Step) -> list[Finding]:
    """I3: nobody opens an account with more factors than any that they hold."""
    strongest = max((step.before.factors.get(a, 1) for a in step.held), default=0)
    return [
        Finding("I3", id_, f"it had {step.before.factors[id_]} factors, theirs have {strongest}")
        for id_ in sorted(step.holds - step.held)
        if step.before.factors.get(id_, 0) > strongest and not _is_handed(step, step.after.accounts[id_])
    ]


def takes_from_others(step: Step) -> list[Finding]:
    """I4: nobody ends what a unit not at or below theirs gave, a headship from inside, a pack, or moves a unit."""
    before, after = step.before, step.after
    had = reach_of(before, step.held)
    found = []
    for id_, grant in before.working.items():
        is_gone = id_ not in after.working and not any(g.replaces == id_ for g in after.working.values())
        account = before.accounts.get(grant.account)
        is_theirs = grant.account in step.held or (account is not None and account.person in had.persons)
        if is_gone and not is_theirs and not is_under(before, grant.unit, had.offices):
            found.append(Finding("I4", id_, f"a grant of `{grant.unit}` to {grant.account} ended or stopped"))
    for unit, persons in before.heads.items():
        lost = persons - after.heads.get(unit, frozenset()) - had.persons
        if lost and not is_under(before, unit, had.leads, strictly=True):
            found.append(Finding("I4", unit, f"{min(lost)} heads it no more"))
    for unit, person in before.custody.items():
        is_lost = after.custody.get(unit) != person and person not in had.persons and unit not in step.handed
        is_head = bool(had.persons & before.heads.get(unit, frozenset()))
        if is_lost and not is_head and not is_under(before, unit, had.offices, strictly=True):
            found.append(Finding("I4", unit, f"{person} operates its admin account no more"))
    for unit, manager, _ in sorted(after.edges - before.edges):
        if unit in before.chains and not is_under(before, unit, had.leads, strictly=True):
            found.append(Finding("I4", unit, f"`{manager}` comes to manage it"))
    if before.bindings != after.bindings:
        changed = before.bindings ^ after.bindings
        found += [Finding("I4", b.unit, f"the pack `{b.pack}` binds otherwise") for b in changed]
    return found


SENTENCES: tuple[Callable[[Step], list[Finding]], ...] = (
    comes_to_office,
    comes_to_control,
    opens_stronger,
    takes_from_others,
)


def findings(step: Step) -> list[Finding]:
    """Everything that one act of a coalition broke."""
    return [finding for sentence in SENTENCES for finding in sentence(step)]

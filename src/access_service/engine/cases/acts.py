"""The acts of delegation that a case may try, each through the functions of `domain.delegation`.

A line is read once (`read_act`); `run` answers with what the rule gave, or raises `RefusedError` as the rule does.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from access_service.domain.custody import OFFICER, check_custody, check_not_for_themselves, custody_duty
from access_service.domain.delegation import (
    Authority,
    Grant,
    check_authority,
    check_grant,
    check_parties,
    complete,
    signing_capacity,
)
from access_service.domain.names import (
    AccountId,
    AssignmentId,
    AuthorityId,
    Capacity,
    GrantId,
    PersonId,
    UnitId,
)
from access_service.domain.org import manager_of, normalise
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope
from access_service.domain.separations import check_separated, roles_held
from access_service.engine.cases.grants import BASIS, interval_of, issuer_of, realm, scope_of
from access_service.engine.cases.world import World
from access_service.engine.cases.yaml_reader import Map

NO_DUTY = "none"
ACTS = ("propose", "give", "sign", "custody")


@dataclass(frozen=True, slots=True)
class Done:
    """What a rule gave back."""

    article: str | None = None
    """Article of the row of `delegation.csv` that allows the grant."""
    documents: frozenset[str] | None = None
    """The papers that row asks for."""
    capacity: str | None = None
    """The capacity in which somebody signs."""


@dataclass(frozen=True, slots=True)
class Propose:
    """A unit proposes a grant (`check_grant`)."""

    grant: Grant

    def run(self, world: World, pack: Pack, now: datetime) -> Done:
        """Every condition on the grant, as at its proposal."""
        office = world.office(pack, self.grant.unit, self.grant.authority, now)
        duty = world.duties.get(self.grant.assignment) if self.grant.assignment is not None else None
        account = world.accounts[self.grant.account]
        held = () if account.person is None else world.duties_of(account.person, self.grant.unit)
        rule = check_grant(office, complete(office, self.grant, duty), account, duty, held=held)
        check_not_for_themselves(office.custody, account.person)
        mine = [f.grant for f in world.grants.get(self.grant.account, ())]
        check_separated(pack, roles_held(mine, now), frozenset({self.grant.role}))
        return Done(article=rule.article, documents=rule.documents)


@dataclass(frozen=True, slots=True)
class Give:
    """A unit gives authority to a unit below it (`check_authority`)."""

    by: UnitId
    authority: Authority

    def run(self, world: World, pack: Pack, now: datetime) -> Done:
        """May the unit hand this much down, and to that unit?"""
        if self.authority.parent is None:
            raise RuntimeError("an authority without a giver")
        given = replace(self.authority, scope=normalise(world.org, self.authority.scope))
        check_authority(world.office(pack, self.by, self.authority.parent, now), given)
        return Done()


@dataclass(frozen=True, slots=True)
class Sign:
    """Somebody signs for a unit as giver (`check_parties`, `signing_capacity`)."""

    person: PersonId
    unit: UnitId
    claimed: Capacity | None
    receiver: PersonId | None

    def run(self, world: World, pack: Pack, now: datetime) -> Done:
        """In which capacity the person signs."""
        if self.receiver is not None:
            check_parties(self.person, self.receiver)
        unit, duties = world.org.unit(self.unit), world.duties_of(self.person, self.unit)
        capacity, _ = signing_capacity(pack, duties, now, self.claimed, kind=unit.kind if unit else "")
        return Done(capacity=str(capacity))


@dataclass(frozen=True, slots=True)
class TakeCustody:
    """A unit's admin account is handed to a person (`check_custody`)."""

    unit: UnitId
    by: UnitId
    holder: str

    def run(self, world: World, pack: Pack, now: datetime) -> Done:
        """May the account be handed over so?"""
        manager, current = manager_of(world.org, self.unit, now), world.custody(self.unit, now)
        check_custody(pack, holder=self.holder, giver=self.by, unit=self.unit, manager=manager, current=current)
        return Done()


CaseAct = Propose | Give | Sign | TakeCustody


def read_act(line: Map, world: World, pack: Pack, at: datetime) -> CaseAct | None:
    """The one act that a line names; None and a fault when it names none or several."""
    named = [key for key in ACTS if line.has(key)]
    if len(named) != 1:
        line.fault(None, "an act is one of propose, give, sign, custody")
        line.skip(*ACTS)
        return None
    inner = line.child(named[0])
    if inner is None:
        return None
    before = len(line.faults)
    if named[0] == "sign":
        act = _sign(inner, world)
    else:
        act = {"propose": _propose, "give": _give, "custody": _custody}[named[0]](inner, world, pack, at)
    if len(line.faults) == before:
        inner.done()
    return act


def _propose(line: Map, world: World, pack: Pack, at: datetime) -> CaseAct | None:
    account = AccountId(line.word("account", world.accounts, "account"))
    role = line.word("role", pack.roles, "role")
    own = account if AssignmentId(account) in world.duties else NO_DUTY
    duty = world.duties.get(AssignmentId(line.word("duty", {*world.duties, NO_DUTY}, "duty", default=own)))
    if account not in world.accounts:
        return None
    by = issuer_of(world, pack, duty, at) if duty is not None else world.accounts[account].unit
    by = UnitId(line.word("by", world.org.units, "unit", default=by))
    authority = _authority(line, world, by)
    if authority is None:
        return None
    start, end = interval_of(line, at)
    return Propose(
        Grant(
            id=GrantId("proposed"),
            account=account,
            role=role,
            scope=scope_of(line, realm(world, pack, duty.unit if duty is not None else by, at), world, pack),
            unit=by,
            authority=authority,
            assignment=duty.id if duty is not None else None,
            document=None,
            valid_from=start,
            valid_to=end,
        )
    )


def _authority(line: Map, world: World, by: UnitId) -> AuthorityId | None:
    """The authority named, or the unit's own."""
    found = line.word("authority", world.authorities, "authority", default=world.authority_of(by))
    return AuthorityId(found) if found in world.authorities else None


def _give(line: Map, world: World, pack: Pack, at: datetime) -> CaseAct | None:
    unit = UnitId(line.word("unit", world.org.units, "unit"))
    by = UnitId(line.word("by", world.org.units, "unit", default=manager_of(world.org, unit, at)))
    parent = _authority(line, world, by)
    if parent is None or unit not in world.org.units:
        return None
    start, end = interval_of(line, at)
    scope: Scope = scope_of(line, realm(world, pack, unit, at), world, pack)
    return Give(by, Authority(AuthorityId("given"), unit, parent, scope, BASIS, start, end))


def _sign(line: Map, world: World) -> CaseAct | None:
    people = {duty.person for duty in world.duties.values()}
    person = line.word("person", people, "person")
    unit = line.word("unit", world.org.units, "unit")
    claimed = line.word("as", {str(c) for c in Capacity}, "capacity") if line.has("as") else None
    receiver = line.word("receiver", people, "person") if line.has("receiver") else None
    if claimed is not None and claimed not in {str(c) for c in Capacity}:
        return None
    return Sign(
        PersonId(person),
        UnitId(unit),
        Capacity(claimed) if claimed is not None else None,
        PersonId(receiver) if receiver is not None else None,
    )


def _custody(line: Map, world: World, pack: Pack, at: datetime) -> CaseAct | None:
    unit = UnitId(line.word("unit", world.org.units, "unit"))
    people = {duty.person for duty in world.duties.values() if duty.unit == unit}
    person = PersonId(line.word("person", people, "person with a duty there"))
    found = custody_duty(pack, world.duties_of(person, unit), at)
    holder = OFFICER if found is None else found[1]
    by = unit if holder == OFFICER else manager_of(world.org, unit, at)
    return TakeCustody(unit, UnitId(line.word("by", world.org.units, "unit", default=by)), holder)

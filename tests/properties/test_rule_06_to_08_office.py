"""Rules 6 to 8: the admin account first, nobody serves themselves, depth is bounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.accounts import Custody
from access_service.domain.errors import RefusedError
from access_service.domain.names import SuspendableKind, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation, documents, inspection
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import open_sessions, recoveries
from access_service.usecases.organisation import leaving, org
from access_service.usecases.services import Caller, Services
from world import (
    LOWER,
    OFFICE,
    PASSWORD,
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    pack_variant,
    with_school,
)


def test_the_admin_account_first(school_world: World) -> None:
    """Vacant: nothing is proposed and nothing activated; what was granted before stands."""
    world = school_world
    kept, waiting = hire_homeroom(world), world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    world.hand_over(SCHOOL, kept, homeroom_line(world, kept))
    line = EnteredLine("academic_registrar", waiting.duty, Scope(unit=SCHOOL), world.clock.now)
    prepared = world.propose(SCHOOL, waiting, line)
    assert prepared.commitment is not None
    world.sign(waiting, prepared.commitment.id)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    assert world.ask(kept)
    with world.refuses(Refusal.CUSTODY_VACANT):
        world.propose(SCHOOL, kept, homeroom_line(world, kept))
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    with world.refuses(Refusal.CUSTODY_VACANT):
        world.sign(waiting, prepared.document.id)
    world.hand_over_custody(SCHOOL, world.people[f"head:{SCHOOL}"], OFFICE)
    assert world.sign(waiting, prepared.document.id).activated


def test_one_custodian_at_a_time_and_each_change_resets(school_world: World) -> None:
    """The handover ends the head's custody, their sessions and their password, and touches no grant."""
    world = school_world
    who, grant = world.hire_granted("giáo vụ")
    before = world.ask(who)
    signed_in = world.enrol(f"quantri.{SCHOOL}")
    world.clock.forward(minutes=1)
    officer = world.hand_to_officer(SCHOOL)
    with pytest.raises(RefusedError, match="sign in first"):
        open_sessions.caller_from_token(world.services, signed_in.token)
    with world.services.db.read(world.register) as reader:
        held = [c for c in reader.find(Custody, unit=SCHOOL) if world.clock.now in c.interval]
    assert [c.person for c in held] == [officer.person]
    assert world.ask(who) == before
    assert world.get(type(grant), grant.id).ended_at is None


def test_the_deputy_in_charge_fills_a_vacancy(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 20), decision_number="01/QĐ")
    world.clock.forward(minutes=1)
    deputy = world.hire("phụ trách", SCHOOL, "vice_principal_in_charge", OFFICE)
    world.hand_over_custody(SCHOOL, deputy, OFFICE)
    assert world.admins[SCHOOL].person == deputy.person


def _clerk_line(world: World, who: Someone) -> EnteredLine:
    return EnteredLine("clerk", who.duty, Scope(unit=SCHOOL), world.clock.now)


Door = Callable[[World, Someone, Caller], object]
DOORS: dict[str, Door] = {
    "handover": lambda w, head, _: w.propose(SCHOOL, head, _clerk_line(w, head)),
    "duty": lambda w, head, _: w.assign(head.person, SCHOOL, "clerk", SCHOOL),
    "custody": lambda w, head, admin: documents.propose_custody(
        w.services, admin, unit=SCHOOL, receiver=head.person, number="", dated=date(2026, 8, 20)
    ),
    "taking back": lambda w, head, _: leaving.take_back_custody(w.services, head.caller, SCHOOL),
    "recovery": lambda w, head, admin: recoveries.ask_recovery(w.services, admin, head.account, password=PASSWORD),
    "recovery of the admin account": lambda w, head, admin: recoveries.ask_recovery(
        w.services, head.caller, admin.account, password=PASSWORD
    ),
    "suspension": lambda w, head, admin: delegation.suspend(
        w.services, admin, kind=SuspendableKind.ACCOUNT, target=head.account, reason="tự khoá"
    ),
}
CODES = {"custody": Refusal.CUSTODY_TAKEN}


@pytest.mark.parametrize("door", sorted(DOORS))
def test_nobody_serves_themselves(school_world: World, door: str) -> None:
    """The head, who also operates the admin account, finds every door to themselves closed."""
    world = school_world
    with world.refuses(CODES.get(door, Refusal.SELF_SERVICE)):
        DOORS[door](world, world.people[f"head:{SCHOOL}"], world.admins[SCHOOL])


def test_nobody_is_giver_and_receiver(school_world: World) -> None:
    """A deputy's own minutes are signed by the head, not KT. by the deputy."""
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    line = EnteredLine("deputy_academic", deputy.duty, Scope(unit=SCHOOL), world.clock.now)
    document = world.propose(SCHOOL, deputy, line).document
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(deputy, document.id)
    world.sign(world.people[f"head:{SCHOOL}"], document.id)
    assert world.sign(deputy, document.id)


def test_nobody_touches_their_own_grant(school_world: World) -> None:
    """A deputy who may revoke for the school may not revoke, narrow, suspend or withdraw what is theirs."""
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    line = EnteredLine("deputy_academic", deputy.duty, Scope(unit=SCHOOL), world.clock.now)
    prepared = world.hand_over(SCHOOL, deputy, line)
    grant, services, caller = prepared.grants[0], world.services, deputy.caller
    for act in (
        lambda: delegation.revoke_grant(services, caller, grant.id, reason="tự thu hồi"),
        lambda: delegation.narrow_grant(services, caller, grant.id, scope=grant.scope, valid_to=None),
        lambda: delegation.suspend(services, caller, kind=SuspendableKind.GRANT, target=grant.id, reason="tự khoá"),
        lambda: documents.withdraw(services, caller, prepared.document.id, reason="tự huỷ"),
    ):
        with world.refuses(Refusal.SELF_SERVICE):
            act()


def test_a_heads_giver_is_the_direct_manager(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    line = EnteredLine("principal", head.duty, Scope(unit=SCHOOL), world.clock.now)
    world.hand_to_officer(SCHOOL)
    with world.refuses(Refusal.SELF_SERVICE):
        world.propose(SCHOOL, head, line)
    world.hand_over(OFFICE, head, line)
    assert world.ask(head)


def test_nobody_inspects_their_own_unit(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    team = inspection.Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({teacher.person}),
        content="Kiểm tra phân quyền",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=5),
    )
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.SELF_SERVICE):
        inspection.propose_inspection(world.services, world.admins[OFFICE], team)


@pytest.fixture
def shallow(services: Services, clock: Clock, tmp_path: Path) -> World:
    """A world in which at most three authorities lie between the root and a grant."""
    bound = '[limits.max_depth]\nvalue = 3\narticle = "default"\n'
    return with_school(found(services, clock, pack="thu", policy=pack_variant(tmp_path, "thu", bound)))


def test_depth_is_bounded(shallow: World) -> None:
    """Department, commune, school: three. A fourth is refused by name; custody is no hop."""
    world = shallow
    world.hand_to_officer(SCHOOL)
    who, _ = world.hire_granted("giáo vụ")
    assert world.ask(who)
    below = UnitId("0003101a")
    org.create_unit(
        world.services,
        world.admins[SCHOOL],
        id_=below,
        kind="school",
        name="Trường con Thử",
        levels=frozenset({LOWER}),
        manager=SCHOOL,
        basis="QĐ 07/QĐ",
    )
    with world.refuses(Refusal.DEPTH_EXCEEDED):
        world.give_authority(below, SCHOOL, levels=frozenset({LOWER}))
    assert world.why(who, class_id=None, unit=below, category="STA", action="approve") is Reason.ACTION_NOT_IN_ROLE

"""A1: an officer who keeps an admin account makes a puppet who signs, or changes what a signature may do.

The legitimate step first: the officer prepares, the office's leadership confirms. Then each variant of the attack.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.access import Allow
from access_service.domain.errors import RefusedError
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Succession, Unit
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import Outcome, WaitingAct
from access_service.engine.packs.load import read_pack_files
from access_service.usecases import policy
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import accounts
from access_service.usecases.organisation import leaving, moving, org, succession
from access_service.usecases.organisation.org import Duty
from access_service.usecases.second_person import confirming
from second_person import DECISION
from world import LOWER, OFFICE, ROOT, SCHOOL, Someone, World

SECOND_SCHOOL = UnitId("0003109")


def root_officer(world: World) -> Someone:
    """The department's IT officer is custodian by ordinary handover."""
    focal = world.people["focal"]
    world.hand_over_custody(world.root, focal, world.root)
    return focal


def duty(world: World, person: PersonId, unit: UnitId, position: str, **more: object) -> Duty:
    return Duty(
        person=person,
        unit=unit,
        position=position,
        decision_number="000/QĐ",
        decision_date=date(2026, 8, 1),
        valid_from=world.clock.now,
        **more,  # type: ignore[arg-type]
    )


def puppet(world: World, unit: UnitId) -> PersonId:
    return org.add_person(world.services, world.admins[unit], name="Người Thử Bù Nhìn").id


def seat(world: World, director: Someone) -> str:
    """The sitting director's appointment."""
    with world.services.db.read(world.register) as reader:
        found = reader.find(Assignment, unit=world.root, person=director.person)
    return next(a.id for a in found if a.position == "director")


@pytest.mark.parametrize(
    "position", ["director", "acting_director", "deputy_director_in_charge", "deputy_director"]
)
@pytest.mark.parametrize("replaces", [True, False])
def test_nobody_in_the_register_makes_somebody_who_signs_for_the_root(
    school_world: World, position: str, replaces: bool
) -> None:
    world = school_world
    director = world.people["director"]
    root_officer(world)
    person = puppet(world, world.root)
    old = seat(world, director) if replaces else None
    with world.refuses(Refusal.OPERATOR_ONLY):
        org.assign_duty(
            world.services, world.admins[world.root], duty(world, person, world.root, position, replaces=old)
        )
    # The director who operates the account themselves is not above the root either.
    assert world.get(Assignment, seat(world, director)).valid_to is None


def test_a_clerks_decision_does_not_replace_the_director(school_world: World) -> None:
    world = school_world
    director = world.people["director"]
    root_officer(world)
    clerk = duty(world, puppet(world, world.root), world.root, "personnel_officer", replaces=seat(world, director))
    with world.refuses(Refusal.OPERATOR_ONLY):
        org.assign_duty(world.services, world.admins[world.root], clerk)


def test_the_directors_duty_is_not_ended_from_inside(school_world: World) -> None:
    world = school_world
    director = world.people["director"]
    root_officer(world)
    deputy = world.root_signer("phó", "deputy_director")
    for caller in (world.admins[world.root], deputy.caller):
        with world.refuses(Refusal.OPERATOR_ONLY):
            leaving.end_duty(
                world.services, caller, seat(world, director), on=date(2026, 9, 1), decision_number="1/QĐ"
            )
    assert world.enter(director.account).person == director.person


@pytest.mark.parametrize("unit", [UnitId("00031"), OFFICE, SCHOOL])
def test_no_custodian_binds_a_pack_to_any_unit(school_world: World, unit: UnitId) -> None:
    """Rebinding the root's pack, or that of one child unit, changes who signs and what a role may do."""
    world = school_world
    with world.refuses(Refusal.OPERATOR_ONLY):
        policy.bind_pack(world.services, world.admins[world.root], unit=unit)
    root_officer(world)
    with world.refuses(Refusal.OPERATOR_ONLY):
        policy.bind_pack(world.services, world.admins[world.root], unit=unit)
    with world.refuses(Refusal.NOT_CUSTODIAN):
        policy.bind_pack(world.services, world.admins[SCHOOL], unit=SCHOOL)


def test_a_pack_waits_for_a_second_person(school_world: World) -> None:
    world = school_world
    first, second = world.operators
    pack = read_pack_files(ROOT / "policy", "hai-phong", ROOT / "models")
    waits = policy.prepare_binding(
        world.services,
        world.register,
        unit=OFFICE,
        pack=pack,
        on=date(2026, 8, 20),
        decision=DECISION,
        operator=first,
    )
    with world.services.db.read(world.register) as reader:
        assert reader.find(policy.PackBinding, unit=OFFICE) == []
    with pytest.raises(RefusedError) as same:
        confirming.confirm_as_operator(world.services, world.register, waits.id, first)
    assert same.value.code is Refusal.SELF_SERVICE
    # The office below has no say in it; one of the department's leadership has.
    with pytest.raises(RefusedError):
        confirming.confirm(world.services, world.people[f"head:{OFFICE}"].caller, waits.id)
    done = confirming.confirm(world.services, world.people["director"].caller, waits.id)
    bound = world.get(policy.PackBinding, done.result or "")
    assert (bound.unit, bound.pack, bound.valid_from) == (OFFICE, "hai-phong", world.clock.now)
    assert second


def test_a_communes_officer_does_not_replace_a_principal_by_a_puppet(school_world: World) -> None:
    world = school_world
    officer = world.hand_to_officer(OFFICE)
    principal, chair = world.people[f"head:{SCHOOL}"], world.people[f"head:{OFFICE}"]
    person = puppet(world, OFFICE)
    waits = org.assign_duty(
        world.services,
        world.admins[OFFICE],
        duty(world, person, SCHOOL, "principal", replaces=principal.duty),
    )
    assert isinstance(waits, WaitingAct)
    # Nothing has happened: the principal heads the school, the puppet has no duty and gets no account.
    assert world.get(Assignment, principal.duty).valid_to is None
    with pytest.raises(RefusedError):
        accounts.issue_account(
            world.services,
            world.admins[OFFICE],
            unit=SCHOOL,
            kind=accounts.AccountKind.USE,
            person=person,
            username="000.bunhin",
        )
    # Neither the officer in any of their sessions, nor the school, nor a stranger, brings it about.
    for caller in (world.admins[OFFICE], officer.caller, principal.caller, world.admins[SCHOOL]):
        with world.refuses(Refusal.SIGNER_NOT_LEADER):
            confirming.confirm(world.services, caller, waits.id)
    done = confirming.confirm(world.services, chair.caller, waits.id)
    assert world.get(Assignment, done.result or "").person == person
    assert world.get(Assignment, principal.duty).valid_to == world.clock.now


@pytest.mark.parametrize(
    "position", ["vice_principal", "vice_principal_in_charge", "acting_principal", "principal"]
)
def test_an_officer_only_prepares_who_signs_and_who_prepared_confirms_nothing(
    school_world: World, position: str
) -> None:
    world = school_world
    world.hand_to_officer(OFFICE)
    deputy = world.hire("phó xã", OFFICE, "level_officer", OFFICE)
    principal = world.people[f"head:{SCHOOL}"]
    replaces = None if position == "vice_principal" else principal.duty
    waits = org.assign_duty(
        world.services,
        world.admins[OFFICE],
        duty(world, puppet(world, OFFICE), SCHOOL, position, replaces=replaces),
    )
    assert isinstance(waits, WaitingAct)
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        confirming.confirm(world.services, deputy.caller, waits.id)
    declined = confirming.decline(world.services, world.people[f"head:{OFFICE}"].caller, waits.id)
    assert declined.outcome is Outcome.DECLINED
    with world.refuses(Refusal.DOCUMENT_STATE):
        confirming.confirm(world.services, world.people[f"head:{OFFICE}"].caller, waits.id)


def test_a_deputy_who_keeps_the_account_needs_somebody_else(school_world: World) -> None:
    """Who prepared it is not the leadership that confirms it; nor is whom it appoints."""
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    world.hand_over_custody(SCHOOL, deputy, SCHOOL)
    second = world.hire("phó hai", SCHOOL, "clerk", SCHOOL)
    wanted = duty(world, second.person, SCHOOL, "vice_principal")
    waits = org.assign_duty(world.services, world.admins[SCHOOL], wanted)
    assert isinstance(waits, WaitingAct)
    with world.refuses(Refusal.SELF_SERVICE):
        confirming.confirm(world.services, deputy.caller, waits.id)
    confirming.confirm(world.services, world.people[f"head:{SCHOOL}"].caller, waits.id)
    again = org.assign_duty(world.services, world.admins[SCHOOL], wanted)
    assert isinstance(again, WaitingAct)
    with world.refuses(Refusal.SELF_SERVICE):
        confirming.confirm(world.services, second.caller, again.id)


def test_an_officer_does_not_release_a_deputy_or_a_principal_alone(school_world: World) -> None:
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    principal = world.people[f"head:{SCHOOL}"]
    world.hand_to_officer(OFFICE)
    for who in (deputy, principal):
        waits = leaving.end_duty(
            world.services, world.admins[OFFICE], who.duty, on=date(2026, 9, 1), decision_number="1/QĐ"
        )
        assert isinstance(waits, WaitingAct)
        assert world.get(Assignment, who.duty).valid_to is None
        with world.refuses(Refusal.SIGNER_NOT_LEADER):
            confirming.confirm(world.services, who.caller, waits.id)
        confirming.confirm(world.services, world.people[f"head:{OFFICE}"].caller, waits.id)
        assert world.get(Assignment, who.duty).valid_to is not None


def test_what_waits_is_asked_again_when_it_is_confirmed(school_world: World) -> None:
    """Prepared while the seat was free; by the confirmation somebody holds it."""
    world = school_world
    school = world.add_unit("0003199", "school", "Trường THCS Trống", OFFICE)
    chair = world.admins[OFFICE]
    world.hand_to_officer(OFFICE)
    waits = org.assign_duty(
        world.services, world.admins[OFFICE], duty(world, puppet(world, OFFICE), school, "principal")
    )
    assert isinstance(waits, WaitingAct)
    other = org.assign_duty(
        world.services, world.admins[OFFICE], duty(world, puppet(world, OFFICE), school, "principal")
    )
    head = world.people[f"head:{OFFICE}"].caller
    confirming.confirm(world.services, head, other.id)
    with world.refuses(Refusal.DUPLICATE):
        confirming.confirm(world.services, head, waits.id)
    assert chair.unit == OFFICE


def two_schools(world: World, *, is_officers: bool = True) -> tuple[Someone, Someone]:
    """A second school of the commune, each with its head; the commune's account is an officer's by handover."""
    world.add_unit(SECOND_SCHOOL, "school", "Trường THCS Hai", OFFICE, LOWER)
    other = world.appoint_head(f"head:{SECOND_SCHOOL}", SECOND_SCHOOL, "principal", OFFICE)
    if is_officers:
        world.hand_to_officer(OFFICE)
    world.clock.forward(minutes=1)
    return world.people[f"head:{SCHOOL}"], other


def dissolves(world: World, **more: object) -> Succession | WaitingAct:
    said = {"predecessor": SECOND_SCHOOL, "successor": SCHOOL, "on": local(world.clock.now).date()} | more
    return succession.succeed_unit(world.services, world.admins[OFFICE], basis="01/QĐ", **said)  # type: ignore[arg-type]


def test_an_officer_does_not_end_a_headship_by_dissolving_the_school(school_world: World) -> None:
    """The decision is entered, and nothing has happened until one of the commune's leadership confirms it."""
    world = school_world
    principal, victim = two_schools(world)
    chair = world.people[f"head:{OFFICE}"]
    waits = dissolves(world)
    assert isinstance(waits, WaitingAct)
    assert (waits.office, waits.unit, waits.decision_number) == (OFFICE, SECOND_SCHOOL, "01/QĐ")
    assert world.get(Assignment, victim.duty).valid_to is None
    assert world.get(Unit, SECOND_SCHOOL).valid_to is None
    assert world.enter(victim.account).person == victim.person
    for caller in (
        world.admins[OFFICE],
        world.people["cán bộ"].caller,
        victim.caller,
        principal.caller,
        world.people["director"].caller,
    ):
        with world.refuses(Refusal.SIGNER_NOT_LEADER):
            confirming.confirm(world.services, caller, waits.id)
    world.clock.forward(days=2)
    done = confirming.confirm(world.services, world.enter(chair.account), waits.id)
    with world.services.db.read(world.register) as reader:
        [passed] = reader.find(Succession, predecessor=SECOND_SCHOOL)
    # It is over from the day on which it was confirmed, not from the one that the officer entered.
    assert (done.result, passed.valid_from) == (passed.id, start_of_day(local(world.clock.now).date()))
    assert world.get(Assignment, victim.duty).valid_to == world.clock.now


def test_what_an_officer_dissolves_may_be_declined_and_then_has_no_effect(school_world: World) -> None:
    world = school_world
    _, victim = two_schools(world)
    chair = world.people[f"head:{OFFICE}"].caller
    waits = dissolves(world)
    assert confirming.decline(world.services, chair, waits.id).outcome is Outcome.DECLINED
    with world.refuses(Refusal.DOCUMENT_STATE):
        confirming.confirm(world.services, chair, waits.id)
    assert world.get(Assignment, victim.duty).valid_to is None


def test_a_head_who_operates_the_account_dissolves_at_once(school_world: World) -> None:
    world = school_world
    two_schools(world, is_officers=False)
    assert isinstance(dissolves(world), Succession)


def test_a_dissolution_that_waits_is_asked_again_when_it_is_confirmed(school_world: World) -> None:
    """A class of the same code at the successor; then another manager."""
    world = school_world
    two_schools(world)
    chair = world.people[f"head:{OFFICE}"].caller
    waits = dissolves(world)
    assert isinstance(waits, WaitingAct)
    with world.refuses(Refusal.INVALID):
        dissolves(world, on=local(world.clock.now).date() + timedelta(days=1))
    org.create_class(
        world.services,
        world.admins[SECOND_SCHOOL],
        school=SECOND_SCHOOL,
        school_year="2026-2027",
        code="6A",
        name="6A",
        level=LOWER,
        grade="6",
    )
    with world.refuses(Refusal.DUPLICATE):
        dissolves(world)
    with world.refuses(Refusal.DUPLICATE):
        confirming.confirm(world.services, chair, waits.id)
    moved = world.add_unit("00031009", "commune", "UBND xã Chín", world.root)
    moving.change_manager(
        world.services,
        world.admins[world.root],
        unit=SECOND_SCHOOL,
        manager=moved,
        basis="02/QĐ",
        on=local(world.clock.now).date(),
    )
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        confirming.confirm(world.services, chair, waits.id)


def test_an_officer_does_not_choose_who_appoints_the_head_by_moving_the_school(school_world: World) -> None:
    """With the head of another commune the department's officer would have a puppet there in two steps."""
    world = school_world
    other = world.add_unit("00031009", "commune", "UBND xã Chín", world.root)
    accomplice = world.appoint_head(f"head:{other}", other, "commune_chair", world.root)
    root_officer(world)
    tomorrow = local(world.clock.now).date() + timedelta(days=1)
    for on in (tomorrow, local(world.clock.now).date()):
        waits = moving.change_manager(
            world.services, world.admins[world.root], unit=SCHOOL, manager=other, basis="02/QĐ", on=on
        )
        assert isinstance(waits, WaitingAct)
    for caller in (world.admins[world.root], world.people["focal"].caller, accomplice.caller):
        with world.refuses(Refusal.SIGNER_NOT_LEADER):
            confirming.confirm(world.services, caller, waits.id)
    world.clock.forward(days=3)
    with world.services.db.read(world.register) as reader:
        assert {e.manager for e in reader.find(ManagementEdge, unit=SCHOOL)} == {OFFICE}
    puppets_duty = duty(world, puppet(world, other), SCHOOL, "principal")
    with pytest.raises(RefusedError):
        org.assign_duty(world.services, world.enter(world.admins[other].account), puppets_duty)
    done = confirming.confirm(world.services, world.enter(world.people["director"].account), waits.id)
    edge = world.get(ManagementEdge, done.result or "")
    assert (edge.manager, edge.basis, edge.valid_from) == (other, "02/QĐ", world.clock.now)


def test_heads_of_divisions_stay_the_directors(school_world: World) -> None:
    """The department's officer prepares, the director confirms; a director who operates completes it."""
    world = school_world
    division = world.add_unit("00031P1", "division", "Phòng Thử", world.root)
    assert world.hire("trưởng phòng", division, "division_head", world.root)
    root_officer(world)
    waits = org.assign_duty(
        world.services,
        world.admins[world.root],
        duty(world, puppet(world, world.root), division, "deputy_division_head"),
    )
    assert isinstance(waits, WaitingAct)
    assert confirming.confirm(world.services, world.people["director"].caller, waits.id).result


def test_the_whole_way_of_the_puppet_leads_nowhere(school_world: World) -> None:
    """The story of the issue: custodian by handover, a puppet director, an account, a signature as head."""
    world = school_world
    world.hire_granted("giáo vụ")
    officer = root_officer(world)
    person = puppet(world, world.root)
    with world.refuses(Refusal.OPERATOR_ONLY):
        org.assign_duty(world.services, world.admins[world.root], duty(world, person, world.root, "director"))
    with pytest.raises(RefusedError):
        accounts.issue_account(
            world.services,
            world.admins[world.root],
            unit=world.root,
            kind=accounts.AccountKind.USE,
            person=person,
            username="000.bunhin",
        )
    staff = world.hire("chuyên viên", world.root, "it_officer", world.root)
    line = EnteredLine("it_officer", staff.duty, Scope(unit=world.root), world.clock.now)
    prepared = world.propose(world.root, staff, line)
    with pytest.raises(RefusedError):
        world.sign(officer, prepared.document.id)
    assert not isinstance(world.ask(staff, class_id=None, unit=world.root, category="SCH"), Allow)

"""Recovery: nobody alone comes by somebody else's account (issue A3)."""

import pytest
from tests.world import OFFICE, PASSWORD, SCHOOL, Someone, World

from access_service.domain.delegation import Custody
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.reasons import Refusal
from access_service.domain.recovery import RecoveryState
from access_service.storage.second_factor import factors_of
from access_service.usecases.identity import accounts, recoveries, sign_in
from access_service.usecases.identity.recoveries import AskedRecovery
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.organisation import leaving
from access_service.usecases.services import Caller

NEW = "Mật khẩu khôi phục 1"


@pytest.fixture
def clerk(school_world: World) -> Someone:
    return school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)


def approve(world: World, by: Caller, asked: AskedRecovery, **slip: str) -> None:
    recoveries.approve_recovery(world.services, by, asked.recovery.id, password=PASSWORD, **slip)


def opens(world: World, asked: AskedRecovery) -> bool:
    try:
        accounts.activate(world.services, asked.activation_code, NEW)
    except RefusedError as refused:
        return refused.code not in (Refusal.RECOVERY_WAITING, Refusal.CREDENTIALS_WRONG)
    return True


def test_whoever_asks_shows_their_own_password_and_second_factor(school_world: World, clerk: Someone) -> None:
    world, admin = school_world, school_world.admins[SCHOOL]
    with world.refuses(Refusal.SECOND_FACTOR_DUE):
        recoveries.ask_recovery(world.services, admin, clerk.account, password=PASSWORD)
    right = world.proof(admin)
    for password, second, code in (
        ("Sai mật khẩu 000", right, Refusal.CREDENTIALS_WRONG),
        (PASSWORD, None, Refusal.SECOND_FACTOR_REQUIRED),
        (PASSWORD, Second(totp="000000"), Refusal.SECOND_FACTOR_WRONG),
    ):
        with pytest.raises(RefusedError) as refused:
            recoveries.ask_recovery(world.services, admin, clerk.account, password=password, second=second)
        assert refused.value.code is code
    assert recoveries.recoveries_of(world.services, clerk.caller) == []


def test_while_a_recovery_waits_nothing_changes_for_the_holder(school_world: World, clerk: Someone) -> None:
    world = school_world
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    assert not opens(world, asked)
    assert world.sign_in("000.văn thư")
    world.clock.forward(hours=24, seconds=-1)
    assert not opens(world, asked)
    world.clock.forward(seconds=1)
    assert opens(world, asked), "nobody stopped it for a day"


def test_a_second_person_opens_it_at_once_and_is_neither_the_asker_nor_the_holder(
    school_world: World, clerk: Someone
) -> None:
    """The admin account counts as the person who operates it: the head does not confirm what the head asked for."""
    world = school_world
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    for by in (world.people[f"head:{SCHOOL}"].caller, world.admins[SCHOOL], clerk.caller):
        with world.refuses(Refusal.SELF_SERVICE):
            approve(world, by, asked)
    for by in (world.admins[OFFICE], world.admins[world.root]):
        # An officer who operates an admin account is no leader in a personal session.
        with world.refuses(Refusal.FORBIDDEN):
            approve(world, by, asked)
    approve(world, world.people[f"head:{OFFICE}"].caller, asked)
    assert opens(world, asked)
    assert not opens(world, asked), "a code opens once"


def test_for_a_head_both_persons_are_of_the_units_above(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    for by in (world.admins[SCHOOL], deputy.caller):
        with pytest.raises(RefusedError):
            recoveries.ask_recovery(world.services, by, head.account, password=PASSWORD)
    asked = world.ask_recovery(world.admins[OFFICE], head.account)
    with pytest.raises(RefusedError):
        approve(world, deputy.caller, asked)
    with world.refuses(Refusal.SELF_SERVICE):
        approve(world, world.people[f"head:{OFFICE}"].caller, asked)
    approve(world, world.people["director"].caller, asked)
    assert opens(world, asked)


def test_the_code_of_an_admin_account_is_not_the_askers_to_use(school_world: World) -> None:
    """The hole: one session without a second factor reset the factor and acted under the head's name."""
    world = school_world
    admin = world.admins[SCHOOL].account
    world.proof(world.admins[SCHOOL])
    asked = world.ask_recovery(world.admins[OFFICE], admin, reset_second_factor=True)
    assert not opens(world, asked)
    with world.services.db.read(world.register) as reader:
        assert factors_of(reader.connection, world.register, admin)
    recoveries.stop_recovery(
        world.services, world.people[f"head:{SCHOOL}"].caller, asked.recovery.id, reason="không"
    )
    world.clock.forward(hours=25)
    assert not opens(world, asked)


@pytest.mark.parametrize("whose", [f"head:{SCHOOL}", "phó"])
def test_no_wait_opens_what_an_officer_asked_for_about_somebody_who_signs(school_world: World, whose: str) -> None:
    """(A1, I1) Keeping an admin account only prepares: a day without an answer makes no officer a head."""
    world = school_world
    world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    officer = world.hire("cán bộ", OFFICE, "officer_in_charge_of_admin_account", OFFICE)
    world.hand_over_custody(OFFICE, officer, OFFICE)
    asked = world.ask_recovery(world.admins[OFFICE], world.people[whose].account)
    assert asked.recovery.needs_second
    world.clock.forward(hours=47)
    assert not opens(world, asked)
    approve(world, world.people[f"head:{OFFICE}"].caller, asked)
    assert opens(world, asked)


def test_what_nobody_confirms_in_time_lapses_where_no_wait_opens_it(school_world: World) -> None:
    world = school_world
    officer = world.hire("cán bộ", OFFICE, "officer_in_charge_of_admin_account", OFFICE)
    world.hand_over_custody(OFFICE, officer, OFFICE)
    asked = world.ask_recovery(world.admins[OFFICE], world.admins[SCHOOL].account)
    assert asked.recovery.needs_second
    world.clock.forward(days=30)
    with world.refuses(Refusal.DOCUMENT_STATE):
        approve(world, world.people[f"head:{OFFICE}"].caller, asked)
    assert not opens(world, asked)


def test_a_wait_opens_what_a_head_asked_for(school_world: World) -> None:
    world = school_world
    asked = world.ask_recovery(world.admins[OFFICE], world.people[f"head:{SCHOOL}"].account)
    assert not asked.recovery.needs_second
    world.clock.forward(hours=24)
    assert opens(world, asked)


@pytest.mark.parametrize("who", ["holder", "head", "above", "department"])
def test_holder_head_and_the_units_above_stop_it(school_world: World, clerk: Someone, who: str) -> None:
    world = school_world
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    caller = {
        "holder": clerk.caller,
        "head": world.people[f"head:{SCHOOL}"].caller,
        "above": world.admins[OFFICE],
        "department": world.people["director"].caller,
    }[who]
    recoveries.stop_recovery(world.services, caller, asked.recovery.id, reason="không phải tôi")
    world.clock.forward(hours=25)
    assert not opens(world, asked)


def test_a_colleague_neither_sees_nor_stops_it(school_world: World, clerk: Someone) -> None:
    world = school_world
    other = world.hire("thủ quỹ", SCHOOL, "clerk", SCHOOL)
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    assert recoveries.recoveries_of(world.services, other.caller) == []
    with pytest.raises(NotFoundError):
        recoveries.stop_recovery(world.services, other.caller, asked.recovery.id, reason="x")


def test_it_stays_on_their_pages_for_thirty_days_also_for_a_session_opened_with_the_code(
    school_world: World, clerk: Someone
) -> None:
    world = school_world
    asked = world.recover(world.admins[SCHOOL], clerk.account)
    assert opens(world, asked)
    mine = sign_in.sign_in(world.services, world.register, "000.văn thư", NEW).caller
    with world.refuses(Refusal.DOCUMENT_STATE):
        recoveries.stop_recovery(world.services, mine, asked.recovery.id, reason="xoá dấu vết")
    world.clock.forward(days=29)
    for caller in (mine, world.people[f"head:{SCHOOL}"].caller, world.admins[OFFICE]):
        [(seen, state)] = recoveries.recoveries_of(world.services, caller)
        assert (seen.id, state) == (asked.recovery.id, RecoveryState.USED)
    world.clock.forward(days=2)
    assert recoveries.recoveries_of(world.services, world.people[f"head:{SCHOOL}"].caller) == []


def test_an_officer_who_saw_the_holder_is_another_person_and_leaves_the_number_of_the_slip(
    school_world: World, clerk: Someone
) -> None:
    world = school_world
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    with world.refuses(Refusal.SELF_SERVICE):
        approve(world, world.admins[SCHOOL], asked, slip="07/PCL")
    approve(world, world.admins[OFFICE], asked, slip="07/PCL", slip_sha256="0" * 64)
    assert opens(world, asked)
    [(seen, _)] = recoveries.recoveries_of(world.services, clerk.caller)
    assert (seen.slip, seen.slip_sha256) == ("07/PCL", "0" * 64)


def test_a_code_in_the_drawer_of_somebody_who_was_recalled_opens_nothing(school_world: World) -> None:
    world = school_world
    officer = world.hand_to_officer(SCHOOL)
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    asked = world.ask_recovery(world.admins[SCHOOL], clerk.account)
    leaving.take_back_custody(world.services, world.people[f"head:{SCHOOL}"].caller, SCHOOL)
    with world.services.db.read(world.register) as reader:
        held = [c for c in reader.find(Custody, unit=SCHOOL) if world.clock.now in c.interval]
    assert [c.person for c in held] != [officer.person]
    world.clock.forward(hours=24)
    assert not opens(world, asked)


def test_the_operator_alone_opens_no_account_of_the_root_before_a_leader_confirms(school_world: World) -> None:
    world = school_world
    deputy = world.root_signer("phó giám đốc", "deputy_director")
    asked = sign_in.unlock(world.services, world.register, "director.00031", with_code=True)
    assert asked is not None
    assert not opens(world, asked)
    with world.refuses(Refusal.SELF_SERVICE):
        approve(world, world.people["director"].caller, asked)
    approve(world, deputy.caller, asked)
    assert opens(world, asked)


def test_the_event_names_who_was_shown_the_code(school_world: World, clerk: Someone) -> None:
    world = school_world
    world.ask_recovery(world.admins[SCHOOL], clerk.account)
    [told] = [e.happening.details or {} for e in world.log() if e.happening.action == "account.recover"]
    assert told["shown_to"] == world.admins[SCHOOL].person

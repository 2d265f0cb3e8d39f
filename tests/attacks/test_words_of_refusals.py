"""On one's own tree a refusal says whose act it is; it never says that there is no such thing (letter K)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.delegation import Authority
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, SuspendableKind, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation, documents
from access_service.usecases.identity import accounts
from access_service.usecases.organisation import leaving, moving, org, succession
from access_service.usecases.organisation.org import Duty
from access_service.usecases.services import Caller
from world import LOWER, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line

OTHER_OFFICE, OTHER_SCHOOL = UnitId("00031002"), UnitId("0003201")
DAY = date(2026, 8, 20)


@pytest.fixture
def province(school_world: World) -> World:
    """A second commune with a school beside the first; a second school beside the first one."""
    world = school_world
    world.add_unit(OTHER_OFFICE, "commune", "UBND xã Khác", world.root)
    world.give_authority(OTHER_OFFICE, world.root, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{OTHER_OFFICE}", OTHER_OFFICE, "commune_chair", world.root)
    world.add_unit(OTHER_SCHOOL, "school", "Trường THCS Khác", OTHER_OFFICE, LOWER)
    world.add_unit("0003102", "school", "Trường THCS Bên Cạnh", OFFICE, LOWER)
    hire_homeroom(world)
    return world


def on_the_chain(world: World) -> dict[str, Caller]:
    """Everybody who stands on the chain of the school, from its teacher to the department."""
    return {
        "teacher": world.people["gvcn"].caller,
        "school's head": world.people[f"head:{SCHOOL}"].caller,
        "school": world.admins[SCHOOL],
        "commune's head": world.people[f"head:{OFFICE}"].caller,
        "commune": world.admins[OFFICE],
        "director": world.people["director"].caller,
        "department": world.admins[world.root],
    }


def managers_acts(world: World) -> dict[str, Callable[[Caller], object]]:
    """Acts about the school that are its direct manager's, or of a unit above."""
    s, head = world.services, world.people[f"head:{SCHOOL}"]
    with s.db.read(world.register) as reader:
        [authority] = reader.find(Authority, unit=SCHOOL)
    duty = Duty(head.person, SCHOOL, "principal", "1/QĐ", DAY, world.clock.now)
    return {
        "give authority": lambda c: delegation.give_authority(
            s, c, unit=SCHOOL, scope=Scope(unit=SCHOOL, levels=frozenset({LOWER})), basis="1/QĐ"
        ),
        "narrow": lambda c: delegation.narrow_authority(
            s, c, authority.id, scope=Scope(unit=SCHOOL, levels=frozenset({LOWER})), valid_to=None
        ),
        "withdraw": lambda c: delegation.withdraw_authority(s, c, authority.id),
        "suspend": lambda c: delegation.suspend(s, c, kind=SuspendableKind.UNIT, target=SCHOOL, reason="x"),
        "admin account": lambda c: accounts.issue_account(
            s, c, unit=SCHOOL, kind=AccountKind.ADMIN, person=None, username="quantri.khác"
        ),
        "custody": lambda c: documents.propose_custody(
            s, c, unit=SCHOOL, receiver=head.person, number="", dated=DAY
        ),
        "appoint": lambda c: org.assign_duty(s, c, duty),
        "release": lambda c: leaving.end_duty(s, c, head.duty, on=DAY, decision_number="1/QĐ"),
        "take back": lambda c: leaving.take_back_custody(s, c, SCHOOL),
        "move": lambda c: moving.change_manager(s, c, unit=SCHOOL, manager=OTHER_OFFICE, basis="1/QĐ", on=DAY),
        "succeed": lambda c: succession.succeed_unit(
            s, c, predecessor=SCHOOL, successor=OTHER_SCHOOL, basis="1/QĐ", on=DAY
        ),
    }


ACTS = (
    *("give authority", "narrow", "withdraw", "suspend", "admin account", "custody", "appoint", "release"),
    *("take back", "move", "succeed"),
)


@pytest.mark.parametrize("name", ACTS)
def test_nobody_on_the_chain_hears_that_there_is_no_such_thing(province: World, name: str) -> None:
    world, heard = province, dict[str, Refusal]()
    for who, caller in on_the_chain(world).items():
        if who == "department" or (who == "commune" and name not in ("move", "succeed")):
            continue  # it may, or nearly: what the act itself asks is tested elsewhere
        try:
            managers_acts(world)[name](caller)
        except RefusedError as refused:
            heard[who] = refused.code
        if name in ("withdraw", "suspend", "take back", "narrow") and who == "commune's head":
            break
    assert Refusal.NOT_FOUND not in heard.values(), heard


def test_what_takes_a_unit_above_both_says_so_whether_the_other_exists_or_not(province: World) -> None:
    """The commune moves its school to a commune that it cannot see, or lets one it cannot see succeed."""
    world = province
    for other in (OTHER_OFFICE, UnitId("00031999")):
        with world.refuses(Refusal.NOT_DIRECT_MANAGER):
            moving.change_manager(
                world.services, world.admins[OFFICE], unit=SCHOOL, manager=other, basis="1/QĐ", on=DAY
            )
    for other in (OTHER_SCHOOL, UnitId("00031999")):
        with world.refuses(Refusal.NOT_DIRECT_MANAGER):
            succession.succeed_unit(
                world.services, world.admins[OFFICE], predecessor=SCHOOL, successor=other, basis="1/QĐ", on=DAY
            )
    # Nobody is above the department, and it sees everything: there is no such unit.
    with world.refuses(Refusal.NOT_FOUND):
        moving.change_manager(
            world.services, world.admins[world.root], unit=SCHOOL, manager=UnitId("x"), basis="1/QĐ", on=DAY
        )
    # Of a unit that is not on their tree, strangers still hear nothing.
    with world.refuses(Refusal.NOT_FOUND):
        moving.change_manager(
            world.services, world.admins[OTHER_OFFICE], unit=SCHOOL, manager=OTHER_OFFICE, basis="1/QĐ", on=DAY
        )


def test_whoever_assigns_without_the_account_hears_whether_it_is_vacant_or_taken(province: World) -> None:
    """`not_custodian` said neither: the head sees that the officer operates it, everybody that nobody does."""
    world = province
    head = world.people[f"head:{SCHOOL}"]
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    duty = Duty(clerk.person, SCHOOL, "academic_registrar", "1/QĐ", DAY, world.clock.now)
    world.clock.forward(minutes=1)
    world.hand_to_officer(SCHOOL)
    with world.refuses(Refusal.CUSTODY_TAKEN):
        org.assign_duty(world.services, head.caller, duty)
    with world.refuses(Refusal.NOT_CUSTODIAN):
        org.assign_duty(world.services, world.people["gvcn"].caller, duty)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    for caller in (head.caller, world.people["gvcn"].caller):
        with world.refuses(Refusal.CUSTODY_VACANT):
            org.assign_duty(world.services, caller, duty)


def test_a_category_that_the_grant_names_is_never_said_to_be_outside_it(school_world: World) -> None:
    """What fails is the action: the role does not reach so far in that category."""
    world, teacher = school_world, hire_homeroom(school_world)
    line = homeroom_line(world, teacher)
    world.hand_over(SCHOOL, teacher, replace(line, scope=replace(line.scope, categories=frozenset({"STU-ID"}))))
    assert world.ask(teacher)
    assert world.why(teacher, "approve") is Reason.ACTION_NOT_IN_ROLE
    assert world.why(teacher, "read", category="STU-ACA") is Reason.OUTSIDE_CATEGORY

"""What an act takes back is shown before, exactly, and the act is held to what was shown (web.md 4.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

import software_world
from access_service.domain.consequences import How, Matter
from access_service.domain.delegation import Grant
from access_service.domain.names import SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.consequences import _TYPES, Consequences, SortFalling, as_shown, consequences_of
from access_service.usecases.handover import delegation, documents
from access_service.usecases.organisation import leaving
from access_service.usecases.services import Services
from access_service.usecases.third_party import software
from world import LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

Act = Callable[[Services], object]


@pytest.fixture
def granted(school_world: World) -> tuple[World, Someone, Grant]:
    """A school where a homeroom teacher and two others hold an effective right."""
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.hire_granted("van thu", "academic_registrar")
    world.clock.forward(minutes=1)
    return world, teacher, grant


def told(found: Consequences[object], matter: Matter, how: How | None = None) -> SortFalling | None:
    """The one line about a sort of thing that falls; with `How.STAYS` of one that stays."""
    lines = found.stays if how is How.STAYS else found.falls
    return next((line for line in lines if line.matter is matter and how in (None, line.how)), None)


def number(found: Consequences[object], matter: Matter, how: How | None = None) -> int:
    line = told(found, matter, how)
    return 0 if line is None else line.number


def revoking(world: World, grant: Grant) -> Act:
    return lambda s: delegation.revoke_grant(s, world.admins[SCHOOL], grant.id, reason="thôi phụ trách")


def test_revoking_names_whose_right_ends_and_what_they_keep(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    found = consequences_of(world.services, revoking(world, grant))
    assert found.act == "grant.revoke"
    assert found.revision == world.revision
    assert found.undone_by is None
    line = told(found, Matter.GRANT)
    assert line is not None
    assert (line.how, line.number) == (How.ENDS, 1)
    [named] = line.first
    assert (named.id, named.name, named.what) == (grant.id, "Người Thử gvcn", "Giáo viên chủ nhiệm")
    assert number(found, Matter.PERSON) == 1
    assert number(found, Matter.TOKENS) == 1
    assert number(found, Matter.DUTY, How.STAYS) == 1
    assert number(found, Matter.ACCOUNT, How.STAYS) == 1
    assert number(found, Matter.DOCUMENT, How.STAYS) == 1
    assert world.ask(teacher)


def test_what_stays_is_what_the_caller_may_see_and_what_is_not_over(
    granted: tuple[World, Someone, Grant],
) -> None:
    """The same person's duty at another school is said to the office above both, and never to the first school."""
    world, teacher, grant = granted
    other = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.appoint_head(f"head:{other}", other, "principal", OFFICE)
    elsewhere = world.assign(teacher.person, other, "academic_registrar", other)
    over = world.assign(teacher.person, SCHOOL, "academic_registrar", SCHOOL)
    leaving.end_duty(world.services, world.admins[SCHOOL], over, on=date(2026, 8, 1), decision_number="02/QĐ")
    world.clock.forward(minutes=1)

    def stop(by: str) -> Consequences[object]:
        return consequences_of(
            world.services,
            lambda s: delegation.revoke_grant(s, world.admins[by], grant.id, reason="rà soát"),
        )

    own = told(stop(SCHOOL), Matter.DUTY, How.STAYS)
    assert own is not None
    assert [n.id for n in own.first] == [teacher.duty]
    above = told(stop(OFFICE), Matter.DUTY, How.STAYS)
    assert above is not None
    assert {n.id for n in above.first} == {teacher.duty, elsewhere}


def test_what_a_pause_reaches_does_not_stay(granted: tuple[World, Someone, Grant]) -> None:
    """A stopped account and its rights are named as stopped, and not again among what is kept."""
    world, teacher, _ = granted
    found = consequences_of(
        world.services,
        lambda s: delegation.suspend(
            s, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="rà soát"
        ),
    )
    assert number(found, Matter.ACCOUNT, How.PAUSES) == 1
    assert number(found, Matter.ACCOUNT, How.STAYS) == 0
    assert number(found, Matter.GRANT, How.STAYS) == 0
    assert number(found, Matter.DUTY, How.STAYS) == 1


def test_suspending_a_unit_pauses_every_right_below_it_and_counts_them(
    granted: tuple[World, Someone, Grant],
) -> None:
    """No row of a right changes, and each of them stops: the numbers are those of the decisions."""
    world, _, _ = granted
    run: Act = lambda s: delegation.suspend(  # noqa: E731
        s, world.admins[OFFICE], kind=SuspendableKind.UNIT, target=SCHOOL, reason="rà soát"
    )
    found = consequences_of(world.services, run)
    assert number(found, Matter.UNIT, How.PAUSES) == 1
    assert number(found, Matter.GRANT, How.PAUSES) == 2
    assert found.undone_by == "unit.resume"
    run(world.services)
    back = consequences_of(
        world.services,
        lambda s: delegation.resume(s, world.admins[OFFICE], kind=SuspendableKind.UNIT, target=SCHOOL),
    )
    assert number(back, Matter.GRANT, How.RESUMES) == 2
    assert number(back, Matter.TOKENS) == 0


def test_suspending_an_account_pauses_its_rights(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    found = consequences_of(
        world.services,
        lambda s: delegation.suspend(
            s, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="rà soát"
        ),
    )
    assert number(found, Matter.ACCOUNT, How.PAUSES) == 1
    line = told(found, Matter.GRANT, How.PAUSES)
    assert line is not None
    assert [n.id for n in line.first] == [grant.id]


def test_narrowing_goes_on_with_less_and_withdrawing_a_paper_ends_its_lines(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, _, grant = granted
    less = Scope(unit=SCHOOL, classes=grant.scope.classes, actions=frozenset({"read"}))
    found = consequences_of(
        world.services,
        lambda s: delegation.narrow_grant(s, world.admins[SCHOOL], grant.id, scope=less, valid_to=grant.valid_to),
    )
    assert number(found, Matter.GRANT, How.NARROWS) == 1
    assert number(found, Matter.GRANT, How.ENDS) == 0
    found = consequences_of(
        world.services,
        lambda s: documents.withdraw(s, world.admins[SCHOOL], grant.document or "", reason="sai"),  # type: ignore[arg-type]
    )
    assert number(found, Matter.DOCUMENT, How.ENDS) == 1
    assert number(found, Matter.GRANT, How.ENDS) == 1


def test_the_end_of_a_duty_falls_on_its_day(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    found = consequences_of(
        world.services,
        lambda s: leaving.end_duty(
            s, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 1), decision_number="02/QĐ"
        ),
    )
    assert found.at == world.services.db.now().replace(day=31, hour=17, minute=0, second=0, microsecond=0)
    assert number(found, Matter.DUTY, How.ENDS) == 1
    assert number(found, Matter.GRANT, How.ENDS) == 1
    assert number(found, Matter.ACCOUNT, How.PAUSES) == 1


def test_taking_custody_back_ends_it_and_leaves_what_the_office_granted(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, _, _ = granted
    found = consequences_of(world.services, lambda s: leaving.take_back_custody(s, world.admins[OFFICE], SCHOOL))
    assert number(found, Matter.CUSTODY, How.ENDS) == 1
    assert number(found, Matter.GRANT, How.ENDS) == 0
    assert number(found, Matter.GRANT, How.STAYS) >= 2


def test_an_act_is_held_to_the_list_that_was_shown(granted: tuple[World, Someone, Grant]) -> None:
    """The register moved and the list with it: refused, nothing happens; shown anew, it is done."""
    world, _, grant = granted
    admin = world.admins[OFFICE]

    def run(services: Services) -> object:
        return delegation.withdraw_authority(services, admin, grant.authority)

    shown = consequences_of(world.services, run)
    assert number(shown, Matter.GRANT) == 2
    world.hire_granted("thiet bi", "academic_registrar")
    with world.refuses(Refusal.CONSEQUENCES_CHANGED):
        run(as_shown(world.services, shown.digest))
    again = consequences_of(world.services, run)
    assert number(again, Matter.GRANT) == 3
    run(as_shown(world.services, again.digest))
    assert world.get(Grant, grant.id).ended_at is not None


def test_a_register_that_moved_without_changing_the_list_refuses_nothing(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, _, grant = granted
    shown = consequences_of(world.services, revoking(world, grant))
    world.hire("người khác", SCHOOL, "academic_registrar", SCHOOL)
    world.clock.forward(minutes=3)
    assert world.revision > shown.revision
    revoking(world, grant)(as_shown(world.services, shown.digest))
    assert world.get(Grant, grant.id).ended_at == world.clock.now


def test_software_ends_with_what_was_agreed_to_and_an_approval_alone(school_world: World) -> None:
    world = school_world
    made = software_world.enter(world)
    approval = software_world.approve(world, made)
    ending = consequences_of(world.services, lambda s: software.end_software(s, world.admins[SCHOOL], made.id))
    for matter in (Matter.SOFTWARE, Matter.APPROVAL, Matter.ACCOUNT):
        assert number(ending, matter, How.ENDS) == 1, matter
    line = told(ending, Matter.ACCOUNT)
    assert line is not None
    assert [n.name for n in line.first] == [made.name]
    taking = consequences_of(
        world.services,
        lambda s: software.withdraw_approval(s, world.admins[world.root], approval.id, reason="hết hợp đồng"),
    )
    line = told(taking, Matter.APPROVAL)
    assert line is not None
    assert [n.name for n in line.first] == [approval.number]
    assert number(taking, Matter.TOKENS) == 1
    assert number(taking, Matter.SOFTWARE) == 0


def test_every_sort_of_thing_can_be_named() -> None:
    """A sort without a type would break the page of whatever act first takes one."""
    counted = {Matter.TOKENS, Matter.SESSION, Matter.PERSON}
    assert set(_TYPES) | counted == set(Matter)


def test_numbers_are_exact_and_names_are_the_first_ten(granted: tuple[World, Someone, Grant]) -> None:
    world, _, grant = granted
    for n in range(11):
        world.hire_granted(f"{n:02}", "academic_registrar")
    found = consequences_of(
        world.services, lambda s: delegation.withdraw_authority(s, world.admins[OFFICE], grant.authority)
    )
    line = told(found, Matter.GRANT)
    assert line is not None
    assert (line.number, len(line.first)) == (13, 10)
    people = told(found, Matter.PERSON)
    assert people is not None
    assert (people.number, len(people.first)) == (13, 10)
    assert found.at <= world.clock.now + timedelta(0)

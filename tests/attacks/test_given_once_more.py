"""What was paused or is over is not had again by another paper, another duty or an older date.

Found by hand, each a legitimate step beside another: a suspension from above and new minutes, a substitute who also
takes the duty over, an approval with a date to come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.access import Allow
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import PersonId, SuspendableKind, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import leaving, org
from access_service.usecases.organisation.org import Duty
from access_service.usecases.third_party import software
from software_world import enter, paper
from world import CLASS_6A, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

WHOLE_6A = frozenset({(CLASS_6A, "")})


def duty(world: World, person: PersonId, **more: object) -> Duty:
    return Duty(
        person=person,
        unit=SCHOOL,
        position="homeroom",
        decision_number="000/QĐ",
        decision_date=date(2026, 8, 1),
        valid_from=world.clock.now,
        classes=WHOLE_6A,
        **more,  # type: ignore[arg-type]
    )


def suspend(world: World, by: UnitId, grant: Grant) -> None:
    delegation.suspend(
        world.services, world.admins[by], kind=SuspendableKind.GRANT, target=grant.id, reason="đang xác minh"
    )


@pytest.fixture
def teacher(school_world: World) -> Someone:
    return hire_homeroom(school_world)


@pytest.fixture
def given(school_world: World, teacher: Someone) -> Grant:
    return school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher)).grants[0]


def test_a_school_does_not_give_again_on_new_minutes_what_the_office_has_suspended(
    school_world: World, teacher: Someone, given: Grant
) -> None:
    world = school_world
    suspend(world, OFFICE, given)
    with world.refuses(Refusal.GRANT_SUSPENDED):
        world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.GRANT_SUSPENDED):
        world.propose(SCHOOL, teacher, replace(homeroom_line(world, teacher), replaces=given.id))
    assert world.why(teacher) is Reason.GRANT_SUSPENDED


def test_minutes_that_waited_when_the_office_suspended_are_not_signed_before_it_resumes(
    school_world: World, teacher: Someone, given: Grant
) -> None:
    world = school_world
    prepared = world.propose(SCHOOL, teacher, replace(homeroom_line(world, teacher), replaces=given.id))
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    suspend(world, OFFICE, given)
    with world.refuses(Refusal.GRANT_SUSPENDED):
        world.sign(teacher, prepared.document.id)
    assert world.why(teacher) is Reason.GRANT_SUSPENDED
    delegation.resume(world.services, world.admins[OFFICE], kind=SuspendableKind.GRANT, target=given.id)
    world.sign(teacher, prepared.document.id)
    assert isinstance(world.ask(teacher), Allow)


def test_minutes_written_by_hand_say_what_was_taken_back_as_proposed_ones_do(
    school_world: World, teacher: Someone, given: Grant
) -> None:
    """Who signs knows that the office decided otherwise."""
    world = school_world
    assert world.get(Document, given.document or "").content.count("taken_back") == 0
    delegation.revoke_grant(world.services, world.admins[OFFICE], given.id, reason="sai phạm")
    again = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert again.taken_back == (given.id,)
    assert f'"taken_back":["{given.id}"]' in again.document.content


def test_a_suspension_of_one_right_stops_no_paper_about_another(
    school_world: World, teacher: Someone, given: Grant
) -> None:
    world = school_world
    suspend(world, OFFICE, given)
    second = world.assign(teacher.person, SCHOOL, "librarian", SCHOOL)
    line = EnteredLine("librarian", second, Scope(unit=SCHOOL), world.clock.now)
    assert world.hand_over(SCHOOL, teacher, line).grants[0].role == "librarian"


def test_who_takes_a_duty_over_is_no_substitute_beside_whom_a_third_has_the_class(
    school_world: World, teacher: Someone
) -> None:
    """As a substitute they would stand beside, so the class would have two homeroom teachers."""
    world = school_world
    other = world.hire("thay", SCHOOL, "clerk", SCHOOL)
    both = duty(
        world,
        other.person,
        substitutes=teacher.duty,
        replaces=teacher.duty,
        valid_to=world.clock.now + timedelta(days=90),
    )
    with world.refuses(Refusal.INVALID):
        org.assign_duty(world.services, world.admins[SCHOOL], both)


@pytest.mark.parametrize("how", ["replaced", "ended"])
def test_nobody_stands_in_for_somebody_whose_duty_is_over(
    school_world: World, teacher: Someone, given: Grant, how: str
) -> None:
    """The substitute kept the class for as long as the first paper said, beside the new teacher."""
    world, admin = school_world, school_world.admins[SCHOOL]
    other = world.hire("thay", SCHOOL, "clerk", SCHOOL)
    until = world.clock.now + timedelta(days=200)
    stands_in = org.assign_duty(
        world.services, admin, duty(world, other.person, substitutes=teacher.duty, valid_to=until)
    )
    assert isinstance(stands_in, Assignment)
    line = EnteredLine(
        "homeroom_teacher", stands_in.id, Scope(unit=SCHOOL, classes=WHOLE_6A), world.clock.now, until
    )
    world.hand_over(SCHOOL, other, line)
    assert isinstance(world.ask(other), Allow)
    world.clock.forward(hours=2)
    if how == "replaced":
        third = world.hire("moi", SCHOOL, "clerk", SCHOOL)
        org.assign_duty(world.services, admin, duty(world, third.person, replaces=teacher.duty))
    else:
        leaving.end_duty(world.services, admin, teacher.duty, on=date(2026, 8, 20), decision_number="000/QĐ")
    assert world.get(Assignment, stands_in.id).valid_to == max(
        stands_in.valid_from, world.get(Assignment, teacher.duty).valid_to or until
    )
    world.clock.forward(seconds=1)
    assert world.why(other) in (Reason.ASSIGNMENT_ENDED, Reason.GRANT_ENDED)
    assert world.sign_in("000.thay").due is None, "their own duty as a clerk goes on"


@pytest.mark.parametrize(
    "dates",
    [{"dated": date(2026, 8, 21)}, {"agreement_dated": date(2030, 1, 1)}, {"dated": date(2026, 7, 31)}],
    ids=["a paper of tomorrow", "an agreement to come", "an agreement younger than the approval"],
)
def test_software_is_approved_by_no_paper_that_is_still_to_come(
    school_world: World, dates: dict[str, date]
) -> None:
    world = school_world
    entered = enter(world)
    with world.refuses(Refusal.INVALID):
        software.record_approval(world.services, world.admins[world.root], paper(world, entered, **dates))

"""Rules 1 and 2: nothing by default; deny wins."""

from __future__ import annotations

from itertools import product

import pytest

from access_service.domain.access import Allow, Deny
from access_service.domain.names import AccountId, ClassId, SuspendableKind
from access_service.domain.reasons import Reason
from access_service.usecases.handover import delegation
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line

ACTIONS = ("read", "write", "approve", "export", "submit", "export_raw")
CATEGORIES = ("STU-ID", "STU-HEA", "STU-ACA", "CLS")


def test_nothing_by_default(school_world: World) -> None:
    """Without an effective grant every question is denied: teacher, head, director, custodian, unknown account."""
    teacher = hire_homeroom(school_world)
    head, director = school_world.people[f"head:{SCHOOL}"], school_world.people["director"]
    for who, action, category in product((teacher, head, director), ACTIONS, CATEGORIES):
        assert school_world.why(who, action, category=category) is Reason.NO_GRANT
    # The account that administers the unit reads nothing either: custody is no right to data.
    assert school_world.ask(school_world.admins[SCHOOL].account) == Deny(Reason.NO_GRANT)
    assert school_world.ask(AccountId("acc_000")) == Deny(Reason.ACCOUNT_UNKNOWN)


def test_an_effective_grant_allows_what_its_role_names_and_nothing_else(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    grant = school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher)).grants[0]
    answer = school_world.ask(teacher, "write", CLASS_6A, "STU-ID")
    assert isinstance(answer, Allow)
    assert (answer.grant, answer.rule.role) == (grant.id, "homeroom_teacher")
    assert school_world.why(teacher, "export") is Reason.ACTION_NOT_IN_ROLE
    # The role reads that category and writes nothing of it; of another it has no cell at all.
    assert school_world.why(teacher, "write", category="STU-ETH") is Reason.ACTION_NOT_IN_ROLE
    assert school_world.why(teacher, "read", category="STU-VIO") is Reason.OUTSIDE_CATEGORY
    assert school_world.why(teacher, "read", CLASS_6B) is Reason.OUTSIDE_CLASS
    assert school_world.why(teacher, "read", ClassId(f"{SCHOOL}:2026-2027:9Z")) is Reason.RESOURCE_CONTRADICTORY


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (SuspendableKind.ACCOUNT, Reason.ACCOUNT_NOT_ACTIVE),
        (SuspendableKind.UNIT, Reason.UNIT_SUSPENDED),
        (SuspendableKind.AUTHORITY, Reason.AUTHORITY_SUSPENDED),
        (SuspendableKind.GRANT, Reason.GRANT_SUSPENDED),
    ],
)
def test_deny_wins(school_world: World, kind: SuspendableKind, reason: Reason) -> None:
    """Each kind of suspension beats a standing allow, and lifting it restores the very same allow."""
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    before = world.ask(teacher)
    assert before
    target = {
        SuspendableKind.ACCOUNT: teacher.account,
        SuspendableKind.UNIT: SCHOOL,
        SuspendableKind.AUTHORITY: grant.authority,
        SuspendableKind.GRANT: grant.id,
    }[kind]
    world.clock.forward(minutes=1)
    delegation.suspend(world.services, world.admins[OFFICE], kind=kind, target=target, reason="rà soát")
    assert world.why(teacher) is reason
    world.clock.forward(minutes=1)
    delegation.resume(world.services, world.admins[OFFICE], kind=kind, target=target)
    assert world.ask(teacher) == before


def test_deny_wins_over_the_grant_of_another_unit(school_world: World) -> None:
    """A suspension far above reaches the teacher: the office, its authority, and the root's only authority."""
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    delegation.suspend(
        world.services, world.admins[world.root], kind=SuspendableKind.UNIT, target=OFFICE, reason="rà soát"
    )
    assert world.why(teacher) is Reason.UNIT_SUSPENDED

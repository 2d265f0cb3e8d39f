"""An end recorded late hides nothing: matrix and explanation of a past instant agree with the answers (A5)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.names import AccountKind, GrantState, SuspendableKind
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import MatrixRow, Note
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import leaving
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def rows(world: World, at: datetime) -> list[MatrixRow]:
    with read_matrix(world.services.db, world.register, SCHOOL, at=at) as matrix:
        return list(matrix.rows)


def agree(world: World, who: Someone, class_id: str, answered: dict[datetime, bool]) -> None:
    """What was answered at each instant stands in the matrix and the explanation of that instant, read today."""
    point = DecisionPoint(world.services.db)
    question = AccessRequest(who.account, "read", "class", class_id, category="STU-ID")
    for at, allowed in answered.items():
        shown = [row for row in rows(world, at) if row.account == who.account and row.grant is not None]
        effective = [
            row for row in shown if row.state == GrantState.EFFECTIVE and Note.ACCOUNT_SUSPENDED not in row.notes
        ]
        assert bool(effective) is allowed, at
        explained = explain(point, world.register, question, at=at)
        then = explained.allowed if explained.then is None else explained.then.allowed
        assert then is allowed, at
        if explained.allowed is not allowed:
            assert explained.late, "what was recorded late is named"
            assert all(Note.RECORDED_LATE in row.notes for row in effective)


@pytest.mark.parametrize("days_back", [1, 2, 4, 30])
@pytest.mark.parametrize("is_last", [True, False])
def test_a_duty_ended_with_a_past_date_hides_nothing_from_the_past(
    school_world: World, days_back: int, *, is_last: bool
) -> None:
    world = school_world
    world.clock.forward(days=40)
    teacher, other = hire_homeroom(world), hire_homeroom(world, "gvcn 6B", CLASS_6B)
    if not is_last:
        world.assign(teacher.person, SCHOOL, "clerk", SCHOOL)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.hand_over(SCHOOL, other, homeroom_line(world, other, CLASS_6B))
    answered: dict[datetime, bool] = {}
    others: dict[datetime, bool] = {}
    for _ in range(6):
        world.clock.forward(hours=11)
        answered[world.clock.now] = bool(world.ask(teacher))
        others[world.clock.now] = bool(world.ask(other, class_id=CLASS_6B))
    assert all(answered.values())
    world.clock.forward(minutes=1)
    day = (world.clock.now - timedelta(days=days_back)).date()
    leaving.end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=day, decision_number="1/QĐ")
    world.clock.forward(hours=1)
    answered[world.clock.now] = bool(world.ask(teacher))
    others[world.clock.now] = bool(world.ask(other, class_id=CLASS_6B))
    assert not answered[world.clock.now]
    world.clock.forward(hours=1)
    agree(world, teacher, CLASS_6A, answered)
    agree(world, other, CLASS_6B, others)
    # Of today it is gone, and asked for everything it is there as ended.
    assert not [row for row in rows(world, world.clock.now) if row.account == teacher.account]


def test_a_custody_ended_with_a_past_date_is_shown_to_whoever_asks_about_then(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    world.clock.forward(days=5)
    then = world.clock.now
    world.clock.forward(hours=1)
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 21), decision_number="1/QĐ")
    world.clock.forward(hours=1)
    [row] = [row for row in rows(world, then) if row.account_kind is AccountKind.ADMIN]
    assert (row.person, row.state) == (head.person, "active")
    assert Note.RECORDED_LATE in row.notes
    assert Note.VACANT not in row.notes
    [today] = [row for row in rows(world, world.clock.now) if row.account_kind is AccountKind.ADMIN]
    assert Note.VACANT in today.notes


def test_what_was_denied_then_is_not_shown_as_standing(school_world: World) -> None:
    """A suspension that held then holds in the matrix of then, whatever was ended since."""
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(days=2)
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="x"
    )
    world.clock.forward(hours=1)
    answered = {world.clock.now: bool(world.ask(teacher))}
    assert not answered[world.clock.now]
    world.clock.forward(hours=1)
    day = world.clock.now.date() - timedelta(days=1)
    leaving.end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=day, decision_number="1/QĐ")
    world.clock.forward(hours=1)
    agree(world, teacher, CLASS_6A, answered)

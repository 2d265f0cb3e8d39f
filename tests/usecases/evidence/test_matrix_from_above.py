"""A school's matrix lists whoever reaches its records from elsewhere, in a part of its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.scope import Scope
from access_service.engine.decide import decide
from access_service.live.gathered import LockIndex, Reading
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixPart, MatrixRow
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.inspection import Team, propose_inspection
from prepared import as_it_is, copied
from software_world import approve, enter
from world import CLASS_6A, LOWER, OFFICE, PRESCHOOL, PRIMARY, SCHOOL, Someone, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def above(world: World, unit: UnitId = SCHOOL, **asked: Any) -> list[MatrixRow]:
    with read_matrix(world.services.db, world.register, unit, **asked) as matrix:
        return list(matrix.above)


def own(world: World, unit: UnitId = SCHOOL) -> list[MatrixRow]:
    with read_matrix(world.services.db, world.register, unit) as matrix:
        return [row for row in matrix.rows if row.grant is not None]


def hire_officer(world: World, key: str, *levels: Any) -> Someone:
    """An officer of the office for these levels, with the rights of one."""
    officer = world.hire(key, OFFICE, "level_officer", OFFICE, levels=frozenset(levels))
    line = EnteredLine("level_officer", officer.duty, Scope(OFFICE, levels=frozenset(levels)), world.clock.now)
    world.hand_over(OFFICE, officer, line)
    return officer


def test_an_officer_of_the_office_stands_above_the_school(world: World) -> None:
    officer = hire_officer(world, "cbthcs", LOWER)
    [row] = above(world)
    assert (row.person, row.unit, row.part, row.role) == (officer.person, OFFICE, MatrixPart.ABOVE, "level_officer")
    assert row.issuer == OFFICE
    assert row.signer == world.people[f"head:{OFFICE}"].person
    assert not own(world)


def test_an_officer_for_other_levels_does_not_reach_it(world: World) -> None:
    hire_officer(world, "cbmn", PRESCHOOL, PRIMARY)
    assert not above(world)
    assert world.why("acc_000", "read") is not None


def test_in_the_offices_own_matrix_the_officer_is_of_the_unit(world: World) -> None:
    officer = hire_officer(world, "cbthcs", LOWER)
    assert not above(world, OFFICE)
    assert [row.person for row in own(world, OFFICE)] == [officer.person]


def test_nobody_is_above_the_department(world: World) -> None:
    hire_officer(world, "cbthcs", LOWER)
    assert not above(world, world.root)


def test_inspectors_of_the_office_reach_its_schools(world: World) -> None:
    member = world.people["focal"]
    team = Team(
        number="",
        dated=world.clock.now.date(),
        units=frozenset({OFFICE}),
        members=frozenset({member.person}),
        content="kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=30),
    )
    world.sign(world.people["director"], propose_inspection(world.services, world.admins[world.root], team).id)
    [row] = above(world)
    assert (row.role, row.person, row.unit) == ("inspector", member.person, OFFICE)


def test_software_of_the_department_reaches_a_school(world: World) -> None:
    used = enter(world, unit=world.root)
    approve(world, used, scope=Scope(world.root, categories=frozenset({"STU-ID"})))
    [row] = above(world)
    assert (row.account_kind, row.account, row.unit) == (AccountKind.SERVICE, used.account, world.root)


def test_what_has_ended_above_is_not_there(world: World) -> None:
    hire_officer(world, "cbthcs", LOWER)
    assert not above(world, at=world.clock.now + timedelta(days=800))
    assert not above(world, at=world.clock.now - timedelta(days=1))


def test_filters_hold_above_too(world: World) -> None:
    hire_officer(world, "cbthcs", LOWER)
    assert not above(world, filters=MatrixFilters(role="principal"))
    assert above(world, filters=MatrixFilters(role="level_officer"))


def test_exactly_those_are_listed_whom_decisions_let_in(world: World) -> None:
    """Whoever may read something of class 6A stands in the school's matrix, and nobody else does."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    people = [teacher, hire_officer(world, "cbthcs", LOWER), hire_officer(world, "cbmn", PRESCHOOL)]
    with read_matrix(world.services.db, world.register, SCHOOL) as matrix:
        rows = [*matrix.rows, *matrix.above]
        categories = [c.id for c in matrix.head.categories]
    listed = {row.account for row in rows if any("read" in right.actions for right in row.rights)}
    with world.services.db.read(world.register) as reader:
        reading = Reading(reader, world.clock.now, LockIndex())
        request = AccessRequest("", "read", "class", CLASS_6A)
        let_in = {
            who.account
            for who in people
            for category in categories
            if decide(
                replace(request, account=who.account, category=category),
                reading.snapshot(who.account),
                reading,
                world.clock.now,
            )
        }
    assert listed == let_in == {teacher.account, people[1].account}

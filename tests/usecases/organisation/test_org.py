"""The organisation: units, school years, classes, duties."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.names import UnitId
from access_service.domain.reasons import Refusal
from access_service.usecases.organisation import leaving, org
from world import CLASS_6A, LOWER, OFFICE, PRIMARY, SCHOOL, World, hire_homeroom


def test_only_the_managers_custodian_creates_a_unit(school_world: World) -> None:
    world = school_world
    assert world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    for by, id_, kind, refusal in (
        (SCHOOL, "0003103", "school", Refusal.NOT_CUSTODIAN),
        (OFFICE, "0003102", "school", Refusal.DUPLICATE),
        (OFFICE, "0003104", "castle", Refusal.INVALID),
    ):
        with world.refuses(refusal):
            org.create_unit(
                world.services,
                world.admins[by],
                id_=UnitId(id_),
                kind=kind,
                name="Trường Thử",
                levels=frozenset(),
                manager=OFFICE,
                basis="QĐ 08/QĐ",
            )


@pytest.mark.parametrize(
    ("code", "level", "refusal"),
    [("6A", LOWER, Refusal.DUPLICATE), ("1A", PRIMARY, Refusal.INVALID), ("a:b", LOWER, Refusal.INVALID)],
)
def test_a_class_is_one_of_its_schools(school_world: World, code: str, level: object, refusal: Refusal) -> None:
    world = school_world
    with world.refuses(refusal):
        org.create_class(
            world.services,
            world.admins[SCHOOL],
            school=SCHOOL,
            school_year="2026-2027",
            code=code,
            name=code,
            level=level,  # type: ignore[arg-type]
            grade="6",
        )


def test_school_years_are_the_roots(school_world: World) -> None:
    world = school_world
    dates = {"starts_on": date(2027, 8, 1), "closes_on": date(2028, 8, 1)}
    with world.refuses(Refusal.NOT_CUSTODIAN):
        org.open_school_year(world.services, world.admins[OFFICE], id_="2027-2028", **dates)
    with world.refuses(Refusal.DUPLICATE):
        org.open_school_year(world.services, world.admins[world.root], id_="2026-2027", **dates)
    assert (
        org.open_school_year(world.services, world.admins[world.root], id_="2027-2028", **dates).id == "2027-2028"
    )


def test_a_class_has_one_homeroom_teacher_at_a_time(school_world: World) -> None:
    world = school_world
    first = hire_homeroom(world)
    person = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử Hai").id
    pair = frozenset({(CLASS_6A, "")})
    with world.refuses(Refusal.DUPLICATE):
        world.assign(person, SCHOOL, "homeroom", SCHOOL, classes=pair)
    tomorrow = world.clock.now + timedelta(days=1)
    assert world.assign(person, SCHOOL, "homeroom", SCHOOL, classes=pair, valid_from=tomorrow, replaces=first.duty)


def test_a_unit_has_one_head(school_world: World) -> None:
    world = school_world
    person = org.add_person(world.services, world.admins[OFFICE], name="Người Thử Ba").id
    with world.refuses(Refusal.DUPLICATE):
        world.assign(person, SCHOOL, "acting_principal", OFFICE)
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        world.assign(person, SCHOOL, "principal", SCHOOL)


def test_an_account_stays_open_when_a_new_duty_comes_before_the_last_one_ends(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 1), decision_number="1/QĐ"
    )
    world.clock.forward(days=2)
    world.assign(teacher.person, SCHOOL, "clerk", SCHOOL)
    world.clock.forward(days=30)
    assert world.enter(teacher.account).person == teacher.person

"""Leaving: who releases whom, and what stays."""

from __future__ import annotations

from datetime import date

from access_service.domain.reasons import Refusal
from access_service.domain.time import start_of_day
from access_service.storage.standing import Gatherer
from access_service.usecases.organisation import leaving
from world import OFFICE, SCHOOL, World, hire_homeroom


def test_a_head_is_released_from_above(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    how = {"on": date(2026, 9, 1), "decision_number": "1/QĐ"}
    with world.refuses(Refusal.FORBIDDEN):
        leaving.end_duty(world.services, deputy.caller, head.duty, **how)
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, **how)
    with world.services.db.read(world.register) as reader:
        standing = Gatherer(reader).custodies(SCHOOL, world.clock.now)
    assert [interval.end for _, interval in standing.held] == [start_of_day(date(2026, 9, 1))]


def test_a_duty_ends_once(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    how = {"on": date(2026, 9, 1), "decision_number": "1/QĐ"}
    with world.refuses(Refusal.FORBIDDEN):
        leaving.end_duty(world.services, teacher.caller, teacher.duty, **how)
    leaving.end_duty(world.services, world.admins[SCHOOL], teacher.duty, **how)
    with world.refuses(Refusal.INVALID):
        leaving.end_duty(world.services, world.admins[SCHOOL], teacher.duty, **how)


def test_a_vacant_account_is_not_taken_back(school_world: World) -> None:
    world = school_world
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    with world.refuses(Refusal.CUSTODY_VACANT):
        leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)


def test_a_new_years_proposals_are_the_custodians(school_world: World) -> None:
    world = school_world
    with world.refuses(Refusal.NOT_CUSTODIAN):
        leaving.propose_for_year(
            world.services,
            world.admins[OFFICE],
            unit=SCHOOL,
            school_year="2026-2027",
            number_prefix="",
            dated=date(2026, 8, 20),
        )

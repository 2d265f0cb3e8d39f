"""Inspection: what a decision must name, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from access_service.domain.delegation import Grant
from access_service.domain.names import EducationLevel
from access_service.domain.reasons import Refusal
from access_service.usecases.handover import inspection
from access_service.usecases.handover.inspection import Team
from world import LOWER, OFFICE, SCHOOL, World


def team_of(world: World) -> Team:
    inspector = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    return Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({inspector.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )


def test_a_decision_names_units_members_and_dates(school_world: World) -> None:
    world, team = school_world, team_of(school_world)
    for wrong in (
        replace(team, units=frozenset()),
        replace(team, members=frozenset()),
        replace(team, valid_to=team.valid_from),
        replace(team, valid_to=team.valid_from + timedelta(days=400)),
    ):
        with world.refuses(Refusal.INVALID):
            inspection.propose_inspection(world.services, world.admins[OFFICE], wrong)
    for units in (frozenset({OFFICE}), frozenset({world.root})):
        with world.refuses(Refusal.NOT_DIRECT_MANAGER):
            inspection.propose_inspection(world.services, world.admins[OFFICE], replace(team, units=units))


def test_an_inspection_stays_within_the_deciding_units_authority(school_world: World) -> None:
    """(3) An office that holds three levels inspects those, whatever the school teaches."""
    world = school_world
    document = inspection.propose_inspection(world.services, world.admins[OFFICE], team_of(world))
    world.sign(world.people[f"head:{OFFICE}"], document.id)
    with world.services.db.read(world.register) as reader:
        [grant] = reader.find(Grant, document=document.id)
    assert grant.scope.levels is not None
    assert EducationLevel.UPPER_SECONDARY not in grant.scope.levels
    assert grant.valid_to == world.clock.now + timedelta(days=10)

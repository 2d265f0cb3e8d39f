"""Ids of other systems: one names one thing, its own unit says so, and nobody decides by it."""

from __future__ import annotations

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.external_ids import ExternalId, ExternalKind, read_named
from access_service.domain.names import UnitId
from access_service.domain.reasons import Refusal
from access_service.storage.audit import events
from access_service.usecases.evidence.people import see_person
from access_service.usecases.old_systems import naming_ids
from access_service.usecases.tasks.unit_cards import see_unit
from world import CLASS_6A, CLASS_6B, DEPARTMENT, OFFICE, SCHOOL, World, hire_homeroom

pytestmark = pytest.mark.backends("sqlite")


def say(
    world: World, kind: ExternalKind, target: str, value: str, system: str = "smas", unit: UnitId = SCHOOL
) -> ExternalId:
    return naming_ids.set_external_id(
        world.services, world.admins[unit], unit, kind=kind, target=target, system=system, value=value
    )


def find(world: World, value: str, kind: ExternalKind | None = None, unit: UnitId = SCHOOL) -> ExternalId:
    return naming_ids.find_external(world.services, world.admins[unit], "smas", value, kind)


def test_what_is_said_is_found_by_those_above_and_shown_with_whom_it_names(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    said = say(school_world, ExternalKind.PERSON, teacher.person, "gv.AN", system="SMAS")
    assert (said.system, said.value, said.valid_from) == ("smas", "gv.AN", school_world.clock.now)
    assert find(school_world, "gv.AN", unit=OFFICE) == said
    with pytest.raises(NotFoundError):
        find(school_world, "gv.an")
    shown = see_person(school_world.services, school_world.admins[SCHOOL], teacher.person)
    assert shown.external == (said,)
    unit = say(school_world, ExternalKind.UNIT, SCHOOL, "31-0001")
    assert see_unit(school_world.services, school_world.admins[SCHOOL], SCHOOL).external == (unit,)
    listed = naming_ids.list_external_ids(school_world.services, school_world.admins[OFFICE], SCHOOL)
    assert listed == [said, unit]


def test_said_twice_is_said_once_and_another_of_that_kind_is_refused(school_world: World) -> None:
    first = say(school_world, ExternalKind.CLASS, CLASS_6A, "6A")
    assert say(school_world, ExternalKind.CLASS, CLASS_6A, "6A") == first
    with pytest.raises(RefusedError) as refused:
        say(school_world, ExternalKind.CLASS, CLASS_6B, "6A")
    assert refused.value.code is Refusal.EXTERNAL_ID_TAKEN
    assert say(school_world, ExternalKind.CLASS, CLASS_6B, "6A", system="emis").system == "emis"


def test_what_names_several_things_is_refused_until_somebody_says_of_which_kind(school_world: World) -> None:
    class_ = say(school_world, ExternalKind.CLASS, CLASS_6A, "01")
    say(school_world, ExternalKind.UNIT, SCHOOL, "01")
    with pytest.raises(RefusedError) as refused:
        find(school_world, "01")
    assert refused.value.code is Refusal.EXTERNAL_ID_AMBIGUOUS
    assert find(school_world, "01", ExternalKind.CLASS) == class_


def test_a_unit_names_its_own_alone(school_world: World) -> None:
    head = school_world.people[f"head:{OFFICE}"].person
    for kind, target in (
        (ExternalKind.PERSON, head),
        (ExternalKind.UNIT, OFFICE),
        (ExternalKind.CLASS, "00031:2026-2027:1A"),
        (ExternalKind.ACCOUNT, school_world.admins[OFFICE].account),
    ):
        with pytest.raises(NotFoundError):
            say(school_world, kind, target, "x")
    with pytest.raises(RefusedError):
        naming_ids.set_external_id(
            school_world.services,
            school_world.admins[OFFICE],
            SCHOOL,
            kind=ExternalKind.UNIT,
            target=SCHOOL,
            system="smas",
            value="x",
        )


def test_somebody_elses_id_and_nobodys_are_not_told_apart(school_world: World) -> None:
    head = school_world.people[f"head:{OFFICE}"].person
    say(school_world, ExternalKind.PERSON, head, "cbql.01", unit=OFFICE)
    hire_homeroom(school_world)
    teacher = school_world.sign_in("000.gvcn").caller
    found = []
    for value in ("cbql.01", "cbql.02"):
        with pytest.raises(NotFoundError) as error:
            naming_ids.find_external(school_world.services, teacher, "smas", value)
        found.append(str(error.value).replace(value, ""))
    assert found[0] == found[1]


def test_an_id_that_was_ended_names_nothing_and_is_not_ended_again(school_world: World) -> None:
    said = say(school_world, ExternalKind.CLASS, CLASS_6A, "6A")
    services, above = school_world.services, school_world.admins[DEPARTMENT]
    school_world.clock.forward(hours=1)
    ended = naming_ids.end_external_id(services, above, said.id, reason="ghi nhầm lớp")
    assert ended.valid_to == school_world.clock.now
    with pytest.raises(NotFoundError):
        find(school_world, "6A")
    with pytest.raises(RefusedError) as refused:
        naming_ids.end_external_id(services, above, said.id, reason="ghi nhầm lớp")
    assert refused.value.code is Refusal.DOCUMENT_STATE
    assert say(school_world, ExternalKind.CLASS, CLASS_6B, "6A").target == CLASS_6B


@pytest.mark.parametrize("text", ["gv.an", "smas:", "s mas:gv", "smas:a\u200bb", f"smas:{'x' * 65}", ":gv"])
def test_an_id_is_written_with_its_system(text: str) -> None:
    assert read_named("SMAS:gv:An") == ("smas", "gv:An")
    with pytest.raises(InvalidError):
        read_named(text)


def test_the_log_names_no_id_of_another_system(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    say(school_world, ExternalKind.PERSON, teacher.person, "000012345678")
    with school_world.services.db.connect() as connection:
        said = [e for e in events(connection, school_world.register) if e.happening.action == "external_id.set"]
    assert len(said) == 1
    assert "000012345678" not in str(said)

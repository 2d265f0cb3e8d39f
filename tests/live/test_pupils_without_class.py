"""Pupils who have no class yet: school, level, grade and year all given and fitting, and named as asserted (J)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.cli.explanation import write_explanation
from access_service.domain.access import AccessRequest, Allow, Decision
from access_service.domain.reasons import Reason
from access_service.domain.time import local
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.organisation import org
from usecases.deciding import School, deciding
from world import CLASS_6A, SCHOOL, YEAR, Someone

ADMITTED = {"unit": SCHOOL, "level": "lower_secondary", "grade": "6", "school_year": YEAR}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


def admitted(who: Someone, **changes: Any) -> AccessRequest:
    said = ADMITTED | changes
    return AccessRequest(who.account, "read", "student", "000-hs-9", category="STU-ID", **said)


def both(school: School, request: AccessRequest) -> Decision:
    """The answer out of the database, which is the one out of memory."""
    world, _, point = school
    cold = point.decide_at(world.register, request, at=world.clock.now).decision
    assert point.decide(world.register, request).decision == cold
    assert point.decide(world.register, request).decision == cold
    return cold


def test_a_registrar_reads_a_pupil_who_is_not_placed_yet(school: School) -> None:
    world = school[0]
    registrar, grant = world.hire_granted("giáo vụ")
    world.clock.forward(seconds=1)
    answer = both(school, admitted(registrar))
    assert isinstance(answer, Allow)
    assert answer.grant == grant.id


def test_a_right_for_a_class_reaches_no_pupil_without_one(school: School) -> None:
    answer = both(school, admitted(school[1]))
    assert answer.reason is Reason.OUTSIDE_CLASS  # type: ignore[union-attr]


@pytest.mark.parametrize("axis", ADMITTED)
def test_all_four_are_given(school: School, axis: str) -> None:
    registrar, _ = school[0].hire_granted("giáo vụ")
    answer = both(school, admitted(registrar, **{axis: None}))
    assert answer.reason is Reason.RESOURCE_INCOMPLETE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": "primary", "grade": "5"},
        {"grade": "5"},
        {"grade": "Khối 6"},
        {"level": "x"},
        {"school_year": "2031-2032"},
    ],
)
def test_all_four_fit_the_school(school: School, wrong: dict[str, str]) -> None:
    registrar, _ = school[0].hire_granted("giáo vụ")
    answer = both(school, admitted(registrar, **wrong))
    assert answer.reason is Reason.RESOURCE_INCOMPLETE  # type: ignore[union-attr]


def test_a_year_that_is_opened_later_is_known_at_once(school: School) -> None:
    """What memory holds of the school does not outlive the years it was read with."""
    world, _, _ = school
    registrar, _ = world.hire_granted("giáo vụ")
    world.clock.forward(seconds=1)
    next_year = admitted(registrar, school_year="2027-2028")
    assert both(school, next_year).reason is Reason.RESOURCE_INCOMPLETE  # type: ignore[union-attr]
    today = local(world.clock.now).date()
    org.open_school_year(
        world.services,
        world.admins[world.root],
        id_="2027-2028",
        starts_on=today + timedelta(days=400),
        closes_on=today + timedelta(days=700),
    )
    world.clock.forward(seconds=1)
    assert both(school, next_year)


def test_the_explanation_says_what_whoever_asked_vouches_for(school: School) -> None:
    world, teacher, point = school
    told = explain(point, world.register, admitted(teacher))
    assert explanation_json(told)["asserted"] == ["unit", "level", "grade", "school_year"]
    assert any("trường, cấp học, khối, năm học của học sinh" in line for line in write_explanation(told))
    placed = replace(admitted(teacher), unit=None, level=None, grade=None, school_year=None, class_id=CLASS_6A)
    assert explanation_json(explain(point, world.register, placed))["asserted"] == ["class"]
    whole = replace(placed, resource_type="class", resource_id=CLASS_6A)
    assert explanation_json(explain(point, world.register, whole))["asserted"] == []

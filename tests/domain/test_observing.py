"""Where an answer is not enforced, and how old and new stand to each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access_service.domain.names import UnitId
from access_service.domain.observing import (
    Difference,
    Mode,
    ObservedAnswer,
    OldAnswer,
    mode_at,
    read_old_answer,
    unit_asked_about,
)
from access_service.domain.time import Interval

NOW = datetime(2026, 9, 7, tzinfo=UTC)
SCHOOL, OTHER = UnitId("0003101"), UnitId("0003102")
CLASS, OTHERS = f"{SCHOOL}:2026-2027:6A", f"{OTHER}:2026-2027:6A"


def test_only_a_known_unit_within_its_time_is_observed_and_everything_else_is_enforced() -> None:
    day = timedelta(days=1)
    observed = {SCHOOL: Interval(NOW, NOW + day)}
    asked = (None, OTHER, SCHOOL)
    assert [mode_at(observed, unit, NOW) for unit in asked] == [Mode.ENFORCE, Mode.ENFORCE, Mode.OBSERVE]
    assert mode_at(observed, SCHOOL, NOW + day) is Mode.ENFORCE
    assert mode_at(observed, SCHOOL, NOW - day) is Mode.ENFORCE
    assert mode_at({}, SCHOOL, NOW) is Mode.ENFORCE


@pytest.mark.parametrize(
    ("asked", "unit"),
    [
        (("unit", SCHOOL, None, None), SCHOOL),
        (("staff", "000", SCHOOL, None), SCHOOL),
        (("class", CLASS, None, None), SCHOOL),
        (("student", "000", None, CLASS), SCHOOL),
        (("student", "000", SCHOOL, None), SCHOOL),
        # Two units are none: the more convenient one is never chosen.
        (("class", OTHERS, SCHOOL, None), None),
        (("student", "000", SCHOOL, OTHERS), None),
        (("class", CLASS, None, OTHERS), None),
        (("unit", OTHER, SCHOOL, None), None),
        (("class", SCHOOL, None, None), None),
        (("student", "000", None, None), None),
        ((None, None, None, None), None),
    ],
)
def test_a_question_lies_at_one_unit_or_at_none(asked: tuple[str | None, ...], unit: UnitId | None) -> None:
    assert unit_asked_about(*asked) == unit


@pytest.mark.parametrize("said", [None, "", "Allow", "true", "1", "allow deny"])
def test_what_is_neither_yes_nor_no_says_nothing_of_the_old_answer(said: str | None) -> None:
    assert read_old_answer(said) is OldAnswer.UNTOLD


def test_old_and_new_agree_differ_in_two_ways_or_are_not_compared() -> None:
    def between(old: OldAnswer, *, is_allowed: bool) -> Difference:
        return ObservedAnswer("cli_1", SCHOOL, "STU-ACA", "read", old, is_allowed, "").difference

    assert between(OldAnswer.ALLOW, is_allowed=True) is Difference.AGREED
    assert between(OldAnswer.DENY, is_allowed=False) is Difference.AGREED
    assert between(OldAnswer.ALLOW, is_allowed=False) is Difference.OLD_ALLOWED
    assert between(OldAnswer.DENY, is_allowed=True) is Difference.OLD_DENIED
    assert between(OldAnswer.UNTOLD, is_allowed=True) is Difference.UNTOLD

"""An option that was given empty was meant to say something: it is refused, never read as left out."""

from typing import Any

import pytest
from test_commands import init, run, school, url
from test_software_commands import added, approve

from world import SCHOOL, World

__all__ = ["added", "approve", "run", "school", "url"]
LIMITS = ("unit", "level", "grade", "class", "subject", "school-year", "from", "until", "category")


def test_an_approval_whose_limit_was_left_empty_is_not_recorded(approve: Any) -> None:
    """`--unit "$UNSET"` approved the whole unit of the software in place of the one that was meant."""
    for name in LIMITS:
        assert approve(f"--{name}", "").status in (1, 2), name
    assert approve().status == 0


@pytest.mark.parametrize(
    "command",
    [
        ("matrix", SCHOOL, "--format", ""),
        ("matrix", SCHOOL, "--at", ""),
        ("matrix", SCHOOL, "--known-at", ""),
        ("matrix", SCHOOL, "--register", ""),
        ("matrix", SCHOOL, "--database", ""),
        ("clock", "accept", "--register", ""),
        ("software", "list", "--register", ""),
    ],
)
def test_no_command_works_on_what_nobody_named(run: Any, school: World, command: tuple[str, ...]) -> None:
    assert run(*command[:-2]).status == 0
    assert run(*command).status in (1, 2)


@pytest.mark.parametrize("option", ["director_id", "focal_point_id"])
def test_a_number_that_was_left_empty_founds_no_register(option: str) -> None:
    assert init(**{option: ""}) == 2
    assert init() == 0

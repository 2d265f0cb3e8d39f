"""`paths`: three questions, and a status of its own for each thing that can go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.test_commands import run, school, url
from world import OFFICE, SCHOOL, World

__all__ = ["run", "school", "url"]


def test_who_could_come_to_read_is_said_in_words(run: Any, school: World) -> None:
    ran = run("paths", "--to", SCHOOL, "--read", "STU-HEA", "--with", "2")
    assert ran.status == 0, ran.err
    assert "Có thể một mình đi tới, bằng khôi phục tài khoản (quy tắc 4)" in ran.out


def test_json_names_every_account_of_a_path(run: Any, school: World) -> None:
    said = json.loads(run("paths", "--to", SCHOOL, "--read", "STU-HEA", "--json").out)
    assert said["unit"] == SCHOOL
    for path in said["ways"]["paths"]:
        assert path["start"] in said["accounts"]


def test_how_far_an_account_reaches(run: Any, school: World) -> None:
    ran = run("paths", "--from", f"000.head:{OFFICE}")
    assert ran.status == 0, ran.err
    assert "tài khoản, sau nhiều nhất" in ran.out


def test_a_baseline_accepts_what_it_names_and_says_what_is_gone(run: Any, school: World, tmp_path: Path) -> None:
    found = json.loads(run("paths", "--check", "--json").out)["new"]
    rows = [f'[[accepted]]\nfinding = "{f["finding"]}"\nbecause = "thử"\n' for f in found]
    file = tmp_path / "paths.toml"
    file.write_text("\n".join([*rows, '[[accepted]]\nfinding = "two-branches:nobody"\nbecause = "thử"\n']), "utf-8")
    ran = run("paths", "--check", "--baseline", str(file))
    assert ran.status == 0
    assert "two-branches:nobody: accepted, and there no more" in ran.out
    file.write_text("", "utf-8")
    assert run("paths", "--check", "--baseline", str(file)).status == (1 if found else 0)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", SCHOOL),
        ("--read", "STU-HEA", "--check"),
        ("--check", "--from", "x"),
        ("--from", "x", "--baseline", "x"),
        ("--check", "--baseline", "nowhere.toml"),
        ("--to", SCHOOL, "--read", "STU-HEA", "--with", "3"),
    ],
)
def test_bad_usage_is_status_2(run: Any, school: World, arguments: tuple[str, ...]) -> None:
    assert run("paths", *arguments).status == 2


@pytest.mark.parametrize("text", ["accepted = 3", "[[accepted]]\nfinding = 'a'", "x = 1", "[[accepted"])
def test_a_baseline_that_cannot_be_read_is_status_2(run: Any, school: World, tmp_path: Path, text: str) -> None:
    file = tmp_path / "paths.toml"
    file.write_text(text, "utf-8")
    assert run("paths", "--check", "--baseline", str(file)).status == 2


def test_an_unknown_unit_is_status_1(run: Any, school: World) -> None:
    ran = run("paths", "--to", "000", "--read", "STU-HEA")
    assert (ran.status, "no unit" in ran.err) == (1, True)


SHOWN = (
    ("--to 311138301 --read STU-HEA --with 1", ("--to", SCHOOL, "--read", "STU-HEA", "--with", "1")),
    (
        '--after "unit:move 311138301 00031 15/10/2026" --diff --to 311138301 --read STU-HEA',
        ("--after", f"unit:move {SCHOOL} 00031 15/10/2026", "--diff", "--to", SCHOOL, "--read", "STU-HEA"),
    ),
)


@pytest.mark.parametrize(("typed", "arguments"), SHOWN)
def test_the_page_for_reviewers_shows_what_is_printed(
    run: Any, school: World, typed: str, arguments: tuple[str, ...]
) -> None:
    """All but the time and the school's code: the same register says the same words, whatever ids it has."""
    page = (Path(__file__).parents[2] / "docs" / "for-reviewers.md").read_text("utf-8")
    shown = page.partition(f"paths {typed}\n```\n\n```\n")[2].partition("```")[0]
    out = run("paths", *arguments).out
    said, printed = (text.splitlines() for text in (out.strip(), shown.strip()))
    assert said[1:] == printed[1:]
    assert said[0].partition(";")[0] == printed[0].partition(";")[0]
    assert len(said) > 5


def test_the_daily_check_says_what_is_new_once(run: Any, school: World, tmp_path: Path) -> None:
    first = json.loads(run("paths", "--daily", "--json").out)
    again = run("paths", "--daily", "--json")
    assert (again.status, json.loads(again.out)["new"]) == (0, [])
    assert sorted(json.loads(again.out)["standing"]) == sorted(f["finding"] for f in first["new"])
    file = tmp_path / "paths.toml"
    file.write_text('[[accepted]]\nfinding = "two-branches:nobody"\nbecause = "thử"\n', "utf-8")
    ran = run("paths", "--daily", "--baseline", str(file))
    assert ran.status == 0
    assert "two-branches:nobody: accepted, and there no more" in ran.out
    assert run("paths", "--daily", "--at", "01/10/2026").status == 2

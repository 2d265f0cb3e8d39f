"""`register-book` prints the book of a unit and year: text for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import json
from typing import Any

from cli.test_commands import run
from usecases.handover.test_numbers import prepared
from world import SCHOOL, World

__all__ = ["run"]


def test_the_book_is_printed_in_each_form(school_world: World, run: Any) -> None:
    world = school_world
    prepared(world, "a")
    prepared(world, "b", "09/BB-X")
    url = world.services.db.engine.url.render_as_string(hide_password=False)
    how = ("register-book", SCHOOL, "--year", "2026", "--database", url)
    said = run(*how)
    assert said.status == 0
    assert said.out.startswith("SỔ ĐĂNG KÝ VĂN BẢN ĐI năm 2026, Trường THCS Thử")
    assert "Số, ký hiệu văn bản: 01/BB-THCST" in said.out
    header, *rows = list(csv.reader(run(*how, "--format", "csv").out.splitlines()))
    assert (len(header), [row[0] for row in rows]) == (10, ["01/BB-THCST", "09/BB-X"])
    found = json.loads(run(*how, "--json").out)
    assert [row["Số, ký hiệu văn bản"] for row in found["rows"]] == ["01/BB-THCST", "09/BB-X"]
    nothing = run("register-book", SCHOOL, "--year", "2020", "--database", url)
    assert "Không có văn bản nào lấy số trong năm." in nothing.out


def test_what_the_command_does_not_know_is_refused(school_world: World, run: Any) -> None:
    url = school_world.services.db.engine.url.render_as_string(hide_password=False)
    assert run("register-book", SCHOOL, "--year", "2026", "--format", "pdf", "--database", url).status == 2
    assert run("register-book", SCHOOL, "--year", "20260", "--database", url).status == 2
    assert run("register-book", "000999", "--year", "2026", "--database", url).status != 0

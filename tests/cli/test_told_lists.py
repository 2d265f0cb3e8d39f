"""What waits, how far units are, and what was known before a correction, at the command line."""

from __future__ import annotations

import json
from typing import Any

from test_commands import run, school, url

from access_service.usecases.organisation import correcting
from world import CLASS_6A, OFFICE, SCHOOL, World

__all__ = ["run", "school", "url"]


def test_what_waits_and_how_far_units_are_is_listed(school: World, run: Any) -> None:
    ran = run("tasks", f"quantri.{SCHOOL}")
    assert ran.status == 0, ran.err
    assert "Trường THCS Thử" in ran.out or "Không có việc nào đang chờ." in ran.out
    assert run("tasks", "000.khong-co-ai").status == 1
    ran = run("progress", OFFICE)
    assert "người đã có quyền" in ran.out
    found = json.loads(run("progress", OFFICE, "--json").out)
    assert {line["unit"] for line in found} >= {OFFICE, SCHOOL}
    assert run("progress", "khong-co").status == 1


def test_what_was_known_before_a_correction_is_printed(school: World, run: Any) -> None:
    assert "Chưa đính chính lần nào." in run("corrections", CLASS_6A).out
    correcting.correct_class(school.services, school.admins[SCHOOL], CLASS_6A, name="6A chuyên", reason="thiếu chữ")
    ran = run("corrections", CLASS_6A)
    assert "Đang ghi: lớp 6A chuyên, khối 6" in ran.out
    assert "lớp 6A, khối 6" in ran.out
    assert "thiếu chữ" in ran.out
    [earlier] = json.loads(run("corrections", CLASS_6A, "--json").out)["earlier"]
    assert (earlier["value"]["name"], earlier["reason"]) == ("6A", "thiếu chữ")
    assert run("corrections", "per_0").status == 1

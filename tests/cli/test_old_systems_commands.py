"""An operator matches a department's list before anybody signs in; what names people leaves a trace."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import opening
from access_service.domain.external_ids import ExternalKind
from access_service.storage.audit import events
from access_service.usecases.old_systems import naming_ids
from cli.test_commands import run, url
from prepared import copied
from usecases.drafts.grids import admin, workbook
from usecases.old_systems.exports import HEAD, furnish, line
from world import CLASS_6A, OFFICE, SCHOOL, World

__all__ = ["run", "url"]
ROWS = [
    HEAD,
    line("an", "Dương Đức An", unit="THCS Thử", teaching="Toán 6A"),
    line("ct", f"Người Thử head:{OFFICE}", unit=OFFICE, rights="Chủ tịch"),
    line("x", "Trần Văn Cũ", unit="Trường không có", rights="Kế toán"),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> World:
    made, _ = copied(tmp_path, furnish, None)
    monkeypatch.setattr(opening, "system_clock", made.clock)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xlsx").write_bytes(workbook(ROWS))
    return made


def test_a_departments_list_goes_to_the_units_that_it_names(run: Any, world: World, tmp_path: Path) -> None:
    ran = run("old-system", "match", world.root, "a.xlsx", "--system", "smas", "--below", "--output", "ra")
    assert ran.status == 0, ran.err
    assert f"{SCHOOL} – Trường THCS Thử: Chắc chắn: 1; Nghi vấn: 0; Không rõ của ai: 0;" in ran.out
    assert ran.out.endswith("2 đơn vị; 1 dòng không rõ của đơn vị nào\n")
    assert sorted(p.name for p in (tmp_path / "ra").iterdir()) == [f"{OFFICE}.xlsx", f"{SCHOOL}.xlsx"]
    told = run("old-system", "match", OFFICE, "a.xlsx", "--system", "smas", "--below", "--json").json
    assert [(u["unit"], len(u["rows"])) for u in told["units"]] == [(OFFICE, 1), (SCHOOL, 1)]
    assert told["unplaced"] == 1


def test_a_schools_command_leaves_other_units_rows_out_and_leaves_a_trace(
    run: Any, world: World, tmp_path: Path
) -> None:
    ran = run("old-system", "match", SCHOOL, "a.xlsx", "--system", "smas", "--output", "ra.xlsx")
    assert "1 dòng của đơn vị khác để ngoài" in ran.out
    assert "Tài khoản ghi đơn vị khác" in ran.out
    assert stat.S_IMODE((tmp_path / "ra.xlsx").stat().st_mode) == 0o600
    with world.services.db.connect() as connection:
        read = [e for e in events(connection, world.register) if e.happening.action == "old_export.read"]
    assert [(e.actor, e.happening.unit) for e in read] == [("operator", SCHOOL)]
    assert run("old-system", "report", SCHOOL).status == 1


def test_an_id_is_looked_up_by_the_operator_too(run: Any, world: World) -> None:
    for kind, target in ((ExternalKind.CLASS, CLASS_6A), (ExternalKind.UNIT, SCHOOL)):
        naming_ids.set_external_id(
            world.services, admin(world), SCHOOL, kind=kind, target=target, system="smas", value="01"
        )
    assert "say of which kind" in run("old-system", "who", "smas:01").err
    assert run("old-system", "who", "smas:01", "--kind", "class", "--json").json["target"] == CLASS_6A
    assert (
        f"đơn vị {SCHOOL}; đơn vị {SCHOOL}, từ 20/08/2026"
        in run("old-system", "who", "SMAS:01", "--kind", "unit").out
    )
    assert run("old-system", "who", "smas").status == 2

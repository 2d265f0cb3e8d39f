"""A school with a handful of people, and workbooks as schools keep them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from access_service.domain.drafting_ground import RowMeaning
from access_service.domain.headings import SheetMapping
from access_service.storage.job_files import JobFiles
from access_service.usecases.drafts import keeping, propose_many, reading_sheets
from access_service.usecases.drafts.keeping import GridSeen
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.services import Caller, Services
from world import SCHOOL, YEAR, World

HEAD = ("Họ và tên", "Chủ nhiệm", "Dạy", "Nhiệm vụ khác")


def workbook(
    rows: Sequence[Sequence[Any]], shape: Callable[[Any, Any], None] | None = None, name: str = "PCCM"
) -> bytes:
    """An .xlsx with these rows; `shape` does the rest with workbook and sheet."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write(number, column, cell)
        if shape is not None:
            shape(book, sheet)
    return target.getvalue()


def admin(world: World) -> Caller:
    """Whoever operates the school's admin account."""
    return world.admins[SCHOOL]


def read(world: World, rows: Sequence[Sequence[Any]], services: Services | None = None) -> GridSeen:
    """The rows as the draft of the school's year, read as recognised; the decision named."""
    services = services or world.services
    found = reading_sheets.read_file(services, admin(world), SCHOOL, YEAR, "PC.xlsx", workbook(rows))
    if not found.is_taken:
        assert isinstance(found.mapping, SheetMapping)
        reading_sheets.map_file(services, admin(world), SCHOOL, YEAR, found.mapping)
    keeping.name_decision(
        services, admin(world), SCHOOL, YEAR, decision_number="41/QĐ", decision_date=date(2026, 8, 20)
    )
    return seen(world)


def seen(world: World) -> GridSeen:
    """The draft as it stands."""
    return keeping.show_draft(world.services, admin(world), SCHOOL, YEAR)


def row_of(grid: GridSeen, name: str) -> RowMeaning:
    """The row of somebody."""
    [found] = [row for row in grid.rows if row.name == name]
    return found


def propose_all(world: World, folder: Path) -> None:
    """*Lập*, carried out by a worker."""
    signed_in = world.sign_in(f"quantri.{SCHOOL}") if f"quantri.{SCHOOL}" in world.authenticators else None
    caller = (signed_in or world.enrol(f"quantri.{SCHOOL}")).caller
    services = replace(world.services, job_files=JobFiles(folder / "files"))
    propose_many.ask_propose_many(services, caller, SCHOOL, YEAR)
    failed: list[str] = []
    kind = propose_many.PROPOSE_MANY
    workers = Workers(services, {kind.name: kind}, most=1, failed=failed.append)
    assert workers.run_waiting() == 1
    assert failed == []

"""Rows about a unit's draft, which nobody but its custodian works on."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, ROOT_ADMIN, Managed

from doors.cells import NO_SHEET, Api, row
from usecases.drafts.grids import HEAD, workbook
from world import SCHOOL, YEAR

DRAFT = f"units/{SCHOOL}/drafts/{YEAR}"
LAST_YEAR = "2025-2026"
NAMED = {"decision_number": "41/QĐ", "decision_date": "2026-08-20"}


def _added(m: Managed, name: str = "Dương Đức An", **cells: str) -> Any:
    return m.post(ADMIN, f"{DRAFT}/rows", {"name": name, **cells}).json()


def _stale(m: Managed) -> Any:
    return m.post(ADMIN, f"{DRAFT}/rows/{_added(m)['id']}", {"version": 7, "ticked": False})


def _undecided(m: Managed) -> Any:
    year = {"id": LAST_YEAR, "starts_on": "2025-08-01", "closes_on": "2026-08-01"}
    m.post(ROOT_ADMIN, "school-years", year)
    draft = f"units/{SCHOOL}/drafts/{LAST_YEAR}"
    added = m.post(ADMIN, f"{draft}/rows", {"name": "Dương Đức An"}).json()
    return m.post(ADMIN, f"{draft}/rows/{added['id']}/papers", {})


def _unmended(m: Managed) -> Any:
    m.post(ADMIN, f"{DRAFT}/decision", NAMED)
    return m.post(ADMIN, f"{DRAFT}/rows/{_added(m, teaching='Đan 6A')['id']}/papers", {})


def _made(m: Managed) -> Any:
    m.post(ADMIN, f"{DRAFT}/decision", NAMED)
    added = _added(m, "Quách Văn Thịnh", other="Thư viện")
    papers = m.post(ADMIN, f"{DRAFT}/rows/{added['id']}/papers", {})
    assert papers.status_code < 300, papers.text
    return m.post(ADMIN, f"{DRAFT}/rows/{added['id']}/undo", {"version": added["version"] + 1})


def _crowded(m: Managed) -> Any:
    rows = [HEAD, *([f"Người {number}", "", "", "Kế toán"] for number in range(1001))]
    m.put(ADMIN, f"sheets/{SCHOOL}/{YEAR}?name=a.xlsx", workbook(rows))
    fields = ["name", "homeroom", "teaching", "other"]
    mapping = {"sheet": "PCCM", "heading": 0, "layout": "by_person", "fields": fields}
    return m.post(ADMIN, f"{DRAFT}/mapping", mapping)


def _unmapped(m: Managed) -> Any:
    m.put(ADMIN, f"sheets/{SCHOOL}/{YEAR}?name=a.xlsx", workbook([HEAD, ["An", "6A"]]))
    mapping = {"sheet": "PCCM", "heading": 0, "layout": "by_person", "fields": ["unused"]}
    return m.post(ADMIN, f"{DRAFT}/mapping", mapping)


DRAFTING_ROWS = [
    row("drafting.check_version", "somebody changed it meanwhile; look at both and choose", Api(_stale), NO_SHEET),
    row("drafting.check_not_made", "minutes were made of that row already", Api(_made), NO_SHEET),
    row("drafting.check_room", "more people than a unit has", Api(_crowded), NO_SHEET),
    row("drafting.check_decision", "name the decision that assigns the duties", Api(_undecided), NO_SHEET),
    row("drafting.check_mended", "the row has to be mended first", Api(_unmended), NO_SHEET),
    row("headings.check_mapping", "…", Api(_unmapped), NO_SHEET),
]

"""A unit's grid over HTTP: from the school's own workbook to papers and slips, by a program as by a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from managing import ADMIN, OTHER_ADMIN, PRINCIPAL, ROOT_ADMIN, TEACHER, Managed, managing

from usecases.drafts.grids import HEAD, workbook
from world import SCHOOL, YEAR

DRAFT = f"units/{SCHOOL}/drafts/{YEAR}"
SHEET = f"sheets/{SCHOOL}/{YEAR}"
ROWS = [HEAD, ["Dương Đức An", "", "Toán 6A; Tin 6B", "Thư viện"], ["Lê Bình", "6X", "", ""]]


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """A service that carries out its jobs itself."""
    with managing(tmp_path_factory.mktemp("drafts"), job_workers=1) as found:
        yield found


def over(managed: Managed, job: str) -> dict[str, Any]:
    pause = threading.Event()
    for _ in range(30_000):
        seen: dict[str, Any] = managed.seen(ADMIN, f"jobs/{job}")
        if seen["state"] not in ("waiting", "running"):
            return seen
        pause.wait(0.01)
    raise AssertionError("it is not done")


def test_a_program_goes_from_a_workbook_to_papers_and_slips(managed: Managed) -> None:
    found = managed.put(ADMIN, f"{SHEET}?name=PC.xlsx", workbook(ROWS)).json()
    assert (found["is_taken"], found["mapping"]["fields"]) == (False, ["name", "homeroom", "teaching", "other"])
    assert managed.seen(ADMIN, SHEET) == found
    taken = managed.made(ADMIN, f"{DRAFT}/mapping", found["mapping"])
    assert (taken["is_taken"], taken["rows"]) == (True, 2)
    decision = {"decision_number": "41/QĐ", "decision_date": "2026-08-20"}
    draft = managed.made(ADMIN, f"{DRAFT}/decision", decision)
    assert [(row["state"], row["cells"]["name"]) for row in draft["rows"]] == [
        ("to_mend", "Lê Bình"),
        ("new", "Dương Đức An"),
    ]
    assert draft["rows"][1]["rights"] == ["Giáo viên bộ môn Tin học 6B; Toán 6A", "Nhân viên thư viện"]
    bad = draft["rows"][0]
    mended = managed.made(
        ADMIN, f"{DRAFT}/rows/{bad['id']}/remedy", {"version": bad["version"], "remedy": "without:homeroom:6X"}
    )
    assert mended["rows"][0]["cells"]["homeroom"] == ""
    asked = managed.post(ADMIN, f"{DRAFT}/jobs", {})
    assert asked.status_code == 202
    assert over(managed, asked.json()["id"])["state"] == "done"
    draft = managed.seen(ADMIN, DRAFT)
    made = next(row for row in draft["rows"] if row["cells"]["name"] == "Dương Đức An")
    assert made["state"] == "made"
    assert managed.seen(PRINCIPAL, f"documents/{made['document']}")["state"] == "awaiting_giver"
    [waiting] = managed.seen(ADMIN, f"units/{SCHOOL}/activation-slips")["slips"]
    [slip] = managed.made(ADMIN, f"units/{SCHOOL}/activation-slips", {"accounts": [waiting["account"]]})["slips"]
    assert (slip["name"], slip["username"]) == ("Dương Đức An", f"andd.{SCHOOL}")
    assert slip["activation_code"]


def test_a_draft_of_another_school_is_as_none(managed: Managed) -> None:
    for who in (OTHER_ADMIN, ROOT_ADMIN, TEACHER):
        for answer in (
            managed.get(who, DRAFT),
            managed.get(who, f"units/{SCHOOL}/activation-slips"),
            managed.post(who, f"{DRAFT}/rows", {"name": "Ai"}),
            managed.post(who, f"{DRAFT}/jobs", {}),
            managed.put(who, f"{SHEET}?name=a.csv", b"a,b"),
        ):
            assert answer.status_code in (403, 404), answer.text


def test_a_file_is_refused_with_how_to_go_on(managed: Managed) -> None:
    answer = managed.put(ADMIN, f"{SHEET}?name=a.xls", bytes.fromhex("d0cf11e0a1b11ae1"))
    assert (answer.status_code, answer.json()["code"]) == (422, "sheet_old_format")
    assert "lưu thành .xlsx" in answer.text
    assert managed.put(ADMIN, f"{SHEET}?name=a.csv", b"a" * (6 << 20)).status_code == 413


def test_nobody_makes_us_read_a_file_without_having_signed_in(managed: Managed) -> None:
    answer = managed.served.client.put(f"/v1/{SHEET}?name=a.csv", content=b"a" * (6 << 20))
    assert answer.status_code == 401

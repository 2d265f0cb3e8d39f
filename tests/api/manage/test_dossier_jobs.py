"""A dossier over HTTP: a job for whoever may have it, its file, and the event of who fetched it."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from managing import OFFICE_ADMIN, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from world import SCHOOL

ASK = f"units/{SCHOOL}/dossier-jobs"
DAYS = {"from": "2026-08-01", "to": "2026-08-20"}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder = tmp_path_factory.mktemp("dossiers")
    with managing(folder, job_workers=1, files_dir=folder / "files") as found_:
        yield found_


def over(managed: Managed, who: str, job: str) -> dict[str, Any]:
    pause = threading.Event()
    for _ in range(6000):
        seen: dict[str, Any] = managed.seen(who, f"jobs/{job}")
        if seen["state"] not in ("waiting", "running"):
            return seen
        pause.wait(0.01)
    raise AssertionError("it is not done")


def test_a_dossier_is_made_in_the_background_and_fetching_it_is_an_event(managed: Managed) -> None:
    answer = managed.post(PRINCIPAL, ASK, DAYS)
    assert (answer.status_code, answer.json()["kind"]) == (202, "dossier"), answer.text
    done = over(managed, PRINCIPAL, answer.json()["id"])
    assert (done["state"], done["done"], done["of"]) == ("done", 5, 5), done
    got = managed.get(PRINCIPAL, f"jobs/{done['id']}/result")
    assert got.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(got.content)) as read:
        assert {"manifest.json", "manifest.sig", "verify.py", "nhat-ky/checkpoint"} <= set(read.namelist())
    made = [e for e in managed.log() if e.happening.action == "dossier.make"]
    assert [(e.actor, e.happening.target) for e in made] == [(managed.person(f"head:{SCHOOL}").account, SCHOOL)]


def test_the_unit_above_may_have_it_its_staff_and_other_schools_may_not(managed: Managed) -> None:
    assert managed.post(OFFICE_ADMIN, ASK, DAYS).status_code == 202
    assert managed.post(TEACHER, ASK, DAYS).status_code == 403
    assert managed.post(OTHER_ADMIN, ASK, DAYS).status_code == 404


@pytest.mark.parametrize(
    "days",
    [
        {"from": "2026-08-02", "to": "2026-08-01"},
        {"from": "2026-08-01", "to": "2099-01-01"},
        {"from": "01/08/2026", "to": "2026-08-20"},
        {"to": "2026-08-20"},
    ],
)
def test_days_that_are_none_are_refused(managed: Managed, days: dict[str, str]) -> None:
    assert managed.post(PRINCIPAL, ASK, days).status_code == 422


def test_a_decision_that_is_none_is_not_found(managed: Managed) -> None:
    assert managed.post(PRINCIPAL, ASK, DAYS | {"inspection": "doc_0"}).status_code == 404

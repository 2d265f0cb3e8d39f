"""A dossier over HTTP: a job for whoever may have it, its file, and the event of who fetched it."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from managing import NOW, OFFICE_ADMIN, OFFICE_HEAD, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing

from access_service.domain.audit import Event
from access_service.usecases.upkeep.writing_looks import write_looks
from world import LOWER, OFFICE, SCHOOL

ASK = f"units/{SCHOOL}/dossier-jobs"
DAYS = {"from": "2026-08-01", "to": "2026-08-20"}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder = tmp_path_factory.mktemp("dossiers")
    with managing(folder, job_workers=1, files_dir=folder / "files") as found_:
        yield found_


def over(managed: Managed, who: str, job: str) -> dict[str, Any]:
    pause = threading.Event()
    for _ in range(30_000):
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


def test_whoever_fetches_a_dossier_stands_in_the_log_each_time_with_the_bytes_that_they_had(
    managed: Managed,
) -> None:
    job = over(managed, OFFICE_ADMIN, managed.post(OFFICE_ADMIN, ASK, DAYS).json()["id"])["id"]
    services = managed.served.client.app.state.services  # type: ignore[attr-defined]

    def read() -> list[Event]:
        write_looks(services.db, services.looks)
        return [e for e in managed.log() if e.happening.action == "dossier.read"]

    before = len(read())
    assert managed.get(PRINCIPAL, f"jobs/{job}/result").status_code == 404
    assert len(read()) == before, "to look at a job, or at somebody else's, is to read nothing"
    files = [managed.get(OFFICE_ADMIN, f"jobs/{job}/result").content for _ in range(2)]
    told = read()[before:]

    account = managed.person(f"head:{OFFICE}").account
    assert [e.happening.target for e in told] == [SCHOOL, SCHOOL]
    assert [e.happening.unit for e in told] == [SCHOOL, SCHOOL]
    assert account not in {e.actor for e in told}, "the admin account read, not its holder's own"
    for event, file in zip(told, files, strict=True):
        assert (event.happening.details or {})["file"] == hashlib.sha256(file).hexdigest()


def test_the_team_reads_the_dossiers_pages_over_http(managed: Managed) -> None:
    world = managed.world
    one = world.hire("kiem-tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    body = {
        "dated": "2026-08-20",
        "units": [SCHOOL],
        "members": [one.person],
        "content": "Kiểm tra",
        "valid_from": NOW,
        "valid_to": "2026-08-30T08:00:00+07:00",
        "period_from": "2026-08-01T00:00:00+07:00",
    }
    decision = managed.made(OFFICE_ADMIN, "inspections", body)["id"]
    managed.sign(OFFICE_HEAD, decision)
    place = f"inspections/{decision}/units/{SCHOOL}/dossier"
    shown = managed.seen("000.kiem-tra", place)
    assert (shown["first"], shown["last"], shown["unit"]) == ("2026-08-01", "2026-08-20", SCHOOL)
    (pdf,) = [p["path"] for p in shown["pages"] if "handover_minutes" in p["path"] and p["path"].endswith(".pdf")]

    def read(who: str, path: str) -> Response:
        place_of = f"/v1/{place}/page?path={path}"
        return managed.served.client.get(place_of, headers=managed.bearer(who))

    for path, kind in ((pdf, "application/pdf"), ("ma-tran/cuoi-ky.json", "application/json")):
        answer = read("000.kiem-tra", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "private, no-store"
    for who in (PRINCIPAL, TEACHER, OTHER_ADMIN):
        assert managed.get(who, place).status_code == 404
        assert read(who, pdf).status_code == 404


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

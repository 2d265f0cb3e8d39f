"""Long work over HTTP: asked for, looked at, fetched, stopped, by whoever asked."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, OFFICE_ADMIN, OTHER_ADMIN, PRINCIPAL, TEACHER, Managed, managing
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from access_service.domain.jobs import MOST_OPEN
from access_service.storage import idempotency as kept
from access_service.storage.tables import IdempotencyRow, table
from world import SCHOOL

ASK = f"units/{SCHOOL}/matrix-jobs"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """A service that carries out its jobs itself."""
    with managing(tmp_path_factory.mktemp("jobs"), job_workers=1) as found_:
        yield found_


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Managed]:
    """One that leaves them to others."""
    with managing(tmp_path) as found_:
        yield found_


def over(managed: Managed, who: str, job: str) -> dict[str, Any]:
    """The job, once it is over."""
    pause = threading.Event()
    for _ in range(30_000):
        seen: dict[str, Any] = managed.seen(who, f"jobs/{job}")
        if seen["state"] not in ("waiting", "running"):
            return seen
        pause.wait(0.01)
    raise AssertionError("it is not done")


def test_a_matrix_is_written_in_the_background_and_is_the_one_that_a_request_gives(managed: Managed) -> None:
    answer = managed.post(PRINCIPAL, ASK, {"format": "json"})
    asked = answer.json()
    assert (answer.status_code, asked["kind"], asked["unit"], asked["result"]) == (202, "matrix", SCHOOL, None)
    done = over(managed, PRINCIPAL, asked["id"])
    assert (done["state"], done["done"], done["of"], done["code"]) == ("done", 1, 1, None)
    answer = managed.get(PRINCIPAL, f"jobs/{asked['id']}/result")
    written = json.loads(answer.content)
    at_once = managed.seen(PRINCIPAL, f"units/{SCHOOL}/matrix", at=asked["parameters"]["at"])
    assert (written["rows"], written["above"]) == (at_once["rows"], at_once["above"])
    assert answer.headers["content-type"] == done["result"]["media_type"] == "application/json"
    assert int(answer.headers["content-length"]) == done["result"]["size"] == len(answer.content)
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{done['result']['name']}"
    assert answer.headers["cache-control"] == "no-store"
    exported = [e for e in managed.log() if e.happening.action == "matrix.read"]
    assert [e.actor for e in exported] == [managed.person(f"head:{SCHOOL}").account] * 2


def test_a_workbook_by_default_as_it_was_known_at_a_revision(managed: Managed) -> None:
    known_at = managed.get(ADMIN, f"units/{SCHOOL}/matrix").headers["x-access-revision"]
    asked = managed.post(ADMIN, ASK, {"known_at": known_at}).json()
    assert asked["parameters"]["known_at"] == known_at
    done = over(managed, ADMIN, asked["id"])
    assert done["result"]["name"].endswith(".xlsx")
    book = managed.get(ADMIN, f"jobs/{asked['id']}/result").content
    assert CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names[0] == "Ma trận"


def test_by_what_shape_and_with_which_rows_is_asked_as_in_a_request(managed: Managed) -> None:
    diff = "2026-08-19T00:00:00+07:00"
    chosen = {
        "diff": diff,
        "by": "category",
        "role": "homeroom_teacher",
        "sensitive": True,
        "kind": "use",
        "all": True,
    }
    asked = managed.post(ADMIN, ASK, {"format": "json", **chosen}).json()
    parameters = {name: asked["parameters"][name] for name in chosen}
    assert datetime.fromisoformat(parameters.pop("diff")) == datetime.fromisoformat(diff)
    assert parameters == {name: value for name, value in chosen.items() if name != "diff"}
    over(managed, ADMIN, asked["id"])
    written = json.loads(managed.get(ADMIN, f"jobs/{asked['id']}/result").content)
    at_once = managed.seen(ADMIN, f"units/{SCHOOL}/matrix", at=asked["parameters"]["at"], **chosen)
    assert written["rows"] == at_once["rows"] != []
    assert written["diff"] == at_once["diff"]


def test_the_list_is_the_callers_own_and_the_newest_comes_first(waiting: Managed) -> None:
    first = waiting.post(ADMIN, ASK, {}).json()["id"]
    waiting.world.clock.forward(seconds=1)
    second = waiting.post(ADMIN, ASK, {}).json()["id"]
    waiting.post(PRINCIPAL, ASK, {})
    assert [job["id"] for job in waiting.seen(ADMIN, "jobs")["jobs"]] == [second, first]
    assert waiting.seen(OFFICE_ADMIN, "jobs") == {"jobs": []}


def test_it_is_stopped_and_then_has_no_result(waiting: Managed) -> None:
    asked = waiting.post(ADMIN, ASK, {}).json()["id"]
    early = waiting.get(ADMIN, f"jobs/{asked}/result")
    assert (early.status_code, early.json()["code"]) == (409, "job_not_done")
    bearer = waiting.bearer(ADMIN)
    for _ in range(2):
        stopped = waiting.served.client.delete(f"/v1/jobs/{asked}", headers=bearer)
        assert (stopped.status_code, stopped.json()["state"]) == (200, "cancelled")
    assert waiting.get(ADMIN, f"jobs/{asked}/result").json()["code"] == "job_not_done"


def test_few_are_open_at_once(waiting: Managed) -> None:
    for _ in range(MOST_OPEN):
        assert waiting.post(ADMIN, ASK, {}).status_code == 202
    refused = waiting.post(ADMIN, ASK, {})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
    assert refused.json()["details"] == {"limit": MOST_OPEN}
    assert waiting.post(PRINCIPAL, ASK, {}).status_code == 202


def test_what_cannot_be_asked_is_refused_at_once(waiting: Managed) -> None:
    known_by_nobody = ({"known_at": "r!"}, {"known_at": "rzzzz"})
    for body in ({"format": "docx"}, {"unit": "0003102"}, {"at": "hôm qua"}, *known_by_nobody):
        answer = waiting.post(ADMIN, ASK, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body
    # Names of people are no parameters: a job is looked at by operators, too.
    assert waiting.post(ADMIN, ASK, {"person": "Người Thử"}).status_code == 422
    assert waiting.seen(ADMIN, "jobs") == {"jobs": []}


def test_whoever_may_not_have_the_matrix_may_not_ask_for_it(managed: Managed) -> None:
    for who, status in ((TEACHER, 403), (OTHER_ADMIN, 404)):
        at_once = managed.get(who, f"units/{SCHOOL}/matrix")
        answer = managed.post(who, ASK, {})
        assert answer.status_code == at_once.status_code == status
        assert answer.json()["code"] == at_once.json()["code"]


def test_a_repeat_under_a_key_asks_for_one_job(waiting: Managed) -> None:
    first = waiting.post(ADMIN, ASK, {}, key="k").json()
    again = waiting.post(ADMIN, ASK, {}, key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first
    assert len(waiting.seen(ADMIN, "jobs")["jobs"]) == 1


def test_a_repeat_whose_first_answer_was_lost_is_told_of_the_job(waiting: Managed) -> None:
    asked = waiting.post(ADMIN, ASK, {}, key="k").json()["id"]
    rows = table(IdempotencyRow)
    with waiting.world.services.db.aside() as connection:
        # As the act's own transaction left it: no answer was ever kept.
        body = waiting_body(waiting).partition("\n")[0]
        connection.execute(update(rows).values(status=kept.ACTED, body="khác-" + body))
    waiting.world.clock.forward(seconds=61)
    told = waiting.post(ADMIN, ASK, {}, key="k")
    assert (told.status_code, [(d["action"], d["target"]) for d in told.json()["done"]]) == (
        200,
        [("job.ask", asked)],
    )
    assert len(waiting.seen(ADMIN, "jobs")["jobs"]) == 1


def waiting_body(managed: Managed) -> str:
    account = managed.seen(ADMIN, "me")["account"]
    with managed.world.services.db.connect() as connection:
        found = kept.kept_under(connection, managed.world.register, account["id"], "k")
    assert found is not None
    return found.body


def test_the_numbers_of_jobs_are_scraped(waiting: Managed) -> None:
    waiting.post(ADMIN, ASK, {})
    shown = waiting.served.client.get("/metrics").text
    assert 'access_service_open_jobs{state="waiting"} 1.0' in shown


def test_jobs_that_are_over_are_counted(managed: Managed) -> None:
    over(managed, OFFICE_ADMIN, managed.post(OFFICE_ADMIN, ASK, {"format": "csv"}).json()["id"])
    pause = threading.Event()
    for _ in range(30_000):
        shown = managed.served.client.get("/metrics").text
        if 'access_service_job_seconds_count{kind="matrix"}' in shown:
            break
        pause.wait(0.01)
    assert 'access_service_jobs_total{kind="matrix",state="done"}' in shown
